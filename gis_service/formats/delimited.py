"""CSV and its kin: strict about their shape, tolerant of delimiters."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Mapping, Sequence
from typing import Any

import pyarrow as pa

from gis_service.errors import UnreadableFile
from gis_service.formats.decoding import decoded, told_encoding
from gis_service.formats.guarding import without_guard
from gis_service.formats.placing import Placing, placed_rows
from gis_service.formats.rows import Rows

_DELIMITERS = ",;\t|"
_SEPARATOR = re.compile(r"sep=(.)\r?\n")
"""A first line by which Excel tells itself the delimiter."""
_SHOWN_ERRORS = 5
_FIELD_BYTES = 20_000_000


def read_csv(content: bytes, *, layer: str, encoding: str | None, placing: Placing) -> Rows:
    """
    Rows of a delimited text file; every property is text, an empty cell is None.

    Raises
    ------
    UnreadableFile
        A row has too few or too many cells, a quote is not closed, the header
        names a column twice, or a column for the coordinates is not there.
    """
    header, rows, numbers, blank = _cells(decoded(content, encoding))
    cells = zip(*rows, strict=True) if rows else ((),) * len(header)
    texts: dict[str, Sequence[str | None]] = {
        name: [without_guard(cell) or None for cell in column]
        for name, column in zip(header, cells, strict=True)
    }

    texts = {name: texts[name] for name in used_columns(texts)}

    def column(name: str) -> tuple[pa.Field, pa.Array]:
        return pa.field(name, pa.string()), pa.array(texts[name], pa.string())

    read = placed_rows(texts, numbers, column, placing, layer=layer, layers=(layer,))
    read.encoding = told_encoding(content, encoding)
    if blank:
        read.notes.append(f"{blank} blank row{' was' if blank == 1 else 's were'} passed over.")
    return read


def _cells(text: str) -> tuple[list[str], list[list[str]], list[int], int]:
    """Header, rows, their numbers from 1, and how many rows were blank."""
    csv.field_size_limit(_FIELD_BYTES)
    delimiter, lines = _delimiter(text), io.StringIO(text, newline="")
    if _SEPARATOR.match(text):
        lines.readline()
    reader = csv.reader(lines, delimiter=delimiter, strict=True)
    rows: list[list[str]] = []
    numbers: list[int] = []
    wrong: list[str] = []
    blank = 0
    try:
        header = header_names(next(reader))
        width = len(header)
        for number, row in enumerate(reader, 1):
            if len(row) == width:
                if any(cell.strip() for cell in row):
                    rows.append(row)
                    numbers.append(number)
                else:
                    blank += 1
            elif not any(row):
                blank += 1
            else:
                wrong.append(f"line {reader.line_num} has {len(row)}")
    except StopIteration:
        raise UnreadableFile("The file has no header row.") from None
    except csv.Error as error:
        raise UnreadableFile(
            f"Line {reader.line_num} cannot be read: {error}. "
            "A quote is probably not closed, here or on a line before."
        ) from None
    if wrong:
        more = f" and {len(wrong) - _SHOWN_ERRORS} more" if len(wrong) > _SHOWN_ERRORS else ""
        raise UnreadableFile(
            f"The header names {width} columns, but {', '.join(wrong[:_SHOWN_ERRORS])}{more}. "
            "The file may have been cut short, or a cell with the delimiter in it needs quotes."
        )
    return header, rows, numbers, blank


def _delimiter(text: str) -> str:
    named = _SEPARATOR.match(text)
    if named is not None:
        return named.group(1)
    first = text[: text.find("\n")] if "\n" in text else text
    bare = re.sub(r'"[^"]*"', "", first)
    return max(_DELIMITERS, key=bare.count)


def used_columns(columns: Mapping[str, Sequence[Any]]) -> list[str]:
    """The columns without those that have neither a name nor a cell."""
    return [
        name
        for position, (name, cells) in enumerate(columns.items(), 1)
        if name != f"column {position}" or any(cell is not None for cell in cells)
    ]


def header_names(cells: Sequence[str]) -> list[str]:
    """
    The columns' names; one without gets a name by its place.

    Raises
    ------
    UnreadableFile
        A name stands twice.
    """
    header = [cell.strip() or f"column {n}" for n, cell in enumerate(cells, 1)]
    twice = sorted({name for name in header if header.count(name) > 1})
    if twice:
        raise UnreadableFile(f"The header names a column twice: {', '.join(twice)}.")
    return header
