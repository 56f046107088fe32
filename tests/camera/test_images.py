import struct
import zlib

import cv2
import numpy as np
import pytest
from landmarkd.camera import make_source
from landmarkd.camera.images import find_pictures, read_picture
from landmarkd.camera.pixels import to_bgr
from landmarkd.errors import EndOfStreamError, SourceError, SourceFormatError, UsageError

from tests.camera.clips import picture
from tests.process import landmarkd


def test_pictures_come_in_natural_order_under_their_own_names(tmp_path):
    for name in ("face10.png", "face2.png", "Face1.jpg", ".hidden.png", "notes.txt"):
        (tmp_path / name).write_bytes(cv2.imencode(".png", picture(1))[1].tobytes())
    with make_source(f"images:{tmp_path}?fps=10", fast=True) as source:
        frames = [source.read(1.0) for _ in range(3)]
        with pytest.raises(EndOfStreamError):
            source.read(1.0)
    assert [frame.source for frame in frames] == [
        str(tmp_path / n) for n in ("Face1.jpg", "face2.png", "face10.png")
    ]
    assert [frame.captured_ns - frames[0].captured_ns for frame in frames] == [
        0,
        100_000_000,
        200_000_000,
    ]


def test_a_single_picture(tmp_path):
    cv2.imwrite(str(tmp_path / "a b.png"), picture(2))
    with make_source(f"images:{tmp_path}/a%20b.png", fast=True) as source:
        assert np.array_equal(source.read(1.0).image, picture(2))


@pytest.mark.parametrize(
    "image",
    [
        picture(3)[..., 0],
        np.dstack([picture(3), picture(3)[..., 0]]),
        picture(3).astype(np.uint16) * 257,
    ],
    ids=["grey", "alpha", "16 bit"],
)
def test_pictures_of_other_kinds_become_bgr(tmp_path, image):
    cv2.imwrite(str(tmp_path / "a.png"), image)
    read = read_picture(tmp_path / "a.png")
    assert read.dtype == np.uint8
    assert read.shape == (*image.shape[:2], 3)
    assert abs(int(read[-1, -1, 0]) - 44) <= 1


@pytest.mark.parametrize("suffix", [".png", ".tiff"])
@pytest.mark.parametrize("bits", [10, 12, 16])
def test_a_picture_of_any_depth_is_as_bright_as_with_8_bits(tmp_path, bits, suffix):
    """Cameras of 10 and 12 bits put their numbers into 16 as they are."""
    deep = picture(3).astype(np.uint16) << bits - 8
    opaque = np.dstack([deep, np.full_like(deep[..., 0], 65535)])
    for image in (deep, opaque):
        (tmp_path / f"a{suffix}").write_bytes(cv2.imencode(suffix, image)[1].tobytes())
        assert np.array_equal(read_picture(tmp_path / f"a{suffix}"), picture(3))
        assert np.array_equal(to_bgr(image, "picture"), picture(3))


def test_a_picture_that_cannot_be_decoded_is_left_out_named_and_counted(tmp_path, caplog):
    cv2.imwrite(str(tmp_path / "1.png"), picture(1))
    (tmp_path / "2.jpg").write_bytes(b"\xff\xd8\xff\xe0 not really")
    (tmp_path / "3.png").write_bytes(b"")
    cv2.imwrite(str(tmp_path / "4.png"), picture(3))
    with make_source(f"images:{tmp_path}", fast=True) as source:
        frames = [source.read(1.0) for _ in range(2)]
        with pytest.raises(EndOfStreamError):
            source.read(1.0)
    assert [frame.source[-5:] for frame in frames] == ["1.png", "4.png"]
    assert source.missing == 2
    assert "2.jpg" in caplog.text
    assert "3.png" in caplog.text


@pytest.mark.parametrize("size", [(11, 200), (200, 11), (32767, 12)])
def test_a_picture_that_is_too_small_or_too_large_is_left_out(tmp_path, caplog, size):
    cv2.imwrite(str(tmp_path / "1.png"), picture(1))
    cv2.imwrite(str(tmp_path / "2.png"), picture(2, size))
    cv2.imwrite(str(tmp_path / "3.png"), picture(3, (12, 12)))
    with make_source(f"images:{tmp_path}", fast=True) as source:
        frames = [source.read(1.0) for _ in range(2)]
        with pytest.raises(EndOfStreamError):
            source.read(1.0)
    assert [frame.source[-5:] for frame in frames] == ["1.png", "3.png"]
    assert source.missing == 1
    assert f"2.png is a picture of {size[0]}x{size[1]} pixels" in caplog.text


def test_nothing_that_can_be_decoded_is_an_error(tmp_path):
    (tmp_path / "a.png").write_bytes(b"not really")
    with (
        make_source(f"images:{tmp_path}", fast=True) as source,
        pytest.raises(SourceFormatError, match=r"a\.png"),
    ):
        source.read(1.0)


def test_pictures_are_turned(tmp_path):
    cv2.imwrite(str(tmp_path / "a.png"), picture(1))
    with make_source(f"images:{tmp_path}?rotation=180", fast=True) as source:
        assert np.array_equal(source.read(1.0).image, picture(1)[::-1, ::-1])


def test_a_huge_picture_is_refused_and_not_unpacked(tmp_path):
    # A header that claims 60000 x 60000 pixels.
    header = bytearray(cv2.imencode(".png", picture(1))[1].tobytes())
    header[16:24] = (60_000).to_bytes(4, "big") * 2
    (tmp_path / "bomb.png").write_bytes(header)
    with pytest.raises(SourceFormatError, match=r"bomb\.png"):
        read_picture(tmp_path / "bomb.png")


@pytest.mark.parametrize("name", ["nowhere", "empty"])
def test_nothing_to_show(tmp_path, name):
    (tmp_path / "empty").mkdir()
    with pytest.raises(SourceError, match=name):
        find_pictures(tmp_path / name)


@pytest.mark.parametrize("uri", ["images:", "images:x?fps=0", "images:x?fps=many"])
def test_wrong_uris_are_usage_errors(uri):
    with pytest.raises(UsageError):
        make_source(uri)


def test_a_small_file_that_claims_a_huge_picture_is_refused(tmp_path):
    def chunk(kind: bytes, content: bytes) -> bytes:
        check = zlib.crc32(kind + content)
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", check)

    header = chunk(b"IHDR", struct.pack(">IIBBBBB", 12_000, 12_000, 8, 0, 0, 0, 0))
    rows = chunk(b"IDAT", zlib.compress(bytes(12_001 * 12_000), 1))
    bomb, hole = tmp_path / "bomb.png", tmp_path / "hole.png"
    bomb.write_bytes(b"\x89PNG\r\n\x1a\n" + header + rows + chunk(b"IEND", b""))
    done = landmarkd("annotate", bomb, "--jsonl", "-")
    assert "is not a picture that can be decoded" in done.stderr
    with hole.open("wb") as file:
        file.truncate(10 << 30)
    with pytest.raises(SourceError, match="larger than"):
        read_picture(hole)
