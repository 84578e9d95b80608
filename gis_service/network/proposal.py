"""A plan of connections as nodes and links that could be built."""

from __future__ import annotations

from dataclasses import dataclass

from gis_service.model.connect import ConnectionPlan

Position = tuple[float, float]


@dataclass(frozen=True, slots=True)
class ProposedNode:
    """A place where trenches part, or an office's end of one; `office` is its id."""

    position: Position
    office: str | None = None


@dataclass(frozen=True, slots=True)
class ProposedLink:
    """
    A cable in one trench.

    Parameters
    ----------
    start, end
        Position of a node among the proposal's, or the id of one that stands.
    line
        (longitude, latitude), from the position of one to that of the other.
    length_m
        As planned: longer than the line where a detour factor is in it.
    """

    start: int | str
    end: int | str
    line: tuple[Position, ...]
    length_m: float


@dataclass(frozen=True, slots=True)
class Proposal:
    """What a plan would build, each link after those that it goes on from."""

    nodes: tuple[ProposedNode, ...]
    links: tuple[ProposedLink, ...]


def proposal(plan: ConnectionPlan) -> Proposal:
    """
    The nodes and links of a plan.

    A trench without length is no link: what ends there stands where it begins,
    so an office at an access point needs nothing built.
    """
    nodes: list[ProposedNode] = []
    links: list[ProposedLink] = []
    ends: list[tuple[int | str, Position]] = []
    for trench in plan.trenches:
        if trench.above is not None:
            start, begins = ends[trench.above]
        else:
            start, begins = trench.access_point or "", trench.line[0]
        if trench.line[0] == trench.line[-1] and len(set(trench.line)) == 1:
            if isinstance(start, int) and trench.office is not None:
                nodes[start] = ProposedNode(nodes[start].position, trench.office)
            ends.append((start, begins))
            continue
        end = trench.line[-1]
        links.append(
            ProposedLink(start, len(nodes), (begins, *trench.line[1:]), trench.length_m)
        )
        ends.append((len(nodes), end))
        nodes.append(ProposedNode(end, trench.office))
    return Proposal(tuple(nodes), tuple(links))
