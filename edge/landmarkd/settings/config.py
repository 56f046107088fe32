"""The configuration: settings, their limits, and errors for wrong values.

TOML with sections; the command line overrides the file, the file the defaults.
"""

import re
import socket
import tomllib
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import BaseModel, Field, ValidationError, model_validator

from landmarkd.errors import ConfigurationError, UsageError
from landmarkd.files import read_bounded, reading
from landmarkd.settings.driver import DriverSettings
from landmarkd.settings.setting import Section, setting
from landmarkd.settings.tracker import TrackerSettings

CONFIGURATION = Path("/etc/landmarkd.toml")
"""The default configuration file."""

MAX_BYTES = 1 << 20
"""Maximum size of a configuration file."""

MAX_DOTS = 500
"""Most dots between two equals signs: parsing time grows with the square of the parts of a key."""


class SourceSettings(Section):
    """The source of the frames."""

    uri: str = setting(
        "demo:", "picamera2:, v4l2:/dev/video0, file:clip.mp4, images:folder or demo:"
    )
    camera: str = setting(
        "guess:60deg",
        "Intrinsics: a preset's name, a calibration file, or a guess like guess:60deg.",
    )


class ModelSettings(Section):
    """The models, and where they run."""

    name: str = setting("default", "A landmark model of the zoo; see `landmarkd models`.")
    folder: Path | None = setting(None, "Another folder with models and a manifest.json.")
    eyes: str = setting(
        "default",
        "A model of the zoo for lids and irises; none switches it off.",
    )
    parts: Literal["default", "none"] = setting(
        "default", "Models for mouth and brows; none switches them off."
    )
    threads: int = setting(1, "CPU threads of the runtime.", ge=1, le=16)
    delegate: Literal["none", "auto", "coral"] = setting(
        "none", "none: CPU; auto: a Coral if it works; coral: a Coral or an error."
    )


class SmoothingSettings(Section):
    """Smoothing of points and pose over time. Eye closure is never smoothed."""

    filter: Literal["one-euro", "none"] = setting(
        "one-euro", "Filter of the points: one-euro or none."
    )
    minimum_cutoff_hz: float = setting(0.5, "Cutoff at rest; lower is calmer.", gt=0, le=100)
    beta: float = setting(
        17.0, "How fast the cutoff rises with speed in faces a second.", ge=0, le=1000
    )
    pose_filter: Literal["one-euro", "none"] = setting(
        "one-euro", "Filter of the head pose: one-euro or none."
    )
    pose_minimum_cutoff_hz: float = setting(
        0.5, "Cutoff of the pose at rest; lower is calmer.", gt=0, le=100
    )
    rotation_beta: float = setting(
        50.0, "Rise of its cutoff for each radian a second.", ge=0, le=1000
    )
    translation_beta: float = setting(
        120.0, "Rise of its cutoff for each metre a second.", ge=0, le=10000
    )


def host_name() -> str:
    """Return the first part of the name of this machine, with characters for a topic."""
    name = re.sub(r"[^A-Za-z0-9._-]", "-", socket.gethostname().partition(".")[0])
    return name[:32] or "landmarkd"


class ServiceSettings(Section):
    """The daemon as a service."""

    device: str = Field(
        default_factory=host_name,
        pattern=r"^[A-Za-z0-9._-]{1,32}$",
        description="Name of this unit on the wire; default: that of the host.",
    )
    metrics_port: int | None = setting(
        None, "Port for Prometheus on the loopback interface; default: none.", ge=1, le=65535
    )


class Configuration(Section):
    """The whole configuration."""

    source: SourceSettings = SourceSettings()
    sinks: tuple[Annotated[str, Field(min_length=1)], ...] = setting(
        (), "URIs of sinks, at most 32.", max_length=32
    )
    model: ModelSettings = ModelSettings()
    tracker: TrackerSettings = TrackerSettings()
    smoothing: SmoothingSettings = SmoothingSettings()
    driver: DriverSettings = DriverSettings()
    service: ServiceSettings = ServiceSettings()

    @model_validator(mode="after")
    def _distinct(self) -> Self:
        if len(set(self.sinks)) != len(self.sinks):
            raise ValueError("a sink is named twice")
        return self


def named_source(configuration: Configuration) -> str:
    """Return the URI of the source that the file or the command line names.

    Raises:
        UsageError: neither does; nobody wants the driver of the demo clip by default.
    """
    if "uri" not in configuration.source.model_fields_set:
        raise UsageError(
            "No source: add one, --source camera (at the ribbon cable), 0 (USB), clip.mp4 or demo, "
            "or uri in the section [source] of the configuration."
        )
    return configuration.source.uri


def load_configuration(path: Path | None) -> Configuration:
    """Read a configuration file; default: that of the system, if it exists.

    Raises:
        ConfigurationError: names the file, the field and the allowed values.
        AccessError: the file may not be read.
    """
    if path is None:
        if not CONFIGURATION.exists():
            return Configuration()
        path = CONFIGURATION
    with reading(path, ConfigurationError, "name a readable TOML file"):
        content = read_bounded(path, MAX_BYTES)
    try:
        if any(part.count(b".") > MAX_DOTS for part in re.split(rb"[\n=]", content)):
            raise ValueError(f"a key with more than {MAX_DOTS} dots")
        # Editors of Windows may begin a file with a mark of its encoding.
        values = tomllib.loads(content.decode("utf-8-sig"))
    # ValueError also covers an integer with too many digits.
    except (ValueError, RecursionError) as error:
        raise ConfigurationError(f"{path} is not TOML: {error}.") from error
    return validated(values, str(path))


def validated(values: object, origin: str) -> Configuration:
    """Return the configuration of nested values.

    Raises:
        ConfigurationError: names the origin, the first wrong field and the allowed values.
    """
    try:
        return Configuration.model_validate(values)
    except ValidationError as error:
        problems = error.errors()
        first = problems[0]
        where = ".".join(str(part) for part in first["loc"]) or "the file"
        allowed = ""
        if first["type"] == "extra_forbidden":
            allowed = f"; known here are {', '.join(_known(first['loc']))}"
        more = f" ({len(problems) - 1} more)" if len(problems) > 1 else ""
        raise ConfigurationError(f"{origin}: {where}: {first['msg']}{allowed}{more}.") from error


def _known(location: tuple[int | str, ...]) -> list[str]:
    """Return the names of the fields beside the one at `location`."""
    model: type[BaseModel] = Configuration
    for part in location[:-1]:
        annotation = (
            model.model_fields[str(part)].annotation if str(part) in model.model_fields else None
        )
        if not (isinstance(annotation, type) and issubclass(annotation, BaseModel)):
            break
        model = annotation
    return sorted(model.model_fields)
