"""What identifies a row: the column of its identifiers, or an identifier made from its content."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import shapely

from gis_service.errors import InvalidInput
from gis_service.model.fields import Collection
from gis_service.validation.faults import Faults
from gis_service.validation.texts import arrow, as_texts, dumped, lookup, mask

_CANDIDATES = 6


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


def lacking_key(frame: pd.DataFrame, collection: Collection) -> InvalidInput:
    """The error for a file without identifiers, with the columns that could be them."""
    fitting = _candidates(frame, collection.key)
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


def check_keys(keys: pa.Array, faults: Faults, column: str) -> None:
    """Every row that shares its identifier with another is at fault, not just the later ones."""
    counts = pc.value_counts(keys)
    several = counts.filter(pc.greater(counts.field("counts"), 1)).field("values").drop_null()
    if not len(several):
        return
    bad = mask(pc.is_in(keys, several))
    rows: dict[str, list[int]] = {}
    for position in np.flatnonzero(bad).tolist():
        rows.setdefault(keys[position].as_py(), []).append(int(faults.rows[position]))
    faults.add(
        bad,
        column=column,
        rule="duplicate-key",
        values=lookup(keys),
        message=lambda p: _same_as(rows[keys[p].as_py()], int(faults.rows[p])),
    )


def _same_as(rows: list[int], row: int) -> str:
    others = [str(r) for r in rows if r != row]
    listed = ", ".join(others[:5]) + (f" and {len(others) - 5} more" if len(others) > 5 else "")
    return f"The same identifier stands in row {listed}."


def _candidates(frame: pd.DataFrame, key: str) -> list[str]:
    """Columns of distinct values, the likeliest first."""
    fitting = []
    for name in frame.columns:
        series = frame[name]
        array = arrow(series) if name != getattr(frame, "_geometry_column_name", None) else None
        if array is None or pa.types.is_floating(array.type):
            continue
        texts, _ = as_texts(series)
        if texts.null_count == 0 and pc.count_distinct(texts).as_py() == len(texts):
            fitting.append(str(name))
    likely = (key, "id", "code", "number", "ref", "no")
    fitting.sort(key=lambda name: [word not in name.lower() for word in likely])
    return fitting[:_CANDIDATES]


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
