"""
Looking as the public does: `?as=public` on any page, until `?as=me`.

It is kept in a cookie of the logged-in browser, so that all that the pages ask
for afterwards, the map's layers and tiles too, is asked under the public's own
login and holds nothing else.
"""

from __future__ import annotations

from http import HTTPStatus
from urllib.parse import quote

from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.types import Scope

from gis_service.errors import InvalidInput
from gis_service.ogc.links import Addresses, with_query
from gis_service.settings import Settings
from gis_service.web.menu import is_below
from gis_service.web.principal import Cookies, cookie
from gis_service.web.query_string import read_parameters

PARAMETER = "as"
PUBLIC, ME = "public", "me"
LASTS_S = 8 * 3600
OWN = ("/publish", "/reports", "/conflicts", "/routes", "/field", "/login", "/logout", "/static")
"""What staff do with their own eyes, also while they look as the public does."""

_SAFE = ("GET", "HEAD")


def is_previewing(scope: Scope, settings: Settings) -> bool:
    """Whether a logged-in browser wants to see what the public sees."""
    if scope["state"]["session"] is None or scope["method"] not in _SAFE:
        return False
    if any(is_below(scope["path"], path) for path in OWN):
        return False
    return cookie(Headers(scope=scope), Cookies.of(settings).preview) == PUBLIC


def switched(scope: Scope, settings: Settings) -> Response | None:
    """The answer that begins or ends it; None when that is not asked for."""
    if scope["state"]["session"] is None or scope["method"] not in _SAFE:
        return None
    try:
        pairs = read_parameters(scope["query_string"]).pairs
    except InvalidInput:
        return None
    wanted = [value for name, value in pairs if name == PARAMETER]
    if not wanted or wanted[-1] not in (PUBLIC, ME):
        return None
    path = Addresses(settings.public_base_url).path + quote(scope["path"])
    cookies, begins = Cookies.of(settings), wanted[-1] == PUBLIC
    setting = cookies.setting(
        cookies.preview, PUBLIC if begins else "", lasts_s=LASTS_S if begins else 0
    )
    return Response(
        status_code=HTTPStatus.SEE_OTHER,
        headers={
            "location": with_query(path, [pair for pair in pairs if pair[0] != PARAMETER]),
            "set-cookie": setting,
            "cache-control": "private, no-store",
        },
    )
