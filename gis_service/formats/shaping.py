"""
Geometry made fit for its collection, in the reading process.

What is changed is told row by row, and what cannot be made fit is left as it
is, for validation to refuse. Nothing is repaired elsewhere: on a hostile
polygon GEOS works for minutes, and only a process can be ended.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import shapely
from shapely import GeometryType as Kind

from gis_service.formats.repairing import repaired
from gis_service.formats.rows import GEOMETRY, ROW, Rows
from gis_service.formats.wkb import shapes_of
from gis_service.model.fields import GeometryType

Mask = np.ndarray[Any, np.dtype[np.bool_]]
_MULTI = {
    Kind.POINT: shapely.multipoints,
    Kind.LINESTRING: shapely.multilinestrings,
    Kind.POLYGON: shapely.multipolygons,
}
_BLOCK = 10_000
"""Rows whose geometries are held at one time."""
_CAN_CROSS = 4
"""A line of fewer vertices cannot cross itself."""


@dataclass(frozen=True, slots=True)
class Shaping:
    """
    What the collection needs.

    Parameters
    ----------
    wanted
        Its geometry type.
    most_vertices
        A geometry with more is not touched.
    merge
        Whether parts of a line that join are made one line.
    """

    wanted: GeometryType
    most_vertices: int
    merge: bool = True


def shape_rows(rows: Rows, shaping: Shaping) -> None:
    """Put each geometry in `rows.table` into shape, and tell of it in `rows.faults`."""
    if GEOMETRY not in rows.table.column_names:
        return
    column = rows.table.column(GEOMETRY)
    numbers = _numbers(rows)
    # all polygons at once: their repair has one budget of time
    block = len(column) if shaping.wanted == GeometryType.MULTI_POLYGON else _BLOCK
    shaped: list[pa.Array] = []
    changed = False
    for begin in range(0, len(column), max(block, 1)):
        part = column.slice(begin, block)
        wkb = part.to_numpy()
        work = _Work(
            wkb, numbers[begin : begin + block], rows.faults, shaping.most_vertices
        )
        work.shape(shaping)
        if work.changed.any():
            changed = True
            wkb = wkb.copy()
            wkb[work.changed] = shapely.to_wkb(work.shapes[work.changed])
            shaped.append(pa.array(wkb, pa.binary()))
        else:
            shaped += part.chunks
    if changed:
        position = rows.table.column_names.index(GEOMETRY)
        rows.table = rows.table.set_column(
            position, rows.table.schema.field(position), pa.chunked_array(shaped)
        )


def _numbers(rows: Rows) -> Sequence[int]:
    if ROW in rows.table.column_names:
        return [int(number) for number in rows.table.column(ROW).to_pylist()]
    return range(rows.before + 1, rows.before + rows.table.num_rows + 1)


class _Work:
    """The geometries, which of them may be touched, and which were changed."""

    def __init__(
        self, wkb: Any, numbers: Sequence[int], faults: list[dict[str, Any]], most_vertices: int
    ) -> None:
        self.shapes = shapes_of(wkb)
        self.numbers = numbers
        self.faults = faults
        self.changed: Mask = np.zeros(len(self.shapes), dtype=bool)
        self.counts = shapely.get_num_coordinates(self.shapes)
        self.fit: Mask = (self.counts > 0) & (self.counts <= most_vertices)
        coordinates, index = shapely.get_coordinates(self.shapes, return_index=True)
        self.fit[index[~np.isfinite(coordinates).all(axis=1)]] = False
        again = (coordinates[1:] == coordinates[:-1]).all(axis=1) & (index[1:] == index[:-1])
        self.repeating: Mask = np.zeros(len(self.shapes), dtype=bool)
        self.repeating[index[1:][again]] = True

    def shape(self, shaping: Shaping) -> None:
        self.gather()
        self.without_repeats()
        if shaping.wanted == GeometryType.LINE_STRING:
            if shaping.merge:
                self.merge()
            self.crossings()
        if shaping.wanted == GeometryType.MULTI_POLYGON:
            self.repair()

    def gather(self) -> None:
        """Collections of one kind of geometry become that kind."""
        collections = self._of_kind(Kind.GEOMETRYCOLLECTION)
        for position in np.flatnonzero(collections).tolist():
            parts = shapely.get_parts(self.shapes[position])
            kinds = set(shapely.get_type_id(parts).tolist())
            if len(parts) == 1:
                self._set(position, parts[0])
            elif len(kinds) == 1 and (kind := Kind(kinds.pop())) in _MULTI:
                self._set(position, _MULTI[kind](parts))

    def without_repeats(self) -> None:
        """A vertex that stands in one place with the one before it is left out."""
        chosen = self.fit & self.repeating & (shapely.get_dimensions(self.shapes) > 0)
        if not chosen.any():
            return
        thinned = self.shapes.copy()
        thinned[chosen] = shapely.remove_repeated_points(self.shapes[chosen], 0.0)
        gone = self.counts - shapely.get_num_coordinates(thinned)
        kept = chosen & (gone > 0) & (shapely.length(thinned) > 0)
        self._tell(
            kept, "repeated-vertices",
            lambda p: f"Vertices that repeat the one before them were left out: {gone[p]:,}.",
        )
        for position in np.flatnonzero(kept).tolist():
            self._set(position, thinned[position])

    def merge(self) -> None:
        """Parts that join end to end become one line, along their direction where that is one."""
        chosen = self._of_kind(Kind.MULTILINESTRING)
        parts = shapely.get_num_geometries(self.shapes)
        several = chosen & (parts > 1)
        merged = self.shapes.copy()
        for directed in (True, False):
            left = several & (shapely.get_type_id(merged) != Kind.LINESTRING)
            merged[left] = shapely.line_merge(self.shapes[left], directed=directed)
        joined = several & (shapely.get_type_id(merged) == Kind.LINESTRING)
        self._tell(
            joined, "parts-merged",
            lambda p: f"Its {parts[p]:,} parts join end to end; they were made one line.",
        )
        for position in np.flatnonzero(joined).tolist():
            self._set(position, merged[position])

    def crossings(self) -> None:
        chosen = self._of_kind(Kind.LINESTRING) & (self.counts >= _CAN_CROSS)
        crossing = np.zeros(len(self.shapes), dtype=bool)
        crossing[chosen] = ~shapely.is_simple(self.shapes[chosen])
        self._tell(
            crossing, "self-crossing",
            lambda _: "The line crosses or touches itself. Check that its vertices stand in order.",
        )

    def repair(self) -> None:
        """Polygons that are not valid, within limits of vertices and time."""
        chosen = self._of_kind(Kind.POLYGON) | self._of_kind(Kind.MULTIPOLYGON)
        chosen[chosen] = ~shapely.is_valid(self.shapes[chosen])
        positions = np.flatnonzero(chosen).tolist()
        reasons = {p: shapely.is_valid_reason(self.shapes[p]) for p in positions}
        mended = np.zeros(len(self.shapes), dtype=bool)
        for position, shape in zip(
            positions, repaired([self.shapes[p] for p in positions]), strict=True
        ):
            if shape is not None:
                self._set(position, shape)
                mended[position] = True
        self._tell(
            mended, "repaired-polygon",
            lambda p: f"{_place(reasons[p])} It was repaired; look at it on the map.",
        )

    def _of_kind(self, kind: Kind) -> Mask:
        chosen: Mask = self.fit & (shapely.get_type_id(self.shapes) == kind)
        return chosen

    def _set(self, position: int, shape: Any) -> None:
        self.shapes[position] = shape
        self.changed[position] = True

    def _tell(self, mask: Mask, rule: str, message: Callable[[int], str]) -> None:
        for position in np.flatnonzero(mask).tolist():
            self.faults.append({
                "row": self.numbers[position], "column": "geometry", "rule": rule, "value": "",
                "message": message(position), "severity": "warning",
            })  # fmt: skip


def _place(reason: str) -> str:
    """`Self-intersection[34.1 -0.6]` as a sentence."""
    what, _, where = reason.partition("[")
    return f"{what.strip()} at {where.rstrip(']')}." if where else f"{what.strip()}."
