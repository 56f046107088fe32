"""``python -m models.head.blendshapes``: fit the matrix from landmarks to expression weights.

Persons and expressions are sampled from the head. The runtime sees the difference between a face
and the same person's neutral face, both aligned as `landmarkd.signals.blendshapes.align` does, with
the noise of landmarks found in a picture. The matrix is the ridge regression of the weights on that
difference. The program prints how well it finds the weights of other persons: R² and the error.
"""

from pathlib import Path

import numpy as np
from landmarkd.signals.blendshapes import align

from models.head import HeadModel
from models.head.__main__ import CANONICAL, canonical_landmarks

TARGET = CANONICAL.with_name("blendshapes.npz")
NAMES = {
    "jawOpen": ("jawOpen",),
    "mouthSmileLeft": ("mouthSmile_L",),
    "mouthSmileRight": ("mouthSmile_R",),
    "mouthPucker": ("mouthPucker",),
    "mouthFunnel": ("mouthFunnel",),
    "mouthLeft": ("mouthLeft",),
    "mouthRight": ("mouthRight",),
    "browInnerUp": ("browInnerUp_L", "browInnerUp_R"),
    "browDownLeft": ("browDown_L",),
    "browDownRight": ("browDown_R",),
    "browOuterUpLeft": ("browOuterUp_L",),
    "browOuterUpRight": ("browOuterUp_R",),
}
"""ARKit's names, and the head's shapes for each; a frown is estimated poorly (R² 0.25)."""
SAMPLES, HELD_OUT = 12_000, 2_000
ACTIVE = 0.15
"""Probability that a shape takes part in an expression."""
NOISE_MM = np.array([0.7, 0.7, 1.4])
"""Standard deviation of a landmark from frame to frame; depth is less accurate."""
RIDGE = 30.0


def sample(model: HeadModel, count: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Return differences (count, 204) in millimetres and weights (count, names)."""
    mean = canonical_landmarks(model)[model.layout.ibug68].astype(np.float64)
    basis = model.shape_basis()
    points = np.stack([model.layout.of(shape)[model.layout.ibug68] for shape in basis])
    to_camera = np.array([10.0, -10.0, -10.0])
    neutral, persons, shapes = points[0], points[1:101], points[101:]
    inputs = np.empty((count, mean.size))
    outputs = np.empty((count, len(NAMES)))
    pairs = [[model.expression_index[name] for name in names] for names in NAMES.values()]
    tied = [pair for pair in pairs if len(pair) == 2]
    for i in range(count):
        weights = rng.uniform(0, 1, len(shapes)) * (rng.random(len(shapes)) < ACTIVE)
        for a, b in tied:
            weights[b] = weights[a]
        person = neutral + np.einsum("i,ijk->jk", rng.normal(0, 1, len(persons)), persons)
        moved = person + np.einsum("i,ijk->jk", weights, shapes)
        still, moving = (
            align(p * to_camera + rng.normal(0, NOISE_MM, p.shape), mean) for p in (person, moved)
        )
        inputs[i] = (moving - still).reshape(-1)
        outputs[i] = [weights[pair[0]] for pair in pairs]
    return inputs, outputs


def fit(inputs: np.ndarray, outputs: np.ndarray) -> np.ndarray:
    """Return the matrix (names, 204) of the ridge regression without a constant."""
    square = inputs.T @ inputs + RIDGE * np.eye(inputs.shape[1])
    return np.linalg.solve(square, inputs.T @ outputs).T


def to_full(model: HeadModel, matrix: np.ndarray) -> np.ndarray:
    """Return the matrix with each row scaled so that the full expression of the mean head gives 1.

    A regression on noisy landmarks gives less than 1, and least for expressions that move little.
    """
    mean = canonical_landmarks(model)[model.layout.ibug68].astype(np.float64)
    gains = []
    for row, names in zip(matrix, NAMES.values(), strict=True):
        vertices = model.evaluate(model.vertices, model.weights(dict.fromkeys(names, 1.0)))
        points = model.layout.of(vertices)[model.layout.ibug68] * (10.0, -10.0, -10.0)
        gains.append(1 / (row @ (align(points, mean) - align(mean, mean)).reshape(-1)))
    return matrix * np.array(gains)[:, None]


def main(target: Path = TARGET) -> None:
    """Fit, print how well it does on other persons, and write it."""
    model = HeadModel()
    matrix = to_full(model, fit(*sample(model, SAMPLES, np.random.default_rng(1))))
    inputs, outputs = sample(model, HELD_OUT, np.random.default_rng(2))
    found = np.clip(inputs @ matrix.T, 0, 1)
    print(f"{'':18}  R²   error where it is 0, where it is over 0.5")
    for name, f, o in zip(NAMES, found.T, outputs.T, strict=True):
        score = 1 - ((f - o) ** 2).mean() / o.var()
        errors = [np.abs(f - o)[mask].mean() for mask in (o == 0, o > 0.5)]
        print(f"{name:18}{score:5.2f}  {errors[0]:.2f}  {errors[1]:.2f}")
    np.savez_compressed(target, names=list(NAMES), matrix=matrix.astype(np.float32))


if __name__ == "__main__":
    main()
