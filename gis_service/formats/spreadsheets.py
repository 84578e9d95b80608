"""
XLSX workbooks: each sheet a layer, the header found below its titles.

Formulas count by the values that were stored with them. Row numbers are the
sheet's own, so that they can be found in it.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
from python_calamine import (
    CalamineError,
    CalamineSheet,
    CalamineWorkbook,
    SheetTypeEnum,
    SheetVisibleEnum,
)

from gis_service.errors import UnreadableFile
from gis_service.formats.archives import WorkbookCheck, check_workbook
from gis_service.formats.delimited import header_names, used_columns
from gis_service.formats.guarding import without_guard
from gis_service.formats.limits import ReadLimits
from gis_service.formats.placing import Placing, placed_rows
from gis_service.formats.rows import Rows, arrow_column

_SEARCHED_ROWS = 40
"""The header stands among the first so many rows."""
_LOOKED_AT = 60
_SHARE = 0.6
"""A header fills at least this share of the columns that the rows below it fill."""
_SHOWN = 80

Row = list[Any]


def workbook_layers(path: Path, limits: ReadLimits) -> tuple[str, ...]:
    """
    Names of a workbook's sheets, without the hidden and the empty ones.

    Raises
    ------
    UnreadableFile
        The workbook is damaged or hostile.
    """
    with _opened(path, limits)[0] as workbook:
        return _layers(workbook)[0]


def read_workbook(
    path: Path, *, layer: str | None, placing: Placing, limits: ReadLimits
) -> Rows:
    """
    One sheet of a workbook.

    Raises
    ------
    UnreadableFile
        The workbook is damaged or hostile, the sheet is not there or not
        named, or no row of it can be a header.
    """
    workbook, check = _opened(path, limits)
    with workbook:
        layers, hidden = _layers(workbook)
        chosen = _chosen(layer, layers, hidden)
        sheet = workbook.get_sheet_by_name(chosen)
        rows = _filled_rows(sheet)
        merged = sheet.merged_cell_ranges or []
    notes = [f"Hidden sheets were not read: {', '.join(hidden)}."] if hidden and not layer else []
    if check.uncomputed:
        notes.append(
            "Some cells hold formulas without a value: the workbook was never computed. Open it "
            "in a spreadsheet program, save it, and load it again."
        )
    first, names, below = _header(rows, merged)
    titles = [str(cell) for row in rows[:first] for cell in row if cell is not None]
    if titles:
        notes.append(f"Above the header stands: {' / '.join(titles)[:_SHOWN]}.")
    filled = _fill_merged(rows, merged, below)
    if filled:
        notes.append(f"Merged cells were given their value in every row: {filled:,} cells.")
    filled_rows = (n for n, row in enumerate(rows, 1) if any(c is not None for c in row))
    numbers = [number for number in filled_rows if number > below]
    cells = [[rows[number - 1][place] for number in numbers] for place in range(len(names))]
    columns = dict(zip(names, cells, strict=True))
    columns = {name: columns[name] for name in used_columns(columns)}
    read = placed_rows(
        {name: _texts(cells) for name, cells in columns.items()},
        numbers,
        lambda name: _column(name, columns[name]),
        placing,
        layer=chosen,
        layers=layers or (chosen,),
    )
    read.notes[:0] = [*notes, "Row numbers are those of the sheet."]
    return read


def _opened(path: Path, limits: ReadLimits) -> tuple[CalamineWorkbook, WorkbookCheck]:
    check = check_workbook(path, limits)
    try:
        return CalamineWorkbook.from_path(str(path)), check
    except (CalamineError, OSError, ValueError) as error:
        raise UnreadableFile(f"The workbook is damaged or not one: {_reason(error)}") from None


def _layers(workbook: CalamineWorkbook) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Sheets that are seen and hold more than one row, and hidden ones."""
    sheets = [s for s in workbook.sheets_metadata if s.typ == SheetTypeEnum.WorkSheet]
    hidden = tuple(s.name for s in sheets if s.visible != SheetVisibleEnum.Visible)
    seen = tuple(
        s.name
        for s in sheets
        if s.name not in hidden and (_sheet(workbook, s.name).end or (0,))[0] > 0
    )
    return seen, hidden


def _sheet(workbook: CalamineWorkbook, name: str) -> CalamineSheet:
    try:
        return workbook.get_sheet_by_name(name)
    except (CalamineError, ValueError) as error:
        raise UnreadableFile(f"The sheet {name!r} is damaged: {_reason(error)}") from None


