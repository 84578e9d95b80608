"""
What an outage does: the ways of every node before and after, compared.

The rule is ours. An office has service when the node that serves it has a
gateway and no fault cuts the office itself, whatever is reported of it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from gis_service.model.outage import Effect, Hit, OfficeHit, Outage
from gis_service.network.graph import (
    THEMES,
    Indices,
    NetworkGraph,
    Numbers,
    Offices,
    Traffic,
    texts,
)
from gis_service.network.reach import Reach, Ways, reach

Effects = Mapping[Effect, NDArray[np.intp]]
"""Indices of the offices hit, ascending, by effect."""


def outage(
    graph: NetworkGraph,
    *,
    links: Indices | None = None,
    nodes: Indices | None = None,
    traffic: Traffic | None = None,
    before: Reach | None = None,
    most_offices: int | None = None,
) -> Outage:
    """
    What happens when some links and nodes carry nothing any more.

    Parameters
    ----------
    links, nodes
        Indices of what is gone.
    traffic
        What carries before; today's when None.
    before
        Its `reach`, where that is there already.
    most_offices
        List no more offices than these; they are counted all the same.
    """
    traffic = traffic or graph.today
    return compared(
        graph,
        before or reach(graph, traffic),
        reach(graph, graph.without(traffic, links=links, nodes=nodes)),
        most_offices=most_offices,
    )


def compared(
    graph: NetworkGraph, before: Reach, after: Reach, *, most_offices: int | None = None
) -> Outage:
    """What is worse in one state of a network than in another."""
    offices = graph.offices
    hit = effects(offices, before, after)
    return Outage(
        total=_hits(hit, offices),
        by_ward=_grouped(hit, offices, offices.ward, graph.wards),
        by_theme=_grouped(hit, offices, offices.theme, THEMES),
        nodes=tuple(texts(graph.nodes.ids[before.lit & ~after.lit])),
        offices=_listed(graph, hit, before, after, most_offices),
    )


def ways_of(offices: Offices, found: Reach) -> NDArray[np.int8]:
    """The `Ways` of each office."""
    ways = np.append(found.ways, np.int8(Ways.NONE))[offices.node]
    return np.where(offices.cut, np.int8(Ways.NONE), ways)


def effects(offices: Offices, before: Reach, after: Reach) -> Effects:
    """The offices hit."""
    first, then = ways_of(offices, before), ways_of(offices, after)
    return {
        Effect.CUT: np.flatnonzero((first > Ways.NONE) & (then == Ways.NONE)),
        Effect.DEGRADED: np.flatnonzero((then > Ways.NONE) & (then < first)),
    }


def _hits(hit: Effects, offices: Offices) -> dict[Effect, Hit]:
    return {
        effect: _hit(offices.beneficiaries[indices]) for effect, indices in hit.items()
    }


def _hit(beneficiaries: Numbers) -> Hit:
    unknown = np.isnan(beneficiaries)
    return Hit(len(beneficiaries), int(beneficiaries[~unknown].sum()), int(unknown.sum()))


def _grouped(
    hit: Effects, offices: Offices, codes: Indices, names: Sequence[str]
) -> dict[str, dict[Effect, Hit]]:
    """Groups in the order of their names, those that are not hit left out."""
    groups = len(names) + 1
    named = ("", *names)
    found: dict[str, dict[Effect, Hit]] = {}
    counted = {}
    for effect, indices in hit.items():
        group = codes[indices] + 1
        people = offices.beneficiaries[indices]
        unknown = np.isnan(people)
        counted[effect] = (
            np.bincount(group, minlength=groups),
            np.bincount(group, weights=np.nan_to_num(people), minlength=groups),
            np.bincount(group, weights=unknown, minlength=groups),
        )
    anything = sum((counts for counts, _, _ in counted.values()), np.zeros(groups, dtype=int))
    for i in np.flatnonzero(anything).tolist():
        found[named[i]] = {
            effect: Hit(*(int(column[i]) for column in columns))
            for effect, columns in counted.items()
        }
    return dict(sorted(found.items()))


def _listed(
    graph: NetworkGraph, hit: Effects, before: Reach, after: Reach, most: int | None
) -> tuple[OfficeHit, ...]:
    offices = graph.offices
    first, then = ways_of(offices, before), ways_of(offices, after)
    listed: list[OfficeHit] = []
    for effect, indices in hit.items():
        room = None if most is None else most - len(listed)
        for i in indices[:room].tolist():
            people = offices.beneficiaries[i]
            had, has = Ways(int(first[i])), Ways(int(then[i]))
            listed.append(OfficeHit(
                id=offices.ids[i].decode(),
                name=graph.office_names[i] if graph.office_names else None,
                index=i,
                effect=effect,
                node=graph.nodes.ids[offices.node[i]].decode(),
                ward=graph.wards[offices.ward[i]] if offices.ward[i] >= 0 else None,
                theme=THEMES[offices.theme[i]] if offices.theme[i] >= 0 else None,
                beneficiaries=None if np.isnan(people) else int(people),
                ways_before=had.count,
                ways_after=has.count,
                gateways_before=had.gateways,
                gateways_after=has.gateways,
            ))
    return tuple(listed)
