"""Transformations of plain Python functions of scalars: grad, value_and_grad, jacobian, hessian, jvp, hvp.

Each calls the function once, on new variables in place of its arguments, and reads the derivatives off the graph that
it records. Called with numbers a transform answers in numbers, called with Values in Values; so they nest to any order.
Arguments and results may be numbers or lists and tuples of them, nested; a derivative has the same structure.

Letters: f the function, xs its arguments, vs a direction (one number for each in xs), y a result.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextvars import ContextVar
from typing import Any

from autograd.backward import derivatives, interior_nodes, topological_order
from autograd.value import Value, variable

# The variables of the transforms under way: a result that depends on one of them must stay a Value.
_under_way: ContextVar[frozenset[Value]] = ContextVar("_under_way", default=frozenset())


def grad(f: Callable[..., Any]) -> Callable[..., Any]:
    """Return the function that gives f's derivative to its argument, or to several arguments the tuple of them.

    Raises TypeError where f returns anything but one number.

    >>> grad(lambda x: x**3)(2.0)
    12.0
    >>> grad(lambda x, y: x * y)(2.0, 5.0)
    (5.0, 2.0)
    >>> grad(lambda w: w[0] * w[1])([2.0, 5.0])
    [5.0, 2.0]
    >>> grad(grad(lambda x: x**3))(2.0)
    12.0
    """
    return lambda *xs: value_and_grad(f)(*xs)[1]


def value_and_grad(f: Callable[..., Any]) -> Callable[..., Any]:
    """Return the function that gives the pair of f's value and its gradient, as `grad` does.

    >>> value_and_grad(lambda x: x**3)(2.0)
    (8.0, 12.0)
    """

    def transformed(*xs: Any) -> Any:
        variables, y, plain = _record(f, xs)
        if isinstance(y, (list, tuple)):
            raise TypeError(f"grad needs a function of one result, not of {len(y)}: use jacobian, or sum the results")
        return _answer((y, _gradient(y, variables)), plain)

    return transformed


def jacobian(f: Callable[..., Any]) -> Callable[..., Any]:
    """Return the function that gives, for each result of f, its gradient: rows are results, columns arguments.

    >>> jacobian(lambda x, y: [x * y, x + y])(2.0, 5.0)
    [(5.0, 2.0), (1.0, 1.0)]
    """

    def transformed(*xs: Any) -> Any:
        variables, y, plain = _record(f, xs)
        return _answer(_map(lambda result: _gradient(result, variables), y), plain)

    return transformed


def hessian(f: Callable[..., Any]) -> Callable[..., Any]:
    """Return the function that gives f's second derivatives: a number for one argument, else rows of them.

    >>> hessian(lambda x: x**3)(2.0)
    12.0
    >>> hessian(lambda x, y: x * x * y)(2.0, 5.0)
    ((10.0, 4.0), (4.0, 0.0))
    """
    return jacobian(grad(f))


def jvp(f: Callable[..., Any], xs: Sequence[Any], vs: Sequence[Any]) -> tuple[Any, Any]:
    """Return f(*xs) and its derivative in the direction vs, from one forward sweep.

    Raises ValueError where vs has not the structure of xs.

    >>> jvp(lambda x, y: [x * y, x + y], [2.0, 5.0], [1.0, 10.0])
    ([10.0, 7.0], [25.0, 11.0])
    """
    variables, y, plain = _record(f, xs)
    tangents: dict[Value, Any] = dict(zip(_leaves(variables), _direction(xs, vs), strict=True))
    for node in interior_nodes(*_values(y))[0]:
        row: Any = node.operation
        moved = [x in tangents for x in node.operands]
        if node not in tangents and any(moved):
            partials = row.local_derivatives(node, node.operands, moved)
            terms = [p * tangents[x] for p, x, moves in zip(partials, node.operands, moved, strict=True) if moves]
            tangents[node] = sum(terms[1:], terms[0])
    plain = plain and not any(map(_is_value, _leaves(vs)))
    return _answer(y, plain), _answer(_map(lambda result: tangents.get(result, 0.0), y), plain)


def hvp(f: Callable[..., Any], xs: Sequence[Any], vs: Sequence[Any]) -> Any:
    """Return the product of f's Hessian with the direction vs, without the Hessian: the gradient's own jvp.

    >>> hvp(lambda x, y: x * x * y, [2.0, 5.0], [1.0, 0.0])
    (10.0, 4.0)
    """
    _, product = jvp(grad(f), xs, vs)
    return product


def _record(f: Callable[..., Any], xs: Sequence[Any]) -> tuple[tuple[Any, ...], Any, bool]:
    """Return new variables in the structure of xs, f of them, and whether the answer is to be in plain numbers."""
    variables = _map(variable, tuple(xs))
    outer = _under_way.get()
    token = _under_way.set(outer.union(_leaves(variables)))
    try:
        y = f(*variables)
    finally:
        _under_way.reset(token)
    nested = any(map(_is_value, _leaves(xs))) or (outer and not outer.isdisjoint(topological_order(*_values(y))))
    return variables, y, not nested


def _gradient(y: Any, variables: tuple[Any, ...]) -> Any:
    """Return ∂y/∂variable in the structure of the variables; of a single argument, of that argument."""
    flat = list(_leaves(variables))
    found = iter(derivatives(y, flat) if isinstance(y, Value) else [0.0] * len(flat))
    gradient = _map(lambda _: next(found), variables)
    return gradient[0] if len(variables) == 1 else gradient


def _direction(xs: Sequence[Any], vs: Sequence[Any]) -> list[Any]:
    direction = list(_leaves(vs))
    if _map(lambda _: None, list(xs)) != _map(lambda _: None, list(vs)):
        raise ValueError(f"the direction {vs!r} must have one number for each of {xs!r}, in the same structure")
    return direction


def _answer(tree: Any, plain: bool) -> Any:
    """Return the tree's derivatives as plain numbers, or as Values of their own."""
    return _map(lambda x: (x.data if isinstance(x, Value) else float(x)) if plain else variable(x), tree)


def _map(function: Callable[[Any], Any], tree: Any) -> Any:
    if isinstance(tree, (list, tuple)):
        return type(tree)([_map(function, branch) for branch in tree])
    return function(tree)


def _leaves(tree: Any) -> Iterator[Any]:
    if isinstance(tree, (list, tuple)):
        for branch in tree:
            yield from _leaves(branch)
    else:
        yield tree


def _values(tree: Any) -> Iterable[Value]:
    return filter(_is_value, _leaves(tree))


def _is_value(x: Any) -> bool:
    return isinstance(x, Value)
