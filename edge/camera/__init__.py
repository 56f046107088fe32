"""Frame sources: cameras, files, the demo clip."""

from edge import registry
from edge.camera.base import FrameSource
from edge.uri import parse_uri

ENTRY_POINTS = "landmarkd.sources"
SOURCES = {
    "picamera2": "edge.camera.picamera2:Picamera2Source",
    "v4l2": "edge.camera.v4l2:V4l2Source",
    "file": "edge.camera.video:VideoSource",
    "images": "edge.camera.images:ImageFolderSource",
    "demo": "edge.camera.demo:DemoSource",
    "scripted": "edge.camera.scripted:ScriptedSource",
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
    parsed = parse_uri(uri, registry.names(SOURCES, ENTRY_POINTS))
    source: FrameSource = registry.load(SOURCES, ENTRY_POINTS, parsed.scheme)(parsed, fast=fast)
    return source
