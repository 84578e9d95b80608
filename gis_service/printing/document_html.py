"""A document as one page that holds all it needs."""

from __future__ import annotations

import base64
from functools import cache

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from gis_service.model.locales import long_date
from gis_service.printing.document import Document, on_pages, shown
from gis_service.printing.signs import sign_svg
from gis_service.printing.typesetting import TEMPLATES
from gis_service.printing.wording import phrase, printed


def document_html(document: Document) -> bytes:
    """
    The page, UTF-8.

    It loads nothing and has no script; its policy stands in it. What it is
    given is text, never markup.
    """
    template = environment().get_template("report.html")
    language = document.language
    return template.render(
        document=document,
        date=long_date(document.as_of, language),
        contents=phrase("contents", language),
        shown=lambda cell, column: shown(cell, column, language),
        tables=lambda section: on_pages(section, language),
        image=_address,
        sign=lambda sign: _address(sign_svg(sign)),
    ).encode()


def _address(svg: bytes) -> str:
    return f"data:image/svg+xml;base64,{base64.b64encode(svg).decode()}"


@cache
def environment() -> Environment:
    """Templates of pages; whatever is put into them is text."""
    return Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=lambda value: printed(value) if isinstance(value, str) else value,
        trim_blocks=True,
        lstrip_blocks=True,
    )
