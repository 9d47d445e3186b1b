"""Transformations of plain Python functions: grad, value_and_grad, jacobian, hessian, jvp, hvp.

Each calls the function once, on new variables in place of its arguments, and reads the derivatives off the graph that
it records. Called with numbers a transform returns numbers, called with Values it returns Values; so they nest to any
order.

Arguments and results may be numbers, arrays of any shape, and lists, tuples, named tuples and dictionaries of these,
nested. A gradient has the structure of the argument, and an array in it the shape of the argument's. Where a function
returns an array, the derivative with respect to a number or an array is one array, of the shape of the result + that of
the argument, and a list of numbers counts as an array. All arguments given by position are differentiated; keyword
arguments are passed on as they are.

Letters: f the function, xs its arguments, vs a direction (one number for each in xs), y a result.
"""

from __future__ import annotations

import functools
import itertools
import math
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from autograd.backward import check_current, derivatives, topological_order, without_derivative, without_numbers
from autograd.choices import chosen
from autograd.conversion import Refusal, shown
from autograd.copying import variables_under_way
from autograd.structures import (
    array,
    check,
    is_array,
    is_number,
    mapped,
    matching,
    numbers,
    regular_shape,
    with_numbers,
)
from autograd.value import Value, variable

if TYPE_CHECKING:
    from autograd.transformed import Gradient, Hessian, ValueAndGradient


def grad(f: Callable[..., Any]) -> Gradient:
    """Return the function that computes f's derivative with respect to its argument, or a tuple of all of several.

    Args:
        f: A function of one result. Its arguments may be numbers, arrays, and lists, tuples or dictionaries of these.

    Returns:
        A function of f's arguments. The derivative has the structure of the argument. Keyword arguments are passed on
        to f.

    Raises:
        TypeError: When it is called, where f returns anything but one number, and for an argument that holds anything
            but numbers.

    >>> grad(lambda x: x**3)(2.0)
    12.0
    >>> grad(lambda x, y: x * y)(2.0, 5.0)
    (5.0, 2.0)
    >>> grad(lambda w: w[0] * w[1])([2.0, 5.0])
    [5.0, 2.0]
    >>> grad(lambda w: np.sum(w**2))(np.array([2.0, 5.0]))
    array([ 4., 10.])
    >>> grad(grad(lambda x: x**3))(2.0)
    12.0
    """
    gradient = _transform("grad", f, lambda *xs, **keywords: _value_and_grad("grad", f, xs, keywords)[1])
    return cast("Gradient", gradient)


def value_and_grad(f: Callable[..., Any]) -> ValueAndGradient:
    """Return the function that computes the pair of f's value and its gradient, as `grad` does.

    `scipy.optimize.minimize(value_and_grad(f), x0, jac=True)` takes it as it is.

    >>> value_and_grad(lambda x: x**3)(2.0)
    (8.0, 12.0)
    """
    both = _transform("value_and_grad", f, lambda *xs, **keywords: _value_and_grad("value_and_grad", f, xs, keywords))
    return cast("ValueAndGradient", both)


def jacobian(f: Callable[..., Any]) -> Callable[..., Any]:
    """Return the function that computes the gradient of each result of f: rows are results, columns arguments.

    Args:
        f: A function of any number of results.

    Returns:
        A function of f's arguments. Where f returns an array, the derivative with respect to a number, a list of
        numbers or an array is one array, of the shape of the result + that of the argument:
        `scipy.optimize.root(f, x0, jac=jacobian(f))` takes it as it is.

    Raises:
        TypeError: When it is called, where f returns anything but numbers, and for an argument that holds anything
            else.

    >>> jacobian(lambda x, y: [x * y, x + y])(2.0, 5.0)
    [(5.0, 2.0), (1.0, 1.0)]
    >>> jacobian(lambda x: np.array([x[0] * x[1], x[0]]))(np.array([2.0, 5.0]))
    array([[5., 2.],
           [1., 0.]])
    """
    return _transform("jacobian", f, lambda *xs, **keywords: _jacobian("jacobian", f, xs, keywords))


