"""Each pass alone: what a trace refuses, canonical form makes equal, grouping puts together, and is written."""

# ruff: noqa: A004  (sum is the field's name)

import math
import re
from dataclasses import fields

import pytest

from autograd import Value, atan2, cos, dot, exp, log, maximum, minimum, sin, softplus, square, sum, tanh, vectorize
from autograd.lifting.codegen.code import Code
from autograd.lifting.codegen.emitter import Emitter
from autograd.lifting.codegen.layout import common_prefix, one_by_one, stride, whole
from autograd.lifting.passes.allocate_buffers import allocate_buffers
from autograd.lifting.passes.canonicalize import Apply, Sum, canonicalize
from autograd.lifting.passes.eliminate_dead_code import eliminate_dead_code
from autograd.lifting.passes.fuse_division import fuse_division
from autograd.lifting.passes.materialize_broadcasts import materialize_broadcasts
from autograd.lifting.passes.pack import pack
from autograd.lifting.passes.trace import trace
from autograd.lifting.pipeline import plan_of
from autograd.lifting.plan import Block, Elementwise, Gathered, Layer, Linear, Product, Reduction, Rows, Total, operands
from autograd.lifting.statements import Array, Statement, elementwise
from nn import MLP, mse, softmax_cross_entropy


def leaves(count, name):
    return [Value(0.5 + 0.1 * k, f"{name}{k}") for k in range(count)]


def form(f, inputs=3, parameters=3):
    x, w = leaves(inputs, "x"), leaves(parameters, "w")
    graph = canonicalize(trace([f(x, w)], x, w))
    return graph.nodes, graph.outputs


def plan(f, inputs=3, parameters=3):
    x, w = leaves(inputs, "x"), leaves(parameters, "w")
    result = f(x, w)
    return plan_of(trace(result if isinstance(result, list) else [result], x, w))


def line(target, form, *reads, comment=""):
    """Return a statement that reads some arrays and writes another, whose gap is the last."""
    return Statement(target, form, (*reads, target), reads, comment=comment)


def after(passes, lines, outputs=(), emit=None):
    """Return the statements of a forward pass after some passes."""
    code = Code(emit or Emitter(), lines, [], list(outputs), [])
    for improve in passes:
        improve(code)
    return code.forward


def text_of(statement):
    return statement.form.format(*[array.name for array in statement.arrays])


def shared(within, ahead, x):
    """Return a sum over two users of one product, with a number within the product, and one ahead of each use."""
    p = within * x[0] * x[1] * x[2]
    return ahead * (x[0] * p) + ahead * (exp(x[1]) * p)


# Trace ----------------------------------------------------------------------------------------------------------------


def test_a_trace_numbers_inputs_then_parameters_then_nodes_and_holds_no_value():
    x, w = Value(2.0, "x"), Value(3.0, "w")
    traced = trace([((w * x).named("p") + 1.5)], [x], [w])
    assert (traced.inputs, traced.parameters, traced.outputs) == (["x"], ["w"], [4])
    product, constant, total = traced.nodes
    assert [product[0].name, product[1], constant, total[0].name, total[1]] == ["mul", (1, 0), 1.5, "add", (2, 3)]
    assert traced.names == {2: "p"}
    held = [getattr(traced, field.name) for field in fields(traced) if field.name != "named"]
    assert not any(isinstance(part, Value) for things in held for part in things)


def test_nameless_leaves_are_named_by_their_place():
    traced = trace([], [Value(1.0)], [Value(1.0, "w"), Value(1.0)])
    assert (traced.inputs, traced.parameters) == (["x1"], ["w", "p2"])


@pytest.mark.parametrize(
    ("declare", "error", "message"),
    [
        (lambda x, w, y: ([x], [w]), ValueError, "the leaf y = 3.0 is neither an input nor a parameter"),
        (lambda x, w, y: ([x, y, x], [w]), ValueError, "input 2 (x = 1.0) is declared twice"),
        (lambda x, w, y: ([x, y], [w, x]), ValueError, "parameter 1 (x = 1.0) is declared twice"),
        (lambda x, w, y: ([x, y, 3.0], [w]), ValueError, "input 2 is 3.0: declare a leaf"),
        (lambda x, w, y: ([x, y], [w, x * w]), ValueError, "parameter 1 is 2.0: declare a leaf"),
        (lambda x, w, y: (x, [w]), TypeError, "the inputs are the Value x = 1.0: give a list"),
    ],
)
def test_a_trace_refuses_what_is_not_declared_once_and_as_a_leaf(declare, error, message):
    x, w, y = Value(1.0, "x"), Value(2.0, "w"), Value(3.0, "y")
    with pytest.raises(error, match=re.escape(message)):
        trace([x * w + y], *declare(x, w, y))


