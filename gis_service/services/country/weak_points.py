"""Single points of failure worked on county by county: the same answer as of one process."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from gis_service.errors import InvalidParameter
from gis_service.model.audience import Audience, Principal
from gis_service.model.fields import Language
from gis_service.model.processes.network import SINGLE_POINTS_OF_FAILURE
from gis_service.model.weak_points import WeakKind, WeakPoint, WeakPoints
from gis_service.network.part_weak_points import PartWeakPoints, part_weak_points, together
from gis_service.network.parts import Changes, Part, bones, noted
from gis_service.network.skeleton import Skeleton, crossing_of
from gis_service.services.analyses import Document, Handler
from gis_service.services.country.cluster import Cluster
from gis_service.services.country.counties import WardReader, counties_of, ward_ids
from gis_service.services.network_documents import Positions, weak_points_document
from gis_service.services.network_questions import allow, routes_of
from gis_service.store.network_items import SCENARIO_CHANGES, routes_statement, scenario_statement
from gis_service.store.network_part import PLANNERS, names_statement
from gis_service.store.reading import Moment, Reader
from gis_service.store.roles import Login
from gis_service.store.shared_moments import shared


@dataclass(frozen=True, slots=True)
class Asked:
    """What is asked of every county."""

    changes: Changes
    most: int
    kind: WeakKind | None


class CountryWeakPoints:
    """
    Tells the single points of failure, for planners, from those of each county.

    A worker reads the network of a county and keeps it while it is asked for three
    times (`network.parts`); here only what crosses borders is put together. So no
    process holds the whole network.

    These are Dask's futures and no frames: a county's network is arrays that
    refer to each other, and rounds of questions to all counties depend on the answers
    to the one before. The counties themselves are a frame of dask-geopandas.

    Parameters
    ----------
    wards, part
        `county_wards` and `county_part` with the database that a worker reads.
    """

    def __init__(
        self, reader: Reader, cluster: Cluster, wards: WardReader, part: Callable[..., Part]
    ) -> None:
        self._reader = reader
        self._cluster = cluster
        self._wards = wards
        self._part = part

    def handlers(self) -> dict[str, Handler]:
        """What answers its processes, by their ids."""
        return {SINGLE_POINTS_OF_FAILURE.id: self._answer}

    async def _answer(
        self, inputs: Mapping[str, Any], principal: Principal, _: Language
    ) -> Document:
        allow(principal, Audience.PLANNER)
        kind = inputs["kind"]
        async with self._reader.moment(Login.PLANNER) as moment:
            asked = Asked(
                await _changes(moment, inputs["scenario"]), inputs["limit"],
                None if kind is None else WeakKind(kind),
            )
            found, positions = await asyncio.to_thread(
                self._work, await ward_ids(moment, PLANNERS), await shared(moment), asked
            )
            named = await _named(moment, found)
            links = [link for point in found.points for link in point.links]
            routes = routes_of(await moment.rows(routes_statement(map(UUID, links))))
        return weak_points_document(named, routes, positions)

    def _work(
        self, wards: dict[str, tuple[str, ...]], moment: str, asked: Asked
    ) -> tuple[WeakPoints, Positions]:
        cluster = self._cluster
        counties = counties_of(cluster, wards, self._wards, moment)
        parts = cluster.begun(
            self._part, counties.names, counties.wards, counties.around, moment=moment
        )
        notes = cluster.gathered(cluster.begun(noted, parts))
        crossing = crossing_of(notes)
        common = {"changes": asked.changes, "crossing": cluster.sent(crossing)}
        skeleton = Skeleton(
            notes, cluster.gathered(cluster.begun(bones, parts, **common)), crossing
        )
        rests = [skeleton.rest_of(number) for number in range(len(parts))]
        answers: list[PartWeakPoints] = cluster.gathered(cluster.begun(
            _answered, parts, rests, **common, most=asked.most, kind=asked.kind
        ))
        found = together(
            [each.found for each in answers], skeleton.weak(), most=asked.most, kind=asked.kind
        )
        positions = {id_: place for each in answers for id_, place in each.positions.items()}
        return found, positions | skeleton.positions


def _answered(part: Part, rest: Any, **common: Any) -> PartWeakPoints:
    return part_weak_points(part, rest=rest, **common)


async def _changes(moment: Moment, scenario: UUID | None) -> Changes:
    if scenario is None:
        return Changes()
    rows = await moment.rows(scenario_statement(scenario))
    if not rows:
        rule = "there is no such item among the scenarios"
        raise InvalidParameter("scenario", scenario, rule)
    return Changes(*(tuple(map(str, rows[0][name] or ())) for name in SCENARIO_CHANGES))


async def _named(moment: Moment, found: WeakPoints) -> WeakPoints:
    """The same with what people call the links and nodes; a site is called as its first node."""
    links = [point.id for point in found.points if point.kind is WeakKind.LINK]
    nodes = [point.id for point in found.points if point.kind in {WeakKind.NODE, WeakKind.SITE}]
    names: dict[str, str | None] = {}
    for collection, ids in (("fibre_links", links), ("network_nodes", nodes)):
        rows = await moment.rows(names_statement(collection, ids))
        names |= {str(row["id"]): row["name"] for row in rows}

    def named(point: WeakPoint) -> WeakPoint:
        return point if point.kind is WeakKind.TRENCH else replace(point, name=names[point.id])

    return replace(found, points=tuple(map(named, found.points)))
