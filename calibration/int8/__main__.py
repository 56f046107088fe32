"""``python -m calibration.int8 SHARDS``: choose the representative set from rendered crops."""

import argparse
import sys
from itertools import pairwise
from pathlib import Path

import numpy as np

from calibration.int8 import PACKED, load_representative, save_representative

# Bounds of |yaw| in degrees; every bin gives the same number of faces, so that profiles have the
# same weight as frontal faces.
YAW_BINS = (0, 20, 40, 60, 80, 110)
FACELESS = 0.05


def choose(shards: list[Path], count: int, seed: int) -> np.ndarray:
    """Cut `count` crops as a tracker would, evenly over yaw, a few of them without a face.

    Args:
        shards: As `models.synth` writes them.
        count: How many crops.
        seed: Of the choice and of the cuts.

    Returns:
        (count, 128, 128, 3) uint8 RGB.

    Raises:
        ValueError: A bin of yaw has too few faces.
    """
    from models.train.augment import Jitter, cut, disturb
    from models.train.shards import ShardReader

    rng = np.random.default_rng(seed)
    places, yaws = [], []
    for path in shards:
        with np.load(path) as shard:
            faces, angles = shard["face"], np.abs(shard["pose_deg"][:, 1])
        places += [(path, row) for row in range(len(faces))]
        yaws.append(np.where(faces, angles, np.nan))
    yaw = np.concatenate(yaws)
    pools = [np.nonzero((yaw >= low) & (yaw < high))[0] for low, high in pairwise(YAW_BINS)]
    faceless = round(count * FACELESS)
    shares = [len(part) for part in np.array_split(np.arange(count - faceless), len(pools))]
    chosen = []
    for pool, share in zip(
        [*pools, np.nonzero(np.isnan(yaw))[0]], [*shares, faceless], strict=True
    ):
        if len(pool) < share:
            raise ValueError(f"{len(pool)} crops where {share} are needed: render more")
        chosen.append(rng.choice(pool, share, replace=False))
    reader, jitter = ShardReader(), Jitter()
    pictures = []
    for place in rng.permutation(np.concatenate(chosen)):
        crop = reader.read(*places[place])
        pictures.append(disturb(cut(crop, rng, jitter)[0], rng))
    return np.stack(pictures)


def main() -> int:
    """Run the command line; returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m calibration.int8", description=__doc__)
    parser.add_argument(
        "shards", type=Path, help="folder of shards, rendered with a seed that training did not use"
    )
    parser.add_argument("--count", type=int, default=256)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", type=Path, default=PACKED)
    arguments = parser.parse_args()
    shards = sorted(arguments.shards.glob("shard-*.npz"))
    if not shards:
        parser.error(
            f"no shard-*.npz in {arguments.shards}: "
            f"python -m models.synth write --out {arguments.shards}"
        )
    save_representative(arguments.out, choose(shards, arguments.count, arguments.seed))
    print(
        f"{arguments.out}: {len(load_representative(arguments.out))} crops, "
        f"{arguments.out.stat().st_size} bytes"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