def hessian(f: Callable[..., Any]) -> Hessian:
    """Return the function that computes f's second derivatives: a number for one argument, else rows of them.

    Raises TypeError as `grad` does. `scipy.optimize.minimize(…, hess=hessian(f))` takes it as it is.

    >>> hessian(lambda x: x**3)(2.0)
    12.0
    >>> hessian(lambda x, y: x * x * y)(2.0, 5.0)
    ((10.0, 4.0), (4.0, 0.0))
    """
    rows = _transform("hessian", f, lambda *xs, **keywords: _jacobian("hessian", grad(f), xs, keywords))
    return cast("Hessian", rows)


def jvp(f: Callable[..., Any], xs: Sequence[Any], vs: Sequence[Any], **keywords: Any) -> tuple[Any, Any]:
    """Return f(*xs, **keywords) and its derivative in the direction vs, from one forward sweep.

    Args:
        f: The function.
        xs: The list or tuple of its arguments.
        vs: The direction: a number for each in xs, in the same structure.
        **keywords: Passed on to f.

    Raises:
        TypeError: As `grad` does, and where xs or vs is not a list or tuple.
        ValueError: Where vs does not have the structure of xs.

    >>> jvp(lambda x, y: [x * y, x + y], [2.0, 5.0], [1.0, 10.0])
    ([10.0, 7.0], [25.0, 11.0])
    """
    return _jvp("jvp", f, xs, vs, keywords)


def hvp(f: Callable[..., Any], xs: Sequence[Any], vs: Sequence[Any], **keywords: Any) -> Any:
    """Return the product of f's Hessian with a direction, without computing the Hessian: the jvp of the gradient.

    Args:
        f: The function.
        xs: The list or tuple of its arguments.
        vs: The direction: a number for each in xs, in the same structure.
        **keywords: Passed on to f.

    Raises what `jvp` raises. `scipy.optimize.minimize(…, hessp=lambda x, p: hvp(f, [x], [p]))` takes it so.

    >>> hvp(lambda x, y: x * x * y, [2.0, 5.0], [1.0, 0.0])
    (10.0, 4.0)
    """
    return _jvp("hvp", grad(f), xs, vs, keywords)[1]


def _transform(name: str, f: Callable[..., Any], transformed: Callable[..., Any]) -> Callable[..., Any]:
    """Return what a transform makes of f, named after it, and with its parameters."""
    if not callable(f):
        raise TypeError(f"{name} takes a function, not the {type(f).__name__} {shown(f)}: write {name}(f)(x)")
    functools.update_wrapper(transformed, f, assigned=(), updated=())
    transformed.__name__ = transformed.__qualname__ = f"{name}({name_of(f)})"
    return transformed


def name_of(f: Callable[..., Any]) -> str:
    """Return what a message calls a function."""
    if isinstance(f, functools.partial):
        return name_of(f.func)
    name: str = getattr(f, "__name__", type(f).__name__)
    code = getattr(f, "__code__", None)
    return f"the lambda of line {code.co_firstlineno}" if name == "<lambda>" and code else name


def _record(
    transform: str, f: Callable[..., Any], xs: Sequence[Any], keywords: dict[str, Any], direction: Sequence[Any] = ()
) -> tuple[list[Value], Any, Callable[[Any], Any]]:
    """Return new variables for the numbers in xs, f of them, and the function that makes a derivative the answer.

    The answer is a plain number, unless a Value was given or the result depends on another transform's variable.
    """
    name = name_of(f)
    if not xs:
        raise TypeError(
            f"{transform} differentiates {name} with respect to its positional arguments: give at least one"
        )
    for place, x in enumerate(xs, 1):
        check(x, f"{transform}: argument {place} of {name}")
    given = list(numbers(xs))
    variables = [variable(x) for x in given]
    variables_under_way.update(variables)
    try:
        y = f(*with_numbers(tuple(xs), variables), **keywords)
        check(y, f"{transform}: the result of {name}")
        # What depends on another transform's variable stays a Value. The graph shows it, whatever thread f ran in.
        nested = any(map(_is_value, given)) or any(map(_is_value, direction))
        if not nested and len(variables_under_way) > len(variables):
            others = variables_under_way.difference(variables)
            nested = not others.isdisjoint(topological_order(*filter(_is_value, numbers(y))))
    finally:
        variables_under_way.difference_update(variables)
    return variables, y, variable if nested else _plain