# Canonical form -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("f", "g"),
    [
        (lambda x, w: dot(w, x), lambda x, w: w[0] * x[0] + w[1] * x[1] + w[2] * x[2]),
        (lambda x, w: dot(w[:2], x[:2], w[2]), lambda x, w: x[1] * w[1] + (w[2] + x[0] * w[0])),
        (lambda x, w: x[0] + x[1] + x[2], lambda x, w: sum([x[2], x[0], x[1]])),
        (lambda x, w: x[0] - (x[1] - x[2]), lambda x, w: x[0] + x[2] - x[1]),
        (lambda x, w: -(-1.0 * x[0]), lambda x, w: +x[0]),
        (lambda x, w: x[0] * (x[1] * x[2]), lambda x, w: (x[2] * x[0]) * x[1]),
        (lambda x, w: square(x[0] + x[1]), lambda x, w: (x[1] + x[0]) ** 2),
        (lambda x, w: x[0] ** 3, lambda x, w: x[0] * x[0] * x[0]),
        (lambda x, w: 2.0 * x[0] + 3.0 * x[0], lambda x, w: 5.0 * x[0]),
        (lambda x, w: x[0] / 4.0, lambda x, w: 0.25 * x[0]),
        (lambda x, w: (x[0] + x[1]) / 2.0 + x[2], lambda x, w: 0.5 * x[0] + 0.5 * x[1] + x[2]),
        (lambda x, w: sin(x[0]) + sin(x[0]), lambda x, w: 2.0 * sin(x[0])),
        (lambda x, w: x[0] - (w[0] * x[1] - w[0] * x[1]), lambda x, w: x[0]),
        (lambda x, w: x[1] - (w[0] * x[1] - w[0] * x[1] + 3.0), lambda x, w: x[1] - 3.0),
        (lambda x, w: x[0] * 0.0 + x[1] * 1.0, lambda x, w: x[1]),
        (lambda x, w: (x[0] + 2.0) + 3.0 - 5.0, lambda x, w: x[0]),
        (lambda x, w: shared(-2.0, 1.0, x), lambda x, w: shared(1.0, -2.0, x)),
        (lambda x, w: mse([x[0], x[1]], [x[2], x[2]]), lambda x, w: ((x[0] - x[2]) ** 2 + (x[1] - x[2]) ** 2) / 2),
    ],
)  # fmt: skip
def test_equal_computations_have_one_canonical_form(f, g):
    assert form(f) == form(g)


@pytest.mark.parametrize(
    ("f", "g"),
    [
        (lambda x, w: x[0] * (x[1] + x[2]), lambda x, w: x[0] * x[1] + x[0] * x[2]),  # nothing is distributed
        (lambda x, w: maximum(x[0], x[1]), lambda x, w: minimum(x[0], x[1])),
        (lambda x, w: atan2(x[0], x[1]), lambda x, w: atan2(x[1], x[0])),
        (lambda x, w: x[0] ** 2.5, lambda x, w: x[0] ** 3.5),
        (lambda x, w: x[0] * w[0], lambda x, w: x[0] * w[1]),
    ],
)
def test_different_computations_have_different_forms(f, g):
    assert form(f) != form(g)


def test_zero_and_minus_zero_are_two_constants():
    nodes, _ = form(lambda x, w: atan2(0.0, x[1]) - 2.0 * atan2(-0.0, x[1]))  # π strided for a negative x
    assert [type(node) for node in nodes] == [Apply, Apply, Sum]


def test_a_sum_has_its_terms_in_the_order_of_their_factors_and_constants_folded():
    nodes, outputs = form(lambda x, w: 1.0 + 2.0 * w[0] * x[1] - x[0] + 4.0)
    assert nodes == [Sum(((5.0, ()), (-1.0, (0,)), (2.0, (1, 3))))]
    assert outputs == [6]


def test_a_loss_without_leaves_is_a_constant():
    assert form(lambda x, w: (x[0] - x[0]) * w[0] + 3.0)[1] == [3.0]


def test_a_node_used_twice_is_one_node_and_not_written_out_twice():
    def f(x, w):
        shared = x[0] + x[1]
        return sin(shared) * shared

    nodes, _ = form(f)
    assert [type(node) for node in nodes] == [Sum, Apply, Sum]


