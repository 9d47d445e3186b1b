"""The graph that a page computes: values, gradients and refusals in the browser are those of the eager engine."""

import json
import random
from importlib.resources import files

import pytest
from test_accuracy import attempt

from autograd import TABLE, Value, dot, logsumexp, maximum, topological_order, where
from autograd.conversion import Refusal
from nn import MLP, SGD, sse, train
from viz.pages.javascript import graph_model, rows_text

SCRIPT = files("viz.pages").joinpath("template", "graph.js").read_text(encoding="utf-8")
RUN = """
return arguments[0].map(([model, moved]) => {
  const graph = new Graph(model);
  for (const [i, x] of moved) graph.values[i] = Number(x);
  graph.compute();
  return [[...graph.values].map(String), [...graph.gradients].map(String), Object.fromEntries(graph.errors)];
});
"""
UNARY = ["neg", "abs", "square", "exp", "log", "sqrt", "tanh", "relu", "sigmoid", "reciprocal", "gelu", "atanh", "step"]
BINARY = ["add", "sub", "mul", "div", "pow", "mod", "hypot", "atan2"]


def computed(driver, graphs):
    """Compute graphs with other numbers at their leaves, in the browser; each is a root and (leaf, number) pairs."""
    told = []
    for root, moved in graphs:
        nodes = topological_order(root)
        place = {z: i for i, z in enumerate(nodes)}
        told.append([graph_model(root), [[place[x], repr(number)] for x, number in moved]])
    rows = rows_text(dict.fromkeys(z.operation for root, _ in graphs for z in topological_order(root) if z.operation))
    json.dumps(told, allow_nan=False)
    return driver.execute_script(f'"use strict";\n{rows}\n{SCRIPT}\n{RUN}', told)


def number(text):
    return float(text.replace("Infinity", "inf"))


def eager(root, moved):
    """The nodes of a graph after a forward and a backward pass of the engine at these numbers."""
    nodes = topological_order(root)
    for z in nodes:
        z.zero_grad()
    for x, number in moved:
        x.data = number
    root.refresh()
    root.backward()
    return nodes


def random_graph(seed):
    draw = random.Random(seed)
    leaves = [Value(draw.choice([draw.uniform(-3.0, 3.0), 0.0, 1.0, -1.0]), f"x{k}") for k in range(3)]
    nodes = [*leaves]
    for _ in range(draw.randint(2, 14)):
        x, y, z = (draw.choice(nodes) for _ in range(3))
        choice = draw.randrange(7)
        try:
            if choice < 3:
                nodes.append(TABLE[draw.choice(UNARY)](x))
            elif choice < 5:
                nodes.append(TABLE[draw.choice(BINARY)](x, draw.choice([y, Value(2.0), 3.0, 0.5])))
            elif choice == 5:
                nodes.append(where(TABLE["step"](x), y, z))
            else:
                nodes.append(draw.choice([logsumexp, lambda xs: maximum(*xs), lambda xs: dot(xs, xs[::-1])])([x, y, z]))
        except Refusal:
            continue
    return nodes[-1], leaves


def test_in_random_graphs_the_browser_computes_as_the_engine_does(chromium):
    graphs = []
    for seed in range(300):
        root, leaves = random_graph(seed)
        draw = random.Random(seed + 1000)
        within = set(topological_order(root))
        if root.operation:
            graphs.append((root, [(x, draw.choice([draw.uniform(-3, 3), 0.0, 2.0])) for x in leaves if x in within]))
    refused = 0
    for (root, moved), (values, gradients, errors) in zip(graphs, computed(chromium, graphs), strict=True):
        nodes = attempt(eager, root, moved)
        if isinstance(nodes, Exception):
            refused += 1
            assert any(text.split("(")[0] in str(nodes) for text in errors.values()), (errors, nodes)
            continue
        for z, value, gradient in zip(nodes, values, gradients, strict=True):
            if value != "NaN":  # on a side that is not chosen
                assert number(value) == pytest.approx(z.data, rel=1e-12)
            if not z.constant:
                assert number(gradient) == pytest.approx(z.grad, rel=1e-9, abs=1e-12), (z, root)
    assert 10 < refused < len(graphs) / 2


