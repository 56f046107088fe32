"""``python -m tests.fleet``: measure simulated devices with Mosquitto on this machine."""

import argparse

from tests.fleet.simulate import run


def main() -> None:
    """Run it and print what it took."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--devices", type=int, default=1000)
    parser.add_argument("--seconds", type=float, default=30.0)
    parser.add_argument("--hz", type=float, default=2.0, help="states a second and device")
    options = parser.parse_args()
    for name, value in run(options.devices, options.seconds, options.hz).items():
        print(f"{name:42} {value}")


if __name__ == "__main__":
    main()
