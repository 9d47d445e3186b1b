"""ONNX files: `MLP.to_onnx` and `MLP.from_onnx`.

A layer is a Gemm and its activation. A file is read from its output back to its input: what made this value, out of
which value? Nothing in it is executed, and no other file is opened.

Letters: x inputs, z net inputs, a activations, y outputs, W[sender, receiver], b biases.
"""

from __future__ import annotations

import functools
import os
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from autograd.files import write as write_file
from nn.beyond.onnx_activations import ATTRIBUTES, COMMUTATIVE, EXPRESSIONS, FLOAT32_ALONE, READ, Expression, X
from nn.beyond.stack import Arguments, Stack, layers
from nn.validation import Floats, numbers

try:
    import onnx
    from onnx import helper, numpy_helper
except ModuleNotFoundError as error:
    raise ImportError('MLP.from_onnx and to_onnx need onnx: pip install "handgrad[onnx]"') from error

if TYPE_CHECKING:
    from nn.network import MLP


OPSET, IR_VERSION = 13, 7  # of 2020: whatever reads ONNX today reads these
FLOATS = (onnx.TensorProto.FLOAT, onnx.TensorProto.DOUBLE)
OWN_DOMAINS = ("", "ai.onnx")  # of ONNX's operators
PASSING = ("Identity", "Dropout", "Flatten")  # these leave the numbers of rows as they are


def write(mlp: MLP, path: str | os.PathLike[str], dtype: DTypeLike) -> None:
    """Write a network to an ONNX file, as `MLP.to_onnx` describes."""
    kind = np.dtype(dtype)
    if kind not in (np.float32, np.float64):
        raise ValueError(f"dtype is {dtype!r}; choose float64 or float32")
    writer, value = _Writer(kind), "x"
    for number, layer in enumerate(layers(mlp, "ONNX", EXPRESSIONS), 1):
        value = writer.layer(number, value, *layer, "y" if number == len(mlp.layers) else f"a{number}")
    write_file(path, writer.model(mlp.sizes[0], mlp.sizes[-1]).SerializeToString())


class _Writer:
    """The nodes and initializers of a file, in the order in which they are added."""

    def __init__(self, kind: np.dtype[Any]) -> None:
        self.kind = kind
        self.nodes: list[Any] = []
        self.initializers: dict[str, Any] = {}
        self.constants: dict[float, str] = {}

    def layer(self, number: int, x: str, W: Floats, b: Floats | None, activation: str, a: str) -> str:
        """Add a layer of the value x, whose activations are the value a, and return the name of these."""
        operator = FLOAT32_ALONE.get(activation)
        if operator and self.kind == np.float64:
            raise ValueError(
                f"layer {number} is {activation}, which needs ONNX's {operator}; runtimes have that for 32-bit floats "
                "alone: dtype=np.float32"
            )
        z, parameters = f"z{number}", [self.array(f"W{number}", W)]
        if b is not None:
            parameters.append(self.array(f"b{number}", b))
        self.nodes.append(helper.make_node("Gemm", [x, *parameters], [a if activation == "identity" else z]))
        if activation == "softmax":
            self.nodes.append(helper.make_node("Softmax", [z], [a], axis=-1))
        elif activation != "identity":
            self.expression(EXPRESSIONS[activation][0], z, a, {})
        return a

    def expression(self, expression: Expression, z: str, name: str, made: dict[Expression, str]) -> str:
        """Add what an expression of z needs, each part once, and return the name of its value."""
        if isinstance(expression, str):
            return z
        if isinstance(expression, float):
            if expression not in self.constants:
                self.constants[expression] = self.array(f"c{len(self.constants) + 1}", np.array(expression))
            return self.constants[expression]
        if expression not in made:
            parts = [self.expression(part, z, "", made) for part in expression[1:]]
            made[expression] = name or f"{z}_{len(made) + 1}"
            self.nodes.append(helper.make_node(expression[0], parts, [made[expression]]))
        return made[expression]

    def array(self, name: str, array: NDArray[Any]) -> str:
        """Add an initializer, and return its name."""
        with np.errstate(over="ignore"):
            converted = np.array(array, dtype=self.kind, order="C")
        numbers(converted, f"{name} in {self.kind}")
        self.initializers[name] = numpy_helper.from_array(converted, name)
        return name

    def model(self, inputs: int, outputs: int) -> Any:
        """Return the checked model."""
        kind = helper.np_dtype_to_tensor_dtype(self.kind)
        x = helper.make_tensor_value_info("x", kind, ["batch", inputs])
        y = helper.make_tensor_value_info("y", kind, ["batch", outputs])
        graph = helper.make_graph(self.nodes, "network", [x], [y], list(self.initializers.values()))
        opset = helper.make_opsetid("", OPSET)
        model = helper.make_model(graph, producer_name="handgrad", opset_imports=[opset], ir_version=IR_VERSION)
        onnx.checker.check_model(model, full_check=True)
        return model


