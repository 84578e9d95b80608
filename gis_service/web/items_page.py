"""What the page of a collection's items shows beside the table: its order and its map."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from gis_service.cartography.assets import LEAFLET_CSS, LEAFLET_JS, vendored_path
from gis_service.errors import ConfigurationError
from gis_service.model.audience import visible_geometry
from gis_service.model.fields import Field
from gis_service.model.queries import ItemsPage, ItemsQuery, SortTerm
from gis_service.ogc.sorting import is_sortable, write_sort
from gis_service.web.asked import Asked
from gis_service.web.pages import static_address

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
        href = asked.address_with(sortby=write_sort((term,)), cursor=None)
        now: Literal["ascending", "descending"] = "descending" if descending else "ascending"
        made[field.name] = Order(href, now if sorted_now else None)
    return made


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
