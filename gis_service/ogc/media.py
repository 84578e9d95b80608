"""The formats that resources are offered in."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Format:
    """
    A representation of a resource.

    Parameters
    ----------
    name
        Value of the parameter `f` that asks for it.
    media_type
        What the answer's Content-Type says.
    suffix
        Ending of the name under which it is saved; empty for what is shown.
    also
        Other values of `f` and other media types in Accept that it answers.
    """

    name: str
    media_type: str
    title: str
    suffix: str = ""
    also: tuple[str, ...] = ()

    @property
    def bare_type(self) -> str:
        """The media type without its parameters."""
        return self.media_type.partition(";")[0].strip()


JSON = Format("json", "application/json", "JSON")
XML = Format("xml", "application/xml", "XML")
HTML = Format("html", "text/html", "HTML", also=("application/xhtml+xml",))
GEOJSON = Format("geojson", "application/geo+json", "GeoJSON", also=("json", "application/json"))
GEOJSONSEQ = Format(
    "geojsonseq", "application/geo+json-seq", "GeoJSON sequence", suffix="geojsons"
)
CSV = Format("csv", "text/csv; charset=utf-8; header=present", "CSV", suffix="csv")
GEOPACKAGE = Format(
    "gpkg", "application/geopackage+sqlite3", "GeoPackage", suffix="gpkg",
    also=("application/x-sqlite3",),
)
FLATGEOBUF = Format(
    "fgb", "application/vnd.flatgeobuf", "FlatGeobuf", suffix="fgb",
    also=("flatgeobuf", "application/flatgeobuf"),
)
GEOPARQUET = Format(
    "parquet", "application/vnd.apache.parquet", "GeoParquet", suffix="parquet",
    also=("geoparquet",),
)
KML = Format("kml", "application/vnd.google-earth.kml+xml", "KML", suffix="kml")
SHAPEFILE = Format(
    "shp", "application/x-zipped-shp", "Shapefile, zipped", suffix="zip",
    also=("shapefile", "application/zip"),
)
XLSX = Format(
    "xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", "Excel workbook",
    suffix="xlsx", also=("excel",),
)
DOWNLOADS = (GEOJSONSEQ, CSV, XLSX, GEOPACKAGE, SHAPEFILE, FLATGEOBUF, GEOPARQUET, KML)
"""Formats in which items come as a file: the whole collection, unless a limit is given."""
SCHEMA = Format(
    "json", "application/schema+json", "JSON Schema", also=("schema", "application/json")
)
OPENAPI = Format(
    "json",
    "application/vnd.oai.openapi+json;version=3.0",
    "OpenAPI 3.0",
    also=("openapi", "application/json", "application/openapi+json"),
)
JSONLD = Format("jsonld", "application/ld+json", "JSON-LD", also=("json", "application/json"))
PROBLEM = Format("json", "application/problem+json", "Problem", also=("application/json",))
MVT = Format(
    "mvt", "application/vnd.mapbox-vector-tile", "Mapbox vector tile", suffix="mvt",
    also=("pbf", "application/x-protobuf"),
)
TILEJSON = Format(
    "tilejson", "application/vnd.mapbox.tile+json", "TileJSON", also=("json", "application/json")
)
MAP_STYLE = Format(
    "mapbox", "application/vnd.mapbox.style+json", "Map style", also=("json", "application/json")
)
PMTILES = Format("pmtiles", "application/vnd.pmtiles", "PMTiles", suffix="pmtiles")
OFDS_JSON = Format("ofds-json", "application/json", "OFDS JSON", suffix="json", also=("ofds",))
OFDS_JSON_0_4 = Format("ofds-json-0.4", "application/json", "OFDS 0.4 JSON", suffix="json")
OFDS_JSON_0_3 = Format("ofds-json-0.3", "application/json", "OFDS 0.3 JSON", suffix="json")
OFDS_CSV = Format("ofds-csv", "application/zip", "OFDS CSV, zipped", suffix="zip")
OFDS_GEOJSON = Format("ofds-geojson", "application/zip", "OFDS GeoJSON, zipped", suffix="zip")
OFDS_GPKG = Format(
    "ofds-gpkg", "application/geopackage+sqlite3", "OFDS 0.4 GeoPackage", suffix="gpkg"
)
NETWORKS = (OFDS_JSON, OFDS_JSON_0_4, OFDS_JSON_0_3, OFDS_CSV, OFDS_GEOJSON, OFDS_GPKG)
"""Forms in which whole networks come as a file."""
PDF = Format("pdf", "application/pdf", "PDF", suffix="pdf")
PNG = Format("png", "image/png", "PNG", suffix="png")
