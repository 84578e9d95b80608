"""
Statements that make vector tiles; PostgreSQL encodes them.

Every feature has a number as its id, since tiles know no other: the last 52 bits of
its UUID, which a browser's numbers hold exactly.

Below `WHOLE_ZOOM` features are thinned before they are encoded, always in the same way:
lines and areas smaller than a unit vanish; of what is smaller than half a pixel one stays
in each half pixel; and when the rest is more than the tile's bytes allow, every cell of
16 pixels gets the same share of them, spent on its largest features first; where the share
is less than one feature takes, a lot decides that is always drawn the same. So sparse
places keep what they have, and dense places lose their smallest. All of it is counting by
hash; sorting hundreds of thousands of features took several times as long.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    CTE,
    BigInteger,
    ColumnElement,
    Double,
    FromClause,
    Integer,
    LargeBinary,
    Select,
    Subquery,
    Text,
    and_,
    any_,
    bindparam,
    case,
    cast,
    func,
    literal_column,
    not_,
    or_,
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
from gis_service.store.versions import PUBLIC_VERSIONS, STAFF_VERSIONS

Statement = Select[*tuple[Any, ...]]

MOST_WHOLE = 20_000
"""A tile with more features than this is thinned at any zoom."""
CELL = 16 * PIXEL
_AS_TEXT = frozenset({FieldType.REFERENCE, FieldType.PERSON, FieldType.DATE})
NUMBER = "number"
"""The column of a feature's number, which becomes its id in the tile."""

_BOXES = ("degrees", "metres", "around")
_CORNERS = ("west", "south", "east", "north")
_BYTES = {
    FieldType.TEXT: 24, FieldType.CODE: 3, FieldType.INTEGER: 6, FieldType.NUMBER: 12,
    FieldType.BOOLEAN: 2, FieldType.DATE: 16, FieldType.TIMESTAMP: 30,
    FieldType.REFERENCE: 42, FieldType.PERSON: 42,
}
"""About what a value takes in a tile; codes stand there once and are pointed to."""


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
        measured = _measured(source, inside, zoom, collection, audience).cte(f"found_{number}")
        chosen = _chosen(measured, kind, number)
        found, kept = (
            select(func.count()).select_from(each).scalar_subquery() for each in (measured, chosen)
        )
        ids = func.array(select(chosen.c.id).scalar_subquery())
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
        return func.ST_Simplify(cut, _number(pixel_m / 4), true())
    if kind is GeometryType.LINE_STRING and zoom < WHOLE_ZOOM:
        return func.ST_Simplify(geometry, _number(pixel_m / 2), true())
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
    unit = _number(unit_m(zoom))
    rounded = select(
        *shaped.c, func.ST_SnapToGrid(shaped.c.shape, *corner, unit, unit).label("rounded")
    ).offset(once).subquery()
    length = func.ST_Length(rounded.c.rounded, type_=Double)
    left = func.coalesce(  # there and back again leaves nothing
        func.ST_Length(func.ST_Simplify(rounded.c.rounded, _number(0))), _number(0), type_=Double
    )
    cut = func.ST_ClipByBox2D(rounded.c.rounded, func.Box2D(_box("around", TILE_SRID)))
    loses = left < length - _number(unit_m(zoom) * PIXEL / 2)
    whole = case((loses, func.ST_UnaryUnion(cut)), else_=rounded.c.shape)
    return whole, rounded


