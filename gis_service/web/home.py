"""The home page: it leads each reader to the page that is theirs."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import dataclass

from starlette.responses import Response

from gis_service.cartography.figures import headline
from gis_service.errors import Unavailable
from gis_service.model.audience import Audience
from gis_service.model.locales import long_date
from gis_service.model.public import PublicFacts
from gis_service.ogc.documents import service_title
from gis_service.web.asked import Asked
from gis_service.web.maps import maps_beside
from gis_service.web.menu import Entry, has_page
from gis_service.web.pages import static_address

log = logging.getLogger("gis_service.web")


@dataclass(frozen=True, slots=True)
class Card:
    """
    A page to go to.

    Parameters
    ----------
    icon
        Name of its icon in `static/icons/`.
    """

    title: str
    text: str
    href: str
    icon: str


PUBLIC_CARDS: tuple[tuple[Entry, str], ...] = (
    (Entry("home_facts", "/public"), "bars"),
    (Entry("home_report", "/report"), "fault"),
    (Entry("home_data", "/collections"), "table"),
    (Entry("home_docs", "/docs"), "field-note"),
)
STAFF_CARDS: tuple[tuple[Entry, str], ...] = (
    (Entry("home_field", "/field", Audience.TECHNICIAN), "field"),
    (Entry("home_paper", "/paper", Audience.TECHNICIAN), "field-note"),
    (Entry("home_dashboard", "/dashboard", Audience.TECHNICIAN), "gauge"),
    (Entry("home_analysis", "/processes", Audience.TECHNICIAN), "analysis"),
    (Entry("home_conflicts", "/conflicts", Audience.PLANNER), "fork"),
    (Entry("home_reports", "/reports", Audience.PLANNER), "fault"),
    (Entry("home_loads", "/loads", Audience.PLANNER), "plus"),
    (Entry("home_publish", "/publish", Audience.PLANNER), "gateway"),
    (Entry("home_quality", "/quality", Audience.PLANNER), "gauge"),
    (Entry("home_routes", "/routes", Audience.PLANNER), "field-walk"),
    (Entry("home_joins", "/joins", Audience.PLANNER), "branch"),
    (Entry("home_people", "/people", Audience.ADMIN), "field-key"),
    (Entry("home_audit", "/audit", Audience.ADMIN), "field-queue"),
)
"""Pages and their icons; the words of each are under its key and that with `_text`."""


async def home(asked: Asked) -> Response:
    """The home page, with its figures unless the database does not answer."""
    words, place = asked.words, asked.settings.municipality
    maps = [
        Card(each.title[asked.language], each.description[asked.language],
             asked.at.map(each.id), "map")
        for each in maps_beside(asked)
    ]
    facts = await _facts(asked)
    return asked.page(
        "home.html",
        title=service_title(place, asked.language),
        heading=words["home_heading"].format(place=place),
        facts=facts,
        headline=headline(facts.table.total, asked.language) if facts else "",
        as_of=long_date(facts.as_of, asked.language) if facts else "",
        first=maps[0].href if maps else None,
        public=[*maps, *_cards(asked, PUBLIC_CARDS)],
        staff=list(_cards(asked, STAFF_CARDS)),
        stylesheets_beside=[static_address(asked.at, "home.css")],
    )


def _cards(asked: Asked, listed: tuple[tuple[Entry, str], ...]) -> Iterator[Card]:
    words = asked.words
    for entry, icon in listed:
        if entry.is_for(asked.principal.audience) and has_page(asked.request, entry.path):
            yield Card(words[entry.words], words[f"{entry.words}_text"],
                       asked.at.to(entry.path), icon)


async def _facts(asked: Asked) -> PublicFacts | None:
    """What everybody is told; without it the page still leads people on."""
    try:
        return await asked.services.public.facts()
    except Unavailable as error:
        log.warning("no figures on the front page: %s", error)
        return None
