"""The formats that are read."""

from __future__ import annotations

from enum import StrEnum


class FileFormat(StrEnum):
    """The formats that can be read, told apart by content and not by file name."""

    GEOPACKAGE = "GeoPackage"
    GEOJSON = "GeoJSON"
    SHAPEFILE = "Shapefile"
    CSV = "CSV"
    OFDS = "OFDS"
