"""
Pages by keyset: the order of items, and where in it a page starts.

A page is found by the values of the item beside it and not by a count of those
before, so that a thousandth page costs what the first costs and that changes
between two pages neither repeat nor skip an item.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import (
    ColumnElement,
    Subquery,
    and_,
    false,
    func,
    literal,
    literal_column,
    or_,
)

from gis_service.model.fields import FieldType
from gis_service.model.queries import ItemsPage, ItemsQuery, Position, Scalar, SortTerm

LONGEST_TEXT = 200
"""
Texts are sorted by so many characters of theirs, then by id: a cursor holds the
sort values, and must fit into an address.
"""


def sort_key(term: SortTerm, source: Subquery) -> ColumnElement[Any]:
    """What a term sorts by."""
    column: ColumnElement[Any] = source.c[term.field.name]
    if term.field.type in (FieldType.TEXT, FieldType.CODE):
        return func.left(column, literal_column(str(LONGEST_TEXT)), type_=column.type)
    return column


def ordering(
    query: ItemsQuery, keys: Sequence[ColumnElement[Any]], id_: ColumnElement[Any]
) -> list[ColumnElement[Any]]:
    """
    The terms of ORDER BY, turned round for a page that is read backward.

    Parameters
    ----------
    keys
        What each term of `query.sort` sorts by.
    """
    backward = query.backward
    terms: list[ColumnElement[Any]] = []
    for term, key in zip(query.sort, keys, strict=True):
        directed = key.desc() if term.descending is not backward else key.asc()
        terms.append(directed.nulls_first() if backward else directed.nulls_last())
    return [*terms, id_.desc() if backward else id_]


def beyond(query: ItemsQuery, source: Subquery) -> list[ColumnElement[bool]]:
    """What holds for the items beyond the cursor."""
    cursor = query.cursor
    if cursor is None or cursor.at is None:
        return []
    id_ = source.c.id
    found: ColumnElement[bool] = (
        id_ < cursor.at.id if cursor.backward else id_ > cursor.at.id
    )
    pairs = list(zip(query.sort, cursor.at.values, strict=True))
    past: ColumnElement[bool]
    same: ColumnElement[bool]
    for term, value in reversed(pairs):
        key = sort_key(term, source)
        if value is None:  # stands after every value
            past = key.is_not(None) if cursor.backward else false()
            same = key.is_(None)
        else:
            bound = literal(_typed(term, value), key.type)
            past = key < bound if term.descending is not cursor.backward else key > bound
            past = past if cursor.backward else or_(past, key.is_(None))
            same = key == bound
        found = or_(past, and_(same, found))
    return [found]


def _typed(term: SortTerm, value: Scalar) -> Any:
    match term.field.type:
        case FieldType.DATE:
            return date.fromisoformat(str(value))
        case FieldType.TIMESTAMP:
            return datetime.fromisoformat(str(value))
        case _:
            return value


def read_position(text: str | None) -> Position | None:
    """The position that `page_statement` writes as a JSON array: sort values, then the id."""
    if text is None:
        return None
    *values, id_ = orjson.loads(text)
    return Position(tuple(values), UUID(id_))


def read_page(row: Mapping[str, Any], query: ItemsQuery, *, count_cap: int) -> ItemsPage:
    """The page that the row of `page_statement` holds."""
    following, previous = query.neighbours(
        read_position(row["near"]), read_position(row["far"]), more=row["found"] > query.limit
    )
    return ItemsPage(
        features=row["features"].encode(),
        returned=min(row["found"], query.limit),
        matched=row["matched"] if row["matched"] <= count_cap else None,
        following=following,
        previous=previous,
    )
