"""The network's graph, kept warm: as new as the last change that was acknowledged."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass, field
from uuid import UUID

import numpy as np

from gis_service.errors import InvalidParameter
from gis_service.network.graph import Ids, Indices, NetworkGraph, index_of
from gis_service.network.state import NetworkState
from gis_service.store.changes import Changes
from gis_service.store.network import (
    GRAPH_COLLECTIONS,
    ReadGraph,
    Versions,
    read_graph,
    versions_in,
    versions_statement,
)
from gis_service.store.network_items import SCENARIO_CHANGES, scenario_statement
from gis_service.store.reading import Reader
from gis_service.store.roles import Login

KEPT_SCENARIOS = 8
"""Scenarios of one graph whose answers are kept."""

Changed = tuple[frozenset[UUID], ...]
"""What a scenario adds, removes, and which nodes it removes."""


@dataclass(frozen=True, slots=True)
class _Held:
    read: ReadGraph
    today: NetworkState
    scenarios: dict[Changed, NetworkState] = field(default_factory=dict)


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
        return (await self._newest_held()).today.graph

    async def state(self, scenario: UUID | None = None) -> NetworkState:
        """
        What carries today, or in a scenario.

        Parameters
        ----------
        scenario
            Its id. Links and nodes that it names and that are there no more are
            passed over.

        Raises
        ------
        InvalidParameter
            There is no such scenario.
        Unavailable
            The database does not answer.
        """
        held = await self._newest_held()
        if scenario is None:
            return held.today
        row = await self._reader.row(scenario_statement(scenario), Login.PLANNER)
        if row is None:
            rule = "there is no such item among the scenarios"
            raise InvalidParameter("scenario", scenario, rule)
        changed = tuple(frozenset(row[name] or ()) for name in SCENARIO_CHANGES)
        if changed not in held.scenarios:
            while len(held.scenarios) >= KEPT_SCENARIOS:
                held.scenarios.pop(next(iter(held.scenarios)))
            held.scenarios[changed] = _in_scenario(held.today.graph, changed)
        return held.scenarios[changed]

    async def _newest_held(self) -> _Held:
        held = self._held
        if held is not None and held.read.versions == await self._newest():
            return held
        async with self._reading:  # who waited takes what was read meanwhile, if it is new
            held = self._held
            if held is None or held.read.versions != await self._newest():
                async with self._reader.moment(Login.PLANNER) as moment:
                    read = await read_graph(moment, None if held is None else held.read)
                self._held = held = _Held(read, NetworkState(read.graph, read.graph.today))
            return held

    async def _newest(self) -> Versions:
        """The versions now, of this process's own knowledge while it hears of changes."""
        known = {id_: self._changes.version(id_, staff=True) for id_ in GRAPH_COLLECTIONS}
        if None not in known.values():
            return {id_: version for id_, version in known.items() if version is not None}
        return versions_in(await self._reader.rows(versions_statement(), Login.PLANNER))


def indices_of(ids: Ids, wanted: Iterable[UUID]) -> Indices:
    """Where items stand in the graph, ascending; those that are not in it are passed over."""
    found = (index_of(ids, str(id_)) for id_ in wanted)
    return np.array(sorted(i for i in found if i is not None), dtype=np.int64)


def _in_scenario(graph: NetworkGraph, changed: Changed) -> NetworkState:
    adds, removes, removes_nodes = changed
    return NetworkState(graph, graph.traffic(
        adds=indices_of(graph.links.ids, adds),
        removes=indices_of(graph.links.ids, removes),
        removes_nodes=indices_of(graph.nodes.ids, removes_nodes),
    ))
