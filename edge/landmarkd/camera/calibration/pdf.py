"""The board as a PDF page of vector rectangles, true to scale. Written by hand: one page needs no library."""

from dataclasses import dataclass

from landmarkd.camera.calibration.board import (
    COLUMNS,
    HEIGHT_MM,
    ROWS,
    SQUARE_MM,
    WIDTH_MM,
    Rectangle,
    black_rectangles,
)

POINTS_PER_MM = 72 / 25.4


@dataclass(frozen=True, slots=True)
class Paper:
    """A sheet in landscape; millimetres."""

    width: float
    height: float


PAPERS = {"a4": Paper(297.0, 210.0), "letter": Paper(279.4, 215.9)}
RULER_MM = 100.0


def board_pdf(paper: Paper) -> bytes:
    """Return a PDF 1.4 file with the board in the middle of a sheet, a ruler to check the scale, and a note."""
    left, top = (paper.width - WIDTH_MM) / 2, (paper.height - HEIGHT_MM) / 2 - 3
    below = top + HEIGHT_MM
    shifted = [Rectangle(left + r.x, top + r.y, r.width, r.height) for r in black_rectangles()]
    ruler = [
        Rectangle(left, below + 6.0, RULER_MM, 0.3),
        *(Rectangle(left + at, below + 4.5, 0.3, 1.8) for at in (0.0, RULER_MM - 0.3)),
    ]
    size = f"{COLUMNS} x {ROWS} squares of {SQUARE_MM:g} mm"
    advice = "Glue it to something flat: flatness matters, the scale does not."
    scale = f"This line is {RULER_MM:.0f} mm long if printed at 100 %, not fitted to the page."
    notes = [
        (left + RULER_MM + 3, below + 6.5, scale),
        (left, below + 10.5, f"landmarkd calibration board, {size}. {advice}"),
    ]
    lines = ["0 g"]
    lines += [
        f"{_pt(r.x)} {_pt(paper.height - r.y - r.height)} {_pt(r.width)} {_pt(r.height)} re"
        for r in shifted + ruler
    ]
    lines.append("f")
    for x, y, text in notes:
        lines.append(f"BT /F1 8 Tf {_pt(x)} {_pt(paper.height - y)} Td ({text}) Tj ET")
    return _file(paper, "\n".join(lines).encode("ascii"))


def _file(paper: Paper, content: bytes) -> bytes:
    """Return a file of one page; PDF 32000-1, 7.5: header, objects, table of their offsets, trailer."""
    box = f"[0 0 {_pt(paper.width)} {_pt(paper.height)}]"
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R /ViewerPreferences << /PrintScaling /None >> >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        f"<< /Type /Page /Parent 2 0 R /MediaBox {box} /Contents 4 0 R "
        "/Resources << /Font << /F1 5 0 R >> >> >>".encode(),
        f"<< /Length {len(content)} >>\nstream\n".encode() + content + b"\nendstream",
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
    ]
    data = bytearray(b"%PDF-1.4\n")
    offsets = []
    for number, body in enumerate(objects, 1):
        offsets.append(len(data))
        data += f"{number} 0 obj\n".encode() + body + b"\nendobj\n"
    table = len(data)
    data += f"xref\n0 {len(objects) + 1}\n0000000000 65535 f \n".encode()
    data += b"".join(f"{offset:010d} 00000 n \n".encode() for offset in offsets)
    data += (
        f"trailer\n<< /Size {len(objects) + 1} /Root 1 0 R >>\nstartxref\n{table}\n%%EOF\n".encode()
    )
    return bytes(data)


def _pt(millimetres: float) -> str:
    # A ten-thousandth of a point is 35 nanometres.
    return f"{millimetres * POINTS_PER_MM:.4f}"
