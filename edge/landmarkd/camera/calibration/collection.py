"""Views for a calibration: which are used, and which is needed next."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from landmarkd.camera.calibration.view import BoardView

GRID_COLUMNS, GRID_ROWS = 4, 3
"""Fields of the picture; corners are needed in each of them."""
ENOUGH_VIEWS = 15
MIN_VIEWS = 8
"""With fewer views, focal length and distance are hard to separate."""
TILTED_DEG = 15.0
"""Views without a tilt cannot separate a longer lens from a nearer board."""
TILTED_VIEWS = 2
"""Number of views for each of the four tilts."""
NEW_SHARE = 0.05
"""A view is new if its corners moved by this share of the width, or its tilt by `NEW_TILT_DEG`."""
NEW_TILT_DEG = 8.0
STILL_PX = 2.0
STILL_SHARE = 0.004
"""A live board is still if it moved less than this share of the width between two frames."""
TILTS = (
    "its top towards the camera",
    "its top away from the camera",
    "the edge at the right of the picture towards the camera",
    "the edge at the left of the picture towards the camera",
)
"""In the order of `BoardView.tilt_x_deg` above and below 0, then `tilt_y_deg`."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """The result for a view: taken, or the reason why not."""

    taken: bool
    reason: str


class Collection:
    """The views so far.

    Args:
        live: the board is moved in front of a camera: views must be still and differ from each
            other.

    Attributes:
        live: as above.
        views: the taken views.
        covered: (GRID_ROWS, GRID_COLUMNS) int, corners in each field of the picture.
    """

    def __init__(self, *, live: bool) -> None:
        self.views: list[BoardView] = []
        self.covered: NDArray[np.int64] = np.zeros((GRID_ROWS, GRID_COLUMNS), np.int64)
        self.live = live
        self._before: BoardView | None = None

    def offer(self, view: BoardView | None) -> Verdict:
        """Take a view if it is good and new."""
        before, self._before = self._before, view
        if view is None:
            return Verdict(False, "no board is seen")
        if self.views and (view.width, view.height) != (self.views[0].width, self.views[0].height):
            first = self.views[0]
            return Verdict(
                False,
                f"it is {view.width}x{view.height} and not {first.width}x{first.height} "
                "as the first",
            )
        defect = view.defect()
        if defect is not None:
            return Verdict(False, defect)
        if self.live and not _stands_still(before, view):
            return Verdict(False, "hold the board still")
        if any(_is_alike(view, other) for other in self.views):
            return Verdict(False, "it is like one that was taken before")
        self.views.append(view)
        columns = np.clip(
            view.corners[:, 0] * GRID_COLUMNS / view.width, 0, GRID_COLUMNS - 1
        ).astype(int)
        rows = np.clip(view.corners[:, 1] * GRID_ROWS / view.height, 0, GRID_ROWS - 1).astype(int)
        np.add.at(self.covered, (rows, columns), 1)
        return Verdict(True, "taken")

    @property
    def complete(self) -> bool:
        """Whether no more views are needed."""
        return self.advice() is None

    @property
    def progress(self) -> float:
        """Share of the needed views, 0 to 1."""
        tilted = sum(min(count, TILTED_VIEWS) for count in self._tilts()) / (
            TILTED_VIEWS * len(TILTS)
        )
        views = min(len(self.views), ENOUGH_VIEWS) / ENOUGH_VIEWS
        return float((views + tilted + (self.covered > 0).mean()) / 3)

    def advice(self) -> str | None:
        """Return what to show next, or None if nothing is missing."""
        if not self.views:
            return "show the whole board to the camera, so that it fills about half of the picture"
        empty = np.argwhere(self.covered == 0)
        if len(empty):
            row, column = empty[0]
            return f"move the board to the {_place(int(row), int(column))} of the picture"
        for count, how in zip(self._tilts(), TILTS, strict=True):
            if count < TILTED_VIEWS:
                return f"tilt the board by about 30 degrees, {how}"
        missing = ENOUGH_VIEWS - len(self.views)
        return f"{missing} more views from other places and distances" if missing > 0 else None

    def _tilts(self) -> tuple[int, int, int, int]:
        x = np.array([view.tilt_x_deg for view in self.views])
        y = np.array([view.tilt_y_deg for view in self.views])
        return (
            int((x > TILTED_DEG).sum()),
            int((x < -TILTED_DEG).sum()),
            int((y > TILTED_DEG).sum()),
            int((y < -TILTED_DEG).sum()),
        )


def _stands_still(before: BoardView | None, view: BoardView) -> bool:
    if before is None:
        return False
    moved = _movement(before, view)
    return moved is not None and moved < max(STILL_PX, STILL_SHARE * view.width)


def _is_alike(view: BoardView, other: BoardView) -> bool:
    moved = _movement(view, other)
    return (
        moved is not None
        and moved < NEW_SHARE * view.width
        and abs(view.tilt_x_deg - other.tilt_x_deg) < NEW_TILT_DEG
        and abs(view.tilt_y_deg - other.tilt_y_deg) < NEW_TILT_DEG
    )


def _movement(view: BoardView, other: BoardView) -> float | None:
    """Return the mean distance in pixels of common corners; None without common corners."""
    _, here, there = np.intersect1d(view.ids, other.ids, return_indices=True)
    if len(here) == 0:
        return None
    return float(np.linalg.norm(view.corners[here] - other.corners[there], axis=1).mean())


def _place(row: int, column: int) -> str:
    side = "left" if column == 0 else "right" if column == GRID_COLUMNS - 1 else "middle"
    height = ("top", "", "bottom")[row]
    if side == "middle":
        return f"{height or 'middle'}"
    return f"{height} {side}".strip()
