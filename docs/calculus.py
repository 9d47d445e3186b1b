r"""Prints docs/calculus.md: the table of operations as a table of derivatives, every entry asked of its row.

    python docs/calculus.py

A row's rules are called on Values with names, and the formula of what comes back is the derivative. What happens at a
corner or an end is computed there.

Letters: x, y operands; z result; w weights and b bias of `dot`.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from autograd import TABLE, Operation, Value, parse
from autograd.documentation import signature
from autograd.files import write
from autograd.operations import BUILT_IN
from autograd.rules.elementary import LN2, LOG2_E, LOG10_E, SELU_ALPHA, SELU_SCALE
from autograd.rules.normal import TWO_OVER_SQRT_PI
from viz import formula

INTRODUCTION = r"""# The table of operations, as calculus

Everything that the engine can differentiate by itself is a row of one table, `autograd/operations.py`. This page is
printed from that table by `docs/calculus.py`, and a test compares the two.

How to read it:

- $z$ is the result, $x$ and $y$ are the operands. Derivatives are written as the row's own rules are: where a rule
  uses the result again, it says $z$. Where a second form follows, it is the one that books have and that a lifted
  program runs: the same number, but for large $|x|$, where it runs out of digits.
- $[\ldots]$ is 1 where the condition holds, else 0.
- $\lambda = {:.4f}\ldots$ and $\alpha = {:.4f}\ldots$ are SELU's (Klambauer et al., 2017).
- The last column begins with what the operation needs. Where nothing is said, every number will do.
- After *at* stands what the engine computed there, at a corner or an end, where the textbook leaves a choice. An error
  has the class that Python's `math` raises.
- Some rows, such as `power_slope`, are there for the derivatives of others, and lose no digits where the plain formula
  would.
