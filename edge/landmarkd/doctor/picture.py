"""A check of the pictures: whether the camera delivers them, and whether faces are upright."""

import time
from collections.abc import Callable, Iterator
from functools import partial
from statistics import mode
from typing import Any

from landmarkd.camera import rotation_of, written_out
from landmarkd.doctor.finding import Check, Finding, note, ok, warning
from landmarkd.machine import Machine, trial
from landmarkd.settings.config import Configuration

LOOK_S = 5.0
"""How long the check waits for a face; exposure settles in the first second."""
MOST_FRAMES = 60
ENOUGH = 5
"""Number of frames with a face for the decision."""
# In another process, because OpenCV or a driver may crash.
_TRIAL = """
import json, sys
from landmarkd.doctor.picture import look
print("\\n" + json.dumps(look(sys.argv[1])))
"""


def picture(
    _: Machine, configuration: Configuration, attempt: Callable[..., tuple[Any, str]] | None = None
) -> Iterator[Finding]:
    """The configured camera delivers pictures, and a face in them is upright."""
    uri = configuration.source.uri
    if "source" not in configuration.model_fields_set:
        return
    if written_out(uri).startswith(("demo:", "scripted:")):
        return
    answer, problem = (attempt or partial(trial, _TRIAL, timeout_s=60.0))(uri)
    if not isinstance(answer, dict):
        answer = {"problem": problem}
    if "absent" in answer:
        return  # Reported by `video` and `camera_port`.
    if "busy" in answer:
        text = "The camera is in use, perhaps by the daemon; stop it to check the picture."
        yield note("picture", text)
        return
    if "problem" in answer:
        why, _, remedy = answer["problem"].partition("; ")
        remedy = remedy or "Correct the source, or plug the camera in."
        yield warning("picture", f"The camera delivers no picture: {why}", remedy)
        return
    size, turn = answer["size"], answer["rotation"]
    if turn is None:
        text = f"The camera delivers pictures of {size} without a face: sit in front of it."
        yield note("picture", text)
    elif turn == 0:
        yield ok("picture", f"The camera delivers pictures of {size} with an upright face.")
    else:
        how = "upside down" if turn == 180 else "on its side"
        needed = (rotation_of(uri) + turn) % 360
        yield warning(
            "picture",
            f"The face is {how} in the picture, so the camera seems to be mounted that way.",
            f"Turn the camera, or write rotation={needed} into the source.",
        )


def look(uri: str) -> dict[str, Any]:
    """Return the size of the pictures and their needed rotation (degrees clockwise).

    The rotation is None without a face. "absent" means that there is no camera, "busy" that another
    program uses it; "problem" says why there is no picture.
    """
    from landmarkd.camera import make_source
    from landmarkd.errors import (
        EndOfStreamError,
        LandmarkdError,
        SourceAbsentError,
        SourceBusyError,
    )
    from landmarkd.pipeline import Pipeline
    from landmarkd.vision.geometry import rotation_needed

    rolls: list[float] = []
    frame = None
    with Pipeline() as pipeline:
        try:
            with make_source(uri, fast=True) as source:
                deadline = time.monotonic() + LOOK_S
                for _ in range(MOST_FRAMES):
                    frame = source.read(LOOK_S)
                    face = pipeline.process(frame).face
                    rolls += [face.pose.roll] if face is not None else []
                    if len(rolls) >= ENOUGH or time.monotonic() > deadline:
                        break
        except EndOfStreamError:
            pass
        except SourceAbsentError:
            return {"absent": True}
        except SourceBusyError:
            return {"busy": True}
        except LandmarkdError as error:
            return {"problem": str(error)}
        if frame is None:
            return {"problem": f"{uri} is empty"}
        height, width = frame.image.shape[:2]
        # Not of the median roll: between 179 and -179 degrees lies 0.
        turn = mode(map(rotation_needed, rolls)) if rolls else _turned(pipeline, frame)
    return {"size": f"{width} x {height}", "rotation": turn}


def _turned(pipeline: Any, frame: Any) -> int | None:
    """Return the rotation with which a face is found in a frame without a detected face."""
    from dataclasses import replace

    from landmarkd.camera.pixels import turned
    from landmarkd.vision.geometry import rotation_needed

    for turn in (180, 90, 270):
        pipeline.reset()
        face = pipeline.process(replace(frame, image=turned(frame.image, turn))).face
        if face is not None and rotation_needed(face.pose.roll) == 0:
            return turn
    return None


CHECKS: tuple[Check, ...] = (picture,)
