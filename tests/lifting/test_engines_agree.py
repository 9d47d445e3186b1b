"""Random graphs: every engine gives what the eager graph gives, in double and in single precision.

    python tests/lifting/test_engines_agree.py 10000

runs that many graphs, and says how many were ordinary enough to be compared.
"""

import sys
from itertools import pairwise

import numpy as np
import pytest

from autograd import TABLE, Value, vectorize
from autograd.lifting import engines

# Operations by the number of their operands, but those that jump, where a rounding decides.
ROWS = {
    1: ["neg", "abs", "square", "reciprocal", "exp", "exp2", "expm1", "log", "log2", "log10", "log1p", "sqrt", "cbrt",
        "sin", "cos", "tan", "asin", "acos", "atan", "sinh", "cosh", "tanh", "asinh", "acosh",
        "atanh", "degrees", "radians", "erf", "erfc", "normal_cdf", "log_normal_cdf", "erfinv", "sigmoid",
        "log_sigmoid", "logit", "relu", "elu", "selu", "gelu", "silu", "softplus", "softsign", "hard_sigmoid"],
    2: ["add", "sub", "mul", "div", "pow", "hypot", "atan2", "logaddexp", "leaky_relu"],
    3: ["sum", "maximum", "minimum", "logsumexp", "norm", "clip", "where"],
    5: ["dot"],
}  # fmt: skip
KINKED = {"abs", "relu", "elu", "selu", "hard_sigmoid", "leaky_relu", "maximum", "minimum", "clip", "where", "hypot"}
KINKED |= {"norm", "atan2", "pow", "cbrt"}
MOST = 1e3  # of any number, gradient or local derivative in an ordinary graph
LEAVES = 6


def graph(rng):
    """Return the leaves of a random graph and its end; ValueError or ArithmeticError where it leaves a domain."""
    leaves = [Value(x, f"x{k}") for k, x in enumerate(rng.uniform(-2.0, 2.0, LEAVES))]
    nodes = list(leaves)
    for _ in range(rng.integers(1, 25)):
        arity = int(rng.choice([*ROWS], p=[0.4, 0.4, 0.15, 0.05]))
        row = TABLE[rng.choice(ROWS[arity])]
        # of the latest ten nodes, and now and then a number
        pool = [*nodes[-10:], float(rng.normal())]
        operands = tuple([pool[k] for k in rng.integers(len(pool), size=arity)])
        if all([isinstance(x, float) for x in operands]):
            continue
        nodes.append(row.apply(operands))
    return leaves, nodes[-1] + 0.5 * nodes[-2]


def eager(leaves, end, numbers):
    """Return value and gradient at numbers, and what rounding errors are measured by; None where it is out of bounds.

    That is near a kink or a tie too: what is 10⁻¹⁷ in one engine may be 0 in another.
    """
    try:
        for leaf, x in zip(leaves, numbers, strict=True):
            leaf.data = float(x)
            leaf.grad = 0.0
        end.refresh()
        end.backward()
        size, stack, seen = 1.0, [end], set()
        while stack:
            node = stack.pop()
            if node not in seen:
                seen.add(node)
                stack += node.operands
                partials = node.partials() if node.operands else ()
                size = max(size, *map(abs, (node.data, node.grad, *partials)))
                if node.operation and node.operation.name in KINKED and near(node):
                    return None
    except (ArithmeticError, ValueError, RuntimeError):
        return None
    return ([end.data, *[leaf.grad for leaf in leaves]], size) if size < MOST else None


def near(node):
    """Whether two operands of a node, or one and a number at which it may have a kink, are all but equal."""
    numbers = sorted([0.0, 3.0, -3.0, *[x.data for x in node.operands]])
    return any([b - a < 1e-6 for a, b in pairwise(numbers)])


def compared(seed):
    """Compare the engines on a random graph; return whether it was ordinary enough.

    The leaves are inputs and parameters by chance, the rows as many as may be one after the other, or a block and more.
    """
    rng = np.random.default_rng(seed)
    try:
        leaves, end = graph(rng)
    except (ArithmeticError, ValueError):
        return False
    split, n = rng.integers(LEAVES + 1), int(rng.choice([1, 2, 5, 70]))
    start = np.array([leaf.data for leaf in leaves])
    batch = start + np.where(np.arange(LEAVES) < split, rng.normal(scale=0.01, size=(n, LEAVES)), 0.0)
    rows = [eager(leaves, end, numbers) for numbers in batch]
    if None in rows:
        return False
    expected, size = np.array([row for row, _ in rows]), max([size for _, size in rows])
    kinds = [(name, "float64") for name in ("numpy", "scalar")]
    if engines.is_installed():
        kinds += [("native", "float64"), ("native", "float32")]
    for engine, dtype in [*kinds, ("numpy", "float32")]:
        for leaf, x in zip(leaves, start, strict=True):
            leaf.data = float(x)
        program = vectorize(end, leaves[:split], leaves[split:], engine=engine, dtype=dtype)
        inputs, absolute = batch[:, :split].astype(dtype), {"float64": 1e-12, "float32": 1e-4}[dtype] * size**2
        value, gradient = program.gradient(inputs)
        found = [program.values(inputs), value, *gradient]
        wanted = [expected[:, 0], expected[:, 0].mean(), *expected[:, 1 + split :].mean(axis=0)]
        for a, z in zip(wanted, found, strict=True):
            np.testing.assert_allclose(z, a, rtol=0.0, atol=absolute, err_msg=f"seed {seed}, {engine}, {dtype}")
    return True


@pytest.mark.parametrize("first", range(0, 600, 50))
def test_every_engine_gives_what_the_eager_graph_gives(first):
    assert sum([compared(seed) for seed in range(first, first + 50)]) > 10


if __name__ == "__main__":
    graphs = int(sys.argv[1]) if len(sys.argv) > 1 else 1000
    ordinary, tried = 0, 0
    while ordinary < graphs:
        ordinary, tried = ordinary + compared(tried), tried + 1
    print(f"{ordinary:,} graphs of {tried:,} compared: all engines agree")
