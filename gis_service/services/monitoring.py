"""What a machine watches: what this process holds, how much waits and how much was done."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass

from gis_service.services.safekeeping import Safekeeping, safekeeping
from gis_service.services.snapshots import Snapshots
from gis_service.services.tiles import Tiles
from gis_service.settings import Settings
from gis_service.store import workload as store
from gis_service.store.reading import Reader
from gis_service.store.roles import Login


@dataclass(frozen=True, slots=True)
class Workload:
    """
    Counts at one moment.

    Parameters
    ----------
    jobs
        Jobs by (kind, state).
    oldest_job_s
        Seconds that the first job in the queue has waited; 0 when none waits.
    """

    jobs: Mapping[tuple[str, str], int]
    oldest_job_s: float
    operations_waiting: int
    conflicts_open: int
    reports_open: int
    loads: int
    database_bytes: int


class Monitoring:
    """Looks at the parts of this process and at the database."""

    def __init__(
        self, reader: Reader, snapshots: Snapshots, tiles: Tiles, settings: Settings
    ) -> None:
        self._reader = reader.of_primary()
        self._replicas = reader.replicas
        self._settings = settings
        self._snapshots = snapshots
        self._tiles = tiles

    def questions(self) -> Mapping[Login, int]:
        """Questions of each login that the database is asked or that wait for it."""
        return self._reader.inside

    def kept_bytes(self) -> Mapping[str, int]:
        """Bytes in memory to answer from, by what they hold."""
        return {"items": self._snapshots.kept_bytes, "tiles": self._tiles.kept_bytes}

    def tiles_from(self) -> Mapping[str, int]:
        """Tiles answered since the start, by where they came from."""
        return self._tiles.answered

    def answered_by(self) -> Mapping[str, int]:
        """Questions answered since the start, by server; empty without replicas."""
        return {} if self._replicas is None else self._replicas.answered

    def replicas(self) -> Mapping[str, tuple[float, bool]]:
        """Seconds that each replica is behind, and whether it is asked."""
        all_ = () if self._replicas is None else self._replicas.all
        return {each.name: (each.lag_s, each.fault is None) for each in all_}

    async def safekeeping(self) -> Safekeeping:
        """Ages of backups and of the log of changes; nothing of it when a disk does not answer."""
        try:
            return await asyncio.to_thread(safekeeping, self._settings)
        except OSError:
            return Safekeeping()

    async def workload(self) -> Workload:
        """
        The counts of now.

        Raises
        ------
        Unavailable
            The database does not answer.
        """
        jobs = await self._reader.rows(store.JOBS_BY_STATE, store.OF_JOBS)
        counts = await self._reader.rows(store.COUNTS, store.OF_COUNTS)
        return Workload(
            jobs={(row["kind"], row["state"]): row["number"] for row in jobs},
            oldest_job_s=max((float(row["oldest_s"] or 0) for row in jobs), default=0.0),
            **counts[0],
        )
