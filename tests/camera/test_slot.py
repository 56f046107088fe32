import threading
import time

import numpy as np
from landmarkd.camera.slot import LatestFrame
from landmarkd.types import Frame


def frame(number):
    return Frame("test:", number, number, np.zeros((2, 2, 3), np.uint8))


def test_the_newest_frame_wins_and_the_others_are_counted():
    slot = LatestFrame()
    for number in range(5):
        slot.put(frame(number))
    assert slot.take(0).sequence == 4
    assert slot.skipped == 4
    assert slot.take(0) is None


def test_taking_waits_for_a_frame():
    slot = LatestFrame()
    taken = []
    waiter = threading.Thread(target=lambda: taken.append(slot.take(10)))
    waiter.start()
    slot.put(frame(7))
    waiter.join(10)
    assert taken[0].sequence == 7


def test_taking_gives_up():
    began = time.monotonic()
    assert LatestFrame().take(0.05) is None
    assert time.monotonic() - began >= 0.05


def test_closing_wakes_who_waits_and_keeps_the_last_frame():
    slot = LatestFrame()
    taken = []
    waiter = threading.Thread(target=lambda: taken.append(slot.take(30)))
    waiter.start()
    slot.close()
    waiter.join(10)
    assert taken == [None]
    slot.put(frame(1))
    assert slot.take(0).sequence == 1


def test_nothing_is_lost_or_doubled_between_threads():
    slot, seen, count = LatestFrame(), [], 5000

    def consume():
        while not seen or seen[-1] != count - 1:
            taken = slot.take(1)
            if taken is not None:
                seen.append(taken.sequence)

    consumer = threading.Thread(target=consume)
    consumer.start()
    for number in range(count):
        slot.put(frame(number))
    consumer.join(30)
    assert seen == sorted(set(seen))
    assert len(seen) + slot.skipped == count
