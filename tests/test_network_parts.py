"""The weak points of a network from its parts: those of the whole, whatever the borders."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields, replace
from itertools import pairwise

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from gis_service.model.weak_points import WeakKind, WeakPoint, WeakPoints
from gis_service.network.graph import NetworkGraph, texts
from gis_service.network.part_weak_points import part_weak_points, together
from gis_service.network.parts import Changes, Part, bones, noted, part_of
from gis_service.network.skeleton import Skeleton, crossing_of
from gis_service.network.weak_points import weak_points
from tests.drawing import Office, draw
from tests.random_networks import networks


def cut_out(graph: NetworkGraph, county: np.ndarray, number: int) -> Part:
    """The part of a graph that lies in one county."""
    own = county == number

    def chosen(items: object, rows: np.ndarray) -> dict[str, np.ndarray]:
        return {each.name: getattr(items, each.name)[rows] for each in fields(items)}  # type: ignore[arg-type]

    nodes, links, offices, ids = graph.nodes, graph.links, graph.offices, graph.nodes.ids
    here = own[links.start] | own[links.end]
    served = (offices.node >= 0) & own[offices.node]
    sites = [np.flatnonzero(nodes.site == i).tolist() for i in range(graph.site_count)]
    chains = [pair for site in sites for pair in pairwise(site)]
    near = np.array(chains, dtype=np.int64).reshape(-1, 2)
    joins = graph.joins[own[graph.joins].any(axis=1)]
    near = near[own[near].any(axis=1)]
    return part_of(
        type(nodes)(**chosen(nodes, own)),
        type(links)(**chosen(links, here)),
        (ids[links.start[here]], ids[links.end[here]]),
        type(offices)(**chosen(offices, served)),
        office_nodes=ids[offices.node[served]],
        joins=(ids[joins[:, 0]], ids[joins[:, 1]]),
        near=(ids[near[:, 0]], ids[near[:, 1]]),
        trenches=graph.trenches,
    )


Answers = Callable[..., WeakPoints]


def from_parts(
    graph: NetworkGraph, county: np.ndarray, changes: Changes | None = None
) -> Answers:
    """What tells the weak points from the parts of a graph, of which `most` and of a `kind`."""
    changes = changes or Changes()
    parts = [cut_out(graph, county, number) for number in range(int(county.max()) + 1)]
    notes = [noted(part) for part in parts]
    crossing = crossing_of(notes)
    skeleton = Skeleton(notes, [bones(part, changes, crossing) for part in parts], crossing)
    rests = [skeleton.rest_of(number) for number in range(len(parts))]
    shared = skeleton.weak()

    def answer(most: int | None = None, kind: WeakKind | None = None) -> WeakPoints:
        found = (
            part_weak_points(part, changes, crossing, rest, most=most, kind=kind).found
            for part, rest in zip(parts, rests, strict=True)
        )
        return together(list(found), shared, most=most, kind=kind)

    return answer


def unnamed(found: WeakPoints) -> WeakPoints:
    """Without the names that people give, which no part knows."""
    def point(each: WeakPoint) -> WeakPoint:
        return replace(each, name=each.id if each.kind is WeakKind.TRENCH else None)

    return WeakPoints(found.counts, tuple(map(point, found.points)))


def joined(graph: NetworkGraph) -> NetworkGraph:
    """A graph in which nodes that are joined stand together, as they do in a database."""
    site = graph.nodes.site.copy()
    for one, other in graph.joins.tolist():
        both = [i for i in (site[one], site[other]) if i >= 0]
        to = min(both) if both else site.max(initial=-1) + 1
        for each in both:
            site[site == each] = to
        site[[one, other]] = to
    used = [i for i in dict.fromkeys(site[site >= 0].tolist()) if (site == i).sum() > 1]
    numbered = np.array([used.index(i) if i in used else -1 for i in site.tolist()])
    return replace(
        graph, nodes=replace(graph.nodes, site=numbered.astype(np.int32)), site_count=len(used)
    )


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_parts_tell_what_the_whole_tells(data: st.DataObject) -> None:
    graph = joined(data.draw(networks(largest=12)))
    size, links = len(graph.nodes.ids), len(graph.links.ids)
    county = np.array(data.draw(st.lists(st.integers(0, 3), min_size=size, max_size=size)))
    some_links = st.lists(st.integers(0, max(links - 1, 0)), max_size=2 if links else 0)
    adds, removes = data.draw(some_links), data.draw(some_links)
    gone = data.draw(st.lists(st.integers(0, size - 1), max_size=1))
    planned = data.draw(st.lists(st.integers(0, size - 1), max_size=2))
    graph.nodes.status[planned] = 0
    traffic = graph.traffic(
        adds=np.array(adds, dtype=np.int64), removes=np.array(removes, dtype=np.int64),
        removes_nodes=np.array(gone, dtype=np.int64),
    )
    changes = Changes(
        tuple(texts(graph.links.ids[adds])), tuple(texts(graph.links.ids[removes])),
        tuple(texts(graph.nodes.ids[gone])),
    )
    whole = unnamed(weak_points(graph, traffic))
    told = from_parts(graph, county, changes)
    assert told() == whole
    kind = data.draw(st.sampled_from([None, *WeakKind]))
    some = [each for each in whole.points if kind in {None, each.kind}][:3]
    assert told(3, kind) == WeakPoints(whole.counts, tuple(some))


def test_a_way_that_leaves_a_county_and_comes_back_is_a_way() -> None:
    """
    B's second way leads through the other county; so does C's only one.

    The trench of both borders takes all of the second county and C.
    """
    graph = draw(
        """
        [G]--a--B--b@T--X--c--Y--d@T--C
                |             |
                +------e------+
        """,
        {"one": Office("B", 5), "two": Office("Y", 7), "three": Office("C", 9)},
    )
    names = dict(zip(graph.nodes.ids.tolist(), range(len(graph.nodes.ids)), strict=True))
    county = np.zeros(len(names), dtype=int)
    county[[names[b"X"], names[b"Y"]]] = 1
    found = from_parts(graph, county)()
    assert found == unnamed(weak_points(graph))
    assert found.counts[WeakKind.TRENCH] == 1
