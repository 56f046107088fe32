"""Find the face in a picture: python examples/picture.py portrait.jpg"""

import sys

import landmarkd

if len(sys.argv) != 2:
    sys.exit(__doc__)
report = landmarkd.detect(sys.argv[1])
if report.face is None:
    print("no face")
else:
    pose = report.face.pose
    print(f"{len(report.face.points)} points, box {[round(side) for side in report.face.box]}")
    print(f"yaw {pose.yaw:.0f}°, pitch {pose.pitch:.0f}°, roll {pose.roll:.0f}°")
    print(
        f"eyes open: left {report.face.left.aperture:.2f}, right {report.face.right.aperture:.2f}"
    )
