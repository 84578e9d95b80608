"""
The shortest way to a gateway.

Rule: Dijkstra, A note on two problems in connexion with graphs (1959), on whole
millimetres of route; of ways equally long the one of fewer links counts, of
those the one that leaves each node by the link with the first id, seen from the
way's end. Whole numbers make equal sums equal. Passing from a node to one that
is the same place has no length, and counts as a link where links are counted.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.sparse.csgraph import dijkstra

from gis_service.model.trace import Trace, TracedJoin, TracedLink
from gis_service.network.graph import NetworkGraph, Numbers, Traffic
from gis_service.network.reach import Reach, Ways, reach

_HOP = 2.0**-17
"""What an edge costs besides its millimetres: less than one, in ways of up to 131,000 edges."""


@dataclass(frozen=True, eq=False, slots=True)
class ShortestWays:
    """
    The shortest ways from every vertex to one.

    Parameters
    ----------
    step
        The edge by which each vertex sets out; -1 at the goal and where no way leads.
    length_m
        Along the ground; infinite where no way leads.
    """

    step: NDArray[np.int32]
    length_m: Numbers


def ways_to_gateways(graph: NetworkGraph, traffic: Traffic | None = None) -> ShortestWays:
    """The shortest way of every node to its nearest gateway."""
    return _shortest(graph, traffic or graph.today, graph.super_gateway)


def trace_to_gateway(
    graph: NetworkGraph,
    node: int,
    *,
    traffic: Traffic | None = None,
    ways: ShortestWays | None = None,
    found: Reach | None = None,
) -> Trace:
    """
    The way of a node to its nearest gateway.

    Parameters
    ----------
    node
        Its index.
    ways, found
        Results of `ways_to_gateways` and `reach` for the same traffic, where they
        are there already.
    """
    traffic = traffic or graph.today
    ways = ways or ways_to_gateways(graph, traffic)
    return _walk(graph, node, ways, found or reach(graph, traffic))


def trace_between(
    graph: NetworkGraph,
    start: int,
    end: int,
    *,
    traffic: Traffic | None = None,
    found: Reach | None = None,
) -> Trace:
    """
    The way between two nodes; from either end it is the same way.

    Gateways are nodes like others here: no way leads behind them. Parameters as
    of `trace_to_gateway`.
    """
    traffic = traffic or graph.today
    found = found or reach(graph, traffic)
    goal, other = min(start, end), max(start, end)
    ways = _shortest(graph, traffic, goal, uplinks=False)
    if not (np.isfinite(ways.length_m[other]) and traffic.nodes[goal]):
        return Trace(graph.nodes.ids[start].decode(), None, (), *_independent(found, start))
    walked = _walk(graph, other, ways, found)
    return walked if start == other else _turned(walked, *_independent(found, start))


def _turned(trace: Trace, ways: int, gateways: int) -> Trace:
    links: list[TracedLink] = []
    reached = 0.0
    for link in reversed(trace.links):
        reached += link.route_length_m
        links.append(replace(
            link, from_node=link.to_node, to_node=link.from_node, forward=not link.forward,
            reached_m=reached,
        ))
    joins = tuple(
        TracedJoin(join.to_node, join.from_node, len(links) - join.after)
        for join in reversed(trace.joins)
    )
    return Trace(trace.nodes[-1], trace.start, tuple(links), ways, gateways, joins=joins)


def _shortest(
    graph: NetworkGraph, traffic: Traffic, goal: int, *, uplinks: bool = True
) -> ShortestWays:
    adjacency = graph.adjacency
    count = len(graph.links.ids)
    cost = np.full(len(adjacency.edge_start), _HOP)
    cost[:count] += np.rint(np.nan_to_num(graph.links.route_length_m) * 1000)
    if not uplinks:
        cost[count + len(graph.joins):] = np.inf
    total = dijkstra(graph.matrix(traffic, cost), directed=True, indices=goal)
    step = np.full(len(total), -1, dtype=np.int32)
    edges = np.flatnonzero(graph.edges_on(traffic)).astype(np.int32)[::-1]
    for here, there in (
        (adjacency.edge_start, adjacency.edge_end), (adjacency.edge_end, adjacency.edge_start)
    ):
        with np.errstate(invalid="ignore"):
            leads = total[here[edges]] == total[there[edges]] + cost[edges]
        chosen = edges[leads & np.isfinite(total[here[edges]])]
        vertex = here[chosen]
        better = (step[vertex] < 0) | (chosen < step[vertex])
        step[vertex[better]] = chosen[better]
    step[goal] = -1
    return ShortestWays(step, np.floor(total) / 1000)


def _walk(graph: NetworkGraph, node: int, ways: ShortestWays, found: Reach) -> Trace:
    links, nodes = graph.links, graph.nodes
    start = nodes.ids[node].decode()
    independent = _independent(found, node)
    if not np.isfinite(ways.length_m[node]):
        return Trace(start, None, (), *independent)
    legs: list[TracedLink] = []
    joins: list[TracedJoin] = []
    reached = 0.0
    here = node
    while 0 <= (edge := int(ways.step[here])) < len(links.ids) + len(graph.joins):
        if edge >= len(links.ids):
            one, other = graph.joins[edge - len(links.ids)].tolist()
            there = other if one == here else one
            joins.append(
                TracedJoin(nodes.ids[here].decode(), nodes.ids[there].decode(), len(legs))
            )
            here = there
            continue
        forward = int(links.start[edge]) == here
        there = int(links.end[edge] if forward else links.start[edge])
        reached += float(links.route_length_m[edge])
        fibre = float(links.fibre_length_m[edge])
        legs.append(TracedLink(
            id=links.ids[edge].decode(),
            name=graph.link_names[edge] if graph.link_names else None,
            from_node=nodes.ids[here].decode(),
            to_node=nodes.ids[there].decode(),
            forward=forward,
            route_length_m=float(links.route_length_m[edge]),
            fibre_length_m=None if np.isnan(fibre) else fibre,
            reached_m=reached,
        ))
        here = there
    return Trace(
        start, nodes.ids[here].decode(), tuple(legs), *independent, joins=tuple(joins)
    )


def _independent(found: Reach, node: int) -> tuple[int, int]:
    """Independent ways of a node, and the gateways at their ends."""
    ways = Ways(int(found.ways[node]))
    return ways.count, ways.gateways
