"""Curves fitted to data: NIST's certified problems by least squares, with the program's Jacobian and without.

SciPy's `least_squares` takes derivatives by finite differences where it is given none. On Hahn1, seven parameters of
which the last is of the size 1e−7, these are too coarse: two digits of the answer are right. The program's Jacobian has
the derivatives of each row to rounding: ten of the eleven digits that NIST certifies are right, in a fiftieth of the
calls.

The files are those of NIST, with the sources of the data in their headers: Statistical Reference Datasets, Nonlinear
Regression, https://www.itl.nist.gov/div898/strd/nls/nls_main.shtml. All fits begin at their start 1, far away.

    python examples/fitting.py [folder for the plot]
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray
from scipy.optimize import least_squares

from autograd import Program, Value, exp, vectorize
from nn.console import use_utf8

Array = NDArray[np.float64]
NIST = Path(__file__).parent / "nist"
MODELS: dict[str, Callable[..., Any]] = {
    "Hahn1": lambda x, b1, b2, b3, b4, b5, b6, b7: (
        (b1 + b2 * x + b3 * x**2 + b4 * x**3) / (1 + b5 * x + b6 * x**2 + b7 * x**3)
    ),
    "BoxBOD": lambda x, b1, b2: b1 * (1 - exp(-b2 * x)),
    "MGH17": lambda x, b1, b2, b3, b4, b5: b1 + b2 * exp(-x * b4) + b3 * exp(-x * b5),
}


class Problem(NamedTuple):
    """One of NIST's files: the columns y, x; start 1, and the certified parameters and their standard deviations."""

    data: Array
    start: Array
    certified: Array
    deviations: Array


class Fit(NamedTuple):
    """The parameters, the Jacobian there, and how often the residuals were computed."""

    parameters: Array
    jacobian: Array
    calls: int


def read(name: str) -> Problem:
    """Read one of NIST's files."""
    header, _, table = (NIST / f"{name}.dat").read_text(encoding="ascii").rpartition("Data:")
    rows = np.array([line.split() for line in table.splitlines()[1:] if line.strip()], float)
    start, _, certified, deviations = np.array(re.findall(r"b\d+ =" + r"\s+(\S+)" * 4, header), float).T
    return Problem(rows, start, certified, deviations)


def residuals_of(name: str) -> Program:
    """Lift the residual of a model: inputs y and x, as in the files, and one parameter for each b."""
    y, x = Value(1.0, "y"), Value(1.0, "x")
    b = [Value(1.0, f"b{k}") for k in range(1, len(read(name).start) + 1)]
    return vectorize(MODELS[name](x, *b) - y, inputs=[y, x], parameters=b)


def fit(program: Program, data: Array, start: Array, derivatives: str) -> Fit:
    """Fit with Levenberg and Marquardt's method; derivatives: "program", or "2-point" for finite differences."""
    calls = 0

    def residuals(b: Array) -> Array:
        nonlocal calls
        calls += 1
        program.parameters = b
        return program.values(data, check_finite=False)  # inf where a step went too far: then a shorter one is tried

    def jacobian(b: Array) -> Array:
        program.parameters = b
        return program.jacobian(data)

    tight = {"xtol": 1e-15, "ftol": 1e-15, "gtol": 1e-15}
    jac: Any = jacobian if derivatives == "program" else derivatives
    found = least_squares(residuals, start, jac=jac, method="lm", x_scale=1.0, max_nfev=5000, **tight)
    return Fit(found.x, jacobian(found.x), calls)


def right_digits(found: Array, certified: Array) -> float:
    """Return how many digits are right, of the parameter that has the fewest; NIST certifies 11."""
    return float(-np.log10(max(np.max(np.abs(found / certified - 1.0)), 1e-11)))


def standard_deviations(program: Program, data: Array, fitted: Fit) -> Array:
    """Return the parameters' standard deviations, from s² (JᵀJ)⁻¹, by the triangular factor of J."""
    program.parameters = fitted.parameters
    residuals = program.values(data)
    inverse = np.linalg.inv(np.linalg.qr(fitted.jacobian, mode="r"))
    freedom = len(data) - len(fitted.parameters)
    deviations: Array = np.sqrt(residuals @ residuals / freedom * (inverse**2).sum(axis=1))
    return deviations


def main(folder: Path = Path(__file__).parent / "output") -> None:
    """Fit the three problems with both kinds of derivatives, and draw Hahn1 into the folder."""
    print(f"{'':8}  {'derivatives':12}  {'right digits':>12}  {'of deviations':>13}  {'calls':>5}")
    for name in MODELS:
        program, problem = residuals_of(name), read(name)
        for derivatives in ("program", "2-point"):
            fitted = fit(program, problem.data, problem.start, derivatives)
            digits = right_digits(fitted.parameters, problem.certified)
            spread = right_digits(standard_deviations(program, problem.data, fitted), problem.deviations)
            print(f"{name:8}  {derivatives:12}  {digits:12.1f}  {spread:13.1f}  {fitted.calls:5}")

    program, (data, start, *_) = residuals_of("Hahn1"), read("Hahn1")
    program.parameters = fit(program, data, start, "program").parameters
    x = np.linspace(10.0, 860.0, 400)
    figure = Figure(figsize=(7.2, 4.0), layout="constrained")
    axes = figure.subplots()
    axes.plot(data[:, 1], data[:, 0], ".", color="#B4520A", markersize=4, label="236 measurements (NIST, Hahn1)")
    axes.plot(x, program.values(np.column_stack([np.zeros_like(x), x])), color="#1B6CA8", label="the fit")
    axes.set(xlabel="temperature, K", ylabel="thermal expansion of copper")
    axes.legend(frameon=False)
    folder.mkdir(parents=True, exist_ok=True)
    figure.savefig(folder / "fitting.svg", metadata={"Date": None})
    print(f"\nDrawn into {folder}: fitting.svg")


if __name__ == "__main__":
    use_utf8()
    main(*map(Path, sys.argv[1:2]))
