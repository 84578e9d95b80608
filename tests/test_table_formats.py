"""Tables that people type: CSV in its kinds, and workbooks with titles above their header."""

from __future__ import annotations

import datetime as dt
import zipfile
from pathlib import Path
from typing import Any

import openpyxl
import pytest
import shapely

from gis_service.errors import UnknownCrs, UnreadableFile
from gis_service.formats.delimited import read_csv
from gis_service.formats.guarding import guarded
from gis_service.formats.kinds import FileFormat
from gis_service.formats.limits import ReadLimits
from gis_service.formats.placing import Placing
from gis_service.formats.reading import read_file
from gis_service.formats.rows import CRS84, GEOMETRY, ROW, Rows
from gis_service.formats.sniffing import sniff
from gis_service.formats.spreadsheets import read_workbook, workbook_layers

LIMITS = ReadLimits()


def points(rows: Rows) -> list[tuple[float, float] | None]:
    shapes = shapely.from_wkb(rows.table.column(GEOMETRY).to_numpy())
    return [None if shape is None else (shape.x, shape.y) for shape in shapes]


def csv(text: str | bytes, encoding: str | None = None, *, metric: bool = False) -> Rows:
    content = text if isinstance(text, bytes) else text.encode()
    return read_csv(content, layer="x", encoding=encoding, placing=Placing(metric=metric))


@pytest.mark.parametrize(
    ("content", "encoding"),
    [
        (b"id;lon;lat\r\na;34,77;-0,68\r\n", None),
        (b"sep=;\r\nid;lon;lat\r\na;34,77;-0,68\r\n", None),
        ("id\tlat\tlon\na\t0°40'48\"S\t34°46'12\"E\n".encode("cp1252"), "cp1252"),
        (b"id|lat|lon\na|S 0 40 48|E 34 46 12\n", None),
        ("\N{BYTE ORDER MARK}id,lon,lat\na,34.77,-0.68\n".encode("utf-16-le"), None),
        ("id,lon,lat\na,34.77,-0.68\n".encode("utf-16-le"), "utf-16-le"),
    ],
)
def test_a_delimited_file_in_its_kinds(content: bytes, encoding: str | None) -> None:
    rows = csv(content, encoding)
    assert rows.table.column("id").to_pylist() == ["a"]
    assert points(rows) == [pytest.approx((34.77, -0.68))]
    assert rows.crs_assumed == CRS84


def test_the_apostrophe_of_an_export_is_undone(tmp_path: Path) -> None:
    texts = ["=1+1", "-x", "@a", "'=x", "''+x", "'kept", "plain"]
    shown = ["'=1+1", "'-x", "'@a", "''=x", "'''+x", "'kept", "plain"]
    assert [guarded(text) for text in texts] == shown
    rows = csv("id\n" + "".join(f"{text}\n" for text in shown))
    assert rows.table.column("id").to_pylist() == texts
    path = book(tmp_path / "x.xlsx", ["id", "n"], *([text, -1] for text in shown))
    sheet = read_workbook(path, layer=None, placing=Placing(), limits=LIMITS).table
    assert sheet.column("id").to_pylist() == texts
    assert sheet.column("n").to_pylist() == [-1] * len(texts)


def test_a_column_without_name_and_cells_is_no_column() -> None:
    assert csv("id;;\na;;x\n").table.column_names == ["id", "column 3", ROW]


def test_utf_16_without_a_mark_is_recognised_and_asked_for(tmp_path: Path) -> None:
    path = tmp_path / "u.csv"
    path.write_bytes("id,lon,lat\n".encode("utf-16-le"))
    assert sniff(path, max_bytes=1_000) is FileFormat.CSV
    with pytest.raises(UnreadableFile, match="--encoding utf-16-le"):
        csv(path.read_bytes())


def test_eastings_need_a_crs_to_be_named(tmp_path: Path) -> None:
    path = tmp_path / "u.csv"
    path.write_text("id;Mashariki;Kaskazini\na;698 123,5;9,924,500\n")
    with pytest.raises(UnknownCrs, match="--crs EPSG:32736"):
        read_file(path)
    source = read_file(path, crs="EPSG:32736")
    assert source.frame.geometry.iloc[0].coords[0] == (698123.5, 9924500)


