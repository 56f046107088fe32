import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from landmarkd.errors import UsageError
from landmarkd.uri import parse_uri, redacted

SCHEMES = ("udp", "serial", "file", "demo", "jsonl", "v4l2")


@pytest.mark.parametrize(
    ("text", "scheme", "path", "host", "port", "options"),
    [
        ("demo:", "demo", "", None, None, {}),
        ("v4l2:/dev/video0", "v4l2", "/dev/video0", None, None, {}),
        ("file:a clip.mp4", "file", "a clip.mp4", None, None, {}),
        ("file:a%20clip%3F.mp4?loop=yes", "file", "a clip?.mp4", None, None, {"loop": "yes"}),
        ("file:b%E9.mp4", "file", "b\udce9.mp4", None, None, {}),
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


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("v4l:0", "v4l2:0"),
        ("updp://1.2.3.4:5005", "udp://1.2.3.4:5005"),
        ("JSON:out", "jsonl:out"),
        ("out.jsonl", "jsonl:out.jsonl"),
        ("/dev/ttyUSB0?baud=9600", "serial:///dev/ttyUSB0?baud=9600"),
        ("10.0.0.2:5005", "udp://10.0.0.2:5005"),
        ("pi.local:5005", "udp://pi.local:5005"),
        ("5005", "udp://:5005"),
        ("dmeo", "demo:"),
    ],
)
def test_what_was_meant_is_named(text: str, meant: str) -> None:
    with pytest.raises(UsageError, match=re.escape(f" (did you mean {meant}?)")):
        parse_uri(text, SCHEMES)


@pytest.mark.parametrize("text", ["carrier-pigeon:coop", "", "x", "name:secret@host"])
def test_nothing_is_guessed_without_a_likeness(text: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse_uri(text, SCHEMES)
    assert "did you mean" not in str(caught.value)


def test_the_option_that_was_meant_is_named() -> None:
    uri = parse_uri("udp://host:1?pionts=68", SCHEMES)
    with pytest.raises(UsageError, match=r"unknown option 'pionts' \(did you mean points\?\)"):
        uri.only({"points", "hz"})


@pytest.mark.parametrize(
    "text",
    [
        "http://cam/v?loginuse=admin&loginpas=hunter2&x=1",
        "http://cam/v?user=a&pwd=hunter2",
        "http://cam/v?password=/hunter2",
        "rtsp://cam/v?auth=hunter2#f",
        "http://cam/?access_token=hunter2&api-key=hunter2&psw=hunter2",
        "mqtt://user:hunter2@host/x",
        "mqtt:user:hunter2@host",
        "it failed: http://cam/v?Password=hunter2 does not answer, rtsp://a:hunter2@cam neither",
        "rtsp://user:hun/hunter2@cam/s",
        "rtsp://user:12/hunter2@cam/s",
        "rtsp://user:/hunter2@cam/s",
        "rtsp://user:12#hunter2@cam/s",
        "rtsp://user:12/3?hunter2@cam/s",
        "rtsp://user:12/3=4?hunter2@cam/s",
        "rtsp://user:h?hunter2@cam/s",
        "rtsp://me@example.org:h/hunter2@cam/s",
        "rtsp://[user:h/hunter2@cam/s",
        "rtsp:/user:hunter2@cam/s",
        "rtsp:///user:hunter2@cam/s",
        "rtsp://user:h\n/hunter2@cam",
        "http://cam/v?from=rtsp://user:hunter2@cam",
    ],
)
def test_passwords_are_struck_out(text: str) -> None:
    assert "hunter2" not in redacted(text)
    assert "***" in redacted(text)


@pytest.mark.parametrize(
    "text",
    [
        "udp://user:hunter2@host:1",
        "udp://user:hun/hunter2@host:1",
        "udp://user:12/hunter2@host:1",
        "udp://user:12?hunter2@host:1",
        "user:hunter2@host",
        "user:12/hunter2@host",
        "rtsp://user:hun/hunter2@host",
        "udp://user:hunter2\n@host",
    ],
)
def test_a_login_is_refused_and_not_repeated(text: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse_uri(text, ("udp",))
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "host", "port"),
    [
        ("rtsp://10.0.0.5/live@main", "10.0.0.5", None),
        ("rtsp://10.0.0.5:554/cam/a@b?x=1", "10.0.0.5", 554),
        ("rtsp://[fe80::1]:554/a@b", "fe80::1", 554),
        ("rtsp://cam/a@b/c@d", "cam", None),
        ("rtsp://cam:554/a%40b", "cam", 554),
        ("rtsp://cam:554/a?user=me@example.org", "cam", 554),
        ("rtsp://cam:554?user=me@example.org", "cam", 554),
    ],
)
def test_an_at_sign_after_the_host_is_no_login(text: str, host: str, port: int | None) -> None:
    uri = parse_uri(text, ("rtsp",))
    assert (uri.text, uri.host, uri.port) == (text, host, port)


@pytest.mark.parametrize(
    "text",
    [
        "udp://10.0.0.2:5005?key=car.key",
        "udp://[::1]:5005",
        "mqtt://host/t?password_file=/etc/landmarkd/mqtt",
        "mqtt://host/t?password_file=mqtt.password",
        "jsonl:/tmp/a:b@c",
        "rtsp://cam/v?credentials=/etc/landmarkd/camera",
    ],
)
def test_what_is_no_password_stays(text: str) -> None:
    assert redacted(text) == text
