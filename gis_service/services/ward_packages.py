"""Wards as phones take them along: what stands there, and what is known of it."""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import orjson

from gis_service.errors import NotFound
from gis_service.model.audience import Audience, Principal
from gis_service.model.collections import REGISTRY
from gis_service.model.days import today
from gis_service.network.graph import index_of
from gis_service.network.state import NetworkState
from gis_service.network.trace import trace_to_gateway
from gis_service.services.networks import Networks
from gis_service.store import wards as statements
from gis_service.store.changes import Changes
from gis_service.store.reading import Moment, Reader
from gis_service.store.roles import Login

COLLECTIONS = (
    "wards", "network_nodes", "fibre_links", "structures", "offices", "equipment", "work_log",
    "faults", "node_joins",
)
"""A package is made anew when one of these has changed."""
MOST_KEPT = 40
NAMES = {"network_nodes": "nodes", "fibre_links": "links", "work_log": "work"}
"""Collections that a package calls by a shorter name."""

Document = dict[str, Any]


@dataclass(frozen=True, slots=True)
class WardPackage:
    """A package as it is sent, and the hash of its bytes."""

    content: bytes
    digest: str


class WardPackages:
    """
    Makes packages under the login of who asks, and keeps the last ones.

    A package holds what every reader of one audience may see alike.
    """

    def __init__(self, reader: Reader, changes: Changes, networks: Networks) -> None:
        self._reader = reader
        self._changes = changes
        self._networks = networks
        self._kept: OrderedDict[tuple[str, ...], WardPackage] = OrderedDict()

    async def wards(self, principal: Principal) -> list[Document]:
        """Every ward, with how much stands in it and its box in degrees."""
        login = Login.of(principal.audience)
        rows = await self._reader.rows(statements.wards_statement(principal.audience), login)
        return [
            {
                "code": row["code"],
                "name": row["name"],
                **{name: row[name] for name in ("nodes", "offices", "equipment")},
                "bbox": [round(row[side], 6) for side in ("west", "south", "east", "north")],
            }
            for row in rows
        ]

    async def package(self, code: str, principal: Principal) -> WardPackage:
        """
        The package of a ward.

        Raises
        ------
        NotFound
            There is no ward of this code.
        """
        key = self._key(code, principal.audience)
        if key is not None and key in self._kept:
            self._kept.move_to_end(key)
            return self._kept[key]
        content = orjson.dumps(await self._made(code, principal.audience))
        made = WardPackage(content, hashlib.blake2b(content, digest_size=16).hexdigest())
        if key is not None and key == self._key(code, principal.audience):
            self._kept[key] = made
            while len(self._kept) > MOST_KEPT:
                self._kept.popitem(last=False)
        return made

    async def everywhere(self, ids: Iterable[str], principal: Principal) -> Document:
        """All items of some collections, as the package of a ward has its own."""
        audience = principal.audience
        async with self._reader.moment(Login.of(audience)) as moment:
            return {
                NAMES.get(id_, id_): _table(
                    id_, await moment.rows(statements.all_statement(id_, audience)), audience
                )
                for id_ in ids
            }

    def _key(self, code: str, audience: Audience) -> tuple[str, ...] | None:
        """What a package depends on; None while changes are not heard of."""
        known = [self._changes.version(name, staff=True) for name in COLLECTIONS]
        stamps = [each.stamp for each in known if each is not None]
        if len(stamps) != len(COLLECTIONS):
            return None
        return (code, audience.value, today().isoformat(), str(self._changes.epoch), *stamps)

    async def _made(self, code: str, audience: Audience) -> Document:
        state = await self._networks.state()
        async with self._reader.moment(Login.of(audience)) as moment:
            wards = await moment.rows(statements.ward_statement(code, audience))
            if not wards:
                raise NotFound(f"There is no ward {code[:40]}.")
            as_of = (await moment.rows(statements.as_of_statement()))[0]["as_of"]
            nodes = await moment.rows(statements.nodes_statement(code, audience))
            offices = await moment.rows(statements.offices_statement(code, audience))
            node_ids, office_ids = ([row["id"] for row in rows] for rows in (nodes, offices))
            paths = _paths(state, node_ids)
            on_paths = {UUID(link) for path in paths.values() for link in path["links"]}
            links = await moment.rows(statements.links_statement(
                code, audience, nodes=node_ids, links=sorted(on_paths)
            ))
            equipment = await moment.rows(statements.equipment_statement(
                audience, nodes=node_ids, offices=office_ids
            ))
            about = [
                *node_ids, *office_ids, *(row["id"] for row in links),
                *(row["id"] for row in equipment),
            ]
            lists = {
                "network_nodes": nodes,
                "offices": offices,
                "fibre_links": links,
                "equipment": equipment,
                "structures": await moment.rows(statements.structures_statement(code, audience)),
                "faults": await moment.rows(statements.faults_statement(code, audience, about)),
                "work_log": await _work(moment, audience, about),
            }
        return {
            "code": wards[0]["code"],
            "name": wards[0]["name"],
            "as_of": as_of.isoformat(),
            "geometry": orjson.loads(wards[0]["geometry"]),
            **{
                NAMES.get(id_, id_): _table(id_, rows, audience) for id_, rows in lists.items()
            },
            "paths": paths,
        }


def rows_of(table: Document) -> list[Document]:
    """The rows of a package's table, by the names of their fields."""
    return [dict(zip(table["fields"], row, strict=True)) for row in table["rows"]]


async def _work(moment: Moment, audience: Audience, about: list[UUID]) -> list[Any]:
    return await moment.rows(statements.work_statement(audience, about))


def _table(id_: str, rows: list[Any], audience: Audience) -> Document:
    """Rows without the fields that are empty in all of them."""
    collection = REGISTRY[id_]
    names = [
        name for name in statements.fields_taken(collection, audience)
        if any(row[name] is not None for row in rows)
    ]
    shape = ["geometry"] if collection.geometry is not None else []
    return {
        "fields": ["id", *names, *shape],
        "rows": [statements.row_values(row, names, collection) for row in rows],
    }


def _paths(state: NetworkState, nodes: list[UUID]) -> dict[str, Document]:
    """The way of each node to its nearest gateway; nodes without one are left out."""
    paths: dict[str, Document] = {}
    for node in nodes:
        index = index_of(state.graph.nodes.ids, str(node))
        if index is None:
            continue
        trace = trace_to_gateway(state.graph, index, ways=state.ways, found=state.reach)
        if trace.end is None:
            continue
        paths[str(node)] = {
            "gateway": trace.end,
            "links": [link.id for link in trace.links],
            "length_m": round(trace.links[-1].reached_m) if trace.links else 0,
        }
    return paths
