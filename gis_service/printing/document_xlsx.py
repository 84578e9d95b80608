"""A document's tables as a workbook: typed cells, one sheet for each table."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterable
from datetime import datetime, time
from typing import Any

from openpyxl import Workbook
from openpyxl.styles import Alignment, Font, PatternFill
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.worksheet import Worksheet

from gis_service.printing.document import Cell, Column, Document, Kind, Table, has_data
from gis_service.printing.wording import phrase, printed

_FORMATS = {
    Kind.TEXT: "@",
    Kind.COUNT: "#,##0",
    Kind.NUMBER: "#,##0.00",
    Kind.PER_CENT: "0.0",
}
_LONGEST = 60
_HEAD = PatternFill("solid", start_color="E2EFEC")
_FORBIDDEN = re.compile(r"[\[\]:*?/\\]")
_EARLIEST = (1980, 1, 1, 0, 0, 0)
"""The time of every part of the file, so that the same tables are the same bytes."""


def document_xlsx(document: Document) -> bytes:
    """
    The workbook.

    The first sheet tells what it is. Numbers are numbers, with units in the
    heads; shares are per cent, 0 to 100; a cell without data is empty. A text
    is a text, whatever it begins with.
    """
    book = Workbook()
    first: Worksheet = book.active
    _about(first, document)
    for section in document.sections:
        for table in section.tables:
            _sheet(book.create_sheet(_sheet_name(table.sheet, book.sheetnames)), table)
    stamp = datetime.combine(document.as_of, time())
    book.properties.title = printed(document.title)
    book.properties.creator = printed(document.municipality)
    book.properties.created = stamp
    made = io.BytesIO()
    book.save(made)
    return _without_clock(made, stamp)


def _about(sheet: Worksheet, document: Document) -> None:
    sheet.title = phrase("about_sheet", document.language)
    lines = [
        document.title, document.municipality, document.subtitle, document.banner,
        *document.headline, phrase("empty_cells", document.language),
    ]
    for row, line in enumerate(filter(None, lines), 1):
        _write(sheet.cell(row, 1), line, Column(""))
    sheet.cell(1, 1).font = Font(bold=True, size=14)
    sheet.column_dimensions["A"].width = 110
    for row in sheet.iter_rows():
        row[0].alignment = Alignment(wrap_text=True, vertical="top")


def _sheet(sheet: Worksheet, table: Table) -> None:
    for position, column in enumerate(table.columns, 1):
        head = sheet.cell(1, position)
        _write(head, _head(column), Column(""))
        head.font = Font(bold=True)
        head.fill = _HEAD
        head.alignment = Alignment(wrap_text=True, vertical="top")
    for number, row in enumerate(table.rows, 2):
        for position, (cell, column) in enumerate(zip(row, table.columns, strict=True), 1):
            _write(sheet.cell(number, position), cell, column)
            if table.has_total and number == len(table.rows) + 1:
                sheet.cell(number, position).font = Font(bold=True)
    sheet.freeze_panes = "A2"
    last = get_column_letter(len(table.columns))
    sheet.auto_filter.ref = f"A1:{last}{len(table.rows) + (0 if table.has_total else 1)}"
    for position, column in enumerate(table.columns):
        widest = max([len(_head(column)) // 2, *_lengths(row[position] for row in table.rows)])
        letter = get_column_letter(position + 1)
        sheet.column_dimensions[letter].width = min(_LONGEST, widest + 3)
        if widest > _LONGEST:
            for each in sheet[letter]:
                each.alignment = Alignment(wrap_text=True, vertical="top")


def _head(column: Column) -> str:
    return f"{column.title} (%)" if column.kind is Kind.PER_CENT else column.head


def _write(place: Any, cell: Cell, column: Column) -> None:
    if not has_data(cell):
        return
    if isinstance(cell, str):
        place.value = printed(cell)
        place.data_type = "s"  # openpyxl takes what begins with = for a formula
        place.quotePrefix = True
    else:
        place.value = cell
        place.number_format = _FORMATS[column.kind]


def _lengths(cells: Iterable[Cell]) -> Iterable[int]:
    for cell in cells:
        yield 10 if isinstance(cell, float | int) else len(cell or "")


def _sheet_name(name: str, taken: list[str]) -> str:
    """A name that spreadsheets allow, and no other sheet has."""
    base = _FORBIDDEN.sub(" ", name)[:28].strip() or "Table"
    names = [base, *(f"{base} {number}" for number in range(2, 100))]
    return next(each for each in names if each not in taken)


def _without_clock(made: io.BytesIO, stamp: datetime) -> bytes:
    """The same file without the time at which it was made."""
    told = re.compile(rb"(<\w+:modified[^>]*>)[^<]*")
    fixed = rb"\g<1>" + stamp.strftime("%Y-%m-%dT%H:%M:%SZ").encode()
    out = io.BytesIO()
    with zipfile.ZipFile(made) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            part = zipfile.ZipInfo(name, _EARLIEST)
            part.compress_type = zipfile.ZIP_DEFLATED
            new.writestr(part, told.sub(fixed, old.read(name)))
    return out.getvalue()
