"""Landing page, conformance and the description of the API."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from gis_service.model.collections import REGISTRY
from gis_service.ogc import documents
from gis_service.ogc.media import HTML, JSON, OPENAPI
from gis_service.ogc.openapi import openapi
from gis_service.web.asked import COMMON_PARAMETERS, Asked, read
from gis_service.web.home import home
from gis_service.web.pages import words_of

METHODS = ("get", "post", "put", "patch", "delete")
"""Members of a path in an OpenAPI document that are operations."""


async def landing(request: Request) -> Response:
    """
    For programs what the service is and where its parts are; for people the home page.

    People follow links here to which others have added parameters of their
    own, so the page takes any; the document does not.
    """
    asked = read(request, JSON, HTML, known=None)
    if not asked.is_html:
        asked.parameters.only(COMMON_PARAMETERS)
        return asked.document(
            documents.landing(
                asked.settings.municipality, asked.language, asked.at, links=asked.links()
            )
        )
    return await home(asked)


async def conformance(request: Request) -> Response:
    """The conformance classes that the service keeps."""
    asked = read(request, JSON, HTML)
    if asked.is_html:
        return asked.page("ogc_conformance.html", classes=documents.CONFORMANCE)
    return asked.document(documents.conformance())


async def api(request: Request) -> Response:
    """The OpenAPI document, or the page that lists its operations."""
    asked = read(request, OPENAPI, HTML)
    document = _document(asked)
    return _api_page(asked, document) if asked.is_html else asked.document(document)


async def api_page(request: Request) -> Response:
    """The page that lists the operations of the API."""
    asked = read(request, HTML)
    return _api_page(asked, _document(asked))


def _api_page(asked: Asked, document: documents.Document) -> Response:
    words = words_of(asked.language)
    sections: dict[str, list[tuple[str, str, documents.Document]]] = {
        tag["name"]: [] for tag in document["tags"]
    }
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            if method in METHODS:
                sections[operation["tags"][0]].append((method.upper(), path, operation))
    return asked.page(
        "ogc_api.html",
        document=document,
        sections=[
            (REGISTRY[tag].title[asked.language] if tag in REGISTRY else words[f"tag_{tag}"], each)
            for tag, each in sections.items() if each
        ],
        shared=document["components"]["parameters"],
    )


def _document(asked: Asked) -> documents.Document:
    settings = asked.settings
    return openapi(
        asked.principal.audience,
        asked.language,
        place=settings.municipality,
        base=asked.at.base,
        default_limit=settings.default_limit,
        max_limit=settings.max_limit,
        crs=asked.services.crs,
    )


ROUTES = (
    Route("/", landing, methods=["GET"]),
    Route("/conformance", conformance, methods=["GET"]),
    Route("/api", api, methods=["GET"]),
    Route("/api.html", api_page, methods=["GET"]),
)
