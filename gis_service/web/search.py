"""Searching by name."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from gis_service.errors import InvalidParameter
from gis_service.model.hits import Hit
from gis_service.ogc import search as documents
from gis_service.ogc.media import GEOJSON, HTML
from gis_service.ogc.openapi_asking import SEARCH_DEFAULT, SEARCH_MOST
from gis_service.ogc.parameters import parse_limit
from gis_service.web.asked import COMMON_PARAMETERS, Asked, read
from gis_service.web.tables import named

PARAMETERS = (*COMMON_PARAMETERS, "q", "limit", "collections")


async def search(request: Request) -> Response:
    """What is called so, or nearly so, in all collections that the reader may see."""
    asked = read(request, GEOJSON, HTML, known=PARAMETERS)
    text = (asked.parameters.get("q") or "").strip()
    if asked.is_html:
        return await _page(asked, text)
    found = await _found(asked, text)
    return asked.document(
        documents.hits(found, asked.language, asked.at, links=asked.links())
    )


async def _found(asked: Asked, text: str) -> tuple[Hit, ...]:
    limit, collections = map(asked.parameters.get, ("limit", "collections"))
    return await asked.services.search.hits(
        text,
        asked.principal,
        limit=SEARCH_DEFAULT if limit is None else parse_limit(limit, maximum=SEARCH_MOST),
        collections=None if collections is None else collections.split(","),
    )


async def _page(asked: Asked, text: str) -> Response:
    """A text that cannot be searched is told beside the box in which it stands."""
    found, fault = None, False
    if text:
        try:
            found = await _found(asked, text)
        except InvalidParameter as error:
            if error.name != "q":
                raise
            fault = True
    return asked.page(
        "ogc_search.html", text=text, found=found, fault=fault, address=documents.address,
        named=named,
    )


ROUTES = (Route("/search", search, methods=["GET"]),)
