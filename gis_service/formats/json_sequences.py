"""Several JSON texts in one file: one per line, or set off by RS characters (RFC 8142)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import orjson

from gis_service.errors import UnreadableFile
from gis_service.formats.doubled_names import refuse_doubled_names

_RECORD = "\x1e"


def json_sequence(text: str) -> list[Any] | None:
    """
    The values of a sequence; None when the text is none.

    Raises
    ------
    UnreadableFile
        One of the texts is not whole: nothing of a sequence is passed over.
    """
    marked = text.lstrip().startswith(_RECORD)
    if not marked and not _first_line_is_whole(text):
        return None
    values = []
    for number, record in _records(text, marked=marked):
        try:
            values.append(orjson.loads(record))
            refuse_doubled_names(record, values[-1])
        except orjson.JSONDecodeError as error:
            raise UnreadableFile(
                f"Text {number} of the JSON sequence is not whole: {error.msg}. "
                "The file may have been cut short."
            ) from None
    return values


def _first_line_is_whole(text: str) -> bool:
    first, newline, _ = text.lstrip().partition("\n")
    if not newline or not first.startswith("{"):
        return False
    try:
        return isinstance(orjson.loads(first), dict)
    except orjson.JSONDecodeError:
        return False


def _records(text: str, *, marked: bool) -> Iterator[tuple[int, str]]:
    pieces = text.split(_RECORD) if marked else text.splitlines()
    filled = (piece for piece in pieces if piece.strip())
    return enumerate(filled, 1)