"""
HEAD = "| operation | result and derivatives | where, and edges |\n|---|---|---|"
SECTIONS = {  # the first row of each
    "add": "Arithmetic",
    "exp": "Exponentials, logarithms and roots",
    "lgamma": "The gamma function",
    "sin": "Trigonometry and its hyperbolic kin",
    "gaussian": "The normal distribution",
    "sigmoid": "Activations",
    "step": "Steps, ties and choices",
    "floor": "Rounding",
    "sum": "Of many operands",
}
OPERANDS: dict[str, tuple[Any, ...]] = {  # of the rows that take any number of them, and of one with long names
    "maximum": ("x_1", "x_2"),
    "minimum": ("x_1", "x_2"),
    "sum": (["x_1", "x_2"],),
    "dot": (["w_1", "w_2"], ["x_1", "x_2"], "b"),
    "logsumexp": (["x_1", "x_2"],),
    "norm": (["x_1", "x_2"],),
    "clip": ("x", "l", "h"),  # low and high
    "where": ("c", "x", "y"),
    "round": ("x", "d"),
}
EDGES: dict[str, list[tuple[float, ...]]] = {  # operands at which a reader asks
    "div": [(1.0, 0.0)],
    "floordiv": [(6.0, 2.0), (1.0, 0.0)],
    "mod": [(6.0, 2.0), (1.0, 0.0)],
    "fmod": [(-7.0, 2.0), (1.0, 0.0)],
    "abs": [(0.0,)],
    "sign": [(0.0,)],
    "copysign": [(0.0, 1.0), (2.0, -0.0)],
    "reciprocal": [(0.0,)],
    "pow": [(0.0, 0.0), (0.0, 1.0), (-8.0, 1 / 3)],
    "direction": [(0.0, 0.0)],
    "inversion": [(0.0, 0.0)],
    "hypot": [(0.0, 0.0)],
    "exp": [(1000.0,)],
    "log": [(0.0,)],
    "sqrt": [(0.0,), (-1.0,)],
    "cbrt": [(0.0,)],
    "logaddexp": [(1000.0, 1000.0)],
    "lgamma": [(0.0,), (1.0,), (-0.5,)],
    "digamma": [(0.0,), (1.0,)],
    "polygamma": [(1.0, 0.0), (1.0, 1.0)],
    "asin": [(1.0,)],
    "acos": [(1.0,)],
    "atan2": [(0.0, 0.0)],
    "acosh": [(1.0,)],
    "atanh": [(1.0,)],
    "sinc": [(0.0,)],
    "log_normal_cdf": [(-1000.0,), (1000.0,)],
    "erfinv": [(1.0,)],
    "sigmoid": [(-1000.0,), (1000.0,)],
    "log_sigmoid": [(-1000.0,), (1000.0,)],
    "logit": [(0.0,), (1.0,)],
    "relu": [(0.0,)],
    "leaky_relu": [(0.0, 0.01)],
    "elu": [(0.0,)],
    "selu": [(0.0,)],
    "softplus": [(1000.0,)],
    "softsign": [(0.0,)],
    "hard_sigmoid": [(-3.0,), (3.0,)],
    "step": [(0.0,)],
    "greater": [(1.0, 1.0)],
    "maximum": [(1.0, 1.0), (1.0, 1.0, 1.0)],
    "minimum": [(1.0, 1.0)],
    "where": [(0.0, math.inf, 2.0), (-1.0, 1.0, math.nan)],
    "branch_taken": [(0.0,)],
    "floor": [(2.0,), (-0.5,)],
    "ceil": [(2.0,), (-0.5,)],
    "trunc": [(-1.5,)],
    "round": [(2.5, 0.0), (2.675, 2.0)],
    "clip": [(0.0, 0.0, 1.0), (1.0, 0.0, 1.0)],
    "logsumexp": [(1000.0, 1000.0), (math.inf, 0.0)],
    "norm": [(3e200, 4e200), (0.0, 0.0)],
}
MEANINGS = {  # of the functions whose formula is but their name, in functions that have none; a test compares the two
    "sign": "step(x) - step(-x)",
    "asinh": "log(x + sqrt(x ** 2 + 1))",
    "acosh": "log(x + sqrt(x ** 2 - 1))",
    "atanh": "log((1 + x) / (1 - x)) / 2",
    "sech_squared": "1 / cosh(x) ** 2",
    "sinc": "sin(pi * x) / (pi * x)",
    "normal_pdf": "y * exp(-x ** 2 / 2) / sqrt(2 * pi)",
    "normal_cdf": "(1 + erf(x / sqrt(2))) / 2",
    "logit": "log(x / (1 - x))",
    "sigmoid": "1 / (1 + exp(-x))",
    "relu": "maximum(x, 0)",
    "leaky_relu": "maximum(x, 0) + slope * minimum(x, 0)",
    "elu": "maximum(x, 0) + exp(minimum(x, 0)) - 1",
    "selu": "λ * (maximum(x, 0) + α * (exp(minimum(x, 0)) - 1))",
    "gelu": "x * normal_cdf(x)",
    "silu": "x * sigmoid(x)",
    "hard_sigmoid": "clip(x + 3, 0, 6) / 6",
}
NUMBERS = {  # as they stand in a formula -> as a reader knows them
    LN2: r"\log(2)",
    LOG2_E: r"\log_{2}(e)",
    LOG10_E: r"\log_{10}(e)",
    math.pi: r"\pi",
    180.0 / math.pi: r"\frac{180}{\pi}",
    math.pi / 180.0: r"\frac{\pi}{180}",
    TWO_OVER_SQRT_PI: r"\frac{2}{\sqrt{\pi}}",
    math.sqrt(2.0 * math.pi): r"\sqrt{2 \pi}",
    math.sqrt(2.0): r"\sqrt{2}",
    SELU_SCALE: r"\lambda",
    SELU_ALPHA: r"\alpha",
}
POINTS = (0.5, 1.0, 2.0), (1.5, 1.0, 2.0), (1.0, 1.0, 2.0)  # most rows have a derivative at the first


def main(path: Path = Path(__file__).parent / "calculus.md") -> None:
    """Write the page."""
    write(path, page().encode())


def page() -> str:
    """Return the page, in Markdown with LaTeX."""
    lines = [INTRODUCTION.format(SELU_SCALE, SELU_ALPHA)]
    for name, row in TABLE.items():
        if name not in BUILT_IN:  # a user's operation, registered since
            continue
        if name in SECTIONS:
            lines += [f"\n## {SECTIONS[name]}\n", HEAD]
        z, derivatives = formulas(row)
        cells = [
            f"`{name}` {row.glyph.replace('|', '&#124;')}",
            "<br>".join(map(maths, [f"z = {z}", *derivatives])),
            "<br>".join(filter(None, [row.domain, *(edge(row, point) for point in EDGES.get(name, []))])),
        ]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def formulas(row: Operation) -> tuple[str, list[str]]:
    """Return the formula of a row's result, and of its derivative with respect to each operand."""
    names = OPERANDS[row.name] if row.name in OPERANDS else letters(row)
    for point in POINTS:
        try:
            result = row(*named(names, iter(point * 2)))
            partials = row.local_derivatives(Value(result.data, "z"), result.operands, [True] * len(result.operands))
        except (ArithmeticError, ValueError):
            continue
        derivatives = [
            rf"\frac{{\partial z}}{{\partial {formula(x)}}} = {formula(p if isinstance(p, Value) else Value(p))}"
            for x, p in zip(result.operands, partials, strict=True)
        ]
        if row.textbook:
            derivatives[0] += f" = {formula(row.textbook(Value(result.data, 'z'), *result.operands))}"
        stands_for = f" = {formula(meaning(row, *point))}" if row.name in MEANINGS else ""
        return formula(result) + stands_for, derivatives
    raise ValueError(f"{row.name} has no derivative at any of {POINTS}: add a point where it has one")


