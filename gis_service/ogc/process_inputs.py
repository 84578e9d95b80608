"""What a process is given, checked and typed by its declaration."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, datetime
from typing import Any, NoReturn

import shapely

from gis_service.errors import InvalidParameter, UnknownInput
from gis_service.model.fields import Field, FieldType
from gis_service.model.processes import GeometryInput, Process
from gis_service.ogc.cql2_geometry import FaultyGeometry, Geometries
from gis_service.ogc.parameters import parse_id, parse_value
from gis_service.ogc.schemas import SEVERAL

MOST_VALUES = 1000
MOST_TEXT = 1000
_BY_REFERENCE = "it must be given by value: the service fetches nothing from other addresses"

Given = Mapping[str, Any]


def parse_inputs(process: Process, given: Given) -> dict[str, Any]:
    """
    Every input of a process, by name; None where nothing is given.

    Parameters
    ----------
    given
        Values of JSON, or texts as they stand in an address or on a command
        line, where a comma parts several values.

    Returns
    -------
    dict
        Text, numbers and truth values as they are, `date`, `datetime`, `UUID`
        (or the text by which an item is called), a tuple of them where an input
        holds several, and Shapely geometries in degrees with longitude first.

    Raises
    ------
    UnknownInput
        There is no such input.
    InvalidParameter
        One is missing, or a value breaks its rule.
    """
    for name in given:
        if name not in process.by_name:
            raise UnknownInput(name, process=process.id, known=process.by_name)
    return {each.name: _input(each.field, given.get(each.name), each.default)
            for each in process.inputs}


def _input(field: Field | GeometryInput, value: Any, default: Any) -> Any:
    value = _unwrapped(field.name, value)
    if value is None or value == "":
        if field.required:
            raise InvalidParameter(field.name, "", "it is needed")
        if default is None:
            return () if isinstance(field, Field) and field.type in SEVERAL else None
        value = default
    if isinstance(field, GeometryInput):
        return _geometry(field, value)
    if field.type in SEVERAL:
        return _several(field, value)
    return _one(field, value)


def _unwrapped(name: str, value: Any) -> Any:
    """The value itself, where it is given with its media type or by reference."""
    if not isinstance(value, dict):
        return value
    if "href" in value:
        _refuse(name, value["href"], _BY_REFERENCE)
    return value["value"] if set(value) & {"value"} else value


def _several(field: Field, value: Any) -> tuple[Any, ...]:
    values = value.split(",") if isinstance(value, str) else value
    if not isinstance(values, list):
        _refuse(field.name, value, "it must be a list")
    if len(values) > MOST_VALUES:
        _refuse(field.name, f"{len(values)} values", f"it holds {MOST_VALUES:,} values at most")
    return tuple(dict.fromkeys(_one(field, each) for each in values))


_NUMBERS = (FieldType.INTEGER, FieldType.NUMBER)


def _one(field: Field, value: Any) -> Any:
    if isinstance(value, bool):
        if field.type is not FieldType.BOOLEAN:
            _refuse(field.name, value, "it is not true or false")
        return value
    if isinstance(value, int | float):
        if field.type not in _NUMBERS:
            _refuse(field.name, value, "it must be a text")
        is_whole = field.type is FieldType.INTEGER and float(value).is_integer()
        value = repr(int(value) if is_whole else value)
    if not isinstance(value, str):
        _refuse(field.name, value, "it must be a single value")
    if len(value) > MOST_TEXT:
        _refuse(field.name, value, f"it may have {MOST_TEXT:,} characters at most")
    if field.references is not None:
        return parse_id(value.strip()) or value.strip()
    found = parse_value(field, value.strip())
    _check(field, found)
    return _TYPED.get(field.type, lambda same: same)(found)


def _check(field: Field, value: Any) -> None:
    codes = field.codelist
    if codes is not None and codes.closed and value not in codes:
        _refuse(field.name, value, f"it must be one of {', '.join(codes.values())}")
    if field.type not in _NUMBERS:
        return
    if field.minimum is not None and value < field.minimum:
        _refuse(field.name, value, f"it must be {field.minimum:,.12g} or more")
    if field.maximum is not None and value > field.maximum:
        _refuse(field.name, value, f"it must be {field.maximum:,.12g} or less")


_TYPED: Mapping[FieldType, Callable[[Any], Any]] = {
    FieldType.DATE: date.fromisoformat,
    FieldType.TIMESTAMP: datetime.fromisoformat,
}


def _geometry(field: GeometryInput, value: Any) -> shapely.Geometry:
    if isinstance(value, dict) and value.get("type") == "Feature":
        value = value.get("geometry")
    if not isinstance(value, dict) or not {"type", "coordinates"} <= set(value):
        _refuse(field.name, value, "it must be a geometry of GeoJSON")
    if value["type"] not in field.types:
        _refuse(field.name, value["type"], f"it must be a {' or '.join(field.types)}")
    try:
        literal = Geometries().read({k: value[k] for k in ("type", "coordinates")})
    except FaultyGeometry as fault:
        _refuse(field.name, value["type"], str(fault))
    assert isinstance(literal.value, bytes)  # noqa: S101 - that is how geometries are kept
    return shapely.from_wkb(literal.value)


def _refuse(name: str, value: Any, rule: str) -> NoReturn:
    raise InvalidParameter(name, value, rule)
