"""
What lies within a distance of works.

Distances are geodesic, which no index knows: a box around the works, wide
enough for the least accurate row, takes the candidates from the index of `geom`.
"""

from __future__ import annotations

from typing import Any

import shapely
from sqlalchemy import (
    ColumnElement,
    Double,
    LargeBinary,
    Select,
    Text,
    cast,
    func,
    literal,
    literal_column,
    null,
    or_,
    select,
    union_all,
)
from sqlalchemy.types import NullType

from gis_service.model.audience import Audience
from gis_service.model.declarations.network import ORGANISATIONS
from gis_service.model.declarations.plant import FIBRE_LINKS, NETWORK_NODES, STRUCTURES
from gis_service.model.dig_safe import Buried, DigSafe, Owner
from gis_service.model.nearest import box_around
from gis_service.model.plant import UNKNOWN_ACCURACY_M
from gis_service.model.queries import BBox
from gis_service.store.plant import NOT_BUILT
from gis_service.store.readable import readable
from gis_service.store.reading import Moment
from gis_service.store.tables import SRID

MOST = 2000
"""Things that are told; works with more around them are to be asked about in parts."""
IN_THE_AIR = "microwave"
MARGIN_SHARE, MARGIN_M = 1e-4, 0.05
"""
PostGIS seeks the nearest points on a sphere and measures between them on the
spheroid: up to 3 cm in a kilometre too far, and on pieces of several kilometres
some millimetres more. Nothing may be missed for that.
"""

Statement = Select[*tuple[Any, ...]]


async def read_dig_safe(
    moment: Moment, works: shapely.Geometry, audience: Audience, *, distance_m: float
) -> DigSafe:
    """
    Links, structures and nodes within a distance of works, or near enough to be there.

    A row counts when it lies within the distance and its own accuracy together.
    A link is as accurate as the worst of its ends and structures. What is only
    proposed or planned, and radio, cannot be dug up.

    Parameters
    ----------
    works
        Lines or areas of valid geometry, in degrees with longitude first.
    """
    widest = (await moment.rows(_widest(audience)))[0][0]
    reach_m = distance_m + max(widest or 0.0, UNKNOWN_ACCURACY_M)
    box = box_around(works.bounds, reach_m)
    rows = await moment.rows(dig_safe_statement(works, box, audience, distance_m=distance_m))
    return DigSafe(distance_m, tuple(map(_buried, rows[:MOST])), is_whole=len(rows) <= MOST)


def dig_safe_statement(
    works: shapely.Geometry, box: BBox, audience: Audience, *, distance_m: float
) -> Statement:
    """
    A row for each thing, the nearest first, and one beyond `MOST` if there is one.

    Parameters
    ----------
    box
        Nothing of the answer lies outside it.
    """
    shape = func.ST_GeomFromWKB(literal(shapely.to_wkb(works), LargeBinary), SRID)
    here = select(func.geography(shape, type_=NullType()).label("works")).cte("here")
    near = union_all(
        *(part(box, audience) for part in (_links, _structures, _nodes))
    ).subquery("near")
    metres = func.ST_Distance(func.geography(near.c.geom, type_=NullType()), here.c.works)
    measured = (
        select(near, metres.label("distance_m"))
        .join_from(near, here, literal_column("true"))
        .subquery("measured")
    )
    owners = readable(ORGANISATIONS, audience).alias("owning")
    shown = [c for c in measured.c if c.name not in ("geom", "owner")]
    return (
        select(
            *shown, owners.c.id.label("owner_id"), owners.c.name.label("owner_name"),
            owners.c.website, func.ST_AsGeoJSON(measured.c.geom, 7, type_=Text).label("shape"),
        )
        .join_from(measured, owners, owners.c.id == measured.c.owner, isouter=True)
        .where(
            measured.c.distance_m * (1 - MARGIN_SHARE)
            <= distance_m + measured.c.accuracy_m + MARGIN_M
        )
        .order_by(measured.c.distance_m, measured.c.id)
        .limit(MOST + 1)
    )


