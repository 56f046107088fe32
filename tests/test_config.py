import os
import tomllib
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from landmarkd.cli.configuration import _toml
from landmarkd.cli.options import read_configuration
from landmarkd.errors import AccessError, ConfigurationError
from landmarkd.settings.config import Configuration, load_configuration


def write(folder: Path, text: str | bytes) -> Path:
    path = folder / "landmarkd.toml"
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


def test_command_line_wins_over_file_and_file_over_defaults(tmp_path: Path) -> None:
    path = write(
        tmp_path,
        'sinks = ["jsonl:-"]\n[source]\nuri = "v4l2:/dev/video7"\ncamera = "guess:70deg"\n',
    )
    assert load_configuration(path).source.uri == "v4l2:/dev/video7"
    chosen = read_configuration(path, source="demo:", sinks=["udp://localhost:1"])
    assert chosen.source.uri == "demo:"
    assert chosen.source.camera == "guess:70deg", (
        "what the command line does not name stays as in the file"
    )
    assert chosen.sinks == ("udp://localhost:1",)
    assert chosen.model == Configuration().model


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("[source", "is not TOML"),
        (b"\xff\xfe", "is not TOML"),
        ("[sauce]\n", "sauce.*known here are .*source"),
        ("[tracker]\nspeed = 1\n", r"tracker\.speed.*known here are .*presence"),
        ("[tracker]\npresence = 2\n", r"tracker\.presence: .*less than 1"),
        ("[tracker]\ntracking = 1.0\n", r"tracker\.tracking: .*less than 1"),
        ("[tracker]\nseat = [0.5, 0.1, 0.4, 0.9]\n", r"tracker: .*seat .*shares of the frame"),
        ("[tracker]\nseat = [0.1, 0.9, 0.4, 0.9]\n", r"tracker: .*seat .*shares of the frame"),
        ("[tracker]\nseat = [320, 0, 640, 480]\n", r"tracker: .*seat .*shares of the frame"),
        ("[tracker]\nseat = [-0.1, 0, 0.5, 1]\n", r"tracker: .*seat .*shares of the frame"),
        ("[model]\nthreads = 'many'\n", r"model\.threads: .*integer"),
        ("[model]\ndelegate = 'gpu'\n", r"model\.delegate: .*'none', 'auto' or 'coral'"),
        ('sinks = ["jsonl:-", "jsonl:-"]\n', "named twice"),
        ("[service]\ndevice = 'a/b'\n", r"service\.device"),
        ("x" * (1 << 20 | 1), "larger than"),
        ("a." * 500_000 + "b = 1", "is not TOML: a key with more than 500 dots"),
        (f"sinks = {[f'udp://127.0.0.1:{port}' for port in range(1, 34)]}", "at most 32 items"),
        ("[smoothing]\nbeta = 1e999\n", "finite number"),
        ("[driver]\nhold_s = 1e300\n", r"driver\.hold_s: .*less than or equal to 1000000"),
        ("[driver]\nbaseline_memory_s = 1e-300\n", "greater than or equal to 0.001"),
        ("[driver]\nhold_s = 0\n", r"driver\.hold_s: .*greater than or equal to 0\.25"),
        ("[driver]\nblip_s = 1\n", r"driver\.blip_s: .*less than or equal to 0\.5"),
        ("[driver]\nblink_gap_s = 0.01\n", r"driver\.blink_gap_s: .*greater than or equal to"),
        ("[driver]\nforward_limits = [91, 40]\n", r"driver\.forward_limits.*or equal to 90"),
        ("[driver]\nforward_limits = [60, 91]\n", r"driver\.forward_limits.*or equal to 90"),
        ("[driver]\nforward_limits = [0, 40]\n", r"driver\.forward_limits.*greater than 0"),
        ("[driver]\nperclos_levels = [0, 0.1, 0.2]\n", r"driver\.perclos_levels.*greater than 0"),
        ("[driver]\nperclos_levels = [0.1, 0.5, 1.5]\n", r"driver\.perclos_levels.*less than 1"),
        ("[driver]\nperclos_window_s = 15\n", "perclos_min_s must be below perclos_window_s"),
        ("[driver]\nsharing_window_s = 8\n", "sharing_away_s must be below sharing_window_s"),
        ("[driver]\nblink_max_s = 1.5\n", "blink_max_s, microsleep_s.* must rise"),
    ],
)
def test_a_wrong_file_is_told_the_field_and_what_is_allowed(
    tmp_path: Path, text: str | bytes, complaint: str
) -> None:
    with pytest.raises(ConfigurationError, match=complaint):
        load_configuration(write(tmp_path, text))


def test_a_file_that_was_written_on_windows_is_read(tmp_path: Path) -> None:
    path = write(tmp_path, b'\xef\xbb\xbf[source]\r\nuri = "demo:"\r\n')
    assert load_configuration(path).source.uri == "demo:"


def test_a_missing_file_is_an_error_only_when_it_was_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="No such file"):
        load_configuration(tmp_path / "none.toml")
    assert load_configuration(None) == Configuration()


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_an_unreadable_file_says_how_to_make_it_readable(tmp_path: Path) -> None:
    path = write(tmp_path, "")
    path.chmod(0)
    with pytest.raises(AccessError, match="chmod"):
        load_configuration(path)


def test_what_is_shown_can_be_loaded_again_and_means_the_same(tmp_path: Path) -> None:
    configuration = read_configuration(
        None, source="file:ä \x9b31m\u202e😀.mp4", sinks=["udp://h:1", 'jsonl:"x"']
    )
    shown = "\n".join(_toml(configuration))
    assert all(c == "\n" or c.isprintable() for c in shown)
    assert load_configuration(write(tmp_path, shown)) == configuration


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
@given(content=st.binary(max_size=200) | st.text(max_size=200).map(str.encode))
def test_any_content_is_a_configuration_or_an_error_with_a_sentence(
    tmp_path: Path, content: bytes
) -> None:
    with suppress(ConfigurationError):
        load_configuration(write(tmp_path, content))
        tomllib.loads(content.decode("utf-8-sig"))


def test_the_example_of_the_service_is_right() -> None:
    example = Path(__file__).resolve().parents[1] / "systemd" / "landmarkd.toml"
    configuration = load_configuration(example)
    assert configuration.source.uri.startswith("picamera2:")
    assert configuration.sinks
