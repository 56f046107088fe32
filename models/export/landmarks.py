"""The landmark network as a model that is int8 throughout, for an Edge TPU."""

from pathlib import Path

import numpy as np
import torch
from landmarkd.vision.zoo import Zoo
from torch import Tensor, nn

from models.export.convert import Recipe, quantise, to_float_tflite
from models.export.equalise import equalise
from models.export.presence import training_crops
from models.export.twins import TWINS, TwinStage
from models.export.whole import Head, fixed_ranges, whole
from models.train.network import LandmarkNet

CROPS = 2000
"""Number of crops for the modes and the ranges."""

FINE = {"points": 0.0005, "log_sigma": 0.05, "presence": 0.05}
"""About how much rounding may add to an output, in its unit; 0.0005 of the crop are 0.06 pixels."""


def take_presence(network: LandmarkNet, zoo: Zoo, name: str, images: np.ndarray) -> None:
    """Calibrate the presence, in place, as that of the zoo's model was, see `presence`."""
    card = zoo.landmarks(name)[1]
    engine, wanted = zoo.open(card), []
    for image in images:
        engine.input()[0] = (image ^ 0x80).view(np.int8)
        engine.invoke()
        wanted.append(float(engine.output(card.outputs["presence"].index)[0, 0]))
    with torch.no_grad():
        logits = network(_real(images))["presence"][:, 0].numpy()
        scale, offset = np.polyfit(logits, wanted, 1)
        network.presence.weight.mul_(scale)
        network.presence.bias.mul_(scale).add_(offset)


def whole_landmarks(
    network: LandmarkNet, images: np.ndarray, folders: list[Path]
) -> tuple[bytes, bytes]:
    """Return the model and its decoder.

    Args:
        network: in evaluation mode; its channels are equalised in place.
        images: (N, side, side, 3) uint8 RGB, for the ranges of int8.
        folders: of shards.

    Raises:
        FileNotFoundError: There is no shard in the folders.
    """
    equalise(network, _real(images), head="float")
    with torch.no_grad():
        crops = (batch for batch, _ in training_crops(folders, CROPS, seed=6))
        seen = torch.cat([network.features(batch) for batch in (*crops, _real(images))])
    readers = {name: getattr(network, name) for name in FINE}
    head = Head(
        pool=network.pool,
        bounded=False,
        weight=torch.cat([reader.weight for reader in readers.values()]).detach(),
        bias=torch.cat([reader.bias for reader in readers.values()]).detach(),
        fine=torch.cat([torch.full_like(readers[name].bias, FINE[name]) for name in FINE]).detach(),
        sizes=tuple(len(reader.bias) for reader in readers.values()),
    )
    stages = network.stages
    trunk = nn.Sequential(network.stem, *stages[:-1], TwinStage(stages[-1])).eval()
    made, decoder = whole(trunk, head, seen, TWINS)
    content = to_float_tflite(made, images.shape[1])
    return quantise(content, images, Recipe("int8"), fixed_ranges(content, False)), decoder


def _real(images: np.ndarray) -> Tensor:
    return (torch.from_numpy(images).permute(0, 3, 1, 2).float() - 128) / 127.5
