"""``python -m models.detector train|export|belief|sheet``: train, export and check the detector."""

import argparse
import math
import sys
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context
from pathlib import Path


def _train(arguments: argparse.Namespace) -> int:
    from models.detector.train import Settings, make_loop

    loop = make_loop(
        Settings(
            tuple(arguments.data),
            arguments.out,
            arguments.samples,
            arguments.minutes,
            batch=arguments.batch,
            rate=arguments.rate,
            workers=arguments.workers,
            threads=arguments.threads,
            twice=not arguments.once,
            seed=arguments.seed,
            initial=arguments.initial,
            photographs=arguments.photographs,
            device=arguments.device,
            replayed=arguments.replayed,
        )
    )
    loop.run()
    print(f"{loop.learners[0].path}: {loop.samples} scenes in {loop.seconds / 60:.0f} minutes")
    return 0


def _sheet(arguments: argparse.Namespace) -> int:
    import cv2
    import numpy as np

    from models.detector.cuttings import Cuttings
    from models.detector.scene import draw
    from models.detector.scenes import Composer
    from models.photographs import album

    rng = np.random.default_rng(arguments.seed)
    photographs = album(arguments.photographs) if arguments.photographs else None
    scenes = Composer(Cuttings(arguments.data, rng, 2), rng, photographs).scenes(rng)
    tiles = [draw(scene) for _, scene in zip(range(arguments.count), scenes, strict=False)]
    columns = 8
    tiles += [np.zeros_like(tiles[0])] * (-len(tiles) % columns)
    rows = [np.hstack(tiles[n : n + columns]) for n in range(0, len(tiles), columns)]
    cv2.imwrite(str(arguments.picture), np.vstack(rows))
    return 0


def _export(arguments: argparse.Namespace) -> int:
    import json

    from models.detector import export
    from models.detector.train import load
    from models.export.manifest import write_entry

    images = export.representative(
        arguments.data, arguments.scenes, arguments.seed, arguments.photographs
    )
    float_model = export.to_float_tflite(load(arguments.checkpoint))
    if arguments.keep_float:
        arguments.keep_float.write_bytes(float_model)
    path = arguments.zoo / f"{arguments.name}.tflite"
    path.write_bytes(export.quantise(float_model, images))
    how = (
        "after training: int8 throughout, weights per channel, "
        f"ranges measured on {len(images)} composed scenes"
    )
    entry = export.entry(path, how, arguments.score)
    if arguments.about:
        entry |= json.loads(arguments.about.read_text(encoding="utf-8"))
    write_entry(arguments.zoo, arguments.name, entry, default=arguments.default)
    print(f"{path}: {entry['bytes']} bytes, {entry['macs'] / 1e6:.1f} MMAC")
    return 0


def _belief(arguments: argparse.Namespace) -> int:
    from landmarkd.vision.zoo import open_zoo

    from models.detector.belief import fit, gather_named, joined
    from models.export.manifest import write_entry

    seeds = range(arguments.seed, arguments.seed + arguments.workers)
    with ProcessPoolExecutor(arguments.workers, get_context("spawn")) as pool:
        gather = partial(
            gather_named,
            arguments.detector,
            arguments.model,
            arguments.data,
            arguments.photographs,
            arguments.seconds,
        )
        found = joined(list(pool.map(gather, seeds)))
    fitted = fit(found)
    print(f"{fitted.faces} faces read right, {fitted.others} false readings: {fitted.contract}")
    print(f"{100 * fitted.believed:.1f} % of the faces are believed")
    print(f"{found.count} photographs without a face")
    zoo = open_zoo()
    name, _ = zoo.landmarks(arguments.model)
    write_entry(zoo.folder, name, {"kind": "landmarks", "belief": fitted.contract}, default=False)
    return 0


def main() -> int:
    """Run the command line; returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m models.detector", description=__doc__)
    commands = parser.add_subparsers(required=True)
    train = commands.add_parser("train", help="train, or resume a training")
    train.add_argument(
        "--data", type=Path, nargs="+", required=True, help="folders of shards of rendered crops"
    )
    train.add_argument("--out", type=Path, required=True)
    train.add_argument("--samples", type=int, default=300_000)
    train.add_argument(
        "--minutes",
        type=float,
        default=math.inf,
        help="end after this time, even with fewer samples",
    )
    train.add_argument("--batch", type=int, default=64)
    train.add_argument("--rate", type=float, default=4e-3, help="highest learning rate")
    train.add_argument(
        "--photographs", type=Path, help="folder that python -m models.photographs wrote"
    )
    train.add_argument("--device", default="cpu", help="cpu or cuda")
    train.add_argument(
        "--replayed",
        type=int,
        default=1024,
        help="number of hard negatives (scenes without a face) to keep and show again",
    )
    train.add_argument("--workers", type=int, default=1, help="processes that compose scenes")
    train.add_argument("--threads", type=int, default=1, help="of torch")
    train.add_argument(
        "--once", action="store_true", help="do not also train on the mirror image of each scene"
    )
    train.add_argument("--seed", type=int, default=1)
    train.add_argument("--initial", type=Path, help="initial weights instead of random ones")
    train.set_defaults(run=_train)
    out = commands.add_parser("export", help="quantise a checkpoint into the zoo")
    out.add_argument("checkpoint", type=Path)
    out.add_argument(
        "--data",
        type=Path,
        nargs="+",
        required=True,
        help="folders of shards to compose scenes from",
    )
    out.add_argument(
        "--photographs", type=Path, help="folder that python -m models.photographs wrote"
    )
    out.add_argument(
        "--scenes", type=int, default=400, help="number of scenes for the ranges of the activations"
    )
    out.add_argument("--seed", type=int, default=7)
    out.add_argument("--name", default="faces-160")
    out.add_argument("--score", type=float, default=0.5, help="least score of a face")
    out.add_argument("--zoo", type=Path, default=Path(__file__).resolve().parents[1] / "zoo")
    out.add_argument(
        "--about", type=Path, help="JSON with description, provenance, accuracy for the manifest"
    )
    out.add_argument(
        "--default", action="store_true", help="make it the default detector of the runtime"
    )
    out.add_argument("--keep-float", type=Path, help="write the float .tflite here as well")
    out.set_defaults(run=_export)
    sheet = commands.add_parser("sheet", help="draw a sheet of random scenes with their labels")
    sheet.add_argument("picture", type=Path)
    sheet.add_argument("--data", type=Path, nargs="+", required=True)
    sheet.add_argument(
        "--photographs", type=Path, help="folder that python -m models.photographs wrote"
    )
    sheet.add_argument("--count", type=int, default=48)
    sheet.add_argument("--seed", type=int, default=1)
    sheet.set_defaults(run=_sheet)
    belief = commands.add_parser(
        "belief", help="fit when a proposal is accepted, from what a landmark model reads there"
    )
    belief.add_argument("--model", default="default", help="a landmark model of the zoo")
    belief.add_argument("--detector", default="network")
    belief.add_argument("--data", type=Path, nargs="+", required=True)
    belief.add_argument("--photographs", type=Path, required=True)
    belief.add_argument(
        "--seconds", type=float, default=300, help="processor time to spend on looking"
    )
    belief.add_argument("--seed", type=int, default=11)
    belief.add_argument("--workers", type=int, default=1, help="processes, each with these seconds")
    belief.set_defaults(run=_belief)
    arguments = parser.parse_args()
    return int(arguments.run(arguments))


if __name__ == "__main__":
    sys.exit(main())
