"""Train, or resume an interrupted training; the same command does both.

Examples:
    python -m models.train --data runs/synth/train --out runs/train/main
    torchrun --nproc-per-node 4 -m models.train --data runs/synth/train --out runs/train/main
    python -m models.train plot runs/train/main
    python -m models.train fleet --data runs/synth/train --out runs/train/fleet --minutes 8 \
        --networks landmarks-562
"""

import argparse
import sys
from pathlib import Path

from models.train.config import TrainingConfig


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m models.train",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(dest="command")
    run = commands.add_parser("run", help="train")
    run.add_argument("--data", type=Path, nargs="+", required=True, help="folders of shards")
    run.add_argument("--out", type=Path, required=True, help="folder of checkpoints and log")
    run.add_argument("--initial", type=Path, help="initial weights")
    defaults = {name: field.default for name, field in TrainingConfig.__dataclass_fields__.items()}
    run.add_argument("--architecture", default=defaults["architecture"])
    for name in (
        "samples",
        "batch",
        "warmup",
        "seed",
        "pass_shards",
        "workers",
        "threads",
        "log_steps",
        "levels",
        "frozen",
    ):
        run.add_argument("--" + name.replace("_", "-"), type=int, default=defaults[name])
    for name in (
        "learning_rate",
        "weight_decay",
        "checkpoint_minutes",
        "average",
        "budget_minutes",
        "calm",
        "disturbed",
    ):
        run.add_argument("--" + name.replace("_", "-"), type=float, default=defaults[name])
    plot = commands.add_parser("plot", help="draw a run's log")
    plot.add_argument("run", type=Path)
    plot.add_argument(
        "--out", type=Path, help="PNG to write; log.png in the run's folder by default"
    )
    fleet = commands.add_parser(
        "fleet", help="train several networks at once on a GPU, for a given time"
    )
    fleet.add_argument(
        "--data", type=Path, nargs="+", required=True, help="folders of shards, which may grow"
    )
    fleet.add_argument("--out", type=Path, required=True, help="folder of weights and log")
    fleet.add_argument(
        "--networks",
        nargs="+",
        required=True,
        help="architecture or architecture=weights to begin with",
    )
    fleet.add_argument("--minutes", type=float, required=True)
    fleet.add_argument("--crops", type=int, help="crops in a batch; each gives two views")
    fleet.add_argument(
        "--capacity", type=int, help="maximum number of crops in the device's memory"
    )
    fleet.add_argument("--least", type=int, help="crops to wait for before the first step")
    fleet.add_argument("--seed", type=int)
    fleet.add_argument("--learning-rate", type=float)
    fleet.add_argument(
        "--levels", type=int, help="levels of rounded activations, 0 for no rounding"
    )
    fleet.add_argument("--calm", type=float, help="weight of the difference of two views")
    revived = commands.add_parser("revive", help="restart dead channels")
    revived.add_argument("source", type=Path, help="checkpoint or weights")
    revived.add_argument("target", type=Path, help="initial weights for the next run")
    revived.add_argument("--data", type=Path, nargs="+", required=True, help="folders of shards")
    mean = commands.add_parser(
        "mean", help="average the weights of runs with common initial weights"
    )
    mean.add_argument(
        "shares",
        nargs="+",
        type=_share,
        metavar="CHECKPOINT=SHARE",
        help="weights and their share in the mean",
    )
    mean.add_argument("--out", type=Path, required=True, help="checkpoint to write")
    return parser


def _share(text: str) -> tuple[Path, float]:
    path, _, share = text.rpartition("=")
    try:
        return Path(path), float(share)
    except ValueError:
        raise argparse.ArgumentTypeError(
            f"{text!r} has no share: write {text}=0.5, for example"
        ) from None


def main(arguments: list[str] | None = None) -> int:
    """Run the command line; returns the exit status."""
    given = sys.argv[1:] if arguments is None else arguments
    if given and given[0].startswith("--") and given[0] != "--help":
        given = ["run", *given]
    parsed = vars(_parser().parse_args(given))
    command = parsed.pop("command")
    if command == "run":
        from models.train.run import make_loop

        make_loop(TrainingConfig(**{**parsed, "data": tuple(parsed["data"])})).run()
    elif command == "fleet":
        from models.train import fleet

        named = [text.partition("=") for text in parsed.pop("networks")]
        networks = {name: Path(weights) if weights else None for name, _, weights in named}
        given_settings = {name: value for name, value in parsed.items() if value is not None}
        config = fleet.FleetConfig(
            **{**given_settings, "data": tuple(parsed["data"])}, networks=networks
        )
        fleet.make_loop(config).run()
    elif command == "revive":
        from models.train.revive import run as revive

        dead, loud = revive(parsed["source"], parsed["target"], parsed["data"])
        print(
            f"{parsed['target']}: {dead} channels were dead, "
            f"{loud} were used only by very large weights"
        )
    elif command == "mean":
        from models.training import checkpoint

        checkpoint.save(parsed["out"], checkpoint.mean(dict(parsed["shares"])))
    elif command == "plot":
        from models.training.plot import draw

        print(draw(parsed["run"] / "log.jsonl", parsed["out"] or parsed["run"] / "log.png"))
    else:
        _parser().print_help()
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
