"""What the page of a collection's items has beside the table: order, filters, files, map."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

from gis_service.cartography.assets import LEAFLET_CSS, LEAFLET_JS, vendored_path
from gis_service.cartography.wording import wording
from gis_service.errors import ConfigurationError
from gis_service.model.audience import visible_fields, visible_geometry
from gis_service.model.fields import Collection, Field, FieldType, Language
from gis_service.model.queries import ItemsPage, ItemsQuery, SortTerm
from gis_service.ogc.links import Link
from gis_service.ogc.media import DOWNLOADS
from gis_service.ogc.sorting import is_sortable, write_sort
from gis_service.web.asked import Asked
from gis_service.web.pages import static_address
from gis_service.web.query_string import Parameters

MOST_ON_MAP = 1000


@dataclass(frozen=True, slots=True)
class Order:
    """
    How a column's heading sorts.

    Parameters
    ----------
    href
        The page sorted by the column, the other way round where it is already.
    now
        The order that the column is in now, as `aria-sort` has it; none where
        the table is sorted by another.
    """

    href: str
    now: Literal["ascending", "descending"] | None = None


@dataclass(frozen=True, slots=True)
class SmallMap:
    """Addresses of the items shown, as GeoJSON, and of what draws them."""

    features: str
    scripts: tuple[str, ...]
    styles: tuple[str, ...]


def orders(asked: Asked, query: ItemsQuery, fields: tuple[Field, ...]) -> dict[str, Order]:
    """The headings that sort, by the property's name."""
    first = query.sort[0] if query.sort else None
    made = {}
    for field in filter(is_sortable, fields):
        sorted_now = first is not None and first.field is field
        descending = first is not None and first.descending
        term = SortTerm(field, descending=sorted_now and not descending)
        href = asked.address_with(sortby=write_sort((term,)), cursor=None, offset=None)
        now: Literal["ascending", "descending"] = "descending" if descending else "ascending"
        made[field.name] = Order(href, now if sorted_now else None)
    return made


@dataclass(frozen=True, slots=True)
class Choice:
    """A property of few values, by which the page can be filtered."""

    name: str
    title: str
    options: tuple[tuple[str, str], ...]
    chosen: str


def without_blanks(asked: Asked, collection: Collection) -> Asked:
    """The question without the choices that a form sent empty: nobody made them."""
    names = {field.name for field in _choosable(asked, collection)}
    pairs = tuple(p for p in asked.parameters.pairs if p[1] or p[0] not in names)
    return replace(asked, parameters=Parameters(pairs))


def choices(asked: Asked, collection: Collection) -> tuple[Choice, ...]:
    """What the page's filters offer, and what is chosen."""
    made = []
    for field in _choosable(asked, collection):
        chosen = asked.parameters.get(field.name) or ""
        options = _options(field, asked.language)
        if chosen and chosen not in dict(options):
            options = (*options, (chosen, chosen))
        made.append(Choice(field.name, field.title[asked.language], options, chosen))
    return tuple(made)


def _choosable(asked: Asked, collection: Collection) -> list[Field]:
    fields = visible_fields(collection, asked.principal.audience)
    return [f for f in fields if f.codelist is not None or f.type is FieldType.BOOLEAN]


def _options(field: Field, language: Language) -> tuple[tuple[str, str], ...]:
    if field.codelist is not None:
        return tuple((code.code, code.title[language]) for code in field.codelist)
    words = wording(language)
    return (("true", words["yes"]), ("false", words["no"]))


def files(asked: Asked) -> list[Link]:
    """All that matches, on this page and on others, as files."""
    return [
        Link(
            asked.address_with(f=each.name, limit=None, cursor=None, lang=None),
            "alternate", each.media_type, each.title,
        )
        for each in DOWNLOADS
    ]


def small_map(asked: Asked, query: ItemsQuery, page: ItemsPage) -> SmallMap | None:
    """The map beside the table; none where there is nothing to draw, or nothing to draw it with."""
    geometry = visible_geometry(query.collection, asked.principal.audience)
    hidden = query.rendering.skip_geometry or not 0 < page.returned <= MOST_ON_MAP
    if geometry is None or hidden:
        return None
    vendor = f"{asked.at.path}/static/vendor"
    try:
        leaflet, style = (vendored_path(name) for name in (LEAFLET_JS, LEAFLET_CSS))
    except ConfigurationError:
        return None
    features = asked.address_with(
        f="json", lang=None, crs=None, precision="6", properties="", **{"exclude-properties": None}
    )
    return SmallMap(
        features,
        (f"{vendor}/{leaflet}", static_address(asked.at, "map/items.js")),
        (f"{vendor}/{style}",),
    )
