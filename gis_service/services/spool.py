"""A file between one who writes and one who reads at a pace of their own."""

from __future__ import annotations

import asyncio
import os
import tempfile
from collections.abc import AsyncIterator

CHUNK = 262_144


class Spool:
    """
    Bytes that are read while they are still being written.

    The database writes as fast as it can, a slow reader reads what waits on
    the disk: no connection is held for them and no memory grows. The file has
    no name, so nothing is left of it however the process ends.

    Parameters
    ----------
    most_bytes
        More than this is a failure.
    """

    def __init__(self, *, most_bytes: int) -> None:
        self._file = tempfile.TemporaryFile(prefix="gis-export-", buffering=0)  # noqa: SIM115
        self._most_bytes = most_bytes
        self._waiting: list[bytes] = []
        self._waiting_bytes = 0
        self._size = 0
        self._done = False
        self._error: BaseException | None = None
        self._news = asyncio.Event()

    async def write(self, data: bytes) -> None:
        """Append; small pieces wait until there are enough of them."""
        self._waiting.append(data)
        self._waiting_bytes += len(data)
        if self._waiting_bytes >= CHUNK or self._size == 0:
            await self._flush()

    async def finish(self) -> None:
        """Nothing more will come."""
        await self._flush()
        self._done = True
        self._news.set()

    def fail(self, error: BaseException) -> None:
        """Whoever reads meets `error` at the end of what is there."""
        self._error = error
        self._news.set()

    async def started(self) -> None:
        """Wait for the first bytes; raises the error that comes before them."""
        while self._size == 0 and not self._done:
            await self._wait()

    async def chunks(self) -> AsyncIterator[bytes]:
        """
        What is written, from the start to the end.

        Raises
        ------
        BaseException
            The error that `fail` was given: the bytes so far are not the whole.
        """
        position = 0
        while True:
            while position < self._size:
                data = await asyncio.to_thread(
                    os.pread, self._file.fileno(), CHUNK, position
                )
                position += len(data)
                yield data
            if self._done:
                return
            await self._wait()

    def close(self) -> None:
        """Give the disk back."""
        self._file.close()

    async def _wait(self) -> None:
        if self._error is not None:
            raise self._error
        self._news.clear()
        await self._news.wait()

    async def _flush(self) -> None:
        data = b"".join(self._waiting)
        self._waiting.clear()
        self._waiting_bytes = 0
        if self._size + len(data) > self._most_bytes:
            raise OSError(f"an export of more than {self._most_bytes:,} bytes")
        await asyncio.to_thread(_write_all, self._file.fileno(), data)
        self._size += len(data)
        self._news.set()


def _write_all(descriptor: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(descriptor, view):]
