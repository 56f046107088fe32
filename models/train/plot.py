"""Draws the log of a run."""

import json
from pathlib import Path

CURVES = ("nme_px", "gap_px", "sigma", "presence", "wing", "rate")


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
        if "loss" in record:
            records.append(record)
    return records


def draw(log: Path, out: Path) -> Path:
    """Draw the curves of a log over millions of crops into a PNG.

    Raises:
        ValueError: The log has no measured line yet.
    """
    import matplotlib as mpl

    mpl.use("Agg")
    import matplotlib.pyplot as plt

    records = read_log(log)
    if not records:
        raise ValueError(f"{log} has nothing to draw yet")
    millions = [record["samples"] / 1e6 for record in records]
    figure, axes = plt.subplots(2, 3, figsize=(14, 7), sharex=True, layout="constrained")
    for axis, name in zip(axes.flat, CURVES, strict=True):
        axis.plot(millions, [record[name] for record in records], linewidth=0.8)
        axis.set(title=name, xlabel="crops, millions")
        axis.grid(alpha=0.3)
        if name == "nme_px":
            axis.set_yscale("log")
    figure.savefig(out, dpi=90)
    plt.close(figure)
    return out
