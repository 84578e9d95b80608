"""Columns of any type as text, the common ground from which values are parsed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import orjson
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from gis_service.validation.faults import Faults, Mask

TEXT_LENGTH = 10_000
_CONTROL = r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]"


def arrow(series: pd.Series[Any]) -> pa.Array | None:
    """The column's Arrow array; None when it holds Python objects."""
    if not isinstance(series.dtype, pd.ArrowDtype):
        return None
    chunked = pa.chunked_array(pa.array(series.array))
    return chunked.combine_chunks() if chunked.num_chunks != 1 else chunked.chunk(0)


def part(series: pd.Series[Any], path: Sequence[str]) -> pd.Series[Any]:
    """The values at `path` inside of the objects that a column holds."""
    values = series.tolist()
    for name in path:
        values = [v.get(name) if isinstance(v, dict) else None for v in values]
    return objects(values, series.index)


def objects(values: Sequence[Any], index: pd.Index[Any]) -> pd.Series[Any]:
    holder = np.empty(len(values), dtype=object)
    holder[:] = values
    return pd.Series(holder, index=index, dtype=object)


def as_texts(series: pd.Series[Any]) -> tuple[pa.Array, Mask]:
    """
    Values as trimmed text, null where empty; and which rows hold objects or lists.

    Whole floats lose their `.0`, so a code that a table program made a number
    of reads as it was written.
    """
    array = arrow(series)
    if array is None:
        values = series.tolist()
        nested: Mask = np.array([isinstance(v, dict | list) for v in values], dtype=bool)
        texts = [None if v is None or n else _text(v) for v, n in zip(values, nested, strict=True)]
        return _trimmed(pa.array(texts, pa.string())), nested
    none: Mask = np.zeros(len(array), dtype=bool)
    if pa.types.is_floating(array.type):
        return pa.array([None if v is None else _text(v) for v in array.to_pylist()]), none
    if pa.types.is_binary(array.type) or pa.types.is_nested(array.type):
        return pa.nulls(len(array), pa.string()), mask(pc.is_valid(array))
    return _trimmed(array.cast(pa.string())), none


def check_text(texts: pa.Array, faults: Faults, column: str) -> None:
    """Control characters and texts beyond all measure."""
    bad = mask(pc.match_substring_regex(texts, _CONTROL))
    if bad.any():
        faults.add(
            bad, column=column, rule="bad-text", values=_Lookup(texts, escaped=True),
            message="The text holds control characters.",
        )
    long = mask(pc.greater(pc.utf8_length(texts), TEXT_LENGTH))
    if long.any():
        faults.add(
            long, column=column, rule="too-long", values=_Lookup(texts),
            message=f"The text is longer than {TEXT_LENGTH:,} characters.",
        )


def mask(array: pa.Array | pa.ChunkedArray) -> Mask:
    """A boolean Arrow array as a mask; null is False."""
    filled = pc.fill_null(array, False)
    result: Mask = np.asarray(filled.to_numpy(zero_copy_only=False), dtype=bool)
    return result


class _Lookup:
    """Texts by position, made only for the rows at fault."""

    def __init__(self, texts: pa.Array, *, escaped: bool = False) -> None:
        self._texts = texts
        self._escaped = escaped

    def __getitem__(self, position: int) -> str | None:
        value = self._texts[position].as_py()
        return ascii(value)[1:-1] if self._escaped and value is not None else value


def lookup(texts: pa.Array) -> _Lookup:
    return _Lookup(texts)


def _trimmed(texts: pa.Array) -> pa.Array:
    trimmed = pc.utf8_trim_whitespace(texts)
    return pc.if_else(pc.equal(trimmed, ""), pa.scalar(None, pa.string()), trimmed)


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer() and abs(value) < 2**53:
        return str(int(value))
    return str(value)


def dumped(value: Any) -> str:
    """JSON text of a value that a file held."""
    return orjson.dumps(
        value, default=str, option=orjson.OPT_NON_STR_KEYS | orjson.OPT_PASSTHROUGH_SUBCLASS
    ).decode()


def texts_of(frame: pd.DataFrame, column: str) -> pa.Array:
    """What a frame says in one column, as text; nothing where it has none."""
    return as_texts(frame[column])[0] if column in frame else pa.nulls(len(frame), pa.string())
