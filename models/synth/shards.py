"""Write shards of crops: deterministic by seed, resumable, one process a worker."""

from __future__ import annotations

import io
import multiprocessing
import os
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Literal

import cv2
import numpy as np

from models.synth.appearance import backgrounds
from models.synth.crop import PEOPLE_PER_SHARD, Studio
from models.synth.labelled import ATTRIBUTES, Crop
from models.synth.population import Person

CROPS_PER_SHARD = 1000
NON_FACE_SHARE = 0.09
Kind = Literal["usual", "turned", "close-up", "driver", "near", "bearded"]
"""All poses, some without faces; faces turned far to the side; close-ups of eyes; drivers; faces
that fill the picture; men with hair on the upper lip."""
_JPEG = [
    cv2.IMWRITE_JPEG_QUALITY, 95,
    cv2.IMWRITE_JPEG_SAMPLING_FACTOR, cv2.IMWRITE_JPEG_SAMPLING_FACTOR_444,
]  # fmt: skip


@dataclass(frozen=True)
class Job:
    """One shard.

    Attributes:
        folder: Where it is written.
        number: Its number.
        seed: Of the whole set; with the number it decides every crop.
        count: Crops in it.
        kind: What it shows.
        photographs: Folder of photographs for the background, or none.
    """

    folder: Path
    number: int
    seed: int
    count: int = CROPS_PER_SHARD
    kind: Kind = "usual"
    photographs: Path | None = None

    @property
    def path(self) -> Path:
        """The finished file."""
        return self.folder / f"shard-{self.number:05d}.npz"


@lru_cache(maxsize=1)
def studio() -> Studio:
    """The process's own studio, loaded once."""
    cv2.setNumThreads(1)
    return Studio()


def crops(job: Job) -> Iterator[tuple[int, Crop]]:
    """Yield a shard's (seed, crop) pairs; crop i depends on set seed, shard, i and photographs."""
    room = studio()
    backgrounds.use(job.photographs)
    per_person = max(1, -(-job.count // PEOPLE_PER_SHARD))
    person: Person | None = None
    make_face = {
        "usual": room.crop,
        "turned": room.turned,
        "close-up": room.close_up,
        "driver": room.driver,
        "near": room.near,
        "bearded": room.bearded,
    }[job.kind]
    for i in range(job.count):
        if person is None or i % per_person == 0:
            chance = np.random.default_rng([job.seed, job.number, 1, i])
            person = room.people.bearded(chance) if job.kind == "bearded" else room.person(chance)
        seed = int(
            np.random.SeedSequence([job.seed, job.number, 2, i]).generate_state(1, np.uint64)[0]
            >> 1
        )
        rng = np.random.default_rng(seed)
        faceless = job.kind == "usual" and rng.random() < NON_FACE_SHARE
        make = room.non_face if faceless else make_face
        yield seed, make(rng, person)


def write(job: Job) -> Path:
    """Render a shard unless it is there."""
    if not job.path.is_file():
        store(job.path, render(job))
    return job.path


def render(job: Job) -> bytes:
    """The content of a shard's file."""
    seeds, made = zip(*crops(job), strict=True)
    return pack(list(made), list(seeds))


def pack(made: list[Crop], seeds: list[int]) -> bytes:
    """The file that holds these crops."""
    pictures = [_encode(crop.image) for crop in made]
    names = list(ATTRIBUTES)
    bits = [sum(1 << names.index(n) for n in crop.attributes) for crop in made]
    file = io.BytesIO()
    np.savez(
        file,
        jpeg=np.concatenate(pictures),
        offsets=np.cumsum([0, *map(len, pictures)]).astype(np.int64),
        points=np.stack([c.points for c in made]),
        visible=np.stack([c.visible for c in made]),
        face=np.array([c.face for c in made]),
        pose_deg=np.stack([c.pose for c in made]),
        openness=np.stack([c.openness for c in made]),
        gaze_deg=np.stack([c.gaze for c in made]),
        attributes=np.array(bits, np.uint32),
        attribute_names=np.array(names),
        seed=np.array(seeds, np.int64),
    )
    return file.getvalue()


def store(path: Path, content: bytes) -> Path:
    """Write a file under its name only when it is complete."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.stem}.{os.getpid()}.tmp")
    try:
        temporary.write_bytes(content)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
    return path


def _encode(image: np.ndarray) -> np.ndarray:
    """JPEG bytes of an RGB picture, colour at full resolution."""
    ok, data = cv2.imencode(".jpg", cv2.cvtColor(image, cv2.COLOR_RGB2BGR), _JPEG)
    if not ok:
        raise RuntimeError("OpenCV could not encode a JPEG")
    return data.ravel()


def jobs(
    folder: Path,
    count: int,
    seed: int,
    first: int = 0,
    *,
    kind: Kind = "usual",
    photographs: Path | None = None,
) -> list[Job]:
    """The shards that together hold `count` crops."""
    if count < 1:
        raise ValueError(f"at least one crop, not {count}")
    shards = -(-count // CROPS_PER_SHARD)
    sizes = [min(CROPS_PER_SHARD, count - k * CROPS_PER_SHARD) for k in range(shards)]
    return [Job(folder, first + k, seed, size, kind, photographs) for k, size in enumerate(sizes)]


def write_all(work: list[Job], workers: int) -> Iterator[Path]:
    """Write shards in `workers` processes and yield each when done; one worker uses this one."""
    if workers == 1:
        yield from map(write, work)
        return
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # the workers are the threads
    with multiprocessing.get_context("spawn").Pool(workers) as pool:
        yield from pool.imap_unordered(write, work)


def sheet(crops_: list[Crop], columns: int = 12) -> np.ndarray:
    """A picture (uint8 RGB) of crops side by side, every second with its points drawn."""
    cells = []
    for i, crop in enumerate(crops_):
        cell = crop.image.copy()
        if i % 2 and crop.face:
            for k, (x, y) in enumerate(crop.points[:, :2]):
                shade = (255, 255, 0) if k >= 520 else (0, 255, 0)
                at = (round(float(x) * 8), round(float(y) * 8))
                cv2.circle(
                    cell, at, 6, shade if crop.visible[k] else (255, 0, 0), -1, cv2.LINE_AA, 3
                )
        cells.append(cell)
    cells += [np.zeros_like(cells[0])] * (-len(cells) % columns)
    return np.vstack([np.hstack(cells[i : i + columns]) for i in range(0, len(cells), columns)])
