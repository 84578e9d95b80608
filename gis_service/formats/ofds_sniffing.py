"""Whether a file is a package of the Open Fibre Data Standard, and in which form."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterable
from enum import StrEnum
from pathlib import Path, PurePosixPath

from gis_service.errors import UnreadableFile
from gis_service.formats.archives import DAMAGED

OF_PACKAGES = (".csv", ".geojson", ".json", ".jsonl")
"""Endings of the files that together are one package."""
_HEAD = 65_536
_SHEETS_HEAD = 1_000_000
_TABLES_HEAD = 4_000_000
_SQLITE = b"SQLite format 3\x00"
_PACKAGE = re.compile(rb'"networks"\s*:\s*\[')
_NETWORK = re.compile(rb'"(?:nodes|spans|phases|organisations|contracts|wayleaves)"\s*:\s*\[')
_FEATURES = re.compile(rb'"type"\s*:\s*"FeatureCollection"|"features"\s*:\s*\[')
_CELLS = re.compile(r"xl/sharedStrings\.xml|xl/worksheets/[^/]+\.xml")
_LINK_HEADING = b"links/0/href"
_SHEET_NAME = re.compile(rb'<sheet\b[^>]*?\bname="([^"]*)"')


class Form(StrEnum):
    """The forms in which the standard is exchanged."""

    JSON = "JSON"
    CSV = "CSV"
    GEOJSON = "GeoJSON"
    XLSX = "XLSX"
    GEOPACKAGE = "GeoPackage"


def ofds_form(path: Path) -> Form | None:
    """
    The form of the standard that a file looks like, by its beginning or its contents' names.

    None for any other file; a file that cannot be opened is one.
    """
    try:
        with path.open("rb") as file:
            head = file.read(_HEAD)
    except OSError:
        return None
    if head.startswith(b"PK"):
        return _zipped(path)
    if head.startswith(_SQLITE):
        return Form.GEOPACKAGE if _names_ofds(path) else None
    start = head.lstrip(b"\xef\xbb\xbf\x1e \t\r\n")
    if not start.startswith((b"{", b"[")):
        return None
    return Form.JSON if _is_json(head) else None


def required_form(path: Path) -> Form:
    """
    The form of a file that is said to be a package.

    Raises
    ------
    UnreadableFile
        It is none.
    """
    form = ofds_form(path)
    if form is None:
        raise UnreadableFile(
            "The file is no package of the Open Fibre Data Standard: JSON with networks, a zip "
            "archive of its CSV or GeoJSON files, a workbook of its sheets or its GeoPackage."
        )
    return form


def _names_ofds(path: Path) -> bool:
    """Whether a database's statements, which stand near its beginning, name the standard's id."""
    with path.open("rb") as file:
        return b"ofds_id" in file.read(_TABLES_HEAD)


def _is_json(head: bytes) -> bool:
    """A package says `networks`, or a network has its arrays; GeoJSON has features before."""
    features = _FEATURES.search(head)
    for pattern in (_PACKAGE, _NETWORK):
        found = pattern.search(head)
        if found and (features is None or found.start() < features.start()):
            return True
    return False


def _zipped(path: Path) -> Form | None:
    try:
        with zipfile.ZipFile(path) as archive:
            names = {PurePosixPath(name).name.lower() for name in archive.namelist()}
            if "workbook.xml" in names:
                return Form.XLSX if _is_workbook_of_sheets(archive) else None
    except (*DAMAGED, OSError, ValueError, KeyError):
        return None
    return form_of_names(names)


def _is_workbook_of_sheets(archive: zipfile.ZipFile) -> bool:
    """Sheets of networks and links; or, as QGIS writes them, links in the row of their network."""
    with archive.open("xl/workbook.xml") as workbook:
        sheets = set(_SHEET_NAME.findall(workbook.read(_SHEETS_HEAD)))
    if b"networks" not in sheets:
        return False
    return b"links" in sheets or any(
        _names_links(archive, name) for name in archive.namelist() if _CELLS.fullmatch(name)
    )


def _names_links(archive: zipfile.ZipFile, name: str) -> bool:
    with archive.open(name) as cells:
        return _LINK_HEADING in cells.read(_SHEETS_HEAD)


def form_of_names(names: Iterable[str]) -> Form | None:
    """The form of the standard that files with these names, in lower case, are together."""
    found = set(names)
    if "networks.csv" in found:
        return Form.CSV
    pair = (any(name.endswith(f"{each}.geojson") for name in found) for each in ("nodes", "spans"))
    return Form.GEOJSON if "network.json" in found or all(pair) else None
