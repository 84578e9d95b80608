"""The formats that are read."""

from __future__ import annotations

from enum import StrEnum


class FileFormat(StrEnum):
    """The formats that can be read, told apart by content and not by file name."""

    GEOPACKAGE = "GeoPackage"
    GEOJSON = "GeoJSON"
    SHAPEFILE = "Shapefile"
    CSV = "CSV"
    XLSX = "XLSX"
    KML = "KML"
    KMZ = "KMZ"
    GPX = "GPX"
    FLATGEOBUF = "FlatGeobuf"
    GEOPARQUET = "GeoParquet"
    ARCHIVE = "zip archive"
    """Of files of data, each of which is read as if it stood alone."""
    OFDS = "OFDS"
    """A network as one file, in JSON or zipped CSV; it is loaded as a whole, not by collection."""
