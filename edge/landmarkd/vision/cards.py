"""The entries of a manifest: file, input and outputs of each model, and their use."""

from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from landmarkd.layout import LAYOUTS


class _Strict(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)


Count = Annotated[int, Field(ge=1, le=4096)]
Digest = Annotated[str, Field(pattern="^[0-9a-f]{64}$")]
Unit = Literal["crop", "log crop", "logit", "probability", "normalised", "cell", "patch"]
# A name, never a path, so that a manifest cannot name a file outside its folder.
FileName = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*\.tflite$")]
DecoderName = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*\.npz$")]


class InputContract(_Strict):
    """Input of a model: (1, height, width, 3), real = (stored - zero_point) * scale."""

    width: Count
    height: Count
    colour: Literal["RGB"]
    dtype: Literal["int8", "uint8", "float32"]
    scale: float | None = None
    zero_point: int | None = None
    normalisation: Literal["x / 127.5 - 1"]


class OutputContract(_Strict):
    """One output tensor, by its position in the outputs of the model."""

    index: Annotated[int, Field(ge=0, le=15)]
    shape: tuple[Annotated[int, Field(ge=1, le=65536)], ...]
    unit: Unit = "crop"


class CropContract(_Strict):
    """Position of the input square around the face."""

    margin: Annotated[float, Field(gt=0.5, lt=4)]
    first_margin: Annotated[float, Field(gt=0.5, lt=4)]
    first_shift_up: Annotated[float, Field(ge=-0.5, le=0.5)]


class LandmarkContract(_Strict):
    """The points of the model."""

    layout: str
    count: Count


class ModelFile(_Strict):
    """A file of the zoo with its size and checksum."""

    file: FileName
    bytes: Annotated[int, Field(ge=1, le=64 << 20)]
    sha256: Digest


class DecoderFile(_Strict):
    """Data to calculate the outputs of an int8 model, see `vision.decoder`."""

    file: DecoderName
    bytes: Annotated[int, Field(ge=1, le=64 << 20)]
    sha256: Digest


class WholeFile(ModelFile):
    """The same model in int8 from input to output, with its decoder."""

    decoder: DecoderFile


class _Card(ModelFile):
    """Common fields of the entries: the file for the processor, data of the model.

    Attributes:
        whole: int8 file for an Edge TPU; without it, the file for the processor is compiled.
        edgetpu: the compiled file.
        edgetpu_share: share of the multiply-adds of the compiled file that the Edge TPU runs.
    """

    description: str = ""
    licence: str = ""
    provenance: Any = None
    quantisation: Any = None
    accuracy: Any = None
    macs: int | None = None
    parameters: int | None = None
    outputs: dict[str, OutputContract]
    whole: WholeFile | None = None
    edgetpu: ModelFile | None = None
    edgetpu_share: Annotated[float, Field(ge=0, le=1)] | None = None

    @property
    def coral_share(self) -> str:
        """Which share of the multiply-adds would run on a Coral, in words."""
        return "an unknown share" if self.edgetpu_share is None else f"{self.edgetpu_share:.1%}"

    @property
    def files(self) -> "list[ModelFile | DecoderFile]":
        """All files of the model."""
        decoder = self.whole.decoder if self.whole else None
        return [file for file in (self, self.whole, decoder, self.edgetpu) if file is not None]


class BeliefContract(_Strict):
    """Logistic regression for the proposals of the default detector, see `vision.belief`.

    Attributes:
        presence, score: weights of the logits of the presence and of the detector's score.
        log_sigma: weight of the logarithm of the mean sigma, in sides of the region.
        near: weight of the logit of the detector's score of the face near and upright.
        offset: added to their sum; a proposal with a sum of at least 0 is accepted.
    """

    presence: Annotated[float, Field(ge=0, le=10)]
    score: Annotated[float, Field(ge=0, le=10)]
    log_sigma: Annotated[float, Field(ge=-10, le=0)]
    near: Annotated[float, Field(ge=0, le=10)] = 0.0
    offset: Annotated[float, Field(ge=-100, le=100)]


