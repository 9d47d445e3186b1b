"""What an ONNX graph is written with: tensors whose operators add nodes to it, as `x * y + 1.0` adds a Mul and an Add.

A tensor is of shape (batch, size), or (1, size) where it is the same for all rows of a batch. A node that is there is
not added again. A loop's body is a graph of its own that sees the one around it.

Letters: x, y tensors; c a truth value for each number.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from autograd.lifting.names import identifier

try:
    import onnx
    from onnx import helper as helper
    from onnx import numpy_helper
except ModuleNotFoundError as error:
    raise ImportError('to_onnx needs onnx: pip install "handgrad[onnx]"') from error

OPSET, IR_VERSION = 13, 7  # of 2020: whatever reads ONNX today reads these
Operand = Any  # a Tensor, or a number


class Tensor:
    """A value of the graph; `number` is what it is where that is one number, the same in every call."""

    __slots__ = ("graph", "name", "number")
    __hash__ = None  # type: ignore[assignment]  # == gives a Tensor

    def __init__(self, graph: OnnxGraph, name: str, number: float | None = None) -> None:
        self.graph, self.name, self.number = graph, name, number

    def __add__(self, y: Operand) -> Tensor:
        return self.graph.node("Add", self, y)

    def __radd__(self, x: Operand) -> Tensor:
        return self.graph.node("Add", x, self)

    def __sub__(self, y: Operand) -> Tensor:
        return self.graph.node("Sub", self, y)

    def __rsub__(self, x: Operand) -> Tensor:
        return self.graph.node("Sub", x, self)

    def __mul__(self, y: Operand) -> Tensor:
        return self.graph.node("Mul", self, y)

    def __rmul__(self, x: Operand) -> Tensor:
        return self.graph.node("Mul", x, self)

    def __truediv__(self, y: Operand) -> Tensor:
        return self.graph.node("Div", self, y)

    def __rtruediv__(self, x: Operand) -> Tensor:
        return self.graph.node("Div", x, self)

    def __neg__(self) -> Tensor:
        return self.graph.node("Neg", self)

    def __abs__(self) -> Tensor:
        return self.graph.node("Abs", self)

    def __lt__(self, y: Operand) -> Tensor:
        return self.graph.node("Less", self, y)

    def __le__(self, y: Operand) -> Tensor:
        return self.graph.node("LessOrEqual", self, y)

    def __gt__(self, y: Operand) -> Tensor:
        return self.graph.node("Greater", self, y)

    def __ge__(self, y: Operand) -> Tensor:
        return self.graph.node("GreaterOrEqual", self, y)

    def __eq__(self, y: Operand) -> Tensor:  # type: ignore[override]
        return self.graph.node("Equal", self, y)

    def __and__(self, c: Tensor) -> Tensor:
        return self.graph.node("And", self, c)

    def __or__(self, c: Tensor) -> Tensor:
        return self.graph.node("Or", self, c)

    def __xor__(self, c: Tensor) -> Tensor:
        return self.graph.node("Xor", self, c)

    @property
    def is_nan(self) -> Tensor:
        """Where it is not a number."""
        return self.graph.node("IsNaN", self)


def choose(c: Tensor, x: Operand, y: Operand) -> Tensor:
    """Return x where c is true, else y: never a product with 0, which is NaN where the other is infinite."""
    return c.graph.node("Where", c, x, y)


class OnnxGraph:
    """The nodes and initializers of a file, in the order in which they are added."""

    def __init__(self, dtype: np.dtype[Any]) -> None:
        self.dtype = dtype
        self.nodes: list[Any] = []
        self.initializers: dict[str, Any] = {}
        self.names: dict[str, int] = {}  # how often each was asked for
        self.made: dict[Any, Tensor] = {}  # by what they are made of

    def named(self, name: str) -> str:
        """Return a name that nothing has, this one where it is free."""
        taken = self.names[name] = self.names.get(name, 0) + 1
        return name if taken == 1 else self.named(f"{name}_{taken}")

    def node(self, operator: str, *operands: Operand, **attributes: Any) -> Tensor:
        """Return the result of one of ONNX's operators."""
        names = [self.array(x).name for x in operands]
        key = operator, tuple(names), repr(sorted(attributes.items()))
        if key not in self.made:
            name = self.named(operator.lower())
            self.nodes.append(helper.make_node(operator, names, [name], **attributes))
            self.made[key] = Tensor(self, name)
        return self.made[key]

    def array(self, x: Operand) -> Tensor:
        """Return x itself, or the array that is the number x."""
        if isinstance(x, Tensor):
            return x
        found = self.constant("c", x)
        found.number = float(x)
        return found

    def constant(self, name: str, numbers: ArrayLike, key: NDArray[Any] | None = None) -> Tensor:
        """Return an array that is the same in every call; whole numbers remain such.

        One that is equal is not made again or, with a `key`, one of the same key.
        """
        array = np.asarray(numbers)
        if array.dtype.kind != "i":
            with np.errstate(over="ignore"):  # of numbers beyond float32
                array = array.astype(self.dtype)
        array = np.array(array, order="C")
        known = array if key is None else key
        content = known.tobytes(), array.shape, array.dtype.str, key is None
        if content not in self.made:
            self.made[content] = Tensor(self, name := self.named(name))
            self.initializers[name] = numpy_helper.from_array(array, name)
        return self.made[content]

    def renamed(self, x: Tensor, name: str) -> Tensor:
        """Return an array under the name that a reader knows it by, if the last node made it, and there is a name."""
        if not name or not self._is_last(x):
            return x
        renamed = Tensor(self, self.named(identifier(name)))
        self.made |= {key: renamed for key, made in self.made.items() if made is x}
        self.nodes[-1].output[0] = renamed.name
        return renamed

    def finish(self, x: Tensor, name: str) -> None:
        """Make an array the graph's result, of this name."""
        if self._is_last(x):
            self.nodes[-1].output[0] = name
        else:
            self.nodes.append(helper.make_node("Identity", [x.name], [name]))

    def _is_last(self, x: Tensor) -> bool:
        return bool(self.nodes) and list(self.nodes[-1].output) == [x.name]

    # Shapes -----------------------------------------------------------------------------------------------------------

    def columns(self, x: Tensor, index: Sequence[int]) -> Tensor:
        """Return some of the columns."""
        return self.node("Gather", x, self.constant("columns", np.array(index, np.int64)), axis=1)

    def reshaped(self, x: Tensor, *shape: int) -> Tensor:
        """Return the same numbers in another shape; 0 stands for a length that stays."""
        return self.node("Reshape", x, self.constant("shape", np.array(shape, np.int64)))

    def repeated(self, x: Tensor, batch: Tensor) -> Tensor:
        """Return x with a row for each of the batch."""
        first, one = self.constant("first", np.array([0], np.int64)), self.constant("one", np.array([1], np.int64))
        rows = self.node("Gather", self.node("Shape", batch), first, axis=0)
        return self.node("Expand", x, self.node("Concat", rows, one, axis=0))

    # Files ------------------------------------------------------------------------------------------------------------

    @contextmanager
    def body(self) -> Iterator[list[Any]]:
        """Add nodes to the body of a loop, which is given, and sees what is there, until the end of the block."""
        nodes, made, self.nodes = self.nodes, self.made, []
        self.made = dict(made)
        try:
            yield self.nodes
        finally:
            constants = {key: x for key, x in self.made.items() if x.name in self.initializers}
            self.nodes, self.made = nodes, made | constants

    def loop_body(self, nodes: list[Any], iteration: str, go_on: str, before: list[str], after: list[str]) -> Any:
        """Return the body of a Loop, whose first results are whether to go on, and what is `before` the next one."""
        kind = helper.np_dtype_to_tensor_dtype(self.dtype)
        given = [helper.make_tensor_value_info(name, kind, None) for name in before]
        given = [
            helper.make_tensor_value_info(iteration, onnx.TensorProto.INT64, []),
            helper.make_tensor_value_info(go_on, onnx.TensorProto.BOOL, []),
            *given,
        ]
        results = [helper.make_tensor_value_info(name, kind, None) for name in after[1:]]
        go = helper.make_tensor_value_info(after[0], onnx.TensorProto.BOOL, [])
        return helper.make_graph(nodes, "iteration", given, [go, *results])

    def value(self, name: str, shape: Sequence[int | str]) -> Any:
        """Return the description of an input or output."""
        return helper.make_tensor_value_info(name, helper.np_dtype_to_tensor_dtype(self.dtype), shape)

    def model(self, x: Any, y: Any, text: str) -> Any:
        """Return the model of one input and one output, checked; `text` describes it."""
        used = _taken(self.nodes)
        arrays = [tensor for name, tensor in self.initializers.items() if name in used]
        graph = helper.make_graph(self.nodes, "program", [x], [y], arrays, doc_string=text)
        opset = helper.make_opsetid("", OPSET)
        model = helper.make_model(graph, producer_name="handgrad", opset_imports=[opset], ir_version=IR_VERSION)
        onnx.checker.check_model(model, full_check=True)
        return model


def _taken(nodes: Sequence[Any]) -> set[str]:
    """Return the names of what nodes and the bodies of their loops take."""
    bodies = [attribute.g for node in nodes for attribute in node.attribute if attribute.HasField("g")]
    return {name for node in nodes for name in node.input}.union(*[_taken(body.node) for body in bodies])


def run(content: bytes, batch: NDArray[Any]) -> NDArray[Any] | None:
    """Return what onnxruntime computes of a file; None where it is not installed."""
    try:
        import onnxruntime
    except ModuleNotFoundError:
        return None
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3  # errors alone
    session = onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
    result: NDArray[Any] = session.run(None, {"x": batch})[0]
    return result
