"""A graph with what carries on it, and what was found out about that already."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from gis_service.model.outage import Outage
from gis_service.network.graph import Flags, Indices, NetworkGraph, Traffic
from gis_service.network.outage import outage
from gis_service.network.reach import Reach, reach_in
from gis_service.network.trace import ShortestWays, ways_to_gateways
from gis_service.network.tree import SearchTree, search_tree
from gis_service.network.weak_points import WeakTable, in_one_trench, weak_table


@dataclass(frozen=True, eq=False)
class NetworkState:
    """A network today or in a scenario; each answer is computed when first asked for."""

    graph: NetworkGraph
    traffic: Traffic

    @cached_property
    def tree(self) -> SearchTree:
        """See `tree.search_tree`."""
        return search_tree(self.graph, self.traffic)

    @cached_property
    def reach(self) -> Reach:
        """See `reach.reach`."""
        return reach_in(self.graph, self.tree)

    @cached_property
    def ways(self) -> ShortestWays:
        """See `trace.ways_to_gateways`."""
        return ways_to_gateways(self.graph, self.traffic)

    @cached_property
    def in_one_trench(self) -> Flags:
        """See `weak_points.in_one_trench`."""
        return in_one_trench(self.graph, self.traffic, self.tree)

    @cached_property
    def weak(self) -> WeakTable:
        """See `weak_points.weak_table`."""
        return weak_table(self.graph, self.traffic, tree=self.tree)


def without(
    state: NetworkState,
    *,
    links: Indices | None = None,
    nodes: Indices | None = None,
    most_offices: int | None = None,
) -> Outage:
    """`outage.outage`, of a state whose reach is known."""
    return outage(
        state.graph, links=links, nodes=nodes,
        traffic=state.traffic, before=state.reach, most_offices=most_offices,
    )
