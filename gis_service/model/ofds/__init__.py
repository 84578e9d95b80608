"""
The Open Fibre Data Standard: its classes, codelists and versions, as facts.

`classes` declares every class once, with what differs between versions. The
JSON Schema (`json_schema`) and the sheets of the CSV form (`sheets`) come from it.
"""

from gis_service.model.ofds.codelists import closed_codes, open_codes
from gis_service.model.ofds.json_schema import package_schema
from gis_service.model.ofds.sheets import Column, Sheet, sheets
from gis_service.model.ofds.versions import (
    CURRENT,
    VERSIONS,
    OfdsVersion,
    likely_version,
    version_named,
    version_of,
)
from gis_service.model.ofds.words import CRS84_NAME, CRS84_URI, Kind, OfdsClass, Property

__all__ = [
    "CRS84_NAME",
    "CRS84_URI",
    "CURRENT",
    "VERSIONS",
    "Column",
    "Kind",
    "OfdsClass",
    "OfdsVersion",
    "Property",
    "Sheet",
    "closed_codes",
    "likely_version",
    "open_codes",
    "package_schema",
    "sheets",
    "version_named",
    "version_of",
]