def _measured(
    source: Subquery,
    inside: ColumnElement[bool],
    zoom: int,
    collection: Collection,
    audience: Audience,
) -> Statement:
    """`id`, a number drawn from it, middle (`x`, `y`) and `size` in units, `weight` in bytes."""
    stored = source.c[TILE_GEOM]
    # OFFSET 0 keeps PostgreSQL from making the box again for each of its corners.
    boxed = (
        select(
            source.c.id,
            func.box3d(func.Box2D(stored), type_=NullType()).label("box"),
            (func.pg_column_size(stored, type_=Double) * _number(1 / 16)).label("vertices"),
        )
        .where(inside)
        .offset(literal_column("0"))
        .subquery("boxed")
    )
    units_a_metre = _number(1 / unit_m(zoom))
    corners = (func.ST_XMin, func.ST_YMin, func.ST_XMax, func.ST_YMax)
    left, bottom, right, top = (corner(boxed.c.box, type_=Double) for corner in corners)
    size = func.greatest(right - left, top - bottom, type_=Double) * units_a_metre
    vertices = func.least(boxed.c.vertices, _number(2) + size * _number(2 / PIXEL), type_=Double)
    return select(
        boxed.c.id,
        func.uuid_hash(boxed.c.id, type_=Integer).label("draw"),
        ((left + right) * _number(0.5) * units_a_metre).label("x"),
        ((bottom + top) * _number(0.5) * units_a_metre).label("y"),
        size.label("size"),
        (_number(_plain_bytes(collection, audience, zoom)) + _number(2.5) * vertices).label(
            "weight"
        ),
    )


def _plain_bytes(collection: Collection, audience: Audience, zoom: int) -> float:
    """About what a feature takes without its vertices."""
    fields = tile_fields(collection, audience, zoom)
    id_bytes = _BYTES[FieldType.REFERENCE] if has_ids(zoom) else 0
    return 14.0 + id_bytes + sum(_BYTES[field.type] for field in fields)


def _chosen(measured: CTE, kind: GeometryType | None, number: int) -> CTE:
    """The `id` of each feature that stays; the module says which do."""
    visible = _one_in_half_pixel(measured, kind, number)
    cell = [func.floor(visible.c[axis] * _number(1 / CELL)) for axis in ("x", "y")]
    needs = select(func.sum(visible.c.weight).label("need")).group_by(*cell).subquery("needs")
    before = func.sum(visible.c.weight).over(
        partition_by=cell, order_by=(visible.c.size.desc(), visible.c.id), rows=(None, 0)
    ) - visible.c.weight
    lot = cast(visible.c.draw.op("&")(literal_column("65535")), Double) * _number(1 / 65536)
    placed = select(
        visible.c.id,
        func.greatest(before, lot * visible.c.weight, type_=Double).label("before"),
    ).subquery("placed")
    return select(placed.c.id).where(placed.c.before < _level(needs, number)).cte(
        f"chosen_{number}"
    )


# A plan that expects few rows would join the features of a dense tile one by one, which
# takes a minute, so there is no join here: IN inside OR is answered by hash, and an array
# of ids by the index.


def _one_in_half_pixel(measured: CTE, kind: GeometryType | None, number: int) -> CTE:
    """What is large enough to be seen; of what is smaller than half a pixel one in each."""
    tiny = measured.c.size < _number(PIXEL / 2)
    spot = [func.floor(measured.c[axis] * _number(2 / PIXEL)) for axis in ("x", "y")]
    drawable = [] if kind is GeometryType.POINT else [measured.c.size >= _number(1)]
    kept = select(func.min(measured.c.draw)).where(tiny, *drawable).group_by(*spot)
    return (
        select(*measured.c)
        .where(*drawable, or_(not_(tiny), measured.c.draw.in_(kept)))
        .cte(f"visible_{number}")
    )


def _level(needs: Subquery, number: int) -> ColumnElement[float]:
    """
    The bytes that each cell may spend, so that all cells together spend the budget.

    Cells that need less leave the rest to the others: of the cells in the order
    of their need, the first that needs more than an even part of what those
    before it left tells the level.
    """
    budget = bindparam(f"budget_{number}", type_=Double)
    spent = func.sum(needs.c.need).over(order_by=needs.c.need, rows=(None, 0)) - needs.c.need
    remaining = func.count().over() - func.row_number().over(order_by=needs.c.need) + 1
    parts = select(needs.c.need, ((budget - spent) / remaining).label("part")).subquery("parts")
    level = (
        select(parts.c.part)
        .where(parts.c.part < parts.c.need)
        .order_by(parts.c.need)
        .limit(literal_column("1"))
        .scalar_subquery()
    )
    return func.coalesce(level, literal_column("'Infinity'::float8"), type_=Double)


def _number(value: float) -> ColumnElement[float]:
    return literal_column(f"{float(value)!r}::float8", Double)
