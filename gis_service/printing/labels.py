"""Labels with a code that any camera reads, on sheets of common sizes."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

import segno

from gis_service.model.fields import Language
from gis_service.printing.typesetting import Pages
from gis_service.printing.wording import printed

_LONGEST = 60


class LabelSize(StrEnum):
    """Width and height of a label in millimetres, as labels are sold."""

    SMALL = "63.5x38.1"
    FULL = "70x37"
    WIDE = "99.1x38.1"


@dataclass(frozen=True, slots=True)
class _Sheet:
    """How labels lie on A4: their number, the margins and the gap, in millimetres."""

    columns: int
    rows: int
    left_mm: float
    top_mm: float
    gap_mm: float


_SHEETS = {
    LabelSize.SMALL: _Sheet(3, 7, 7.25, 15.15, 2.5),
    LabelSize.FULL: _Sheet(3, 8, 0.0, 0.5, 0.0),
    LabelSize.WIDE: _Sheet(2, 7, 4.65, 15.15, 2.5),
}
"""Of Avery L7160, 3474 and L7163, and of what is sold as fitting them."""


@dataclass(frozen=True, slots=True)
class Label:
    """What one label says; `address` is what its code opens."""

    tag: str
    name: str
    kind: str
    address: str


def label_pages(
    labels: Sequence[Label],
    size: LabelSize,
    language: Language,
    *,
    municipality: str,
    as_of: date,
) -> Pages:
    """Sheets of labels, to be printed at their true size."""
    width, height = (float(each) for each in size.value.split("x"))
    sheet = _SHEETS[size]
    drawings = {f"{n}.svg": _code(label.address) for n, label in enumerate(labels)}
    data = {
        "language": language,
        "municipality": printed(municipality)[:_LONGEST],
        "columns": sheet.columns,
        "rows": sheet.rows,
        "left": sheet.left_mm,
        "top": sheet.top_mm,
        "gap": sheet.gap_mm,
        "width": width,
        "height": height,
        "labels": [
            [f"{n}.svg", *(printed(text)[:_LONGEST] for text in (each.tag, each.name, each.kind))]
            for n, each in enumerate(labels)
        ],
    }
    return Pages.of("labels", data, drawings, as_of)


def _code(address: str) -> bytes:
    drawn = io.BytesIO()
    segno.make(address, error="m", micro=False).save(drawn, kind="svg", border=4, xmldecl=False)
    return drawn.getvalue()
