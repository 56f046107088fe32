"""Draws docs/landmarks.md's two pictures, the axes of a head and the indices of the landmarks.

python -m tools.draw_landmarks [FOLDER]
"""

import sys
from collections.abc import Iterable
from pathlib import Path

import numpy as np
from landmarkd.layout import DENSE, LAYOUTS, canonical_points, mesh_triangles
from landmarkd.rotation import matrix_from_angles
from numpy.typing import NDArray

Floats = NDArray[np.float64]

FULL = LAYOUTS["landmarkd-562"]
HEAD: Floats = canonical_points(FULL).astype(np.float64)
RED, GREEN, BLUE = "#d33", "#292", "#25c"


class Picture:
    """An SVG picture that is being drawn."""

    def __init__(self, width: float, height: float) -> None:
        box = f'viewBox="0 0 {width:g} {height:g}"'
        self._parts = [
            f'<svg xmlns="http://www.w3.org/2000/svg" {box} font-family="sans-serif">',
            f'<rect width="{width:g}" height="{height:g}" fill="#fff"/>',
        ]

    def lines(self, pairs: Iterable[tuple[Floats, Floats]], colour: str, width: float) -> None:
        """Draw thin lines between pairs of points."""
        path = "".join(f"M{a[0]:.1f} {a[1]:.1f}L{b[0]:.1f} {b[1]:.1f}" for a, b in pairs)
        self._parts.append(f'<path d="{path}" stroke="{colour}" stroke-width="{width:g}"/>')

    def arrow(self, start: Floats, end: Floats, colour: str) -> None:
        """Draw an arrow."""
        along = (end - start) / max(1e-9, float(np.hypot(*(end - start))))
        across = np.array([-along[1], along[0]])
        self.lines(
            [
                (start, end),
                (end, end - 9 * along + 5 * across),
                (end, end - 9 * along - 5 * across),
            ],
            colour,
            2.5,
        )

    def text(self, at: Floats, text: str, size: float, colour: str = "#222") -> None:
        """Write text centred at a point."""
        self._parts.append(
            f'<text x="{at[0]:.1f}" y="{at[1]:.1f}" font-size="{size:g}" fill="{colour}" '
            f'text-anchor="middle" dominant-baseline="middle">{text}</text>'
        )

    def write(self, path: Path) -> None:
        """Write the file."""
        path.write_text("\n".join([*self._parts, "</svg>"]) + "\n")


def edges() -> list[tuple[int, int]]:
    """Return every edge of the mesh once."""
    triangles = mesh_triangles().astype(int)
    pairs = np.concatenate([triangles[:, [0, 1]], triangles[:, [1, 2]], triangles[:, [2, 0]]])
    return [(int(a), int(b)) for a, b in np.unique(np.sort(pairs, axis=1), axis=0)]


def head(picture: Picture, rotation: Floats, middle: Floats, scale: float) -> None:
    """Draw the mean head's mesh and its three axes, as seen by a distant camera."""
    seen = HEAD @ rotation.T * scale
    flat = seen[:, :2] + middle
    picture.lines(((flat[a], flat[b]) for a, b in edges()), "#bbb", 0.5)
    nose = flat[FULL.ibug68[30]]
    for axis, colour, sign in ((0, RED, 1), (1, GREEN, 1), (2, BLUE, -1)):
        end = nose + sign * rotation[:2, axis] * 85 * scale
        if np.hypot(*(end - nose)) > 8:
            picture.arrow(nose, end, colour)


def axes(path: Path) -> None:
    """Draw a head that looks into the camera and the same head turned by each of the angles."""
    picture = Picture(1000, 290)
    for column, (name, angles) in enumerate(
        (
            ("looks into the camera", (0, 0, 0)),
            ("yaw +35: to image left", (35, 0, 0)),
            ("pitch +25: up", (0, 25, 0)),
            ("roll +25: clockwise", (0, 0, 25)),
            ("turn 60, nod 20: (60, -20, 0)", (60, -20, 0)),
        )
    ):
        middle = np.array([100 + 200 * column, 105.0])
        head(picture, matrix_from_angles(*angles), middle, 0.85)
        picture.text(np.array([middle[0], 245]), name, 13)
    picture.text(np.array([150, 275]), "x: image right, subject's left", 13, RED)
    picture.text(np.array([420, 275]), "y: down", 13, GREEN)
    picture.text(np.array([700, 275]), "out of the face (the z axis points into it)", 13, BLUE)
    picture.write(path)


def indices(path: Path) -> None:
    """Draw the indices of all points on the unrolled head, and the eyes enlarged."""
    picture = Picture(1500, 1460)
    depth = HEAD[:DENSE, 2].max() + 10.0
    turn = np.arctan2(HEAD[:, 0], depth - HEAD[:, 2])
    flat = np.column_stack([750 + 490 * turn, 580 + 5.6 * (HEAD[:, 1] - HEAD[:DENSE, 1].mean())])
    picture.lines(((flat[a], flat[b]) for a, b in edges()), "#ddd", 0.6)
    known = {int(point): number for number, point in enumerate(FULL.ibug68)}
    for index in range(DENSE):
        picture.text(flat[index], str(index), 8.5, RED if index in known else "#222")
    picture.text(np.array([750, 24]), "0-519 on the unrolled head; red: the 68 points of iBUG", 16)
    sides = (
        ("the subject's right eye", FULL.right_lid, FULL.right_iris, 380.0),
        ("the subject's left eye", FULL.left_lid, FULL.left_iris, 1120.0),
    )
    for name, lid, iris, x in sides:
        if lid is None or iris is None:
            raise ValueError("this layout has no lids")
        middle = HEAD[lid, :2].mean(0)
        place = (HEAD[:, :2] - middle) * 19.0 + (x, 1290.0)
        picture.lines(zip(place[lid], np.roll(place[lid], -1, axis=0), strict=True), "#ccc", 1)
        for index in (*lid, *iris):
            picture.text(place[index], str(index), 13, BLUE if index in iris else "#222")
        picture.text(np.array([x, 1430]), f"{name}: lids {lid[0]}-{lid[-1]}, iris blue", 16)
    picture.write(path)


def main() -> None:
    """Write both pictures."""
    folder = Path(sys.argv[1] if len(sys.argv) > 1 else "docs/images")
    folder.mkdir(parents=True, exist_ok=True)
    axes(folder / "axes.svg")
    indices(folder / "landmarks.svg")


if __name__ == "__main__":
    main()
