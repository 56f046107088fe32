"""`python -m models.parts train|check|spread|export`."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import cv2
from landmarkd.vision.parts import PARTS

ZOO = Path(__file__).resolve().parent.parent / "zoo"


def main() -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="python -m models.parts", description=__doc__)
    commands = parser.add_subparsers(required=True)
    command = commands.add_parser("train", help="train on drawn faces; run again to go on")
    _add_common(command)
    command.add_argument(
        "--out",
        type=Path,
        required=True,
        help="weights to write; the log and the checkpoint are written beside them",
    )
    command.add_argument("--minutes", type=float, default=60.0)
    command.add_argument("--batch", type=int, default=64)
    command.add_argument("--seed", type=int, default=1)
    command.add_argument("--initial", type=Path, help="initial weights")
    command.add_argument("--rate", type=float, default=4e-3, help="highest learning rate")
    command.set_defaults(run=_train)
    command = commands.add_parser("check", help="measure weights on faces not used for training")
    _add_common(command)
    command.add_argument("weights", type=Path)
    command.set_defaults(run=_check)
    command = commands.add_parser(
        "spread", help="measure the errors of the daemon's points over their sigma"
    )
    command.add_argument("part", choices=PARTS)
    command.add_argument("--data", type=Path, required=True, help="of models.synth write")
    command.add_argument("--faces", type=int, help="most faces")
    command.set_defaults(run=_spread)
    command = commands.add_parser("export", help="quantise weights into the zoo")
    _add_common(command)
    command.add_argument("weights", type=Path)
    command.add_argument("--zoo", type=Path, default=ZOO)
    command.add_argument(
        "--about", type=Path, help="JSON with description, provenance, accuracy for the manifest"
    )
    command.set_defaults(run=_export)
    arguments = parser.parse_args()
    cv2.setNumThreads(1)
    arguments.run(arguments)


def _add_common(command: argparse.ArgumentParser) -> None:
    command.add_argument("part", choices=PARTS)
    command.add_argument(
        "--data", type=Path, nargs="+", required=True, help="of models.synth write --near"
    )


def _train(arguments: argparse.Namespace) -> None:
    from models.parts.train import Settings, make_loop

    make_loop(
        Settings(
            name=arguments.part,
            data=tuple(arguments.data),
            out=arguments.out,
            minutes=arguments.minutes,
            batch=arguments.batch,
            seed=arguments.seed,
            initial=arguments.initial,
            rate=arguments.rate,
        )
    ).run()


def _check(arguments: argparse.Namespace) -> None:
    from models.parts.check import check

    print(json.dumps(check(arguments.part, arguments.weights, arguments.data), indent=1))


def _spread(arguments: argparse.Namespace) -> None:
    from models.parts.spread import fit

    print(json.dumps(fit(arguments.part, arguments.data, arguments.faces), indent=1))


def _export(arguments: argparse.Namespace) -> None:
    from models.parts.export import export

    about = json.loads(arguments.about.read_text()) if arguments.about else {}
    export(arguments.part, arguments.weights, arguments.data, arguments.zoo, about)


if __name__ == "__main__":
    main()
