"""Coverage worked on county by county: the same answer as of one process."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Callable
from datetime import UTC, date, datetime

import numpy as np

from gis_service.coverage.measures import (
    GroupedSums,
    OpenFaults,
    Situation,
    added,
    grouped_sums,
    no_offices,
    of_theme,
)
from gis_service.coverage.places import Places
from gis_service.coverage.situations import access_points
from gis_service.coverage.telling import coverage_of_sums
from gis_service.model import days
from gis_service.model.audience import Principal
from gis_service.model.counties import county_of
from gis_service.model.coverage import Circumstances, Coverage, Quality
from gis_service.model.indicators import Grouping
from gis_service.model.processes.coverage import COVERAGE
from gis_service.services.analyses import Handler
from gis_service.services.country.cluster import Cluster
from gis_service.services.country.counties import HOMELESS
from gis_service.services.country.coverage_part import PartCoverage, Shared
from gis_service.services.coverage import Coverages, check_asked
from gis_service.services.situations import (
    Carried,
    Survey,
    carried_in,
    network_of,
    situation_of,
    surveyed,
)
from gis_service.store.changes import Changes
from gis_service.store.coverage import FIELDS, Portion, Rows, Wanted, read_portion, read_rows
from gis_service.store.reading import Moment, Reader
from gis_service.store.roles import Login
from gis_service.store.shared_moments import shared

_BROKEN = ("office", "link", "equipment")
"""What a fault may name, of which only what is named is read here."""


class CountryCoverages(Coverages):
    """
    Tells coverage by groups, for staff, from sums that a cluster makes of each county.

    The network is searched here, as one graph without its lines: a way to a gateway
    heeds no border. Offices, routes, people and access points are told by county,
    each read by a worker, all at one moment of the database. Such sums are exact
    (`measures`), so they add up to what one process tells.

    Parameters
    ----------
    part
        `part_coverage` with the database that a worker reads.
    """

    def __init__(
        self,
        reader: Reader,
        changes: Changes,
        cluster: Cluster,
        part: Callable[[str, Shared], PartCoverage],
    ) -> None:
        super().__init__(reader, changes)
        self._cluster = cluster
        self._part = part

    def handlers(self) -> dict[str, Handler]:
        """What answers its processes, by their ids."""
        return {COVERAGE.id: self._coverage}

    async def _told(
        self, principal: Principal, by: Grouping, circumstances: Circumstances, theme: str | None
    ) -> tuple[Survey, Situation, Coverage]:
        check_asked(principal, circumstances)
        recorded = circumstances.recorded
        today = days.today() if recorded is None else days.day_of(recorded)
        wanted = Wanted(principal.audience, recorded)
        async with self._reader.moment(Login.of(principal.audience)) as moment:
            rows = await _read(moment, wanted)
            survey = await asyncio.to_thread(surveyed, rows, datetime.now(UTC))
            carried = await asyncio.to_thread(carried_in, survey, circumstances, today)
            common = Shared(
                moment=await shared(moment), wanted=wanted, circumstances=circumstances,
                today=today, grouping=by, theme=theme, adds=carried.adds,
                nodes=np.asarray(network_of(survey).nodes.index, dtype="S36"),
                node_on=carried.node_on, reached=carried.reached,
                samples=_samples(survey), broken_offices=_broken_offices(survey),
            )
            parts = await asyncio.to_thread(
                self._cluster.run, self._part, _counties(survey.ground.places), common
            )
        situation = await asyncio.to_thread(
            _faults_alone, survey, circumstances, today, carried
        )
        told = of_theme(situation, theme) if theme else situation
        coverage = coverage_of_sums(
            _together([part.groups for part in parts], told, by),
            _together([part.whole for part in parts], told, Grouping.WHOLE),
            survey.ground.places, by, circumstances=circumstances, read_at=survey.read_at,
            quality=_doubts(parts), phases=survey.phases,
        )
        return survey, situation, coverage


async def _read(moment: Moment, wanted: Wanted) -> Rows:
    """What coverage needs, but lines, cells and offices: of those what a fault names."""
    names = ("id", *FIELDS["faults"])
    faults = await read_portion(moment, wanted, "faults", Portion())
    named = {
        each: tuple({row[names.index(each)] for row in faults} - {None}) for each in _BROKEN
    }
    equipment = await read_portion(moment, wanted, "equipment", Portion(ids=named["equipment"]))
    at = ("id", *FIELDS["equipment"]).index("office")
    offices = {*named["office"], *(row[at] for row in equipment)} - {None}
    return await read_rows(moment, wanted, {
        "offices": Portion(ids=tuple(offices)),
        "fibre_links": Portion(shapes_of=named["link"]),
        "equipment": Portion(ids=named["equipment"]),
        "population": Portion(nothing=True),
    })


def _counties(places: Places) -> list[str]:
    """The counties that have wards, those with most first, and what is outside."""
    count: dict[str, int] = defaultdict(int)
    for ward in zip(places.codes, places.constituencies, strict=True):
        count[county_of(*ward)] += 1
    return [*sorted(count, key=lambda county: (-count[county], county)), HOMELESS]


def _samples(survey: Survey) -> tuple[str, ...]:
    """An access point of each technology."""
    nodes = network_of(survey).nodes
    found = access_points(nodes).values()
    return tuple({str(nodes.index[has.argmax()]) for has in found if has.any()})


def _broken_offices(survey: Survey) -> dict[str, tuple[str, ...]]:
    """Of each office that a fault names itself, the faults."""
    named = network_of(survey).faults["office"].dropna()
    return {str(office): tuple(map(str, each.index)) for office, each in named.groupby(named)}


def _faults_alone(
    survey: Survey, circumstances: Circumstances, today: date, carried: Carried
) -> Situation:
    """Open faults, with the wards and phases of what they broke."""
    situation, _ = situation_of(survey, circumstances, today, carried)
    faults = situation.faults
    assert isinstance(faults, OpenFaults)  # noqa: S101 - staff know of them
    return Situation(situation.places, no_offices(situation.offices), faults=faults)


def _together(parts: list[GroupedSums], faults: Situation, by: Grouping) -> GroupedSums:
    return added([*parts, grouped_sums(faults, by)])


def _doubts(parts: list[PartCoverage]) -> Quality:
    """What stands in doubt in all parts, offices by their ids."""
    doubts = [part.quality for part in parts]

    def offices(name: str) -> tuple[str, ...]:
        return tuple(sorted(id_ for each in doubts for id_ in getattr(each, name)))

    return Quality(
        outside=offices("outside"),
        on_edge=offices("on_edge"),
        disagreeing=offices("disagreeing"),
        undated_links=sum(each.undated_links for each in doubts),
        edge_m=doubts[0].edge_m,
    )
