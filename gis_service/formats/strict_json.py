"""JSON from strangers: bounded in nesting, each name once, nothing that JSON does not have."""

from __future__ import annotations

import json
import re
from typing import Any

import orjson

from gis_service.errors import InvalidInput

DEPTH = 32
_STRING = re.compile(rb'"(?:[^"\\]|\\.)*+(?:"|\\?\Z)', re.DOTALL)
"""A string to its end, or to the end of all: so each byte is looked at once."""
_BRACKETS = re.compile(rb"[\[{]|[\]}]")


def parse_json(content: bytes, *, deepest: int = DEPTH) -> Any:
    """
    The value of a JSON text in UTF-8.

    Raises
    ------
    InvalidInput
        It is no JSON, nests too deeply, names a member twice, or holds NaN,
        infinity or half a character.
    """
    check_depth(content, deepest)
    try:
        value = orjson.loads(content)
        json.loads(content, object_pairs_hook=_once, parse_int=float)
    except orjson.JSONDecodeError as error:
        raise InvalidInput(
            f"The body is no JSON: {error.msg} at line {error.lineno}, column {error.colno}."
        ) from None
    except (ValueError, OverflowError):
        raise InvalidInput("The body holds a number that cannot be read.") from None
    return value


def check_depth(content: bytes, deepest: int = DEPTH) -> None:
    """
    Refuse text that nests too deeply, counted on the bytes before any parser sees them.

    Raises
    ------
    InvalidInput
        It does.
    """
    depth = 0
    for bracket in _BRACKETS.findall(_STRING.sub(b"", content)):
        depth += 1 if bracket in b"[{" else -1
        if depth > deepest:
            raise InvalidInput(f"The body nests brackets more than {deepest} deep.")


def _once(pairs: list[tuple[str, Any]]) -> None:
    names = [name for name, _ in pairs]
    if len(names) != len(set(names)):
        twice = next(name for name in names if names.count(name) > 1)
        raise InvalidInput(f"The body names {twice[:60]!r} twice in one object.")
