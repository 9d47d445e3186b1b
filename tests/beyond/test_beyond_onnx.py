"""Into an ONNX file, through onnxruntime and back; files of others are read, or refused with the place."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nn import MLP

onnx = pytest.importorskip("onnx", reason='onnx: pip install "handgrad[onnx]"')
from onnx import TensorProto, helper, numpy_helper  # noqa: E402

from nn.beyond.onnx_activations import EXPRESSIONS, FLOAT32_ALONE, READ, X  # noqa: E402

SINGLE = sorted(EXPRESSIONS.keys() - {"softmax"})
TYPES = [np.float32, np.float64]
POINTS = [sign * x for x in (1e-8, 1e-3, 0.4, 1.0, 2.5, 3.0, 4.0, 16.0, 21.0, 38.0, 60.0, 85.0) for sign in (1.0, -1.0)]


def run(path: Path, rows: Any, dtype: Any) -> Any:
    """Return what onnxruntime computes, in 64-bit floats."""
    runtime = pytest.importorskip("onnxruntime", reason="onnxruntime: pip install onnxruntime")
    session = runtime.InferenceSession(path.read_bytes(), providers=["CPUExecutionProvider"])
    return session.run(None, {"x": np.asarray(rows, dtype)})[0].astype(float)


def network(activation: str, **settings: Any) -> MLP:
    hidden, output = ("tanh", "softmax") if activation == "softmax" else (activation, "identity")
    mlp = MLP(3, [5, 4, 3], hidden, output=output, rng=4, **settings)
    mlp.set_weights(mlp.weights(), [b + 0.1 for b in mlp.biases()])  # a bias of 0 is left out by an exporter
    return mlp


def applies(name: str, dtype: Any) -> bool:
    return name not in FLOAT32_ALONE or dtype == np.float32


@pytest.mark.parametrize("dtype", TYPES, ids=lambda dtype: dtype.__name__)
@pytest.mark.parametrize("name", SINGLE)
def test_an_activation_keeps_its_digits_on_tails_and_kinks(name: str, dtype: Any, tmp_path: Path) -> None:
    if not applies(name, dtype):
        pytest.skip("runtimes have no Erf for 64-bit floats; that it is refused is tested below")
    points = np.array([0.0, *POINTS] if name not in ("log", "sqrt", "reciprocal") else POINTS[::2], dtype)[
        :, np.newaxis
    ]
    mlp = MLP.from_weights([[[1.0]]], activation=name)
    mlp.to_onnx(tmp_path / "a.onnx", dtype)
    # In single precision gelu, 1 + erf(x), has an absolute error only.
    rtol, atol = (4e-7, 4e-7 if name == "gelu" else 1e-37) if dtype == np.float32 else (2e-15, 0.0)
    if name in ("sin", "cos"):
        atol = 1e-7 if dtype == np.float32 else 1e-15
    np.testing.assert_allclose(run(tmp_path / "a.onnx", points, dtype), mlp.predict(points), rtol=rtol, atol=atol)


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("dtype", TYPES, ids=lambda dtype: dtype.__name__)
@pytest.mark.parametrize("name", ["identity", *sorted(EXPRESSIONS)])
def test_a_network_runs_there_and_comes_back(name: str, dtype: Any, bias: bool, tmp_path: Path) -> None:
    if not applies(name, dtype):
        pytest.skip("runtimes have no Erf for 64-bit floats; that it is refused is tested below")
    mlp, path = network(name, bias=bias), tmp_path / "network.onnx"
    if name in ("sqrt", "log", "reciprocal"):
        mlp.set_weights([abs(W) + 1.0 for W in mlp.weights()])
    if name == "exp":
        mlp.set_weights([W / 4.0 for W in mlp.weights()])
    mlp.to_onnx(path, dtype)
    back = MLP.from_onnx(path)
    assert repr(back) == repr(mlp)
    assert [p.data for p in back.parameters()] == [float(dtype(p.data)) for p in mlp.parameters()]
    rows = np.random.default_rng(0).uniform(0.5, 2.0, (6, 3))
    expected = mlp.predict(rows)
    close = 4e-7 if dtype == np.float32 else 1e-15
    np.testing.assert_allclose(run(path, rows, dtype), expected, rtol=0.0, atol=close * max(1.0, abs(expected).max()))


def test_the_batch_is_any_number_of_rows_and_the_file_is_for_runtimes_since_2020(tmp_path: Path) -> None:
    path = tmp_path / "network.onnx"
    network("relu").to_onnx(path)
    model = onnx.load(path)
    assert (model.ir_version, [opset.version for opset in model.opset_import]) == (7, [13])
    axes = [v.type.tensor_type.shape.dim[0].dim_param for v in (*model.graph.input, *model.graph.output)]
    assert axes == ["batch", "batch"]
    assert [node.op_type for node in model.graph.node] == ["Gemm", "Relu", "Gemm", "Relu", "Gemm"]
    assert [run(path, np.zeros((n, 3)), np.float64).shape for n in (0, 1, 9)] == [(0, 3), (1, 3), (9, 3)]


@pytest.mark.parametrize(
    ("mlp", "dtype", "message"),
    [
        (MLP(2, [2, 1], "tan"), float, "layer 1 is tan, which cannot be handed over to ONNX; these can: identity, abs"),
        (MLP(2, [2, 1], "gelu"), float, r"layer 1 is gelu, which needs ONNX's Erf; .* dtype=np\.float32"),
        (MLP(2, [2], [["relu", "tanh"]]), float, r"neurons of layer 1 have different activations \(relu, tanh\)"),
        (MLP.from_weights([[[1e39]]]), np.float32, r"W1 in float32\[0, 0\] is inf"),
        (MLP(2, [1]), np.float16, "dtype is .*float16.*; choose float64 or float32"),
        (MLP(2, [1]), int, "dtype is .*int.*; choose float64 or float32"),
    ],
)
def test_what_cannot_be_written_is_refused_and_the_file_stays(
    mlp: MLP, dtype: Any, message: str, tmp_path: Path
) -> None:
    path = tmp_path / "network.onnx"
    path.write_text("before")
    with pytest.raises(ValueError, match=message):
        mlp.to_onnx(path, dtype)
    assert path.read_text() == "before"


# Files of others ------------------------------------------------------------------------------------------------------

W, B = np.array([[0.5, -1.0], [2.0, 0.25], [1.0, 3.0]]), np.array([0.125, -4.0])
PLAIN = MLP.from_weights([W], [B], "identity")


def written(
    path: Path,
    nodes: list[Any],
    constants: dict[str, Any] | None = None,
    kind: int = TensorProto.FLOAT,
    shape: tuple[Any, ...] = ("batch", 3),
    opset: int = 20,
) -> Path:
    """Write a model with the input x and the output y."""
    tensors = [numpy_helper.from_array(np.asarray(a), name) for name, a in (constants or {}).items()]
    x = helper.make_tensor_value_info("x", kind, shape)
    y = helper.make_tensor_value_info("y", kind, ("batch", "k"))
    graph = helper.make_graph(nodes, "g", [x], [y], tensors)
    opsets = [helper.make_opsetid("", opset), helper.make_opsetid("own", 1)]
    path.write_bytes(helper.make_model(graph, opset_imports=opsets).SerializeToString())
    return path


def node(operator: str, inputs: str, output: str = "y", **attributes: Any) -> Any:
    return helper.make_node(operator, inputs.split(), [output], **attributes)


def single(array: Any) -> Any:
    return np.asarray(array, np.float32)


W32, B32 = single(W), single(B)
CONSTANT = node("Constant", "", "b", value=numpy_helper.from_array(B32))
FORMS: dict[str, tuple[list[Any], dict[str, Any]]] = {
    "gemm": ([node("Gemm", "x w b")], {"w": W32, "b": B32}),
    "gemm, transposed": ([node("Gemm", "x w b", transB=1)], {"w": W32.T.copy(), "b": B32}),
    "gemm, alpha and beta": ([node("Gemm", "x w b", alpha=2.0, beta=0.5)], {"w": W32 / 2, "b": 2 * B32[None]}),
    "product and sum": ([node("MatMul", "x w", "p"), node("Add", "p b")], {"w": W32, "b": B32}),
    "sum the other way": ([node("MatMul", "x w", "p"), node("Add", "b p")], {"w": W32, "b": B32[None]}),
    "constant node": ([CONSTANT, node("Gemm", "x w b")], {"w": W32}),
    "constant floats": ([node("Constant", "", "b", value_floats=B.tolist()), node("Gemm", "x w b")], {"w": W32}),
    "transposed weights": (
        [node("Transpose", "v", "t", perm=[1, 0]), node("Identity", "t", "w"), node("Gemm", "x w b")],
        {"v": W32.T.copy(), "b": B32},
    ),
    "nodes that change nothing": (
        [node("Flatten", "x", "f"), node("Dropout", "f", "d"), node("Gemm", "d w b", "z"), node("Identity", "z")],
        {"w": W32, "b": B32},
    ),
}


@pytest.mark.parametrize("form", FORMS)
def test_a_layer_is_read_in_all_its_forms(form: str, tmp_path: Path) -> None:
    back = MLP.from_onnx(written(tmp_path / "m.onnx", *FORMS[form]))
    assert repr(back) == repr(PLAIN)
    np.testing.assert_allclose(back.weights()[0], W, rtol=1e-15)
    np.testing.assert_allclose(back.biases()[0], B, rtol=1e-15)


def nodes_of(expression: Any, made: list[Any], constants: dict[str, Any], name: str = "") -> str:
    """Write an expression of z node by node, without sharing, each commutative operator's operands exchanged."""
    if expression == X:
        return "z"
    if isinstance(expression, float):
        constants[f"c{len(constants)}"] = single(expression)
        return f"c{len(constants) - 1}"
    parts = [nodes_of(part, made, constants) for part in expression[1:]]
    if expression[0] in ("Add", "Mul", "Max", "Min"):
        parts.reverse()
    name = name or f"v{len(made)}"
    attributes = {"alpha": 1.0 / 6.0} if expression[0] == "HardSigmoid" else {}
    made.append(helper.make_node(expression[0], parts, [name], **attributes))
    return name


