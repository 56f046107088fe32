import pytest
from hypothesis import given
from hypothesis import strategies as st
from landmarkd.errors import UsageError
from landmarkd.uri import parse_uri

SCHEMES = ("udp", "serial", "file", "demo", "jsonl", "v4l2")


@pytest.mark.parametrize(
    ("text", "scheme", "path", "host", "port", "options"),
    [
        ("demo:", "demo", "", None, None, {}),
        ("v4l2:/dev/video0", "v4l2", "/dev/video0", None, None, {}),
        ("file:a clip.mp4", "file", "a clip.mp4", None, None, {}),
        ("file:a%20clip%3F.mp4?loop=yes", "file", "a clip?.mp4", None, None, {"loop": "yes"}),
        ("jsonl:-", "jsonl", "-", None, None, {}),
        ("udp://192.168.1.2:5005", "udp", "", "192.168.1.2", 5005, {}),
        (
            "UDP://[::1]:5005?ttl=2&points=all",
            "udp",
            "",
            "::1",
            5005,
            {"ttl": "2", "points": "all"},
        ),
        ("udp://:5005", "udp", "", None, 5005, {}),
        (
            "serial:///dev/ttyAMA0?baud=921600",
            "serial",
            "/dev/ttyAMA0",
            None,
            None,
            {"baud": "921600"},
        ),
    ],
)
def test_uris(
    text: str, scheme: str, path: str, host: str | None, port: int | None, options: dict[str, str]
) -> None:
    uri = parse_uri(text, SCHEMES)
    assert (uri.scheme, uri.path, uri.host, uri.port, dict(uri.options)) == (
        scheme,
        path,
        host,
        port,
        options,
    )


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("clip.mp4", "not a URI"),
        ("", "not a URI"),
        ("http://host", "unknown scheme 'http:'.*udp:"),
        ("udp://host:99999", "[Pp]ort"),
        ("udp://host:x", "[Pp]ort"),
        ("udp://host:1?ttl=1&ttl=2", "'ttl' is given twice"),
        ("file:a\nb", "not a URI"),
    ],
)
def test_wrong_uris_are_told_what_is_wrong(text: str, complaint: str) -> None:
    with pytest.raises(UsageError, match=complaint):
        parse_uri(text, SCHEMES)


def test_options_are_checked() -> None:
    uri = parse_uri("udp://h:1?ttl=300&loop=maybe", SCHEMES)
    with pytest.raises(UsageError, match="ttl is '300'; use an integer from 0 to 255"):
        uri.integer("ttl", 1, 0, 255)
    with pytest.raises(UsageError, match="use yes or no"):
        uri.boolean("loop", False)
    with pytest.raises(UsageError, match="unknown option 'ttl'; known are loop"):
        uri.only({"loop"})
    assert uri.integer("port", 7, 0, 9) == 7
    assert uri.boolean("fast", True) is True


@given(st.text(max_size=80))
def test_no_text_does_more_than_be_refused(text: str) -> None:
    try:
        uri = parse_uri(text, SCHEMES)
    except UsageError:
        return
    assert uri.scheme in SCHEMES
