"""Secured datagrams: ChaCha20-Poly1305 (RFC 8439) under a shared key. See docs/wire.md.

Every start of a sender uses 128 new random bits and encrypts under its own key, derived with
HKDF-SHA256 (RFC 5869). Therefore no nonce is used twice under one key, for any number of units and
starts.
"""

import hashlib
import os
import secrets
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from itertools import islice
from pathlib import Path
from struct import Struct
from typing import TYPE_CHECKING

from landmarkd.errors import AccessError, UsageError, WireError
from landmarkd.files import read_secret, reading_secret
from landmarkd.utc import UtcReader
from landmarkd.wire.schema import VERSION

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

KEY_BYTES = 32
START_BYTES = 16
SEALED = 0x80 | VERSION
"""First byte of a sealed datagram; no message has this first byte."""
SEAL_HEADER = Struct(f"<B3s{START_BYTES}sQI")
"""Version, key id, start, counter, time."""
TAG_BYTES = 16
OVERHEAD = SEAL_HEADER.size + TAG_BYTES
PURPOSE = b"landmarkd wire 2 datagram"
"""The info of the derivation, so that the derived keys are for this protocol only."""
REPLAY_WINDOW = 1024
"""Number of datagrams that may be late; older ones count as replayed."""
TIME_WINDOW_S = 30
"""A datagram is refused if its time differs by more from the UTC of the receiver."""
MAX_KEYS = 100_000
"""Maximum of devices in a folder of keys."""
MAX_STARTS = 1024
"""Maximum of stored starts of senders; if there are more, the least recent is dropped."""


class UnauthenticError(WireError):
    """Not sealed, sealed under another key, or altered."""


class ReplayedError(WireError):
    """Seen before, or older than the window."""


class StaleError(WireError):
    """Sent at another time, by the clock of the receiver."""


def _cipher(key: bytes, start: bytes) -> "ChaCha20Poly1305":
    """Return the cipher of one start of a sender."""
    from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
    from cryptography.hazmat.primitives.hashes import SHA256
    from cryptography.hazmat.primitives.kdf.hkdf import HKDF

    return ChaCha20Poly1305(HKDF(SHA256(), KEY_BYTES, salt=start, info=PURPOSE).derive(key))


def _nonce(counter: int) -> bytes:
    return counter.to_bytes(12, "little")


def key_id(key: bytes) -> bytes:
    """Return the key id in a datagram that this key sealed."""
    return hashlib.sha256(key).digest()[:3]


class Sealer:
    """Seals the messages of one stream; never uses a nonce twice.

    Args:
        key: 32 bytes, shared with the receivers.
        start: 16 random bytes of this start; made if left out.
        utc_s: returns seconds since 1970, or 0 while the clock cannot be trusted.
    """

    def __init__(
        self, key: bytes, start: bytes | None = None, utc_s: Callable[[], int] | None = None
    ) -> None:
        self._start = secrets.token_bytes(START_BYTES) if start is None else start
        self._cipher = _cipher(key, self._start)
        self._key_id = key_id(key)
        self._counter = 0
        self._utc_s = UtcReader().seconds if utc_s is None else utc_s

    def seal(self, message: bytes) -> bytes:
        """Return the message sealed, `OVERHEAD` bytes longer."""
        self._counter += 1
        sent_s = self._utc_s() & 0xFFFFFFFF
        header = SEAL_HEADER.pack(SEALED, self._key_id, self._start, self._counter, sent_s)
        return header + bytes(self._cipher.encrypt(_nonce(self._counter), message, header))


class _Start:
    """One start of a sender: its cipher, the highest counter, and the counters seen below it."""

    __slots__ = ("bits", "cipher", "highest")

    def __init__(self, cipher: "ChaCha20Poly1305") -> None:
        self.cipher, self.highest, self.bits = cipher, 0, 0

    def seen(self, counter: int) -> bool:
        behind = self.highest - counter
        return behind >= REPLAY_WINDOW or (behind >= 0 and bool(self.bits >> behind & 1))

    def remember(self, counter: int) -> None:
        if counter > self.highest:
            # The shift is limited, because a large step of the counter must not make a huge number.
            ahead = min(counter - self.highest, REPLAY_WINDOW)
            self.bits = (self.bits << ahead | 1) & (1 << REPLAY_WINDOW) - 1
            self.highest = counter
        else:
            self.bits |= 1 << self.highest - counter