# --- workbooks ---


@pytest.fixture(scope="module")
def typed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """
    A sheet as an intern types it: a merged title, a header of two rows, a merged ward.

        |   | A   | B         | C          | D           | E        | F       |
        | 1 | Kisii County (merged over all)                                   |
        | 4 | No  | Office    | Opened     | Coordinates (merged)   | Ward    |
        | 5 |     |           |            | Longitude   | Latitude |         |
        | 6 | 001 | Ofisi     | 2020-05-01 | 34°46'E     | 0°40'..S | Kiogoro |
        | 7 | 2   | Shule     | 2021-..    | 34.78       | -0,69    | (same)  |
        | 9 | 3   | =B6       |            | 34.7        | -0.6     | Bobaracho |
    """
    path = tmp_path_factory.mktemp("typed") / "offices.xlsx"
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.title = "Offices"
    sheet["A1"] = "County Government of Kisii"
    sheet["A2"] = "Offices, November 2026"
    sheet.append([])
    sheet.append(["No", "Office", "Opened", "Coordinates", None, "Ward"])
    sheet.append([None, None, None, "Longitude", "Latitude", None])
    sheet.append(["001", "Ofisi", dt.date(2020, 5, 1), "34°46'E", "0°40'48.5\"S", "Kiogoro"])
    sheet.append(["2", "Shule", dt.datetime(2021, 1, 1, 8, 30), 34.78, "-0,69", None])
    sheet.append([])
    sheet.append([3, "=B6", None, 34.7, -0.6, "Bobaracho"])
    for merged in ("A1:F1", "D4:E4", "F6:F7"):
        sheet.merge_cells(merged)
    hidden = book.create_sheet("Lists")
    hidden.append(["code", "meaning"])
    hidden.append(["a", 1])
    hidden.sheet_state = "hidden"
    book.create_sheet("Empty")
    book.save(path)
    return path


def test_a_typed_workbook_is_understood(typed: Path) -> None:
    rows = read_workbook(typed, layer=None, placing=Placing(), limits=LIMITS)
    table = rows.table
    assert rows.layers == ("Offices",)
    assert table.column_names == ["No", "Office", "Opened", "Ward", ROW, GEOMETRY]
    assert table.column("No").to_pylist() == ["001", "2", "3"], "leading noughts stay"
    assert table.column("Opened").to_pylist() == ["2020-05-01", "2021-01-01 08:30:00", None]
    assert table.column("Ward").to_pylist() == ["Kiogoro", "Kiogoro", "Bobaracho"]
    assert table.column(ROW).to_pylist() == [6, 7, 9], "as the sheet numbers them"
    assert points(rows) == [
        pytest.approx((34 + 46 / 60, -(40 + 48.5 / 60) / 60)), (34.78, -0.69), (34.7, -0.6)
    ]  # fmt: skip
    notes = " ".join(rows.notes)
    assert "Hidden sheets were not read: Lists." in notes
    assert "Above the header stands: County Government of Kisii / Offices" in notes
    assert "never computed" in notes, "openpyxl writes formulas without values"
    assert table.column("Office").to_pylist() == ["Ofisi", "Shule", None]


def test_a_hidden_sheet_is_read_when_it_is_named(typed: Path) -> None:
    assert workbook_layers(typed, LIMITS) == ("Offices",)
    rows = read_workbook(typed, layer="Lists", placing=Placing(), limits=LIMITS)
    assert rows.table.select(["code", "meaning"]).to_pylist() == [{"code": "a", "meaning": 1}]
    with pytest.raises(UnreadableFile, match=r"no sheet 'Sheet9'\. Sheets: Offices"):
        read_workbook(typed, layer="Sheet9", placing=Placing(), limits=LIMITS)


