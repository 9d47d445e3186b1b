"""Pass 5, forward: the statements that compute the blocks.

Letters: z a block's result, x its operands, W weights, b biases, c coefficients, n the size of the batch.
"""

from __future__ import annotations

from autograd.lifting.codegen.block_arrays import BlockArrays
from autograd.lifting.codegen.emitter import Emitter
from autograd.lifting.codegen.layout import layers, one_by_one
from autograd.lifting.names import plain
from autograd.lifting.plan import (
    Block,
    Elementwise,
    Gathered,
    Layer,
    Linear,
    Plan,
    Product,
    Recurrence,
    Reduction,
    Rule,
    Total,
)
from autograd.lifting.statements import Array, Operand, is_number, product_text, text

MAX_TERMS_IN_COMMENT = 6  # of a longer sum, and its last


def emit_forward(plan: Plan, arrays: BlockArrays) -> None:
    """Emit the statements that compute the blocks of a plan."""
    for block, columns in plan.inputs:
        arrays.input(block, columns)
    for part in plan.blocks:
        if isinstance(part, Recurrence):
            emit_recurrence(arrays, part)
        else:
            arrays.values[part.number] = arrays.buffer(part, arrays.block_name(part))
            emit_block(arrays, part)


def emit_recurrence(arrays: BlockArrays, loop: Recurrence) -> None:
    """Emit the loop that computes a recurrence."""
    for external in loop.external:
        array = arrays.rows(external.rows, each=True)
        if external.varies:
            array = arrays.per_iteration(array, loop.iterations, external.backwards, arrays.source_name(external.rows))
        arrays.values[external.block.number] = array
    for block, stack in zip(loop.body, loop.stacks, strict=True):
        name = arrays.block_name(stack)
        if block.number in arrays.biased and stack not in arrays.outside:
            arrays.values[block.number] = arrays.augmented_per_iteration(name, block, loop.iterations)
        else:
            arrays.values[stack.number] = arrays.buffer(stack, name)
            arrays.values[block.number] = arrays.per_iteration(arrays.values[stack.number], loop.iterations)
    for carried in loop.carried:
        first = [arrays.rows(x) for x in carried.first]
        arrays.values[carried.block.number] = arrays.carried(
            arrays.values[carried.stack.number], first, loop.iterations
        )
    for block in loop.body:
        for part in layers(block.rule):
            arrays.layer(part)
    with arrays.emit.loop(loop.iterations):
        for block in loop.body:
            emit_block(arrays, block)


def emit_block(arrays: BlockArrays, block: Block) -> None:
    """Emit what computes a block: at once, or its rows one by one."""
    z, rules = arrays.values[block.number], one_by_one(block)
    for k, rule in enumerate(rules):
        emit_rule(arrays, rule, z if len(rules) == 1 else arrays.emit.view(z, k, k + 1))


def emit_rule(arrays: BlockArrays, rule: Rule, z: Array) -> None:
    """Emit what computes some rows."""
    emit = arrays.emit
    if isinstance(rule, Elementwise):
        operands = [arrays.operand(x) for x in rule.operands]
        emit.comment(f"{z.name} = {plain(rule.operation.name)}({', '.join(text(x) for x in operands)})")
        emit.apply(rule.operation, operands, z)
    elif isinstance(rule, Reduction):
        x = arrays.rows(rule.rows, each=True)
        emit.comment(f"{z.name} = {plain(rule.operation.name)} of the rows of {x.name}")
        emit.own(arrays.line(z), rule.operation, "{}", [x])
    elif isinstance(rule, Product):
        xs = [arrays.rows(x) for x in rule.factors]
        emit.comment(f"{z.name} = {' * '.join(x.name for x in xs)}")
        emit.product(xs, z)
    else:
        emit_total(arrays, rule, z)


