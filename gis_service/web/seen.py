"""
What a reader has seen: nobody is shown an older state because another server answers him.

Each answer to a change says how far the database's log was after it, in the
header `GIS-LSN` and, to a browser that has logged in, in a cookie. Whoever sends
that back is read to from a server that has come so far. A question that a
replica could not answer is put to the primary, once, before anything was sent.
"""

from __future__ import annotations

import re
from http import HTTPStatus
from typing import TYPE_CHECKING

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gis_service.errors import GisError
from gis_service.settings import Settings
from gis_service.store.replicas import ASKING, Asking, Replicas, lsn_of, position_of
from gis_service.web.callers import client_address
from gis_service.web.principal import FOR_ALL, Cookies, cookie

if TYPE_CHECKING:
    from gis_service.bootstrap import Services

HEADER = "gis-lsn"
KEPT_S = 60.0
"""A browser keeps its position for this and the lag that a replica may have."""

_LSN = re.compile(r"[0-9A-F]{1,8}/[0-9A-F]{1,8}")


class Seen:
    """ASGI middleware inside of the envelope; without replicas it lets everything pass."""

    def __init__(self, app: ASGIApp, *, settings: Settings) -> None:
        self._app = app
        self._cookies = Cookies.of(settings)
        self._trusted = settings.trusted_networks
        self._kept_s = int(KEPT_S + settings.replica_lag_s)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        services: Services | None = scope.get("state", {}).get("services")
        replicas = None if services is None else services.replicas
        if replicas is None or scope["type"] != "http" or scope["path"].startswith(FOR_ALL):
            await self._app(scope, receive, send)
        elif scope["method"] in ("GET", "HEAD"):
            await self._read(replicas, scope, receive, send)
        else:
            await self._change(replicas, scope, receive, send)

    async def _read(
        self, replicas: Replicas, scope: Scope, receive: Receive, send: Send
    ) -> None:
        asking = Asking(self._reader(scope), self._position(scope))
        failures = replicas.failures
        withheld = False

        async def first(message: Message) -> None:
            nonlocal withheld
            if message["type"] == "http.response.start":
                unavailable = message["status"] == HTTPStatus.SERVICE_UNAVAILABLE
                withheld = unavailable and replicas.failures != failures
            if not withheld:
                await send(message)

        token = ASKING.set(asking)
        try:
            await self._app(scope, receive, first)
            if withheld:
                asking.elsewhere = True
                await self._app(scope, receive, send)
        finally:
            ASKING.reset(token)

    async def _change(
        self, replicas: Replicas, scope: Scope, receive: Receive, send: Send
    ) -> None:
        async def told(message: Message) -> None:
            if message["type"] == "http.response.start" and message["status"] < 400:
                try:
                    lsn = lsn_of(await replicas.stand())
                except GisError:  # the change is made; until it is heard of, nothing is lost
                    lsn = None
                if lsn is not None and _is_staff(scope):
                    headers = MutableHeaders(scope=message)
                    headers[HEADER] = lsn
                    if scope["state"]["session"] is not None:
                        headers.append("set-cookie", self._cookies.setting(
                            self._cookies.seen, lsn.replace("/", "-"), lasts_s=self._kept_s
                        ))
            await send(message)

        await self._app(scope, receive, told)

    def _reader(self, scope: Scope) -> str:
        """Who asks, by what stays the same from one request to the next."""
        key_id: str | None = scope["state"]["principal"].key_id
        if key_id is not None:
            return key_id
        return client_address(scope, self._trusted) if scope.get("client") else ""

    def _position(self, scope: Scope) -> int:
        """How far staff have come who say so; the public changes nothing here."""
        if not _is_staff(scope):
            return 0
        headers = Headers(scope=scope)
        told = headers.get(HEADER, ""), cookie(headers, self._cookies.seen) or ""
        return max(
            position_of(each) if _LSN.fullmatch(each) else 0
            for each in (text.replace("-", "/") for text in told)
        )


def _is_staff(scope: Scope) -> bool:
    """Whether staff ask, be it for what the public sees."""
    state = scope["state"]
    return state["session"] is not None or state["principal"].audience.is_staff
