"""
GeoParquet (OGC 24-029, versions 1.0 and 1.1), and Parquet tables without it.

The CRS is what the file's metadata says; without a word on it, the standard
means longitude and latitude of WGS84.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import shapely

from gis_service.errors import UnreadableFile
from gis_service.formats.rows import CRS84, GEOMETRY, JSON, Rows, dumped

_NATIVE = {
    "point": (shapely.GeometryType.POINT, 0),
    "linestring": (shapely.GeometryType.LINESTRING, 1),
    "polygon": (shapely.GeometryType.POLYGON, 2),
    "multipoint": (shapely.GeometryType.MULTIPOINT, 1),
    "multilinestring": (shapely.GeometryType.MULTILINESTRING, 2),
    "multipolygon": (shapely.GeometryType.MULTIPOLYGON, 3),
}
"""Geometry types of the native encodings, and how deep their lists are."""


def read_geoparquet(path: Path, *, layer: str, skip: int = 0) -> Rows:
    """
    The rows of a Parquet file; of its row groups those that hold other rows than the first.

    Raises
    ------
    UnreadableFile
        It is damaged, or its metadata is not what the standard says.
    """
    try:
        with pq.ParquetFile(path) as file:
            groups, before = _groups_from(file.metadata, skip)
            table = file.read_row_groups(groups, use_threads=False)
    except (pa.ArrowException, OSError, ValueError) as error:
        raise UnreadableFile(f"The Parquet file is damaged: {_first_line(error)}") from None
    metadata = _metadata(table)
    primary = metadata.get("primary_column")
    rows = Rows(table=table, layer=layer, layers=(layer,), before=before)
    shapes = None
    if primary is not None:
        described = metadata.get("columns", {}).get(primary)
        if primary not in table.column_names or not isinstance(described, dict):
            raise UnreadableFile(f"The GeoParquet metadata names a column {primary!r} that is not "
                                 "there or not described.")
        shapes = _wkb(table.column(primary), described)
        if "crs" not in described:
            rows.crs_assumed = CRS84
        elif described["crs"] is not None:
            rows.crs = json.dumps(described["crs"])
        table = table.drop_columns([n for n in _covering(described) if n in table.column_names])
    rows.table = _plain(table, primary, shapes, rows.notes)
    return rows


def _groups_from(metadata: pq.FileMetaData, skip: int) -> tuple[list[int], int]:
    """The row groups from the one that holds the row behind `skip`, and the rows before them."""
    before = 0
    for number in range(metadata.num_row_groups):
        count = metadata.row_group(number).num_rows
        if before + count > skip:
            return list(range(number, metadata.num_row_groups)), before
        before += count
    return [], before


def _metadata(table: pa.Table) -> dict[str, Any]:
    stored = (table.schema.metadata or {}).get(b"geo")
    if stored is None:
        return {}
    try:
        metadata = json.loads(stored)
    except (ValueError, RecursionError):
        metadata = None
    if not isinstance(metadata, dict) or not isinstance(metadata.get("columns"), dict):
        raise UnreadableFile("The metadata of the GeoParquet file cannot be read.")
    return metadata


def _covering(described: dict[str, Any]) -> set[str]:
    """Columns that hold nothing but each geometry's box, for those who search."""
    covering = described.get("covering")
    box = covering.get("bbox") if isinstance(covering, dict) else None
    paths = box.values() if isinstance(box, dict) else ()
    return {path[0] for path in paths if isinstance(path, list) and path
            and isinstance(path[0], str)}


