"""
The network as arrays, read in one pass.

PostgreSQL packs each column into one binary text, which NumPy takes as it is:
rows never become Python objects.
"""

from __future__ import annotations

import asyncio
import binascii
from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from uuid import UUID

import numpy as np
import orjson
import pandas as pd
from numpy.typing import NDArray
from sqlalchemy import (
    ARRAY,
    Boolean,
    ColumnElement,
    Double,
    Select,
    Subquery,
    Text,
    any_,
    cast,
    func,
    literal,
    literal_column,
    or_,
    select,
)
from sqlalchemy import UUID as UUID_TYPE

from gis_service.model.audience import Audience
from gis_service.model.collections import REGISTRY
from gis_service.network.graph import (
    CONNECTIONS,
    STATUSES,
    THEMES,
    Flags,
    Ids,
    Indices,
    Links,
    NetworkGraph,
    Nodes,
    Numbers,
    Offices,
)
from gis_service.network.sites import sites_of
from gis_service.store.changes import Version, version_of
from gis_service.store.readable import readable
from gis_service.store.reading import Moment
from gis_service.store.versions import versions_table

GRAPH_COLLECTIONS = ("network_nodes", "fibre_links", "offices", "faults")
"""The graph changes only with these."""

SCENARIO_CHANGES = ("adds", "removes", "removes_nodes")
"""What a scenario does, in the order in which the graph takes it."""

Keys = NDArray[np.bytes_]
"""UUIDs as 16 bytes each, in the order of their numbers."""
_NO_ID: ColumnElement[UUID] = literal_column("'00000000-0000-0000-0000-000000000000'::uuid")


def versions_statement() -> Select[Any]:
    """A row with the version of each collection that the graph is made of."""
    versions = versions_table(staff=True)
    return select(versions).where(versions.c.collection.in_(GRAPH_COLLECTIONS))


def versions_in(rows: Iterable[Any]) -> dict[str, Version]:
    """The versions of `versions_statement`, by collection."""
    return {row["collection"]: version_of(row) for row in rows}


def scenario_statement(id_: UUID) -> Select[Any]:
    """The row of a scenario: `SCENARIO_CHANGES`, each an array of ids or null."""
    source = readable(REGISTRY["scenarios"], Audience.PLANNER)
    return select(*(source.c[name] for name in SCENARIO_CHANGES)).where(source.c.id == id_)


def routes_statement(ids: Iterable[UUID]) -> Select[Any]:
    """A row for each fibre link: `id` and `route`, its line as WKB."""
    source = readable(REGISTRY["fibre_links"], Audience.PLANNER)
    wanted = any_(literal(list(ids), ARRAY(UUID_TYPE(as_uuid=True))))
    return select(source.c.id, func.ST_AsBinary(source.c.geom).label("route")).where(
        source.c.id == wanted
    )


def fibre_statement(ids: Iterable[UUID]) -> Select[Any]:
    """A row with the `id` of each link that is of fibre, or of which nobody says what it is."""
    source = readable(REGISTRY["fibre_links"], Audience.PLANNER)
    wanted = any_(literal(list(ids), ARRAY(UUID_TYPE(as_uuid=True))))
    return select(source.c.id).where(
        source.c.id == wanted,
        or_(
            func.coalesce(func.cardinality(source.c.medium), 0) == 0,
            literal("fibre") == any_(source.c.medium),
        ),
    )


def equipment_statement(id_: UUID) -> Select[Any]:
    """The row of a piece of equipment: the `node` or `office` where it stands."""
    source = readable(REGISTRY["equipment"], Audience.PLANNER)
    return select(source.c.node, source.c.office).where(source.c.id == id_)


async def read_graph(moment: Moment) -> tuple[dict[str, Version], NetworkGraph]:
    """
    The network as it is at one moment, and the versions that it is made of.

    A fault counts while it has no end and its `cuts` is true; one on equipment
    cuts nothing, since another device may stand beside it.
    """
    versions = versions_in(await moment.rows(versions_statement()))
    packed = {
        id_: (await moment.rows(statement()))[0]
        for id_, statement in (
            ("network_nodes", _nodes), ("fibre_links", _links), ("offices", _offices)
        )
    }
    faults = await moment.rows(_open_cuts())
    return versions, await asyncio.to_thread(_made, packed, faults)


def _nodes() -> Select[Any]:
    rows = _ordered("network_nodes")
    return select(
        _ids(rows.c.id), *_place(rows), _flags(rows.c.gateway), _codes(rows.c.status, STATUSES),
        _texts(rows.c.name),
    )


def _links() -> Select[Any]:
    rows = _ordered("fibre_links")
    return select(
        _ids(rows.c.id), _ids(rows.c.start_node), _ids(rows.c.end_node),
        _codes(rows.c.status, STATUSES), _numbers(rows.c.route_length_m),
        _numbers(rows.c.fibre_length_m), _texts(rows.c.shared_trench), _texts(rows.c.name),
    )


def _offices() -> Select[Any]:
    rows = _ordered("offices")
    return select(
        _ids(rows.c.id), *_place(rows), _ids(rows.c.served_by),
        _codes(rows.c.connection, CONNECTIONS), _codes(rows.c.theme, THEMES),
        _numbers(rows.c.beneficiaries), _texts(rows.c.ward), _texts(rows.c.name),
    )


def _open_cuts() -> Select[Any]:
    faults = readable(REGISTRY["faults"], Audience.PLANNER)
    return select(faults.c.node, faults.c.link, faults.c.office).where(
        faults.c.cuts, faults.c.cleared_at.is_(None)
    )


