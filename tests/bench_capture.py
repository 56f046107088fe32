"""The cost of a frame of a USB camera by its size: decoded at full, half and quarter size.

    python -m tests.bench_capture [FRAMES]

MJPEG from the simulated camera of tests/camera/uvc under OpenCV's own V4L2 code, 240 frames a
second. Prints; asserts nothing. Processor time of the reading thread, the median of all frames of
interleaved rounds.
"""

import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from landmarkd.camera import make_source

from tests.camera.uvc.fake import SIZES, Camera, build

ROUNDS = 5
FPS = 240
FRAMES = 60
SCALES = (1, 2, 4)


def measure(camera: Camera, count: int) -> None:
    """Print the table; runs in a process where the camera exists."""
    camera.has("rate", str(FPS))
    kinds = [(size, scale) for size in SIZES for scale in SCALES]
    spent: dict[tuple[tuple[int, int], int], list[float]] = {kind: [] for kind in kinds}
    for _ in range(ROUNDS):
        for kind in kinds:
            (width, height), scale = kind
            wanted = f"mode={width}x{height}&size={width // scale}x{height // scale}"
            uri = f"v4l2:{camera.node}?{wanted}&fps={FPS}"
            with make_source(uri) as source:
                # The first frames start the decoder and fill its memory.
                for number in range(-5, count):
                    before = time.thread_time()
                    source.read(2.0)
                    if number >= 0:
                        spent[kind].append((time.thread_time() - before) * 1e3)
    medians = {kind: statistics.median(times) for kind, times in spent.items()}
    base = medians[kinds[0]]
    print("| camera | whole ms | ratio | half ms | ratio | quarter ms | ratio |")
    print("|---|---|---|---|---|---|---|")
    for width, height in SIZES:
        cells = [medians[(width, height), scale] for scale in SCALES]
        text = " | ".join(f"{cell:.2f} | {cell / base:.2f}" for cell in cells)
        print(f"| {width}x{height} | {text} |")


def main() -> None:
    """Build the camera and measure in a process that has it."""
    if "FAKE_UVC" in os.environ:
        count = int(sys.argv[1]) if len(sys.argv) > 1 else FRAMES
        measure(Camera(Path(os.environ["FAKE_UVC"])), count)
        return
    with tempfile.TemporaryDirectory() as folder:
        camera = build(Path(folder))
        command = [sys.executable, "-m", "tests.bench_capture", *sys.argv[1:]]
        subprocess.run(command, env={**os.environ, **camera.environment}, check=True)


if __name__ == "__main__":
    main()