def _wkb(column: pa.ChunkedArray, described: dict[str, Any]) -> pa.Array:
    encoding = str(described.get("encoding", "")).lower()
    array = column.combine_chunks()
    if isinstance(array.type, pa.BaseExtensionType):
        array = array.storage
    if encoding == "wkb":
        try:
            return array.cast(pa.binary())
        except pa.ArrowException:
            raise UnreadableFile("The geometry column is not binary, as WKB is.") from None
    if encoding not in _NATIVE:
        raise UnreadableFile(f"The geometry is encoded as {encoding[:40]!r}, which is not read. "
                             "Write the file again with WKB.")
    kind, depth = _NATIVE[encoding]
    try:
        return _from_native(array, kind, depth)
    except (pa.ArrowException, ValueError, TypeError, AttributeError, IndexError,
            shapely.errors.ShapelyError) as error:
        raise UnreadableFile(f"The geometry is not {encoding} as it is said to be: "
                             f"{_first_line(error)}") from None


def _from_native(array: pa.Array, kind: shapely.GeometryType, depth: int) -> pa.Array:
    """Lists of coordinates as WKB; rows without any are None."""
    present = np.flatnonzero(array.is_valid().to_numpy(zero_copy_only=False))
    inner = array.take(pa.array(present))
    offsets = []
    for _ in range(depth):
        offsets.append(np.asarray(inner.offsets) - inner.offsets[0].as_py())
        inner = inner.flatten()
    if pa.types.is_struct(inner.type):
        axes = [inner.field(name).to_numpy(zero_copy_only=False) for name in ("x", "y")]
        coordinates = np.column_stack(axes)
    else:
        width = inner.type.list_size
        coordinates = inner.flatten().to_numpy(zero_copy_only=False).reshape(-1, width)[:, :2]
    # shapely wants the offsets from the innermost list outwards
    shapes = shapely.from_ragged_array(kind, coordinates.astype(float), tuple(offsets[::-1]))
    wkb = np.full(len(array), None, dtype=object)
    wkb[present] = shapely.to_wkb(shapes)
    return pa.array(wkb, pa.binary())


def _plain(
    table: pa.Table, primary: str | None, shapes: pa.Array | None, notes: list[str]
) -> pa.Table:
    """Columns in types that the service knows; nested ones as JSON, binary ones left out."""
    fields, arrays, left_out = [], [], []
    for field, column in zip(table.schema, table.columns, strict=True):
        if field.name == primary:
            continue
        made = _plain_column(column)
        if made is None:
            left_out.append(field.name)
            continue
        array, metadata = made
        fields.append(pa.field(field.name, array.type, metadata=metadata))
        arrays.append(array)
    if left_out:
        notes.append(f"Binary columns were left out: {', '.join(left_out)}.")
    if shapes is not None:
        fields.append(pa.field(GEOMETRY, pa.binary()))
        arrays.append(shapes)
    return pa.Table.from_arrays(arrays, schema=pa.schema(fields))


_CASTS: tuple[tuple[Callable[[pa.DataType], bool], pa.DataType], ...] = (
    (pa.types.is_large_string, pa.string()),
    (pa.types.is_unsigned_integer, pa.int64()),
    (pa.types.is_decimal, pa.float64()),
    (pa.types.is_float16, pa.float64()),
    (pa.types.is_time, pa.string()),
    (pa.types.is_null, pa.string()),
)


def _plain_column(
    column: pa.ChunkedArray,
) -> tuple[pa.ChunkedArray | pa.Array, dict[bytes, bytes] | None] | None:
    kind = column.type
    if isinstance(kind, pa.BaseExtensionType):
        kind = kind.storage_type
        column = column.cast(kind)
    if pa.types.is_dictionary(kind):
        kind = kind.value_type
        column = column.cast(kind)
    if pa.types.is_binary(kind) or pa.types.is_large_binary(kind):
        return None
    if pa.types.is_nested(kind):
        texts = [None if value is None else dumped(value) for value in column.to_pylist()]
        return pa.array(texts, pa.string()), JSON
    for fits, wanted in _CASTS:
        if fits(kind):
            try:
                return column.cast(wanted), None
            except pa.ArrowInvalid:
                return column.cast(pa.string()), None
    return column, None


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0][:200]
