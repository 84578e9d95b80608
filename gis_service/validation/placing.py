"""
Rows whose place is odd: at null island, far from all others, twice at one place.

A row may be right all the same, so these are warnings; only zeros for an
unknown position are an error.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
import shapely

from gis_service.model.fields import Collection, GeometryType
from gis_service.model.reports import Severity
from gis_service.validation.columns import plain
from gis_service.validation.faults import Faults, Mask
from gis_service.validation.whereabouts import Shapes, Surroundings, wards_of

SAME_PLACE_M = 1.0
SAME_NAME_M = 200.0
OUTLIER_AT_LEAST_M = 5_000.0
"""Nothing nearer to the middle of the file is called far."""
OUTLIER_SPREADS = 3.0
"""So many inter-quartile ranges beyond the third quartile (Tukey's `far out`)."""
FEWEST_FOR_OUTLIERS = 8
MOSTLY = 0.8
"""Rows outside the wards are odd only in a file that otherwise lies in them."""
_COLUMN = "geometry"
_COMPARED = 8
"""Places of one square that each is compared with."""
_SHOWN_OTHERS = 4
_METRES_PER_DEGREE = 111_195.0


def check_places(
    shapes: Shapes,
    collection: Collection,
    names: Sequence[str | None] | None,
    around: Surroundings,
    faults: Faults,
) -> None:
    """
    Warn of odd places.

    Items of a collection without names, such as faults, may well share a place.

    Parameters
    ----------
    shapes
        Geometries in WGS84 of all rows; None where a row is at fault already.
    names
        What each row is called; None where the file does not tell.
    around
        What is known of the place.
    """
    left = np.flatnonzero(~shapely.is_missing(shapes))
    if not len(left):
        return
    middles = _middles(shapes[left])
    plane = _plane(middles)
    outside: Mask = np.zeros(len(left), dtype=bool)
    if collection.networked:
        outside = _outside_wards(middles, left, around, faults)
    _far_out(plane, left, faults, spared=outside)
    if "name" not in collection.by_name:
        return
    if collection.geometry is GeometryType.POINT:
        _twice(plane, left, names, faults)
    else:
        _drawn_twice(shapes, left, faults)


def _middles(shapes: Shapes) -> Any:
    points = shapely.point_on_surface(shapes)
    return np.column_stack((shapely.get_x(points), shapely.get_y(points)))


def _plane(middles: Any) -> Any:
    """Metres east and north, good enough within a county."""
    scale = np.cos(np.radians(np.median(middles[:, 1])))
    return np.column_stack((middles[:, 0] * scale, middles[:, 1])) * _METRES_PER_DEGREE


def _outside_wards(
    middles: Any, left: Any, around: Surroundings, faults: Faults
) -> Mask:
    """Rows in no ward, with the ward that a turned sign would bring them to."""
    odd: Mask = np.zeros(len(left), dtype=bool)
    if not len(around.wards):
        return odd
    inside = np.zeros(len(left), dtype=bool)
    inside[wards_of(shapely.points(middles), around.wards)[0]] = True
    if inside.all() or inside.mean() < MOSTLY:
        return odd
    odd = ~inside
    at = np.flatnonzero(odd)
    turned: dict[int, str] = {}
    for axis, word in ((1, "latitude"), (0, "longitude")):
        moved = middles[at].copy()
        moved[:, axis] *= -1
        points, wards = wards_of(shapely.points(moved), around.wards)
        for point, ward in zip(points.tolist(), wards.tolist(), strict=True):
            lon, lat = moved[point]
            turned[int(left[at[point]])] = (
                f"With the opposite sign of {word} it would be at {lon:.5f}, {lat:.5f}, "
                f"in the ward {around.ward_names[ward]}."
            )
    signs: Mask = np.zeros(len(faults.rows), dtype=bool)
    signs[list(turned)] = True
    faults.add(
        signs, column=_COLUMN, rule="sign-error", message=lambda p: turned[p],
        severity=Severity.WARNING,
    )
    others: Mask = np.zeros(len(faults.rows), dtype=bool)
    others[left[at]] = True
    faults.add(
        others & ~signs, column=_COLUMN, rule="outside-municipality",
        message="It lies in none of the wards that are known, most others of the file do.",
        severity=Severity.WARNING,
    )
    return odd


def _far_out(plane: Any, left: Any, faults: Faults, *, spared: Mask) -> None:
    """Rows much farther from the middle of the file than most, by inter-quartile range."""
    if len(left) < FEWEST_FOR_OUTLIERS:
        return
    metres = np.hypot(*(plane - np.median(plane, axis=0)).T)
    first, third = np.percentile(metres, (25, 75))
    limit = max(third + OUTLIER_SPREADS * (third - first), OUTLIER_AT_LEAST_M)
    far = (metres > limit) & ~spared
    distances = {int(left[p]): metres[p] for p in np.flatnonzero(far).tolist()}
    mask: Mask = np.zeros(len(faults.rows), dtype=bool)
    mask[list(distances)] = True
    faults.add(
        mask, column=_COLUMN, rule="outlier", severity=Severity.WARNING,
        message=lambda p: f"It lies {distances[p] / 1000:,.1f} km from the middle of the file; "
        f"three quarters of the rows lie within {third / 1000:,.1f} km.",
    )


def _twice(plane: Any, left: Any, names: Sequence[str | None] | None, faults: Faults) -> None:
    """Points at one place, and points of one name close together."""
    place = _near(plane, np.zeros(len(plane), dtype=int), SAME_PLACE_M)
    _report(_numbered(place, left), faults, "duplicate-place", "It stands where row {rows} stands.")
    if names is None:
        return
    called = np.array([plain(names[p] or "") for p in left.tolist()])
    some = np.flatnonzero(called != "")
    _, name = np.unique(called[some], return_inverse=True)
    near = {
        int(some[one]): int(some[other])
        for one, other in _near(plane[some], name, SAME_NAME_M).items()
    }
    _report(
        _numbered({one: other for one, other in near.items() if one not in place}, left),
        faults, "duplicate-name",
        f"Row {{rows}} has the same name, less than {SAME_NAME_M:g} m away.",
    )


def _near(plane: Any, group: Any, within_m: float) -> dict[int, int]:
    """
    Positions of places, and of another of the same group within a distance.

    Places are sorted into squares, four times so that no edge parts a pair, and
    compared with the next few of their square: a file of one place repeated
    takes no longer than any other.
    """
    found: dict[int, int] = {}
    for east, north in ((0.0, 0.0), (0.5, 0.0), (0.0, 0.5), (0.5, 0.5)):
        cells = np.floor(plane / (2 * within_m) + (east, north)).astype(np.int64)
        order = np.lexsort((plane[:, 1], plane[:, 0], cells[:, 1], cells[:, 0], group))
        keys = np.column_stack((group, cells))[order]
        for ahead in range(1, min(_COMPARED, len(order) - 1) + 1):
            alike = (keys[:-ahead] == keys[ahead:]).all(axis=1)
            one, other = order[:-ahead][alike], order[ahead:][alike]
            close = np.hypot(*(plane[one] - plane[other]).T) <= within_m
            for a, b in zip(one[close].tolist(), other[close].tolist(), strict=True):
                found.setdefault(a, b)
                found.setdefault(b, a)
    return found


def _numbered(pairs: dict[int, int], left: Any) -> dict[int, list[int]]:
    return {int(left[one]): [int(left[other])] for one, other in pairs.items()}


def _alike(group: Any, left: Any) -> dict[int, list[int]]:
    """Rows by row, of the same group."""
    members: dict[int, list[int]] = {}
    for position in np.flatnonzero(np.bincount(group)[group] > 1).tolist():
        members.setdefault(int(group[position]), []).append(int(left[position]))
    return {
        row: [other for other in rows[:_SHOWN_OTHERS] if other != row]
        for rows in members.values() for row in rows
    }


def _drawn_twice(shapes: Shapes, left: Any, faults: Faults) -> None:
    """Lines and surfaces that are drawn alike, whatever the direction."""
    # what is drawn alike has the same box and as many vertices; most lines are alone with theirs
    drawn = shapes[left]
    size = np.column_stack((shapely.bounds(drawn), shapely.get_num_coordinates(drawn)))
    several = np.flatnonzero(pd.DataFrame(size).duplicated(keep=False))
    if not len(several):
        return
    _, group = np.unique(
        shapely.to_wkb(shapely.normalize(drawn[several])), return_inverse=True
    )
    _report(
        _alike(group, left[several]), faults, "duplicate-place",
        "It is drawn exactly as row {rows}.",
    )


def _report(found: dict[int, list[int]], faults: Faults, rule: str, message: str) -> None:
    if not found:
        return
    mask: Mask = np.zeros(len(faults.rows), dtype=bool)
    mask[list(found)] = True
    faults.add(
        mask, column=_COLUMN, rule=rule, severity=Severity.WARNING,
        message=lambda p: message.format(rows=_listed([int(faults.rows[q]) for q in found[p]])),
    )


def _listed(rows: Sequence[int]) -> str:
    return ", ".join(str(row) for row in sorted(rows)[:3])
