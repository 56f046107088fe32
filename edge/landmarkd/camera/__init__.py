"""Frame sources: cameras, files, the demo clip."""

import os
from pathlib import Path
from urllib.parse import parse_qs, quote

from landmarkd import registry
from landmarkd.camera.base import FrameSource
from landmarkd.camera.devices import has_camera_port_sensor
from landmarkd.errors import UsageError
from landmarkd.uri import holds_login, parse_uri

ENTRY_POINTS = "landmarkd.sources"
NETWORK = ("rtsp", "rtsps", "http", "https")
SOURCES = {
    "picamera2": "landmarkd.camera.picamera2:Picamera2Source",
    "v4l2": "landmarkd.camera.v4l2:V4l2Source",
    "file": "landmarkd.camera.video:VideoSource",
    "images": "landmarkd.camera.images:ImageFolderSource",
    "demo": "landmarkd.camera.demo:DemoSource",
    **dict.fromkeys(NETWORK, "landmarkd.camera.network:NetworkSource"),
    "scripted": "landmarkd.camera.scripted:ScriptedSource",
}

VIDEOS = frozenset({".avi", ".m4v", ".mjpeg", ".mkv", ".mov", ".mp4", ".mpg", ".ts", ".webm"})
PICTURES = frozenset({".bmp", ".jpeg", ".jpg", ".pgm", ".png", ".ppm", ".tif", ".tiff", ".webp"})


def make_source(uri: str, *, fast: bool = False) -> FrameSource:
    """Return the source that `uri` names, not yet open.

    Args:
        uri: for example ``v4l2:/dev/video0?size=640x480&fps=30``, or a short form, see
            `written_out`.
        fast: deliver the frames of a file as fast as they are read instead of at their own pace.

    Raises:
        UsageError: unknown scheme or options.
        MissingPackageError: a package that the source needs is missing.
    """
    uri = written_out(uri)
    parsed = parse_uri(uri, registry.Names(SOURCES, ENTRY_POINTS))
    source: FrameSource = registry.load(SOURCES, ENTRY_POINTS, parsed.scheme)(parsed, fast=fast)
    return source


def written_out(text: str) -> str:
    """Return the URI of a short form, and any other text unchanged.

    ``0`` and ``/dev/video0`` are V4L2 devices, ``clip.mp4`` is a video, an existing picture or
    folder is ``images:``, ``demo`` and ``v4l2`` are the schemes, and ``camera`` is the camera of
    this machine: the one at the camera port of the Raspberry Pi if there is one, else the first USB
    camera.

    Raises:
        UsageError: an address with a name and a password.
    """
    refuse_credentials(text)
    name, mark, options = text.partition("?")
    options = mark + options
    if name == "camera":
        return ("picamera2:" if has_camera_port_sensor() else "v4l2:") + options
    if name in {"demo", "v4l2", "picamera2"}:
        return f"{name}:{options}"
    if name.isascii() and name.isdecimal():
        return f"v4l2:/dev/video{name}{options}"
    if name.startswith(("/dev/video", "/dev/v4l/")):
        return f"v4l2:{text}"
    if name and ":" not in name and (scheme := _scheme_of_file(name)):
        return f"{scheme}:{quote(os.fsencode(name))}{options}"
    return text


def rotation_of(uri: str) -> int:
    """Return the option ``rotation`` of a source, degrees; 0 without a valid one."""
    (text, *_) = parse_qs(uri.partition("?")[2]).get("rotation", ["0"])
    return int(text) if text in {"90", "180", "270"} else 0


def _scheme_of_file(name: str) -> str | None:
    """Return ``images`` or ``file`` for an existing path or a known suffix, else None."""
    try:
        path = Path(name).expanduser()
        there, folder = path.exists(), path.is_dir()
    except (OSError, RuntimeError, ValueError):  # not a valid name of a file
        return None
    if folder or path.suffix.lower() in PICTURES:
        return "images"
    return "file" if there or path.suffix.lower() in VIDEOS else None


def refuse_credentials(text: str) -> None:
    """Refuse a URI with a name and a password, without repeating them.

    Raises:
        UsageError: says where to put them.
    """
    scheme, _, rest = text.partition(":")
    if scheme.lower() in NETWORK and holds_login(rest):
        raise UsageError(
            f"The {scheme.lower()} URI holds a name and a password, which would be logged and "
            "sent; write NAME:PASSWORD into a file and add ?credentials=/path/to/it; write an @ in "
            "the path as %40."
        )
