"""Make training data: `python -m models.synth write --out FOLDER --count 300000 --workers 2`."""

from __future__ import annotations

import argparse
from pathlib import Path

import cv2
from tqdm import tqdm

from models.synth import clip, cluster, shards


def _write(args: argparse.Namespace) -> None:
    work = shards.jobs(
        args.out, args.count, args.seed, args.first, kind=args.kind, photographs=args.photographs
    )
    with tqdm(total=args.count, unit="crop", smoothing=0.1) as bar:
        left = [job for job in work if not job.path.is_file()]
        bar.update(sum(job.count for job in work) - sum(job.count for job in left))
        sizes = {job.path: job.count for job in left}
        done = (
            cluster.write_all(left, args.ray) if args.ray else shards.write_all(left, args.workers)
        )
        for path in done:
            bar.update(sizes[path])


def _sheet(args: argparse.Namespace) -> None:
    job = shards.Job(Path(), 0, args.seed, args.count, args.kind, args.photographs)
    picture = shards.sheet(
        [crop for _, crop in tqdm(shards.crops(job), total=args.count, unit="crop")]
    )
    if not cv2.imwrite(str(args.picture), cv2.cvtColor(picture, cv2.COLOR_RGB2BGR)):
        raise SystemExit(f"cannot write {args.picture}")


def _add_kinds(command: argparse.ArgumentParser) -> None:
    kinds = command.add_mutually_exclusive_group()
    command.set_defaults(kind="usual")
    for kind, words in (
        ("turned", "only faces turned far to the side"),
        ("close-up", "eyes from near"),
        ("driver", "only drivers in cars"),
        ("near", "faces that fill the picture, without camera effects, for brows and mouth"),
        ("bearded", "men with hair on the upper lip"),
    ):
        kinds.add_argument(f"--{kind}", dest="kind", action="store_const", const=kind, help=words)


def main() -> None:
    """Parse the command line and run one command."""
    parser = argparse.ArgumentParser(prog="python -m models.synth", description=__doc__)
    commands = parser.add_subparsers(required=True)
    write = commands.add_parser(
        "write", help="write shards of crops; run again to go on after a stop"
    )
    write.add_argument("--out", type=Path, required=True)
    write.add_argument("--count", type=int, default=300_000)
    write.add_argument("--workers", type=int, default=2)
    write.add_argument("--seed", type=int, default=1)
    write.add_argument("--first", type=int, default=0, help="number of the first shard")
    _add_kinds(write)
    write.add_argument(
        "--photographs", type=Path, help="folder that python -m models.photographs wrote"
    )
    write.add_argument("--ray", metavar="ADDRESS", help="render on a Ray cluster, for example auto")
    write.set_defaults(run=_write)
    sheet = commands.add_parser("sheet", help="draw a sheet of random crops with their points")
    sheet.add_argument("picture", type=Path)
    sheet.add_argument("--count", type=int, default=60)
    sheet.add_argument("--seed", type=int, default=1)
    _add_kinds(sheet)
    sheet.add_argument(
        "--photographs", type=Path, help="folder that python -m models.photographs wrote"
    )
    sheet.set_defaults(run=_sheet)
    demo = commands.add_parser("clip", help="render the demo clip and its truth")
    demo.add_argument("--out", type=Path, default=Path("edge/landmarkd/camera/clip"))
    demo.set_defaults(run=lambda args: print(*clip.write(args.out), sep="\n"))
    args = parser.parse_args()
    args.run(args)


if __name__ == "__main__":
    main()
