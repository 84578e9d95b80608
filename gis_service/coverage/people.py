"""Who is near to an access point: people by their cells, offices by their position."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray
from pyproj import Geod, Proj
from scipy.spatial import cKDTree

from gis_service.coverage.places import OUTSIDE, Numbers, Pieces, Places, degrees_of

QUARTER_STEPS = 16
"""Corners of a quarter of a disc: 64 in all, so its area is 0.16 % too small."""

_GEOD = Geod(ellps="WGS84")
_MOST_CORNERS = 200
"""A covered area is divided until its tiles have no more, so that cutting cells stays fast."""


def discs_around(places: Places, points: NDArray[Any], *, radius_m: float) -> NDArray[Any]:
    """
    Discs in the metric CRS around points of longitude and latitude.

    The radius is geodesic: UTM is conformal, so around a point all distances
    are stretched alike, by the scale at that point.
    """
    if not len(points):
        return np.array([], dtype=object)
    radius = radius_m * _scale(places.srid, points)
    discs: NDArray[Any] = shapely.buffer(
        places.to_metric(points), radius, quad_segs=QUARTER_STEPS
    )
    return discs


def united_areas(areas: NDArray[Any]) -> NDArray[Any]:
    """The parts of the union of areas, so that what lies in several counts once."""
    parts: NDArray[Any] = shapely.get_parts(shapely.union_all(areas))
    return parts


def covered_share(cells: Pieces, covered: NDArray[Any]) -> Numbers:
    """
    How much of each piece of a cell is covered, 0 to 1.

    Parameters
    ----------
    cells
        Pieces of `pieces_of_areas`.
    covered
        Areas of `united_areas`.
    """
    area = np.zeros(len(cells.shapes))
    if not len(covered) or not len(area):
        return area
    tree = shapely.STRtree(cells.shapes)
    _, whole = tree.query(covered, predicate="covers")
    area[whole] = cells.size[whole]
    tiles = _divided(covered)
    tile, piece = tree.query(tiles, predicate="intersects")
    partly = np.isin(piece, whole, invert=True)
    tile, piece = tile[partly], piece[partly]
    common = shapely.area(shapely.intersection(cells.shapes[piece], tiles[tile]))
    np.add.at(area, piece, common)
    return np.clip(area / cells.size, 0.0, 1.0)


def share_near(
    cells: Pieces, places: Places, points: NDArray[Any], discs: NDArray[Any], *, radius_m: float
) -> Numbers:
    """
    How much of each piece of a cell lies in a disc, 0 to 1.

    Discs are united ward by ward, those whose centre lies around the ward's box:
    so the share of a piece is the same whatever other wards are asked about.

    Parameters
    ----------
    points, discs
        Centres in longitude and latitude, and the discs of `discs_around`.
    """
    share = np.zeros(len(cells.shapes))
    if not len(discs) or not len(share):
        return share
    order = np.argsort(cells.ward, kind="stable")
    wards, first = np.unique(cells.ward[order], return_index=True)
    margin = degrees_of(radius_m, places)
    tree = shapely.STRtree(points)
    for ward, pieces in zip(wards, np.split(order, first[1:]), strict=True):
        if ward == OUTSIDE:
            share[pieces] = _share_alone(cells, pieces, discs)
            continue
        west, south, east, north = shapely.bounds(places.areas[ward])
        around = shapely.box(west - margin, south - margin, east + margin, north + margin)
        near = np.sort(tree.query(around))
        part = Pieces(
            cells.of[pieces], cells.ward[pieces], cells.size[pieces], cells.shapes[pieces]
        )
        share[pieces] = covered_share(part, united_areas(discs[near]))
    return share


def _share_alone(cells: Pieces, pieces: NDArray[np.intp], discs: NDArray[Any]) -> Numbers:
    """The share of each of these pieces, each looked at alone."""
    share = np.zeros(len(pieces))
    piece, disc = shapely.STRtree(discs).query(cells.shapes[pieces], predicate="intersects")
    order = np.lexsort((disc, piece))
    piece, disc = piece[order], disc[order]
    for one in np.unique(piece):
        shape = cells.shapes[pieces[one]]
        united = shapely.union_all(discs[disc[piece == one]])
        share[one] = shapely.area(shapely.intersection(shape, united)) / cells.size[pieces[one]]
    return np.clip(share, 0.0, 1.0)


def distance_m(places: Places, points: NDArray[Any], targets: NDArray[Any]) -> Numbers:
    """
    Geodesic distance of each point to the nearest of the targets; infinite without any.

    The nearest is found in the metric CRS, all in longitude and latitude.
    """
    if not len(targets) or not len(points):
        return np.full(len(points), np.inf)
    there = shapely.get_coordinates(places.to_metric(targets))
    here = shapely.get_coordinates(places.to_metric(points))
    _, nearest = cKDTree(there).query(here)
    start, end = shapely.get_coordinates(points), shapely.get_coordinates(targets)[nearest]
    _, _, metres = _GEOD.inv(start[:, 0], start[:, 1], end[:, 0], end[:, 1])
    return np.asarray(metres, dtype=np.float64)


def _scale(srid: int, points: NDArray[Any]) -> Numbers:
    """By how much the metric CRS stretches distances around each point."""
    xy = shapely.get_coordinates(points)
    factors = _projection(srid).get_factors(xy[:, 0], xy[:, 1])
    return np.asarray(factors.meridional_scale, dtype=np.float64)


@lru_cache(maxsize=8)
def _projection(srid: int) -> Proj:
    return Proj(srid)


def _divided(areas: NDArray[Any]) -> NDArray[Any]:
    """The same areas in tiles of few corners."""
    done: list[NDArray[Any]] = []
    while len(areas):
        large = shapely.get_num_coordinates(areas) > _MOST_CORNERS
        done.append(areas[~large])
        areas = shapely.get_parts(
            np.array([half for area in areas[large] for half in _halves(area)], dtype=object)
        )
    return np.concatenate(done)


def _halves(area: Any) -> tuple[Any, Any]:
    west, south, east, north = area.bounds
    if east - west > north - south:
        middle = (west + east) / 2
        return (
            shapely.clip_by_rect(area, west, south, middle, north),
            shapely.clip_by_rect(area, middle, south, east, north),
        )
    middle = (south + north) / 2
    return (
        shapely.clip_by_rect(area, west, south, east, middle),
        shapely.clip_by_rect(area, west, middle, east, north),
    )
