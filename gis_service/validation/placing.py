"""
Rows whose place is odd: at null island, far from all others, twice at one place.

A row may be right all the same, so these are warnings; only zeros for an
unknown position are an error.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import pyarrow as pa
import shapely

from gis_service.model.fields import Collection, GeometryType
from gis_service.model.reports import RowFault, Severity
from gis_service.validation.columns import plain
from gis_service.validation.drawn import Counts, Drawn, Floats, Ints, in_blocks
from gis_service.validation.faults import Faults, Mask
from gis_service.validation.key_index import Hashes, hashes
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
_LINES, _VERTICES = 10_000, 1_000_000
"""Drawings that are compared at one time, and their vertices."""
_METRES_PER_DEGREE = 111_195.0


class Places:
    """
    Where the rows of a file stand, gathered part by part and looked at as a whole.

    Items of a collection without names, such as faults, may well share a place. Of
    each row 33 bytes are kept.
    """

    def __init__(self, collection: Collection, around: Surroundings) -> None:
        self._collection, self._around = collection, around
        self._points = collection.geometry is GeometryType.POINT
        self._parts: list[_Part] = []
        self._seen = 0

    def add(
        self, rows: Ints, shapes: Shapes, names: Sequence[str | None] | None
    ) -> None:
        """
        Take note of rows.

        Parameters
        ----------
        rows
            Their numbers in the file.
        shapes
            Geometries in WGS84; None where there is none.
        names
            What each row is called; None where the file does not tell.
        """
        left = np.flatnonzero(~shapely.is_missing(shapes))
        drawn = shapes[left]
        points = shapely.point_on_surface(drawn)
        middles = np.column_stack((shapely.get_x(points), shapely.get_y(points)))
        twins = "name" in self._collection.by_name
        alike = np.zeros(len(left), dtype=np.uint64)
        if twins and self._points and names is not None:
            alike = hashes(pa.array(
                [plain(names[at] or "") or None for at in left.tolist()], pa.string()
            ))
        elif twins and not self._points:
            # what is drawn alike has the same box and as many vertices
            size = np.column_stack((shapely.bounds(drawn), shapely.get_num_coordinates(drawn)))
            boxes = pd.util.hash_pandas_object(pd.DataFrame(size), index=False)
            alike = np.asarray(boxes.to_numpy(), dtype=np.uint64)
        self._parts.append(_Part(
            np.asarray(rows, dtype=np.int32)[left], (self._seen + left).astype(np.int32), middles,
            self._in_wards(middles), alike,
        ))
        self._seen += len(shapes)

    def _in_wards(self, middles: Floats) -> Mask:
        inside: Mask = np.zeros(len(middles), dtype=bool)
        if self._collection.networked and len(self._around.wards):
            inside[wards_of(shapely.points(middles), self._around.wards)[0]] = True
        return inside

    def check(self, drawn: Drawn, *, without: Ints) -> list[RowFault]:
        """
        Warnings of odd places.

        Parameters
        ----------
        drawn
            All geometries, in the order in which they were added.
        without
            Numbers of rows that are at fault after all, and are passed over.
        """
        if not self._parts:
            return []
        columns: Any = zip(*self._parts, strict=True)
        whole = _Part(*map(np.concatenate, columns))
        self._parts.clear()
        if len(without):
            kept = ~np.isin(whole.rows, without)
            whole = whole.some(kept)
        if not len(whole.rows):
            return []
        faults = Faults(pd.Index(whole.rows))
        plane = _plane(whole.middles)
        outside: Mask = np.zeros(len(whole.rows), dtype=bool)
        if self._collection.networked and len(self._around.wards):
            outside = _outside_wards(whole, self._around, faults)
        _far_out(plane, faults, spared=outside)
        if "name" in self._collection.by_name:
            if self._points:
                _twice(plane, whole.alike, faults)
            else:
                _drawn_twice(whole, drawn, faults)
        return faults.found


class _Part(NamedTuple):
    """
    Rows that have a place.

    Parameters
    ----------
    at
        Which of all geometries is theirs.
    alike
        A hash of what is compared: of the name, or of the box and the number of vertices.
    """

    rows: Counts
    at: Counts
    middles: Floats
    inside: Mask
    alike: Hashes

    def some(self, kept: Mask) -> _Part:
        return _Part(
            self.rows[kept], self.at[kept], self.middles[kept], self.inside[kept], self.alike[kept]
        )


def _plane(middles: Floats) -> Floats:
    """Metres east and north, good enough within a county."""
    scale = np.cos(np.radians(np.median(middles[:, 1])))
    plane: Floats = np.column_stack((middles[:, 0] * scale, middles[:, 1])) * _METRES_PER_DEGREE
    return plane


def _outside_wards(whole: _Part, around: Surroundings, faults: Faults) -> Mask:
    """Rows in no ward, with the ward that a turned sign would bring them to."""
    odd: Mask = ~whole.inside
    if not odd.any() or whole.inside.mean() < MOSTLY:
        return np.zeros(len(odd), dtype=bool)
    at = np.flatnonzero(odd)
    turned: dict[int, str] = {}
    for axis, word in ((1, "latitude"), (0, "longitude")):
        moved = whole.middles[at].copy()
        moved[:, axis] *= -1
        points, wards = wards_of(shapely.points(moved), around.wards)
        for point, ward in zip(points.tolist(), wards.tolist(), strict=True):
            lon, lat = moved[point]
            turned[int(at[point])] = (
                f"With the opposite sign of {word} it would be at {lon:.5f}, {lat:.5f}, "
                f"in the ward {around.ward_names[ward]}."
            )
    signs: Mask = np.zeros(len(odd), dtype=bool)
    signs[list(turned)] = True
    faults.add(
        signs, column=_COLUMN, rule="sign-error", message=lambda p: turned[p],
        severity=Severity.WARNING,
    )
    faults.add(
        odd & ~signs, column=_COLUMN, rule="outside-municipality",
        message="It lies in none of the wards that are known, most others of the file do.",
        severity=Severity.WARNING,
    )
    return odd


def _far_out(plane: Floats, faults: Faults, *, spared: Mask) -> None:
    """Rows much farther from the middle of the file than most, by inter-quartile range."""
    if len(plane) < FEWEST_FOR_OUTLIERS:
        return
    metres = np.hypot(*(plane - np.median(plane, axis=0)).T)
    first, third = np.percentile(metres, (25, 75))
    limit = max(third + OUTLIER_SPREADS * (third - first), OUTLIER_AT_LEAST_M)
    faults.add(
        (metres > limit) & ~spared, column=_COLUMN, rule="outlier", severity=Severity.WARNING,
        message=lambda p: f"It lies {metres[p] / 1000:,.1f} km from the middle of the file; "
        f"three quarters of the rows lie within {third / 1000:,.1f} km.",
    )


def _twice(plane: Floats, names: Hashes, faults: Faults) -> None:
    """Points at one place, and points of one name close together."""
    place = _near(plane, np.zeros(len(plane), dtype=np.uint64), SAME_PLACE_M)
    _report(place, faults, "duplicate-place", "It stands where row {row} stands.")
    some = np.flatnonzero(names != 0)
    near: Ints = np.full(len(plane), -1, dtype=np.int64)
    other = _near(plane[some], names[some], SAME_NAME_M)
    near[some[other >= 0]] = some[other[other >= 0]]
    near[place >= 0] = -1
    _report(
        near, faults, "duplicate-name",
        f"Row {{row}} has the same name, less than {SAME_NAME_M:g} m away.",
    )


def _near(plane: Floats, group: Hashes, within_m: float) -> Ints:
    """
    Another place of the same group within a distance of each; -1 where there is none.

    Places are sorted into squares, four times so that no edge parts a pair, and
    compared with the next few of their square: a file of one place repeated
    takes no longer than any other.
    """
    found: Ints = np.full(len(plane), -1, dtype=np.int64)
    for east, north in ((0.0, 0.0), (0.5, 0.0), (0.0, 0.5), (0.5, 0.5)):
        cells = np.floor(plane / (2 * within_m) + (east, north)).astype(np.int64)
        order = np.lexsort((plane[:, 1], plane[:, 0], cells[:, 1], cells[:, 0], group))
        cells, groups = cells[order], group[order]
        for ahead in range(1, min(_COMPARED, len(order) - 1) + 1):
            alike = (cells[:-ahead] == cells[ahead:]).all(axis=1)
            alike &= groups[:-ahead] == groups[ahead:]
            one, other = order[:-ahead][alike], order[ahead:][alike]
            close = np.hypot(*(plane[one] - plane[other]).T) <= within_m
            # each keeps the first that was found, in the order of the pairs
            mine = np.column_stack((one[close], other[close])).ravel()
            theirs = np.column_stack((other[close], one[close])).ravel()
            free = found[mine] < 0
            places, first = np.unique(mine[free], return_index=True)
            found[places] = theirs[free][first]
    return found


def _drawn_twice(whole: _Part, drawn: Drawn, faults: Faults) -> None:
    """Lines and surfaces that are drawn alike, whatever the direction."""
    order = np.argsort(whole.alike, kind="stable")
    same = whole.alike[order][1:] == whole.alike[order][:-1]
    several = np.zeros(len(order), dtype=bool)
    several[order[1:][same]] = several[order[:-1][same]] = True
    candidates = np.flatnonzero(several)
    if not len(candidates):
        return
    digests: Hashes = np.zeros(len(candidates), dtype=np.uint64)
    for block in in_blocks(
        drawn.vertices[whole.at[candidates]], most=_LINES, most_vertices=_VERTICES
    ):
        shapes = shapely.normalize(drawn.take(whole.at[candidates[block]].astype(np.int64)))
        digests[block] = pd.util.hash_array(shapely.to_wkb(shapes), categorize=False)
    _, group, count = np.unique(digests, return_inverse=True, return_counts=True)
    group = group.reshape(-1)
    alike = np.flatnonzero(count[group] > 1)
    by_group = alike[np.argsort(group[alike], kind="stable")]
    begins = np.searchsorted(group[by_group], np.arange(len(count)))
    mask: Mask = np.zeros(len(whole.rows), dtype=bool)
    mask[candidates[alike]] = True
    of = np.full(len(whole.rows), -1, dtype=np.int64)
    of[candidates] = group

    def others(position: int) -> str:
        number = int(of[position])
        first = int(begins[number])
        members = by_group[first : first + min(int(count[number]), _SHOWN_OTHERS)]
        rows = sorted(int(faults.rows[p]) for p in candidates[members] if p != position)
        return ", ".join(map(str, rows[:_SHOWN_OTHERS - 1]))

    faults.add(
        mask, column=_COLUMN, rule="duplicate-place", severity=Severity.WARNING,
        message=lambda p: f"It is drawn exactly as row {others(p)}.",
    )


def _report(found: Ints, faults: Faults, rule: str, message: str) -> None:
    faults.add(
        found >= 0, column=_COLUMN, rule=rule, severity=Severity.WARNING,
        message=lambda p: message.format(row=int(faults.rows[found[p]])),
    )
