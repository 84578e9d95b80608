"""Streets, offices and access points drawn on squared paper: one square is a kilometre."""

from __future__ import annotations

from typing import Any

import numpy as np
import shapely

from gis_service.model.connect import AccessPoint, Candidate, Sourced, UnitCosts
from gis_service.network.roads import Roads, road_graph

EAST, NORTH = 1 / 111.319491, 1 / 110.574276
"""Degrees of a kilometre at the equator."""

COSTS = UnitCosts(
    office_kes=Sourced(100_000, "a drawing"),
    trench_kes_per_km=Sourced(1_000_000, "a drawing"),
    wayleave_kes_per_m=Sourced(10, "a drawing"),
    detour_factor=Sourced(1.5, "a drawing"),
)
"""A kilometre of trench comes to 1,010,000 KES."""


def place(x: float, y: float) -> tuple[float, float]:
    """(longitude, latitude) of a point on the paper."""
    return 36.0 + x * EAST, y * NORTH


def street(*points: tuple[float, float]) -> Any:
    return shapely.linestrings([place(*point) for point in points])


def streets(*lines: Any) -> Roads | None:
    return road_graph(np.array(lines, dtype=object))


def office(id_: str, x: float, y: float, beneficiaries: int | None = None) -> Candidate:
    return Candidate(id_, id_, *place(x, y), beneficiaries)


def node(id_: str, x: float, y: float) -> AccessPoint:
    return AccessPoint(id_, id_, *place(x, y))
