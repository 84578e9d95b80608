"""Which files of a folder are data: found by their names, as a look into each comes later."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from gis_service.errors import UnreadableFile

_SUFFIXES = {
    ".gpkg", ".geojson", ".geojsonl", ".geojsons", ".json", ".jsonl", ".shp", ".zip", ".kml",
    ".kmz", ".gpx", ".fgb", ".parquet", ".geoparquet", ".csv", ".tsv", ".xlsx",
}  # fmt: skip
_SIDE_FILES = {
    ".shx", ".dbf", ".prj", ".cpg", ".qpj", ".sbn", ".sbx", ".qix", ".qmd", ".xml",
}  # fmt: skip
"""What stands beside a Shapefile and is read with it, or is of no use."""


@dataclass(frozen=True, slots=True)
class Found:
    """
    What was found at some paths.

    Parameters
    ----------
    files
        To be read, those of a folder in the order of their names.
    passed_over
        In folders, and of no format that is read.
    """

    files: tuple[Path, ...]
    passed_over: tuple[Path, ...]


def files_at(paths: Iterable[Path]) -> Found:
    """
    The files at some paths, with those of each folder and the folders in it.

    A file that is named is taken whatever its name; links to folders are not
    followed, and hidden files are not looked at.

    Raises
    ------
    UnreadableFile
        A folder has no file that is read, or is a File Geodatabase.
    """
    files: list[Path] = []
    passed_over: list[Path] = []
    for path in paths:
        if not path.is_dir():
            files.append(path)
            continue
        if path.suffix.lower() == ".gdb":
            raise UnreadableFile(
                f"{path.name} is a File Geodatabase, which is not read. Save its layers as a "
                "GeoPackage (in QGIS: Export, Save Features As) and load that."
            )
        inside = sorted(p for p in path.rglob("*") if p.is_file() and not _hidden(p, path))
        data = [p for p in inside if p.suffix.lower() in _SUFFIXES and not _written_by_us(p)]
        if not data:
            raise UnreadableFile(f"The folder {path} has no file of a format that is read.")
        files += data
        left = (p for p in inside if p.suffix.lower() not in _SUFFIXES | _SIDE_FILES)
        passed_over += left
    return Found(tuple(dict.fromkeys(files)), tuple(passed_over))


def _written_by_us(path: Path) -> bool:
    """The rows at fault of an earlier load."""
    return path.name.endswith("-faults.csv")


def _hidden(path: Path, folder: Path) -> bool:
    parts = path.relative_to(folder).parts
    return "__MACOSX" in parts or any(part.startswith(".") for part in parts)
