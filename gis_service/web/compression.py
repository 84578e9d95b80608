"""Answers in the encoding that the client accepts: zstd, brotli or gzip."""

from __future__ import annotations

import asyncio
import gzip
from collections.abc import Callable
from functools import lru_cache

import pyarrow
from isal import igzip, isal_zlib
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gis_service.web.negotiation import preferred_encoding

SMALLEST = 1_000
"""Bytes below which an answer is sent as it is."""
INLINE = 262_144
"""Bytes above which a thread compresses, so that other requests need not wait."""
_PACKED = frozenset({
    "application/json", "application/geo+json", "application/geo+json-seq",
    "application/schema+json", "application/problem+json", "application/vnd.oai.openapi+json",
    "application/vnd.mapbox-vector-tile", "application/vnd.google-earth.kml+xml",
    "application/javascript", "application/manifest+json", "image/svg+xml",
})


def _zstd(body: bytes) -> bytes:
    return bytes(pyarrow.Codec("zstd", compression_level=3).compress(body, asbytes=True))


def _brotli(body: bytes) -> bytes:
    return bytes(pyarrow.Codec("brotli", compression_level=4).compress(body, asbytes=True))


@lru_cache(maxsize=128)
def _smallest(body: bytes) -> bytes:
    """As small as brotli makes it, which takes its time: for what is asked for once."""
    return bytes(pyarrow.Codec("brotli", compression_level=11).compress(body, asbytes=True))


@lru_cache(maxsize=128)
def _smallest_gzip(body: bytes) -> bytes:
    """The same for browsers that take no brotli, which most do not without HTTPS."""
    return gzip.compress(body, compresslevel=9, mtime=0)


def _gzip(body: bytes) -> bytes:
    return bytes(igzip.compress(body, compresslevel=2))


ENCODERS: dict[str, Callable[[bytes], bytes]] = {"zstd": _zstd, "br": _brotli, "gzip": _gzip}
"""The encodings offered, the one preferred among equals first."""


class Compression:
    """
    ASGI middleware that compresses what is worth it.

    An answer that is compressed already passes as it is. Pages of those who
    have logged in are left alone: they hold a secret beside what an address can
    put into them, and the compressed length would tell of it.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] not in ("GET", "HEAD"):
            await self._app(scope, receive, send)
            return
        accepted = Headers(scope=scope).get("accept-encoding", "")
        encoding = preferred_encoding(accepted, tuple(ENCODERS))
        takes_brotli = preferred_encoding(accepted, ("br",)) is not None
        sender = _Sender(scope, send, encoding, takes_brotli=takes_brotli)
        await self._app(scope, receive, sender)


class _Sender:
    """Holds the answer's head back until its first bytes are there."""

    def __init__(
        self, scope: Scope, send: Send, encoding: str | None, *, takes_brotli: bool
    ) -> None:
        self._scope = scope
        self._send = send
        self._encoding = encoding
        self._takes_brotli = takes_brotli
        self._head: Message | None = None
        self._stream: isal_zlib.Compress | None = None

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            if self._is_packed(message):
                MutableHeaders(raw=message["headers"]).add_vary_header("Accept-Encoding")
                if self._encoding is not None:
                    self._head = message
                    return
            await self._send(message)
            return
        if message["type"] != "http.response.body":
            await self._send(message)
        elif self._stream is not None:
            await self._pass_on(message)
        elif self._head is None:
            await self._send(message)
        else:
            await self._begin(self._head, message)

    def _is_packed(self, message: Message) -> bool:
        headers = Headers(raw=message["headers"])
        media_type = headers.get("content-type", "").partition(";")[0]
        if message["status"] in (204, 206, 304) or "content-encoding" in headers:
            return False
        if media_type == "text/html":
            return self._scope.get("state", {}).get("session") is None
        return media_type in _PACKED or media_type.startswith("text/")

    async def _begin(self, head: Message, message: Message) -> None:
        self._head = None
        body = message.get("body", b"")
        headers = MutableHeaders(raw=head["headers"])
        encoding = self._encoding or "gzip"
        if message.get("more_body", False):
            self._stream = isal_zlib.compressobj(2, wbits=31)
            _tell(headers, "gzip")
            del headers["content-length"]
            await self._send(head)
            await self._pass_on(message)
            return
        if len(body) >= SMALLEST:
            encode = ENCODERS[encoding]
            at_once = len(body) < INLINE
            if "immutable" in headers.get("cache-control", ""):
                at_once = False
                if self._takes_brotli:
                    encoding, encode = "br", _smallest
                elif encoding == "gzip":
                    encode = _smallest_gzip
            body = encode(body) if at_once else await asyncio.to_thread(encode, body)
            _tell(headers, encoding)
            headers["content-length"] = str(len(body))
        await self._send(head)
        await self._send({**message, "body": body})

    async def _pass_on(self, message: Message) -> None:
        assert self._stream is not None  # noqa: S101 - only called once it is there
        packed = self._stream.compress(message.get("body", b""))
        more = message.get("more_body", False)
        if not more:
            packed += self._stream.flush()
        if packed or not more:
            await self._send({**message, "body": packed})


def _tell(headers: MutableHeaders, encoding: str) -> None:
    headers["content-encoding"] = encoding
    etag = headers.get("etag")
    if etag is not None and not etag.startswith("W/"):
        headers["etag"] = f'{etag[:-1]}-{encoding}"'
