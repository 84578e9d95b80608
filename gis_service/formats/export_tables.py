"""Rows in Arrow batches as a workbook or a zipped Shapefile, inside of the writing process."""

from __future__ import annotations

import csv
import io
import shutil
import zipfile
from collections.abc import Container, Iterable, Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyogrio
import shapely
from pyproj import CRS

from gis_service.formats.ofds_archive import entry_named
from gis_service.formats.xlsx_writing import LONGEST_TEXT, write_xlsx
from gis_service.model.fields import GeometryType

_GEOMETRY = "geom"
_BOX = ("xmin", "ymin", "xmax", "ymax")
_DECIMALS = 7
_NAME_BYTES = 10
_COLUMNS = "columns.csv"


def write_workbook(
    path: Path,
    sheet: str,
    schema: pa.Schema,
    batches: Iterable[pa.RecordBatch],
    *,
    geometry: str | None,
) -> None:
    """
    A table: points as longitude and latitude, other geometry as WKT where a cell holds it.

    Parameters
    ----------
    geometry
        Type of the geometry; None when the rows have none.
    """
    names = [name for name in schema.names if name not in (_GEOMETRY, *_BOX)]
    places: tuple[str, ...] = ()
    if geometry is not None:
        places = ("longitude", "latitude") if geometry == GeometryType.POINT else ("wkt",)

    def rows() -> Iterator[tuple[Any, ...]]:
        for batch in batches:
            columns = [_cells(batch.column(name)) for name in names]
            if places:
                columns += _places(batch.column(_GEOMETRY), points=len(places) == 2)
            yield from zip(*columns, strict=True)

    write_xlsx(path, sheet, [*names, *places], rows())


def write_shapefile(
    path: Path,
    layer: str,
    schema: pa.Schema,
    batches: Iterable[pa.RecordBatch],
    *,
    geometry: str | None,
    srid: int,
) -> None:
    """
    A zip archive with the parts of a Shapefile, and a table of what its columns are called here.

    Names have ten letters at most and texts 254 bytes; times, and yes and no,
    are texts, for which the format has no type.
    """
    short: dict[str, str] = {}
    fields = []
    for field in schema:
        if field.name in _BOX:
            continue
        name = field.name
        if name != _GEOMETRY:
            name = _short(field.name, short)
            short[name] = field.name
        as_text = pa.types.is_timestamp(field.type) or pa.types.is_boolean(field.type)
        fields.append(pa.field(name, pa.string() if as_text else field.type))
    written = pa.schema(fields)
    wanted = [name for name in schema.names if name not in _BOX]

    def made() -> Iterator[pa.RecordBatch]:
        for batch in batches:
            columns = [
                batch.column(name) if batch.column(name).type == field.type
                else pa.array([_said(each) for each in batch.column(name).to_pylist()])
                .cast(field.type)
                for name, field in zip(wanted, written, strict=True)
            ]
            yield pa.record_batch(columns, schema=written)

    pyogrio.write_arrow(
        pa.RecordBatchReader.from_batches(written, made()),
        path.with_name(f"{layer}.shp"),
        layer=layer,
        driver="ESRI Shapefile",
        geometry_name=_GEOMETRY if geometry else None,
        geometry_type=geometry,
        crs=CRS(srid).to_wkt() if geometry else None,
        layer_options={"ENCODING": "UTF-8"},
    )
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for part in sorted(path.parent.glob(f"{layer}.*")):
            with part.open("rb") as source, archive.open(entry_named(part.name), "w") as out:
                shutil.copyfileobj(source, out)
        table = io.StringIO(newline="")
        csv.writer(table).writerows([("column", "name"), *short.items()])
        archive.writestr(entry_named(_COLUMNS), table.getvalue())


def _cells(column: pa.Array) -> list[Any]:
    values: list[Any] = column.to_pylist()
    return [_said(each) for each in values] if pa.types.is_timestamp(column.type) else values


def _said(value: Any) -> str | None:
    """A time, or yes and no, as text."""
    if value is None:
        return None
    return str(value).lower() if isinstance(value, bool) else f"{value:%Y-%m-%dT%H:%M:%S.%fZ}"


def _places(column: pa.Array, *, points: bool) -> list[list[Any]]:
    shapes = shapely.from_wkb(column.to_numpy(zero_copy_only=False))
    if points:
        missing = shapely.is_missing(shapes).tolist()
        return [
            [
                None if gone else round(value, _DECIMALS)
                for value, gone in zip(part(shapes).tolist(), missing, strict=True)
            ]
            for part in (shapely.get_x, shapely.get_y)
        ]
    texts = shapely.to_wkt(shapes, rounding_precision=_DECIMALS).tolist()
    return [[each if each and len(each) <= LONGEST_TEXT else None for each in texts]]


def _short(name: str, taken: Container[str]) -> str:
    """A name of ten letters that no other column has."""
    for number in range(100):
        ending = f"_{number}" if number else ""
        short = name[: _NAME_BYTES - len(ending)] + ending
        if short not in taken:
            return short
    raise ValueError(f"no short name is left for {name}")
