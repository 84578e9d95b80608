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
from gis_service.cartography.figures import figures
from gis_service.cartography.kinds import visible_kinds
from gis_service.cartography.legend import legend
from gis_service.cartography.rendering import DEFAULT_EXTENT
from gis_service.cartography.wording import wording
from gis_service.crs import from_degrees, to_wgs84, utm_srid
from gis_service.errors import Busy, PrintFailed
from gis_service.model.audience import Principal
from gis_service.model.fields import Field, Language
from gis_service.model.locales import number
from gis_service.printing.map_frame import Bounds
from gis_service.printing.map_sheet import (
    FigureLine,
    FigureTable,
    MapSheet,
    Orientation,
    map_pages,
)
from gis_service.printing.typesetting import PageFormat, Pages, set_pages
from gis_service.printing.wording import phrase
from gis_service.services.drawing import area_fill, drawn_layers, legend_parts, node_kinds
from gis_service.services.maps import MapContents, Maps, fields_of
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

    def __init__(self, maps: Maps, settings: Settings) -> None:
        self._maps = maps
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
    ) -> bytes:
        """
        A map as PDF or PNG, with what its page shows this reader.

        Raises
        ------
        NotFound
            There is none of that name, or the reader may not see it.
        Busy, PrintFailed
            Too many wait for theirs; or it takes too long.
        """
        definition = self._maps.definition(name, principal)

        def work() -> bytes:
            contents = self._maps.contents(definition, principal.audience)
            fields = fields_of(definition, principal.audience)
            sheet = map_sheet(definition, contents, fields, language, self._municipality)
            return self._set(map_pages(sheet, language, orientation=orientation), format)

        return await self._press.run(work)

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
    municipality: str,
) -> MapSheet:
    """A map's sheet, with the layers that its page shows at first."""
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
            fields=fields[each.collection], coverage=contents.summary,
        )
    ]
    present = {
        each.collection: _present(each, frames[each.collection], fields[each.collection])
        for each in shown if each.style in ("link", "node")
    }
    headline, beside, after = _numbers(definition, contents, language)
    return MapSheet(
        title=definition.title[language],
        place=definition.place[language],
        description=definition.description[language],
        municipality=municipality,
        source=definition.source[language],
        as_of=datetime.now(UTC).date(),
        srid=srid,
        extent=_in_metres(srid, box),
        layers=tuple(layers),
        legend=tuple(legend_parts(
            legend(shown, fields, language), {each.collection: each for each in shown}, present
        )),
        headline=headline,
        beside=beside,
        after=after,
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


def _numbers(
    definition: MapDefinition, contents: MapContents, language: Language
) -> tuple[str, tuple[FigureTable, ...], tuple[FigureTable, ...]]:
    """The sentence on the sheet, the tables beside its map, and those after it."""
    layer, summary = definition.indicator_layer, contents.summary
    if layer is None or summary is None:
        return "", (), ()
    told, words = figures(summary, layer, language), wording(language)
    beside = tuple(
        FigureLine(row.title, (row.share, f"{number(row.counts.connected, language)} / "
                                          f"{number(row.counts.known, language)}"))
        for row in (*told.themes, told.total)
    )
    wards = (*told.wards, *([told.outside] if told.outside else []), told.total)
    after = tuple(
        FigureLine(
            row.title,
            (row.share, *(number(getattr(row.counts, each), language) for each in _CONNECTIONS)),
            area_fill(layer, row.step),
        )
        for row in wards
    )
    by_ward = FigureTable(
        words["by_ward"],
        (words["ward"], *(words[key] for key in ("share", *_CONNECTIONS))),
        after,
    )
    heads = (words["theme"], words["share"], phrase("connected_of_known", language))
    return told.headline, (FigureTable(words["by_theme"], heads, beside),), (by_ward,)


_CONNECTIONS = ("connected", "unconnected", "unknown")
