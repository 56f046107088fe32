import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from landmarkd.camera import make_source
from landmarkd.camera.demo import CLIP
from landmarkd.daemon import baselines
from landmarkd.daemon.baselines import BaselineKeeper, BaselineStore
from landmarkd.daemon.service import Service
from landmarkd.errors import SinkError, UsageError
from landmarkd.pipeline import Pipeline
from landmarkd.settings.config import Configuration
from landmarkd.signals.monitor import DriverBaseline

KNOWN = DriverBaseline(0.28, 0.31, -12.5, 4.0, -10.0, 2.0)


@pytest.fixture
def store(tmp_path):
    return BaselineStore(tmp_path / "drivers")


def test_comes_back_as_it_was_saved(store):
    path = store.save("anna", KNOWN)
    assert store.load("anna") == KNOWN
    assert store.names() == ["anna"]
    assert json.loads(path.read_text())["open_left"] == 0.28
    assert [file.name for file in store.folder.iterdir()] == ["anna.json"]


def test_a_driver_without_gaze_comes_back_too(store):
    plain = DriverBaseline(0.28, 0.31, 0.0, 0.0)
    store.save("ben", plain)
    assert store.load("ben") == plain


def test_can_be_forgotten(store):
    assert not store.remove("anna")
    store.save("anna", KNOWN)
    assert store.remove("anna")
    assert store.load("anna") is None
    assert store.names() == []


@pytest.mark.parametrize("name", ["", "../../etc/passwd", "a b", "x" * 33, "ä"])
def test_a_name_is_never_a_path(store, name):
    with pytest.raises(UsageError, match="letters"):
        store.load(name)


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    st.binary(max_size=200)
    | st.dictionaries(
        st.sampled_from(["version", "open_left", "head_yaw", "gaze_yaw"]),
        st.none() | st.floats() | st.integers() | st.text(max_size=3),
    ).map(lambda values: json.dumps(values).encode())
)
def test_any_other_file_is_no_baseline(tmp_path, content):
    (tmp_path / "anna.json").write_bytes(content)
    assert BaselineStore(tmp_path).load("anna") is None


@pytest.mark.parametrize(("name", "value"), [
    ("open_left", 0.0), ("open_right", 3.0), ("head_yaw", 120.0),
    ("version", 2), ("head_pitch", None), ("open_left", True),
])  # fmt: skip
def test_impossible_values_are_no_baseline(store, name, value):
    path = store.save("anna", KNOWN)
    path.write_text(json.dumps({**json.loads(path.read_text()), name: value}))
    assert store.load("anna") is None


def test_a_folder_that_cannot_be_made_gets_a_sentence(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(SinkError, match="not kept"):
        BaselineStore(tmp_path / "file" / "drivers").save("anna", KNOWN)


def test_the_folder_is_systemds_or_the_users(monkeypatch, tmp_path):
    monkeypatch.setenv("STATE_DIRECTORY", f"{tmp_path}/one:{tmp_path}/two")
    assert BaselineStore().folder == tmp_path / "one" / "drivers"
    monkeypatch.delenv("STATE_DIRECTORY")
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    assert BaselineStore().folder == tmp_path / "landmarkd" / "drivers"


class TestKeeper:
    def test_writes_at_the_end_and_only_what_changed(self, store):
        keeper = BaselineKeeper(store, "anna")
        assert not keeper.offer(None, now=True)
        assert not keeper.offer(KNOWN)
        assert keeper.offer(KNOWN, now=True)
        assert not keeper.offer(DriverBaseline(0.285, 0.31, -12.0, 4.5, -10.0, 2.0), now=True)
        assert keeper.offer(DriverBaseline(0.32, 0.31, -12.5, 4.0, -10.0, 2.0), now=True)
        assert keeper.offer(DriverBaseline(0.32, 0.31, -12.5, 4.0), now=True)

    def test_a_disk_that_takes_nothing_is_only_said(self, tmp_path, caplog):
        (tmp_path / "file").write_text("")
        keeper = BaselineKeeper(BaselineStore(tmp_path / "file" / "drivers"), "anna")
        assert not keeper.offer(KNOWN, now=True)
        assert "not kept" in caplog.text

    def test_writes_seldom(self, store, monkeypatch):
        clock = [0.0]
        monkeypatch.setattr(baselines, "monotonic", lambda: clock[0])
        keeper = BaselineKeeper(store, "anna")
        written = 0
        for second in range(3600):
            clock[0] = float(second)
            written += keeper.offer(DriverBaseline(0.1 + second / 10_000, 0.3, 0.0, 0.0))
        assert written == 5


def test_the_daemon_keeps_the_baseline_of_the_first_person(store, monkeypatch):
    """The driver of the clip leaves and comes back, as another person would."""
    monkeypatch.setattr(baselines, "SAVE_EVERY_S", 0.0)
    monkeypatch.setattr(baselines, "CHANGED", dict.fromkeys(baselines.CHANGED, 0.0))
    driver = {"eyes_trusted_s": 0.2, "forward_trusted_s": 0.2, "absent_s": 0.3}
    configuration = Configuration.model_validate({"driver": driver})
    faces, stored = [], []

    def note(report):
        faces.append(report.face is not None)
        stored.append(store.load("anna"))

    Service(
        make_source(f"file:{CLIP}", fast=True),
        Pipeline(configuration),
        [],
        on_report=note,
        keeper=BaselineKeeper(store, "anna"),
    ).run()
    left = len(faces) - faces[::-1].index(False) - 1
    assert stored[left] is not None
    assert stored[left] != stored[left // 2], "it is stored again and again"
    assert sum(faces[left:]) > 15
    assert store.load("anna") == stored[left]
