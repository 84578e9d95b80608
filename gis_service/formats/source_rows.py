"""A file as it was read, its rows on disk: read part by part, as often as they are asked for."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import geopandas as gpd
import numpy as np
import orjson
import pandas as pd
import pyarrow as pa
import shapely
from pyproj import CRS

from gis_service.formats.kinds import FileFormat
from gis_service.formats.process import ReadRows
from gis_service.formats.rows import GEOMETRY, ROW
from gis_service.formats.source import SourceFrame
from gis_service.formats.wkb import shapes_of, why_broken
from gis_service.model.parts import HEIGHTS
from gis_service.model.reports import RowFault, Severity


@dataclass(frozen=True, slots=True)
class SourcePart:
    """
    Some rows of a file, one after the other.

    Parameters
    ----------
    frame
        As that of `SourceFrame`.
    faults
        Geometries of it that cannot be built; they are None.
    """

    frame: pd.DataFrame
    faults: tuple[RowFault, ...]


@dataclass(frozen=True, slots=True)
class SourceRows:
    """
    One layer of a file; what is not told here is as in `SourceFrame`.

    Parameters
    ----------
    rows
        As the reading process wrote them.
    faults
        What that process noticed, of any rows.
    with_heights
        Whether a column more, `HEIGHTS`, has the geometries that have heights or measures.
    """

    rows: ReadRows
    format: FileFormat
    crs: CRS | None
    crs_found: bool
    layer: str
    layers: tuple[str, ...]
    sha256: str
    faults: tuple[RowFault, ...] = ()
    notes: tuple[str, ...] = ()
    encoding: str = ""
    with_heights: bool = False

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def shaped(self) -> bool:
        """Whether the rows may have geometry."""
        return GEOMETRY in self.rows.schema.names

    @property
    def columns(self) -> list[str]:
        """Names of the columns of properties."""
        own = [_named(name, self.shaped) for name in self.rows.schema.names if name not in _OWN]
        return [*own, HEIGHTS] if self.with_heights and self.shaped else own

    @property
    def last_row(self) -> int:
        """The highest number of a row."""
        if ROW not in self.rows.schema.names:
            return self.rows.begin + len(self.rows)
        return max(int(np.max(batch.column(ROW).to_numpy())) for batch in self.rows)

    @property
    def first_row(self) -> int:
        """The lowest number of a row; they stand in their order."""
        batch = next(iter(self.rows), None)
        if batch is None:
            return self.rows.begin + 1
        table = pa.Table.from_batches([batch.slice(0, 1)])
        return int(_numbers(table, self.rows.begin, 1)[0])

    def window(self, begin: int, end: int) -> SourceRows:
        """
        Some of the rows by themselves, with what was noticed of them; they keep their numbers.

        Parameters
        ----------
        begin, end
            Counted in the file from 0: the first, and the one behind the last.
        """
        some = replace(self, rows=self.rows.window(begin, end))
        behind = self.rows.window(end, self.rows.begin + len(self.rows))
        first = some.first_row if begin else 0
        beyond = replace(self, rows=behind).first_row if len(behind) else None
        return replace(some, faults=tuple(
            each for each in self.faults
            if (each.row >= first and (beyond is None or each.row < beyond))
            or (each.row == 0 and each.severity is Severity.ERROR)
        ))

    def parts(self) -> Iterator[SourcePart]:
        """The rows, some thousands at a time."""
        begin = self.rows.begin
        for batch in self.rows:
            yield self._part(pa.Table.from_batches([batch]), begin)
            begin += batch.num_rows

    def column(self, name: str) -> Iterator[pd.Series[Any]]:
        """The values of one column of properties, part by part."""
        if name == HEIGHTS and self.with_heights:
            for part in self.parts():
                yield part.frame[HEIGHTS]
            return
        own = next(n for n in self.rows.schema.names if _named(n, self.shaped) == name)
        begin = self.rows.begin
        for batch in self.rows:
            table = pa.Table.from_batches([batch.select([own])])
            yield _properties(table, begin, batch.num_rows)[own]
            begin += batch.num_rows

    def some_shapes(self, most: int) -> np.ndarray[Any, np.dtype[np.object_]]:
        """At most so many of the geometries, from all over the file."""
        there = sum(
            batch.num_rows - batch.column(GEOMETRY).null_count for batch in self.rows
        )
        step = max(1, there // most)
        taken, begin = [pa.array([], self.rows.schema.field(GEOMETRY).type)], 0
        for batch in self.rows:
            wkb = batch.column(GEOMETRY).drop_null()
            taken.append(wkb.take(pa.array(range(-begin % step, len(wkb), step), pa.int64())))
            begin += len(wkb)
        return shapes_of(pa.concat_arrays(taken).to_numpy(zero_copy_only=False)[:most])

    def gathered(self) -> SourceFrame:
        """All rows in memory."""
        faults: list[RowFault] = []
        shapes: list[np.ndarray[Any, Any]] = []
        plain = [_apart(pa.Table.from_batches([], self.rows.schema))]
        begin = self.rows.begin
        for batch in self.rows:
            table = pa.Table.from_batches([batch])
            if self.shaped:
                built, broken = _built(table, _numbers(table, begin, batch.num_rows))
                shapes.append(built)
                faults += broken
            plain.append(_apart(table))
            begin += batch.num_rows
        frame = _properties(
            pa.concat_tables(plain).combine_chunks(), self.rows.begin, len(self)
        )
        if self.shaped:
            frame = _with_geometry(frame, np.concatenate(shapes), self.crs)
        return SourceFrame(
            frame=frame, format=self.format, crs=self.crs, crs_found=self.crs_found,
            layer=self.layer, layers=self.layers, sha256=self.sha256,
            faults=(*self.faults, *faults), notes=self.notes, encoding=self.encoding,
        )

    def _part(self, table: pa.Table, begin: int) -> SourcePart:
        frame = _properties(table, begin, table.num_rows)
        if not self.shaped:
            return SourcePart(frame, ())
        built, broken = _built(table, frame.index.to_numpy())
        if self.with_heights:
            frame[HEIGHTS] = _heights(built, self.crs)
        return SourcePart(_with_geometry(frame, built, self.crs), tuple(broken))


_OWN = (GEOMETRY, ROW)


def _named(name: str, shaped: bool) -> str:
    """A column that is called as that of the geometry has another name beside it."""
    return "geometry (column)" if shaped and name == "geometry" else name


def _built(
    table: pa.Table, numbers: np.ndarray[Any, Any]
) -> tuple[np.ndarray[Any, Any], list[RowFault]]:
    """Geometries, and a fault for each that cannot be built."""
    wkb = table.column(GEOMETRY).to_numpy()
    built = shapes_of(wkb)
    faults = []
    for position in np.flatnonzero(shapely.is_missing(built) & pd.notna(wkb)).tolist():
        reason = why_broken(wkb[position]) or "it cannot be built"
        faults.append(RowFault(
            row=int(numbers[position]), column="geometry", rule="broken-geometry",
            value=wkb[position][:20].hex(), message=f"The geometry cannot be built: {reason}.",
        ))
    return built, faults


def _heights(shapes: np.ndarray[Any, Any], crs: CRS | None) -> pa.Array:
    """EWKT of the geometries that have heights or measures; none of the others."""
    high = shapely.has_z(shapes) | shapely.has_m(shapes)
    texts = np.full(len(shapes), None, dtype=object)
    code = None if crs is None else crs.to_epsg()
    before = "" if code is None else f"SRID={code};"
    texts[high] = [
        before + text
        for text in shapely.to_wkt(shapes[high], rounding_precision=-1, output_dimension=4)
    ]
    return pd.arrays.ArrowExtensionArray(pa.chunked_array([pa.array(texts, pa.string())]))


def _apart(table: pa.Table) -> pa.Table:
    """Without the geometry, in memory of its own: a part of what was read keeps all of it."""
    if GEOMETRY in table.column_names:
        table = table.drop_columns([GEOMETRY])
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    return pa.ipc.open_stream(sink.getvalue()).read_all()


def _numbers(table: pa.Table, begin: int, count: int) -> np.ndarray[Any, Any]:
    """The rows' numbers in their file."""
    if ROW in table.column_names:
        numbers: np.ndarray[Any, Any] = table.column(ROW).to_numpy()
        return numbers
    return np.arange(begin + 1, begin + count + 1)


