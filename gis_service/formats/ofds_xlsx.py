"""OFDS in a workbook: the sheets of the CSV form, read as they stand."""

from __future__ import annotations

import datetime as dt
import zipfile
from pathlib import Path
from typing import Any

from gis_service.errors import UnreadableFile
from gis_service.formats.limits import ReadLimits
from gis_service.formats.ofds_package import Json
from gis_service.formats.ofds_sheets import Table, package_in_tables


def read_xlsx_package(path: Path, limits: ReadLimits) -> Json:
    """
    The package in a workbook.

    Raises
    ------
    UnreadableFile
        It is damaged or unpacks to too much, or its sheets hold no package.
    """
    import python_calamine  # noqa: PLC0415

    with zipfile.ZipFile(path) as archive:
        unpacked = sum(entry.file_size for entry in archive.infolist())
    if unpacked > limits.file_bytes:
        raise UnreadableFile("The workbook unpacks to far more than its size allows.")
    try:
        workbook = python_calamine.CalamineWorkbook.from_path(str(path))
        tables = {
            name: _table(workbook.get_sheet_by_name(name).to_python())
            for name in workbook.sheet_names
        }
    except (python_calamine.CalamineError, OSError, ValueError) as error:
        raise UnreadableFile(f"The workbook cannot be read: {str(error)[:200]}.") from None
    return package_in_tables(tables, ())


def _table(rows: list[list[Any]]) -> Table:
    header, *rest = rows or [[]]
    return Table(
        tuple(_text(each).strip() for each in header),
        [[_text(each) for each in row] for row in rest],
    )


def _text(value: Any) -> str:
    """A cell as the CSV form has it; whole numbers without `.0`."""
    if isinstance(value, bool):
        return "True" if value else "False"
    if isinstance(value, float) and value.is_integer() and abs(value) < 2**53:
        return str(int(value))
    if isinstance(value, dt.datetime):
        return value.date().isoformat()
    if isinstance(value, dt.date):
        return value.isoformat()
    return str(value)
