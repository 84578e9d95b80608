"""Unpacking zip archives that may be hostile."""

from __future__ import annotations

import stat
import zipfile
from pathlib import Path, PurePosixPath

from gis_service.errors import UnreadableFile
from gis_service.formats.limits import ReadLimits

PARTS = (".shp", ".shx", ".dbf", ".prj", ".cpg")
_BLOCK = 1 << 16
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
    try:
        with zipfile.ZipFile(path) as archive:
            entries = _checked(archive, limits)
            return _unpack(archive, entries, folder, limits, path.stat().st_size)
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError, ValueError) as error:
        raise UnreadableFile(f"The zip archive is damaged or encrypted: {error}.") from None


def _checked(archive: zipfile.ZipFile, limits: ReadLimits) -> list[zipfile.ZipInfo]:
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
    return entries


def _unpack(
    archive: zipfile.ZipFile,
    entries: list[zipfile.ZipInfo],
    folder: Path,
    limits: ReadLimits,
    packed_bytes: int,
) -> dict[str, Path]:
    stems: dict[str, Path] = {}
    layers: dict[str, Path] = {}
    left = min(limits.file_bytes, max(_FREE_BYTES, packed_bytes * limits.ratio))
    for entry in entries:
        path = PurePosixPath(entry.filename.replace("\\", "/"))
        suffix = path.suffix.lower()
        if suffix not in PARTS or "__MACOSX" in path.parts:
            continue
        stem = str(path.with_suffix("")).casefold()
        place = stems.setdefault(stem, folder / f"layer{len(stems)}")
        left = _write(archive, entry, place.with_suffix(suffix), left)
        if suffix == ".shp":
            name = path.stem if path.stem not in layers else str(path.with_suffix(""))
            layers[name] = place.with_suffix(".shp")
    return layers


def _write(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, target: Path, left: int) -> int:
    with archive.open(entry) as packed, target.open("xb") as out:
        while block := packed.read(_BLOCK):
            left -= len(block)
            if left < 0:
                raise UnreadableFile(
                    "The archive unpacks to far more than its size allows; it was not read."
                )
            out.write(block)
    return left
