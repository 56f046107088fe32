"""Print the head's pose for each frame: python examples/camera_to_console.py v4l2:/dev/video0"""

import sys

import landmarkd

pipeline = landmarkd.Pipeline()
for frame in landmarkd.Camera(sys.argv[1] if len(sys.argv) > 1 else "demo:"):
    report = pipeline.process(frame)
    if report.face is None:
        print(f"frame {report.sequence}: no face")
    else:
        pose = report.face.pose
        print(f"frame {report.sequence}: yaw {pose.yaw:.1f}°, pitch {pose.pitch:.1f}°")
