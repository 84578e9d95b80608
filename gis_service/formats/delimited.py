"""CSV with coordinates: strict about its shape, tolerant of delimiters and decimal commas."""

from __future__ import annotations

import csv
import io
import math
import re
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import shapely

from gis_service.errors import UnreadableFile
from gis_service.formats.decoding import decoded
from gis_service.formats.rows import GEOMETRY, ROW, Rows

LONGITUDE = ("longitude", "lon", "lng", "long", "longitudo", "x")
LATITUDE = ("latitude", "lat", "latitudo", "y")
WKT = ("wkt", "geometry", "geom", "thegeom")
_DELIMITERS = ",;\t|"
_SHOWN_ERRORS = 5
_FIELD_BYTES = 20_000_000


def read_csv(
    content: bytes,
    *,
    layer: str,
    encoding: str | None,
    coordinates: Mapping[str, str] | None = None,
) -> Rows:
    """
    Rows of a delimited text file; every property is text, an empty cell is None.

    Parameters
    ----------
    coordinates
        Names of the columns `longitude`, `latitude` or `geometry`, where they
        are not found by their names.

    Raises
    ------
    UnreadableFile
        A row has too few or too many cells, a quote is not closed, or the
        header names a column twice.
    """
    text = decoded(content, encoding)
    header, rows, numbers, blank = _cells(text)
    cells = zip(*rows, strict=True) if rows else ((),) * len(header)
    columns: dict[str, Sequence[str | None]] = {
        name: [cell or None for cell in column]
        for name, column in zip(header, cells, strict=True)
    }
    faults: list[dict[str, Any]] = []
    shapes, used = _shapes(columns, numbers, dict(coordinates or {}), faults)
    fields = [pa.field(name, pa.string()) for name in columns if name not in used]
    arrays = [pa.array(cells, pa.string()) for name, cells in columns.items() if name not in used]
    fields.append(pa.field(ROW, pa.int64()))
    arrays.append(pa.array(numbers, pa.int64()))
    if shapes is not None:
        fields.append(pa.field(GEOMETRY, pa.binary()))
        arrays.append(pa.array(shapes, pa.binary()))
    notes = []
    if blank:
        notes.append(f"{blank} blank row{' was' if blank == 1 else 's were'} passed over.")
    return Rows(
        table=pa.Table.from_arrays(arrays, schema=pa.schema(fields)),
        layer=layer,
        layers=(layer,),
        crs_assumed="OGC:CRS84" if shapes is not None else None,
        faults=faults,
        notes=notes,
    )


def _cells(text: str) -> tuple[list[str], list[list[str]], list[int], int]:
    """Header, rows, their numbers from 1, and how many rows were blank."""
    csv.field_size_limit(_FIELD_BYTES)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=_delimiter(text), strict=True)
    rows: list[list[str]] = []
    numbers: list[int] = []
    wrong: list[str] = []
    blank = 0
    try:
        header = _header(next(reader))
        width = len(header)
        for number, row in enumerate(reader, 1):
            if len(row) == width:
                if any(cell.strip() for cell in row):
                    rows.append(row)
                    numbers.append(number)
                else:
                    blank += 1
            elif not any(row):
                blank += 1
            else:
                wrong.append(f"line {reader.line_num} has {len(row)}")
    except StopIteration:
        raise UnreadableFile("The file has no header row.") from None
    except csv.Error as error:
        raise UnreadableFile(
            f"Line {reader.line_num} cannot be read: {error}. "
            "A quote is probably not closed, here or on a line before."
        ) from None
    if wrong:
        more = f" and {len(wrong) - _SHOWN_ERRORS} more" if len(wrong) > _SHOWN_ERRORS else ""
        raise UnreadableFile(
            f"The header names {width} columns, but {', '.join(wrong[:_SHOWN_ERRORS])}{more}. "
            "The file may have been cut short, or a cell with the delimiter in it needs quotes."
        )
    return header, rows, numbers, blank


def _delimiter(text: str) -> str:
    first = text[: text.find("\n")] if "\n" in text else text
    bare = re.sub(r'"[^"]*"', "", first)
    return max(_DELIMITERS, key=bare.count)


