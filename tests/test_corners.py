"""The page of corners says what the engine answers, and what the libraries answer that are installed."""

import importlib.util
import subprocess
import sys

import mpmath
import pytest

import autograd
from autograd.operations import BUILT_IN
from docs import corner_peers, corners

CORNERS = {corner_peers.name(corner): corner for corner in corner_peers.corners()}
EXACT = [name for name, corner in CORNERS.items() if corner["why"].startswith("exact")]
SMOOTH = {
    *("add", "sub", "mul", "neg", "identity", "square", "sum", "dot", "degrees", "radians"),
    *("exp2", "log2", "log10", "sin", "cos", "tan", "atan", "sinh", "cosh", "asinh"),
}
HELPERS = {  # rows that are there for the derivatives of others
    *("gaussian", "normal_pdf", "spherical_bessel", "power_slope", "power_log", "direction", "inversion"),
    *("sech_squared", "erfinv_slope", "inverse_mills", "inverse_mills_slope", "softmax_share"),
    *("equal", "greater", "peak", "branch_taken"),
}
OPERATORS = {"div": "/", "floordiv": "//", "mod": "%", "pow": "**", "reciprocal": "1 / x"}


def test_the_page_of_corners_is_what_its_script_prints():
    page = (corners.HERE / "corners.md").read_text(encoding="utf-8")
    assert page == corners.page(), "run python docs/corners.py"


def test_no_corner_stands_twice():
    assert len(CORNERS) == len(corner_peers.corners())


@pytest.mark.parametrize("name", sorted(BUILT_IN & set(autograd.__all__) - SMOOTH - HELPERS))
def test_every_row_that_has_a_corner_is_on_the_page(name):
    text = OPERATORS.get(name, f"{name}(")
    assert any(text in corner["f"] for corner in CORNERS.values())


def test_every_library_has_a_cell_at_every_corner():
    columns = corner_peers.kept()
    assert list(columns) == list(corner_peers.LIBRARIES)
    for library, column in columns.items():
        assert list(column["cells"]) == list(CORNERS), f"run docs/corner_peers.py '{library}' --keep"


@pytest.mark.parametrize(
    ("library", "module"), [("PyTorch", "torch"), ("JAX", "jax"), ("CasADi", "casadi"), ("TensorFlow", "tensorflow")]
)
def test_an_installed_library_answers_what_the_page_says(library, module, tmp_path):
    if not importlib.util.find_spec(module):
        pytest.skip(f"{library} is not installed")
    then = corner_peers.kept()[library]["version"]
    now = corner_peers.version(corner_peers.LIBRARIES[library][0])
    if now != then:
        pytest.skip(f"{library} {now} is installed, and the page speaks of {then}")
    command = [sys.executable, corner_peers.__file__, library]  # a process of its own: JAX is set to double precision
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, encoding="utf-8", check=False)
    assert done.returncode == 0, done.stderr


def test_the_engine_has_the_function_of_every_corner():
    assert [name for name, corner in CORNERS.items() if corners.engine(corner) is None] == []


# Where there is one right answer --------------------------------------------------------------------------------------


def normal_cdf(x):
    return mpmath.erfc(-x / mpmath.sqrt(2)) / 2


def logsumexp(xs):
    return mpmath.log(mpmath.fsum(map(mpmath.exp, xs)))


TRUTH = vars(mpmath) | {
    "elu": mpmath.expm1,  # left of 0
    "gelu": lambda x: x * normal_cdf(x),
    "log_normal_cdf": lambda x: mpmath.log(normal_cdf(x)),
    "log_sigmoid": lambda x: -mpmath.log1p(mpmath.exp(-x)),
    "logaddexp": lambda *xs: logsumexp(xs),
    "logsumexp": logsumexp,
    "norm": lambda xs: mpmath.hypot(*xs),
    "normal_cdf": normal_cdf,
    "polygamma": mpmath.psi,
    "sigmoid": lambda x: 1 / (1 + mpmath.exp(-x)),
    "silu": lambda x: x / (1 + mpmath.exp(-x)),
    "sinc": mpmath.sincpi,
    "softmax": lambda xs: [mpmath.exp(x - logsumexp(xs)) for x in xs],
    "softplus": lambda x: mpmath.log1p(mpmath.exp(x)),
}


def true_derivative(f, xs, i, order):
    """The central difference, of a step so small that its error does not matter."""
    with mpmath.workdps(600):
        h = mpmath.mpf(10) ** -50
        at = [f(*[x + k * h * (j == i) for j, x in enumerate(map(mpmath.mpf, xs))]) for k in (-1, 0, 1)]
        return (at[2] - at[0]) / (2 * h) if order == 1 else (at[2] - 2 * at[1] + at[0]) / h**2


@pytest.mark.parametrize("name", EXACT)
def test_what_is_called_exact_is_exact(name):
    corner = CORNERS[name]
    assert corner_peers.agree(corners.engine(corner), corner_peers.answer(corner, TRUTH, true_derivative))
