"""The network's graph, kept warm: as new as the last change that was acknowledged."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from gis_service.network.graph import NetworkGraph
from gis_service.store.changes import Changes, Version
from gis_service.store.network import (
    GRAPH_COLLECTIONS,
    read_graph,
    versions_in,
    versions_statement,
)
from gis_service.store.reading import Reader
from gis_service.store.roles import Login

Versions = dict[str, Version]


@dataclass(frozen=True, slots=True)
class _Held:
    versions: Versions
    graph: NetworkGraph


class Networks:
    """
    One graph for each process, for staff; it is read anew when it has changed.

    It holds what only staff may know, so nothing computed from it is public.
    """

    def __init__(self, reader: Reader, changes: Changes) -> None:
        self._reader = reader
        self._changes = changes
        self._held: _Held | None = None
        self._reading = asyncio.Lock()

    async def graph(self) -> NetworkGraph:
        """
        The graph as the database is now.

        Raises
        ------
        Unavailable
            The database does not answer.
        """
        held = self._held
        if held is not None and held.versions == await self._newest():
            return held.graph
        async with self._reading:  # who waited takes what was read meanwhile, if it is new
            if self._held is None or self._held.versions != await self._newest():
                async with self._reader.moment(Login.PLANNER) as moment:
                    self._held = _Held(*await read_graph(moment))
            return self._held.graph

    async def _newest(self) -> Versions:
        """The versions now, of this process's own knowledge while it hears of changes."""
        known = {id_: self._changes.version(id_, staff=True) for id_ in GRAPH_COLLECTIONS}
        if None not in known.values():
            return {id_: version for id_, version in known.items() if version is not None}
        return versions_in(await self._reader.rows(versions_statement(), Login.PLANNER))
