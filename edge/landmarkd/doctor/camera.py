"""Checks of cameras, and of the Python library for the camera port of the Pi."""

import os
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

from landmarkd.camera import written_out
from landmarkd.camera.devices import VideoDevice, cameras
from landmarkd.doctor.finding import Check, Finding, Severity, fault, note, ok, warning
from landmarkd.machine import Machine, may_use, trial
from landmarkd.settings.config import Configuration

# In another process: picamera2 may crash with another numpy, and libcamera writes to standard
# error.
_TRIAL = """
import json
from landmarkd.camera.picamera2 import import_picamera2
from landmarkd.errors import LandmarkdError
try:
    library, _, _ = import_picamera2()
    cameras = [str(info.get("Model", "?")) for info in library.global_camera_info()]
    print("\\n" + json.dumps({"cameras": cameras}))
except LandmarkdError as error:
    print("\\n" + json.dumps({"problem": str(error)}))
"""


def camera_port(
    machine: Machine,
    configuration: Configuration,
    attempt: Callable[..., tuple[Any, str]] | None = None,
) -> Iterator[Finding]:
    """picamera2 loads (with numpy, libcamera, pykms) and lists a camera at the camera port."""
    wanted = written_out(configuration.source.uri).startswith("picamera2:")
    if not (machine.is_raspberry_pi or wanted):
        return
    severity = Severity.ERROR if wanted else Severity.NOTE
    answer, problem = (attempt or partial(trial, _TRIAL))()
    if not isinstance(answer, dict):
        text = f"picamera2 does not load: {problem}"
        remedy = (
            "sudo apt install -y --reinstall python3-picamera2, "
            "in an environment with --system-site-packages."
        )
    elif "problem" in answer:
        text, _, remedy = answer["problem"].partition("; ")
        remedy = remedy or "sudo apt install -y python3-picamera2"
    elif not answer["cameras"]:
        text = "libcamera finds no camera on the camera port"
        remedy = (
            "Power off, reseat the ribbon cable at both ends, then: rpicam-hello --list-cameras"
        )
    else:
        yield ok("camera_port", f"libcamera finds {', '.join(answer['cameras'])}.")
        return
    yield Finding("camera_port", severity, f"{text}.", remedy)


def video_devices(
    machine: Machine, configuration: Configuration, found: Callable[[], list[VideoDevice]] = cameras
) -> Iterator[Finding]:
    """USB cameras exist and may be opened."""
    uri = written_out(configuration.source.uri)
    wanted = uri.removeprefix("v4l2:").partition("?")[0] if uri.startswith("v4l2:") else None
    if wanted and not machine.path(wanted).exists():
        remedy = "Plug it in, and use a name that does not change: ls /dev/v4l/by-id"
        yield fault("video", f"{wanted}, the configured camera, does not exist.", remedy)
    forbidden = [node for node in machine.glob("/dev/video[0-9]*") if not may_use(node)]
    if forbidden:
        severity = Severity.ERROR if wanted else Severity.WARNING
        text = f"{forbidden[0].name} may not be opened by this user."
        yield Finding("video", severity, text, "sudo usermod -aG video $USER, and log in again.")
        return
    devices = found()
    if devices:
        yield ok(
            "video",
            f"V4L2 cameras: {', '.join(f'{device.path} ({device.name})' for device in devices)}.",
        )
    elif not wanted:
        yield note("video", "No V4L2 (USB) camera is connected; landmarkd demo needs none.")


def busy(machine: Machine, _: Configuration) -> Iterator[Finding]:
    """No other program uses a camera."""
    holders: dict[str, set[str]] = {}
    for link in machine.glob("/proc/[0-9]*/fd/*"):
        target = _target(link)
        if target.startswith(("/dev/video", "/dev/media")) and link.parts[-3] != str(os.getpid()):
            process = link.parts[-3]
            name = machine.read(f"/proc/{process}/comm") or "?"
            holders.setdefault(target, set()).add(f"{name} (process {process})")
    for node, names in sorted(holders.items()):
        if any(name.startswith(("landmarkd ", "wireplumber ", "pipewire ")) for name in names):
            # The service of landmarkd; sound servers look at cameras without blocking them.
            continue
        text = f"{node} is used by {', '.join(sorted(names))}."
        yield warning("camera_busy", text, f"Stop that program; sudo fuser -v {node} shows it.")


def _target(link: Path) -> str:
    try:
        return str(link.readlink())
    except OSError:
        return ""


CHECKS: tuple[Check, ...] = (camera_port, video_devices, busy)
