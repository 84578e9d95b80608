"""Maps on paper: PDF and PNG."""

from __future__ import annotations

import hashlib

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from gis_service.errors import InvalidParameter
from gis_service.ogc.media import PDF, PNG, Format
from gis_service.printing.map_sheet import Orientation
from gis_service.printing.typesetting import PageFormat
from gis_service.services.views import NAMES
from gis_service.web.asked import caching, read


async def map_pdf(request: Request) -> Response:
    """A map on A4, with its tables after it."""
    return await _map(request, PDF, PageFormat.PDF)


async def map_png(request: Request) -> Response:
    """A map on A4, as a picture."""
    return await _map(request, PNG, PageFormat.PNG)


async def _map(request: Request, format_: Format, pages: PageFormat) -> Response:
    asked = read(request, format_, known=None, negotiate=False)
    # For the public the choices of staff are not there: the two look alike.
    choices = NAMES if asked.principal.audience.is_staff else ()
    asked.parameters.only(("lang", "orientation", *choices))
    name = request.path_params["name"]
    content = await asked.services.printing.map(
        name, asked.principal, asked.language,
        format=pages, orientation=_orientation(asked.parameters.get("orientation")),
        chosen={each: asked.parameters.get(each) for each in choices},
    )
    headers = {
        "etag": f'"{hashlib.sha256(content).hexdigest()[:32]}"',
        "vary": "Accept-Language",
        "cache-control": caching(asked.principal),
        "content-disposition": f'inline; filename="{name}.{format_.suffix}"',
    }
    return asked.answer(content, headers=headers)


def _orientation(given: str | None) -> Orientation:
    if given is None:
        return Orientation.LANDSCAPE
    try:
        return Orientation(given)
    except ValueError:
        rule = f"it is one of {', '.join(Orientation)}"
        raise InvalidParameter("orientation", given, rule) from None


ROUTES = (
    Route("/maps/{name}/print.pdf", map_pdf, methods=["GET"]),
    Route("/maps/{name}/print.png", map_png, methods=["GET"]),
)
