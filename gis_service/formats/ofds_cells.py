"""
Objects of the standard as cells of its sheets, and back.

A sheet's cell is text. What text cannot say (a number kept as text, an empty
list, an array inside of an array) is lost, so whoever writes sheets asks
`as_read` what of an object would come back.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from gis_service.formats.ofds_package import Json
from gis_service.formats.ofds_wkt import from_wkt, number_in, to_wkt
from gis_service.model.ofds import Column, Kind, Sheet

_TRUE = {"true": True, "1": True, "false": False, "0": False}
_SEPARATOR = ";"
_LONGEST_INDEX = 6
_ROW_NUMBER = "fid"
"""GDAL and QGIS number the rows of a sheet in it."""


def child_sheets(sheet: Sheet, sheets: tuple[Sheet, ...]) -> Iterator[Sheet]:
    """The sheets of the arrays of objects that an object of a sheet has."""
    for each in sheets:
        if len(each.path) == len(sheet.path) + 1 and each.path[:-1] == sheet.path:
            yield each


def cells_of(object_: Json, sheet: Sheet, sheets: tuple[Sheet, ...]) -> dict[str, str]:
    """The cells of one object; its arrays of objects have rows of their own."""
    prefix = "".join(f"{name}/0/" for name in sheet.path)
    arrays = {each.path[-1] for each in child_sheets(sheet, sheets)}
    geometries = {column.path for column in sheet.columns if column.is_geometry}
    return {
        prefix + "/".join(path): text for path, text in _flatten(object_, (), arrays, geometries)
    }


def object_in(cells: Mapping[str, str], sheet: Sheet) -> Json:
    """The object that cells say; empty cells say nothing."""
    columns = {column.heading: column for column in sheet.columns}
    prefix = "".join(f"{name}/0/" for name in sheet.path)
    made: Json = {}
    for heading, text in cells.items():
        if not text or heading in sheet.keys or (heading == _ROW_NUMBER and sheet.path):
            continue
        column = columns.get(heading)
        if heading == _ROW_NUMBER and text.isascii() and text.isdecimal():
            made[heading] = number_in(text)
            continue
        path = column.path if column else tuple(heading.removeprefix(prefix).split("/"))
        if column is None and _within_geometry(path, sheet):
            continue
        _put(made, path, _value(column, text))
    _old_geometries(made, cells, sheet, prefix)
    return made


def _flatten(
    value: Any, path: tuple[str, ...], arrays: set[str], geometries: set[tuple[str, ...]]
) -> Iterator[tuple[tuple[str, ...], str]]:
    if path in geometries:
        wkt = to_wkt(value)
        if wkt is not None:
            yield path, wkt
    elif isinstance(value, dict):
        for name, each in value.items():
            if path or name not in arrays or not isinstance(each, list):
                yield from _flatten(each, (*path, name), arrays, geometries)
    elif value is not None and path:
        yield path, _text(value)


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "True" if value else "False"
    if isinstance(value, list):
        return _SEPARATOR.join(_text(each) for each in value)
    return value if isinstance(value, str) else repr(value)


def _value(column: Column | None, text: str) -> Any:
    if column is None:
        return text
    if column.is_geometry:
        return from_wkt(text) or text
    if column.holds.array:
        return [_one(column.holds.kind, each) for each in text.split(_SEPARATOR)]
    return _one(column.holds.kind, text)


def _one(kind: Kind, text: str) -> Any:
    try:
        if kind in {Kind.INTEGER, Kind.NUMBER}:
            return number_in(text)
    except ValueError:
        return text
    if kind is Kind.BOOLEAN:
        return _TRUE.get(text.strip().lower(), text)
    return text


def _put(object_: Json, path: tuple[str, ...], value: Any) -> None:
    """Set a property; `0` in a path, and `1` after it, are members of an array in this very row."""
    name, *rest = path
    if not rest:
        object_[name] = value
        return
    inner = object_.setdefault(name, [] if rest[0] == "0" and len(rest) > 1 else {})
    if isinstance(inner, dict):
        _put(inner, tuple(rest), value)
    elif isinstance(inner, list) and (member := _member(inner, rest[0])) is not None:
        _put(member, tuple(rest[1:]), value)


def _member(members: list[Any], index: str) -> Json | None:
    """The member of an array that a path names; the next one is made."""
    place = int(index) if index.isdecimal() and len(index) <= _LONGEST_INDEX else -1
    if place == len(members):
        members.append({})
    found = members[place] if 0 <= place < len(members) else None
    return found if isinstance(found, dict) else None


def _within_geometry(path: tuple[str, ...], sheet: Sheet) -> bool:
    return any(
        column.is_geometry and path[: len(column.path)] == column.path for column in sheet.columns
    )


def _old_geometries(object_: Json, cells: Mapping[str, str], sheet: Sheet, prefix: str) -> None:
    """Until 0.2 a geometry was two columns: its type, and numbers joined by `,` and `;`."""
    for column in sheet.columns:
        if not column.is_geometry:
            continue
        heading = prefix + "/".join(column.path)
        kind, text = cells.get(f"{heading}/type"), cells.get(f"{heading}/coordinates")
        if not kind or not text:
            continue
        try:
            positions = _positions(text, single=kind == "Point")
        except ValueError:
            continue
        _put(object_, column.path, {"type": kind, "coordinates": positions})


def _positions(text: str, *, single: bool) -> Any:
    if single:
        return [number_in(each) for each in text.replace(",", _SEPARATOR).split(_SEPARATOR)]
    return [[number_in(n) for n in each.split(",")] for each in text.split(_SEPARATOR)]
