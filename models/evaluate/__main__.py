"""Measure models.

python -m models.evaluate --model landmarks-562 --out runs/eval/landmarks-562
python -m models.evaluate detector --detector network --out runs/eval/network
python -m models.evaluate eyes --out runs/eval/eyes
python -m models.evaluate compare runs/eval/a/numbers.json runs/eval/b/numbers.json
"""

import argparse
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
REAL = ROOT.parent / "shared" / "eval"
SYNTHETIC = ROOT / "runs" / "synth" / "test"
BEARDED = ROOT / "runs" / "synth" / "bearded-test"


def landmarks(arguments: list[str]) -> int:
    """Measure a landmark model and write its report."""
    from landmarkd.vision.zoo import open_zoo

    from models.evaluate.pictures import worst, write_sheet
    from models.evaluate.report import markdown, write_report
    from models.evaluate.subjects import CoralZoo, open_model
    from models.evaluate.suite import evaluate

    parser = argparse.ArgumentParser(
        prog="python -m models.evaluate", description=landmarks.__doc__
    )
    parser.add_argument(
        "--model", default="default", help="a name of the zoo, a .tflite file or a .pt checkpoint"
    )
    parser.add_argument("--architecture", help="architecture of a bare state dict")
    parser.add_argument(
        "--eyes", default="none", help="eye model that reads lids and irises again, or none"
    )
    parser.add_argument(
        "--parts",
        default="none",
        choices=("default", "none"),
        help="models of the mouth and the brows",
    )
    parser.add_argument(
        "--views", type=int, default=1, choices=(1, 2), help="2: also read the mirror image"
    )
    parser.add_argument(
        "--coral", action="store_true", help="use the files that are compiled for a Coral"
    )
    parser.add_argument("--out", type=Path, required=True, help="folder of the report")
    parser.add_argument(
        "--real", type=Path, default=REAL, help="folder with images, videos and nonface"
    )
    parser.add_argument(
        "--synthetic",
        type=Path,
        default=SYNTHETIC,
        help="folder of shards that were not used for training",
    )
    parser.add_argument(
        "--bearded", type=Path, default=BEARDED, help="folder of shards with beards across the lips"
    )
    parser.add_argument("--detector", default="network", help="for the tables that need one")
    parser.add_argument("--quick", action="store_true", help="labelled pictures only: seconds")
    options = parser.parse_args(arguments)
    real = options.real if options.real.is_dir() else None
    synthetic = options.synthetic if any(options.synthetic.glob("shard-*.npz")) else None
    bearded = options.bearded if any(options.bearded.glob("shard-*.npz")) else None
    if real is None and synthetic is None:
        print(
            f"There is neither {options.real} nor a shard in {options.synthetic}: "
            "nothing to measure.",
            file=sys.stderr,
        )
        return 2
    began = time.monotonic()
    model = open_model(
        options.model,
        zoo=CoralZoo(open_zoo().folder) if options.coral else None,
        architecture=options.architecture,
        eyes=options.eyes,
        views=options.views,
        parts=options.parts,
    )
    done = evaluate(
        model,
        real=real,
        synthetic=synthetic,
        bearded=bearded,
        detector=options.detector,
        quick=options.quick,
    )
    facts = {
        "runs on": f"{model.engine.runtime} {model.engine.accelerator}",
        "input": f"{model.card.input.width} px {model.card.input.dtype}",
        "files": "int8 throughout, as for a Coral" if options.coral else "of the processor",
        "points": model.layout.name,
        "eyes": options.eyes,
        "views": options.views,
        "parts": options.parts,
        "detector": options.detector,
        "seconds": round(time.monotonic() - began),
    }
    path = write_report(done, options.out, facts)
    for name, results in done.results.items():
        write_sheet(
            worst(results), model.layout.ibug68, options.out / f"worst-{name.replace(' ', '-')}.png"
        )
    print(markdown(done, facts))
    print(f"Written: {path} with numbers.json, faces.csv and the sheets of the worst faces.")
    return 0


