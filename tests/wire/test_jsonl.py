"""JSON lines, of reports and of what the wire brought, against the published schema."""

import json
from dataclasses import replace
from importlib.resources import files

import jsonschema
import numpy as np
import pytest
from landmarkd.enums import EventKind
from landmarkd.layout import layout_of
from landmarkd.wire import Encoder, EncoderOptions, Selection, jsonl

from tests.wire.builders import driver, event, report, session
from tests.wire.test_stream import receive

SCHEMA = json.loads(files("landmarkd.wire").joinpath("report.schema.json").read_text())
VALIDATOR = jsonschema.Draft202012Validator(SCHEMA)


def test_the_schema_is_a_schema() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)


@pytest.mark.parametrize("count", [520, 562])
@pytest.mark.parametrize("with_face", [True, False])
def test_a_report_is_a_valid_line(count: int, with_face: bool) -> None:
    text = jsonl.encode(
        report(
            5,
            with_face=with_face,
            count=count,
            state=driver(5, event(), active=(EventKind.MICROSLEEP,)),
        )
    )
    assert "\n" not in text
    VALIDATOR.validate(json.loads(text))


def test_the_numbers_are_the_reports() -> None:
    sent = report(5)
    assert sent.face is not None
    line = json.loads(jsonl.encode(sent))
    face = line["face"]
    assert (line["source"], line["sequence"], line["captured_ns"]) == ("demo:", 5, sent.captured_ns)
    np.testing.assert_allclose(face["points"], sent.face.points, atol=0.006)
    np.testing.assert_allclose(
        face["ibug68"], sent.face.points[layout_of("landmarkd-562").ibug68], atol=0.006
    )
    np.testing.assert_allclose(face["box"], sent.face.box, atol=0.006)
    assert face["roi"] == {"x": 320, "y": 240, "side": 400, "angle": 3.5}
    assert face["pose"]["rotation"] == [[1, 0, 0], [0, 1, 0], [0, 0, 1]]
    assert face["pose"]["yaw"] == pytest.approx(sent.face.pose.yaw, abs=0.006)


def test_no_number_that_json_does_not_know() -> None:
    sent = report(5)
    assert sent.face is not None
    points = sent.face.points.copy()
    points[3, 1] = np.nan
    pose = replace(sent.face.pose, yaw=float("inf"), translation_mm=np.full(3, np.nan, np.float32))
    line = json.loads(
        jsonl.encode(replace(sent, face=replace(sent.face, points=points, pose=pose)))
    )
    assert line["face"]["points"] is None
    assert line["face"]["pose"]["yaw"] is None
    VALIDATOR.validate(line)


@pytest.mark.parametrize("selection", list(Selection))
@pytest.mark.parametrize("with_face", [True, False])
def test_what_the_wire_brought_has_the_same_keys(selection: Selection, with_face: bool) -> None:
    sent = report(5, with_face=with_face, state=driver(5, event(), active=(EventKind.MICROSLEEP,)))
    (record,) = receive(Encoder(session(), EncoderOptions(selection)).encode(sent))
    line, original = json.loads(jsonl.encode_record(record)), json.loads(jsonl.encode(sent))
    VALIDATOR.validate(line)
    assert line.keys() == original.keys()
    assert line["driver"]["events"] == original["driver"]["events"]
    assert line["driver"]["active"] == ["microsleep"]
    assert line["degraded"] == ["delegate"]
    if with_face:
        assert line["face"].keys() == original["face"].keys()
        assert (line["face"]["points"] is None) == (selection is not Selection.ALL)
        assert (line["face"]["ibug68"] is None) == (
            selection not in {Selection.ALL, Selection.IBUG68}
        )
        ibug68 = np.array(line["face"]["ibug68"] or [])
        assert (ibug68 == ibug68.round(2)).all()
