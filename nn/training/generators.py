"""Random generators from a file: NumPy accepts any state unchecked, so each field is checked before.

With a position beyond its buffer, a generator would read memory outside it.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np


class Field(NamedTuple):
    """The allowed values of a field.

    Attributes:
        largest: The largest whole number; the smallest is 0.
        length: The length of a list of such numbers; None for a single number.
    """

    largest: int
    length: int | None = None


BITS32, BITS64, BITS128 = 2**32 - 1, 2**64 - 1, 2**128 - 1
SPARE = {"has_uint32": Field(1), "uinteger": Field(BITS32)}  # half of a 64-bit number, saved for the next 32-bit one

# The fields of `BitGenerator.state`, as NumPy's own classes write them.
# fmt: off
GENERATORS: dict[str, dict[str, Any]] = {
    "PCG64":     {"state": {"state": Field(BITS128), "inc": Field(BITS128)}, **SPARE},
    "PCG64DXSM": {"state": {"state": Field(BITS128), "inc": Field(BITS128)}, **SPARE},
    "MT19937":   {"state": {"key": Field(BITS32, 624), "pos": Field(624)}},
    "Philox":    {"state": {"counter": Field(BITS64, 4), "key": Field(BITS64, 2)},
                  "buffer": Field(BITS64, 4), "buffer_pos": Field(4), **SPARE},
    "SFC64":     {"state": {"state": Field(BITS64, 4)}, **SPARE},
}
# fmt: on


def generator(state: Any, place: str) -> np.random.Generator:
    """Return the generator with a given state.

    Args:
        state: As `rng.bit_generator.state`, with lists instead of arrays.
        place: What a message calls the state.

    Raises:
        ValueError: For a field that is missing, of another type or out of range; the message names it.

    >>> generator({"bit_generator": "MT19937", "state": {"key": [1] * 624, "pos": 625}}, "rng")
    Traceback (most recent call last):
    ValueError: rng.state.pos is 625; it must be a whole number from 0 to 624
    """
    kind = state.get("bit_generator") if isinstance(state, dict) else None
    if not isinstance(kind, str) or kind not in GENERATORS:
        raise ValueError(f"{place}.bit_generator is {kind!r:.80}; it must be one of {', '.join(GENERATORS)}")
    _check({name: field for name, field in state.items() if name != "bit_generator"}, GENERATORS[kind], place)
    bits = getattr(np.random, kind)()
    bits.state = state
    return np.random.Generator(bits)


def _check(state: Any, fields: dict[str, Any], place: str) -> None:
    """Raise ValueError if a state does not have exactly these fields, or one of them a value that is not allowed."""
    if not isinstance(state, dict) or set(state) != set(fields):
        found = sorted(state) if isinstance(state, dict) else state
        raise ValueError(f"{place} holds {found!r:.200}; it must hold {', '.join(fields)}")
    for name, field in fields.items():
        value, where = state[name], f"{place}.{name}"
        if isinstance(field, dict):
            _check(value, field, where)
        elif field.length is None:
            _check_number(value, field.largest, where)
        elif not isinstance(value, list) or len(value) != field.length:
            raise ValueError(f"{where} is {value!r:.80}; it must be a list of {field.length} whole numbers")
        else:
            for i, number in enumerate(value):
                _check_number(number, field.largest, f"{where}[{i}]")


def _check_number(number: Any, largest: int, where: str) -> None:
    if type(number) is not int or not 0 <= number <= largest:
        raise ValueError(f"{where} is {number!r:.80}; it must be a whole number from 0 to {largest}")
