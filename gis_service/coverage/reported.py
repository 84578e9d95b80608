"""Which offices are connected as reported, counted by ward and by theme."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable

import geopandas as gpd

from gis_service.coverage.places import EDGE_M, OUTSIDE, Places, placed_points, places_of
from gis_service.crs import to_wgs84
from gis_service.model.coverage import Counts, CoverageTable, WardCoverage


def coverage_by_ward(
    wards: gpd.GeoDataFrame, offices: gpd.GeoDataFrame, *, edge_m: float = EDGE_M
) -> CoverageTable:
    """
    Count the offices of each ward by connection.

    Every office counts in one ward at most: on a shared edge in the ward with
    the lowest code. Nearness to an edge is measured in the metric CRS.

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
    places = places_of(wards, around=offices)
    points = to_wgs84(offices)
    placed = placed_points(places, points.geometry.to_numpy(), edge_m=edge_m)
    ids = (offices["id"] if "id" in offices.columns else offices.index.to_series()).astype(str)
    themes = offices["theme"].fillna("") if "theme" in offices.columns else [""] * len(offices)
    tally: _Tally = Counter(
        zip(placed.ward.tolist(), themes, offices["connection"], strict=True)
    )
    return CoverageTable(
        wards=tuple(_ward_rows(places, tally)),
        total=_counts(tally),
        by_theme=_by_theme(tally),
        outside=_counts(Counter({k: n for k, n in tally.items() if k[0] == OUTSIDE})),
        outside_offices=tuple(ids[placed.ward == OUTSIDE]),
        offices_on_edge=tuple(ids[placed.on_edge]),
        edge_m=edge_m,
    )


_Tally = Counter[tuple[int, str, str]]
"""How many offices there are by ward (its index), theme and connection."""


def _ward_rows(places: Places, tally: _Tally) -> Iterable[WardCoverage]:
    parts: dict[int, _Tally] = defaultdict(Counter)
    for key, count in tally.items():
        parts[key[0]][key] = count
    for ward in sorted(range(len(places.codes)), key=lambda ward: places.names[ward]):
        yield WardCoverage(
            places.codes[ward],
            places.names[ward],
            places.constituencies[ward],
            _counts(parts[ward]),
            _by_theme(parts[ward]),
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
