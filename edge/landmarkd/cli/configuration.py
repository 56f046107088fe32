"""`landmarkd config show|check`."""

import json
from typing import TYPE_CHECKING, Annotated, Any

import typer

from landmarkd.cli.options import (
    ConfigOption,
    ModelOption,
    SinkOption,
    SourceOption,
    read_configuration,
)
from landmarkd.display import plain
from landmarkd.uri import redacted

if TYPE_CHECKING:
    from pydantic import BaseModel


MAX_SHOWN = 4000
"""Characters of a sentence that names all sinks."""

commands = typer.Typer(help="Show and check the configuration.", no_args_is_help=True)


@commands.command()
def show(
    config: ConfigOption = None,
    as_json: Annotated[bool, typer.Option("--json", help="JSON instead of TOML.")] = False,
) -> None:
    """Print the effective configuration, including defaults, as a usable file."""
    from landmarkd.settings.config import load_configuration

    configuration = load_configuration(config)
    if as_json:
        print(json.dumps(configuration.model_dump(mode="json"), indent=2))
    else:
        print("\n".join(_toml(configuration)))


@commands.command()
def check(
    config: ConfigOption = None,
    source: SourceOption = None,
    sink: SinkOption = None,
    model: ModelOption = None,
) -> None:
    """Check the configuration as for a start or a reload: values, files, devices, models.

    The options are those of landmarkd run, for what the file leaves out.

    Exit code: 78 for a wrong value; for something missing, that of `landmarkd run`. Nothing is
    opened, so that a running daemon is not disturbed.
    """
    from landmarkd.daemon.factory import ServiceFactory
    from landmarkd.daemon.notify import Notifier
    from landmarkd.daemon.requests import Requests

    configuration = read_configuration(config, source=source, sinks=sink, model=model)
    ServiceFactory(Requests(), Notifier("")).build(configuration).close()
    print(
        plain(
            f"The configuration is correct: {redacted(configuration.source.uri)} to "
            f"{', '.join(map(redacted, configuration.sinks))}.",
            MAX_SHOWN,
        )
    )


def _toml(model: "BaseModel", name: str = "") -> list[str]:
    """Return lines of TOML, each field under its description; sections after plain fields."""
    from pydantic import BaseModel

    lines = [f"[{name}]"] if name else []
    sections: list[str] = []
    plain = model.model_dump(mode="json")
    for key, field in type(model).model_fields.items():
        value = getattr(model, key)
        if isinstance(value, BaseModel):
            sections += ["", *_toml(value, f"{name}.{key}" if name else key)]
            continue
        if field.description:
            lines.append(f"# {field.description}")
        lines.append(f"# {key} =" if value is None else f"{key} = {_value(plain[key])}")
    return lines + sections


def _value(value: Any) -> str:
    if isinstance(value, dict):
        items = (f"{_value(key)} = {_value(item)}" for key, item in value.items())
        return f"{{ {', '.join(items)} }}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(_value, value)) + "]"
    if isinstance(value, bool | int | float):
        return json.dumps(value)
    # What a terminal would act on is escaped as TOML has it.
    text = json.dumps(str(value), ensure_ascii=False)
    return "".join(c if c.isprintable() else f"\\U{ord(c):08x}" for c in text)
