"""Worked solutions: every number of the documents stands in them, and every line of them is true."""

from __future__ import annotations

import copy
import math
import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from test_nn_golden import ARNOLD, ETA, HANDOUT, MISLEY, arnold_network, backward, handout_network, misley_network

from autograd import TABLE, Value, dot, exp, log, log1p, logsumexp, mean, parse, square, tanh
from autograd import sum as total
from nn import MLP, SGD, Record, binary_cross_entropy, cross_entropy, half_sse, huber, mae, mse, sse, train
from nn.losses import LOSSES
from viz import derivation
from viz.solutions.losses import KnownLoss, known_loss
from viz.solutions.notations import CONVENTIONS
from viz.text.labels import number

TARGETS: dict[str, Any] = {
    "hinge": [1, -1],
    "binary_cross_entropy": [1, 0.3],
    "binary_cross_entropy_with_logits": [1, 0.3],
    "cross_entropy": 1,
    "softmax_cross_entropy": 0,
}
OUTPUTS = {
    "cross_entropy": "softmax",
    "softmax_cross_entropy": "identity",
    "binary_cross_entropy_with_logits": "identity",
}


def solved(name: str, *, hidden: tuple[int, ...] = (3,), activation: str = "sigmoid", **options: Any) -> Any:
    """A record and its loss, after backward()."""
    mlp = MLP(2, [*hidden, 2], activation, output=OUTPUTS.get(name, "sigmoid"), rng=1, **options)
    record = mlp.forward([0.5, -1.25])
    loss = LOSSES[name](record.output, TARGETS.get(name, [0.5, 1.0]))
    loss.backward()
    return record, loss


def equations(text: str) -> list[list[str]]:
    """The equations of a solution, each a list of its sides; what goes over several lines is joined."""
    found: list[list[str]] = []
    for line in re.sub(r"\n +([+−] )", r" \1", text).splitlines():  # what is folded is joined
        if not line.startswith("  ") or " = " not in line:
            continue
        left, *sides = [side.strip() for side in line.split(" = ")]
        if left:
            found.append([left, *sides])
        else:
            found[-1] += sides
    return found


def evaluated(side: str) -> float:
    """The number of a side; NaN where a letter stands for one."""
    line = re.sub(r"\[([^\]]*) > 0\]", r"step(\1)", side)
    for sign, python in (("−", "-"), ("·", "*"), ("²", "**2"), ("³", "**3"), ("^", "**")):
        line = line.replace(sign, python)
    letters = re.findall(r"(?<![\w.])[^\W\d]\w*(?!\w*\()", line)
    return math.nan if letters else float(parse(line)[0].data)


def check_every_line(text: str) -> int:
    """Let the numbers of every equation give its result; return how many were looked at."""
    looked = 0
    for sides in equations(text):
        numbers, result = sides[-2], sides[-1]
        if len(sides) > 2 and "…" not in numbers and not math.isnan(of_numbers := evaluated(numbers)):
            looked += 1
            assert of_numbers == pytest.approx(evaluated(result), rel=1e-9, abs=1e-12), sides
    return looked


def flat(numbers: Any) -> list[float]:
    return [float(x) for x in np.ravel(np.concatenate([np.ravel(x) for x in numbers]))]


def check_all_stand(text: str, numbers: Any, digits: int) -> None:
    missing = [x for x in flat(numbers) if not re.search(rf"(?<![\d.]){re.escape(number(abs(x), digits))}(?!\d)", text)]
    assert not missing


# The documents --------------------------------------------------------------------------------------------------------


def test_every_number_of_the_handout_s_step_stands_in_it() -> None:
    record, loss = backward(handout_network(), [1, 3, 5], [1])
    text = str(derivation(record, loss=loss, learning_rate=ETA, convention="handout", digits=8))
    names = "z_h h z_o yhat C sigma_prime_h sigma_prime_o delta_o_handout delta_h_handout_sign_true dC_dyhat"
    check_all_stand(text, [HANDOUT[name] for name in f"{names} dC_dw_out dC_dw_in".split()], 8)
    step = HANDOUT["step_correct"]
    check_all_stand(text, [step["weight_change_out"], step["weight_change_in"]], 8)
    updates = [sides for sides in equations(text) if "←" in sides[0]]
    new = [evaluated(sides[-1]) for sides in updates]
    assert new == pytest.approx(flat([step["w_out_new"], step["w_in_new"]]), rel=1e-7)
    assert "δ_h₁ = −∂C/∂h₁·∂h₁/∂net_h₁" in text
    assert "−∂C/∂h₁ = w_h₁o·δ_o = 0.8·0.19462419 = 0.15569935" in text


