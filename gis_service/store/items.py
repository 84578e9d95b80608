"""Statements that read items; PostgreSQL writes the GeoJSON."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from uuid import UUID

from shapely import Polygon
from sqlalchemy import (
    ARRAY,
    ColumnElement,
    LargeBinary,
    Select,
    Subquery,
    Text,
    any_,
    cast,
    func,
    literal,
    literal_column,
    null,
    or_,
    select,
)
from sqlalchemy.dialects.postgresql import aggregate_order_by
from sqlalchemy.sql.selectable import ScalarSelect
from sqlalchemy.types import NullType

from gis_service.model.audience import Audience, visible_fields
from gis_service.model.fields import Collection, FieldType
from gis_service.model.queries import USUAL, BBox, Equals, ItemsQuery, Rendering
from gis_service.store.filtering import condition
from gis_service.store.paging import beyond, ordering, sort_key
from gis_service.store.readable import readable
from gis_service.store.recorded import asked_of
from gis_service.store.tables import SRID

Statement = Select[*tuple[Any, ...]]


def page_statement(
    query: ItemsQuery, audience: Audience, *, count_cap: int, with_features: bool = True
) -> Statement:
    """
    One row: `features` (text), `found`, `near`, `far` (see `read_position`), `matched`.

    `found` counts one item beyond the limit, which tells of a further page;
    `near` is the item nearest to the cursor and `far` the farthest from it on a
    full page; `matched` counts all pages and stops one beyond `count_cap`.
    Without features, `features` is empty.
    """
    source = asked_of(query, audience)
    terms = conditions(query, source)
    keys = [sort_key(t, source).label(f"key_{n}") for n, t in enumerate(query.sort)]
    rows = (
        select(source, *keys)
        .where(*terms, *beyond(query, source))
        .order_by(*ordering(query, keys, source.c.id))
        .limit(query.limit + 1)
        .offset(query.left_out or None)
        .subquery("page")
    )
    sorted_by = [rows.c[key.name] for key in keys]
    place = func.row_number().over(order_by=ordering(query, sorted_by, rows.c.id))
    features = select(
        rows.c.id,
        *sorted_by,
        place.label("place"),
        (
            feature_text(query.collection, audience, rows, query.rendering)
            if with_features
            else null()
        ).label("feature"),
    ).subquery("features")
    comma: ColumnElement[Any] = literal_column("','")
    joined = func.string_agg(
        features.c.feature,
        aggregate_order_by(comma, features.c.place.desc()) if query.backward else comma,
    )
    position = cast(
        func.json_build_array(*(features.c[key.name] for key in keys), features.c.id), Text
    )
    return select(
        func.coalesce(joined.filter(features.c.place <= query.limit), "").label("features"),
        func.count().label("found"),
        func.min(position).filter(features.c.place == 1).label("near"),
        func.min(position).filter(features.c.place == query.limit).label("far"),
        _counted(source, terms, count_cap).label("matched"),
    )


def matching_statement(query: ItemsQuery, audience: Audience) -> Statement:
    """A row for each item that matches on all pages; to be planned, not to be run."""
    source = asked_of(query, audience)
    one: ColumnElement[int] = literal_column("1")
    return select(one).select_from(source).where(*conditions(query, source))


def item_statement(
    collection: Collection, id_: UUID, audience: Audience, rendering: Rendering = USUAL
) -> Statement:
    """One row: `feature` (text); no row when this audience may not see it."""
    source = readable(collection, audience)
    text = feature_text(collection, audience, source, rendering)
    return select(text.label("feature")).where(source.c.id == id_)


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
    collection: Collection,
    audience: Audience,
    source: Subquery,
    rendering: Rendering = USUAL,
) -> ColumnElement[str]:
    """A GeoJSON feature as text; concatenation is several times faster than building jsonb."""
    fields = visible_fields(collection, audience)
    if rendering.properties is not None:
        fields = tuple(field for field in fields if field in rendering.properties)
    parts: list[ColumnElement[Any]] = [
        literal_column("""'{"type":"Feature","id":"'"""),
        cast(source.c.id, Text),
        literal_column("""'","geometry":'"""),
        _geometry_text(source, rendering),
        literal_column("""',"properties":{'"""),
    ]
    for position, field in enumerate(fields):
        comma = "," if position else ""
        parts.append(literal_column(f"""'{comma}"{field.name}":'"""))
        value = cast(func.to_json(source.c[field.name]), Text)
        parts.append(func.coalesce(value, literal_column("'null'")))
    parts.append(literal_column("'}}'"))
    return func.concat(*parts, type_=Text)


def _geometry_text(source: Subquery, rendering: Rendering) -> ColumnElement[str]:
    absent: ColumnElement[str] = literal_column("'null'")
    if rendering.skip_geometry or "geom" not in source.c:
        return absent
    crs = rendering.crs
    geometry: ColumnElement[Any] = source.c.geom
    if crs.srid != SRID:
        geometry = func.ST_Transform(geometry, literal_column(str(crs.srid)), type_=NullType())
    if crs.flipped:
        geometry = func.ST_FlipCoordinates(geometry, type_=NullType())
    # 0: no member `crs`, which RFC 7946 took out; PostGIS adds it to others than EPSG:4326.
    decimals: ColumnElement[int] = literal_column(str(rendering.decimals))
    plain: ColumnElement[int] = literal_column("0")
    # Without coalesce, concat would leave nothing where an item has no position.
    return func.coalesce(func.ST_AsGeoJSON(geometry, decimals, plain, type_=Text), absent)


def conditions(query: ItemsQuery, source: Subquery) -> list[ColumnElement[bool]]:
    """What an item has to meet, over the rows that `readable` gives."""
    terms = [_equals(term, source) for term in query.equals]
    if query.bbox is not None and "geom" in source.c:
        within = _intersects(query, query.bbox, source)
        if not query.collection.geometry_required:
            # OGC API - Features, 7.15.3: without a position an item is in every box.
            within = or_(source.c.geom.is_(None), within)
        terms.append(within)
    if query.filter is not None:
        terms.append(condition(query.filter, source))
    return terms


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


def _intersects(query: ItemsQuery, bbox: BBox, source: Subquery) -> ColumnElement[bool]:
    if query.outline:
        shape = func.ST_GeomFromWKB(literal(Polygon(query.outline).wkb, LargeBinary), SRID)
        return func.ST_Intersects(source.c.geom, shape)
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


