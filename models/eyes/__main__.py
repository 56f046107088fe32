"""`python -m models.eyes train|export`."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

ZOO = Path(__file__).resolve().parent.parent / "zoo"


def main() -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="python -m models.eyes", description=__doc__)
    commands = parser.add_subparsers(required=True)
    command = commands.add_parser("render", help="draw pairs of eyes; run again to go on")
    command.add_argument("--out", type=Path, required=True)
    command.add_argument("--count", type=int, default=40_000, help="pairs")
    command.add_argument("--first", type=int, default=0, help="number of the first shard")
    command.add_argument("--seed", type=int, default=1)
    command.set_defaults(run=_render)
    command = commands.add_parser("train", help="train on drawn eyes; run again to go on")
    command.add_argument("--data", type=Path, nargs="+", required=True)
    command.add_argument(
        "--out", type=Path, required=True, help="checkpoint to write; the log is written beside it"
    )
    command.add_argument("--minutes", type=float, default=30.0)
    command.add_argument("--samples", type=int, default=100_000_000)
    command.add_argument("--batch", type=int, default=96, help="eyes at once")
    command.add_argument("--seed", type=int, default=1)
    command.add_argument("--initial", type=Path, help="initial weights")
    command.add_argument("--rate", type=float, default=3e-3, help="highest learning rate")
    command.add_argument(
        "--part",
        default="0/1",
        help="part of the files, as 2/8; runs in one folder average their weights",
    )
    command.set_defaults(run=_train)
    command = commands.add_parser("export", help="quantise weights into the zoo")
    command.add_argument("weights", type=Path)
    command.add_argument(
        "--data",
        type=Path,
        nargs="+",
        required=True,
        help="folders of drawn eyes for the ranges of the activations",
    )
    command.add_argument("--zoo", type=Path, default=ZOO)
    command.add_argument("--name", default="eyes-21")
    command.add_argument(
        "--about", type=Path, help="JSON with description, provenance, accuracy for the manifest"
    )
    command.set_defaults(run=_export)
    arguments = parser.parse_args()
    arguments.run(arguments)


def _render(arguments: argparse.Namespace) -> None:
    import cv2

    from models.synth.eyeshot import PAIRS_PER_SHARD, EyeStudio, write

    cv2.setNumThreads(1)
    studio = EyeStudio()
    for number in range(-(-arguments.count // PAIRS_PER_SHARD)):
        first = arguments.first + number
        print(write(arguments.out, first, arguments.seed, PAIRS_PER_SHARD, studio), flush=True)


def _train(arguments: argparse.Namespace) -> None:
    import cv2

    from models.eyes.train import Settings, make_loop

    cv2.setNumThreads(1)
    make_loop(
        Settings(
            data=tuple(arguments.data),
            out=arguments.out,
            minutes=arguments.minutes,
            samples=arguments.samples,
            batch=arguments.batch,
            seed=arguments.seed,
            initial=arguments.initial,
            rate=arguments.rate,
            part=(int(arguments.part.split("/")[0]), int(arguments.part.split("/")[1])),
        )
    ).run()


def _export(arguments: argparse.Namespace) -> None:
    from models.eyes.export import export

    about = json.loads(arguments.about.read_text()) if arguments.about else {}
    export(arguments.weights, arguments.data, arguments.zoo, arguments.name, about)


if __name__ == "__main__":
    main()
