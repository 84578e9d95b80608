"""A part of the network as it is stored: its nodes, and what ends at them or is served by them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import ARRAY, ColumnElement, Select, Subquery, any_, literal, or_, select
from sqlalchemy import UUID as UUID_TYPE

from gis_service.model.audience import Audience
from gis_service.model.collections import REGISTRY
from gis_service.network.graph import STATUSES, Flags, Ids, Links, Nodes, Numbers, Offices
from gis_service.network.parts import Part, part_of
from gis_service.store.coverage import Portion, Wanted, chosen
from gis_service.store.network import confirmed_statement, open_cuts_statement
from gis_service.store.packing import (
    id_texts,
    numbered,
    pack_codes,
    pack_flags,
    pack_ids,
    pack_numbers,
    pack_places,
    pack_texts,
    unpack_codes,
    unpack_flags,
    unpack_keys,
    unpack_numbers,
    unpack_places,
)
from gis_service.store.readable import readable
from gis_service.store.reading import Moment

PLANNERS = Wanted(Audience.PLANNER)


@dataclass(frozen=True, eq=False, slots=True)
class ReadNodes:
    """Nodes of a portion, by id, with positions in degrees of WGS84."""

    ids: Ids
    position: Numbers
    gateway: Flags
    status: NDArray[np.int8]


async def read_nodes(moment: Moment, portion: Portion) -> ReadNodes:
    """The nodes of a portion of the network."""
    source = readable(REGISTRY["network_nodes"], Audience.PLANNER)
    rows = _ordered(source, *chosen(source, PLANNERS, portion))
    (row,) = await moment.rows(select(
        pack_ids(rows.c.id), *pack_places(rows), pack_flags(rows.c.gateway),
        pack_codes(rows.c.status, STATUSES),
    ))
    return ReadNodes(
        id_texts(unpack_keys(row["id"])), unpack_places(row), unpack_flags(row["gateway"]),
        unpack_codes(row["status"]),
    )


async def read_part(
    moment: Moment, nodes: ReadNodes, own: Flags, near: NDArray[np.int32]
) -> Part:
    """
    The part of the network that some nodes are.

    Parameters
    ----------
    nodes, own
        Nodes that were read, and which of them are the part's.
    near
        Pairs of those nodes that stand together, one of each the part's own.
    """
    ids = nodes.ids[own]
    wanted = [UUID(id_.decode()) for id_ in ids.tolist()]
    faults = await moment.rows(open_cuts_statement())
    links, ends, trenches = await _links(moment, wanted, _named(faults, "link"))
    offices, served_by = await _offices(moment, wanted, _named(faults, "office"))
    return part_of(
        Nodes(
            ids=ids, position=nodes.position[own], gateway=nodes.gateway[own],
            status=nodes.status[own], cut=np.isin(ids, _named(faults, "node")),
            site=np.full(len(ids), -1, dtype=np.int32),
        ),
        links, ends, offices,
        office_nodes=served_by,
        joins=await _joins(moment, wanted),
        near=(nodes.ids[near[:, 0]], nodes.ids[near[:, 1]]),
        trenches=trenches,
    )


async def _links(
    moment: Moment, nodes: Sequence[UUID], cut: Ids
) -> tuple[Links, tuple[Ids, Ids], tuple[str, ...]]:
    """The links at some nodes, the ids of the nodes at their ends, and their trenches."""
    source, at = readable(REGISTRY["fibre_links"], Audience.PLANNER), _any(nodes)
    rows = _ordered(source, or_(source.c.start_node == at, source.c.end_node == at))
    (row,) = await moment.rows(select(
        pack_ids(rows.c.id), pack_ids(rows.c.start_node), pack_ids(rows.c.end_node),
        pack_codes(rows.c.status, STATUSES), pack_texts(rows.c.shared_trench),
    ))
    ids = id_texts(unpack_keys(row["id"]))
    trench, trenches = numbered(row["shared_trench"])
    nowhere = np.full(len(ids), -1, dtype=np.int32)
    unknown = np.full(len(ids), np.nan)
    ends = (id_texts(unpack_keys(row[name])) for name in ("start_node", "end_node"))
    start, end = ends
    links = Links(
        ids=ids, start=nowhere, end=nowhere, status=unpack_codes(row["status"]),
        cut=np.isin(ids, cut), route_length_m=unknown, fibre_length_m=unknown, trench=trench,
    )
    return links, (start, end), trenches


async def _offices(
    moment: Moment, nodes: Sequence[UUID], cut: Ids
) -> tuple[Offices, Ids]:
    """The offices that some nodes serve, and the ids of those nodes."""
    source = readable(REGISTRY["offices"], Audience.PLANNER)
    rows = _ordered(source, source.c.served_by == _any(nodes))
    (row,) = await moment.rows(select(
        pack_ids(rows.c.id), pack_ids(rows.c.served_by), pack_numbers(rows.c.beneficiaries),
    ))
    ids = id_texts(unpack_keys(row["id"]))
    nothing = np.full(len(ids), -1, dtype=np.int32)
    offices = Offices(
        ids=ids, position=np.full((len(ids), 2), np.nan), node=nothing, cut=np.isin(ids, cut),
        connection=nothing, theme=nothing, ward=nothing,
        beneficiaries=unpack_numbers(row["beneficiaries"]),
    )
    return offices, id_texts(unpack_keys(row["served_by"]))


async def _joins(moment: Moment, nodes: Sequence[UUID]) -> tuple[Ids, Ids]:
    """Both nodes of the confirmed joins at some nodes."""
    pairs = confirmed_statement().subquery("confirmed")
    at = _any(nodes)
    rows = await moment.rows(
        select(pairs).where(or_(pairs.c.node_a == at, pairs.c.node_b == at))
    )
    return _ids(row["node_a"] for row in rows), _ids(row["node_b"] for row in rows)


def names_statement(collection: str, ids: Iterable[str]) -> Select[Any]:
    """A row for each item: `id` and `name`."""
    source = readable(REGISTRY[collection], Audience.PLANNER)
    return select(source.c.id, source.c.name).where(source.c.id == _any(map(UUID, ids)))


def _named(faults: Sequence[Any], name: str) -> Ids:
    return _ids(row[name] for row in faults if row[name] is not None)


def _ids(keys: Iterable[UUID]) -> Ids:
    return np.array([str(key).encode() for key in keys], dtype="S36")


def _any(ids: Iterable[UUID]) -> Any:
    return any_(literal(list(ids), ARRAY(UUID_TYPE(as_uuid=True))))


def _ordered(source: Subquery, *conditions: ColumnElement[bool]) -> Subquery:
    return select(source).where(*conditions).order_by(source.c.id).subquery("ordered")
