"""Photos of items, as phones send them and staff see them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import orjson
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from gis_service.errors import InvalidParameter, NotFound
from gis_service.formats.pictures import MOST_BYTES, TYPES
from gis_service.model.audience import Audience
from gis_service.model.field_operations import time_of, uuid_of
from gis_service.ogc.media import JSON
from gis_service.web.asked import COMMON_PARAMETERS, Asked, read
from gis_service.web.bodies import BodyTooLarge, UnsupportedMediaType
from gis_service.web.principal import require

TAKEN: Sequence[str] = tuple(TYPES.values())
_LASTING = "private, max-age=31536000, immutable"


class PhotoTooLarge(BodyTooLarge):
    """A photo is longer than is taken."""

    def __init__(self) -> None:
        super(BodyTooLarge, self).__init__(
            f"The photo is longer than {MOST_BYTES // 1000} kilobytes. Make it smaller and send "
            "it again."
        )


async def put(request: Request) -> Response:
    """Keep a photo; the same again is answered alike."""
    asked = read(
        request, JSON, negotiate=False,
        known=(*COMMON_PARAMETERS, "collection", "item", "taken_at", "operation"),
    )
    require(asked.principal, Audience.TECHNICIAN)
    id_ = uuid_of(request.path_params["id"])
    if id_ is None:
        raise InvalidParameter("id", request.path_params["id"], "a photo's id is a UUID")
    item = _id(asked, "item")
    if item is None:
        raise InvalidParameter("item", "", "name the item that the photo shows, by its id")
    type_ = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if type_ not in TAKEN or "content-encoding" in request.headers:
        raise UnsupportedMediaType(TAKEN, header="accept")
    kept = await asked.services.photos.keep(
        asked.principal,
        id_,
        await _content(request),
        collection=asked.parameters.get("collection") or "",
        item=item,
        taken_at=_time(asked),
        operation=_id(asked, "operation"),
        request_id=request.state.request_id,
    )
    document = {
        "id": str(kept.id),
        "sha256": kept.sha256,
        "media_type": kept.media_type,
        "bytes": kept.size,
        "taken_at": None if kept.taken_at is None else kept.taken_at.isoformat(),
    }
    return Response(
        orjson.dumps(document),
        201 if kept.is_new else 200,
        headers={"cache-control": "private, no-store"},
        media_type=JSON.media_type,
    )


async def photo(request: Request) -> Response:
    """A photo; it never changes."""
    asked = read(request, JSON, negotiate=False)
    require(asked.principal, Audience.TECHNICIAN)
    id_ = uuid_of(request.path_params["id"])
    if id_ is None:
        raise NotFound(f"There is no photo {request.path_params['id'][:40]}.")
    content, media_type, sha256 = await asked.services.photos.content(asked.principal, id_)
    headers = {
        "etag": f'"{sha256[:32]}"',
        "cache-control": _LASTING,
        "content-disposition": f'inline; filename="{id_}.jpg"',
    }
    known = asked.known_tag(headers["etag"])
    if known is not None:
        return Response(status_code=304, headers=headers | {"etag": known})
    return Response(content, headers=headers, media_type=media_type)


async def _content(request: Request) -> bytes:
    length = request.headers.get("content-length", "")
    if length.isdigit() and int(length[:20]) > MOST_BYTES:
        raise PhotoTooLarge
    content = bytearray()
    async for piece in request.stream():
        content += piece
        if len(content) > MOST_BYTES:
            raise PhotoTooLarge
    return bytes(content)


def _id(asked: Asked, name: str) -> UUID | None:
    given = asked.parameters.get(name)
    if given is None:
        return None
    id_ = uuid_of(given)
    if id_ is None:
        raise InvalidParameter(name, given, "it is no UUID")
    return id_


def _time(asked: Asked) -> datetime | None:
    given = asked.parameters.get("taken_at")
    if given is None:
        return None
    at = time_of(given.replace(" ", "+"))
    if at is None:
        raise InvalidParameter("taken_at", given, "write it like 2026-01-31T12:00:00Z")
    return at


ROUTES = (
    Route("/field/photos/{id}", photo, methods=["GET"]),
    Route("/field/photos/{id}", put, methods=["PUT"]),
)
