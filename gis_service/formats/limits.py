"""What a file may cost to read."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ReadLimits:
    """
    Bounds of one reading process.

    Parameters
    ----------
    file_mb
        Largest file, and largest total of what an archive unpacks to.
    memory_mb
        Address space of the process; its libraries alone take some 400.
    cpu_s, deadline_s
        Processor seconds and seconds on the clock after which it is ended.
    entries
        Most entries of an archive.
    ratio
        Most bytes that one byte of an archive may unpack to. Text tables padded
        with blanks (.dbf) honestly reach about 40.
    """

    file_mb: int = 500
    memory_mb: int = 4096
    cpu_s: int = 300
    deadline_s: float = 600.0
    entries: int = 200
    ratio: int = 100

    @property
    def file_bytes(self) -> int:
        return self.file_mb * 1_000_000


DEFAULT_LIMITS = ReadLimits()
