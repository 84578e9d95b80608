"""The questions that a cluster works on, and how its processes reach the database."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from gis_service.installation import addresses_of
from gis_service.model.audience import Audience
from gis_service.model.processes.coverage import COVERAGE
from gis_service.services.analyses import Analyses
from gis_service.services.country.cluster import Cluster
from gis_service.services.country.coverage import CountryCoverages
from gis_service.services.country.coverage_part import PartCoverage, Shared, part_coverage
from gis_service.settings import Settings, read_settings
from gis_service.store.changes import Changes
from gis_service.store.reading import Reader
from gis_service.store.roles import Login

SPREAD = (COVERAGE.id,)
"""Ids of the processes that can be asked of a cluster."""


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
        yield Spread(Analyses(
            reader, CountryCoverages(reader, changes, cluster, part_here).handlers()
        ))


def part_here(county: str, common: Shared) -> PartCoverage:
    """`part_coverage`, of the database that this machine's settings mean: no password travels."""
    settings = read_settings()
    login = Login.of(common.wanted.audience)
    return part_coverage(
        county, common,
        address=addresses_of(settings).logins[login], timeout_s=settings.export_timeout_s,
    )
