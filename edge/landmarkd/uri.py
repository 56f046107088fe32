"""URIs that name sources and sinks: ``scheme:path?option=value`` and ``scheme://host:port?option=value``."""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import parse_qsl, unquote, urlsplit

from landmarkd.errors import UsageError

_ADDRESS = re.compile(r"(?:\d+\.\d+\.\d+\.\d+|localhost|[\w-]+\.local):\d+|\d{2,5}")
"""An address without a scheme, or only a port."""
_YES, _NO = ("yes", "true", "on", "1"), ("no", "false", "off", "0")
# A password may hold any character, but one with / ? or # ends the host for every parser. So this
# is all up to the last @, unless what is before it is a host. The login `name:12/34` looks like a
# host with a port: after these the first @ must be in an option.
_LOGIN = re.compile(
    r"""
    (?:^|(?<=:))(//)
    (?!
        (?:
            (?: \[[^]/?#@]*] | \d+(?:\.\d+){3} ) (?: :\d* )?
            | [^/?#@:]* (?: :\d* (?= [^@]* (?: \Z | \?[^@]*= ) ) )?
        )
        (?: [/?#] | \Z )
    )
    .*(@)""",
    re.VERBOSE | re.DOTALL,
)
_SECRETS = (
    _LOGIN,
    re.compile(r"(\b[a-z]{2,10}:(?:/|///+)?)[^\s/?#@:]+:[^\s?#]*(@)", re.IGNORECASE),
    # Names of passwords in cameras and web services: password, loginpas, pwd, psw, access_token,
    # api-key.
    re.compile(
        r"([?&][\w.-]*?(?:pas|pwd|psw|secret|token|auth|api.?key)(?![\w.-]*_file)[\w.-]*=)[^\s&#]*()",
        re.IGNORECASE,
    ),
)
_NO_UTF8 = re.compile("[\udc80-\udcff]")
"""Bytes of a file's name as ``surrogateescape`` decodes them."""
_TRUTH = dict.fromkeys(_YES, True) | dict.fromkeys(_NO, False)


@dataclass(frozen=True, slots=True)
class Uri:
    """A parsed URI.

    Attributes:
        text: as given, without a password; only for people to read.
        scheme: lower case, never empty.
        path: of a device or file; for ``scheme://host:port`` the part after the port.
        encoded_path: for a server, as given: only there a / and a %2F differ.
        host: None where the URI has none.
        port: None where the URI has none.
        options: of the query.
    """

    text: str
    scheme: str
    path: str = ""
    host: str | None = None
    port: int | None = None
    options: Mapping[str, str] = field(default_factory=dict)
    encoded_path: str = ""

    def only(self, allowed: Collection[str]) -> "Uri":
        """Return self if all options are allowed.

        Raises:
            UsageError: naming the option and what is allowed.
        """
        for name in self.options:
            if name not in allowed:
                known = f"known are {', '.join(sorted(allowed))}" if allowed else "it takes none"
                raise UsageError(
                    f"{self.text}: unknown option {name!r}{nearest(name, allowed)}; {known}."
                )
        return self

    def integer(self, name: str, default: int, low: int, high: int) -> int:
        """Return an option as an integer within [low, high].

        Raises:
            UsageError: naming the option and what is allowed.
        """
        text = self.options.get(name)
        if text is None:
            return default
        try:
            value = int(text)
        except ValueError:
            value = low - 1
        if not low <= value <= high:
            raise UsageError(
                f"{self.text}: {name} is {text!r}; use an integer from {low} to {high}."
            )
        return value

    def choice(self, name: str, allowed: Collection[str]) -> str:
        """Return an option that is one of several words; the first of them where it is not given.

        Raises:
            UsageError: naming the option and what is allowed.
        """
        first, *others = allowed
        text = self.options.get(name, first)
        if text not in allowed:
            listed = ", ".join((first, *others[:-1])) + f" or {others[-1]}"
            raise UsageError(f"{self.text}: {name} is {text!r}; use {listed}.")
        return text

    def boolean(self, name: str, default: bool) -> bool:
        """Return an option as a truth value: yes, no, true, false, on, off, 1 or 0.

        Raises:
            UsageError: naming the option and what is allowed.
        """
        value = self.boolean_or_text(name, default)
        if isinstance(value, str):
            raise UsageError(f"{self.text}: {name} is {value!r}; use yes or no.")
        return value

    def boolean_or_text(self, name: str, default: bool) -> bool | str:
        """Return an option as a truth value, or its text where it is no word for one."""
        text = self.options.get(name)
        return default if text is None else _TRUTH.get(text.lower(), text)


