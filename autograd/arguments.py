"""How the arguments of a call become an operation's operands, and the errors where they do not fit."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, cast

from autograd.conversion import shown

if TYPE_CHECKING:
    from autograd.calls import EachOfAList, OfAList


class MisfitError(TypeError):
    """An argument that is not a list where one is needed; `arranged` adds the name of the operation."""


def several(*operands: Any) -> tuple[Any, ...]:
    """Return the operands of a call that takes them one by one, as `maximum` does."""
    if not operands:
        raise ValueError("maximum and minimum take at least one operand")
    return operands


def spread(values: Sequence[Any]) -> tuple[Any, ...]:
    """Return the operands of a call that takes them in one list, as `sum` does."""
    return listed("values", values)


def pairs(weights: Sequence[Any], inputs: Sequence[Any], bias: Any = None) -> tuple[Any, ...]:
    """Return the operands of `dot`."""
    weights, inputs = listed("weights", weights), listed("inputs", inputs)
    if len(weights) != len(inputs):
        raise ValueError(f"dot takes one input for each weight, not {len(weights)} weights and {len(inputs)} inputs")
    return (*weights, *inputs) if bias is None else (*weights, *inputs, bias)


def listed(name: str, values: Any) -> tuple[Any, ...]:
    """Return the elements of a list, an array, a generator, …; MisfitError for one number, text and a dictionary."""
    if isinstance(values, (list, tuple)):
        return tuple(values)
    if isinstance(values, (Mapping, str)) or not isinstance(values, Iterable) or getattr(values, "shape", None) == ():
        raise MisfitError(f"{name} is the {type(values).__name__} {shown(values)}: give a list")
    return tuple(values)


def of_a_list(composition: Callable[[Sequence[Any]], Any]) -> OfAList:
    """Let a function of one list of values refuse everything else, as a row does; its result is one number."""
    return cast("OfAList", _of_a_list(composition))


def each_of_a_list(composition: Callable[[Sequence[Any]], list[Any]]) -> EachOfAList:
    """Let a function of one list of values refuse everything else, as a row does; its result is such a list."""
    return cast("EachOfAList", _of_a_list(composition))


def _of_a_list(composition: Callable[[Sequence[Any]], Any]) -> Callable[..., Any]:
    @functools.wraps(composition)
    def checked(*arguments: Any, **keywords: Any) -> Any:
        return composition(arranged(composition.__name__, spread, arguments, keywords))

    return checked


def arranged(
    name: str, arrange: Callable[..., tuple[Any, ...]], arguments: tuple[Any, ...], keywords: dict[str, Any]
) -> tuple[Any, ...]:
    """Return the operands that `arrange` makes of a call's arguments.

    Args:
        name: The operation's.
        arrange: Takes the arguments, and returns the operands.
        arguments: Those given by position.
        keywords: Those given by name.

    Raises:
        TypeError: Where they do not fit; it names the operation and shows how it is called.
    """
    try:
        return arrange(*arguments, **keywords)
    except TypeError as error:
        signature = inspect.signature(arrange)
        call = ", ".join(str(p.replace(annotation=p.empty)) for p in signature.parameters.values())
        if isinstance(error, MisfitError):
            raise TypeError(f"{name}({call}): {error}") from None
        try:
            signature.bind(*arguments, **keywords)
        except TypeError as misfit:
            alone = call == "values" and len(arguments) > 1
            raise TypeError(f"{name}({call}): {f'give one list, {name}([x, y])' if alone else misfit}") from None
        raise
