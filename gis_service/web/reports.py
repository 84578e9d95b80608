"""Reporting a fault without an account, and following it by its number."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from http import HTTPStatus

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from gis_service.errors import (
    Busy,
    GisError,
    InvalidInput,
    InvalidParameter,
    NotFound,
    TooManyRequests,
    Unavailable,
)
from gis_service.model.citizen_reports import (
    KINDS,
    LONGEST,
    RULES,
    Followed,
    ReportRejected,
    TooManyReports,
    checked,
)
from gis_service.model.reference_numbers import grouped, read_reference
from gis_service.ogc.links import with_query
from gis_service.ogc.media import HTML
from gis_service.services.form_times import FormTooFast, FormTooOld
from gis_service.web.asked import COMMON_PARAMETERS, Asked, read
from gis_service.web.bodies import read_form
from gis_service.web.callers import client_address
from gis_service.web.local_times import local_time
from gis_service.web.pages import static_address, words_of
from gis_service.web.principal import check_origin
from gis_service.web.quota import Quota

LONGEST_FORM = 32_768
TRAP = "homepage"
"""A field that people do not see; what fills it in is a program."""
TOKEN = "form_token"  # noqa: S105  # nosec B105 # a field's name
PREFILLED = ("lon", "lat", "ward", "place", "kind")
"""What another page may say of the place beforehand."""
_PARAMETERS = (*COMMON_PARAMETERS, "reference", *PREFILLED)


class Trapped(InvalidInput):
    """A field that people do not see was filled in."""

    def __init__(self) -> None:
        super().__init__("A field that must stay empty was filled in.")


_WORDS: dict[type[GisError], tuple[str, HTTPStatus]] = {
    Trapped: ("report_trapped", HTTPStatus.BAD_REQUEST),
    FormTooFast: ("report_too_fast", HTTPStatus.BAD_REQUEST),
    FormTooOld: ("report_too_old", HTTPStatus.BAD_REQUEST),
    TooManyReports: ("report_too_many", HTTPStatus.TOO_MANY_REQUESTS),
    Unavailable: ("report_unavailable", HTTPStatus.SERVICE_UNAVAILABLE),
    Busy: ("report_unavailable", HTTPStatus.SERVICE_UNAVAILABLE),
}


@dataclass(frozen=True, slots=True)
class Doors:
    """The routes of one application, with what they remember."""

    quota: Quota

    async def form(self, request: Request) -> Response:
        """The form; or, asked for by a number, how that report stands."""
        asked = read(request, HTML, known=_PARAMETERS)
        reference = asked.parameters.get("reference")
        if reference is not None:
            known = read_reference(reference)
            if known is not None:
                return _see_other(asked, f"/report/{known}")
            return _following(asked, None, wrong=reference)
        given = {name: asked.parameters.get(name) or "" for name in PREFILLED}
        return await _form(asked, given)

    async def send(self, request: Request) -> Response:
        """Take a report in, and tell its number."""
        asked = read(request, HTML, known=_PARAMETERS, negotiate=False)
        check_origin(request.headers, asked.settings)
        given = await read_form(request, longest=LONGEST_FORM)
        try:
            self._judge(given, asked)
            report = checked(given, language=asked.language)
            self.quota.take(client_address(request.scope, asked.settings.trusted_networks))
            reference = await asked.services.reports.send(report)
        except ReportRejected as error:
            faults = {name: RULES[rule][asked.language] for name, rule in error.faults.items()}
            return await _form(asked, given, faults=faults, token=given.get(TOKEN))
        except (FormTooFast, FormTooOld, Trapped, TooManyReports, Unavailable) as error:
            return await _refused(asked, given, error)
        return _see_other(asked, f"/report/{reference}", sent=True)

    @staticmethod
    def _judge(given: dict[str, str], asked: Asked) -> None:
        """Refuse what a program fills in; raises `Trapped`, `FormTooFast`, `FormTooOld`."""
        if given.get(TRAP, ""):
            raise Trapped
        asked.services.reports.forms.check(given.get(TOKEN, ""))


async def follow(request: Request) -> Response:
    """How a report stands, and nothing else of it."""
    asked = read(request, HTML, known=(*COMMON_PARAMETERS, "sent"))
    text = request.path_params["reference"]
    try:
        found = await asked.services.reports.follow(text)
    except (InvalidParameter, NotFound) as error:
        known = read_reference(text)
        told = text if known is None else grouped(known)
        return _following(asked, None, wrong=told, unknown=isinstance(error, NotFound))
    return _following(asked, found)


async def _form(
    asked: Asked,
    given: dict[str, str],
    *,
    fault: str | None = None,
    faults: dict[str, str] | None = None,
    token: str | None = None,
) -> Response:
    reports = asked.services.reports
    response = asked.page(
        "report.html",
        contact_days=asked.settings.report_contact_days,
        kinds=KINDS,
        wards=await reports.wards(),
        given=defaultdict(str, given),
        fault=fault,
        faults=faults or {},
        longest=LONGEST,
        trap=TRAP,
        token_name=TOKEN,
        token=token or reports.forms.token(),
        page_styles=[static_address(asked.at, "report.css")],
        scripts=[static_address(asked.at, "report/place.js")],
        map_from=asked.at.path,
    )
    if fault or faults:
        response.status_code = HTTPStatus.BAD_REQUEST
    response.headers["cache-control"] = "private, no-store"
    return response


async def _refused(asked: Asked, given: dict[str, str], error: GisError) -> Response:
    """The form with all that was written, and why it was not taken."""
    words = words_of(asked.language)
    word, status = _WORDS[type(error)]
    waiting_s = error.retry_after_s if isinstance(error, TooManyRequests) else 60
    fault = words[word].format(minutes=-(-waiting_s // 60))
    token = None if isinstance(error, FormTooOld) else given.get(TOKEN)
    response = await _form(asked, given, fault=fault, token=token)
    response.status_code = status
    if status in (HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE):
        response.headers["retry-after"] = str(waiting_s)
    return response


def _following(
    asked: Asked, found: Followed | None, *, wrong: str | None = None, unknown: bool = False
) -> Response:
    response = asked.page(
        "report_followed.html",
        found=found,
        wrong=wrong,
        unknown=unknown,
        sent=asked.parameters.get("sent") == "1",
        reference=None if found is None else grouped(found.reference),
        kinds=KINDS,
        time=lambda at: local_time(at, asked.language),
        page_styles=[static_address(asked.at, "report.css")],
    )
    if found is None:
        response.status_code = HTTPStatus.NOT_FOUND
    response.headers["cache-control"] = "private, no-store"
    return response


def _see_other(asked: Asked, path: str, *, sent: bool = False) -> Response:
    address = with_query(asked.at.path + path, [
        *([("sent", "1")] if sent else []), *asked.at.language,
    ])
    return Response(
        status_code=HTTPStatus.SEE_OTHER,
        headers={"location": address, "cache-control": "private, no-store"},
    )


def routes(quota: Quota) -> tuple[Route, ...]:
    """The routes of one application, which share what an address may send."""
    doors = Doors(quota)
    return (
        Route("/report", doors.form, methods=["GET"]),
        Route("/report", doors.send, methods=["POST"]),
        Route("/report/{reference}", follow, methods=["GET"]),
    )
