"""Maps on paper, a few at a time."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import TypeVar

import geopandas as gpd
import numpy as np

from gis_service.cartography.definition import LayerDefinition, MapDefinition
from gis_service.cartography.kinds import visible_kinds
from gis_service.cartography.legend import legend
from gis_service.cartography.rendering import DEFAULT_EXTENT
from gis_service.crs import from_degrees, to_wgs84, utm_srid
from gis_service.errors import Busy, NotAllowed, PrintFailed
from gis_service.model.audience import Principal
from gis_service.model.coverage import Coverage
from gis_service.model.fields import Field, Language
from gis_service.model.indicators import Grouping
from gis_service.printing.map_frame import Bounds
from gis_service.printing.map_sheet import (
    MapSheet,
    Orientation,
    map_pages,
)
from gis_service.printing.typesetting import PageFormat, Pages, set_pages
from gis_service.services.coverage import Coverages
from gis_service.services.drawing import drawn_layers, legend_parts, node_kinds
from gis_service.services.map_layers import fields_of
from gis_service.services.maps import MapContents, Maps
from gis_service.services.painting import Painting, usual_painting
from gis_service.services.views import View, view_of, view_painting
from gis_service.settings import Settings

AT_ONCE = 1
MOST_WAITING = 8
TIMEOUT_S = 60.0
MOST_KEPT = 12

T = TypeVar("T")


class Press:
    """
    Sets pages in threads, one after the other.

    The typesetter leaves the interpreter to others while it works, so requests
    go on being answered beside it.
    """

    def __init__(self) -> None:
        self._slots = asyncio.Semaphore(AT_ONCE)
        self._waiting = 0

    async def run(self, work: Callable[[], T]) -> T:
        """
        The result of some work of printing.

        Raises
        ------
        Busy
            Too many wait for theirs.
        PrintFailed
            It takes too long. The next work waits until it ends all the same.
        """
        if self._waiting >= MOST_WAITING:
            raise Busy
        self._waiting += 1
        try:
            await self._slots.acquire()
        finally:
            self._waiting -= 1
        working = asyncio.ensure_future(asyncio.to_thread(work))
        working.add_done_callback(lambda _: self._slots.release())
        try:
            return await asyncio.wait_for(asyncio.shield(working), TIMEOUT_S)
        except TimeoutError:
            raise PrintFailed(f"Pages took longer than {TIMEOUT_S:g} seconds.") from None


class Printing:
    """
    The maps that `maps/` defines, on paper.

    The last pages are kept: who asks again, or asks whether they changed, gets
    them without setting.
    """

    def __init__(self, maps: Maps, coverages: Coverages, settings: Settings) -> None:
        self._maps = maps
        self._coverages = coverages
        self._municipality = settings.municipality
        self._press = Press()
        self._kept: OrderedDict[tuple[bytes, PageFormat], bytes] = OrderedDict()

    async def map(
        self,
        name: str,
        principal: Principal,
        language: Language,
        *,
        format: PageFormat,  # noqa: A002 - the field's own word
        orientation: Orientation = Orientation.LANDSCAPE,
        chosen: Mapping[str, str | None] | None = None,
    ) -> bytes:
        """
        A map as PDF or PNG, with what its page shows this reader.

        Parameters
        ----------
        chosen
            What staff chose to see, by the names of `views.NAMES`.

        Raises
        ------
        NotFound
            There is none of that name, or the reader may not see it.
        NotAllowed, InvalidParameter
            The reader, or the map, has no such choice.
        Busy, PrintFailed
            Too many wait for theirs; or it takes too long.
        """
        definition = self._maps.definition(name, principal)
        view = view_of(definition, chosen or {})
        at, against = await self._coverage(principal, view)

        def work() -> bytes:
            contents = self._maps.contents(definition, principal.audience)
            fields = fields_of(definition, principal.audience)
            painting = None
            if view is not None and at is not None:
                painting = view_painting(
                    definition, view, at, against, contents.scenarios, language
                )
            sheet = map_sheet(
                definition, contents, fields, language,
                municipality=self._municipality, painting=painting,
            )
            return self._set(map_pages(sheet, language, orientation=orientation), format)

        return await self._press.run(work)

    async def _coverage(
        self, principal: Principal, view: View | None
    ) -> tuple[Coverage | None, Coverage | None]:
        """Coverage by ward in the circumstances of a view, and in those it compares with."""
        if view is None:
            return None, None
        if not principal.audience.is_staff:
            raise NotAllowed("Only staff may choose what a map shows.")
        at = await self._coverages.coverage(principal, Grouping.WARD, view.at, theme=view.theme)
        if view.against is None:
            return at, None
        return at, await self._coverages.coverage(
            principal, Grouping.WARD, view.against, theme=view.theme
        )

    def _set(self, pages: Pages, format_: PageFormat) -> bytes:
        key = (pages.digest(), format_)
        made = self._kept.pop(key, None) or set_pages(pages, format=format_)
        self._kept[key] = made
        while len(self._kept) > MOST_KEPT:
            self._kept.popitem(last=False)
        return made


def map_sheet(
    definition: MapDefinition,
    contents: MapContents,
    fields: Mapping[str, tuple[Field, ...]],
    language: Language,
    *,
    municipality: str = "",
    painting: Painting | None = None,
) -> MapSheet:
    """
    A map's sheet, with the layers that its page shows at first.

    Parameters
    ----------
    painting
        The colours and numbers that staff chose; None for those of everybody.
    """
    painting = painting or usual_painting(definition, contents.summary, language)
    shown = [each for each in definition.layers if each.visible and each.collection in fields]
    box = _box(definition, shown, contents)
    srid = utm_srid((box[0] + box[2]) / 2, (box[1] + box[3]) / 2)
    frames = {
        each.collection: to_wgs84(contents.frames[each.collection]).to_crs(srid)
        for each in shown
    }
    layers = [
        drawn
        for each in shown
        for drawn in drawn_layers(
            each, frames[each.collection],
            fields=fields[each.collection], fills=painting.fills,
        )
    ]
    present = {
        each.collection: _present(each, frames[each.collection], fields[each.collection])
        for each in shown if each.style in ("link", "node")
    }
    return MapSheet(
        title=definition.title[language],
        place=definition.place[language],
        description=painting.description or definition.description[language],
        municipality=municipality,
        source=definition.source[language],
        as_of=datetime.now(UTC).date(),
        srid=srid,
        extent=_in_metres(srid, box),
        layers=tuple(layers),
        legend=tuple(legend_parts(
            legend(shown, fields, language), {each.collection: each for each in shown}, present,
            painting.legend,
        )),
        headline=painting.headline,
        beside=painting.beside,
        after=painting.after,
        synthetic=contents.synthetic,
        approximate=contents.approximate,
    )


def _box(
    definition: MapDefinition, shown: Sequence[LayerDefinition], contents: MapContents
) -> Bounds:
    """What the sheet shows, in degrees: the areas if there are any, since roads lead out."""
    if definition.extent is not None:
        return definition.extent
    areas = [each for each in shown if each.style in ("indicator", "outline")]
    frames = [contents.frames[each.collection] for each in areas or shown]
    bounds = np.array([to_wgs84(frame).total_bounds for frame in frames if len(frame)])
    bounds = bounds[np.isfinite(bounds).all(axis=1)] if len(bounds) else bounds
    if not len(bounds):
        return DEFAULT_EXTENT
    west, south = bounds[:, :2].min(axis=0).tolist()
    east, north = bounds[:, 2:].max(axis=0).tolist()
    return west, south, east, north


def _in_metres(srid: int, degrees: Bounds) -> Bounds:
    """A box of degrees in metres of a CRS; its middles reach beyond its corners."""
    west, south, east, north = degrees
    lon, lat = (west + east) / 2, (south + north) / 2
    points = np.array(from_degrees(
        srid, [(x, y) for x in (west, lon, east) for y in (south, lat, north)]
    ))
    (x0, y0), (x1, y1) = points.min(axis=0).tolist(), points.max(axis=0).tolist()
    return x0, y0, x1, y1


def _present(
    layer: LayerDefinition, frame: gpd.GeoDataFrame, fields: tuple[Field, ...]
) -> set[str]:
    """The signs that the rows of a layer of links or nodes need."""
    if layer.style == "link":
        return set(frame["status"].dropna())
    return set(node_kinds(frame, visible_kinds(fields)).tolist())
