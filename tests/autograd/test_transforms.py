"""Transforms of functions: any structure of numbers goes in and comes out, to any order, in any thread."""

import asyncio
import copy
import functools
import math
import pickle
from collections import OrderedDict, defaultdict, namedtuple
from concurrent.futures import ThreadPoolExecutor
from fractions import Fraction

import numpy as np
import pytest

from autograd import Constant, Value, exp, grad, hessian, hvp, jacobian, jvp, sin, value_and_grad
from autograd.copying import variables_under_way

Point = namedtuple("Point", "x y")
W = np.array([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])


def same(found, expected):
    """Equal in structure, class, shape and dtype, and in numbers."""
    assert type(found) is type(expected), (found, expected)
    if isinstance(expected, dict):
        assert list(found) == list(expected)
        for key in expected:
            same(found[key], expected[key])
    elif isinstance(expected, (list, tuple)):
        assert len(found) == len(expected)
        for x, y in zip(found, expected, strict=True):
            same(x, y)
    elif isinstance(expected, np.ndarray):
        assert (found.shape, found.dtype) == (expected.shape, expected.dtype)
        assert found.tolist() == expected.tolist()
    else:
        assert found == expected


# Arrays in ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("shape", [(), (1,), (3,), (2, 3), (1, 1), (2, 1, 2), (0,), (0, 2)])
def test_the_gradient_to_an_array_has_its_shape(shape):
    x = np.arange(math.prod(shape), dtype=float).reshape(shape)
    value, gradient = value_and_grad(lambda x: np.sum(x * x))(x)
    assert value == np.sum(x * x)
    same(gradient, np.asarray(2.0 * x))


@pytest.mark.parametrize("kind", [np.float32, np.float16, np.longdouble, np.int8, np.int64, np.uint8, bool])
def test_arrays_of_other_numbers_are_differentiated_as_floats(kind):
    x = np.array([0, 1, 1]).astype(kind)
    same(grad(lambda x: np.sum(x * x / 4.0))(x), np.array([0.0, 0.5, 0.5]))
    assert grad(lambda x: x * x / 4.0)(x[1]) == 0.5


def test_the_function_may_change_its_argument_in_place():
    def f(x):
        x *= 2.0
        x[0] = 5.0
        return np.sum(x * x)

    x = np.array([1.0, 2.0])
    same(grad(f)(x), np.array([0.0, 16.0]))
    same(x, np.array([1.0, 2.0]))


def test_arrays_of_any_memory_layout():
    x = np.arange(24.0).reshape(2, 3, 4)
    for view in (x.T, x[:, ::-1, ::2], np.asfortranarray(x), np.broadcast_to(x[0, 0], (2, 4))):
        same(grad(lambda x: np.sum(x**2))(view), np.ascontiguousarray(2.0 * view))


# Structures --------------------------------------------------------------------------------------------------

STRUCTURES = [
    ([3.0, 4.0], lambda p: p[0] * p[1], [4.0, 3.0]),
    ([[3.0], [4.0, 5.0]], lambda p: p[0][0] * p[1][1], [[5.0], [0.0, 3.0]]),
    ((3.0, [4.0]), lambda p: p[0] * p[1][0], (4.0, [3.0])),
    (Point(3.0, 4.0), lambda p: p.x * p.y, Point(4.0, 3.0)),
    (Point(np.array([3.0, 1.0]), 4.0), lambda p: np.sum(p.x) * p.y, Point(np.array([4.0, 4.0]), 4.0)),
    ({"w": [3.0], "b": 4.0}, lambda p: p["w"][0] * p["b"], {"w": [4.0], "b": 3.0}),
    ({}, lambda p: 1.0, {}),
    ([], lambda p: 1.0, []),
    (OrderedDict(w=3.0, b=4.0), lambda p: p["w"] * p["b"], OrderedDict(w=4.0, b=3.0)),
    ({"layers": [(W, np.ones(2))]}, lambda p: np.sum(p["layers"][0][0]), {"layers": [(np.ones((2, 3)), np.zeros(2))]}),
    ([np.array(3.0), 4], lambda p: p[0] * p[1], [np.array(4.0), 3.0]),
    (np.array([3, 4], dtype=object), lambda p: p[0] * p[1], np.array([4.0, 3.0])),
    (Fraction(3, 2), lambda p: p * p, 3.0),
    (True, lambda p: p * p, 2.0),
]  # fmt: skip


@pytest.mark.parametrize(("point", "f", "expected"), STRUCTURES)
def test_the_gradient_has_the_structure_of_the_argument(point, f, expected):
    same(grad(f)(point), expected)
    same(grad(lambda a, p: a * f(p))(2.0, point)[1], with_factor(expected, 2.0))
    same(jacobian(lambda p: [f(p)])(point), [expected])


