"""Tiles of the basemap that the administrator supplies, the same for everyone."""

from __future__ import annotations

import asyncio
import hashlib
import zlib

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from gis_service.errors import NotFound
from gis_service.ogc.media import PNG
from gis_service.web.asked import read
from gis_service.web.conditions import known_tag
from gis_service.web.maps import FOREVER
from gis_service.web.negotiation import preferred_encoding

MOST_DIGITS = 9
MOST_BYTES = 16 * 2**20
"""Of a tile that is unpacked for a client which cannot do it."""


async def tile(request: Request) -> Response:
    """One tile; nothing (204) where the file has none within its zooms."""
    asked = read(request, PNG, known=("v",), negotiate=False)
    zoom, column, row = (_number(request.path_params[name]) for name in ("z", "x", "y"))
    tiles = asked.services.basemap
    if tiles is None or not tiles.has(zoom, column, row):
        raise NotFound("There is no such tile.")
    content = await asyncio.to_thread(tiles.tile, zoom, column, row)
    lasting = asked.parameters.get("v") == tiles.stamp
    headers = {"cache-control": f"public, {FOREVER}" if lasting else "no-cache"}
    if content is None:
        return Response(status_code=204, headers=headers)
    etag = f'"{hashlib.sha256(content).hexdigest()[:32]}"'
    known = known_tag(etag, request.headers.get("if-none-match"))
    if known is not None:
        return Response(status_code=304, headers=headers | {"etag": known})
    if tiles.is_gzip:
        headers["vary"] = "Accept-Encoding"
        if preferred_encoding(request.headers.get("accept-encoding", ""), ("gzip",)):
            headers["content-encoding"] = "gzip"
        else:
            content = await asyncio.to_thread(_unpacked, content)
    return Response(content, headers=headers | {"etag": etag}, media_type=tiles.media_type)


def _unpacked(content: bytes) -> bytes:
    try:
        return zlib.decompressobj(wbits=31).decompress(content, MOST_BYTES)
    except zlib.error:
        raise NotFound("There is no such tile.") from None


def _number(text: str) -> int:
    """A number of an address; -1, which no place has, for what is none."""
    return int(text) if text.isascii() and text.isdigit() and len(text) <= MOST_DIGITS else -1


ROUTES = (Route("/basemap/{z}/{x}/{y}", tile, methods=["GET"]),)
