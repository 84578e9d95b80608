"""Reading a package of the Open Fibre Data Standard, in a process of its own that can be ended."""

from __future__ import annotations

import hashlib
from pathlib import Path

from gis_service.errors import UnreadableFile
from gis_service.formats.kinds import FileFormat
from gis_service.formats.limits import DEFAULT_LIMITS, ReadLimits
from gis_service.formats.ofds_package import Package
from gis_service.formats.ofds_sniffing import required_form
from gis_service.formats.process import run_reader


def read_package(path: Path, *, limits: ReadLimits = DEFAULT_LIMITS) -> Package:
    """
    The package in a file, whatever form it has.

    Raises
    ------
    UnreadableFile
        There is no such file, it is too large, no package, or a broken one.
    """
    try:
        size = path.stat().st_size
    except OSError as error:
        raise UnreadableFile(f"{str(path)!r} cannot be read: {error.strerror}.") from None
    if size > limits.file_bytes:
        raise UnreadableFile(
            f"{path.name} has {size / 1e6:,.0f} MB; at most {limits.file_mb:,} MB are read. "
            "Split it, or raise GIS_MAX_FILE_MB."
        )
    required_form(path)
    answer, _ = run_reader(path, FileFormat.OFDS, {"list_layers": False}, limits)
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return Package(answer["document"], answer["form"], digest, tuple(answer["notes"]))
