"""Nodes of two networks that may be one place: how alike they are, and what was decided."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

USUAL_WITHIN_M = 250.0
MOST_WITHIN_M = 5_000.0
"""Positions of a backbone's nodes are often those of a town, kilometres from the building."""


class Decision(StrEnum):
    """Whether two nodes are one place."""

    CONFIRMED = "confirmed"
    REJECTED = "rejected"


@dataclass(frozen=True, slots=True)
class JoinNode:
    """
    One of the two nodes.

    Parameters
    ----------
    external_id
        Its identifier in the files that it comes from.
    network_id, network
        Its network, and the name of that.
    lon, lat
        In degrees of WGS84.
    """

    id: UUID
    name: str
    external_id: str
    network_id: UUID
    network: str
    status: str
    lon: float
    lat: float


@dataclass(frozen=True, slots=True)
class Likeness:
    """
    How probable it is that two nodes are one place, and what says so.

    Parameters
    ----------
    score
        0 to 1.
    names
        How alike their names are, 0 to 1; None where one has no name that tells.
    nearness
        1 at the same position, 0.5 at `joining.HALF_NEAR_M`, less beyond.
    same_id
        Whether both have one identifier that is unique everywhere.
    """

    score: float
    names: float | None
    nearness: float
    same_id: bool = False


@dataclass(frozen=True, slots=True)
class JoinPair:
    """
    Two nodes of different networks.

    Parameters
    ----------
    a, b
        By id, the lower first.
    distance_m
        Along the ground between their positions now.
    decision
        None while nobody has decided.
    """

    a: JoinNode
    b: JoinNode
    distance_m: float
    likeness: Likeness
    decision: Decision | None = None
    note: str | None = None
    decided_at: datetime | None = None
    decided_by: UUID | None = None


@dataclass(frozen=True, slots=True)
class LineNear:
    """
    A link near a pair, as far as it lies in the box that was asked for.

    Parameters
    ----------
    line
        Longitude and latitude in degrees of WGS84.
    """

    network_id: UUID
    line: tuple[tuple[float, float], ...]
