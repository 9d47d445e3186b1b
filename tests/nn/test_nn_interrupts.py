"""Whatever breaks a run off, and wherever: the network is as after one of its steps, whole and finite."""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from types import FrameType
from typing import Any

import numpy as np
import pytest

import nn.training.loop
from nn import MLP, SGD, Adam, History, RMSProp, Threshold, train
from nn.training.interrupts import Interrupts

X = np.random.default_rng(0).normal(size=(4, 2))
Y = np.tanh(X.sum(axis=1))
EPOCHS, BATCHES = 2, 2
# Whose lines change something.
FILES = ("loop.py", "interrupts.py", "optimizer.py", "optimizers.py", "stopping.py", "engines.py")


def flat(mlp: MLP) -> list[float]:
    return [p.data for p in mlp.parameters()]


def network() -> MLP:
    return MLP(2, [2, 1], "tanh", output="identity", rng=1)


def run(mlp: MLP, optimizer: Any = None, **settings: Any) -> History:
    chosen: dict[str, Any] = {"loss": "mse", "epochs": EPOCHS, "batch_size": 2, "engine": "scalar", "rng": 0}
    return train(mlp, X, Y, optimizer=optimizer or Adam(0.1), progress=False, **(chosen | settings))


def path(make: Any = lambda: Adam(0.1), **settings: Any) -> list[list[float]]:
    """Return the parameters before the first step and after each."""
    points = []

    class Watched(type(make())):  # type: ignore[misc]
        def step(self, parameters: Any, gradient: Any = None) -> None:
            points.append(parameters.tolist())
            super().step(parameters, gradient)

    mlp, optimizer = network(), make()
    optimizer.__class__ = Watched
    run(mlp, optimizer, **settings)
    return [*points, flat(mlp)]


# Ctrl-C, at every line ----------------------------------------------------------------------------------------------


class Pressed:
    """Presses Ctrl-C as the n-th line of the project is about to run, and the next ones; notes who handles the last."""

    def __init__(self, n: int, presses: int = 1) -> None:
        self.n, self.presses, self.lines, self.handler = n, presses, 0, None

    def trace(self, frame: FrameType, event: str, argument: object) -> Any:
        if Path(frame.f_code.co_filename).name not in FILES:
            return None
        if event == "line":
            self.lines += 1
            if self.n <= self.lines < self.n + self.presses:
                self.handler = signal.getsignal(signal.SIGINT)
                signal.raise_signal(signal.SIGINT)
        return self.trace


@pytest.fixture
def traced() -> Iterator[Any]:
    before = sys.gettrace()

    def call(pressed: Pressed, function: Any) -> Any:
        sys.settrace(pressed.trace)
        try:
            return function()
        finally:
            sys.settrace(before)

    yield call
    sys.settrace(before)


@pytest.mark.parametrize("stopping", [Threshold(1e-9), ()], ids=["with a rule", "without"])
@pytest.mark.parametrize("presses", [1, 7])
def test_ctrl_c_at_any_line_leaves_a_whole_network_and_a_history(traced: Any, presses: int, stopping: Any) -> None:
    points = path(stopping=stopping, validation=(X, Y))
    counted = Pressed(0)
    traced(counted, lambda: run(network(), stopping=stopping, validation=(X, Y)))
    assert counted.lines > 250
    ended, warned_of = set(), np.geterr()
    for n in range(1, counted.lines + 1, 4 if presses == 1 else 11):
        mlp, pressed, optimizer = network(), Pressed(n, presses), Adam(0.1)
        try:
            history = traced(pressed, lambda: run(mlp, optimizer, stopping=stopping, validation=(X, Y)))  # noqa: B023
        except KeyboardInterrupt:  # before training began, or after it ended
            assert pressed.handler is signal.default_int_handler
            assert flat(mlp) in (points[0], points[-1])
        else:
            history.check()
            ended.add((history.stopped_by, pressed.handler is None))
            assert len(history.loss) <= optimizer.steps / BATCHES
            assert flat(mlp) == points[optimizer.steps]
            assert not any(p.grad for p in mlp.parameters())
        assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
        assert np.geterr() == warned_of
    assert ended <= {("interrupt", False), ("epochs", True)}
    assert ("interrupt", False) in ended