def test_every_number_of_misley_s_network_stands_in_it() -> None:
    record, loss = backward(misley_network(), MISLEY["inputs"]["x"], [1, 0], half_sse)
    text = str(derivation(record, loss=loss, convention="misley", digits=8))
    case = MISLEY["targets"]["y_1_0"]["backward"]
    check_all_stand(text, [*MISLEY["forward"].values(), *(case[name] for name in case if name != "dE_dx")], 8)
    assert "h⁽¹⁾₁ = x₁·w⁽¹⁾₁₁ + x₂·w⁽¹⁾₂₁ + x₃·w⁽¹⁾₃₁" in text


@pytest.mark.parametrize("row", range(4))
def test_every_number_of_arnold_s_batch_stands_in_its_rows(row: int) -> None:
    """Each row's share of the mean; W and b come from all four."""
    mlp, n = arnold_network(), 4
    record = mlp.forward(ARNOLD["inputs"]["x"][row])
    loss = cross_entropy(record.output, ARNOLD["inputs"]["y_t"][row]) / n
    loss.backward()
    text = str(derivation(record, loss=loss, learning_rate=0.1, convention="arnold", digits=8))
    check_all_stand(text, [ARNOLD[name][row] for name in ["r", "h", "score", "y", "dscore", "dh", "dr"]], 8)
    check_all_stand(text, [[ARNOLD["L_i"][row] / n]], 8)
    assert "dscore₁ = (y₁ − 1(ŷ=1)) / 4" in text


@pytest.mark.parametrize("convention", CONVENTIONS)
def test_the_updates_are_those_of_training(convention: str) -> None:
    record, loss = solved("mse")
    text = str(derivation(record, loss=loss, learning_rate=0.5, convention=convention, digits=17))
    new = [evaluated(sides[-1]) for sides in equations(text) if "←" in sides[0]]
    optimizer = SGD(0.5)
    train(record.mlp, [[0.5, -1.25]], [[0.5, 1.0]], loss="mse", optimizer=optimizer, epochs=1, progress=False)
    after = [p.data for layer in reversed(record.mlp.layers) for p in layer.parameters()]
    assert new == pytest.approx(after, rel=1e-9)


# Every line is true ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("convention", CONVENTIONS)
@pytest.mark.parametrize("name", LOSSES)
def test_the_numbers_of_every_line_give_its_result(name: str, convention: str) -> None:
    record, loss = solved(name, hidden=(3, 2))
    text = str(derivation(record, loss=loss, learning_rate=0.1, convention=convention, digits=17))
    assert check_every_line(text) > 60


@pytest.mark.parametrize("convention", ["gradient", "handout"])
@pytest.mark.parametrize("of_net_inputs", [True, False])
@pytest.mark.parametrize("output", ["sigmoid", "identity", "softmax", ["identity", "sigmoid"]])
@pytest.mark.parametrize("name", LOSSES)
def test_so_they_do_where_loss_and_output_do_not_belong_together(
    name: str, output: Any, of_net_inputs: bool, convention: str
) -> None:
    record = MLP.from_weights([[[0.2, 0.4]], [[0.5, 0.9], [0.3, 0.2]]], output=output).forward([0.7])
    loss = LOSSES[name](record.net_inputs[-1] if of_net_inputs else record.output, TARGETS.get(name, [0.5, 1.0])) / 2
    loss.backward()
    assert check_every_line(str(derivation(record, loss=loss, convention=convention, digits=17))) > 10


