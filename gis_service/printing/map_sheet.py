"""A map on one sheet: title, map, what its signs mean, and the numbers beside it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any

from gis_service.model.fields import Language
from gis_service.model.locales import long_date, number
from gis_service.printing.map_drawing import Layer, draw_map
from gis_service.printing.map_frame import Bounds, frame_around
from gis_service.printing.signs import Sign, sign_svg
from gis_service.printing.typesetting import Pages
from gis_service.printing.wording import phrase, printed


class Orientation(StrEnum):
    """How the sheet lies."""

    LANDSCAPE = "landscape"
    PORTRAIT = "portrait"


MAP_MM = {Orientation.LANDSCAPE: (188.0, 158.0), Orientation.PORTRAIT: (182.0, 160.0)}
"""Width and height of the map on A4."""


@dataclass(frozen=True, slots=True)
class LegendPart:
    """The signs of one layer, with what each means."""

    title: str
    rows: tuple[tuple[Sign, str], ...]


@dataclass(frozen=True, slots=True)
class FigureLine:
    """
    A line of the numbers beside the map.

    Parameters
    ----------
    sign
        The sign of its class on the map; None where it has none.
    """

    title: str
    values: tuple[str, ...]
    sign: Sign | None = None


@dataclass(frozen=True, slots=True)
class FigureTable:
    """A table of numbers, finished texts."""

    title: str
    heads: tuple[str, ...]
    lines: tuple[FigureLine, ...]


@dataclass(frozen=True, slots=True)
class MapSheet:
    """
    All that a map's sheet holds.

    Parameters
    ----------
    extent
        What the map shows: west, south, east, north in metres of `srid`.
    headline
        What the map says, in a sentence; empty for none.
    beside, after
        Tables beside the map, and on the pages after it.
    synthetic, approximate
        Say that the data is made up, or that ward outlines are drawn roughly.
    """

    title: str
    place: str
    description: str
    municipality: str
    source: str
    as_of: date
    srid: int
    extent: Bounds
    layers: tuple[Layer, ...]
    legend: tuple[LegendPart, ...]
    headline: str = ""
    beside: tuple[FigureTable, ...] = ()
    after: tuple[FigureTable, ...] = ()
    synthetic: bool = False
    approximate: bool = False


def map_pages(
    sheet: MapSheet, language: Language, *, orientation: Orientation = Orientation.LANDSCAPE
) -> Pages:
    """The sheet on the first page, and the tables after it."""
    width, height = MAP_MM[orientation]
    frame = frame_around(sheet.extent, sheet.srid, width_mm=width, height_mm=height)
    drawings = {"map.svg": draw_map(sheet.layers, frame)}
    signs = Signs(drawings)
    notes = [phrase("as_of", language, day=long_date(sheet.as_of, language))]
    if sheet.source:
        notes.append(phrase("source", language, source=printed(sheet.source)))
    notes.append(
        phrase("scale_note", language, scale=number(frame.denominator, language), srid=sheet.srid)
    )
    if sheet.approximate:
        notes.append(phrase("outlines_approximate", language))
    data = {
        "language": language,
        "orientation": orientation.value,
        "title": printed(sheet.title),
        "place": printed(sheet.place),
        "description": printed(sheet.description),
        "municipality": printed(sheet.municipality),
        "banner": phrase("sample_banner", language) if sheet.synthetic else "",
        "headline": printed(sheet.headline),
        "map_alt": phrase("map_alt", language, title=printed(sheet.title)),
        "map_mm": [width, height],
        "legend_title": phrase("legend", language),
        "legend": legend_data(sheet.legend, signs),
        "notes": notes,
        "page_of": phrase("page_of", language),
        "beside": [_table(each, signs) for each in sheet.beside],
        "after": [_table(each, signs) for each in sheet.after],
    }
    return Pages.of("map", data, drawings, sheet.as_of)


def legend_data(parts: Iterable[LegendPart], signs: Signs) -> list[dict[str, Any]]:
    """The legend as templates read it."""
    return [
        {"title": part.title, "rows": [[signs(sign), text] for sign, text in part.rows]}
        for part in parts
    ]


class Signs:
    """Gives each sign a drawing of its own, once."""

    def __init__(self, drawings: dict[str, bytes]) -> None:
        self._drawings = drawings
        self._names: dict[Sign, str] = {}

    def __call__(self, sign: Sign) -> str:
        if sign not in self._names:
            self._names[sign] = f"sign-{len(self._names)}.svg"
            self._drawings[self._names[sign]] = sign_svg(sign)
        return self._names[sign]


def _table(table: FigureTable, signs: Signs) -> dict[str, Any]:
    return {
        "title": table.title,
        "heads": table.heads,
        "lines": [
            [signs(line.sign) if line.sign else "", printed(line.title), *line.values]
            for line in table.lines
        ],
    }
