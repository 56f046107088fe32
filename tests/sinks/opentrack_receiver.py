"""A receiver of opentrack's "UDP over network", independent of landmarkd's code."""

import socket
import struct
import sys

receiver = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
receiver.bind(("127.0.0.1", 0))
sys.stdout.write(f"{receiver.getsockname()[1]}\n")
sys.stdout.flush()
for _ in range(int(sys.argv[1])):
    sys.stdout.write("%.3f %.3f %.3f %.3f %.3f %.3f\n" % struct.unpack("<6d", receiver.recv(1024)))  # noqa: UP031
