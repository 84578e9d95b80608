"""Walked routes: what technicians recorded on their way, for planners to accept or refuse."""

from __future__ import annotations

import math
from collections.abc import Sequence
from http import HTTPStatus
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from gis_service.errors import Conflict, GisError, InvalidInput, NotFound, PreconditionFailed
from gis_service.model import codelists
from gis_service.model.audience import Audience
from gis_service.model.edits import EditRejected
from gis_service.model.field_operations import uuid_of
from gis_service.ogc.links import with_query
from gis_service.ogc.media import HTML
from gis_service.services.walked_routes import ACCEPTED, WalkedRoute
from gis_service.web.asked import COMMON_PARAMETERS, Asked, read
from gis_service.web.bodies import read_form
from gis_service.web.local_times import local_time
from gis_service.web.pages import static_address
from gis_service.web.principal import require

PATH = "/routes"
DONE = ("accepted", "refused")
LONGEST_FORM = 4_000
SKETCH = (220.0, 120.0)
_MARGIN = 10.0
_LEAST_DEGREES = 0.0002


async def routes(request: Request) -> Response:
    """What waits for a decision."""
    asked = read(request, HTML, known=(*COMMON_PARAMETERS, "done"))
    require(asked.principal, Audience.PLANNER)
    done = asked.parameters.get("done")
    return await _page(asked, done=done if done in DONE else None)


async def decide(request: Request) -> Response:
    """Accept one, or refuse it."""
    asked = read(request, HTML, negotiate=False)
    require(asked.principal, Audience.PLANNER)
    id_ = uuid_of(request.path_params["id"])
    if id_ is None:
        raise NotFound("There is no such route.")
    fields = await read_form(request, longest=LONGEST_FORM)
    given = fields.get("version", "")
    version = int(given) if given.isascii() and given.isdigit() and len(given) < 10 else None
    service, request_id = asked.services.walked_routes, request.state.request_id
    try:
        if fields.get("decision") == "accept":
            await service.accept(
                asked.principal, id_, fields.get("status", ""),
                public=fields.get("public") == "yes", version=version, request_id=request_id,
            )
        elif fields.get("decision") == "refuse":
            await service.refuse(asked.principal, id_, version=version, request_id=request_id)
        else:
            raise InvalidInput("The form names no decision: accept or refuse.")
    except (Conflict, EditRejected, InvalidInput, NotFound, PreconditionFailed) as error:
        return await _page(asked, fault=error)
    done = "accepted" if fields["decision"] == "accept" else "refused"
    return Response(
        status_code=HTTPStatus.SEE_OTHER,
        headers={
            "location": with_query(
                f"{asked.at.base}{PATH}", [("done", done), *asked.at.language]
            ),
            "cache-control": "no-store",
        },
    )


async def _page(
    asked: Asked, *, done: str | None = None, fault: GisError | None = None
) -> Response:
    response = asked.page(
        "walked_routes.html",
        routes=await asked.services.walked_routes.waiting(asked.principal),
        statuses=ACCEPTED,
        path=PATH,
        done=done,
        fault=fault,
        time=lambda at: local_time(at, asked.language),
        sketch=sketch,
        sketch_size=SKETCH,
        points=lambda route: _points(route, asked),
        stylesheets_beside=[static_address(asked.at, "walked_routes.css")],
    )
    if fault is not None:
        response.status_code = HTTPStatus.CONFLICT
    return response


def _points(route: WalkedRoute, asked: Asked) -> str:
    counted = (
        f"{count} \N{MULTIPLICATION SIGN} {codelists.STRUCTURE_TYPE.title(kind, asked.language)}"
        for kind, count in route.points.items()
    )
    return ", ".join(counted)


def sketch(line: Sequence[tuple[float, float]]) -> str:
    """A line (lon, lat) as the points of an SVG polyline in a box of `SKETCH`, north up."""
    lons, lats = zip(*line, strict=True)
    middle = (min(lons) + max(lons)) / 2, (min(lats) + max(lats)) / 2
    squeeze = math.cos(math.radians(middle[1]))
    width, height = SKETCH
    scale = min(
        (width - 2 * _MARGIN) / max(_LEAST_DEGREES, (max(lons) - min(lons)) * squeeze),
        (height - 2 * _MARGIN) / max(_LEAST_DEGREES, max(lats) - min(lats)),
    )
    return " ".join(
        f"{width / 2 + (lon - middle[0]) * squeeze * scale:.1f},"
        f"{height / 2 - (lat - middle[1]) * scale:.1f}"
        for lon, lat in line
    )


ROUTES: tuple[Any, ...] = (
    Route(PATH, routes, methods=["GET"]),
    Route(PATH + "/{id}", decide, methods=["POST"]),
)
