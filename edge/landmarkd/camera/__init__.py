"""Frame sources: cameras, files, the demo clip."""

from landmarkd import registry
from landmarkd.camera.base import FrameSource
from landmarkd.uri import parse_uri

ENTRY_POINTS = "landmarkd.sources"
SOURCES = {
    "picamera2": "landmarkd.camera.picamera2:Picamera2Source",
    "v4l2": "landmarkd.camera.v4l2:V4l2Source",
    "file": "landmarkd.camera.video:VideoSource",
    "images": "landmarkd.camera.images:ImageFolderSource",
    "demo": "landmarkd.camera.demo:DemoSource",
    "scripted": "landmarkd.camera.scripted:ScriptedSource",
}


def make_source(uri: str, *, fast: bool = False) -> FrameSource:
    """Return the source that `uri` names, not yet open.

    Args:
        uri: for example ``v4l2:/dev/video0?size=640x480&fps=30``.
        fast: deliver the frames of a file as fast as they are taken instead of at their own pace.

    Raises:
        UsageError: unknown scheme or options.
        MissingPackageError: a package that the source needs is missing.
    """
    parsed = parse_uri(uri, registry.Names(SOURCES, ENTRY_POINTS))
    source: FrameSource = registry.load(SOURCES, ENTRY_POINTS, parsed.scheme)(parsed, fast=fast)
    return source
