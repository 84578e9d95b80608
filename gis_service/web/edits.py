"""Creating, replacing, updating and deleting items (OGC API - Features, Part 4), one or many."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from gis_service.errors import InvalidInput, InvalidParameter, NotFound, UnknownKey
from gis_service.model.edits import Answer, Condition, Edit, Edited, Repeatable
from gis_service.model.fields import Collection
from gis_service.model.queries import CRS84, ServedCrs
from gis_service.model.rights import Operation, possible, rights
from gis_service.ogc.etags import if_match, item_etag, last_modified
from gis_service.ogc.features import feature
from gis_service.ogc.links import Link, representations
from gis_service.ogc.media import GEOJSON, HTML, JSON
from gis_service.ogc.parameters import parse_crs, parse_id
from gis_service.services.editing import allow
from gis_service.web.asked import Asked, read
from gis_service.web.bodies import MethodNotPossible, PreconditionMissing, read_json
from gis_service.web.security import PREFLIGHT

FEATURES = ("application/geo+json", "application/json")
PATCHES = ("application/merge-patch+json", *FEATURES)
BATCHES = ("application/json",)

ON_ITEMS = {"POST": Operation.CREATE}
ON_ITEM = {
    "PUT": Operation.REPLACE, "PATCH": Operation.UPDATE, "DELETE": Operation.DELETE,
}
METHODS = {operation.value: method for method, operation in (ON_ITEMS | ON_ITEM).items()}
_READING = ("GET", "HEAD", "OPTIONS")
_OPERATION_MEMBERS = {"method", "collection", "id", "body", "ifMatch"}
_KEY = re.compile(r"[\x21-\x7e]{1,255}")


async def items(request: Request) -> Response:
    """POST: create an item; OPTIONS: what this caller may do with them."""
    return await _answered(request, ON_ITEMS)


async def item(request: Request) -> Response:
    """PUT, PATCH, DELETE: change or delete an item; OPTIONS: what this caller may do with it."""
    return await _answered(request, ON_ITEM)


async def batch(request: Request) -> Response:
    """POST: many edits in one transaction, all or none."""
    asked = read(request, JSON, negotiate=False)
    if not asked.principal.audience.is_staff:
        raise UnknownKey
    settings = asked.settings
    content, raw = await read_json(
        request, BATCHES, most_mb=settings.max_edit_mb, header="accept-post"
    )
    if not isinstance(content, list) or not content:
        raise InvalidInput("A batch is a JSON array of operations, one at least.")
    if len(content) > settings.max_batch:
        raise InvalidInput(f"A batch holds at most {settings.max_batch} operations.")
    edits = [_operation(asked, position, each) for position, each in enumerate(content)]

    def answering(edited: Sequence[Edited]) -> Answer:
        results = [_result(asked, each) for each in edited]
        return Answer(200, (), orjson.dumps({"results": results}))

    return await _run(asked, edits, answering, raw, media_type=JSON.media_type)


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

    return await _run(asked, [edit], answering, raw, media_type=GEOJSON.media_type)


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
            crs=_content_crs(asked),
            condition=_condition(asked, operation),
        ),
        raw,
    )


def _condition(asked: Asked, operation: Operation) -> Condition:
    if operation is Operation.CREATE:
        return Condition()
    headers = asked.request.headers
    if match := headers.getlist("if-match"):
        return if_match(",".join(match))
    since = headers.get("if-unmodified-since")
    if since is not None:
        return Condition(unmodified_since=_http_date(since))
    return _unconditional(asked)


def _unconditional(asked: Asked) -> Condition:
    if asked.settings.require_if_match:
        raise PreconditionMissing
    return Condition()


def _http_date(text: str) -> datetime:
    try:
        at = parsedate_to_datetime(text)
        return (at if at.tzinfo else at.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, TypeError, OverflowError, IndexError):
        raise InvalidParameter(
            "If-Unmodified-Since", text, "it is no HTTP date; take it from Last-Modified"
        ) from None


def _content_crs(asked: Asked) -> ServedCrs:
    """The CRS of a body's coordinates."""
    header = asked.request.headers.get("content-crs")
    if header is None:
        return CRS84
    uri = header.strip()
    uri = uri[1:-1] if uri.startswith("<") and uri.endswith(">") else uri
    return parse_crs("Content-Crs", uri, asked.services.crs)


