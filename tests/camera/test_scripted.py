import json
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from landmarkd.camera import make_source
from landmarkd.camera.scripted import ACTIONS, read_script
from landmarkd.errors import SourceError, SourceFormatError, SourceLostError, SourceTimeoutError

from tests.camera.clips import SIZE, write_clip


def script(tmp_path, data):
    path = tmp_path / "script.json"
    path.write_text(data if isinstance(data, str) else json.dumps(data))
    return path


def test_frames_can_come_from_a_clip_round_and_round(tmp_path):
    write_clip(tmp_path / "face.mp4", frames=3)
    width, height = SIZE
    path = script(
        tmp_path,
        {
            "clip": "face.mp4",
            "size": [width, height],
            "fps": 200,
            "steps": [{"do": "frames", "count": 7}],
        },
    )
    with make_source(f"scripted:{path}") as source:
        levels = [round((source.read(1.0).image[-10:, -10:].mean() - 20) / 8) for _ in range(7)]
    assert levels == [0, 1, 2, 0, 1, 2, 0]


def test_a_disconnected_camera_fails_to_read_and_to_open(tmp_path):
    path = script(tmp_path, {"steps": [{"do": "disconnect"}]})
    source = make_source(f"scripted:{path}")
    with pytest.raises(SourceError, match="cable"):
        source.open()
    path = script(tmp_path, {"steps": [{"do": "frames"}, {"do": "disconnect"}]})
    source = make_source(f"scripted:{path}")
    source.open()
    source.read(1.0)
    with pytest.raises(SourceLostError):
        source.read(1.0)
    with pytest.raises(SourceError):
        source.fresh().open()


def test_silence_times_out(tmp_path):
    path = script(tmp_path, {"steps": [{"do": "silence"}]})
    with make_source(f"scripted:{path}") as source, pytest.raises(SourceTimeoutError):
        source.read(0.01)


@pytest.mark.parametrize(
    "data",
    [
        " ",
        "[]",
        "{}",
        {"steps": {}},
        {"steps": [{"do": "dance"}]},
        {"steps": [{"do": "frames", "seconds": 1}]},
        {"steps": [{"do": "block", "count": 1}]},
        {"steps": [{"do": "frames", "count": -1}]},
        {"steps": [{"do": "silence", "seconds": float("nan")}]},
        {"steps": [], "size": [64]},
        {"steps": [], "size": [1, 1]},
        {"steps": [], "fps": 0},
        {"steps": [], "color": "blue"},
    ],
)
def test_a_wrong_script_is_named(tmp_path, data):
    with pytest.raises(SourceFormatError, match=r"script\.json is not a camera script"):
        read_script(script(tmp_path, data))


def test_the_actions_are_listed_for_who_mistypes_one(tmp_path):
    with pytest.raises(SourceFormatError) as caught:
        read_script(script(tmp_path, {"steps": [{"do": "freeze"}]}))
    assert all(action in str(caught.value) for action in ACTIONS)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=6), inner, max_size=4)
    ),
    max_leaves=8,
)
steps = st.fixed_dictionaries(
    {"do": st.sampled_from(sorted(ACTIONS)) | json_values},
    optional={"count": json_values, "seconds": json_values},
)


@settings(max_examples=60, deadline=None)
@given(
    st.fixed_dictionaries(
        {"steps": st.lists(steps, max_size=3)}, optional={"size": json_values, "fps": json_values}
    )
)
def test_no_script_raises_anything_else(tmp_path_factory, data):
    path = tmp_path_factory.mktemp("scripts") / "script.json"
    path.write_text(json.dumps(data))
    with suppress(SourceFormatError):
        read_script(path)
