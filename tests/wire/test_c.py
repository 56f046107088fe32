"""The C99 decoder: strict compilation, the golden messages, garbage under the sanitizers, the
Arduino example."""

import json
import select
import shutil
import subprocess
from pathlib import Path

import pytest
from landmarkd.enums import EventKind
from landmarkd.wire import Decoder, Encoder, EncoderOptions
from landmarkd.wire.codec import Packet, decode_packet, encode_packet
from landmarkd.wire.framing import MAX_SERIAL_MESSAGE, frame_messages
from landmarkd.wire.names import StatusFlag
from landmarkd.wire.schema import Status
from landmarkd.wire.text import packet_text

from tests.wire.builders import driver, event, report, session
from tests.wire.hour import compare
from tests.wire.make_golden import GOLDEN
from tools.wire_generate.outputs import PACKAGE, outputs

C = PACKAGE / "c"
HERE = Path(__file__).parent / "c"
STRICT = ["-Wall", "-Wextra", "-Wpedantic", "-Werror", f"-I{C}"]
golden = json.loads(GOLDEN.read_text())

needs_c = pytest.mark.skipif(
    shutil.which("gcc") is None, reason="needs a C compiler: apt install gcc"
)
needs_cpp = pytest.mark.skipif(
    shutil.which("g++") is None, reason="needs a C++ compiler: apt install g++"
)


@pytest.fixture(scope="module")
def build(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("c")


@pytest.fixture(scope="module")
def dump(build: Path) -> Path:
    flags = [
        "-std=c99",
        "-O1",
        "-Wconversion",
        "-fsanitize=address,undefined",
        "-fno-sanitize-recover=all",
    ]
    subprocess.run(
        ["gcc", *flags, *STRICT, C / "examples/dump.c", "-o", build / "dump"], check=True
    )
    return build / "dump"


def run(program: Path, stream: bytes, *arguments: str) -> str:
    done = subprocess.run([program, *arguments], input=stream, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout.decode()


def drive(frames: int = 60) -> bytes:
    encoder = Encoder(session(), EncoderOptions(max_message=MAX_SERIAL_MESSAGE))
    messages = []
    for i in range(frames):
        happened = (event(),) if i == 7 else ()
        state = driver(i, *happened, active=(EventKind.MICROSLEEP,))
        messages += encoder.encode(report(i, with_face=i % 9 > 0, state=state))
    return frame_messages([*messages, encoder.bye(frames)])


def test_the_generated_files_are_fresh() -> None:
    stale = [str(path) for path, text in outputs().items() if path.read_text() != text]
    assert not stale, "run python -m tools.wire_generate"


@pytest.mark.parametrize("vector", golden, ids=[vector["name"] for vector in golden])
def test_python_passes_the_golden_messages(vector: dict[str, str]) -> None:
    data = bytes.fromhex(vector["message"])
    assert packet_text(decode_packet(data)) == vector["text"]
    assert encode_packet(decode_packet(data)) == data
    (packet,) = Decoder().feed(bytes.fromhex(vector["serial"]))
    assert packet_text(packet) == vector["text"]


@needs_c
def test_c_passes_the_golden_messages(dump: Path) -> None:
    stream = b"".join(bytes.fromhex(vector["serial"]) for vector in golden)
    assert run(dump, stream).splitlines() == [vector["text"] for vector in golden]


@needs_c
def test_c_prints_each_message_when_it_comes(dump: Path) -> None:
    """On a slow line the next kilobytes take seconds."""
    with subprocess.Popen([dump], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(bytes.fromhex(golden[0]["serial"]))
        process.stdin.flush()
        ready, _, _ = select.select([process.stdout], [], [], 30)
        process.stdin.close()
        assert ready
        assert process.stdout.readline().decode().strip() == golden[0]["text"]


@needs_c
def test_c_prints_a_drive_exactly_like_python(dump: Path) -> None:
    stream = drive()
    assert run(dump, stream).splitlines() == [
        packet_text(packet) for packet in Decoder().feed(stream)
    ]


@needs_c
def test_c_finds_the_next_good_frame_behind_garbage(dump: Path) -> None:
    garbage = bytes(range(1, 256)) * 3 + b"\0\x05\0\xff\xff\0" + bytes(50)
    stream = drive(5)
    assert run(dump, garbage + b"\0" + stream) == run(dump, stream)


@needs_c
def test_no_bytes_upset_the_c_decoder(build: Path) -> None:
    flags = ["-std=c99", "-O1", "-g", "-fsanitize=address,undefined", "-fno-sanitize-recover=all"]
    subprocess.run(["gcc", *flags, *STRICT, HERE / "fuzz.c", "-o", build / "fuzz"], check=True)
    seeds = b"".join(bytes.fromhex(vector["serial"]) for vector in golden)
    told = run(build / "fuzz", seeds, "1", "200000")
    # Half of the damaged messages have a valid checksum, so that they pass the first check.
    assert int(told.split()[0]) > 20_000


@needs_cpp
def test_the_arduino_example_runs_on_the_host(build: Path) -> None:
    include = [f"-I{HERE}", f"-I{C}", f"-I{C / 'examples/attention_lamp'}"]
    sources = ["-x", "c++", HERE / "host.cpp"]
    subprocess.run(
        ["g++", "-std=c++11", "-Wall", "-Werror", *include, *sources, "-o", build / "lamp"],
        check=True,
    )
    attentive = run(build / "lamp", drive())
    assert "yaw" in attentive
    assert attentive.endswith("lamp 0\nflashes 2\n")
    # "Unknown" flashes briefly; half a second into its period, where "distracted" is on, it is off.
    unknown = encode_packet(Packet(0, 0, 0, Status(flags=StatusFlag.DRIVER)))
    assert run(build / "lamp", frame_messages([unknown])).startswith("lamp 0\n")
    vector = next(v for v in golden if v["name"] == "status of a face")
    assert run(build / "lamp", bytes.fromhex(vector["serial"])) == "yaw -37.25\nlamp 1\nflashes 2\n"


@needs_c
def test_half_a_minute_of_stream_is_the_same_in_both_languages(tmp_path: Path) -> None:
    counted = compare(1000, tmp_path)
    assert counted["messages"] > 1000 * 8
    assert counted["load"] < 1