def with_factor(tree, factor):
    if isinstance(tree, dict):
        return type(tree)({key: with_factor(x, factor) for key, x in tree.items()})
    if isinstance(tree, (list, tuple)):
        return (
            type(tree)(*[with_factor(x, factor) for x in tree])
            if isinstance(tree, Point)
            else type(tree)([with_factor(x, factor) for x in tree])
        )
    return np.asarray(tree * factor) if isinstance(tree, np.ndarray) else tree * factor


def test_a_defaultdict_keeps_its_default():
    gradient = grad(lambda p: p["w"] * p["missing"])(defaultdict(lambda: 7.0, w=3.0))
    assert (type(gradient), dict(gradient), gradient["new"]) == (defaultdict, {"w": 7.0}, 7.0)


def test_results_keep_their_structure():
    def f(x):
        return {"pair": Point(x, [x * x]), "array": np.array([[x, 1.0]]), "plain": 3}

    same(jacobian(f)(2.0), {"pair": Point(1.0, [4.0]), "array": np.array([[1.0, 0.0]]), "plain": 0.0})
    value, tangent = jvp(f, [2.0], [10.0])
    same(value, {"pair": Point(2.0, [4.0]), "array": np.array([[2.0, 1.0]]), "plain": 3.0})
    same(tangent, {"pair": Point(10.0, [40.0]), "array": np.array([[10.0, 0.0]]), "plain": 0.0})


# Jacobians of array functions --------------------------------------------------------------------------------


@pytest.mark.parametrize("inner", [(), (2,), (2, 3), (0,)])
@pytest.mark.parametrize("outer", [(), (3,), (2, 2), (0,)])
def test_a_jacobian_has_the_shape_of_the_result_and_that_of_the_argument(outer, inner):
    rng = np.random.default_rng(0)
    A, x = rng.normal(size=outer + inner), rng.normal(size=inner)
    f = functools.partial(lambda A, x: np.sum(A * x, axis=tuple(range(len(outer), A.ndim))) * np.ones(outer), A)
    if math.prod(inner):
        same(jacobian(lambda x: np.asarray(f(x)))(x), np.asarray(A))
    else:
        same(jacobian(lambda x: np.zeros(outer))(x), np.zeros(outer + inner))


def test_the_jacobian_of_a_matrix_product_is_the_matrix():
    for x in (np.array([1.0, 2.0, 3.0]), [1.0, 2.0, 3.0], (1, 2, 3)):
        same(jacobian(lambda x: W @ x)(x), W)
    same(jacobian(lambda x: W @ x)(np.ones((3, 2))), np.einsum("ij,lk->iljk", W, np.eye(2)))


def test_an_array_made_of_results_is_differentiated():
    for x in (2.0, np.array(2.0)):
        same(jacobian(lambda x: np.array([x, x * x]))(x), np.array([1.0, 4.0]))
    same(jacobian(lambda x: np.where(x > 0, x * x, -x))(2.0), np.array(4.0))
    assert grad(lambda x: np.where(x > 0, x * x, -x))(2.0) == 4.0
    assert grad(lambda x: np.where(x > 0, x * x, -x))(-2.0) == -1.0
    same(jacobian(lambda x: np.where(x > 0, x * x, -x))(np.array([2.0, -2.0])), np.array([[4.0, 0.0], [0.0, -1.0]]))


def test_several_arguments_have_a_jacobian_each():
    x, y = np.array([1.0, 2.0]), 3.0
    same(jacobian(lambda x, y: x * y)(x, y), (3.0 * np.eye(2), x))
    same(jacobian(lambda x, y: [x[0] * y, x * y])(x, y), [(np.array([3.0, 0.0]), 1.0), (3.0 * np.eye(2), x)])
    same(jacobian(lambda p: p["a"] * p["b"][0])({"a": x, "b": [y, x]}),
         {"a": 3.0 * np.eye(2), "b": [x, np.zeros((2, 2))]})  # fmt: skip
    same(jacobian(lambda p: p.x * p.y)(Point(x, 3.0)), Point(3.0 * np.eye(2), x))


def test_a_hessian_of_an_array_is_a_square_of_its_shape():
    A = np.array([[2.0, 1.0], [1.0, 6.0]])
    same(hessian(lambda x: 0.5 * x @ A @ x)(np.array([1.0, 2.0])), A)
    same(hessian(lambda x: np.sum(x**3))(np.ones((2, 1))), 6.0 * np.eye(2).reshape(2, 1, 2, 1))
    same(hessian(lambda x: x * x * x)(np.array(2.0)), np.array(12.0))
    same(hessian(lambda x, y: np.sum(x * x) * y)(np.array([1.0, 2.0]), 3.0),
         ((6.0 * np.eye(2), np.array([2.0, 4.0])), (np.array([2.0, 4.0]), 0.0)))  # fmt: skip
    same(hessian(lambda p: p["a"] ** 2 * p["b"])({"a": 2.0, "b": 5.0}),
         {"a": {"a": 10.0, "b": 4.0}, "b": {"a": 4.0, "b": 0.0}})  # fmt: skip