@pytest.mark.parametrize("activation", [name for name, row in TABLE.items() if row.arity == 1] + ["leaky_relu"])
def test_so_they_do_with_every_activation(activation: str) -> None:
    mlp = MLP.from_weights([[[0.3, 0.25]], [[1.5], [-0.7]]], activation=activation, output="identity")
    shift = 1.0 if activation == "acosh" else 0.0
    record = mlp.forward([1.1 + 4.0 * shift])
    loss = sse(record.output, [0.5])
    loss.backward()
    assert check_every_line(str(derivation(record, loss=loss, learning_rate=0.1, digits=17))) > 10


@pytest.mark.parametrize("hidden", [(2,), (2, 3), (3, 2, 2)])
@pytest.mark.parametrize("bias", [True, False])
def test_a_fused_and_an_expanded_network_have_the_same_solution(hidden: tuple[int, ...], bias: bool) -> None:
    both = []
    for expanded in (True, False):
        record, loss = solved("half_sse", hidden=hidden, activation="tanh", bias=bias, expanded=expanded)
        both.append(derivation(record, loss=loss, learning_rate=0.1).markdown())
    assert both[0] == both[1]
    assert ("b_{1}^{(1)}" in both[0]) == bias


PROBABILITIES = ("cross_entropy", "binary_cross_entropy")  # what these losses take


@pytest.mark.parametrize(
    ("name", "of_net_inputs"),
    [(name, z) for name in LOSSES for z in (False, True) if not (z and name in PROBABILITIES)],
)
@pytest.mark.parametrize("divisor", [1, 4])
def test_a_loss_is_known_by_its_graph(name: str, of_net_inputs: bool, divisor: int) -> None:
    record = MLP(2, [3, 3], output="sigmoid", rng=0).forward([1, 2])
    target: Any = TARGETS.get(name, [0.5, 1.0])
    targets = [*target, 1] if isinstance(target, list) else [float(k == target) for k in range(3)]
    of = record.net_inputs[-1] if of_net_inputs else record.output
    loss = LOSSES[name](of, targets if isinstance(target, list) else target)
    known = known_loss(loss / divisor if divisor > 1 else loss, record)
    assert known is not None
    assert (known.name, known.of_net_inputs, known.targets, known.divisor) == (name, of_net_inputs, targets, divisor)


@pytest.mark.parametrize("name", LOSSES)
def test_so_it_is_after_a_copy_and_a_refresh(name: str) -> None:
    record, loss = solved(name)
    known = known_loss(loss, record)
    assert known
    copied, its_loss = copy.deepcopy((record, loss))
    assert known_loss(its_loss, copied) == known
    record.mlp.parameters()[0].data += 0.1
    assert known_loss(loss.refresh(), record) == known


def test_so_it_is_where_the_target_is_a_value_that_is_assigned_later() -> None:
    record = MLP(2, [1], rng=0).forward([1, 2])
    target = Value(0.25, "t")
    loss = binary_cross_entropy(record.output, [target])
    target.data = 0.75
    assert known_loss(loss.refresh(), record) == KnownLoss("binary_cross_entropy", False, [0.75])


def test_so_it_is_where_it_is_written_by_hand() -> None:
    record = MLP(2, [2], rng=0).forward([1, 2])
    a, b = record.output
    assert known_loss(total([square(a - 0.5), square(b - 1)]), record) == KnownLoss("sse", False, [0.5, 1.0])
    assert known_loss(0.5 * square(a - 0.5) / 4, MLP(2, [2], rng=0).forward([1, 2])) is None


@pytest.mark.parametrize(
    "changed",
    [
        lambda a, b: 1 / sse([a, b], [1, 0]),
        lambda a, b: sse([a, b], [1, 0]) + 1,
        lambda a, b: exp(sse([a, b], [1, 0])),
        lambda a, b: sse([b, a], [1, 0]),
        lambda a, b: sse([a], [1]),
        lambda a, b: mae([a, b], [1, 0]) * 2,
        lambda a, b: total([abs(a - 1), abs(b)]),
        lambda a, b: huber([a, b], [1, 0], delta=2.0),
        lambda a, b: binary_cross_entropy([a, a], [1, 0]),
        lambda a, b: mean([-(0.3 * log(x) + 0.6 * log1p(-x)) for x in (a, b)]),
        lambda a, b: logsumexp([b, a]) - a,
        lambda a, b: logsumexp([a, b]) - dot([1.0, 1.0], [a, b]),
        lambda a, b: square(a - 1) + square(a - 1),
    ],
)
def test_what_differs_from_a_loss_is_not_called_one(changed: Callable[[Value, Value], Value]) -> None:
    record = MLP(2, [2], rng=0).forward([1, 2])
    loss = changed(*record.output)
    loss.backward()
    known = known_loss(loss, record)
    assert known is None or known.divisor == 0.5
    assert check_every_line(str(derivation(record, loss=loss, learning_rate=0.1, digits=17))) > 3


