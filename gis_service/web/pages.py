"""HTML from templates; every value is escaped unless a template's author wrote it."""

from __future__ import annotations

import hashlib
import tomllib
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from types import MappingProxyType
from urllib.parse import quote

from starlette.requests import Request

from gis_service.cartography.assets import icon_path, own_file
from gis_service.cartography.rendering import Account, NavLink
from gis_service.cartography.templates import template
from gis_service.cartography.wording import wording
from gis_service.errors import InvalidInput
from gis_service.model.fields import LANGUAGES, Language
from gis_service.model.keys import Session
from gis_service.model.locales import number
from gis_service.ogc.links import Addresses, with_query
from gis_service.settings import Settings
from gis_service.web.menu import FOOT, MENU, Entry, entries, is_below
from gis_service.web.query_string import Parameters, read_parameters

FOLDER = Path(__file__).resolve().parent
LOGIN, LOGOUT = "/login", "/logout"
STYLESHEETS = ("gis.css", "ogc.css")
STRINGS = (
    "ogc_strings.toml", "home_strings.toml", "routes_strings.toml", "report_strings.toml",
    "fieldwork_strings.toml", "paper_strings.toml", "exports_strings.toml", "joins_strings.toml",
    "rules_strings.toml",
    "loads_strings.toml",
    "docs_strings.toml",
    "people_strings.toml", "audit_strings.toml", "privacy_strings.toml",
)
"""Words of pages that have no map."""


def page(
    request: Request, name: str, language: Language, at: Addresses, /, **context: object
) -> bytes:
    """
    A page in the reader's language.

    Parameters
    ----------
    at
        Where its links lead.
    context
        What the template names, besides the words `t` and the frame of every page.
    """
    settings: Settings = request.state.services.settings
    text = template(name).render(
        language=language,
        t=words_of(language),
        number=lambda value: number(value, language),
        icon=icon_path,
        municipality=settings.municipality,
        home=at.landing,
        nav=navigation(request, at, language),
        foot=navigation(request, at, language, FOOT),
        languages={
            other: _in_language(request, at.path + request.scope["path"], other)
            for other in LANGUAGES
        },
        stylesheets=[static_address(at, name) for name in STYLESHEETS],
        icon_href=f"{at.path}/static/icon.svg",
        at=at,
        account=account_of(request, at),
        service_address=Addresses(settings.public_base_url).landing,
        **context,
    )
    return text.encode()


def account_of(request: Request, at: Addresses) -> Account:
    """Who is logged in, or where to log in and come back."""
    session: Session | None = request.state.session
    login, logout = at.to(LOGIN), at.to(LOGOUT)
    if session is not None:
        end = f"{at.path}{quote(request.scope['path'])}?as=me" if request.state.previewing else None
        return Account(login, logout, session.client, session.csrf_token, end)
    path, query = request.scope["path"], request.scope["query_string"].decode("latin-1")
    if path not in (LOGIN, LOGOUT, "/") and request.method in ("GET", "HEAD"):
        here = f"{at.path}{quote(path)}" + (f"?{query}" if query else "")
        login = with_query(login.partition("?")[0], [("next", here), *at.language])
    return Account(login, logout)


def navigation(
    request: Request, at: Addresses, language: Language, listed: Iterable[Entry] = MENU
) -> tuple[NavLink, ...]:
    """The main menu, or another, as far as the reader may go."""
    words, path = words_of(language), request.scope["path"]
    return tuple(
        NavLink(words[each.words], at.to(each.path), current=is_below(path, each.path))
        for each in entries(request, listed)
    )


def _in_language(request: Request, path: str, language: Language) -> str:
    try:
        pairs = read_parameters(request.scope["query_string"]).pairs
    except InvalidInput:
        pairs = Parameters().pairs
    return with_query(path, [*(p for p in pairs if p[0] != "lang"), ("lang", language)])


def static_address(at: Addresses, name: str) -> str:
    """The address of one of our static files, which a browser may keep."""
    return f"{at.path}/static/{_hashed(name)}"


@cache
def _hashed(name: str) -> str:
    """A file's name with the hash of its content, by which browsers keep it."""
    return f"{name}?v={hashlib.sha256(own_file(name)).hexdigest()[:12]}"


@cache
def words_of(language: Language) -> Mapping[str, str]:
    """The phrases of every page and those of ours."""
    phrases: dict[str, dict[Language, str]] = {}
    for name in STRINGS:
        phrases |= tomllib.loads((FOLDER / name).read_text(encoding="utf-8"))
    return MappingProxyType(
        {**wording(language), **{key: texts[language] for key, texts in phrases.items()}}
    )