def read(path: str | os.PathLike[str]) -> Arguments:
    """Return the arguments of `MLP.from_weights` for an ONNX file, as `MLP.from_onnx` describes."""
    content = Path(path).read_bytes()
    try:
        model = onnx.load_model_from_string(content)
    except Exception as error:  # any error is possible in another program's file
        raise ValueError(f"{path} is not a complete ONNX file: {error}") from error
    try:
        return _Reader(model).network()
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from error


class _Reader:
    """The nodes of a model by what they make, and its constants by name."""

    def __init__(self, model: Any) -> None:
        graph = model.graph
        constants = [attribute.t for node in graph.node for attribute in node.attribute if attribute.HasField("t")]
        for tensor in [*graph.initializer, *constants]:
            if tensor.data_location == onnx.TensorProto.EXTERNAL:
                raise ValueError(
                    f"the numbers of {tensor.name!r:.80} are in another file, which is not opened; put them into this "
                    "one: onnx.save_model(onnx.load(path), path)"
                )
        try:
            onnx.checker.check_model(model)  # every value is made once, before it is used: there are no circles
        except Exception as error:
            raise ValueError(f"it is not a valid model: {error}") from error
        if any(function.domain in OWN_DOMAINS for function in model.functions):
            raise ValueError("it gives operators of ONNX another meaning")
        # What has the numbers of a constant, a tensor or an attribute, and whether they are to be transposed.
        self.constants: dict[str, tuple[Any, bool]] = {tensor.name: (tensor, False) for tensor in graph.initializer}
        self.makers = {name: node for node in graph.node for name in node.output[:1]}
        inputs = [value for value in graph.input if value.name not in self.constants]
        if len(inputs) != 1 or len(graph.output) != 1:
            names = ", ".join(repr(value.name)[:80] for value in [*inputs, *graph.output])
            raise ValueError(
                f"it has {len(inputs)} inputs and {len(graph.output)} outputs ({names}); a network here has one "
                "array of each. A classifier of scikit-learn comes over by MLP.from_sklearn"
            )
        (self.input,), (self.output,) = inputs, graph.output
        if self.input.type.tensor_type.elem_type not in FLOATS:
            raise ValueError(f"its input {self.input.name!r:.80} is not of 32-bit or 64-bit floats")
        self._find_constants(graph.node)
        if graph.sparse_initializer:
            raise ValueError("it has sparse initializers; write them as dense ones")

    def network(self) -> Arguments:
        """Walk from the output back to the input; then put the layers together in their own order."""
        steps: list[Callable[[Stack], None]] = []
        value, shift = self.output.name, None
        while value != self.input.name:
            node = self._maker(value)
            place = f"{node.op_type} {value!r:.80}"
            if node.op_type in ("Gemm", "MatMul"):
                value, W, b = self._product(node, place)
                if shift is not None:
                    b = self._row(shift, W, place) + (0.0 if b is None else b)
                steps.append(functools.partial(Stack.add_layer, W=W, b=b, place=place))
                shift = None
            elif shift is not None:
                raise ValueError(f"{place} has a constant added to it, but is not a product with weights")
            elif self._passes(node, place):
                value = node.input[0]
            elif found := self._activation(value):
                name, value = found
                steps.append(functools.partial(Stack.add_activation, name=name, place=place))
            else:
                value, shift = self._addition(node, place)
        if shift is not None:
            raise ValueError(f"the input {value!r:.80} has a constant added to it, before any weights")
        stack = Stack()
        for step in reversed(steps):
            step(stack)
        weights, biases, activations = stack.arguments("it")
        self._check_width(len(weights[0]))
        return weights, biases, activations

    def _maker(self, value: str) -> Any:
        """Return the node that makes a value."""
        if value not in self.makers:
            raise ValueError(f"{value!r:.80} is not computed from the input alone, layer by layer")
        node = self.makers[value]
        if node.domain not in OWN_DOMAINS:
            raise ValueError(f"{node.op_type} {value!r:.80} is of {node.domain!r:.80}, not one of ONNX's own operators")
        return node

    def _passes(self, node: Any, place: str) -> bool:
        """Whether a node leaves numbers as they are."""
        if node.op_type == "Dropout" and len(node.input) > 2:
            raise ValueError(f"{place} can be in training; export the network for inference")
        self._check_attributes(node, place)
        return node.op_type in PASSING

    def _addition(self, node: Any, place: str) -> tuple[str, Floats]:
        """Return the computed operand of an Add, and the constant one."""
        constants = [name for name in node.input if name in self.constants]
        if node.op_type != "Add" or len(constants) != 1:
            raise ValueError(
                f"{place} has no counterpart in a network of layers one after another; import the part before it, or "
                "the part after it"
            )
        (value,) = [name for name in node.input if name not in constants]
        return value, self._constant(constants[0])

    def _check_width(self, n: int) -> None:
        """Raise ValueError if the file says that its input has another number of columns."""
        shape = [dimension.dim_value for dimension in self.input.type.tensor_type.shape.dim]
        if shape and (len(shape) < 2 or (all(shape[1:]) and np.prod(shape[1:]) != n)):
            raise ValueError(f"its input has the shape {shape}, but the first layer takes rows of {n} numbers")

    # Products ---------------------------------------------------------------------------------------------------------

    def _product(self, node: Any, place: str) -> tuple[str, Floats, Floats | None]:
        """Return the input, W and b of a Gemm or MatMul."""
        given = {"alpha": 1.0, "beta": 1.0, "transA": 0, "transB": 0} if node.op_type == "Gemm" else {}
        given |= {attribute.name: helper.get_attribute_value(attribute) for attribute in node.attribute}
        a, weights, *bias = node.input
        if a in self.constants or weights not in self.constants or given.get("transA"):
            raise ValueError(f"{place} is not a product of rows of inputs with constant weights, x @ W")
        W = self._constant(weights)
        if W.ndim != 2:
            raise ValueError(f"{place} has weights of shape {W.shape}; they must be a table")
        W = given.get("alpha", 1.0) * (W.T if given.get("transB") else W)
        if not bias or not bias[0]:
            return a, W, None
        return a, W, given["beta"] * self._row(self._constant(bias[0]), W, place)

    def _row(self, b: Floats, W: Floats, place: str) -> Floats:
        """Return what is added as one number for each receiver."""
        try:
            row: Floats = np.broadcast_to(b, (1, W.shape[1]))[0]
        except ValueError:
            raise ValueError(f"{place} adds an array of shape {b.shape} to {W.shape[1]} net inputs") from None
        return row

    # Constants --------------------------------------------------------------------------------------------------------

    def _find_constants(self, nodes: Iterable[Any]) -> None:
        """Add the constants that nodes make of no input, or of other constants."""
        for node in nodes:
            if node.domain in OWN_DOMAINS and node.op_type == "Constant":
                self.constants[node.output[0]] = node.attribute[0], False
            passes_on = node.domain in OWN_DOMAINS and node.op_type in ("Identity", "Transpose")
            if passes_on and node.input[0] in self.constants:
                self._check_attributes(node, f"{node.op_type} {node.output[0]!r:.80}")
                source, transposed = self.constants[node.input[0]]
                self.constants[node.output[0]] = source, transposed != (node.op_type == "Transpose")

    def _constant(self, name: str) -> Floats:
        """Return the numbers of a constant as 64-bit floats."""
        source, transposed = self.constants[name]
        array = self._numbers(source, repr(name)[:80])
        return array.T if transposed else array

    def _numbers(self, source: Any, name: str) -> Floats:
        """Return the numbers of a tensor or an attribute."""
        tensor = source
        if isinstance(source, onnx.AttributeProto):
            if source.name != "value":
                return numbers(helper.get_attribute_value(source), name)
            tensor = source.t
        if tensor.data_type not in FLOATS:
            kind = onnx.TensorProto.DataType.Name(tensor.data_type)
            raise ValueError(f"{name} is {kind}; weights must be FLOAT or DOUBLE")
        try:
            array = numpy_helper.to_array(tensor)
        except Exception as error:
            raise ValueError(f"{name} does not have the numbers that its shape needs: {error}") from error
        return numbers(array, name)

    # Activations ------------------------------------------------------------------------------------------------------

    def _activation(self, value: str) -> tuple[str, str] | None:
        """Return the activation that makes a value, and its net input; None if there is none."""
        for name, expression in READ:
            found: dict[str, str] = {}
            if self._matches(expression, value, found):
                return name, found[X]
        return None

    def _matches(self, expression: Expression, value: str, found: dict[str, str]) -> bool:
        """Whether a value is computed as an expression says; `found` becomes the value that x is."""
        if expression == X:
            return value not in self.constants and found.setdefault(X, value) == value
        if isinstance(expression, float):
            return self._is_number(value, expression)
        node = self.makers.get(value)
        if node is None or node.op_type != expression[0] or node.domain not in OWN_DOMAINS:
            return False
        inputs = list(node.input)
        if len(inputs) != len(expression) - 1:
            return False
        for order in [inputs, inputs[::-1]] if node.op_type in COMMUTATIVE else [inputs]:
            attempt = dict(found)
            if all([self._matches(part, name, attempt) for part, name in zip(expression[1:], order, strict=True)]):
                self._check_attributes(node, f"{node.op_type} {value!r:.80}")
                found |= attempt
                return True
        return False

    def _is_number(self, name: str, number: float) -> bool:
        if name not in self.constants:
            return False
        array = self._constant(name)
        return array.size == 1 and bool(np.isclose(array.ravel()[0], number, rtol=1e-6, atol=0.0))

    def _check_attributes(self, node: Any, place: str) -> None:
        """Raise ValueError for an attribute with which the operator means something else than here."""
        given = {attribute.name: helper.get_attribute_value(attribute) for attribute in node.attribute}
        for name, (default, *right) in ATTRIBUTES.get(node.op_type, {}).items():
            setting = given.get(name, default)
            near = [isinstance(x, float) and np.isclose(setting, x, rtol=1e-6) for x in right]
            if setting not in right and not any(near):
                raise ValueError(f"{place} has {name} = {setting!r:.80}; it must be {' or '.join(map(str, right))}")
