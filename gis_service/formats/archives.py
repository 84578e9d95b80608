"""Unpacking zip archives that may be hostile."""

from __future__ import annotations

import re
import stat
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from gis_service.errors import UnreadableFile
from gis_service.formats.limits import ReadLimits

PARTS = (".shp", ".shx", ".dbf", ".prj", ".cpg")
DATA = (
    ".csv", ".tsv", ".gpkg", ".geojson", ".geojsonl", ".json", ".fgb", ".parquet", ".geoparquet",
    ".gpx", ".xlsx",
)  # fmt: skip
"""Endings of files of data in an archive that is none of the known kinds."""
DAMAGED = (zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError, EOFError)
"""What reading a damaged, encrypted or unknown archive raises."""
_BLOCK = 1 << 16
_OVERLAP = 64
_HEADER = 30
"""Bytes before each entry's name."""
_DOCTYPE = b"<!DOCTYPE"
_UNCOMPUTED = re.compile(rb"</f>\s*(?:<v\s*/>|<v></v>|</c>)|<f>[^<]*</f>\s*</c>")
"""A formula of a workbook, and no value behind it."""
_FREE_BYTES = 10_000_000
"""An archive that unpacks to less than this is harmless at any ratio."""


def unpack_shapefiles(path: Path, folder: Path, limits: ReadLimits) -> dict[str, Path]:
    """
    Unpack an archive's Shapefiles under names of our own.

    Nothing in the archive chooses where a byte is written, and bytes are
    counted as they come: an archive's own figures are not believed.

    Returns
    -------
    dict
        Path of each `.shp` by layer name.

    Raises
    ------
    UnreadableFile
        The archive is damaged, encrypted, hostile or too large.
    """
    with _opened(path, limits) as (archive, entries, budget):
        return _unpack(archive, entries, folder, budget)


def read_kmz(path: Path, limits: ReadLimits) -> dict[str, bytes]:
    """
    The KML documents of a KMZ, by their names in it; `doc.kml` comes first.

    Raises
    ------
    UnreadableFile
        The archive is damaged, encrypted, hostile or too large.
    """
    with _opened(path, limits) as (archive, entries, budget):
        found = [e for e in entries if e.filename.lower().endswith(".kml") and not _idle(e)]
        return {
            entry.filename: b"".join(_blocks(archive, entry, budget))
            for entry in sorted(found, key=_kml_rank)
        }


def data_files(names: Iterable[str]) -> list[str]:
    """Those of an archive's entries that are files of data by their names, in their order."""
    return [
        name for name in names
        if PurePosixPath(name).suffix.lower() in DATA and not _is_idle(PurePosixPath(name))
    ]


def unpack_data(path: Path, folder: Path, limits: ReadLimits) -> dict[str, str]:
    """
    Unpack an archive's files of data under names of our own.

    Returns
    -------
    dict
        Name in `folder` by the name in the archive.

    Raises
    ------
    UnreadableFile
        The archive is damaged, encrypted, hostile or too large.
    """
    made: dict[str, str] = {}
    with _opened(path, limits) as (archive, entries, budget):
        wanted = set(data_files(entry.filename for entry in entries))
        for entry in entries:
            if entry.filename in wanted:
                name = f"data{len(made)}{PurePosixPath(entry.filename).suffix.lower()}"
                with (folder / name).open("xb") as out:
                    for block in _blocks(archive, entry, budget):
                        out.write(block)
                made[entry.filename] = name
    return made


@dataclass(frozen=True, slots=True)
class WorkbookCheck:
    """
    What a look through a workbook's parts has found.

    Parameters
    ----------
    uncomputed
        Whether formulas stand in it without their values.
    """

    uncomputed: bool


def check_workbook(path: Path, limits: ReadLimits) -> WorkbookCheck:
    """
    Unpack a workbook in passing, so that what reads it later meets no surprise.

    Raises
    ------
    UnreadableFile
        The archive is damaged, encrypted, hostile or too large, or a part of
        it declares a document type, which no workbook does.
    """
    uncomputed = False
    with _opened(path, limits) as (archive, entries, budget):
        for entry in entries:
            before = b""
            for block in _blocks(archive, entry, budget):
                text = before + block
                if entry.filename.lower().endswith((".xml", ".rels")):
                    if _DOCTYPE in text:
                        raise UnreadableFile("The workbook declares a document type (DOCTYPE).")
                    uncomputed = uncomputed or _UNCOMPUTED.search(text) is not None
                before = block[-_OVERLAP:]
    return WorkbookCheck(uncomputed)


