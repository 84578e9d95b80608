"""Whole answers as files: in which formats, and how much of a collection."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from gis_service.model.queries import ItemsQuery


class ExportFormat(StrEnum):
    """File formats of items; the value is that of the parameter `f`."""

    GEOJSON = "geojson"
    GEOJSONSEQ = "geojsonseq"
    CSV = "csv"
    KML = "kml"
    GEOPACKAGE = "gpkg"
    FLATGEOBUF = "fgb"
    GEOPARQUET = "parquet"
    SHAPEFILE = "shp"
    XLSX = "xlsx"

    @property
    def is_text(self) -> bool:
        """Whether the database itself writes it, line by line."""
        return self in _TEXTS


_TEXTS = frozenset(
    {ExportFormat.GEOJSON, ExportFormat.GEOJSONSEQ, ExportFormat.CSV, ExportFormat.KML}
)


@dataclass(frozen=True, slots=True)
class Export:
    """
    Items to write to one file.

    Parameters
    ----------
    query
        Which items; its own limit does not count.
    limit
        At most so many items; None for all.
    """

    query: ItemsQuery
    format: ExportFormat
    limit: int | None = None
