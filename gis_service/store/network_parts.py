"""How a network hangs together as it is stored: its nodes, its links, and where those run."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import numpy as np
import shapely
from sqlalchemy import (
    ARRAY,
    Connection,
    Text,
    Uuid,
    cast,
    func,
    literal,
    literal_column,
    or_,
    select,
)

from gis_service.model.collections import REGISTRY
from gis_service.store.dig_safe import IN_THE_AIR
from gis_service.store.staging import GONE
from gis_service.store.tables import table
from gis_service.validation.link_crossings import Known
from gis_service.validation.network_parts import NetworkParts

Box = tuple[float, float, float, float]
_WGS84 = 4326


def network_parts(connection: Connection, network: UUID) -> NetworkParts:
    """The nodes of a network by key, its links by id, without those that are decommissioned."""
    nodes = table(REGISTRY["network_nodes"])
    links = table(REGISTRY["fibre_links"])
    reached = or_(func.coalesce(nodes.c.access_point, False), func.coalesce(nodes.c.gateway, False))
    found = connection.execute(
        select(nodes.c.external_id, cast(nodes.c.id, Text), reached & (nodes.c.status != GONE))
        .where(nodes.c.network_id == network)
        .order_by(nodes.c.external_id)
    ).all()
    keys, ids, sources = zip(*found, strict=True) if found else ((), (), ())
    joined = connection.execute(
        select(
            links.c.external_id, links.c.id, cast(links.c.start_node, Text),
            cast(links.c.end_node, Text),
        )
        .where(links.c.network_id == network, links.c.status != GONE)
        .order_by(links.c.id)
    ).all()
    names, link_ids, start, end = zip(*joined, strict=True) if joined else ((), (), (), ())
    place = {id_: position for position, id_ in enumerate(ids)}
    return NetworkParts(
        keys=tuple(keys),
        ids=tuple(ids),
        sources=np.array(sources, dtype=bool),
        links=tuple(names),
        link_ids=tuple(link_ids),
        start=np.array([place.get(each, -1) for each in start], dtype=np.int64),
        end=np.array([place.get(each, -1) for each in end], dtype=np.int64),
    )


def links_within(
    connection: Connection, parts: NetworkParts, wanted: Sequence[int], box: Box
) -> Known:
    """
    Where some cables of a network run, of those that come near a box.

    Parameters
    ----------
    wanted
        Indices of the links.
    box
        West, south, east, north in degrees.
    """
    links = table(REGISTRY["fibre_links"])
    place = {parts.link_ids[index]: index for index in wanted}
    found: Sequence[Any] = ()
    if place:
        ids = cast(literal(list(place), ARRAY(Uuid)), ARRAY(Uuid))
        found = connection.execute(
            select(links.c.id, func.ST_AsBinary(links.c.geom))
            .where(
                links.c.id == func.any(ids),
                links.c.medium.is_distinct_from(literal_column(f"ARRAY['{IN_THE_AIR}']")),
                links.c.geom.intersects(func.ST_MakeEnvelope(*box, _WGS84)),
            )
            .order_by(links.c.id)
        ).all()
    at = [place[row[0]] for row in found]
    return Known(
        tuple(parts.links[index] for index in at),
        shapely.from_wkb(np.array([bytes(row[1]) for row in found], dtype=object)),
        parts.start[at], parts.end[at],
    )
