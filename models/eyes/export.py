"""From trained weights to the zoo: `python -m models.eyes export WEIGHTS --data FOLDER…`."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F  # noqa: N812 - its usual name
from landmarkd.vision.eye_reading import GAZE, KIND, LIDS, LOG_SIGMA, OUTPUTS, POINTS, SEEN

from models.export.patches import MODES, export_patches
from models.eyes.data import Arrays, load, sample
from models.eyes.loss import AHEAD_SHARE, GAZE_SHARE, HALF, IRIS_SHARE, VISIBLE
from models.eyes.network import EyeNet
from models.eyes.train import HELD_OUT, tensors
from models.synth.eye_file import SHUT
from models.training import checkpoint

USUAL_GAZE = 0.2
"""Standard deviation of the sine of usual gazes, to either side of the camera and up and down."""


def load_weights(path: Path) -> EyeNet:
    """Return the network with the averaged weights of a training run, ready to evaluate."""
    network = EyeNet()
    network.load_state_dict(checkpoint.weights(path))
    return network.eval()


def calibrate(network: EyeNet, eyes: Arrays) -> dict[str, float]:
    """Calibrate the network's predicted errors, in place, on eyes it was not trained on.

    The gaze gets the spread of the true gaze, and for usual gazes a mean error of zero; both are
    measured on the eyes with the smaller predicted errors. Sigmas are multiplied by the ratio of
    the root mean square error to the predicted one. The three probabilities get the temperature
    with the least cross entropy (Guo et al., 2017).

    Returns:
        The gaze's gain, the factors of the sigmas, and the temperature.
    """
    picture, labels = tensors(sample(eyes, np.arange(len(eyes["kind"])), np.random.default_rng(9)))
    with torch.no_grad():
        out = torch.cat([network(part) for part in picture.split(256)])
    seen = labels["seen"] > VISIBLE
    iris = seen & (labels["share"] > IRIS_SHARE)
    look = seen & (labels["share"] > GAZE_SHARE) & (labels["kind"] != SHUT)
    gaze = labels["gaze"] - AHEAD_SHARE * labels["ahead"]
    # A least squares estimate is pulled toward the mean. With this gain the estimates spread as the
    # true gazes do. It is measured on the half with the smaller predicted errors, because eyes in
    # most cameras are like that; the others would need a higher gain.
    doubt = out[:, LOG_SIGMA][:, 2]
    sure = look & (doubt < doubt[look].median())
    gain = float((gaze[sure].std(0) / out[sure, GAZE].std(0)).mean())
    for value in (network.head.weight.data, network.head.bias.data, out.T):
        value[GAZE] *= gain
    # The mean over all eyes would not do: many drawn eyes look down, and the blurred ones among
    # them are read too high. It made the usual gazes of clear eyes 2 degrees too high.
    usual = torch.exp(-labels["gaze"][sure].square().sum(1, keepdim=True) / (2 * USUAL_GAZE**2))
    shift = (usual * (gaze[sure] - out[sure, GAZE])).sum(0) / usual.sum()
    network.head.bias.data[GAZE] += shift
    out[:, GAZE] += shift
    points = out[:, :SEEN].view(-1, POINTS, 2) - labels["points"] / HALF
    squares = (
        points[:, :LIDS].square().sum(2).mean(1),
        points[:, LIDS:].square().sum(2).mean(1),
        (out[:, GAZE] - gaze).square().sum(1),
    )
    found = {"gain": round(gain, 3)}
    for number, (name, square, use) in enumerate(
        zip(("lids", "iris", "gaze"), squares, (seen, iris, look), strict=True)
    ):
        said = (2 * out[use, LOG_SIGMA.start + number]).exp().mean()
        ratio = (square[use].mean() / said).sqrt()
        network.head.bias.data[LOG_SIGMA.start + number] += ratio.log()
        found[name] = round(float(ratio), 3)
    logits, kind = out[seen][:, KIND], labels["kind"][seen].long()
    temperatures = torch.linspace(0.5, 3.0, 101)
    losses = [F.cross_entropy(logits / t, kind) for t in temperatures]
    best = float(temperatures[int(torch.stack(losses).argmin())])
    network.head.weight.data[KIND] /= best
    network.head.bias.data[KIND] /= best
    return found | {"temperature": round(best, 3)}


def export(
    weights: Path, folders: list[Path], zoo: Path, name: str, about: dict[str, object]
) -> Path:
    """Quantise a network into the zoo, for both eyes in one call, and write its manifest entry.

    Args:
        weights: of `models.eyes.train`.
        folders: drawn eyes, for the ranges of the activations and for `calibrate`.
        zoo: folder of the manifest.
        name: of the model there.
        about: more fields of the entry: description, provenance, accuracy.
    """
    network = load_weights(weights)
    print(json.dumps(calibrate(network, load(folders, 0, HELD_OUT))))
    eyes = load(folders, HELD_OUT, 12)
    rng = np.random.default_rng(0)
    index = rng.integers(0, len(eyes["kind"]), MODES)
    entry = {
        "kind": "eyes",
        "patch": "landmarkd.vision.eye_patch: 0.32 of the box of the dense points wide, upright in "
        "the face, the left eye and the right one, which is mirrored",
        "ahead_share": AHEAD_SHARE,
        "outputs": {"eyes": {"index": 0, "shape": [2, OUTPUTS], "unit": "patch"}},
        **about,
    }
    fed = tensors(sample(eyes, index, rng))[0]
    # About how much rounding on an Edge TPU may add to points, to logits and logarithms, and to
    # gaze.
    fine = torch.full((OUTPUTS,), 0.05)
    fine[:SEEN], fine[GAZE] = 0.003, 0.004
    return export_patches(network, fed, 2, zoo / f"{name}.tflite", "grey", fine, entry)
