"""All measurements of a landmark model, in the order of the report."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from landmarkd.vision.detector import make_detector
from landmarkd.vision.landmarks import LandmarkModel

from models.evaluate import clips
from models.evaluate import tables as make
from models.evaluate.faces import Result, evaluate_faces
from models.evaluate.measure import by_yaw
from models.evaluate.presence import measure_presence
from models.evaluate.readers import PEOPLE_SETS, read_labels, read_shards
from models.evaluate.records import LabelledFace
from models.evaluate.ruler import (
    pooled_uncertainty,
    ruler_row,
    shape_table,
    uncertainty_table,
)
from models.evaluate.stillness import error_row, still_row
from models.evaluate.subjects import without_parts
from models.evaluate.targets import BEARDED, UNCERTAINTY


@dataclass(slots=True)
class Evaluation:
    """What was measured.

    Attributes:
        model: its name.
        tables: by title.
        results: faces read from their labelled box, by set.
        small: whether the model is of the small size, which has targets of its own.
    """

    model: str
    tables: dict[str, make.Table] = field(default_factory=dict)
    results: dict[str, list[Result]] = field(default_factory=dict)
    small: bool = False


def evaluate(
    model: LandmarkModel,
    *,
    real: Path | None,
    synthetic: Path | None,
    bearded: Path | None = None,
    detector: str = "network",
    quick: bool = False,
    say: Callable[[str], None] = print,
) -> Evaluation:
    """Measure a model on the available data.

    Args:
        model: under test.
        real: folder with `images`, `videos` and `nonface`; None leaves them out.
        synthetic: folder of shards; None leaves it out.
        bearded: folder of shards of faces with beards across the lips; None leaves it out.
        detector: our own, for the tables that do not start from labelled boxes.
        quick: leave out clips, presence and our own detector.
        say: called with the name of each measurement before it starts.
    """
    done = Evaluation(model.name, small="-small" in model.name)
    if real is not None:
        say("labelled pictures")
        _pictures(done, model, real, None if quick else detector)
        if not quick:
            say("clips")
            _clips(done, model, real / "videos", detector)
        if model.has_presence and not quick:
            say("presence")
            scores = np.array(
                [result.score for results in done.results.values() for result in results]
            )
            folders = [real / "nonface" / "clean", real / "nonface" / "hard"]
            done.tables["Presence"] = {"all crops": measure_presence(model, scores, folders)}
    if synthetic is not None:
        say("synthetic faces")
        _synthetic(done, model, synthetic, 1000 if quick else None)
    if bearded is not None:
        say("faces with beards")
        done.tables[BEARDED] = _bearded(model, bearded, 300 if quick else None)
    done.tables = {title: table for title, table in done.tables.items() if any(table.values())}
    return done


def real_sets(real: Path) -> dict[str, list[LabelledFace]]:
    """Return the labelled faces by the sets of the report."""
    images = real / "images"
    people = [
        face
        for name in PEOPLE_SETS
        if (images / name).is_dir()
        for face in read_labels(images / name)
    ]
    sets = {
        "AFLW2000-3D": read_labels(images / "aflw2000_deca9"),
        "FG-NET": read_labels(images / "fgnet"),
        "people-labelled 2D": people,
    }
    return {name: faces for name, faces in sets.items() if faces}


def _pictures(done: Evaluation, model: LandmarkModel, real: Path, detector: str | None) -> None:
    sets = real_sets(real)
    ibug = model.layout.ibug68
    for name, faces in sets.items():
        done.results[name] = evaluate_faces(model, faces)
    again = evaluate_faces(
        model, read_labels(real / "images" / "aflw2000_deca9", "points68_reannotated")
    )
    yaw = {
        "labelled box": make.yaw_row(done.results["AFLW2000-3D"]),
        "reannotated": make.yaw_row(again),
    }
    rows = {
        f"{name}, labelled box": make.set_row(results) for name, results in done.results.items()
    }
    if detector is not None:
        finder = make_detector(detector)
        for name, faces in sets.items():
            results = evaluate_faces(model, faces, finder)
            rows[f"{name}, {detector}"] = make.set_row(results)
            if name == "AFLW2000-3D":
                yaw[detector] = make.yaw_row(results)
    done.tables["AFLW2000-3D by yaw, 68 points, NME %"] = yaw
    done.tables["Sets, NME %"] = rows
    done.tables["Pose error, degrees"] = {"AFLW2000-3D": make.pose_row(done.results["AFLW2000-3D"])}
    done.tables["Lid openness"] = {"FG-NET": make.openness_row(done.results["FG-NET"])}
    done.tables["Uncertainty"] = {
        name: make.calibration_row(results, ibug) for name, results in done.results.items()
    }
    done.tables["Ruler, NME %"] = {
        name: ruler_row(results, ibug) for name, results in done.results.items()
    }
    for name, results in done.results.items():
        done.tables[f"Local shape, {name}"] = shape_table(results, ibug)
        done.tables[f"Uncertainty after the ruler, {name}"] = uncertainty_table(results, ibug)
        done.tables[f"Systematic residuals, {name}"] = make.residual_table(results, ibug)
    done.tables[UNCERTAINTY] = pooled_uncertainty(list(done.results.values()), ibug)


def _clips(done: Evaluation, model: LandmarkModel, videos: Path, detector: str) -> None:
    finder = make_detector(detector)
    talking = clips.follow(model, finder, videos / clips.JITTER_CLIP)
    done.tables["Jitter"] = {clips.JITTER_CLIP: clips.measure_jitter(talking)}
    done.tables["Jitter of the error"] = {
        "rendered clip": error_row(model, make_detector(detector)),
        "stillest tenth": still_row(talking, videos / clips.JITTER_CLIP),
    }
    tracks = {name: clips.follow(model, finder, videos / name) for name in clips.BLINK_CLIPS}
    blinks = clips.measure_blinks(tracks, videos / "eye_labels.json")
    done.tables["Blinks by threshold"] = blinks
    done.tables["Clips held"] = {
        name: {"face held, %": 100 * track.held} for name, track in tracks.items()
    }


def _synthetic(done: Evaluation, model: LandmarkModel, folder: Path, limit: int | None) -> None:
    results = evaluate_faces(model, read_shards(folder, limit))
    if not results:
        return
    done.results["synthetic"] = results
    done.tables["Synthetic by yaw, NME %"] = {
        "68 points": make.yaw_row(results),
        "51 points": make.yaw_row(results, "nme51"),
    }
    done.tables["Local shape, synthetic"] = shape_table(results, model.layout.ibug68)
    done.tables["Synthetic, all, NME %"] = {"synthetic": make.set_row(results)}
    done.tables["Synthetic pose error, degrees"] = {"synthetic": make.pose_row(results)}
    done.tables["Synthetic uncertainty by region"] = uncertainty_table(
        results, model.layout.ibug68, ruler=False
    )
    done.tables["Synthetic lid openness"] = {"synthetic": make.openness_row(results)}
    done.tables["Synthetic uncertainty"] = {
        "synthetic": make.calibration_row(results, model.layout.ibug68)
    }
    tags = sorted({tag for result in results for tag in result.face.tags})
    values, yaw = make.column(results, "nme"), [result.face.pose_deg[1] for result in results]
    rows = {}
    for tag in tags:
        chosen = np.array([tag in result.face.tags for result in results])
        rows[tag] = {**by_yaw(values[chosen], np.array(yaw)[chosen]), "faces": int(chosen.sum())}
    done.tables["Synthetic by attribute, 68 points, NME %"] = rows


def _bearded(model: LandmarkModel, folder: Path, limit: int | None) -> make.Table:
    """Compare the mouth with and without its own model where hair hides some of the lips."""
    faces = [face for face in read_shards(folder, limit) if "mask" not in face.tags]
    results, plain = evaluate_faces(model, faces), evaluate_faces(without_parts(model), faces)
    before, after = make.column(plain, "nme_mouth"), make.column(results, "nme_mouth")
    rows = {"mouth": np.ones(len(results), bool)}
    turned = np.array([abs(result.face.pose_deg[1]) for result in results if result.face.pose_deg])
    rows |= {"mouth, yaw 0-30": turned <= 30, "mouth, yaw over 30": turned > 30}
    return {
        name: {
            "without its model": float(before[chosen].mean()),
            "with": float(after[chosen].mean()),
            "± with": float(after[chosen].std(ddof=1) / np.sqrt(chosen.sum())),
            "ratio": float(after[chosen].mean() / before[chosen].mean()),
            "faces": int(chosen.sum()),
        }
        for name, chosen in rows.items()
        if chosen.sum() > 1
    }
