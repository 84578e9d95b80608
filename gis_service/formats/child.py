"""
The reading process: `python -m gis_service.formats.child FOLDER`.

FOLDER holds `job.json`; `rows.arrow` and `result.json` are written there.
"""

from __future__ import annotations

import json
import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gis_service.errors import UnreadableFile
from gis_service.formats.confinement import confine
from gis_service.formats.drivers import DRIVERS
from gis_service.formats.kinds import FileFormat
from gis_service.formats.lean import without_pandas
from gis_service.formats.limits import ReadLimits
from gis_service.formats.readable import READABLE, Source
from gis_service.model.fields import GeometryType

if TYPE_CHECKING:
    from gis_service.formats.rows import Rows


def main(folder: Path) -> None:
    job = json.loads((folder / "job.json").read_text())
    limits = ReadLimits(**job["limits"])
    confine(limits, folder)
    try:
        result = work(job, folder, limits)
    except UnreadableFile as error:
        result = {"error": str(error)}
    except MemoryError:
        result = {"error": f"Reading the file needs more than {limits.memory_mb:,} MB of memory."}
    (folder / "result.json").write_text(json.dumps(result))


def work(job: dict[str, Any], folder: Path, limits: ReadLimits) -> dict[str, Any]:
    """
    Do the job: what `result.json` is to hold.

    Raises
    ------
    UnreadableFile
        The file cannot be read as what it claims to be.
    """
    format_ = FileFormat(job["format"])
    if format_ is FileFormat.OFDS:
        from gis_service.formats.ofds_forms import package_in  # noqa: PLC0415

        return package_in(folder / job["file"], limits)
    if format_ is FileFormat.ARCHIVE:
        from gis_service.formats.archives import unpack_data  # noqa: PLC0415

        return {"files": unpack_data(folder / job["file"], folder, limits)}
    if format_ in DRIVERS:
        import pyogrio  # noqa: PLC0415

        surplus = sorted(set(pyogrio.list_drivers()) - {DRIVERS[format_]})
        if surplus:
            return {"surplus": surplus}
    source = Source(
        path=folder / job["file"],
        folder=folder,
        limits=limits,
        name=job["layer_name"],
        layer=job.get("layer"),
        encoding=job.get("encoding"),
        coordinates=job.get("coordinates", {}),
        metric=job.get("metric", False),
        skip=job.get("skip", 0),
    )
    readable = READABLE[format_]
    if job["list_layers"]:
        return {"layers": readable.layers(source)}
    rows = readable.rows(source)
    rows.skip(source.skip)
    _write(rows, folder / "rows.arrow", job.get("shaping"))
    return {
        "layer": rows.layer,
        "layers": rows.layers,
        "crs": rows.crs,
        "crs_assumed": rows.crs_assumed,
        "faults": rows.faults,
        "notes": rows.notes,
        "encoding": rows.encoding,
    }


def _write(rows: Rows, path: Path, wanted: dict[str, Any] | None) -> None:
    """The rows part by part, their geometry put into shape."""
    import pyarrow as pa  # noqa: PLC0415

    from gis_service.formats.rows import PART_ROWS  # noqa: PLC0415

    shape = None
    if wanted:
        from gis_service.formats.shaping import Shaping, shape_rows  # noqa: PLC0415

        shape = partial(shape_rows, shaping=Shaping(**wanted))
        if wanted["wanted"] == GeometryType.MULTI_POLYGON:
            rows.gather()  # their repair has one budget of time
    with pa.OSFile(str(path), "wb") as out, pa.ipc.new_file(out, rows.table.schema) as writer:
        for _ in rows.parts():
            if shape is not None:
                shape(rows)
            writer.write_table(rows.table, max_chunksize=PART_ROWS)


if __name__ == "__main__":
    without_pandas()
    main(Path(sys.argv[1]))