def _properties(table: pa.Table, begin: int, count: int) -> pd.DataFrame:
    # the count beside: a table without columns has no rows
    index = pd.Index(_numbers(table, begin, count), name="row")
    columns: dict[str, Any] = {}
    for field, column in zip(table.schema, table.columns, strict=True):
        if field.name in _OWN:
            continue
        if field.metadata and b"json" in field.metadata:
            values = [None if v is None else orjson.loads(v) for v in column.to_pylist()]
            holder = np.empty(len(values), dtype=object)
            holder[:] = values
            columns[field.name] = pd.Series(holder, index=index, dtype=object)
        else:
            plain = column.cast(field.type.value_type) if pa.types.is_dictionary(
                field.type
            ) else column
            columns[field.name] = pd.Series(pd.arrays.ArrowExtensionArray(plain), index=index)
    return pd.DataFrame(columns, index=index)


def _with_geometry(
    frame: pd.DataFrame, shapes: np.ndarray[Any, Any], crs: CRS | None
) -> gpd.GeoDataFrame:
    if "geometry" in frame.columns:
        frame = frame.rename(columns={"geometry": _named("geometry", True)})
    series = gpd.GeoSeries(shapes, index=frame.index, crs=crs)
    return gpd.GeoDataFrame(frame, geometry=series)