@pytest.mark.parametrize(("name", "expression"), READ, ids=lambda x: x if isinstance(x, str) else str(x)[:40])
def test_an_activation_is_read_in_all_its_forms(name: str, expression: Any, tmp_path: Path) -> None:
    nodes, constants = [node("Gemm", "x w b", "z")], {"w": W32, "b": B32}
    nodes_of(expression, nodes, constants, "y")
    path = written(tmp_path / "m.onnx", nodes, constants, opset=24)
    assert MLP.from_onnx(path).last_activation == name


def stored_elsewhere(path: Path) -> Path:
    secret = path.with_name("secret")
    secret.write_bytes(W32.tobytes())
    written(path, [node("Gemm", "x w b")], {"w": W32, "b": B32})
    model = onnx.load(path)
    tensor = model.graph.initializer[0]
    tensor.ClearField("raw_data")
    tensor.data_location = TensorProto.EXTERNAL
    tensor.external_data.add(key="location", value="secret")
    path.write_bytes(model.SerializeToString())
    return path


def resized(path: Path, *dims: int) -> Path:
    """Write weights whose shape claims other sizes than there are numbers."""
    written(path, [node("Gemm", "x w b")], {"w": W32, "b": B32})
    model = onnx.load(path)
    model.graph.initializer[0].ClearField("dims")
    model.graph.initializer[0].dims.extend(dims)
    path.write_bytes(model.SerializeToString())
    return path


