"""The native engine's functions of vectors: near the truth, at the edges as the array rules, on every processor.

A processor without fused multiplication and with the narrowest vectors, which
every x86-64 one can play, stands for all that lack what this one has.

Letters: x, y operands; z result.
"""

import itertools
import math
import platform
import random
import re

import numpy as np
import pytest
from test_accuracy import REFERENCES, arguments, attempt, mp, ordinary, ulps

from autograd import TABLE
from autograd.operations import BUILT_IN
from docs import coefficients

pytest.importorskip("llvmlite", reason="the native engine needs the extra `native`")

from llvmlite import binding

from autograd.lifting.native.arrays import compiler, elementwise, loop
from autograd.lifting.native.functions import FUNCTIONS, LEFT_TO_NUMPY, ROUND
from autograd.lifting.native.vectors import Processor

HOST = Processor.host()
PLAIN = Processor("x86-64", "", 16, False)
PROCESSORS = [HOST, PLAIN] if platform.machine() in ("x86_64", "AMD64") else [HOST]
OF_MANY = {"sum", "dot", "maximum", "minimum", "peak", "logsumexp", "norm"}
EDGES = [0.0, 1e-323, 1e-310, 1e-9, 0.25, 0.5, 1.0, 1.5, 2.0, 2.5, 3.0, 7.0, 800.0, 2.0**52 + 1.0, 2.0**53, 1e17, 1e300]
EDGES = [*EDGES, *[-x for x in EDGES], math.inf, -math.inf, math.nan]


def compiled(name, arity, processor=HOST, element="float64", width=0):
    return elementwise(FUNCTIONS[name], arity, processor, element, width)


def single_ulps(got, true, term):
    """The error in single precision, in ulp; what is beyond it may be infinite."""
    most = float(np.finfo(np.float32).max)
    if abs(true) > most:
        return 0.0 if got == math.copysign(math.inf, true) or abs(got) == most else math.inf
    size = float(max(abs(true), min(abs(term), most)))
    unit = max(2.0 ** (math.frexp(size)[1] - 24), 2.0**-149)
    return float(abs(got - true) / unit) if math.isfinite(got) else math.inf


def test_every_row_has_a_native_function_or_is_said_to_be_left_to_numpy():
    assert FUNCTIONS.keys() | LEFT_TO_NUMPY == BUILT_IN
    assert not FUNCTIONS.keys() & LEFT_TO_NUMPY


@pytest.mark.parametrize("name", sorted(REFERENCES.keys() & FUNCTIONS.keys()))
def test_value_within_4_ulp(name):
    reference, row = REFERENCES[name], TABLE[name]
    points = [xs for xs in arguments(name) if not isinstance(attempt(row, *xs), Exception)][::3]
    exact = [[mp.mpf(x) for x in xs] for xs in points]
    truths = [(reference.value(*xs), reference.term(*xs)) for xs in exact]
    for processor in PROCESSORS:
        with compiled(name, row.arity, processor) as function:
            got = function(*zip(*points, strict=True)).tolist()
        errors = [ulps(z, *truth) for z, truth in zip(got, truths, strict=True)]
        assert max(errors) <= 4.0, (processor.name, points[int(np.argmax(errors))])


@pytest.mark.parametrize("name", sorted(REFERENCES.keys() & FUNCTIONS.keys()))
def test_value_within_4_ulp_of_single_precision(name):
    reference, row = REFERENCES[name], TABLE[name]
    with np.errstate(over="ignore"):
        points = [tuple(np.float32(xs).tolist()) for xs in itertools.islice(arguments(name), 0, None, 6)]
    points = [xs for xs in points if np.isfinite(xs).all() and "-0.0" not in map(str, xs) and reference.domain(*xs)]
    points = [xs for xs in points if not isinstance(attempt(row, *xs), Exception)]
    with compiled(name, row.arity, element="float32") as function:
        got = function(*zip(*points, strict=True)).tolist()
    for z, xs in zip(got, points, strict=True):
        exact = [mp.mpf(x) for x in xs]
        assert single_ulps(z, reference.value(*exact), reference.term(*exact)) <= 4.0, xs


@pytest.mark.parametrize("name", sorted(OF_MANY))
def test_rows_of_many_operands_are_their_array_rules(name):
    rows = np.array([ordinary(33, seed, 3.0) for seed in range(5)])
    for count in (1, 2, 3, 5) if name != "dot" else (2, 3, 4, 5):
        with compiled(name, count) as function:
            got = function(*rows[:count])
        np.testing.assert_allclose(got, TABLE[name].array(rows[:count]), rtol=1e-15, atol=4e-15)


