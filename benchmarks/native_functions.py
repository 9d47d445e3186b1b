"""Speed and accuracy of the native engine's functions, one by one, beside NumPy's array rules and the C library.

Each runs over the same 16,384 numbers, ordinary ones for it: as code for this processor in double and in single
precision, as code for one with AVX2 and for any x86-64 one (SSE2), as the row's array rule, and as a loop that calls
the C library's function, where there is one. Each round runs every contender in turn; figures are medians of this
thread's CPU time, in ns for each number. Errors are the largest at the points of the accuracy law (tests/autograd), in
units in the last place, for this processor and for one without fused multiplication.

    pip install -e '.[test]' && python benchmarks/native_functions.py
"""

from __future__ import annotations

import importlib
import sys
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
from llvmlite import ir

from autograd import TABLE
from autograd.lifting.native.arrays import elementwise
from autograd.lifting.native.functions import FUNCTIONS
from autograd.lifting.native.vectors import Processor, Vector

sys.path.append(str(Path(__file__).parents[1] / "tests/autograd"))
accuracy = importlib.import_module("test_accuracy")

COUNT, ROUNDS = 16_384, 15
HOST = Processor.host()
AVX2, SSE2 = Processor("x86-64-v3", "", 32, True), Processor("x86-64", "", 16, False)
RANGES = {
    "exp": (-20, 20), "exp2": (-20, 20), "expm1": (-3, 3), "log": (0.01, 100), "log2": (0.01, 100),
    "log10": (0.01, 100), "log1p": (-0.5, 5), "pow": (0.1, 5), "cbrt": (-9, 9), "hypot": (-9, 9),
    "sin": (-20, 20), "cos": (-20, 20), "tan": (-20, 20), "asin": (-1, 1), "acos": (-1, 1), "atan": (-5, 5),
    "atan2": (-5, 5), "sinh": (-5, 5), "cosh": (-5, 5), "tanh": (-3, 3), "asinh": (-5, 5), "acosh": (1, 9),
    "atanh": (-1, 1), "erf": (-3, 3), "erfc": (-3, 3), "normal_cdf": (-4, 4), "log_normal_cdf": (-9, 4),
    "erfinv": (-1, 1), "sigmoid": (-9, 9), "log_sigmoid": (-9, 9), "softplus": (-9, 9), "silu": (-9, 9),
    "gelu": (-4, 4), "elu": (-4, 4), "logaddexp": (-9, 9), "lgamma": (0.1, 20), "digamma": (0.1, 20), "mod": (0.1, 9),
}  # fmt: skip
IN_C = {"asin", "acos", "atan", "atan2", "cbrt", "cos", "cosh", "erf", "erfc", "exp", "exp2", "expm1", "hypot", "log"}
IN_C |= {"log10", "log1p", "log2", "lgamma", "pow", "sin", "sinh", "tan", "tanh", "asinh", "acosh", "atanh"}


def of_c(name: str) -> Callable[..., Vector]:
    """Return the C library's function as one of vectors of one lane."""

    def call(*xs: Vector) -> Vector:
        lanes, first = xs[0].lanes, ir.IntType(32)(0)
        builder, double = lanes.builder, ir.DoubleType()
        function = ir.Function(builder.module, ir.FunctionType(double, [double] * len(xs)), name)
        z = builder.call(function, [builder.extract_element(x.code, first) for x in xs])
        return Vector(lanes, builder.insert_element(ir.Constant(lanes.type, ir.Undefined), z, first))

    return call


def largest_error(name: str) -> float:
    """Return the largest error in ulp, in double precision."""
    reference, row = accuracy.REFERENCES[name], TABLE[name]
    points = [xs for xs in accuracy.arguments(name) if not isinstance(accuracy.attempt(row, *xs), Exception)]
    exact = [[accuracy.mp.mpf(x) for x in xs] for xs in points]
    truths = [(reference.value(*xs), reference.term(*xs)) for xs in exact]
    worst = 0.0
    for processor in (HOST, SSE2):
        with elementwise(FUNCTIONS[name], len(points[0]), processor) as function:
            got = function(*zip(*points, strict=True)).tolist()
        worst = max(worst, *[accuracy.ulps(z, *truth) for z, truth in zip(got, truths, strict=True)])
    return worst


def times(name: str) -> list[float]:
    """Return the median times of the contenders, in ns for each number; NaN where there is none."""
    row, arity = TABLE[name], TABLE[name].arity or 1
    columns = [np.random.default_rng(i).uniform(*RANGES[name], COUNT) for i in range(arity)]
    single = [column.astype("float32") for column in columns]
    with ExitStack() as stack:

        def native(processor: Processor, element: str = "float64") -> Callable[..., Any]:
            return stack.enter_context(elementwise(FUNCTIONS[name], arity, processor, element))

        contenders: list[tuple[Callable[..., Any], list[Any]]] = [
            (native(HOST), columns), (native(HOST, "float32"), single), (native(AVX2), columns),
            (native(SSE2), columns), (row.array, columns),
        ]  # fmt: skip
        if name in IN_C:
            contenders.append((stack.enter_context(elementwise(of_c(name), arity, HOST, width=1)), columns))
        taken: list[list[int]] = [[] for _ in contenders]
        for _ in range(ROUNDS):
            for (function, operands), record in zip(contenders, taken, strict=True):
                start = time.thread_time_ns()
                function(*operands)
                record.append(time.thread_time_ns() - start)
    return [median(record) / COUNT for record in taken] + [np.nan] * (name not in IN_C)


def main() -> None:
    """Print the table as docs/speed.md quotes it."""
    print(f"{HOST.name}, {HOST.bytes} bytes\n")
    print("| row | error, ulp | double | single | double, AVX2 | double, SSE2 | NumPy | C library |")
    print("|---|" + "--:|" * 7)
    for name in RANGES:
        figures = " | ".join("" if np.isnan(t) else f"{t:.1f}" for t in times(name))
        print(f"| `{name}` | {largest_error(name):.1f} | {figures} |", flush=True)


if __name__ == "__main__":
    main()