@contextmanager
def _opened(
    path: Path, limits: ReadLimits
) -> Iterator[tuple[zipfile.ZipFile, list[zipfile.ZipInfo], _Budget]]:
    left = min(limits.file_bytes, max(_FREE_BYTES, path.stat().st_size * limits.ratio))
    try:
        with zipfile.ZipFile(path) as archive:
            yield archive, checked_entries(archive, limits), _Budget(left)
    except (*DAMAGED, ValueError) as error:
        raise UnreadableFile(f"The zip archive is damaged or encrypted: {error}.") from None


@dataclass(slots=True)
class _Budget:
    """How many bytes more an archive may unpack to."""

    left: int


def checked_entries(archive: zipfile.ZipFile, limits: ReadLimits) -> list[zipfile.ZipInfo]:
    """
    The entries of an archive, as its directory names them.

    Raises
    ------
    UnreadableFile
        There are too many, one is encrypted, a link, outside of it or there
        twice, or several share the same bytes.
    """
    entries = archive.infolist()
    if len(entries) > limits.entries:
        raise UnreadableFile(
            f"The archive has {len(entries):,} entries; at most {limits.entries} are read."
        )
    seen: set[str] = set()
    for entry in entries:
        path = PurePosixPath(entry.filename.replace("\\", "/"))
        if path.is_absolute() or ".." in path.parts or path.drive or ":" in entry.filename:
            raise UnreadableFile(
                f"The archive has an entry that points outside of it: {entry.filename[:80]!r}."
            )
        mode = entry.external_attr >> 16
        if mode and not (stat.S_ISREG(mode) or stat.S_ISDIR(mode) or stat.S_IFMT(mode) == 0):
            raise UnreadableFile(
                f"The archive has an entry that is a link or device: {entry.filename[:80]!r}."
            )
        if entry.flag_bits & 0x1:
            raise UnreadableFile("The archive is encrypted; unpack it and zip it without password.")
        folded = str(path).casefold()
        if folded in seen:
            raise UnreadableFile(f"The archive holds {entry.filename[:80]!r} twice.")
        seen.add(folded)
    _refuse_overlaps(archive, entries)
    return entries


def _refuse_overlaps(archive: zipfile.ZipFile, entries: list[zipfile.ZipInfo]) -> None:
    """Few bytes that stand for many files, each of which unpacks to much."""
    ordered = sorted(entries, key=lambda entry: entry.header_offset)
    limits = [entry.header_offset for entry in ordered[1:]] + [archive.start_dir]
    for entry, limit in zip(ordered, limits, strict=True):
        named = len(entry.orig_filename.encode("utf-8" if entry.flag_bits & 0x800 else "cp437"))
        if entry.header_offset + _HEADER + named + entry.compress_size > limit:
            raise UnreadableFile(
                f"The archive has entries that overlap, {entry.filename[:80]!r} among them; "
                "it was not read."
            )


def _unpack(
    archive: zipfile.ZipFile, entries: list[zipfile.ZipInfo], folder: Path, budget: _Budget
) -> dict[str, Path]:
    stems: dict[str, Path] = {}
    layers: dict[str, Path] = {}
    for entry in entries:
        path = PurePosixPath(entry.filename.replace("\\", "/"))
        suffix = path.suffix.lower()
        if suffix not in PARTS or _idle(entry):
            continue
        stem = str(path.with_suffix("")).casefold()
        place = stems.setdefault(stem, folder / f"layer{len(stems)}")
        with place.with_suffix(suffix).open("xb") as out:
            for block in _blocks(archive, entry, budget):
                out.write(block)
        if suffix == ".shp":
            name = path.stem if path.stem not in layers else str(path.with_suffix(""))
            layers[name] = place.with_suffix(".shp")
    return layers


def _blocks(
    archive: zipfile.ZipFile, entry: zipfile.ZipInfo, budget: _Budget
) -> Iterator[bytes]:
    if entry.is_dir():
        return
    with archive.open(entry) as packed:
        while block := packed.read(_BLOCK):
            budget.left -= len(block)
            if budget.left < 0:
                raise UnreadableFile(
                    "The archive unpacks to far more than its size allows; it was not read."
                )
            yield block


def _idle(entry: zipfile.ZipInfo) -> bool:
    return _is_idle(PurePosixPath(entry.filename))


def _is_idle(path: PurePosixPath) -> bool:
    """What macOS adds to archives: `__MACOSX/._offices.shp` is no Shapefile."""
    return "__MACOSX" in path.parts or path.name.startswith("._")


def _kml_rank(entry: zipfile.ZipInfo) -> tuple[bool, int, str]:
    """`doc.kml` before others, and those at the top before those in folders."""
    path = PurePosixPath(entry.filename.lower())
    return path.name != "doc.kml", len(path.parts), str(path)
