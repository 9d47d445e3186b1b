"""What a step over a dask array costs beside the computing: CPU time for each block, and bytes.

    pip install "handgrad[cluster]" && python benchmarks/cluster.py

Two workers of this machine, the network 64-32-10. The client's process has the scheduler in it, so its CPU time is what
all workers of a cluster wait for; that of the workers is shared among them.
"""

from __future__ import annotations

import os
import statistics
import time
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from autograd import Program, Value, vectorize
from nn import MLP, sse
from nn.console import use_utf8

ROUNDS = 5
WORKERS, ROWS_OF_A_BLOCK = 100, 10**6  # of the model


def network() -> Program:
    """Return the squared error of 64-32-10."""
    mlp = MLP(64, [32, 10], activation="relu", rng=0)
    x, t = [Value(0.1) for _ in range(64)], [Value(0.1) for _ in range(10)]
    return vectorize(sse(mlp(x), t), [*x, *t], mlp.parameters(), engine="numpy")


def median(work: Callable[[], Any], clock: Callable[[], float] = time.process_time) -> float:
    """Return the time that work takes, in seconds: the median of a few rounds, after one that does not count."""
    work()
    times = []
    for _ in range(ROUNDS):
        start = clock()
        work()
        times.append(clock() - start)
    return statistics.median(times)


def main() -> None:
    """Print the measured costs, and what they make of a hundred workers."""
    import dask
    import dask.array as da
    from dask.distributed import Client, LocalCluster

    program = network()
    block = np.random.default_rng(0).normal(size=(20_000, 74))
    row = median(lambda: program.gradient(block)) / len(block)
    print(f"a row: {1e6 * row:.2f} µs")

    with LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=":0") as cluster, Client(cluster) as client:
        found = {}
        for blocks in (2, 200):
            X = da.zeros((blocks, 74), chunks=(1, 74))

            def used() -> float:
                return float(sum(client.run(time.process_time).values()))

            work = partial(program.gradient, X)
            found[blocks] = median(work), median(work, used)
        step, every = found[2][0], (found[200][0] - found[2][0]) / 198
        on_workers = (found[200][1] - found[2][1]) / 198
    print(f"a step: {1e3 * step:.0f} ms, and for each block {1e3 * every:.2f} ms of the client and the scheduler")
    print(f"and {1e3 * on_workers:.2f} ms of a worker; CPU times, dask {dask.__version__}, {os.cpu_count()} cores")
    print(f"a block's result: {8 * (2 + len(program.parameters)):,} bytes")
    for rows in (10**7, 10**8, 10**9):
        blocks = max(WORKERS, rows // ROWS_OF_A_BLOCK)
        alone = rows * row
        together = alone / WORKERS + blocks * on_workers / WORKERS + step + blocks * every
        share = alone / WORKERS / together
        print(f"{rows:.0e} rows in {blocks} blocks: {together:.2f} s on {WORKERS} workers, {share:.0%} of their time")


if __name__ == "__main__":
    use_utf8()
    main()
