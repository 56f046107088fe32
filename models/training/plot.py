"""Draws the log of a run."""

import json
import math
from pathlib import Path

COLUMNS = 3
_NO_CURVES = ("step", "samples", "seconds")


def read_log(path: Path) -> list[dict[str, float]]:
    """All measured lines of a log; a last line that was cut off by a crash is left out.

    Raises:
        ValueError: A line other than the last is no JSON.
    """
    lines = path.read_text().splitlines()
    records = []
    for number, line in enumerate(lines, 1):
        try:
            record = json.loads(line)
        except json.JSONDecodeError as error:
            if number == len(lines):
                break
            raise ValueError(f"{path}, line {number}: {error}") from error
        if any(name.endswith("loss") for name in record):
            records.append(record)
    return records


def draw(log: Path, out: Path) -> Path:
    """Draw the curves of a log over millions of samples into a PNG.

    Raises:
        ValueError: The log has no measured line yet.
    """
    import matplotlib as mpl

    mpl.use("Agg")
    import matplotlib.pyplot as plt

    records = read_log(log)
    if not records:
        raise ValueError(f"{log} has nothing to draw yet")
    names = [name for name in records[-1] if name not in _NO_CURVES]
    millions = [record["samples"] / 1e6 for record in records]
    rows = -(-len(names) // COLUMNS)
    figure, axes = plt.subplots(
        rows, COLUMNS, figsize=(14, 3.5 * rows), sharex=True, layout="constrained", squeeze=False
    )
    for axis, name in zip(axes.flat, names, strict=False):
        axis.plot(millions, [record.get(name, math.nan) for record in records], linewidth=0.8)
        axis.set(title=name, xlabel="samples, millions")
        axis.grid(alpha=0.3)
    figure.savefig(out, dpi=90)
    plt.close(figure)
    return out
