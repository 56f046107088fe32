"""Rendering on a cluster gives what rendering here gives."""

from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("numba", reason="the training extras are not installed: make venv-models")

from models.head import AssetError, assets_root
from models.synth import cluster, shards

pytestmark = [pytest.mark.models, pytest.mark.slow, pytest.mark.filterwarnings("ignore")]


def test_two_nodes_render_the_same_shards(tmp_path: Path) -> None:
    try:
        assets_root()
    except AssetError as error:
        pytest.skip(str(error))
    ray = pytest.importorskip("ray", reason="needs the ray extra")
    from ray.cluster_utils import Cluster

    nodes = Cluster(
        initialize_head=True, head_node_args={"num_cpus": 1, "include_dashboard": False}
    )
    try:
        nodes.add_node(num_cpus=1)
        ray.init(address=nodes.address, log_to_driver=False)
        work = [shards.Job(tmp_path / "far", k, 5, 3) for k in range(2)]
        done = sorted(cluster.write_all(work))
    finally:
        ray.shutdown()
        nodes.shutdown()
    assert [p.name for p in done] == ["shard-00000.npz", "shard-00001.npz"]
    near = shards.write(shards.Job(tmp_path / "near", 1, 5, 3))
    with np.load(done[1]) as one, np.load(near) as other:
        for key in one:
            np.testing.assert_array_equal(one[key], other[key])
