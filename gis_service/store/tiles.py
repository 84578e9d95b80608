"""
Statements that make vector tiles; PostgreSQL encodes them.

Every feature has a number as its id, since tiles know no other: the last 52 bits of
its UUID, which a browser's numbers hold exactly.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Double,
    FromClause,
    LargeBinary,
    Subquery,
    Text,
    and_,
    any_,
    bindparam,
    case,
    cast,
    func,
    literal_column,
    select,
    true,
)
from sqlalchemy.dialects.postgresql import BIT
from sqlalchemy.types import NullType

from gis_service.model.audience import Audience, visible_geometry
from gis_service.model.fields import Collection, Field, FieldType, GeometryType
from gis_service.model.queries import ItemsQuery
from gis_service.model.tiles import (
    BUFFER,
    EXTENT,
    PIXEL,
    WHOLE_ZOOM,
    Tile,
    has_ids,
    tile_fields,
    unit_m,
)
from gis_service.store.items import conditions
from gis_service.store.readable import readable
from gis_service.store.tables import SRID, TILE_GEOM, TILE_SRID
from gis_service.store.tile_thinning import Statement, chosen, measured, number_of
from gis_service.store.versions import PUBLIC_VERSIONS, STAFF_VERSIONS

MOST_WHOLE = 20_000
"""A tile with more features than this is thinned at any zoom."""
_AS_TEXT = frozenset({FieldType.REFERENCE, FieldType.PERSON, FieldType.DATE})
NUMBER = "number"
"""The column of a feature's number, which becomes its id in the tile."""

_BOXES = ("degrees", "metres", "around")
_CORNERS = ("west", "south", "east", "north")


@dataclass(frozen=True, slots=True)
class Layer:
    """
    A collection as a layer of a tile.

    Parameters
    ----------
    thinned
        Whether features are left out until the rest fits; otherwise it holds
        all of them, up to `MOST_WHOLE`.
    query
        What features have to meet besides lying in the tile.
    """

    collection: Collection
    thinned: bool
    query: ItemsQuery | None = None


def tile_statement(layers: Sequence[Layer], zoom: int, audience: Audience) -> Statement:
    """
    One row, numbered by layer: `version_0`, `changed_at_0`, `found_0`, `kept_0`, `layer_0`,
    `version_1` ...; run with the values of `tile_values`, so that it is compiled once.

    `found` counts the features that may lie in the tile, at most one beyond
    `MOST_WHOLE` for a layer that is not thinned; `kept` counts what thinning left;
    `layer` is the encoded layer (bytes, empty without features). All comes from
    one snapshot, so that the tile is of the versions beside it.
    """
    versions = STAFF_VERSIONS if audience.is_staff else PUBLIC_VERSIONS
    columns: list[ColumnElement[Any]] = []
    sources: list[FromClause] = []
    for number, layer in enumerate(layers):
        made = _layer(layer, zoom, audience, number).subquery(f"made_{number}")
        version = versions.alias(f"version_of_{number}")
        columns += [
            select(version.c[name])
            .where(version.c.collection == literal_column(f"'{layer.collection.id}'"))
            .scalar_subquery()
            .label(f"{name}_{number}")
            for name in ("version", "changed_at")
        ]
        columns += [made.c[name].label(f"{name}_{number}") for name in ("found", "kept", "layer")]
        sources.append(made)
    return select(*columns).select_from(*sources)


def tile_values(tile: Tile, budgets: Sequence[int]) -> dict[str, float]:
    """
    Values of the parameters of `tile_statement`.

    Parameters
    ----------
    budgets
        Bytes that the features of each layer may take, by estimate; only
        thinned layers look at theirs.
    """
    boxes = (tile.box(buffer=BUFFER), tile.box_m(), tile.box_m(buffer=BUFFER))
    values = {
        f"{name}_{corner}": value
        for name, box in zip(_BOXES, boxes, strict=True)
        for corner, value in zip(_CORNERS, box, strict=True)
    }
    return values | {f"budget_{number}": float(each) for number, each in enumerate(budgets)}


def _box(name: str, srid: int) -> ColumnElement[Any]:
    corners = (bindparam(f"{name}_{corner}", type_=Double) for corner in _CORNERS)
    return func.ST_MakeEnvelope(*corners, literal_column(str(srid)), type_=NullType())