def test_a_direction_has_the_structure_of_the_arguments():
    A, x, v = np.array([[2.0, 1.0], [1.0, 6.0]]), np.array([1.0, 2.0]), np.array([3.0, -1.0])
    same(jvp(lambda x: A @ x, [x], [v]), (A @ x, A @ v))
    same(hvp(lambda x: 0.5 * x @ A @ x, [x], [v]), A @ v)
    same(hvp(lambda x, y: np.sum(x * x) * y, [x, 3.0], [v, 1.0]), (np.array([20.0, -2.0]), 2.0))
    same(hvp(lambda p: p["a"] ** 2 * p["b"], [{"a": 2.0, "b": 5.0}], [{"b": 1, "a": 0}]), {"a": 4.0, "b": 0.0})


UNLIKE = [([2.0, 3.0], [1.0]), ([[2.0]], [1.0]), ([np.ones(2)], [np.ones(3)]), ([np.ones(2)], [1.0]),
          ([{"a": 1.0}], [{"b": 1.0}]), ([{"a": 1.0}], [[1.0]])]  # fmt: skip


@pytest.mark.parametrize(("xs", "vs"), UNLIKE)
def test_a_direction_of_another_structure_is_refused(xs, vs):
    with pytest.raises(ValueError, match=r"^the direction .* must have one number for each of .* the same structure"):
        jvp(lambda *xs: 1.0, xs, vs)


@pytest.mark.parametrize("given", [2.0, np.array([1.0, 2.0]), Value(1.0)])
def test_the_arguments_of_a_direction_come_in_a_list(given):
    for transform in (jvp, hvp):
        with pytest.raises(TypeError, match=r"^\w+: xs is the \w+ .*: give a list, one entry per argument"):
            transform(lambda x: x, given, given)


# Keyword arguments and plain results -------------------------------------------------------------------------


def test_keyword_arguments_pass_through():
    def f(x, *, scale=1.0, label=None):
        assert label == "text"
        return scale * x**3

    keywords = {"scale": 2.0, "label": "text"}
    assert grad(f)(2.0, **keywords) == 24.0
    assert value_and_grad(f)(2.0, **keywords) == (16.0, 24.0)
    assert jacobian(f)(2.0, **keywords) == 24.0
    assert hessian(f)(2.0, **keywords) == 24.0
    assert jvp(f, [2.0], [10.0], **keywords) == (16.0, 240.0)
    assert hvp(f, [2.0], [10.0], **keywords) == 240.0
    assert grad(lambda a: grad(f)(2.0, scale=a, label="text"))(2.0) == 12.0


PLAIN = [3.0, 3, True, np.float64(3.0), np.float32(3.0), np.int64(3), np.bool_(True), Fraction(3), np.array(3.0),
         Value(3.0), Constant(3.0)]  # fmt: skip


@pytest.mark.parametrize("constant", PLAIN, ids=lambda x: type(x).__name__)
def test_a_constant_function_has_derivative_0(constant):
    value, derivative = value_and_grad(lambda x: constant)(2.0)
    assert (type(value), type(derivative), derivative) == (float, float, 0.0)
    assert value == (constant.data if isinstance(constant, Value) else float(constant))
    assert jacobian(lambda x: [constant, x])(2.0)[1] == 1.0
    same(grad(lambda x: constant)(np.ones(2)), np.zeros(2))
    same(hessian(lambda x: constant)(np.ones(2)), np.zeros((2, 2)))


def test_answers_at_the_outermost_level_are_plain_numbers():
    w = Value(3.0)  # a leaf of one's own, and of no transform
    found = [grad(lambda x: w * x * x)(2.0), grad(grad(lambda x: w * x * x))(2.0), *value_and_grad(lambda x: w * x)(2)]
    assert ([type(x) for x in found], found) == ([float] * 4, [12.0, 6.0, 6.0, 3.0])
    assert grad(lambda x: w * np.sum(x))(np.ones(2)).dtype == float
    assert not variables_under_way


# Nested ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("order", range(1, 7))
def test_transforms_nest_to_any_order(order):
    f = lambda x: exp(2.0 * x)  # noqa: E731
    for _ in range(order):
        f = grad(f)
    assert f(0.25) == pytest.approx(2.0**order * math.exp(0.5), rel=1e-14)
    same(type(f(np.array(0.25))), np.ndarray)


