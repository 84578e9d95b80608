"""What a file is, judged by its first bytes."""

from __future__ import annotations

import re
import stat
import zipfile
from pathlib import Path

from gis_service.errors import UnreadableFile
from gis_service.formats.archives import DAMAGED, data_files
from gis_service.formats.kinds import FileFormat
from gis_service.formats.ofds_sniffing import Form, ofds_form

ACCEPTED = (
    "GeoPackage, GeoJSON, Shapefile, KML, KMZ, GPX, FlatGeobuf, GeoParquet, CSV, XLSX and "
    "OFDS are read"
)
_HEAD_BYTES = 65_536
_SQLITE = b"SQLite format 3\x00"
_GEOPACKAGE_IDS = (b"GPKG", b"GP10", b"GP11")
_MAGIC = {
    b"\x00\x00\x27\x0a": FileFormat.SHAPEFILE,
    b"fgb\x03": FileFormat.FLATGEOBUF,
    b"PAR1": FileFormat.GEOPARQUET,
}
_OLD_OFFICE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_ROOT = re.compile(rb"<(?:[\w.-]+:)?([A-Za-z_][\w.-]*)[\s/>]")
_ROOTS = {b"kml": FileFormat.KML, b"gpx": FileFormat.GPX}
_SAVE_AS = "Save it as .xlsx or CSV and load that."


def sniff(path: Path, *, max_bytes: int) -> FileFormat:
    """
    The format of a file, whatever its name says.

    Raises
    ------
    UnreadableFile
        There is no such file, it is too large, empty, or of no accepted format.
    """
    head = _head(path, max_bytes)
    if head.startswith(_SQLITE):
        if head[68:72] in _GEOPACKAGE_IDS:
            _refuse_unwritten(path)
            return FileFormat.GEOPACKAGE
        raise UnreadableFile(f"{path.name} is an SQLite database but no GeoPackage; {ACCEPTED}.")
    if head.startswith(b"PK"):
        return _zipped(path)
    for magic, format_ in _MAGIC.items():
        if head.startswith(magic):
            return format_
    if head.startswith(_OLD_OFFICE):
        raise UnreadableFile(
            f"{path.name} is an old Excel workbook (.xls), or a workbook with a password. "
            f"{_SAVE_AS.replace('.xlsx', '.xlsx without a password')}"
        )
    return _text(path, head)


def _refuse_unwritten(path: Path) -> None:
    """What another program has not yet written into a GeoPackage would be lost silently."""
    beside = path.with_name(f"{path.name}-wal")
    if beside.is_file() and beside.stat().st_size:
        raise UnreadableFile(
            f"{path.name} is open in another program, which keeps changes of it in {beside.name}. "
            "Close it there, and load it again."
        )


def _text(path: Path, head: bytes) -> FileFormat:
    text = head.lstrip(b"\xef\xbb\xbf\x1e \t\r\n")
    if text.startswith((b"{", b"[")):
        return FileFormat.OFDS if ofds_form(path) is Form.JSON else FileFormat.GEOJSON
    if text.startswith(b"<"):
        root = _ROOT.search(re.sub(rb"<!--.*?-->", b"", text, flags=re.DOTALL))
        if root is not None and root.group(1) in _ROOTS:
            return _ROOTS[root.group(1)]
        raise UnreadableFile(f"{path.name} holds XML that is neither KML nor GPX; {ACCEPTED}.")
    if b"\x00" in head and not head.startswith((b"\xff\xfe", b"\xfe\xff")):
        if _utf16(head):
            return FileFormat.CSV
        raise UnreadableFile(f"{path.name} is of no known format; {ACCEPTED}.")
    return FileFormat.CSV


def _utf16(head: bytes) -> bool:
    """Whether it looks like Latin letters in UTF-16 without a byte order mark."""
    even, odd = head[0:64:2], head[1:64:2]
    return (not any(odd) and all(even)) or (not any(even) and all(odd))


def _head(path: Path, max_bytes: int) -> bytes:
    try:
        found = path.stat()
        if not stat.S_ISREG(found.st_mode):
            raise UnreadableFile(f"{path} is not a file.")
        if found.st_size == 0:
            raise UnreadableFile(f"{path.name} is empty (0 bytes).")
        if found.st_size > max_bytes:
            raise UnreadableFile(
                f"{path.name} has {found.st_size / 1e6:,.0f} MB; at most "
                f"{max_bytes / 1e6:,.0f} MB are read. Split it, or raise GIS_MAX_FILE_MB."
            )
        with path.open("rb") as file:
            head = file.read(_HEAD_BYTES)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "it cannot be opened"
        raise UnreadableFile(f"{str(path)!r} cannot be read: {reason}.") from None
    if not head.strip():
        raise UnreadableFile(f"{path.name} is empty: it holds nothing but blanks.")
    return head


def _zipped(path: Path) -> FileFormat:
    try:
        with zipfile.ZipFile(path) as archive:
            names = [name.casefold() for name in archive.namelist()]
    except (*DAMAGED, OSError, ValueError):
        raise UnreadableFile(f"{path.name} looks like a zip archive but is damaged.") from None
    if any(name.endswith(".shp") for name in names):
        return FileFormat.SHAPEFILE
    if "xl/workbook.xml" in names:
        return FileFormat.XLSX
    if "xl/workbook.bin" in names:
        raise UnreadableFile(f"{path.name} is a binary Excel workbook (.xlsb). {_SAVE_AS}")
    if "content.xml" in names and "mimetype" in names:
        raise UnreadableFile(f"{path.name} is an OpenDocument file (.ods). {_SAVE_AS}")
    if any(name.endswith(".kml") for name in names):
        return FileFormat.KMZ
    if ofds_form(path) in {Form.CSV, Form.GEOJSON}:
        return FileFormat.OFDS
    if data_files(names):
        return FileFormat.ARCHIVE
    raise UnreadableFile(
        f"{path.name} is a zip archive without a .shp or another file of data in it, and no "
        "workbook, KMZ or OFDS package."
    )
