"""``python -m models.export model|whole|check|work``: make the zoo; what an Edge TPU takes."""

import argparse
import json
import sys
from pathlib import Path

ZOO = Path(__file__).resolve().parent.parent / "zoo"


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m models.export", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    model = commands.add_parser("model", help="quantise a checkpoint into the zoo")
    model.add_argument("checkpoint", type=Path)
    model.add_argument(
        "--name", required=True, help="name of the model in the manifest, and of its file"
    )
    model.add_argument("--architecture", help="for a checkpoint that does not name its own")
    model.add_argument("--representative", type=Path, help="another representative set")
    model.add_argument("--head", choices=("dynamic", "float"), default="dynamic")
    model.add_argument(
        "--coverage",
        type=float,
        default=1.0,
        help="share of crops whose extreme values must fit into a range",
    )
    model.add_argument(
        "--presence", type=Path, nargs="+", help="folders of shards to calibrate the presence on"
    )
    model.add_argument(
        "--about", type=Path, help="JSON with description, provenance, accuracy for the manifest"
    )
    model.add_argument("--zoo", type=Path, default=ZOO)
    model.add_argument(
        "--default", action="store_true", help="make it the default model of the runtime"
    )
    model.add_argument("--keep-float", type=Path, help="write the float .tflite here as well")
    whole = commands.add_parser(
        "whole", help="add a file of a landmark model that is int8 throughout, for an Edge TPU"
    )
    whole.add_argument("checkpoint", type=Path)
    whole.add_argument("--name", required=True, help="of the model in the manifest")
    whole.add_argument("--architecture", help="for a checkpoint that does not name its own")
    whole.add_argument(
        "--data", type=Path, nargs="+", required=True, help="folders of shards, for the modes"
    )
    whole.add_argument("--zoo", type=Path, default=ZOO)
    check = commands.add_parser("check", help="apply the Edge TPU compiler's rules to a file")
    check.add_argument("file", type=Path)
    work = commands.add_parser("work", help="write size and Edge TPU share into the manifest")
    work.add_argument("--zoo", type=Path, default=ZOO)
    return parser


def _model(arguments: argparse.Namespace) -> int:
    import torch

    from calibration.int8 import PACKED, load_representative
    from models.export.convert import Recipe, output_names, quantise, to_float_tflite
    from models.export.equalise import equalise
    from models.export.manifest import landmark_entry, write_entry
    from models.train.architectures import load

    recipe = Recipe(arguments.head, arguments.coverage)
    images = load_representative(arguments.representative or PACKED)
    network, architecture = load(arguments.checkpoint, arguments.architecture)
    if arguments.presence:
        from models.export.presence import calibrate

        print("presence: logit x {:.2f} {:+.2f}".format(*calibrate(network, arguments.presence)))
    pixels = (torch.from_numpy(images).permute(0, 3, 1, 2).float() - 128) / 127.5
    equalise(network, pixels, head=recipe.head)
    side = images.shape[1]
    content = to_float_tflite(network, side)
    if arguments.keep_float:
        arguments.keep_float.write_bytes(content)
    path = arguments.zoo / f"{arguments.name}.tflite"
    path.write_bytes(quantise(content, images, recipe))
    entry = landmark_entry(path, output_names(network, side), recipe.describe(len(images)))
    entry["architecture"] = architecture
    if arguments.about:
        entry |= json.loads(arguments.about.read_text())
    write_entry(arguments.zoo, arguments.name, entry, default=arguments.default)
    print(f"{path}: {entry['bytes']} bytes, {entry['macs'] / 1e6:.1f} MMAC")
    return 0


def _whole(arguments: argparse.Namespace) -> int:
    from landmarkd.vision.zoo import Zoo

    from calibration.int8 import PACKED, load_representative
    from models.export.landmarks import take_presence, whole_landmarks
    from models.export.manifest import write_whole
    from models.train.architectures import load

    network, _ = load(arguments.checkpoint, arguments.architecture)
    images = load_representative(PACKED)
    take_presence(network, Zoo(arguments.zoo), arguments.name, images)
    made = whole_landmarks(network, images, arguments.data)
    path = write_whole(arguments.zoo, arguments.name, *made)
    print(f"{path}: {path.stat().st_size} bytes, {len(made[1])} of the decoder")
    return 0


def _check(arguments: argparse.Namespace) -> int:
    from models.export.edgetpu import report
    from models.export.graph import read_graph

    text, mapped = report(read_graph(arguments.file))
    print(text)
    return 0 if mapped else 1


def _work(arguments: argparse.Namespace) -> int:
    from models.export.manifest import write_work

    for name, share in write_work(arguments.zoo).items():
        print(f"{name:24}{share:7.1%} of the multiply-adds on an Edge TPU")
    return 0


def main(arguments: list[str] | None = None) -> int:
    """Run the command line; returns the exit status."""
    parsed = _parser().parse_args(arguments)
    commands = {"model": _model, "whole": _whole, "check": _check, "work": _work}
    return commands[parsed.command](parsed)


if __name__ == "__main__":
    sys.exit(main())