def test_an_expanded_network_and_a_fused_one_are_one_graph_and_one_source():
    sources = []
    for expanded in (False, True):
        mlp = MLP(3, [4, 2], activation="tanh", rng=1, expanded=expanded)
        x, t = leaves(3, "x"), leaves(2, "t")
        sources.append(vectorize(mse(mlp.forward(x).output, t), x + t, mlp.parameters()).source)
    assert sources[0] == sources[1]


def test_extreme_constants_are_left_where_they_stand():
    for f in (
        lambda x, w: x[0] * 1e-200 * 1e-200 * 1e300,
        lambda x, w: x[0] / 1e-310,
        lambda x, w: x[0] / float("inf"),
    ):
        x = Value(3e200)
        program = vectorize(f([x], []), [x])
        assert program.value([[x.data]]) == pytest.approx(f([x], []).data, rel=1e-14)


@pytest.mark.parametrize("divisor", [2.0, 3.0])
def test_a_moving_average_of_any_length_keeps_its_scale(divisor):
    x = [Value(0.5 + 0.001 * k) for k in range(1500)]
    y = x[0]
    for a in x[1:]:
        y = (y + a) / divisor
    assert vectorize(y, x).value([[a.data for a in x]]) == pytest.approx(y.data, rel=1e-13)


# Grouping -------------------------------------------------------------------------------------------------------------


def test_neurons_that_share_inputs_become_one_matrix_product_with_biases():
    blocks = plan(lambda x, w: [tanh(dot(w[4 * j : 4 * j + 3], x, w[4 * j + 3])) for j in range(2)], 3, 8).blocks
    total, activation = [block.rule for block in blocks]
    (layer,) = total.parts
    assert isinstance(layer, Layer)
    assert isinstance(activation, Elementwise)
    assert (layer.weights, layer.biases) == ([[0, 1, 2], [4, 5, 6]], [3, 7])
    assert whole(layer.senders)


def test_parameters_in_any_order_still_make_a_layer():
    (block,) = plan(lambda x, w: [w[0] * x[0] + w[2] * x[1] + w[5], w[3] * x[1] + w[4] + w[1] * x[0]], 2, 6).blocks
    (layer,) = block.rule.parts
    assert (layer.weights, layer.biases) == ([[0, 2], [1, 3]], [5, 4])


def test_senders_of_two_blocks_make_two_matrix_products_and_a_bias():
    def f(x, w):
        h = [tanh(dot(w[2 * j : 2 * j + 2], x)) for j in range(2)]
        return [dot(w[4 + 5 * j : 8 + 5 * j], [*x, *h], w[8 + 5 * j]) for j in range(2)]

    parts = plan(f, 2, 14).blocks[-1].rule.parts
    assert [type(part) for part in parts] == [Layer, Layer, Linear]
    assert {part.senders.block.number for part in parts[:2]} == {-2, 1}


def test_isomorphic_nodes_of_one_level_become_one_block():
    blocks = plan(lambda x, w: [sin(a * w[0]) + a for a in x], 9, 1).blocks
    assert [(type(block.rule), block.size) for block in blocks] == [(Product, 9), (Elementwise, 9), (Total, 9)]


def test_different_constants_are_a_column_of_one_block():
    (block,) = plan(lambda x, w: [a**c for a, c in zip(x, (1.5, 2.5, 3.5), strict=True)]).blocks
    assert block.rule.operands[1] == [1.5, 2.5, 3.5]


def test_a_long_sum_over_one_block_is_one_reduction():
    *_, loss = plan(lambda x, w: sum([sin(a) for a in x]), 20, 0).blocks
    (part,) = loss.rule.parts
    assert isinstance(part, Gathered)
    assert part.rows.index == tuple(range(20))


def test_an_operation_of_many_operands_runs_down_the_rows_of_its_block():
    *_, block = plan(lambda x, w: maximum(*[sin(a) for a in x]), 5, 0).blocks
    assert isinstance(block.rule, Reduction)


def test_few_rows_whose_operands_lie_unevenly_are_computed_one_by_one():
    def f(x, w):
        return [x[2] * x[0], x[0] * x[1], exp(x[1]), exp(x[2]), sin(x[2]), sin(x[0])]

    found = [(type(block.rule), block.size, len(one_by_one(block))) for block in plan(f).blocks]
    assert found == [(Elementwise, 2, 1), (Elementwise, 2, 2), (Product, 2, 2)]
    x = leaves(3, "x")
    program = vectorize(f(x, []), x)
    assert "take(" not in program.source
    assert program.values([[2.0, 3.0, 5.0]])[0] == pytest.approx(
        [10.0, 6.0, math.exp(3.0), math.exp(5.0), math.sin(5.0), math.sin(2.0)]
    )


