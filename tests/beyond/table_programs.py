"""Every row of the table in a few programs of many outputs, which compile once, and random graphs, for the ways out."""

import functools
import itertools
import random

import numpy as np

from autograd import TABLE, Value, vectorize, where
from autograd.operations import step

POINTS = [0.0, -0.0, 1.0, -1.0, 0.5, -0.5, 2.0, -2.0, 3.0, -3.0, 1e-8, 1e-3, 0.25, 0.75, 8.0, -8.0, 30.0, -30.0, 700.0]
TAILS = [-700.0, -37.0, 37.0, 1e-20, -1e-12, 1e-5, 20.5, 1000.0, 1e5, -1e5]  # for values alone
PLAIN = {"polygamma": (0.0, None), "spherical_bessel": (None, 2.0), "round": (None, 0.0)}  # None is a Value


def graphs(plain=()):
    """The result of every row and its leaves, some of which several rows share; `plain` replaces some of PLAIN."""
    numbers, leaves, found = PLAIN | dict(plain), {}, {}
    for row in TABLE.values():
        places = numbers.get(row.name, [None] * (row.arity or 3))
        for start in (0.3, 1.3):  # where acosh begins
            key = places.count(None), start
            inputs = leaves.setdefault(key, [Value(start + 0.1 * k) for k in range(key[0])])
            given = iter(inputs)
            try:
                found[row.name] = row.apply(tuple([next(given) if x is None else x for x in places])), inputs
            except ValueError:
                continue
            break
    return found


@functools.cache
def of_rows(dtype=np.float64):
    """Programs of some inputs each, and which rows their outputs are."""
    groups = {}
    for name, (output, inputs) in graphs().items():
        groups.setdefault(tuple(map(id, inputs)), (inputs, {}))[1][name] = output
    return [
        (vectorize(list(outputs.values()), inputs, dtype=dtype), list(outputs)) for inputs, outputs in groups.values()
    ]


def program_of(name, dtype=np.float64):
    """The program that has a row, and its place among the outputs."""
    (found,) = [(program, names.index(name)) for program, names in of_rows(dtype) if name in names]
    return found


@functools.cache
def rows_of(program, tails=True):
    """Rows of inputs: all pairs of points, some of the triples, and drawn ones."""
    points, draw, width = POINTS + TAILS * tails, np.random.default_rng(0), len(program._trace.inputs)
    few = list(itertools.product(points, repeat=width)) if width < 3 else draw.choice(points, size=(200, width))
    return np.vstack([few, 2.0 * draw.normal(size=(50, width))])


ONE = ["sin", "tanh", "exp", "sqrt", "log", "abs", "relu", "floor", "erf", "gelu", "softplus", "square", "atan", "sign"]
TWO = ["add", "sub", "mul", "div", "pow", "hypot", "atan2", "maximum", "minimum", "leaky_relu", "mod", "logsumexp"]


def random_graph(seed):
    """A graph of two inputs and two parameters with kinks and choices, and rows of which some are at the kinks."""
    draw = random.Random(seed)
    leaves = [Value(draw.uniform(0.2, 1.8), name) for name in ("x", "y", "v", "w")]
    nodes = leaves.copy()
    while len(nodes) < 24:
        x, y, z = (draw.choice(nodes[-9:]) for _ in range(3))
        kind = draw.random()
        try:
            if kind < 0.4:
                made = TABLE[draw.choice(ONE)].apply((x,))
            elif kind < 0.8:
                made = TABLE[draw.choice(TWO)].apply((x, y))
            else:
                made = where(step(z - draw.choice([0.0, 1.0])), x, y)
        except (ArithmeticError, ValueError):
            continue
        if isinstance(made, Value) and 1e-3 < abs(made.data) < 1e3:
            nodes.append(made)
    X = [[draw.uniform(-2.0, 2.0), draw.choice([0.0, 1.0, draw.uniform(-2.0, 2.0)])] for _ in range(40)]
    return nodes[-1] + nodes[-2] * nodes[-3], leaves, np.array(X)


def agree(ours, theirs, rtol, atol=1e-300):
    """Where the program has a number, the other has it too."""
    known = np.isfinite(ours)
    assert known.any()
    np.testing.assert_allclose(np.where(known, theirs, 0.0), np.where(known, ours, 0.0), rtol=rtol, atol=atol)
