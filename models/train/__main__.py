"""Train, or go on with what was interrupted; the same command does both.

python -m models.train --data runs/synth/train --out runs/train/main
torchrun --nproc-per-node 4 -m models.train --data runs/synth/train --out runs/train/main
python -m models.train plot runs/train/main
"""

import argparse
import sys
from pathlib import Path

from models.train.config import TrainingConfig


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m models.train", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    commands = parser.add_subparsers(dest="command")
    run = commands.add_parser("run", help="train")
    run.add_argument("--data", type=Path, nargs="+", required=True, help="folders of shards")
    run.add_argument("--out", type=Path, required=True, help="folder of checkpoints and log")
    run.add_argument("--initial", type=Path, help="weights to begin with")
    defaults = {name: field.default for name, field in TrainingConfig.__dataclass_fields__.items()}
    run.add_argument("--architecture", default=defaults["architecture"])
    for name in ("samples", "batch", "warmup", "seed", "pass_shards", "workers", "threads", "log_steps"):
        run.add_argument("--" + name.replace("_", "-"), type=int, default=defaults[name])
    for name in ("learning_rate", "weight_decay", "checkpoint_minutes", "average", "budget_minutes"):
        run.add_argument("--" + name.replace("_", "-"), type=float, default=defaults[name])
    plot = commands.add_parser("plot", help="draw a run's log")
    plot.add_argument("run", type=Path)
    plot.add_argument("--out", type=Path, help="PNG, the run's log.png otherwise")
    return parser


def main(arguments: list[str] | None = None) -> int:
    """Run the command line; returns the exit status."""
    given = sys.argv[1:] if arguments is None else arguments
    if given and given[0].startswith("--") and given[0] != "--help":
        given = ["run", *given]
    parsed = vars(_parser().parse_args(given))
    command = parsed.pop("command")
    if command == "run":
        from models.train.loop import Trainer

        Trainer(TrainingConfig(**{**parsed, "data": tuple(parsed["data"])})).run()
    elif command == "plot":
        from models.train.plot import draw

        print(draw(parsed["run"] / "log.jsonl", parsed["out"] or parsed["run"] / "log.png"))
    else:
        _parser().print_help()
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
