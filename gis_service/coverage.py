"""Which offices are connected, counted by ward and by theme."""

from __future__ import annotations

from collections.abc import Iterable

import geopandas as gpd
import numpy as np
import pandas as pd

from gis_service.crs import to_wgs84, utm_srid
from gis_service.model.coverage import Counts, CoverageTable, WardCoverage

EDGE_M = 1.0

_WARD = "_ward"
_OFFICE = "_office"


def coverage_by_ward(
    wards: gpd.GeoDataFrame, offices: gpd.GeoDataFrame, *, edge_m: float = EDGE_M
) -> CoverageTable:
    """
    Count the offices of each ward by connection.

    Every office counts in one ward at most: on a shared edge in the ward with
    the lowest code. Positions are compared in the metric CRS of the wards.

    Parameters
    ----------
    wards
        Polygons with `code` and `name`, and `constituency` where known.
    offices
        Points with `connection`, and `id` (else the index) and `theme` where
        known. A connection other than `connected` or `unconnected` is unknown.
    edge_m
        Offices this near to the edge of their ward are reported, in metres.

    Returns
    -------
    CoverageTable
        Wards by name; totals count offices outside every ward too.
    """
    wards = _with_column(wards, "constituency").sort_values("code", kind="stable")
    offices = _with_column(offices, "theme")
    srid = _metric_srid(wards if len(wards) else offices)
    areas = to_wgs84(wards).to_crs(srid)[["code", "geometry"]].reset_index(drop=True)
    points = _points(offices, srid)
    counted = points.assign(**{_WARD: _ward_of_each(points, areas)})
    return CoverageTable(
        wards=tuple(_ward_rows(wards, counted)),
        total=_counts(counted),
        by_theme=_by_theme(counted),
        outside=_counts(counted[counted[_WARD].isna()]),
        outside_offices=_ids(counted[counted[_WARD].isna()]),
        offices_on_edge=_ids(counted[_is_near_edge(counted, areas, edge_m)]),
        edge_m=edge_m,
    )


def _with_column(frame: gpd.GeoDataFrame, name: str) -> gpd.GeoDataFrame:
    return frame if name in frame.columns else frame.assign(**{name: None})


def _metric_srid(frame: gpd.GeoDataFrame) -> int:
    west, south, east, north = to_wgs84(frame).total_bounds
    if not np.isfinite(west):
        return utm_srid(0.0, 0.0)
    return utm_srid(float((west + east) / 2), float((south + north) / 2))


def _points(offices: gpd.GeoDataFrame, srid: int) -> gpd.GeoDataFrame:
    ids = offices["id"] if "id" in offices.columns else offices.index.to_series()
    return gpd.GeoDataFrame(
        {
            _OFFICE: ids.astype(str).to_numpy(),
            "connection": offices["connection"].to_numpy(),
            "theme": offices["theme"].fillna("").to_numpy(),
        },
        geometry=to_wgs84(offices).geometry.to_crs(srid).to_numpy(),
        crs=srid,
    )


def _ward_of_each(points: gpd.GeoDataFrame, areas: gpd.GeoDataFrame) -> pd.Series:
    """Code of the ward of each point, the lowest where several touch it."""
    pairs = gpd.sjoin(points[["geometry"]], areas, predicate="intersects")
    lowest: pd.Series = pairs.groupby(level=0)["code"].min()
    return lowest.reindex(points.index)


def _is_near_edge(
    counted: gpd.GeoDataFrame, areas: gpd.GeoDataFrame, edge_m: float
) -> pd.Series:
    edges = areas.set_index("code").geometry.boundary
    within = counted[counted[_WARD].notna()]
    nearest = gpd.GeoSeries(edges.reindex(within[_WARD]).to_numpy(), within.index, crs=areas.crs)
    is_near: pd.Series = within.geometry.distance(nearest) <= edge_m
    return is_near.reindex(counted.index, fill_value=False)


def _ward_rows(wards: gpd.GeoDataFrame, counted: gpd.GeoDataFrame) -> Iterable[WardCoverage]:
    groups = dict(iter(counted.groupby(_WARD)))
    nothing = counted.iloc[:0]
    for ward in wards.sort_values("name", kind="stable").itertuples():
        rows = groups.get(ward.code, nothing)
        constituency = ward.constituency if isinstance(ward.constituency, str) else ""
        yield WardCoverage(
            str(ward.code), str(ward.name), constituency, _counts(rows), _by_theme(rows)
        )


def _counts(rows: pd.DataFrame) -> Counts:
    connected = int((rows["connection"] == "connected").sum())
    unconnected = int((rows["connection"] == "unconnected").sum())
    return Counts(connected, unconnected, len(rows) - connected - unconnected)


def _by_theme(rows: pd.DataFrame) -> dict[str, Counts]:
    return {str(theme): _counts(group) for theme, group in rows.groupby("theme", sort=True)}


def _ids(rows: pd.DataFrame) -> tuple[str, ...]:
    return tuple(rows[_OFFICE])