def emit_total(arrays: BlockArrays, rule: Total, z: Array) -> None:
    """Emit a sum: the first layer straight into z, everything else added to it."""
    emit = arrays.emit
    place = len(emit.statements)
    terms: list[tuple[float | Array, Array]] = []  # coefficient, array
    described = []
    started = False
    for part in rule.parts:
        if isinstance(part, Layer):
            out = emit.array("t", z.rows, True) if started else z
            described.append(emit_layer(arrays, part, out))
            if started:
                terms.append((1.0, out))
            started = True
        elif isinstance(part, Linear):
            terms.append(coefficient_and_rows(arrays, part))
            described.append(product_text(*terms[-1]))
        else:
            direct = not started and part.rows.block.batched == z.batched
            out = z if direct else emit.array("t", z.rows, part.rows.block.batched)
            described.append(f"the sum of the rows of {emit_gathered(arrays, part, z.rows, out)}")
            if not direct:
                terms.append((1.0, out))
            started = started or direct
    constant: Operand = rule.constants[0] if len(set(rule.constants)) == 1 else emit.constant(rule.constants)
    if constant != 0.0:
        described.append(text(constant))
    add_up(emit, terms, constant, z, started)
    described.sort(key=lambda term: term.startswith("-"))
    if len(described) > 2 * MAX_TERMS_IN_COMMENT:
        described[MAX_TERMS_IN_COMMENT:-1] = [f"… ({len(described)} terms)"]
    sum_of = " + ".join(described).replace("+ -1.0 * ", "- ").replace("+ -", "- ")
    emit.comment_on(place, f"{z.name} = {sum_of}")


def emit_layer(arrays: BlockArrays, part: Layer, out: Array) -> str:
    """Emit W @ x + b; return it as text."""
    x = arrays.rows(part.senders)
    weights = arrays.layer(part)
    if weights.adds_biases:
        arrays.emit.matrix_product(out, "{}, {}", weights.augmented, arrays.augmented[x], out)
    else:
        arrays.emit.matrix_product(out, "{}, {}", weights.matrix, x, out)
        if weights.biases is not None:
            arrays.emit.call("add", [out, weights.biases], out)
    return f"{weights.matrix.name} @ {x.name}" + (f" + b{weights.number}" if weights.biases is not None else "")


def coefficient_and_rows(arrays: BlockArrays, part: Linear) -> tuple[float | Array, Array]:
    """Return a term's coefficient, or the column of them, and its rows."""
    same = len(set(part.coefficients)) == 1
    return part.coefficients[0] if same else arrays.emit.constant(part.coefficients), arrays.rows(part.rows)


def emit_gathered(arrays: BlockArrays, part: Gathered, size: int, total: Array) -> str:
    """Emit the sum of many rows times their coefficients; return its terms as text."""
    emit = arrays.emit
    x = arrays.rows(part.rows, each=True)
    coefficients = [c for column in part.coefficients for c in column]
    same = len(set(coefficients)) == 1
    if size == 1:  # as a matrix product: BLAS takes half the time of add.reduce
        row = emit.ones(len(coefficients)) if set(coefficients) == {1.0} else emit.constant([coefficients])
        emit.matrix_product(total, "{}, {}", row, x, total)
    else:
        if not same or coefficients[0] != 1.0:
            x = emit.call("multiply", [x, coefficients[0] if same else emit.constant(coefficients)])
        stacked = f"{{}}.reshape({len(part.coefficients)}, {size}, -1)"
        emit.write(total, f"add.reduce({stacked}, axis=0, out={{}})", x, total)
    return product_text(coefficients[0], x) if size == 1 and same else x.name


def add_up(emit: Emitter, terms: list[tuple[float | Array, Array]], constant: Operand, z: Array, started: bool) -> None:
    """Emit z (+)= the sum of coefficient times array, plus a constant, in as few statements as possible."""
    terms = sorted(terms, key=lambda term: (not is_number(term[0], 1.0), not is_number(term[0], -1.0)))
    if not started:
        (c, x), terms = terms[0], terms[1:]
        if not terms and not is_number(constant, 0.0) and is_number(c, -1.0):
            emit.call("subtract", [constant, x], z)
            return
        if is_number(c, 1.0) and terms:
            (d, y), terms = terms[0], terms[1:]
            emit.accumulate(x, y, d, z)
        elif is_number(c, 1.0) and not is_number(constant, 0.0):
            emit.call("add", [x, constant], z)
            return
        else:
            emit.scale(x, c, z)
    for c, x in terms:
        emit.accumulate(z, x, c, z)
    if not is_number(constant, 0.0):
        emit.call("add", [z, constant], z)
