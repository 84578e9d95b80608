"""Writing items to files, whole collections at once, without memory growing."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from dataclasses import replace

from gis_service.errors import Busy, Unavailable
from gis_service.formats import kml
from gis_service.formats.export_child import WriteJob
from gis_service.formats.export_process import writing
from gis_service.model.audience import Audience, Principal, visible_geometry
from gis_service.model.exports import Export, ExportFormat
from gis_service.model.queries import ItemsPage
from gis_service.services.spool import CHUNK, Spool
from gis_service.store.exports import copy, copy_page, exported_fields
from gis_service.store.reading import Reader

Ending = Callable[[ItemsPage], bytes]
"""The rest of a GeoJSON file, from what is known of its page."""
OPEN_FOR_EACH_WRITTEN = 8
"""Files that may wait for their readers, for each that may be written at a time."""


class Download:
    """
    A file that is written while it is read; `close` ends both.

    Use `chunks` once.
    """

    def __init__(self, spool: Spool, writer: asyncio.Task[int], on_close: Callable[[], None]):
        self._spool = spool
        self._writer = writer
        self._on_close = on_close

    def chunks(self) -> AsyncIterator[bytes]:
        """The file's bytes; an error in between means that it is not whole."""
        return self._spool.chunks()

    async def items(self) -> int:
        """How many items the file holds, once it is written."""
        return await self._writer

    async def close(self) -> None:
        """End writing, and remove the file."""
        self._writer.cancel()
        try:
            with suppress(asyncio.CancelledError):
                await self._writer
        finally:
            self._spool.close()
            self._on_close()


class Exports:
    """
    Writes files of items.

    Parameters
    ----------
    most
        So many are written at a time; others are told to come back.
    timeout_s
        The database gives an export up after this.
    most_mb
        Largest file, in megabytes.
    """

    def __init__(self, reader: Reader, *, most: int, timeout_s: float, most_mb: int) -> None:
        self._reader = reader
        self._most = most
        self._timeout_s = timeout_s
        self._most_bytes = most_mb * 1_000_000
        self._written = 0
        self._open = 0

    async def open(
        self,
        export: Export,
        principal: Principal,
        *,
        ending: Ending | None = None,
    ) -> Download:
        """
        Begin to write a file; returns when its first bytes are there.

        Parameters
        ----------
        ending
            What stands after the features of a GeoJSON file.

        Raises
        ------
        Busy
            Too many files are being written.
        Unavailable, InvalidInput
            The database does not answer, or refuses a value.
        ExportFailed
            The file could not be written.
        """
        if self._written >= self._most or self._open >= self._most * OPEN_FOR_EACH_WRITTEN:
            raise Busy
        spool = Spool(most_bytes=self._most_bytes)
        self._written += 1
        self._open += 1
        writer = asyncio.create_task(self._write(export, principal.audience, spool, ending))
        writer.add_done_callback(self._one_written)
        download = Download(spool, writer, self._one_closed)
        try:
            await spool.started()
        except BaseException:
            await download.close()
            raise
        return download

    def _one_written(self, writer: asyncio.Task[int]) -> None:
        self._written -= 1

    def _one_closed(self) -> None:
        self._open -= 1

    async def _write(
        self,
        export: Export,
        audience: Audience,
        spool: Spool,
        ending: Ending | None,
    ) -> int:
        written = 0
        try:
            if export.format.is_text:
                written = await self._write_text(export, audience, spool, ending)
            else:
                written = await self._write_binary(export, audience, spool)
            await spool.finish()
        except TimeoutError:
            spool.fail(Unavailable("Writing the file took too long."))
        except Exception as error:
            spool.fail(error)
        return written

    async def _write_text(
        self,
        export: Export,
        audience: Audience,
        spool: Spool,
        ending: Ending | None,
    ) -> int:
        if export.format is ExportFormat.GEOJSON:
            return await self._write_geojson(export, audience, spool, ending)
        output, tail = spool.write, b""
        if export.format is ExportFormat.CSV:
            output = _Crlf(spool).write
        elif export.format is ExportFormat.KML:
            head = kml.head(export.query.collection, exported_fields(export, audience))
            output, tail = _Headed(spool, head).write, kml.TAIL
        written = await copy(self._reader, export, audience, output, timeout_s=self._timeout_s)
        await output(tail)
        return written

    async def _write_geojson(
        self, export: Export, audience: Audience, spool: Spool, ending: Ending | None
    ) -> int:
        output = _Headed(spool, b'{"type":"FeatureCollection","features":[', drop=1).write
        query = export.query
        if export.limit is None:
            written = await copy(
                self._reader, export, audience, output, timeout_s=self._timeout_s
            )
            await output(b" ]}")
            return written
        page = await copy_page(
            self._reader, replace(query, limit=export.limit), audience, output,
            timeout_s=self._timeout_s,
        )
        await output(b" ]" + (b"}" if ending is None else ending(page)))
        return page.returned

    async def _write_binary(self, export: Export, audience: Audience, spool: Spool) -> int:
        collection = export.query.collection
        job = WriteJob.of(
            export.format,
            collection,
            exported_fields(export, audience),
            geometry=None
            if export.query.rendering.skip_geometry
            else visible_geometry(collection, audience),
            srid=export.query.rendering.crs.srid,
        )
        async with asyncio.timeout(self._timeout_s), writing(job) as (take, finished):
            written = await copy(self._reader, export, audience, take, timeout_s=self._timeout_s)
            file = await finished()
        with file:
            while data := await asyncio.to_thread(os.read, file.fileno(), CHUNK):
                await spool.write(data)
        return written


class _Crlf:
    """Ends lines of CSV as RFC 4180 asks, and leaves line breaks within quotes as they are."""

    def __init__(self, spool: Spool) -> None:
        self._spool = spool
        self._quoted = False

    async def write(self, data: bytes) -> None:
        pieces = data.split(b'"')
        for position, piece in enumerate(pieces):
            if not (self._quoted ^ (position % 2 == 1)):
                pieces[position] = piece.replace(b"\n", b"\r\n")
        self._quoted ^= len(pieces) % 2 == 0
        await self._spool.write(b'"'.join(pieces))


class _Headed:
    """
    Puts a head before what comes, once something comes.

    Parameters
    ----------
    drop
        So many of the first bytes give way to it.
    """

    def __init__(self, spool: Spool, head: bytes, *, drop: int = 0) -> None:
        self._spool = spool
        self._head = head
        self._drop = drop

    async def write(self, data: bytes) -> None:
        if self._head:
            data, self._head = self._head + data[self._drop :], b""
        await self._spool.write(data)
