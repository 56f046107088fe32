"""Text from outside, made safe to show: no control characters, no links, no markup."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.text import Text

MAX_SHOWN = 200
"""Characters of one text from outside that are shown."""


def plain(text: object, limit: int = MAX_SHOWN) -> str:
    """Return printable characters alone, in one line and of bounded length.

    Control characters, escape sequences, line breaks, direction overrides and all else that
    `str.isprintable` refuses become U+FFFD.
    """
    shown = str(text)
    if len(shown) > limit:
        shown = shown[: limit - 1] + "…"
    if shown.isprintable():
        return shown
    return "".join(c if c.isprintable() else "\ufffd" for c in shown)


def as_text(text: object, style: str = "", limit: int = 1000) -> "Text":
    """Return what `plain` does for rich: square brackets stay brackets.

    Whatever a table or a console shows of a file's name, a device or a recording goes through this.
    """
    from rich.text import Text

    return Text(plain(text, limit), style)
