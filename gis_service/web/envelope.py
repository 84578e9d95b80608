"""What happens around every request: its id, its path, its headers, its failure."""

from __future__ import annotations

import logging
import time
from urllib.parse import quote
from uuid import uuid4

from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gis_service.errors import GisError, InvalidInput, UnknownKey
from gis_service.logs import REQUEST_ID
from gis_service.model.audience import PUBLIC, Principal
from gis_service.ogc.links import Addresses
from gis_service.settings import AccessLog, Settings
from gis_service.web.limits import Limits
from gis_service.web.lines import Kinds
from gis_service.web.metrics import Metrics
from gis_service.web.pages import LOGIN
from gis_service.web.preview import is_previewing, switched
from gis_service.web.principal import (
    FOR_ALL,
    VARY,
    Identity,
    KeyInAddress,
    check_forgery,
    identify,
    refuse_key_in_address,
)
from gis_service.web.problems import problem_response
from gis_service.web.query_string import is_plain
from gis_service.web.room import Room, refuse
from gis_service.web.security import COMMON, sharing

LONGEST_ADDRESS = 8192
HSTS = "max-age=15552000"
"""With the admin's certificate only: by our own authority it would shut out whoever comes before
trusting it."""

SLOW_S = 1.0
"""Requests that take longer are logged when `GIS_ACCESS_LOG` is slow."""

log = logging.getLogger("gis_service.web")
access = logging.getLogger("gis_service.access")


class Envelope:
    """
    ASGI middleware around all routes.

    It gives the request an id, a principal and, for a browser that has logged
    in, its session; refuses forged requests and keys in addresses; brings the path into one form
    (no prefix, no trailing slash), refuses addresses that are no text, adds the
    headers that every answer carries, and turns a failure into a problem that
    names nothing but the id.
    """

    def __init__(
        self, app: ASGIApp, *, settings: Settings, metrics: Metrics, kinds: Kinds
    ) -> None:
        self._app = app
        self._metrics = metrics
        self._settings = settings
        self._prefix = Addresses(settings.public_base_url).path
        self._limits = Limits(settings)
        self._room = Room(settings.requests_at_once, kinds)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request_id = str(uuid4())
        scope = {**scope, "path": self._path(scope), "root_path": ""}
        scope["state"] = {**scope.get("state", {}), "request_id": request_id}
        _enter(scope, Identity())
        REQUEST_ID.set(request_id)
        began = time.perf_counter()
        self._metrics.begun()
        place = await self._room.enter(scope)
        if place is None:
            await refuse(scope, send, request_id)
            self._note(scope, 503, 0, time.perf_counter() - began, refused=True)
            return
        status = 0
        sent_bytes = 0

        async def send_with_headers(message: Message) -> None:
            nonlocal status, sent_bytes
            if message["type"] == "http.response.start":
                place.leave()
                status = message["status"]
                headers = MutableHeaders(scope=message)
                _complete(headers, scope)
                if self._settings.tls_cert is not None:
                    headers["strict-transport-security"] = HSTS
            else:
                sent_bytes += len(message.get("body", b""))
            await send(message)

        try:
            await self._answer(scope, receive, send_with_headers)
        except Exception as error:
            log.exception(
                "request %s failed: %s %s", request_id, scope["method"], quote(scope["path"])
            )
            if status:
                status = 500
                raise
            response = problem_response(Request(scope), error)
            await response(scope, receive, send_with_headers)
        finally:
            place.leave()
            self._note(scope, status, sent_bytes, time.perf_counter() - began)

    def _note(
        self, scope: Scope, status: int, sent_bytes: int, seconds: float, *, refused: bool = False
    ) -> None:
        """Count a request, and log it where that is wanted; never what was asked or shown."""
        route = self._metrics.ended(scope, status, seconds)
        wanted = self._settings.access_log
        if wanted is AccessLog.ALL or (
            wanted is AccessLog.SLOW and not refused and (seconds > SLOW_S or status >= 500)
        ):
            principal: Principal = scope["state"]["principal"]
            access.info(
                "%s %s %s in %.3f s", scope["method"], quote(scope["path"]), status, seconds,
                extra={
                    "request_id": scope["state"]["request_id"], "route": route,
                    "method": scope["method"], "status": status, "bytes": sent_bytes,
                    "seconds": round(seconds, 4), "audience": principal.audience.value,
                },
            )

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            receive = await self._admit(scope, receive)
        except GisError as error:
            response = problem_response(Request(scope), error)
            await response(scope, receive, send)
        else:
            switch = switched(scope, self._settings)
            await (self._app if switch is None else switch)(scope, receive, send)

    async def _admit(self, scope: Scope, receive: Receive) -> Receive:
        """
        Find out who asks, and refuse what no route should see.

        Raises
        ------
        InvalidInput, UnknownKey, TooManyRequests, NotAllowed, Unavailable
            The request is refused.
        """
        try:
            refuse_key_in_address(scope)
        except KeyInAddress:
            scope.update(path="/", raw_path=b"/", query_string=b"")
            raise
        if fault := _fault(scope):
            raise InvalidInput(fault)
        try:
            identity = await identify(scope, scope["state"]["services"], self._settings)
        except UnknownKey:
            self._limits.check_address(scope)
            raise
        _enter(scope, identity)
        self._limits.check(scope, identity)
        if identity.principal.scope is not None:
            whole = scope["state"]["services"]
            scope["state"]["services"] = await whole.scopes.of(identity.principal.scope)
        if is_previewing(scope, self._settings):
            scope["state"].update(principal=PUBLIC, previewing=True)
        if scope["path"] == LOGIN:  # it has a token of its own, from before the session
            return receive
        return await check_forgery(scope, receive, identity.session, self._settings)

    def _path(self, scope: Scope) -> str:
        path: str = scope["path"]
        for prefix in (scope.get("root_path", ""), self._prefix):
            if prefix and (path == prefix or path.startswith(f"{prefix}/")):
                path = path[len(prefix):]
        return path.rstrip("/") or "/"


def _enter(scope: Scope, identity: Identity) -> None:
    """Note who asks, for the routes."""
    scope["state"].update(
        principal=identity.principal, session=identity.session, previewing=False
    )


def _complete(headers: MutableHeaders, scope: Scope) -> None:
    """Add what every answer carries, and keep what staff see out of shared caches."""
    principal: Principal = scope["state"]["principal"]
    path = scope["path"]
    added = {**COMMON, **sharing(principal, path), "x-request-id": scope["state"]["request_id"]}
    for name, value in added.items():
        headers.setdefault(name, value)
    if not path.startswith(FOR_ALL):
        for name in VARY:
            headers.add_vary_header(name)
    caching = headers.get("cache-control", "")
    is_kept = "private" not in caching and "no-store" not in caching
    if scope["state"]["previewing"] or (principal.audience.is_staff and is_kept):
        headers["cache-control"] = "private, no-store"


def _fault(scope: Scope) -> str | None:
    raw = scope.get("raw_path") or scope["path"].encode("utf-8", "surrogateescape")
    if len(raw) + len(scope["query_string"]) > LONGEST_ADDRESS:
        return f"The address is longer than {LONGEST_ADDRESS:,} bytes."
    if not is_plain(scope["path"]):
        return "The address holds characters that are not text."
    return None