def meaning(row: Operation, *numbers: float) -> Value:
    """Return what a row's name stands for, at these operands."""
    text = MEANINGS[row.name]
    given = dict(zip(letters(row), numbers, strict=False)) | {"λ": SELU_SCALE, "α": SELU_ALPHA}
    return parse(text, **{name: x for name, x in given.items() if name in re.findall(r"\w+", text)})[0]


def letters(row: Operation) -> tuple[str, ...]:
    """Return the names of the operands, as the row's signature has them."""
    return tuple(signature(row).parameters)


def named(names: Any, numbers: Iterator[float]) -> list[Any]:
    """Return a Value for each name, in lists where the names stand in lists."""
    return [named(name, numbers) if isinstance(name, list) else Value(next(numbers), name) for name in names]


def maths(latex: str) -> str:
    """Return a formula for a cell of a table, with the numbers that have a name called by it."""
    for number, name in NUMBERS.items():
        latex = latex.replace(repr(number), name)
    latex = re.sub(r"\b1 \\cdot ", "", latex)
    latex = re.sub(r"\|(.*?)\|", r"\\left\\vert \1 \\right\\vert", latex)  # a bar would end the cell
    return f"${latex}$"


def edge(row: Operation, point: tuple[float, ...]) -> str:
    """Return in words what the engine makes of the operands: the result and the derivatives, or the error."""
    where = short(point[0]) if len(point) == 1 else f"({', '.join(map(short, point))})"
    try:
        z = row.evaluate(point)
    except (ArithmeticError, ValueError) as error:
        return f"at {where}: `{type(error).__name__}`"
    derivatives = ", ".join(derivative(row, z, point, k) for k in range(len(point)))
    return f"at {where}: {short(z)}, derivative{'s' if len(point) > 1 else ''} {derivatives}"


def derivative(row: Operation, z: float, point: tuple[float, ...], k: int) -> str:
    """Return the derivative with respect to operand k, or its error."""
    try:
        return short(row.local_derivatives(z, point, [i == k for i in range(len(point))])[k])
    except (ArithmeticError, ValueError) as error:
        return f"`{type(error).__name__}`"


def short(x: float) -> str:
    """Return a number in six digits, with the sign of mathematics."""
    return f"{x + 0.0:.6g}".replace("-", "−").replace("inf", "∞")


if __name__ == "__main__":
    main()