def _ordered(collection: str) -> Subquery:
    source = readable(REGISTRY[collection], Audience.PLANNER)
    return select(source).order_by(source.c.id).subquery("ordered")


def _packed(sent: ColumnElement[Any], name: str) -> ColumnElement[Any]:
    joined = func.string_agg(sent, literal_column("''::bytea"))
    return func.coalesce(joined, literal_column("''::bytea")).label(name)


def _ids(column: ColumnElement[Any]) -> ColumnElement[Any]:
    return _packed(func.uuid_send(func.coalesce(column, _NO_ID)), column.key or "")


def _numbers(value: ColumnElement[Any], name: str | None = None) -> ColumnElement[Any]:
    number = func.coalesce(cast(value, Double), literal_column("'NaN'::float8"))
    return _packed(func.float8send(number), name or value.key or "")


def _flags(column: ColumnElement[Any]) -> ColumnElement[Any]:
    return _packed(func.boolsend(func.coalesce(cast(column, Boolean), False)), column.key or "")


def _codes(column: ColumnElement[Any], known: Sequence[str]) -> ColumnElement[Any]:
    number = func.array_position(cast(literal(list(known), ARRAY(Text)), ARRAY(Text)), column)
    return _packed(func.int4send(func.coalesce(number, 0)), column.key or "")


def _texts(column: ColumnElement[Any]) -> ColumnElement[Any]:
    return cast(func.json_agg(column), Text).label(column.key or "")


def _place(rows: Subquery) -> list[ColumnElement[Any]]:
    return [
        _numbers(func.ST_X(rows.c.geom), "longitude"),
        _numbers(func.ST_Y(rows.c.geom), "latitude"),
    ]


def _made(packed: Mapping[str, Any], faults: Sequence[Any]) -> NetworkGraph:
    nodes, links, offices = (packed[id_] for id_ in ("network_nodes", "fibre_links", "offices"))
    node_keys, link_keys, office_keys = (_keys(rows["id"]) for rows in (nodes, links, offices))
    trench, trenches = _named(links["shared_trench"])
    ward, wards = _named(offices["ward"])
    position = _positions(nodes)
    site, site_count = sites_of(position)
    return NetworkGraph(
        Nodes(
            ids=_id_texts(nodes["id"]),
            position=position,
            gateway=np.frombuffer(nodes["gateway"], np.uint8).astype(bool),
            status=_code(nodes["status"]),
            cut=_marked(node_keys, (row["node"] for row in faults)),
            site=site,
        ),
        Links(
            ids=_id_texts(links["id"]),
            start=_found(_keys(links["start_node"]), node_keys),
            end=_found(_keys(links["end_node"]), node_keys),
            status=_code(links["status"]),
            cut=_marked(link_keys, (row["link"] for row in faults)),
            route_length_m=_number(links["route_length_m"]),
            fibre_length_m=_number(links["fibre_length_m"]),
            trench=trench,
        ),
        Offices(
            ids=_id_texts(offices["id"]),
            position=_positions(offices),
            node=_found(_keys(offices["served_by"]), node_keys),
            cut=_marked(office_keys, (row["office"] for row in faults)),
            connection=_code(offices["connection"]),
            theme=_code(offices["theme"]),
            ward=ward,
            beneficiaries=_number(offices["beneficiaries"]),
        ),
        trenches=trenches,
        wards=wards,
        site_count=site_count,
        node_names=_list(nodes["name"]),
        link_names=_list(links["name"]),
        office_names=_list(offices["name"]),
    )


def _keys(packed: bytes) -> Keys:
    return np.frombuffer(packed, dtype="S16")


def _id_texts(packed: bytes) -> Ids:
    """UUIDs as people write them."""
    digits = np.frombuffer(binascii.hexlify(packed), dtype=np.uint8).reshape(-1, 32)
    text = np.full((len(digits), 36), ord("-"), dtype=np.uint8)
    start = 0
    for shift, length in enumerate((8, 4, 4, 4, 12)):
        text[:, start + shift : start + shift + length] = digits[:, start : start + length]
        start += length
    return text.reshape(-1).view("S36")


def _found(wanted: Keys, among: Keys) -> Indices:
    """Where each key stands; -1 where it does not."""
    if not len(among):
        return np.full(len(wanted), -1, dtype=np.int32)
    place = np.minimum(np.searchsorted(among, wanted), len(among) - 1)
    return np.where(among[place] == wanted, place, -1).astype(np.int32)


def _marked(keys: Keys, ids: Iterable[UUID | None]) -> Flags:
    marked = np.zeros(len(keys), dtype=bool)
    wanted = np.array([id_.bytes for id_ in ids if id_ is not None], dtype="S16")
    found = _found(wanted, keys)
    marked[found[found >= 0]] = True
    return marked


def _number(packed: bytes) -> Numbers:
    return np.frombuffer(packed, dtype=">f8").astype(np.float64)


def _code(packed: bytes) -> Indices:
    return (np.frombuffer(packed, dtype=">i4") - 1).astype(np.int8)


def _positions(rows: Any) -> Numbers:
    return np.column_stack([_number(rows["longitude"]), _number(rows["latitude"])])


def _list(text: str | None) -> list[str | None]:
    return [] if text is None else list(orjson.loads(text))


def _named(text: str | None) -> tuple[Indices, tuple[str, ...]]:
    """A code for each text, -1 for none; and the texts, ascending."""
    codes, names = pd.factorize(np.array(_list(text), dtype=object), sort=True)
    return codes.astype(np.int32), tuple(names)
