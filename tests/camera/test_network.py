"""Cameras in the network, on a real server on the loopback interface."""

import base64
import shutil
import socket
import ssl
import subprocess
import threading
import time
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import cv2
import pytest
from landmarkd.camera import make_source, written_out
from landmarkd.camera.capture import Capture
from landmarkd.camera.network import CHECKING, avformat_version
from landmarkd.errors import (
    MissingPackageError,
    SourceAbsentError,
    SourceLostError,
    SourceTimeoutError,
    UsageError,
)

from tests.camera.clips import SIZE, mark_mp4, picture, write_clip
from tests.camera.test_contract import SourceContract
from tests.sinks.test_contract import until

SECRET = "driver:p@ss:w/rd"  # noqa: S105 - of the server below


class Server(ThreadingHTTPServer):
    """Serves /stream.mjpg as IP cameras do; /secret wants a password. /film is `film`."""

    daemon_threads = True

    def __init__(self, certificate=None, host="127.0.0.1"):
        self.address_family = socket.AF_INET6 if ":" in host else socket.AF_INET
        super().__init__((host, 0), Handler)
        shown = f"[{host}]" if ":" in host else host
        self.uri = f"http://{shown}:{self.server_port}/stream.mjpg"
        if certificate:
            self.uri = self.uri.replace("http", "https")
            self.socket = speaks_tls(self.socket, certificate)
        self.asked, self.sending = [], threading.Event()
        self.film = b""
        self.sending.set()
        threading.Thread(target=self.serve_forever, daemon=True).start()


def speaks_tls(server, certificate):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, certificate.with_suffix(".key"))
    return context.wrap_socket(server, server_side=True)


def certificate(folder, name, subject):
    """Make a self-signed certificate, as cameras have them."""
    if not shutil.which("openssl"):
        pytest.skip("needs the command openssl to make certificates")
    path = folder / f"{name}.pem"
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"),
            *("-keyout", path.with_suffix(".key"), "-out", path),
            *("-subj", f"/CN={name}", "-addext", f"subjectAltName={subject}"),
        ],
        check=True,
        capture_output=True,
    )
    return path


class Handler(BaseHTTPRequestHandler):
    def log_message(self, *args):
        pass

    def do_GET(self):
        self.server.asked.append(self.path)
        wanted = "Basic " + base64.b64encode(SECRET.encode()).decode()
        if "secret" in self.path and self.headers.get("Authorization") != wanted:
            self.send_response(401)
            self.send_header("WWW-Authenticate", 'Basic realm="camera"')
            self.end_headers()
            return
        self.send_response(200)
        if "film" in self.path:
            self.send_header("Content-Type", "video/mp4")
            self.end_headers()
            with suppress(OSError):
                self.wfile.write(self.server.film)
            return
        self.send_header("Content-Type", "multipart/x-mixed-replace; boundary=frame")
        self.end_headers()
        with suppress(OSError):
            for number in range(100_000):
                if not self.server.sending.wait(20):
                    return
                if not self.server.sending.is_set():
                    return
                data = cv2.imencode(".jpg", picture(number))[1].tobytes()
                head = f"--frame\r\nContent-Type: image/jpeg\r\nContent-Length: {len(data)}\r\n\r\n"
                self.wfile.write(head.encode() + data + b"\r\n")
                time.sleep(0.02)


@pytest.fixture
def server():
    server = Server()
    yield server
    server.shutdown()
    server.server_close()


class TestNetwork(SourceContract):
    live = True

    @pytest.fixture
    def uri(self, server):
        return server.uri

    @pytest.mark.skip(reason="options that are not known here belong to the camera")
    def test_names_an_unknown_option(self, uri):
        pass


def test_options_of_the_camera_are_sent_to_it_and_ours_are_not(server):
    with make_source(f"{server.uri}?channel=2&rotation=90") as source:
        assert source.read(5.0).image.shape == (96, 64, 3)
    assert server.asked[0].endswith("/stream.mjpg?channel=2")


@pytest.mark.parametrize("turned", [False, True])
def test_pixels_that_are_not_square_are_made_square(server, tmp_path, turned):
    film = mark_mp4(write_clip(tmp_path / "a.mp4"), turned=turned, wider=2)
    server.film = film.read_bytes()
    with make_source(server.uri.replace("stream.mjpg", "film")) as source:
        image = source.read(5.0).image
    width, height = 2 * SIZE[0], SIZE[1]
    assert image.shape[:2] == ((width, height) if turned else (height, width))