def test_a_one_hot_target_and_its_class_are_the_same() -> None:
    texts = []
    for target in (1, [0, 1, 0]):
        record = MLP(2, [3], output="softmax", rng=0).forward([1, 2])
        loss = cross_entropy(record.output, target)
        loss.backward()
        texts.append(str(derivation(record, loss=loss)))
    assert texts[0] == texts[1]


def test_a_softmax_under_another_loss_takes_every_output() -> None:
    record = MLP(2, [3], output="softmax", rng=0).forward([1, 2])
    loss = sse(record.output, [1, 0, 0])
    loss.backward()
    text = str(derivation(record, loss=loss, digits=17))
    assert "s = a⁽¹⁾₁·∂C/∂a⁽¹⁾₁ + " in text
    check_every_line(text)


def test_a_loss_of_one_s_own_is_written_as_its_graph_says() -> None:
    record = MLP(2, [2], output="tanh", rng=0).forward([1, 2])
    loss = exp(record.output[0] * record.output[1]) * 3
    loss.backward()
    text = str(derivation(record, loss=loss, digits=17))
    assert "C = exp(a⁽¹⁾₁·a⁽¹⁾₂)·3" in text
    check_every_line(text)


def test_without_the_loss_it_says_what_it_does_not_know() -> None:
    record, loss = solved("sse")
    text = str(derivation(record))
    assert "The loss was not given" in text
    assert "Updates" not in text
    assert text.count("δ⁽²⁾₁ = ∂C/∂a⁽²⁾₁·∂a⁽²⁾₁/∂z⁽²⁾₁") == 1
    assert str(derivation(record, loss=loss)).split("4. Gradients")[1] == text.split("4. Gradients")[1]


def test_the_headings_count_layers_as_the_convention_does() -> None:
    record, loss = solved("sse")
    titles = {c: [s.title for s in derivation(record, loss=loss, convention=c).sections] for c in CONVENTIONS}
    assert "Layer 3, the output (sigmoid)" in titles["nielsen"]
    assert "Layer 2, the output (sigmoid)" in titles["misley"]


@pytest.mark.parametrize("convention", CONVENTIONS)
def test_no_line_is_wider_than_a_terminal(convention: str) -> None:
    record = MLP(6, [6, 6], rng=0).forward([0.1, -0.2, 0.3, -0.4, 0.5, -0.6])
    loss = binary_cross_entropy(record.output, [1, 0, 0.5, 1, 0, 0.5])
    loss.backward()
    solution = derivation(record, loss=loss, learning_rate=0.1, convention=convention)
    assert max(map(len, str(solution).splitlines())) <= 90
    assert r"&\quad + " in solution.markdown()


def test_a_long_loss_is_taken_output_by_output() -> None:
    record, loss = solved("binary_cross_entropy")
    text = str(derivation(record, loss=loss))
    assert "C₁ = −(y₁·log(a⁽²⁾₁) + (1 − y₁)·log(1 − a⁽²⁾₁))" in text
    assert "C = (C₁ + C₂) / 2 = " in text
    assert "∂C/∂a⁽²⁾₁ = (a⁽²⁾₁ − y₁) / (2·a⁽²⁾₁·(1 − a⁽²⁾₁))" in text


def test_a_name_is_no_markup() -> None:
    solution = derivation((Value(2.0, "x") * 3).named("*y* $$ <b>"))
    assert solution.markdown().splitlines()[0] == (
        r"# Worked solution of $\text{“}\ast\text{y}\ast\text{ }\text{＄}\text{＄}\text{ }{<}\text{b}{>}\text{”}$"
    )
    assert str(solution).splitlines()[0] == "Worked solution of “*y* $$ <b>”"


