"""The collections."""

from __future__ import annotations

from collections.abc import Sequence

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from gis_service.model.audience import visible_fields, visible_geometry
from gis_service.ogc import documents
from gis_service.ogc.links import Link
from gis_service.ogc.media import HTML, JSON
from gis_service.services.features import CollectionSummary
from gis_service.web.asked import Asked, read


async def collections(request: Request) -> Response:
    """Every collection that the reader may know of."""
    asked = read(request, JSON, HTML)
    summaries = await asked.services.features.collections(asked.principal)
    if asked.is_html:
        return asked.page("ogc_collections.html", summaries=summaries)
    listed = [_document(asked, summary) for summary in summaries]
    return asked.document(documents.collections(listed, asked.services.crs, links=asked.links()))


async def collection(request: Request) -> Response:
    """One collection."""
    asked = read(request, JSON, HTML)
    summary = await asked.services.features.collection(
        request.path_params["collection_id"], asked.principal
    )
    if not asked.is_html:
        return asked.document(_document(asked, summary, links=asked.links()))
    audience = asked.principal.audience
    return asked.page(
        "ogc_collection.html",
        summary=summary,
        geometry=visible_geometry(summary.collection, audience),
        fields=visible_fields(summary.collection, audience),
        served_crs=asked.services.crs,
    )


def _document(
    asked: Asked, summary: CollectionSummary, *, links: Sequence[Link] = ()
) -> documents.Document:
    geometry = visible_geometry(summary.collection, asked.principal.audience)
    return documents.collection(
        summary.collection,
        summary.extent,
        geometry,
        asked.language,
        asked.at,
        crs=asked.services.crs,
        links=links,
    )


ROUTES = (
    Route("/collections", collections, methods=["GET"]),
    Route("/collections/{collection_id}", collection, methods=["GET"]),
)
