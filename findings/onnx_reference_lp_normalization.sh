#!/usr/bin/env bash
# One would expect the reference evaluator of ONNX to divide by the sum of the absolute values in LpNormalization with p
# = 1, as the operator says: input / Lp_norm. Seen in onnx 1.23.2: it divides by the sum as it is. (-3, 4) stays (-3,
# 4), (-1, 1) becomes (0, 0), and (-1, -3) changes its sign; onnxruntime 1.32.0 is right, and so is p = 2 in both. It
# matters to whoever takes the evaluator, which is the standard in code, as the truth for a runtime or an exporter: on
# positive numbers, such as counts and activations after ReLU, the two agree.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet onnx==1.23.2 onnxruntime==1.32.0 numpy==2.4.6
"$work/venv/bin/python" -W ignore - <<'PYTHON'
import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper
from onnx.reference import ReferenceEvaluator

print("onnx", onnx.__version__, "onnxruntime", onnxruntime.__version__)


def normalised(row, p):
    given, made = (helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, 2]) for name in "xy")
    graph = helper.make_graph([helper.make_node("LpNormalization", ["x"], ["y"], axis=1, p=p)], "one", [given], [made])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=7)
    onnx.checker.check_model(model)
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    feed = {"x": np.array([row], np.float32)}
    return ReferenceEvaluator(model).run(None, feed)[0][0], session.run(None, feed)[0][0]


for row, seen in (
    ((1.0, 3.0), (0.25, 0.75)),
    ((-3.0, 4.0), (-3.0, 4.0)),
    ((-1.0, 1.0), (0.0, 0.0)),
    ((-1.0, -3.0), (0.25, 0.75)),
):
    truth = np.array(row) / np.abs(row).sum()
    reference, runtime = normalised(row, 1)
    print(f"{row} with p = 1: expected {truth.tolist()}, seen {reference.tolist()}; onnxruntime {runtime.tolist()}")
    np.testing.assert_allclose(reference, seen)
    np.testing.assert_allclose(runtime, truth, rtol=1e-6)
    for computed in normalised(row, 2):
        np.testing.assert_allclose(computed, np.array(row) / np.hypot(*row), rtol=1e-6)
PYTHON
