"""A document before it is set: sections of texts, cards, drawings and tables with typed cells."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum

from gis_service.model.fields import Language
from gis_service.model.locales import number
from gis_service.printing.signs import Sign
from gis_service.printing.wording import phrase, printed

Cell = str | float | None
"""None and NaN are "no data"."""


class Kind(StrEnum):
    """What a column holds."""

    TEXT = "text"
    COUNT = "count"
    NUMBER = "number"
    PER_CENT = "perCent"

    @property
    def is_number(self) -> bool:
        return self is not Kind.TEXT


@dataclass(frozen=True, slots=True)
class Column:
    """
    A column of a table.

    Parameters
    ----------
    unit
        Of its numbers; it stands in the column's head.
    decimals
        How many of them pages show of a `NUMBER`; None for as many as it has, up to three.
    """

    title: str
    kind: Kind = Kind.TEXT
    unit: str = ""
    decimals: int | None = 1

    @property
    def head(self) -> str:
        return f"{self.title} ({self.unit})" if self.unit else self.title


@dataclass(frozen=True, slots=True)
class Table:
    """
    A table.

    Parameters
    ----------
    sheet
        Its name in a workbook.
    has_total
        Whether the last row sums the others up.
    most_on_pages
        So many rows stand on pages, without the total; a workbook has them all.
    workbook_only
        Whether pages leave it out, since they tell the same in another way.
    """

    sheet: str
    title: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]
    note: str = ""
    has_total: bool = False
    most_on_pages: int | None = None
    workbook_only: bool = False


@dataclass(frozen=True, slots=True)
class Drawing:
    """
    A drawing with what its signs mean.

    Parameters
    ----------
    svg
        Its sizes are in millimetres.
    alt
        What it shows, for those who do not see it.
    """

    name: str
    svg: bytes
    width_mm: float
    alt: str
    caption: str
    legend: tuple[tuple[Sign, str], ...] = ()


@dataclass(frozen=True, slots=True)
class CardLine:
    """A figure on a card, written out; `change` is how it moved, or why that is not told."""

    title: str
    value: str
    change: str
    definition: str


@dataclass(frozen=True, slots=True)
class Card:
    """Figures that belong together."""

    title: str
    lines: tuple[CardLine, ...]


@dataclass(frozen=True, slots=True)
class Section:
    """
    A section.

    Parameters
    ----------
    starts_page
        Whether it begins on a page of its own.
    """

    id: str
    title: str
    paragraphs: tuple[str, ...] = ()
    cards: tuple[Card, ...] = ()
    drawings: tuple[Drawing, ...] = ()
    tables: tuple[Table, ...] = ()
    starts_page: bool = False


@dataclass(frozen=True, slots=True)
class Document:
    """
    A whole document.

    Parameters
    ----------
    banner
        What has to be known before anything else; empty for nothing.
    headline
        What it says, in plain sentences.
    highlights_title, highlights
        A few figures that stand out, each with what it is, and what all of them tell.
    """

    language: Language
    municipality: str
    title: str
    subtitle: str
    as_of: date
    banner: str
    headline: tuple[str, ...]
    highlights_title: str
    highlights: tuple[tuple[str, str], ...]
    sections: tuple[Section, ...]


def on_pages(section: Section, language: Language) -> tuple[Table, ...]:
    """The tables of a section as pages show them, cut where they are too long."""
    return tuple(
        _cut(each, language) for each in section.tables if not each.workbook_only
    )


def _cut(table: Table, language: Language) -> Table:
    total = table.rows[-1:] if table.has_total else ()
    rows = table.rows[: len(table.rows) - len(total)]
    most = table.most_on_pages
    if most is None or len(rows) <= most:
        return table
    cut = phrase(
        "rows_shown", language, shown=number(most, language), count=number(len(rows), language)
    )
    return replace(table, rows=(*rows[:most], *total), note=f"{cut} {table.note}".strip())


def has_data(cell: Cell) -> bool:
    """Whether there is something in a cell."""
    return cell is not None and not (isinstance(cell, float) and math.isnan(cell))


def per_cent(value: float, language: Language) -> str:
    """A share; what is nearly all or nearly nothing is not rounded to all or nothing."""
    if not has_data(value):
        return phrase("no_data", language)
    decimals = 2 if round(value) in (0, 100) and value not in (0, 100) else 0
    return f"{number(value, language, decimals=decimals)}%"


def shown(cell: Cell, column: Column, language: Language) -> str:
    """A cell as pages write it."""
    if not has_data(cell):
        return phrase("no_data", language)
    if isinstance(cell, int | float):
        decimals = column.decimals if column.kind is Kind.NUMBER else 0
        if column.kind is Kind.PER_CENT:
            return per_cent(cell, language)
        return number(cell, language, decimals=decimals)
    return printed(str(cell))
