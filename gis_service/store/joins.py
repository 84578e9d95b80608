"""Nodes of different networks that lie near each other, and what was decided of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from geoalchemy2 import Geography
from sqlalchemy import (
    ARRAY,
    ColumnElement,
    Double,
    Select,
    and_,
    any_,
    cast,
    func,
    literal,
    or_,
    select,
)
from sqlalchemy import UUID as UUID_TYPE
from sqlalchemy.types import NullType

from gis_service.model.declarations.joins import NODE_JOINS
from gis_service.model.declarations.network import NETWORKS
from gis_service.model.declarations.plant import FIBRE_LINKS, NETWORK_NODES
from gis_service.model.queries import BBox
from gis_service.store.tables import SRID, table

MOST_NEAR = 5_000
"""So many pairs are looked at, the nearest first."""
MOST_DRAWN = 2_000
"""So many links are drawn around pairs."""
_DEGREE_M = 110_000.0
"""No degree of latitude is shorter."""
_GONE = "decommissioned"


def populations() -> Select[Any]:
    """The networks that have nodes, the smallest first: `id`, `external_id`, `name`."""
    networks, nodes = table(NETWORKS), table(NETWORK_NODES)
    return (
        select(networks.c.id, networks.c.external_id, networks.c.name)
        .join(nodes, nodes.c.network_id == networks.c.id)
        .group_by(networks.c.id)
        .order_by(func.count(), networks.c.id)
    )


def near_pairs(network: UUID, others: Sequence[UUID], *, within_m: float) -> Select[Any]:
    """
    Nodes of one network with those of others that lie near, the nearest first.

    Each node of the network is one look into the spatial index, so it is asked of
    the smaller networks.
    """
    mine, other = table(NETWORK_NODES).alias("mine"), table(NETWORK_NODES).alias("other")
    high = literal(within_m / _DEGREE_M, Double)
    narrowed = func.greatest(func.cos(func.radians(func.ST_Y(mine.c.geom))), 0.01)
    box = func.ST_Expand(mine.c.geom, high / narrowed, high)
    distance_m = _distance_m(mine, other)
    return (
        select(mine.c.id.label("mine"), other.c.id.label("other"), distance_m.label("distance_m"))
        .join(other, and_(
            other.c.geom.op("&&", is_comparison=True)(box),
            other.c.network_id == any_(_ids(others)),
        ))
        .where(
            mine.c.network_id == network,
            mine.c.status != _GONE,
            other.c.status != _GONE,
            distance_m <= within_m,
        )
        .order_by(distance_m, mine.c.id, other.c.id)
        .limit(MOST_NEAR)
    )


def same_identifiers(network: UUID, others: Sequence[UUID]) -> Select[Any]:
    """Nodes of one network with those of others that have the same identifier in files."""
    mine, other = table(NETWORK_NODES).alias("mine"), table(NETWORK_NODES).alias("other")
    return (
        select(
            mine.c.id.label("mine"), other.c.id.label("other"), mine.c.external_id,
            _distance_m(mine, other).label("distance_m"),
        )
        .join(other, and_(
            other.c.external_id == mine.c.external_id,
            other.c.network_id == any_(_ids(others)),
        ))
        .where(mine.c.network_id == network, func.length(mine.c.external_id) >= 36)
        .order_by(mine.c.id, other.c.id)
        .limit(MOST_NEAR)
    )


def nodes_statement(ids: Sequence[UUID]) -> Select[Any]:
    """What tells of nodes: what `JoinNode` holds, and `network_id`."""
    nodes, networks = table(NETWORK_NODES), table(NETWORKS)
    return (
        select(
            nodes.c.id, nodes.c.name, nodes.c.external_id, networks.c.name.label("network"),
            nodes.c.network_id, nodes.c.status,
            func.ST_X(nodes.c.geom).label("lon"), func.ST_Y(nodes.c.geom).label("lat"),
        )
        .join(networks, networks.c.id == nodes.c.network_id)
        .where(nodes.c.id == any_(_ids(ids)))
    )


def decided_statement(nodes: Sequence[UUID] | None = None) -> Select[Any]:
    """
    What was decided, the latest first, with `distance_m` between the two as they stand now.

    Parameters
    ----------
    nodes
        Only of pairs of which one is among these.
    """
    joins = table(NODE_JOINS)
    mine, other = table(NETWORK_NODES).alias("mine"), table(NETWORK_NODES).alias("other")
    statement = (
        select(
            joins.c.id, joins.c.node_a, joins.c.node_b, joins.c.decision, joins.c.note,
            joins.c.decided_at, joins.c.by, joins.c.version,
            _distance_m(mine, other).label("distance_m"),
        )
        .join(mine, mine.c.id == joins.c.node_a)
        .join(other, other.c.id == joins.c.node_b)
        .order_by(joins.c.decided_at.desc(), joins.c.id)
    )
    if nodes is not None:
        ids = _ids(nodes)
        statement = statement.where(
            or_(joins.c.node_a == any_(ids), joins.c.node_b == any_(ids))
        )
    return statement


def distance_statement(one: UUID, other: UUID) -> Select[Any]:
    """`distance_m` between two nodes."""
    a, b = table(NETWORK_NODES).alias("mine"), table(NETWORK_NODES).alias("other")
    return select(_distance_m(a, b).label("distance_m")).where(a.c.id == one, b.c.id == other)


def _distance_m(one: Any, other: Any) -> ColumnElement[float]:
    """Metres along the ground, geodesic on WGS84."""
    distance: ColumnElement[float] = func.ST_Distance(
        cast(one.c.geom, Geography), cast(other.c.geom, Geography)
    )
    return distance


def _ids(ids: Sequence[UUID]) -> ColumnElement[Any]:
    return literal(list(ids), ARRAY(UUID_TYPE(as_uuid=True)))


def links_in(boxes: Sequence[BBox]) -> Select[Any]:
    """
    The links in each box: `box` (its number from 1), `network_id`, `line` (WKB, cut to the box).
    """
    corners = func.unnest(*(
        literal([getattr(box, side) for box in boxes], ARRAY(Double))
        for side in ("west", "south", "east", "north")
    )).table_valued("west", "south", "east", "north", with_ordinality="box").render_derived("boxes")
    links = table(FIBRE_LINKS)
    box = func.ST_MakeEnvelope(
        corners.c.west, corners.c.south, corners.c.east, corners.c.north, SRID
    )
    cut = func.ST_ClipByBox2D(links.c.geom, box, type_=NullType)
    return (
        select(
            corners.c.box, links.c.network_id, func.ST_AsBinary(cut).label("line")
        )
        .select_from(corners)
        .join(links, links.c.geom.op("&&", is_comparison=True)(box))
        .where(links.c.status != _GONE)
        .order_by(corners.c.box, links.c.id)
        .limit(MOST_DRAWN)
    )
