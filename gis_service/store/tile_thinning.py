"""
Which features a tile holds when it cannot hold all of them.

Below `WHOLE_ZOOM` features are thinned before they are encoded, always in the same way:
lines and areas smaller than a unit vanish; of what is smaller than half a pixel one stays
in each half pixel; and when the rest is more than the tile's bytes allow, every cell of
16 pixels gets the same share of them, spent on its largest features first; where the share
is less than one feature takes, a lot decides that is always drawn the same. So sparse
places keep what they have, and dense places lose their smallest. All of it is counting by
hash; sorting hundreds of thousands of features took several times as long.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    CTE,
    ColumnElement,
    Double,
    Integer,
    Select,
    Subquery,
    bindparam,
    cast,
    func,
    literal_column,
    not_,
    or_,
    select,
)
from sqlalchemy.types import NullType

from gis_service.model.audience import Audience
from gis_service.model.fields import Collection, FieldType, GeometryType
from gis_service.model.tiles import PIXEL, has_ids, tile_fields, unit_m
from gis_service.store.tables import TILE_GEOM

Statement = Select[*tuple[Any, ...]]

CELL = 16 * PIXEL
_BYTES = {
    FieldType.TEXT: 24, FieldType.CODE: 3, FieldType.INTEGER: 6, FieldType.NUMBER: 12,
    FieldType.BOOLEAN: 2, FieldType.DATE: 16, FieldType.TIMESTAMP: 30,
    FieldType.REFERENCE: 42, FieldType.PERSON: 42,
}
"""About what a value takes in a tile; codes stand there once and are pointed to."""


def measured(
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
            (func.pg_column_size(stored, type_=Double) * number_of(1 / 16)).label("vertices"),
        )
        .where(inside)
        .offset(literal_column("0"))
        .subquery("boxed")
    )
    units_a_metre = number_of(1 / unit_m(zoom))
    corners = (func.ST_XMin, func.ST_YMin, func.ST_XMax, func.ST_YMax)
    left, bottom, right, top = (corner(boxed.c.box, type_=Double) for corner in corners)
    size = func.greatest(right - left, top - bottom, type_=Double) * units_a_metre
    drawn = number_of(2) + size * number_of(2 / PIXEL)
    vertices = func.least(boxed.c.vertices, drawn, type_=Double)
    return select(
        boxed.c.id,
        func.uuid_hash(boxed.c.id, type_=Integer).label("draw"),
        ((left + right) * number_of(0.5) * units_a_metre).label("x"),
        ((bottom + top) * number_of(0.5) * units_a_metre).label("y"),
        size.label("size"),
        (number_of(_plain_bytes(collection, audience, zoom)) + number_of(2.5) * vertices).label(
            "weight"
        ),
    )


def _plain_bytes(collection: Collection, audience: Audience, zoom: int) -> float:
    """About what a feature takes without its vertices."""
    fields = tile_fields(collection, audience, zoom)
    id_bytes = _BYTES[FieldType.REFERENCE] if has_ids(zoom) else 0
    return 14.0 + id_bytes + sum(_BYTES[field.type] for field in fields)


def chosen(found: CTE, kind: GeometryType | None, number: int) -> CTE:
    """The `id` of each feature that stays; the module says which do."""
    visible = _one_in_half_pixel(found, kind, number)
    cell = [func.floor(visible.c[axis] * number_of(1 / CELL)) for axis in ("x", "y")]
    needs = select(func.sum(visible.c.weight).label("need")).group_by(*cell).subquery("needs")
    before = func.sum(visible.c.weight).over(
        partition_by=cell, order_by=(visible.c.size.desc(), visible.c.id), rows=(None, 0)
    ) - visible.c.weight
    lot = cast(visible.c.draw.op("&")(literal_column("65535")), Double) * number_of(1 / 65536)
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


def _one_in_half_pixel(found: CTE, kind: GeometryType | None, number: int) -> CTE:
    """What is large enough to be seen; of what is smaller than half a pixel one in each."""
    tiny = found.c.size < number_of(PIXEL / 2)
    spot = [func.floor(found.c[axis] * number_of(2 / PIXEL)) for axis in ("x", "y")]
    drawable = [] if kind is GeometryType.POINT else [found.c.size >= number_of(1)]
    kept = select(func.min(found.c.draw)).where(tiny, *drawable).group_by(*spot)
    return (
        select(*found.c)
        .where(*drawable, or_(not_(tiny), found.c.draw.in_(kept)))
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


def number_of(value: float) -> ColumnElement[float]:
    return literal_column(f"{float(value)!r}::float8", Double)