def _chosen(asked: str | None, layers: tuple[str, ...], hidden: tuple[str, ...]) -> str:
    if asked in hidden:
        return str(asked)
    if asked is not None and asked not in layers:
        raise UnreadableFile(f"There is no sheet {asked!r}. Sheets: {', '.join(layers)}.")
    if asked is None and len(layers) > 1:
        raise UnreadableFile(
            f"The workbook has {len(layers)} sheets; name one with --layer: {', '.join(layers)}."
        )
    if not layers:
        raise UnreadableFile("The workbook has no sheet with rows below a header.")
    return asked or layers[0]


def _filled_rows(sheet: CalamineSheet) -> list[Row]:
    """All rows from the first of the sheet, empty cells as None."""
    rows = sheet.to_python(skip_empty_area=False)
    return [[_value(cell) for cell in row] for row in rows]


def _value(cell: Any) -> Any:  # noqa: PLR0911 - one for each kind of cell
    if isinstance(cell, str):
        return without_guard(cell.strip()) or None
    if isinstance(cell, bool):
        return cell
    if isinstance(cell, float) and cell.is_integer() and abs(cell) < 2**53:
        return int(cell)
    if isinstance(cell, dt.datetime):
        midnight = cell.time() == dt.time(0)
        return cell.date().isoformat() if midnight else cell.isoformat(sep=" ")
    if isinstance(cell, dt.date | dt.time):
        return cell.isoformat()
    if isinstance(cell, dt.timedelta):
        return str(cell)
    return cell


def _header(
    rows: list[Row], merged: Sequence[Any]
) -> tuple[int, list[str], int]:
    """
    Where the header stands, its names, and the first row below it.

    Raises
    ------
    UnreadableFile
        No row can be one.
    """
    for number, row in enumerate(rows[:_SEARCHED_ROWS]):
        texts = [cell for cell in row if isinstance(cell, str)]
        filled = sum(cell is not None for cell in row)
        below = [sum(c is not None for c in r) for r in rows[number + 1 : number + _LOOKED_AT]]
        widest = max([filled, *below])
        if not texts or filled < _SHARE * widest or 2 * len(texts) < filled:
            continue
        names, height = _names(rows, number, merged)
        return number, names, number + height
    raise UnreadableFile(
        f"None of the first {_SEARCHED_ROWS} rows names the columns. Put one row of names above "
        "the rows, and nothing but titles above it."
    )


def _names(rows: list[Row], number: int, merged: Sequence[Any]) -> tuple[list[str], int]:
    """Names of the columns; where a merged cell stands over several, the row below names them."""
    top = rows[number]
    spanned = {
        column
        for (first_row, first_column), (_, last_column) in merged
        if first_row == number and last_column > first_column
        for column in range(first_column, last_column + 1)
    }
    below = rows[number + 1] if number + 1 < len(rows) else []
    names: list[Any] = list(top)
    height = 1
    if spanned and all(
        isinstance(below[c], str) if c in spanned else below[c] is None or top[c] is None
        for c in range(len(below))
    ):
        names = [low if low is not None else high for high, low in zip(top, below, strict=True)]
        height = 2
    return header_names(["" if name is None else str(name) for name in names]), height


def _fill_merged(rows: list[Row], merged: Sequence[Any], below: int) -> int:
    """Give each cell of a merged one its value, below the header."""
    filled = 0
    for (first_row, first_column), (last_row, last_column) in merged:
        if first_row < below or first_row >= len(rows) or first_column >= len(rows[first_row]):
            continue
        value = rows[first_row][first_column]
        if value is None:
            continue
        for row in rows[first_row : last_row + 1]:
            for column in range(first_column, min(last_column + 1, len(row))):
                if row[column] is None:
                    row[column] = value
                    filled += 1
    return filled


def _column(name: str, cells: list[Any]) -> tuple[pa.Field, pa.Array]:
    """Numbers stay numbers; where a column holds several kinds, all of it is text."""
    kinds = {type(cell) for cell in cells if cell is not None}
    if kinds == {int, float}:
        return arrow_column(name, [None if cell is None else float(cell) for cell in cells])
    return arrow_column(name, _texts(cells) if len(kinds) > 1 else cells)


def _texts(cells: Sequence[Any]) -> list[str | None]:
    return [None if cell is None else _text(cell) for cell in cells]


def _text(cell: Any) -> str:
    return str(cell).lower() if isinstance(cell, bool) else str(cell)


def _reason(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0]
