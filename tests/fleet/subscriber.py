"""A subscriber to the whole fleet, which counts messages and prints the counts at its end."""

import json
import sys
import threading
from collections import Counter

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion


def main(port: int) -> None:
    """Print "ready", then, after a line on standard input, the counts as JSON."""
    counts, states, found = Counter(), {}, set()
    ready, ending = threading.Event(), threading.Event()
    sizes = Counter()

    def on_message(_client: object, _data: object, message: paho.MQTTMessage) -> None:
        topic = message.topic
        kind = topic.rpartition("/")[2]
        counts[kind] += 1
        if kind == "status":
            sizes[len(message.payload)] += 1
        elif kind == "state":
            counts["offline"] += message.payload == b"offline"
            states[topic] = message.payload
        elif kind == "config":
            found.add(topic)

    client = paho.Client(CallbackAPIVersion.VERSION2)
    client.on_message = on_message
    client.on_subscribe = lambda *_: ready.set()
    client.connect("127.0.0.1", port)
    client.subscribe([("landmarkd/#", 1), ("homeassistant/#", 1)])
    client.loop_start()
    ready.wait(20)
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    sys.stdin.readline()
    before = -1
    while counts.total() != before:
        before = counts.total()
        ending.wait(1.0)
    client.disconnect()
    client.loop_stop()
    offline = sum(payload == b"offline" for payload in states.values())
    size = sizes.most_common(1)[0][0] if sizes else 0
    told = {
        "status": counts["status"],
        "event": counts["event"],
        "wills": counts["offline"] - offline,
        "found": len(found),
        "offline": offline,
        "bytes": size,
    }
    sys.stdout.write(json.dumps(told))


if __name__ == "__main__":
    main(int(sys.argv[1]))
