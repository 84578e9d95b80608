"""Many edits in one transaction."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from gis_service.errors import InvalidInput, UnknownKey
from gis_service.model.edits import Answer, Condition, Edit, Edited
from gis_service.model.rights import Operation, possible
from gis_service.ogc.etags import if_match, item_etag
from gis_service.ogc.media import JSON
from gis_service.ogc.parameters import parse_id
from gis_service.web.asked import Asked, read
from gis_service.web.bodies import MethodNotPossible, read_json
from gis_service.web.edit_headers import content_crs, preference, unconditional
from gis_service.web.edits import METHODS, ON_ITEM, ON_ITEMS, representation, run

BATCHES = ("application/json",)
_OPERATION_MEMBERS = {"method", "collection", "id", "body", "ifMatch"}


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

    return await run(asked, edits, answering, raw, media_type=JSON.media_type)


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
        condition = unconditional(asked) if match is None else if_match(match)
    if operation is not Operation.DELETE and not isinstance(content.get("body"), dict):
        raise InvalidInput(f"{where}: body is a GeoJSON Feature.")
    return Edit(
        operation,
        collection,
        item_id,
        content.get("body"),
        crs=content_crs(asked),
        condition=condition,
    )


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
    body = representation(asked, edited)
    result["etag"] = item_etag(edited.version, body)
    if created:
        result["location"] = asked.at.item(edited.edit.collection.id, edited.id)
    if preference(asked.request) == "representation":
        result["feature"] = orjson.loads(edited.feature)
        return {**result, "status": 201 if created else 200}
    return {**result, "status": 201 if created else 204}


ROUTES = (Route("/batch", batch, methods=["POST"]),)
