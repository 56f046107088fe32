"""Outputs computed from int8 coefficients, and the models of the zoo that use them."""

from io import BytesIO
from typing import Any

import cv2
import numpy as np
import pytest
from landmarkd.errors import ModelError
from landmarkd.vision.cards import Card, LandmarkCard
from landmarkd.vision.decoder import Decoder
from landmarkd.vision.patches import feed
from landmarkd.vision.zoo import open_zoo
from numpy.typing import NDArray

from calibration.int8 import load_representative
from models.evaluate.subjects import CoralZoo

GOOD: dict[str, Any] = {
    "modes": np.array([[64, 0, 0], [1, 0, 0], [0, 32, -127]], np.int8),
    "exponents": np.array([-6, -9, -5], np.int8),
    "rows": np.array([0, 0, 1], np.uint8),
    "copies": np.array([3, 1], np.uint8),
    "offset": np.array([1, 0.5, 0], np.float32),
    "units": np.array([1, 0.5, 2], np.float32),
    "sizes": np.array([1, 2], np.uint16),
    "batch": np.uint8(1),
}


def packed(**changes: Any) -> bytes:
    into = BytesIO()
    np.savez(into, **{name: value for name, value in (GOOD | changes).items() if value is not None})
    return into.getvalue()


def test_copies_are_summed_and_modes_added():
    decoder = Decoder(packed())
    first, second = np.zeros(1, np.float32), np.zeros(2, np.float32)
    assert decoder.count == 4
    decoder.decode(np.array([127, 127, -4, 2], np.int8), [first, second])
    assert first.tolist() == [250 * (1 + 2**-9) + 1]
    assert second.tolist() == [(2 * 1 + 0.5) * 0.5, 2 * -127 / 32 * 2]


@pytest.mark.parametrize(
    "changes",
    [
        {"modes": None},
        {"modes": np.zeros((3, 3), np.float32)},
        {"modes": np.zeros((3, 2), np.int8)},
        {"modes": np.array([{}], object)},
        {"rows": np.array([0, 0, 2], np.uint8)},
        {"copies": np.array([3, 0], np.uint8)},
        {"copies": np.zeros(0, np.uint8)},
        {"sizes": np.array([1, 3], np.uint16)},
        {"exponents": np.zeros(2, np.int8)},
        {"offset": np.zeros(2, np.float32)},
        {"units": np.zeros(4, np.float32)},
        {"batch": np.uint8(0)},
    ],
)
def test_what_does_not_fit_together_is_refused(changes: dict[str, Any]):
    with pytest.raises(ModelError, match="decoder"):
        Decoder(packed(**changes))


@pytest.mark.parametrize("length", [0, 30, 400, 900])
def test_a_damaged_file_is_refused(length: int):
    with pytest.raises(ModelError, match="damaged"):
        Decoder(packed()[:length])


WHOLE = [name for name, card in open_zoo().manifest.models.items() if card.whole]


def test_the_default_models_of_a_face_have_files_that_are_whole():
    default = open_zoo().manifest.default
    assert {default[kind] for kind in ("landmarks", "eyes", "mouth", "brows")} <= set(WHOLE)


# Middle of the part in a representative crop, and width of its patch, pixels.
PLACES = {"eyes": (46, 52, 31), "mouth": (64, 88, 45), "brows": (46, 40, 39)}


def fed(face: NDArray[np.uint8], card: Card, values: NDArray[np.int8]) -> None:
    """Write the input of a model for a face."""
    if isinstance(card, LandmarkCard):
        values[:] = (face ^ 0x80).view(np.int8)
        return
    height, width = values.shape[1:3]
    x, y, side = PLACES[card.kind]
    step = side / width
    place = np.array([[step, 0, x - side / 2], [0, step, y - step * height / 2]])
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    patch = cv2.warpAffine(face, place, (width, height), flags=flags)
    for each in values:
        grey = values.shape[3] == 1
        feed(cv2.cvtColor(patch, cv2.COLOR_RGB2GRAY) if grey else patch, each, 1 / 127.5, 0)


@pytest.mark.parametrize("name", WHOLE)
def test_it_gives_what_the_model_for_the_processor_gives(name: str):
    zoo, card = open_zoo(), open_zoo().manifest.models[name]
    plain, whole = zoo.open(card), CoralZoo(zoo.folder).open(card)
    assert [spec.shape for spec in whole.outputs] == [spec.shape for spec in plain.outputs]
    assert whole.inputs[0].shape == plain.inputs[0].shape
    errors, given = [], []
    for face in load_representative()[:24]:
        for engine in (plain, whole):
            fed(face, card, engine.input())
            engine.invoke()
        errors.append(whole.output() - plain.output())
        given.append(plain.output().copy())
    assert np.median(np.std(errors, axis=0) / np.std(given, axis=0)) < 0.1
