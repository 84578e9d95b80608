"""Citizens' reports for planners: read, accepted, refused, mended."""

from __future__ import annotations

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
)
from gis_service.model.citizen_reports import KINDS, Beside, Received, ReportState
from gis_service.model.collections import REGISTRY
from gis_service.model.edits import EditRejected
from gis_service.model.locales import number
from gis_service.model.reference_numbers import grouped
from gis_service.ogc.media import HTML
from gis_service.ogc.parameters import parse_id
from gis_service.services.citizen_reports import (
    LONGEST_ANSWER,
    LONGEST_SUMMARY,
    Acceptance,
)
from gis_service.web.asked import COMMON_PARAMETERS, Asked, read
from gis_service.web.bodies import read_form
from gis_service.web.local_times import local_time
from gis_service.web.pages import static_address, words_of

LONGEST_FORM = 16_384
MOST_LISTED = 100


async def reports(request: Request) -> Response:
    """The reports in one state, by default those that wait."""
    asked = read(request, HTML, known=(*COMMON_PARAMETERS, "state"))
    state = _state(asked.parameters.get("state"))
    found, counts = await asked.services.reports.received(
        asked.principal, state=state, most=MOST_LISTED
    )
    return asked.page(
        "reports.html", found=found, counts=counts, state=state, states=list(ReportState),
        wards=await _ward_names(asked), **_telling(asked),
    )


async def report(request: Request) -> Response:
    """One report, what lies near it, and what can be done with it."""
    return await _one(read(request, HTML))


async def accept(request: Request) -> Response:
    """Make a report a fault, or part of one."""
    asked, form = await _sent(request)
    try:
        await asked.services.reports.accept(
            request.path_params["reference"],
            Acceptance(
                _target(form.get("target", "")),
                form.get("summary", "")[:LONGEST_SUMMARY],
                cuts=form.get("cuts") == "yes",
                public=form.get("public") == "yes",
            ),
            asked.principal, request_id=request.state.request_id,
        )
    except (Conflict, EditRejected, InvalidInput) as error:
        return await _one(asked, fault=error)
    return _back(asked)


async def refuse(request: Request) -> Response:
    """Refuse a report with a word why."""
    asked, form = await _sent(request)
    try:
        await asked.services.reports.refuse(
            request.path_params["reference"], form.get("answer", ""), asked.principal,
            request_id=request.state.request_id,
        )
    except (Conflict, InvalidInput) as error:
        return await _one(asked, fault=error)
    return _back(asked)


async def mend(request: Request) -> Response:
    """Clear the fault that a report has become."""
    asked = read(request, HTML, negotiate=False)
    try:
        await asked.services.reports.mend(
            request.path_params["reference"], asked.principal, request_id=request.state.request_id
        )
    except (Conflict, EditRejected, InvalidInput) as error:
        return await _one(asked, fault=error)
    return _back(asked)


async def forget(request: Request) -> Response:
    """Take the reporter's contact away."""
    asked = read(request, HTML, negotiate=False)
    await asked.services.reports.forget(
        request.path_params["reference"], asked.principal, request_id=request.state.request_id
    )
    return _back(asked)


async def _one(asked: Asked, *, fault: GisError | None = None) -> Response:
    text = asked.request.path_params["reference"]
    found, beside = await asked.services.reports.one(text, asked.principal)
    response = asked.page(
        "report_settled.html",
        contact_days=asked.settings.report_contact_days,
        found=found,
        groups=_groups(beside, asked),
        fault=fault,
        longest_answer=LONGEST_ANSWER,
        longest_summary=LONGEST_SUMMARY,
        wards=await _ward_names(asked),
        **_telling(asked),
    )
    if fault is not None:
        response.status_code = HTTPStatus.CONFLICT if isinstance(fault, Conflict) else (
            HTTPStatus.BAD_REQUEST
        )
    return response


def _groups(beside: tuple[Beside, ...], asked: Asked) -> list[tuple[str, list[Beside]]]:
    """What lies near, by collection."""
    made: dict[str, list[Beside]] = {}
    for each in beside:
        made.setdefault(each.collection, []).append(each)
    return [(REGISTRY[id_].title[asked.language], some) for id_, some in made.items()]


def _telling(asked: Asked) -> dict[str, object]:
    """What the templates of these pages need to tell of reports."""
    words = words_of(asked.language)

    def distance(each: Beside) -> str:
        if each.distance_m is None:
            return ""
        return words["report_metres"].format(metres=number(round(each.distance_m), asked.language))

    def summary(each: Received) -> str:
        line = " ".join(each.report.description.split())
        return line if len(line) <= 120 else line[:119] + "…"

    return {
        "kinds": KINDS,
        "grouped": grouped,
        "time": lambda at: local_time(at, asked.language),
        "distance": distance,
        "summary": summary,
        "page_styles": [static_address(asked.at, "report.css")],
    }


async def _ward_names(asked: Asked) -> dict[str, str]:
    return {ward.code: ward.name for ward in await asked.services.reports.wards()}


async def _sent(request: Request) -> tuple[Asked, dict[str, str]]:
    """The request, and the fields of its form; the envelope has asked for its token."""
    asked = read(request, HTML, negotiate=False)
    return asked, await read_form(request, longest=LONGEST_FORM)


def _target(text: str) -> tuple[str, UUID] | None:
    """`offices/ID` and the like; nothing on the map is empty."""
    if not text:
        return None
    collection, _, id_ = text.partition("/")
    found = parse_id(id_)
    if found is None:
        raise InvalidParameter("target", text, "write a collection and an id")
    return collection, found


def _state(text: str | None) -> ReportState:
    try:
        return ReportState(text or ReportState.RECEIVED)
    except ValueError:
        raise InvalidParameter(
            "state", text, f"it is one of {', '.join(ReportState)}"
        ) from None


def _back(asked: Asked) -> Response:
    reference = asked.request.path_params["reference"]
    address = asked.at.to(f"/reports/{reference}")
    return Response(
        status_code=HTTPStatus.SEE_OTHER,
        headers={"location": address, "cache-control": "private, no-store"},
    )


ROUTES = (
    Route("/reports", reports, methods=["GET"]),
    Route("/reports/{reference}", report, methods=["GET"]),
    Route("/reports/{reference}/accept", accept, methods=["POST"]),
    Route("/reports/{reference}/refuse", refuse, methods=["POST"]),
    Route("/reports/{reference}/mended", mend, methods=["POST"]),
    Route("/reports/{reference}/forget", forget, methods=["POST"]),
)
