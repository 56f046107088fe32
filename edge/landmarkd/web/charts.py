"""Charts of the pages, as SVG of any width, with their text as HTML.

Colours are classes of style.css: f-good, f-alarm, … for areas, s-one and s-two for lines, c0 to c9
for series without a fixed meaning.
"""

from collections.abc import Callable, Sequence
from html import escape

WIDTH = 1000
"""Columns of a chart over time; values in one column are drawn from least to greatest."""
PLOT, STRIP = 80, 20
PALETTE = 10
MAX_SHAPES = 4000
"""Maximum of shapes in one chart, to keep the page small."""
AXIS_STEPS = (1, 2, 5, 10, 30, 60, 120, 300, 600, 1800, 3600, 7200, 21600, 86400)

Values = Sequence[tuple[float, float | None]]
"""Time in seconds and value; None is unknown."""


def clock(seconds: float, digits: int = 0) -> str:
    """Return minutes and seconds."""
    minutes, rest = divmod(round(seconds, digits), 60)
    return f"{int(minutes)}:{rest:0{3 + digits if digits else 2}.{digits}f}"


def stacked(parts: Sequence[tuple[str, float]]) -> str:
    """Return one bar with the parts; their names are the tooltips."""
    total = sum(value for _, value in parts) or 1.0
    shapes, left = [], 0.0
    for index, (name, value) in enumerate(parts):
        wide = value / total * 100
        shapes.append(
            f'<rect class="c{index % PALETTE}" x="{left:.2f}%" '
            f'width="{max(wide - 0.15, 0.1):.2f}%" '
            f'height="100%"><title>{escape(name)}: {value:.3f} ms</title></rect>'
        )
        left += wide
    return f'<svg width="100%" height="34" role="img">{"".join(shapes)}</svg>'


def histogram(counts: Sequence[int], colour: int = 0) -> str:
    """Return bars for the counts of a histogram, from 0 on the left."""
    width, height = 150, 26
    most, step = max([*counts, 1]), width / max(len(counts), 1)
    shapes = [
        f'<rect class="c{colour % PALETTE}" x="{index * step:.1f}" y="{height - tall:.1f}" '
        f'width="{max(step - 1, 0.5):.1f}" height="{tall:.1f}"/>'
        for index, count in enumerate(counts)
        # The root makes rare slow frames visible.
        if (tall := (count / most) ** 0.5 * height) > 0
    ]
    return (
        f'<svg class="histogram" viewBox="0 0 {width} {height}" preserveAspectRatio="none" '
        f'role="img">{"".join(shapes)}</svg>'
    )


def bars(rows: Sequence[tuple[str, float | None, str]]) -> str:
    """Return a bar for each (name, value, note); a value of None shows the note alone."""
    most = max((value for _, value, _ in rows if value is not None), default=0.0) or 1.0
    return "".join(
        f'<div class="bar"><span>{escape(name)}</span><svg role="img"><rect class="c0" '
        f'width="{(value or 0.0) / most * 100:.1f}%" height="100%" rx="3"/></svg>'
        f'<span class="dim">{escape(note)}</span></div>'
        for name, value, note in rows
    )


def line(name: str, points: Sequence[tuple[float, float]], unit: str) -> str:
    """Return a line through (seconds, value) points; nothing for fewer than two."""
    if len(points) < 2:
        return ""
    values = [value for _, value in points]
    low, high = min(values), max(values)
    note = f"{low:.4g} to {high:.4g} {unit}"
    limits = (low, high) if high > low else (low - 1, high + 1)
    chart = Timeline(points[-1][0] - points[0][0], points[0][0])
    return chart.plot(name, limits, [("", list(points))], note=note, ticks=())


