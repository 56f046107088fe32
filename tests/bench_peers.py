"""CPU time of a frame in landmarkd and in MediaPipe Face Mesh, in turns on the same frames.

    python3 -m venv /tmp/peer && /tmp/peer/bin/pip install mediapipe==0.10.14
    .venv/bin/python -m tests.bench_peers --mediapipe /tmp/peer/bin/python [VIDEO…]

Each program runs in a process of its own, on one face, with its usual settings: landmarkd with its
default model and the driver monitor, MediaPipe with its tracker, without and with refined eyes. The
CPU time of all threads counts, without decoding. The median of the rounds is compared, because the
load of the machine changes. With `--before FOLDER` another source tree of landmarkd is measured
too. The decoder of the videos has one thread: by default it has several, which decode while a frame
is processed and would be counted.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
from pathlib import Path

from landmarkd.camera.demo import CLIP

OURS = """
import json, resource, sys, time
from landmarkd.camera import make_source
from landmarkd.settings.config import Configuration
from landmarkd.pipeline import Pipeline
from landmarkd.errors import EndOfStreamError
processor = Pipeline(Configuration())
source = make_source("file:" + sys.argv[1], fast=True)
source.open()
frames = faces = 0
spent = 0.0
while frames < int(sys.argv[2]):
    try:
        frame = source.read(1)
    except EndOfStreamError:
        break
    began = time.process_time()
    report = processor.process(frame)
    spent += time.process_time() - began
    frames += 1
    faces += report.face is not None
memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
print(json.dumps(
    {"cpu_ms": spent / frames * 1e3, "frames": frames, "faces": faces, "memory_mb": memory}
))
"""

MEDIAPIPE = """
import json, resource, sys, time
import cv2
import mediapipe
mesh = mediapipe.solutions.face_mesh.FaceMesh(
    max_num_faces=1, refine_landmarks=sys.argv[3] == "refined"
)
capture = cv2.VideoCapture(sys.argv[1])
frames = faces = 0
spent = 0.0
while frames < int(sys.argv[2]):
    good, image = capture.read()
    if not good:
        break
    began = time.process_time()
    result = mesh.process(cv2.cvtColor(image, cv2.COLOR_BGR2RGB))
    spent += time.process_time() - began
    frames += 1
    faces += result.multi_face_landmarks is not None
memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
print(json.dumps(
    {"cpu_ms": spent / frames * 1e3, "frames": frames, "faces": faces, "memory_mb": memory}
))
"""


def measure(
    python: str, program: str, *arguments: str, tree: Path | None = None
) -> dict[str, float]:
    """Run a program with the package of a source tree, and return its result."""
    environment = {**os.environ, "OPENCV_FFMPEG_THREADS": "1"}
    if tree is not None:
        environment["PYTHONPATH"] = str(tree / "edge")
    done = subprocess.run(
        [python, "-c", program, *arguments],
        capture_output=True,
        text=True,
        check=True,
        env=environment,
    )
    result: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return result


def main() -> None:
    """Measure in turns and print a table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("videos", nargs="*", type=Path, default=[CLIP])
    parser.add_argument(
        "--mediapipe", required=True, help="Python of an environment that has mediapipe"
    )
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--frames", type=int, default=sys.maxsize, help="Most frames of a clip.")
    parser.add_argument("--before", type=Path, help="Another source tree of landmarkd.")
    options = parser.parse_args()
    print(
        "| clip | program | CPU ms a frame | ratio to landmarkd | faces | peak MB |\n"
        "|---|---|---|---|---|---|"
    )
    for video in options.videos:
        runs: dict[str, list[dict[str, float]]] = {}
        for _ in range(options.rounds):
            clip = str(video), str(options.frames)
            runs.setdefault("landmarkd", []).append(measure(sys.executable, OURS, *clip))
            if options.before is not None:
                runs.setdefault("landmarkd before", []).append(
                    measure(sys.executable, OURS, *clip, tree=options.before.resolve())
                )
            for mode in ("plain", "refined"):
                name = f"MediaPipe Face Mesh, {mode}"
                runs.setdefault(name, []).append(measure(options.mediapipe, MEDIAPIPE, *clip, mode))
        base = statistics.median(run["cpu_ms"] for run in runs["landmarkd"])
        for name, results in runs.items():
            spent = statistics.median(run["cpu_ms"] for run in results)
            last = results[-1]
            print(
                f"| {video.name} | {name} | {spent:.2f} | {spent / base:.2f} | "
                f"{last['faces']} of {last['frames']} "
                f"| {last['memory_mb']:.0f} |"
            )


if __name__ == "__main__":
    main()
