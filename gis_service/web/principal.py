"""Who asks: the holder of the key in a header, or of the session in a cookie."""

from __future__ import annotations

import hmac
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, unquote_plus, urlsplit

from starlette.datastructures import Headers
from starlette.types import Message, Receive, Scope

from gis_service.errors import InvalidInput, NotAllowed, UnknownKey
from gis_service.model.audience import PUBLIC, Audience, Principal
from gis_service.model.keys import Session, holds_key
from gis_service.settings import Settings

if TYPE_CHECKING:
    from gis_service.bootstrap import Services

VARY = ("Authorization", "X-API-Key", "Cookie")
"""Headers on which the answers of all routes depend that ask who reads."""

FOR_ALL = ("/static/", "/basemap/", "/health/")
"""Paths whose answers are the same for everyone: nobody is asked who they are."""
CSRF_FIELD = "csrf_token"
CSRF_HEADER = "x-csrf-token"
HEAD_OF_FORM = 65_536
"""Bytes of a form in which its CSRF token has to stand."""

_SAFE = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})
_KEY_PARAMETERS = frozenset({"key", "apikey", "xapikey", "accesstoken", "authorization", "bearer"})
_FIELD_OF_MULTIPART = re.compile(
    rb'name="%s"\r\n\r\n([A-Za-z0-9_-]{1,100})\r\n' % CSRF_FIELD.encode()
)
_NOT_OURS = (
    "This request does not come from a page of this service. Load the page again and repeat it."
)


class KeyInAddress(InvalidInput):
    """A key stands in the address, where logs and histories keep it."""

    def __init__(self) -> None:
        super().__init__(
            "A key does not belong in an address, where logs and browsers keep it. Send it in the "
            "header Authorization: Bearer, and have this one replaced (./gis keys rotate)."
        )


@dataclass(frozen=True, slots=True)
class Identity:
    """Who asks, and the session when a browser has logged in."""

    principal: Principal = PUBLIC
    session: Session | None = None


@dataclass(frozen=True, slots=True)
class Cookies:
    """
    Names and attributes of our cookies.

    Parameters
    ----------
    secure
        Whether readers come by https only; the names then carry `__Host-`, so
        that no other host can set them.
    """

    secure: bool

    @classmethod
    def of(cls, settings: Settings) -> Cookies:
        return cls(urlsplit(settings.public_base_url).scheme == "https")

    @property
    def session(self) -> str:
        return self._named("gis_session")

    @property
    def login(self) -> str:
        return self._named("gis_login")

    @property
    def preview(self) -> str:
        return self._named("gis_as")

    @property
    def seen(self) -> str:
        return self._named("gis_seen")

    def setting(self, name: str, value: str, *, lasts_s: int) -> str:
        """The Set-Cookie header of a cookie; one that lasts 0 seconds is taken away."""
        secure = "; Secure" if self.secure else ""
        return f"{name}={value}; Path=/; Max-Age={lasts_s}; HttpOnly; SameSite=Strict{secure}"

    def _named(self, name: str) -> str:
        return f"__Host-{name}" if self.secure else name


def refuse_key_in_address(scope: Scope) -> None:
    """Raise `KeyInAddress` when the path or the query string holds a key."""
    query = scope["query_string"].decode("latin-1")
    names = {
        re.sub("[^a-z]", "", unquote_plus(piece.partition("=")[0]).lower())
        for piece in query.split("&")
        if "=" in piece
    }
    if names & _KEY_PARAMETERS or holds_key(unquote_plus(query)) or holds_key(scope["path"]):
        raise KeyInAddress


async def identify(scope: Scope, services: Services, settings: Settings) -> Identity:
    """
    Who stands behind a request.

    A key in a header counts before a cookie; without either, and with a
    session that has ended, a reader is the public.

    Raises
    ------
    UnknownKey
        The key opens nothing.
    Unavailable
        The database does not answer.
    """
    if scope["path"].startswith(FOR_ALL):
        return Identity()
    headers = Headers(scope=scope)
    shown = _shown_keys(headers)
    if shown:
        if len(shown) > 1:
            raise UnknownKey
        return Identity(await services.gate.holder(shown.pop()))
    token = cookie(headers, Cookies.of(settings).session)
    session = await services.gate.session(token) if token else None
    return Identity() if session is None else Identity(session.principal, session)


