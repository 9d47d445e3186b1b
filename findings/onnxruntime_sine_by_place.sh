#!/usr/bin/env bash
# One would expect the sine of a number to be the same wherever it stands in a batch. Seen in onnxruntime 1.32.0: of 101
# times π in float64, most have the sine -0, as if π were not rounded, and the last has 1.2246e-16, which is right; 1/cos
# of π/2 is -inf or 1.6e16. The numbers that fill a register take a reduction of angles that is off by 2e-16, those left
# over the C library's. It matters to whoever compares an exported model row by row with its batch, or divides by a sine,
# as sinc, the cotangent and the reflection of the gamma function do: near a zero no digit need be right, and which rows
# are wrong depends on how many there are. In float32 all are alike.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet onnx==1.23.2 onnxruntime==1.32.0 numpy==2.4.6
"$work/venv/bin/python" - <<'PYTHON'
import math

import numpy as np
import onnxruntime
from onnx import helper

print("onnxruntime", onnxruntime.__version__)


def computed(operator, x):
    kind = helper.np_dtype_to_tensor_dtype(x.dtype)
    given, made = (helper.make_tensor_value_info(name, kind, ["n"]) for name in "xy")
    graph = helper.make_graph([helper.make_node(operator, ["x"], ["y"])], "one", [given], [made])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=7)
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    return session.run(None, {"x": x})[0]


for operator, point, expected in ("Sin", math.pi, math.sin(math.pi)), ("Cos", math.pi / 2, math.cos(math.pi / 2)):
    seen = computed(operator, np.full(101, point))
    print(f"{operator} of 101 times {point}: expected {expected} in all, seen {sorted(set(seen.tolist()))}")
    assert seen[0] == 0.0
    assert math.isclose(seen[-1], expected)
    assert len(set(computed(operator, np.full(101, point, np.float32)).tolist())) == 1
PYTHON
