"""What identifies a row: the column of its identifiers, or an identifier made from its content."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import shapely
from numpy.typing import NDArray

from gis_service.errors import InvalidInput
from gis_service.model.fields import Collection
from gis_service.validation.faults import Faults, Mask
from gis_service.validation.kept_texts import KeptTexts
from gis_service.validation.key_index import Hashes, hashes
from gis_service.validation.texts import arrow, as_texts, dumped

_CANDIDATES = 6
_OTHERS = 5


def made_keys(frame: pd.DataFrame) -> pa.Array:
    """
    Identifiers made from each row's content.

    The same row gives the same identifier in every file, so a file loaded
    twice changes nothing; a row that was edited is another row.
    """
    geometry = frame.geometry.name if hasattr(frame, "geometry") else None
    names = sorted(name for name in frame.columns if name != geometry)
    shapes = (
        shapely.to_wkb(frame[geometry].to_numpy()) if geometry else np.full(len(frame), None)
    )
    columns = [_plain_values(frame[name]) for name in names]
    keys = []
    for *values, shape in zip(*columns, shapes, strict=True):
        digest = hashlib.sha256(dumped(values).encode())
        digest.update(shape or b"")
        keys.append(f"made-{digest.hexdigest()[:20]}")
    return pa.array(keys, pa.string())


def lacking_key(fitting: Sequence[str], collection: Collection) -> InvalidInput:
    """
    The error for a file without identifiers.

    Parameters
    ----------
    fitting
        Columns that could be them; see `candidates`.
    """
    if fitting:
        advice = (
            f"These columns have a different value in every row: {', '.join(fitting)}. "
            f"Name the right one, for example --map {fitting[0]}={collection.key}"
        )
    else:
        advice = "No column has a different value in every row"
    made = (
        "; or have identifiers made from each row's content with --make-ids."
        if collection.key == "external_id"
        else "."
    )
    return InvalidInput(
        f"The file has no column {collection.key!r}, by which {collection.title.en.lower()} are "
        f"recognised when they are loaded again. {advice}{made}"
    )


def candidates(
    columns: Iterable[tuple[str, Iterable[pd.Series[Any]]]], key: str
) -> list[str]:
    """
    Columns of distinct values, the likeliest identifiers first.

    Parameters
    ----------
    columns
        Each with its values, part by part.
    """
    fitting = [name for name, parts in columns if _are_distinct(parts)]
    likely = (key, "id", "code", "number", "ref", "no")
    fitting.sort(key=lambda name: [word not in name.lower() for word in likely])
    return fitting[:_CANDIDATES]


def _are_distinct(parts: Iterable[pd.Series[Any]]) -> bool:
    seen: list[Hashes] = []
    for series in parts:
        array = arrow(series)
        if array is None or pa.types.is_floating(array.type):
            return False
        texts, _ = as_texts(series)
        if texts.null_count:
            return False
        seen.append(hashes(texts))
    whole = np.concatenate(seen) if seen else np.empty(0)
    return len(np.unique(whole)) == len(whole)


class KeysSeen:
    """
    Identifiers of a file's rows, to find those that stand there several times.

    In memory are 12 bytes of each; the identifiers themselves are on disk where they are many.
    """

    def __init__(self) -> None:
        self._rows: list[NDArray[np.int32]] = []
        self._hashes: list[Hashes] = []
        self._texts = KeptTexts()

    def add(self, rows: NDArray[np.int64], keys: pa.Array) -> None:
        """The identifiers of the next rows."""
        self._rows.append(np.asarray(rows, dtype=np.int32))
        self._hashes.append(hashes(keys))
        self._texts.add(keys)

    def rows(self) -> NDArray[np.int32]:
        """Numbers of all rows that were added."""
        return np.concatenate([np.empty(0, dtype=np.int32), *self._rows])

    def check(self, faults: Faults, column: str) -> None:
        """
        Every row that shares its identifier with another is at fault, not just the later ones.

        Parameters
        ----------
        faults
            Of all rows that were added.
        """
        whole = np.concatenate([np.empty(0, dtype=np.uint64), *self._hashes])
        order = np.argsort(whole, kind="stable")
        same = (whole[order][1:] == whole[order][:-1]) & (whole[order][1:] != 0)
        several: Mask = np.zeros(len(whole), dtype=bool)
        several[order[1:][same]] = several[order[:-1][same]] = True
        if not several.any():
            return
        keys: dict[int, str] = {}
        rows: dict[str, list[int]] = {}
        begin = 0
        for number, part in enumerate(self._hashes):
            for at in np.flatnonzero(several[begin : begin + len(part)]).tolist():
                key = keys[begin + at] = self._texts[number][at].as_py()
                rows.setdefault(key, []).append(int(faults.rows[begin + at]))
            begin += len(part)
        bad: Mask = np.zeros(len(whole), dtype=bool)
        bad[[at for at, key in keys.items() if len(rows[key]) > 1]] = True
        faults.add(
            bad, column=column, rule="duplicate-key", values=keys,
            message=lambda p: _same_as(rows[keys[p]], int(faults.rows[p])),
        )


def _same_as(rows: list[int], row: int) -> str:
    others = [str(r) for r in rows[: _OTHERS + 1] if r != row][:_OTHERS]
    more = len(rows) - 1 - len(others)
    return (
        f"The same identifier stands in row {', '.join(others)}"
        f"{f' and {more} more' if more else ''}."
    )


def _plain_values(series: pd.Series[Any]) -> list[Any]:
    array = arrow(series)
    return series.tolist() if array is None else array.to_pylist()


def extras(frame: pd.DataFrame, columns: tuple[str, ...]) -> pa.Array | None:
    """One JSON object per row of the columns that are kept beside the fields."""
    if not columns:
        return None
    values = [_plain_values(frame[name]) for name in columns]
    texts = [
        dumped(dict(zip(columns, row, strict=True))) for row in zip(*values, strict=True)
    ]
    return pa.array(texts, pa.string())


def constant(value: str, length: int, index: pd.Index[Any]) -> pd.Series[Any]:
    """A column of one value."""
    array = pa.DictionaryArray.from_arrays(pa.array(np.zeros(length, dtype="i4")), [value])
    plain: Mapping[str, Any] = {"value": array.cast(pa.string())}
    return pd.Series(pd.arrays.ArrowExtensionArray(pa.chunked_array([plain["value"]])), index=index)
