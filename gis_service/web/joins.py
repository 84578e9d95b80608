"""Nodes of two networks that may be one place, for planners to confirm or reject."""

from __future__ import annotations

from collections.abc import Sequence
from http import HTTPStatus
from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from gis_service.errors import (
    Conflict,
    GisError,
    InvalidInput,
    InvalidParameter,
    NotFound,
    PreconditionFailed,
)
from gis_service.model.audience import Audience
from gis_service.model.edits import EditRejected
from gis_service.model.joins import USUAL_WITHIN_M, Decision, JoinPair
from gis_service.model.locales import number
from gis_service.ogc.links import with_query
from gis_service.ogc.media import HTML
from gis_service.ogc.parameters import parse_id
from gis_service.services.joins import LONGEST_NOTE, box_around
from gis_service.web.asked import COMMON_PARAMETERS, Asked, read
from gis_service.web.bodies import read_form
from gis_service.web.join_sketch import SIDE, Sketch, sketch_of
from gis_service.web.local_times import local_time
from gis_service.web.page_numbers import numbered, page_number
from gis_service.web.pages import static_address
from gis_service.web.principal import require

PATH = "/joins"
WITHIN = (100, 250, 500, 1000, 2000, 5000)
"""The distances that the page offers, in metres."""
MOST_SHOWN = 30
LONGEST_FORM = 8_000
_DEGREE_M = 110_574.0
"""A degree of latitude at the equator."""
TAKEN_BACK = "undecided"
DONE = (*Decision, TAKEN_BACK)


async def joins(request: Request) -> Response:
    """What is proposed, and what was decided."""
    asked = read(request, HTML, known=(*COMMON_PARAMETERS, "within_m", "rejected", "done", "page"))
    require(asked.principal, Audience.PLANNER)
    done = asked.parameters.get("done")
    return await _page(
        asked,
        within_m=_within(asked.parameters.get("within_m")),
        rejected=asked.parameters.get("rejected") == "yes",
        done=done if done in DONE else None,
        page=page_number(asked),
    )


async def decide(request: Request) -> Response:
    """Confirm a pair, reject it, or take back what was decided."""
    asked = read(request, HTML, negotiate=False)
    require(asked.principal, Audience.PLANNER)
    fields = await read_form(request, longest=LONGEST_FORM)
    within_m, page = _within(fields.get("within_m")), numbered(fields.get("page"))
    rejected = fields.get("rejected") == "yes"
    decision = fields.get("decision", "")
    try:
        if decision not in DONE:
            raise InvalidInput("The form names no decision: confirm, reject or take back.")
        await asked.services.joins.decide(
            asked.principal, _node(fields, "node_a"), _node(fields, "node_b"),
            None if decision == TAKEN_BACK else Decision(decision),
            note=fields.get("note") or None, request_id=request.state.request_id,
        )
    except (Conflict, EditRejected, InvalidInput, NotFound, PreconditionFailed) as error:
        return await _page(asked, within_m=within_m, rejected=rejected, fault=error, page=page)
    told = [
        ("within_m", f"{within_m:g}"), *([("rejected", "yes")] if rejected else []),
        *([("page", str(page))] if page > 1 else []), ("done", decision), *asked.at.language,
    ]
    return Response(
        status_code=HTTPStatus.SEE_OTHER,
        headers={
            "location": with_query(f"{asked.at.base}{PATH}", told), "cache-control": "no-store",
        },
    )


async def _page(
    asked: Asked,
    *,
    within_m: float,
    rejected: bool = False,
    done: str | None = None,
    fault: GisError | None = None,
    page: int = 1,
) -> Response:
    service = asked.services.joins
    first = (page - 1) * MOST_SHOWN
    found = await service.proposed(
        asked.principal, within_m=within_m, rejected=rejected, first=first, most=MOST_SHOWN
    )
    if page > 1 and not found.pairs:  # the last of this page was decided
        return await _page(
            asked, within_m=within_m, rejected=rejected, done=done, fault=fault,
            page=min(page - 1, max(1, -(-found.total // MOST_SHOWN))),
        )
    decided = await service.decided(asked.principal)
    response = asked.page(
        "joins.html",
        path=PATH,
        found=found,
        shown=await _sketched(asked, found.pairs),
        first=first,
        page_number=page,
        has_more=first + len(found.pairs) < found.total,
        confirmed=[pair for pair in decided if pair.decision is Decision.CONFIRMED],
        rejected_pairs=[pair for pair in decided if pair.decision is Decision.REJECTED],
        within=[(each, _metres(each, asked)) for each in WITHIN],
        within_m=within_m,
        with_rejected=rejected,
        done=done,
        fault=fault,
        side=SIDE,
        longest_note=LONGEST_NOTE,
        metres=lambda value: _metres(value, asked),
        wide=_width_m,
        percent=lambda value: f"{number(round(100 * value), asked.language)} %",
        time=lambda at: local_time(at, asked.language),
        stylesheets_beside=[static_address(asked.at, "joins.css")],
    )
    if fault is not None:
        response.status_code = HTTPStatus.CONFLICT
    return response


async def _sketched(
    asked: Asked, pairs: Sequence[JoinPair]
) -> list[tuple[JoinPair, Sketch]]:
    around = await asked.services.joins.around(pairs)
    return [
        (pair, sketch_of(pair, box_around(pair), lines))
        for pair, lines in zip(pairs, around, strict=True)
    ]


def _metres(value: float, asked: Asked) -> str:
    if value < 1000:
        return f"{number(round(value), asked.language)} m"
    return f"{number(round(value / 1000, 1), asked.language)} km"


def _width_m(pair: JoinPair) -> float:
    """How much ground the small map of a pair shows from south to north, and as much across."""
    box = box_around(pair)
    return (box.north - box.south) * _DEGREE_M


def _within(text: str | None) -> float:
    """One of the distances that are offered."""
    if not text:
        return USUAL_WITHIN_M
    if text not in {str(each) for each in WITHIN}:
        listed = ", ".join(map(str, WITHIN))
        raise InvalidParameter("within_m", text, f"it is one of {listed}")
    return float(text)


def _node(fields: dict[str, str], name: str) -> UUID:
    found = parse_id(fields.get(name, ""))
    if found is None:
        raise InvalidInput(f"The form names no node ({name}).")
    return found


ROUTES = (
    Route(PATH, joins, methods=["GET"]),
    Route(PATH, decide, methods=["POST"]),
)
