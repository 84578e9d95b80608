"""
The page that tells how a phone comes to trust this machine's own authority.

It is served over plain http on a port of its own, since who does not trust the
authority yet cannot reach anything else; it knows nothing but the certificate.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from urllib.parse import quote, urlsplit

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gis_service.cartography.templates import template
from gis_service.cartography.wording import wording
from gis_service.errors import InvalidInput
from gis_service.model.fields import LANGUAGES, Language
from gis_service.model.locales import long_date
from gis_service.ogc.links import Addresses
from gis_service.services.certificates import fingerprint
from gis_service.settings import Settings
from gis_service.web import static
from gis_service.web.negotiation import choose_language
from gis_service.web.pages import FOLDER, STYLESHEETS, static_address
from gis_service.web.security import COMMON

PAGE, FILE = "/trust", "/trust/authority.crt"
STYLES = (*STYLESHEETS, "trust.css")
PHONES = ("android", "iphone", "computer")


@dataclass(frozen=True, slots=True)
class Trust:
    """
    What the page tells.

    Parameters
    ----------
    address
        The service's https address, to go to afterwards.
    certificate
        The authority's certificate, DER.
    fingerprint
        Its SHA-256, in pairs of digits.
    """

    municipality: str
    address: str
    certificate: bytes
    name: str
    fingerprint: tuple[str, ...]
    ends: date

    @classmethod
    def of(cls, settings: Settings, authority: x509.Certificate) -> Trust:
        names = authority.subject.get_attributes_for_oid(x509.NameOID.COMMON_NAME)
        return cls(
            municipality=settings.municipality,
            address=settings.public_base_url,
            certificate=authority.public_bytes(Encoding.DER),
            name=str(names[0].value),
            fingerprint=tuple(fingerprint(authority).split(":")),
            ends=authority.not_valid_after_utc.date(),
        )


def trust_app(trust: Trust) -> Starlette:
    """The page, the certificate, and the way to the service for everything else."""

    async def page(request: Request) -> Response:
        language = _language(request)
        text = template("trust.html").render(
            language=language,
            t=_words(language),
            municipality=trust.municipality,
            home=None,
            nav=(),
            foot=(),
            account=None,
            languages={other: f"{PAGE}?lang={other}" for other in LANGUAGES},
            stylesheets=[static_address(Addresses(""), name) for name in STYLES],
            icon_href="/static/icon.svg",
            trust=trust,
            file=FILE,
            phones=PHONES,
            mine=_phone(request.headers.get("user-agent", "")),
            ends=long_date(trust.ends, language),
            field=f"{trust.address}/field",
        )
        return Response(text, media_type="text/html", headers={
            "content-language": language, "cache-control": "no-cache",
            "vary": "Accept-Language, User-Agent",
        })

    async def authority(_request: Request) -> Response:
        return Response(trust.certificate, media_type="application/x-x509-ca-cert")

    async def onward(request: Request) -> Response:
        query = request.scope["query_string"].decode("latin-1")
        path = quote(request.scope["path"]).lstrip("/")
        if path == "":
            return RedirectResponse(PAGE, 302)
        address = f"{_base(trust.address, request)}/{path}" + (f"?{query}" if query else "")
        return RedirectResponse(address, 302)

    return Starlette(
        routes=[
            Route(PAGE, page),
            Route(FILE, authority),
            static.mount(),
            Route("/{path:path}", onward),
        ],
        middleware=[Middleware(_Headers)],
    )


class _Headers:
    """ASGI middleware that adds the headers of every answer."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [
                    *message["headers"],
                    *((name.encode(), value.encode()) for name, value in COMMON.items()),
                ]
            await send(message)

        await self._app(scope, receive, with_headers)


def _base(address: str, request: Request) -> str:
    """The service under the name by which the reader came here, which the certificate has too."""
    known = urlsplit(address)
    name = request.url.hostname or ""
    if known.path or not name or name == known.hostname:
        return address
    host = f"[{name}]" if ":" in name else name
    return f"https://{host}:{known.port or 443}"


def _language(request: Request) -> Language:
    accepted = request.headers.get("accept-language")
    try:
        return choose_language(request.query_params.get("lang"), accepted)
    except InvalidInput:
        return choose_language(None, accepted)


def _phone(agent: str) -> str:
    """Whose steps are shown open."""
    if "iPhone" in agent or "iPad" in agent:
        return "iphone"
    return "android" if "Android" in agent else "computer"


@cache
def _words(language: Language) -> Mapping[str, str]:
    phrases = tomllib.loads((FOLDER / "trust_strings.toml").read_text(encoding="utf-8"))
    return {**wording(language), **{key: texts[language] for key, texts in phrases.items()}}
