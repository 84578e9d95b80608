"""Statements that read items; PostgreSQL writes the GeoJSON."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    ColumnElement,
    Select,
    Subquery,
    Text,
    any_,
    cast,
    func,
    literal,
    literal_column,
    or_,
    select,
)
from sqlalchemy.sql.selectable import ScalarSelect

from gis_service.model.audience import Audience, visible_fields
from gis_service.model.fields import Collection, FieldType
from gis_service.model.queries import BBox, Equals, ItemsQuery
from gis_service.store.readable import readable
from gis_service.store.tables import SRID

Statement = Select[*tuple[Any, ...]]
DECIMALS = 7
"""Decimals of a degree in GeoJSON: about a centimetre (RFC 7946, section 11.2)."""


def page_statement(query: ItemsQuery, audience: Audience, *, count_cap: int) -> Statement:
    """
    One row: `features` (text), `found`, `last_id`, `matched`.

    `found` counts one item beyond the limit, which tells of a next page;
    `matched` counts all pages and stops one beyond `count_cap`.
    """
    source = readable(query.collection, audience)
    conditions = _conditions(query, source)
    page = select(source).where(*conditions)
    if query.after is not None:
        page = page.where(source.c.id > query.after)
    rows = page.order_by(source.c.id).limit(query.limit + 1).subquery("page")
    features = select(
        rows.c.id,
        func.row_number().over(order_by=rows.c.id).label("place"),
        feature_text(query.collection, audience, rows).label("feature"),
    ).subquery("features")
    within = features.c.place <= query.limit
    return select(
        func.coalesce(
            func.string_agg(features.c.feature, literal_column("','")).filter(within), ""
        ).label("features"),
        func.count().label("found"),
        func.array_agg(features.c.id).filter(features.c.place == query.limit).label("last_id"),
        _counted(source, conditions, count_cap).label("matched"),
    )


def item_statement(collection: Collection, id_: UUID, audience: Audience) -> Statement:
    """One row: `feature` (text); no row when this audience may not see it."""
    source = readable(collection, audience)
    return select(feature_text(collection, audience, source).label("feature")).where(
        source.c.id == id_
    )


def rows_statement(query: ItemsQuery, audience: Audience) -> Statement:
    """The same page as `page_statement`, a row for each item, without geometry."""
    source = readable(query.collection, audience)
    columns = [c for c in source.c if c.name not in {"geom", "search_text"}]
    page = select(*columns).where(*_conditions(query, source))
    if query.after is not None:
        page = page.where(source.c.id > query.after)
    return page.order_by(source.c.id).limit(query.limit)


def extent_statement(collection: Collection, audience: Audience) -> Statement:
    """One row: `west`, `south`, `east`, `north` (NULL when empty) and `items`."""
    source = readable(collection, audience)
    if "geom" not in source.c:
        return select(func.count().label("items")).select_from(source)
    box = select(
        func.ST_Extent(source.c.geom, type_=Text).label("box"), func.count().label("items")
    ).subquery("extent")
    corner = {
        "west": func.ST_XMin, "south": func.ST_YMin, "east": func.ST_XMax, "north": func.ST_YMax,
    }
    return select(
        *(made(box.c.box).label(name) for name, made in corner.items()),
        box.c["items"],
    )


def feature_text(
    collection: Collection, audience: Audience, source: Subquery
) -> ColumnElement[str]:
    """A GeoJSON feature as text; concatenation is several times faster than building jsonb."""
    geometry: ColumnElement[Any] = literal_column("'null'")
    if "geom" in source.c:
        written = func.ST_AsGeoJSON(source.c.geom, literal_column(str(DECIMALS)), type_=Text)
        # Without it, concat would leave nothing where an item has no position.
        geometry = func.coalesce(written, geometry)
    parts: list[ColumnElement[Any]] = [
        literal_column("""'{"type":"Feature","id":"'"""),
        cast(source.c.id, Text),
        literal_column("""'","geometry":'"""),
        geometry,
        literal_column("""',"properties":{'"""),
    ]
    for position, field in enumerate(visible_fields(collection, audience)):
        comma = "," if position else ""
        parts.append(literal_column(f"""'{comma}"{field.name}":'"""))
        value = cast(func.to_json(source.c[field.name]), Text)
        parts.append(func.coalesce(value, literal_column("'null'")))
    parts.append(literal_column("'}}'"))
    return func.concat(*parts, type_=Text)


def _conditions(query: ItemsQuery, source: Subquery) -> list[ColumnElement[bool]]:
    conditions = [_equals(term, source) for term in query.equals]
    if query.bbox is not None and "geom" in source.c:
        within = _intersects(query.bbox, source)
        if not query.collection.geometry_required:
            # OGC API - Features, 7.15.3: without a position an item is in every box.
            within = or_(source.c.geom.is_(None), within)
        conditions.append(within)
    return conditions


def _equals(term: Equals, source: Subquery) -> ColumnElement[bool]:
    column = source.c[term.field.name]
    match term.field.type:
        case FieldType.CODES:
            found = literal(term.value, Text) == any_(cast(column, ARRAY(Text)))
        case FieldType.REFERENCES:
            found = literal(UUID(str(term.value))) == any_(column)
        case FieldType.REFERENCE | FieldType.PERSON:
            found = column == UUID(str(term.value))
        case FieldType.DATE:
            found = column == date.fromisoformat(str(term.value))
        case FieldType.TIMESTAMP:
            found = column == datetime.fromisoformat(str(term.value))
        case _:
            found = column == term.value
    return found


def _intersects(bbox: BBox, source: Subquery) -> ColumnElement[bool]:
    boxes = [
        func.ST_Intersects(source.c.geom, func.ST_MakeEnvelope(*part, SRID))
        for part in bbox.parts()
    ]
    return or_(*boxes)


def _counted(
    source: Subquery, conditions: list[ColumnElement[bool]], cap: int
) -> ScalarSelect[int]:
    one: ColumnElement[int] = literal_column("1")
    some = select(one).select_from(source).where(*conditions).limit(cap + 1)
    return select(func.count()).select_from(some.subquery("counted")).scalar_subquery()


