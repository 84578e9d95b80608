"""A town of three wards, small enough to work out its coverage by hand."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import geopandas as gpd
import pandas as pd
from shapely import LineString, MultiPolygon, Point, box

from gis_service.coverage.ground import Network, Records

SOUTH, NORTH = -0.8, -0.6
B, A, C = (box(34.6 + i / 10, SOUTH, 34.7 + i / 10, NORTH) for i in range(3))


def wards() -> gpd.GeoDataFrame:
    """
    Three wards side by side, 0.1 degrees wide: B (1302) | A (1301) | C (1303)

      34.6       34.7       34.8       34.9
        ├─── B ───┼─── A ───┼─── C ───┤

    A and B lie in the constituency N, C in S.
    """
    return gpd.GeoDataFrame(
        {"code": ["1303", "1302", "1301"], "name": ["C", "B", "A"],
         "constituency": ["S", "N", "N"]},
        index=pd.Index(["w3", "w2", "w1"], name="id"),
        geometry=[MultiPolygon([each]) for each in (C, B, A)],
        crs=4326,
    )


def office(at: float | None, connection: str | None = "connected", **values: Any) -> dict[str, Any]:
    """An office at a longitude, in the middle of its ward."""
    place = None if at is None else Point(at, -0.7)
    return {"geometry": place, "connection": connection, **values}


def node(at: float, *, status: str = "operational", **values: Any) -> dict[str, Any]:
    """A node at a longitude, operational where nothing else is said."""
    return {"geometry": Point(at, -0.7), "status": status, **values}


def link(
    start: str, end: str, line: Sequence[tuple[float, float]], **values: Any
) -> dict[str, Any]:
    """An operational link."""
    return {"geometry": LineString(line), "status": "operational", "start_node": start,
            "end_node": end, **values}


def cell(west: float, east: float, people: float) -> dict[str, Any]:
    """A cell of population between two longitudes, as high as the wards."""
    return {"geometry": MultiPolygon([box(west, SOUTH, east, NORTH)]), "people": people}


def records(
    *,
    offices: dict[str, dict[str, Any]] | None = None,
    nodes: dict[str, dict[str, Any]] | None = None,
    links: dict[str, dict[str, Any]] | None = None,
    faults: dict[str, dict[str, Any]] | None = None,
    cells: dict[str, dict[str, Any]] | None = None,
    phases: dict[str, dict[str, Any]] | None = None,
    areas: gpd.GeoDataFrame | None = None,
) -> Records:
    """Records of the town, each by its id; what is not given is empty."""
    return Records(
        wards() if areas is None else areas,
        _frame(offices, "theme", "office_type", "served_by", "connection", "connected_since",
               "required_mbps", "measured_mbps"),
        Network(
            nodes=_frame(nodes, "status", "gateway", "access_point", "public_wifi",
                         "technologies", "phase"),
            links=_frame(links, "status", "start_node", "end_node", "route_length_m",
                         "shared_trench", "phase", "ready_for_service_date"),
            faults=_frame(faults, "link", "node", "equipment", "office", "cuts", "started_at",
                          "cleared_at"),
            phases=_frame(phases, "name", "ends_on"),
            population=_frame(cells, "people"),
            equipment=_frame({}, "node", "office"),
        ),
    )


_NUMBERS = {"required_mbps", "measured_mbps", "route_length_m", "people"}


def _frame(rows: dict[str, dict[str, Any]] | None, *columns: str) -> gpd.GeoDataFrame:
    found = rows or {}
    index = pd.Index(sorted(found), dtype=object, name="id")
    values = {
        name: pd.Series([found[id_].get(name) for id_ in index], index,
                        "float64" if name in _NUMBERS else object)
        for name in columns
    }
    shapes = [found[id_].get("geometry") for id_ in index]
    return gpd.GeoDataFrame(values, index=index, geometry=shapes, crs=4326)
