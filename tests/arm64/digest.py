"""Prints, as JSON, the outputs of every model of the zoo for fixed inputs on this machine."""

import hashlib
import json
import platform
import sys

import numpy as np
from landmarkd.vision.runtime import open_engine
from landmarkd.vision.zoo import open_zoo

ROUNDS = 8


def digest() -> dict[str, dict[str, str]]:
    """Return, by model, the runtime that executes it and the sha256 of its outputs."""
    zoo, results = open_zoo(), {}
    for name, card in zoo.manifest.models.items():
        draw, total = np.random.default_rng(2026), hashlib.sha256()
        with open_engine(zoo.verified(card)) as engine:
            for _ in range(ROUNDS):
                for index in range(len(engine.inputs)):
                    engine.input(index).view(np.uint8).ravel()[:] = draw.integers(
                        0, 256, engine.input(index).nbytes, np.uint8
                    )
                engine.invoke()
                for index in range(len(engine.outputs)):
                    total.update(engine.output(index).tobytes())
            results[name] = {
                "accelerator": engine.accelerator,
                "runtime": engine.runtime,
                "sha256": total.hexdigest(),
            }
    return results


if __name__ == "__main__":
    json.dump(
        {"machine": platform.machine(), "python": platform.python_version(), "models": digest()},
        sys.stdout,
    )
