#!/usr/bin/env bash
# One would expect LogSigmoid and BCEWithLogitsLoss, which exist so that log σ(x) never overflows, to keep that on the
# way through ONNX. Seen in PyTorch 2.13.0: both exporters write Log(Sigmoid(x)), and onnxruntime 1.32.0 computes Sigmoid
# with an absolute error of 1e-7. So log σ(−17) is −16.23, off by 5 %, and log σ(−20) is −inf; the loss of one confident
# mistake is inf instead of 25. It matters to whoever scores or trains outside PyTorch: on examples near 0, which one
# tries first, all is well. −softplus(−x) is the same function, and comes through rightly.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet torch==2.13.0 onnx==1.23.2 onnxruntime==1.32.0 onnxscript==0.7.2 numpy==2.4.6
"$work/venv/bin/python" -W ignore - "$work" <<'PYTHON'
import logging
import math
import sys

import numpy as np
import onnxruntime
import torch
from torch import nn


class Softplus(nn.Module):
    def forward(self, x):
        return -nn.functional.softplus(-x)


logging.disable(logging.CRITICAL)
print("PyTorch", torch.__version__, "onnxruntime", onnxruntime.__version__)


def exported(module, inputs, dynamo):
    path = f"{sys.argv[1]}/m.onnx"
    torch.onnx.export(module, inputs, path, dynamo=dynamo, verbose=False)
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    names = [given.name for given in session.get_inputs()]
    return session.run(None, {name: x.numpy() for name, x in zip(names, inputs, strict=True)})[0]


x = torch.tensor([-10.0, -17.0, -20.0, -90.0])
truth = nn.LogSigmoid()(x).numpy()
for dynamo in False, True:
    seen = exported(nn.LogSigmoid(), (x,), dynamo)
    print(f"dynamo={dynamo}: log σ of {x.tolist()}: expected {truth}, seen {seen}")
    assert abs(seen[0] - truth[0]) < 1e-3
    assert abs(seen[1] - truth[1]) > 0.5
    assert np.isneginf(seen[2:]).all()
    loss, logit, target = nn.BCEWithLogitsLoss(), torch.tensor([-25.0]), torch.tensor([1.0])
    seen = exported(loss, (logit, target), dynamo)
    print(f"dynamo={dynamo}: loss expected {loss(logit, target).item()}, seen {float(seen)}")
    assert math.isinf(seen)
    np.testing.assert_allclose(exported(Softplus(), (x,), dynamo), truth, rtol=1e-6)
PYTHON
