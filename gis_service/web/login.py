"""Logging a browser in and out."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus
from math import ceil
from typing import TYPE_CHECKING
from urllib.parse import quote, urlsplit

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from gis_service.errors import TooManyAttempts, UnknownKey
from gis_service.model.keys import new_token
from gis_service.model.locales import number
from gis_service.ogc.media import HTML
from gis_service.web.asked import Asked, read
from gis_service.web.bodies import read_form
from gis_service.web.callers import client_address
from gis_service.web.pages import LOGIN, LOGOUT, words_of
from gis_service.web.principal import CSRF_FIELD, Cookies, check_origin, cookie, same
from gis_service.web.query_string import is_plain

if TYPE_CHECKING:
    from gis_service.settings import Settings

FORM_LASTS_S = 3600
LONGEST_FORM = 16_384
LONGEST_ADDRESS = 2048
FAILURES = 10
WITHIN_S = 60.0
MOST_ADDRESSES = 4096

_TOKEN = re.compile(r"[A-Za-z0-9_-]{43}")
_PARAMETERS = ("f", "lang", "next")


class Failures:
    """
    Failed attempts of the last minute, by address.

    Old and surplus addresses are forgotten, so memory stays bounded; each
    worker counts for itself.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._at: dict[str, list[float]] = {}

    def check(self, address: str) -> None:
        """Raise `TooManyAttempts` when an address has failed too often."""
        times = self._recent(address)
        if len(times) >= FAILURES:
            raise TooManyAttempts(max(1, ceil(times[0] + WITHIN_S - self._clock())))

    def add(self, address: str) -> None:
        """Count one failure."""
        times = [*self._recent(address), self._clock()][-FAILURES:]
        self._at.pop(address, None)
        while len(self._at) >= MOST_ADDRESSES:
            del self._at[next(iter(self._at))]
        self._at[address] = times

    def _recent(self, address: str) -> list[float]:
        since = self._clock() - WITHIN_S
        return [at for at in self._at.get(address, ()) if at > since]


@dataclass(frozen=True, slots=True)
class Doors:
    """The routes of one application, with what they remember."""

    failures: Failures

    async def form(self, request: Request) -> Response:
        """The page for logging in."""
        asked = read(request, HTML, known=_PARAMETERS)
        return _form(asked, asked.parameters.get("next") or "")

    async def log_in(self, request: Request) -> Response:
        """Start a session with the key of the form, and go where the reader wanted to."""
        asked = read(request, HTML, known=_PARAMETERS, negotiate=False)
        check_origin(request.headers, asked.settings)
        cookies = Cookies.of(asked.settings)
        fields = await read_form(request, longest=LONGEST_FORM)
        following, t = fields.get("next", ""), words_of(asked.language)
        expected = cookie(request.headers, cookies.login)
        if expected is None or not same(fields.get(CSRF_FIELD, ""), expected):
            return _form(asked, following, fault=t["login_stale"], status=HTTPStatus.FORBIDDEN)
        address = client_address(request.scope, asked.settings.trusted_networks)
        try:
            self.failures.check(address)
            session = await asked.services.gate.log_in("".join(fields.get("key", "").split()))
        except TooManyAttempts as error:
            fault = t["login_too_many"].format(seconds=error.retry_after_s)
            response = _form(asked, following, fault=fault, status=HTTPStatus.TOO_MANY_REQUESTS)
            response.headers["retry-after"] = str(error.retry_after_s)
            return response
        except UnknownKey:
            self.failures.add(address)
            fault = t["login_refused"]
            response = _form(asked, following, fault=fault, status=HTTPStatus.UNAUTHORIZED)
            response.headers["www-authenticate"] = "Bearer"
            return response
        if before := cookie(request.headers, cookies.session):
            await asked.services.gate.log_out(before)
        response = _see_other(safe_address(following, asked.at.path) or asked.at.landing)
        _set(response, cookies.setting(cookies.session, session.token, lasts_s=session.lasts_s))
        _set(response, cookies.setting(cookies.login, "", lasts_s=0))
        return response

    async def log_out(self, request: Request) -> Response:
        """
        End the session; the envelope has asked for its token.

        A form of another site comes without the cookie, so without a session,
        and must not have it taken away either.
        """
        asked = read(request, HTML, known=_PARAMETERS, negotiate=False)
        check_origin(request.headers, asked.settings)
        cookies = Cookies.of(asked.settings)
        response = _see_other(asked.at.landing)
        if token := cookie(request.headers, cookies.session):
            await asked.services.gate.log_out(token)
            _set(response, cookies.setting(cookies.session, "", lasts_s=0))
            response.headers["clear-site-data"] = '"cache"'
        return response


def routes() -> list[Route]:
    """The routes, with a count of failures of their own."""
    doors = Doors(Failures())
    return [
        Route(LOGIN, doors.form, methods=["GET"]),
        Route(LOGIN, doors.log_in, methods=["POST"]),
        Route(LOGOUT, doors.log_out, methods=["POST"]),
    ]


def safe_address(wanted: str, base_path: str = "") -> str | None:
    """
    An address on this service to go to after logging in; None when it is none.

    Parameters
    ----------
    wanted
        What the request names. A path of ours only: browsers read `//host`,
        `/\\host` and what remains of a path after they drop its control
        characters as addresses of other hosts.
    base_path
        The path below which the service lies.
    """
    if (
        not wanted.startswith("/")
        or len(wanted) > LONGEST_ADDRESS
        or "\\" in wanted
        or not is_plain(wanted)
    ):
        return None
    try:
        parts = urlsplit(wanted)
    except ValueError:
        return None
    path = re.split("[?#]", wanted, maxsplit=1)[0]  # urlsplit takes `///host` for `/host`
    below = path == base_path or path.startswith(f"{base_path}/")
    if parts.scheme or parts.netloc or "//" in path or ".." in path or not below:
        return None
    if path.removeprefix(base_path).rstrip("/") in (LOGIN, LOGOUT):
        return None
    return quote(wanted, safe="/?&=%:,;@!$'()*+~-._[]")


def _form(
    asked: Asked,
    following: str,
    *,
    fault: str | None = None,
    status: HTTPStatus = HTTPStatus.OK,
) -> Response:
    """The page, with a token that its form and a cookie share."""
    settings = asked.settings
    cookies = Cookies.of(settings)
    token = cookie(asked.request.headers, cookies.login) or ""
    if not _TOKEN.fullmatch(token):
        token = new_token()
    response = asked.page(
        "login.html",
        csrf_token=token,
        following=safe_address(following, asked.at.path) or "",
        fault=fault,
        hours=number(_hours(settings), asked.language),
    )
    response.status_code = status
    response.headers["cache-control"] = "private, no-store"
    _set(response, cookies.setting(cookies.login, token, lasts_s=FORM_LASTS_S))
    return response


def _hours(settings: Settings) -> float | int:
    hours = settings.session_hours
    return int(hours) if hours == int(hours) else hours


def _see_other(address: str) -> Response:
    return Response(
        status_code=HTTPStatus.SEE_OTHER,
        headers={"location": address, "cache-control": "private, no-store"},
    )


def _set(response: Response, cookie_header: str) -> None:
    response.headers.append("set-cookie", cookie_header)