def test_rows_that_a_derivative_will_need_gathered_are_computed_together():
    blocks = plan(lambda x, w: [x[2] * w[0], x[0] * w[0]]).blocks
    assert [(block.size, len(one_by_one(block))) for block in blocks] == [(2, 1)]


def test_dead_nodes_are_in_no_block():
    def f(x, w):
        exp(x[0])
        return log(x[1]) + softplus(x[2]) * (w[0] - w[0]) + sin(x[0] * w[0]) - sin(w[0] * x[0])

    assert [block.rule.operation.name for block in plan(f).blocks] == ["log"]


@pytest.mark.parametrize("size", [1, 3])
@pytest.mark.parametrize("count", [2, 3, 9, 20])
def test_the_rule_of_a_group_reads_what_the_group_says(size, count):
    def f(x, w):
        a = [sin(x[k]) for k in range(size * count)]
        b = [cos(x[k]) for k in range(size * count)]
        rows = [range(j, size * count, size) for j in range(size)]
        sums = [sum([*[c * a[k] for c, k in enumerate(row, 1)], b[row[0]], w[0], 2.0]) for row in rows]
        layer = [dot(w[:count], a[:count], b[j]) for j in range(size)]
        return [
            *sums,
            *layer,
            *[atan2(2.0, y) * y for y in sums],
            maximum(*a),
            *[a[-1 - k] * b[k] for k in range(size)],
        ]

    x, w = leaves(size * count, "x"), leaves(count, "w")
    groups = pack(canonicalize(trace(f(x, w), x, w)))
    for number, reads in enumerate(groups.reads):
        assert [(rows.block.number, rows.index) for rows in operands(groups.block(number).rule)] == reads


# Writing --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("index", "every"), [((4,), 1), ((2, 3, 4), 1), ((0, 3, 6), 3), ((5, 5, 5), 1), ((2, 1), None), ((0, 1, 3), None)]
)
def test_evenly_lying_rows_are_a_slice(index, every):
    assert stride(index) == every


def test_whole_is_all_rows_in_their_order():
    block = Block(0, 3, True, True, None)
    assert [whole(Rows(block, index)) for index in [(0, 1, 2), (0, 2, 1), (0, 1), (1,)]] == [True, False, False, False]


@pytest.mark.parametrize(
    ("names", "prefix"),
    [(["w11", "w12"], "w"), (["x1", "y1"], ""), (["x1", ""], ""), (["h12"], "h"), (["h_in"], "h"), (["2"], "")],
)
def test_arrays_are_named_like_their_nodes(names, prefix):
    assert common_prefix(names) == prefix


@pytest.mark.parametrize(
    "wanted", ["lambda", "add", "n", "batch", "1x", "", "x y", "ß→", "__builtins__", "None", "a\nb"]
)
def test_every_name_becomes_an_identifier_of_its_own(wanted):
    emit = Emitter()
    names = [emit.name(wanted) for _ in range(3)]
    assert len(set(names)) == 3
    for name in names:
        exec(f"{name} = 0", {})  # noqa: S102  (an identifier, and no keyword)
        assert not name.startswith("_")


def test_statements_that_nobody_reads_are_left_out_with_their_comment():
    a, b, c = (Array(name, 1, True) for name in "abc")
    lines = [line(b, "b", a, comment="for b"), line(c, "c", a, comment="for c")]
    assert after([eliminate_dead_code], lines, [c]) == lines[1:]


@pytest.mark.parametrize(
    ("read_again", "kept", "product"), [(False, False, True), (True, False, False), (False, True, False)]
)
def test_a_product_with_a_reciprocal_is_a_quotient_if_nothing_else_reads_it(read_again, kept, product):
    a, b, r, q, s = (Array(name, 2, True) for name in ("a", "b", "r", "q", "s"))
    lines = [
        elementwise("divide", [1.0, b], r, "r = 1 / b"),
        elementwise("multiply", [a, r], q, "q = a * r"),
        *([line(s, "exp({}, out={})", r)] if read_again else []),
    ]
    result = [q, s, *([r] if kept else [])]
    found = after([fuse_division, eliminate_dead_code], lines, result)
    if product:
        assert found == [elementwise("divide", [a, b], q, "q = a * 1 / b")]
    else:
        assert found == lines


def test_a_reciprocal_that_is_changed_later_stays():
    a, b, r, q = (Array(name, 2, True) for name in ("a", "b", "r", "q"))
    lines = [
        elementwise("divide", [1.0, b], r),
        line(r, "{}[0] += 1.0"),
        elementwise("multiply", [r, a], q),
    ]
    assert after([fuse_division], lines, [q]) == lines


