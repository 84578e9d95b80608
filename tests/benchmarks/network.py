"""
Weak points and outages of the network, beside networkx answering the same question.

Run by hand: `python -m tests.benchmarks.network [--scales SML] [--rounds 3]`.

Both have the network in memory when the clock starts: arrays here, a `networkx.Graph`
there, of what carries and joined to the super-gateway (the made networks have no
parallel links, so that networkx needs no multigraph). networkx answers as well as it
can: one pass of `biconnected_components` (compiled nowhere) gives the blocks; a block of
one edge is a bridge, a node in several blocks an articulation point; sums over the tree
of blocks from the super-gateway give the offices that each darkens. It has no answer for
trenches, which ours includes; its time is also given without. Answers must be equal.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable
from typing import Any

import networkx as nx
import numpy as np

from gis_service.model.weak_points import WeakKind
from gis_service.network.graph import NetworkGraph
from gis_service.network.outage import compared
from gis_service.network.reach import reach
from gis_service.network.weak_points import KINDS, WeakTable, weak_table
from tests.benchmarks.network_made import made

Impacts = dict[tuple[str, int], tuple[int, int]]
"""Offices and people known that a link or node darkens."""


def graph_of(graph: NetworkGraph) -> nx.Graph:
    """What carries, with the super-gateway; a link's index is on its edge."""
    traffic, found = graph.today, nx.Graph()
    found.add_nodes_from(np.flatnonzero(traffic.nodes).tolist())
    on = np.flatnonzero(traffic.links)
    found.add_edges_from(zip(
        graph.links.start[on].tolist(), graph.links.end[on].tolist(),
        ({"link": i} for i in on.tolist()), strict=True,
    ))
    top = graph.super_gateway
    found.add_edges_from((g, top) for g in graph.gateways.tolist() if traffic.nodes[g])
    return found


def by_networkx(
    graph: NetworkGraph, network: nx.Graph, own: dict[int, tuple[int, int]]
) -> Impacts:
    """
    Bridges and articulation points, with what they darken.

    Parameters
    ----------
    own
        Offices and people known at each node.
    """
    top = graph.super_gateway
    lit = nx.node_connected_component(network, top)
    blocks = list(nx.biconnected_components(network.subgraph(lit)))
    blocks_of: dict[int, list[int]] = {}
    for number, block in enumerate(blocks):
        for node in block:
            blocks_of.setdefault(node, []).append(number)
    # The tree of blocks from the top: each block hangs on one node.
    hangs_on: dict[int, int] = {}
    order: list[int] = []
    waiting = [(number, top) for number in blocks_of.get(top, ())]
    while waiting:
        number, head = waiting.pop()
        hangs_on[number] = head
        order.append(number)
        for node in blocks[number]:
            if node != head:
                waiting += [(other, node) for other in blocks_of[node] if other != number]
    below: dict[int, tuple[int, int]] = dict(own)
    impacts: Impacts = {}
    of_block: dict[int, tuple[int, int]] = {}
    for number in reversed(order):
        head, offices, people = hangs_on[number], 0, 0
        for node in blocks[number]:
            if node != head:
                here = below.get(node, (0, 0))
                offices, people = offices + here[0], people + here[1]
        of_block[number] = (offices, people)
        here = below.get(head, (0, 0))
        below[head] = (here[0] + offices, here[1] + people)
    for number in order:
        head = hangs_on[number]
        if head != top:
            impacts["node", head] = below[head]
            if len(blocks[number]) == 2:
                (tail,) = blocks[number] - {head}
                impacts["link", network.edges[head, tail]["link"]] = of_block[number]
    return impacts


def at_nodes(graph: NetworkGraph) -> dict[int, tuple[int, int]]:
    """Offices and people known at each node."""
    size = graph.super_gateway
    offices = np.bincount(graph.offices.node, minlength=size)
    people = np.bincount(
        graph.offices.node, weights=np.nan_to_num(graph.offices.beneficiaries), minlength=size
    )
    return {
        i: (int(offices[i]), int(people[i])) for i in np.flatnonzero(offices).tolist()
    }


def ours(table: WeakTable) -> Impacts:
    """Links and nodes of our answer."""
    kinds = {KINDS.index(WeakKind.LINK): "link", KINDS.index(WeakKind.NODE): "node"}
    rows = zip(*(column.tolist() for column in (
        table.kind, table.index, table.offices, table.beneficiaries
    )), strict=True)
    return {
        (kinds[kind], index): (offices, people)
        for kind, index, offices, people in rows if kind in kinds
    }


def timed(work: Callable[[], Any]) -> tuple[float, Any]:
    started = time.perf_counter()
    found = work()
    return (time.perf_counter() - started) * 1000, found


def weak_points(scale: str, rounds: int) -> str:
    """A row of the table of weak points."""
    graph = made(scale)
    graph.adjacency  # noqa: B018 - part of the warm graph
    network, own = graph_of(graph), at_nodes(graph)
    mine: list[float] = []
    theirs: list[float] = []
    table = weak_table(graph)
    for _ in range(rounds):
        for _ in range(5):
            mine.append(timed(lambda: weak_table(graph))[0])
        took, found = timed(lambda: by_networkx(graph, network, own))
        theirs.append(took)
        assert ours(table) == found, "the answers differ"
    trenches = int((table.kind == KINDS.index(WeakKind.TRENCH)).sum())
    one, other = statistics.median(mine), statistics.median(theirs)
    return (
        f"| {scale} | {len(graph.links.ids):,} | {len(found):,} | {trenches:,} | {one:,.1f} | "
        f"{other:,.0f} | {other / one:,.0f} |"
    )


def outages(scale: str, rounds: int) -> str:
    """A row of the table of outages: one link, and ten nodes at once."""
    graph = made(scale)
    traffic, before = graph.today, reach(graph)
    worst = int(weak_table(graph).index[0])
    dice = np.random.default_rng(2)
    times = []
    for gone in (
        {"links": np.flatnonzero(traffic.links)[:1]},
        {"nodes": np.array([worst])},
        {"nodes": dice.integers(0, len(graph.nodes.ids), 10)},
    ):
        several = [
            timed(lambda gone=gone: compared(  # type: ignore[misc]
                graph, before, reach(graph, graph.without(traffic, **gone)), most_offices=5_000
            ))[0]
            for _ in range(rounds * 5)
        ]
        times.append(statistics.median(several))
    return f"| {scale} | " + " | ".join(f"{t:,.1f}" for t in times) + " |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--scales", default="SML")
    parser.add_argument("--rounds", type=int, default=3)
    chosen = parser.parse_args()
    print("| scale | links | weak links, nodes | weak trenches | ours ms | networkx ms | ratio |")
    print("|---|--:|--:|--:|--:|--:|--:|")
    for scale in chosen.scales:
        print(weak_points(scale, chosen.rounds), flush=True)
    print("\n| scale | outage of a link, ms | of the worst node | of ten nodes |")
    print("|---|--:|--:|--:|")
    for scale in chosen.scales:
        print(outages(scale, chosen.rounds), flush=True)


if __name__ == "__main__":
    main()
