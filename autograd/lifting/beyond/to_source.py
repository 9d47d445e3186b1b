"""A program as one file of Python that needs NumPy and nothing of this project: its source, made into functions.

The text that a program runs once for each size of batch, with its two passes, becomes one function of a piece of a
batch; around it stand the functions that a reader calls, and before it the rules of the table that it needs.
"""

from __future__ import annotations

import ast
import pprint
import re
import textwrap
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from autograd.lifting.beyond.inlining import Inlined
from autograd.lifting.codegen.functions import NAMESPACE
from autograd.lifting.codegen.source import WORD, indented
from autograd.lifting.names import plain
from autograd.operations import BUILT_IN, TABLE

WIDTH = 112  # of a line of numbers
MAX_NAMES = 8  # in a sentence
LITERAL = re.compile(r"(?<![\w.])(inf|nan)\b")
STACK = '''\
def stack(*rows):
    """Return rows, some of which may hold one number for all, as one array."""
    return np.stack(np.broadcast_arrays(*rows))'''
OF_A_PIECE = '''\
def of_a_piece(batch, parameters, differentiate=False):
    """Return the outputs of a piece of a batch, a row each; or the {reduction} of the one output, and its gradient."""
    n = len(batch)
    gradient = np.zeros(len(parameters), dtype)'''
CALLERS = '''\
def table(batch):
    """Return a batch as an array with a column for each input."""
    batch = np.asarray(batch, dtype)
    if batch.ndim != 2 or batch.shape[1] != len(INPUTS) or not len(batch):
        raise ValueError(f"the batch has the shape {{batch.shape}}; it takes {{len(INPUTS)}} numbers a row: {{INPUTS}}")
    return batch


def values(batch, parameters=PARAMETERS):
    """Return the {output} of each row, {shape}."""
    batch, parameters = table(batch), np.asarray(parameters, dtype)
    n, size = len(batch), ROWS_AT_ONCE
    found = np.empty(({outputs}, n), dtype)
    with np.errstate(all="ignore"):
        for first in (*range(0, n - size, size), max(n - size, 0)):  # the last piece begins within the one before it
            arrays = of_a_piece(batch[first : first + size], parameters)
            for k, row in enumerate(row for array in arrays for row in array):
                found[k, first : first + size] = row
    return {returned}'''
REDUCED = '''\
def value(batch, parameters=PARAMETERS):
    """Return the {reduction} of the output over a batch."""
    batch, parameters = table(batch), np.asarray(parameters, dtype)
    total = 0.0
    with np.errstate(all="ignore"):
        for first in range(0, len(batch), ROWS_AT_ONCE):
            piece = batch[first : first + ROWS_AT_ONCE]
            total += {share} * reduced(of_a_piece(piece, parameters), len(piece))
    return total


def gradient(batch, parameters=PARAMETERS):
    """Return the {reduction} of the output over a batch, and its gradient, (parameters,)."""
    batch, parameters = table(batch), np.asarray(parameters, dtype)
    total, summed = 0.0, np.zeros(len(parameters), dtype)
    with np.errstate(all="ignore"):
        for first in range(0, len(batch), ROWS_AT_ONCE):
            piece = batch[first : first + ROWS_AT_ONCE]
            loss, part = of_a_piece(piece, parameters, differentiate=True)
            total += {share} * loss
            summed += {share} * part
    return total, summed


def reduced(arrays, n):
    """Return the {reduction} of the output over a piece of n rows."""
    loss = arrays[0][0]  # one number for all rows, where it depends on no input
    total = float(loss.dot(np.ones(len(loss), dtype)))
    return {of_all}'''


@dataclass
class Parts:
    """What a program knows of itself: its text, what that names, and how it is run.

    `outputs` are its runs of outputs: None for an array that the text returns, else numbers.
    """

    text: str
    namespace: Mapping[str, Any]
    constants: Sequence[NDArray[Any]]
    outputs: Sequence[list[float] | None]
    size: int  # how many outputs there are
    inputs: Sequence[str]
    names: Sequence[str]  # of the parameters
    parameters: NDArray[Any]
    mean: bool
    rows_at_once: int