def compare(arguments: list[str]) -> int:
    """Print what changed between two reports."""
    from models.evaluate import report

    parser = argparse.ArgumentParser(
        prog="python -m models.evaluate compare", description=compare.__doc__
    )
    parser.add_argument("before", type=Path, help="numbers.json")
    parser.add_argument("after", type=Path, help="numbers.json")
    options = parser.parse_args(arguments)
    print(report.compare(options.before, options.after))
    return 0


def detector(arguments: list[str]) -> int:
    """Measure a face detector and write its report."""
    from landmarkd.vision.detector import make_detector

    from models.evaluate.clips import frames_of
    from models.evaluate.detection import cpu_ms, evaluate_detector, write_sheets
    from models.evaluate.report import write_report
    from models.evaluate.subjects import open_detector, open_model
    from models.evaluate.suite import Evaluation

    parser = argparse.ArgumentParser(
        prog="python -m models.evaluate detector", description=detector.__doc__
    )
    parser.add_argument(
        "--detector",
        default="network",
        help="a name, a detector's .tflite file or a .pt checkpoint",
    )
    parser.add_argument(
        "--score", type=float, help="minimum score, for a file without a manifest entry"
    )
    parser.add_argument("--out", type=Path, required=True, help="folder of the report")
    parser.add_argument("--real", type=Path, default=REAL)
    parser.add_argument("--model", default="default", help="landmark model to track with")
    parser.add_argument("--quick", action="store_true", help="pictures only")
    options = parser.parse_args(arguments)
    if not options.real.is_dir():
        print(f"No {options.real}: nothing to measure.", file=sys.stderr)
        return 2
    finder = open_detector(options.detector, options.score)
    report = evaluate_detector(
        finder, options.real, None if options.quick else open_model(options.model)
    )
    frame = next(frames_of(options.real / "videos" / "blink_mahie_1.avi", 1)).image
    others = {} if options.detector == "cascade" else {"cascade": make_detector("cascade")}
    report.tables["Processor time of one look at 640x480, ms"] = {
        name: {"ms": cpu_ms(each, frame)}
        for name, each in {options.detector: finder, **others}.items()
    }
    done = Evaluation(options.detector, report.tables)
    print(
        write_report(done, options.out, {"landmark model": options.model}).read_text(
            encoding="utf-8"
        )
    )
    write_sheets(report, options.out)
    return 0


def eyes(arguments: list[str]) -> int:
    """Measure the eye model on drawn and real eyes and print the table."""
    from models.evaluate.eyes import MEASURES, evaluate

    parser = argparse.ArgumentParser(
        prog="python -m models.evaluate eyes", description=eyes.__doc__
    )
    parser.add_argument("--zoo", type=Path, help="another folder of models")
    parser.add_argument("--real", type=Path, default=REAL)
    drawn = [ROOT / "runs" / "eyes" / "shots"]
    parser.add_argument(
        "--drawn", type=Path, nargs="+", default=drawn, help="of models.eyes render"
    )
    parser.add_argument("--out", type=Path, help="folder for sheets of the worst eyes")
    parser.add_argument("--only", nargs="+", choices=list(MEASURES), default=[])
    options = parser.parse_args(arguments)
    rows = evaluate(options.zoo, options.real, options.drawn, options.out, options.only)
    print("\n".join(f"| {name} | {value} |" for name, value in rows))
    return 0


COMMANDS = {"eyes": eyes, "landmarks": landmarks, "compare": compare, "detector": detector}


def main(arguments: list[str] | None = None) -> int:
    """Run a command; without its name, `landmarks`."""
    arguments = sys.argv[1:] if arguments is None else arguments
    command = COMMANDS.get(arguments[0]) if arguments else None
    return command(arguments[1:]) if command else landmarks(arguments)


if __name__ == "__main__":
    sys.exit(main())
