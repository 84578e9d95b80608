"""The public's pages, the frame for other sites, and the catalogue: the same for every reader."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from gis_service.cartography.assets import icon_path
from gis_service.cartography.figures import FigureRow
from gis_service.cartography.policy import content_security_policy
from gis_service.cartography.public_page import (
    PlaceRow,
    PublicLinks,
    embed_context,
    found_rows,
    public_context,
    ward_context,
)
from gis_service.cartography.rendering import NavLink
from gis_service.cartography.templates import template
from gis_service.errors import InvalidParameter, NotFound
from gis_service.model import codelists
from gis_service.model.audience import PUBLIC, visible_collections
from gis_service.model.fields import LANGUAGES, Text
from gis_service.model.locales import number
from gis_service.model.public import Found, PublicFacts
from gis_service.ogc import dcat
from gis_service.ogc.documents import service_description, service_title
from gis_service.ogc.links import Addresses, with_query
from gis_service.ogc.media import CSV, GEOJSON, GEOPACKAGE, HTML, JSONLD
from gis_service.ogc.parameters import parse_number
from gis_service.web.asked import COMMON_PARAMETERS, Asked, read
from gis_service.web.maps import maps_beside
from gis_service.web.pages import static_address, words_of

HERE, EMBED, REPORT = "/public", "/embed", "/report"
FILES = (GEOJSON, CSV, GEOPACKAGE)
EMBED_HEIGHT = 720
"""Height of the frame, in pixels, where it cannot grow by itself."""


@dataclass(frozen=True, slots=True)
class Finding:
    """
    What was asked by the form, and what it led to.

    Parameters
    ----------
    text, fault
        What stands in the form, and what is wrong with it.
    title
        Above what was found; empty where nothing was asked.
    nothing
        What is said where nothing was found.
    """

    text: str = ""
    fault: str = ""
    title: str = ""
    wards: tuple[FigureRow, ...] = ()
    places: tuple[PlaceRow, ...] = ()
    nothing: str = ""


async def public_page(request: Request) -> Response:
    """Who is connected, in plain answers."""
    asked = read(request, HTML, known=(*COMMON_PARAMETERS, "q", "lon", "lat"))
    site = asked.services.public
    facts, links = await site.facts(), _links(asked)
    return asked.page(
        "public.html",
        **public_context(facts, await site.picture(), links, asked.language),
        **_beside(asked),
        scripts=[static_address(asked.at, "public.js")],
        finding=await _finding(asked, facts, links),
        embed=_embed_line(asked),
        licence=NavLink(*asked.settings.licence_parts),
        language_pairs=asked.at.language,
    )


async def ward_page(request: Request) -> Response:
    """One ward: its offices, Wi-Fi and faults."""
    asked = read(request, HTML)
    site, code = asked.services.public, request.path_params["code"]
    offices, picture = await site.offices(code), await site.ward_picture(code)
    return asked.page(
        "public_ward.html",
        **ward_context(
            code, await site.facts(), _links(asked), asked.language,
            offices=offices, picture=picture,
        ),
        **_beside(asked),
    )


async def embed(request: Request) -> Response:
    """The facts for a frame in a page of another site; the only page that may stand in one."""
    asked = read(request, HTML, known=(*COMMON_PARAMETERS, "ward", "theme"))
    site, at = asked.services.public, asked.at
    facts = await site.facts()
    ward, theme = asked.parameters.get("ward"), asked.parameters.get("theme")
    if ward is not None and facts.ward(ward) is None:
        raise NotFound(f"There is no ward {ward!r}.")
    if theme is not None and theme not in codelists.THEME.values():
        known = ", ".join(codelists.THEME.values())
        raise InvalidParameter("theme", theme, f"it must be one of {known}")
    language = asked.language
    text = template("embed.html").render(
        language=language,
        t=words_of(language),
        icon=icon_path,
        number=lambda value: number(value, language),
        municipality=asked.settings.municipality,
        stylesheets=[static_address(at, name) for name in ("gis.css", "public.css")],
        scripts=[static_address(at, "embed/inside.js")],
        icon_href=f"{at.path}/static/icon.svg",
        **embed_context(
            facts, await site.picture(), _links(asked), language, ward=ward, theme=theme
        ),
    )
    return asked.answer(
        text.encode(), headers={"content-security-policy": content_security_policy(framed=True)}
    )


async def catalog(request: Request) -> Response:
    """The catalogue of what is published."""
    asked = read(request, JSONLD, negotiate=False)
    settings, at = asked.settings, Addresses(asked.settings.public_base_url)
    known = visible_collections(PUBLIC.audience)
    place = settings.municipality
    return asked.document(dcat.catalog(
        asked.address,
        [
            dcat.dataset_of(each, (
                dcat.Distribution(
                    file, with_query(at.items(each.id), [("f", file.name)])
                ) for file in FILES
            ))
            for each in known
        ],
        title=Text(*(service_title(place, each) for each in LANGUAGES)),
        description=Text(*(service_description(place, each) for each in LANGUAGES)),
        publisher=place,
        licence=settings.licence_parts[1],
        day=(await asked.services.public.facts()).as_of,
        page=at.to(HERE),
        bbox=await asked.services.features.bbox(known, PUBLIC),
        service=at.landing,
    ))


def _links(asked: Asked) -> PublicLinks:
    at, language = asked.at, asked.language
    maps = maps_beside(asked)
    return PublicLinks(
        home=at.to(HERE),
        ward=lambda code: at.to(f"{HERE}/wards/{quote(code, safe='')}"),
        map=at.map(maps[0].id) if maps else None,
        catalog=f"{at.path}{HERE}/catalog.jsonld",
        ask=f"{at.path}{HERE}",
        report=at.to(REPORT),
        data=tuple(
            (each.title[language], tuple(
                NavLink(file.title, with_query(
                    f"{at.path}/collections/{each.id}/items", [("f", file.name), *at.language]
                ))
                for file in FILES
            ))
            for each in visible_collections(PUBLIC.audience)
        ),
    )


def _beside(asked: Asked) -> dict[str, object]:
    return {"policy": None, "stylesheets_beside": [static_address(asked.at, "public.css")]}


async def _finding(asked: Asked, facts: PublicFacts, links: PublicLinks) -> Finding:
    """What the form asked; a text that cannot be searched is told beside it."""
    words, parameters, site = words_of(asked.language), asked.parameters, asked.services.public
    text = (parameters.get("q") or "").strip()
    lon, lat = parameters.get("lon"), parameters.get("lat")
    if lon is not None or lat is not None:
        found = await site.near(parse_number("lon", lon or ""), parse_number("lat", lat or ""))
        return _told(found, asked, facts, links, title=words["find_near"],
                     nothing=words["find_near_none"])
    if not text:
        return Finding()
    try:
        found = await site.found(text)
    except InvalidParameter:
        return Finding(text, words["find_short"])
    return _told(
        found, asked, facts, links, text=text,
        title=words["find_found"].replace("{text}", text),
        nothing=words["find_none"].replace("{text}", text),
    )


def _told(
    found: Found, asked: Asked, facts: PublicFacts, links: PublicLinks, *,
    title: str, nothing: str, text: str = "",
) -> Finding:
    wards, places = found_rows(found, facts, links, asked.language)
    return Finding(text, "", title, tuple(wards), tuple(places), nothing)


def _embed_line(asked: Asked) -> str:
    base = asked.settings.public_base_url
    title = words_of(asked.language)["public_title"]
    return (
        f'<iframe src="{base}{EMBED}?lang={asked.language}" title="{title}" width="100%" '
        f'height="{EMBED_HEIGHT}" frameborder="0" loading="lazy"></iframe>'
        f'<script src="{base}/static/embed/host.js" async></script>'
    )


ROUTES = (
    Route(HERE, public_page, methods=["GET"]),
    Route(f"{HERE}/catalog.jsonld", catalog, methods=["GET"]),
    Route(f"{HERE}/wards/{{code}}", ward_page, methods=["GET"]),
    Route(EMBED, embed, methods=["GET"]),
)