def source_file(parts: Parts) -> str:
    """Return the text of the file; raise NotImplementedError for a user-defined operation, by its name."""
    inlined = Inlined()
    body = _body(parts, inlined)
    functions = [*inlined.statements.values(), *[STACK] * any(["stack(" in line for line in body])]
    reduction = "mean" if parts.mean else "sum"
    words = {
        "reduction": reduction,
        "output": "output" if parts.size == 1 else "outputs",
        "outputs": parts.size,
        "shape": "(n,)" if parts.size == 1 else f"(n, {parts.size})",
        "returned": "found[0]" if parts.size == 1 else "found.T",
        "share": "len(piece) / len(batch)" if parts.mean else "1.0",
        "of_all": "total / len(loss)" if parts.mean else "total * (n / len(loss))",
    }
    callers = "\n\n\n".join([CALLERS, *[REDUCED] * (parts.size == 1)]).format(**words)
    imports = {*inlined.imports, "import numpy as np"}
    text = "\n".join(
        [
            _docstring(parts, words, functions),
            "",
            "from __future__ import annotations",
            "",
            *sorted(imports, key=lambda line: (line.startswith("from"), line)),
            "",
            *_numbers(parts),
            "",
            *_spaced(functions),
            "",
            *OF_A_PIECE.format(**words).splitlines(),
            *[line.rstrip() for line in indented(body)],
            "",
            "",
            callers,
            "",
        ]
    )
    compile(text, "<source>", "exec")
    return text


def _docstring(parts: Parts, words: Mapping[str, Any], functions: Sequence[str]) -> str:
    """Return the first words of the file."""
    inputs, count = _listed(parts.inputs), len(parts.names)
    made = f"A function of {inputs or 'no inputs'}, with {count:,} parameter{'s' * (count != 1)}"
    scipy = "; SciPy's functions are used where it is installed" if "scipy" in "".join(functions) else ""
    calls = [
        f"    values(batch)    the {words['output']} of each row, {words['shape']}",
        f"    value(batch)     their {words['reduction']}",
        "    gradient(batch)  that, and its gradient, (parameters,)",
    ][: 3 if parts.size == 1 else 1]
    about = (
        f"A batch is a table of numbers, a column for each input ({inputs or 'none'}). Other parameters than "
        "PARAMETERS are given as a second argument. What is beyond the largest float comes out as inf, and what is no "
        "number as NaN."
    )
    lines = [
        f'"""{made}: a graph that handgrad has lifted into NumPy.',
        "",
        f"It needs NumPy alone{scipy}.",
        "",
        *calls,
        "",
        *textwrap.wrap(about, WIDTH),
        '"""',
    ]
    return "\n".join(lines)


def _numbers(parts: Parts) -> list[str]:
    """Return the lines that define names, parameters, constants and sizes."""
    lines = [
        f"dtype = np.{parts.parameters.dtype}",
        f"INPUTS = {pprint.pformat([*parts.inputs], width=WIDTH, compact=True)}",
        f"# In this order: {_listed(parts.names)}." if parts.names else "# It has none.",
        *_assigned("PARAMETERS = np.array(", f"{_literal(parts.parameters)}, dtype)"),
        f"ROWS_AT_ONCE = {parts.rows_at_once}  # of a batch, whose arrays the processor's cache can hold",
    ]
    if parts.constants:
        lines.append("constants = [")
        for array in parts.constants:
            kind = "dtype" if array.dtype.kind == "f" else "int"
            lines += indented(_assigned("np.array(", f"{_literal(array)}, {kind}),"))
        lines.append("]")
    return lines


def _literal(array: NDArray[Any]) -> str:
    return LITERAL.sub(r"np.\1", repr(array.tolist()))


