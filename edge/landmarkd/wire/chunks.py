"""The chunks of a set of points, in buffers that are prepared once."""

from math import isfinite

import numpy as np

from landmarkd.types import Array, Box
from landmarkd.wire.codec import CODECS, append_checksum
from landmarkd.wire.names import PointsFlag, Selection
from landmarkd.wire.schema import POINT_SCALE, ROWS, TYPES, VERSION, Points

_FIXED = CODECS[TYPES[Points]]
_ROW_BYTES = ROWS[Points].size
_HEAD = _FIXED.whole
_LEAST, _MOST = -(1 << 15), (1 << 15) - 1
# As arrays, because numpy converts a number to an array at every call.
_SCALE, _LOW, _HIGH = (np.array(value, np.float32) for value in (POINT_SCALE, _LEAST, _MOST))
# The fields that change with every frame, with their offsets in a chunk (docs/wire.md).
_CHANGING = np.dtype(
    {
        "names": ["sequence", "frame", "captured_ns", "origin_x", "origin_y"],
        "formats": ["<u2", "<u4", "<u8", "<i2", "<i2"],
        "offsets": [2, 4, 8, 24, 26],
        "itemsize": _HEAD.size,
    }
)


class PointChunks:
    """Encodes one selection of one layout for every frame.

    Attributes:
        chunks: number of messages of a set.
    """

    def __init__(self, selection: Selection, count: int, max_message: int, raw: bool) -> None:
        each = (max_message - _FIXED.minimum) // _ROW_BYTES
        self.chunks = -(-count // each)
        self._count = count
        self._steps = np.empty((count, 3), np.float32)
        # One row for each point: subtracting a single row from all points is much slower.
        self._origin = np.zeros((count, 3), np.float32)
        size, last = _HEAD.size + each * _ROW_BYTES, count - (self.chunks - 1) * each
        self._buffer = bytearray((self.chunks - 1) * size + _HEAD.size + last * _ROW_BYTES)
        self._view = memoryview(self._buffer)
        flags = int(PointsFlag.RAW) if raw else 0
        for chunk in range(self.chunks):
            fixed = (int(selection), flags, chunk, self.chunks, chunk * each, count, 0, 0)
            _HEAD.pack_into(self._buffer, chunk * size, VERSION, TYPES[Points], 0, 0, 0, *fixed)
        self._spans = [slice(at, at + size) for at in range(0, self.chunks * size, size)]
        self._numbers = np.arange(self.chunks, dtype=np.uint16)
        # Views into the one buffer: the heads of all chunks, the rows of all but the last, the rows
        # of that.
        self._heads: np.ndarray = np.ndarray((self.chunks,), _CHANGING, self._buffer, 0, (size,))
        row_strides = (size, _ROW_BYTES, 2)
        self._full: np.ndarray = np.ndarray(
            (self.chunks - 1, each, 3), "<i2", self._buffer, _HEAD.size, row_strides
        )
        offset = (self.chunks - 1) * size + _HEAD.size
        self._last: np.ndarray = np.ndarray((last, 3), "<i2", self._buffer, offset, row_strides[1:])
        self._split = count - last

    def encode(
        self,
        points: Array,
        box: Box,
        sequence: int,
        frame: int,
        captured_ns: int,
    ) -> list[bytes]:
        """Return the messages of one set.

        Args:
            points: (count, 3), pixels; a number that is not finite becomes the lowest one.
            box: x0, y0, x1, y1 around the points; its middle is the origin.
            sequence: number of the first message.
            frame: number of the frame.
            captured_ns: its capture time.
        """
        heads, origin = self._heads, self._origin
        heads["sequence"] = self._numbers + np.uint16(sequence & 0xFFFF)
        heads["frame"] = frame & 0xFFFFFFFF
        heads["captured_ns"] = captured_ns & (1 << 64) - 1
        heads["origin_x"] = origin[:, 0] = _middle(box[0] + box[2])
        heads["origin_y"] = origin[:, 1] = _middle(box[1] + box[3])
        steps = self._steps
        np.subtract(points, origin, out=steps)
        np.multiply(steps, _SCALE, out=steps)
        np.rint(steps, out=steps)
        # fmax returns the other number for NaN.
        np.fmax(steps, _LOW, out=steps)
        np.fmin(steps, _HIGH, out=steps)
        np.copyto(self._full, steps[: self._split].reshape(self._full.shape), casting="unsafe")
        np.copyto(self._last, steps[self._split :], casting="unsafe")
        view = self._view
        return [append_checksum(bytes(view[span])) for span in self._spans]


def _middle(doubled: float) -> int:
    return max(_LEAST, min(_MOST, round(doubled / 2))) if isfinite(doubled) else 0
