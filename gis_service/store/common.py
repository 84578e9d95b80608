"""
The common questions, composed and compiled once for each form that they take.

Composing and compiling a statement takes longer than PostgreSQL takes to answer
it. Questions that differ in their values only share one statement.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any, cast
from uuid import UUID

from sqlalchemy import UUID as UUID_TYPE
from sqlalchemy import Boolean, Double, Integer, Text, bindparam
from sqlalchemy.types import BigInteger, TypeEngine

from gis_service.model.audience import Audience
from gis_service.model.fields import Collection, Field, FieldType
from gis_service.model.filters import Predicate
from gis_service.model.queries import BBox, Cursor, Equals, ItemsQuery, Position, Rendering
from gis_service.store.filter_forms import form_of
from gis_service.store.items import item_statement, page_statement
from gis_service.store.reading import Prepared

_TYPES: Mapping[FieldType, type[TypeEngine[Any]]] = {
    FieldType.TEXT: Text,
    FieldType.CODE: Text,
    FieldType.INTEGER: BigInteger,
    FieldType.NUMBER: Double,
    FieldType.BOOLEAN: Boolean,
}
_CORNERS = ("west", "south", "east", "north")
_ID = UUID(int=0)
MOST_VALUES = 50
"""A filter with more values is composed anew: it will hardly come again in the same form."""


@dataclass(frozen=True, slots=True)
class _Form:
    """What of a question decides its statement."""

    collection: Collection
    audience: Audience
    boxed: bool
    fields: tuple[Field, ...]
    filter: Predicate | None
    placed: bool
    backward: bool
    rendering: Rendering


def common_page(
    query: ItemsQuery, audience: Audience, *, count_cap: int
) -> tuple[Prepared, dict[str, Any]] | None:
    """The statement of `page_statement` and its values; None for questions that are rare."""
    box, cursor = query.bbox, query.cursor
    rare = (
        query.sort
        or query.outline
        or query.recorded is not None
        or query.left_out > 0
        or (box is not None and box.crosses_antimeridian)
        or any(term.field.type not in _TYPES for term in query.equals)
    )
    if rare:
        return None
    values: dict[str, Any] = {"page_limit": query.limit}
    if box is not None:
        corners = (box.west, box.south, box.east, box.north)
        values.update(zip(_CORNERS, corners, strict=True))
    for number, term in enumerate(query.equals):
        value = term.value
        values[f"equals_{number}"] = float(value) if term.field.type is FieldType.NUMBER else value
    at = None if cursor is None else cursor.at
    if at is not None:
        values["beyond"] = at.id
    filter_form = None
    if query.filter is not None:
        filter_form, filled = form_of(query.filter)
        if len(filled) > MOST_VALUES:
            return None
        values.update(filled)
    form = _Form(
        query.collection,
        audience,
        box is not None,
        tuple(term.field for term in query.equals),
        filter_form,
        at is not None,
        query.backward,
        query.rendering,
    )
    return (_page if filter_form is None else _filtered_page)(form, count_cap), values


def common_item(
    collection: Collection, audience: Audience, rendering: Rendering
) -> Prepared:
    """The statement of `item_statement`; its value is `item_id`."""
    return _item(collection, audience, rendering)


@lru_cache(maxsize=500)
def _item(collection: Collection, audience: Audience, rendering: Rendering) -> Prepared:
    id_ = cast(UUID, bindparam("item_id", _ID, UUID_TYPE(as_uuid=True)))
    return Prepared(item_statement(collection, id_, audience, rendering))


@lru_cache(maxsize=1000)
def _page(form: _Form, count_cap: int) -> Prepared:
    return _composed(form, count_cap)


@lru_cache(maxsize=200)
def _filtered_page(form: _Form, count_cap: int) -> Prepared:
    """Apart, so that filters of many forms do not push out what everybody asks."""
    return _composed(form, count_cap)


def _composed(form: _Form, count_cap: int) -> Prepared:
    query = ItemsQuery(
        form.collection,
        limit=cast(int, bindparam("page_limit", 1, Integer)),
        bbox=_Box(0, 0, 0, 0) if form.boxed else None,
        equals=tuple(
            Equals(field, cast(Any, bindparam(f"equals_{number}", None, _TYPES[field.type])))
            for number, field in enumerate(form.fields)
        ),
        filter=form.filter,
        rendering=form.rendering,
    )
    if form.placed or form.backward:
        beyond = cast(UUID, bindparam("beyond", _ID, UUID_TYPE(as_uuid=True)))
        at = Position((), beyond) if form.placed else None
        query = replace(query, cursor=Cursor(at, form.backward))
    return Prepared(page_statement(query, form.audience, count_cap=count_cap))


class _Box(BBox):
    """A box whose corners are places for values."""

    def parts(self) -> Any:
        return (tuple(bindparam(name, 0.0, Double) for name in _CORNERS),)
