"""What Open311 answers as XML, in the shapes of GeoReport v2."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from xml.sax.saxutils import escape  # nosec B406 # it parses nothing

HEAD = '<?xml version="1.0" encoding="utf-8"?>'


def xml(root: str, each: str, rows: Iterable[Mapping[str, object]]) -> bytes:
    """
    A document of rows, in UTF-8.

    Parameters
    ----------
    root, each
        Names of the outermost element and of that of a row; without a name of
        its own the only row stands in the outermost one.
    """
    parts = []
    for row in rows:
        inner = "".join(_element(name, value) for name, value in row.items())
        parts.append(f"<{each}>{inner}</{each}>" if each else inner)
    return f"{HEAD}<{root}>{''.join(parts)}</{root}>".encode()


def _element(name: str, value: object) -> str:
    if isinstance(value, bool):
        text = "true" if value else "false"
    elif isinstance(value, list):
        text = ", ".join(map(str, value))
    else:
        text = "" if value is None else str(value)
    printable = "".join(c for c in text if c.isprintable() or c in "\n\t")
    return f"<{name}>{escape(printable)}</{name}>"
