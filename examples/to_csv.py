"""Write a video's pose and eyes as CSV: python examples/to_csv.py file:drive.mp4 > drive.csv"""

import csv
import sys

import landmarkd

pipeline = landmarkd.Pipeline()
rows = csv.writer(sys.stdout)
rows.writerow(("seconds", "face", "yaw_deg", "pitch_deg", "roll_deg", "left_open", "right_open"))
began_ns = None
for frame in landmarkd.Camera(sys.argv[1] if len(sys.argv) > 1 else "demo:", fast=True):
    report = pipeline.process(frame)
    began_ns = report.captured_ns if began_ns is None else began_ns
    seconds, face = round((report.captured_ns - began_ns) / 1e9, 3), report.face
    if face is None:
        rows.writerow((seconds, 0))
        continue
    angles = (round(angle, 1) for angle in (face.pose.yaw, face.pose.pitch, face.pose.roll))
    # None, an empty cell, where an eye cannot be seen.
    rows.writerow((seconds, 1, *angles, face.left.openness, face.right.openness))
