"""What staff ask of the network: the way to a gateway, outages, weak points."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from itertools import chain, groupby
from typing import Any
from uuid import UUID

import numpy as np
import shapely

from gis_service.errors import InvalidInput, InvalidParameter, NotAllowed
from gis_service.model.audience import Audience, Principal
from gis_service.model.joins import JoinNode
from gis_service.model.loss_budget import LinkLoss
from gis_service.model.outage import Outage
from gis_service.model.trace import Trace
from gis_service.model.weak_points import WeakKind, WeakPoints
from gis_service.network.graph import Ids, Indices, NetworkGraph, index_of
from gis_service.network.state import NetworkState, without
from gis_service.network.trace import trace_between, trace_to_gateway
from gis_service.network.weak_points import listed
from gis_service.services.cable_paths import CableEnds, CablePaths
from gis_service.services.loss_budget import LossBudgets
from gis_service.services.networks import Networks
from gis_service.store.joins import nodes_statement
from gis_service.store.network_items import (
    equipment_statement,
    fibre_statement,
    prepared_routes,
)
from gis_service.store.reading import Reader
from gis_service.store.roles import Login

MOST_OFFICES = 5_000
"""An outage lists so many offices, and counts the others."""

Routes = dict[str, shapely.LineString]
"""Lines of fibre links in degrees of WGS84, longitude first, by id."""


@dataclass(frozen=True, slots=True)
class Gone:
    """
    What an outage takes away, of one graph.

    Parameters
    ----------
    links, nodes
        Indices, ascending.
    """

    links: Indices
    nodes: Indices


class NetworkQuestions:
    """Answers from the warm graph; technicians may trace, planners ask everything."""

    def __init__(self, reader: Reader, networks: Networks) -> None:
        self._reader = reader
        self._networks = networks
        self._budgets = LossBudgets(reader, CablePaths(networks))

    async def trace(
        self,
        principal: Principal,
        *,
        office: UUID | None = None,
        node: UUID | None = None,
        equipment: UUID | None = None,
        to: UUID | None = None,
        scenario: UUID | None = None,
    ) -> tuple[Trace, Outage]:
        """
        The way from an office, a node or a piece of equipment, and what is downstream.

        Downstream of its first node is what has no gateway without that node.

        Parameters
        ----------
        to
            The node to which it leads; the nearest gateway when None.

        Raises
        ------
        InvalidInput
            It does not start from exactly one thing, or that stands nowhere.
        """
        allow(principal, Audience.TECHNICIAN)
        if sum(each is not None for each in (office, node, equipment)) != 1:
            raise InvalidInput("Name one office, one node or one piece of equipment to start from.")
        if equipment is not None:
            office, node = await self._standing(equipment)
        state = await self._networks.state(scenario)
        graph = state.graph
        start = (
            _index(graph.nodes.ids, "node", node) if node is not None
            else int(graph.offices.node[_index(graph.offices.ids, "office", office)])
        )
        goal = None if to is None else _index(graph.nodes.ids, "to", to)
        if start < 0:
            return Trace(None, None, (), 0, 0), Outage({})

        def work() -> tuple[Trace, Outage]:
            if goal is None:
                found = trace_to_gateway(
                    graph, start, traffic=state.traffic, ways=state.ways, found=state.reach
                )
            else:
                found = trace_between(
                    graph, start, goal, traffic=state.traffic, found=state.reach
                )
            return (
                replace(found, one_trench=bool(state.in_one_trench[start])),
                without(state, nodes=np.array([start]), most_offices=MOST_OFFICES),
            )

        return await asyncio.to_thread(work)

    async def outage(
        self,
        principal: Principal,
        *,
        links: Iterable[UUID] = (),
        nodes: Iterable[UUID] = (),
        trench: str | None = None,
        site: UUID | None = None,
        scenario: UUID | None = None,
        most_offices: int = MOST_OFFICES,
    ) -> tuple[NetworkState, Gone, Outage]:
        """
        What goes dark without some links and nodes, all together.

        Parameters
        ----------
        trench
            All links that name it go.
        site
            A node: it and all that stand together with it go.

        Raises
        ------
        InvalidInput
            Nothing goes, or something that goes is not there.
        """
        allow(principal, Audience.PLANNER)
        state = await self._networks.state(scenario)
        graph = state.graph
        gone = _gone(graph, tuple(links), tuple(nodes), trench, site)

        found = await asyncio.to_thread(
            lambda: without(state, links=gone.links, nodes=gone.nodes, most_offices=most_offices)
        )
        return state, gone, found

    async def weak_points(
        self,
        principal: Principal,
        *,
        most: int,
        kind: WeakKind | None = None,
        scenario: UUID | None = None,
    ) -> tuple[NetworkState, WeakPoints]:
        """
        The network's single points of failure, the worst first.

        Parameters
        ----------
        kind
            Only such; all when None.
        """
        allow(principal, Audience.PLANNER)
        state = await self._networks.state(scenario)
        return state, await asyncio.to_thread(
            lambda: listed(state.graph, state.weak, most=most, kind=kind)
        )

    async def routes(self, ids: Sequence[str]) -> Routes:
        """The lines of fibre links."""
        if not ids:
            return {}
        values = {"ids": [UUID(id_) for id_ in ids]}
        return routes_of(
            await self._reader.prepared_rows(prepared_routes(), values, Login.PLANNER)
        )

    async def joined(self, trace: Trace) -> dict[str, JoinNode]:
        """The nodes at which a way passes into another network, by id."""
        ids = [UUID(join.to_node) for join in trace.joins]
        if not ids:
            return {}
        rows = await self._reader.rows(nodes_statement(ids), Login.PLANNER)
        return {str(row["id"]): JoinNode(**dict(row)) for row in rows}

    async def losses(
        self, principal: Principal, trace: Trace, *, wavelength_nm: int
    ) -> Mapping[str, LinkLoss]:
        """
        What light of one wavelength should lose on each link of a way, by the link's id.

        Links that are no fibre, or of a fibre of which no loss is stated at this
        wavelength, are left out.
        """
        if not trace.links:
            return {}
        ids = [UUID(link.id) for link in trace.links]
        rows = await self._reader.rows(fibre_statement(ids), Login.PLANNER)
        fibre = {str(row["id"]) for row in rows}
        found: dict[str, LinkLoss] = {}
        runs = (groupby(run, key=lambda link: link.id in fibre) for run in trace.runs)
        for is_fibre, links in chain.from_iterable(runs):
            run = list(links)
            if is_fibre:
                with suppress(InvalidParameter):
                    budget = await self._budgets.budget(
                        principal,
                        ends=CableEnds(
                            tuple(UUID(link.id) for link in run), UUID(run[0].from_node)
                        ),
                        wavelength_nm=wavelength_nm,
                    )
                    found |= {each.link: each for each in budget.links}
        return found

    async def _standing(self, equipment: UUID) -> tuple[UUID | None, UUID | None]:
        """Office or node of a piece of equipment."""
        row = await self._reader.row(equipment_statement(equipment), Login.PLANNER)
        if row is None:
            raise InvalidParameter("equipment", equipment, _absent("equipment"))
        if row["node"] is not None:
            return None, row["node"]
        if row["office"] is None:
            rule = "it stands neither at a node nor in an office"
            raise InvalidParameter("equipment", equipment, rule)
        return row["office"], None


def routes_of(rows: Sequence[Any]) -> Routes:
    """Lines of the rows of `routes_statement`."""
    lines = shapely.from_wkb([row["route"] for row in rows])
    return {str(row["id"]): line for row, line in zip(rows, lines, strict=True)}


def allow(principal: Principal, least: Audience) -> None:
    """Raise `NotAllowed` unless the reader may see all that `least` may."""
    if not principal.audience.includes(least):
        raise NotAllowed("Questions about the network as a whole are for staff.")


def _gone(
    graph: NetworkGraph,
    links: Sequence[UUID],
    nodes: Sequence[UUID],
    trench: str | None,
    site: UUID | None,
) -> Gone:
    if not (links or nodes or trench or site):
        raise InvalidInput("Name links, nodes, a trench or a site that the outage takes away.")
    all_links = {_index(graph.links.ids, "links", id_) for id_ in links}
    all_nodes = {_index(graph.nodes.ids, "nodes", id_) for id_ in nodes}
    if trench:
        if trench not in graph.trenches:
            raise InvalidParameter("trench", trench, "no fibre link names this trench")
        number = graph.trenches.index(trench)
        all_links |= set(np.flatnonzero(graph.links.trench == number).tolist())
    if site is not None:
        node = _index(graph.nodes.ids, "site", site)
        number = int(graph.nodes.site[node])
        together = np.flatnonzero(graph.nodes.site == number).tolist() if number >= 0 else ()
        all_nodes |= {node, *together}
    return Gone(*(np.array(sorted(each), dtype=np.int64) for each in (all_links, all_nodes)))


def _index(ids: Ids, name: str, id_: UUID | None) -> int:
    index = None if id_ is None else index_of(ids, str(id_))
    if index is None:
        raise InvalidParameter(name, id_, _absent(_TITLES[name]))
    return index


_TITLES = {
    "office": "offices", "node": "network nodes", "to": "network nodes",
    "links": "fibre links", "nodes": "network nodes", "site": "network nodes",
}


def _absent(title: str) -> str:
    return f"there is no such item among the {title}"