def _value_and_grad(transform: str, f: Callable[..., Any], xs: Sequence[Any], keywords: dict[str, Any]) -> Any:
    variables, y, answer = _record(transform, f, xs, keywords)
    if np.ndim(y) if is_array(y) else not is_number(y):
        count = sum(1 for _ in numbers(y))
        raise TypeError(
            f"{transform} needs a function of one result, and {name_of(f)} returned the {type(y).__name__} of {count}: "
            "use jacobian, or sum the results"
        )
    (value,) = numbers(y)
    return answer(value), _in_structure(xs, [[answer(d) for d in _derivatives(value, variables)]], None)


def _jvp(transform: str, f: Callable[..., Any], xs: Any, vs: Any, keywords: dict[str, Any]) -> tuple[Any, Any]:
    for name, given in (("xs", xs), ("vs", vs)):
        if not isinstance(given, (list, tuple)):
            kind = type(given).__name__
            raise TypeError(f"{transform}: {name} is the {kind} {shown(given)}: give a list, one entry per argument")
    for place, v in enumerate(vs, 1):
        check(v, f"{transform}: entry {place} of the direction")
    try:
        direction = [v if isinstance(v, Value) else float(v) for v in matching(list(xs), list(vs))]
    except ValueError:
        raise ValueError(
            f"the direction {vs!r} must have one number for each of {xs!r}, in the same structure"
        ) from None
    variables, y, answer = _record(transform, f, xs, keywords, direction)
    tangents: dict[Value, Any] = dict(zip(variables, direction, strict=True))
    roots = list(filter(_is_value, numbers(y)))
    order = topological_order(*roots)
    check_current(order)
    counting = set(chosen(order, roots, conditions=False))
    for node in order:
        row: Any = node.operation
        moved = [x in tangents for x in node.operands]
        if node in tangents or not any(moved):
            continue
        if row.chooses:  # the side that is not chosen may be infinite, or have no number at all
            condition, *sides = node.operands
            tangents[node] = row(condition, *[tangents.get(x, 0.0) for x in sides])
            continue
        try:
            partials = row.local_derivatives(node, node.operands, moved)
        except Refusal as error:
            if node in counting:
                raise without_derivative(error, node) from None
            partials = without_numbers(node, moved)
        terms = [p * tangents[x] for p, x, moves in zip(partials, node.operands, moved, strict=True) if moves]
        tangents[node] = sum(terms[1:], terms[0])
    moves = [tangents.get(result, 0.0) if _is_value(result) else 0.0 for result in numbers(y)]
    return with_numbers(y, map(answer, numbers(y))), with_numbers(y, map(answer, moves))


def _jacobian(transform: str, f: Callable[..., Any], xs: Sequence[Any], keywords: dict[str, Any]) -> Any:
    variables, y, answer = _record(transform, f, xs, keywords)

    def of_result(result: Any) -> Any:
        rows = [[answer(d) for d in _derivatives(number, variables)] for number in numbers(result)]
        return _in_structure(xs, rows, result.shape if is_array(result) else None)

    return mapped(of_result, y)


def _derivatives(y: Any, variables: list[Value]) -> Sequence[Any]:
    """Return ∂y/∂variable for each variable."""
    return derivatives(y, variables) if isinstance(y, Value) else [0.0] * len(variables)


def _in_structure(xs: Sequence[Any], rows: list[list[Any]], shape: tuple[int, ...] | None) -> Any:
    """Return derivatives in the structure of the arguments; of a single argument, of that argument.

    rows: a row for each number of the result, in it a derivative for each number in xs; shape: the result's, if it is
    an array, else None.
    """
    if shape is None:
        found = with_numbers(tuple(xs), rows[0])
    else:
        place = itertools.count()

        def block(x: Any) -> Any:
            inner = regular_shape(x) or ()
            columns = list(itertools.islice(place, math.prod(inner)))
            return array([row[j] for row in rows for j in columns], shape + inner)

        found = tuple([mapped(block, x, lambda tree: regular_shape(tree) is not None) for x in xs])
    return found[0] if len(found) == 1 else found


def _plain(x: Any) -> float:
    return x.data if isinstance(x, Value) else float(x)


def _is_value(x: Any) -> bool:
    return isinstance(x, Value)
