"""Ward sheets: what a technician needs of a ward on paper, as PDF."""

from __future__ import annotations

from collections.abc import Iterator

import geopandas as gpd
import orjson
import shapely

from gis_service.cartography.colours import colour
from gis_service.cartography.definition import LayerDefinition, MapDefinition
from gis_service.cartography.kinds import LINK_LINES
from gis_service.crs import to_wgs84, utm_srid
from gis_service.model import codelists
from gis_service.model.audience import Audience, Principal
from gis_service.model.collections import REGISTRY
from gis_service.model.days import today
from gis_service.model.fields import Language, Text
from gis_service.printing.map_drawing import INK, Layer, LineLayer, PointLayer
from gis_service.printing.map_frame import Bounds
from gis_service.printing.map_sheet import LegendPart
from gis_service.printing.signs import Mark, Sign, Stroke
from gis_service.printing.typesetting import set_pages
from gis_service.printing.ward_sheet import WardSheet, ward_pages
from gis_service.printing.wording import phrase
from gis_service.services.drawing import drawn_layers, link_stroke, road_stroke
from gis_service.services.map_layers import fields_of
from gis_service.services.maps import MapContents, Maps
from gis_service.services.printing import Press
from gis_service.services.ward_lists import WardLists
from gis_service.services.ward_packages import Document, WardPackages
from gis_service.settings import Settings

BOUNDARY = Stroke(INK, 0.45, dash=(2.4, 1.2))
NUMBERED_MM = 3.3
FAULT_MM = 4.8
_LINK_MM = 0.7
LEAST_IN_DETAIL = 5
AROUND_M = 150.0
SMALL = 0.65
"""A map of a part of the ward that is larger shows little more than the ward's own."""

_NOTHING = Text("", "")


def _layer(collection: str, style: str) -> LayerDefinition:
    return LayerDefinition(collection, style, REGISTRY[collection].title)


DEFINITION = MapDefinition(
    id="ward", title=_NOTHING, description=_NOTHING, place=_NOTHING, source=_NOTHING,
    audience=Audience.TECHNICIAN, extent=None,
    layers=(
        _layer("wards", "outline"), _layer("roads", "road"), _layer("fibre_links", "link"),
        _layer("network_nodes", "node"),
    ),
)
"""What lies below the numbers of the lists; the nodes are read for their names alone."""
_DRAWN = DEFINITION.layers[:3]


class WardSheets:
    """Sets ward sheets, one after the other."""

    def __init__(self, packages: WardPackages, maps: Maps, settings: Settings) -> None:
        self._packages = packages
        self._maps = maps
        self._municipality = settings.municipality
        self._press = Press()

    async def sheet(self, principal: Principal, language: Language, *, ward: str) -> bytes:
        """
        The sheet of a ward, as PDF.

        Parameters
        ----------
        ward
            Its code.

        Raises
        ------
        NotFound
            There is no such ward.
        Busy, PrintFailed
            Too many wait for theirs; or it takes too long.
        """
        package = orjson.loads((await self._packages.package(ward, principal)).content)

        def work() -> bytes:
            contents = self._maps.contents(DEFINITION, principal.audience)
            sheet = ward_sheet(package, contents, language, municipality=self._municipality)
            return set_pages(ward_pages(sheet, language))

        return await self._press.run(work)


