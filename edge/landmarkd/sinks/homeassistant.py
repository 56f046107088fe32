"""Home Assistant: one message that makes a device with sensors (MQTT device discovery).

Fields are those of https://www.home-assistant.io/integrations/mqtt/ (discovery of whole devices,
Home Assistant 2024.11 and later). A sensor is "unknown" if its template gives "None".
"""

import json
from typing import Any

from landmarkd.enums import Attention
from landmarkd.types import Session

_DEGREES = {
    "unit_of_measurement": "°",
    "state_class": "measurement",
    "suggested_display_precision": 0,
}
_STALLED = "'camera_stalled' in value_json.degraded"


def identifier(name: str) -> str:
    """Return a name as one level of a topic: ASCII letters, digits, hyphens and underscores."""
    kept = (c if c.isascii() and (c.isalnum() or c in "-_") else "-" for c in name)
    return "".join(kept) or "unnamed"


def discovery(session: Session, prefix: str, root: str = "homeassistant") -> tuple[str, bytes]:
    """Return topic and payload of the discovery message.

    Args:
        session: of the device.
        prefix: of the topics ``PREFIX/state`` and ``PREFIX/status``.
        root: Home Assistant's discovery prefix.
    """
    name = f"landmarkd-{identifier(session.device)}"
    payload = {
        "device": {
            "identifiers": [name],
            "name": session.device,
            "manufacturer": "landmarkd",
            "model": session.model,
            "sw_version": session.version or "unknown",
        },
        "origin": {"name": "landmarkd", "sw_version": session.version or "unknown"},
        "availability_topic": f"{prefix}/state",
        "state_topic": f"{prefix}/status",
        "qos": 0,
        "components": {
            key: {"unique_id": f"{name}-{key}", **entity} for key, entity in _entities().items()
        },
    }
    return f"{root}/device/{name}/config", json.dumps(payload, ensure_ascii=False).encode()


def _face(path: str) -> str:
    return "{{ value_json.face." + path + " if value_json.face else None }}"


def _driver(path: str, scale: str = "") -> str:
    value = f"value_json.driver.{path}"
    known = f"value_json.driver and {value} is not none"
    return "{{ " + f"({value}){scale} if {known} else None" + " }}"


def _sensor(name: str, template: str, **more: Any) -> dict[str, Any]:
    return {"platform": "sensor", "name": name, "value_template": template, **more}


def _yes_no(name: str, condition: str, unknown: str = "false", **more: Any) -> dict[str, Any]:
    template = "{{ None if " + unknown + " else 'ON' if " + condition + " else 'OFF' }}"
    return {"platform": "binary_sensor", "name": name, "value_template": template, **more}


def _entities() -> dict[str, dict[str, Any]]:
    return {
        "yaw": _sensor("Head yaw", _face("pose.yaw"), **_DEGREES),
        "pitch": _sensor("Head pitch", _face("pose.pitch"), **_DEGREES),
        "roll": _sensor("Head roll", _face("pose.roll"), **_DEGREES),
        "distance": _sensor(
            "Head distance",
            _face("pose.translation_mm[2]"),
            device_class="distance",
            unit_of_measurement="mm",
            state_class="measurement",
        ),
        "attention": _sensor(
            "Attention",
            _driver("attention"),
            device_class="enum",
            options=[each.value for each in Attention],
        ),
        "drowsiness": _sensor("Drowsiness", _driver("drowsiness"), state_class="measurement"),
        "perclos": _sensor(
            "PERCLOS",
            _driver("perclos", " * 100"),
            unit_of_measurement="%",
            state_class="measurement",
            suggested_display_precision=1,
        ),
        "level": _sensor("Alert level", _driver("level"), state_class="measurement"),
        "face": _yes_no("Face", "value_json.face", unknown=_STALLED, device_class="occupancy"),
        "camera": _yes_no("Camera", _STALLED, device_class="problem", entity_category="diagnostic"),
    }