def named_file(text: str) -> Path:
    """Return the path that a URI names, whatever its scheme."""
    return Path(_path(text.partition(":")[2].partition("?")[0]))


def _path(encoded: str) -> str:
    """Return a path as Python names it, which may hold any bytes and not only UTF-8."""
    return unquote(encoded, errors="surrogateescape")


def unicode_uri(text: str) -> str:
    """Return a URI in which bytes of a file's name that are no UTF-8 are written ``%E9``."""
    return _NO_UTF8.sub(lambda found: f"%{ord(found[0]) - 0xDC00:02X}", text)


def holds_login(rest: str) -> bool:
    """Return whether a URI has, or seems to have, a name or a password before the host.

    Args:
        rest: what follows the scheme.
    """
    return _LOGIN.match(rest) is not None


def redacted(text: str) -> str:
    """Return a URI, or a text with URIs in it, without passwords."""
    for pattern in _SECRETS:
        text = pattern.sub(r"\1***\2", text)
    return text


def nearest(word: str, known: Collection[str]) -> str:
    """Return " (did you mean …?)" with the most similar known word, or ""."""
    found = _closest(word, known)
    return f" (did you mean {found}?)" if found else ""


def _closest(word: str, known: Collection[str]) -> str:
    from difflib import get_close_matches

    return next(iter(get_close_matches(word.lower(), sorted(known), 1)), "")


def _meant(text: str, schemes: Collection[str]) -> str:
    """Return " (did you mean …?)" for a text without a known scheme, or ""."""
    scheme, colon, rest = text.partition(":")
    whole = ""
    if text.startswith("/dev/tty") and "serial" in schemes:
        whole = f"serial://{text}"
    elif _ADDRESS.fullmatch(text) and "udp" in schemes:
        whole = f"udp://{text if colon else ':' + text}"
    elif (ending := Path(text.partition("?")[0]).suffix[1:]) in schemes and not colon:
        whole = f"{ending}:{text}"
    elif close := _closest(scheme, schemes):
        whole = f"{close}:{rest}"
    return f" (did you mean {whole}?)" if whole else ""


def parse_uri(text: str, schemes: Collection[str]) -> Uri:
    """Parse a URI whose scheme is one of `schemes`.

    Raises:
        UsageError: no scheme or an unknown one, a bad port, an option given twice, or what may be
            a name or a password before the host. The message never has a password.
    """
    whole, text = text, redacted(text)
    scheme, colon, rest = whole.partition(":")
    scheme = scheme.lower()
    garbled = not colon or any(ord(character) < 32 for character in whole)
    if garbled or scheme not in schemes:
        text = re.sub(":.*@", ":***@", text, flags=re.DOTALL)  # perhaps NAME:PASSWORD@HOST
        known = ", ".join(f"{name}:" for name in sorted(schemes))
        hint = _meant(text, schemes)
        if garbled:
            raise UsageError(f"{text!r} is not a URI{hint}; it starts with one of {known}")
        raise UsageError(f"{text!r}: unknown scheme {scheme + ':'!r}{hint}; known are {known}")
    if holds_login(rest):
        raise UsageError(
            f"{text}: a URI is shown in logs and must not hold a name or a password; "
            "use the options user=NAME and password_file=FILE. An @ in a path is written %40."
        )
    # With the scheme "x", urlsplit uses its generic rules for the rest.
    try:
        parts = urlsplit("x:" + rest)
        host, port = parts.hostname, parts.port
    except ValueError as error:
        # urlsplit quotes the text of the port, which may be a part of a password.
        reason = "the port is no number" if "cast" in str(error) else error
        raise UsageError(f"{text!r}: {reason}.") from error
    options: dict[str, str] = {}
    for name, value in parse_qsl(parts.query, keep_blank_values=True):
        if name in options:
            raise UsageError(f"{text!r}: option {name!r} is given twice.")
        options[name] = value
    path = _path(parts.path) + (f"#{parts.fragment}" if parts.fragment else "")
    if any("\0" in part for part in (path, *options.values())):
        raise UsageError(f"{text!r}: no path and no option holds the character NUL.")
    return Uri(text, scheme, path, host, port, options, parts.path)
