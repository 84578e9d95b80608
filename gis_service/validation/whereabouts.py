"""
Where on earth coordinates may lie: every reading that puts them where they can be.

Nothing is chosen here. Readings that fit equally are told as such, with what
tells them apart: WGS 84 / UTM and Arc 1960 / UTM differ by some 311 m in Kenya,
which no extent shows, and only the distance to what is known does.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import shapely
from pyproj import CRS, Geod, Transformer

from gis_service.crs import WGS84, crs_title
from gis_service.model.inspection import Box, PlaceCandidate, Whereabouts

Shapes = np.ndarray[Any, np.dtype[np.object_]]
Numbers = np.ndarray[Any, np.dtype[np.float64]]

MOST_LOOKED_AT = 2_000
"""Rows whose places are tried, from all over the file."""
FITS = 0.5
"""A reading fits when it puts at least this share of the rows inside."""
FEET = 0.3048
_MOST_DEGREES = 180
_NEAR_M = 2_000
_ALIKE = 0.05
"""Readings whose shares differ by less are told apart by nothing but what is near."""
_NEARER = 0.5
_NOT_NEARER_M = 100
_MOST_FEWER_DIGITS = 9
_GEOD = Geod(ellps="WGS84")

_SYSTEMS = (
    ("wgs84", 4326), ("utm-36s", 32736), ("utm-37s", 32737), ("utm-36n", 32636),
    ("utm-37n", 32637), ("arc1960-utm-36s", 21036), ("arc1960-utm-37s", 21037),
    ("arc1960-utm-36n", 21096), ("arc1960-utm-37n", 21097), ("arc1960", 4210),
    ("web-mercator", 3857),
)


@dataclass(frozen=True, slots=True)
class Surroundings:
    """
    What is known of the place where rows should lie.

    Parameters
    ----------
    extent
        Box of the network, in degrees of WGS84.
    wards
        Polygons in WGS84; empty where none are known.
    ward_names
        A name for each.
    known
        Points of items in WGS84 that the same network holds already.
    """

    extent: Box
    wards: Shapes
    ward_names: tuple[str, ...]
    known: Shapes

    @classmethod
    def of_extent(cls, extent: Box) -> Surroundings:
        """Nothing but a box."""
        none = np.empty(0, dtype=object)
        return cls(extent, none, (), none)


def places_of(shapes: Shapes, *, most: int = MOST_LOOKED_AT) -> Numbers:
    """One (x, y) for each of some shapes, from all over them, in their own coordinates."""
    some = shapes[~shapely.is_missing(shapes) & ~shapely.is_empty(shapes)]
    some = some[:: max(1, len(some) // most)][:most]
    bounds = shapely.bounds(some)
    found: Numbers = np.column_stack(
        ((bounds[:, 0] + bounds[:, 2]) / 2, (bounds[:, 1] + bounds[:, 3]) / 2)
    )
    return found[np.isfinite(found).all(axis=1)]


def whereabouts(
    places: Numbers, crs: CRS | None, surroundings: Surroundings, *, stated_by: str
) -> Whereabouts:
    """
    Where places may lie on earth.

    Parameters
    ----------
    places
        As `places_of` gives them, in the file's coordinates, x first.
    crs
        The CRS that is stated; None when none is.
    stated_by
        Who states it, for people: the file, its format, or the user.
    """
    readings = _readings(places, crs)
    if len(places) and np.abs(places).max() <= _MOST_DEGREES:
        # Metres as small as these would all lie beside the origin of a zone.
        readings = [each for each in readings if each.stated or not each.crs.is_projected]
    tried = [_candidate(each, places, surroundings) for each in readings]
    fitting = [c for c in tried if c.stated or c.share >= FITS]
    fitting.sort(key=_order)
    stated = next((c for c in fitting if c.stated), None)
    verdict, plausible = _verdict(fitting, stated, surroundings)
    return Whereabouts(
        crs=crs_title(crs) if crs is not None else "",
        stated_by=stated_by if crs is not None else "",
        candidates=tuple(fitting),
        verdict=verdict,
        plausible=plausible,
    )


def is_plausible(places: Numbers, crs: CRS, surroundings: Surroundings) -> bool:
    """Whether a CRS fits so well that no other need be tried."""
    stated = _Reading("stated", "", crs, _as_they_are, stated=True)
    found = _candidate(stated, places, surroundings)
    return found.share >= FITS and (found.to_known_m or 0.0) <= _NOT_NEARER_M


@dataclass(frozen=True, slots=True)
class _Reading:
    id: str
    title: str
    crs: CRS
    move: Callable[[Numbers], Numbers]
    correction: str = ""
    stated: bool = False


def _readings(places: Numbers, stated: CRS | None) -> list[_Reading]:
    found = []
    for name, code in _SYSTEMS:
        crs = CRS.from_epsg(code)
        same = stated is not None and stated.equals(crs, ignore_axis_order=True)
        found.append(_Reading(name, crs_title(crs), crs, _as_they_are, stated=same))
    if stated is not None and not any(each.stated for each in found):
        found.append(_Reading("stated", crs_title(stated), stated, _as_they_are, stated=True))
    found += [
        replace(
            each, id=f"{each.id}-swapped", title=f"{each.title}, its two axes swapped",
            move=_swapped, correction="Swap the two coordinates in the file.", stated=False,
        )
        for each in found
        if not each.id.endswith("n") and each.id != "arc1960"
    ]
    found += [
        _Reading(
            f"{name}-feet", f"{crs_title(crs)}, but in feet", crs, _from_feet,
            "Multiply the coordinates by 0.3048: they are in feet.",
        )
        for name, crs in ((n, CRS.from_epsg(c)) for n, c in _SYSTEMS if n.endswith("s"))
    ]
    for name, title, signs in (
        ("latitude-sign", "the sign of latitude turned", (1, -1)),
        ("longitude-sign", "the sign of longitude turned", (-1, 1)),
    ):
        found.append(
            _Reading(
                name, f"Longitude and latitude, {title}", WGS84, _signed(signs),
                "Turn the sign in the file: south of the equator latitudes are negative.",
            )
        )
    if len(places) and np.abs(places).max() > 180:
        found.append(
            _Reading(
                "decimal-point", "Longitude and latitude whose decimal point was lost", WGS84,
                _pointed, "Write the decimal point again: 34766700 is 34.766700.",
            )
        )
    return found


def _as_they_are(places: Numbers) -> Numbers:
    return places


def _swapped(places: Numbers) -> Numbers:
    return places[:, ::-1]


def _from_feet(places: Numbers) -> Numbers:
    return places * FEET


def _signed(signs: tuple[int, int]) -> Callable[[Numbers], Numbers]:
    return lambda places: places * np.array(signs, dtype=float)


def _pointed(places: Numbers) -> Numbers:
    """Each number with its point before the digits that make it a whole degree of Kenya."""
    moved = places.astype(float).copy()
    for axis, least, most in ((0, 33.0, 42.5), (1, 0.0, 5.6)):
        for digits in range(_MOST_FEWER_DIGITS, 0, -1):
            smaller = np.abs(places[:, axis]) / 10**digits
            fits = (smaller >= least) & (smaller <= most) & (np.abs(places[:, axis]) > 180)
            moved[fits, axis] = np.sign(places[fits, axis]) * smaller[fits]
    return moved


def _candidate(reading: _Reading, places: Numbers, around: Surroundings) -> PlaceCandidate:
    lon, lat = in_degrees(reading.move(places), reading.crs)
    west, south, east, north = around.extent
    with np.errstate(invalid="ignore"):
        inside = (lon >= west) & (lon <= east) & (lat >= south) & (lat <= north)
    points = shapely.points(lon[inside], lat[inside])
    epsg = reading.crs.to_epsg()
    named = f"EPSG:{epsg}" if epsg is not None else ""
    return PlaceCandidate(
        id=reading.id,
        title=reading.title,
        crs="" if reading.correction else named,
        looked_at=len(places),
        inside=int(inside.sum()),
        in_wards=_in_wards(points, around.wards),
        to_known_m=_to_known_m(points, around.known),
        stated=reading.stated,
        correction=reading.correction,
    )


def in_degrees(places: Numbers, crs: CRS) -> tuple[Numbers, Numbers]:
    """Longitudes and latitudes of places; infinite where the CRS has no use there."""
    if crs == WGS84:
        return places[:, 0], places[:, 1]
    move = Transformer.from_crs(crs, WGS84, always_xy=True)
    lon, lat = move.transform(places[:, 0], places[:, 1])
    return np.asarray(lon, dtype=float), np.asarray(lat, dtype=float)


def _in_wards(points: Shapes, wards: Shapes) -> int | None:
    if not len(wards):
        return None
    return len(np.unique(wards_of(points, wards)[0]))


def wards_of(points: Shapes, wards: Shapes) -> tuple[Any, Any]:
    """Pairs of positions: a point, and a ward that it lies in."""
    pairs = shapely.STRtree(points).query(wards, predicate="intersects")
    return pairs[1], pairs[0]


def _to_known_m(points: Shapes, known: Shapes) -> float | None:
    """Median distance to the nearest known item; None when most have none near."""
    if not len(known) or not len(points):
        return None
    nearest = known[shapely.STRtree(known).nearest(points)]
    _, _, metres = _GEOD.inv(
        shapely.get_x(points), shapely.get_y(points), shapely.get_x(nearest), shapely.get_y(nearest)
    )
    middle = float(np.median(metres))
    return round(middle, 1) if middle <= _NEAR_M else None


def _order(candidate: PlaceCandidate) -> tuple[float, float, bool]:
    """The most inside first, then the nearest to what is known, then what needs no correction."""
    metres = np.inf if candidate.to_known_m is None else candidate.to_known_m
    return -round(candidate.share, 2), metres, bool(candidate.correction)


def _verdict(
    fitting: Sequence[PlaceCandidate], stated: PlaceCandidate | None, around: Surroundings
) -> tuple[str, bool]:
    where = "in a known ward" if len(around.wards) else "inside the network's extent"
    best = fitting[0] if fitting else None
    if best is None:
        return f"No reading of the coordinates puts the rows {where}.", False
    if stated is not None:
        if stated.share >= FITS:
            return _beside(stated, fitting, where)
        if best.share < FITS:
            return (
                f"{stated.title} puts {stated.share:.0%} of the rows {where}, and no other "
                "reading does better.", stated.inside > 0,
            )
        return (
            f"{stated.title} puts {stated.share:.0%} of the rows {where}; "
            f"{best.title} would put {best.share:.0%} there. {_to_do(best)}", False,
        )
    alike = _alike(best, fitting)
    if not alike:
        return f"{best.title} puts {best.share:.0%} of the rows {where}. {_to_do(best)}", True
    names = " and ".join(each.title for each in (best, *alike))
    return f"{names} put the same share of the rows {where}. {_apart(best, alike)}", True


def _beside(
    stated: PlaceCandidate, fitting: Sequence[PlaceCandidate], where: str
) -> tuple[str, bool]:
    """A stated CRS that fits; something known may lie much nearer under another."""
    told = f"{stated.title} puts {stated.share:.0%} of the rows {where}."
    nearer = [
        each for each in fitting
        if each is not stated and _is_much_nearer(each, stated) and each.share >= stated.share
    ]
    if not nearer:
        return told, True
    other = nearer[0]
    return (
        f"{told} But under {other.title} they lie {other.to_known_m:,.0f} m from what is known "
        f"here (median), under the stated one {stated.to_known_m:,.0f} m. {_to_do(other)}", False,
    )


def _is_much_nearer(one: PlaceCandidate, other: PlaceCandidate) -> bool:
    if one.to_known_m is None or other.to_known_m is None:
        return False
    return other.to_known_m > 100 and one.to_known_m < other.to_known_m * _NEARER


def _alike(best: PlaceCandidate, fitting: Sequence[PlaceCandidate]) -> list[PlaceCandidate]:
    return [
        each for each in fitting
        if each is not best and best.share - each.share < _ALIKE
        and bool(each.correction) == bool(best.correction)
    ]


def _apart(best: PlaceCandidate, alike: Sequence[PlaceCandidate]) -> str:
    measured = [each for each in (best, *alike) if each.to_known_m is not None]
    if len(measured) < 2:
        return (
            "They lie some hundred metres apart, and nothing here tells which is right: ask "
            "whoever made the file, or compare one row with a place that you know."
        )
    told = ", ".join(f"{each.to_known_m:,.0f} m under {each.crs or each.title}"
                     for each in measured)
    return (
        f"What tells them apart is the median distance to the nearest known item: {told}. "
        "Ask whoever made the file before you choose."
    )


def _to_do(candidate: PlaceCandidate) -> str:
    if candidate.correction:
        return candidate.correction
    return f"If that is right, load it with --crs {candidate.crs}."
