"""
The writing process: `python -m gis_service.formats.export_child FOLDER`.

It reads rows as CSV from its standard input and writes a file into FOLDER; what
to write stands in FOLDER/`job.json`. It has no connection to the database.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO, Any

from gis_service.formats.confinement import confine
from gis_service.formats.lean import without_pandas
from gis_service.formats.limits import ReadLimits
from gis_service.model.exports import ExportFormat
from gis_service.model.fields import Collection, Field, FieldType, GeometryType

LONGEST_ROW = 16_000_000
"""Bytes of one row: several times what the largest geometry allowed needs."""
ROWS_AT_ONCE = 5_000
CORNERS = ("xmin", "ymin", "xmax", "ymax")
GEOMETRY = "geom"
"""Column of the geometry, then of its box: after the fields, where there is a geometry."""
_DEGREES = 4326
_LISTS = (FieldType.CODES, FieldType.REFERENCES)
_DRIVERS = {ExportFormat.GEOPACKAGE: "GPKG", ExportFormat.FLATGEOBUF: "FlatGeobuf"}


@dataclass(frozen=True, slots=True)
class WriteJob:
    """
    What to write.

    Parameters
    ----------
    columns
        Name and type of each field, in the order of the rows, after `id`.
    geometry
        Type of the geometry; None when the rows have none.
    everywhere
        Whether every row has a geometry.
    srid
        EPSG code of the geometry's CRS; the easting or longitude comes first.
    """

    format: str
    layer: str
    title: str
    columns: tuple[tuple[str, str], ...]
    geometry: str | None
    everywhere: bool
    srid: int

    @classmethod
    def of(
        cls,
        format_: ExportFormat,
        collection: Collection,
        fields: Iterable[Field],
        *,
        geometry: GeometryType | None,
        srid: int,
    ) -> WriteJob:
        """A collection's items with some of its fields."""
        return cls(
            format=format_.value,
            layer=collection.id,
            title=collection.title.en,
            columns=tuple((f.name, f.type.value) for f in fields),
            geometry=geometry.value if geometry else None,
            everywhere=collection.geometry_required,
            srid=srid,
        )

    @property
    def file(self) -> str:
        """Name of the file in the folder; GDAL looks at its ending."""
        return f"written.{self.format}"

    def save(self, folder: Path) -> None:
        (folder / "job.json").write_text(json.dumps(asdict(self)))


def main(folder: Path) -> None:
    """Do the job that stands in `folder`."""
    job = WriteJob(**json.loads((folder / "job.json").read_text()))
    confine(ReadLimits(file_mb=4_000), folder)
    schema, batches = _batches(job, sys.stdin.buffer)
    path = folder / job.file
    if job.format == ExportFormat.GEOPARQUET:
        _write_parquet(job, schema, batches, path)
    elif job.format == ExportFormat.XLSX:
        from gis_service.formats.export_tables import write_workbook  # noqa: PLC0415

        write_workbook(path, job.layer, schema, batches, geometry=job.geometry)
    elif job.format == ExportFormat.SHAPEFILE:
        from gis_service.formats.export_tables import write_shapefile  # noqa: PLC0415

        write_shapefile(
            path, job.layer, schema, batches, geometry=job.geometry, srid=job.srid
        )
    else:
        _write_gdal(job, schema, batches, path)


def _batches(job: WriteJob, source: IO[bytes]) -> tuple[Any, Iterator[Any]]:
    """The schema of what is written, and its rows in Arrow batches."""
    import pyarrow as pa  # noqa: PLC0415
    from pyarrow import csv  # noqa: PLC0415

    types = {
        FieldType.INTEGER: pa.int64(),
        FieldType.NUMBER: pa.float64(),
        FieldType.BOOLEAN: pa.bool_(),
        FieldType.DATE: pa.date32(),
        FieldType.TIMESTAMP: pa.timestamp("us", "UTC"),
    }
    read = {"id": pa.string()}
    read |= {name: types.get(FieldType(type_), pa.string()) for name, type_ in job.columns}
    written = dict(read)
    lists = [n for n, t in job.columns if FieldType(t) in _LISTS]
    with_lists = job.format == ExportFormat.GEOPARQUET
    if with_lists:
        written |= {name: pa.list_(pa.string()) for name in lists}
    if job.geometry is not None:
        read |= {GEOMETRY: pa.string(), **dict.fromkeys(CORNERS, pa.float64())}
        written[GEOMETRY] = pa.binary()
        if with_lists:
            written["bbox"] = pa.struct([(name, pa.float64()) for name in CORNERS])
    schema = pa.schema(list(written.items()))

    def made() -> Iterator[Any]:
        try:
            rows = csv.open_csv(
                source,
                read_options=csv.ReadOptions(
                    column_names=list(read), block_size=LONGEST_ROW, use_threads=False
                ),
                parse_options=csv.ParseOptions(newlines_in_values=True),
                convert_options=csv.ConvertOptions(
                    column_types=read, null_values=[""], true_values=["true"],
                    false_values=["false"], strings_can_be_null=True,
                    quoted_strings_can_be_null=False,
                ),
            )
        except pa.ArrowInvalid as error:
            if "Empty CSV" not in str(error):
                raise
            return
        for whole in rows:
            for start in range(0, whole.num_rows, ROWS_AT_ONCE):
                yield _converted(whole.slice(start, ROWS_AT_ONCE), schema)

    return schema, made()