def _assigned(beginning: str, text: str) -> list[str]:
    """Return text after a beginning, on as many lines as it takes."""
    return textwrap.wrap(
        beginning + text, WIDTH, subsequent_indent="    ", break_long_words=False, break_on_hyphens=False
    )


def _listed(names: Sequence[str]) -> str:
    """Return the first names, as words without quotation marks or line breaks."""
    return ", ".join([*[plain(x) or "…" for x in names[:MAX_NAMES]], *["…"] * (len(names) > MAX_NAMES)])


def _spaced(statements: Iterable[str]) -> list[str]:
    """Return statements, functions with two empty lines around them."""
    lines, after = list[str](), False
    for statement in statements:
        function = "\ndef " in f"\n{statement}"
        lines += [*["", ""] * (function or after), *statement.splitlines()]
        after = function
    return [*lines, ""]


# The body of the function of a piece ---------------------------------------------------------------------------------


def _body(parts: Parts, inlined: Inlined) -> list[str]:
    """Return the lines of the function of a piece, after the first; the rules that they call are added to `inlined`."""
    before, passes = parts.text.split("\n\n\ndef forward(batch):\n")
    forward, backward = [textwrap.dedent(part).splitlines() for part in passes.split("\n\n\ndef backward():\n")]
    lines = [*before.splitlines(), "", *[line for line in forward[:-1] if not line.startswith("global ")]]
    arrays = iter(forward[-1].removeprefix("return [").removesuffix("]").split(", "))
    outputs = [next(arrays) if x is None else f"np.array([{_literal(np.array(x))}], dtype).T" for x in parts.outputs]
    calls = _calls(parts, inlined, set(WORD.findall(parts.text)))
    imported = [line.split()[-1] for line in inlined.imports]
    own = {"np", "dtype", "outputs", "differentiate", "reduced", "loss", *imported, *inlined.names()}
    renamed = _renamed([*lines, *backward], own)
    lines = [_with(line, calls | renamed) for line in lines]
    lines.append(f"outputs = [{_with(', '.join(outputs), renamed)}]")
    if parts.size > 1:
        return [*lines, "return outputs"]
    return [
        *lines,
        "if not differentiate:",
        "    return outputs",
        "loss = reduced(outputs, n)  # now, for arrays of the backward pass may share their memory",
        *[_with(line, calls | renamed) for line in backward],
        "return loss, gradient",
    ]


def _calls(parts: Parts, inlined: Inlined, words: set[str]) -> dict[str, str]:
    """Return what the file calls the functions that the text names."""
    calls = {"add_at": "np.add.at", "inf": "np.inf", "nan": "np.nan"}
    for name in sorted(words & parts.namespace.keys() - calls.keys() - {"stack"}):
        function = parts.namespace[name]
        if name in NAMESPACE or getattr(np, name, None) is function:
            calls[name] = f"np.{name}"
        else:
            row = next((entry.name for entry in TABLE.values() if entry.array is function), name)
            if row not in BUILT_IN or TABLE[row].array is not function:
                raise NotImplementedError(
                    f"{row} is an operation of your own, whose rule is not written out: "
                    "write the graph in autograd's operations"
                )
            calls[name] = inlined.array_rule(row)
    return calls


def _renamed(lines: Sequence[str], taken: set[str]) -> dict[str, str]:
    """Return other names for those variables of the text that are names of the file as well."""
    tree = ast.parse("\n".join(lines))
    stored = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}
    found = dict[str, str]()
    for name in sorted(stored & taken):
        other = f"{name}_"
        while other in stored | taken:
            other += "_"
        found[name] = other
    return found


def _with(line: str, names: Mapping[str, str]) -> str:
    """Return a line of code with other names, a comment as it is."""
    if line.lstrip().startswith("#"):
        return line
    return re.sub(r"(?<![\w.])[^\W\d]\w*(?!\w|=)", lambda word: names.get(word[0], word[0]), line)