def login(folder, content):
    file = folder / "camera"
    file.write_text(content)
    file.chmod(0o600)
    return file


def test_credentials_come_from_a_file_and_are_told_to_nobody(server, tmp_path):
    file = login(tmp_path, SECRET + "\n")
    uri = server.uri.replace("stream", "secret") + f"?credentials={file}"
    with make_source(uri) as source:
        frame = source.read(5.0)
    assert "p@ss" not in frame.source
    file.write_text("driver:wrong")
    with pytest.raises(SourceAbsentError, match="credentials") as caught:
        make_source(uri).open()
    assert "wrong" not in str(caught.value)


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
@pytest.mark.parametrize("path", ["secret@main.mjpg", "user@example.org/se%2Fcret/secret/1"])
def test_an_at_sign_in_the_path_sends_no_password_to_another_host(tmp_path, host, path):
    login(tmp_path, SECRET)
    try:
        server = Server(host=host)
    except OSError:
        pytest.skip(f"this machine has no {host}")
    uri = server.uri.replace("stream.mjpg", path) + f"?credentials={tmp_path}/camera"
    try:
        with make_source(uri) as source:
            assert source.read(5.0).source == uri
        assert server.asked[0] == f"/{path}"
    finally:
        server.shutdown()
        server.server_close()


def test_a_password_among_the_options_reaches_the_camera_and_nobody_else(server):
    with make_source(server.uri + "?loginuse=driver&loginpas=/hunter2&n=1") as source:
        frame = source.read(5.0)
    assert server.asked[0].endswith("?loginuse=driver&loginpas=%2Fhunter2&n=1")
    assert frame.source.endswith("?loginuse=driver&loginpas=***&n=1")


@pytest.mark.parametrize("content", ["", "no colon", "two:lines\nof it"])
def test_a_file_that_holds_no_credentials(server, tmp_path, content):
    login(tmp_path, content)
    with pytest.raises(UsageError, match="NAME:PASSWORD"):
        make_source(f"{server.uri}?credentials={tmp_path}/camera").open()


@pytest.mark.parametrize("scheme", ["rtsp", "http", "HTTPS", "rtsps"])
def test_credentials_in_the_address_are_refused_and_not_repeated(scheme):
    for password in ("hunter2", "hun/hunter2", "12/hunter2", "h?hunter2", "12#hunter2"):
        with pytest.raises(UsageError, match="credentials=") as caught:
            make_source(f"{scheme}://name:{password}@camera/stream")
        assert "hunter2" not in str(caught.value)


def test_https_trusts_only_the_certificates_that_it_is_told_to(tmp_path):
    own = certificate(tmp_path, "own", "IP:127.0.0.1,DNS:localhost")
    other = certificate(tmp_path, "other", "DNS:other.example")
    server = Server(own)
    try:
        with make_source(f"{server.uri}?ca={own}&rotation=90") as source:
            assert source.read(5.0).image.shape == (96, 64, 3)
        for options in ("", f"?ca={other}"):
            with pytest.raises(SourceAbsentError, match="certificate"):
                make_source(server.uri + options).open()
        assert server.asked == ["/stream.mjpg"]
        with pytest.raises(UsageError, match="cannot be read"):
            make_source(f"{server.uri}?ca={tmp_path}/none").open()
    finally:
        server.shutdown()
        server.server_close()


old_ffmpeg = avformat_version() < CHECKING


@pytest.mark.skipif(old_ffmpeg, reason="the FFmpeg of this OpenCV compares no host names")
def test_a_trusted_certificate_of_another_name_is_refused(tmp_path):
    other = certificate(tmp_path, "other", "DNS:other.example")
    server = Server(other)
    try:
        with pytest.raises(SourceAbsentError, match="certificate"):
            make_source(f"{server.uri.replace('127.0.0.1', 'localhost')}?ca={other}").open()
    finally:
        server.shutdown()
        server.server_close()


