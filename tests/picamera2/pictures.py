"""Draws what the virtual camera shows, the bundled clip's driver: pictures.py FOLDER."""

import sys
from pathlib import Path

import cv2

folder = Path(sys.argv[1])
folder.mkdir()
clip = cv2.VideoCapture(
    str(Path(__file__).parents[2] / "edge" / "landmarkd" / "camera" / "clip" / "driver.mp4")
)
for number in range(20):
    _, image = clip.read()
    cv2.imwrite(str(folder / f"{number}.jpg"), cv2.resize(image, (640, 480)))
