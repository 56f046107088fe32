"""An IP camera on the loopback interface: GStreamer's own RTSP server.

Runs on Debian's Python, which has the bindings (gir1.2-gst-rtsp-server-1.0); `test_rtsp.py` starts
it. It prints its port. With an authentication method it asks for NAME:PASSWORD. The line "silence"
on standard input stops all frames while the connection stays open; "frames" continues them. The
server ends when its standard input closes.

    /clip      the video that was named, H.264
    /motion    a moving pattern, Motion JPEG
"""

import argparse
import sys
import threading
from typing import Any

import gi

gi.require_version("Gst", "1.0")
gi.require_version("GstRtsp", "1.0")
gi.require_version("GstRtspServer", "1.0")
from gi.repository import GLib, Gst, GstRtsp, GstRtspServer  # noqa: E402 - the versions come first

PATTERN = (
    "videotestsrc is-live=true pattern=ball ! video/x-raw,format=I420,width=320,height=240,"
    "framerate=30/1 ! jpegenc ! valve name=valve ! rtpjpegpay name=pay0 pt=26"
)
CLIP = (
    'filesrc location="{clip}" ! qtdemux ! h264parse config-interval=-1 ! valve name=valve ! '
    "rtph264pay name=pay0 pt=96"
)
ROLE = "driver"


def main() -> None:
    """Serve until standard input ends."""
    parser = argparse.ArgumentParser()
    parser.add_argument("clip")
    parser.add_argument("--port", default="0")
    parser.add_argument("--authentication", choices=["basic", "digest"])
    parser.add_argument("--secret", default="name:password", help="NAME:PASSWORD")
    options = parser.parse_args()
    Gst.init(None)
    valves: list[Any] = []
    server = GstRtspServer.RTSPServer(address="127.0.0.1", service=options.port)
    mounts = server.get_mount_points()
    mounts.add_factory("/clip", factory(CLIP.format(clip=options.clip), valves))
    mounts.add_factory("/motion", factory(PATTERN, valves))
    if options.authentication:
        server.set_auth(authentication(options.authentication, *options.secret.split(":", 1)))
    if not server.attach(None):
        sys.exit(f"port {options.port} is taken")
    loop = GLib.MainLoop()
    threading.Thread(target=listen, args=(valves, loop), daemon=True).start()
    sys.stdout.write(f"{server.get_bound_port()}\n")
    sys.stdout.flush()
    loop.run()


def factory(launch: str, valves: list[Any]) -> Any:
    """Return the factory of the stream of one path."""
    made = GstRtspServer.RTSPMediaFactory()
    made.set_launch(f"( {launch} )")
    made.set_shared(False)
    made.connect(
        "media-configure",
        lambda _, media: valves.append(media.get_element().get_by_name("valve")),
    )
    granted = Gst.Structure.new_empty(ROLE)
    for name in ("media.factory.access", "media.factory.construct"):
        granted.set_value(name, True)
    made.add_role_from_structure(granted)
    return made


def authentication(method: str, name: str, password: str) -> Any:
    """Return the check of names and passwords."""
    auth = GstRtspServer.RTSPAuth()
    token = GstRtspServer.RTSPToken()
    token.set_string("media.factory.role", ROLE)
    if method == "basic":
        auth.set_supported_methods(GstRtsp.RTSPAuthMethod.BASIC)
        auth.add_basic(GstRtspServer.RTSPAuth.make_basic(name, password), token)
    else:
        auth.set_supported_methods(GstRtsp.RTSPAuthMethod.DIGEST)
        auth.add_digest(name, password, token)
    return auth


def listen(valves: list[Any], loop: Any) -> None:
    """Execute the commands on standard input."""
    for line in sys.stdin:
        for valve in valves:
            valve.set_property("drop", line.strip() == "silence")
    loop.quit()


if __name__ == "__main__":
    main()