def _header(cells: list[str]) -> list[str]:
    header = [cell.strip() or f"column {n}" for n, cell in enumerate(cells, 1)]
    twice = sorted({name for name in header if header.count(name) > 1})
    if twice:
        raise UnreadableFile(f"The header names a column twice: {', '.join(twice)}.")
    return header


def _shapes(
    columns: Mapping[str, Sequence[str | None]],
    numbers: Sequence[int],
    named: dict[str, str],
    faults: list[dict[str, Any]],
) -> tuple[list[bytes | None] | None, tuple[str, ...]]:
    """WKB of each row and the columns it was made from; None when there are none."""
    for theirs in named.values():
        if theirs not in columns:
            raise UnreadableFile(
                f"There is no column {theirs!r} for the coordinates. Columns: {', '.join(columns)}."
            )
    longitude = named.get("longitude") or _named(columns, LONGITUDE)
    latitude = named.get("latitude") or _named(columns, LATITUDE)
    if longitude and latitude:
        return _points(columns, longitude, latitude, numbers, faults), (longitude, latitude)
    written = named.get("geometry") or _named(columns, WKT)
    if written:
        return _from_wkt(columns[written], written, numbers, faults), (written,)
    return None, ()


def _named(columns: Mapping[str, Any], names: Sequence[str]) -> str | None:
    plain = {re.sub(r"[^a-z]", "", column.lower()): column for column in columns}
    return next((plain[name] for name in names if name in plain), None)


def _points(
    columns: Mapping[str, Sequence[str | None]],
    longitude: str,
    latitude: str,
    numbers: Sequence[int],
    faults: list[dict[str, Any]],
) -> list[bytes | None]:
    xs = _degrees(columns, longitude, latitude, numbers, faults)
    ys = _degrees(columns, latitude, longitude, numbers, faults)
    points = shapely.points(np.asarray(xs, dtype=float), np.asarray(ys, dtype=float))
    whole = [x is not None and y is not None for x, y in zip(xs, ys, strict=True)]
    return [
        wkb if ok else None for wkb, ok in zip(shapely.to_wkb(points).tolist(), whole, strict=True)
    ]


def _degrees(
    columns: Mapping[str, Sequence[str | None]],
    name: str,
    other: str,
    numbers: Sequence[int],
    faults: list[dict[str, Any]],
) -> list[float | None]:
    """Numbers of one coordinate column; a cell that is none is a fault."""
    values: list[float | None] = []
    for number, cell, beside in zip(numbers, columns[name], columns[other], strict=True):
        if cell is None:
            if beside is not None:
                faults.append(_fault(number, name, "", "The cell is empty; a number is needed."))
            values.append(None)
            continue
        value = _number(cell)
        if value is None:
            faults.append(_fault(number, name, cell, "This is no number of degrees or metres."))
        values.append(value)
    return values


def _number(cell: str) -> float | None:
    """A coordinate; one comma is a decimal comma, as nobody writes thousands of degrees."""
    text = cell.strip().replace("\N{MINUS SIGN}", "-").removesuffix("\N{DEGREE SIGN}").strip()
    if "." not in text and text.count(",") == 1:
        text = text.replace(",", ".")
    try:
        number = None if "_" in text else float(text)
    except ValueError:
        return None
    return None if number is not None and math.isnan(number) else number


def _from_wkt(
    cells: Sequence[str | None],
    name: str,
    numbers: Sequence[int],
    faults: list[dict[str, Any]],
) -> list[bytes | None]:
    shapes: list[bytes | None] = []
    for number, cell in zip(numbers, cells, strict=True):
        if cell is None:
            shapes.append(None)
            continue
        try:
            shapes.append(shapely.to_wkb(shapely.from_wkt(cell)))
        except shapely.errors.GEOSException as error:
            reason = str(error).strip().splitlines()[0]
            fault = _fault(number, name, cell, f"This is no well-known text (WKT): {reason}.")
            faults.append(fault | {"rule": "broken-geometry"})
            shapes.append(None)
    return shapes


def _fault(row: int, column: str, value: str, message: str) -> dict[str, Any]:
    return {
        "row": row,
        "column": column,
        "rule": "bad-coordinate",
        "value": value[:120],
        "message": message,
        "severity": "error",
    }
