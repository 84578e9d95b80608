"""The files of an archive, one after the other; those that are read are never written to disk."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from pathlib import PurePosixPath

from gis_service.errors import UnreadableFile
from gis_service.formats.archives import checked_entries
from gis_service.formats.limits import ReadLimits

_BLOCK = 1 << 16
_EARLIEST = (1980, 1, 1, 0, 0, 0)


def entry_named(name: str) -> zipfile.ZipInfo:
    """A file of an archive without a time, so that the same content is the same bytes."""
    entry = zipfile.ZipInfo(name, _EARLIEST)
    entry.compress_type = zipfile.ZIP_DEFLATED
    return entry


def entries(
    archive: zipfile.ZipFile, limits: ReadLimits, *, suffixes: tuple[str, ...]
) -> Iterator[tuple[str, bytes]]:
    """
    Name and content of each file with one of the suffixes, bytes counted as they come.

    Raises
    ------
    UnreadableFile
        The archive is hostile, a name stands twice, or they are too large.
    """
    left = limits.file_bytes
    seen: set[str] = set()
    for entry in checked_entries(archive, limits):
        path = PurePosixPath(entry.filename.replace("\\", "/"))
        if path.suffix.lower() not in suffixes or "__MACOSX" in path.parts:
            continue
        if path.name in seen:
            raise UnreadableFile(f"The archive holds {path.name[:80]!r} twice.")
        seen.add(path.name)
        blocks = []
        with archive.open(entry) as packed:
            while block := packed.read(_BLOCK):
                left -= len(block)
                if left < 0:
                    raise UnreadableFile(
                        "The archive unpacks to far more than its size allows; it was not read."
                    )
                blocks.append(block)
        yield path.name, b"".join(blocks)


def text_of(name: str, content: bytes) -> str:
    """A file's text in UTF-8; raises `UnreadableFile`."""
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise UnreadableFile(
            f"{name} is not in UTF-8 (byte {error.start + 1:,}); save it so, and zip it again."
        ) from None
