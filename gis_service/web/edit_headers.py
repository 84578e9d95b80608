"""What the headers of a change ask: on which condition, once only, in which CRS, what answer."""

from __future__ import annotations

import hashlib
import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from starlette.requests import Request

from gis_service.errors import InvalidParameter
from gis_service.model.edits import Condition, Repeatable
from gis_service.model.queries import CRS84, ServedCrs
from gis_service.model.rights import Operation
from gis_service.ogc.etags import if_match, if_none_match
from gis_service.ogc.parameters import parse_crs
from gis_service.web.asked import Asked
from gis_service.web.bodies import PreconditionMissing

_DECIDING = ("if-match", "if-none-match", "if-unmodified-since", "content-crs", "content-type")
_KEY = re.compile(r"[\x21-\x7e]{1,255}")


def condition(asked: Asked, operation: Operation) -> Condition:
    """
    What must be true of an item for its edit to be made.

    Raises
    ------
    InvalidParameter
        A header cannot be read.
    PreconditionMissing
        None is sent, and settings require one.
    """
    if operation is Operation.CREATE:
        return Condition()
    headers = asked.request.headers
    none = headers.getlist("if-none-match")
    if match := headers.getlist("if-match"):
        found = if_match(",".join(match))
    elif (since := headers.get("if-unmodified-since")) is not None:
        found = Condition(unmodified_since=_http_date(since))
    else:
        found = Condition() if none else unconditional(asked)
    return if_none_match(",".join(none), found) if none else found


def unconditional(asked: Asked) -> Condition:
    """The condition of an edit that names none; PreconditionMissing where settings require one."""
    if asked.settings.require_if_match:
        raise PreconditionMissing
    return Condition()


def _http_date(text: str) -> datetime:
    try:
        at = parsedate_to_datetime(text)
        return (at if at.tzinfo else at.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, TypeError, OverflowError, IndexError):
        raise InvalidParameter(
            "If-Unmodified-Since", text, "it is no HTTP date; take it from Last-Modified"
        ) from None


def content_crs(asked: Asked) -> ServedCrs:
    """The CRS of a body's coordinates."""
    header = asked.request.headers.get("content-crs")
    if header is None:
        return CRS84
    uri = header.strip()
    uri = uri[1:-1] if uri.startswith("<") and uri.endswith(">") else uri
    return parse_crs("Content-Crs", uri, asked.services.crs)


def repeatable(asked: Asked, raw: bytes) -> Repeatable | None:
    """The request by its Idempotency-Key; what decides on its effect makes its fingerprint."""
    headers = asked.request.headers
    key = headers.get("idempotency-key")
    if key is None:
        return None
    if not _KEY.fullmatch(key):
        raise InvalidParameter("Idempotency-Key", key, "write 1 to 255 visible ASCII characters")
    parts = [asked.request.method, asked.path, str(asked.request.url.query)]
    parts += [headers.get(name, "") for name in _DECIDING]
    digest = hashlib.sha256("\0".join(parts).encode("utf-8", "surrogateescape"))
    digest.update(b"\0" + raw)
    owner = asked.principal.key_id or asked.principal.person_id or ""
    return Repeatable(key, owner, digest.digest())


def preference(request: Request) -> str | None:
    """What the Prefer header asks to be returned (RFC 7240); None when it asks for nothing."""
    for header in request.headers.getlist("prefer"):
        for piece in header.split(","):
            name, _, value = piece.partition(";")[0].partition("=")
            wish = value.strip().strip('"').lower()
            if name.strip().lower() == "return" and wish in ("representation", "minimal"):
                return wish
    return None