@pytest.mark.skipif(not old_ffmpeg, reason="the FFmpeg of this OpenCV checks certificates")
def test_rtsps_is_refused_where_no_certificate_would_be_checked():
    with pytest.raises(MissingPackageError, match="FFmpeg 8"):
        make_source("rtsps://127.0.0.1:9/s").open()


@pytest.mark.skipif(old_ffmpeg, reason="the FFmpeg of this OpenCV checks no certificate of rtsps")
@pytest.mark.parametrize("trusted", [True, False])
def test_rtsps_sends_nothing_to_a_camera_with_another_certificate(tmp_path, trusted):
    own = certificate(tmp_path, "own", "IP:127.0.0.1")
    ca = own if trusted else certificate(tmp_path, "other", "IP:127.0.0.1")
    login(tmp_path, SECRET)
    heard = []
    with socket.create_server(("127.0.0.1", 0)) as server:
        uri = f"rtsps://127.0.0.1:{server.getsockname()[1]}/s"

        def listen():
            with suppress(OSError), speaks_tls(server, own) as wrapped:
                connection, _ = wrapped.accept()
                with connection:
                    connection.settimeout(5)
                    heard.append(connection.recv(1000))

        thread = threading.Thread(target=listen)
        thread.start()
        with pytest.raises(SourceAbsentError):
            make_source(f"{uri}?ca={ca}&credentials={tmp_path}/camera").open()
        thread.join()
    assert bool(heard and heard[0]) == trusted


def test_nobody_there():
    with pytest.raises(SourceAbsentError, match="does not answer"):
        make_source("http://127.0.0.1:9/stream.mjpg").open()


def test_a_camera_that_does_not_answer_is_no_hanging_driver(caplog):
    """Also where nobody waits for it because the program ends."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        uri = f"http://127.0.0.1:{silent.getsockname()[1]}/stream.mjpg"
        capture = Capture(make_source(uri), patient=True, ending=lambda: True)
        capture.start()
        connection, _ = silent.accept()
        with connection:
            assert connection.recv(1)  # the request; there is no answer
            capture.close()
            assert capture.hung
    assert until(lambda: not capture.hung, 30)
    assert "hangs" not in caplog.text


def test_a_camera_that_falls_silent_is_lost_and_connected_again(server):
    with make_source(server.uri) as source:
        source.read(5.0)
        server.sending.clear()
        began = time.monotonic()
        with pytest.raises(SourceLostError):  # noqa: PT012 - what was buffered comes first
            for _ in range(1000):
                source.read(1.0)
        assert time.monotonic() - began < 10
        server.sending.set()
        source.open()
        source.read(5.0)


def test_the_capture_reconnects(server):
    capture = Capture(make_source(server.uri), patient=True)
    capture.start()
    try:
        until, frames = time.monotonic() + 40, 0
        while frames < 40 and time.monotonic() < until:
            with suppress(SourceTimeoutError):
                capture.next(0.2)
                frames += 1
                if frames == 20:
                    server.sending.clear()
                    threading.Timer(3.0, server.sending.set).start()
        assert frames == 40
        assert capture.statistics.identical == 0
    finally:
        capture.close()


@pytest.mark.parametrize(
    ("text", "uri"),
    [
        ("0", "v4l2:/dev/video0"),
        ("2?size=1280x720", "v4l2:/dev/video2?size=1280x720"),
        ("/dev/video0", "v4l2:/dev/video0"),
        ("/dev/v4l/by-id/usb-X-index0?fps=15", "v4l2:/dev/v4l/by-id/usb-X-index0?fps=15"),
        ("clip.mp4", "file:clip.mp4"),
        ("a b#1.MKV?loop=yes", "file:a%20b%231.MKV?loop=yes"),
        ("face.jpg", "images:face.jpg"),
        ("demo", "demo:"),
        ("v4l2", "v4l2:"),
        ("v4l2:0", "v4l2:0"),
        ("nonsense", "nonsense"),
    ],
)
def test_short_forms(text, uri):
    assert written_out(text) == uri


def test_a_folder_is_its_pictures_and_the_camera_that_of_the_machine(tmp_path):
    assert written_out(str(tmp_path)) == f"images:{tmp_path}"
    assert written_out("camera?rotation=180") in {
        "v4l2:?rotation=180",
        "picamera2:?rotation=180",
    }