class Timeline:
    """Charts over the same span of time, one below the other.

    Args:
        seconds: length of the span.
        start: time of its beginning, seconds.
    """

    def __init__(self, seconds: float, start: float = 0.0) -> None:
        self.seconds, self._start = max(seconds, 1e-3), start

    def _x(self, at: float) -> float:
        return min(1.0, max(0.0, (at - self._start) / self.seconds)) * WIDTH

    def plot(
        self,
        name: str,
        limits: tuple[float, float],
        series: Sequence[tuple[str, Values]],
        *,
        mark: float | None = None,
        ticks: Sequence[str] | None = None,
        note: str = "",
    ) -> str:
        """Return lines through at most two series, or the word "unknown" if all values are.

        Args:
            name: of the chart.
            limits: least and greatest value shown.
            series: label and values of each.
            mark: a value with a dashed line.
            ticks: text beside the axis from bottom to top; default: the limits.
            note: right part of the caption.
        """
        if all(value is None for _, values in series for _, value in values):
            return _unknown(name)
        low, high = limits

        def y(value: float) -> float:
            return PLOT - 4 - (min(max(value, low), high) - low) / (high - low) * (PLOT - 8)

        lines = [(low, ""), (high, "")] + ([(mark, ' stroke-dasharray="4 4"')] if mark else [])
        parts = [
            f'<line class="grid" x1="0" x2="{WIDTH}" y1="{y(at):.1f}" y2="{y(at):.1f}"{dashes}/>'
            for at, dashes in lines
        ]
        keys = []
        for (label, values), colour in zip(series, ("one", "two"), strict=False):
            parts.append(f'<path class="s-{colour}" d="{self._path(values, y, high - low)}"/>')
            if label:
                keys.append((label, f"f-{colour}"))
        shown = (f"{low:g}", f"{high:g}") if ticks is None else ticks
        return _figure(name, PLOT, parts, keys, shown, note)

    def _path(self, values: Values, y: Callable[[float], float], span: float) -> str:
        columns: dict[int, tuple[float, float]] = {}
        for at, value in values:
            if value is None:
                continue
            column = min(WIDTH - 1, int(self._x(at)))
            least, greatest = columns.get(column, (value, value))
            columns[column] = min(least, value), max(greatest, value)
        gap = max(2, round(WIDTH / max(1, len(values)) * 3))
        path, last = [], None
        for column, (least, greatest) in sorted(columns.items()):
            path.append(
                f"{'M' if last is None or column - last > gap else 'L'}{column} {y(least):.1f}"
            )
            if greatest - least > span / PLOT:
                path.append(f"L{column} {y(greatest):.1f}")
            last = column
        return "".join(path)

    def strip(
        self, name: str, runs: Sequence[tuple[str, float, float]], colours: dict[str, str]
    ) -> str:
        """Return a band of (what, from, until) in these colours; others are grey."""
        if not runs:
            return _unknown(name)
        parts, drawn = [], -1.0
        for what, begin, end in runs:
            left, right = self._x(begin), self._x(end)
            # Of runs that are narrower than a column, only the first is drawn.
            if right - left < 1.0 and left - drawn < 1.0:
                continue
            drawn = left
            parts.append(
                f'<rect class="{colours.get(what, "f-line")}" x="{left:.1f}" y="2" '
                f'height="{STRIP - 4}" '
                f'width="{max(1.0, right - left):.1f}"><title>{escape(what)} {clock(begin)}, '
                f"{end - begin:.1f} s</title></rect>"
            )
        present = {what for what, _, _ in runs}
        keys = [(what, colour) for what, colour in colours.items() if what in present]
        return _figure(name, STRIP, parts[:MAX_SHAPES], keys, (), "")

    def marks(
        self,
        name: str,
        spans: Sequence[tuple[str, str, float, float, bool]],
        colours: dict[str, str],
    ) -> str:
        """Return bars of (title, class, from, until, low); low bars are below the others.

        Args:
            name: of the chart.
            spans: the bars.
            colours: name and class of each colour, for the legend.
        """
        parts = [
            f'<rect class="{colour}" x="{self._x(begin):.1f}" y="{20 if low else 4}" height="11" '
            f'width="{max(2.0, self._x(end) - self._x(begin)):.1f}">'
            f"<title>{escape(title)}</title></rect>"
            for title, colour, begin, end, low in spans[:MAX_SHAPES]
        ]
        present = {colour for _, colour, *_ in spans}
        keys = [(what, colour) for what, colour in colours.items() if colour in present]
        return _figure(name, 36, parts, keys, (), "" if spans else "none")

    def axis(self) -> str:
        """Return the times below the charts."""
        step = next((step for step in AXIS_STEPS if self.seconds / step <= 6), AXIS_STEPS[-1])
        count = min(24, int(self.seconds / step))
        times = [clock(number * step) for number in range(count + 1)]
        labels = "".join(
            f'<text x="{number * step / self.seconds * 100:.2f}%" y="11" font-size="11"'
            f' fill="currentColor"'
            f' text-anchor="{"middle" if number else "start"}">{text}</text>'
            for number, text in enumerate(times)
        )
        return f'<div class="plot dim"><svg height="14" role="img">{labels}</svg></div>'


def _unknown(name: str) -> str:
    return f"<figure><figcaption><h3>{escape(name)}</h3><span>unknown</span></figcaption></figure>"


def _figure(
    name: str,
    height: int,
    parts: Sequence[str],
    keys: Sequence[tuple[str, str]],
    ticks: Sequence[str],
    note: str,
) -> str:
    shown = "".join(
        f'<span><i class="key {colour}"></i>{escape(label)}</span>' for label, colour in keys
    )
    shown += f"<span>{escape(note)}</span>" if note else ""
    marks = "".join(f"<span>{escape(tick)}</span>" for tick in ticks)
    return (
        f'<figure><figcaption><h3>{escape(name)}</h3>{shown}</figcaption><div class="plot">'
        f'<div class="ticks">{marks}</div><svg viewBox="0 0 {WIDTH} {height}" height="{height}" '
        f'preserveAspectRatio="none" role="img" aria-label="{escape(name)}">{"".join(parts)}</svg>'
        "</div></figure>"
    )
