"""
The reading process: `python -m gis_service.formats.child FOLDER`.

FOLDER holds `job.json`; `rows.arrow` and `result.json` are written there.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from gis_service.errors import UnreadableFile
from gis_service.formats.confinement import confine
from gis_service.formats.kinds import FileFormat
from gis_service.formats.limits import ReadLimits


def main(folder: Path) -> None:
    job = json.loads((folder / "job.json").read_text())
    limits = ReadLimits(**job["limits"])
    confine(limits)
    try:
        result = _work(job, folder, limits)
    except UnreadableFile as error:
        result = {"error": str(error)}
    except MemoryError:
        result = {"error": f"Reading the file needs more than {limits.memory_mb:,} MB of memory."}
    (folder / "result.json").write_text(json.dumps(result))


def _work(job: dict[str, Any], folder: Path, limits: ReadLimits) -> dict[str, Any]:
    format_ = FileFormat(job["format"])
    path = folder / job["file"]
    if format_ is FileFormat.OFDS:
        from gis_service.formats.ofds_forms import package_in  # noqa: PLC0415

        return package_in(path, limits)
    if format_ in {FileFormat.GEOPACKAGE, FileFormat.SHAPEFILE}:
        from gis_service.formats.drivers import DRIVERS  # noqa: PLC0415

        surplus = sorted(set(_pyogrio().list_drivers()) - {DRIVERS[format_]})
        if surplus:
            return {"surplus": surplus}
    if job["list_layers"]:
        return {"layers": _layers(format_, path, folder, limits, job)}
    rows = _rows(format_, path, folder, limits, job)

    import pyarrow as pa  # noqa: PLC0415

    with pa.OSFile(str(folder / "rows.arrow"), "wb") as out, pa.ipc.new_file(
        out, rows.table.schema
    ) as writer:
        writer.write_table(rows.table)
    return {
        "layer": rows.layer,
        "layers": rows.layers,
        "crs": rows.crs,
        "crs_assumed": rows.crs_assumed,
        "faults": rows.faults,
        "notes": rows.notes,
    }


def _pyogrio() -> Any:
    """pyogrio without pandas, which it imports where it finds it, and which takes half a second."""
    unneeded = ("geopandas", "pandas")
    for name in unneeded:
        sys.modules[name] = None  # type: ignore[assignment]
    try:
        import pyogrio  # noqa: PLC0415
    finally:
        for name in unneeded:
            del sys.modules[name]
    return pyogrio


def _layers(
    format_: FileFormat, path: Path, folder: Path, limits: ReadLimits, job: dict[str, Any]
) -> tuple[str, ...]:
    if format_ is FileFormat.GEOPACKAGE:
        from gis_service.formats.gdal_layers import geopackage_layers  # noqa: PLC0415

        return geopackage_layers(path)
    if format_ is FileFormat.SHAPEFILE:
        return tuple(_shapefiles(path, folder, limits, job))
    return (job["layer_name"],)


def _rows(
    format_: FileFormat, path: Path, folder: Path, limits: ReadLimits, job: dict[str, Any]
) -> Any:
    layer, encoding = job["layer"], job["encoding"]
    if format_ is FileFormat.GEOPACKAGE:
        from gis_service.formats.gdal_layers import read_geopackage  # noqa: PLC0415

        return read_geopackage(path, layer=layer)
    if format_ is FileFormat.SHAPEFILE:
        from gis_service.formats.gdal_layers import read_shapefile  # noqa: PLC0415

        found = _shapefiles(path, folder, limits, job)
        return read_shapefile(found, layer=layer, encoding=encoding)
    if layer not in (None, job["layer_name"]):
        raise UnreadableFile(f"There is no layer {layer!r}. Layers: {job['layer_name']}.")
    if format_ is FileFormat.GEOJSON:
        from gis_service.formats.geojson import read_geojson  # noqa: PLC0415

        return read_geojson(path.read_bytes(), layer=job["layer_name"], encoding=encoding)
    from gis_service.formats.delimited import read_csv  # noqa: PLC0415

    return read_csv(
        path.read_bytes(),
        layer=job["layer_name"],
        encoding=encoding,
        coordinates=job["coordinates"],
    )


def _shapefiles(
    path: Path, folder: Path, limits: ReadLimits, job: dict[str, Any]
) -> dict[str, Path]:
    if path.suffix == ".shp":
        return {job["layer_name"]: path}
    from gis_service.formats.archives import unpack_shapefiles  # noqa: PLC0415

    unpacked = folder / "unpacked"
    unpacked.mkdir()
    return unpack_shapefiles(path, unpacked, limits)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
