"""
OFDS in JSON: a package, one network, or JSON Lines.

Reading runs in the confined process; nothing that JSON cannot carry back is let
in, for a package is read whole or refused, never altered.
"""

from __future__ import annotations

import json
import math
import re
from typing import Any

from gis_service.errors import InvalidInput, UnreadableFile
from gis_service.formats.ofds_package import ARRAYS, Json
from gis_service.formats.strict_json import check_depth

_SUSPECT = re.compile(r"\\u0000|\\u[dD][89a-fA-F]|\x00")
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


def parse_package(content: bytes) -> tuple[Json, str]:
    """
    The package in a JSON text, and the form that it has.

    Raises
    ------
    UnreadableFile
        It is no JSON, or no package of OFDS.
    """
    text = _text(content)
    try:
        found = _parsed(text)
        form = "JSON"
    except json.JSONDecodeError as error:
        lines = [line.strip("\x1e \t\r") for line in text.split("\n")]
        if not error.msg.startswith("Extra data") or not any(lines):
            raise UnreadableFile(
                f"The file is no JSON: {error.msg} at line {error.lineno}, "
                f"column {error.colno}."
            ) from None
        found = [_line(line, number) for number, line in enumerate(lines, 1) if line]
        form = "JSON Lines"
        return _lines(found), form
    if isinstance(found, dict) and isinstance(found.get("networks"), list):
        _all_objects(found["networks"])
        return found, form
    if isinstance(found, dict) and is_network(found):
        return {"networks": [found]}, "JSON (one network)"
    raise UnreadableFile(
        "The file is JSON but no package of the Open Fibre Data Standard: it has no array "
        "'networks', and neither nodes nor spans."
    )


def is_network(value: Json) -> bool:
    """Whether an object looks like one network."""
    return any(isinstance(value.get(name), list) for name in ARRAYS)


def _lines(found: list[Any]) -> Json:
    networks: list[Any] = []
    for each in found:
        if isinstance(each, dict) and isinstance(each.get("networks"), list):
            networks += each["networks"]
        else:
            networks.append(each)
    _all_objects(networks)
    return {"networks": networks}


def _all_objects(networks: list[Any]) -> None:
    if not networks:
        raise UnreadableFile("The package has no networks; there is nothing to load.")
    for position, each in enumerate(networks):
        if not isinstance(each, dict):
            raise UnreadableFile(f"networks/{position} is no object but {type(each).__name__}.")


def _text(content: bytes) -> str:
    try:
        check_depth(content)
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise UnreadableFile(
            f"The file is not in UTF-8 (byte {error.start + 1:,}); JSON always is."
        ) from None
    except InvalidInput as error:
        raise UnreadableFile(str(error)) from None
    if not text.strip():
        raise UnreadableFile("The file is empty: it holds nothing but blanks.")
    return text


def _line(line: str, number: int) -> Any:
    try:
        return _parsed(line)
    except json.JSONDecodeError as error:
        raise UnreadableFile(f"Line {number} is no JSON: {error.msg}.") from None


def _parsed(text: str) -> Any:
    try:
        value = json.loads(
            text, object_pairs_hook=_once, parse_constant=_no_constant, parse_float=_finite
        )
    except json.JSONDecodeError:
        raise
    except ValueError as error:  # among them numbers of thousands of digits
        raise UnreadableFile(f"The file holds a number that cannot be kept: {error}.") from None
    if _SUSPECT.search(text):
        _refuse_unstorable(value, ())
    return value


def _once(pairs: list[tuple[str, Any]]) -> Json:
    made = dict(pairs)
    if len(made) != len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise UnreadableFile(
            f"An object names {twice[:60]!r} twice; which of the two is meant cannot be known."
        )
    return made


def _no_constant(name: str) -> Any:
    raise UnreadableFile(f"The file holds {name}, which JSON does not have.")


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise UnreadableFile(f"The number {text[:40]} is too large to be kept.")
    return number


def _refuse_unstorable(value: Any, path: tuple[str, ...]) -> None:
    if isinstance(value, str):
        if _UNSTORABLE.search(value):
            raise UnreadableFile(
                f"The text at {'/'.join(path)} holds a NUL character or half a character, which "
                "cannot be kept. Take it out of the file."
            )
    elif isinstance(value, dict):
        for name, each in value.items():
            _refuse_unstorable(name, (*path, "(name)"))
            _refuse_unstorable(each, (*path, name))
    elif isinstance(value, list):
        for position, each in enumerate(value):
            _refuse_unstorable(each, (*path, str(position)))
