"""Collections as JSON Schema, and the functions of filters."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from gis_service.errors import InvalidParameter
from gis_service.model.audience import visible_fields, visible_geometry
from gis_service.model.fields import Collection
from gis_service.model.queryables import queryables_of
from gis_service.model.rights import Operation, receivable_fields, rights
from gis_service.ogc import functions as function_documents
from gis_service.ogc import json_schemas
from gis_service.ogc.links import with_query
from gis_service.ogc.media import JSON, SCHEMA
from gis_service.ogc.schemas import Schema
from gis_service.ogc.sorting import is_sortable
from gis_service.web.asked import COMMON_PARAMETERS, Asked, read


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
    """What a collection's items hold or, with `type`, what the body of an edit may hold."""
    asked, collection = _read(request, known=None)
    audience = asked.principal.audience
    allowed = rights(collection, audience)
    asked.parameters.only((*COMMON_PARAMETERS, "type") if allowed else COMMON_PARAMETERS)
    wanted = asked.parameters.get("type")
    if wanted is not None:
        return asked.document(_receivables(asked, collection, _operation(wanted, allowed)))
    return asked.document(
        json_schemas.returnables(
            collection,
            visible_fields(collection, audience),
            visible_geometry(collection, audience),
            asked.language,
            address=asked.at.schema(collection.id),
            writable=frozenset(receivable_fields(collection, audience)),
        )
    )


def _receivables(asked: Asked, collection: Collection, operation: Operation) -> Schema:
    return json_schemas.receivables(
        collection,
        receivable_fields(collection, asked.principal.audience),
        asked.language,
        address=with_query(asked.at.schema(collection.id), [("type", operation)]),
        whole=operation is not Operation.UPDATE,
    )


def _operation(text: str, allowed: frozenset[Operation]) -> Operation:
    possible = sorted(allowed - {Operation.DELETE})
    if text not in possible:
        raise InvalidParameter("type", text, f"it must be one of {', '.join(possible)}")
    return Operation(text)


async def functions(request: Request) -> Response:
    """The functions that a filter may call."""
    asked = read(request, JSON)
    return asked.document(function_documents.functions(asked.language, links=asked.links()))


def _read(
    request: Request, *, known: tuple[str, ...] | None = COMMON_PARAMETERS
) -> tuple[Asked, Collection]:
    asked = read(request, SCHEMA, known=known)
    features = asked.services.features
    return asked, features.known(request.path_params["collection_id"], asked.principal)


ROUTES = (
    Route("/functions", functions, methods=["GET"]),
    Route("/collections/{collection_id}/queryables", queryables, methods=["GET"]),
    Route("/collections/{collection_id}/sortables", sortables, methods=["GET"]),
    Route("/collections/{collection_id}/schema", schema, methods=["GET"]),
)
