"""Show every device of an MQTT broker: python examples/mqtt_dashboard.py broker.local

On each device: landmarkd run --sink mqtt://broker.local
"""

import json
import sys

from paho.mqtt.client import Client, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion


def connected(client: Client, *_: object) -> None:
    """Subscribe after each connection, so that it still works after a restart of the broker."""
    client.subscribe(
        [("landmarkd/+/state", 1), ("landmarkd/+/status", 0), ("landmarkd/+/event", 1)]
    )


def arrived(_client: Client, _data: object, message: MQTTMessage) -> None:
    """Print a message on one line; anybody may write to the broker."""
    _, device, topic = message.topic.split("/")
    text = message.payload.decode("utf-8", "replace")
    try:
        if not text:  # this is how a device is removed from the broker
            text = "removed"
        elif topic == "status":
            driver = json.loads(text)["driver"]
            text = driver["attention"] if driver else "no driver monitoring"
        elif topic == "event":
            event = json.loads(text)
            text = f"{event['kind']} {event['phase']}"
    except (ValueError, TypeError, LookupError):
        text = "not a message of landmarkd"
    print(f"{device}: {topic}: {text}", flush=True)


host, _, port = (sys.argv[1] if len(sys.argv) > 1 else "localhost").partition(":")
dashboard = Client(CallbackAPIVersion.VERSION2)
dashboard.on_connect, dashboard.on_message = connected, arrived
dashboard.connect(host, int(port or 1883))
dashboard.loop_forever()
