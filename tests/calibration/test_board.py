"""The two boards that are printed: true to scale, all within the paper, and found by OpenCV."""

import re
import shutil
import subprocess
from importlib.resources import files
from typing import NamedTuple

import cv2
import numpy as np
import pytest
from landmarkd.camera.calibration.board import CORNERS, HEIGHT_MM, WIDTH_MM, charuco_board
from landmarkd.camera.calibration.view import find_board

from tests.process import landmarkd

MM = 4
POINTS_PER_MM = 72 / 25.4
RULER_MM = 100.0


class Paper(NamedTuple):
    """A sheet in landscape; millimetres."""

    name: str
    width: float
    height: float


PAPERS = (Paper("a4", 297.0, 210.0), Paper("letter", 279.4, 215.9))


def board_pdf(paper: Paper) -> bytes:
    """The committed board for a paper."""
    return (files("landmarkd") / "data" / f"board-{paper.name}.pdf").read_bytes()


def rectangles(pdf: bytes) -> np.ndarray:
    """(count, 4): x, y from the bottom, width, height of all rectangles of a page, millimetres."""
    found = re.findall(rb"^([\d.]+) ([\d.]+) ([\d.]+) ([\d.]+) re$", pdf, re.MULTILINE)
    return np.array(found, float) / POINTS_PER_MM


def page(pdf: bytes, paper) -> np.ndarray:
    """The page as a printer draws it, (height, width) uint8, `MM` pixels to the millimetre."""
    image = np.full((round(paper.height * MM), round(paper.width * MM)), 255, np.uint8)
    for x, y, width, height in rectangles(pdf):
        top = paper.height - y - height
        image[
            round(top * MM) : round((top + height) * MM), round(x * MM) : round((x + width) * MM)
        ] = 0
    return image


@pytest.fixture(params=PAPERS, ids=lambda paper: paper.name)
def paper(request):
    return request.param


def test_the_page_has_the_size_of_the_paper(paper):
    box = re.search(rb"/MediaBox \[0 0 ([\d.]+) ([\d.]+)\]", board_pdf(paper))
    assert float(box[1]) == pytest.approx(paper.width / 25.4 * 72, abs=1e-3)
    assert float(box[2]) == pytest.approx(paper.height / 25.4 * 72, abs=1e-3)


def test_the_print_is_opencvs_own_board_true_to_scale(paper):
    image = page(board_pdf(paper), paper)
    left, top = (paper.width - WIDTH_MM) / 2, (paper.height - HEIGHT_MM) / 2 - 3
    ours = image[
        round(top * MM) : round((top + HEIGHT_MM) * MM),
        round(left * MM) : round((left + WIDTH_MM) * MM),
    ]
    theirs = charuco_board().generateImage(
        (round(WIDTH_MM * MM), round(HEIGHT_MM * MM)), marginSize=0
    )
    # Modules of 3 mm and squares of 25 mm are whole pixels, offsets of the page are not.
    assert (
        ours[: theirs.shape[0], : theirs.shape[1]] != theirs[: ours.shape[0], : ours.shape[1]]
    ).mean() < 0.02


def test_every_corner_of_the_print_is_found_in_its_place(paper):
    image = page(board_pdf(paper), paper)
    view = find_board(cv2.cvtColor(image, cv2.COLOR_GRAY2BGR))
    assert len(view.ids) == CORNERS
    expected = np.asarray(charuco_board().getChessboardCorners())[view.ids, :2]
    offset = (view.corners + 0.5) / MM - expected
    assert np.abs(offset - offset.mean(axis=0)).max() < 0.2
    assert view.defect() is None


def test_all_of_it_is_within_what_printers_can_print(paper):
    x, y, width, height = rectangles(board_pdf(paper)).T
    assert min(x.min(), y.min()) > 6
    assert (x + width).max() < paper.width - 6
    assert (y + height).max() < paper.height - 6


def test_the_ruler_is_as_long_as_it_says(paper):
    found = rectangles(board_pdf(paper))
    ruler = found[(found[:, 3] < 0.5)]
    assert ruler[:, 2] == pytest.approx([RULER_MM], abs=1e-3)


def test_the_file_is_well_formed(paper):
    pdf = board_pdf(paper)
    table = int(re.search(rb"startxref\n(\d+)", pdf)[1])
    offsets = [int(entry) for entry in re.findall(rb"(\d{10}) 00000 n ", pdf[table:])]
    assert [pdf[offset:].split(b" ", 1)[0] for offset in offsets] == [b"1", b"2", b"3", b"4", b"5"]
    length = int(re.search(rb"/Length (\d+)", pdf)[1])
    begin = pdf.index(b"stream\n") + len(b"stream\n")
    assert pdf[begin + length :].startswith(b"\nendstream")


@pytest.mark.skipif(
    shutil.which("pdftoppm") is None, reason="poppler-utils, an independent reader, is not here"
)
def test_an_independent_reader_draws_it(tmp_path, paper):
    (tmp_path / "board.pdf").write_bytes(board_pdf(paper))
    command = [
        "pdftoppm",
        "-r",
        "100",
        "-png",
        "-singlefile",
        tmp_path / "board.pdf",
        tmp_path / "board",
    ]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    assert not done.stderr
    view = find_board(cv2.imread(str(tmp_path / "board.png")))
    assert len(view.ids) == CORNERS
    assert view.square_px == pytest.approx(25 / 25.4 * 100, rel=0.002)


def test_the_command_writes_it(tmp_path, paper):
    target = tmp_path / "board.pdf"
    done = landmarkd("calibrate", "board", "--paper", paper.name, "--out", target)
    assert done.returncode == 0, done.stderr
    assert target.read_bytes() == board_pdf(paper)
