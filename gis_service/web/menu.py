"""The main menu: who is led where, on every page."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from starlette.requests import Request

from gis_service.model.audience import Audience


@dataclass(frozen=True, slots=True)
class Entry:
    """
    A page that the main menu leads to.

    Parameters
    ----------
    words
        Key of its title.
    path
        Its route; the entry is left out where the application has none.
    least
        Who sees least of those for whom it is.
    most
        Who sees most of those for whom it is.
    """

    words: str
    path: str
    least: Audience = Audience.PUBLIC
    most: Audience = Audience.ADMIN

    def is_for(self, audience: Audience) -> bool:
        return audience.includes(self.least) and self.most.includes(audience)


MENU: tuple[Entry, ...] = (
    Entry("menu_public", "/public", most=Audience.PUBLIC),
    Entry("menu_maps", "/maps"),
    Entry("menu_field", "/field", Audience.TECHNICIAN),
    Entry("dashboard", "/dashboard", Audience.TECHNICIAN),
    Entry("menu_analysis", "/processes", Audience.TECHNICIAN),
    Entry("menu_conflicts", "/conflicts", Audience.PLANNER),
    Entry("menu_reports", "/reports", Audience.PLANNER),
    Entry("menu_loads", "/loads", Audience.PLANNER),
    Entry("menu_publish", "/publish", Audience.PLANNER),
    Entry("menu_joins", "/joins", Audience.PLANNER),
    Entry("menu_data", "/collections"),
    Entry("menu_api", "/api.html", most=Audience.PUBLIC),
)
"""In the order in which they stand; what staff seldom need is on the front page and below."""

FOOT: tuple[Entry, ...] = (
    Entry("home", "/"),
    Entry("menu_public", "/public"),
    Entry("report_heading", "/report"),
    Entry("menu_data", "/collections"),
    Entry("menu_exports", "/exports"),
    Entry("rules_heading", "/rules"),
    Entry("docs_heading", "/docs"),
    Entry("search", "/search"),
    Entry("menu_api", "/api.html"),
    Entry("privacy", "/privacy"),
)
"""Below pages of text."""


def entries(request: Request, listed: Iterable[Entry]) -> Iterator[Entry]:
    """Those of the entries that are for who asks."""
    audience = request.state.principal.audience
    return (e for e in listed if e.is_for(audience) and has_page(request, e.path))


def has_page(request: Request, path: str) -> bool:
    """Whether the application has a route of this path."""
    return path in request.app.state.paths


def is_below(path: str, entry: str) -> bool:
    """Whether a path is that of an entry or below it."""
    return path == entry or path.startswith(f"{entry}/")
