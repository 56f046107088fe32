"""Every model of the zoo under tflite-runtime 2.14 (extra `tflite`) and the runtime used here."""

import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
from landmarkd.vision.zoo import open_zoo

from tests import clip

ZOO = open_zoo()
FRAMES = (5, 30, 57, 80)

RUN = """
import sys
import numpy as np
try:
    from ai_edge_litert.interpreter import Interpreter
except ImportError:
    from tflite_runtime.interpreter import Interpreter
inputs = np.load(sys.argv[1])
answers = {}
for path in sys.argv[3:]:
    interpreter = Interpreter(path)
    interpreter.allocate_tensors()
    kept = []
    for values in inputs[path]:
        interpreter.set_tensor(interpreter.get_input_details()[0]["index"], values)
        interpreter.invoke()
        answer = []
        for detail in interpreter.get_output_details():
            scale, zero = detail["quantization"]
            stored = interpreter.get_tensor(detail["index"]).ravel().astype(np.float32)
            answer.append((stored - zero) * (scale or 1))
        kept.append(np.concatenate(answer))
    answers[path] = np.stack(kept)
np.savez(sys.argv[2], **answers)
"""


@pytest.fixture(scope="module")
def python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An environment of its own: that runtime was built against numpy 1."""
    if sys.version_info >= (3, 12):
        pytest.skip("tflite-runtime 2.14 is for Python up to 3.11")
    folder = tmp_path_factory.mktemp("old")
    subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
    python = folder / "bin" / "python"
    wanted = ["tflite-runtime==2.14.0", "numpy<2"]
    done = subprocess.run(
        [python, "-m", "pip", "install", "-q", *wanted], check=False, capture_output=True, text=True
    )
    if done.returncode:
        pytest.skip(
            f"tflite-runtime cannot be installed here: {done.stderr.strip().splitlines()[-1]}"
        )
    return python


def crops(width: int, height: int, channels: int, batch: int) -> np.ndarray:
    """(frames, batch, height, width, channels) int8 pictures about the face of the clip.

    The second of a batch is the mirror image of the first.
    """
    made = []
    for index in FRAMES:
        x0, y0, x1, y1 = (max(0, int(v)) for v in clip.box(index))
        part = cv2.resize(
            clip.frames()[index].image[y0:y1, x0:x1], (width, height), interpolation=cv2.INTER_AREA
        )
        part = part if channels == 3 else cv2.cvtColor(part, cv2.COLOR_BGR2GRAY)[..., None]
        stored = (part.astype(np.int16) - 128).astype(np.int8)
        made.append(np.stack([stored, stored[:, ::-1]][:batch]))
    return np.stack(made)


def answers(python: Path | str, pictures: Path, paths: list[str]) -> dict[str, np.ndarray]:
    """Of each model, (frames, values): all outputs for each picture, in their own units."""
    out = pictures.with_name(f"{len(list(pictures.parent.iterdir()))}.npz")
    subprocess.run([python, "-c", RUN, str(pictures), str(out), *paths], check=True)
    with np.load(out) as stored:
        return dict(stored)


@pytest.mark.slow
def test_the_older_runtime_answers_the_same(python: Path, tmp_path: Path) -> None:
    cards = {str(ZOO.folder / card.file): card for card in ZOO.manifest.models.values()}
    pictures = tmp_path / "pictures.npz"
    np.savez(
        pictures,
        **{
            path: crops(
                card.input.width,
                card.input.height,
                1 if card.input.colour == "grey" else 3,
                2 if card.kind in {"eyes", "brows"} else 1,
            )
            for path, card in cards.items()
        },
    )
    wanted, found = (
        answers(runtime, pictures, list(cards)) for runtime in (sys.executable, python)
    )
    for path in cards:
        signal = wanted[path].std(0).mean()
        assert signal > 0, path
        assert np.abs(found[path] - wanted[path]).mean() < 0.25 * signal, path