def _layer(layer: Layer, zoom: int, audience: Audience, number: int) -> Statement:
    """One row: `found`, `kept` and `layer`."""
    collection = layer.collection
    source = readable(collection, audience, for_tiles=True)
    asked = [] if layer.query is None else conditions(layer.query, source)
    inside = and_(source.c.geom.op("&&")(_box("degrees", SRID)), *asked)
    found: ColumnElement[int] = func.count()
    kept = found
    if not layer.thinned:
        rows = select(source).where(inside).limit(MOST_WHOLE + 1).subquery(f"rows_{number}")
    else:
        kind = visible_geometry(collection, audience)
        found_rows = measured(source, inside, zoom, collection, audience).cte(f"found_{number}")
        chosen_ids = chosen(found_rows, kind, number)
        found, kept = (
            select(func.count()).select_from(each).scalar_subquery()
            for each in (found_rows, chosen_ids)
        )
        ids = func.array(select(chosen_ids.c.id).scalar_subquery())
        rows = select(source).where(source.c.id == any_(ids)).subquery(f"rows_{number}")
    drawn = _drawn(rows, zoom, collection, audience)
    features = drawn.subquery(f"features_{number}")
    encoded = func.ST_AsMVT(
        literal_column(features.name),
        literal_column(f"'{collection.id}'"),
        literal_column(str(EXTENT)),
        literal_column("'geom'"),
        literal_column(f"'{NUMBER}'"),
        type_=LargeBinary,
    ).filter(features.c.geom.is_not(None))
    return select(
        found.label("found"), kept.label("kept"), encoded.label("layer")
    ).select_from(features)


def _drawn(rows: Subquery, zoom: int, collection: Collection, audience: Audience) -> Statement:
    """The features with their number, what they carry at this zoom, and `geom` in units."""
    kind = visible_geometry(collection, audience)
    shape = _shape(rows.c[TILE_GEOM], zoom, kind)
    if kind is GeometryType.LINE_STRING:
        shape, rows = _undoubled(rows, shape, zoom)
    id_text: ColumnElement[str] = cast(rows.c.id, Text)
    # The dash stands before the last 12 digits; the 13th before it belongs to the number.
    last: ColumnElement[int] = literal_column("14")
    digits = func.replace(func.right(id_text, last), "-", "", type_=Text)
    columns: list[ColumnElement[Any]] = [
        cast(cast(literal_column("'x'") + digits, BIT(52)), BigInteger).label(NUMBER)
    ]
    if has_ids(zoom):
        columns.append(id_text.label("id"))
    columns += [
        _value(field, rows.c[field.name]).label(field.name)
        for field in tile_fields(collection, audience, zoom)
    ]
    columns.append(
        func.ST_AsMVTGeom(
            shape,
            func.Box2D(_box("metres", TILE_SRID)),
            literal_column(str(EXTENT)),
            literal_column(str(BUFFER)),
            type_=NullType(),
        ).label("geom")
    )
    return select(*columns).select_from(rows).order_by(rows.c.id)


def _value(field: Field, column: ColumnElement[Any]) -> ColumnElement[Any]:
    if field.type in _AS_TEXT:
        return cast(column, Text)
    if field.type is FieldType.TIMESTAMP:
        return func.to_json(column).op("#>>")(literal_column("'{}'"))  # as ISO 8601
    return column


def _shape(
    geometry: ColumnElement[Any], zoom: int, kind: GeometryType | None
) -> ColumnElement[Any]:
    """
    What is drawn of a geometry: areas cut first, and all but points with fewer vertices.

    Areas of many thousand vertices would otherwise take seconds, in each tile
    that they touch, to be made valid after rounding.
    """
    pixel_m = unit_m(zoom) * PIXEL
    if kind is GeometryType.MULTI_POLYGON:
        cut = func.ST_ClipByBox2D(geometry, func.Box2D(_box("around", TILE_SRID)))
        return func.ST_Simplify(cut, number_of(pixel_m / 4), true())
    if kind is GeometryType.LINE_STRING and zoom < WHOLE_ZOOM:
        return func.ST_Simplify(geometry, number_of(pixel_m / 2), true())
    return geometry


def _undoubled(
    rows: Subquery, shape: ColumnElement[Any], zoom: int
) -> tuple[ColumnElement[Any], Subquery]:
    """
    Lines that lose nothing to ST_AsMVTGeom, and the rows that they are columns of.

    After rounding it takes points off straight lines (ST_Simplify by 0), and
    with them, in PostGIS 3.3, every point from which a line goes straight back
    to the one before. A line that would become shorter so, by more than half a
    pixel, is taken apart there: each part of it is drawn once.
    """
    # OFFSET 0 keeps PostgreSQL from making shape and grid again for each use.
    once: ColumnElement[int] = literal_column("0")
    shaped = select(*rows.c, shape.label("shape")).offset(once).subquery()
    corner = (bindparam(f"metres_{name}", type_=Double) for name in ("west", "north"))
    unit = number_of(unit_m(zoom))
    rounded = select(
        *shaped.c, func.ST_SnapToGrid(shaped.c.shape, *corner, unit, unit).label("rounded")
    ).offset(once).subquery()
    length = func.ST_Length(rounded.c.rounded, type_=Double)
    straight = func.ST_Simplify(rounded.c.rounded, number_of(0))
    # There and back again leaves nothing.
    left = func.coalesce(func.ST_Length(straight), number_of(0), type_=Double)
    cut = func.ST_ClipByBox2D(rounded.c.rounded, func.Box2D(_box("around", TILE_SRID)))
    loses = left < length - number_of(unit_m(zoom) * PIXEL / 2)
    whole = case((loses, func.ST_UnaryUnion(cut)), else_=rounded.c.shape)
    return whole, rounded
