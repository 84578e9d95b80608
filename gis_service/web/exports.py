"""Data to take away: every collection and every network as files, by audience."""

from __future__ import annotations

import asyncio
import os
import re
from collections.abc import AsyncIterator
from typing import IO

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from gis_service.errors import InvalidParameter
from gis_service.model.audience import visible_collections
from gis_service.model.network_exports import NetworkFormat
from gis_service.ogc.links import with_query
from gis_service.ogc.media import (
    DOWNLOADS,
    GEOJSON,
    HTML,
    JSON,
    NETWORKS,
    OFDS_JSON_0_4,
    Format,
)
from gis_service.services.spool import CHUNK
from gis_service.web.asked import COMMON_PARAMETERS, Asked, caching, read
from gis_service.web.downloads import TimedResponse

NETWORK = "/exports/network"
_UNSAFE = re.compile(r"[^A-Za-z0-9._-]+")


async def exports(request: Request) -> Response:
    """What can be taken away, and as what."""
    asked = read(request, JSON, HTML)
    networks = await asked.services.network_exports.known(asked.principal.audience)
    if not asked.principal.audience.is_staff:
        networks = networks[:1]
    listed = [
        {
            "id": each.id,
            "title": each.title[asked.language],
            "links": [
                _link(asked, f"/collections/{each.id}/items", f) for f in (GEOJSON, *DOWNLOADS)
            ],
        }
        for each in visible_collections(asked.principal.audience)
    ]
    whole = [
        {
            "id": id_,
            "title": _title(asked, name),
            "links": [
                _link(asked, NETWORK, f, id_ if asked.principal.audience.is_staff else None)
                for f in NETWORKS
                if asked.principal.audience.is_staff or f is not OFDS_JSON_0_4
            ],
        }
        for id_, name in networks
    ]
    if asked.is_html:
        return asked.page("exports.html", collections=listed, networks=whole)
    return asked.document({"collections": listed, "networks": whole})


async def network(request: Request) -> Response:
    """
    Networks as one package of the Open Fibre Data Standard.

    The public gets one network of all that is published: its items do not say
    to which they belong.
    """
    asked = read(
        request, *NETWORKS, known=(*COMMON_PARAMETERS, "network"), negotiate=False
    )
    named = asked.parameters.get("network")
    audience = asked.principal.audience
    if audience.is_staff and not named:
        raise InvalidParameter("network", "", "name a network by its identifier or UUID")
    names = [each for each in (named or "").split(",") if each]
    told = _UNSAFE.sub("-", names[0] if names else "network").strip("-.")[:60] or "network"
    headers = {
        "vary": "Accept-Language",
        "cache-control": caching(asked.principal),
        "content-disposition": f'attachment; filename="{told}-{asked.format.name}.'
        f'{asked.format.suffix}"',
    }
    file = await asked.services.network_exports.open(
        names, NetworkFormat(asked.format.name), audience
    )
    if request.method == "HEAD":
        file.close()
        return Response(headers=headers, media_type=asked.format.media_type)
    await asked.services.audit.exported(
        asked.principal, request.state.request_id, what=",".join(names), format=asked.format.name
    )
    size = os.fstat(file.fileno()).st_size
    return TimedResponse(
        _pieces(file), headers=headers | {"content-length": str(size)},
        media_type=asked.format.media_type,
    )


async def _pieces(file: IO[bytes]) -> AsyncIterator[bytes]:
    with file:
        while data := await asyncio.to_thread(file.read, CHUNK):
            yield data


def _title(asked: Asked, name: str) -> str:
    return name if asked.principal.audience.is_staff else asked.words["exports_all"]


def _link(asked: Asked, path: str, form: Format, network: str | None = None) -> dict[str, str]:
    pairs = [("f", form.name), *([("network", network)] if network else [])]
    href = with_query(asked.at.base + path, [*pairs, *asked.at.language])
    return {"href": href, "rel": "enclosure", "type": form.media_type, "title": form.title}


ROUTES = (
    Route("/exports", exports, methods=["GET"]),
    Route(NETWORK, network, methods=["GET"]),
)
