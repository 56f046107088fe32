"""Light a lamp at a pin of a Raspberry Pi while the driver is drowsy or looks away.

python examples/gpio_lamp.py udp://:5005 17
"""

import sys

import landmarkd
from gpiozero import LED

uri = sys.argv[1] if len(sys.argv) > 1 else "udp://:5005"
lamp = LED(int(sys.argv[2]) if len(sys.argv) > 2 else 17)
WARNING = 2  # levels: 0 information, 1 notice, 2 warning, 3 alarm
reports = landmarkd.Receiver(uri, timeout_s=5.0)
try:
    while True:
        try:
            report = next(reports, None)
        except landmarkd.SourceTimeoutError:
            lit = False  # the device is silent, and may come back
        else:
            if report is None:  # the end of a recording
                break
            lit = report.driver is not None and report.driver.level >= WARNING
        if lit != lamp.is_lit:
            lamp.value = lit
            print("lamp on" if lit else "lamp off", flush=True)
finally:
    lamp.off()