class LandmarkCard(_Card):
    """A model that finds the points of one face in a square of the image."""

    kind: Literal["landmarks"]
    input: InputContract
    crop: CropContract
    landmarks: LandmarkContract
    belief: BeliefContract | None = None

    @model_validator(mode="after")
    def _known_layout(self) -> Self:
        layout = LAYOUTS.get(self.landmarks.layout)
        if layout is None or layout.count != self.landmarks.count:
            raise ValueError(
                f"unknown layout {self.landmarks.layout!r} of {self.landmarks.count} points"
            )
        if "points" not in self.outputs:
            raise ValueError("a landmark model has an output named points")
        return self


class SecondLookContract(_Strict):
    """When and where a detector searches again for a small face.

    Attributes:
        doubt: minimum score of an answer for another search.
        largest: maximum of the longer side of a small box, pixels of the input.
        window: side of the window, as a share of the longer side of the frame.
        most: windows a frame.
    """

    doubt: Annotated[float, Field(gt=0, lt=1)]
    largest: Annotated[float, Field(gt=0, le=4096)]
    window: Annotated[float, Field(gt=0, lt=1)]
    most: Annotated[int, Field(ge=1, le=64)]


class CellContract(_Strict):
    """Layout of a detector's outputs: one per cell of several grids, finest first, row by row.

    Attributes:
        strides: of the grids, pixels of the input.
        unit: lengths are in this many strides of the grid of the cell.
        score: least score of a face, 0 to 1.
        overlap: intersection over union above which the worse of two answers is dropped.
        second: when to search again, or None.
    """

    strides: Annotated[tuple[Count, ...], Field(min_length=1, max_length=8)]
    unit: Annotated[float, Field(gt=0, le=64)]
    score: Annotated[float, Field(gt=0, lt=1)]
    overlap: Annotated[float, Field(gt=0, lt=1)]
    second: SecondLookContract | None = None


class PatchContract(_Strict):
    """Input of the eye model: (2, height, width, 1), real = (stored - zero_point) * scale."""

    width: Literal[48]
    height: Literal[32]
    colour: Literal["grey"]
    dtype: Literal["int8", "float32"]
    scale: float | None = None
    zero_point: int | None = None


class EyeCard(_Card):
    """A model that finds lids and iris in a patch of one eye, see `landmarkd.vision.eyes`.

    Attributes:
        ahead_share: see `landmarkd.types.EyeReading`.
    """

    kind: Literal["eyes"]
    input: PatchContract
    ahead_share: Annotated[float, Field(ge=0, le=1)] = 0.0


class ColourPatchContract(_Strict):
    """Input of the model of a part: (n, height, width, 3), real = (stored - zero_point) * scale."""

    width: Count
    height: Count
    colour: Literal["BGR"]
    dtype: Literal["int8", "float32"]
    scale: float | None = None
    zero_point: int | None = None


class PartCard(_Card):
    """A model that looks closely at one part of the face, see `landmarkd.vision.closer`.

    Attributes:
        doubt: what its variances are multiplied with, beside the landmark model's, when both are
            weighed against each other.
        spread: what its standard deviations are multiplied with in the results, so that they hold
            for points that are weighed with the landmark model's.
    """

    kind: Literal["mouth", "brows"]
    input: ColourPatchContract
    doubt: Annotated[float, Field(gt=0, le=100)] = 1.0
    spread: Annotated[float, Field(gt=0, le=100)] = 1.0


class DetectorCard(_Card):
    """A model that finds faces in a whole frame, letterboxed: centred in its input on black."""

    kind: Literal["detector"]
    input: InputContract
    cells: CellContract

    @model_validator(mode="after")
    def _has_answers(self) -> Self:
        if not {"scores", "geometry"} <= set(self.outputs):
            raise ValueError("a detector has outputs named scores and geometry")
        return self


Card = Annotated[LandmarkCard | DetectorCard | EyeCard | PartCard, Field(discriminator="kind")]


class Manifest(_Strict):
    """The manifest of a folder of models."""

    schema_: Annotated[Literal[1], Field(alias="schema")]
    default: dict[str, str]
    models: dict[str, Card]
