"""Faces of known pose, lids, irises and mouth, seen by a camera of known intrinsics.

They are the mean head with moved points.
"""

import numpy as np
from landmarkd.layout import DENSE, Layout, canonical_points, layout_of
from landmarkd.rotation import matrix_from_angles
from landmarkd.types import FaceObservation, Intrinsics, RegionOfInterest

FULL = layout_of("landmarkd-562")
DENSE_ONLY = layout_of("dense-520")
CAMERA = Intrinsics(554.0, 554.0, 319.5, 239.5, 640, 480, "guess:60deg")
EYEBALL_MM = {"right": (-32.0, 0.0, 12.1), "left": (32.0, 0.0, 12.1)}
"""Centres of the eyeballs of the mean head, measured on its sclera meshes."""


def rings(layout):
    """Return the rings of lid points of both eyes as a layout has them."""
    if layout.right_lid is not None:
        return {"right": layout.right_lid, "left": layout.left_lid}
    return {"right": layout.ibug68[36:42], "left": layout.ibug68[42:48]}


def head(layout: Layout = FULL, *, left=1.0, right=1.0, gaze=(0.0, 0.0), mouth=0.0, lids_down=0.0):
    """Return a head in its own frame, millimetres.

    Args:
        layout: of the points.
        left, right: 1 leaves the lids as they are in the mean head, 0 shuts them.
        gaze: yaw and pitch of the eyes in the head, degrees.
        lids_down: how far the lids go down, widths of the eye, as in a look down.
        mouth: gap of the inner lips over their width that is added.
    """
    points = canonical_points(layout).astype(np.float64).copy()
    for name, openness in (("right", right), ("left", left)):
        ring = rings(layout)[name]
        half = len(ring) // 2
        upper, lower = ring[1:half], ring[:half:-1]
        meet = 0.2 * points[upper] + 0.8 * points[lower]
        points[upper] = meet + openness * (points[upper] - meet)
        points[lower] = meet + openness * (points[lower] - meet)
        drop = lids_down * float(np.linalg.norm(points[ring[half]] - points[ring[0]]))
        points[np.delete(ring, [0, half]), 1] += drop
        iris = getattr(layout, f"{name}_iris")
        if iris is not None:
            centre = np.array(EYEBALL_MM[name])
            points[iris] = (points[iris] - centre) @ matrix_from_angles(*gaze, 0.0).T + centre
    lips = layout.ibug68[60:68]
    width = np.linalg.norm(points[lips[4]] - points[lips[0]])
    points[layout.ibug68[[65, 66, 67]], 1] += mouth * width
    points[layout.ibug68[4:13], 1] += 0.5 * mouth * width
    return points


def seen(points, *, yaw=0.0, pitch=0.0, roll=0.0, at_mm=(0.0, 0.0, 600.0), camera=CAMERA):
    """Return the landmarks of a head in an image: (count, 3) float32, pixels.

    Depth is along the ray to the face, because the landmark model sees the face's crop alone.
    """
    space = points @ matrix_from_angles(yaw, pitch, roll).T + np.array(at_mm)
    middle = space[:DENSE].mean(0)
    ray = middle / np.linalg.norm(middle)
    along = space @ ray
    mean = along[:DENSE].mean()
    focal = 0.5 * (camera.fx + camera.fy) / ray[2]
    return np.column_stack(
        [
            camera.fx * space[:, 0] / space[:, 2] + camera.cx,
            camera.fy * space[:, 1] / space[:, 2] + camera.cy,
            (mean - along) * focal / mean,
        ]
    ).astype(np.float32)


def observation(points, *, score=1.0, sigma=None, track=0, eyes=None):
    """Return the points as an observation of the landmark model."""
    roi = RegionOfInterest(320.0, 240.0, 250.0)
    return FaceObservation(score, roi, points, sigma, eyes=eyes, track=track)
