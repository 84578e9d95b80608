"""What a cluster can be asked, and how its processes reach the database."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import click
import geopandas as gpd

from gis_service.installation import addresses_of
from gis_service.model.audience import Audience
from gis_service.model.processes.coverage import COVERAGE
from gis_service.model.processes.network import SINGLE_POINTS_OF_FAILURE
from gis_service.network.parts import Part
from gis_service.services.analyses import Analyses
from gis_service.services.country.cluster import Cluster
from gis_service.services.country.coverage import CountryCoverages
from gis_service.services.country.coverage_part import PartCoverage, Shared, part_coverage
from gis_service.services.country.quality import Seen, checked
from gis_service.services.country.weak_points import CountryWeakPoints
from gis_service.services.country.weak_points_part import county_part, county_wards
from gis_service.settings import Settings, read_settings
from gis_service.store.changes import Changes
from gis_service.store.reading import Reader
from gis_service.store.roles import Login
from gis_service.validation.ofds.checking import CheckedNetwork

SPREAD = (COVERAGE.id, SINGLE_POINTS_OF_FAILURE.id)
"""Ids of the processes that can be asked of a cluster."""

scheduler_option = click.option(
    "--scheduler", metavar="ADDRESS",
    help="Work on it county by county or network by network on a cluster of Dask: "
         "tcp://HOST:PORT, or local:N for N processes of this machine.",
)
worker_memory_option = click.option(
    "--worker-memory", "worker_mb", type=click.IntRange(min=200), default=2_000,
    show_default=True, metavar="MB", help="Memory of each process of --scheduler local.",
)


@dataclass(frozen=True, slots=True)
class Spread:
    """What answers with the help of a cluster."""

    analyses: Analyses


@asynccontextmanager
async def open_spread(settings: Settings, cluster: Cluster) -> AsyncIterator[Spread]:
    """The processes of `SPREAD` on a database that runs."""
    logins = addresses_of(settings).logins
    urls = {Login.of(audience): logins[Login.of(audience)] for audience in Audience}
    async with Reader.open(
        urls, pool_size=2, statement_timeout_s=settings.export_timeout_s
    ) as reader:
        changes = Changes(reader)  # that listens to nothing, so that nothing is kept
        coverages = CountryCoverages(reader, changes, cluster, coverage_here)
        weak_points = CountryWeakPoints(reader, cluster, wards_here, network_here)
        yield Spread(Analyses(reader, {**coverages.handlers(), **weak_points.handlers()}))


@asynccontextmanager
async def open_reader(settings: Settings) -> AsyncIterator[Reader]:
    """What planners read, from a database that runs."""
    async with Reader.open(
        {Login.PLANNER: addresses_of(settings).logins[Login.PLANNER]},
        pool_size=1, statement_timeout_s=settings.export_timeout_s,
    ) as reader:
        yield reader


def coverage_here(county: str, common: Shared) -> PartCoverage:
    """`part_coverage`, of the database that this machine's settings mean: no password travels."""
    return part_coverage(county, common, **_reached_by(Login.of(common.wanted.audience)))


def wards_here(ids: tuple[str, ...], moment: str) -> gpd.GeoDataFrame:
    """`county_wards`, as `coverage_here`."""
    return county_wards(ids, moment, **_reached_by(Login.PLANNER))


def network_here(
    county: str, own: gpd.GeoDataFrame | None, around: Sequence[gpd.GeoDataFrame], moment: str
) -> Part:
    """`county_part`, as `coverage_here`."""
    return county_part(county, own, around, moment=moment, **_reached_by(Login.PLANNER))


def quality_here(network: tuple[int, str], common: Seen) -> CheckedNetwork:
    """`checked`, as `coverage_here`."""
    settings = read_settings()
    return checked(
        network, common, address=addresses_of(settings).logins[Login.PLANNER], settings=settings
    )


def _reached_by(login: Login) -> dict[str, Any]:
    settings = read_settings()
    return {
        "address": addresses_of(settings).logins[login],
        "timeout_s": settings.export_timeout_s,
    }
