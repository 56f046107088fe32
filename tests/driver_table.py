"""Accuracy of driver monitoring: all tables with one command. Prints; asserts nothing.

    python -m tests.driver_table [--model NAME] [--hours 0.1] [--cache FOLDER] [--json FILE]

Every clip of ../shared/eval/videos is played from its first to its last frame, and none is left
out. Rows on real clips need that folder beside the repository; without it the output says so.
`--cache` stores the outputs of the networks, so that a second run takes a minute.
"""

import argparse
import json
from pathlib import Path

import numpy as np
from landmarkd.camera.demo import CLIP
from rich.console import Console
from rich.table import Table

from models.evaluate.events import f1
from tests.clip_observations import Clip, clips, observations, replay
from tests.driver_clips import PEOPLE, awake_hours, bad_share, measure, poisson_interval
from tests.driver_rows import (
    VIDEOS,
    Row,
    See,
    blink_rows,
    clip_row,
    hour_row,
    script_row,
    selfie_rows,
)


def clip_results(see: See, labels):
    """Return the result of every clip."""
    return [
        measure(path.name, replay(see(path)), labels.get(path.name, {})) for path in clips(VIDEOS)
    ]


def print_clips(console, results):
    """Print every event other than a blink, clip by clip."""
    for result in results:
        shares = ", ".join(f"{name} {value:.1f} s" for name, value in result.shares.items())
        kind = "awake" if result.awake else "not labelled awake"
        console.print(f"{result.name} ({kind}): face {result.face_s:.1f} s; {shares or '-'}")
        for line in result.events:
            console.print(f"    {line}", highlight=False)


def total_rows(results):
    """Return the rows on all clips together."""
    hours = awake_hours(results)
    false = sum(result.false_alarms for result in results)
    low, high = (mean / hours for mean in poisson_interval(false))
    shares = bad_share(results)
    worse = sum(shares.values()) - shares["distracted"]
    closures = [(r.name, *closure) for r in results for closure in r.closures]
    late = [delay for _, _, delay in closures if delay is None or abs(delay) > 0.2]
    found, wrong, missed = np.sum([result.yawns for result in results], axis=0)
    rows = [
        Row(
            "false alarms about closed eyes, all clips",
            "0",
            "0",
            f"{false} in {hours:.3f} h awake: {false / hours:.1f} an hour (95 %: {low:.1f} to "
            f"{high:.1f})",
            false == 0,
        ),
        Row(
            "awake time called drowsy or worse",
            "1 %",
            "0",
            f"{worse:.1%} (" + ", ".join(f"{k} {v:.1%}" for k, v in shares.items()) + ")",
            bool(worse <= 0.01),
        ),
        Row(
            "closures of at least 1 s, alarm within 0.2 s",
            "all",
            "all",
            "; ".join(
                f"{name} {span[0]}-{span[1]} " + ("missed" if delay is None else f"{delay:+.2f} s")
                for name, span, delay in closures
            ),
            not late,
        ),
        Row(
            "yawns",
            "2, none false",
            "",
            f"{found} found, {wrong} false, {missed} missed",
            bool(not wrong and not missed),
        ),
    ]
    musts = dict(zip(PEOPLE, (1.0, 0.8, 1.0), strict=True))
    for person, names in PEOPLE.items():
        counted = np.sum([r.blinks for r in results if r.name in names and r.blinks], axis=0)
        score = f1(*counted)
        text = f"F1 {score:.2f} ({counted[0]} hits, {counted[1]} false, {counted[2]} missed)"
        rows.append(
            Row(f"blinks, {person}", f"F1 {musts[person]}", "", text, bool(score >= musts[person]))
        )
    return rows


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", default="default", help="landmark model of the zoo")
    parser.add_argument("--zoo", type=Path, help="another folder of models")
    parser.add_argument(
        "--hours", type=float, default=1.0, help="length of each synthetic attentive drive"
    )
    parser.add_argument(
        "--cache", type=Path, help="store the outputs of the networks in this folder"
    )
    parser.add_argument("--json", type=Path, help="write the rows here too")
    arguments = parser.parse_args()

    def see(path: Path) -> Clip:
        return observations(path, arguments.cache, arguments.model, arguments.zoo)

    console, rows = Console(width=140), []
    labels_file = VIDEOS / "eye_labels.json"
    if labels_file.exists():
        labels = json.loads(labels_file.read_text())
        results = clip_results(see, labels)
        print_clips(console, results)
        rows += total_rows(results)
        rows += blink_rows(see, labels)
        rows += selfie_rows(see, labels)
    else:
        console.print(f"{VIDEOS} is not here: the rows on real clips are left out.")
    rows.append(script_row())
    if arguments.hours > 0:
        rows.append(hour_row(arguments.hours))
    if CLIP.with_suffix(".npz").exists():
        rows.append(clip_row(see))
    else:
        console.print(
            f"{CLIP.with_suffix('.npz')} is not here: the row on the bundled clip is left out."
        )
    table = Table(
        "measure",
        "must",
        "aim",
        "reached",
        "met",
        title=f"Driver monitoring with model {arguments.model}",
    )
    for row in rows:
        table.add_row(
            row.measure,
            row.must,
            row.aim,
            row.reached,
            {True: "yes", False: "no", None: ""}[row.met],
        )
    console.print(table)
    if arguments.json:
        arguments.json.write_text(json.dumps([vars(row) for row in rows], indent=1))


if __name__ == "__main__":
    main()
