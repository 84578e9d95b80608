"""Which cables a question means: the links that are named, or those on the way somewhere."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from gis_service.errors import InvalidInput, InvalidParameter
from gis_service.model.plant import Plant
from gis_service.model.trace import Trace
from gis_service.network.graph import OPERATIONAL, Ids, NetworkGraph, Traffic, index_of
from gis_service.network.paths import Leg, path_of
from gis_service.network.trace import trace_between, trace_to_gateway
from gis_service.services.networks import Networks

MOST_LINKS = 100


@dataclass(frozen=True, slots=True)
class CableEnds:
    """
    A path, by its links or by where it leads.

    Parameters
    ----------
    links
        In the order of the path; none for the shortest way between the ends.
    node
        Where it begins, which is where the instrument stands. None for the
        office's node, and of links for their own beginning.
    to, office
        The node where it ends, or the office whose node that is; without either
        it ends at the nearest gateway.
    """

    links: tuple[UUID, ...] = ()
    node: UUID | None = None
    to: UUID | None = None
    office: UUID | None = None

    @classmethod
    def of(cls, inputs: Mapping[str, Any]) -> CableEnds:
        """The same from the inputs of a process."""
        return cls(inputs["links"], inputs["node"], inputs["to"], inputs["office"])


@dataclass(frozen=True, slots=True)
class CablePath:
    """Links in order, and the node where they begin; None for the first one's own beginning."""

    links: tuple[UUID, ...]
    node: UUID | None


def path_in(plant: Plant, path: CablePath) -> tuple[Leg, ...]:
    """
    The legs of a path, of the plant that was read for its links.

    Raises
    ------
    InvalidParameter
        A link does not begin where the one before it ends.
    """
    links = [plant.links[str(each)] for each in path.links]
    return path_of(links, start=None if path.node is None else str(path.node))


class CablePaths:
    """Finds the cables between two places."""

    def __init__(self, networks: Networks) -> None:
        self._networks = networks

    async def path(self, ends: CableEnds) -> CablePath:
        """
        The links that are named, or the shortest way between the ends.

        The way takes operational links and nodes, also where a fault is open:
        the cable lies there still.

        Raises
        ------
        InvalidInput
            Nothing says where it begins, no way leads there, or it is too long.
        InvalidParameter
            An end is not there, or no node serves the office.
        """
        path = await self._path(ends)
        if len(path.links) > MOST_LINKS:
            raise InvalidInput(
                f"The path has {len(path.links)} links; ask about {MOST_LINKS} at most at a time."
            )
        return path

    async def _path(self, ends: CableEnds) -> CablePath:
        if ends.links:
            if ends.to is not None or ends.office is not None:
                raise InvalidInput("Name the links of the path, or where it leads; not both.")
            return CablePath(ends.links, ends.node)
        if ends.node is None and ends.office is None:
            raise InvalidInput("Name the links of the path, or the node or office it begins at.")
        if ends.to is not None and ends.office is not None and ends.node is not None:
            raise InvalidInput("The path ends at a node or at an office, not at both.")
        state = await self._networks.state()
        graph = state.graph
        node, office = _node(graph, "node", ends.node), _office(graph, ends.office)
        goal = _node(graph, "to", ends.to)
        if node is None:
            start = office
        else:
            start, goal = node, office if goal is None else goal

        def work() -> Trace:
            assert start is not None  # noqa: S101 - one of the two was given
            carries = _as_built(graph)
            if goal is None:
                return trace_to_gateway(graph, start, traffic=carries, found=state.reach)
            return trace_between(graph, start, goal, traffic=carries, found=state.reach)

        trace = await asyncio.to_thread(work)
        if not trace.links:
            raise InvalidInput(
                "No cable leads from there: the path ends where it begins, or no operational "
                "links join its ends. Name the links."
            )
        if len(trace.runs) > 1:
            at = trace.joins[0] if trace.joins[0].after else trace.joins[1]
            raise InvalidInput(
                "The way passes from one network into another at the node "
                f"{at.from_node}, where the light of an instrument ends. Ask for the cable to "
                "there, or name the links."
            )
        return CablePath(
            tuple(UUID(each.id) for each in trace.links), UUID(trace.links[0].from_node)
        )


def _as_built(graph: NetworkGraph) -> Traffic:
    """What would carry if nothing were cut."""
    return graph.without(
        Traffic(graph.nodes.status == OPERATIONAL, graph.links.status == OPERATIONAL)
    )


def _node(graph: NetworkGraph, name: str, id_: UUID | None) -> int | None:
    return None if id_ is None else _index(graph.nodes.ids, name, id_)


def _office(graph: NetworkGraph, id_: UUID | None) -> int | None:
    if id_ is None:
        return None
    node = int(graph.offices.node[_index(graph.offices.ids, "office", id_)])
    if node < 0:
        raise InvalidParameter("office", id_, "no network node serves this office")
    return node


def _index(ids: Ids, name: str, id_: UUID) -> int:
    index = index_of(ids, str(id_))
    if index is None:
        raise InvalidParameter(name, id_, "there is no such item")
    return index
