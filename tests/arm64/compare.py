"""Compares the results of both machines: compare.py FOLDER (arm64's; x86's are in FOLDER/x86).

Models and pictures must give the same bits. A video may differ: the decoder's conversion to BGR
differs by one grey level between processors, so its points must agree within one pixel of the crop
that the model sees.
"""

import json
import sys
from pathlib import Path

import numpy as np

CROP_PIXELS = 128
STEP = 1.0
"""Maximum difference of a point of the video, crop pixels."""


def main(folder: Path) -> int:
    """Print what was compared and return 0 if everything agrees, else 1."""
    problems = [
        *_doctor(folder),
        *_models(folder),
        *_reports(folder, "pictures", 0.0),
        *_reports(folder, "clip", STEP),
    ]
    for problem in problems:
        print(f"FAILED: {problem}")
    if not problems:
        print("arm64 does what x86 does.")
    return bool(problems)


def _doctor(folder: Path) -> list[str]:
    findings = {
        finding["name"]: finding for finding in json.loads((folder / "doctor.json").read_bytes())
    }
    print(f"system:   {findings['system']['text']}\nruntime:  {findings['runtime']['text']}")
    problems = [
        f"doctor: {item['text']}" for item in findings.values() if item["severity"] == "error"
    ]
    if "aarch64" not in findings["system"]["text"]:
        problems.append("this was not arm64")
    if "with XNNPACK" not in findings["runtime"]["text"]:
        problems.append("XNNPACK is not in use")
    return problems


def _models(folder: Path) -> list[str]:
    arm, x86 = (
        json.loads((path / "digest.json").read_bytes()) for path in (folder, folder / "x86")
    )
    problems = []
    for name, theirs in x86["models"].items():
        same = arm["models"].get(name, {}).get("sha256") == theirs["sha256"]
        print(
            f"model:    {name}: outputs {'bit-identical' if same else 'differ'} "
            f"(sha256 {theirs['sha256'][:12]})"
        )
        if not same:
            problems.append(f"the model {name} computes other bits")
        if arm["models"].get(name, {}).get("accelerator") != "xnnpack":
            problems.append(f"the model {name} runs without XNNPACK")
    return problems


def _reports(folder: Path, name: str, allowed: float) -> list[str]:
    arm, x86 = (_read(path / f"{name}.jsonl") for path in (folder, folder / "x86"))
    if not x86 or len(arm) != len(x86):
        return [f"{name}: {len(arm)} reports instead of {len(x86)}"]
    worst, faces = 0.0, 0
    for ours, theirs in zip(arm, x86, strict=True):
        if (ours is None) != (theirs is None):
            return [f"{name}: a face was seen by only one of the two"]
        if ours is None or theirs is None:
            continue
        faces += 1
        difference = np.abs(np.array(ours["points"]) - np.array(theirs["points"])).max()
        worst = max(worst, float(difference) / theirs["roi"]["side"] * CROP_PIXELS)
    print(
        f"{name + ':':<9} {len(x86)} frames, {faces} faces, "
        f"points differ by {worst:.3f} crop pixels at most"
    )
    if not faces:
        return [f"{name}: no face in any frame"]
    return [f"{name}: points differ by more than {allowed} crop pixels"] if worst > allowed else []


def _read(path: Path) -> list[dict | None]:
    reports = [json.loads(line) for line in path.read_text().splitlines()]
    return [report["face"] for report in reports if "face" in report]


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
