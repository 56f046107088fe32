"""Make text from outside safe to show: without control characters, links and markup."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.text import Text

MAX_SHOWN = 200
"""Most characters that are shown of a text from outside."""


def plain(text: object, limit: int = MAX_SHOWN) -> str:
    """Return printable characters alone, in one line and of bounded length.

    Control characters, escape sequences, line breaks, direction overrides and all other characters
    that are not `str.isprintable` become U+FFFD.
    """
    shown = str(text)
    if len(shown) > limit:
        shown = shown[: limit - 1] + "…"
    if shown.isprintable():
        return shown
    return "".join(c if c.isprintable() else "\ufffd" for c in shown)


def as_text(text: object, style: str = "") -> "Text":
    """Return the text of `plain` for rich: square brackets are shown as they are.

    Use it for every name of a file, a device or a model in a table or on the console.
    """
    from rich.text import Text

    return Text(plain(text, 1000), style)
