"""The models of the mouth and of the brows."""

from landmarkd.vision.cards import PartCard
from landmarkd.vision.parts import PARTS
from landmarkd.vision.patch_model import PatchModel
from landmarkd.vision.runtime import DelegateChoice
from landmarkd.vision.zoo import Zoo


class PartModel(PatchModel[PartCard]):
    """Reads one part of the face again, "mouth" or "brows"; opened as `PatchModel`."""

    def __init__(
        self, zoo: Zoo, kind: str, *, threads: int = 1, delegate: DelegateChoice = "none"
    ) -> None:
        self.kind, self.part = kind, PARTS[kind]
        part, count = self.part, len(self.part.points)
        shape, results = (count, part.height, part.width, 3), (count, 3 * len(part.points[0]))
        super().__init__(zoo, zoo.part(kind), shape, results, threads, delegate)


def open_parts(
    zoo: Zoo, choice: str, *, threads: int = 1, delegate: DelegateChoice = "none"
) -> list[PartModel]:
    """Return the models of parts that the zoo has; none for "none". Raises as `PartModel`."""
    if choice == "none":
        return []
    kinds = [kind for kind in PARTS if kind in zoo.manifest.default]
    return [PartModel(zoo, kind, threads=threads, delegate=delegate) for kind in kinds]
