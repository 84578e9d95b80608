"""Sheets of labels, for staff."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from gis_service.errors import InvalidParameter
from gis_service.model.audience import Audience
from gis_service.ogc.media import PDF
from gis_service.printing.labels import LabelSize
from gis_service.web.asked import COMMON_PARAMETERS, read
from gis_service.web.principal import require


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
        collection=asked.parameters.get("collection") or "equipment", size=size,
    )
    return asked.answer(content, headers={
        "cache-control": "private, no-store",
        "content-disposition": 'inline; filename="labels.pdf"',
    })


ROUTES = (Route("/labels", labels, methods=["GET"]),)
