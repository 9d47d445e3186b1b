"""SciPy's optimizers, root finders and fits take the transforms as they are."""

import numpy as np
import pytest
from scipy import optimize

from autograd import exp, grad, hessian, hvp, jacobian, sum, value_and_grad  # noqa: A004

START = np.array([1.3, 0.7, 0.8, 1.9])


def rosenbrock(x):
    return np.sum(100.0 * (x[1:] - x[:-1] ** 2) ** 2 + (1.0 - x[:-1]) ** 2)


def test_the_derivatives_are_those_that_scipy_has_by_hand():
    p = np.array([0.3, -1.0, 2.0, 0.1])
    value, gradient = value_and_grad(rosenbrock)(START)
    assert value == pytest.approx(optimize.rosen(START), rel=1e-15)
    assert gradient == pytest.approx(optimize.rosen_der(START), rel=1e-13)
    assert hessian(rosenbrock)(START) == pytest.approx(optimize.rosen_hess(START), rel=1e-13)
    assert hvp(rosenbrock, [START], [p]) == pytest.approx(optimize.rosen_hess_prod(START, p), rel=1e-13)


@pytest.mark.parametrize("method", ["BFGS", "CG", "L-BFGS-B", "SLSQP"])
def test_minimize_by_value_and_grad(method):
    found = optimize.minimize(value_and_grad(rosenbrock), START, jac=True, method=method)
    assert found.x == pytest.approx(np.ones(4), abs=1e-3)


@pytest.mark.parametrize("method", ["trust-exact", "dogleg", "trust-ncg", "trust-krylov", "Newton-CG"])
def test_minimize_by_hessian(method):
    # dogleg needs positive curvature all the way, and so begins nearer
    start = np.array([1.2, 1.3, 1.4, 1.9]) if method == "dogleg" else START
    found = optimize.minimize(rosenbrock, start, jac=grad(rosenbrock), hess=hessian(rosenbrock), method=method)
    assert found.success
    assert found.x == pytest.approx(np.ones(4), abs=1e-4)


@pytest.mark.parametrize("method", ["Newton-CG", "trust-ncg", "trust-constr"])
def test_minimize_by_products_with_the_hessian(method):
    found = optimize.minimize(
        rosenbrock, START, jac=grad(rosenbrock), hessp=lambda x, p: hvp(rosenbrock, [x], [p]), method=method
    )
    assert found.success
    assert found.x == pytest.approx(np.ones(4), abs=1e-4)


def on_the_disc(x):
    return np.array([2.0 - x[0] ** 2 - x[1] ** 2, x[0] + x[1] - 1.0])


def test_constraints_with_a_jacobian():
    start = np.array([0.9, 0.3])
    constraint = optimize.NonlinearConstraint(
        on_the_disc, 0.0, np.inf, jac=jacobian(on_the_disc), hess=lambda x, v: hessian(lambda x: v @ on_the_disc(x))(x)
    )
    trust = optimize.minimize(
        value_and_grad(rosenbrock),
        start,
        jac=True,
        hess=hessian(rosenbrock),
        constraints=constraint,
        method="trust-constr",
    )
    slsqp = optimize.minimize(
        rosenbrock, start, jac=grad(rosenbrock), method="SLSQP",
        constraints={"type": "ineq", "fun": on_the_disc, "jac": jacobian(on_the_disc)},
    )  # fmt: skip
    assert trust.x == pytest.approx([1.0, 1.0], abs=5e-3)  # the disc ends there, and its barrier keeps off
    assert slsqp.x == pytest.approx([1.0, 1.0], abs=1e-3)


def circle_and_line(x):
    return [x[0] ** 2 + x[1] ** 2 - 4.0, exp(x[0]) + x[1] - 1.0]


@pytest.mark.parametrize("as_array", [False, True])
@pytest.mark.parametrize("method", ["hybr", "lm"])
def test_root(method, as_array):
    F = (lambda x: np.array(circle_and_line(x))) if as_array else circle_and_line
    found = optimize.root(F, [1.0, -1.7], jac=jacobian(F), method=method)
    assert found.success
    assert found.x == pytest.approx([1.0041687385, -1.7296372871], abs=1e-9)


def test_newton_and_root_scalar_on_plain_numbers():
    f = lambda x: x**3 - 2.0  # noqa: E731
    assert optimize.newton(f, 1.0, fprime=grad(f), fprime2=grad(grad(f))) == pytest.approx(2.0 ** (1 / 3), rel=1e-14)
    found = optimize.root_scalar(f, x0=1.0, fprime=grad(f), fprime2=grad(grad(f)), method="halley")
    assert found.root == pytest.approx(2.0 ** (1 / 3), rel=1e-14)


T = np.linspace(0.0, 4.0, 30)


def decay(t, a, b, c):
    return a * np.exp(-b * t) + c


@pytest.mark.parametrize("method", ["trf", "dogbox", "lm"])
def test_least_squares(method):
    data = decay(T, 2.5, 1.3, 0.5)
    residuals = lambda p: decay(T, p[0], p[1], p[2]) - data  # noqa: E731
    found = optimize.least_squares(residuals, [1.0, 1.0, 1.0], jac=jacobian(residuals), method=method)
    assert found.x == pytest.approx([2.5, 1.3, 0.5], rel=1e-8)


def test_curve_fit():
    rng = np.random.default_rng(0)
    data = decay(T, 2.5, 1.3, 0.5) + 0.01 * rng.normal(size=T.size)

    def slopes(t, *p):
        return jacobian(lambda p: decay(t, *p))(p)

    found, covariance = optimize.curve_fit(decay, T, data, p0=[1.0, 1.0, 1.0], jac=slopes)
    numeric, numeric_covariance = optimize.curve_fit(decay, T, data, p0=[1.0, 1.0, 1.0])
    assert found == pytest.approx(numeric, rel=1e-6)
    assert covariance == pytest.approx(numeric_covariance, rel=1e-3)


def test_the_engines_own_operations_and_arguments_of_scipy():
    def f(x, scale):
        return scale * sum([(x_i - i) ** 2 for i, x_i in enumerate(x)])

    found = optimize.minimize(lambda x, scale: value_and_grad(f)(x, scale=scale), np.zeros(3), args=(2.0,), jac=True)
    assert found.x == pytest.approx([0.0, 1.0, 2.0], abs=1e-6)


def test_check_grad_agrees():
    assert optimize.check_grad(rosenbrock, grad(rosenbrock), START) < 1e-4
