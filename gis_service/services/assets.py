"""A thing by what its label says: how it stands, its way to a gateway, what happened to it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import orjson

from gis_service.model.audience import Principal
from gis_service.model.collections import LABELLED, REGISTRY
from gis_service.model.fields import Collection
from gis_service.network.graph import index_of
from gis_service.network.trace import trace_to_gateway
from gis_service.services.networks import Networks
from gis_service.services.photos import Photos
from gis_service.store import wards
from gis_service.store.items import item_statement
from gis_service.store.labels import tagged_statement
from gis_service.store.reading import Reader
from gis_service.store.roles import Login

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Way:
    """The way to the nearest gateway: names of its links, its end, its metres."""

    links: tuple[str, ...]
    gateway: str
    length_m: float


@dataclass(frozen=True, slots=True)
class Asset:
    """
    What is known of a labelled thing.

    Parameters
    ----------
    item
        A GeoJSON Feature.
    position
        Longitude and latitude in degrees: its own, or that of where it stands.
    work, faults
        Rows of the work log, the newest first, and of the faults that are open.
    """

    collection: Collection
    id: UUID
    item: dict[str, Any]
    position: tuple[float, float] | None
    way: Way | None
    work: tuple[Row, ...]
    faults: tuple[Row, ...]
    photos: tuple[Row, ...]


class Assets:
    """Finds things by their labels, for staff."""

    def __init__(self, reader: Reader, networks: Networks, photos: Photos) -> None:
        self._reader = reader
        self._networks = networks
        self._photos = photos

    async def asset(self, tag: str, principal: Principal) -> Asset | None:
        """The thing that a label names; None when there is none."""
        login = Login.of(principal.audience)
        for name in LABELLED:
            collection = REGISTRY[name]
            row = await self._reader.row(
                tagged_statement(collection, tag, principal.audience), login
            )
            if row is not None:
                return await self._asset(collection, row["id"], principal)
        return None

    async def _asset(self, collection: Collection, id_: UUID, principal: Principal) -> Asset | None:
        login, audience = Login.of(principal.audience), principal.audience
        item = await self._feature(collection, id_, principal)
        if item is None:
            return None
        place, node = await self._standing(collection, id_, item, principal)
        work = await self._reader.rows(wards.work_statement(audience, [id_]), login)
        faults = await self._reader.rows(wards.faults_statement("", audience, [id_]), login)
        return Asset(
            collection, id_, item,
            None if place is None else (place[0], place[1]),
            None if node is None else await self._way(node, principal),
            tuple(sorted(work, key=lambda each: each["occurred_at"], reverse=True)),
            tuple(faults),
            tuple(await self._photos.of_items(principal, [id_])),
        )

    async def _feature(
        self, collection: Collection, id_: UUID, principal: Principal
    ) -> dict[str, Any] | None:
        row = await self._reader.row(
            item_statement(collection, id_, principal.audience), Login.of(principal.audience)
        )
        return None if row is None else dict(orjson.loads(row["feature"]))

    async def _standing(
        self, collection: Collection, id_: UUID, item: dict[str, Any], principal: Principal
    ) -> tuple[list[float] | None, UUID | None]:
        """Where a thing is, and the node by which it is reached."""
        properties = item["properties"]
        place = None if item["geometry"] is None else item["geometry"]["coordinates"]
        if collection.id == "network_nodes":
            return place, id_
        node, office = properties.get("node"), properties.get("office")
        if office is not None:
            found = await self._feature(REGISTRY["offices"], UUID(office), principal)
            if found is not None:
                place = found["geometry"]["coordinates"]
                node = node or found["properties"]["served_by"]
        elif node is not None:
            found = await self._feature(REGISTRY["network_nodes"], UUID(node), principal)
            place = None if found is None else found["geometry"]["coordinates"]
        node = node or properties.get("served_by")
        return place, None if node is None else UUID(node)

    async def _way(self, node: UUID, principal: Principal) -> Way | None:
        state = await self._networks.state()
        index = index_of(state.graph.nodes.ids, str(node))
        if index is None:
            return None
        trace = trace_to_gateway(state.graph, index, ways=state.ways, found=state.reach)
        if trace.end is None:
            return None
        gateway = await self._feature(REGISTRY["network_nodes"], UUID(trace.end), principal)
        return Way(
            tuple(link.name or link.id[:8] for link in trace.links),
            trace.end[:8] if gateway is None else gateway["properties"]["name"],
            trace.route_length_m or 0.0,
        )
