"""The report to the board: gathered from the other services, set as a file."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping
from datetime import date
from enum import StrEnum

import geopandas as gpd
import numpy as np
import shapely

from gis_service.cartography.colours import colour
from gis_service.cartography.definition import LayerDefinition, MapDefinition
from gis_service.crs import to_wgs84
from gis_service.model import days
from gis_service.model.audience import Audience, Principal
from gis_service.model.collections import REGISTRY
from gis_service.model.connect import ConnectionPlan
from gis_service.model.coverage import Circumstances
from gis_service.model.fields import Language, Text
from gis_service.model.indicators import Grouping
from gis_service.model.weak_points import WeakPoint, WeakPoints
from gis_service.printing.board_facts import BoardFacts, BoardMap
from gis_service.printing.board_network import NUMBERED
from gis_service.printing.board_report import board_report
from gis_service.printing.document_html import document_html
from gis_service.printing.document_pdf import document_pages
from gis_service.printing.document_xlsx import document_xlsx
from gis_service.printing.map_drawing import AreaLayer, Layer, LineLayer, PointLayer
from gis_service.printing.signs import Fill, Mark, Stroke
from gis_service.printing.typesetting import set_pages
from gis_service.services.certification import CertificationsDue
from gis_service.services.connecting import Connecting
from gis_service.services.coverage import Coverages
from gis_service.services.map_layers import fields_of
from gis_service.services.maps import MapContents, Maps
from gis_service.services.network_questions import NetworkQuestions
from gis_service.services.printing import map_sheet
from gis_service.settings import Settings
from gis_service.store.connect import Asked

MOST_WEAK = 10
DUE_WITHIN_DAYS = 30
AROUND_M = 2_000.0
"""What the map of risks shows around the weakest points."""
BREAKS = (20.0, 40.0, 60.0, 80.0)
"""Where the classes of the share of offices connected begin, in per cent."""


class ReportFormat(StrEnum):
    """What a report can be written as."""

    PDF = "pdf"
    HTML = "html"
    XLSX = "xlsx"


class BoardReports:
    """Makes the report to the board, for planners."""

    def __init__(  # noqa: PLR0917 - the services that it asks
        self,
        maps: Maps,
        coverages: Coverages,
        questions: NetworkQuestions,
        connecting: Connecting,
        certifications: CertificationsDue,
        settings: Settings,
    ) -> None:
        self._maps = maps
        self._coverages = coverages
        self._questions = questions
        self._connecting = connecting
        self._certifications = certifications
        self._municipality = settings.municipality

    async def report(
        self,
        principal: Principal,
        language: Language,
        *,
        format: ReportFormat,  # noqa: A002 - the field's own word
        since: date | None = None,
        budget_kes: float | None = None,
    ) -> bytes:
        """
        The report as a file.

        Parameters
        ----------
        since
            The earlier day with which progress is told; a year ago by default.
        budget_kes
            What proposals may cost together; None for all that can be reached.

        Raises
        ------
        NotAllowed
            The reader is no planner.
        InvalidParameter
            The day is not past.
        PrintFailed
            The pages cannot be set.
        """
        facts = await self.facts(principal, language, since=since, budget_kes=budget_kes)

        def work() -> bytes:
            document = board_report(facts, language)
            if format is ReportFormat.HTML:
                return document_html(document)
            if format is ReportFormat.XLSX:
                return document_xlsx(document)
            return set_pages(document_pages(document))

        return await asyncio.to_thread(work)

    async def facts(
        self,
        principal: Principal,
        language: Language,
        *,
        since: date | None = None,
        budget_kes: float | None = None,
    ) -> BoardFacts:
        """What the report tells; as for `report`."""
        state, weak = await self._questions.weak_points(principal, most=MOST_WEAK)
        found = await self._connecting.plan(principal, Asked(), budget_kes=budget_kes)
        cards = await self._coverages.scorecards(principal, since=since)
        contents = await asyncio.to_thread(
            self._maps.contents, DEFINITION, principal.audience
        )
        has_gateway = bool(state.graph.nodes.gateway.any())
        drawn = await asyncio.to_thread(
            _maps, contents, principal, language, weak if has_gateway else None, found.plan
        )
        return BoardFacts(
            municipality=self._municipality,
            as_of=days.today(),
            since=cards.since,
            synthetic=contents.synthetic,
            approximate=contents.approximate,
            ward_sources=tuple(sorted(set(contents.frames["wards"]["source"].dropna()))),
            by_ward=await self._coverages.coverage(principal, Grouping.WARD),
            by_theme=await self._coverages.coverage(principal, Grouping.THEME),
            before=await self._coverages.coverage(
                principal, Grouping.WARD, Circumstances(day=cards.since)
            ),
            scorecards=cards,
            weak=weak if has_gateway else None,
            plan=found.plan,
            connection_unknown=found.unknown,
            certifications=await self._certifications.due(
                principal, within_days=DUE_WITHIN_DAYS
            ),
            coverage_map=drawn[0],
            risk_map=drawn[1],
            plan_map=drawn[2],
        )


def _layer(collection: str, style: str, **options: object) -> LayerDefinition:
    return LayerDefinition(
        collection, style, REGISTRY[collection].title, **options,  # type: ignore[arg-type]
    )


_NOTHING = Text("", "")
DEFINITION = MapDefinition(
    id="report", title=_NOTHING, description=_NOTHING, place=_NOTHING, source=_NOTHING,
    audience=Audience.PLANNER, extent=None,
    layers=(
        _layer("wards", "indicator", indicator="share_connected", breaks=BREAKS),
        _layer("fibre_links", "link"),
        _layer("offices", "office"),
        _layer("network_nodes", "node", visible=False),
    ),
)
"""What the report's maps show; the nodes are for finding where weak points lie."""


