"""Creating, replacing, updating and deleting items (OGC API - Features, Part 4)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from gis_service.errors import NotFound
from gis_service.model.edits import Answer, Edit, Edited
from gis_service.model.fields import Collection
from gis_service.model.queries import CRS84
from gis_service.model.rights import Operation, possible, rights
from gis_service.ogc.etags import item_etag, last_modified
from gis_service.ogc.features import feature
from gis_service.ogc.links import Link, representations
from gis_service.ogc.media import GEOJSON, HTML, JSON
from gis_service.ogc.parameters import parse_id
from gis_service.services.editing import allow
from gis_service.web.asked import Asked, read
from gis_service.web.bodies import MethodNotPossible, read_json
from gis_service.web.edit_headers import condition, content_crs, preference, repeatable
from gis_service.web.security import PREFLIGHT

FEATURES = ("application/geo+json", "application/json")
PATCHES = ("application/merge-patch+json", *FEATURES)

ON_ITEMS = {"POST": Operation.CREATE}
ON_ITEM = {
    "PUT": Operation.REPLACE, "PATCH": Operation.UPDATE, "DELETE": Operation.DELETE,
}
METHODS = {operation.value: method for method, operation in (ON_ITEMS | ON_ITEM).items()}
_READING = ("GET", "HEAD", "OPTIONS")


async def items(request: Request) -> Response:
    """POST: create an item; OPTIONS: what this caller may do with them."""
    return await _answered(request, ON_ITEMS)


async def item(request: Request) -> Response:
    """PUT, PATCH, DELETE: change or delete an item; OPTIONS: what this caller may do with it."""
    return await _answered(request, ON_ITEM)


async def _answered(request: Request, methods: Mapping[str, Operation]) -> Response:
    asked = read(request, GEOJSON, negotiate=False)
    principal = asked.principal
    collection = asked.services.features.known(request.path_params["collection_id"], principal)
    if request.method == "OPTIONS":
        allowed = allowed_methods(collection, rights(collection, principal.audience), methods)
        told = {"allow": allowed, "access-control-allow-methods": allowed, **PREFLIGHT}
        for method, types in (("POST", FEATURES), ("PATCH", PATCHES)):
            if method in allowed:
                told[f"accept-{method.lower()}"] = ", ".join(types)
        return Response(status_code=200, headers=told)
    operation = methods.get(request.method)
    if operation is None or operation not in possible(collection):
        allowed = allowed_methods(collection, rights(collection, principal.audience), methods)
        raise MethodNotPossible(request.method, allowed)
    allow(operation, collection, principal)
    edit, raw = await _edit(asked, collection, operation)

    def answering(edited: Sequence[Edited]) -> Answer:
        return _answer(asked, edited[0])

    return await run(asked, [edit], answering, raw, media_type=GEOJSON.media_type)


def allowed_methods(
    collection: Collection, may: frozenset[Operation], methods: Mapping[str, Operation]
) -> str:
    """The Allow header of a resource for whoever may do this to the collection."""
    writing = (name for name, operation in methods.items() if operation in may)
    return ", ".join((*_READING, *writing))


async def _edit(
    asked: Asked, collection: Collection, operation: Operation
) -> tuple[Edit, bytes]:
    request = asked.request
    item_id = None
    if operation is not Operation.CREATE:
        text = request.path_params["item_id"]
        item_id = parse_id(text)
        if item_id is None:
            raise NotFound(f"{collection.id} has no item {text[:60]}.")
    content, raw = None, b""
    if operation is not Operation.DELETE:
        patches = operation is Operation.UPDATE
        content, raw = await read_json(
            request,
            PATCHES if patches else FEATURES,
            most_mb=asked.settings.max_edit_mb,
            header="accept-patch" if patches else "accept-post",
        )
    return (
        Edit(
            operation,
            collection,
            item_id,
            content,
            crs=content_crs(asked),
            condition=condition(asked, operation),
        ),
        raw,
    )


async def run(
    asked: Asked, edits: Sequence[Edit], answering: Any, raw: bytes, *, media_type: str
) -> Response:
    """
    Make edits, and send the answer that `answering` makes of what became of them.

    Parameters
    ----------
    raw
        The request's body, by which it is known when it is sent again.
    """
    answer = await asked.services.editing.run(
        edits,
        asked.principal,
        answering,
        request_id=asked.request.state.request_id,
        repeatable=repeatable(asked, raw),
    )
    response = Response(
        answer.body or None,
        answer.status,
        headers={**dict(answer.headers), "cache-control": "private, no-store"},
        media_type=media_type if answer.body else None,
    )
    if answer.replayed:
        response.headers["idempotency-replayed"] = "true"
    return response


def _answer(asked: Asked, edited: Edited) -> Answer:
    """The answer to one edit; a representation is sent to who prefers one."""
    if edited.feature is None:
        return Answer(204, (), b"")
    created = edited.edit.operation is Operation.CREATE
    body = representation(asked, edited)
    headers = [("etag", item_etag(edited.version, body))]
    if edited.updated_at is not None:
        headers.append(("last-modified", last_modified(edited.updated_at)))
    if created:
        headers.append(("location", asked.at.item(edited.edit.collection.id, edited.id)))
    wish = preference(asked.request)
    if wish is not None:
        headers.append(("preference-applied", f"return={wish}"))
    if wish == "representation":
        headers.append(("content-crs", f"<{CRS84.uri}>"))
        return Answer(201 if created else 200, tuple(headers), body)
    return Answer(201 if created else 204, tuple(headers), b"")


def representation(asked: Asked, edited: Edited) -> bytes:
    """The bytes by which GET answers at the item's address."""
    collection = edited.edit.collection
    links = representations(
        asked.at.item(collection.id, edited.id), (GEOJSON, HTML), GEOJSON
    )
    links.append(
        Link(
            asked.at.collection(collection.id),
            "collection",
            JSON.media_type,
            collection.title[asked.language],
        )
    )
    return feature(edited.feature or b"{}", links)


_CHANGING = ["POST", "PUT", "PATCH", "DELETE", "OPTIONS"]
ROUTES = (
    Route("/collections/{collection_id}/items", items, methods=_CHANGING),
    Route("/collections/{collection_id}/items/{item_id}", item, methods=_CHANGING),
)