@pytest.mark.parametrize("element", ["float64", "float32"])
@pytest.mark.parametrize("name", sorted(FUNCTIONS.keys() - {"dot"}))
def test_edges_are_those_of_the_array_rule_whatever_the_other_lanes_hold(name, element):
    row = TABLE[name]
    arity = row.arity or 2
    edges = EDGES if arity == 1 else [*EDGES[:-3:arity], *EDGES[-3:]]
    if name == "power_slope":  # a helper, which meets an infinite operand only after another row has
        edges = EDGES[:-3:arity]
    with np.errstate(all="ignore"):
        columns = np.array(list(itertools.product(edges, repeat=arity)), element).T
        z = row.array(columns) if name in OF_MANY else row.array(*columns)
    with compiled(name, arity, element=element) as function:
        got = function(*columns)
    finite = np.isfinite(z)
    if element == "float64":  # in single precision an array rule may overflow on the way
        np.testing.assert_array_equal(np.isfinite(got), finite)
        np.testing.assert_allclose(got[finite], z[finite], rtol=2e-15, atol=1e-307)
    elif name != "power_slope":  # whose array rule rounds y − 1 to single precision, and takes it for whole
        np.testing.assert_allclose(got[finite], z[finite], rtol=2e-6, atol=3e-7)


@pytest.mark.parametrize(
    "name",
    [*("sin", "tan", "asin", "atan", "sinh", "tanh", "asinh", "atanh"), *("cbrt", "erf", "erfinv", "expm1", "log1p")],
)
def test_a_function_that_is_odd_or_nearly_so_at_0_keeps_the_sign_of_0_and_of_the_smallest_floats(name):
    with compiled(name, 1) as function:
        got = function([0.0, -0.0, 5e-324, -5e-324])
    expected = TABLE[name].array(np.array([0.0, -0.0, 5e-324, -5e-324]))
    np.testing.assert_array_max_ulp(got, expected, 1.0)  # a system's own cube root may be a neighbour
    assert np.signbit(got).tolist() == np.signbit(expected).tolist()


@pytest.mark.parametrize("name", ["sin", "cos", "tan"])
def test_an_angle_of_any_number_of_turns_keeps_all_digits(name):
    draw = random.Random(31)
    angles = [math.ldexp(draw.uniform(1.0, 2.0), draw.randint(18, 1023)) for _ in range(400)]
    angles += [6381956970095103.0 * 2.0**797, 2.0**20, math.nextafter(2.0**20, 0.0)]  # the first next to (k + ½) π
    for processor in PROCESSORS:
        with compiled(name, 1, processor) as function:
            got = function([*angles, *[-x for x in angles]]).tolist()
        for x, z in zip([*angles, *[-x for x in angles]], got, strict=True):
            assert ulps(z, REFERENCES[name].value(mp.mpf(x))) <= 2.0, x


@pytest.mark.parametrize("name", ["exp", "pow", "sin", "erfc", "lgamma", "fmod"])
def test_the_width_of_a_vector_changes_no_bit(name):
    columns = [np.array(ordinary(100, seed, 30.0)) for seed in range(TABLE[name].arity)]
    results = []
    for width in (1, 2, 4, 16):
        with compiled(name, len(columns), width=width) as function:
            results.append(function(*columns).tobytes())
    assert len(set(results)) == 1


def test_the_polynomials_are_those_that_the_script_computes():
    assert coefficients.TARGET.read_text(encoding="utf-8") == coefficients.source(), "run python docs/coefficients.py"


@pytest.mark.parametrize(
    ("triple", "processor"),
    [
        ("aarch64-unknown-linux-gnu", Processor("generic", "", 16, True)),
        ("arm64-apple-macosx", Processor("generic", "", 16, True)),
        ("x86_64-pc-windows-msvc", Processor("x86-64-v3", "", 32, True)),
    ],
)
def test_the_code_for_another_system_calls_no_function_of_its_libraries(triple, processor):
    binding.initialize_all_targets()
    binding.initialize_all_asmprinters()
    for name in ("exp", "floor", "fmod", "hypot", "lgamma", "pow", "sin"):
        code = str(loop(FUNCTIONS[name], TABLE[name].arity, processor, triple=triple))
        assembly = compiler(processor, triple).emit_assembly(binding.parse_assembly(code))
        called = re.findall(r"(?:\bbl|\bcallq?)\s+([a-zA-Z_]\w*)|movabsq\s+\$([a-zA-Z_]\w*),", assembly)
        own = {"quarter_turns", "two_over_pi", "_quarter_turns", "_two_over_pi"}  # with _ on macOS
        assert {a or b for a, b in called} <= own | {"__chkstk"}, name  # which LLVM knows on Windows


@pytest.mark.parametrize("element", ["float64", "float32"])
def test_round_of_no_decimals_takes_ties_to_the_even_number(element):
    with np.errstate(over="ignore"):
        numbers = np.array(EDGES, element)
    with elementwise(ROUND, 1, HOST, element) as function:
        got = function(numbers)
    np.testing.assert_array_equal(got, np.rint(numbers))
    assert np.signbit(got[:-1]).tolist() == np.signbit(numbers[:-1]).tolist()
