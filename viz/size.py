"""How large a graph is, found without reading all of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from autograd import Value


def larger_than(limit: int, value: Value) -> bool:
    """Tell whether the graph below a Value has more nodes than the limit, reading hardly more nodes than that.

    >>> from autograd import Value
    >>> x = Value(2.0)
    >>> larger_than(2, x * x), larger_than(2, x * x + x)
    (False, True)
    """
    seen, stack = {value}, [value]
    while stack and len(seen) <= limit:
        for x in stack.pop().operands:
            if x not in seen:
                seen.add(x)
                stack.append(x)
    return len(seen) > limit
