"""Text from outside is shown as plain text on the screen."""

from hypothesis import given
from hypothesis import strategies as st
from landmarkd.display import plain


@given(st.text())
def test_what_is_shown_is_printable_and_bounded(text: str) -> None:
    shown = plain(text, 20)
    assert shown.isprintable()
    assert len(shown) <= 20


def test_escape_sequences_and_directions_are_gone() -> None:
    assert (
        plain("a\x1b]8;;http://evil\x1b\\b\u202ec\n")
        == "a\ufffd]8;;http://evil\ufffd\\b\ufffdc\ufffd"
    )
    assert plain("[bold]driver[/bold]") == "[bold]driver[/bold]"