def test_a_workbook_goes_through_the_reading_process(typed: Path) -> None:
    source = read_file(typed)
    assert source.format is FileFormat.XLSX
    assert source.crs == "EPSG:4326"
    assert source.frame.index.tolist() == [6, 7, 9]


def book(path: Path, *rows: list[Any]) -> Path:
    workbook = openpyxl.Workbook()
    assert workbook.active is not None
    for row in rows:
        workbook.active.append(row)
    workbook.save(path)
    return path


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ([[1, 2], [3, 4]], "None of the first"),
        ([["id", "id"], ["a", "b"]], "twice: id"),
        ([["id"]], "no sheet with rows"),
    ],
)
def test_a_sheet_without_a_header_is_refused(tmp_path: Path, rows: Any, said: str) -> None:
    path = book(tmp_path / "x.xlsx", *rows)
    with pytest.raises(UnreadableFile, match=said):
        read_workbook(path, layer=None, placing=Placing(), limits=LIMITS)


def test_several_sheets_need_one_named(tmp_path: Path) -> None:
    workbook = openpyxl.Workbook()
    for name in ("nodes", "links"):
        sheet = workbook.create_sheet(name)
        sheet.append(["id"])
        sheet.append(["a"])
    workbook.create_sheet("wayleaves").append(["id"])
    workbook.save(path := tmp_path / "x.xlsx")
    with pytest.raises(UnreadableFile, match="--layer: nodes, links"):
        read_workbook(path, layer=None, placing=Placing(), limits=LIMITS)


# --- hostile and old workbooks ---


def repacked(path: Path, source: Path, **parts: bytes) -> Path:
    """A copy of a workbook with some of its parts replaced; `sheet1` is the first sheet."""
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            new.writestr(name, parts.get(Path(name).stem, old.read(name)))
    return path


def test_hostile_workbooks_are_refused(tmp_path: Path, typed: Path) -> None:
    entity = b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]><x>&a;</x>'
    path = repacked(tmp_path / "xxe.xlsx", typed, sheet1=entity)
    with pytest.raises(UnreadableFile, match="DOCTYPE"):
        read_workbook(path, layer=None, placing=Placing(), limits=LIMITS)
    bomb = repacked(tmp_path / "bomb.xlsx", typed, sheet1=bytes(11_000_000))
    with pytest.raises(UnreadableFile, match="far more"):
        read_workbook(bomb, layer=None, placing=Placing(), limits=LIMITS)
    broken = repacked(tmp_path / "broken.xlsx", typed, sheet1=b"<worksheet><sheetData><row>")
    with pytest.raises(UnreadableFile, match=r"damaged|no sheet|None of the first"):
        read_workbook(broken, layer=None, placing=Placing(), limits=LIMITS)


def test_a_cell_at_the_far_end_of_a_sheet_does_not_fill_the_memory(
    tmp_path: Path, typed: Path
) -> None:
    far = (
        b'<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>'
        b'<row r="1"><c r="A1" t="inlineStr"><is><t>id</t></is></c></row>'
        b'<row r="1048576"><c r="XFD1048576"><v>1</v></c></row></sheetData></worksheet>'
    )
    path = repacked(tmp_path / "far.xlsx", typed, sheet1=far)
    with pytest.raises(UnreadableFile, match="memory"):
        read_file(path)


@pytest.mark.parametrize(
    ("name", "entries", "said"),
    [
        ("old.xls", None, "Save it as .xlsx without a password"),
        ("a.xlsb", ["xl/workbook.bin"], "binary Excel workbook"),
        ("a.ods", ["mimetype", "content.xml"], "OpenDocument"),
        ("a.zip", ["readme.txt"], "without a .shp"),
    ],
)
def test_other_workbooks_are_refused_with_what_to_do(
    tmp_path: Path, name: str, entries: list[str] | None, said: str
) -> None:
    path = tmp_path / name
    if entries is None:
        path.write_bytes(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600))
    else:
        with zipfile.ZipFile(path, "w") as archive:
            for entry in entries:
                archive.writestr(entry, "x")
    with pytest.raises(UnreadableFile, match=said):
        sniff(path, max_bytes=1_000_000)
