"""What one request asks for, read once for all routes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import orjson
from starlette.requests import Request
from starlette.responses import Response

from gis_service.model.audience import Principal
from gis_service.model.fields import Language
from gis_service.ogc.links import Addresses, Link, representations, with_query
from gis_service.ogc.media import HTML, Format
from gis_service.settings import Settings
from gis_service.web.conditions import known_tag
from gis_service.web.negotiation import choose_format, choose_language
from gis_service.web.pages import page, words_of
from gis_service.web.query_string import Parameters, read_parameters

if TYPE_CHECKING:
    from gis_service.bootstrap import Services

COMMON_PARAMETERS = ("f", "lang")


@dataclass(frozen=True, slots=True)
class Asked:
    """
    A request after negotiation.

    Parameters
    ----------
    path
        The resource's path below the service's base address.
    at
        Where links lead: absolute addresses, and for pages paths that keep the
        language that was asked for.
    offered
        The formats in which the resource is offered.
    """

    request: Request
    services: Services
    principal: Principal
    parameters: Parameters
    language: Language
    format: Format
    offered: tuple[Format, ...]
    path: str
    at: Addresses

    @property
    def settings(self) -> Settings:
        return self.services.settings

    @property
    def words(self) -> Mapping[str, str]:
        """The phrases of our pages, in the reader's language."""
        return words_of(self.language)

    @property
    def is_html(self) -> bool:
        return self.format is HTML

    @property
    def address(self) -> str:
        """The resource's address without parameters: absolute, but for pages."""
        return self.at.base + self.path

    def links(self) -> list[Link]:
        """`self` and `alternate`."""
        return representations(self.address, self.offered, self.format, self.parameters.once())

    def address_with(self, **changed: str | None) -> str:
        """The resource's address with some parameters changed, or left out where None."""
        pairs = [(k, v) for k, v in self.parameters.once() if k not in changed]
        pairs.extend((k, v) for k, v in changed.items() if v is not None)
        return with_query(self.address, pairs)

    def document(self, document: object, *, status: int = 200) -> Response:
        """The answer that holds a JSON document."""
        return self.answer(orjson.dumps(document), status=status)

    def page(self, template: str, **context: object) -> Response:
        """The answer that is a page."""
        return self.answer(
            page(self.request, template, self.language, self.at, asked=self, **context)
        )

    def answer(
        self, body: bytes, *, status: int = 200, headers: Mapping[str, str] | None = None
    ) -> Response:
        """The answer with these bytes, in the format that was chosen."""
        told = {
            "vary": "Accept, Accept-Language",
            "content-language": self.language,
            "cache-control": caching(self.principal, page=self.is_html),
            **(headers or {}),
        }
        known = self.known_tag(told.get("etag")) if status == 200 else None
        if known is not None:
            return Response(status_code=304, headers=told | {"etag": known})
        return Response(body, status, headers=told, media_type=self.format.media_type)

    def known_tag(self, etag: str | None) -> str | None:
        """The tag by which the client has the answer with a tag already; None if it has not."""
        if etag is None or self.request.method not in ("GET", "HEAD"):
            return None
        return known_tag(etag, self.request.headers.get("if-none-match"))


def read(
    request: Request,
    *offered: Format,
    known: Iterable[str] | None = COMMON_PARAMETERS,
    negotiate: bool = True,
) -> Asked:
    """
    Read a request for a resource that is offered in some formats.

    Parameters
    ----------
    known
        Names of the parameters that the resource has; None leaves the check to
        the caller.
    negotiate
        Whether the Accept header has a say.

    Raises
    ------
    InvalidInput
        The query string is faulty, or a parameter is not known.
    NotAcceptable
        None of the formats is acceptable to the reader.
    """
    services: Services = request.state.services
    parameters = read_parameters(request.scope["query_string"])
    if known is not None:
        parameters.only(known)
    headers = request.headers
    accept = headers.get("accept") if negotiate else None
    lang = parameters.get("lang")
    format_ = choose_format(parameters.get("f"), accept, offered)
    at = Addresses(services.settings.public_base_url)
    return Asked(
        request=request,
        services=services,
        principal=request.state.principal,
        parameters=parameters,
        language=choose_language(lang, headers.get("accept-language")),
        format=format_,
        offered=offered,
        path=request.scope["path"],
        at=Addresses(at.path, lang) if format_ is HTML else at,
    )


def caching(principal: Principal, *, page: bool = False) -> str:
    """
    Data may change at any moment; what staff see stays out of shared caches.

    A page of staff is not kept at all: it names who is logged in, and must not
    come back after logging out.
    """
    if not principal.audience.is_staff:
        return "no-cache"
    return "private, no-store" if page else "private, no-cache"
