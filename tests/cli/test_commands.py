"""The commands as a user tries them."""

import json
import re
import subprocess
import threading
from importlib.resources import files
from pathlib import Path

import cv2
import jsonschema
import numpy as np
import pytest
from landmarkd.camera.demo import CLIP
from landmarkd.layout import LAYOUTS
from landmarkd.receive.loopback import Listener, PtyLink, udp_loopback

from tests import clip
from tests.process import command, landmarkd

EVAL = Path(__file__).resolve().parents[3] / "shared" / "eval"


def test_run_prints_a_line_for_every_frame_that_the_schema_allows(tmp_path: Path) -> None:
    target = tmp_path / "out.jsonl"
    done = landmarkd("run", "--source", "demo:", "--fast", "--sink", f"jsonl:{target}")
    assert done.returncode == 0, done.stderr
    lines = [json.loads(line) for line in target.read_text().splitlines()]
    assert [line["sequence"] for line in lines] == list(range(300))
    schema = json.loads((files("landmarkd.wire") / "report.schema.json").read_text())
    validator = jsonschema.Draft202012Validator(schema)
    for line in lines[::10]:
        validator.validate(line)
    assert {line["face"] is None for line in lines} == {True, False}


def test_run_ends_by_itself_after_so_many_frames_or_seconds() -> None:
    done = landmarkd("run", "--source", "demo:", "--fast", "--sink", "jsonl:-", "--frames", "7")
    assert done.returncode == 0
    assert len(done.stdout.splitlines()) == 7
    done = landmarkd("run", "--source", "demo:?loop=yes", "--sink", "jsonl:-", "--duration", "0.5")
    assert done.returncode == 0
    assert 1 <= len(done.stdout.splitlines()) < 60


