"""The statement that finds items by their names, forgiving of typing errors and accents."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Select,
    Subquery,
    Text,
    case,
    cast,
    func,
    literal,
    literal_column,
    null,
    or_,
    select,
    union_all,
)
from sqlalchemy.types import Float, NullType

from gis_service.model.audience import Audience
from gis_service.model.fields import Collection
from gis_service.model.queries import CRS84
from gis_service.store.readable import readable
from gis_service.store.tables import FOLD

MOST_CANDIDATES = 2_000
"""
So many matches of each collection are ranked, in the order of their ids: what
matches more often than that is not what anyone looks for.
"""


def searchable(collections: Sequence[Collection], audience: Audience) -> tuple[Collection, ...]:
    """Those whose items this audience can search."""
    return tuple(c for c in collections if "search_text" in readable(c, audience).c)


def search_statement(
    text: str, collections: Sequence[Collection], audience: Audience, *, limit: int
) -> Select[Any]:
    """
    A row for each item, the best first: `collection`, `id`, `label`, `score`, `position`.

    `position` is a GeoJSON point on the item, or NULL. `collections` are
    searchable and not empty.
    """
    found = union_all(
        *(_found(text, place, c, audience, limit) for place, c in enumerate(collections))
    ).subquery("found")
    return (
        select(found)
        .order_by(found.c.score.desc(), found.c.place, found.c.label, found.c.id)
        .limit(limit)
    )


def _found(
    text: str, place: int, collection: Collection, audience: Audience, limit: int
) -> Select[Any]:
    source = readable(collection, audience)
    folded: ColumnElement[str] = _folded(literal(text, Text))
    contains = source.c.search_text.like(_anywhere(folded))
    similar = folded.op("<%", is_comparison=True)(source.c.search_text)
    candidates = (
        select(source)
        .where(or_(contains, similar))
        .order_by(source.c.id)
        .limit(MOST_CANDIDATES)
        .subquery("candidates")
    )
    label = _label(collection, candidates)
    score = _score(folded, label, candidates)
    ranked = select(
        literal(collection.id, Text).label("collection"),
        literal(place).label("place"),
        candidates.c.id,
        label.label("label"),
        score.label("score"),
        _position(candidates).label("position"),
    )
    best = ranked.order_by(score.desc(), label, candidates.c.id).limit(limit)
    return select(best.subquery("best"))


def _folded(value: ColumnElement[str]) -> ColumnElement[str]:
    schema, name = FOLD.split(".")
    made: ColumnElement[str] = getattr(getattr(func, schema), name)(value, type_=Text)
    return made


def _anywhere(folded: ColumnElement[str]) -> ColumnElement[str]:
    """The pattern that finds a text anywhere; its own signs mean themselves."""
    escaped = folded
    for sign in ("\\", "%", "_"):
        escaped = func.replace(escaped, literal(sign, Text), literal(f"\\{sign}", Text), type_=Text)
    return func.concat("%", escaped, "%", type_=Text)


def _label(collection: Collection, rows: Subquery) -> ColumnElement[str]:
    if collection.label not in rows.c:
        return cast(rows.c.id, Text)
    return func.coalesce(cast(rows.c[collection.label], Text), cast(rows.c.id, Text))


def _score(
    folded: ColumnElement[str], label: ColumnElement[str], rows: Subquery
) -> ColumnElement[Any]:
    """Up to 1 for likeness, and more where the label is the text, begins with it or holds it."""
    named = _folded(label)
    likeness = cast(func.word_similarity(folded, rows.c.search_text), Float)
    position = func.strpos(named, folded)
    return likeness + case(
        (named == folded, literal_column("1.0")),
        (position == literal_column("1"), literal_column("0.5")),
        (position > literal_column("1"), literal_column("0.25")),
        else_=literal_column("0.0"),
    )


def _position(rows: Subquery) -> ColumnElement[Any]:
    if "geom" not in rows.c:
        return cast(null(), Text)
    point = func.ST_PointOnSurface(rows.c.geom, type_=NullType())
    return func.ST_AsGeoJSON(point, literal_column(str(CRS84.decimals)), type_=Text)
