"""Items as a file: written for one reader, sent as it grows."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import replace

from starlette.responses import Response, StreamingResponse
from starlette.types import Message, Receive, Scope, Send

from gis_service.errors import ExportFailed, InvalidParameter
from gis_service.model.exports import Export, ExportFormat
from gis_service.model.queries import CRS84, ItemsPage, ItemsQuery
from gis_service.ogc.media import CSV, KML, XLSX
from gis_service.services.exports import Download, Ending
from gis_service.web.asked import Asked, caching

STREAMED_FROM = 2_000
"""A page of more items is sent as it is read, so that memory does not grow with it."""
PIECE_TIMEOUT_S = 30.0
"""A reader who takes longer over one piece (256 kB) is cut off."""


async def download(
    asked: Asked,
    query: ItemsQuery,
    *,
    limit: int | None,
    ending: Ending | None = None,
    headers: Mapping[str, str] | None = None,
) -> Response:
    """
    The items of a query as a file in the format that was asked for.

    Parameters
    ----------
    limit
        At most so many items; None for all.
    ending
        What stands after the features of a GeoJSON file.

    Raises
    ------
    InvalidParameter
        The format has no place for the CRS that was asked for.
    """
    crs = query.rendering.crs
    if crs != CRS84 and asked.format in (CSV, KML, XLSX):
        raise InvalidParameter(
            "crs", crs.uri, f"{asked.format.title} holds longitude and latitude only"
        )
    kept = {**_headers(asked), "content-crs": f"<{crs.uri}>", **(headers or {})}
    if asked.format.suffix:
        name = f"{query.collection.id}.{asked.format.suffix}"
        kept["content-disposition"] = f'attachment; filename="{name}"'
    if asked.request.method == "HEAD":
        return Response(headers=kept, media_type=asked.format.media_type)
    if asked.format.suffix:
        await asked.services.audit.exported(
            asked.principal, asked.request.state.request_id,
            what=query.collection.id, format=asked.format.name,
        )
    export = Export(query, ExportFormat(asked.format.name), limit)
    begun = await asked.services.exports.open(export, asked.principal, ending=ending)
    return DownloadResponse(begun, kept, asked.format.media_type)


def _headers(asked: Asked) -> dict[str, str]:
    return {
        "vary": "Accept, Accept-Language",
        "content-language": asked.language,
        "cache-control": caching(asked.principal),
    }


def held_page(
    asked: Asked, pages: Iterator[ItemsPage], *, ending: Ending, headers: Mapping[str, str]
) -> Response:
    """A page of GeoJSON that is in memory, sent in portions of it."""
    kept = {**_headers(asked), **headers}
    if asked.request.method == "HEAD":
        return Response(headers=kept, media_type=asked.format.media_type)
    return TimedResponse(_joined(pages, ending), headers=kept, media_type=asked.format.media_type)


async def _joined(pages: Iterator[ItemsPage], ending: Ending) -> AsyncIterator[bytes]:
    first = last = next(pages)
    returned = first.returned
    yield b'{"type":"FeatureCollection","features":[' + first.features
    for last in pages:
        if last.returned:
            yield b"," + last.features
        returned += last.returned
    yield b"]" + ending(replace(last, returned=returned, previous=first.previous))


class TimedResponse(StreamingResponse):
    """Cuts off a reader who takes too long over a piece."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_in_time(message: Message) -> None:
            try:
                async with asyncio.timeout(PIECE_TIMEOUT_S):
                    await send(message)
            except TimeoutError:
                raise ExportFailed("The reader takes the file too slowly.") from None

        await super().__call__(scope, receive, send_in_time)


class DownloadResponse(TimedResponse):
    """Sends a download; however that ends, nothing of it is left."""

    def __init__(self, begun: Download, headers: dict[str, str], media_type: str) -> None:
        super().__init__(begun.chunks(), headers=headers, media_type=media_type)
        self._download = begun

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await super().__call__(scope, receive, send)
        finally:
            await self._download.close()
