"""What staff take along on paper: ward sheets, and sheets of labels."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from gis_service.errors import InvalidParameter
from gis_service.model.audience import Audience
from gis_service.model.collections import LABELLED, REGISTRY
from gis_service.model.fields import Collection
from gis_service.ogc.links import with_query
from gis_service.ogc.media import HTML, PDF
from gis_service.printing.labels import LabelSize
from gis_service.web.asked import COMMON_PARAMETERS, Asked, read
from gis_service.web.principal import require

PAPER, LABELS = "/paper", "/labels"
FIRST = LABELLED[0]
_BY = " \N{MULTIPLICATION SIGN} "


async def paper(request: Request) -> Response:
    """What can be printed, ward by ward."""
    asked = read(request, HTML, known=(*COMMON_PARAMETERS, "collection", "ward"))
    require(asked.principal, Audience.TECHNICIAN)
    wards = await asked.services.ward_packages.wards(asked.principal)
    return asked.page(
        "paper.html",
        wards=wards,
        sheet=lambda code: _sheet(asked, code),
        labels=asked.at.base + LABELS,
        kinds={id_: REGISTRY[id_].title[asked.language] for id_ in LABELLED},
        sizes={each.value: each.value.replace("x", _BY) for each in LabelSize},
        collection=asked.parameters.get("collection") or FIRST,
        ward=asked.parameters.get("ward"),
    )


async def ward_sheet(request: Request) -> Response:
    """A ward with its map and its lists."""
    asked = read(request, PDF, negotiate=False)
    require(asked.principal, Audience.TECHNICIAN)
    code = request.path_params["code"]
    content = await asked.services.ward_sheets.sheet(asked.principal, asked.language, ward=code)
    return _pdf(asked, content, f"ward-{code}")


async def labels(request: Request) -> Response:
    """The labels of a ward's things of one collection."""
    asked = read(
        request, PDF, known=(*COMMON_PARAMETERS, "ward", "collection", "size"), negotiate=False
    )
    require(asked.principal, Audience.TECHNICIAN)
    ward = asked.parameters.get("ward")
    if not ward:
        raise InvalidParameter("ward", "", "name the ward by its code")
    given = asked.parameters.get("size") or LabelSize.SMALL.value
    try:
        size = LabelSize(given)
    except ValueError:
        raise InvalidParameter("size", given, f"one of {', '.join(LabelSize)}") from None
    content = await asked.services.labels.sheets(
        asked.principal, asked.language, ward=ward,
        collection=asked.parameters.get("collection") or FIRST, size=size,
    )
    return _pdf(asked, content, "labels")


def link_to_labels(asked: Asked, collection: Collection) -> str | None:
    """Where labels of a collection's items are made; None for readers who make none."""
    if collection.id not in LABELLED or not asked.principal.audience.is_staff:
        return None
    return with_query(
        asked.at.base + PAPER, [("collection", collection.id), *asked.at.language]
    )


def link_to_sheet(
    asked: Asked, collection: Collection, properties: Mapping[str, Any]
) -> str | None:
    """Where the sheet of a ward is; None of anything else, and for readers who get none."""
    code = properties.get(collection.key)
    if collection.id != "wards" or not asked.principal.audience.is_staff or code is None:
        return None
    return _sheet(asked, str(code))


def _sheet(asked: Asked, code: str) -> str:
    return asked.at.to(f"/wards/{quote(code, safe='')}/sheet.pdf")


def _pdf(asked: Asked, content: bytes, name: str) -> Response:
    plain = "".join(c for c in name if c.isascii() and (c.isalnum() or c in "-_"))
    return asked.answer(content, headers={
        "cache-control": "private, no-store",
        "content-disposition": f'inline; filename="{plain}.pdf"',
    })


ROUTES = (
    Route(PAPER, paper, methods=["GET"]),
    Route(LABELS, labels, methods=["GET"]),
    Route("/wards/{code}/sheet.pdf", ward_sheet, methods=["GET"]),
)
