"""Common parts of the pages: a style, and a policy that blocks everything else."""

import base64
import hashlib
from collections.abc import Sequence
from functools import lru_cache
from html import escape
from pathlib import Path


@lru_cache(maxsize=1)
def style() -> str:
    """Return the style sheet of all pages."""
    return Path(__file__).with_name("style.css").read_text()


def digest(text: str) -> str:
    """Return the name of a script or style sheet in a content security policy."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def document(title: str, body: str) -> str:
    """Return a whole page without scripts and without network access.

    Args:
        title: text from anywhere.
        body: HTML with all outside text escaped.
    """
    rules = f"default-src 'none'; style-src {digest(style())}; base-uri 'none'; form-action 'none'"
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{rules}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)}</title><style>{style()}</style></head>"
        f'<body><main class="page">{body}</main></body></html>\n'
    )


def card(title: str, content: str, note: str = "") -> str:
    """Return a section of a page."""
    below = f'<p class="note">{escape(note)}</p>' if note else ""
    return f'<section class="card"><h2>{escape(title)}</h2>{content}{below}</section>'


def tiles(facts: Sequence[tuple[str, str, bool]]) -> str:
    """Return the large numbers of a page: value, name, and whether it is bad."""
    shown = (
        f"<li{' class=bad' if bad else ''}><b>{escape(value)}</b>{escape(name)}</li>"
        for value, name, bad in facts
    )
    return f'<ul class="tiles">{"".join(shown)}</ul>'


def table(heads: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    """Return a table of text, which scrolls on a narrow page."""
    head = "".join(f"<th>{escape(name)}</th>" for name in heads)
    body = "".join(
        "<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in rows
    )
    return f'<div class="scroll"><table><tr>{head}</tr>{body}</table></div>'
