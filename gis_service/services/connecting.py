"""What it costs to connect offices; the roads are kept warm, as new as their last change."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from gis_service.errors import NotAllowed, NotFound
from gis_service.model.audience import Audience, Principal
from gis_service.model.connect import AccessPoint, ConnectionPlan, Goal, Sourced, UnitCosts
from gis_service.model.fields import Language
from gis_service.model.processes.connect import COST_TO_CONNECT
from gis_service.network.connect import connection_plan
from gis_service.network.graph import NetworkGraph
from gis_service.network.plan_document import plan_document
from gis_service.network.reach import reach
from gis_service.network.roads import Roads, road_graph
from gis_service.services.analyses import Handler
from gis_service.services.networks import Networks
from gis_service.settings import Settings
from gis_service.store.changes import Changes, Version, version_of
from gis_service.store.connect import (
    Asked,
    read_access_points,
    read_offices,
    read_roads,
    road_version_statement,
)
from gis_service.store.reading import Reader
from gis_service.store.roles import Login


@dataclass(frozen=True, slots=True)
class Supply:
    """
    The operational access points, counted.

    Parameters
    ----------
    usable
        They reach a gateway and have room.
    dark
        They have room and reach no gateway now.
    full, unknown
        They have no room; or it is not known whether they have.
    """

    usable: int
    dark: int
    full: int
    unknown: int


@dataclass(frozen=True, slots=True)
class Connections:
    """A plan, and what it was made from; `unknown` counts offices that may be connected."""

    plan: ConnectionPlan
    supply: Supply
    unknown: int

    def document(self) -> dict[str, Any]:
        """GeoJSON: see `plan_document`."""
        return plan_document(self.plan) | {
            "connection_unknown": self.unknown,
            "access_points": {
                "usable": self.supply.usable,
                "dark": self.supply.dark,
                "full": self.supply.full,
                "unknown": self.supply.unknown,
            },
        }


class Connecting:
    """Plans connections, for planners."""

    def __init__(
        self, reader: Reader, changes: Changes, networks: Networks, settings: Settings
    ) -> None:
        self._reader = reader
        self._changes = changes
        self._networks = networks
        self._costs = unit_costs(settings)
        self._held: tuple[Version, Roads | None] | None = None
        self._reading = asyncio.Lock()

    async def plan(
        self,
        principal: Principal,
        asked: Asked,
        *,
        budget_kes: float | None = None,
        goal: Goal | None = None,
    ) -> Connections:
        """
        What to connect, in which order, by which trenches, for how much.

        From operational access points that have spare capacity and reach a
        gateway now, if any gateway is known. An office whose connection is
        unknown is not planned for, unless it is asked for by itself.

        Parameters
        ----------
        budget_kes, goal
            As for `network.connect.connection_plan`.

        Raises
        ------
        NotAllowed
            The reader is no planner.
        NotFound
            There is no such office.
        """
        if not principal.audience.includes(Audience.PLANNER):
            raise NotAllowed("Only planners may ask what connections cost.")
        graph = await self._networks.graph()
        roads = await self._roads()
        async with self._reader.moment(Login.PLANNER) as moment:
            offices = await read_offices(moment, asked)
            points = await read_access_points(moment, asked.network)
        if asked.office is not None and not offices.candidates:
            where = "" if asked.network is None else " in this network"
            raise NotFound(f"There is no office {asked.office}{where}.")
        usable = await asyncio.to_thread(_lit, points.open, graph)
        plan = await asyncio.to_thread(
            connection_plan, offices.candidates, usable, roads, self._costs,
            budget_kes=budget_kes, goal=goal,
        )
        supply = Supply(
            usable=len(usable),
            dark=len(points.open) - len(usable),
            full=points.full,
            unknown=points.unknown,
        )
        return Connections(plan, supply, offices.unknown)

    async def _roads(self) -> Roads | None:
        """The roads as the database has them now; None where there are none."""
        held = self._held
        if held is not None and held[0] == await self._newest():
            return held[1]
        async with self._reading:  # who waited takes what was read meanwhile, if it is new
            if self._held is None or self._held[0] != await self._newest():
                async with self._reader.moment(Login.PLANNER) as moment:
                    version, lines = await read_roads(moment)
                self._held = version, await asyncio.to_thread(road_graph, lines)
            return self._held[1]

    async def _newest(self) -> Version:
        known = self._changes.version("roads", staff=True)
        if known is not None:
            return known
        return version_of(await self._reader.row(road_version_statement(), Login.PLANNER))

    def handlers(self) -> dict[str, Handler]:
        """What answers its process, by its id."""
        return {COST_TO_CONNECT.id: self._answer}

    async def _answer(
        self, inputs: Mapping[str, Any], principal: Principal, _language: Language
    ) -> dict[str, Any]:
        found = await self.plan(
            principal, asked_of(inputs), budget_kes=inputs["budget_kes"], goal=inputs["goal"]
        )
        return await asyncio.to_thread(found.document)


def _lit(points: Sequence[AccessPoint], graph: NetworkGraph) -> list[AccessPoint]:
    """Those that reach a gateway; all where no gateway is known."""
    if not graph.nodes.gateway.any():
        return list(points)
    lit = {id_.decode() for id_ in graph.nodes.ids[reach(graph).lit].tolist()}
    return [point for point in points if point.id in lit]


def unit_costs(settings: Settings) -> UnitCosts:
    """The unit costs that are set, each with its source."""
    return UnitCosts(
        office_kes=Sourced.parsed(settings.cost_office_kes),
        trench_kes_per_km=Sourced.parsed(settings.cost_trench_kes_per_km),
        wayleave_kes_per_m=Sourced.parsed(settings.cost_wayleave_kes_per_m),
        detour_factor=Sourced.parsed(settings.cost_detour_factor),
    )


def asked_of(inputs: Mapping[str, Any]) -> Asked:
    """The offices that the inputs of a process mean."""
    return Asked(
        network=inputs["network"],
        office=inputs["office"],
        theme=inputs["theme"],
        ward=inputs["ward"],
    )
