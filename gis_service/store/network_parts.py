"""How a network hangs together as it is stored: its nodes, its links, and where those run."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

import numpy as np
import pyarrow as pa
import shapely
from sqlalchemy import (
    Connection,
    Select,
    Text,
    cast,
    func,
    literal_column,
    or_,
    select,
)
from sqlalchemy.sql.elements import ColumnElement

from gis_service.model.collections import REGISTRY
from gis_service.store.dig_safe import IN_THE_AIR
from gis_service.store.staging import GONE
from gis_service.store.tables import table
from gis_service.validation.drawn import Spilled
from gis_service.validation.key_index import KeyIndex
from gis_service.validation.link_crossings import Known
from gis_service.validation.network_parts import NetworkParts
from gis_service.validation.topology import Ints

Box = tuple[float, float, float, float]
_WGS84 = 4326
Lacks = Callable[[ColumnElement[Any]], ColumnElement[bool]]
_AT_ONCE = 10_000
_TEXTS = pa.array([], pa.string())


def network_parts(connection: Connection, network: UUID, lacks: Lacks) -> NetworkParts:
    """
    The nodes of a network by key, and its links, without those that are decommissioned.

    Parameters
    ----------
    lacks
        Whether a file lacks the link of a key; those that it holds are left out.
    """
    nodes = table(REGISTRY["network_nodes"])
    reached = or_(func.coalesce(nodes.c.access_point, False), func.coalesce(nodes.c.gateway, False))
    found = connection.execute(
        select(nodes.c.external_id, cast(nodes.c.id, Text), reached & (nodes.c.status != GONE))
        .where(nodes.c.network_id == network)
        .order_by(nodes.c.external_id),
        execution_options={"yield_per": _AT_ONCE},
    )
    keys, ids, sources = [_TEXTS], [_TEXTS], [np.empty(0, dtype=bool)]
    for rows in found.partitions():
        some, their_ids, are_sources = zip(*rows, strict=True)
        keys.append(pa.array(some, pa.string()))
        ids.append(pa.array(their_ids, pa.string()))
        sources.append(np.array(are_sources, dtype=bool))
    links = table(REGISTRY["fibre_links"])
    joined = connection.execute(
        _with_places(network, lacks).order_by(links.c.id),
        execution_options={"yield_per": _AT_ONCE},
    )
    start, end = _ends([(row.start, row.end) for row in some] for some in joined.partitions())
    return NetworkParts(
        KeyIndex(pa.concat_arrays(keys)), KeyIndex(pa.concat_arrays(ids)),
        np.concatenate(sources), start, end,
    )


def links_within(
    connection: Connection, network: UUID, lacks: Lacks, box: Box
) -> Known:
    """
    Where the cables of a network run that come near a box, without those that are decommissioned.

    Parameters
    ----------
    lacks
        As of `network_parts`.
    box
        West, south, east, north in degrees.
    """
    links = table(REGISTRY["fibre_links"])
    found = connection.execute(
        _with_places(
            network, lacks, links.c.external_id, func.ST_AsBinary(links.c.geom).label("wkb")
        )
        .where(
            links.c.medium.is_distinct_from(literal_column(f"ARRAY['{IN_THE_AIR}']")),
            links.c.geom.intersects(func.ST_MakeEnvelope(*box, _WGS84)),
        )
        .order_by(links.c.id),
        execution_options={"yield_per": _AT_ONCE},
    )
    keys, lines = [_TEXTS], Spilled()
    places: list[list[tuple[int, int]]] = []
    for rows in found.partitions():
        keys.append(pa.array([row.external_id for row in rows], pa.string()))
        lines.add(shapely.from_wkb(np.array([bytes(row.wkb) for row in rows], dtype=object)))
        places.append([(row.start, row.end) for row in rows])
    return Known(pa.concat_arrays(keys), lines, *_ends(places))


def _with_places(
    network: UUID, lacks: Lacks, *columns: ColumnElement[Any]
) -> Select[Any]:
    """Links, and where the nodes at their ends stand in the order of their keys; -1 for none."""
    nodes, links = table(REGISTRY["network_nodes"]), table(REGISTRY["fibre_links"])
    numbered = (
        select(
            nodes.c.id, (func.row_number().over(order_by=nodes.c.external_id) - 1).label("place")
        )
        .where(nodes.c.network_id == network)
        .cte("numbered")
    )
    first, last = numbered.alias("first"), numbered.alias("last")
    return (
        select(
            func.coalesce(first.c.place, -1).label("start"),
            func.coalesce(last.c.place, -1).label("end"), *columns,
        )
        .select_from(
            links.outerjoin(first, first.c.id == links.c.start_node)
            .outerjoin(last, last.c.id == links.c.end_node)
        )
        .where(
            links.c.network_id == network, links.c.status != GONE,
            lacks(links.c.external_id),
        )
    )


def _ends(parts: Any) -> tuple[Ints, Ints]:
    """Pairs of numbers as two arrays."""
    arrays = [np.array(part, dtype=np.int64).reshape(-1, 2) for part in parts]
    whole = np.concatenate([np.empty((0, 2), dtype=np.int64), *arrays])
    return whole[:, 0].copy(), whole[:, 1].copy()
