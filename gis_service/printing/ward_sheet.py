"""A ward on paper: its map, and lists of what stands there, for who has no phone at hand."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from gis_service.model.fields import Language
from gis_service.model.locales import long_date, number
from gis_service.printing.map_drawing import Layer, draw_map
from gis_service.printing.map_frame import Bounds, frame_around
from gis_service.printing.map_sheet import LegendPart, Signs, legend_data
from gis_service.printing.typesetting import Pages
from gis_service.printing.wording import phrase, printed

MAP_MM = (182.0, 158.0)
"""Width and height of the map on A4."""
DETAIL_MM = 150.0
EMPTY_LINES = 9
"""Lines to write on."""


@dataclass(frozen=True, slots=True)
class ItemTable:
    """
    A list of the sheet, finished texts.

    Parameters
    ----------
    widths
        Of the columns, in parts of the page's width.
    note
        What is said below it, or in its place where it has no rows.
    """

    title: str
    heads: tuple[str, ...]
    widths: tuple[float, ...]
    rows: tuple[tuple[str, ...], ...]
    note: str = ""


@dataclass(frozen=True, slots=True)
class WardSheet:
    """
    All that a ward's sheet holds.

    Parameters
    ----------
    extent
        What the map shows: west, south, east, north in metres of `srid`.
    detail
        What a second map shows, where things stand close together; None for none.
    synthetic, approximate
        Say that the data is made up, or that ward outlines are drawn roughly.
    """

    ward: str
    code: str
    municipality: str
    as_of: date
    srid: int
    extent: Bounds
    layers: tuple[Layer, ...]
    legend: tuple[LegendPart, ...]
    tables: tuple[ItemTable, ...]
    detail: Bounds | None = None
    synthetic: bool = False
    approximate: bool = False


def ward_pages(sheet: WardSheet, language: Language) -> Pages:
    """The map on the first page, then the lists, then lines to write on."""
    width, height = MAP_MM
    frame = frame_around(sheet.extent, sheet.srid, width_mm=width, height_mm=height)
    drawings = {"map.svg": draw_map(sheet.layers, frame)}
    detail = None
    if sheet.detail is not None:
        near = frame_around(sheet.detail, sheet.srid, width_mm=width, height_mm=DETAIL_MM)
        drawings["detail.svg"] = draw_map(sheet.layers, near)
        detail = phrase(
            "sheet_detail", language, scale=number(near.denominator, language)
        )
    day = long_date(sheet.as_of, language)
    title = phrase("sheet_title", language, ward=printed(sheet.ward))
    notes = [
        phrase("as_of", language, day=day),
        phrase(
            "scale_note", language, scale=number(frame.denominator, language), srid=sheet.srid
        ),
    ]
    if sheet.approximate:
        notes.append(phrase("outlines_approximate", language))
    data = {
        "language": language,
        "title": title,
        "code": printed(sheet.code),
        "date": day,
        "municipality": printed(sheet.municipality),
        "staff": phrase("sheet_staff", language),
        "banner": phrase("sample_banner", language) if sheet.synthetic else "",
        "map_alt": phrase("map_alt", language, title=title),
        "map_mm": [width, height],
        "legend_title": phrase("legend", language),
        "legend": legend_data(sheet.legend, Signs(drawings)),
        "notes": notes,
        "detail": detail,
        "page_of": phrase("page_of", language),
        "tables": [
            {
                "title": each.title,
                "heads": each.heads,
                "widths": each.widths,
                "rows": [[printed(cell) for cell in row] for row in each.rows],
                "note": each.note,
            }
            for each in sheet.tables
        ],
        "writing": {
            "title": phrase("sheet_writing", language),
            "hint": phrase("sheet_writing_hint", language),
            "heads": [
                phrase(f"sheet_writing_{each}", language)
                for each in ("day", "item", "work", "result", "name")
            ],
            "lines": EMPTY_LINES,
        },
    }
    return Pages.of("ward", data, drawings, sheet.as_of)