def _operation(asked: Asked, position: int, content: Any) -> Edit:
    """One operation of a batch."""
    where = f"Operation {position}"
    if not isinstance(content, dict):
        raise InvalidInput(f"{where} is no JSON object.")
    unknown = sorted(set(content) - _OPERATION_MEMBERS)
    if unknown:
        raise InvalidInput(
            f"{where} has no member {unknown[0][:60]!r}. Known: "
            f"{', '.join(sorted(_OPERATION_MEMBERS))}."
        )
    method, name, match = (content.get(n) for n in ("method", "collection", "ifMatch"))
    operation = (ON_ITEMS | ON_ITEM).get(method) if isinstance(method, str) else None
    if operation is None:
        raise InvalidInput(f"{where}: method is one of {', '.join(ON_ITEMS | ON_ITEM)}.")
    if not isinstance(name, str):
        raise InvalidInput(f"{where}: collection is the id of a collection.")
    collection = asked.services.features.known(name, asked.principal)
    if operation not in possible(collection):
        raise MethodNotPossible(str(method), "POST")
    given = content.get("id")
    item_id = parse_id(given) if isinstance(given, str) else None
    if item_id is None and (given is not None or operation is not Operation.CREATE):
        raise InvalidInput(f"{where}: id is the id of an item (a UUID).")
    if match is not None and not isinstance(match, str):
        raise InvalidInput(f"{where}: ifMatch is an ETag.")
    condition = Condition()
    if operation is not Operation.CREATE:
        condition = _unconditional(asked) if match is None else if_match(match)
    if operation is not Operation.DELETE and not isinstance(content.get("body"), dict):
        raise InvalidInput(f"{where}: body is a GeoJSON Feature.")
    return Edit(
        operation,
        collection,
        item_id,
        content.get("body"),
        crs=_content_crs(asked),
        condition=condition,
    )


async def _run(
    asked: Asked, edits: Sequence[Edit], answering: Any, raw: bytes, *, media_type: str
) -> Response:
    answer = await asked.services.editing.run(
        edits,
        asked.principal,
        answering,
        request_id=asked.request.state.request_id,
        repeatable=_repeatable(asked, raw),
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


def _repeatable(asked: Asked, raw: bytes) -> Repeatable | None:
    """The request by its Idempotency-Key; what decides on its effect makes its fingerprint."""
    headers = asked.request.headers
    key = headers.get("idempotency-key")
    if key is None:
        return None
    if not _KEY.fullmatch(key):
        raise InvalidParameter("Idempotency-Key", key, "write 1 to 255 visible ASCII characters")
    parts = [asked.request.method, asked.path, str(asked.request.url.query)]
    parts += [
        headers.get(name, "")
        for name in ("if-match", "if-unmodified-since", "content-crs", "content-type")
    ]
    digest = hashlib.sha256("\0".join(parts).encode("utf-8", "surrogateescape"))
    digest.update(b"\0" + raw)
    owner = asked.principal.key_id or asked.principal.person_id or ""
    return Repeatable(key, owner, digest.digest())


def _answer(asked: Asked, edited: Edited) -> Answer:
    """The answer to one edit; a representation is sent to who prefers one."""
    if edited.feature is None:
        return Answer(204, (), b"")
    created = edited.edit.operation is Operation.CREATE
    body = _representation(asked, edited)
    headers = [("etag", item_etag(edited.version, body))]
    if edited.updated_at is not None:
        headers.append(("last-modified", last_modified(edited.updated_at)))
    if created:
        headers.append(("location", asked.at.item(edited.edit.collection.id, edited.id)))
    wish = _preference(asked.request)
    if wish is not None:
        headers.append(("preference-applied", f"return={wish}"))
    if wish == "representation":
        headers.append(("content-crs", f"<{CRS84.uri}>"))
        return Answer(201 if created else 200, tuple(headers), body)
    return Answer(201 if created else 204, tuple(headers), b"")


def _result(asked: Asked, edited: Edited) -> dict[str, Any]:
    """What a batch tells of one of its operations."""
    result: dict[str, Any] = {
        "method": METHODS[edited.edit.operation.value],
        "collection": edited.edit.collection.id,
        "id": str(edited.id),
    }
    if edited.feature is None:
        return {**result, "status": 204}
    created = edited.edit.operation is Operation.CREATE
    body = _representation(asked, edited)
    result["etag"] = item_etag(edited.version, body)
    if created:
        result["location"] = asked.at.item(edited.edit.collection.id, edited.id)
    if _preference(asked.request) == "representation":
        result["feature"] = orjson.loads(edited.feature)
        return {**result, "status": 201 if created else 200}
    return {**result, "status": 201 if created else 204}


def _representation(asked: Asked, edited: Edited) -> bytes:
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


def _preference(request: Request) -> str | None:
    """What the Prefer header asks to be returned (RFC 7240); None when it asks for nothing."""
    for header in request.headers.getlist("prefer"):
        for piece in header.split(","):
            name, _, value = piece.partition(";")[0].partition("=")
            wish = value.strip().strip('"').lower()
            if name.strip().lower() == "return" and wish in ("representation", "minimal"):
                return wish
    return None


_CHANGING = ["POST", "PUT", "PATCH", "DELETE", "OPTIONS"]
ROUTES = (
    Route("/collections/{collection_id}/items", items, methods=_CHANGING),
    Route("/collections/{collection_id}/items/{item_id}", item, methods=_CHANGING),
    Route("/batch", batch, methods=["POST"]),
)