def _maps(
    contents: MapContents, principal: Principal, language: Language,
    weak: WeakPoints | None, plan: ConnectionPlan,
) -> tuple[BoardMap | None, BoardMap | None, BoardMap | None]:
    """The maps of coverage, risks and proposals."""
    fields = fields_of(DEFINITION, principal.audience)
    sheet = map_sheet(DEFINITION, contents, fields, language)
    legend = tuple(row for part in sheet.legend for row in part.rows)
    metric = {
        id_: to_wgs84(frame).to_crs(sheet.srid) for id_, frame in contents.frames.items()
    }
    below = tuple(_background(metric))

    has_wards = len(metric["wards"]) > 0
    return (
        BoardMap(sheet.srid, sheet.extent, sheet.layers, legend) if has_wards else None,
        _risk_map(weak, metric, sheet.srid, below) if weak and weak.points else None,
        (
            BoardMap(sheet.srid, sheet.extent, (*below, *_plan_layers(plan, sheet.srid)))
            if plan.connected else None
        ),
    )


def _background(metric: Mapping[str, gpd.GeoDataFrame]) -> Iterator[Layer]:
    wards, links = metric["wards"], metric["fibre_links"]
    land = Fill(colour("land"))
    names = tuple(wards["name"]) if len(wards) else ()
    edge = Stroke(colour("hatch"), 0.2)
    yield AreaLayer(wards.geometry.to_numpy(), [land] * len(wards), names, edge)
    working = links[links["status"] == "operational"] if len(links) else links
    yield LineLayer(working.geometry.to_numpy(), Stroke(colour("tone-link"), 0.35))


def _risk_map(
    weak: WeakPoints, metric: Mapping[str, gpd.GeoDataFrame], srid: int, below: tuple[Layer, ...]
) -> BoardMap | None:
    """The weak points and what is around them; None where none of them has a place."""
    layers = tuple(_weak_layers(weak, metric))
    shapes = [layer.shapes for layer in layers if len(layer.shapes)]
    if not shapes:
        return None
    seen = shapely.box(*shapely.total_bounds(np.concatenate(shapes)))
    west, south, east, north = seen.buffer(AROUND_M).bounds
    return BoardMap(srid, (west, south, east, north), (*below, *layers))


def _weak_layers(
    weak: WeakPoints, metric: Mapping[str, gpd.GeoDataFrame]
) -> Iterator[Layer]:
    links, nodes = metric["fibre_links"], metric["network_nodes"]
    red = colour("unconnected")
    ids = {id_ for point in weak.points for id_ in point.links}
    yield LineLayer(links[links.index.isin(ids)].geometry.to_numpy(), Stroke(red, 0.9))
    for rank, point in reversed(list(enumerate(weak.points[:NUMBERED], 1))):
        place = _place(point, links, nodes)
        if place is not None:
            yield PointLayer(np.array([place]), Mark("disc", red, 3.6, number=rank))


def _place(
    point: WeakPoint, links: gpd.GeoDataFrame, nodes: gpd.GeoDataFrame
) -> shapely.Point | None:
    """Where the number of a weak point stands."""
    for frame, ids in ((nodes, point.nodes), (links, point.links)):
        for id_ in ids:
            shape = frame.geometry.get(id_)
            if shape is not None and not shape.is_empty:
                return shape if frame is nodes else shape.interpolate(0.5, normalized=True)
    return None


def _plan_layers(plan: ConnectionPlan, srid: int) -> Iterator[Layer]:
    tint = colour("tone-future")
    lines = gpd.GeoSeries(
        [shapely.LineString(each.line) for each in plan.trenches if len(each.line) > 1], crs=4326
    )
    yield LineLayer(lines.to_crs(srid).to_numpy(), Stroke(tint, 0.6, (1.2, 0.8)))
    points = gpd.GeoSeries(
        [shapely.Point(each.office.lon, each.office.lat) for each in plan.connected], crs=4326
    ).to_crs(srid).to_numpy()
    yield PointLayer(points[NUMBERED:], Mark("disc", colour("unconnected"), 1.5))
    for rank in range(min(NUMBERED, len(points)), 0, -1):
        mark = Mark("disc", colour("connected"), 3.6, number=rank)
        yield PointLayer(points[rank - 1 : rank], mark)
