"""A program used by an optimizer: it solves NIST's certified problems, and survives a step that goes too far."""

import math

import numpy as np
import pytest
from scipy.optimize import curve_fit, least_squares, minimize
from scipy.stats import norm

from autograd import Value, exp, log, normal_cdf, sqrt, vectorize
from examples import fitting

PROBLEMS = ("Hahn1", "BoxBOD", "MGH17")
DIGITS = 7.5  # at least; where the last step ends, at 8 to 11, is a matter of rounding, and so of the engine


@pytest.fixture(scope="module")
def fits():
    return {
        (name, derivatives): fitting.fit(
            fitting.residuals_of(name), fitting.read(name).data, fitting.read(name).start, derivatives
        )
        for name in PROBLEMS
        for derivatives in ("program", "2-point")
    }


@pytest.mark.parametrize(("name", "rows", "parameters"), [("Hahn1", 236, 7), ("BoxBOD", 6, 2), ("MGH17", 33, 5)])
def test_nists_files_are_read_whole(name, rows, parameters):
    problem = fitting.read(name)
    assert problem.data.shape == (rows, 2)
    assert {part.shape for part in problem[1:]} == {(parameters,)}
    assert np.isfinite(np.concatenate([part.ravel() for part in problem])).all()


@pytest.mark.parametrize("name", PROBLEMS)
def test_a_fit_from_the_far_start_has_the_certified_digits(fits, name):
    problem, fitted = fitting.read(name), fits[name, "program"]
    assert fitting.right_digits(fitted.parameters, problem.certified) > DIGITS
    deviations = fitting.standard_deviations(fitting.residuals_of(name), problem.data, fitted)
    assert fitting.right_digits(deviations, problem.deviations) > DIGITS - 1.0


def test_differences_lose_what_derivatives_keep(fits):
    certified = fitting.read("Hahn1").certified
    assert fitting.right_digits(fits["Hahn1", "2-point"].parameters, certified) < 4.0
    for name in PROBLEMS:
        assert 2 * fits[name, "program"].calls < fits[name, "2-point"].calls


@pytest.mark.parametrize("name", ["BoxBOD", "MGH17"])
def test_a_trial_step_that_overflows_is_refused_by_default_and_inf_unchecked(name):
    program, (data, start, *_) = fitting.residuals_of(name), fitting.read(name)

    def checked(b):
        program.parameters = b
        return program.values(data)

    def jacobian(b):
        program.parameters = b
        return program.jacobian(data)

    with pytest.raises(OverflowError, match=r"row \d+: exp\(\d+\.\d+\): the result is beyond the largest float"):
        least_squares(checked, start, jac=jacobian, method="lm", x_scale=1.0)
    values = program.values(data, check_finite=False)  # where the fit ended
    assert not np.isfinite(values).all()
    assert values.mean() == pytest.approx(program.value(data, check_finite=False), nan_ok=True)


def test_a_minimiser_takes_inf_for_a_step_that_went_too_far():
    x, w = Value(1.0, "x"), Value(1.0, "w")
    program = vectorize(exp(w**2 * x) - 2.0 * w, [x], [w])
    batch = [[1.0], [2.0]]

    def value(b):
        program.parameters = b
        return program.value(batch, check_finite=False)

    assert value([30.0]) == math.inf
    found = minimize(value, [30.0], method="Nelder-Mead", options={"initial_simplex": [[2.0], [30.0]]})
    program.parameters = found.x
    assert program.gradient(batch)[1] == pytest.approx([0.0], abs=1e-3)


def test_curve_fit_takes_a_model_and_its_jacobian_as_they_are():
    x, a, b = Value(1.0, "x"), Value(1.0, "a"), Value(1.0, "b")
    program = vectorize(a * exp(-b * x), [x], [a, b])

    def model(x, *parameters):
        program.parameters = parameters
        return program.values(x[:, None], check_finite=False)

    def jacobian(x, *parameters):
        program.parameters = parameters
        return program.jacobian(x[:, None], check_finite=False)

    times = np.linspace(0.0, 3.0, 20)
    found, covariance = curve_fit(model, times, 2.5 * np.exp(-1.3 * times), [1.0, 1.0], jac=jacobian)
    assert found == pytest.approx([2.5, 1.3], rel=1e-9)
    assert covariance.shape == (2, 2)


def test_the_greeks_of_each_option_are_the_closed_forms():
    S, K, r, sigma, T = inputs = [Value(1.0, name) for name in ("S", "K", "r", "sigma", "T")]
    d1 = (log(S / K) + (r + sigma**2 / 2) * T) / (sigma * sqrt(T))
    price = S * normal_cdf(d1) - K * exp(-r * T) * normal_cdf(d1 - sigma * sqrt(T))
    program = vectorize([price, *price.derivatives([S, sigma])], inputs)

    rng = np.random.default_rng(0)
    low, high = [50.0, 50.0, 0.0, 0.1, 0.1], [150.0, 150.0, 0.1, 0.6, 2.0]
    batch = rng.uniform(low, high, (200, 5))
    S, K, r, sigma, T = batch.T
    d1 = (np.log(S / K) + (r + sigma**2 / 2) * T) / (sigma * np.sqrt(T))
    d2 = d1 - sigma * np.sqrt(T)
    discount = np.exp(-r * T)
    density = norm.pdf(d1)
    theta = -S * density * sigma / (2 * np.sqrt(T)) - r * K * discount * norm.cdf(d2)
    rho, vega = K * T * discount * norm.cdf(d2), S * density * np.sqrt(T)
    of_price = [norm.cdf(d1), -discount * norm.cdf(d2), rho, vega, -theta]
    gamma, vanna = density / (S * sigma * np.sqrt(T)), -density * d2 / sigma
    volga = vega * d1 * d2 / sigma

    greeks = program.jacobian(batch, wrt="inputs")
    assert greeks.shape == (200, 3, 5)
    assert greeks[:, 0] == pytest.approx(np.stack(of_price, axis=1), rel=1e-10, abs=1e-12)
    assert greeks[:, 1, 0] == pytest.approx(gamma, rel=1e-10)
    assert greeks[:, 1, 3] == pytest.approx(vanna, rel=1e-9, abs=1e-12)
    assert greeks[:, 2, 0] == pytest.approx(vanna, rel=1e-9, abs=1e-12)
    assert greeks[:, 2, 3] == pytest.approx(volga, rel=1e-9, abs=1e-10)
