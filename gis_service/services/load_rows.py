"""What a load makes of each row of its file, for a person to look at before it is done."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from gis_service.crs import WGS84
from gis_service.formats.row_outcomes import OutcomeShape, OutcomeWriter
from gis_service.model.reports import Severity
from gis_service.model.uploads import RowOutcome
from gis_service.services.load_checking import CheckedFile
from gis_service.services.load_storing import StoredFile
from gis_service.validation.columns import plan_columns

MOST_DRAWN = 5_000
"""Rows on the map; of more, some of each outcome."""
_CHUNK = 10_000
_TOLERANCE_DEGREES = 0.00003
_CODES = (RowOutcome.NEW, RowOutcome.CHANGED, RowOutcome.UNCHANGED, RowOutcome.REFUSED)

_Rows = np.ndarray[Any, np.dtype[np.int64]]


def write_outcomes(path: Path, stored: StoredFile) -> None:
    """
    Write the outcome of every row, with its faults, and some of the rows as shapes.

    Parameters
    ----------
    stored
        The load, in its transaction.
    """
    checked = stored.checked
    rows, codes = _decided(stored)
    refused = _refused(stored)
    every, became = np.concatenate((rows, refused)), np.concatenate(
        (codes, np.full(len(refused), _CODES.index(RowOutcome.REFUSED)))
    )
    texts = _Texts(checked)
    writer = OutcomeWriter(path)
    writer.rows(_told(every, became, texts))
    writer.rows((0, RowOutcome.ABSENT.value, key, name) for key, name in stored.staged.marked())
    writer.faults(stored.report.faults)
    writer.shapes(_shapes(checked, every, became, texts))
    writer.finish()


def _decided(stored: StoredFile) -> tuple[_Rows, _Rows]:
    """Numbers of the good rows, and the place of each outcome in `_CODES`."""
    pairs = [
        (row, 0 if new else 1 if differs else 2)
        for row, new, differs in stored.staged.decisions()
    ]
    found: _Rows = np.array(pairs, dtype=np.int64).reshape(-1, 2)
    return found[:, 0], found[:, 1]


def _refused(stored: StoredFile) -> _Rows:
    faulty = {f.row for f in stored.report.faults if f.severity is Severity.ERROR}
    if 0 in faulty:
        return np.asarray(stored.checked.joined.source.frame.index, dtype=np.int64)
    return np.array(sorted(faulty), dtype=np.int64)


class _Texts:
    """What identifies and names a row: as it will be stored, else as the file has it."""

    def __init__(self, checked: CheckedFile) -> None:
        collection = checked.collection
        self._good, self._source = checked.validated.frame, checked.joined.source.frame
        self._names = (collection.key, collection.label)
        shape = self._source.geometry.name if isinstance(
            self._source, gpd.GeoDataFrame
        ) else None
        plan = plan_columns(
            [str(c) for c in self._source.columns if c != shape], collection,
            mapping=checked.request.mapping, constants=checked.request.constants,
        )
        self._columns = {
            name: source.column for name, source in plan.sources.items() if not source.path
        }

    def of(self, rows: _Rows) -> Iterator[tuple[str, str]]:
        """Key and name of some rows."""
        yield from zip(*(self._column(name, rows) for name in self._names), strict=True)

    def _column(self, name: str, rows: _Rows) -> list[str]:
        texts = [""] * len(rows)
        for frame, column in ((self._source, self._columns.get(name)), (self._good, name)):
            if column is None or column not in frame.columns:
                continue
            places = frame.index.get_indexer(pd.Index(rows))
            values = frame[column].to_numpy(dtype=object)
            for at, place in enumerate(places.tolist()):
                if place >= 0 and not _is_empty(values[place]):
                    texts[at] = str(values[place])[:200]
        return texts


def _is_empty(value: Any) -> bool:
    return value is None or value is pd.NA or (isinstance(value, float) and np.isnan(value))


def _told(rows: _Rows, codes: _Rows, texts: _Texts) -> Iterator[tuple[int, str, str, str]]:
    for start in range(0, len(rows), _CHUNK):
        part = rows[start:start + _CHUNK]
        for row, code, (key, name) in zip(
            part.tolist(), codes[start:start + _CHUNK].tolist(), texts.of(part), strict=True
        ):
            yield row, _CODES[code].value, _plain(key), _plain(name)


def _plain(text: str) -> str:
    return text.encode("utf-8", "replace").decode()


def _shapes(
    checked: CheckedFile, rows: _Rows, codes: _Rows, texts: _Texts
) -> Iterator[OutcomeShape]:
    """Rows with a place, so many of each outcome as fit on a map."""
    places = _places(checked, rows)
    has_place = ~shapely.is_missing(places) & ~shapely.is_empty(places)
    bounds = shapely.bounds(places)
    with np.errstate(invalid="ignore"):
        has_place &= (np.abs(bounds) <= [180, 90, 180, 90]).all(axis=1)
    drawn = chosen_to_draw(codes, has_place)
    documents = shape_documents(places[drawn])
    for at, document, (key, name) in zip(
        drawn.tolist(), documents, texts.of(rows[drawn]), strict=True
    ):
        yield OutcomeShape(int(rows[at]), _CODES[codes[at]], key, name, document.encode())


def _places(checked: CheckedFile, rows: _Rows) -> np.ndarray[Any, Any]:
    """The geometry of rows in longitude and latitude: as it will be stored, else the file's."""
    found = np.full(len(rows), None, dtype=object)
    source, crs = checked.joined.source.frame, checked.source.crs
    if isinstance(source, gpd.GeoDataFrame) and crs is not None:
        at = source.index.get_indexer(pd.Index(rows))
        missing = _missing(checked, rows) & (at >= 0)
        shapes = gpd.GeoSeries(
            source.geometry.to_numpy()[at[missing]], crs=crs
        )
        found[missing] = shapely.force_2d(shapes.to_crs(WGS84).to_numpy())
    good = checked.validated.frame
    if isinstance(good, gpd.GeoDataFrame):
        at = good.index.get_indexer(pd.Index(rows))
        found[at >= 0] = good.geometry.to_numpy()[at[at >= 0]]
    return found


def _missing(checked: CheckedFile, rows: _Rows) -> np.ndarray[Any, np.dtype[np.bool_]]:
    return checked.validated.frame.index.get_indexer(pd.Index(rows)) < 0


def shape_documents(shapes: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """Geometries in longitude and latitude as GeoJSON, as exact as a map on a screen needs."""
    simple = shapely.simplify(shapes, _TOLERANCE_DEGREES, preserve_topology=False)
    documents: np.ndarray[Any, Any] = shapely.to_geojson(
        shapely.transform(simple, lambda at: np.round(at, 6))
    )
    return documents


def chosen_to_draw(codes: _Rows, has_place: np.ndarray[Any, Any]) -> _Rows:
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
