"""The files of the server's log (WAL) in a folder: which there are, and whether any is missing."""

from __future__ import annotations

import gzip
import os
import re
import shutil
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from gis_service.errors import DamagedBackup
from gis_service.store.cluster.files import sync_directory

_NAME = re.compile(r"([0-9A-F]{8})([0-9A-F]{8})([0-9A-F]{8})(\.gz|\.partial)?")
SEGMENT_BYTES = 16 * 2**20
"""What `initdb` gives the private server."""
_OF_A_LOG = 2**32 // SEGMENT_BYTES
_LEVEL = 3


@dataclass(frozen=True, slots=True, order=True)
class Segment:
    """
    One file of the log.

    Parameters
    ----------
    number
        Counted from the server's beginning.
    path
        Ends in `.gz` when it is compressed, in `.partial` when it is still being taken.
    """

    number: int
    path: Path

    @property
    def name(self) -> str:
        """As the server calls it."""
        return self.path.name.partition(".")[0]

    @property
    def whole(self) -> bool:
        return self.path.suffix != ".partial"


def number_of(name: str) -> int:
    """
    The number of a segment, whatever its timeline.

    Raises
    ------
    ValueError
        It is not the name of one.
    """
    found = _NAME.fullmatch(name)
    if found is None:
        raise ValueError(name)
    return int(found[2], 16) * _OF_A_LOG + int(found[3], 16)


def segments(folder: Path) -> list[Segment]:
    """The segments of a folder, one of each number, in order."""
    found: dict[int, Segment] = {}
    for path in sorted(folder.iterdir(), key=lambda each: each.suffix == ".partial"):
        if _NAME.fullmatch(path.name):
            found.setdefault(number := number_of(path.name), Segment(number, path))
    return sorted(found.values())


def first_gap(found: Iterable[Segment], start: int) -> int | None:
    """
    The number of the first segment that is missing; None when none is.

    Parameters
    ----------
    found
        In order.
    start
        The number of the first that is needed.
    """
    expected = start
    for each in found:
        if each.number < start:
            continue
        if each.number > expected:
            return expected
        expected = each.number + 1
    return None


def compress(each: Segment) -> None:
    """Put a compressed segment in the place of a whole one; never half of it."""
    part = each.path.with_name(f".{each.path.name}.gz.part")
    with each.path.open("rb") as plain, part.open("wb") as file:
        with gzip.GzipFile(filename="", fileobj=file, mode="wb", compresslevel=_LEVEL) as packed:
            shutil.copyfileobj(plain, packed, 2**20)
        file.flush()
        os.fsync(file.fileno())
    part.chmod(0o600)
    part.replace(each.path.with_name(f"{each.path.name}.gz"))
    sync_directory(each.path.parent)
    each.path.unlink()


def lay_out(each: Segment, folder: Path) -> None:
    """
    Write a segment as the server wants it.

    Raises
    ------
    DamagedBackup
        A compressed one cannot be read.
    """
    target = folder / each.name
    try:
        with (
            gzip.open(each.path) if each.path.suffix == ".gz" else each.path.open("rb")
        ) as source, target.open("wb") as file:
            shutil.copyfileobj(source, file, 2**20)
    except (EOFError, gzip.BadGzipFile) as error:
        raise DamagedBackup(f"{each.path} is damaged: {error}") from error
    if target.stat().st_size != SEGMENT_BYTES:
        raise DamagedBackup(f"{each.path} is cut short.")