def test_a_reciprocal_of_what_is_changed_later_stays():
    a, b, r, q = (Array(name, 2, True) for name in ("a", "b", "r", "q"))
    lines = [elementwise("divide", [1.0, b], r), line(b, "{}[0] += 1.0"), elementwise("multiply", [r, a], q)]
    assert after([fuse_division], lines, [q]) == lines


def test_a_number_divided_is_a_quotient_too():
    b, r, q = (Array(name, 2, True) for name in ("b", "r", "q"))
    lines = [elementwise("divide", [1.0, b], r), elementwise("multiply", [r, "2.0 / n"], q)]
    assert after([fuse_division, eliminate_dead_code], lines, [q]) == [elementwise("divide", ["2.0 / n", b], q)]


def test_what_would_be_broadcast_is_copied_into_the_result_or_beside_it():
    z, out, other = (Array(name, 3, True) for name in ("z", "out", "other"))
    row, column, number = Array("row", 1, True), Array("column", 3, False), Array("number", 1, False)
    lines = [
        elementwise("add", [z, row], out),
        elementwise("add", [row, column], out),
        elementwise("add", [number, z], out),
        elementwise("add", [z, column], z),
        line(other, "dot({}, {}, out={})", column, row),
    ]
    found = after([materialize_broadcasts], lines)
    assert [text_of(x) for x in found] == [
        "copyto(out, row)", "add(z, out, out=out)",
        "copyto(out, row)", "copyto(t, column)", "add(out, t, out=out)",
        "add(number, z, out=out)",
        "copyto(t_2, column)", "add(z, t_2, out=z)",
        "dot(column, row, out=other)",
    ]  # fmt: skip
    assert [[array.name for array in x.reads] for x in found[:2]] == [["row"], ["z", "out"]]


def test_a_constant_column_and_a_bound_are_spread_before_the_first_call():
    emit, out, z = Emitter(), Array("out", 2, True), Array("z", 2, True)
    column = emit.constant([1.0, 2.0])
    calls = [("add", [z, column]), ("maximum", [0.0, z]), ("minimum", [z, -0.0]), ("add", [z, 1.0])]
    found = after([materialize_broadcasts], [elementwise(f, operands, out) for f, operands in calls], emit=emit)
    assert [text_of(x) for x in found] == [
        "add(z, c_2, out=out)", "maximum(zero, z, out=out)", "minimum(z, c_3, out=out)", "add(z, 1.0, out=out)",
    ]  # fmt: skip
    assert [array.definition for array in emit.definitions[1:]] == [
        "full((2, n), c, dtype)", "full((2, n), 0.0, dtype)", "full((2, n), -0.0, dtype)",
    ]  # fmt: skip


def test_an_array_takes_over_the_memory_of_one_that_is_done_with():
    a, b, c, d = (Array(name, 2, True) for name in "abcd")
    lines = [
        line(a, ""),
        elementwise("exp", [a], b),
        line(c, "", b),
        line(d, "", c, b),
    ]
    code = Code(Emitter(), lines, [], [], [])
    allocate_buffers(code)
    assert code.memory == {a: a, b: a, c: c, d: d}  # only an elementwise statement writes over what it reads


def test_arrays_of_other_shapes_share_nothing():
    a, b, c = Array("a", 2, True), Array("b", 3, True), Array("c", 2, False)
    lines = [line(a, ""), elementwise("exp", [a], b), elementwise("exp", [b], c)]
    code = Code(Emitter(), lines, [], [], [])
    allocate_buffers(code)
    assert code.memory == {a: a, b: b, c: c}


def test_rows_of_inputs_have_the_names_of_their_leaves():
    w, x, t = Value(0.5, "w"), Value(1.0, "x"), Value(2.0, "t")
    source = vectorize((w * x - t) ** 2, [x, t], [w]).source
    assert "x = inputs[0:1]\n" in source
    assert "t = inputs[1:2]\n" in source
    assert "# v2 = v1 - t\n" in source


def test_the_source_of_a_classifier_has_one_cross_entropy():
    mlp = MLP(4, [3], activation="identity", rng=0)
    x, t = leaves(4, "x"), [Value(float(k == 0), f"t{k}") for k in range(3)]
    source = vectorize(softmax_cross_entropy(mlp.forward(x).output, t), x + t, mlp.parameters()).source
    assert [source.count(f"\n    {call}(") for call in ("maximum.reduce", "exp", "log", "divide")] == [1, 1, 1, 1]