def test_the_largest_numbers_have_a_solution() -> None:
    record = MLP.from_weights([[[-0.9], [-0.8]], [[1.0]]], activation="relu").forward([1e308, 1e308])
    loss = sse(record.output, [1])
    loss.backward()
    assert "z⁽¹⁾₁ = w⁽¹⁾₁₁·x₁ + w⁽¹⁾₂₁·x₂ = −0.9·1e308 − 0.8·1e308 = −1.7e308" in str(derivation(record, loss=loss))


def test_a_wide_network_is_abbreviated() -> None:
    mlp = MLP(300, [200, 50], rng=0)
    record = mlp.forward(list(np.linspace(-1, 1, 300)))
    loss = mse(record.output, [0.5] * 50)
    loss.backward()
    solution = derivation(record, loss=loss, learning_rate=0.1)
    assert len(str(solution)) < 25_000
    assert "… 196 more" in str(solution)
    assert r"\vdots" in solution.markdown()


def test_gradients_of_several_passes_are_named() -> None:
    record, loss = solved("sse")
    again = sse(record.mlp.forward([1, 1]).output, [0, 0])
    again.backward()
    assert "of this example alone" in str(derivation(record, loss=loss))


# Any expression -------------------------------------------------------------------------------------------------------


def test_an_expression_goes_forward_and_back() -> None:
    value, leaves = parse("sigmoid(w*x + b) * x / (1 + x**2)", w=0.5, x=2, b=1)
    text = str(derivation(value, digits=17))
    assert check_every_line(text) > 12
    assert "dy/dx = dy/du₅·∂u₅/∂x + dy/du₄·∂u₄/∂x + dy/du₁·∂u₁/∂x" in text
    value.backward()
    gradients = {sides[0]: evaluated(sides[-1]) for sides in equations(text.split("Gradient\n")[-1])}
    assert gradients == pytest.approx({f"dy/d{name}": leaf.grad for name, leaf in leaves.items()}, rel=1e-12)


@pytest.mark.parametrize("name", [name for name, row in TABLE.items() if row.arity == 1])
def test_so_it_does_with_every_operation(name: str) -> None:
    x = Value(1.5 if name == "acosh" else 0.5, "x")
    y = (TABLE[name](x * 1.0) * x).named("y")
    check_every_line(str(derivation(y, digits=17)))
    assert x.grad == 0.0  # it reads the graph alone


@pytest.mark.parametrize(
    "text", ["x**3", "x**0.5", "2**x", "x**y", "hypot(x, y)", "atan2(y, x)", "x % y", "clip(x, y, 3)"]
)
def test_so_it_does_with_operations_on_two(text: str) -> None:
    value, _ = parse(text + "* x", **{name: 1.25 for name in "xy" if name in text.replace("exp", "")})
    assert check_every_line(str(derivation(value, digits=17))) > 1


def test_one_value_twice_in_an_operation_is_one_derivative() -> None:
    x = Value(3.0, "x")
    text = str(derivation((x * x).named("y")))
    assert "∂y/∂x = x + x = 3 + 3 = 6" in text


def test_intermediate_names_keep_clear_of_the_caller_s() -> None:
    u1, x = Value(2.0, "u1"), Value(3.0, "x")
    text = str(derivation(tanh(u1 * x) + 1))
    assert "u₂ = u₁·x = 2·3 = 6" in text


def test_a_long_sum_is_abbreviated() -> None:
    text = str(derivation(total([Value(float(i), f"x{i}") for i in range(12)])))
    assert "y = x₀ + x₁ + x₂ + … + x₁₁ = 0 + 1 + 2 + … + 11 = 66" in text


# What is refused ------------------------------------------------------------------------------------------------------


