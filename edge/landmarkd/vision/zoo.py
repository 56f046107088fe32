"""The models of landmarkd: a manifest describes them; they are checked before use."""

import hashlib
import json
from pathlib import Path
from typing import TypeVar

from pydantic import ValidationError

from landmarkd.errors import ModelError
from landmarkd.files import read_bounded
from landmarkd.vision.cards import (
    Card,
    DecoderFile,
    DetectorCard,
    EyeCard,
    LandmarkCard,
    Manifest,
    ModelFile,
    PartCard,
)
from landmarkd.vision.runtime import DelegateChoice, Engine, open_engine

MAX_MANIFEST_BYTES, MAX_MODEL_BYTES = 1 << 20, 256 << 20
_AnyCard = TypeVar("_AnyCard", LandmarkCard, DetectorCard, EyeCard, PartCard)


class Zoo:
    """A folder with models and their `manifest.json`.

    Raises:
        ModelError: if the manifest is missing or wrong.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        path = folder / "manifest.json"
        try:
            content = json.loads(read_bounded(path, MAX_MANIFEST_BYTES))
            self.manifest = Manifest.model_validate(content)
        except OSError as error:
            raise ModelError(
                f"{path}: {error.strerror}; reinstall landmarkd or name another model folder."
            ) from error
        except (json.JSONDecodeError, UnicodeDecodeError, RecursionError) as error:
            raise ModelError(f"{path} is not JSON ({error}); reinstall landmarkd.") from error
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(str(part) for part in first["loc"])
            raise ModelError(f"{path}: {where}: {first['msg']}; reinstall landmarkd.") from error

    def landmarks(self, name: str = "default") -> tuple[str, LandmarkCard]:
        """Return the name and entry of a landmark model; "default" is the default of the manifest.

        Raises:
            ModelError: naming the models of this kind, here and in the methods below.
        """
        return self._find(name, "landmarks", LandmarkCard)

    def detector(self, name: str = "default") -> tuple[str, DetectorCard]:
        """Return the name and entry of a detector, see `landmarks`."""
        return self._find(name, "detector", DetectorCard)

    def eyes(self, name: str = "default") -> tuple[str, EyeCard]:
        """Return the name and entry of an eye model, see `landmarks`."""
        return self._find(name, "eyes", EyeCard)

    def part(self, kind: str) -> tuple[str, PartCard]:
        """Return the default model of the mouth or the brows, see `landmarks`."""
        return self._find("default", kind, PartCard)

    def _find(self, name: str, kind: str, wanted: type[_AnyCard]) -> tuple[str, _AnyCard]:
        chosen = self.manifest.default.get(kind, "") if name == "default" else name
        card = self.manifest.models.get(chosen)
        if not isinstance(card, wanted) or card.kind != kind:
            known = [key for key, found in self.manifest.models.items() if found.kind == kind]
            raise ModelError(
                f"No {kind} model {name!r} in {self.folder}; "
                f"known are {', '.join(known) or 'none'}."
            )
        return chosen, card

    def verified(self, file: ModelFile | DecoderFile) -> bytes:
        """Return the content of a file of the zoo after checking its size and sha256.

        Some runtimes crash on a truncated file and run one with flipped bits. Run the checked
        bytes, not the file, which may be replaced after the check.

        Raises:
            ModelError: if the file is missing or is not the one that the manifest describes.
        """
        path = self.folder / file.file
        try:
            content = read_bounded(path, MAX_MODEL_BYTES)
        except OSError as error:
            raise ModelError(f"{path}: {error.strerror}; reinstall landmarkd.") from error
        if len(content) != file.bytes:
            raise ModelError(
                f"{path} has {len(content)} bytes instead of {file.bytes}; reinstall landmarkd."
            )
        if hashlib.sha256(content).hexdigest() != file.sha256:
            raise ModelError(
                f"{path} was altered: its sha256 is not that of the manifest; reinstall landmarkd."
            )
        return content

    def open(
        self,
        card: Card,
        *,
        threads: int = 1,
        delegate: DelegateChoice = "none",
        xnnpack: bool = True,
    ) -> Engine:
        """Return a model of this zoo, verified and ready to run, see `open_engine`."""
        compiled = card.edgetpu if delegate != "none" else None
        return open_engine(
            self.verified(card),
            threads=threads,
            delegate=delegate,
            edgetpu=self.verified(compiled) if compiled else None,
            decoder=self.verified(card.whole.decoder) if compiled and card.whole else None,
            xnnpack=xnnpack,
        )


def open_zoo(folder: Path | None = None) -> Zoo:
    """Return the zoo in a folder, by default that of landmarkd.

    That is in the wheel beside this package, and in a checkout under models.

    Raises:
        ModelError: if the manifest is missing or wrong.
    """
    if folder is not None:
        return Zoo(folder)
    package = Path(__file__).resolve().parent.parent
    installed = package / "zoo"
    return Zoo(installed if installed.is_dir() else package.parents[1] / "models" / "zoo")
