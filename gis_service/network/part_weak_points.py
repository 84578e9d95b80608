"""The single points of failure of one part of a network, and of all parts together; see `parts`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from gis_service.model.weak_points import WeakKind, WeakPoint, WeakPoints
from gis_service.network.graph import Indices, NetworkGraph, Numbers, Traffic
from gis_service.network.parts import (
    LIT,
    Changes,
    Crossing,
    Part,
    border_edges,
    in_crossing_site,
    traffic_of,
    trench_numbers,
)
from gis_service.network.skeleton import Rest
from gis_service.network.weak_points import KINDS, WeakTable, listed, node_weights, weak_table


@dataclass(frozen=True, slots=True)
class PartWeakPoints:
    """
    The weak points of a part.

    Parameters
    ----------
    found
        All counted, the worst listed; only trenches have their names.
    positions
        Longitude and latitude of the listed nodes, by id.
    """

    found: WeakPoints
    positions: Mapping[str, tuple[float, float]]


def part_weak_points(
    part: Part,
    changes: Changes,
    crossing: Crossing,
    rest: Rest,
    *,
    most: int | None = None,
    kind: WeakKind | None = None,
) -> PartWeakPoints:
    """
    What of a part darkens others, in it or elsewhere, ranked as by `weak_points`.

    Parameters
    ----------
    rest
        What it has around it.
    most, kind
        List so many at most, and only such; all when None.
    """
    graph, traffic, weights = _with_rest(part, changes, rest)
    graph = _without_crossing(graph, part, crossing)
    table = _own(weak_table(graph, traffic, weights=weights), part)
    found = listed(graph, table, most=most, kind=kind)
    nodes = sorted({id_ for point in found.points for id_ in point.nodes})
    at = np.searchsorted(graph.nodes.ids[: part.own.sum()], np.array(nodes, dtype="S36"))
    positions = map(tuple, graph.nodes.position[at].tolist())
    return PartWeakPoints(found, dict(zip(nodes, positions, strict=True)))


def together(
    parts: Sequence[WeakPoints],
    shared: Sequence[WeakPoint],
    *,
    most: int | None = None,
    kind: WeakKind | None = None,
) -> WeakPoints:
    """
    The weak points of a whole network.

    Parameters
    ----------
    parts
        Of each part, with so many listed as are wanted here.
    shared
        Trenches and sites of several parts.
    """
    counts = Counter(point.kind for point in shared)
    for part in parts:
        counts.update(part.counts)
    points = [point for part in parts for point in part.points]
    points += [point for point in shared if kind is None or point.kind is kind]
    return WeakPoints(
        counts={each: counts[each] for each in KINDS},
        points=tuple(sorted(points, key=_rank)[:most]),
    )


def _rank(point: WeakPoint) -> tuple[int, int, int, int, str]:
    """As `weak_table` orders its rows: indices there follow ids and names."""
    return (
        -point.offices, -point.beneficiaries, -point.nodes_dark,
        KINDS.index(point.kind), point.id,
    )


def _with_rest(
    part: Part, changes: Changes, rest: Rest
) -> tuple[NetworkGraph, Traffic, Numbers]:
    """
    The part's graph with a node for each piece of the rest instead of the nodes elsewhere.

    The first of these is a gateway: the piece that is lit without this part.
    """
    graph, own = part.graph, part.own
    count, pieces = int(own.sum()), len(rest.weights)
    traffic = traffic_of(part, changes)
    at = border_edges(part, graph.edges_on(traffic))
    leads = np.full(len(graph.adjacency.edge_start), -1, dtype=np.int64)
    leads[at] = rest.piece
    place = np.cumsum(own) - 1
    links = len(graph.links.ids)
    start, end = (
        _ends(nodes, own, place, count + np.maximum(leads[:links], LIT))
        for nodes in (graph.links.start, graph.links.end)
    )
    inside = own[graph.links.start] & own[graph.links.end]
    joined = own[graph.joins].all(axis=1) | (leads[links : links + len(graph.joins)] >= 0)
    far = count + np.maximum(leads[links : links + len(graph.joins)], LIT)
    joins = np.column_stack([_ends(nodes, own, place, far) for nodes in graph.joins.T])
    nodes = graph.nodes

    def around(values: Indices, elsewhere: float) -> Indices:
        filled = np.full((pieces, *values.shape[1:]), elsewhere, dtype=values.dtype)
        return np.concatenate([values[own], filled])

    gateway = around(nodes.gateway, False)  # type: ignore[arg-type]
    gateway[count + LIT] = True
    made = replace(
        graph,
        nodes=replace(
            nodes, ids=around(nodes.ids, 0), position=around(nodes.position, np.nan),  # type: ignore[arg-type]
            gateway=gateway, status=around(nodes.status, 0), cut=around(nodes.cut, False),  # type: ignore[arg-type]
            site=around(nodes.site, -1),
        ),
        links=replace(graph.links, start=start, end=end),
        offices=replace(graph.offices, node=place[graph.offices.node].astype(np.int32)),
        joins=joins[joined].astype(np.int32),
    )
    carries = Traffic(
        np.append(traffic.nodes[own], np.ones(pieces, dtype=bool)),
        traffic.links & (inside | (leads[:links] >= 0)),
    )
    return made, carries, np.vstack([node_weights(graph)[own], rest.weights])


def _ends(nodes: Indices, own: np.ndarray, place: Indices, far: Indices) -> Indices:
    """Ends of edges: own nodes in their new places, others where the edges lead."""
    return np.where(own[nodes], place[nodes], far).astype(np.int32)


def _without_crossing(graph: NetworkGraph, part: Part, crossing: Crossing) -> NetworkGraph:
    """A graph in which only trenches and sites of this part alone have a number."""
    links = part.graph.links
    alone = part.own[links.start] & (trench_numbers(part, crossing) < 0)
    own_site = np.where(in_crossing_site(part, crossing), -1, part.graph.nodes.site)[part.own]
    elsewhere = np.full(len(graph.nodes.ids) - len(own_site), -1)
    return replace(
        graph,
        nodes=replace(graph.nodes, site=np.concatenate([own_site, elsewhere])),
        links=replace(graph.links, trench=np.where(alone, links.trench, -1)),
    )


def _own(table: WeakTable, part: Part) -> WeakTable:
    """The rows of what is the part's own."""
    links = part.own[part.graph.links.start]
    count = int(part.own.sum())
    is_link = table.kind == KINDS.index(WeakKind.LINK)
    is_node = table.kind == KINDS.index(WeakKind.NODE)
    index = table.index
    kept = ~is_link & ~is_node
    kept |= is_link & np.append(links, False)[np.where(is_link, index, -1)]
    kept |= is_node & (index < count)
    return WeakTable(
        *(column[kept] for column in (
            table.kind, index, table.nodes_dark, table.offices, table.beneficiaries,
            table.offices_unknown,
        ))
    )
