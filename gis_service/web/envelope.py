"""What happens around every request: its id, its path, its headers, its failure."""

from __future__ import annotations

import logging
from typing import Any
from uuid import uuid4

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gis_service.errors import InvalidInput
from gis_service.ogc.links import Addresses
from gis_service.settings import Settings
from gis_service.web.principal import principal_of
from gis_service.web.problems import problem_response
from gis_service.web.query_string import is_plain
from gis_service.web.security import COMMON, sharing

LONGEST_ADDRESS = 8192

log = logging.getLogger("gis_service.web")


class Envelope:
    """
    ASGI middleware around all routes.

    It gives the request an id and a principal, brings the path into one form
    (no prefix, no trailing slash), refuses addresses that are no text, adds the
    headers that every answer carries, and turns a failure into a problem that
    names nothing but the id.
    """

    def __init__(self, app: ASGIApp, *, settings: Settings) -> None:
        self._app = app
        self._settings = settings
        self._prefix = Addresses(settings.public_base_url).path

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        principal = principal_of(Headers(scope=scope), self._settings)
        request_id = str(uuid4())
        scope = {**scope, "path": self._path(scope), "root_path": ""}
        scope["state"] = {
            **scope.get("state", {}), "request_id": request_id, "principal": principal
        }
        added = {**COMMON, **sharing(principal), "x-request-id": request_id}
        started = False

        async def send_with_headers(message: Message) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                started = True
                headers = MutableHeaders(scope=message)
                for name, value in added.items():
                    headers.setdefault(name, value)
            await send(message)

        try:
            fault = _fault(scope)
            if fault is None:
                await self._app(scope, receive, send_with_headers)
            else:
                response = problem_response(Request(scope), InvalidInput(fault))
                await response(scope, receive, send_with_headers)
        except Exception as error:
            log.exception("request %s failed: %s %s", request_id, scope["method"], scope["path"])
            if started:
                raise
            response = problem_response(Request(scope), error)
            await response(scope, receive, send_with_headers)

    def _path(self, scope: Scope) -> str:
        path: str = scope["path"]
        for prefix in (scope.get("root_path", ""), self._prefix):
            if prefix and (path == prefix or path.startswith(f"{prefix}/")):
                path = path[len(prefix):]
        return path.rstrip("/") or "/"


def _fault(scope: dict[str, Any]) -> str | None:
    raw = scope.get("raw_path") or scope["path"].encode("utf-8", "surrogateescape")
    if len(raw) + len(scope["query_string"]) > LONGEST_ADDRESS:
        return f"The address is longer than {LONGEST_ADDRESS:,} bytes."
    if not is_plain(scope["path"]):
        return "The address holds characters that are not text."
    return None
