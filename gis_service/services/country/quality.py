"""The quality of many networks, each checked by a worker: the same report as of one process."""

from __future__ import annotations

import asyncio
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from sqlalchemy import URL

from gis_service.model.audience import Audience
from gis_service.model.network_exports import NetworkFormat
from gis_service.model.quality import QualityReport
from gis_service.services.country.cluster import Cluster
from gis_service.services.ofds_export import NetworkExports, package_around
from gis_service.services.quality import OURS, QualityRequest, asked_by, loaded
from gis_service.settings import Settings
from gis_service.store.reading import Reader
from gis_service.store.roles import Login
from gis_service.store.shared_moments import shared
from gis_service.validation.ofds.checking import Asked, CheckedNetwork, check_network, report_of


@dataclass(frozen=True, slots=True)
class Seen:
    """
    What every network is checked by.

    Parameters
    ----------
    moment
        Name of the moment of the database, of `store.shared_moments`.
    """

    moment: str
    asked: Asked


async def quality_by_network(
    reader: Reader,
    cluster: Cluster,
    check: Callable[[tuple[int, str], Seen], CheckedNetwork],
    settings: Settings,
    *,
    networks: Sequence[str],
    request: QualityRequest,
) -> QualityReport:
    """
    Check networks of the database as `quality_of_network`, each by a worker.

    The rules of the standard look at one network at a time, so a network is the
    part here, whatever counties it lies in. Its findings come back one network
    after the other and are counted in the order of the package. A network is a tree of
    objects and no table, so that these are Dask's futures and no frames.

    Parameters
    ----------
    check
        `checked` with the database that a worker reads.

    Raises
    ------
    NotFound, InvalidInput, UnreadableFile
        As `quality_of_network`.
    """
    began = time.monotonic()
    asked = await asyncio.to_thread(asked_by, settings, request)
    async with reader.moment(Login.PLANNER) as moment:
        around = await package_around(moment, networks)
        seen = Seen(await shared(moment), asked)

        def work() -> QualityReport:
            tasks = cluster.begun(check, list(enumerate(networks)), common=cluster.sent(seen))
            return report_of(
                {**around, "networks": [{}] * len(networks)}, _one_by_one(cluster, tasks),
                source=", ".join(networks), form=OURS,
            )

        report = await asyncio.to_thread(work)
    return replace(report, duration_s=time.monotonic() - began)


def checked(
    network: tuple[int, str], common: Seen, *, address: URL, settings: Settings
) -> CheckedNetwork:
    """
    One network of a package, read from the database and checked.

    Parameters
    ----------
    network
        Its place in the package, and its name.
    address, settings
        Of the planners' login, and of the worker's machine.
    """
    place, name = network

    async def written(path: Path) -> None:
        async with Reader.open(
            {Login.PLANNER: address}, pool_size=1,
            statement_timeout_s=settings.export_timeout_s,
        ) as reader:
            await NetworkExports(reader, settings).write(
                [name], NetworkFormat.OFDS_JSON, Audience.PLANNER, path, seen=common.moment
            )

    with tempfile.TemporaryDirectory(prefix="gis-quality-") as made:
        path = Path(made) / "package.json"
        asyncio.run(written(path))
        (found,) = loaded(path)["networks"]
    return check_network(found, place, common.asked)


def _one_by_one(cluster: Cluster, tasks: list[object]) -> Iterator[CheckedNetwork]:
    """What each task found, of which only one is here at a time."""
    while tasks:
        yield from cluster.gathered([tasks.pop(0)])
