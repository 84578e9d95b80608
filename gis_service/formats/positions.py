"""Where the rows of a table are: from two columns, from one, or from well-known text."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import shapely

from gis_service.errors import UnreadableFile
from gis_service.formats.angles import Angle, NotAnAngle, metres, parse_angle, parse_pair
from gis_service.formats.position_columns import (
    Cells,
    Columns,
    coordinate_pair,
    longitude_first,
    says_degrees,
    written_column,
)

_HEX = re.compile(r"0[01][0-9A-Fa-f]{16,}")
_EWKT = re.compile(r"\s*SRID\s*=\s*(\d+)\s*;\s*", re.IGNORECASE)


@dataclass(slots=True)
class Positions:
    """
    What a table's columns say of where its rows are.

    Parameters
    ----------
    shapes
        WKB by row; None for the whole when no column holds coordinates.
    used
        Columns that the shapes were made from.
    crs
        What the cells themselves state (EWKT, EWKB); None when they are silent.
    degrees
        Whether the coordinates are degrees, so that WGS84 may be assumed.
    """

    shapes: Sequence[bytes | None] | None = None
    used: tuple[str, ...] = ()
    crs: str | None = None
    degrees: bool = True
    notes: list[str] = field(default_factory=list)


def find_positions(
    columns: Columns,
    numbers: Sequence[int],
    named: Mapping[str, str],
    faults: list[dict[str, Any]],
    *,
    metric: bool = False,
) -> Positions:
    """
    The geometry of a table's rows.

    Parameters
    ----------
    columns
        Texts by column; None where a cell is empty.
    numbers
        Each row's number, for the faults.
    named
        Columns for `longitude` and `latitude` (or easting and northing), or
        for `geometry`, where the user says so.
    faults
        Keyword arguments of `RowFault` are added for cells that cannot be read.
    metric
        Whether the user named a CRS in metres: then easting and northing are
        preferred where degrees stand in the table too.

    Raises
    ------
    UnreadableFile
        A column that was named is not there.
    """
    for theirs in named.values():
        if theirs not in columns:
            raise UnreadableFile(
                f"There is no column {theirs!r} for the coordinates. Columns: {', '.join(columns)}."
            )
    reading = _Reading(columns, numbers, faults)
    if "geometry" in named:
        return reading.written(named["geometry"])
    pair = coordinate_pair(columns, named, metric=metric)
    if pair is not None:
        return reading.pair(*pair)
    written = written_column(columns)
    return Positions() if written is None else reading.written(written)


class _Reading:
    """Cells that become geometry, and what is wrong with them."""

    def __init__(
        self, columns: Columns, numbers: Sequence[int], faults: list[dict[str, Any]]
    ) -> None:
        self.columns = columns
        self.numbers = numbers
        self.faults = faults
        self.sexagesimal = 0

    def pair(self, east: str, north: str, in_metres: bool) -> Positions:
        read = self._metres if in_metres else self._degrees
        xs = self._numbers(east, north, read("longitude"))
        ys = self._numbers(north, east, read("latitude"))
        plain = not self.sexagesimal and _far_from_degrees(xs, ys)
        metric = in_metres or (plain and not says_degrees(east, north))
        points = shapely.points(xs, ys)
        whole = ~(np.isnan(xs) | np.isnan(ys))
        wkb = shapely.to_wkb(points)
        wkb[~whole] = None
        return Positions(wkb.tolist(), (east, north), degrees=not metric, notes=self._notes())

    def written(self, name: str) -> Positions:
        """Well-known text or binary, or both coordinates in one cell."""
        shapes: list[Any] = []
        found: dict[int, int] = {}
        turned = longitude_first(name)
        assumed = 0
        for number, cell in zip(self.numbers, self.columns[name], strict=True):
            shape, srid = None, 0
            if cell is not None:
                try:
                    shape, srid = _shape(cell)
                    if shape is None:
                        pair = parse_pair(cell)
                        shape, lettered = _point(pair, longitude_first=turned)
                        assumed += not lettered
                        self.sexagesimal += max(angle.parts for angle in pair) > 1
                except NotAnAngle as error:
                    self._fault(number, name, cell, str(error))
                except NotImplementedError:
                    self._fault(number, name, cell,
                                "It is a curve, which this form of file cannot bring. Save the "
                                "file as a GeoPackage: its curves become straight pieces.",
                                "broken-geometry")
                except shapely.errors.GEOSException as error:
                    reason = str(error).strip().splitlines()[0]
                    self._fault(number, name, cell,
                                f"This is no well-known text (WKT): {reason}.", "broken-geometry")
            first = next(iter(found), srid)
            if srid and srid != first:
                self._fault(number, name, cell or "", f"The row is in SRID {srid}, but the first "
                            f"one that states it is in {first}; a file has one.", "mixed-crs")
                shape = None
            elif srid:
                found[srid] = number
            shapes.append(shape)
        built = np.array(shapes, dtype=object)
        west, south, _, _ = shapely.bounds(built).T
        notes = self._notes()
        if assumed:
            order = "longitude, latitude" if turned else "latitude, longitude"
            notes.append(f"The cells of {name!r} were read as {order} ({assumed:,} rows).")
        crs = f"EPSG:{next(iter(found))}" if found else None
        return Positions(
            shapely.to_wkb(built).tolist(), (name,), crs=crs, notes=notes,
            degrees=not _far_from_degrees(west, south),
        )

    def _numbers(
        self, name: str, other: str, read: Callable[[str], float]
    ) -> np.ndarray[Any, Any]:
        """Numbers of one column, NaN where there is none; a cell that holds none is a fault."""
        cells, beside = self.columns[name], self.columns[other]
        fast = _all_plain(cells)
        if fast is not None:
            return fast
        values = np.full(len(cells), np.nan)
        for position, cell in enumerate(cells):
            if cell is None:
                if beside[position] is not None:
                    self._fault(self.numbers[position], name, "",
                                "The cell is empty; a number is needed.")
                continue
            try:
                values[position] = read(cell)
            except NotAnAngle as error:
                self._fault(self.numbers[position], name, cell, str(error))
        return values

    def _degrees(self, axis: str) -> Callable[[str], float]:
        def read(cell: str) -> float:
            angle = parse_angle(cell)
            if angle.axis not in {"", axis}:
                raise NotAnAngle(f"This is a {angle.axis}, and the column holds the {axis}.")
            self.sexagesimal += angle.parts > 1
            return angle.degrees

        return read

    @staticmethod
    def _metres(axis: str) -> Callable[[str], float]:
        def read(cell: str) -> float:
            value = metres(cell)
            if value is None:
                raise NotAnAngle("This is no number of degrees or metres.")
            return value

        return read

    def _notes(self) -> list[str]:
        if not self.sexagesimal:
            return []
        return ["Coordinates in degrees, minutes and seconds were read as decimal degrees."]

    def _fault(
        self, row: int, column: str, value: str, message: str, rule: str = "bad-coordinate"
    ) -> None:
        self.faults.append({
            "row": row, "column": column, "rule": rule, "value": value[:120],
            "message": message, "severity": "error",
        })  # fmt: skip


def _all_plain(cells: Cells) -> np.ndarray[Any, Any] | None:
    """The whole column at once, when every cell is a plain number."""
    try:
        values = pc.cast(pa.array(cells, pa.string()), pa.float64()) if None not in cells else None
    except pa.ArrowInvalid:
        return None
    if values is None or values.null_count:
        return None
    numbers: np.ndarray[Any, Any] = values.to_numpy(zero_copy_only=False)
    return None if np.isnan(numbers).any() else numbers


def _far_from_degrees(xs: np.ndarray[Any, Any], ys: np.ndarray[Any, Any]) -> bool:
    """Whether most of the numbers cannot be degrees."""
    with np.errstate(invalid="ignore"):
        far = (np.abs(xs) > 360) | (np.abs(ys) > 360)
    known = ~(np.isnan(xs) | np.isnan(ys))
    return bool(known.any()) and float(far[known].mean()) > 0.5


def _shape(cell: str) -> tuple[Any, int]:
    """The geometry of a WKT, EWKT or hexadecimal (E)WKB and its SRID; None for other text."""
    if _HEX.fullmatch(cell.strip()):
        shape = shapely.from_wkb(cell.strip())
        return shapely.set_srid(shape, 0), int(shapely.get_srid(shape))
    srid = _EWKT.match(cell)
    text = cell[srid.end():] if srid else cell
    if not text[:1].isalpha() or not re.match(r"[A-Za-z]{5,}\s*(Z|M|ZM)?\s*(\(|EMPTY)", text):
        if srid:
            raise NotAnAngle("After the SRID there is no well-known text (WKT).")
        return None, 0
    return shapely.from_wkt(text), int(srid.group(1)) if srid else 0


def _point(pair: tuple[Angle, Angle], *, longitude_first: bool) -> tuple[Any, bool]:
    """The point, and whether letters told which number is which."""
    first, second = pair
    axes = (first.axis, second.axis)
    if axes in {("latitude", "longitude"), ("longitude", "latitude")}:
        swapped = axes[0] == "longitude"
    elif axes == ("", ""):
        swapped = longitude_first
    else:
        raise NotAnAngle("The letters of the compass do not name a latitude and a longitude.")
    north, east = (second, first) if swapped else (first, second)
    return shapely.Point(east.degrees, north.degrees), axes != ("", "")
