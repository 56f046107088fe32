"""The faults of a daemon in sentences, from its snapshot."""

import os
from dataclasses import dataclass

from landmarkd.daemon.snapshot import RELOADING, STOPPED, SinkSnapshot, Snapshot

STALE_S = 3.0
"""A snapshot is written each second; if it is older, the daemon hangs."""

RELOAD_S = 60.0
"""No snapshot is written during a reload: models are loaded, and a driver may need 5 s to close the
old camera and 12 s to open the new one. If that fails, the old configuration is built again."""

TOO_SLOW = 0.1
"""A daemon that skips more than this share of the frames is too slow for the camera."""

_HANGS = (
    "The daemon has written no status for {:.0f} s: it hangs, and systemd restarts it when its "
    "watchdog runs out, or its runtime directory cannot be written; journalctl -u landmarkd says "
    "which."
)

_CAMERA_KINDS = {
    "corrupt": "delivers frames that cannot be decoded or have another size",
    "stale": "repeats an old frame with its old time",
    "identical": "repeats the same picture",
}


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """The state of the daemon in sentences.

    Attributes:
        alive: the process runs.
        age_s: of the snapshot.
        hangs: it runs, and the snapshot is older than its state allows.
        troubles: faults, each a sentence that says what to do, if possible.
        notes: unusual states that may be intended.
    """

    alive: bool
    age_s: float
    hangs: bool
    troubles: tuple[str, ...]
    notes: tuple[str, ...] = ()


def diagnose(snapshot: Snapshot, now_ns: int) -> Diagnosis:
    """Return the diagnosis of the newest snapshot at a monotonic time."""
    age_s = (now_ns - snapshot.updated_ns) / 1e9
    # A snapshot from the future was written before the machine was restarted.
    alive = snapshot.state != STOPPED and age_s >= 0 and _runs(snapshot.pid)
    hangs = alive and age_s > (RELOAD_S if snapshot.state == RELOADING else STALE_S)
    if alive and snapshot.state == RELOADING and not hangs:
        return Diagnosis(alive, age_s, hangs, (), ("The configuration is being reloaded.",))
    if alive:
        notes = [
            f"{sink.uri}: {sink.note}." for sink in snapshot.sinks if sink.connected and sink.note
        ]
        if snapshot.saving:
            notes.append(
                f"Every frame is saved as a picture in {snapshot.saving}, because of --save-frames."
            )
        late = [_HANGS.format(age_s)] if hangs else []
        return Diagnosis(alive, age_s, hangs, (*late, *_troubles(snapshot)), tuple(notes))
    if snapshot.state != STOPPED:
        ended = (
            "The daemon ended without a clean stop: it was killed, or the machine lost power; "
            "see journalctl -u landmarkd."
        )
    elif snapshot.failure:
        ended = f"The daemon ended by itself: {snapshot.failure}"
    else:
        ended = "The daemon was stopped; start it with sudo systemctl start landmarkd."
    return Diagnosis(alive, age_s, hangs, (ended,))


def _runs(pid: int) -> bool:
    if pid <= 0:
        return False
    try:
        os.kill(pid, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except PermissionError:
        return True
    return True


def _troubles(snapshot: Snapshot) -> list[str]:
    troubles = _camera(snapshot)
    if snapshot.refused:
        troubles.append(
            f"The new configuration was refused, and the old one is still used: {snapshot.refused}"
        )
    if "delegate" in snapshot.degraded:
        troubles.append(
            "The Coral was lost or refused, the CPU does its work; see landmarkd doctor."
        )
    if snapshot.throttled:
        troubles.append("The CPU was throttled or saw too low a voltage; see landmarkd doctor.")
    if snapshot.captured_fps and snapshot.skipped_fps > TOO_SLOW * snapshot.captured_fps:
        troubles.append(
            f"{snapshot.skipped_fps:.0f} of {snapshot.captured_fps:.0f} frames a second "
            "are skipped: the machine is too slow or busy with something else; "
            "see landmarkd profile."
        )
    troubles += [trouble for sink in snapshot.sinks for trouble in _sink(sink)]
    return troubles


def _camera(snapshot: Snapshot) -> list[str]:
    name = f"The camera {snapshot.source}".rstrip()
    kinds = [text for kind, text in _CAMERA_KINDS.items() if getattr(snapshot, f"{kind}_fps") > 0]
    troubles = [f"{name} {text}." for text in kinds]
    if snapshot.state == "waiting":
        troubles.append(
            f"waiting for the camera: {snapshot.camera_trouble}; it starts when the camera comes."
        )
    elif snapshot.state == "reopening" or snapshot.camera_trouble:
        reason = f" ({snapshot.camera_trouble})" if snapshot.camera_trouble else ""
        troubles.append(
            f"{name} does not deliver{reason} and is opened again and again; check its cable."
        )
    elif snapshot.state == "stalled" and not kinds:
        troubles.append(f"{name} delivers nothing.")
    elif snapshot.attention == "blocked":
        troubles.append(f"{name} sees nothing at all: it is covered, or it is dark.")
    return troubles


def _sink(sink: SinkSnapshot) -> list[str]:
    because = f": {sink.last_error}" if sink.last_error else ""
    if not sink.connected:
        return [f"{sink.uri} is not connected{because}."]
    if sink.dropped_fps > 0:
        rate = f"{sink.dropped_fps:.0f} reports a second"
        return [f"{sink.uri} drops {rate}: its line or receiver is too slow{because}."]
    return []
