"""The way of an office or a node to its gateway."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise


@dataclass(frozen=True, slots=True)
class TracedLink:
    """
    A link as the way runs along it.

    Parameters
    ----------
    forward
        Whether the way runs from the link's start node to its end node.
    fibre_length_m
        None when unknown, as of radio.
    reached_m
        Metres along the ground from the way's start to `to_node`.
    """

    id: str
    name: str | None
    from_node: str
    to_node: str
    forward: bool
    route_length_m: float
    fibre_length_m: float | None
    reached_m: float


@dataclass(frozen=True, slots=True)
class TracedJoin:
    """
    Where a way passes from a node to another one that is the same place.

    Parameters
    ----------
    after
        How many links of the way come before it.
    """

    from_node: str
    to_node: str
    after: int


@dataclass(frozen=True, slots=True)
class Trace:
    """
    The shortest way between two nodes over what carries.

    Parameters
    ----------
    start, end
        Ids of its first and last node; `end` is None when there is no way, `start`
        when what it should start from is served by no node.
    ways
        In how many independent ways `start` reaches gateways, 0 to 2: those that
        share no link and no node, though they may meet at the gateway.
    gateways
        At how many gateways those ways end.
    one_trench
        Whether one shared trench takes all ways of `start`, however many they are.
    joins
        Where the way passes from one network into another, in its order.
    """

    start: str | None
    end: str | None
    links: tuple[TracedLink, ...]
    ways: int
    gateways: int
    one_trench: bool = False
    joins: tuple[TracedJoin, ...] = ()

    @property
    def route_length_m(self) -> float | None:
        """Metres along the ground; None without a way."""
        if self.end is None:
            return None
        return self.links[-1].reached_m if self.links else 0.0

    @property
    def fibre_length_m(self) -> float | None:
        """Metres of fibre; None when that of a link is unknown."""
        lengths = [link.fibre_length_m for link in self.links]
        known = [length for length in lengths if length is not None]
        return sum(known) if self.end is not None and len(known) == len(lengths) else None

    @property
    def nodes(self) -> tuple[str, ...]:
        """Ids of all nodes on the way, in order."""
        passed = [] if self.start is None else [self.start]
        for place in range(len(self.links) + 1):
            passed += (join.to_node for join in self.joins if join.after == place)
            passed += (link.to_node for link in self.links[place : place + 1])
        return tuple(passed)

    @property
    def runs(self) -> tuple[tuple[TracedLink, ...], ...]:
        """The links, parted where the way passes from one network into another."""
        parts = sorted({0, *(join.after for join in self.joins), len(self.links)})
        return tuple(self.links[i:j] for i, j in pairwise(parts))
