"""What a load makes of each row of its file, for a person to look at before it is done."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pyarrow as pa
import shapely

from gis_service.crs import WGS84
from gis_service.formats.row_outcomes import OutcomeShape, OutcomeWriter
from gis_service.model.uploads import RowOutcome
from gis_service.services.load_storing import StoredFile

MOST_DRAWN = 5_000
"""Rows on the map; of more, some of each outcome."""
_TOLERANCE_DEGREES = 0.00003
_CODES = (RowOutcome.NEW, RowOutcome.CHANGED, RowOutcome.UNCHANGED, RowOutcome.REFUSED)

_Rows = np.ndarray[Any, np.dtype[np.int64]]
_Codes = np.ndarray[Any, np.dtype[np.int8]]
_NO_CODES, _NO_FLAGS = np.empty(0, dtype=np.int8), np.empty(0, dtype=bool)


def write_outcomes(path: Path, stored: StoredFile) -> None:
    """
    Write the outcome of every row, with its faults, and some of the rows as shapes.

    The file is read again for it, part by part. Of each row some 30 bytes are kept.

    Parameters
    ----------
    stored
        The load, in its transaction.
    """
    outcomes = _Outcomes(stored)
    writer = OutcomeWriter(path)
    codes, placed = [_NO_CODES], [_NO_FLAGS]
    for part in outcomes.parts():
        writer.rows(
            (row, _CODES[code].value, _plain(key), _plain(name))
            for row, code, key, name in zip(
                part.rows.tolist(), part.codes.tolist(), part.keys, part.names, strict=True
            )
        )
        codes.append(part.codes)
        placed.append(_on_earth(part.bounds))
    writer.rows((0, RowOutcome.ABSENT.value, key, name) for key, name in stored.staged.marked())
    writer.faults(stored.report.faults)
    drawn = chosen_to_draw(np.concatenate(codes), np.concatenate(placed))
    writer.shapes(_shapes(outcomes, drawn))
    writer.finish()


@dataclass(frozen=True, slots=True)
class _Part:
    """
    Some rows of the file: what becomes of each, as which place in `_CODES`, and what names it.

    Parameters
    ----------
    bounds
        West, south, east, north in degrees; NaN where a row has no place.
    place
        Gives the geometries of some of them.
    """

    rows: _Rows
    codes: _Codes
    keys: list[str]
    names: list[str]
    bounds: np.ndarray[Any, np.dtype[np.float64]]
    place: Callable[[_Rows], np.ndarray[Any, Any]]


class _Outcomes:
    """Every row of a load, part by part, as often as they are asked for."""

    def __init__(self, stored: StoredFile) -> None:
        self._opened, self._refused = stored.opened, stored.refused
        decided = np.fromiter(
            ((row, 0 if new else 1 if differs else 2)
             for row, new, differs in stored.staged.decisions()),
            dtype=[("row", np.int64), ("code", np.int8)],
        )
        self._rows, self._codes = decided["row"].copy(), decided["code"].copy()

    def parts(self) -> Iterator[_Part]:
        """Rows that are stored or refused."""
        opened = self._opened
        good = opened.good
        if good is None:
            raise AssertionError("the load keeps no rows to look at")
        columns = [self._column(name) for name in self._named]
        begin = 0
        for number, source in enumerate(opened.source.parts()):
            mine = good.rows[number]
            index = source.frame.index.to_numpy().astype(np.int64)
            rows = np.union1d(index, mine)
            codes = self._coded(rows, index)
            rows, codes = rows[codes >= 0], codes[codes >= 0]
            in_source, in_good = _places(index, rows), _places(mine, rows)
            keys, names = (
                _texts(source.frame, column, in_source, kept[number], in_good)
                for column, kept in zip(columns, (good.keys, good.names), strict=True)
            )
            place = partial(self._placed, source.frame, in_source, in_good, begin)
            yield _Part(
                rows, codes, keys, names,
                shapely.bounds(place(np.arange(len(rows)))).reshape(-1, 4), place,
            )
            begin += len(mine)

    @property
    def _named(self) -> tuple[str, str]:
        return self._opened.collection.key, self._opened.collection.label

    def _column(self, field: str) -> str | None:
        """The column of the file that says a field."""
        source = self._opened.checks.plan.sources.get(field)
        return source.column if source is not None and not source.path else None

    def _coded(self, rows: _Rows, index: _Rows) -> _Codes:
        """What becomes of each row; -1 for what is neither stored nor refused."""
        codes: _Codes = np.full(len(rows), -1, dtype=np.int8)
        refused = _places(self._refused, rows) >= 0
        if len(self._refused) and self._refused[0] == 0:
            refused |= _places(index, rows) >= 0
        codes[refused] = _CODES.index(RowOutcome.REFUSED)
        at = _places(self._rows, rows)
        codes[at >= 0] = self._codes[at[at >= 0]]
        return codes

    def _placed(
        self, frame: pd.DataFrame, in_source: _Rows, in_good: _Rows, begin: int, some: _Rows
    ) -> np.ndarray[Any, Any]:
        """Geometries in longitude and latitude: as they will be stored, else the file's."""
        opened = self._opened
        found = np.full(len(some), None, dtype=object)
        at, good = in_source[some], in_good[some]
        other = (good < 0) & (at >= 0)
        if isinstance(frame, gpd.GeoDataFrame) and opened.source.crs is not None and other.any():
            shapes = gpd.GeoSeries(
                frame.geometry.to_numpy()[at[other]], crs=opened.source.crs
            )
            found[other] = shapely.force_2d(shapes.to_crs(WGS84).to_numpy())
        if len(opened.drawn):
            found[good >= 0] = opened.drawn.take(begin + good[good >= 0])
        return found