def ward_sheet(
    package: Document, contents: MapContents, language: Language, *, municipality: str
) -> WardSheet:
    """
    A ward's sheet.

    Parameters
    ----------
    package
        The ward as phones take it along.
    contents
        The rows of `DEFINITION`, of the whole network.
    """
    outline = shapely.from_geojson(orjson.dumps(package["geometry"]))
    srid = utm_srid(outline.centroid.x, outline.centroid.y)
    frames = {id_: to_wgs84(each).to_crs(srid) for id_, each in contents.frames.items()}
    boundary = gpd.GeoSeries([outline], crs=4326).to_crs(srid)
    west, south, east, north = boundary.total_bounds.tolist()
    lists = WardLists(package, frames["network_nodes"]["name"].to_dict(), language)
    below = [
        drawn
        for each in _DRAWN
        for drawn in drawn_layers(
            each, frames[each.collection], fills={},
            fields=fields_of(DEFINITION, Audience.TECHNICIAN)[each.collection],
        )
    ]
    statuses = frames["fibre_links"]["status"].to_numpy()
    seen = frames["fibre_links"].intersects(shapely.box(west, south, east, north)).to_numpy()
    return WardSheet(
        ward=package["name"],
        code=package["code"],
        municipality=municipality,
        as_of=today(),
        srid=srid,
        extent=(west, south, east, north),
        detail=_detail(lists, srid, (west, south, east, north)),
        layers=(
            *below,
            LineLayer(boundary.boundary.to_numpy(), BOUNDARY),
            *_marks(lists, srid),
        ),
        legend=tuple(_legend(lists, set(statuses[seen]), len(frames["roads"]) > 0, language)),
        tables=lists.tables(),
        synthetic=contents.synthetic,
        approximate=contents.approximate,
    )


def _detail(lists: WardLists, srid: int, ward: Bounds) -> Bounds | None:
    """Around what stands in the ward, where that is a small part of it; None elsewhere."""
    listed = (*lists.nodes, *lists.offices, *lists.faults)
    points = gpd.GeoSeries(
        [shapely.Point(each.position) for each in listed if each.position is not None], crs=4326
    ).to_crs(srid)
    inside = points[points.intersects(shapely.box(*ward))]
    if len(inside) < LEAST_IN_DETAIL:
        return None
    west, south, east, north = shapely.box(*inside.total_bounds).buffer(AROUND_M).bounds
    small = max((east - west) / (ward[2] - ward[0]), (north - south) / (ward[3] - ward[1]))
    return (west, south, east, north) if small < SMALL else None


def _marks(lists: WardLists, srid: int) -> Iterator[Layer]:
    """The signs of what is listed, each with its number; what is broken on top."""
    by_mark: dict[Mark, list[shapely.Point]] = {}
    for mark, each in (
        *((_office_mark(str(each.row.get("connection")), each.number), each)
          for each in reversed(lists.offices)),
        *((_node_mark(each.number), each) for each in reversed(lists.nodes)),
        *((_fault_mark(each.number), each) for each in reversed(lists.faults)),
    ):
        if each.position is not None:
            by_mark.setdefault(mark, []).append(shapely.Point(each.position))
    for mark, points in by_mark.items():
        yield PointLayer(gpd.GeoSeries(points, crs=4326).to_crs(srid).to_numpy(), mark)


def _fault_mark(number: int) -> Mark:
    return Mark("diamond", colour("warn"), FAULT_MM, number=number)


def _node_mark(number: int) -> Mark:
    return Mark("square", colour("network"), NUMBERED_MM, number=number)


def _office_mark(connection: str, number: int) -> Mark:
    known = [code.code for code in codelists.CONNECTION]
    tone = connection if connection in known else known[-1]
    return Mark("disc", colour(tone), NUMBERED_MM, number=number)


def _legend(
    lists: WardLists, statuses: set[object], has_roads: bool, language: Language
) -> Iterator[LegendPart]:
    numbered: list[tuple[Sign, str]] = []
    if lists.faults:
        numbered.append((_fault_mark(1), phrase("sheet_fault", language)))
    if lists.nodes:
        numbered.append((_node_mark(1), REGISTRY["network_nodes"].title[language]))
    present = {str(each.row.get("connection")) for each in lists.offices}
    for code in codelists.CONNECTION:
        if code.code in present:
            title = f"{REGISTRY['offices'].title[language]}: {code.title[language]}"
            numbered.append((_office_mark(code.code, 1), title))
    if numbered:
        yield LegendPart(phrase("sheet_numbers", language), tuple(numbered))
    lines: list[tuple[Sign, str]] = [(BOUNDARY, phrase("sheet_boundary", language))]
    lines += [
        (link_stroke(line, _LINK_MM), codelists.STATUS.title(status, language))
        for status, line in LINK_LINES.items() if status in statuses
    ]
    if has_roads:
        lines.append((road_stroke("trunk"), phrase("sheet_roads", language)))
    yield LegendPart(phrase("sheet_links", language), tuple(lines))
