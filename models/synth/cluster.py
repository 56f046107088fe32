"""Shards from more than one machine, through Ray."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from models.synth.shards import Job, render, store

_AHEAD = 2
"""Shards requested per processor of the cluster, so that no processor waits."""


def write_all(work: list[Job], address: str | None = None) -> Iterator[Path]:
    """Render shards on a Ray cluster and write them here, yielding each as it is done.

    The machines need this project with the ``models`` extra and the head assets. They need no
    shared disk: a shard is sent back as bytes. The crops are the same as those of local workers.

    Args:
        work: The shards; the caller leaves out those that already exist.
        address: Of the cluster, such as ``auto``; None starts one on this machine.
    """
    import ray

    if not ray.is_initialized():
        ray.init(address=address, log_to_driver=False)
    task = ray.remote(num_cpus=1, max_retries=3)(render)
    limit = _AHEAD * max(1, int(ray.cluster_resources().get("CPU", 1)))
    waiting = list(reversed(work))
    under_way: dict[Any, Any] = {}
    while waiting or under_way:
        while waiting and len(under_way) < limit:
            job = waiting.pop()
            under_way[task.remote(job)] = job
        done, _ = ray.wait(list(under_way), num_returns=1)
        for reference in done:
            yield store(under_way.pop(reference).path, ray.get(reference))
