"""Lab Streaming Layer: liblsl's own inlet receives what the sink's outlet sends."""

import math
from pathlib import Path

import pytest
from landmarkd.errors import UsageError
from landmarkd.sinks import make_sink
from landmarkd.sinks.table import columns

from tests.sinks.test_contract import until
from tests.wire.builders import report, session


@pytest.fixture
def lsl(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Return pylsl, confined to this machine: the library reads its configuration when it loads."""
    configuration = tmp_path / "lsl_api.cfg"
    configuration.write_text("[multicast]\nResolveScope = machine\n[log]\nlevel = -3\n")
    monkeypatch.setenv("LSLAPICFG", str(configuration))
    return pytest.importorskip("pylsl", reason="needs pylsl with liblsl", exc_type=Exception)


def test_an_inlet_receives_numbers_names_and_times(lsl) -> None:
    sent = [report(i, with_face=i % 2 > 0) for i in range(6)]
    with make_sink("lsl:test-landmarkd?points=68", session()) as sink:
        assert until(lambda: sink.statistics.connected)
        (found,) = lsl.resolve_byprop("name", "test-landmarkd", timeout=20)
        inlet = lsl.StreamInlet(found)
        info = inlet.info(timeout=10)
        inlet.open_stream(timeout=10)
        for each in sent:
            sink.submit(each, wait=True)
        got = [inlet.pull_sample(timeout=10) for _ in sent]
        inlet.close_stream()
    names, label = [], info.desc().child("channels").child("channel")
    while not label.empty():
        names.append(label.child_value("label"))
        label = label.next_sibling()
    assert names == [name for name, kind in columns(68).items() if kind is not str]
    assert (info.type(), info.source_id()) == ("Gaze", "landmarkd-bench")
    for each, (values, time_s) in zip(sent, got, strict=True):
        sample = dict(zip(names, values, strict=True))
        assert time_s == pytest.approx(each.captured_ns / 1e9, abs=1e-6)
        assert sample["frame"] == each.sequence
        if each.face is None:
            assert sample["success"] == 0
            assert math.isnan(sample["yaw_deg"])
        else:
            assert sample["yaw_deg"] == pytest.approx(each.face.pose.yaw, abs=1e-3)


def test_a_stream_needs_a_name() -> None:
    for uri in ("lsl:", "lsl:\udcff"):
        with pytest.raises(UsageError, match="name the stream"):
            make_sink(uri, session())
