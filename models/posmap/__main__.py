"""Position maps on disk: `python -m models.posmap write|shards`."""

from __future__ import annotations

import argparse
from pathlib import Path

from tqdm import tqdm


def _write(args: argparse.Namespace) -> None:
    from models.posmap.folder import write_pair
    from models.posmap.render import pairs

    for pair in tqdm(pairs(args.count, args.seed), total=args.count, unit="pair"):
        write_pair(args.out, pair)


def _shards(args: argparse.Namespace) -> None:
    from models.head import HeadModel
    from models.posmap import PositionMap, ReferenceSampler, Sampler, shards
    from models.synth.headmesh import HeadMesh

    model = HeadModel()
    sampler: Sampler
    if args.face_ind is None:
        sampler = PositionMap(HeadMesh(model))
    else:
        sampler = ReferenceSampler(args.face_ind, model.root / "landmarks.json")
    for path in shards.write(args.folder, sampler, args.out):
        print(path)


def main() -> None:
    """Parse the command line and run one command."""
    parser = argparse.ArgumentParser(prog="python -m models.posmap", description=__doc__)
    commands = parser.add_subparsers(required=True)
    write = commands.add_parser("write", help="render pictures with their position maps")
    write.add_argument("--out", type=Path, required=True)
    write.add_argument("--count", type=int, default=100)
    write.add_argument("--seed", type=int, default=1)
    write.set_defaults(run=_write)
    shards = commands.add_parser(
        "shards", help="turn a folder of pictures and maps into training shards"
    )
    shards.add_argument("folder", type=Path)
    shards.add_argument("--out", type=Path, required=True)
    shards.add_argument(
        "--face-ind",
        type=Path,
        help="PRNet's uv-data/face_ind.txt, for maps over the Basel face such as 300W-LP's",
    )
    shards.set_defaults(run=_shards)
    args = parser.parse_args()
    args.run(args)


if __name__ == "__main__":
    main()
