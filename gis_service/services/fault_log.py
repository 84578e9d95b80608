"""What is wrong with the rows of a file: in memory while it is little, then on disk."""

from __future__ import annotations

import sqlite3
import weakref
from array import array
from collections.abc import Iterable, Iterator, Sequence
from typing import overload

import numpy as np
from numpy.typing import NDArray

from gis_service.errors import Unavailable
from gis_service.model.reports import RowFault, Severity

_IN_MEMORY = 20_000
_AT_ONCE = 5_000


class FaultLog(Sequence[RowFault]):
    """
    Faults by row, those of one row in the order in which they were added.

    In memory are 8 bytes of each that is an error. What is on disk is in a database without a
    name, which is gone with this object.
    """

    def __init__(self) -> None:
        self._held: list[RowFault] = []
        self._count = 0
        self._errors = array("q")
        self._database: sqlite3.Connection | None = None

    def add(self, faults: Iterable[RowFault]) -> None:
        """Take note of more."""
        for fault in faults:
            self._held.append(fault)
            self._count += 1
            if fault.severity is Severity.ERROR:
                self._errors.append(fault.row)
            if len(self._held) >= _IN_MEMORY:
                self._spill()

    def error_rows(self) -> NDArray[np.int64]:
        """Numbers of the rows that are at fault, in order; 0 for the file as a whole."""
        return np.unique(np.array(self._errors, dtype=np.int64))

    def settled(self) -> Sequence[RowFault]:
        """All, as nothing more comes: a tuple where they are few."""
        return tuple(self) if self._database is None else self

    def __len__(self) -> int:
        return self._count

    def __iter__(self) -> Iterator[RowFault]:
        if self._database is None:
            return iter(sorted(self._held, key=lambda fault: fault.row))
        return self._stored(-1, 0)

    @overload
    def __getitem__(self, at: int) -> RowFault: ...
    @overload
    def __getitem__(self, at: slice) -> Sequence[RowFault]: ...
    def __getitem__(self, at: int | slice) -> RowFault | Sequence[RowFault]:
        if isinstance(at, slice):
            begin, end, step = at.indices(self._count)
            if self._database is None or step < 0:
                return tuple(self)[at]
            return tuple(self._stored(max(end - begin, 0), begin))[::step]
        if not -self._count <= at < self._count:
            raise IndexError(at)
        at %= self._count
        return self[at : at + 1][0]

    def _spill(self) -> None:
        if self._database is None:
            # an empty name: a database on disk that nobody else sees
            self._database = sqlite3.connect("", check_same_thread=False)
            weakref.finalize(self, self._database.close)
            self._database.executescript(_TABLE)
        try:
            self._database.executemany(
                "INSERT INTO faults VALUES (?, ?, ?, ?, ?, ?)",
                (
                    (f.row, f.column, f.rule, _storable(f.value), _storable(f.message), f.severity)
                    for f in self._held
                ),
            )
        except sqlite3.OperationalError as error:
            raise Unavailable(
                f"There is no room for what is wrong with so many rows ({error}). Make room in the "
                "folder of temporary files."
            ) from None
        self._held.clear()

    def _stored(self, most: int, begin: int) -> Iterator[RowFault]:
        if self._database is None:
            raise AssertionError("nothing was written yet")
        self._spill()
        found = self._database.execute(
            "SELECT * FROM faults ORDER BY row, rowid LIMIT ? OFFSET ?", (most, begin)
        )
        while rows := found.fetchmany(_AT_ONCE):
            for row, column, rule, value, message, severity in rows:
                yield RowFault(row, column, rule, value, message, Severity(severity))


_TABLE = """
PRAGMA journal_mode = OFF;
PRAGMA synchronous = OFF;
CREATE TABLE faults (
    row INTEGER, title TEXT, rule TEXT, value TEXT, message TEXT, severity TEXT);
CREATE INDEX faults_row ON faults (row);
"""


def _storable(text: str) -> str:
    """SQLite keeps no halves of characters."""
    return text.encode("utf-8", "replace").decode()
