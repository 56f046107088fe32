"""The dashboards of docs/dashboards use numbers that the daemon really publishes."""

import json
import re
from importlib.resources import files
from pathlib import Path

import pytest

from tests.daemon.snapshots import running, sink
from tests.daemon.test_metrics import metrics, port, scraped  # noqa: F401 - fixtures

FOLDER = Path(__file__).resolve().parents[2] / "docs" / "dashboards"
SCHEMA = json.loads(files("landmarkd.wire").joinpath("report.schema.json").read_text())


def queries(name: str) -> list[str]:
    panels = json.loads((FOLDER / name).read_text())["panels"]
    return [
        target.get("expr") or target["query"] for panel in panels for target in panel["targets"]
    ]


def test_every_metric_is_published(metrics, port) -> None:  # noqa: F811
    metrics.publish(running(temperature_c=50.0, sinks=(sink(),)))
    published = {name.partition("{")[0] for name in scraped(port)}
    wanted = {name for text in queries("grafana-prometheus.json")
              for name in re.findall(r"landmarkd_\w+", text)}  # fmt: skip
    assert len(wanted) > 8
    assert wanted <= published


def fields(schema: dict, at: str = "") -> set[str]:
    """The keys of a JSON line, nested ones joined as Telegraf does."""
    if "$ref" in schema:
        schema = SCHEMA["$defs"][schema["$ref"].rpartition("/")[2]]
    for choice in ("anyOf", "oneOf"):
        if choice in schema:
            return set().union(*(fields(each, at) for each in schema[choice]))
    if "properties" not in schema:
        return {at}
    return set().union(
        *(
            fields(each, f"{at}_{name}" if at else name)
            for name, each in schema["properties"].items()
        )
    )


EVENT = {"kind", "phase", "level"}
"""The fields of a message about an event."""


def asked(query: str) -> set[str]:
    return set(re.findall(r'r\._field == "(\w+)"', query))


@pytest.mark.parametrize("query", queries("grafana-influxdb.json"))
def test_every_field_is_in_a_line_or_an_event(query: str) -> None:
    assert asked(query)
    assert asked(query) <= fields(SCHEMA) | EVENT


def test_no_event_and_no_alarm_is_left_out_between_two_points() -> None:
    """One value for each window of time is the highest level, and never one of several events."""
    found = queries("grafana-influxdb.json")
    (events,) = [query for query in found if asked(query) & EVENT]
    assert asked(events) == EVENT
    assert "aggregateWindow" not in events
    assert "limit(" in events
    (level,) = [query for query in found if "driver_level" in asked(query)]
    assert "fn: max" in level


def differences(ours: object, theirs: object, at: str = "dashboard") -> list[str]:
    """Which parts of ours are missing in theirs, or differ."""
    if isinstance(ours, dict) and isinstance(theirs, dict):
        return [
            line
            for name, value in ours.items()
            if value is not None
            for line in differences(value, theirs.get(name), f"{at}.{name}")
        ]
    if isinstance(ours, list) and isinstance(theirs, list) and len(ours) == len(theirs):
        pairs = enumerate(zip(ours, theirs, strict=True))
        return [line for n, (a, b) in pairs for line in differences(a, b, f"{at}[{n}]")]
    return [] if ours == theirs else [f"{at}: {ours!r} is {theirs!r}"]


def through_grafanas_types(dashboard: dict) -> dict:
    """A dashboard read into the types that Grafana generates from its schemas, and back."""
    models = pytest.importorskip("grafana_foundation_sdk.models.dashboard")
    from grafana_foundation_sdk.cog.encoder import JSONEncoder

    return json.loads(JSONEncoder(sort_keys=True).encode(models.Dashboard.from_json(dashboard)))


@pytest.mark.parametrize("name", ["grafana-prometheus.json", "grafana-influxdb.json"])
def test_grafanas_own_types_keep_every_key(name: str) -> None:
    dashboard = json.loads((FOLDER / name).read_text())
    assert differences(dashboard, through_grafanas_types(dashboard)) == []


def test_a_misspelt_key_is_noticed() -> None:
    dashboard = json.loads((FOLDER / "grafana-prometheus.json").read_text())
    panel = dashboard["panels"][0]
    panel["gridPosition"] = panel.pop("gridPos")
    assert differences(dashboard, through_grafanas_types(dashboard))
