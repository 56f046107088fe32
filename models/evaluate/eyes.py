"""What the eye model reaches: one table over rendered eyes, near-infrared crops and clips.

python -m models.evaluate eyes [--only NAME…] [--out FOLDER]

Real eyes are looked at and never learnt from.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from landmarkd.camera.demo import CLIP
from landmarkd.pipeline import Pipeline
from landmarkd.rotation import direction_from_angles
from landmarkd.settings.config import Configuration
from landmarkd.types import Frame, Report
from landmarkd.vision.eye_patch import HEIGHT, WIDTH
from landmarkd.vision.eye_reading import PatchReadings, read
from landmarkd.vision.eyes import EyeModel
from landmarkd.vision.zoo import open_zoo

from models.benchmark import rotation_from_pose
from models.evaluate.clips import frames_of
from models.synth.eye_file import GLASSES, INFRARED

CLOSED_SHARE = 0.5
"""Openness below which an eye counts as more than half closed."""
NIR_WIDTH = 1.1
"""Width of a patch over that of a crop of `eyes_nir`."""
EYE_WIDTH = 24.0
"""Width of an eye in a patch, pixels, about: what a gap is divided by where no head is known."""
Rows = list[tuple[str, str]]


@dataclass(frozen=True)
class Bench:
    """What the measurements need.

    Attributes:
        model: the eye model.
        zoo: folder of all models, or None for the one that comes with the package.
        real: folder of real faces.
        rendered: folders of drawn eyes, whose first two files each were not trained on.
        out: folder for sheets of the worst eyes, or None.
    """

    model: EyeModel
    zoo: Path | None
    real: Path
    rendered: list[Path]
    out: Path | None

    def pipeline(self, camera: str = "guess:60deg") -> Pipeline:
        """Return a pipeline as the daemon builds it."""
        settings = {"model": {"folder": self.zoo}, "source": {"camera": camera}}
        return Pipeline(Configuration.model_validate(settings))

    def play(self, path: Path, step: int = 1) -> list[Report]:
        """Return the reports of every `step`-th frame of a clip."""
        with self.pipeline() as pipeline:
            return [pipeline.process(frame) for frame in frames_of(path, step=step)]


def read_patches(model: EyeModel, patches: np.ndarray) -> PatchReadings:
    """Return the readings of patches uint8 (n, HEIGHT, WIDTH) by the file that the device runs."""
    pairs = [[k, min(k + 1, len(patches) - 1)] for k in range(0, len(patches), 2)]
    outs = [model.read_patches(patches[pair]).copy() for pair in pairs]
    return read(np.concatenate(outs)[: len(patches)])


def auc(score: np.ndarray, positive: np.ndarray) -> float:
    """Return the area under the ROC curve: how often a positive scores above a negative."""
    order = np.argsort(np.argsort(score, kind="stable")) + 1.0
    hits = int(positive.sum())
    return float((order[positive].sum() - hits * (hits + 1) / 2) / (hits * (len(score) - hits)))


def gap(points: np.ndarray) -> np.ndarray:
    """Return the mean gap of the lids (n,) of points (n, 21, 2), patch pixels."""
    return (points[:, 9:16][:, ::-1] - points[:, 1:8])[..., 1].mean(1)


def rendered(bench: Bench) -> Rows:
    """Eyes that were drawn and never trained on, as a camera would take them."""
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
    recalls = [float((said[seen & (kind == k)] == k).mean()) for k in range(3)]
    gaze = np.array(found.gaze)
    look = seen & (kind != 1) & (batch["share"] > 0.03)
    errors = np.linalg.norm(gaze - batch["gaze"], axis=1)

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
            "balanced accuracy: open, shut, down",
            (f"{100 * np.mean(recalls):.1f} % ({', '.join(f'{100 * r:.0f}' for r in recalls)}), "
            f"n {int(seen.sum())}"),
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


def lens(bench: Bench) -> Rows:
    """A man whose eyes stay on the lens while his head turns and nods."""
    spans = _labels(bench)["lens_fixation.mp4"]["eyes_on_lens"]
    reports = bench.play(bench.real / "videos" / "lens_fixation.mp4")
    errors, heads = [], []
    chosen = [r for r in reports if any(a <= r.sequence <= b for a, b in spans)]
    for report in chosen:
        if report.face is None or report.face.gaze is None:
            continue
        gaze, pose = report.face.gaze, report.face.pose
        errors.append([_apart(gaze, -pose.translation_mm), gaze.yaw, gaze.pitch])
        heads.append([pose.yaw, pose.pitch])
    if len(errors) < 3:
        return [("lens_fixation", f"a gaze in {len(errors)} of {len(chosen)} frames")]
    table, pose = np.array(errors), np.array(heads)
    leak = [
        np.linalg.lstsq(np.c_[pose, np.ones(len(pose))], table[:, k], rcond=None)[0][k - 1]
        for k in (1, 2)
    ]
    free = table[:, 1:] - table[:, 1:].mean(0)
    return [
        (
            "lens_fixation: mean error; after one offset; of the frames with a gaze",
            (
                f"{table[:, 0].mean():.1f}°; {np.hypot(*free.T).mean():.1f}°; "
                f"{len(table)} of {len(chosen)}"
            ),
        ),
        (
            "  leak of the head's yaw and pitch; mean yaw and pitch",
            f"{leak[0]:.0%}, {leak[1]:.0%}; {table[:, 1].mean():+.1f}°, {table[:, 2].mean():+.1f}°",
        ),
    ]


def screen(bench: Bench) -> Rows:
    """A man who looks at known points of a tablet."""
    labels = json.loads((bench.real / "gaze_screen" / "labels.json").read_bytes())
    camera = labels["intrinsics"]
    degrees = 2 * np.degrees(np.arctan(camera["width"] / 2 / camera["fx"]))
    errors, pairs = [], []
    with bench.pipeline(f"guess:{degrees:.2f}deg") as pipeline:
        for number, frame in enumerate(labels["frames"]):
            image = cv2.imread(str(bench.real / "gaze_screen" / frame["image"]))
            report = pipeline.process(Frame("screen", number, round(number * 1e9 / 30), image))
            if report.face is None or report.face.gaze is None:
                continue
            true = frame["gaze_deg"]
            gaze = report.face.gaze
            errors.append(_apart(gaze, direction_from_angles(true["yaw"], true["pitch"])))
            pairs.append([gaze.yaw, gaze.pitch, true["yaw"], true["pitch"]])
    if len(errors) < 3:
        return [("gaze_screen", f"a gaze in {len(errors)} of {len(labels['frames'])} frames")]
    table = np.array(pairs)
    free = table[:, :2] - table[:, 2:]
    mean = free.mean(0)
    free -= mean
    slopes = [np.polyfit(table[:, k + 2], table[:, k], 1)[0] for k in (0, 1)]
    return [
        (
            "gaze_screen: mean error; after one offset; frames with a gaze",
            (
                f"{np.mean(errors):.1f}°; {np.hypot(*free.T).mean():.1f}°; "
                f"{len(errors)} of {len(labels['frames'])}"
            ),
        ),
        (
            "  slopes of yaw and pitch; mean errors",
            f"{slopes[0]:.2f}, {slopes[1]:.2f}; {mean[0]:+.1f}°, {mean[1]:+.1f}°",
        ),
    ]


def clip(bench: Bench) -> Rows:
    """The bundled clip against its truth."""
    truth = np.load(CLIP.with_suffix(".npz"))
    reports = bench.play(CLIP)
    gaps = truth["openness"]
    low, high = gaps.min(0), np.quantile(gaps, 0.8, axis=0)
    wanted = np.clip((gaps - low) / (high - low), 0, 1.2)
    openness, gaze, sigmas = [], [], []
    for index, report in enumerate(reports[: len(gaps)]):
        if report.face is None or not truth["face"][index]:
            continue
        for side, value in zip(("right", "left"), wanted[index], strict=True):
            eye = getattr(report.face, side)
            if eye.openness is not None and index > 30:
                openness.append(abs(min(eye.openness, 1.2) - value))
        if report.face.gaze is not None and wanted[index].min() > 0.6:
            head = rotation_from_pose(*(float(v) for v in truth["pose_deg"][index]))
            eye_pitch, eye_yaw = (float(v) for v in truth["gaze_deg"][index])
            looked = head @ rotation_from_pose(eye_pitch, eye_yaw, 0.0) @ (0.0, 0.0, -1.0)
            gaze.append(_apart(report.face.gaze, looked))
            sigmas.append(report.face.gaze.sigma_yaw or np.nan)
    return [
        (
            "bundled clip: gaze; openness",
            (
                f"{np.mean(gaze):.1f}° of {len(gaze)} (sigma says {np.nanmean(sigmas):.1f}°); "
                f"{np.mean(openness):.3f}"
            ),
        )
    ]


def selfie(bench: Bench) -> Rows:
    """Shut eyes and winks behind glasses, by half-closed eyes."""
    label = _labels(bench)["selfie_glasses_sbr.mp4"]
    reports = bench.play(bench.real / "videos" / "selfie_glasses_sbr.mp4")

    def closed(side: str, report: Report) -> bool:
        value = None if report.face is None else getattr(report.face, side).openness
        return value is not None and value < CLOSED_SHARE

    left, right = (np.array([closed(side, r) for r in reports]) for side in ("left", "right"))
    signs = (
        (label["both_closed"], left & right),
        (label["image_left_closed_only"], right & ~left),
        (label["image_right_closed_only"], left & ~right),
    )
    shares = [np.mean([flags[a : b + 1].mean() for a, b in spans]) for spans, flags in signs]
    false = sum(int((left | right)[a : b + 1].sum()) for a, b in label["clearly_open"])
    return [
        (
            "selfie_glasses_sbr by half-closed eyes: shut; winks at image left and right",
            "; ".join(f"{share:.0%}" for share in shares) + f"; {false} false while open",
        )
    ]


def soniya(bench: Bench) -> Rows:
    """Blinks from openness alone, with the one threshold that is best on this clip."""
    label = _labels(bench)["blink_soniya_5.avi"]
    reports = bench.play(bench.real / "videos" / "blink_soniya_5.avi")
    values = np.array([_openness(report) for report in reports])
    scores = {
        round(float(cut), 2): _blink_f1(values < cut, label) for cut in np.arange(0.1, 0.9, 0.05)
    }
    best = max(scores, key=lambda cut: scores[cut])
    usual = _blink_f1(values < CLOSED_SHARE, label)
    return [
        (
            "soniya_5: blinks by the best threshold on openness",
            (
                f"F1 {scores[best]:.2f} at {best}, {usual:.2f} at {CLOSED_SHARE}; "
                f"openness known in {np.isfinite(values).mean():.0%}"
            ),
        )
    ]


def mahie(bench: Bench) -> Rows:
    """Blink events at four rates."""
    labels = _labels(bench)
    said = []
    for step in (1, 2, 3, 5):
        total = np.zeros(3, int)
        for number in (1, 2, 3):
            name = f"blink_mahie_{number}.avi"
            reports = bench.play(bench.real / "videos" / name, step)
            total += _matched(
                _blinks(reports), labels[name]["blink_events"],
                labels[name]["tolerance_frames"] * step,
            )  # fmt: skip
        said.append(f"{2 * total[0] / max(1, 2 * total[0] + total[1] + total[2]):.2f}")
    return [("mahie_1 to 3: F1 of blink events at 30, 15, 10, 6 a second", ", ".join(said))]


def talking(bench: Bench) -> Rows:
    """A man who talks for 200 s: frames called shut outside of blinks and of the lowered lids."""
    label = _labels(bench)["talking_face_franck.mp4"]
    reports = bench.play(bench.real / "videos" / "talking_face_franck.mp4")
    spans = [*label["blinks"], *label["lids_down_long"]]
    shut = np.array(
        [
            r.face is not None and bool(r.face.left.closed) and bool(r.face.right.closed)
            for r in reports
        ]
    )
    numbers = np.arange(len(shut))
    allowed = np.zeros(len(shut), bool)
    for first, last in spans:
        allowed |= (numbers >= first - 2) & (numbers <= last + 2)
    # Beyond the labelled range blinks are not labelled: closures of up to 0.5 s are taken for some.
    last_labelled = label["labelled_range"][1]
    runs = np.split(numbers, np.flatnonzero(np.diff(shut)) + 1)
    long = [run for run in runs if shut[run[0]] and len(run) > 12 and run[0] > last_labelled]
    inside = numbers <= last_labelled
    return [
        (
            "talking_face: frames called shut outside blinks and 219 to 269",
            (
                f"{int((shut & ~allowed & inside).sum())} of {int(inside.sum())} labelled; beyond "
                f"{int((shut & ~inside).sum())} of {int((~inside).sum())} "
                f"({shut[~inside].mean():.1%}), {sum(map(len, long))} in closures over 0.5 s"
            ),
        )
    ]


def _labels(bench: Bench) -> dict:
    return json.loads((bench.real / "videos" / "eye_labels.json").read_bytes())


def _apart(gaze: object, direction: np.ndarray) -> float:
    found = direction_from_angles(gaze.yaw, gaze.pitch)
    wanted = np.asarray(direction, float) / np.linalg.norm(direction)
    return float(np.degrees(np.arccos(np.clip(found @ wanted, -1, 1))))


def _openness(report: Report) -> float:
    if report.face is None:
        return float("nan")
    known = [e.openness for e in (report.face.left, report.face.right) if e.openness is not None]
    return sum(known) / len(known) if known else float("nan")


def _blink_f1(shut: np.ndarray, label: dict) -> float:
    numbers = np.arange(len(shut))
    runs = np.split(numbers, np.flatnonzero(np.diff(shut)) + 1)
    found = [(int(run[0]), int(run[-1])) for run in runs if shut[run[0]]]
    hits, false, missed = _matched(found, label["blink_events"], label["tolerance_frames"])
    return float(2 * hits / max(1, 2 * hits + false + missed))


def _blinks(reports: list[Report]) -> list[tuple[float, float]]:
    times = np.array([report.captured_ns for report in reports])
    numbers = np.array([report.sequence for report in reports])
    return [
        tuple(
            np.interp(
                [event.began_ns, event.began_ns + event.evidence["duration_s"] * 1e9],
                times,
                numbers,
            )
        )
        for report in reports
        for event in report.driver.events
        if event.kind == "blink" and event.phase == "end"
    ]


def _matched(found: list, wanted: list, tolerance: float) -> tuple[int, int, int]:
    left, hits = list(wanted), 0
    for begin, end in found:
        near = [w for w in left if begin <= w[1] + tolerance and end >= w[0] - tolerance]
        if near:
            left.remove(near[0])
            hits += 1
    return hits, len(found) - hits, len(left)


def sheet(patches: np.ndarray, points: np.ndarray, path: Path) -> None:
    """Write a picture of patches, each beside itself with its points."""
    cells = []
    for patch, dots in zip(patches, points, strict=True):
        cell = cv2.cvtColor(cv2.resize(patch, None, fx=2, fy=2), cv2.COLOR_GRAY2BGR)
        drawn = cell.copy()
        for k, (x, y) in enumerate(dots):
            at = (round(float(2 * x + 0.5) * 8), round(float(2 * y + 0.5) * 8))
            colour = (0, 255, 255) if k < 16 else (0, 0, 255)
            cv2.circle(drawn, at, 12, colour, -1, cv2.LINE_AA, 3)
        cells.append(np.hstack([cell, drawn]))
    cells += [np.zeros_like(cells[0])] * (-len(cells) % 5)
    path.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(
        str(path), np.vstack([np.hstack(cells[k : k + 5]) for k in range(0, len(cells), 5)])
    )


MEASURES: dict[str, Callable[[Bench], Rows]] = {
    "rendered": rendered,
    "infrared": near_infrared,
    "lens": lens,
    "screen": screen,
    "clip": clip,
    "selfie": selfie,
    "soniya": soniya,
    "mahie": mahie,
    "talking": talking,
}


def evaluate(
    zoo: Path | None, real: Path, drawn: list[Path], out: Path | None, only: list[str]
) -> Rows:
    """Return the rows of the measures asked for; where pictures are absent, a word instead."""
    bench = Bench(EyeModel(open_zoo(zoo)), zoo, real, drawn, out)
    rows: Rows = []
    for name in only or MEASURES:
        try:
            rows += MEASURES[name](bench)
        except FileNotFoundError as error:
            rows.append((name, f"left out: {error}"))
    return rows
