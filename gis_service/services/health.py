"""Whether the service can do its work, and what to do when it cannot."""

from __future__ import annotations

import asyncio
import shutil
import time
from dataclasses import dataclass

from sqlalchemy import text

from gis_service.errors import GisError
from gis_service.model.findings import State, worst
from gis_service.services.doctor.machine import LEAST_FREE_MB
from gis_service.services.doctor.upkeep import upkeep
from gis_service.settings import Settings
from gis_service.store.reading import Reader
from gis_service.store.roles import Login
from gis_service.store.tables import SCHEMA, VERSION_TABLE

UPKEEP_KEPT_S = 60.0
"""So long the state of backups and certificates is not looked at again."""


@dataclass(frozen=True, slots=True)
class HealthCheck:
    """
    One thing that was looked at; `message` says what to do when it is not `ok`.

    Parameters
    ----------
    needed
        Whether the service cannot answer without it.
    """

    name: str
    ok: bool
    message: str
    needed: bool = True


@dataclass(frozen=True, slots=True)
class HealthReport:
    """All checks; `ok` when each is that the service needs to answer."""

    checks: tuple[HealthCheck, ...]

    @property
    def ok(self) -> bool:
        return all(check.ok for check in self.checks if check.needed)


class Health:
    """Looks at the database, its schema, the disk, and whether its officer has work to do."""

    def __init__(self, reader: Reader, settings: Settings, *, revision: str) -> None:
        self._reader = reader.of_primary()
        self._replicas = reader.replicas
        self._settings = settings
        self._home = settings.home
        self._revision = revision
        self._upkeep: HealthCheck | None = None
        self._upkeep_until = 0.0

    async def ready(self) -> HealthReport:
        """Every check, in plain words."""
        database = await self._database()
        schema = await self._schema() if database.ok else None
        checks = (database, schema, self._in_step(), self._disk(), await self._kept_up())
        return HealthReport(tuple(check for check in checks if check is not None))

    async def _database(self) -> HealthCheck:
        try:
            await self._reader.row(text("SELECT 1"), Login.GATE)
        except GisError as error:
            return HealthCheck(
                "database", False, f"{error} Start it with ./gis up, or look at its log."
            )
        return HealthCheck("database", True, "The database answers.")

    def _in_step(self) -> HealthCheck | None:
        """Replicas, by number: where they are is told to nobody."""
        if self._replicas is None:
            return None
        out = [each for each in self._replicas.all if each.fault is not None]
        said = "; ".join(f"{each.name}: {each.fault}" for each in out)
        return HealthCheck(
            "replicas", not out,
            f"Not asked: {said} The database answers itself." if out else "All replicas answer.",
            needed=False,
        )

    async def _schema(self) -> HealthCheck:
        try:
            row = await self._reader.row(
                text(f"SELECT version_num FROM {SCHEMA}.{VERSION_TABLE}"), Login.GATE
            )
        except Exception:
            row = None
        found = row["version_num"] if row is not None else "none"
        if found == self._revision:
            return HealthCheck("schema", True, "The database's schema is the one needed.")
        return HealthCheck(
            "schema",
            False,
            f"The database's schema is {found}, needed is {self._revision}. Run ./gis up again.",
        )

    async def _kept_up(self) -> HealthCheck:
        """Backups and the like in one word: what is wrong is for `./gis doctor` alone to say."""
        if self._upkeep is None or time.monotonic() > self._upkeep_until:
            findings = await asyncio.to_thread(lambda: list(upkeep(self._settings)))
            ok = worst(findings) is State.OK
            self._upkeep = HealthCheck(
                "upkeep", ok,
                "Backups and certificates are in order." if ok else
                "Backups or certificates are to be looked at: ./gis doctor says more.",
                needed=False,
            )
            self._upkeep_until = time.monotonic() + UPKEEP_KEPT_S
        return self._upkeep

    def _disk(self) -> HealthCheck:
        free_mb = shutil.disk_usage(self._home).free // 2**20
        if free_mb < LEAST_FREE_MB:
            return HealthCheck(
                "disk", False, f"Only {free_mb:,} MB are free where the data lives. Free some."
            )
        return HealthCheck("disk", True, f"{free_mb:,} MB are free where the data lives.")
