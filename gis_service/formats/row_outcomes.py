"""
What a load makes of each row of its file, in a file of our own that can be paged through.

An SQLite database: `rows`, `faults` and `shapes`. It is written and read by the
service alone, and gone with the upload that it belongs to.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple, overload

import orjson

from gis_service.model.reports import RowFault, Severity
from gis_service.model.uploads import RowOutcome

_TABLES = """
CREATE TABLE rows (
    place INTEGER PRIMARY KEY, row INTEGER, outcome TEXT, key TEXT, name TEXT, network TEXT,
    collection TEXT);
CREATE TABLE faults (
    row INTEGER, title TEXT, rule TEXT, severity TEXT, value TEXT, message TEXT, network TEXT,
    collection TEXT);
CREATE TABLE shapes (
    row INTEGER, outcome TEXT, key TEXT, name TEXT, shape TEXT, collection TEXT);
"""
_INDEXES = """
CREATE INDEX rows_order ON rows (network, collection, row, place);
CREATE INDEX rows_outcome ON rows (outcome, network, collection, row, place);
CREATE INDEX faults_row ON faults (row);
"""


class Part(NamedTuple):
    """Of a package, which rows are numbered together: a network's `external_id`, a collection."""

    network: str = ""
    collection: str = ""


WHOLE = Part()
"""The rows of a file that is no package."""


@dataclass(frozen=True, slots=True)
class OutcomeRow:
    """
    One row of a file, and what becomes of it.

    Parameters
    ----------
    row
        Its number in the file; 0 for an item that the file lacks.
    key, name
        What identifies and names it, as far as the file tells.
    faults
        What is wrong or odd with it.
    part
        Where it stands in a package; empty in a table.
    """

    row: int
    outcome: RowOutcome
    key: str
    name: str
    faults: tuple[RowFault, ...] = ()
    part: Part = WHOLE


@dataclass(frozen=True, slots=True)
class OutcomeShape:
    """A row on the map; `shape` is a GeoJSON geometry, longitude first."""

    row: int
    outcome: RowOutcome
    key: str
    name: str
    shape: bytes
    part: Part = WHOLE


class OutcomeWriter:
    """Writes the file; it is whole when `finish` has returned."""

    def __init__(self, path: Path) -> None:
        path.unlink(missing_ok=True)
        self._database = sqlite3.connect(path)
        path.chmod(0o600)
        self._database.executescript(f"PRAGMA journal_mode = OFF; {_TABLES}")

    def rows(self, rows: Iterable[tuple[int, str, str, str]], part: Part = WHOLE) -> None:
        """Add rows: number, outcome, key, name."""
        self._database.executemany(
            "INSERT INTO rows (row, outcome, key, name, network, collection) "
            "VALUES (?, ?, ?, ?, ?, ?)",
            ((row, outcome, _text(key), _text(name), *part) for row, outcome, key, name in rows),
        )

    def faults(self, faults: Iterable[RowFault], part: Part = WHOLE) -> None:
        """Add what is wrong with rows."""
        self._database.executemany(
            "INSERT INTO faults VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            ((f.row, f.column, f.rule, f.severity.value, _text(f.value), _text(f.message), *part)
             for f in faults),
        )

    def shapes(self, shapes: Iterable[OutcomeShape]) -> None:
        """Add rows to the map."""
        self._database.executemany(
            "INSERT INTO shapes VALUES (?, ?, ?, ?, ?, ?)",
            ((s.row, s.outcome.value, _text(s.key), _text(s.name), s.shape.decode(),
              s.part.collection) for s in shapes),
        )

    def finish(self) -> None:
        """Make it fit to be read."""
        self._database.executescript(_INDEXES)
        self._database.commit()
        self._database.close()


def outcome_rows(
    path: Path, outcome: RowOutcome | None, *, first: int, most: int
) -> list[OutcomeRow]:
    """So many rows of an outcome, or of all, from the `first` on, in the order of the file."""
    chosen = "" if outcome is None else "WHERE outcome = ?"
    given: list[object] = [] if outcome is None else [outcome.value]
    with _opened(path) as database:
        found = database.execute(
            f"SELECT row, outcome, key, name, network, collection FROM rows {chosen} "
            "ORDER BY network, collection, row, place LIMIT ? OFFSET ?",
            [*given, most, first],
        ).fetchall()
        faults = _faults(database, {row for row, *_ in found})
    return [
        OutcomeRow(row, RowOutcome(became), key, name, tuple(faults.get((row, *part), ())),
                   Part(*part))
        for row, became, key, name, *part in found
    ]


class OutcomeFaults(Sequence[RowFault]):
    """All faults in the order in which they were written, read as they are asked for."""

    def __init__(self, path: Path) -> None:
        self._path = path
        with _opened(path) as database:
            self._count = int(database.execute("SELECT count(*) FROM faults").fetchone()[0])

    def __len__(self) -> int:
        return self._count

    def __iter__(self) -> Iterator[RowFault]:
        return self._found(0, self._count)

    @overload
    def __getitem__(self, at: int) -> RowFault: ...
    @overload
    def __getitem__(self, at: slice) -> Sequence[RowFault]: ...
    def __getitem__(self, at: int | slice) -> RowFault | Sequence[RowFault]:
        if isinstance(at, slice):
            begin, end, step = at.indices(self._count)
            return tuple(self._found(begin, end))[::step]
        at = range(self._count)[at]
        return next(self._found(at, at + 1))

    def _found(self, begin: int, end: int) -> Iterator[RowFault]:
        with _opened(self._path) as database:
            found = database.execute(
                "SELECT row, title, rule, value, message, severity FROM faults "
                "WHERE rowid > ? AND rowid <= ? ORDER BY rowid", (begin, end)
            )
            for row, column, rule, value, message, severity in found:
                yield RowFault(row, column, rule, value, message, Severity(severity))


def outcome_shapes(path: Path) -> bytes:
    """The rows on the map as a GeoJSON FeatureCollection."""
    with _opened(path) as database:
        features = [
            b'{"type":"Feature","geometry":%b,"properties":%b}' % (
                shape.encode(),
                orjson.dumps({
                    "row": row, "outcome": outcome, "key": key, "name": name,
                    "collection": collection,
                }),
            )
            for row, outcome, key, name, shape, collection in database.execute(
                "SELECT * FROM shapes"
            )
        ]
    return b'{"type":"FeatureCollection","features":[%b]}' % b",".join(features)


def count_shapes(path: Path) -> int:
    """How many rows are on the map."""
    with _opened(path) as database:
        return int(database.execute("SELECT count(*) FROM shapes").fetchone()[0])


def _faults(
    database: sqlite3.Connection, rows: Collection[int]
) -> dict[tuple[int, str, str], list[RowFault]]:
    places = ", ".join("?" * len(rows))
    found: dict[tuple[int, str, str], list[RowFault]] = {}
    for row, column, rule, severity, value, message, *part in database.execute(
        f"SELECT * FROM faults WHERE row IN ({places})", list(rows)
    ):
        found.setdefault((row, *part), []).append(
            RowFault(row, column, rule, value, message, Severity(severity))
        )
    return found


@contextmanager
def _opened(path: Path) -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(f"file:{path}?mode=ro&immutable=1", uri=True)) as database:
        yield database


def _text(text: str) -> str:
    """SQLite's texts are UTF-8, which has no half surrogates."""
    return text.encode("utf-8", "replace").decode()