def test_the_perturbations_of_nested_transforms_stay_apart():
    assert grad(lambda x: x * grad(lambda y: x + y)(1.0))(1.0) == 1.0
    assert grad(lambda x: x * grad(lambda y: x * y)(2.0))(3.0) == 6.0
    assert jvp(lambda x: x * jvp(lambda y: x * y, [2.0], [1.0])[1], [3.0], [1.0]) == (9.0, 6.0)
    assert grad(lambda x: grad(lambda y: grad(lambda z: x * y * z * z)(y))(x))(2.0) == 16.0
    assert grad(lambda x: grad(lambda x: x * x)(x) * x)(3.0) == 12.0


def test_a_transform_called_with_values_answers_in_values():
    w = Value(2.0, name="w")
    slope = grad(lambda x: x**3)(w)
    slope.backward()
    assert (slope.data, w.grad) == (12.0, 12.0)
    w.grad = 0.0
    gradient = grad(lambda x: np.sum(x**3))(np.array([w, 2.0 * w]))
    assert gradient.shape == (2,)
    gradient[1].backward()
    assert w.grad == 48.0
    assert grad(lambda x: w * grad(lambda y: x * y)(1.0))(2.0) == 2.0
    value, tangent = jvp(lambda x: x * x, [3.0], [w])
    assert (value.data, tangent.derivative(w).data) == (9.0, 6.0)


def test_a_gradient_is_differentiated_through_arrays_within():
    def inner(x):
        return np.sum(grad(lambda y: np.sum(np.sin(x) * y**2))(np.array([1.0, 2.0])))

    x = np.array([0.5, 0.25])
    assert grad(inner)(x) == pytest.approx(2.0 * np.cos(x) * [1.0, 2.0], rel=1e-15)
    J = jacobian(lambda x: jacobian(lambda y: y * np.sum(x * y))(x))(x)
    assert J.shape == (2, 2, 2)


# Threads -----------------------------------------------------------------------------------------------------


def test_a_transform_in_a_thread_of_a_pool_inside_a_transform():
    with ThreadPoolExecutor(2) as pool:
        assert grad(lambda x: sum(pool.map(lambda y0: grad(lambda y: x * y * y)(y0), [1.0, 2.0])))(3.0) == 6.0
        slopes = grad(lambda x: sum(pool.map(lambda a: grad(lambda y: np.sum(a * x * y * y))(1.0), [1.0, 2.0])))
        same(slopes(np.ones(2)), np.array([6.0, 6.0]))
        found = list(pool.map(lambda a: grad(grad(lambda x: a * x**3))(1.0), range(50)))
        assert found == [6.0 * a for a in range(50)]
        assert all(type(x) is float for x in found)


def test_a_transform_in_a_coroutine_inside_a_transform():
    async def slope(x, y):
        return grad(lambda y: x * y * y)(y)

    async def both(x):
        return sum(await asyncio.gather(slope(x, 1.0), slope(x, 2.0)))

    assert grad(lambda x: asyncio.run(both(x)))(3.0) == 6.0


COPIES = [copy.deepcopy, lambda x: pickle.loads(pickle.dumps(x)), lambda x: copy.deepcopy([x * x])[0]]


@pytest.mark.parametrize("copied", [copy.copy, *COPIES])
def test_a_variable_that_is_differentiated_is_not_copied(copied):
    for call in (
        lambda: grad(lambda x: copied(x))(2.0),
        lambda: grad(lambda x: grad(lambda y: copied(y))(x))(Value(2.0)),
    ):
        with pytest.raises(
            TypeError, match=r"would not depend on the variable that is being differentiated: use it as"
        ):
            call()
    w = Value(2.0)
    assert grad(lambda x: copied(w) * x)(3.0) == (4.0 if copied is COPIES[2] else 2.0)


def test_a_failed_transform_leaves_nothing_behind():
    for f in (lambda x: 1 / 0, lambda x: None):
        with pytest.raises((ZeroDivisionError, TypeError)):
            grad(f)(1.0)
    assert not variables_under_way


# Against finite differences ----------------------------------------------------------------------------------


def test_gradients_of_arrays_agree_with_finite_differences():
    rng = np.random.default_rng(1)
    A, x = rng.normal(size=(3, 4)), rng.normal(size=(4,))

    def f(x):
        return np.sum(np.tanh(A @ x) ** 2) + np.exp(x).mean() + sin(x[0] * x[1])

    step = 1e-6 * np.eye(4)
    number = [(f(x + h) - f(x - h)) / 2e-6 for h in step]
    assert grad(f)(x) == pytest.approx(np.array(number), rel=1e-8)
    rows = [(grad(f)(x + h) - grad(f)(x - h)) / 2e-6 for h in step]
    assert hessian(f)(x) == pytest.approx(np.array(rows), rel=1e-7, abs=1e-8)
    assert hvp(f, [x], [A[0]]) == pytest.approx(hessian(f)(x) @ A[0], rel=1e-12)
