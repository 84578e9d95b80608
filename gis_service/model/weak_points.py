"""What the network cannot lose without offices going dark."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class WeakKind(StrEnum):
    """What a single point of failure is."""

    LINK = "link"
    NODE = "node"
    TRENCH = "trench"
    """All links that name the same shared trench."""
    SITE = "site"
    """Nodes that stand together."""


@dataclass(frozen=True, slots=True)
class WeakPoint:
    """
    A single point of failure.

    Parameters
    ----------
    id
        Of the link or node; the name of the trench; of the site's first node.
    links, nodes
        Ids of what goes with it.
    nodes_dark
        How many nodes have no gateway without it, those that go with it included.
    offices, beneficiaries, offices_unknown
        Offices that lose service, as in `model.outage.Hit`.
    """

    kind: WeakKind
    id: str
    name: str | None
    links: tuple[str, ...]
    nodes: tuple[str, ...]
    nodes_dark: int
    offices: int
    beneficiaries: int
    offices_unknown: int


@dataclass(frozen=True, slots=True)
class WeakPoints:
    """
    The single points of failure, the worst first.

    Parameters
    ----------
    counts
        How many there are, by kind.
    points
        So many of them as were asked for.
    """

    counts: Mapping[WeakKind, int]
    points: tuple[WeakPoint, ...]
