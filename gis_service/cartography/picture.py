"""A small picture of the wards and their network, for pages without scripts."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import geopandas as gpd
import numpy as np
import shapely
from numpy.typing import NDArray

WIDTH = 1000
"""Units of the picture from west to east; coordinates are whole units."""
FINEST = 3.0
"""Outlines and lines are simplified by about so many units."""
FINEST_OF_WARD = 8.0
"""The same for a ward by itself, which is drawn larger."""
LEAST_ROOM = 22.0
"""A ward is labelled where a circle of this radius fits into it."""
MOST_VERTICES = 3_000
"""Of more in all links, the longest are drawn."""
MOST_MARKS = 400

Spot = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Plane:
    """
    Degrees as on a plane that is true at one latitude.

    That is enough for a picture from which nothing is measured.

    Parameters
    ----------
    west, north
        The upper left corner, in degrees.
    scale, narrowing
        Units for a degree from north to south, and how much shorter one from
        west to east is.
    """

    west: float
    north: float
    scale: float
    narrowing: float

    @classmethod
    def over(cls, west: float, south: float, east: float, north: float) -> Plane:
        """The plane on which a box of degrees is `WIDTH` wide."""
        narrowing = math.cos(math.radians((south + north) / 2))
        return cls(west, north, WIDTH / max((east - west) * narrowing, 1e-9), narrowing)

    def moved(self, places: NDArray[np.float64]) -> NDArray[np.float64]:
        """Places (n, 2) of (lon, lat) in units, the second axis downwards."""
        made: NDArray[np.float64] = (places - (self.west, self.north)) * (
            self.narrowing * self.scale, -self.scale
        )
        return made

    def placed(self, shapes: NDArray[Any]) -> NDArray[Any]:
        """Shapes in units."""
        made: NDArray[Any] = shapely.transform(shapes, self.moved)
        return made


@dataclass(frozen=True, slots=True)
class Area:
    """
    A ward of the picture.

    Parameters
    ----------
    path
        SVG path data.
    label
        Where its label stands; None where there is no room.
    """

    code: str
    name: str
    path: str
    label: Spot | None


@dataclass(frozen=True, slots=True)
class Picture:
    """
    Shapes of a picture, in units from its upper left corner.

    Parameters
    ----------
    plane
        How degrees become units.
    lines
        SVG path data of all links.
    nodes
        Where network nodes stand.
    """

    width: int
    height: int
    plane: Plane
    areas: tuple[Area, ...]
    lines: str = ""
    nodes: tuple[Spot, ...] = ()

    def spot(self, lon: float, lat: float) -> Spot:
        """Where a place lies in the picture, which may be outside of it."""
        x, y = self.plane.moved(np.array([[lon, lat]]))[0]
        return round(float(x)), round(float(y))


def draw_picture(
    wards: gpd.GeoDataFrame, links: gpd.GeoDataFrame, nodes: gpd.GeoDataFrame
) -> Picture | None:
    """
    The picture of all wards, with what of the network works.

    Parameters
    ----------
    wards, links, nodes
        In EPSG:4326; wards with `code` and `name`.

    Returns
    -------
    Picture or None
        None where there are no wards.
    """
    shapes = wards.geometry.to_numpy()
    if not len(shapes):
        return None
    plane, height = _plane(shapely.total_bounds(shapes))
    return Picture(
        WIDTH, height, plane, _areas(wards, plane, FINEST),
        _lines(plane.placed(links.geometry.to_numpy())),
        _spots(plane.placed(nodes.geometry.to_numpy())),
    )


def draw_ward(wards: gpd.GeoDataFrame, code: str) -> Picture:
    """The picture of one ward, with as much of the wards beside it as is seen around it."""
    outline = wards.geometry[wards["code"] == code].iloc[0]
    west, south, east, north = (float(each) for each in outline.bounds)
    margin = 0.08 * max(east - west, north - south)
    seen = (west - margin, south - margin, east + margin, north + margin)
    plane, height = _plane(seen)
    there = wards[wards.geometry.intersects(shapely.box(*seen))]
    cut = there.set_geometry(
        gpd.GeoSeries(shapely.clip_by_rect(there.geometry.to_numpy(), *seen), there.index)
    )
    return Picture(WIDTH, height, plane, _areas(cut, plane, FINEST_OF_WARD))


def _plane(bounds: Sequence[float]) -> tuple[Plane, int]:
    west, south, east, north = (float(each) for each in bounds)
    plane = Plane.over(west, south, east, north)
    return plane, max(1, math.ceil((north - south) * plane.scale))


def _areas(wards: gpd.GeoDataFrame, plane: Plane, finest: float) -> tuple[Area, ...]:
    """Outlines that still fit together after they were simplified."""
    outlines = shapely.coverage_simplify(plane.placed(wards.geometry.to_numpy()), finest)
    order = np.argsort(wards["name"].to_numpy(dtype=str), kind="stable")
    return tuple(
        _area(str(wards["code"].iloc[i]), str(wards["name"].iloc[i]), outlines[i])
        for i in order
    )


def _area(code: str, name: str, outline: Any) -> Area:
    rings = shapely.get_rings(shapely.get_parts(outline))
    circle = shapely.maximum_inscribed_circle(outline, 2.0)
    label = None
    if shapely.length(circle) >= LEAST_ROOM:
        x, y = shapely.get_coordinates(circle)[0]
        label = (round(float(x)), round(float(y)))
    return Area(code, name, "".join(_path(ring, closed=True) for ring in rings), label)


def _lines(shapes: NDArray[Any]) -> str:
    simple = shapely.simplify(shapes, FINEST, preserve_topology=False)
    order = np.argsort(-shapely.length(simple), kind="stable")
    vertices = shapely.get_num_coordinates(simple[order]).cumsum()
    return "".join(_path(line) for line in simple[order][vertices <= MOST_VERTICES])


def _path(line: Any, *, closed: bool = False) -> str:
    """A line in whole units, each step told from the one before; empty where nothing is left."""
    places = np.round(shapely.get_coordinates(line)).astype(int)
    if closed:
        places = places[:-1]
    steps = np.diff(places, axis=0)
    steps = steps[(steps != 0).any(axis=1)]
    if len(steps) < (2 if closed else 1):
        return ""
    x, y = places[0]
    return f"M{x} {y}l{''.join(_numbers(steps))}{'z' if closed else ''}"


def _numbers(steps: NDArray[np.int_]) -> Iterator[str]:
    """Numbers as path data has them: a minus sign parts them already."""
    for place, number in enumerate(steps.ravel().tolist()):
        yield f"{'' if number < 0 or not place else ' '}{number}"


def _spots(points: NDArray[Any]) -> tuple[Spot, ...]:
    places = np.unique(np.round(shapely.get_coordinates(points)).astype(int), axis=0)
    return tuple((x, y) for x, y in places[:MOST_MARKS].tolist())
