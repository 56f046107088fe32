"""Secured datagrams: ChaCha20-Poly1305 (RFC 8439) under a key that both sides hold. Layout in docs/wire.md."""

import hashlib
import secrets
from collections import OrderedDict
from pathlib import Path
from struct import Struct

from landmarkd.errors import AccessError, MissingPackageError, UsageError, WireError
from landmarkd.wire.schema import VERSION

KEY_BYTES = 32
SEALED = 0x80 | VERSION
"""First byte of a sealed datagram; no message begins with it."""
HEADER = Struct("<B3s4sQ")
TAG_BYTES = 16
OVERHEAD = HEADER.size + TAG_BYTES
REPLAY_WINDOW = 1024
"""Datagrams that may come late; what is older counts as replayed."""
MAX_SALTS = 1024
"""Starts of senders that are remembered; beyond that the one silent for longest is forgotten."""


class UnauthenticError(WireError):
    """Not sealed, sealed under another key, or altered on the way."""


class ReplayedError(WireError):
    """Seen before, or older than the window."""


def _cipher(key: bytes):  # type: ignore[no-untyped-def]  # the package is optional, and so is its type
    try:
        from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
    except ImportError as error:
        raise MissingPackageError(
            "Secured datagrams need the package cryptography: pip install 'landmarkd[crypto]'"
        ) from error
    return ChaCha20Poly1305(key)


def key_id(key: bytes) -> bytes:
    """Return what a datagram tells of the key that sealed it."""
    return hashlib.sha256(key).digest()[:3]


class Sealer:
    """Seals the messages of one stream; never uses a nonce twice."""

    def __init__(self, key: bytes, salt: bytes | None = None) -> None:
        self._cipher = _cipher(key)
        self._key_id = key_id(key)
        self._salt = secrets.token_bytes(4) if salt is None else salt
        self._counter = 0

    def seal(self, message: bytes) -> bytes:
        """Return the message sealed, `OVERHEAD` bytes longer."""
        self._counter += 1
        header = HEADER.pack(SEALED, self._key_id, self._salt, self._counter)
        return header + bytes(self._cipher.encrypt(header[4:], message, header))


class Opener:
    """Opens sealed datagrams of any number of senders with the same key."""

    def __init__(self, key: bytes) -> None:
        self._cipher = _cipher(key)
        self._key_id = key_id(key)
        # Salt to the highest counter seen and, as bits, which of those below it were seen.
        self._seen: OrderedDict[bytes, tuple[int, int]] = OrderedDict()

    def open(self, datagram: bytes) -> bytes:
        """Return the message.

        Raises:
            UnauthenticError: not sealed under this key, or altered.
            ReplayedError: seen before, or too old to tell.
        """
        from cryptography.exceptions import InvalidTag

        if len(datagram) < OVERHEAD or datagram[0] != SEALED:
            raise UnauthenticError("Not a sealed datagram; give the sender the key as well.")
        _, sealed_under, salt, counter = HEADER.unpack_from(datagram)
        if sealed_under != self._key_id:
            raise UnauthenticError("Sealed under another key.")
        highest, bits = self._seen.get(salt, (0, 0))
        behind = highest - counter
        if behind >= REPLAY_WINDOW or (behind >= 0 and bits >> behind & 1):
            raise ReplayedError("Seen before, or too old to tell.")
        header = datagram[: HEADER.size]
        try:
            message = bytes(self._cipher.decrypt(header[4:], datagram[HEADER.size :], header))
        except InvalidTag as error:
            raise UnauthenticError("Altered on the way.") from error
        self._remember(salt, counter, highest, bits)
        return message

    def _remember(self, salt: bytes, counter: int, highest: int, bits: int) -> None:
        if counter > highest:
            # The shift is limited: a counter that leaps must not make a number of that many bits.
            ahead = min(counter - highest, REPLAY_WINDOW)
            highest, bits = counter, (bits << ahead | 1) & (1 << REPLAY_WINDOW) - 1
        else:
            bits |= 1 << highest - counter
        self._seen[salt] = highest, bits
        self._seen.move_to_end(salt)
        if len(self._seen) > MAX_SALTS:
            self._seen.popitem(last=False)


def read_key(path: Path) -> bytes:
    """Return the key that a file holds as 64 hexadecimal digits.

    Raises:
        AccessError: others than its owner may read the file.
        UsageError: it is missing or holds no key.
    """
    try:
        mode, text = path.stat().st_mode, path.read_text().strip()
        key = bytes.fromhex(text)
    except (OSError, ValueError) as error:
        raise UsageError(
            f"{path}: no key can be read there; make one with landmarkd key {path}"
        ) from error
    if mode & 0o077:
        raise AccessError(f"{path}: others may read this key; chmod 600 {path}")
    if len(key) != KEY_BYTES:
        raise UsageError(
            f"{path}: a key has {2 * KEY_BYTES} hexadecimal digits; make one with landmarkd key {path}"
        )
    return key