@pytest.mark.parametrize("step", range(EPOCHS * BATCHES))
@pytest.mark.parametrize("place", ["_update", "_rate", "scratch"])
def test_ctrl_c_within_a_step_takes_the_step_back(step: int, place: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Raised by what the step calls, without a signal."""
    points, optimizer, mlp = path(), Adam(0.1), network()
    method = getattr(optimizer, place)

    def interrupted(*arguments: Any) -> Any:
        result = method(*arguments)
        if optimizer.steps == step:
            raise KeyboardInterrupt
        return result

    monkeypatch.setattr(optimizer, place, interrupted)
    history = run(mlp, optimizer)
    assert (history.stopped_by, len(history.loss)) == ("interrupt", step // BATCHES)
    assert flat(mlp) == points[step]
    history.check()


def test_a_run_that_was_interrupted_within_a_step_goes_on_as_if_nothing_had_been() -> None:
    whole, broken = network(), network()
    run(whole, Adam(0.1), batch_size=None, epochs=5)
    optimizer, raised = Adam(lambda step: 0.1), []

    def rate(step: int) -> float:
        if step == 2 and not raised:
            raised.append(step)
            raise KeyboardInterrupt
        return 0.1

    optimizer.learning_rate = rate
    history = run(broken, optimizer, batch_size=None, epochs=5)
    assert history.stopped_by == "interrupt"
    run(broken, optimizer, batch_size=None, epochs=3, history=history)
    assert len(history.loss) == 5
    np.testing.assert_allclose(flat(broken), flat(whole), rtol=1e-12)  # the order of a sum differs


@pytest.mark.parametrize("name", ["assign", "_measures", "_epoch"])
def test_what_a_run_calls_may_be_interrupted(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    points, function, calls = path(), getattr(nn.training.loop, name), []

    def interrupted(*arguments: Any) -> Any:
        calls.append(name)
        if len(calls) == 1:
            raise KeyboardInterrupt
        return function(*arguments)

    monkeypatch.setattr(nn.training.loop, name, interrupted)
    mlp, optimizer = network(), Adam(0.1)
    history = run(mlp, optimizer)
    assert history.stopped_by == "interrupt"
    assert flat(mlp) == points[optimizer.steps]


def test_a_loss_may_be_interrupted_while_it_is_computed() -> None:
    calls = []

    def loss(outputs: Any, target: Any) -> Any:
        calls.append(target)
        if len(calls) == 7:
            signal.raise_signal(signal.SIGINT)
        return (outputs[0] - target[0]) ** 2

    mlp, optimizer = network(), Adam(0.1)
    points = path(loss=lambda outputs, target: (outputs[0] - target[0]) ** 2)
    assert run(mlp, optimizer, loss=loss).stopped_by == "interrupt"
    assert len(calls) == 7  # at once
    assert flat(mlp) == points[optimizer.steps]


def test_handlers_of_others_stay() -> None:
    seen = []
    mine = signal.signal(signal.SIGINT, lambda number, frame: seen.append(number))
    try:
        with Interrupts() as interrupts:
            signal.raise_signal(signal.SIGINT)
        assert (seen, interrupts.pending) == ([signal.SIGINT], False)
    finally:
        signal.signal(signal.SIGINT, mine)


def test_training_in_another_thread_leaves_the_handler_alone() -> None:
    found: list[Any] = []

    def rule(history: History) -> None:
        found.append(signal.getsignal(signal.SIGINT))

    thread = threading.Thread(target=lambda: run(network(), stopping=rule))
    thread.start()
    thread.join()
    assert found == [signal.default_int_handler] * EPOCHS


# Whatever else fails ------------------------------------------------------------------------------------------------


class OwnError(Exception):
    """An error of the caller's own."""


def failing(step: int, result: Any) -> Any:
    def rate(n: int) -> Any:
        if n < step:
            return 0.1
        if isinstance(result, Exception):
            raise result
        return result

    return rate


@pytest.mark.parametrize("engine", ["scalar", "vectorized"])
@pytest.mark.parametrize("make", [SGD, Adam, RMSProp, lambda rate: SGD(rate, momentum=0.9, nesterov=True)])
@pytest.mark.parametrize(
    ("result", "error", "message"),
    [
        (
            float("nan"),
            ValueError,
            r"the rate of the schedule .* at step 3 is nan; it must be a finite number, zero or",
        ),
        (-0.1, ValueError, "at step 3 is -0.1; it must be"),
        (float("inf"), ValueError, "at step 3 is inf"),
        (None, ValueError, "at step 3 is None; it must be .*: give an int or a float"),
        ("0.1", ValueError, "at step 3 is '0.1'"),
        (True, ValueError, "at step 3 is True"),
        (OwnError("mine"), OwnError, "mine"),
    ],
)
def test_whatever_fails_at_a_step_leaves_the_network_as_before_it(
    make: Any, engine: str, result: Any, error: type[Exception], message: str
) -> None:
    points, mlp = path(lambda: make(0.1), engine=engine), network()
    optimizer, history = make(failing(3, result)), History()
    with pytest.raises(error, match=message):
        run(mlp, optimizer, engine=engine, history=history, loss="mse", batch_size=2)
    assert flat(mlp) == points[3]
    assert optimizer.steps == 3
    assert history.stopped_by.startswith(error.__name__)
    assert len(history.loss) == 1
    history.check()


@pytest.mark.parametrize("validation", [None, (X, Y)])
@pytest.mark.parametrize("engine", ["scalar", "vectorized"])
@pytest.mark.parametrize("make", [SGD, Adam, RMSProp, lambda rate: SGD(rate, momentum=0.9)])
@pytest.mark.parametrize("step", range(EPOCHS * BATCHES))
def test_a_run_that_diverges_says_so_even_in_its_last_step(make: Any, engine: str, validation: Any, step: int) -> None:
    mlp, optimizer, history = network(), make(lambda n: 1e307 if n == step else 0.1), History()
    with pytest.raises(FloatingPointError, match="a smaller learning rate or clip_norm may help"):
        run(mlp, optimizer, engine=engine, history=history, validation=validation)
    assert np.isfinite(flat(mlp)).all()
    assert history.stopped_by.startswith("FloatingPointError: ")
    history.check()


def test_a_schedule_may_rest() -> None:
    points, mlp = path(), network()
    run(mlp, Adam(lambda step: 0.1 if step < 2 else 0))
    assert flat(mlp) == points[2]


def test_the_reason_of_an_earlier_run_is_not_that_of_this_one() -> None:
    mlp, seen = network(), []
    history = run(mlp)
    run(mlp, history=history, stopping=lambda h: seen.append(h.stopped_by))
    assert seen == ["", ""]
