"""Items as a file: written for one reader, sent as it grows."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from starlette.responses import Response, StreamingResponse
from starlette.types import Message, Receive, Scope, Send

from gis_service.errors import ExportFailed, InvalidParameter
from gis_service.model.exports import Export, ExportFormat
from gis_service.model.queries import CRS84, ItemsQuery
from gis_service.ogc.media import CSV, KML
from gis_service.services.exports import Download
from gis_service.web.asked import Asked, caching

PIECE_TIMEOUT_S = 30.0
"""A reader who takes longer over one piece (256 kB) is cut off."""


async def download(
    asked: Asked,
    query: ItemsQuery,
    *,
    limit: int | None,
    tail: Callable[[int], bytes] | None = None,
) -> Response:
    """
    The items of a query as a file in the format that was asked for.

    Parameters
    ----------
    limit
        At most so many items; None for all.
    tail
        What ends a GeoJSON file, by the number of items in it.

    Raises
    ------
    InvalidParameter
        The format has no place for the CRS that was asked for.
    """
    crs = query.rendering.crs
    if crs != CRS84 and asked.format in (CSV, KML):
        raise InvalidParameter(
            "crs", crs.uri, f"{asked.format.title} holds longitude and latitude only"
        )
    headers = {
        "content-crs": f"<{crs.uri}>",
        "vary": "Accept, Accept-Language",
        "content-language": asked.language,
        "cache-control": caching(asked.principal),
    }
    if asked.format.suffix:
        name = f"{query.collection.id}.{asked.format.suffix}"
        headers["content-disposition"] = f'attachment; filename="{name}"'
    if asked.request.method == "HEAD":
        return Response(headers=headers, media_type=asked.format.media_type)
    export = Export(query, ExportFormat(asked.format.name), limit)
    begun = await asked.services.exports.open(export, asked.principal, tail=tail)
    return DownloadResponse(begun, headers, asked.format.media_type)


class DownloadResponse(StreamingResponse):
    """Sends a download; however that ends, nothing of it is left."""

    def __init__(self, begun: Download, headers: dict[str, str], media_type: str) -> None:
        super().__init__(begun.chunks(), headers=headers, media_type=media_type)
        self._download = begun

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_in_time(message: Message) -> None:
            try:
                async with asyncio.timeout(PIECE_TIMEOUT_S):
                    await send(message)
            except TimeoutError:
                raise ExportFailed("The reader takes the file too slowly.") from None

        try:
            await super().__call__(scope, receive, send_in_time)
        finally:
            await self._download.close()
