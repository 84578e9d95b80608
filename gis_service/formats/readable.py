"""
What can be read in the reading process, and by what.

Readers are imported when they are used: a process reads one format, and
importing all of them takes longer than reading a small file.
"""
# ruff: noqa: PLC0415

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from gis_service.errors import UnreadableFile
from gis_service.formats.kinds import FileFormat
from gis_service.formats.limits import ReadLimits

if TYPE_CHECKING:
    from gis_service.formats.placing import Placing
    from gis_service.formats.rows import Rows


@dataclass(frozen=True, slots=True)
class Source:
    """
    A file to read, and what is asked of it.

    Parameters
    ----------
    folder
        Where the reader may write.
    name
        Of the only layer, in formats whose files have one without a name.
    layer
        The layer asked for.
    coordinates, metric
        As in `Placing`.
    skip
        Rows at its beginning that are not asked for; a reader may pass over them.
    """

    path: Path
    folder: Path
    limits: ReadLimits
    name: str
    layer: str | None = None
    encoding: str | None = None
    coordinates: Mapping[str, str] = field(default_factory=dict)
    metric: bool = False
    skip: int = 0

    def content(self) -> bytes:
        return self.path.read_bytes()

    @property
    def placing(self) -> Placing:
        from gis_service.formats.placing import Placing

        return Placing(self.coordinates, self.metric)


@dataclass(frozen=True, slots=True)
class Readable:
    """How the layers of a format are listed, and how one is read."""

    layers: Callable[[Source], tuple[str, ...]]
    rows: Callable[[Source], Rows]


def _one_layer(source: Source) -> tuple[str, ...]:
    return (source.name,)


def _single(read: Callable[[Source], Rows]) -> Readable:
    """A format with one layer, named for its file."""

    def rows(source: Source) -> Rows:
        if source.layer not in (None, source.name):
            raise UnreadableFile(f"There is no layer {source.layer!r}. Layers: {source.name}.")
        return read(source)

    return Readable(_one_layer, rows)


def _geopackage_layers(source: Source) -> tuple[str, ...]:
    from gis_service.formats.gdal_layers import geopackage_layers

    return geopackage_layers(source.path)


def _geopackage(source: Source) -> Rows:
    from gis_service.formats.gdal_layers import read_geopackage

    return read_geopackage(source.path, layer=source.layer, skip=source.skip)


def _shapefiles(source: Source) -> dict[str, Path]:
    if source.path.suffix == ".shp":
        return {source.name: source.path}
    from gis_service.formats.archives import unpack_shapefiles

    unpacked = source.folder / "unpacked"
    unpacked.mkdir()
    return unpack_shapefiles(source.path, unpacked, source.limits)


def _shapefile_layers(source: Source) -> tuple[str, ...]:
    return tuple(_shapefiles(source))


def _shapefile(source: Source) -> Rows:
    from gis_service.formats.gdal_layers import read_shapefile

    return read_shapefile(
        _shapefiles(source), layer=source.layer, encoding=source.encoding, skip=source.skip
    )


def _flatgeobuf(source: Source) -> Rows:
    from gis_service.formats.gdal_layers import read_flatgeobuf

    return read_flatgeobuf(source.path, layer=source.name, skip=source.skip)


def _geojson(source: Source) -> Rows:
    from gis_service.formats.geojson import read_geojson, refuse_too_many_positions

    content = source.content()
    refuse_too_many_positions(content, memory_mb=source.limits.memory_mb)
    return read_geojson(content, layer=source.name, encoding=source.encoding)


def _csv(source: Source) -> Rows:
    from gis_service.formats.delimited import read_csv

    return read_csv(
        source.content(), layer=source.name, encoding=source.encoding, placing=source.placing
    )


def _workbook_layers(source: Source) -> tuple[str, ...]:
    from gis_service.formats.spreadsheets import workbook_layers

    return workbook_layers(source.path, source.limits)


def _workbook(source: Source) -> Rows:
    from gis_service.formats.spreadsheets import read_workbook

    return read_workbook(
        source.path, layer=source.layer, placing=source.placing, limits=source.limits
    )


def _kml(source: Source) -> Rows:
    from gis_service.formats.kml_reading import read_kml

    return read_kml(source.content(), layer=source.name)


def _kmz_layers(source: Source) -> tuple[str, ...]:
    from gis_service.formats.archives import read_kmz
    from gis_service.formats.kml_reading import kmz_layers

    return kmz_layers(read_kmz(source.path, source.limits), name=source.name)


def _kmz(source: Source) -> Rows:
    from gis_service.formats.archives import read_kmz
    from gis_service.formats.kml_reading import read_kmz_layer

    documents = read_kmz(source.path, source.limits)
    return read_kmz_layer(documents, layer=source.layer, name=source.name)


def _gpx_layers(source: Source) -> tuple[str, ...]:
    from gis_service.formats.gpx import gpx_layers

    return gpx_layers(source.content())


def _gpx(source: Source) -> Rows:
    from gis_service.formats.gpx import read_gpx

    return read_gpx(source.content(), layer=source.layer)


def _geoparquet(source: Source) -> Rows:
    from gis_service.formats.geoparquet import read_geoparquet

    return read_geoparquet(source.path, layer=source.name, skip=source.skip)


READABLE = {
    FileFormat.GEOPACKAGE: Readable(_geopackage_layers, _geopackage),
    FileFormat.SHAPEFILE: Readable(_shapefile_layers, _shapefile),
    FileFormat.FLATGEOBUF: _single(_flatgeobuf),
    FileFormat.GEOJSON: _single(_geojson),
    FileFormat.CSV: _single(_csv),
    FileFormat.XLSX: Readable(_workbook_layers, _workbook),
    FileFormat.KML: _single(_kml),
    FileFormat.KMZ: Readable(_kmz_layers, _kmz),
    FileFormat.GPX: Readable(_gpx_layers, _gpx),
    FileFormat.GEOPARQUET: _single(_geoparquet),
}
