"""Processors of several generations give the same points."""

import os
import platform
import subprocess
import sys
from pathlib import Path

import pytest

FLAGS = Path("/proc/cpuinfo")
KERNELS = {"Haswell": "avx2", "Zen": "avx2", "SkylakeX": "avx512vl"}
"""Of OpenBLAS, which sum in different orders, and what a processor needs for them."""

POINTS = """
import hashlib
from landmarkd import Pipeline, detect
from landmarkd.camera import make_source

done = hashlib.sha256()
with Pipeline() as pipeline, make_source("demo:", fast=True) as frames:
    for number in range(24):
        frame = frames.read(1.0)
        face = pipeline.process(frame).face
        done.update(face.observation.points.tobytes() + face.points.tobytes())
        if number % 8 == 0:
            done.update(detect(frame.image).face.points.tobytes())
print(done.hexdigest())
"""


@pytest.mark.skipif(platform.machine() != "x86_64", reason="names of the kernels for x86-64")
def test_points_have_the_same_bits() -> None:
    there = FLAGS.read_text().split()
    digests = {
        name: subprocess.run(
            [sys.executable, "-c", POINTS],
            env={**os.environ, "OPENBLAS_CORETYPE": name},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for name, flag in KERNELS.items()
        if flag in there
    }
    assert len(set(digests.values())) == 1, digests
