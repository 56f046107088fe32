"""A user's mistakes: one sentence with what to do, a documented exit code, no half-written file."""

import json
import os
import pty
import socket
from pathlib import Path

import pytest
from landmarkd.errors import ExitCode
from landmarkd.vision.zoo import open_zoo

from tests.process import landmarkd


def assert_one_sentence(arguments: tuple[str, ...], code: ExitCode, words: tuple[str, ...]) -> None:
    done = landmarkd(*arguments)
    assert done.returncode == code, done.stderr
    said = [line for line in done.stderr.splitlines() if line]
    assert len(said) == 1, done.stderr
    assert said[0].startswith("landmarkd: ")
    for word in words:
        assert word in said[0]
    assert not done.stdout


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("mistakes")
    (folder / "empty.mp4").write_bytes(b"")
    (folder / "text.mp4").write_text("this is no video\n" * 100)
    (folder / "nothing").mkdir()
    (folder / "empty.toml").write_text("")
    (folder / "bad.toml").write_text("[tracker]\npresence = 7\n")
    (folder / "boxes.json").write_text('{"a.jpg": [5, 5, 1, 1]}')
    return folder


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (("run",), ExitCode.USAGE, ("--source",)),
        (("run", "--source", "demo:"), ExitCode.USAGE, ("--sink",)),
        (
            ("run", "--sink", "jsonl:-", "--source", "file:{}/none.mp4"),
            ExitCode.NO_INPUT,
            ("none.mp4",),
        ),
        (
            ("run", "--sink", "jsonl:-", "--source", "file:{}/empty.mp4"),
            ExitCode.DATA,
            ("empty.mp4",),
        ),
        (
            ("run", "--sink", "jsonl:-", "--source", "file:{}/text.mp4"),
            ExitCode.DATA,
            ("text.mp4", "not a video"),
        ),
        (
            ("run", "--sink", "jsonl:-", "--source", "images:{}/nothing"),
            ExitCode.NO_INPUT,
            ("nothing",),
        ),
        (
            ("run", "--sink", "jsonl:-", "--source", "srt://camera"),
            ExitCode.USAGE,
            ("unknown scheme 'srt:'", "v4l2:"),
        ),
        (
            ("run", "--sink", "carrier-pigeon:coop", "--source", "demo:"),
            ExitCode.USAGE,
            ("unknown scheme", "udp:"),
        ),
        (
            ("run", "--sink", "serial:///dev/ttyS0?baud=12", "--source", "demo:"),
            ExitCode.USAGE,
            ("baud",),
        ),
        (("run", "--sink", "udp://host:99999", "--source", "demo:"), ExitCode.USAGE, ("ort",)),
        (
            ("run", "--sink", "jsonl:{}/no/such/folder", "--source", "demo:"),
            ExitCode.IO,
            ("no/such/folder",),
        ),
        (("run", "--source", "demo:", "--frames", "0"), ExitCode.USAGE, ("--help",)),
        (("run", "--source", "demo:", "--frobnicate"), ExitCode.USAGE, ("--frobnicate", "--help")),
        (("run", "--config", "{}/none.toml"), ExitCode.CONFIGURATION, ("none.toml",)),
        (
            ("run", "--config", "{}/bad.toml"),
            ExitCode.CONFIGURATION,
            ("tracker.presence", "less than 1"),
        ),
        (
            ("config", "check", "--config", "{}/bad.toml"),
            ExitCode.CONFIGURATION,
            ("tracker.presence",),
        ),
        (
            ("run", "--source", "demo:", "--sink", "jsonl:-", "--model", "no-such-model"),
            ExitCode.DATA,
            ("no-such-model", "known are"),
        ),
        (("annotate", "{}/none.jpg", "--out", "{}/out"), ExitCode.NO_INPUT, ("none.jpg",)),
        (("annotate", "{}/nothing", "--out", "{}/out"), ExitCode.NO_INPUT, ("nothing",)),
        (("annotate", "{}/empty.mp4"), ExitCode.USAGE, ("--out", "--jsonl")),
        (
            ("annotate", "{}/empty.mp4", "--jsonl", "-", "--boxes", "{}/boxes.json"),
            ExitCode.DATA,
            ("a.jpg", "x1 > x0"),
        ),
        *(
            (("calibrate", what, "--config", "{}/empty.toml"), ExitCode.USAGE, ("No source",))
            for what in ("camera", "driver")
        ),
        (("fly",), ExitCode.USAGE, ("fly",)),
        (("rum",), ExitCode.USAGE, ("(did you mean 'run'?)", "see landmarkd --help")),
        (("config", "chek"), ExitCode.USAGE, ("'check'", "see landmarkd config --help")),
        (("run", "--sorce", "0"), ExitCode.USAGE, ("--source", "see landmarkd run --help")),
        (("run", "--sink", "jsonl:-", "--source", "v4l:0"), ExitCode.USAGE, ("mean v4l2:0?",)),
        (("run", "--sink", "jsonl:-", "--source", "dmeo"), ExitCode.USAGE, ("mean demo:?",)),
        (("run", "--sink", "mqqt://b", "--source", "demo"), ExitCode.USAGE, ("mean mqtt://b?",)),
        (
            ("run", "--sink", "udp:/1.2.3.4", "--source", "demo"),
            ExitCode.USAGE,
            ("udp://1.2.3.4:",),
        ),
        (("run", "--sink", "a.csv", "--source", "demo"), ExitCode.USAGE, ("mean csv:a.csv?",)),
        *(
            ((*command, option, wrong), ExitCode.USAGE, (f"'{option}'", "--help"))
            for command, option in (
                (("replay", "{}/none.lmk", "--sink", "jsonl:-"), "--from"),
                (("listen", "udp://127.0.0.1:0"), "--duration"),
                (("view", "udp://127.0.0.1:0", "--no-browser"), "--duration"),
                (("run", "--source", "demo"), "--duration"),
                (("calibrate", "camera", "--source", "demo"), "--limit"),
            )
            for wrong in ("inf", "nan")
        ),
        # Folders where a file is meant, some without a name of their own.
        *((("report", folder), ExitCode.NO_INPUT, ("directory",)) for folder in (".", "/")),
        *(
            ((*command, folder), ExitCode.IO, ("directory",))
            for command, folder in (
                (("profile", "--source", "demo:", "--json"), "/"),
                (("calibrate", "board", "--out"), "."),
                (("calibrate", "camera", "{}/none.jpg", "--out"), "{}/nothing"),
            )
        ),
        (("calibrate", "presets", "--size", "00x00"), ExitCode.USAGE, ("640x480",)),
        (("listen", "5005"), ExitCode.USAGE, ("mean udp://:5005?",)),
        (("help", "sourcs"), ExitCode.USAGE, ("mean sources?",)),
        (("help", "run"), ExitCode.USAGE, ("landmarkd run --help",)),
    ],
)
def test_a_mistake_is_one_sentence_and_a_code(
    folder: Path, arguments: tuple[str, ...], code: ExitCode, words: tuple[str, ...]
) -> None:
    assert_one_sentence(
        tuple(argument.replace("{}", str(folder)) for argument in arguments), code, words
    )
    assert not (folder / "out").exists(), "nothing half-written"


