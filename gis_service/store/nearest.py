"""
Statements that find the items nearest to a place.

Degrees are no metres: the order of the index (`<->` in degrees) is not that of
the distance along the ground. So the first statement takes as many items as are
wanted in the index's order; the farthest of them bounds the answer, since so
many items lie within its distance. The second one measures all that lie within
that bound.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    ColumnElement,
    Numeric,
    Select,
    Subquery,
    Text,
    case,
    cast,
    func,
    literal,
    literal_column,
    or_,
    select,
)
from sqlalchemy.types import NullType

from gis_service.model.audience import Audience
from gis_service.model.fields import GeometryType
from gis_service.model.nearest import NearestQuery
from gis_service.model.queries import BBox
from gis_service.store.items import conditions, feature_text
from gis_service.store.recorded import asked_of
from gis_service.store.tables import SRID

Statement = Select[*tuple[Any, ...]]


def bound_statement(asked: NearestQuery, audience: Audience) -> Statement:
    """One row: `found` and `farthest_m`, of the first items in the order of degrees."""
    source = asked_of(asked.query, audience)
    some = (
        select(_distance(asked, source).label("distance_m"))
        .where(*_wanted(asked, source))
        .order_by(source.c.geom.op("<->")(_place(asked)))
        .limit(asked.query.limit)
        .subquery("some")
    )
    return select(
        func.count().label("found"), func.max(some.c.distance_m).label("farthest_m")
    ).select_from(some)


def nearest_statement(
    asked: NearestQuery, audience: Audience, *, within_m: float, box: BBox
) -> Statement:
    """
    A row for each item, nearest first: `feature` (text).

    `distance_m` and `bearing_deg` stand among its properties.

    Parameters
    ----------
    within_m, box
        No item of the answer lies farther away, or outside the box.
    """
    query = asked.query
    source = asked_of(query, audience)
    near = [
        source.c.geom.op("&&", is_comparison=True)(func.ST_MakeEnvelope(*part, SRID))
        for part in box.parts()
    ]
    measured = (
        select(source, _distance(asked, source).label("distance_m"))
        .where(*_wanted(asked, source), or_(*near))
        .subquery("measured")
    )
    rows = (
        select(measured)
        .where(measured.c.distance_m <= within_m)
        .order_by(measured.c.distance_m, measured.c.id)
        .limit(query.limit)
        .subquery("nearest")
    )
    text = feature_text(query.collection, audience, rows, query.rendering)
    # A feature ends with the braces of its properties and its own.
    open_: ColumnElement[str] = func.left(text, literal_column("-2"), type_=Text)
    comma: ColumnElement[str] = literal_column(
        "''" if query.rendering.properties == () else "','", Text
    )
    feature = func.concat(
        open_,
        comma,
        literal_column("""'"distance_m":'"""),
        _rounded(rows.c.distance_m),
        literal_column("""',"bearing_deg":'"""),
        case(
            (rows.c.distance_m < literal_column("0.005"), literal_column("'null'")),
            else_=cast(_rounded(_bearing(asked, rows)), Text),
        ),
        literal_column("'}}'"),
    )
    return select(feature.label("feature")).order_by(rows.c.distance_m, rows.c.id)


def _wanted(asked: NearestQuery, source: Subquery) -> list[ColumnElement[bool]]:
    return [source.c.geom.is_not(None), *conditions(asked.query, source)]


def _place(asked: NearestQuery) -> ColumnElement[Any]:
    point = func.ST_MakePoint(literal(asked.lon), literal(asked.lat), type_=NullType())
    return func.ST_SetSRID(point, SRID, type_=NullType())


def _geography(geometry: ColumnElement[Any]) -> ColumnElement[Any]:
    return func.geography(geometry, type_=NullType())


def _distance(asked: NearestQuery, source: Subquery) -> ColumnElement[float]:
    """Along the ground, on WGS84's spheroid."""
    return func.ST_Distance(_geography(source.c.geom), _geography(_place(asked)))


def _bearing(asked: NearestQuery, rows: Subquery) -> ColumnElement[Any]:
    """
    Degrees clockwise from north in which to set out.

    Towards the nearest place of a line or an area, which is found in a
    projection that keeps distances and directions from its centre.
    """
    if asked.query.collection.geometry is GeometryType.POINT:
        azimuth = func.ST_Azimuth(_geography(_place(asked)), _geography(rows.c.geom))
        return func.degrees(azimuth)
    centred = f"+proj=aeqd +lat_0={asked.lat!r} +lon_0={asked.lon!r} +datum=WGS84 +units=m"
    seen = func.ST_Transform(rows.c.geom, literal(centred, Text), type_=NullType())
    centre = func.ST_SetSRID(func.ST_MakePoint(0, 0), func.ST_SRID(seen), type_=NullType())
    closest = func.ST_ClosestPoint(seen, centre, type_=NullType())
    return func.degrees(func.ST_Azimuth(centre, closest))


def _rounded(value: ColumnElement[Any]) -> ColumnElement[Any]:
    """To a centimetre, and to a hundredth of a degree."""
    return func.round(cast(value, Numeric), literal_column("2"))