def cut(path: Path) -> Path:
    written(path, [node("Gemm", "x w b")], {"w": W32, "b": B32})
    path.write_bytes(path.read_bytes()[:-40])
    return path


def redefined(path: Path) -> Path:
    """Write a model in which Relu means something else."""
    written(path, [node("Gemm", "x w b", "z"), node("Relu", "z")], {"w": W32, "b": B32})
    model = onnx.load(path)
    opsets = [helper.make_opsetid("", 20)]
    model.functions.append(helper.make_function("", "Relu", ["a"], ["b"], [node("Neg", "a", "b")], opsets))
    path.write_bytes(model.SerializeToString())
    return path


def text(path: Path) -> Path:
    path.write_text("no model")
    return path


GEMM = node("Gemm", "x w b", "z")
WB = {"w": W32, "b": B32}
REFUSALS: dict[str, tuple[Any, str]] = {
    "text": (text, "is not a complete ONNX file"),
    "cut": (cut, "is not a complete ONNX file"),
    "numbers elsewhere": (stored_elsewhere, r"the numbers of 'w' are in another file, which is not opened"),
    "too few numbers": (lambda p: resized(p, 1000, 1000), "'w' does not have the numbers|not a valid model"),
    "huge": (lambda p: resized(p, 2**40, 2**40), "'w' does not have the numbers|not a valid model"),
    "meaning": (redefined, "gives operators of ONNX another meaning|not a valid model"),
    "circle": (
        lambda p: written(p, [node("Add", "y b", "z"), node("Add", "z b")], WB),
        "it is not a valid model: .*(sorted|not output)",
    ),
    "skip connection": (
        lambda p: written(p, [node("Gemm", "x v", "z"), node("Add", "z x")], {"v": np.eye(3, dtype=np.float32)}),
        "Add 'y' has no counterpart in a network of layers",
    ),
    "convolution": (lambda p: written(p, [node("Conv", "x k")], {"k": single(np.ones((1, 1, 1)))}), "Conv 'y' has no"),
    "own operator": (
        lambda p: written(p, [GEMM, node("Snake", "z", domain="own")], WB),
        "Snake 'y' is of 'own', not one of ONNX's own operators",
    ),
    "slope": (lambda p: written(p, [GEMM, node("LeakyRelu", "z", alpha=0.2)], WB), "LeakyRelu 'y' has alpha = 0.2"),
    "elu": (lambda p: written(p, [GEMM, node("Elu", "z", alpha=0.5)], WB), "Elu 'y' has alpha = 0.5.*must be 1"),
    "hard sigmoid": (lambda p: written(p, [GEMM, node("HardSigmoid", "z")], WB), "HardSigmoid 'y' has alpha = 0.2"),
    "gelu": (
        lambda p: written(p, [GEMM, node("Gelu", "z", approximate="tanh")], WB),
        "Gelu 'y' has approximate = b'tanh'",
    ),
    "softmax over the batch": (
        lambda p: written(p, [GEMM, node("Softmax", "z", axis=0)], WB),
        "Softmax 'y' has axis = 0",
    ),
    "softmax in the middle": (
        lambda p: written(p, [node("Softmax", "x", "s"), node("Gemm", "s w b")], WB),
        "Softmax 's' comes before the first layer",
    ),
    "upper bound": (
        lambda p: written(p, [GEMM, helper.make_node("Clip", ["z", "", "c"], ["y"])], WB | {"c": single(0.0)}),
        "Clip 'y' has no counterpart",
    ),
    "two activations": (
        lambda p: written(p, [GEMM, node("Relu", "z", "r"), node("Tanh", "r")], WB),
        "Tanh 'y' comes after the activation relu",
    ),
    "shifted inputs": (
        lambda p: written(p, [node("Add", "x c", "s"), node("Gemm", "s w b")], WB | {"c": single([1.0, 2.0, 3.0])}),
        "the input 'x' has a constant added to it",
    ),
    "shifted activations": (
        lambda p: written(p, [GEMM, node("Relu", "z", "r"), node("Add", "r b")], WB),
        "Relu 'r' has a constant added to it, but is not a product",
    ),
    "weights first": (
        lambda p: written(p, [node("MatMul", "w x")], {"w": W32.T.copy()}),
        "not a product of rows of inputs",
    ),
    "transposed inputs": (lambda p: written(p, [node("Gemm", "x w", transA=1)], {"w": W32}), "not a product of rows"),
    "odd transposition": (
        lambda p: written(p, [node("Transpose", "v", "w", perm=[0, 1]), node("Gemm", "x w b")], {"v": W32, "b": B32}),
        r"Transpose 'w' has perm = \[0, 1\]",
    ),
    "bias of a row each": (
        lambda p: written(p, [node("MatMul", "x w", "p"), node("Add", "p c")], WB | {"c": single(np.ones((4, 2)))}),
        r"adds an array of shape \(4, 2\) to 2 net inputs",
    ),
    "weights of a batch": (
        lambda p: written(p, [node("MatMul", "x w")], {"w": single(np.ones((2, 3, 2)))}),
        r"has weights of shape \(2, 3, 2\)",
    ),
    "sizes": (
        lambda p: written(p, [GEMM, node("Gemm", "z w b")], WB),
        "Gemm 'y' takes 3 inputs, but the layer before it has 2",
    ),
    "width of the input": (
        lambda p: written(p, [node("Gemm", "x w b")], WB, shape=("batch", 4)),
        "its input has the shape .*, but the first layer takes rows of 3 numbers",
    ),
    "not finite": (
        lambda p: written(p, [node("Gemm", "x w b")], {"w": single([[1.0, np.nan]] * 3), "b": B32}),
        r"'w'\[0, 1\] is nan",
    ),
    "half precision": (
        lambda p: written(p, [node("Gemm", "x w b")], {"w": W.astype(np.float16), "b": B.astype(np.float16)}),
        "'w' is FLOAT16; weights must be FLOAT or DOUBLE",
    ),
    "half inputs": (
        lambda p: written(p, [node("Relu", "x")], kind=TensorProto.FLOAT16),
        "its input 'x' is not of 32-bit",
    ),
    "no layer": (lambda p: written(p, [node("Identity", "x")]), "it has no layer with weights"),
    "dropout in training": (
        lambda p: written(p, [GEMM, node("Dropout", "z r t")], WB | {"r": single(0.5), "t": np.array(True)}),
        "Dropout 'y' can be in training",
    ),
}  # fmt: skip


