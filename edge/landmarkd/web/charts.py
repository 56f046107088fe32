"""Small charts as SVG text, coloured by the page's style sheet."""

from collections.abc import Sequence
from html import escape

PALETTE = 10
"""Colours .c0 to .c9 in the style sheet."""


def stacked(parts: Sequence[tuple[str, float]], width: int = 1000, height: int = 46) -> str:
    """Return one bar divided like the parts, each with its name where there is room."""
    total = sum(value for _, value in parts) or 1.0
    shapes, left = [], 0.0
    for index, (name, value) in enumerate(parts):
        wide = value / total * width
        title = f"<title>{escape(name)}: {value:.3f} ms</title>"
        shapes.append(
            f'<rect class="c{index % PALETTE}" x="{left:.1f}" y="0" width="{max(wide - 1, 0.5):.1f}" '
            f'height="{height}" rx="3">{title}</rect>'
        )
        if wide > 9 * len(name) + 8:
            shapes.append(
                f'<text class="on" x="{left + 8:.1f}" y="{height / 2 + 5}">{escape(name)}</text>'
            )
        left += wide
    return _svg(width, height, shapes)


def histogram(counts: Sequence[int], width: int = 180, height: int = 30, colour: int = 0) -> str:
    """Return bars for the counts of a histogram, from 0 on the left."""
    most, step = max([*counts, 1]), width / max(len(counts), 1)
    shapes = [
        f'<rect class="c{colour % PALETTE}" x="{index * step:.1f}" y="{height - tall:.1f}" '
        f'width="{max(step - 1, 0.5):.1f}" height="{tall:.1f}"/>'
        for index, count in enumerate(counts)
        # A root makes the rare slow frames visible beside the many usual ones.
        if (tall := (count / most) ** 0.5 * height) > 0
    ]
    return _svg(width, height, shapes)


def bars(rows: Sequence[tuple[str, float | None, str]], width: int = 1000) -> str:
    """Return a horizontal bar for each (name, value, note); a value of None shows the note alone."""
    most = max((value for _, value, _ in rows if value is not None), default=0.0) or 1.0
    shapes, tall, begin = [], 26, 300
    for index, (name, value, note) in enumerate(rows):
        top = index * tall
        shapes.append(
            f'<text x="{begin - 10}" y="{top + 17}" text-anchor="end">{escape(name)}</text>'
        )
        long = (value or 0.0) / most * (width - begin - 190)
        if value is not None:
            shapes.append(
                f'<rect class="c0" x="{begin}" y="{top + 5}" width="{max(long, 1):.1f}" height="{tall - 10}" rx="3"/>'
            )
        shapes.append(
            f'<text class="dim" x="{begin + long + 8:.1f}" y="{top + 17}">{escape(note)}</text>'
        )
    return _svg(width, tall * len(rows), shapes)


def line(
    points: Sequence[tuple[float, float]], unit: str, width: int = 320, height: int = 90
) -> str:
    """Return a line through (seconds, value) points, with its extremes written beside it."""
    if len(points) < 2:
        return ""
    times, values = [point[0] for point in points], [point[1] for point in points]
    low, high = min(values), max(values)
    span_x, span_y = (times[-1] - times[0]) or 1.0, (high - low) or 1.0
    room = height - 24
    path = " ".join(
        f"{(at - times[0]) / span_x * (width - 90):.1f},{12 + (1 - (value - low) / span_y) * room:.1f}"
        for at, value in points
    )
    shapes = [
        f'<polyline class="line" points="{path}"/>',
        f'<text class="dim" x="{width - 82}" y="16">{high:.4g} {escape(unit)}</text>',
        f'<text class="dim" x="{width - 82}" y="{height - 8}">{low:.4g} {escape(unit)}</text>',
    ]
    return _svg(width, height, shapes)


def _svg(width: float, height: float, shapes: Sequence[str]) -> str:
    return (
        f'<svg viewBox="0 0 {width} {height}" width="{width}" role="img" preserveAspectRatio="xMinYMid meet">'
        f"{''.join(shapes)}</svg>"
    )
