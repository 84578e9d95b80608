"""Which nodes reach a gateway, and in how many independent ways."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from gis_service.network.graph import Flags, NetworkGraph, Traffic
from gis_service.network.tree import SearchTree, search_tree


class Ways(IntEnum):
    """
    How a node reaches the gateways, from the worst to the best.

    Two ways are independent when they share no link and no node. Whether they
    share a trench is not in it: finding two ways that share none is NP-hard.
    """

    NONE = 0
    """No way leads to a gateway."""
    ONE = 1
    """Some link or node on the way, or the gateway that the node itself is, is all it has."""
    ONE_GATEWAY = 2
    """Two ways that share nothing but the gateway at their end."""
    TWO_GATEWAYS = 3
    """Two ways that share nothing, to two gateways."""

    @property
    def count(self) -> int:
        """How many independent ways there are, 0 to 2."""
        return min(self.value, 2)

    @property
    def gateways(self) -> int:
        """At how many gateways they end."""
        return {Ways.NONE: 0, Ways.TWO_GATEWAYS: 2}.get(self, 1)


@dataclass(frozen=True, eq=False, slots=True)
class Reach:
    """The ways of each node: `Ways` as numbers."""

    ways: NDArray[np.int8]

    @property
    def lit(self) -> Flags:
        """Which nodes have a way to a gateway."""
        return np.greater(self.ways, Ways.NONE)

    @property
    def redundant(self) -> Flags:
        """
        Which nodes have two ways that share no link and no node, to two gateways.

        A gateway counts as its own first way, and needs a way to another one.
        """
        return np.equal(self.ways, Ways.TWO_GATEWAYS)

    @property
    def looped(self) -> Flags:
        """Which nodes have two ways that share at most the gateway at their end."""
        return np.greater_equal(self.ways, Ways.ONE_GATEWAY)


def reach(graph: NetworkGraph, traffic: Traffic | None = None) -> Reach:
    """
    For every node, in how many independent ways it reaches a gateway.

    Parameters
    ----------
    traffic
        What carries; today's when None.
    """
    return reach_in(graph, search_tree(graph, traffic or graph.today))


def reach_in(graph: NetworkGraph, tree: SearchTree) -> Reach:
    """`reach`, of a tree that is there already."""
    # By Menger, two independent ways to the super-gateway stand for a cycle
    # through it, that is for a block that holds both and is no single edge.
    # Below a block that hangs on a gateway there is no other gateway.
    gateway = np.append(graph.nodes.gateway, False)
    below_top = tree.is_block & (tree.parent > 0)
    cycle = tree.others > 0
    hanging = tree.above(below_top)
    alone = tree.above(tree.is_block & (tree.parent == 0) & ~cycle)
    looped = tree.above(below_top & cycle & gateway[tree.vertex[tree.parent]])
    found = np.full(len(tree.vertex), Ways.ONE, dtype=np.int8)
    found[(hanging == 1) & (looped == 1)] = Ways.ONE_GATEWAY
    found[(hanging == 0) & (alone == 0)] = Ways.TWO_GATEWAYS
    ways = np.zeros(graph.super_gateway + 1, dtype=np.int8)
    ways[tree.vertex] = found
    return Reach(ways[:-1])
