"""Collections as JSON Schema, and the functions of filters."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from gis_service.model.audience import visible_fields, visible_geometry
from gis_service.model.fields import Collection
from gis_service.model.queryables import queryables_of
from gis_service.ogc import functions as function_documents
from gis_service.ogc import json_schemas
from gis_service.ogc.media import JSON, SCHEMA
from gis_service.ogc.sorting import is_sortable
from gis_service.web.asked import Asked, read


async def queryables(request: Request) -> Response:
    """What a collection can be asked by."""
    asked, collection = _read(request)
    return asked.document(
        json_schemas.queryables(
            queryables_of(collection, asked.principal.audience),
            asked.language,
            address=asked.at.queryables(collection.id),
        )
    )


async def sortables(request: Request) -> Response:
    """What a collection's items can be sorted by."""
    asked, collection = _read(request)
    fields = filter(is_sortable, visible_fields(collection, asked.principal.audience))
    return asked.document(
        json_schemas.sortables(
            collection, fields, asked.language, address=asked.at.sortables(collection.id)
        )
    )


async def schema(request: Request) -> Response:
    """What a collection's items hold."""
    asked, collection = _read(request)
    audience = asked.principal.audience
    return asked.document(
        json_schemas.returnables(
            collection,
            visible_fields(collection, audience),
            visible_geometry(collection, audience),
            asked.language,
            address=asked.at.schema(collection.id),
            writable=frozenset(),
        )
    )


async def functions(request: Request) -> Response:
    """The functions that a filter may call."""
    asked = read(request, JSON)
    return asked.document(function_documents.functions(asked.language, links=asked.links()))


def _read(request: Request) -> tuple[Asked, Collection]:
    asked = read(request, SCHEMA)
    features = asked.services.features
    return asked, features.known(request.path_params["collection_id"], asked.principal)


ROUTES = (
    Route("/functions", functions, methods=["GET"]),
    Route("/collections/{collection_id}/queryables", queryables, methods=["GET"]),
    Route("/collections/{collection_id}/sortables", sortables, methods=["GET"]),
    Route("/collections/{collection_id}/schema", schema, methods=["GET"]),
)
