"""What a file is, judged by its first bytes."""

from __future__ import annotations

import stat
import zipfile
from pathlib import Path

from gis_service.errors import UnreadableFile
from gis_service.formats.kinds import FileFormat

_SQLITE = b"SQLite format 3\x00"
_GEOPACKAGE_IDS = (b"GPKG", b"GP10", b"GP11")
_SHAPEFILE = b"\x00\x00\x27\x0a"
_ACCEPTED = "GeoPackage, GeoJSON, zipped Shapefile and CSV are read"


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
            return FileFormat.GEOPACKAGE
        raise UnreadableFile(f"{path.name} is an SQLite database but no GeoPackage; {_ACCEPTED}.")
    if head.startswith(b"PK"):
        return _zipped(path)
    if head.startswith(_SHAPEFILE):
        return FileFormat.SHAPEFILE
    text = head.lstrip(b"\xef\xbb\xbf \t\r\n")
    if text.startswith((b"{", b"[")):
        return FileFormat.GEOJSON
    if text.startswith(b"<"):
        raise UnreadableFile(f"{path.name} holds XML; {_ACCEPTED}.")
    if b"\x00" in head and not head.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise UnreadableFile(f"{path.name} is of no known format; {_ACCEPTED}.")
    return FileFormat.CSV


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
            head = file.read(4096)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "it cannot be opened"
        raise UnreadableFile(f"{str(path)!r} cannot be read: {reason}.") from None
    if not head.strip():
        raise UnreadableFile(f"{path.name} is empty: it holds nothing but blanks.")
    return head


def _zipped(path: Path) -> FileFormat:
    try:
        with zipfile.ZipFile(path) as archive:
            names = [name.lower() for name in archive.namelist()]
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError):
        raise UnreadableFile(f"{path.name} looks like a zip archive but is damaged.") from None
    if any(name.endswith(".shp") for name in names):
        return FileFormat.SHAPEFILE
    raise UnreadableFile(f"{path.name} is a zip archive without a .shp in it; {_ACCEPTED}.")