def _places(ordered: _Rows, rows: _Rows) -> _Rows:
    """Where each row stands among others; -1 where it does not."""
    index = pd.Index(ordered)
    found: _Rows = index.get_indexer(pd.Index(rows)).astype(np.int64)
    return found


def _texts(
    frame: pd.DataFrame, column: str | None, in_source: _Rows, kept: pa.Array, in_good: _Rows
) -> list[str]:
    """What identifies or names rows: as it will be stored, else as the file has it."""
    texts = [""] * len(in_source)
    own = None if column is None or column not in frame else frame[column].to_numpy(dtype=object)
    stored = kept.to_pylist()
    for at, (place, good) in enumerate(zip(in_source.tolist(), in_good.tolist(), strict=True)):
        if good >= 0 and stored[good] is not None:
            texts[at] = stored[good][:200]
        elif own is not None and place >= 0 and not _is_empty(own[place]):
            texts[at] = str(own[place])[:200]
    return texts


def _is_empty(value: Any) -> bool:
    return value is None or value is pd.NA or (isinstance(value, float) and np.isnan(value))


def _plain(text: str) -> str:
    return text.encode("utf-8", "replace").decode()


def _on_earth(bounds: np.ndarray[Any, Any]) -> np.ndarray[Any, np.dtype[np.bool_]]:
    with np.errstate(invalid="ignore"):
        on_earth: np.ndarray[Any, np.dtype[np.bool_]] = (
            np.abs(bounds) <= [180, 90, 180, 90]
        ).all(axis=1)
    return on_earth


def _shapes(outcomes: _Outcomes, drawn: _Rows) -> Iterator[OutcomeShape]:
    """The rows that are drawn, given by their places among all."""
    begin = 0
    for part in outcomes.parts():
        some = drawn[(drawn >= begin) & (drawn < begin + len(part.rows))] - begin
        begin += len(part.rows)
        documents = shape_documents(part.place(some))
        for at, document in zip(some.tolist(), documents, strict=True):
            yield OutcomeShape(
                int(part.rows[at]), _CODES[part.codes[at]], part.keys[at], part.names[at],
                document.encode(),
            )


def shape_documents(shapes: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """Geometries in longitude and latitude as GeoJSON, as exact as a map on a screen needs."""
    simple = shapely.simplify(shapes, _TOLERANCE_DEGREES, preserve_topology=False)
    documents: np.ndarray[Any, Any] = shapely.to_geojson(
        shapely.transform(simple, lambda at: np.round(at, 6))
    )
    return documents


def chosen_to_draw(codes: _Rows | _Codes, has_place: np.ndarray[Any, Any]) -> _Rows:
    """Places of the rows to draw: the rarer an outcome, the surer all of it is shown."""
    groups = [np.flatnonzero(has_place & (codes == code)) for code in np.unique(codes)]
    room, kept = MOST_DRAWN, []
    for left, group in zip(
        range(len(groups), 0, -1), sorted(groups, key=len), strict=True
    ):
        most = min(len(group), room // left)
        if most:
            kept.append(group[np.linspace(0, len(group) - 1, most).astype(np.int64)])
        room -= most
    return np.sort(np.concatenate(kept)) if kept else np.empty(0, dtype=np.int64)
