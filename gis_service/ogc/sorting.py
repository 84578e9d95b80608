"""The order of items and the cursors of its pages, as parameters."""

from __future__ import annotations

import binascii
import math
from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import Any

import orjson

from gis_service.errors import InvalidParameter
from gis_service.model.audience import Audience, visible_field
from gis_service.model.fields import Collection, Field, FieldType
from gis_service.model.queries import Cursor, Position, Scalar, SortTerm
from gis_service.ogc.parameters import parse_id, parse_value

MOST_TERMS = 4
"""Of `sortby`; a cursor holds a value for each, and must fit into an address."""

_SORTABLE = frozenset(
    {
        FieldType.TEXT,
        FieldType.CODE,
        FieldType.INTEGER,
        FieldType.NUMBER,
        FieldType.BOOLEAN,
        FieldType.DATE,
        FieldType.TIMESTAMP,
    }
)


def is_sortable(field: Field) -> bool:
    """Whether items can be sorted by a property: by its code and not by its title."""
    return field.type in _SORTABLE


def parse_sort(text: str, collection: Collection, audience: Audience) -> tuple[SortTerm, ...]:
    """
    `sortby` of OGC API - Features, Part 8 (draft): `name`, `+name` or `-name`, comma-separated.

    A plus sign arrives as a space from clients that write it as it stands.

    Raises
    ------
    UnknownProperty
        A property does not exist, or this reader may not know of it.
    InvalidParameter
        It cannot be sorted by, stands twice, or there are too many.
    """
    terms: list[SortTerm] = []
    for piece in text.split(","):
        name = piece.strip(" ")
        descending = name.startswith("-")
        field = visible_field(collection, name[1:] if name[:1] in ("+", "-") else name, audience)
        if not is_sortable(field):
            raise InvalidParameter("sortby", text, f"items cannot be sorted by {field.name}")
        if any(term.field is field for term in terms):
            raise InvalidParameter("sortby", text, f"{field.name} stands twice in it")
        terms.append(SortTerm(field, descending))
    if len(terms) > MOST_TERMS:
        raise InvalidParameter("sortby", text, f"it may name {MOST_TERMS} properties at most")
    return tuple(terms)


def write_sort(sort: tuple[SortTerm, ...]) -> str:
    """The terms as `sortby` has them, without plus signs."""
    return ",".join(f"{'-' if term.descending else ''}{term.field.name}" for term in sort)


def write_cursor(cursor: Cursor, sort: tuple[SortTerm, ...]) -> str:
    """A cursor as text that stands in an address as it is."""
    position = None if cursor.at is None else [*cursor.at.values, str(cursor.at.id)]
    return _encoded([write_sort(sort), position, cursor.backward])


def read_cursor(text: str, sort: tuple[SortTerm, ...]) -> Cursor:
    """
    The cursor that `write_cursor` wrote for the same order.

    Raises
    ------
    InvalidParameter
        It is no cursor, or one of another order.
    """
    refused = InvalidParameter("cursor", text, "take it from a page's `next` or `prev` link")
    try:
        document = orjson.loads(urlsafe_b64decode(text.encode("ascii") + b"=="))
    except (UnicodeEncodeError, binascii.Error, orjson.JSONDecodeError):
        raise refused from None
    match document:
        case [str(sorted_by), None, True]:
            cursor = Cursor(None, backward=True)
        case [str(sorted_by), [*values, str(id_)], bool(backward)]:
            if len(values) != len(sort):
                raise refused
            pairs = zip(sort, values, strict=True)
            typed = tuple(_value(term.field, value, refused) for term, value in pairs)
            item_id = parse_id(id_)
            if item_id is None:
                raise refused
            cursor = Cursor(Position(typed, item_id), backward)
        case _:
            raise refused
    if sorted_by != write_sort(sort) or _encoded(document) != text:
        raise refused
    return cursor


def _encoded(document: list[Any]) -> str:
    return urlsafe_b64encode(orjson.dumps(document)).rstrip(b"=").decode("ascii")


def _value(field: Field, value: Any, refused: InvalidParameter) -> Scalar | None:
    """A sort value, if it is one that the field can have."""
    match field.type, value:
        case _, None:
            return None
        case FieldType.BOOLEAN, bool():
            return bool(value)
        case FieldType.NUMBER, int() | float() if type(value) is not bool:
            if math.isfinite(value):
                return float(value)
        case FieldType.INTEGER, int() if type(value) is not bool:
            if -(2**63) <= value < 2**63:
                return int(value)
        case FieldType.TEXT | FieldType.CODE, str() if "\x00" not in value:
            return str(value)
        case FieldType.DATE | FieldType.TIMESTAMP, str():
            try:
                return parse_value(field, value)
            except InvalidParameter:
                raise refused from None
    raise refused
