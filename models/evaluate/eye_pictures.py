"""The eye model on single eyes: drawn ones with their truth, and near-infrared crops."""

import json
from pathlib import Path

import cv2
import numpy as np
from landmarkd.vision.eye_patch import HEIGHT, WIDTH

from models.evaluate.eye_bench import Bench, Rows, auc, gap, read_patches, sheet
from models.synth.eye_file import GLASSES, INFRARED, borderline

NIR_WIDTH = 1.1
"""Width of a patch over that of a crop of `eyes_nir`."""
EYE_WIDTH = 24.0
"""Approximate width of an eye in a patch, pixels: the divisor of the gap where no head is known."""


def rendered(bench: Bench) -> Rows:
    """Drawn eyes that were not used for training, with the effects of a camera."""
    from models.eyes.data import load, sample

    eyes = load(bench.rendered, 0, 2)
    batch = sample(eyes, np.arange(len(eyes["kind"])), np.random.default_rng(5))
    found = read_patches(bench.model, batch["patch"])
    wanted = batch["points"] + [(WIDTH - 1) / 2, (HEIGHT - 1) / 2]
    seen, kind = batch["seen"] > 0.5, batch["kind"]
    iris = seen & (batch["share"] > 0.2)
    off = np.linalg.norm(found.points - wanted, axis=2)
    chances = np.stack([1 - np.add(found.shut, found.down), found.shut, found.down], 1)
    said = chances.argmax(1)
    near = borderline(eyes["openness"], eyes["closed"], eyes["share"], eyes["eyes"][:, 0])
    gaze = np.array(found.gaze) + bench.model.card.ahead_share * batch["ahead"]
    look = seen & (kind != 1) & (batch["share"] > 0.03)
    errors = np.linalg.norm(gaze - batch["gaze"], axis=1)

    def recalls(use: np.ndarray) -> str:
        found = [float((said[use & (kind == k)] == k).mean()) for k in range(3)]
        each = ", ".join(f"{100 * recall:.0f}" for recall in found)
        return f"{100 * np.mean(found):.1f} % ({each}), n {int(use.sum())}"

    def ratio(error: np.ndarray, sigma: list[float], use: np.ndarray) -> float:
        return float(np.sqrt((error[use] ** 2).mean() / (np.array(sigma)[use] ** 2).mean()))

    lids = np.sqrt((off[:, :16] ** 2).mean(1))
    irises = np.sqrt((off[:, 16:] ** 2).mean(1))
    gaps = np.abs(gap(found.points) - gap(wanted))
    bins = np.digitize(chances[seen].max(1), [0.5, 0.6, 0.7, 0.8, 0.9])
    right = said[seen] == kind[seen]
    sure = chances[seen].max(1)
    calibration = sum(
        abs(right[bins == b].mean() - sure[bins == b].mean()) * (bins == b).mean()
        for b in set(bins)
    )
    if bench.out is not None:
        order = np.argsort(-np.where(seen, lids, 0))[:50]
        sheet(batch["patch"][order], found.points[order], bench.out / "worst-rendered.png")
        wrong = np.flatnonzero(seen & (said != kind))
        wrong = wrong[np.argsort(-chances.max(1)[wrong])][:50]
        sheet(batch["patch"][wrong], found.points[wrong], bench.out / "wrong-rendered.png")
    infrared, glasses = ((batch["tags"] & bit) > 0 for bit in (INFRARED, GLASSES))
    return [
        (
            "balanced accuracy: open, shut, down; without borderline eyes; those alone",
            "; ".join(recalls(use) for use in (seen, seen & ~near, seen & near)),
        ),
        ("calibration error of the three chances", f"{calibration:.3f}"),
        (
            "lids, iris, gap: patch pixels",
            (f"{off[seen, :16].mean():.2f}, {off[iris, 16:].mean():.2f}, {gaps[seen].mean():.2f}; "
            f"infrared gap {gaps[seen & infrared].mean():.2f}, "
            f"glasses {gaps[seen & glasses].mean():.2f}"),
        ),
        (
            "gaze of one eye, mean",
            (f"{np.degrees(errors[look].mean()):.1f}°, iris seen "
            f"{np.degrees(errors[look & iris].mean()):.1f}°, looking down "
            f"{np.degrees(errors[look & (kind == 2)].mean()):.1f}°"),
        ),
        (
            "rms error over sigma: lids, iris, gaze",
            (f"{ratio(lids, found.sigma_lids, seen):.2f}, "
            f"{ratio(irises, found.sigma_iris, iris):.2f}, "
            f"{ratio(errors, found.sigma_gaze, look):.2f}"),
        ),
        (
            "seen or not",
            (f"AUC {auc(np.array(found.seen), seen):.3f}; "
            f"covered ones called seen {(np.array(found.seen)[~seen] > 0.5).mean():.0%}, "
            f"seen ones called covered {(np.array(found.seen)[seen] < 0.5).mean():.1%}"),
        ),
        (
            "share of the iris, mean error",
            f"{np.abs(found.share - batch['share'])[seen].mean():.3f}",
        ),
    ]  # fmt: skip


def near_infrared(bench: Bench) -> Rows:
    """Crops of `eyes_nir`: open or shut by the gap of the lids, and by the chance of shut lids."""
    labels = json.loads((bench.real / "eyes_nir" / "labels.json").read_bytes())
    patches = np.stack([_nir_patch(bench.real / "eyes_nir" / label["image"]) for label in labels])
    found = read_patches(bench.model, patches)
    is_open = np.array([label["open"] for label in labels])
    glasses = np.array([label["glasses"] for label in labels])
    glare = np.array([label["reflections"] not in ("none", None) for label in labels])
    aperture = gap(found.points) / EYE_WIDTH
    shut = np.add(found.shut, found.down)
    rows = []
    for name, score in (("gap", aperture), ("chance of open", 1 - shut)):
        cut = np.quantile(score[is_open], 0.02)
        values = [auc(score[use], is_open[use]) for use in (score < 9, ~glasses, glasses, glare)]
        rows.append(
            (
                (
                    f"near infrared by {name}: AUC all; without glasses; with; reflections; "
                    "closed found at 2 %"
                ),
                "; ".join(f"{value:.3f}" for value in values)
                + f"; {(score[~is_open] < cut).mean():.0%} (cut {cut:.3f}), n {len(score)}",
            )
        )
    if bench.out is not None:
        wrong = np.where(is_open, shut, 1 - shut)
        order = np.argsort(-wrong)[:50]
        sheet(patches[order], found.points[order], bench.out / "wrong-infrared.png")
    return rows


def _nir_patch(path: Path) -> np.ndarray:
    crop = cv2.imread(str(path), cv2.IMREAD_GRAYSCALE)
    height, width = crop.shape
    step = NIR_WIDTH * width / WIDTH
    factor = max(1, round(step))
    if factor > 1:
        crop = cv2.resize(crop, (width // factor, height // factor), interpolation=cv2.INTER_AREA)
        step, (height, width) = step / factor, crop.shape
    x, y = (width - 1) / 2 - step * (WIDTH - 1) / 2, (height - 1) / 2 - step * (HEIGHT - 1) / 2
    return cv2.warpAffine(
        crop, np.array([[step, 0, x], [0, step, y]]), (WIDTH, HEIGHT),
        flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP, borderMode=cv2.BORDER_REPLICATE,
    )  # fmt: skip
