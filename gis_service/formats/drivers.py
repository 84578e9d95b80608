"""Which of GDAL's drivers a reading process keeps: the one for its format, no other."""

from __future__ import annotations

from collections.abc import Iterable

from gis_service.formats.kinds import FileFormat

DRIVERS: dict[FileFormat, str] = {
    FileFormat.GEOPACKAGE: "GPKG",
    FileFormat.SHAPEFILE: "ESRI Shapefile",
    FileFormat.FLATGEOBUF: "FlatGeobuf",
}
KNOWN = (
    "ADBC", "AIVector", "AVCBin", "AVCE00", "AmigoCloud", "Arrow", "BAG", "CAD", "CSV", "CSW",
    "Carto", "DGN", "DWG", "DXF", "EDIGEO", "EEDA", "ESRI Shapefile", "ESRIJSON",
    "Elasticsearch", "FileGDB", "FlatGeobuf", "GDALG", "GML", "GMLAS", "GPKG", "GPSBabel",
    "GPX", "GTFS", "GeoJSON", "GeoJSONSeq", "GeoRSS", "Geoconcept", "HDF5", "HTTP", "Idrisi",
    "Interlis 1", "Interlis 2", "JML", "JP2OpenJPEG", "JSONFG", "KML", "LIBKML", "LVBAG",
    "MBTiles", "MEM", "MSSQLSpatial", "MVT", "MapInfo File", "MapML", "Memory", "MiraMonVector",
    "MongoDBv3", "MySQL", "NAS", "NGW", "OAPIF", "ODBC", "ODS", "OGCAPI", "OGR_GMT", "OGR_PDS",
    "OGR_VRT", "OSM", "OpenFileGDB", "PCIDSK", "PDF", "PDS4", "PGDUMP", "PGeo", "PLSCENES",
    "PMTiles", "Parquet", "PostgreSQL", "S57", "SOSI", "SQLite", "SVG", "SXF", "Selafin",
    "TIGER", "TopoJSON", "UK .NTF", "VDV", "VFK", "VICAR", "VRT", "WAsP", "WFS", "XLS", "XLSX",
    "XODR", "netCDF",
)
"""Drivers of GDAL's common builds; one not listed is found by the check and cut at a second try."""


def gdal_environment(keep: str, surplus: Iterable[str] = ()) -> dict[str, str]:
    """
    Variables that cut GDAL down to the driver `keep`.

    They work only if they are set before GDAL is imported, so they belong to
    the environment that a process starts with.
    """
    skipped = [name for name in dict.fromkeys((*KNOWN, *surplus)) if name != keep]
    return {
        "GDAL_SKIP": ",".join(skipped),
        "GDAL_DRIVER_PATH": "disable",
        "GDAL_VRT_ENABLE_PYTHON": "NO",
        "GDAL_HTTP_TIMEOUT": "1",
        "CPL_VSIL_CURL_ALLOWED_EXTENSIONS": ".none",
        "OGR_SQLITE_LIST_VIRTUAL_OGR": "NO",
        "SHAPE_RESTORE_SHX": "YES",
    }
