"""
Citizens' reports in the shape of Open311 GeoReport v2.

What it says of a report is what its number tells on the page: the kind, how it
stands and since when. Words, place and contact of a report are nobody's, so
they are in no answer. See https://wiki.open311.org/GeoReport_v2/.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from gis_service.errors import (
    GisError,
    InvalidInput,
    InvalidParameter,
    NotFound,
    TooManyRequests,
    Unavailable,
)
from gis_service.model.citizen_reports import (
    KINDS,
    RULES,
    Followed,
    Kind,
    ReportRejected,
    ReportState,
    checked,
)
from gis_service.model.fields import Language
from gis_service.ogc.media import JSON, XML, Format
from gis_service.web.asked import Asked, read
from gis_service.web.bodies import read_form
from gis_service.web.callers import client_address
from gis_service.web.open311_xml import xml
from gis_service.web.pages import words_of
from gis_service.web.query_string import UnknownParameter
from gis_service.web.quota import Quota

AT = "/open311/v2"
LONGEST_FORM = 32_768
MOST_LISTED = 1000
COMMON = ("lang", "jurisdiction_id")
"""Clients name a jurisdiction to every server; we are one."""
LISTING = ("service_request_id", "service_code", "status", "start_date", "end_date")
_REQUESTS = ("service_requests", "request")
_STATUS = {"open": ReportState.ACCEPTED, "closed": ReportState.MENDED}

_Route = Callable[[Request], Awaitable[Response]]


def _in_its_shape(route: _Route) -> _Route:
    """Tell errors as Open311 does: a list of `code` and `description`."""

    async def told(request: Request) -> Response:
        try:
            return await route(request)
        except GisError as error:
            answer = _told(error, _format(request))
            if answer is None:
                raise
            return answer

    return told


def _told(error: GisError, format_: Format) -> Response | None:
    """An error in its shape; None when it is no error that a client can cause."""
    status, told, more = HTTPStatus.BAD_REQUEST, [str(error)], {}
    if isinstance(error, ReportRejected):
        told = [f"{name}: {RULES[rule].en}" for name, rule in error.faults.items()]
    elif isinstance(error, UnknownParameter):
        more = {"known": list(error.known)}
    elif isinstance(error, NotFound):
        status = HTTPStatus.NOT_FOUND
    elif isinstance(error, TooManyRequests):
        status = HTTPStatus.TOO_MANY_REQUESTS
    elif isinstance(error, Unavailable):
        status = HTTPStatus.SERVICE_UNAVAILABLE
        told = ["The service cannot answer now. Try again in a few seconds."]
    elif not isinstance(error, InvalidInput):
        return None
    return _errors(format_, status, told, error, **more)


def _errors(
    format_: Format, status: HTTPStatus, told: list[str], error: GisError, **more: object
) -> Response:
    rows = [{"code": int(status), "description": each, **more} for each in told]
    headers = {"cache-control": "no-store"}
    if status in (HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE):
        headers["retry-after"] = str(getattr(error, "retry_after_s", 5))
    return Response(_written("errors", "error", rows, format_), status, headers,
                    format_.media_type)


@_in_its_shape
async def services(request: Request) -> Response:
    """What can be reported."""
    asked = _read(request)
    return _answer(asked, "services", "service", [_service(k, asked.language) for k in Kind])


@_in_its_shape
async def service(request: Request) -> Response:
    """One kind of report; it wants no more than the common fields."""
    asked = _read(request)
    kind = _kind(request.path_params["code"])
    definition: dict[str, Any] = {"service_code": kind.value, "attributes": []}
    if asked.format is XML:
        return _answer(asked, "service_definition", "", [definition])
    return asked.document(definition)


@_in_its_shape
async def requests(request: Request) -> Response:
    """Reports by number; without one, the newest that a planner has accepted."""
    asked = _read(request, *LISTING)
    reports, given = asked.services.reports, asked.parameters.get
    numbers = given("service_request_id")
    if numbers is not None:
        found = await reports.followed(numbers.split(",")[:100])
    else:
        status, code = given("status"), given("service_code")
        if status is not None and status not in _STATUS:
            raise InvalidParameter("status", status, "it is open or closed")
        found = await reports.accepted(
            state=None if status is None else _STATUS[status],
            kind=None if code is None else _kind(code),
            since=_time("start_date", given("start_date")),
            until=_time("end_date", given("end_date")),
            most=MOST_LISTED,
        )
    return _answer(asked, *_REQUESTS, [_request(each, asked.language) for each in found])


@_in_its_shape
async def one_request(request: Request) -> Response:
    """How one report stands."""
    asked = _read(request)
    found = await asked.services.reports.follow(request.path_params["reference"])
    return _answer(asked, *_REQUESTS, [_request(found, asked.language)])


@dataclass(frozen=True, slots=True)
class Doors:
    """The door by which reports come, with what it remembers."""

    quota: Quota

    async def send(self, request: Request) -> Response:
        """Take a report in."""
        asked = _read(request)
        given = await read_form(request, longest=LONGEST_FORM)
        if given.get("media_url", "").strip():
            raise InvalidParameter("media_url", given["media_url"], "pictures are not taken here")
        report = checked(_as_ours(given), language=asked.language)
        self.quota.take(client_address(request.scope, asked.settings.trusted_networks))
        reference = await asked.services.reports.send(report)
        notice = words_of(asked.language)["report_means_received"]
        response = _answer(
            asked, *_REQUESTS,
            [{"service_request_id": reference, "service_notice": notice, "account_id": None}],
            status=HTTPStatus.CREATED,
        )
        response.headers["location"] = (
            f"{asked.at.base}{AT}/requests/{reference}.{asked.format.name}"
        )
        response.headers["cache-control"] = "no-store"
        return response


def _as_ours(given: Mapping[str, str]) -> dict[str, str]:
    """The fields of Open311 under our own names."""
    named = " ".join(given.get(name, "").strip() for name in ("first_name", "last_name"))
    contact = (named.strip(), given.get("phone", "").strip(), given.get("email", "").strip())
    return {
        "kind": given.get("service_code", ""),
        "description": given.get("description", ""),
        "lat": given.get("lat", ""),
        "lon": given.get("long", ""),
        "place": given.get("address_string", ""),
        "contact": ", ".join(each for each in contact if each),
    }


def _service(kind: Kind, language: Language) -> dict[str, Any]:
    words = KINDS[kind]
    return {
        "service_code": kind.value,
        "service_name": words.title[language],
        "description": words.description[language],
        "metadata": False,
        "type": "realtime",
        "keywords": "",
        "group": "",
    }


def _request(found: Followed, language: Language) -> dict[str, Any]:
    words = words_of(language)
    notes = f"{words[f'report_is_{found.state}']}. {words[f'report_means_{found.state}']}"
    return {
        "service_request_id": found.reference,
        "status": "open" if found.state.is_open else "closed",
        "status_notes": f"{notes} {found.answer}" if found.answer else notes,
        "service_name": KINDS[found.kind].title[language],
        "service_code": found.kind.value,
        "requested_datetime": _time_text(found.received_at),
        "updated_datetime": _time_text(found.changed_at),
    }


def _answer(
    asked: Asked, root: str, each: str, rows: list[dict[str, Any]], *, status: int = 200
) -> Response:
    return asked.answer(_written(root, each, rows, asked.format), status=status)


def _written(root: str, each: str, rows: list[dict[str, Any]], format_: Format) -> bytes:
    return xml(root, each, rows) if format_ is XML else orjson.dumps(rows)


def _format(request: Request) -> Format:
    """By the ending of the address, as Open311 has it."""
    return XML if request.scope["path"].endswith(f".{XML.name}") else JSON


def _read(request: Request, *parameters: str) -> Asked:
    return read(request, _format(request), known=(*COMMON, *parameters), negotiate=False)


def _kind(text: str) -> Kind:
    try:
        return Kind(text)
    except ValueError:
        known = ", ".join(Kind)
        raise NotFound(f"There is no service {text[:60]!r}. Known: {known}.") from None


def _time(name: str, text: str | None) -> datetime | None:
    """A time of W3C's profile of ISO 8601; without a zone it is read as UTC."""
    if text is None:
        return None
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        rule = "write it like 2026-01-31T00:00:00Z"
        raise InvalidParameter(name, text, rule) from None
    return found if found.tzinfo is not None else found.replace(tzinfo=UTC)


def _time_text(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def routes(quota: Quota) -> tuple[Route, ...]:
    """The routes of one application; `quota` counts together with the page's."""
    send = _in_its_shape(Doors(quota).send)
    return tuple(
        Route(f"{AT}/{path}.{each.name}", route, methods=[method])
        for each in (JSON, XML)
        for path, route, method in (
            ("services", services, "GET"),
            ("services/{code}", service, "GET"),
            ("requests", requests, "GET"),
            ("requests", send, "POST"),
            ("requests/{reference}", one_request, "GET"),
        )
    )