def test_a_network_computes_in_the_browser_as_in_the_engine(chromium):
    mlp = MLP(3, [4, 4, 2], rng=0)
    record = mlp.forward([1.0, 3.0, 5.0])
    loss = sse(record.output, [1.0, 0.0])
    moved = [(x, x.data + 0.25) for x in [*record.inputs, *mlp.parameters()]]
    [(values, gradients, errors)] = computed(chromium, [(loss, moved)])
    nodes = eager(loss, moved)
    assert errors == {}
    assert [float(x) for x in values] == pytest.approx([z.data for z in nodes], rel=1e-14)
    shown = [(float(x), z.grad) for x, z in zip(gradients, nodes, strict=True) if not z.constant]
    assert [x for x, _ in shown] == pytest.approx([g for _, g in shown], rel=1e-13)


def test_what_cannot_be_computed_is_named_and_leaves_what_depends_on_it_without_a_number(chromium):
    x, y = Value(2.0, "x"), Value(3.0, "y")
    root = (x.log().named("l") * y + y * y).named("root")
    nodes = topological_order(root)
    [(values, gradients, errors)] = computed(chromium, [(root, [(x, -1.0)])])
    without = {z.name for z, value in zip(nodes, values, strict=True) if value == "NaN"}
    assert without == {"l", None, "root"}
    assert set(gradients) == {"NaN"}
    assert errors == {"1": "log(x = -1): log needs x > 0"}


def test_a_derivative_that_cannot_be_computed_is_named_and_only_what_it_reaches_is_without_a_gradient(chromium):
    x, y = Value(1.0, "x"), Value(3.0, "y")
    root = x.sqrt() * y
    nodes = topological_order(root)
    [(values, gradients, errors)] = computed(chromium, [(root, [(x, 0.0)])])
    assert "NaN" not in values
    assert [z.name for z, gradient in zip(nodes, gradients, strict=True) if gradient == "NaN"] == ["x"]
    assert list(errors.values()) == ["the derivative of sqrt(x = 0): sqrt needs x ≥ 0, and x > 0 for a derivative"]


LEARN = """
const [model, parameters, data, rate] = arguments;
const graph = new Graph(model);
const told = [];
for (let k = 0; k < 5; k += 1) {
  told.push(graph.mean(parameters, data).loss);
  graph.descend(parameters, rate, data);
}
return [told, parameters.map((i) => graph.values[i]), parameters.map((i) => [graph.gradients[i], graph.difference(i)])];
"""


def test_descent_in_the_browser_is_that_of_training(chromium):
    X, Y = [[0.0, 1.0], [1.0, 0.5], [-1.0, 2.0]], [[1.0], [0.0], [0.5]]
    mlp = MLP(2, [3, 1], "tanh", rng=0)
    record, target = mlp.forward(X[0]), Value(Y[0][0], "t")
    loss = sse(record.output, [target])
    nodes = {z: i for i, z in enumerate(topological_order(loss))}
    parameters = [nodes[p] for p in mlp.parameters()]
    inputs = [nodes[x] for x in [*record.inputs, target]]
    data = {"inputs": inputs, "samples": [x + y for x, y in zip(X, Y, strict=True)]}
    rows = rows_text(dict.fromkeys(z.operation for z in nodes if z.operation))
    script = f'"use strict";\n{rows}\n{SCRIPT}\n{LEARN}'
    losses, learnt, checked = chromium.execute_script(script, graph_model(loss), parameters, data, 0.3)
    history = train(mlp, X, Y, loss="sse", optimizer=SGD(0.3), epochs=5, batch_size=3, engine="scalar", progress=False)
    assert losses == pytest.approx(history.loss, rel=1e-9)
    assert learnt == pytest.approx([p.data for p in mlp.parameters()], rel=1e-9)
    for gradient, difference in checked:
        assert gradient == pytest.approx(difference["slope"], rel=1e-9, abs=10 * difference["error"])
        assert difference["error"] < 1e-9


def test_a_step_to_a_number_that_is_not_finite_is_not_taken(chromium):
    x = Value(0.0, "x")
    root = x.sqrt()
    rows = rows_text([root.operation])
    run = "const graph = new Graph(arguments[0]); return [graph.descend([0], 1, {}), graph.values[0]]"
    assert chromium.execute_script(f'"use strict";\n{rows}\n{SCRIPT}\n{run}', graph_model(root)) == [False, 0]
