"""Objects of a JSON text that name a member twice, of which parsers keep the last one only."""

from __future__ import annotations

import json
import re
from typing import Any

from gis_service.errors import UnreadableFile

_STRING = re.compile(r'"[^"\\]*+(?:\\.[^"\\]*+)*+"(\s*+:)?', re.DOTALL)
_POSITIONS = "coordinates"


def refuse_doubled_names(text: str, document: Any) -> None:
    """
    Compare the names in a text with those that arrived in its document.

    They are counted first, which is quick; only when some are missing is the
    text parsed again to tell which.

    Raises
    ------
    UnreadableFile
        An object names a member twice, so that a value would be lost.
    """
    written = sum(1 for found in _STRING.finditer(text) if found.lastindex)
    if written > _names_in(document):
        json.loads(text, object_pairs_hook=_once)


def _names_in(value: Any) -> int:
    """How many members objects have, without looking into positions, which hold none."""
    count = 0
    left = [value]
    while left:
        each = left.pop()
        if isinstance(each, dict):
            count += len(each)
            left += (v for k, v in each.items() if isinstance(v, dict | list) and k != _POSITIONS)
        elif isinstance(each, list):
            left += (v for v in each if isinstance(v, dict | list))
    return count


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise UnreadableFile(
            f"An object names {twice[:60]!r} twice ({json.dumps(found, default=str)[:120]}); "
            "one of the two values would be lost. Correct the file."
        )
    return found
