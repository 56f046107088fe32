"""``python -m models.detector train|sheet``: make the face detector, and look at what it is trained on."""

import argparse
import math
import sys
from pathlib import Path


def _train(arguments: argparse.Namespace) -> int:
    from models.detector.train import Settings, Trainer

    trainer = Trainer(
        Settings(
            arguments.data,
            arguments.out,
            arguments.samples,
            arguments.minutes,
            batch=arguments.batch,
            workers=arguments.workers,
            threads=arguments.threads,
            seed=arguments.seed,
        )
    )
    trainer.run()
    print(f"{trainer.path}: {trainer.seen} scenes in {trainer.spent_s / 60:.0f} minutes")
    return 0


def _sheet(arguments: argparse.Namespace) -> int:
    import cv2
    import numpy as np

    from models.detector.scenes import Composer, Cuttings, draw

    rng = np.random.default_rng(arguments.seed)
    scenes = Composer(Cuttings(arguments.data)).scenes(rng)
    tiles = [draw(scene) for _, scene in zip(range(arguments.count), scenes, strict=False)]
    columns = 8
    tiles += [np.zeros_like(tiles[0])] * (-len(tiles) % columns)
    rows = [np.hstack(tiles[n : n + columns]) for n in range(0, len(tiles), columns)]
    cv2.imwrite(str(arguments.picture), np.vstack(rows))
    return 0


def main() -> int:
    """Run the command line; returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m models.detector", description=__doc__)
    commands = parser.add_subparsers(required=True)
    train = commands.add_parser("train", help="train, or go on training")
    train.add_argument("--data", type=Path, required=True, help="folder of shards of rendered crops")
    train.add_argument("--out", type=Path, required=True)
    train.add_argument("--samples", type=int, default=300_000)
    train.add_argument("--minutes", type=float, default=math.inf, help="end after so long with fewer samples")
    train.add_argument("--batch", type=int, default=32)
    train.add_argument("--workers", type=int, default=1, help="processes that compose scenes")
    train.add_argument("--threads", type=int, default=1, help="of torch")
    train.add_argument("--seed", type=int, default=1)
    train.set_defaults(run=_train)
    sheet = commands.add_parser("sheet", help="draw a sheet of random scenes with their labels")
    sheet.add_argument("picture", type=Path)
    sheet.add_argument("--data", type=Path, required=True)
    sheet.add_argument("--count", type=int, default=48)
    sheet.add_argument("--seed", type=int, default=1)
    sheet.set_defaults(run=_sheet)
    arguments = parser.parse_args()
    return int(arguments.run(arguments))


if __name__ == "__main__":
    sys.exit(main())
