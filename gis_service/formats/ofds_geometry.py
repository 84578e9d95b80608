"""
Positions of OFDS objects: longitude, latitude, and perhaps a height, in degrees of WGS84.

The database holds longitude and latitude. Where they are all that a geometry
says, the object is kept without them, and gets them back from the row; what
says more (a height, numbers as text) is kept as it stands.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import shapely

from gis_service.formats.ofds_mapping import GEOMETRIES
from gis_service.formats.ofds_package import Json

_TYPES = {"nodes": "Point", "spans": "LineString"}
FARTHEST_LATITUDE = 85.0
"""Beyond it Web Mercator, in which tiles are drawn, has no place."""
_LARGEST = 1e9


@dataclass(frozen=True, slots=True)
class Place:
    """
    Where an object is.

    Parameters
    ----------
    shape
        Point or line in degrees (longitude, latitude); None where there is none.
    kept
        The object as it is kept beside the row.
    rule, message
        What is odd, or why there is no shape; empty where all is well.
    """

    shape: Any
    kept: Json
    rule: str = ""
    message: str = ""


def place_of(array: str, object_: Json) -> Place:
    """Where a node or span is, and what of it is kept."""
    name = GEOMETRIES[array]
    value: Any = object_.get(name)
    rule, message, positions = _positions(array, value)
    found = [_position(each) for each in positions]
    places = [each for each in found if each is not None]
    if not rule and len(places) < len(found):
        rule = "bad-coordinate"
        message = f"A coordinate of its {name} is no number of degrees."
    if rule:
        return Place(None, object_, rule, message)
    shape = shapely.Point(*places[0][:2]) if array == "nodes" else shapely.LineString(
        [each[:2] for each in places]
    )
    if any(texts for _, _, texts in places):
        return Place(
            shape, object_, "coordinates-as-text",
            f"Coordinates of its {name} are written as text; they were read as numbers.",
        )
    if all(len(each) == 2 for each in positions):
        return Place(shape, {**object_, name: {**value, "coordinates": None}})
    return Place(shape, object_)


def with_place(array: str, kept: Json, coordinates: list[list[float]]) -> Json:
    """
    A kept object with the coordinates of its row, where it does not say them itself.

    Parameters
    ----------
    coordinates
        Longitude and latitude of each vertex of the row.
    """
    name = GEOMETRIES[array]
    value = kept.get(name)
    now: Any = coordinates[0] if array == "nodes" else coordinates
    if isinstance(value, dict):
        given = value.get("coordinates")
        positions = [given] if array == "nodes" else given
        if given is not None and isinstance(positions, list):
            found = [_position(each) for each in positions]
            if [each and [each[0], each[1]] for each in found] == coordinates:
                return kept
        return {**kept, name: {**value, "coordinates": now}}
    return {**kept, name: {"type": _TYPES[array], "coordinates": now}}


def _positions(array: str, value: Any) -> tuple[str, str, list[Any]]:
    """The positions of a geometry; or which rule it breaks and how."""
    name = GEOMETRIES[array]
    if value is None:
        return "no-geometry", f"It has no {name}.", []
    kind = value.get("type") if isinstance(value, dict) else value
    if not isinstance(value, dict) or kind != _TYPES[array]:
        message = f"Its {name} is no {_TYPES[array]}: {str(kind)[:60]!r}."
        return "wrong-geometry-type", message, []
    given = value.get("coordinates")
    positions = [given] if array == "nodes" else given
    if not isinstance(positions, list) or len(positions) < (1 if array == "nodes" else 2):
        return "broken-geometry", f"Its {name} has not enough positions.", []
    return "", "", positions


def _position(value: Any) -> tuple[float, float, bool] | None:
    """Longitude, latitude, and whether one was text; None where they are no numbers."""
    if not isinstance(value, list) or len(value) < 2:
        return None
    read = []
    texts = False
    for each in value[:2]:
        texts = texts or isinstance(each, str)
        number = _number(each)
        if number is None:
            return None
        read.append(number)
    return read[0], read[1], texts


def _number(value: Any) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        number = float(value)
    except (ValueError, OverflowError):
        return None
    return number if math.isfinite(number) and abs(number) <= _LARGEST else None
