"""States of random generators from a file: every field is checked before NumPy, which takes any, sees one."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from run_files import assert_refused, rewritten, run_file

from nn.training.generators import GENERATORS, generator


def state_of(kind: str) -> dict[str, Any]:
    """Return a generator's state as a file holds it."""
    state = getattr(np.random, kind)(5).state
    found: dict[str, Any] = json.loads(json.dumps(state, default=lambda x: x.tolist()))
    return found


def fields(state: dict[str, Any], *path: Any) -> Iterator[tuple[Any, ...]]:
    """Yield the path to every number and every list of a state."""
    for name, value in state.items():
        if isinstance(value, dict):
            yield from fields(value, *path, name)
        elif name != "bit_generator":
            yield (*path, name)


def changed(state: dict[str, Any], path: tuple[Any, ...], value: Any) -> dict[str, Any]:
    name, *rest = path
    return state | {name: changed(state[name], tuple(rest), value) if rest else value}


def wrong_values(value: Any) -> list[Any]:
    """Return what such a field never holds."""
    never: list[Any] = [None, "1", 1.0, True, [], {}, -1, 2**128]
    if isinstance(value, list):
        never += [value[:-1], [*value, 0], [*value[:-1], -1], [*value[:-1], 2**64], [*value[:-1], 0.5]]
    return never


class Untouched:
    """A bit generator that is not to see a state."""

    def __setattr__(self, name: str, value: Any) -> None:
        raise AssertionError("NumPy has seen it")


@pytest.mark.parametrize("kind", GENERATORS)
def test_a_generator_s_state_is_checked_before_numpy_sees_it(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    state = state_of(kind)
    assert generator(state, "rng").bit_generator.state["state"]
    monkeypatch.setattr(np.random, kind, Untouched)
    for path in fields(state):
        value = state
        for name in path:
            value = value[name]
        for wrong in wrong_values(value):
            with pytest.raises(ValueError, match=f"rng.{'.'.join(path)}"):
                generator(changed(state, path, wrong), "rng")
    for path in [(), ("state",)]:
        part = state["state"] if path else state
        for other in (part | {"more": 1}, dict(list(part.items())[:-1])):
            with pytest.raises(ValueError, match=f"rng{'.state' * len(path)} holds .*; it must hold"):
                generator(changed(state, path, other) if path else other, "rng")


@pytest.mark.parametrize(
    ("kind", "path", "value"),
    [
        ("MT19937", ("state", "pos"), 625),
        ("MT19937", ("state", "key"), [2**32] * 624),
        ("Philox", ("buffer_pos",), 5),
        ("PCG64", ("has_uint32",), 2),
        ("PCG64", ("uinteger",), 2**32),
        ("PCG64DXSM", ("state", "inc"), 2**128),
        ("SFC64", ("state", "state"), [0, 0, 0, 2**64]),
    ],
)
def test_a_state_just_out_of_bounds_is_refused_with_its_field(
    kind: str, path: tuple[Any, ...], value: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    saved = rewritten(run_file(tmp_path), rng=changed(state_of(kind), path, value))
    monkeypatch.setattr(np.random, kind, Untouched)
    assert_refused(saved, rf"rng.{'.'.join(path)}(\[\d\])? is .*; it must be a whole number from 0 to")