def _widest(audience: Audience) -> Statement:
    """The worst accuracy that any row claims."""
    sources = (readable(each, audience) for each in (NETWORK_NODES, STRUCTURES))
    worst = [select(func.max(source.c.accuracy_m)).scalar_subquery() for source in sources]
    return select(func.greatest(*worst))


def _links(box: BBox, audience: Audience) -> Statement:
    links = readable(FIBRE_LINKS, audience).alias("near_links")
    start, end = (readable(NETWORK_NODES, audience).alias(name) for name in ("starts", "ends"))
    structures = readable(STRUCTURES, audience).alias("along")
    along = (
        select(func.max(structures.c.accuracy_m))
        .where(structures.c.link == links.c.id)
        .scalar_subquery()
    )
    ends = start.c.accuracy_m.is_not(None) & end.c.accuracy_m.is_not(None)
    worst: ColumnElement[float] = func.greatest(
        func.coalesce(start.c.accuracy_m, UNKNOWN_ACCURACY_M),
        func.coalesce(end.c.accuracy_m, UNKNOWN_ACCURACY_M),
        along,
    )
    kind = cast(null(), Text)
    return (
        select(
            *_named(links, FIBRE_LINKS.id), kind.label("kind"), links.c.status,
            links.c.deployment, worst.label("accuracy_m"), ends.label("accuracy_known"),
            links.c.owner, links.c.geom,
        )
        .select_from(
            links.join(start, start.c.id == links.c.start_node)
            .join(end, end.c.id == links.c.end_node)
        )
        .where(_within(links, box), links.c.status.not_in(NOT_BUILT))
        .where(links.c.medium.is_distinct_from(literal_column(f"ARRAY['{IN_THE_AIR}']")))
    )


def _structures(box: BBox, audience: Audience) -> Statement:
    source = readable(STRUCTURES, audience).alias("near_structures")
    links = readable(FIBRE_LINKS, audience).alias("of_link")
    return (
        select(
            *_named(source, STRUCTURES.id), source.c.structure_type.label("kind"),
            links.c.status, links.c.deployment, *_accuracy(source), source.c.owner,
            source.c.geom,
        )
        .join_from(source, links, links.c.id == source.c.link, isouter=True)
        .where(_within(source, box))
        .where(or_(links.c.status.is_(None), links.c.status.not_in(NOT_BUILT)))
    )


def _nodes(box: BBox, audience: Audience) -> Statement:
    source = readable(NETWORK_NODES, audience).alias("near_nodes")
    none = cast(literal_column("'{}'"), source.c.type.type)
    return select(
        *_named(source, NETWORK_NODES.id), source.c.infrastructure.label("kind"),
        source.c.status, none.label("deployment"), *_accuracy(source), source.c.owner,
        source.c.geom,
    ).where(_within(source, box), source.c.status.not_in(NOT_BUILT))


def _named(source: Any, collection: str) -> list[ColumnElement[Any]]:
    return [
        literal_column(f"'{collection}'", Text).label("collection"),
        source.c.id, source.c.external_id, source.c.name,
    ]


def _accuracy(source: Any) -> list[ColumnElement[Any]]:
    known = source.c.accuracy_m
    return [
        func.coalesce(known, UNKNOWN_ACCURACY_M, type_=Double).label("accuracy_m"),
        known.is_not(None).label("accuracy_known"),
    ]


def _within(source: Any, box: BBox) -> ColumnElement[bool]:
    parts = (func.ST_MakeEnvelope(*part, SRID) for part in box.parts())
    return or_(*(source.c.geom.op("&&", is_comparison=True)(part) for part in parts))


def _buried(row: Any) -> Buried:
    owner = None
    if row["owner_id"] is not None:
        owner = Owner(str(row["owner_id"]), row["owner_name"], row["website"])
    return Buried(
        collection=row["collection"],
        id=str(row["id"]),
        key=row["external_id"],
        name=row["name"],
        kind=row["kind"],
        status=row["status"],
        deployment=tuple(row["deployment"] or ()),
        distance_m=row["distance_m"],
        accuracy_m=row["accuracy_m"],
        accuracy_known=row["accuracy_known"],
        owner=owner,
        geometry=row["shape"],
    )
