"""
Tiles of bare shapes: what a map draws of a large collection from afar.

Features carry nothing but the value by which they are told apart, and are
rounded to what a screen shows, so that a tile is small however much lies in it.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    LargeBinary,
    Text,
    cast,
    func,
    literal,
    literal_column,
    select,
    true,
)
from sqlalchemy.dialects.postgresql import aggregate_order_by
from sqlalchemy.types import NullType

from gis_service.model.audience import Audience
from gis_service.model.fields import Collection, GeometryType
from gis_service.model.queries import BBox
from gis_service.model.tiles import EXTENT, Tile
from gis_service.store.overview import is_in
from gis_service.store.readable import readable
from gis_service.store.tables import TILE_GEOM, TILE_SRID

FINE_ZOOM = 11
"""From this zoom on shapes are told to half a pixel, before it to two pixels."""
FINE_UNITS, COARSE_UNITS = 1024, 256
"""Units of a tile, which is drawn on 512 pixels."""
BUFFER_PIXELS = 8
"""Around a tile, so that lines meet at its edges."""
PIXELS = 512


def map_tile(
    connection: Connection,
    collection: Collection,
    audience: Audience,
    tile: Tile,
    by: str | None,
) -> bytes:
    """
    A Mapbox vector tile with one layer, named like the collection.

    Parameters
    ----------
    by
        A field by whose value shapes are told apart; None for none.

    Returns
    -------
    bytes
        A feature for each value, with it as the property `kind`, that holds the
        shapes of all its items together; equal shapes are there once. Empty when
        nothing lies in the tile.
    """
    units = FINE_UNITS if tile.zoom >= FINE_ZOOM else COARSE_UNITS
    buffer = BUFFER_PIXELS * units // PIXELS
    source = readable(collection, audience, for_tiles=True)
    kind: ColumnElement[Any] = cast(source.c[by], Text) if by else cast(literal(""), Text)
    frame = func.Box2D(func.ST_MakeEnvelope(*tile.box_m(), TILE_SRID, type_=NullType()))
    shape: ColumnElement[Any] = source.c[TILE_GEOM]
    if collection.geometry is GeometryType.LINE_STRING:
        shape = func.ST_Simplify(shape, tile.side_m / units, true(), type_=NullType())
    drawn = func.ST_AsMVTGeom(shape, frame, units, buffer, type_=NullType())
    if collection.geometry is GeometryType.LINE_STRING:
        drawn = func.ST_Normalize(drawn, type_=NullType())
    west, south, east, north = tile.box(buffer=buffer * EXTENT // units)
    each = (
        select(func.coalesce(kind, "").label("kind"), drawn.label("geom"))
        .where(is_in(source.c.geom, BBox(west, south, east, north)))
        .distinct()
        .subquery("each")
    )
    together = func.ST_CollectionHomogenize(  # parts of a line that was cut are among them
        func.ST_Collect(aggregate_order_by(each.c.geom, each.c.geom), type_=NullType()),
        type_=NullType(),
    )
    features = (
        select(each.c.kind, together.label("geom"))
        .where(each.c.geom.is_not(None))
        .group_by(each.c.kind)
        .subquery("features")
    )
    encoded = func.ST_AsMVT(
        literal_column(features.name), collection.id, units, "geom", type_=LargeBinary
    )
    return bytes(connection.scalar(select(encoded).select_from(features)) or b"")
