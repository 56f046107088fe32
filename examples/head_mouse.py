"""Move the pointer with the head (Linux, X11):

python examples/head_mouse.py v4l2:/dev/video0 | xargs -n 2 xdotool mousemove
"""

import sys

import landmarkd

SCREEN = 1920, 1080
REACH_DEG = 20.0  # the head turned this far reaches the edge of the screen

pipeline = landmarkd.Pipeline()
for frame in landmarkd.Camera(sys.argv[1] if len(sys.argv) > 1 else "demo:"):
    face = pipeline.process(frame).face
    if face is None:
        continue
    # Yaw > 0 turns the nose to image left, which is the user's right, and pitch > 0 looks up.
    across, down = face.pose.yaw / REACH_DEG, -face.pose.pitch / REACH_DEG
    x, y = (
        round((1 + max(-1.0, min(1.0, value))) / 2 * (side - 1))
        for value, side in zip((across, down), SCREEN, strict=True)
    )
    print(x, y, flush=True)
