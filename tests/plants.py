"""Cables of whole lengths for tests: straight north from a node, kilometre by kilometre."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

from pyproj import Geod

from gis_service.model.plant import Plant, PlantLink, PlantNode, PlantStructure

WGS84 = Geod(ellps="WGS84")
SOUTH_END = (34.76, -0.68)


def north(metres: float) -> tuple[float, float]:
    """The place so many metres north of the south end, along the ground."""
    lon, lat, _ = WGS84.fwd(*SOUTH_END, 0, metres)
    return lon, lat


def structure(
    id_: str, link: str, at: float, position_m: float | None, **values: Any
) -> PlantStructure:
    """A structure so many metres north; a manhole when nothing else is said."""
    kind = values.pop("structure_type", "manhole")
    return PlantStructure(
        id_, kind, north(at), link, position_m=position_m, **{"accuracy_m": 2.0} | values
    )


def line_of(
    nodes: str,
    routes: Sequence[float],
    *,
    links: Mapping[str, Mapping[str, Any]] | None = None,
    slack: Mapping[str, float] | None = None,
) -> Plant:
    """
    A straight line of nodes A, B, C ... and links L1, L2 ... between them.

    Parameters
    ----------
    routes
        Route lengths of the links, in metres.
    links
        Other values of links, by id.
    slack
        Metres of slack of nodes, by id.
    """
    at = [0.0]
    for length in routes:
        at.append(at[-1] + length)
    made = {}
    for number, (start, end) in enumerate(pairwise(nodes)):
        id_ = f"L{number + 1}"
        # A vertex in the middle, so that a line has more than its ends.
        ends = at[number], at[number + 1]
        route = (north(ends[0]), north(sum(ends) / 2), north(ends[1]))
        made[id_] = PlantLink(id_, id_, start, end, route, **(links or {}).get(id_, {}))
    return Plant(
        made,
        {
            node: PlantNode(
                node, node, north(at[number]), "cabinet", (slack or {}).get(node), 2.0,
                cable_ends=1 if number in (0, len(nodes) - 1) else 2,
            )
            for number, node in enumerate(nodes)
        },
    )
