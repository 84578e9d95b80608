"""The network as arrays, read in one pass; after a change only what changed is read again."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

import numpy as np
from sqlalchemy import Select, Subquery, select

from gis_service.model.audience import Audience
from gis_service.model.collections import REGISTRY
from gis_service.network.graph import (
    CONNECTIONS,
    STATUSES,
    THEMES,
    Flags,
    Links,
    NetworkGraph,
    Nodes,
    Offices,
    Pairs,
)
from gis_service.network.sites import joined_sites, pairs_of, sites_of
from gis_service.store.changes import Version, version_of
from gis_service.store.network_rows import Rows, merged
from gis_service.store.packing import (
    Keys,
    id_texts,
    key_array,
    numbered,
    ordered,
    pack_codes,
    pack_flags,
    pack_ids,
    pack_numbers,
    pack_places,
    pack_texts,
    places_of,
    unpack_codes,
    unpack_flags,
    unpack_keys,
    unpack_numbers,
    unpack_places,
    unpack_texts,
)
from gis_service.store.readable import readable
from gis_service.store.reading import Moment
from gis_service.store.snapshot import changed_since
from gis_service.store.versions import versions_table

GRAPH_COLLECTIONS = ("network_nodes", "node_joins", "fibre_links", "offices", "faults")
"""The graph changes only with these."""

MOST_CHANGED = 1000
"""When more items of a collection changed, all of it is read again."""

Versions = Mapping[str, Version]
"""The versions of the collections that a graph is made of."""


@dataclass(frozen=True, eq=False, slots=True)
class ReadGraph:
    """A graph, the versions that it is made of, and what of it can be used again."""

    versions: Versions
    graph: NetworkGraph
    rows: Mapping[str, Rows]


def versions_statement() -> Select[Any]:
    """A row with the version of each collection that the graph is made of."""
    versions = versions_table(staff=True)
    return select(versions).where(versions.c.collection.in_(GRAPH_COLLECTIONS))


def versions_in(rows: Iterable[Any]) -> dict[str, Version]:
    """The versions of `versions_statement`, by collection."""
    return {row["collection"]: version_of(row) for row in rows}


async def read_graph(moment: Moment, before: ReadGraph | None = None) -> ReadGraph:
    """
    The network as it is at one moment.

    A fault counts while it has no end and its `cuts` is true; one on equipment
    cuts nothing, since another device may stand beside it. Nodes are joined where
    a person confirmed that they are one place.

    Parameters
    ----------
    before
        An older graph: collections that have not changed since are not read again.
    """
    versions = versions_in(await moment.rows(versions_statement()))
    rows = {
        id_: await _read(moment, id_, versions[id_], before) for id_ in _READ
    }
    faults = await moment.rows(open_cuts_statement())
    pairs = await moment.rows(confirmed_statement())
    graph = await asyncio.to_thread(_joined, rows, faults, pairs, before)
    return ReadGraph(versions, graph, rows)


async def _read(moment: Moment, id_: str, version: Version, before: ReadGraph | None) -> Rows:
    """A collection's rows: those of before, with what changed since read again."""
    old = None if before is None else before.rows[id_]
    select_, unpack = _READ[id_]
    changed = None
    if before is not None and old is not None:
        if before.versions[id_] == version:
            return old
        changed = await changed_since(
            moment, REGISTRY[id_], before.versions[id_], version, staff=True
        )
    if changed is not None and len(changed) > MOST_CHANGED:
        changed = None
    (packed,) = await moment.rows(select_(ordered(REGISTRY[id_], changed)))
    new = await asyncio.to_thread(unpack, packed)
    if old is None or changed is None:
        return new
    return await asyncio.to_thread(merged, old, new, changed)


def _select_nodes(rows: Subquery) -> Select[Any]:
    return select(
        pack_ids(rows.c.id), *pack_places(rows), pack_flags(rows.c.gateway),
        pack_codes(rows.c.status, STATUSES), pack_texts(rows.c.name),
    )


def _nodes(row: Any) -> Rows:
    keys, position = unpack_keys(row["id"]), unpack_places(row)
    site, _ = sites_of(position)
    nodes = Nodes(
        ids=id_texts(keys), position=position, gateway=unpack_flags(row["gateway"]),
        status=unpack_codes(row["status"]), cut=_none(keys), site=site,
    )
    return Rows(keys, nodes, {}, unpack_texts(row["name"]))


def _select_links(rows: Subquery) -> Select[Any]:
    return select(
        pack_ids(rows.c.id), pack_ids(rows.c.start_node), pack_ids(rows.c.end_node),
        pack_codes(rows.c.status, STATUSES), pack_numbers(rows.c.route_length_m),
        pack_numbers(rows.c.fibre_length_m), pack_texts(rows.c.shared_trench),
        pack_texts(rows.c.name),
    )