@pytest.mark.parametrize("what", REFUSALS)
def test_a_file_that_is_no_such_network_is_refused_with_its_place(what: str, tmp_path: Path) -> None:
    make, message = REFUSALS[what]
    with pytest.raises(ValueError, match=f"m.onnx.*({message})"):
        MLP.from_onnx(make(tmp_path / "m.onnx"))


def test_two_inputs_or_outputs_are_refused(tmp_path: Path) -> None:
    path = written(tmp_path / "m.onnx", [node("Gemm", "x w b")], WB)
    model = onnx.load(path)
    model.graph.output.append(helper.make_tensor_value_info("x", TensorProto.FLOAT, ("batch", 3)))
    path.write_bytes(model.SerializeToString())
    with pytest.raises(ValueError, match=r"it has 1 inputs and 2 outputs \('x', 'y', 'x'\).*MLP\.from_sklearn"):
        MLP.from_onnx(path)


def test_a_file_is_never_a_path_out_of_the_file(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        MLP.from_onnx(tmp_path / "absent.onnx")


def test_a_long_chain_of_constants_is_read(tmp_path: Path) -> None:
    chain = [node("Identity", f"w{i}", f"w{i + 1}") for i in range(3000)]
    path = written(tmp_path / "m.onnx", [*chain, node("Gemm", "x w3000 b")], {"w0": W32, "b": B32})
    assert repr(MLP.from_onnx(path)) == repr(PLAIN)


def test_an_operator_of_another_domain_is_no_constant(tmp_path: Path) -> None:
    nodes = [node("Constant", "", "w", domain="own"), node("Gemm", "x w b")]
    with pytest.raises(ValueError, match="Gemm 'y' is not a product of rows"):
        MLP.from_onnx(written(tmp_path / "m.onnx", nodes, {"b": B32}))


def test_a_file_with_changed_bytes_is_read_or_refused(tmp_path: Path) -> None:
    path = tmp_path / "m.onnx"
    network("silu").to_onnx(path)
    content, rng = path.read_bytes(), np.random.default_rng(0)
    outcomes = {MLP: 0, ValueError: 0}
    for _ in range(400):
        changed = bytearray(content)
        for place in rng.integers(0, len(content), rng.integers(1, 4)):
            changed[place] = rng.integers(0, 256)
        path.write_bytes(changed)
        try:
            outcomes[type(MLP.from_onnx(path))] += 1
        except ValueError:
            outcomes[ValueError] += 1
    assert min(outcomes.values()) > 20


@pytest.mark.filterwarnings("ignore")  # of the exporters, about themselves
@pytest.mark.parametrize("dynamo", [False, True])
def test_what_pytorch_exports_comes_over(dynamo: bool, tmp_path: Path) -> None:
    torch = pytest.importorskip("torch", reason='PyTorch: pip install "handgrad[torch]"')
    if dynamo:
        pytest.importorskip("onnxscript", reason="onnxscript: pip install onnxscript")
    from nn.beyond.pytorch import MADE

    for name in ("gelu", "softplus", "softmax") if dynamo else MADE:  # dynamo takes seconds for each
        mlp = network(name)
        path = tmp_path / f"{name}.onnx"
        module, example = mlp.to_torch().float(), torch.zeros(1, 3)
        torch.onnx.export(module, (example,), path, dynamo=dynamo, input_names=["x"], verbose=False)
        back = MLP.from_onnx(path)
        assert repr(back) == repr(mlp)
        assert [p.data for p in back.parameters()] == [float(np.float32(p.data)) for p in mlp.parameters()]