class Opener:
    """Opens sealed datagrams of any number of senders.

    Args:
        key: 32 bytes that all senders share, or the key of each device by its name.
        window_s: allowed difference of the time of a datagram and UTC here; 0 disables the check.
        utc_s: seconds since 1970, for tests.
    """

    def __init__(
        self,
        key: bytes | Mapping[str, bytes],
        window_s: int = TIME_WINDOW_S,
        utc_s: Callable[[], float] = time.time,
    ) -> None:
        owned = {None: key} if isinstance(key, bytes) else dict(key)
        self._keys: dict[bytes, tuple[str | None, bytes]] = {
            key_id(content): (device, content) for device, content in owned.items()
        }
        self._window_s, self._utc_s = window_s, utc_s
        # Only starts with a valid datagram, so that forged ones use no memory.
        self._starts: OrderedDict[bytes, _Start] = OrderedDict()

    @property
    def devices(self) -> int:
        """Number of devices with their own key; 0 if all share one."""
        return sum(device is not None for device, _ in self._keys.values())

    def device(self, datagram: bytes) -> str | None:
        """Return the device whose key id a datagram has; None for a shared or unknown key."""
        return self._keys.get(datagram[1:4], (None, b""))[0]

    def open(self, datagram: bytes) -> bytes:
        """Return the message.

        Raises:
            UnauthenticError: not sealed under this key, or altered.
            ReplayedError: seen before, or too old to check.
            StaleError: sent at another time than now.
        """
        from cryptography.exceptions import InvalidTag

        if len(datagram) < OVERHEAD or datagram[0] != SEALED:
            raise UnauthenticError("Not a sealed datagram; give the sender the key as well.")
        _, sealed_under, name, counter, sent_s = SEAL_HEADER.unpack_from(datagram)
        if sealed_under not in self._keys:
            raise UnauthenticError("Sealed under another key.")
        # The key is part of the name, so that each cipher only opens datagrams of its own key.
        start = self._starts.get(sealed_under + name)
        if start is None:
            start = _Start(_cipher(self._keys[sealed_under][1], name))
        if start.seen(counter):
            raise ReplayedError("Seen before, or too old to check.")
        header, sealed = datagram[: SEAL_HEADER.size], datagram[SEAL_HEADER.size :]
        try:
            message = bytes(start.cipher.decrypt(_nonce(counter), sealed, header))
        except InvalidTag as error:
            raise UnauthenticError("Altered on the way.") from error
        if self._window_s and sent_s and abs(self._utc_s() - sent_s) > self._window_s:
            raise StaleError("Sent at another time; set both clocks, or use window=0.")
        start.remember(counter)
        self._starts[sealed_under + name] = start
        self._starts.move_to_end(sealed_under + name)
        if len(self._starts) > MAX_STARTS:
            self._starts.popitem(last=False)
        return message


def read_key(path: Path) -> bytes:
    """Return the key in a file of 64 hexadecimal digits.

    Raises:
        AccessError: others than its owner may read the file, or this user may not.
        UsageError: it is missing or has no key.
    """
    try:
        key = bytes.fromhex(read_secret(path).decode().strip())
    except AccessError:
        raise
    except (OSError, ValueError) as error:
        raise UsageError(
            f"{path}: no key can be read there; make one with landmarkd key {path}"
        ) from error
    if len(key) != KEY_BYTES:
        raise UsageError(
            f"{path}: a key has {2 * KEY_BYTES} hexadecimal digits; "
            f"make one with landmarkd key {path}"
        )
    return key


def read_keys(folder: Path) -> dict[str, bytes]:
    """Return the keys of a folder by device: NAME.key is the key of the device NAME.

    Raises:
        AccessError, UsageError: see `read_key`; also if two keys have the same key id, or there is
            no key.
    """
    keys: dict[str, bytes] = {}
    names: dict[bytes, str] = {}
    try:
        with reading_secret(folder), os.scandir(folder):  # glob takes a locked folder for empty
            paths = sorted(islice(folder.glob("*.key"), MAX_KEYS + 1))
    except AccessError:
        raise
    except OSError as error:
        raise UsageError(f"{folder}: the keys cannot be read: {error.strerror}.") from error
    if not 0 < len(paths) <= MAX_KEYS:
        raise UsageError(f"{folder}: put the key of each device there as NAME.key.")
    for path in paths:
        keys[path.stem] = read_key(path)
        other = names.setdefault(key_id(keys[path.stem]), path.stem)
        if other != path.stem:
            raise UsageError(
                f"{path}: this key is that of {other}, or looks like it from outside; make "
                "another one for one of them."
            )
    return keys
