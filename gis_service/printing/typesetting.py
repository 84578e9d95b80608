"""
Setting pages: a template of ours, and data that never becomes markup.

Typst compiles a template from `templates/`; everything that comes from outside
is in `data.json` and in drawings beside it, which the template reads as values.
Fonts are those within the library, so that pages are the same everywhere.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import Any

import typst

from gis_service.errors import PrintFailed

TEMPLATES = Path(__file__).parent / "templates"


class PageFormat(StrEnum):
    """What pages can be made as."""

    PDF = "pdf"
    PNG = "png"


@dataclass(frozen=True)
class Pages:
    """
    Pages before they are set.

    Parameters
    ----------
    template
        Name of a file in `templates/`, without its ending.
    data
        What the template reads, as JSON.
    drawings
        SVG by file name, as `data` names them.
    as_of
        The day that a PDF is dated.
    """

    template: str
    data: bytes
    drawings: Mapping[str, bytes]
    as_of: date

    @classmethod
    def of(
        cls, template: str, data: Mapping[str, Any], drawings: Mapping[str, bytes], as_of: date
    ) -> Pages:
        text = json.dumps(data, ensure_ascii=False, allow_nan=False)
        return cls(template, text.encode(), drawings, as_of)

    def digest(self) -> bytes:
        """What is the same for pages that look the same."""
        told = hashlib.sha256(f"{self.template}\0{self.as_of}\0".encode())
        for name, content in (("data.json", self.data), *sorted(self.drawings.items())):
            told.update(f"{name}\0{len(content)}\0".encode())
            told.update(content)
        return told.digest()


def set_pages(
    pages: Pages, *, format: PageFormat = PageFormat.PDF, ppi: float = 150  # noqa: A002
) -> bytes:
    """
    Set pages.

    Parameters
    ----------
    ppi
        Points of a PNG per inch of paper.

    Returns
    -------
    bytes
        A PDF of all pages, or a PNG of the first. Same arguments, same bytes.

    Raises
    ------
    PrintFailed
        The pages cannot be set.
    """
    files = {
        "main.typ": _template(pages.template),
        "shared.typ": _template("shared"),
        "data.json": pages.data,
        **pages.drawings,
    }
    seconds = (pages.as_of - date(1970, 1, 1)).days * 86_400
    try:
        made: bytes | list[bytes] = typst.compile(
            files,  # type: ignore[call-overload]
            format=format.value,
            ppi=ppi,
            timestamp=seconds,
            ignore_system_fonts=True,
        )
    except RuntimeError as error:
        raise PrintFailed(f"Pages could not be set: {error}") from error
    return made if isinstance(made, bytes) else made[0]


@cache
def _template(name: str) -> bytes:
    return (TEMPLATES / f"{name}.typ").read_bytes()