def cookie(headers: Headers, name: str) -> str | None:
    """The value of a cookie; None when it is absent or given twice differently."""
    found = set()
    for header in headers.getlist("cookie"):
        for piece in header.split(";"):
            key, _, value = piece.partition("=")
            if key.strip() == name:
                found.add(value.strip())
    return found.pop() if len(found) == 1 else None


async def check_forgery(
    scope: Scope, receive: Receive, session: Session | None, settings: Settings
) -> Receive:
    """
    Refuse a change that another site makes a logged-in browser ask for.

    Two things are asked of every request that may change something and
    authenticates by cookie: it comes from a page of ours (Origin,
    Sec-Fetch-Site), and it carries the session's token, in the header
    X-CSRF-Token or in the field `csrf_token` of its form.

    Returns
    -------
    Receive
        Gives the body, of which a part may have been read here.

    Raises
    ------
    NotAllowed
        One of the two is missing.
    """
    if session is None or scope["method"] in _SAFE:
        return receive
    headers = Headers(scope=scope)
    check_origin(headers, settings)
    sent = headers.get(CSRF_HEADER)
    if sent is None:
        head, receive = await _head_of_body(receive)
        sent = _token_in_form(head, headers.get("content-type", ""))
    if sent is None or not same(sent, session.csrf_token):
        raise NotAllowed(_NOT_OURS)
    return receive


def check_origin(headers: Headers, settings: Settings) -> None:
    """
    Raise `NotAllowed` when a browser says that another site sends the request.

    Readers may reach the service by several names: the origin is right when it
    is that of the base URL, or has the name that the request itself was sent to.
    """
    if headers.get("sec-fetch-site", "same-origin") not in {"same-origin", "none"}:
        raise NotAllowed(_NOT_OURS)
    origin = headers.get("origin")
    base = urlsplit(settings.public_base_url)
    if origin is not None and origin not in {
        f"{base.scheme}://{base.netloc}", f"{base.scheme}://{headers.get('host', '')}"
    }:
        raise NotAllowed(_NOT_OURS)


def require(principal: Principal, audience: Audience) -> None:
    """
    Refuse readers who may not do what an audience may.

    Raises
    ------
    UnknownKey
        There is no key at all.
    NotAllowed
        The key is for less.
    """
    if principal.audience.includes(audience):
        return
    if not principal.audience.is_staff:
        raise UnknownKey
    raise NotAllowed(f"This needs a key of the role {audience}; yours is {principal.audience}.")


def same(one: str, other: str) -> bool:
    """Whether two secrets are equal, told in the same time wherever they differ."""
    return hmac.compare_digest(one.encode("utf-8", "replace"), other.encode("utf-8", "replace"))


def _shown_keys(headers: Headers) -> set[str]:
    shown = {value.strip() for value in headers.getlist("x-api-key")}
    for value in headers.getlist("authorization"):
        scheme, _, rest = value.strip().partition(" ")
        if scheme.lower() == "bearer":
            shown.add(rest.strip())
    return shown


def _token_in_form(head: bytes, content_type: str) -> str | None:
    kind = content_type.partition(";")[0].strip().lower()
    if kind == "application/x-www-form-urlencoded":
        try:
            fields = parse_qs(head.decode("latin-1"), max_num_fields=1000)
        except ValueError:
            return None
        values = fields.get(CSRF_FIELD, [])
        return values[0] if len(values) == 1 else None
    if kind == "multipart/form-data" and (found := _FIELD_OF_MULTIPART.search(head)):
        return found[1].decode()
    return None


async def _head_of_body(receive: Receive) -> tuple[bytes, Receive]:
    """The body's first bytes, and a `receive` that gives the whole body."""
    messages: list[Message] = []
    head = b""
    while len(head) < HEAD_OF_FORM:
        message = await receive()
        messages.append(message)
        head += message.get("body", b"")
        if message["type"] != "http.request" or not message.get("more_body", False):
            break
    kept = iter(messages)

    async def whole() -> Message:
        for message in kept:
            return message
        return await receive()

    return head[:HEAD_OF_FORM], whole
