"""Count blinks: python examples/blink_counter.py v4l2:/dev/video0"""

import sys

import landmarkd

pipeline = landmarkd.Pipeline()
blinks, began_ns = 0, None
for frame in landmarkd.Camera(sys.argv[1] if len(sys.argv) > 1 else "demo:"):
    report = pipeline.process(frame)
    if began_ns is None:
        began_ns = report.captured_ns
    for event in report.driver.events if report.driver else ():
        if event.kind == "blink":
            blinks += 1
            print(f"{(event.at_ns - began_ns) / 1e9:.1f} s: blink {blinks}")
print(f"{blinks} blinks")