def _converted(batch: Any, schema: Any) -> Any:
    """Hexadecimal geometry as bytes, lists and boxes in types of their own."""
    import pyarrow as pa  # noqa: PLC0415

    columns = []
    for field in schema:
        if pa.types.is_struct(field.type):
            column = pa.StructArray.from_arrays(
                [batch.column(name) for name in CORNERS],
                CORNERS,
                mask=batch.column(CORNERS[0]).is_null(),
            )
        elif field.name == GEOMETRY:
            texts = batch.column(GEOMETRY).to_pylist()
            column = pa.array([t and bytes.fromhex(t) for t in texts], pa.binary())
        elif pa.types.is_list(field.type):
            texts = batch.column(field.name).to_pylist()
            column = pa.array([t and json.loads(t) for t in texts], field.type)
        else:
            column = batch.column(field.name)
        columns.append(column)
    return pa.record_batch(columns, schema=schema)


def _write_gdal(job: WriteJob, schema: Any, batches: Iterator[Any], path: Path) -> None:
    import pyarrow as pa  # noqa: PLC0415
    import pyogrio  # noqa: PLC0415
    from pyproj import CRS  # noqa: PLC0415

    options: dict[str, Any] = {}
    if job.format == ExportFormat.GEOPACKAGE:
        options = {"IDENTIFIER": job.layer, "DESCRIPTION": job.title}
    elif job.geometry is None or not job.everywhere:
        # FlatGeobuf has no place in its index for what has no position.
        options = {"SPATIAL_INDEX": "NO"}
    pyogrio.write_arrow(
        pa.RecordBatchReader.from_batches(schema, batches),
        path,
        layer=job.layer,
        driver=_DRIVERS[ExportFormat(job.format)],
        geometry_name=GEOMETRY if job.geometry else None,
        geometry_type=job.geometry,
        crs=CRS(job.srid).to_wkt() if job.geometry else None,
        layer_options=options,
    )


def _write_parquet(job: WriteJob, schema: Any, batches: Iterator[Any], path: Path) -> None:
    """GeoParquet 1.1.0, with the box of each row as covering."""
    import pyarrow.parquet as pq  # noqa: PLC0415

    bounds: list[float] = []
    with pq.ParquetWriter(path, schema, compression="zstd", store_schema=False) as writer:
        for batch in batches:
            if job.geometry is not None:
                bounds = _bounds(bounds, batch.column("bbox"))
            writer.write_batch(batch)
        if job.geometry is not None:
            writer.add_key_value_metadata({"geo": json.dumps(_geo(job.geometry, job.srid, bounds))})


def _geo(geometry: str, srid: int, bounds: list[float]) -> dict[str, Any]:
    """Metadata by the GeoParquet specification; the CRS left out means OGC:CRS84."""
    column: dict[str, Any] = {
        "encoding": "WKB",
        "geometry_types": [geometry],
        "covering": {"bbox": {name: ["bbox", name] for name in CORNERS}},
    }
    if srid != _DEGREES:
        from pyproj import CRS  # noqa: PLC0415

        column["crs"] = CRS(srid).to_json_dict()
    if bounds:
        column["bbox"] = bounds
    return {"version": "1.1.0", "primary_column": GEOMETRY, "columns": {GEOMETRY: column}}


def _bounds(before: list[float], boxes: Any) -> list[float]:
    import pyarrow.compute as pc  # noqa: PLC0415

    found = [
        pc.call_function("min" if position < 2 else "max", [boxes.field(position)]).as_py()
        for position in range(4)
    ]
    if found[0] is None:
        return before
    if not before:
        return found
    pairs = list(zip(before, found, strict=True))
    return [*map(min, pairs[:2]), *map(max, pairs[2:])]


if __name__ == "__main__":
    without_pandas()
    main(Path(sys.argv[1]))
    # The file is closed; Arrow's threads, still reading ahead, may abort an ordinary end.
    os._exit(0)
