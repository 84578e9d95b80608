"""Cables, and what they hang on or end in, as questions about the plant read them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

Position = tuple[float, float]
"""Longitude and latitude in degrees of WGS84."""
UNKNOWN_ACCURACY_M = 10.0
"""
How far something may be from its stored place when nobody says: what a phone
measures under trees and between houses, with some to spare.
"""


@dataclass(frozen=True, slots=True)
class PlantNode:
    """
    A network node.

    Parameters
    ----------
    infrastructure
        What holds it, as a code of the registry.
    slack_m
        Cable coiled here; None when nobody wrote it down.
    accuracy_m
        How far the true position may be from the stored one.
    cable_ends
        How many links start or end here: the slack is theirs in equal parts.
    key
        Its identifier in files.
    """

    id: str
    name: str
    position: Position
    infrastructure: str | None = None
    slack_m: float | None = None
    accuracy_m: float | None = None
    cable_ends: int = 1
    key: str | None = None


@dataclass(frozen=True, slots=True)
class PlantStructure:
    """
    A structure along a link.

    Parameters
    ----------
    link
        The link that it is recorded with; of a shared trench one link has them all.
    position_m
        Metres along that link's route from its start; None when unknown.
    key
        Its identifier in files.
    """

    id: str
    structure_type: str
    position: Position
    link: str
    name: str | None = None
    position_m: float | None = None
    slack_m: float | None = None
    accuracy_m: float | None = None
    key: str | None = None


@dataclass(frozen=True, slots=True)
class PlantLink:
    """
    A fibre link with what stands along it.

    Parameters
    ----------
    route
        Its vertices from `start_node` to `end_node`.
    fibre_length_m
        Fibre inside the cable, slack included; None when unknown.
    traced_length_m
        The longest that an OTDR's trace of it was; None without one. A trace may
        end at a fault.
    structures
        Its own, and those of links in the same trench.
    network
        Id of the network that it belongs to.
    """

    id: str
    name: str | None
    start_node: str
    end_node: str
    route: tuple[Position, ...]
    fibre_length_m: float | None = None
    traced_length_m: float | None = None
    fibre_type: str | None = None
    splices: int | None = None
    connectors: int | None = None
    structures: tuple[PlantStructure, ...] = ()
    network: str | None = None


@dataclass(frozen=True, slots=True)
class Plant:
    """Some links, and the nodes that they run between, by id."""

    links: Mapping[str, PlantLink]
    nodes: Mapping[str, PlantNode]


@dataclass(frozen=True, slots=True)
class Assumed:
    """
    A value that the data do not hold and that was taken instead.

    Parameters
    ----------
    low, high
        Between which the true value is taken to lie.
    of
        Id of the item that lacks it; None when it is a matter of the whole answer.
    """

    name: str
    low: float
    high: float
    unit: str
    source: str
    of: str | None = None

    def document(self) -> dict[str, Any]:
        """The same for JSON."""
        return {
            "name": self.name, "low": self.low, "high": self.high, "unit": self.unit,
            "source": self.source, "of": self.of,
        }
