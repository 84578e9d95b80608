"""What parts of a network are like together, and what they lose together; see `parts`."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from gis_service.model.weak_points import WeakKind, WeakPoint
from gis_service.network.graph import (
    OPERATIONAL,
    Flags,
    Indices,
    Links,
    NetworkGraph,
    Nodes,
    Numbers,
    Offices,
    Traffic,
    texts,
)
from gis_service.network.parts import ABSENT, LIT, Bones, Crossing, Noted
from gis_service.network.weak_points import KINDS, weak_table

_TOGETHER = (WeakKind.TRENCH, WeakKind.SITE)


@dataclass(frozen=True, eq=False, slots=True)
class Rest:
    """
    What a part has around it.

    Parameters
    ----------
    piece
        Of each of its `Bones.border`, the connected piece of the rest to which it
        leads: `LIT` for the one with the super-gateway, -1 where it does not carry.
    weights
        Of each piece, as `node_weights`.
    """

    piece: Indices
    weights: Numbers


def crossing_of(parts: Sequence[Noted]) -> Crossing:
    """What several parts share."""
    trenches = Counter(name for each in parts for name in each.trenches)
    return Crossing(
        tuple(sorted(name for name, count in trenches.items() if count > 1)),
        frozenset(id_ for each in parts for pair in each.beside for id_ in pair),
    )


@dataclass(frozen=True, eq=False)
class Skeleton:
    """
    All parts together.

    Parameters
    ----------
    notes, bones
        Of the parts, in one order.
    crossing
        `crossing_of` the notes.
    """

    notes: Sequence[Noted]
    bones: Sequence[Bones]
    crossing: Crossing

    def rest_of(self, part: int) -> Rest:
        """What a part has around it."""
        edges, owner = self._edges[:, :2], self._owners
        mine = (owner == part).any(axis=1)
        size = len(self._weights)
        start, end = edges[~mine].T
        beside = coo_matrix((np.ones(len(start)), (start, end)), shape=(size, size))
        _, piece = connected_components(beside, directed=False)
        far = np.array([
            ABSENT if other is None else piece[other] for other in self._others(part)
        ], dtype=np.int64)
        known = np.unique(far[(far >= 0) & (far != piece[LIT])])
        number = np.full(size, ABSENT, dtype=np.int64)
        number[known] = np.arange(1, len(known) + 1)
        weights = np.zeros((len(known) + 1, self._weights.shape[1]))
        counted = (number[piece] > LIT) & self._on
        np.add.at(weights, number[piece[counted]], self._weights[counted])
        number[piece[LIT]] = LIT
        return Rest(np.where(far >= 0, number[far], ABSENT), weights)

    def weak(self) -> tuple[WeakPoint, ...]:
        """The trenches and sites of several parts that are weak; without names, in no order."""
        if not self.crossing.trenches and not self.crossing.nodes:
            return ()
        graph, traffic = self._graph
        table = weak_table(graph, traffic, weights=self._weights)
        columns = (table.kind, table.index, table.nodes_dark, table.offices,
                   table.beneficiaries, table.offices_unknown)
        return tuple(
            self._point(KINDS[kind], index, dark)
            for kind, index, *dark in zip(*(c.tolist() for c in columns), strict=True)
            if KINDS[kind] in _TOGETHER
        )

    @property
    def positions(self) -> dict[str, tuple[float, float]]:
        """Longitude and latitude of the nodes of sites across borders, by id."""
        return {
            id_: (lon, lat) for each in self.bones
            for id_, (lon, lat) in zip(texts(each.kept), each.kept_at.tolist(), strict=True)
        }

    def _point(self, kind: WeakKind, index: int, dark: Sequence[int]) -> WeakPoint:
        if kind is WeakKind.TRENCH:
            name = self.crossing.trenches[index]
            links = sorted(id_ for each in self.bones for id_ in each.trench_links[index])
            return WeakPoint(kind, name, name, tuple(links), (), *dark)
        members = tuple(sorted(texts(self._kept_ids[self._kept_sites == index])))
        return WeakPoint(kind, members[0], None, (), members, *dark)

    @cached_property
    def _first(self) -> NDArray[np.int64]:
        """Where the vertices of each part begin, but for `LIT`, which all share."""
        sizes = [len(each.weights) - 1 for each in self.bones]
        return np.concatenate([[1], 1 + np.cumsum(sizes)]).astype(np.int64)

    def _vertices(self, part: int, local: Indices) -> NDArray[np.int64]:
        found: NDArray[np.int64] = np.where(local == LIT, LIT, self._first[part] + local - 1)
        return found

    @cached_property
    def _weights(self) -> Numbers:
        nothing = np.zeros((1, 4))
        return np.concatenate([nothing, *(each.weights[1:] for each in self.bones)])

    @cached_property
    def _on(self) -> Flags:
        on = np.ones(len(self._weights), dtype=bool)
        on[self._kept] = np.concatenate(
            [np.zeros(0, dtype=bool), *(each.kept_on for each in self.bones)]
        )
        return on

    @cached_property
    def _kept(self) -> NDArray[np.int64]:
        """Vertices of the nodes that stand as they are."""
        ends = self._first[1:]
        return np.concatenate([np.zeros(0, dtype=np.int64), *(
            np.arange(end - len(each.kept), end)
            for end, each in zip(ends.tolist(), self.bones, strict=True)
        )])

    @cached_property
    def _kept_ids(self) -> NDArray[np.bytes_]:
        return np.concatenate([np.zeros(0, dtype="S36"), *(each.kept for each in self.bones)])

    @cached_property
    def _kept_sites(self) -> NDArray[np.int64]:
        """The site of each node that stands as it is, over all parts; -1 for none."""
        place = {id_: i for i, id_ in enumerate(self._kept_ids.tolist())}
        size, begin = len(place), 0
        pairs = [
            (place[one], place[other]) for each in self.notes for one, other in each.beside
        ]
        for each in self.bones:
            first: dict[int, int] = {}
            for at, site in enumerate(each.kept_site.tolist(), begin):
                if site >= 0:
                    pairs.append((first.setdefault(site, at), at))
            begin += len(each.kept)
        start, end = np.array(pairs, dtype=np.int64).reshape(-1, 2).T
        beside = coo_matrix((np.ones(len(start)), (start, end)), shape=(size, size))
        _, group = connected_components(beside, directed=False)
        crosses = np.isin(self._kept_ids, np.array(sorted(self.crossing.nodes), dtype="S36"))
        found: NDArray[np.int64] = np.where(np.isin(group, group[crosses]), group, -1)
        return found

    @cached_property
    def _border(self) -> dict[bytes, list[tuple[int, int, int]]]:
        """By key: part, vertex and trench of each side from which an edge carries."""
        found: dict[bytes, list[tuple[int, int, int]]] = defaultdict(list)
        for part, each in enumerate(self.bones):
            vertices = self._vertices(part, each.border[:, 0])
            for key, vertex, trench in zip(
                each.border_keys, vertices.tolist(), each.border[:, 1].tolist(), strict=True
            ):
                found[key].append((part, vertex, trench))
        return found

    def _others(self, part: int) -> Iterable[int | None]:
        """The vertex at the other end of each edge across a part's border; None for no traffic."""
        for key in self.bones[part].border_keys:
            other = [vertex for each, vertex, _ in self._border[key] if each != part]
            yield other[0] if other else None

    @cached_property
    def _all_edges(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Rows of two vertices and a trench, and the parts of both."""
        edges = [np.zeros((0, 3), dtype=np.int64)]
        owners = [np.zeros((0, 2), dtype=np.int64)]
        for part, each in enumerate(self.bones):
            edges.append(np.column_stack(
                [self._vertices(part, each.edge[:, i]) for i in (0, 1)] + [each.edge[:, 2]]
            ))
            owners.append(np.full((len(each.edge), 2), part))
        both = [sides for sides in self._border.values() if len(sides) == 2]
        edges.append(np.array(
            [(one[1], other[1], one[2]) for one, other in both], dtype=np.int64
        ).reshape(-1, 3))
        owners.append(np.array(
            [(one[0], other[0]) for one, other in both], dtype=np.int64
        ).reshape(-1, 2))
        return np.concatenate(edges), np.concatenate(owners)

    @property
    def _edges(self) -> NDArray[np.int64]:
        return self._all_edges[0]

    @property
    def _owners(self) -> NDArray[np.int64]:
        return self._all_edges[1]

    @cached_property
    def _graph(self) -> tuple[NetworkGraph, Traffic]:
        """The skeleton as a graph whose one gateway is `LIT`."""
        size = len(self._weights)
        in_trench = self._edges[:, 2] >= 0
        links, others = self._edges[in_trench], self._edges[~in_trench, :2]
        site = np.full(size, -1, dtype=np.int64)
        site[self._kept] = self._kept_sites
        graph = bare_graph(
            gateway=np.arange(size) == LIT, site=site,
            start=links[:, 0], end=links[:, 1], trench=links[:, 2], joins=others,
        )
        return graph, Traffic(self._on, np.ones(len(links), dtype=bool))


def bare_graph(
    *,
    gateway: Flags,
    site: Indices,
    start: Indices,
    end: Indices,
    trench: Indices,
    joins: Indices,
) -> NetworkGraph:
    """A graph of which no more is known than what hangs together; pairs of `joins` may repeat."""
    size, links = len(gateway), len(start)
    nothing = np.zeros(0, dtype=np.int32)
    return NetworkGraph(
        Nodes(
            ids=np.zeros(size, dtype="S36"), position=np.empty((size, 2)), gateway=gateway,
            status=np.full(size, OPERATIONAL), cut=np.zeros(size, dtype=bool), site=site,
        ),
        Links(
            ids=np.zeros(links, dtype="S36"), start=start.astype(np.int32),
            end=end.astype(np.int32), status=np.full(links, OPERATIONAL),
            cut=np.zeros(links, dtype=bool), route_length_m=np.full(links, np.nan),
            fibre_length_m=np.full(links, np.nan), trench=trench,
        ),
        Offices(
            ids=np.zeros(0, dtype="S36"), position=np.empty((0, 2)), node=nothing,
            cut=np.zeros(0, dtype=bool), connection=nothing, theme=nothing, ward=nothing,
            beneficiaries=np.zeros(0),
        ),
        joins=joins.astype(np.int32),
    )
