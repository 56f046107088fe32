"""Print what a device sends: python examples/receiver.py udp://:5005

On the device: landmarkd run --sink udp://THIS_MACHINE:5005
"""

import sys

import landmarkd

for report in landmarkd.Receiver(sys.argv[1] if len(sys.argv) > 1 else "udp://:5005"):
    driver = report.driver
    print(
        report.source,
        report.sequence,
        "face" if report.face else "no face",
        driver.attention if driver else "",
    )
