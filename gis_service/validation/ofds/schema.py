"""
A package against the standard's JSON Schema, in plain words.

The schema's rules are applied straight from the declaration that the schema is
made from: so a package of 50,000 spans takes seconds. That nothing is found or
missed that a JSON Schema validator would not, is tested with one.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from datetime import date
from functools import cache
from typing import Any
from uuid import UUID

from gis_service.model.ofds import Kind, OfdsVersion, Property, closed_codes
from gis_service.validation.ofds.findings import Findings, Path, shown
from gis_service.validation.ofds.view import NetworkView

Broken = tuple[str, Path, str, Any]
"""Keyword of JSON Schema, path to the value, what is wrong, and the value."""
_RULES = {
    "required": "schema-required",
    "type": "schema-type",
    "enum": "schema-enum",
    "const": "schema-const",
    "format": "schema-format",
    "pattern": "schema-pattern",
    "minItems": "schema-empty",
    "minLength": "schema-empty",
    "minProperties": "schema-empty",
    "uniqueItems": "schema-unique",
    "additionalProperties": "schema-additional",
    "propertyNames": "schema-additional",
}
_TEXT = frozenset({Kind.TEXT, Kind.CODE, Kind.UUID, Kind.DATE, Kind.IRI, Kind.URI})
_TYPES = {
    Kind.INTEGER: "a whole number", Kind.NUMBER: "a number", Kind.BOOLEAN: "true or false",
}
_NAMES = {str: "The text", bool: "The word", int: "The number", float: "The number",
          list: "The array"}
_NUMBERS = frozenset({int, float})
_DATE = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.ASCII | re.IGNORECASE)
_IRI = re.compile(
    r"[a-z][a-z0-9+.-]*:(//[^/?#\s]*)?([^\s<>\"{}|\\^`\[\]\x00-\x20\x7f%]|%[0-9a-f]{2})*",
    re.IGNORECASE,
)
_FEW = 12


def check_schema(view: NetworkView, findings: Findings) -> None:
    """Report every place at which a network breaks the schema of its version."""
    for keyword, path, message, value in broken(view.network, view.version):
        findings.add(
            _RULES[keyword], view.path(*path), message,
            value=None if isinstance(value, dict) else value, keyword=keyword,
        )


def check_around(document: Mapping[str, Any], findings: Findings) -> None:
    """Report what is wrong with a package around its networks; all versions agree on that."""
    networks = document.get("networks")
    if not isinstance(networks, list):
        findings.add("schema-required", ("networks",), "The package has no array of networks.")
    elif not networks:
        findings.add("schema-empty", ("networks",), "The package has no networks.")
    for number, each in enumerate(networks if isinstance(networks, list) else ()):
        if not isinstance(each, Mapping):
            findings.add("schema-type", ("networks", number),
                         f"{_named(each)} stands where an object belongs.", value=each)
    links = document.get("links")
    if links is None:
        return
    if not isinstance(links, Mapping):
        findings.add("schema-type", ("links",),
                     f"{_named(links)} stands where an object belongs.", value=links)
    elif not links:
        findings.add("schema-empty", ("links",), "It is empty.")
    else:
        address = Property("link", Kind.IRI)
        for name in ("next", "prev"):
            for keyword, path, message, value in (
                _text(address, links[name], (), "") if name in links else ()
            ):
                findings.add(_RULES[keyword], ("links", name, *path), message, value=value)


def broken(network: Mapping[str, Any], version: OfdsVersion) -> Iterator[Broken]:
    """Every place at which a network breaks the schema of a version."""
    yield from _object("Network", network, (), version)


def _object(class_name: str, value: Any, path: Path, version: OfdsVersion) -> Iterator[Broken]:
    if not isinstance(value, dict):
        yield "type", path, f"{_named(value)} stands where an object belongs.", value
        return
    class_, properties, required = _declared(class_name, version)
    for name in required - value.keys():
        yield "required", (*path, name), f"{name!r} is missing.", None
    if not value and not required and not class_.may_be_empty:
        yield "minProperties", path, "It is empty.", value
    sealed, forbidden = version.sealed(class_), version.forbidden(class_)
    for name, each in value.items():
        property_ = properties.get(name)
        if property_ is not None:
            yield from _property(property_, each, (*path, name), version)
        elif sealed:
            yield "additionalProperties", (*path, name), f"{name!r} is not allowed here.", each
        if name in forbidden:
            yield "propertyNames", (*path, name), f"{name!r} may not be a name here.", each


@cache
def _declared(class_name: str, version: OfdsVersion) -> tuple[Any, dict[str, Property], set[str]]:
    properties = version.properties(class_name)
    return (
        version.class_named(class_name),
        {p.name: p for p in properties},
        {p.name for p in properties if p.required},
    )


def _property(
    property_: Property, value: Any, path: Path, version: OfdsVersion
) -> Iterator[Broken]:
    if not property_.array:
        yield from _value(property_, value, path, version)
        return
    if not isinstance(value, list):
        yield "type", path, f"{_named(value)} stands where an array belongs.", value
        return
    if not value:
        yield "minItems", path, "It is empty.", value
    elif _has_twins(value):
        yield "uniqueItems", path, "The array holds the same member twice.", None
    for position, each in enumerate(value):
        if position == 0 and property_.of == "Link":
            yield from _described_by(each, (*path, position), version)
        else:
            yield from _value(property_, each, (*path, position), version)


def _value(property_: Property, value: Any, path: Path, version: OfdsVersion) -> Iterator[Broken]:
    kind = property_.kind
    if kind is Kind.OBJECT:
        yield from _object(property_.of, value, path, version)
    elif kind in _TEXT:
        yield from _text(property_, value, path, version.id)
    elif kind in _TYPES:
        if not _PLAIN[kind](value):
            yield "type", path, f"{_named(value)} stands where {_TYPES[kind]} belongs.", value
    else:
        yield from _GEOMETRY[kind](value, path)


def _text(property_: Property, value: Any, path: Path, version: str) -> Iterator[Broken]:
    if not isinstance(value, str):
        yield "type", path, f"{_named(value)} stands where text belongs.", value
        return
    kind = property_.kind
    if property_.const and value != property_.const:
        message = f"{shown(value)!r} is not what must stand here: {property_.const!r}."
        yield "const", path, message, value
    if property_.closed:
        codes = closed_codes(property_.codelist, version)
        if value not in codes:
            few = ", ".join(codes) if len(codes) <= _FEW else f"it has {len(codes)} codes"
            message = f"{shown(value)!r} is no code of its closed list: {few}."
            yield "enum", path, message, value
    elif kind in _FORMATS:
        fits, what = _FORMATS[kind]
        if not fits(value):
            yield "format", path, f"{shown(value)!r} is not {what}.", value
    elif not value and not property_.const:
        yield "minLength", path, "It is empty.", value
    if property_.pattern and not re.search(property_.pattern, value):
        yield "pattern", path, f"{shown(value)!r} may not stand here.", value


def _described_by(link: Any, path: Path, version: OfdsVersion) -> Iterator[Broken]:
    """The first link of a network tells the version of the standard."""
    if not isinstance(link, dict):
        yield "type", path, f"{_named(link)} stands where an object belongs.", link
        return
    for name, asked in (("href", version.schema_uri), ("rel", "describedby")):
        if name in link and link[name] != asked:
            message = f"{shown(link[name])!r} is not what must stand here: {asked!r}."
            yield "const", (*path, name), message, link[name]


def _coordinates(value: Any, path: Path) -> Iterator[Broken]:
    """A position or several, as loosely as versions before 0.4 declare them."""
    if not isinstance(value, list):
        yield "type", path, f"{_named(value)} stands where an array belongs.", value
    elif not value or any(each == [] for each in value):
        yield "minItems", path, "It is empty.", value
    elif bad := [each for each in value if not (_is_number(each) or isinstance(each, list))]:
        yield "type", path, f"{_named(bad[0])} stands where a number belongs.", bad[0]


def _line(value: Any, path: Path) -> Iterator[Broken]:
    if not isinstance(value, list):
        yield "type", path, f"{_named(value)} stands where an array belongs.", value
        return
    if len(value) < 2:
        yield "minItems", path, f"A line has two positions or more; here are {len(value)}.", value
    for each in value:
        wrong = next(_position(each, path), None)
        if wrong is not None:
            yield wrong
            return


def _position(value: Any, path: Path) -> Iterator[Broken]:
    if not isinstance(value, list):
        yield "type", path, f"{_named(value)} stands where a position belongs.", value
    elif len(value) < 2:
        yield "minItems", path, "A position has a longitude and a latitude.", value
    elif not all(type(each) in _NUMBERS for each in value):
        bad = next(each for each in value if type(each) not in _NUMBERS)
        yield "type", path, f"{_named(bad)} stands where a number belongs.", bad


def _named(value: Any) -> str:
    if value is None:
        return "null"
    name = _NAMES.get(type(value))
    return f"{name} {shown(value)}" if name else "An object"


def _has_twins(members: list[Any]) -> bool:
    """Whether two members are equal, as JSON Schema compares them: 1.0 is 1."""
    seen: set[str] = set()
    for each in _same_ids(members):
        key = json.dumps(_comparable(each), sort_keys=True)
        if key in seen:
            return True
        seen.add(key)
    return False


def _same_ids(members: list[Any]) -> list[Any]:
    """Members that may be equal: objects with an id of their own are equal to none."""
    ids = Counter(id_ for each in members if (id_ := _id_of(each)) is not None)
    return [each for each in members if (id_ := _id_of(each)) is None or ids[id_] > 1]


def _id_of(member: Any) -> str | None:
    found = member.get("id") if isinstance(member, dict) else None
    return found if isinstance(found, str) else None


def _comparable(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _comparable(each) for name, each in value.items()}
    if isinstance(value, list):
        return [_comparable(each) for each in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _is_number(value: Any) -> bool:
    return type(value) in _NUMBERS


def _is_date(text: str) -> bool:
    try:
        return _DATE.fullmatch(text) is not None and date.fromisoformat(text) is not None
    except ValueError:
        return False


def _is_uuid(text: str) -> bool:
    return _UUID.fullmatch(text) is not None and UUID(text) is not None


def _is_iri(text: str) -> bool:
    return _IRI.fullmatch(text) is not None


def _is_uri(text: str) -> bool:
    return text.isascii() and _is_iri(text)


_PLAIN: Mapping[Kind, Callable[[Any], bool]] = {
    Kind.INTEGER: lambda value: type(value) is int or (
        type(value) is float and value.is_integer()
    ),
    Kind.NUMBER: _is_number,
    Kind.BOOLEAN: lambda value: isinstance(value, bool),
}
_FORMATS: Mapping[Kind, tuple[Callable[[str], bool], str]] = {
    Kind.DATE: (_is_date, "a date (YYYY-MM-DD)"),
    Kind.UUID: (_is_uuid, "a UUID"),
    Kind.IRI: (_is_iri, "a web address (https://...)"),
    Kind.URI: (_is_uri, "a URI"),
}
_GEOMETRY: Mapping[Kind, Callable[[Any, Path], Iterator[Broken]]] = {
    Kind.COORDINATES: _coordinates,
    Kind.LINE: _line,
    Kind.POSITION: _position,
}
