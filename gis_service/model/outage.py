"""What goes dark when parts of the network are gone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class Effect(StrEnum):
    """What an outage does to an office."""

    CUT = "cut"
    """It had a gateway and has none."""
    DEGRADED = "degraded"
    """It still has a gateway, by fewer independent ways or to fewer gateways than before."""


GONE = "gone"
"""What an outage takes away itself, beside the effects that it has."""


@dataclass(frozen=True, slots=True)
class Hit:
    """
    Offices that an outage hits, and their people.

    Parameters
    ----------
    beneficiaries
        People whom those offices serve, as far as known; whom two of them serve
        counts twice.
    offices_unknown
        Offices of which nobody knows how many they serve: the people are more
        than `beneficiaries` by whom they serve.
    """

    offices: int = 0
    beneficiaries: int = 0
    offices_unknown: int = 0


@dataclass(frozen=True, slots=True)
class OfficeHit:
    """
    An office that is hit.

    Parameters
    ----------
    index
        Where it stands in the graph.
    node
        Id of the node that serves it.
    ward, theme
        Codes; None for none.
    beneficiaries
        None for unknown.
    ways_before, ways_after
        Independent ways to gateways, 0 to 2: they share no link, and no node but
        the gateway.
    gateways_before, gateways_after
        At how many gateways those end.
    """

    id: str
    name: str | None
    index: int
    effect: Effect
    node: str
    ward: str | None
    theme: str | None
    beneficiaries: int | None
    ways_before: int
    ways_after: int
    gateways_before: int
    gateways_after: int


@dataclass(frozen=True, slots=True)
class Outage:
    """
    What an outage does.

    Parameters
    ----------
    total
        By effect.
    by_ward, by_theme
        By code and effect; offices without one count under "".
    nodes
        Ids of the nodes that had a gateway and have none, those that are gone
        included.
    offices
        The offices hit: those cut first, then by id, so many as were asked for.
    """

    total: Mapping[Effect, Hit]
    by_ward: Mapping[str, Mapping[Effect, Hit]] = field(default_factory=dict)
    by_theme: Mapping[str, Mapping[Effect, Hit]] = field(default_factory=dict)
    nodes: tuple[str, ...] = ()
    offices: tuple[OfficeHit, ...] = ()

    @property
    def offices_left_out(self) -> int:
        """Offices that are hit and not listed."""
        return sum(hit.offices for hit in self.total.values()) - len(self.offices)