def _links(row: Any) -> Rows:
    keys = unpack_keys(row["id"])
    trench, trenches = numbered(row["shared_trench"])
    nowhere = np.full(len(keys), -1, dtype=np.int32)
    links = Links(
        ids=id_texts(keys), start=nowhere, end=nowhere,
        status=unpack_codes(row["status"]), cut=_none(keys),
        route_length_m=unpack_numbers(row["route_length_m"]),
        fibre_length_m=unpack_numbers(row["fibre_length_m"]), trench=trench,
    )
    nodes = {
        "start": unpack_keys(row["start_node"]), "end": unpack_keys(row["end_node"])
    }
    return Rows(keys, links, nodes, unpack_texts(row["name"]), trenches, "trench")


def _select_offices(rows: Subquery) -> Select[Any]:
    return select(
        pack_ids(rows.c.id), *pack_places(rows), pack_ids(rows.c.served_by),
        pack_codes(rows.c.connection, CONNECTIONS), pack_codes(rows.c.theme, THEMES),
        pack_numbers(rows.c.beneficiaries), pack_texts(rows.c.ward), pack_texts(rows.c.name),
    )


def _offices(row: Any) -> Rows:
    keys = unpack_keys(row["id"])
    ward, wards = numbered(row["ward"])
    offices = Offices(
        ids=id_texts(keys), position=unpack_places(row),
        node=np.full(len(keys), -1, dtype=np.int32), cut=_none(keys),
        connection=unpack_codes(row["connection"]), theme=unpack_codes(row["theme"]),
        ward=ward, beneficiaries=unpack_numbers(row["beneficiaries"]),
    )
    nodes = {"node": unpack_keys(row["served_by"])}
    return Rows(keys, offices, nodes, unpack_texts(row["name"]), wards, "ward")


_READ = {
    "network_nodes": (_select_nodes, _nodes),
    "fibre_links": (_select_links, _links),
    "offices": (_select_offices, _offices),
}
"""Of each collection: the statement of its one row, and what makes arrays of that."""


def open_cuts_statement() -> Select[Any]:
    """A row for each open fault that cuts: the `node`, `link` or `office` that it is on."""
    faults = readable(REGISTRY["faults"], Audience.PLANNER)
    return select(faults.c.node, faults.c.link, faults.c.office).where(
        faults.c.cuts, faults.c.cleared_at.is_(None)
    )


def confirmed_statement() -> Select[Any]:
    """A row for each pair of nodes, `node_a` and `node_b`, that are confirmed to be one place."""
    joins = readable(REGISTRY["node_joins"], Audience.PLANNER)
    return select(joins.c.node_a, joins.c.node_b).where(joins.c.decision == "confirmed")


def _joined(
    rows: Mapping[str, Rows],
    faults: Sequence[Any],
    pairs: Sequence[Any],
    before: ReadGraph | None,
) -> NetworkGraph:
    nodes, links, offices = (rows[id_] for id_ in _READ)
    placed: dict[str, Any] = {}
    for name, (id_, part) in zip(("node", "link", "office"), rows.items(), strict=True):
        old = None
        if before is not None and nodes.keys is before.rows["network_nodes"].keys \
                and part is before.rows[id_]:
            old = getattr(before.graph, f"{name}s")
        joined = {
            field: places_of(keys, nodes.keys) if old is None else getattr(old, field)
            for field, keys in part.nodes.items()
        }
        cut = _marked(part.keys, (row[name] for row in faults))
        placed[name] = replace(part.items, cut=cut, **joined)
    joins = _joins(nodes.keys, pairs)
    site_count = int(nodes.items.site.max(initial=-1)) + 1
    if len(joins):
        site, site_count = joined_sites(nodes.items.site, joins)
        placed["node"] = replace(placed["node"], site=site)
    return NetworkGraph(
        placed["node"],
        placed["link"],
        placed["office"],
        joins=joins,
        trenches=links.groups,
        wards=offices.groups,
        site_count=site_count,
        node_names=nodes.names,
        link_names=links.names,
        office_names=offices.names,
    )


def _joins(nodes: Keys, pairs: Sequence[Any]) -> Pairs:
    """Indices of joined nodes."""
    return pairs_of(*(
        places_of(key_array(row[name] for row in pairs), nodes) for name in ("node_a", "node_b")
    ))


def _none(keys: Keys) -> Flags:
    return np.zeros(len(keys), dtype=bool)


def _marked(keys: Keys, ids: Iterable[UUID | None]) -> Flags:
    marked = _none(keys)
    found = places_of(key_array(id_ for id_ in ids if id_ is not None), keys)
    marked[found[found >= 0]] = True
    return marked
