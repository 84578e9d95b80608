"""What a part of a file does not show of the whole: how columns are written, what is doubled."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

from gis_service.errors import InvalidInput
from gis_service.formats.source_rows import SourceRows
from gis_service.model.fields import Collection
from gis_service.model.jobs import Json
from gis_service.model.reports import RowFault, Severity
from gis_service.services.load_checking import OpenedFile, OpenedSource, look_ahead
from gis_service.validation.columns import loadable_fields
from gis_service.validation.faults import Faults
from gis_service.validation.field_values import Habits, field_series, habits_of, parsed
from gis_service.validation.key_index import hashes
from gis_service.validation.part_checks import Checks

MOST_DOUBLED = 100_000
"""Rows that share their identifier with one of another part; of more, it is no identifier."""
_OTHERS = 5
_SHOWN = 120


@dataclass(frozen=True, slots=True)
class WholeFile:
    """
    What was seen in a whole file.

    Parameters
    ----------
    habits
        How whole columns are written, by field.
    doubts
        What looks odd about the file as a whole.
    doubled
        Rows that share their identifier with a row of another part, in their order.
    columns
        Those that rows get beside the file's own: nodes at the ends of links.
    """

    habits: Mapping[str, Habits] = field(default_factory=dict)
    doubts: tuple[RowFault, ...] = ()
    doubled: tuple[RowFault, ...] = ()
    columns: tuple[str, ...] = ()

    def as_json(self) -> Json:
        """As it is kept with the parts."""
        return {
            "habits": {name: asdict(each) for name, each in self.habits.items()},
            "doubts": [asdict(each) for each in self.doubts],
            "doubled": [asdict(each) for each in self.doubled],
            "columns": list(self.columns),
        }

    @classmethod
    def of_json(cls, kept: Json, checked: OpenedFile) -> WholeFile:
        """What `as_json` wrote, for the file that goes on being loaded."""
        empty = habits_of(checked.collection, checked.checks.plan)
        return cls(
            {name: type(each)(**kept["habits"][name]) for name, each in empty.items()},
            _faults(kept["doubts"]), _faults(kept["doubled"]), tuple(kept["columns"]),
        )

    def part(self, opened: OpenedSource, begin: int, end: int) -> OpenedSource:
        """
        Some rows of the file, with what is told of them; of the whole, only with the first.

        Parameters
        ----------
        begin, end
            Counted in the file from 0: the first, and the one behind the last.
        """
        some = opened.source.window(begin, end)
        first, last = some.first_row, some.last_row
        doubled = tuple(each for each in self.doubled if first <= each.row <= last)
        return replace(
            opened, source=replace(some, faults=(*some.faults, *doubled)),
            doubts=() if begin else self.doubts, columns=self.columns,
        )


def seen_in_whole(opened: OpenedSource, checked: OpenedFile, *, part_rows: int) -> WholeFile:
    """
    Look through a whole file before its first part is loaded.

    Parameters
    ----------
    checked
        The whole file, of which no row was checked yet.

    Raises
    ------
    InvalidInput
        So many rows share their identifiers with others that it is none.
    """
    habits = look_ahead(opened.source, checked.checks, opened.collection)
    doubled = _doubled(opened.source, checked.checks, opened.collection, part_rows)
    return WholeFile(habits, opened.doubts, doubled, tuple(checked.joiner.columns))


def _doubled(
    source: SourceRows, checks: Checks, collection: Collection, part_rows: int
) -> tuple[RowFault, ...]:
    """
    Rows that share their identifier with a row of another part, and with which.

    Of each row are 16 bytes in memory. A constant, or an identifier made from a row's content,
    needs no look: what has the same, is the same.
    """
    if collection.key not in checks.plan.sources:
        return ()
    seen = [(rows, hashes(keys)) for rows, keys in _keys(source, checks, collection)]
    whole = np.concatenate([each for _, each in seen])
    parts = (np.arange(len(whole)) + source.rows.begin) // part_rows
    found = _in_several(whole, parts)
    if len(found) > MOST_DOUBLED:
        raise InvalidInput(
            f"{len(found):,} rows have an identifier that stands in another part of the file too, "
            f"so {checks.plan.name_of(collection.key)!r} is none. Name the right column with "
            f"--map COLUMN={collection.key}."
        )
    if not len(found):
        return ()
    return _by_text(source, checks, collection, found, parts)


def _in_several(whole: NDArray[np.uint64], parts: NDArray[np.int64]) -> NDArray[np.int64]:
    """Places of the hashes that stand in several parts."""
    order = np.argsort(whole, kind="stable")
    ordered, at = whole[order], parts[order]
    first = np.flatnonzero(np.r_[True, ordered[1:] != ordered[:-1]])
    differ = np.maximum.reduceat(at, first) != np.minimum.reduceat(at, first)
    counts = np.diff(np.r_[first, len(ordered)])
    several = np.repeat(differ, counts) & (ordered != 0)
    return np.sort(order[several])


def _by_text(
    source: SourceRows,
    checks: Checks,
    collection: Collection,
    found: NDArray[np.int64],
    parts: NDArray[np.int64],
) -> tuple[RowFault, ...]:
    """The same by the identifiers themselves, as two texts may have one hash."""
    rows: dict[str, list[tuple[int, int]]] = {}
    begin = 0
    for numbers, keys in _keys(source, checks, collection):
        here = found[(found >= begin) & (found < begin + len(numbers))]
        for at in here.tolist():
            place = int(numbers[at - begin]), int(parts[at])
            rows.setdefault(keys[at - begin].as_py(), []).append(place)
        begin += len(numbers)
    column = checks.plan.name_of(collection.key)
    faults = [
        _shared(row, column, key, others)
        for key, same in rows.items()
        for row, part in same
        if (others := [other for other, of in same if of != part])
    ]
    return tuple(sorted(faults, key=lambda fault: fault.row))


def _keys(
    source: SourceRows, checks: Checks, collection: Collection
) -> Iterator[tuple[NDArray[np.int64], pa.Array]]:
    """Numbers and identifiers of the rows, read as the checks read them, some at a time."""
    column = checks.plan.sources[collection.key]
    key = loadable_fields(collection)[collection.key]
    for series in source.column(column.column):
        frame = pd.DataFrame({column.column: series})
        values = field_series(frame, checks.plan, key.name)
        array, _ = parsed(values, key, Faults(frame.index), column.name)
        yield frame.index.to_numpy().astype(np.int64), _plain(array)


def _plain(array: Any) -> pa.Array:
    return array.combine_chunks() if isinstance(array, pa.ChunkedArray) else array


def _shared(row: int, column: str, key: str, others: Sequence[int]) -> RowFault:
    listed = ", ".join(map(str, others[:_OTHERS]))
    more = len(others) - _OTHERS
    return RowFault(
        row, column, "duplicate-key", key[:_SHOWN],
        f"The same identifier stands in row {listed}{f' and {more} more' if more > 0 else ''}.",
    )


def _faults(kept: Sequence[Json]) -> tuple[RowFault, ...]:
    return tuple(RowFault(**{**each, "severity": Severity(each["severity"])}) for each in kept)
