"""A proxy that can be told to misbehave, between a client and a server."""

from __future__ import annotations

import asyncio
import random
import socket
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

PIECE = 65_536
LATENCY_S = 2.0


class Proxy:
    """
    Listens on a port of this machine and passes bytes on.

    `mode` may be set at any time and holds for what comes after:

    - `pass`: nothing happens.
    - `late`: each piece of an answer comes two seconds later.
    - `trickle`: an answer comes at one byte a second.
    - `hole`: connections stay open, and nothing passes.
    - `reset`: the next bytes of an answer become an RST.
    - `cut`: a connection ends when an answer begins, at `chance`: what was done
      is not told.
    - `commit`: a connection ends after COMMIT was passed on, at `chance`.
    - `half`: the client's side is closed for writing when an answer begins.

    Parameters
    ----------
    target
        A port of this machine, or a unix socket.
    """

    def __init__(self, target: int | Path, *, seed: int = 0, chance: float = 0.3) -> None:
        self.mode = "pass"
        self.target = target
        self.chance = chance
        self.cuts = 0
        self._dice = random.Random(seed)
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._socket.getsockname()[1])
        self._loop = asyncio.new_event_loop()

    @contextmanager
    def listening(self) -> Iterator[None]:
        """Pass on during the block."""
        thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        thread.start()
        asyncio.run_coroutine_threadsafe(
            asyncio.start_server(self._serve, sock=self._socket), self._loop
        ).result(5)
        try:
            yield
        finally:
            asyncio.run_coroutine_threadsafe(self._end(), self._loop).result(5)
            self._loop.call_soon_threadsafe(self._loop.stop)
            thread.join(5)
            self._socket.close()

    async def _end(self) -> None:
        """Let go of every connection."""
        open_ = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        for task in open_:
            task.cancel()
        await asyncio.gather(*open_, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            if isinstance(self.target, Path):
                there, back = await asyncio.open_unix_connection(str(self.target))
            else:
                there, back = await asyncio.open_connection("127.0.0.1", self.target)
        except OSError:
            writer.transport.abort()
            return
        ends = writer, back
        pumps = {
            asyncio.create_task(self._forth(reader, back, ends)),
            asyncio.create_task(self._answer(there, writer, ends)),
        }
        await asyncio.wait(pumps, return_when=asyncio.FIRST_COMPLETED)
        for pump in pumps:
            pump.cancel()
        for end in ends:
            end.close()

    async def _forth(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter,
        ends: tuple[asyncio.StreamWriter, ...],
    ) -> None:
        with suppress(OSError):
            while piece := await reader.read(PIECE):
                await self._while_hole()
                writer.write(piece)
                await writer.drain()
                if self.mode == "commit" and b"COMMIT" in piece and self._struck():
                    await asyncio.sleep(0.02)
                    _reset(ends)

    async def _answer(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter,
        ends: tuple[asyncio.StreamWriter, ...],
    ) -> None:
        with suppress(OSError):
            while piece := await reader.read(PIECE):
                await self._while_hole()
                if self.mode == "reset" or (self.mode == "cut" and self._struck()):
                    _reset(ends)
                    return
                if self.mode == "half" and self._struck():
                    ends[1].write_eof()
                if self.mode == "late":
                    await asyncio.sleep(LATENCY_S)
                if self.mode == "trickle":
                    await self._trickle(writer, piece)
                    continue
                writer.write(piece)
                await writer.drain()

    async def _trickle(self, writer: asyncio.StreamWriter, piece: bytes) -> None:
        for at in range(len(piece)):
            if self.mode != "trickle":
                writer.write(piece[at:])
                break
            writer.write(piece[at : at + 1])
            await writer.drain()
            await asyncio.sleep(1)
        await writer.drain()

    async def _while_hole(self) -> None:
        while self.mode == "hole":
            await asyncio.sleep(0.05)

    def _struck(self) -> bool:
        struck = self._dice.random() < self.chance
        self.cuts += struck
        return struck


def _reset(ends: tuple[asyncio.StreamWriter, ...]) -> None:
    """End both connections by RST, as a machine does that loses its power."""
    for end in ends:
        raw = end.get_extra_info("socket")
        with suppress(OSError):
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        end.transport.abort()
