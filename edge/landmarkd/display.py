"""Text from outside, made safe to show: no control characters, no links, no markup."""

MAX_SHOWN = 200
"""Characters of one text from outside that are shown."""


def plain(text: object, limit: int = MAX_SHOWN) -> str:
    """Return printable characters alone, in one line and of bounded length.

    Control characters, escape sequences, line breaks, direction overrides and all else that
    `str.isprintable` refuses become U+FFFD. Give the result to rich as `rich.text.Text`, or through
    `rich.markup.escape`, so that square brackets stay brackets.
    """
    shown = str(text)
    if len(shown) > limit:
        shown = shown[: limit - 1] + "…"
    if shown.isprintable():
        return shown
    return "".join(c if c.isprintable() else "\ufffd" for c in shown)
