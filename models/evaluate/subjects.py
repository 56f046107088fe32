"""Models under test as a `LandmarkModel`: the device's own code crops and decodes."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import numpy as np
from landmarkd.layout import LAYOUTS
from landmarkd.stages import StageClock
from landmarkd.types import FaceObservation, RegionOfInterest
from landmarkd.vision.cards import Card, LandmarkCard
from landmarkd.vision.closer import PartModel, open_parts
from landmarkd.vision.decoder import Decoded, Decoder
from landmarkd.vision.detector import Detector, make_detector
from landmarkd.vision.eyes import EyeModel, open_eyes
from landmarkd.vision.interpreter import open_interpreter
from landmarkd.vision.landmarks import LandmarkModel
from landmarkd.vision.refiner import open_refiner
from landmarkd.vision.runtime import DelegateChoice, Engine, TensorSpec, open_engine
from landmarkd.vision.second_view import both_views
from landmarkd.vision.zoo import Zoo, open_zoo
from numpy.typing import NDArray

if TYPE_CHECKING:
    from torch import nn

CROP = {"margin": 1.3, "first_margin": 1.45, "first_shift_up": 0.08}
"""The input of a model that is not in a zoo."""

DETECTOR_SIDE = 160


class TorchEngine:
    """A float network with the interface of `landmarkd.vision.runtime.Engine`.

    Args:
        network: takes (1, 3, size, size) as x / 127.5 - 1, returns {"points": …, "log_sigma": …,
            "presence": …}.
        size: of the crop, pixels.
        threads: for torch.
    """

    runtime = "torch"
    accelerator = "none"
    degraded = None

    def __init__(self, network: "nn.Module", size: int = 128, threads: int = 1) -> None:
        import torch

        torch.set_num_threads(threads)
        self._torch, self._network = torch, network.eval()
        self._in = np.zeros((1, size, size, 3), np.float32)
        # The models keep views of the outputs, so these arrays stay where they are.
        self._out = {name: value.copy() for name, value in self._run().items()}
        self.names = list(self._out)
        self.inputs = (TensorSpec("image", self._in.shape, np.dtype(np.float32), 0.0, 0, 0),)
        self.outputs = tuple(
            TensorSpec(name, array.shape, array.dtype, 0.0, 0, n)
            for n, (name, array) in enumerate(self._out.items())
        )

    def input(self, index: int = 0) -> np.ndarray:  # noqa: ARG002 - a network has one input
        """Return the array that the next `invoke` reads."""
        return self._in

    def output(self, index: int = 0) -> np.ndarray:
        """Return what the last `invoke` computed."""
        return self._out[self.names[index]]

    def invoke(self) -> None:
        """Run the network."""
        for name, value in self._run().items():
            self._out[name][:] = value

    def close(self) -> None:
        """Do nothing: there is nothing to free."""

    def _run(self) -> dict[str, np.ndarray]:
        with self._torch.inference_mode():
            outputs = self._network(self._torch.from_numpy(self._in).permute(0, 3, 1, 2))
        return {
            name: np.ascontiguousarray(value.float().numpy().reshape(1, -1))
            for name, value in outputs.items()
        }


class CoralZoo(Zoo):
    """A zoo with the models for a Coral, run on the processor: int8 throughout."""

    def open(
        self,
        card: Card,
        *,
        threads: int = 1,
        delegate: DelegateChoice = "none",
        xnnpack: bool = True,
    ) -> Engine:
        """Open as the zoo does; the model for the processor where there is none for a Coral."""
        if card.whole is None:
            return super().open(card, threads=threads, delegate=delegate, xnnpack=xnnpack)
        interpreter = open_interpreter(self.verified(card.whole), threads, xnnpack=xnnpack)
        return Engine(Decoded(interpreter, Decoder(self.verified(card.whole.decoder))))


class Whole:
    """A landmark model followed by the models of eyes and parts, as in the daemon.

    Everything else is that of the landmark model.

    Args:
        model: the landmark model.
        eyes: reads lids and irises again, or None.
        views: how often each picture is read; the second time mirrored.
        parts: read the mouth and the brows again.
    """

    def __init__(
        self,
        model: LandmarkModel,
        eyes: EyeModel | None,
        views: int = 1,
        parts: Sequence[PartModel] = (),
    ) -> None:
        self._model, self._eyes, self._views, self._parts = model, eyes, views, parts
        self.name, self.layout = model.name, model.layout
        if eyes is not None:
            self.name, self.layout = f"{model.name} + {eyes.name}", eyes.layout
        self._refiner = open_refiner(eyes, parts, self.layout)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._model, name)

    def without_parts(self) -> "Whole":
        """Return the same without the models of the mouth and the brows."""
        return Whole(self._model, self._eyes, self._views)

    def locate(
        self, image: NDArray[np.uint8], roi: RegionOfInterest, clock: StageClock
    ) -> FaceObservation:
        """Return the combined result."""
        seen = self._model.locate(image, roi, clock)
        if self._views > 1:
            seen = both_views(self._model, image, seen, clock)
        return seen if self._refiner is None else self._refiner.refine(image, seen)


def open_model(
    spec: str,
    *,
    zoo: Zoo | None = None,
    architecture: str | None = None,
    eyes: str = "none",
    views: int = 1,
    parts: str = "none",
) -> LandmarkModel:
    """Open a model by its name in the zoo, a .tflite file, or a .pt checkpoint.

    Args:
        spec: name or path.
        zoo: where names are looked up.
        architecture: for a checkpoint that does not name its architecture.
        eyes: eye model that reads lids and irises again, or "none".
        views: looks at each picture; the second one is mirrored.
        parts: "default" for the zoo's models of the mouth and the brows, or "none".

    Raises:
        ModelError: there is no such model, or its file was changed.
        ValueError: the file's outputs are not those of a landmark model.
    """
    model = _open_landmarks(spec, zoo, architecture)
    zoo = zoo or open_zoo()
    reader = open_eyes(zoo, eyes)
    closer = open_parts(zoo, parts)
    if reader is None and views == 1 and not closer:
        return model
    return cast("LandmarkModel", Whole(model, reader, views, closer))


def without_parts(model: LandmarkModel) -> LandmarkModel:
    """Return a model without the models of the mouth and the brows."""
    return cast("LandmarkModel", model.without_parts()) if isinstance(model, Whole) else model


def open_detector(spec: str, score: float | None = None) -> Detector:
    """Open a detector by a name, a .tflite file, or a .pt checkpoint of `models.detector`.

    Args:
        spec: name or path.
        score: minimum score of a face, for files without a manifest entry.
    """
    path = Path(spec)
    if path.suffix not in {".tflite", ".pt"}:
        return make_detector(spec)
    from landmarkd.vision.face_detector import FaceDetector

    from models.detector.export import card_of
    from models.detector.train import load

    engine = (
        open_engine(path) if path.suffix == ".tflite" else TorchEngine(load(path), DETECTOR_SIDE)
    )
    return FaceDetector.over(path.stem, card_of(engine, score), engine)


def _open_landmarks(spec: str, zoo: Zoo | None, architecture: str | None) -> LandmarkModel:
    path = Path(spec)
    if path.suffix == ".tflite":
        engine = open_engine(path)
        return LandmarkModel.over(
            path.stem, _card_of(path.name, engine.inputs[0], engine.outputs), engine
        )
    if path.suffix in {".pt", ".pth"}:
        from models.train.architectures import load

        network, _ = load(path, architecture)
        torch_engine = TorchEngine(network)
        card = _card_of("float.tflite", torch_engine.inputs[0], torch_engine.outputs)
        return LandmarkModel.over(path.stem, card, torch_engine)
    return LandmarkModel(zoo or open_zoo(), spec)


def _card_of(file: str, image: TensorSpec, outputs: tuple[TensorSpec, ...]) -> LandmarkCard:
    """Describe a model that comes without a manifest, its outputs known by their sizes."""
    sizes = {spec: int(np.prod(spec.shape)) for spec in outputs}
    layout = next(
        (layout for layout in LAYOUTS.values() if layout.count * 3 in sizes.values()), None
    )
    if layout is None:
        raise ValueError(
            f"{file} has outputs of {sorted(sizes.values())} values, and none of them can be points"
        )
    meaning = {layout.count * 3: "points", layout.count: "log_sigma", 1: "presence"}
    return LandmarkCard.model_validate(
        {
            "kind": "landmarks",
            "file": file if file[0].isalnum() else "model.tflite",
            "bytes": 1,
            "sha256": "0" * 64,
            "input": {
                "width": image.shape[2],
                "height": image.shape[1],
                "colour": "RGB",
                "dtype": np.dtype(image.dtype).name,
                "scale": image.scale or None,
                "zero_point": image.zero_point,
                "normalisation": "x / 127.5 - 1",
            },
            "crop": CROP,
            "outputs": {
                meaning[size]: {"index": n, "shape": outputs[n].shape}
                for n, size in enumerate(sizes.values())
                if size in meaning
            },
            "landmarks": {"layout": layout.name, "count": layout.count},
        }
    )
