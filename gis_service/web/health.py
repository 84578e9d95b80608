"""Whether the process runs, and whether the service can answer."""

from __future__ import annotations

import orjson
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from gis_service.ogc.media import JSON
from gis_service.web.problems import RETRY_AFTER_S

_HEADERS = {"cache-control": "no-store"}


async def live(_request: Request) -> Response:
    """Asks nothing of anything else."""
    return Response(b'{"ok":true}', headers=_HEADERS, media_type=JSON.media_type)


async def ready(request: Request) -> Response:
    """Every check in plain words; 503 while one of them fails."""
    report = await request.state.services.health.ready()
    body = orjson.dumps(
        {
            "ok": report.ok,
            "checks": [
                {"name": check.name, "ok": check.ok, "message": check.message}
                for check in report.checks
            ],
        }
    )
    if report.ok:
        return Response(body, headers=_HEADERS, media_type=JSON.media_type)
    headers = {**_HEADERS, "retry-after": str(RETRY_AFTER_S)}
    return Response(body, 503, headers, JSON.media_type)


ROUTES = (
    Route("/health/live", live, methods=["GET"]),
    Route("/health/ready", ready, methods=["GET"]),
)
