"""Finished maps: their pages, their files and their data."""

from __future__ import annotations

import hashlib
import logging
import re
from collections.abc import Mapping
from pathlib import PurePosixPath
from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from gis_service.cartography.definition import MapDefinition
from gis_service.errors import InvalidDefinition, InvalidParameter, NotFound
from gis_service.model.tiles import Tile
from gis_service.ogc.links import Link, documents
from gis_service.ogc.media import GEOJSON, HTML, JSON, MVT, PDF, PNG
from gis_service.ogc.parameters import parse_bbox, parse_id
from gis_service.web.asked import Asked, caching, read
from gis_service.web.conditions import known_tag
from gis_service.web.pages import account_of, navigation

log = logging.getLogger("gis_service.web")

FOREVER = "max-age=31536000, immutable"
"""For addresses whose content never changes, since its hash is part of them."""

_PLACE = re.compile(r"\d{1,9}", re.ASCII)
_TYPES = {
    ".css": "text/css",
    ".geojson": "application/geo+json",
    ".js": "text/javascript",
    ".json": "application/json",
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".webp": "image/webp",
}


def maps_beside(asked: Asked) -> tuple[MapDefinition, ...]:
    """
    The maps to link to from other pages.

    A faulty definition in `maps/` must not take those pages down with it; the
    list of maps itself says so.
    """
    try:
        return asked.services.maps.definitions(asked.principal)
    except InvalidDefinition as error:
        log.warning("no links to maps: %s", error)
        return ()


async def maps(request: Request) -> Response:
    """Every map that the reader may see."""
    asked = read(request, JSON, HTML)
    definitions = asked.services.maps.definitions(asked.principal)
    if asked.is_html:
        return asked.page("ogc_maps.html", maps=definitions)
    return asked.document(
        {
            "maps": [
                {
                    "name": definition.id,
                    "title": definition.title[asked.language],
                    "description": definition.description[asked.language],
                    "links": documents([
                        Link(asked.at.map(definition.id), "self", HTML.media_type),
                        *(
                            Link(asked.at.printed_map(definition.id, each.suffix), "alternate",
                                 each.media_type, each.title)
                            for each in (PDF, PNG)
                        ),
                    ]),
                }
                for definition in definitions
            ],
            "links": documents(asked.links()),
        }
    )


async def map_page(request: Request) -> Response:
    """One map."""
    asked = read(request, HTML, known=None)
    rendered = await asked.services.maps.page(
        request.path_params["name"],
        asked.principal,
        asked.language,
        account=account_of(request, asked.at),
        nav=navigation(request, asked.at, asked.language),
    )
    response = asked.answer(rendered.html.encode())
    if rendered.image_origins:
        response.headers["content-security-policy"] = rendered.content_security_policy
        response.headers["referrer-policy"] = "strict-origin-when-cross-origin"
    return response


async def map_file(request: Request) -> Response:
    """A script or style of one map; its name carries the hash of its content."""
    asked = _read_any(request)
    name = request.path_params["file"]
    content = await asked.services.maps.file(
        request.path_params["name"], name, asked.language, asked.principal
    )
    shared = "private" if asked.principal.audience.is_staff else "public"
    return Response(
        content,
        headers={"cache-control": f"{shared}, {FOREVER}"},
        media_type=_TYPES.get(PurePosixPath(name).suffix, "application/octet-stream"),
    )


async def map_layer(request: Request) -> Response:
    """What one layer of a map shows, as GeoJSON."""
    asked = _read_any(request, "bbox", "id")
    box, id_ = asked.parameters.get("bbox"), asked.parameters.get("id")
    content = await asked.services.maps.layer(
        request.path_params["name"],
        request.path_params["layer"],
        asked.principal,
        box=parse_bbox(box)[0] if box is not None else None,
        id_=_item_id(id_),
    )
    return _kept(
        asked, content, GEOJSON.media_type,
        {"vary": "Accept-Language", "content-language": asked.language},
    )


async def map_compact(request: Request) -> Response:
    """All that one layer of a map shows, in the short form that its page reads."""
    asked = _read_any(request)
    content = await asked.services.maps.compact(
        request.path_params["name"], request.path_params["layer"], asked.principal
    )
    return _kept(asked, content, JSON.media_type, {})


async def map_tile(request: Request) -> Response:
    """A vector tile of one layer of a map, without anything but shapes."""
    asked = _read_any(request)
    places = [request.path_params[name] for name in ("zoom", "row", "column")]
    if not all(_PLACE.fullmatch(place) for place in places):
        raise NotFound(f"There is no tile {'/'.join(place[:20] for place in places)}.")
    content = await asked.services.maps.tile(
        request.path_params["name"],
        request.path_params["layer"],
        Tile(*(int(place) for place in places)),
        asked.principal,
    )
    return _kept(asked, content, MVT.media_type, {})


def _kept(asked: Asked, content: bytes, media_type: str, more: Mapping[str, str]) -> Response:
    """What a client may keep and ask for again by its ETag."""
    etag = f'"{hashlib.sha256(content).hexdigest()[:32]}"'
    headers = {"etag": etag, "cache-control": caching(asked.principal), **more}
    request = asked.request
    known = known_tag(etag, request.headers.get("if-none-match"))
    if known is not None:
        return Response(status_code=304, headers=headers | {"etag": known})
    return Response(content, headers=headers, media_type=media_type)


def _read_any(request: Request, *parameters: str) -> Asked:
    """A resource of one format, whatever the Accept header of a script or image says."""
    asked = read(request, GEOJSON, known=None, negotiate=False)
    asked.parameters.only(("lang", "v", *parameters))
    return asked


def _item_id(text: str | None) -> UUID | None:
    if text is None:
        return None
    found = parse_id(text)
    if found is None:
        raise InvalidParameter("id", text, "it must be a UUID")
    return found


ROUTES = (
    Route("/maps", maps, methods=["GET"]),
    Route("/maps/{name}", map_page, methods=["GET"]),
    Route("/maps/{name}/files/{file}", map_file, methods=["GET"]),
    Route("/maps/{name}/data/{layer}.geojson", map_layer, methods=["GET"]),
    Route("/maps/{name}/data/{layer}.json", map_compact, methods=["GET"]),
    Route("/maps/{name}/tiles/{layer}/{zoom}/{row}/{column}", map_tile, methods=["GET"]),
)