@pytest.fixture
def altered_zoo(tmp_path: Path) -> tuple[Path, Path]:
    zoo = open_zoo()
    name, card = zoo.landmarks()
    manifest = json.loads((zoo.folder / "manifest.json").read_text())
    manifest["models"] = {name: manifest["models"][name]}
    (tmp_path / "manifest.json").write_text(json.dumps(manifest))
    model = tmp_path / card.file
    model.write_bytes((zoo.folder / card.file).read_bytes())
    configuration = tmp_path / "landmarkd.toml"
    configuration.write_text(
        f'sinks = ["jsonl:-"]\n[source]\nuri = "demo:"\n[model]\nfolder = "{tmp_path}"\n'
    )
    return model, configuration


@pytest.mark.parametrize("damage", ["missing", "empty", "truncated", "flipped"])
def test_a_damaged_model_is_refused_before_the_runtime_opens_it(
    altered_zoo: tuple[Path, Path], damage: str
) -> None:
    model, configuration = altered_zoo
    content = bytearray(model.read_bytes())
    if damage == "missing":
        model.unlink()
    elif damage == "empty":
        model.write_bytes(b"")
    elif damage == "truncated":
        model.write_bytes(content[: len(content) // 2])
    else:
        content[len(content) // 2] ^= 4
        model.write_bytes(content)
    assert_one_sentence(
        ("run", "--config", str(configuration)), ExitCode.DATA, (model.name, "reinstall")
    )


def test_a_port_in_use_is_said(tmp_path: Path) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind(("127.0.0.1", 0))
        uri = f"udp://127.0.0.1:{taken.getsockname()[1]}"
        assert_one_sentence(("listen", uri), ExitCode.TEMPORARY, ("in use",))


@pytest.mark.skipif(os.geteuid() == 0, reason="root may open every device")
def test_a_device_without_permission_says_which_group_helps(tmp_path: Path) -> None:
    master, slave = pty.openpty()
    device = os.ttyname(slave)
    Path(device).chmod(0)
    try:
        assert_one_sentence(
            ("run", "--source", "demo:", "--sink", f"serial://{device}"),
            ExitCode.NO_PERMISSION,
            ("dialout",),
        )
    finally:
        os.close(master)
        os.close(slave)
