"""Copies and pickles of graphs: however deep, and what was shared stays shared."""

import copy
import pickle

import pytest

from autograd import Constant, Value, dot, exp, maximum, topological_order


def graph():
    w, x = Value(0.5, name="w"), Value(2.0, name="x")
    h = exp(w * x).named("h")
    return w, x, h, h * h + dot([w, x], [x, 3.0], 1.0) + (h + maximum(h, x))


def description(root):
    """Everything that a graph holds, without its nodes' identities."""
    order = topological_order(root)
    place = {node: i for i, node in enumerate(order)}
    return [(type(n), n.data, n.grad, n.name, n.operation, [place[x] for x in n.operands]) for n in order]


COPIES = {
    "deepcopy": copy.deepcopy,
    **{f"pickle {p}": lambda x, p=p: pickle.loads(pickle.dumps(x, p)) for p in range(2, pickle.HIGHEST_PROTOCOL + 1)},
}


@pytest.fixture(params=COPIES, ids=str)
def duplicate(request):
    return COPIES[request.param]


def test_a_copy_holds_the_same_graph_in_new_nodes(duplicate):
    *_, y = graph()
    y.backward()
    new = duplicate(y)
    assert description(new) == description(y)
    assert not set(topological_order(new)) & set(topological_order(y))


def test_a_copy_differentiates_itself(duplicate):
    w, _, _, y = graph()
    new = duplicate(y)
    new_w = next(node for node in topological_order(new) if node.name == "w")
    new.backward()
    assert w.grad == 0.0
    y.backward()
    assert new_w.grad == w.grad != 0.0
    assert new.derivative(new_w).data == y.derivative(w).data
    new_w.data = 7.0
    assert new.refresh().data != y.refresh().data


def test_shared_leaves_stay_shared(duplicate):
    w, x, _, y = graph()
    for roots in ((y, w), (w, y), [y, w, x * w], {"w": w, "y": y}):
        new = duplicate(roots)
        new_y, new_w = (new["y"], new["w"]) if isinstance(new, dict) else sorted(new[:2], key=lambda v: v.name == "w")
        new_y.backward()
        assert new_w.grad == y.derivative(w).data


def test_a_leaf_and_a_constant_are_copied_as_what_they_are(duplicate):
    x = Value(2.0, name="x")
    x.grad = 3.0
    new = duplicate(x)
    assert (type(new), new.data, new.grad, new.name, new.operation, new.operands) == (Value, 2.0, 3.0, "x", None, ())
    new = duplicate(Constant(5.0))
    assert (type(new), new.data, new.grad) == (Constant, 5.0, 0.0)


def test_deepcopy_keeps_interior_nodes_of_several_roots_shared():
    _, _, h, y = graph()
    new_y, new_h = copy.deepcopy([y, h])
    assert any(node is new_h for node in topological_order(new_y))


def test_a_shallow_copy_shares_its_operands():
    x = Value(2.0)
    y = x * 3
    new = copy.copy(y)
    assert new is not y
    assert new.operands[0] is x
    assert new.operation is y.operation
    new.backward()
    assert x.grad == 3.0


@pytest.mark.parametrize("duplicate", [copy.deepcopy, lambda graph: pickle.loads(pickle.dumps(graph))])
def test_graphs_a_hundred_thousand_nodes_deep_are_copied(duplicate):
    x = Value(1.0, name="x")
    y = x
    for _ in range(50_000):
        y = y * 1.0 + x
    new = duplicate((y, x))
    new[0].backward()
    assert (new[0].data, new[1].grad) == (50_001.0, 50_001.0)


def test_many_roots_of_one_graph_are_copied_once():
    x = Value(1.0)
    ys = [x]
    for _ in range(20_000):  # were the graph walked for each root, this would take minutes
        ys.append(ys[-1] + x)
    new = copy.deepcopy(ys)
    assert len(topological_order(*new)) == len(ys)
    assert new[-1].derivative(new[0]).data == 20_001.0


class Weight(Value):
    """A Value of one's own kind."""


def test_a_subclass_is_copied_as_itself(duplicate):
    w = Weight(2.0, name="w")
    new = duplicate(w * w)
    assert type(new.operands[0]) is Weight
    assert new.operands[0] is new.operands[1]


def test_a_pickle_of_a_graph_is_flat_and_small():
    x = Value(1.0)
    y = x
    for _ in range(1000):
        y = y * x
    assert len(pickle.dumps(y)) < 60 * 1000
