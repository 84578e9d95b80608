"""A graph with what carries on it, and what was found out about that already."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from gis_service.network.graph import NetworkGraph, Traffic
from gis_service.network.reach import Reach, reach_in
from gis_service.network.trace import ShortestWays, ways_to_gateways
from gis_service.network.tree import SearchTree, search_tree
from gis_service.network.weak_points import WeakTable, weak_table


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
    def weak(self) -> WeakTable:
        """See `weak_points.weak_table`."""
        return weak_table(self.graph, self.traffic, tree=self.tree)
