"""The zoo: models that come with landmarkd, described by a manifest and checked before any runtime opens them."""

import hashlib
import json
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from edge.errors import ModelError
from edge.vision.layout import LAYOUTS


class _Strict(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)


Count = Annotated[int, Field(ge=1, le=4096)]
Digest = Annotated[str, Field(pattern="^[0-9a-f]{64}$")]
# A name, never a path: a manifest cannot point outside its folder.
FileName = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*\.tflite$")]


class InputContract(_Strict):
    """What a model wants to see: (1, height, width, 3), real = (stored - zero_point) * scale."""

    width: Count
    height: Count
    colour: Literal["RGB"]
    dtype: Literal["int8", "uint8", "float32"]
    scale: float | None = None
    zero_point: int | None = None
    normalisation: Literal["x / 127.5 - 1"]


class OutputContract(_Strict):
    """One output tensor, found by its position among the model's outputs."""

    index: Annotated[int, Field(ge=0, le=15)]
    shape: tuple[Count, ...]
    unit: Literal["crop", "log crop", "logit", "probability", "normalised"] = "crop"


class CropContract(_Strict):
    """How the square that is fed lies about the face."""

    margin: Annotated[float, Field(gt=0.5, lt=4)]
    first_margin: Annotated[float, Field(gt=0.5, lt=4)]
    first_shift_up: Annotated[float, Field(ge=-0.5, le=0.5)]


class LandmarkContract(_Strict):
    """Which points the model finds."""

    layout: str
    count: Count


class ModelCard(_Strict):
    """One entry of the manifest."""

    kind: Literal["landmarks", "detector"]
    file: FileName
    bytes: Annotated[int, Field(ge=1, le=64 << 20)]
    sha256: Digest
    description: str = ""
    licence: str = ""
    provenance: Any = None
    quantisation: Any = None
    accuracy: Any = None
    macs: int | None = None
    parameters: int | None = None
    input: InputContract
    outputs: dict[str, OutputContract]
    crop: CropContract | None = None
    landmarks: LandmarkContract | None = None
    edgetpu: FileName | None = None


class Manifest(_Strict):
    """The manifest of a folder of models."""

    schema_: Annotated[Literal[1], Field(alias="schema")]
    default: dict[str, str]
    models: dict[str, ModelCard]


class Zoo:
    """A folder with models and their `manifest.json`.

    Raises:
        ModelError: if the manifest is missing or wrong.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        path = folder / "manifest.json"
        try:
            self.manifest = Manifest.model_validate(json.loads(path.read_bytes()))
        except OSError as error:
            raise ModelError(f"{path}: {error.strerror}; reinstall landmarkd or name another model folder.") from error
        except (json.JSONDecodeError, UnicodeDecodeError, RecursionError) as error:
            raise ModelError(f"{path} is not JSON ({error}); reinstall landmarkd.") from error
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(str(part) for part in first["loc"])
            raise ModelError(f"{path}: {where}: {first['msg']}; reinstall landmarkd.") from error

    def card(self, name: str, kind: str = "landmarks") -> ModelCard:
        """Return the entry of a model; "default" stands for the manifest's default of that kind.

        Raises:
            ModelError: naming the models that there are.
        """
        wanted = self.manifest.default.get(kind, "") if name == "default" else name
        card = self.manifest.models.get(wanted)
        if card is None or card.kind != kind:
            known = [key for key, value in self.manifest.models.items() if value.kind == kind]
            raise ModelError(f"No {kind} model {name!r} in {self.folder}; known are {', '.join(known) or 'none'}.")
        if kind == "landmarks":
            _check_landmarks(wanted, card)
        return card

    def name(self, name: str, kind: str = "landmarks") -> str:
        """Return the name that "default" stands for, or the name itself."""
        return self.manifest.default.get(kind, "") if name == "default" else name

    def verified(self, card: ModelCard) -> Path:
        """Return the path of a model's file after checking its size and sha256.

        Some runtimes crash on a truncated file and run happily on one with flipped bits: only this protects.

        Raises:
            ModelError: if the file is missing or is not the one that the manifest describes.
        """
        path = self.folder / card.file
        try:
            content = path.read_bytes()
        except OSError as error:
            raise ModelError(f"{path}: {error.strerror}; reinstall landmarkd.") from error
        if len(content) != card.bytes:
            raise ModelError(f"{path} has {len(content)} bytes instead of {card.bytes}; reinstall landmarkd.")
        if hashlib.sha256(content).hexdigest() != card.sha256:
            raise ModelError(f"{path} was altered: its sha256 is not that of the manifest; reinstall landmarkd.")
        return path


def _check_landmarks(name: str, card: ModelCard) -> None:
    landmarks, points = card.landmarks, card.outputs.get("points")
    if landmarks is None or points is None or card.crop is None:
        raise ModelError(f"The manifest's entry {name!r} lacks landmarks, crop or outputs.points.")
    layout = LAYOUTS.get(landmarks.layout)
    if layout is None or layout.count != landmarks.count:
        raise ModelError(f"The manifest's entry {name!r} has the unknown layout {landmarks.layout!r}.")


@lru_cache(maxsize=1)
def bundled_zoo() -> Zoo:
    """Return the zoo that comes with landmarkd: in the wheel beside this package, in a checkout under models."""
    package = Path(__file__).resolve().parent.parent
    installed = package / "zoo"
    return Zoo(installed if installed.is_dir() else package.parent / "models" / "zoo")
