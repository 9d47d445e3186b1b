#!/usr/bin/env bash
# One would expect Elu, whose slope at 0 is 1 from both sides, to be x for small negative x, as it is in PyTorch and JAX.
# Seen in onnxruntime 1.32.0: e^x - 1 is computed as written, in single precision, so Elu(-1e-5) is off by 0.14 %,
# Elu(-1e-7) by 19 %, and Elu(-1e-8) is 0; so are Celu and Selu. It matters to whoever compares an exported network with
# its original relatively, or carries on with small activations: near 0 the digits are gone. With t = tanh(x / 2), which
# onnxruntime computes rightly, e^x - 1 = 2t / (1 - t).
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet onnx==1.23.2 onnxruntime==1.32.0 numpy==2.4.6
"$work/venv/bin/python" - <<'PYTHON'
import numpy as np
import onnxruntime
from onnx import TensorProto, helper

print("onnxruntime", onnxruntime.__version__)


def computed(operator, x):
    given, made = (helper.make_tensor_value_info(name, TensorProto.FLOAT, ["n"]) for name in "xy")
    graph = helper.make_graph([helper.make_node(operator, ["x"], ["y"])], "one", [given], [made])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=7)
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    return session.run(None, {"x": x})[0].astype(float)


x = np.array([-0.1, -1e-5, -1e-7, -1e-8], np.float32)
scales = {"Elu": 1.0, "Celu": 1.0, "Selu": 1.0507009873554805 * 1.6732632423543772}
for operator, scale in scales.items():
    error = computed(operator, x) / (scale * np.expm1(x.astype(float))) - 1
    print(f"{operator} at {x.tolist()}: relative errors {error.round(7).tolist()}")
    assert abs(error[0]) < 1e-5
    np.testing.assert_allclose(error[1:], [0.00136, 0.192, -1], rtol=0.02)
t = computed("Tanh", x / 2)
np.testing.assert_allclose(2 * t / (1 - t), np.expm1(x.astype(float)), rtol=1e-6)
PYTHON
