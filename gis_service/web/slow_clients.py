"""
Connections that are cut because their request does not come on.

Whoever sends a header each minute, or a byte of a body each second, would hold a
connection for ever with next to no effort. A phone far from its mast is not meant:
what it sends comes slowly, but it comes.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, cast

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

if TYPE_CHECKING:

    class _Protocol(HttpToolsProtocol):
        transport: asyncio.Transport
else:
    _Protocol = HttpToolsProtocol

HEAD_WITHIN_S = 20.0
"""From a request's first byte, or from the connection's beginning, to the end of its headers."""
LOOK_EVERY_S = 30.0
LEAST_BYTES = 1_500
"""Of a body within that time: 50 bytes a second."""


class PatientProtocol(_Protocol):
    """HTTP/1.1 for clients that send what they have begun."""

    head_within_s = HEAD_WITHIN_S
    look_every_s = LOOK_EVERY_S

    _waiting: asyncio.TimerHandle | None = None
    _came = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(cast(asyncio.Transport, transport))
        self._wait(self.head_within_s)

    def connection_lost(self, exc: Exception | None) -> None:
        self._wait(None)
        super().connection_lost(exc)

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._wait(self.head_within_s)

    def on_headers_complete(self) -> None:
        self._came = 0
        self._wait(self.look_every_s)
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        self._came += len(body)
        super().on_body(body)

    def on_message_complete(self) -> None:
        self._wait(None)
        super().on_message_complete()

    def _wait(self, seconds: float | None) -> None:
        """Look again after so long; None when nothing is waited for."""
        if self._waiting is not None:
            self._waiting.cancel()
        self._waiting = None
        if seconds is not None:
            self._waiting = self.loop.call_later(seconds, self._look)

    def _look(self) -> None:
        held_by_us = self.flow is not None and self.flow.read_paused
        if not held_by_us and self._came < LEAST_BYTES:
            self.transport.abort()
            return
        self._came = 0
        self._wait(self.look_every_s)
