#!/usr/bin/env bash
# What PyTorch, JAX, HIPS autograd, CasADi and TensorFlow answer at the corners of docs/corners.md: kinks, ties, holes,
# flat ends. One would expect the same derivative everywhere. Seen: they differ in about half of the corners, in the
# versions below. It matters to whoever carries a model, or an optimiser that stops at a kink, from one to another.
#
# Prints a column for each and fails where it is not the one kept in docs/corners.json. After a change of the pins or of
# docs/corners.toml: findings/corners_peers.sh --keep
set -euo pipefail
docs=$(cd "$(dirname "$0")/../docs" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export TF_CPP_MIN_LOG_LEVEL=3 TF_ENABLE_ONEDNN_OPTS=0 PYTHONDONTWRITEBYTECODE=1

changed=0
column() { # library, packages
    python3 -m venv "$work/venv"
    "$work/venv/bin/pip" install --quiet "${@:2}"
    (cd "$work" && "$work/venv/bin/python" "$docs/corner_peers.py" "$1" "${options[@]}") || changed=1
    rm -rf "$work/venv"
}

options=("$@")
column "PyTorch" torch==2.13.0 numpy==2.4.6
column "JAX" "jax[cpu]==0.10.2"
column "HIPS autograd" autograd==1.9.1 scipy==1.17.1 numpy==2.4.6
column "CasADi" casadi==3.8.2
column "TensorFlow" tensorflow-cpu==2.21.0
exit "$changed"
