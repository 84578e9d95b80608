"""Rows into PostgreSQL by COPY, made a block at a time with Arrow's column operations."""

from __future__ import annotations

import binascii
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import shapely
from psycopg2 import sql
from sqlalchemy import Connection, Table

_BLOCK_ROWS = 2_000
_NULL = "\\N"
_ESCAPES = (("\\", "\\\\"), ("\t", "\\t"), ("\n", "\\n"), ("\r", "\\r"))
_UUID_TEXT = "^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$"
_SENT_BYTES = 1 << 20


def copy_rows(
    connection: Connection,
    target: Table,
    frame: pd.DataFrame,
    *,
    progress: Callable[[int], None] | None = None,
) -> None:
    """
    COPY a frame into `target`, whose first column takes the frame's index.

    Parameters
    ----------
    frame
        Columns of Arrow types, and geometries.
    progress
        Called with the rows done after each block.
    """
    names = [str(name) for name in frame.columns]
    statement = sql.SQL("COPY {} ({}) FROM STDIN").format(
        sql.Identifier(target.name),
        sql.SQL(", ").join(sql.Identifier(c.name) for c in target.columns),
    )
    driver: Any = connection.connection.driver_connection
    with driver.cursor() as cursor:
        cursor.copy_expert(statement, _Stream(_blocks(frame, names, progress)), _SENT_BYTES)


def holds_uuids(series: pd.Series[Any]) -> bool:
    """Whether some text of a column (or of its lists) looks like a UUID in full."""
    array = _combined(series)
    texts = array.values if pa.types.is_list(array.type) else array
    return bool(pc.any(pc.match_substring_regex(texts, _UUID_TEXT)).as_py())


class _Stream:
    """An iterator of bytes as the file that psycopg2 reads from."""

    def __init__(self, blocks: Iterator[memoryview]) -> None:
        self._blocks = blocks
        self._left = memoryview(b"")

    def read(self, size: int) -> bytes:
        while not self._left:
            block = next(self._blocks, None)
            if block is None:
                return b""
            self._left = block
        part, self._left = self._left[:size], self._left[size:]
        return bytes(part)


def _blocks(
    frame: pd.DataFrame, names: list[str], progress: Callable[[int], None] | None
) -> Iterator[memoryview]:
    total = len(frame)
    for start in range(0, total, _BLOCK_ROWS):
        part = frame.iloc[start : start + _BLOCK_ROWS]
        cells = [pa.array(part.index.to_numpy()).cast(pa.string())]
        cells += [_cells(part[name]) for name in names]
        lines = pc.binary_join_element_wise(
            *cells, "\t", null_handling="replace", null_replacement=_NULL
        )
        yield _content(pc.binary_join_element_wise(lines, "", "\n"))
        if progress is not None:
            progress(min(start + _BLOCK_ROWS, total))


def _content(texts: pa.Array) -> memoryview:
    """All texts of an array one after the other, where they are."""
    ends = np.frombuffer(texts.buffers()[1], dtype="i4")[: len(texts) + 1]
    return memoryview(texts.buffers()[2])[ends[0] : ends[-1]]


def _cells(series: pd.Series[Any]) -> pa.Array:
    """A column as COPY's text, null where it is null."""
    if not isinstance(series.dtype, pd.ArrowDtype):
        return _geometries(series.to_numpy())
    array = _combined(series)
    if pa.types.is_list(array.type):
        return _escaped(_lists(array))
    if pa.types.is_string(array.type) or pa.types.is_large_string(array.type):
        return _escaped(array.cast(pa.string()))
    return array.cast(pa.string())


def _combined(series: pd.Series[Any]) -> pa.Array:
    chunked = pa.chunked_array(pa.array(series.array))
    return chunked.combine_chunks() if chunked.num_chunks != 1 else chunked.chunk(0)


def _escaped(texts: pa.Array) -> pa.Array:
    for plain, escaped in _ESCAPES:
        if pc.any(pc.match_substring(texts, plain)).as_py():
            texts = pc.replace_substring(texts, plain, escaped)
    return texts


def _lists(array: pa.Array) -> pa.Array:
    """Lists of texts as PostgreSQL writes arrays."""
    if array.offset:  # Arrow makes no list with nulls from a part of another
        array = array.take(pa.array(np.arange(len(array))))
    values = array.values.cast(pa.string())
    values = pc.replace_substring(pc.replace_substring(values, "\\", "\\\\"), '"', '\\"')
    quoted = pc.binary_join_element_wise('"', values, '"', "")
    lists = pa.ListArray.from_arrays(
        array.offsets, quoted, mask=pc.is_null(array) if array.null_count else None
    )
    return pc.binary_join_element_wise("{", pc.binary_join(lists, ","), "}", "")


def _geometries(shapes: Any) -> pa.Array:
    """Hexadecimal EWKB with SRID 4326."""
    placed = shapely.set_srid(shapes, 4326)
    binary = pa.array(
        shapely.to_wkb(placed, include_srid=True, byte_order=1, output_dimension=2), pa.binary()
    )
    offsets = np.frombuffer(binary.buffers()[1], dtype="i4")[: len(binary) + 1]
    data = memoryview(binary.buffers()[2])[: offsets[-1]]
    texts: pa.Array = pa.StringArray.from_buffers(
        len(binary),
        pa.py_buffer((offsets * 2).astype("i4")),
        pa.py_buffer(binascii.hexlify(data)),
        binary.buffers()[0],
        binary.null_count,
    )
    return texts
