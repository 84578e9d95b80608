"""
An event loop that takes connections as they come.

uvloop takes one connection each time round, however many wait, and a round grows with the
work at hand. With more requests than the service can do, the rest then waits in the kernel's
queue where nothing refuses it, until that overflows and whoever comes is not heard at all.
"""

from __future__ import annotations

import asyncio
import errno
import os
import socket
from collections.abc import Callable, Sequence
from contextlib import suppress
from ssl import SSLContext
from typing import TYPE_CHECKING

import uvloop

AT_ONCE = 32
"""Connections taken in one round, so that a process leaves some to those beside it."""
PAUSE_S = 1.0
"""Without a free file descriptor it is tried again after this."""
_NONE_LEFT = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM})

if TYPE_CHECKING:
    _Make = Callable[[], asyncio.BaseProtocol]
    _Base = asyncio.AbstractEventLoop
else:
    _Base = uvloop.Loop


class EagerLoop(_Base):
    """uvloop, whose servers take all connections that wait and not one each time."""

    async def create_server(  # type: ignore[override]
        self,
        protocol_factory: _Make,
        host: str | None = None,
        port: int | None = None,
        *,
        sock: socket.socket | None = None,
        ssl: SSLContext | None = None,
        backlog: int = 2048,
    ) -> Doors:
        """
        A server on one socket, or on those of a name.

        Raises
        ------
        OSError
            The address cannot be listened on.
        """
        if sock is not None:
            sockets = [_own(sock)]
        else:
            bound = await super().create_server(
                protocol_factory, host, port or 0, start_serving=False
            )
            sockets = [_own(each) for each in bound.sockets]
            bound.close()
        doors = Doors(self, sockets, protocol_factory, ssl)
        doors.open(backlog)
        return doors


def _own(sock: socket.socket) -> socket.socket:
    """The same socket under a descriptor of our own."""
    return socket.socket(fileno=os.dup(sock.fileno()))


class Doors(asyncio.AbstractServer):
    """
    Listening sockets and what comes in by them.

    Parameters
    ----------
    sockets
        Bound and closed by us.
    """

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        sockets: Sequence[socket.socket],
        make: _Make,
        ssl: SSLContext | None,
    ) -> None:
        self.sockets = tuple(sockets)
        self._loop = loop
        self._make = make
        self._ssl = ssl
        self._entering: set[asyncio.Task[None]] = set()
        self._again: dict[socket.socket, asyncio.TimerHandle] = {}
        self._is_open = False

    def open(self, backlog: int) -> None:
        """Listen, and take whoever comes."""
        self._is_open = True
        for each in self.sockets:
            each.listen(backlog)
            each.setblocking(False)
            self._loop.add_reader(each, self._take, each)

    def close(self) -> None:
        """Take nobody any more; those who are in stay."""
        if not self._is_open:
            return
        self._is_open = False
        for timer in self._again.values():
            timer.cancel()
        for each in self.sockets:
            self._loop.remove_reader(each)
            each.close()

    async def wait_closed(self) -> None:
        """Wait until everybody who came is in."""
        while self._entering:
            await asyncio.wait(set(self._entering))

    async def start_serving(self) -> None:
        """Nothing: it serves since it was opened."""

    async def serve_forever(self) -> None:
        """Until cancelled."""
        await asyncio.get_running_loop().create_future()

    def get_loop(self) -> asyncio.AbstractEventLoop:
        return self._loop

    def is_serving(self) -> bool:
        return self._is_open

    def _take(self, listening: socket.socket) -> None:
        for _ in range(AT_ONCE):
            try:
                taken, _ = listening.accept()
            except (BlockingIOError, InterruptedError, ConnectionAbortedError):
                return
            except OSError as error:
                if error.errno not in _NONE_LEFT:
                    raise
                self._loop.remove_reader(listening)
                self._again[listening] = self._loop.call_later(
                    PAUSE_S, self._loop.add_reader, listening, self._take, listening
                )
                return
            taken.setblocking(False)
            task = self._loop.create_task(self._enter(taken))
            self._entering.add(task)
            task.add_done_callback(self._entering.discard)

    async def _enter(self, taken: socket.socket) -> None:
        with suppress(OSError):  # it went again, or speaks no TLS
            await self._loop.connect_accepted_socket(self._make, taken, ssl=self._ssl)