def test_what_is_missing_is_named_with_its_remedy() -> None:
    record = MLP(2, [2, 1], rng=0).forward([1, 2])
    loss = sse(record.output, [1])
    with pytest.raises(ValueError, match=r"call backward\(\) on the loss first"):
        derivation(record)
    with pytest.raises(ValueError, match=r"call loss.backward\(\) first"):
        derivation(record, loss=loss)
    (0.5 * loss).backward()
    with pytest.raises(ValueError, match=r"gradient 0.5, not 1: give the Value that backward\(\) was called on"):
        derivation(record, loss=loss)
    loss.backward()
    for wrong, message in (
        ({"convention": "hansen"}, "choose one of gradient, handout, arnold, misley, nielsen"),
        ({"learning_rate": -1.0}, "it must be a positive number"),
        ({"digits": 0}, "it must be a whole number from 1 to 17"),
        ({"digits": 4.5}, "digits is 4.5; it must be a whole number from 1 to 17"),
        ({"loss": Value(1.0)}, "was not computed from this record's output"),
    ):
        with pytest.raises(ValueError, match=message):
            derivation(record, **wrong)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="backward"):
        derivation(record, loss=1.0)  # type: ignore[arg-type]
    record.mlp.parameters()[0].data += 0.1
    with pytest.raises(ValueError, match="weights have changed since"):
        derivation(record, loss=loss)


def test_a_loss_that_reads_a_hidden_neuron_is_derived_as_a_value() -> None:
    record = MLP(2, [2, 1], rng=0).forward([1, 2])
    loss = (sse(record.output, [1]) + 0.1 * record.activations[0][1] ** 2).named("loss")
    loss.backward()
    with pytest.raises(ValueError, match=r"derive the loss itself with derivation\(loss\)"):
        derivation(record, loss=loss)
    assert check_every_line(str(derivation(loss, digits=17))) > 10


def test_a_notebook_shows_markdown_whose_blocks_are_closed() -> None:
    record, loss = solved("softmax_cross_entropy")
    solution = derivation(record, loss=loss)
    page = solution.markdown()
    assert solution._repr_markdown_() == page
    assert page.count("$$\n\\begin{aligned}") == page.count("\\end{aligned}\n$$") == page.count("$$") / 2
    assert "\\phantom{\\Bigg|} \\\\\n" in page
    assert "\\frac{e^{z_{1}^{(2)}}}" in page


def test_what_is_for_a_record_is_refused_with_a_value() -> None:
    with pytest.raises(TypeError, match="are for a record"):
        derivation(Value(1.0), learning_rate=0.1)
    with pytest.raises(TypeError, match="takes a record"):
        derivation(3.0)  # type: ignore[arg-type]
    x = Value(1.0)
    for _ in range(101):
        x = x + 1.0
    with pytest.raises(ValueError, match="more than 100 nodes: derive a part of it"):
        derivation(x)


def batch_of_two() -> tuple[Value, list[Record]]:
    mlp = MLP.from_weights([[[0.5, -0.4], [1.2, 0.3]], [[0.8], [-1.2]]])
    records = [mlp.forward(x) for x in ([1, 3], [2, -1])]
    loss = 0.5 * (sse(records[0].output, [1]) + sse(records[1].output, [0]))
    loss.backward()
    return loss, records


@pytest.mark.parametrize("convention", ["gradient", "handout", "arnold", "misley", "nielsen"])
def test_a_batch_is_derived_as_sums_over_its_examples(convention):
    loss, records = batch_of_two()
    text = str(derivation(records, loss=loss, learning_rate=0.1, convention=convention))
    sign = -1.0 if convention == "handout" else 1.0
    mlp = records[0].mlp
    for W in mlp.gradients():
        for gradient in W.ravel():
            assert f"= {sign * gradient:.4g}".replace("-", "−") in text
    assert text.index("Example 1: deltas") < text.index("Example 2: forward pass") < text.index("Gradients: sums over")
    assert text.count("Σ") == len(mlp.parameters())
    assert "on 2 examples" in derivation(records).markdown()


def test_what_is_no_batch_is_refused():
    _, records = batch_of_two()
    for wrong, keywords, message in (
        (records[:1], {}, "1 records; give 2 to 6"),
        ([records[0], batch_of_two()[1][0]], {}, "different networks"),
        ([records[0], records[0].mlp.forward([1, 2])], {}, "no gradient has reached record 2"),
        (records, {"loss": Value(1.0)}, "the loss has the gradient 0.0, not 1"),
    ):
        with pytest.raises(ValueError, match=message):
            derivation(wrong, **keywords)
