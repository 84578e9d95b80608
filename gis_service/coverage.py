"""Which offices are connected, counted by ward and by theme."""

from __future__ import annotations

from collections import Counter, defaultdict
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
    tally = _tally(counted)
    return CoverageTable(
        wards=tuple(_ward_rows(wards, tally)),
        total=_counts(tally),
        by_theme=_by_theme(tally),
        outside=_counts(Counter({k: n for k, n in tally.items() if k[0] is None})),
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


_Tally = Counter[tuple[str | None, str, str]]
"""How many offices there are by ward (None: in none), theme and connection."""


def _tally(counted: gpd.GeoDataFrame) -> _Tally:
    wards = counted[_WARD].astype(object).where(counted[_WARD].notna(), None)
    return Counter(zip(wards, counted["theme"], counted["connection"], strict=True))


def _ward_rows(wards: gpd.GeoDataFrame, tally: _Tally) -> Iterable[WardCoverage]:
    parts: dict[str | None, _Tally] = defaultdict(Counter)
    for key, count in tally.items():
        parts[key[0]][key] = count
    for ward in wards.sort_values("name", kind="stable").itertuples():
        constituency = ward.constituency if isinstance(ward.constituency, str) else ""
        part = parts[ward.code]
        yield WardCoverage(
            str(ward.code), str(ward.name), constituency, _counts(part), _by_theme(part)
        )


def _counts(tally: _Tally) -> Counts:
    found: Counter[str] = Counter()
    for (_, _, connection), count in tally.items():
        found[connection if connection in ("connected", "unconnected") else "unknown"] += count
    return Counts(found["connected"], found["unconnected"], found["unknown"])


def _by_theme(tally: _Tally) -> dict[str, Counts]:
    themes: dict[str, _Tally] = defaultdict(Counter)
    for key, count in tally.items():
        themes[key[1]][key] = count
    return {theme: _counts(themes[theme]) for theme in sorted(themes)}


def _ids(rows: pd.DataFrame) -> tuple[str, ...]:
    return tuple(rows[_OFFICE])
