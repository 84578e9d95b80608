"""The most frequent questions go straight to their routes, past the list of all of them."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from gis_service.errors import GisError
from gis_service.ogc.links import WEB_MERCATOR_QUAD
from gis_service.web import items, tiles
from gis_service.web.problems import problem_response

_ID = r"(?P<collection_id>[a-z][a-z0-9_]{0,62})"
SHORTCUTS: tuple[tuple[re.Pattern[str], Callable[[Request], Awaitable[Response]]], ...] = (
    (re.compile(rf"/collections/{_ID}/items"), items.items),
    (re.compile(rf"/collections/{_ID}/items/(?P<item_id>[0-9A-Fa-f-]{{36}})"), items.item),
    (
        re.compile(
            rf"/collections/{_ID}/tiles/(?P<tile_matrix_set>{WEB_MERCATOR_QUAD})"
            r"/(?P<tile_matrix>[0-9]+)/(?P<row>[0-9]+)/(?P<column>[0-9]+)"
        ),
        tiles.tile,
    ),
)
"""Paths of reading and what answers them: the same as stand in the list of routes."""


class Shortcut:
    """ASGI middleware inside of all others; what it does not know passes on."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["method"] in ("GET", "HEAD"):
            for pattern, answer in SHORTCUTS:
                found = pattern.fullmatch(scope["path"])
                if found is not None:
                    scope.update(path_params=found.groupdict(), endpoint=answer)
                    request = Request(scope, receive)
                    try:
                        response = await answer(request)
                    except GisError as error:
                        response = problem_response(request, error)
                    await response(scope, receive, send)
                    return
        await self._app(scope, receive, send)
