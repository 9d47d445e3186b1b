"""Transformations of plain Python functions of scalars: grad, value_and_grad, jacobian, hessian, jvp, hvp.

Each calls the function once, on new nodes in place of its arguments, and reads derivatives off the graph that it
records. Called with numbers a transform answers in numbers, called with Values in Values; so they nest to any order.

Letters: f the function, xs its arguments, v a direction, y a result.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from autograd.value import Value


def grad(f: Callable[..., Any]) -> Callable[..., Any]:
    """Return the function that gives f's derivative to its argument, or, of several, the tuple of derivatives.

    An argument that is a list gives a list. Raises TypeError where f does not return one number.

    >>> grad(lambda x: x**3)(2.0)
    12.0
    >>> grad(lambda x, y: x * y)(2.0, 5.0)
    (5.0, 2.0)
    >>> grad(grad(lambda x: x**3))(2.0)
    12.0
    """
    return lambda *xs: value_and_grad(f)(*xs)[1]


def value_and_grad(f: Callable[..., Any]) -> Callable[..., Any]:
    """Return the function that gives f's value and its gradient, as `grad` does.

    >>> value_and_grad(lambda w: w[0] * w[1])([2.0, 5.0])
    (10.0, [5.0, 2.0])
    """

    def transformed(*xs: Any) -> Any:
        variables, plain = _variables(xs)
        y = _one_number(f(*variables))
        gradient = _like(variables, _derivatives(y, _flat(variables)))
        result = y, gradient[0] if len(xs) == 1 else tuple(gradient)
        return _numbers(result) if plain else result

    return transformed
