"""Files of the public's site: its manifest, and what makes the same data the same bytes."""

from __future__ import annotations

import hashlib
import json
import sqlite3
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import orjson

from gis_service import __version__
from gis_service.model.audience import Audience
from gis_service.model.publications import Publication

MANIFEST = "manifest.json"
GENERATOR = "gis-service maps build"
"""By this a manifest says that the folder is ours to replace."""
_NOT_TOLD = "1970-01-01T00:00:00.000Z"
"""In place of the moment at which GDAL wrote a GeoPackage, which says nothing of the data."""


@dataclass(frozen=True, slots=True)
class FileFacts:
    """A file of the site, as its manifest tells it."""

    size: int
    sha256: str


def write_manifest(folder: Path, day: date, publication: Publication | None) -> None:
    """Write what a folder holds, each file with its size and SHA-256."""
    manifest = {
        "generator": GENERATOR,
        "version": __version__,
        "audience": Audience.PUBLIC.value,
        "date": day.isoformat(),
        "publication": None if publication is None else publication.document(),
        "files": {
            name: {"bytes": each.size, "sha256": each.sha256} for name, each in _files(folder)
        },
    }
    (folder / MANIFEST).write_bytes(orjson.dumps(manifest, option=orjson.OPT_INDENT_2))


def read_manifest(content: bytes) -> Mapping[str, FileFacts] | None:
    """The files of which a manifest tells, by their paths; None when it is not one of ours."""
    try:
        told = json.loads(content)
        if told["generator"] != GENERATOR:
            return None
        return {
            str(name): FileFacts(int(each.get("bytes", 0)), str(each.get("sha256", "")))
            for name, each in told["files"].items()
        }
    except (ValueError, TypeError, KeyError, AttributeError):
        return None


def file_facts(path: Path) -> FileFacts:
    """Size and SHA-256 of a file, read once and piece by piece."""
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
        return FileFacts(file.tell(), digest)


def pack_geopackage(path: Path, name: str) -> None:
    """
    Put a GeoPackage into a zip of the same name, from which GDAL and QGIS open it.

    They are mostly empty. The moment of writing goes, so that the same rows give the same bytes.
    """
    plain = path.with_name(f"{path.name}.plain")
    path.rename(plain)
    with closing(sqlite3.connect(plain)) as database, database:
        database.execute("UPDATE gpkg_contents SET last_change = ?", (_NOT_TOLD,))
    entry = zipfile.ZipInfo(f"{name}.gpkg")
    entry.compress_type = zipfile.ZIP_DEFLATED
    with (
        zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as packed,
        packed.open(entry, "w", force_zip64=True) as out,
        plain.open("rb") as file,
    ):
        while data := file.read(2**20):
            out.write(data)
    plain.unlink()


def _files(folder: Path) -> Iterator[tuple[str, FileFacts]]:
    for path in sorted(folder.rglob("*")):
        if path.is_file() and path != folder / MANIFEST:
            yield path.relative_to(folder).as_posix(), file_facts(path)
