"""A document as pages."""

from __future__ import annotations

from typing import Any

from gis_service.model.locales import long_date
from gis_service.printing.document import Document, Drawing, Section, Table, on_pages, shown
from gis_service.printing.signs import sign_svg
from gis_service.printing.typesetting import Pages
from gis_service.printing.wording import phrase, printed


def document_pages(document: Document) -> Pages:
    """The pages of a document, to be set."""
    drawings: dict[str, bytes] = {}
    data = {
        "language": document.language,
        "municipality": printed(document.municipality),
        "title": printed(document.title),
        "subtitle": printed(document.subtitle),
        "date": long_date(document.as_of, document.language),
        "banner": document.banner,
        "highlights_title": document.highlights_title,
        "highlights": [[value, printed(title)] for title, value in document.highlights],
        "headline": [printed(each) for each in document.headline],
        "contents": phrase("contents", document.language),
        "page_of": phrase("page_of", document.language),
        "sections": [_section(each, document, drawings) for each in document.sections],
    }
    return Pages.of("report", data, drawings, document.as_of)


def _section(
    section: Section, document: Document, drawings: dict[str, bytes]
) -> dict[str, Any]:
    return {
        "title": section.title,
        "starts_page": section.starts_page,
        "paragraphs": [printed(each) for each in section.paragraphs],
        "cards": [
            {
                "title": card.title,
                "lines": [
                    [line.title, line.value, line.change, line.definition] for line in card.lines
                ],
            }
            for card in section.cards
        ],
        "drawings": [_drawing(each, drawings) for each in section.drawings],
        "tables": [_table(each, document) for each in on_pages(section, document.language)],
    }


def _drawing(drawing: Drawing, drawings: dict[str, bytes]) -> dict[str, Any]:
    drawings[f"{drawing.name}.svg"] = drawing.svg
    legend = []
    for position, (sign, title) in enumerate(drawing.legend):
        name = f"{drawing.name}-{position}.svg"
        drawings[name] = sign_svg(sign)
        legend.append([name, title])
    return {
        "file": f"{drawing.name}.svg",
        "width_mm": drawing.width_mm,
        "alt": printed(drawing.alt),
        "caption": printed(drawing.caption),
        "legend": legend,
    }


def _table(table: Table, document: Document) -> dict[str, Any]:
    heads = [column.head for column in table.columns]
    rows = [
        [
            shown(cell, column, document.language)
            for cell, column in zip(row, table.columns, strict=True)
        ]
        for row in table.rows
    ]
    return {
        "title": table.title,
        "note": printed(table.note),
        "has_total": table.has_total,
        "heads": heads,
        "widths": [
            _width(head, [row[position] for row in rows]) for position, head in enumerate(heads)
        ],
        "right": [column.kind.is_number for column in table.columns],
        "rows": rows,
    }


def _width(head: str, cells: list[str]) -> int:
    """A column's part of the page: by its longest word and its longest text, within reason."""
    words = [word for text in (head, *cells) for word in text.split()]
    longest = max((len(word) for word in words), default=1)
    return max(longest + 1, min(_WIDEST, max(map(len, cells), default=1)), 6)


_WIDEST = 90
"""Letters after which a text is broken rather than its column widened."""
