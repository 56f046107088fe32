"""Reports without smoothing, for receivers that filter themselves (``smoothing=none``)."""

from dataclasses import replace

from landmarkd.types import Report
from landmarkd.uri import Uri


def wants_unsmoothed(uri: Uri) -> bool:
    """Return whether a URI asks for unsmoothed values: ``smoothing=none``, else ``smoothing=yes``.

    Raises:
        UsageError: any other word.
    """
    return uri.choice("smoothing", ("yes", "none", "no")) != "yes"


def unsmoothed(report: Report) -> Report:
    """Return a report with unsmoothed points, box and pose.

    A received report has only one kind of points and is returned unchanged.
    """
    face = report.face
    if face is None:
        return report
    points = face.observation.points
    if not len(points):
        return report
    low, high = points[:, :2].min(axis=0), points[:, :2].max(axis=0)
    box = (float(low[0]), float(low[1]), float(high[0]), float(high[1]))
    pose = face.raw_pose or face.pose
    return replace(report, face=replace(face, points=points, box=box, pose=pose))
