"""The technician's page as files that a phone keeps: the same for everyone, without any data."""

from __future__ import annotations

import hashlib
import tomllib
from collections.abc import Mapping
from functools import cache

import orjson
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from gis_service.cartography.assets import STATIC, WEB, icon_path, own_file
from gis_service.cartography.templates import template
from gis_service.model.fields import LANGUAGES, Language
from gis_service.ogc.links import Addresses
from gis_service.ogc.media import HTML
from gis_service.settings import Settings
from gis_service.web.asked import Asked, read

PAGE, WORKER, MANIFEST = "/field", "/field/sw.js", "/field/manifest.webmanifest"
STRINGS = ("field_strings.toml", "walk_strings.toml")
STYLESHEETS = ("gis.css", "field/field.css", "field/walk.css")
BEFORE_WORKER = ("field/core.js", "field/sending.js")
"""Scripts with which the service worker begins."""
WORKER_SCRIPT = "field/worker.js"
FIRST = tuple(
    f"field/{name}.js" for name in (
        "app", "core", "data", "dom", "find", "link", "page", "place", "queue", "sending", "store",
        "update", "words",
    )
)
"""Modules that the page begins with; others are loaded when they are needed first, and kept."""
PNG_SIDES = (192, 512)
_LANG = ("lang",)


def app_version(settings: Settings) -> str:
    """A hash of all that a phone keeps of the page: it changes when any of it does."""
    return _version(settings.municipality, Addresses(settings.public_base_url).path)


async def page(request: Request) -> Response:
    """The page itself; who reads it does not change it."""
    asked = read(request, HTML, known=_LANG, negotiate=False)
    body = _page(asked.settings.municipality, asked.at.path, asked.language)
    return _unchanging(asked, body, HTML.media_type)


async def worker(request: Request) -> Response:
    """The service worker: what it keeps, what it stores and sends by, and itself."""
    asked = read(request, HTML, known=None, negotiate=False)
    body = _worker(asked.settings.municipality, asked.at.path)
    response = _unchanging(asked, body, "text/javascript; charset=utf-8")
    response.headers["service-worker-allowed"] = asked.at.path + PAGE
    return response


async def manifest(request: Request) -> Response:
    """What a phone needs to know to install the page."""
    asked = read(request, HTML, known=_LANG, negotiate=False)
    words, base = _words(asked.language), asked.at.path
    icons = [
        {
            "src": f"{base}/static/field/icon-{side}.png", "type": "image/png",
            "sizes": f"{side}x{side}", "purpose": purpose,
        }
        for side in PNG_SIDES
        for purpose in ("any", "maskable")
    ]
    document = {
        "id": base + PAGE, "start_url": f"{base}{PAGE}?lang={asked.language}", "scope": base + PAGE,
        "name": f"{words['field_title']}, {asked.settings.municipality}",
        "short_name": words["field_title"], "lang": asked.language, "display": "standalone",
        "theme_color": "#0b5f66", "background_color": "#faf8f3",
        "icons": icons,
    }
    return _unchanging(asked, orjson.dumps(document), "application/manifest+json")


def _unchanging(asked: Asked, body: bytes, media_type: str) -> Response:
    etag = f'"{hashlib.sha256(body).hexdigest()[:20]}"'
    response = asked.answer(body, headers={"etag": etag, "cache-control": "no-cache"})
    response.headers["content-type"] = media_type
    return response


@cache
def _page(municipality: str, base: str, language: Language) -> bytes:
    told = {"base": base, "language": language, "place": municipality, "words": _words(language)}
    text = template("field.html").render(
        language=language,
        t=_words(language),
        municipality=municipality,
        base=base,
        stylesheets=[f"{base}/static/{name}" for name in STYLESHEETS],
        first=[f"{base}/static/{name}" for name in FIRST],
        signs=_signs(),
        told=orjson.dumps(told).decode().replace("<", "\\u003c"),
    )
    return text.encode()


@cache
def _words(language: Language) -> Mapping[str, str]:
    phrases: dict[str, dict[Language, str]] = {}
    for name in STRINGS:
        if (WEB / name).is_file():
            phrases |= tomllib.loads((WEB / name).read_text(encoding="utf-8"))
    return {key: texts[language] for key, texts in phrases.items()}


@cache
def _signs() -> Mapping[str, str]:
    """The drawings of the page's signs by their names: its own, and those of all pages."""
    own = sorted((STATIC / "icons").glob("field-*.svg"))
    signs = {each.stem.removeprefix("field-"): icon_path(each.stem) for each in own}
    return signs | {name: icon_path(name) for name in ("search", "node", "plus", "minus")}


@cache
def scripts() -> tuple[str, ...]:
    """The page's modules, as `field/...`; the worker is none of them."""
    found = sorted((STATIC / "field").glob("*.js"))
    return tuple(f"field/{each.name}" for each in found if f"field/{each.name}" != WORKER_SCRIPT)


def _files(municipality: str, base: str) -> dict[str, str]:
    """Addresses of all that a phone keeps, with the SHA-256 of their bytes."""
    names = [*STYLESHEETS, *scripts(), *_vendored(), "icon.svg", "field/icon-192.png"]
    files = {f"{base}/static/{name}": own_file(name) for name in names}
    for language in LANGUAGES:
        files[f"{base}{PAGE}?lang={language}"] = _page(municipality, base, language)
    return {address: hashlib.sha256(content).hexdigest() for address, content in files.items()}


def _vendored() -> list[str]:
    """Libraries of others that the page loads when a phone cannot do without."""
    return [str(each.relative_to(STATIC)) for each in STATIC.glob("vendor/jsqr@*/jsQR.js")]


@cache
def _version(municipality: str, base: str) -> str:
    told = orjson.dumps(_files(municipality, base))
    code = b"".join(own_file(name) for name in (*BEFORE_WORKER, WORKER_SCRIPT))
    return hashlib.sha256(told + code).hexdigest()[:16]


@cache
def _worker(municipality: str, base: str) -> bytes:
    kept = {
        "base": base, "version": _version(municipality, base),
        "files": _files(municipality, base), "languages": LANGUAGES,
    }
    pieces = (b"self.FIELD = ", orjson.dumps(kept), b";\n",
              *(own_file(name) + b"\n" for name in (*BEFORE_WORKER, WORKER_SCRIPT)))
    return b"".join(pieces)


ROUTES = (
    Route(PAGE, page, methods=["GET"]),
    Route(WORKER, worker, methods=["GET"]),
    Route(MANIFEST, manifest, methods=["GET"]),
)
