"""Which ward something lies in: points, lines cut at the wards' edges, areas split among wards."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import geopandas as gpd
import numpy as np
import shapely
from numpy.typing import NDArray
from pyproj import Geod, Transformer
from pyproj.enums import TransformDirection

from gis_service.crs import WGS84, to_wgs84, utm_srid
from gis_service.model.indicators import Grouping

OUTSIDE = -1
"""In place of a ward: in none of them."""
EDGE_M = 1.0

Indices = NDArray[np.intp]
Numbers = NDArray[np.float64]
Flags = NDArray[np.bool_]

_METRES_PER_DEGREE = 110_000.0
_GEOD = Geod(ellps="WGS84")


@dataclass(frozen=True, slots=True, eq=False)
class Places:
    """
    The wards, in the order of their codes.

    Parameters
    ----------
    areas
        Polygons in longitude and latitude.
    srid
        The metric CRS (WGS84 / UTM) in which areas and distances are measured.
    """

    codes: tuple[str, ...]
    names: tuple[str, ...]
    constituencies: tuple[str, ...]
    areas: NDArray[Any]
    srid: int

    def to_metric(self, shapes: NDArray[Any]) -> NDArray[Any]:
        """Shapes of longitude and latitude in the metric CRS."""
        return _moved(shapes, self.srid)


@dataclass(frozen=True, slots=True, eq=False)
class PlacedPoints:
    """
    The ward of each point.

    Parameters
    ----------
    ward
        Index into `Places.codes`, the lowest where several wards touch the
        point; `OUTSIDE` for none.
    on_edge
        Whether the point is so near to the edge of its ward that the ward is
        a matter of the rule and not of fact.
    """

    ward: Indices
    on_edge: Flags


@dataclass(frozen=True, slots=True, eq=False)
class Pieces:
    """
    Things cut at the edges of wards; what of a thing lies in one ward is one piece.

    Parameters
    ----------
    of
        Index of the thing that a piece belongs to.
    ward
        Index of the piece's ward, or `OUTSIDE`.
    size
        Metres of a line; square metres of an area. The sizes of a thing's
        pieces sum to its own.
    shapes
        Areas: the pieces in the metric CRS. Lines: nothing.
    """

    of: Indices
    ward: Indices
    size: Numbers
    shapes: NDArray[Any]


def places_of(wards: gpd.GeoDataFrame, *, around: gpd.GeoDataFrame | None = None) -> Places:
    """
    The wards of a frame with `code`, `name` and, where known, `constituency`.

    Parameters
    ----------
    around
        Says where the metric CRS has to fit when there are no wards.
    """
    wards = to_wgs84(wards).sort_values("code", kind="stable")
    constituency = wards["constituency"] if "constituency" in wards.columns else [None] * len(wards)
    return Places(
        tuple(map(str, wards["code"])),
        tuple(map(str, wards["name"])),
        tuple(c if isinstance(c, str) else "" for c in constituency),
        wards.geometry.to_numpy(),
        _metric_srid(wards if len(wards) or around is None else around),
    )


def shapes_of(places: Places, grouping: Grouping) -> dict[str, Any]:
    """Areas of the groups of a grouping by place, in longitude and latitude, by their keys."""
    if grouping is Grouping.WARD:
        return dict(zip(places.codes, places.areas, strict=True))
    if grouping is not Grouping.CONSTITUENCY:
        return {}
    names = np.array(places.constituencies, dtype=object)
    return {
        name: shapely.union_all(places.areas[names == name])
        for name in sorted(set(places.constituencies) - {""})
    }


def placed_points(
    places: Places, points: NDArray[Any], *, edge_m: float | None = EDGE_M
) -> PlacedPoints:
    """
    The ward of each point (longitude, latitude; None lies in no ward).

    A ward holds what touches it, as PostGIS' ST_Intersects, so that the answer
    is the same as the `ward` that the database keeps.

    Parameters
    ----------
    edge_m
        How near to the edge of its ward a point is on the edge; None for none.
    """
    ward = np.full(len(points), OUTSIDE, dtype=np.intp)
    on_edge = np.zeros(len(points), dtype=bool)
    tree = shapely.STRtree(points)
    of, found = tree.query(places.areas, predicate="intersects")
    _keep_lowest(ward, found, of)
    if edge_m is None or not len(places.areas):
        return PlacedPoints(ward, on_edge)
    edges = shapely.boundary(places.areas)
    of, found = tree.query(edges, predicate="dwithin", distance=degrees_of(edge_m, places))
    own = ward[found] == of
    of, found = of[own], found[own]
    near = shapely.dwithin(
        places.to_metric(edges)[of], places.to_metric(points[found]), edge_m
    )
    on_edge[found[near]] = True
    return PlacedPoints(ward, on_edge)


def pieces_of_lines(
    places: Places, lines: NDArray[Any], *, length_m: Numbers | None = None
) -> Pieces:
    """
    Lines cut at the edges of wards.

    Only lines that cross an edge are cut. What runs along an edge belongs to
    the ward with the lowest code.

    Parameters
    ----------
    lines
        In longitude and latitude.
    length_m
        Geodesic length of each line where it is known already; NaN where not.
    """
    whole = np.full(len(lines), math.nan) if length_m is None else length_m.astype(np.float64)
    unknown = np.isnan(whole)
    whole[unknown] = _lengths_m(lines[unknown])
    ward = _wholly_within(places.areas, lines)
    apart, cut = np.flatnonzero(ward != OUTSIDE), np.flatnonzero(ward == OUTSIDE)
    of, wards, shapes = _cut(places.areas, lines[cut], shapely.length)
    size = _lengths_m(shapes)
    measured = np.maximum(_lengths_m(lines[cut]), 1e-9)
    lost = 1 - np.bincount(of, size, minlength=len(cut)) / measured
    size = size * (whole[cut] / measured)[of]
    rest = np.flatnonzero(lost * whole[cut] > _MILLIMETRE)
    nothing: NDArray[Any] = np.array([], dtype=object)
    return Pieces(
        np.concatenate([apart, cut[of], cut[rest]]),
        np.concatenate([ward[apart], wards, np.full(len(rest), OUTSIDE)]),
        np.concatenate([whole[apart], size, (lost * whole[cut])[rest]]),
        nothing,
    )


def pieces_of_areas(places: Places, areas: NDArray[Any]) -> Pieces:
    """
    Areas (longitude, latitude) cut at the edges of wards and measured in the metric CRS.

    They are cut in degrees, where the edges lie as they are stored.
    """
    ward = _wholly_within(places.areas, areas)
    apart, cut = np.flatnonzero(ward != OUTSIDE), np.flatnonzero(ward == OUTSIDE)
    of, within, shapes = _cut(places.areas, areas[cut], shapely.area)
    rest, outside = _remainders(areas[cut], of, shapes)
    shapes = places.to_metric(np.concatenate([areas[apart], shapes, outside]))
    return Pieces(
        np.concatenate([apart, cut[of], cut[rest]]),
        np.concatenate([ward[apart], within, np.full(len(rest), OUTSIDE)]),
        shapely.area(shapes),
        shapes,
    )


_MILLIMETRE = 1e-3
_ROUNDING = 1e-7
"""Share of a size that two ways of computing it may differ by."""


def _wholly_within(wards: NDArray[Any], things: NDArray[Any]) -> Indices:
    """The lowest ward that covers each thing."""
    ward = np.full(len(things), OUTSIDE, dtype=np.intp)
    of, found = shapely.STRtree(things).query(wards, predicate="covers")
    _keep_lowest(ward, found, of)
    return ward


def _cut(
    wards: NDArray[Any], things: NDArray[Any], size: Any
) -> tuple[Indices, Indices, NDArray[Any]]:
    """What of each thing lies in each ward; what lies in several counts in the lowest."""
    ward, of = shapely.STRtree(things).query(wards, predicate="intersects")
    order = np.lexsort((ward, of))
    ward, of = ward[order], of[order]
    shapes = shapely.intersection(things[of], wards[ward])
    total = np.bincount(of, size(shapes), minlength=len(things))
    for thing in np.flatnonzero(total > size(things) * (1 + _ROUNDING)):
        rest = things[thing]
        for piece in range(*np.searchsorted(of, (thing, thing + 1))):
            shapes[piece] = shapely.intersection(rest, wards[ward[piece]])
            rest = shapely.difference(rest, wards[ward[piece]])
    held = size(shapes) > 0
    return of[held], ward[held], shapes[held]


def _remainders(
    things: NDArray[Any], of: Indices, shapes: NDArray[Any]
) -> tuple[Indices, NDArray[Any]]:
    """Which areas are more than their pieces, and what is left of them."""
    found = np.bincount(of, shapely.area(shapes), minlength=len(things))
    rest = np.flatnonzero(found < shapely.area(things) * (1 - _ROUNDING))
    left = [
        shapely.difference(things[thing], shapely.union_all(shapes[of == thing])) for thing in rest
    ]
    return rest, np.array(left, dtype=object)


def _keep_lowest(ward: Indices, things: Indices, wards: Indices) -> None:
    """Note for each thing the lowest of its wards."""
    order = np.argsort(wards, kind="stable")[::-1]
    ward[things[order]] = wards[order]


def _lengths_m(lines: NDArray[Any]) -> Numbers:
    """Geodesic length of each line on WGS84, in metres."""
    parts, of_part = shapely.get_parts(lines, return_index=True)
    xy, part = shapely.get_coordinates(parts, return_index=True)
    same = part[1:] == part[:-1]
    start, end = xy[:-1][same], xy[1:][same]
    _, _, metres = _GEOD.inv(start[:, 0], start[:, 1], end[:, 0], end[:, 1])
    lengths: Numbers = np.zeros(len(lines))
    np.add.at(lengths, of_part[part[1:][same]], metres)
    return lengths


def _moved(shapes: NDArray[Any], srid: int) -> NDArray[Any]:
    transformer = Transformer.from_crs(WGS84, srid, always_xy=True)

    def forward(xy: Numbers) -> Numbers:
        x, y = transformer.transform(xy[:, 0], xy[:, 1], direction=TransformDirection.FORWARD)
        return np.column_stack([x, y])

    moved: NDArray[Any] = shapely.transform(shapes, forward)
    return moved


def degrees_of(metres: float, places: Places) -> float:
    """Degrees that are certainly no shorter than so many metres, anywhere in the wards."""
    _, south, _, north = shapely.total_bounds(places.areas)
    farthest = min(max(abs(south), abs(north)), 89.0)
    return metres / (_METRES_PER_DEGREE * math.cos(math.radians(farthest)))


def _metric_srid(frame: gpd.GeoDataFrame) -> int:
    west, south, east, north = to_wgs84(frame).total_bounds
    if not np.isfinite(west):
        return utm_srid(0.0, 0.0)
    return utm_srid(float((west + east) / 2), float((south + north) / 2))