def test_output_cut_off_by_its_reader_is_no_error() -> None:
    with subprocess.Popen(
        command(["run", "--source", "demo:", "--fast", "--sink", "jsonl:-"]),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.readline()
        process.stdout.close()
        said = process.stderr.read()
        process.wait(60)
    assert "Traceback" not in said


def test_demo_decodes_all_that_it_sends() -> None:
    done = landmarkd("demo", "--fast")
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("all decoded") == 2
    assert "NOT" not in done.stdout
    assert re.search(r"frames\s+│ 300, 2\d\d with a face", done.stdout)
    assert "latency" not in done.stdout, "frames ahead of the clock have none"


@pytest.mark.parametrize("source", ["bundled", "webcam"])
def test_a_clip_reaches_listeners_over_udp_and_serial_with_nothing_lost(
    source: str, tmp_path: Path
) -> None:
    video = CLIP if source == "bundled" else EVAL / "videos" / "webcam_cap12.mp4"
    if not video.exists():
        pytest.skip("real clips lie in ../shared/eval, which is not here")
    udp, udp_uri = udp_loopback()
    serial = PtyLink()
    serial.open()
    listeners = [Listener(udp), Listener(serial)]
    done = landmarkd(
        *("run", "--source", f"file:{video}", "--fast", "--frames", "400"),
        *(
            "--sink",
            f"{udp_uri}?points=all",
            "--sink",
            serial.sink_uri,
            "--sink",
            f"jsonl:{tmp_path / 'all'}",
        ),
    )
    for listener in listeners:
        listener.close()
    assert done.returncode == 0, done.stderr
    frames = len((tmp_path / "all").read_text().splitlines())
    for receiver in (udp, serial):
        counters = receiver.counters
        assert counters.packets >= frames
        assert (counters.missing, counters.rejected) == (0, 0)


def test_listen_shows_what_run_sends() -> None:
    with subprocess.Popen(
        command(
            [
                "listen",
                "udp://127.0.0.1:15987",
                "--jsonl",
                "-",
                "--frames",
                "40",
                "--duration",
                "60",
            ]
        ),
        stdout=subprocess.PIPE,
        text=True,
    ) as listener:
        stop = threading.Event()

        def send() -> None:
            while not stop.is_set():
                landmarkd(
                    *(
                        "run",
                        "--source",
                        "demo:",
                        "--frames",
                        "60",
                        "--sink",
                        "udp://127.0.0.1:15987?points=68",
                    )
                )

        sender = threading.Thread(target=send)
        sender.start()
        try:
            out, _ = listener.communicate(timeout=120)
        finally:
            stop.set()
            sender.join()
    lines = [json.loads(line) for line in out.splitlines()]
    assert len(lines) >= 40
    line = next(line for line in lines if line["face"])
    assert len(line["face"]["ibug68"]) == 68
    points = np.array(line["face"]["ibug68"])[:, :2]
    truth = clip.truth().points68[line["sequence"]]
    assert np.linalg.norm(points - truth, axis=1).mean() < 0.06 * np.ptp(truth[:, 1])


def test_annotate_draws_and_writes_lines(tmp_path: Path) -> None:
    picture = tmp_path / "driver 1.png"
    cv2.imwrite(str(picture), clip.frames()[5].image)
    boxes = tmp_path / "boxes.json"
    boxes.write_text(json.dumps({picture.name: list(clip.box(5))}))
    out, lines = tmp_path / "out", tmp_path / "lines.jsonl"
    done = landmarkd("annotate", picture, "--out", out, "--jsonl", lines, "--boxes", boxes)
    assert done.returncode == 0, done.stderr
    (line,) = map(json.loads, lines.read_text().splitlines())
    assert line["source"] == str(picture)
    count = len(line["face"]["points"])
    assert count in {layout.count for layout in LAYOUTS.values()}
    assert clip.nme(np.array(line["face"]["points"], np.float32), 5) < 4
    drawn = cv2.imread(str(out / "driver 1.png"))
    original = clip.frames()[5].image
    assert drawn.shape == original.shape
    changed = np.abs(drawn.astype(int) - original).max(2) > 20
    x0, y0, x1, y1 = (round(value) for value in clip.box(5))
    assert changed[y0:y1, x0:x1].mean() > 0.2, "the mesh is drawn on the face"
    assert changed[y1 + 80 :].mean() < 0.01, "and nowhere else"


def test_annotate_makes_a_video_of_a_video(tmp_path: Path) -> None:
    short = tmp_path / "short.mp4"
    writer = cv2.VideoWriter(str(short), cv2.VideoWriter.fourcc(*"mp4v"), 30, (640, 480))
    for frame in clip.frames()[:12]:
        writer.write(frame.image)
    writer.release()
    done = landmarkd("annotate", short, "--out", tmp_path / "out", "--jsonl", "-")
    assert done.returncode == 0, done.stderr
    assert len(done.stdout.splitlines()) == 12
    capture = cv2.VideoCapture(str(tmp_path / "out" / "short.mp4"))
    assert int(capture.get(cv2.CAP_PROP_FRAME_COUNT)) == 12


def test_config_shows_what_it_checks(tmp_path: Path) -> None:
    shown = landmarkd("config", "show").stdout
    path = tmp_path / "landmarkd.toml"
    path.write_text(shown.replace("sinks = []", 'sinks = ["udp://localhost:5005"]'))
    done = landmarkd("config", "check", "--config", path)
    assert done.returncode == 0, done.stderr
    assert "udp://localhost:5005" in done.stdout


def test_config_check_shows_no_password(tmp_path: Path) -> None:
    path = tmp_path / "landmarkd.toml"
    path.write_text('[source]\nuri = "http://127.0.0.1:9/v?loginpas=hunter2"\n')
    done = landmarkd("config", "check", "--config", path, "--sink", "jsonl:-")
    assert done.returncode == 0, done.stderr
    assert "loginpas=***" in done.stdout
    assert "hunter2" not in done.stdout + done.stderr


@pytest.mark.parametrize(
    "arguments",
    [(), ("run",), ("demo",), ("annotate",), ("listen",), ("models",), ("doctor",), ("config",)],
)
def test_help_teaches(arguments: tuple[str, ...]) -> None:
    done = landmarkd(*arguments, "--help")
    assert done.returncode == 0
    assert "Usage" in done.stdout
