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
from gis_service.ogc.media import JSON
from gis_service.web.asked import Asked, read
from gis_service.web.bodies import read_form
from gis_service.web.callers import client_address
from gis_service.web.pages import words_of
from gis_service.web.query_string import UnknownParameter
from gis_service.web.quota import Quota

AT = "/open311/v2"
LONGEST_FORM = 32_768
MOST_LISTED = 1000
COMMON = ("lang", "jurisdiction_id")
"""Clients name a jurisdiction to every server; we are one."""
LISTING = ("service_request_id", "service_code", "status", "start_date", "end_date")
_STATUS = {"open": ReportState.ACCEPTED, "closed": ReportState.MENDED}

_Route = Callable[[Request], Awaitable[Response]]


def _in_its_shape(route: _Route) -> _Route:
    """Tell errors as Open311 does: a list of `code` and `description`."""

    async def told(request: Request) -> Response:
        try:
            return await route(request)
        except GisError as error:
            answer = _told(error)
            if answer is None:
                raise
            return answer

    return told


def _told(error: GisError) -> Response | None:
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
    return _errors(status, told, error, **more)


def _errors(
    status: HTTPStatus, told: list[str], error: GisError, **more: object
) -> Response:
    document = [{"code": int(status), "description": each, **more} for each in told]
    headers = {"cache-control": "no-store"}
    if status in (HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE):
        headers["retry-after"] = str(getattr(error, "retry_after_s", 5))
    return Response(orjson.dumps(document), status, headers, JSON.media_type)


@_in_its_shape
async def services(request: Request) -> Response:
    """What can be reported."""
    asked = _read(request)
    return asked.document([_service(kind, asked.language) for kind in Kind])


@_in_its_shape
async def service(request: Request) -> Response:
    """One kind of report; it wants no more than the common fields."""
    asked = _read(request)
    kind = _kind(request.path_params["code"])
    return asked.document({"service_code": kind.value, "attributes": []})


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
    return asked.document([_request(each, asked.language) for each in found])


@_in_its_shape
async def one_request(request: Request) -> Response:
    """How one report stands."""
    asked = _read(request)
    found = await asked.services.reports.follow(request.path_params["reference"])
    return asked.document([_request(found, asked.language)])


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
        response = asked.document(
            [{"service_request_id": reference, "service_notice": notice, "account_id": None}],
            status=HTTPStatus.CREATED,
        )
        response.headers["location"] = f"{asked.at.base}{AT}/requests/{reference}.json"
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
        "requested_datetime": _written(found.received_at),
        "updated_datetime": _written(found.changed_at),
    }


def _read(request: Request, *parameters: str) -> Asked:
    return read(request, JSON, known=(*COMMON, *parameters), negotiate=False)


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


def _written(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def routes(quota: Quota) -> tuple[Route, ...]:
    """The routes of one application; `quota` counts together with the page's."""
    return (
        Route(f"{AT}/services.json", services, methods=["GET"]),
        Route(f"{AT}/services/{{code}}.json", service, methods=["GET"]),
        Route(f"{AT}/requests.json", requests, methods=["GET"]),
        Route(f"{AT}/requests.json", _in_its_shape(Doors(quota).send), methods=["POST"]),
        Route(f"{AT}/requests/{{reference}}.json", one_request, methods=["GET"]),
    )
