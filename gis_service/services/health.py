"""Whether the service can do its work, and what to do when it cannot."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import text

from gis_service.errors import GisError
from gis_service.store.reading import Reader
from gis_service.store.roles import Login
from gis_service.store.tables import SCHEMA, VERSION_TABLE

LEAST_FREE_MB = 200


@dataclass(frozen=True, slots=True)
class HealthCheck:
    """One thing that was looked at; `message` says what to do when it is not `ok`."""

    name: str
    ok: bool
    message: str


@dataclass(frozen=True, slots=True)
class HealthReport:
    """All checks; `ok` when each of them is."""

    checks: tuple[HealthCheck, ...]

    @property
    def ok(self) -> bool:
        return all(check.ok for check in self.checks)


class Health:
    """Looks at the database, its schema and the disk."""

    def __init__(self, reader: Reader, *, home: Path, revision: str) -> None:
        self._reader = reader
        self._home = home
        self._revision = revision

    async def ready(self) -> HealthReport:
        """Every check, in plain words."""
        database = await self._database()
        schema = await self._schema() if database.ok else None
        checks = (database, schema, self._disk())
        return HealthReport(tuple(check for check in checks if check is not None))

    async def _database(self) -> HealthCheck:
        try:
            await self._reader.row(text("SELECT 1"), Login.GATE)
        except GisError as error:
            return HealthCheck(
                "database", False, f"{error} Start it with ./gis up, or look at its log."
            )
        return HealthCheck("database", True, "The database answers.")

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

    def _disk(self) -> HealthCheck:
        free_mb = shutil.disk_usage(self._home).free // 2**20
        if free_mb < LEAST_FREE_MB:
            return HealthCheck(
                "disk", False, f"Only {free_mb:,} MB are free where the data lives. Free some."
            )
        return HealthCheck("disk", True, f"{free_mb:,} MB are free where the data lives.")
