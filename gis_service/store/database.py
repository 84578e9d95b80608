"""A PostGIS database: its engine, its readiness, its migrations."""

from __future__ import annotations

import functools
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from psycopg2.errors import DiskFull
from sqlalchemy import URL, Connection, Engine, create_engine, make_url, text
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.pool import NullPool

from gis_service import __version__
from gis_service.errors import ConfigurationError, NoRoom, Unavailable
from gis_service.model.audience import Actor
from gis_service.store.actor import set_actor
from gis_service.store.grants import grants
from gis_service.store.patience import PatientConnection
from gis_service.store.privileges import apply_grants, excess, granted, preflight
from gis_service.store.roles import roles_exist
from gis_service.store.row_security import apply_scopes
from gis_service.store.tables import SCHEMA, VERSION_TABLE

if TYPE_CHECKING:
    from alembic.config import Config
    from alembic.script import ScriptDirectory

MIGRATIONS = Path(__file__).with_name("migrations")
LOCK_TIMEOUT_S = 0.7
LOCK_TRIES = 50
"""With the pauses between them, more than a minute and a half."""
RENEWED_AFTER_S = 300
"""A connection that is kept is opened anew after this."""
OLDEST_POSTGRESQL = 13


def parse_url(url: str, setting: str = "GIS_DATABASE_URL") -> URL:
    """
    A database's address, for psycopg2.

    Parameters
    ----------
    setting
        Where it comes from, for the error.

    Raises
    ------
    ConfigurationError
        It is not the address of a PostgreSQL database.
    """
    try:
        parsed = make_url(url)
    except Exception:
        raise ConfigurationError(
            f"{setting} cannot be read. "
            "Write it like postgresql://user:password@host:5432/database."
        ) from None
    if parsed.get_backend_name() not in {"postgresql", "postgres"}:
        raise ConfigurationError(f"{setting} must name a PostgreSQL database.")
    return parsed.set(drivername="postgresql+psycopg2")


@dataclass(frozen=True)
class Database:
    """
    A PostGIS database and the engine for loading, analysis and migrations.

    Reading for HTTP goes through `store.reading` instead.
    """

    url: URL
    engine: Engine
    migrations: Path = MIGRATIONS

    @classmethod
    def at(cls, url: URL, *, kept: int = 0) -> Database:
        """
        The database at an address.

        Parameters
        ----------
        kept
            So many connections stay open for what comes next: in a new one
            PostgreSQL reads its catalogue and compiles each trigger again.
        """
        engine = create_engine(
            url,
            hide_parameters=True,
            **_keeping(kept) if kept else {"poolclass": NullPool},
            connect_args={
                "connect_timeout": 5,
                "application_name": "gis-service",
                "connection_factory": PatientConnection,
            },
        )
        return cls(url, engine)

    def check(self) -> None:
        """
        Make sure that it can serve: a known version, PostGIS, UTF-8.

        Raises
        ------
        Unavailable
            It does not answer.
        ConfigurationError
            It lacks something; the message says what to do.
        """
        try:
            with self.engine.connect() as connection:
                _check(connection)
        except OperationalError as error:
            raise Unavailable(
                f"The database at {self.url.host or 'its socket'} does not answer: "
                f"{_first_line(error)}"
            ) from None

    def revision(self) -> str | None:
        """The migration that the database stands at; None when it is empty."""
        from alembic.runtime.migration import MigrationContext  # noqa: PLC0415 - slow

        with self.engine.connect() as connection:
            context = MigrationContext.configure(
                connection,
                opts={"version_table": VERSION_TABLE, "version_table_schema": SCHEMA},
            )
            return context.get_current_revision()

    def migrate(self, revision: str = "head") -> bool:
        """
        Bring the schema to `revision`; True when anything was done.

        Each try waits only briefly for locks, so that readers are not queued
        behind a migration which itself waits behind one long reader. All of it is
        one transaction: on any error the database is as before.

        Raises
        ------
        ConfigurationError
            A newer service made the schema, or the database's user may not change it.
        Unavailable
            Others hold its tables all the time.
        """
        self.check_known()
        newest = newest_revision(self.migrations)
        if revision == "head" and self.revision() == newest and self._grants_stand():
            return False

        def upgrade(connection: Connection) -> None:
            from alembic import command  # noqa: PLC0415 - slow

            if lacking := preflight(connection):
                raise ConfigurationError(
                    "The database's user may not migrate it. It lacks: " + "; ".join(lacking) + "."
                )
            command.upgrade(_config(connection, self.migrations), revision)
            if roles_exist(connection):
                apply_grants(connection)
                apply_scopes(connection)

        _with_lock_tries(upgrade, self)
        return True

    def check_known(self) -> None:
        """
        See that this service knows the database's schema.

        Raises
        ------
        ConfigurationError
            A newer service made it.
        """
        found = self.revision()
        if found is not None and found not in known_revisions(self.migrations):
            raise ConfigurationError(
                f"The database's schema is {found}, which is newer than this version of the "
                f"service ({__version__}, schema {newest_revision(self.migrations)}). Nothing was "
                "changed. Start the version that made it, or a newer one."
            )

    def _grants_stand(self) -> bool:
        with self.engine.connect() as connection:
            if not roles_exist(connection):
                return True
            return granted(connection) == set(grants()) and not excess(connection)

    def downgrade(self, revision: str) -> None:
        """Take the schema back to `revision`; `base` leaves nothing of it behind."""

        def back(connection: Connection) -> None:
            from alembic import command  # noqa: PLC0415 - slow

            command.downgrade(_config(connection, self.migrations), revision)
            if revision == "base":
                connection.execute(text(f"DROP TABLE {SCHEMA}.{VERSION_TABLE}"))
                connection.execute(text(f"DROP SCHEMA {SCHEMA}"))

        _with_lock_tries(back, self)

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """
        One transaction that only reads.

        Raises
        ------
        Unavailable
            The database does not answer, or goes away meanwhile.
        """
        try:
            with self.engine.begin() as connection:
                yield connection
        except OperationalError as error:
            raise Unavailable("The database does not answer at the moment.") from error

    @contextmanager
    def begin(
        self, actor: Actor | None = None, *, patience_s: float | None = None
    ) -> Iterator[Connection]:
        """
        One transaction: committed at the end, rolled back on any error.

        Parameters
        ----------
        actor
            Who makes its changes, for history.
        patience_s
            The connection breaks when a statement is not answered within this;
            None waits for ever.

        Raises
        ------
        NoRoom
            The database's disk is full.
        """
        with self.engine.connect() as connection:
            driver: Any = connection.connection.driver_connection
            if patience_s is not None:
                driver.patience_s = patience_s
            try:
                with connection.begin():
                    if actor is not None:
                        set_actor(connection, actor)
                    yield connection
            except OperationalError as error:
                if isinstance(error.orig, DiskFull):
                    raise NoRoom from error
                raise
            finally:
                if patience_s is not None:
                    driver.patience_s = None


def _keeping(kept: int) -> dict[str, Any]:
    """A pool that asks a connection whether it lives, opens more, and closes what is too many."""
    return {
        "pool_size": kept,
        "max_overflow": -1,
        "pool_pre_ping": True,
        "pool_use_lifo": True,
        "pool_recycle": RENEWED_AFTER_S,
    }


def newest_revision(migrations: Path = MIGRATIONS) -> str:
    """The last of the migrations in a folder."""
    head = _scripts(migrations).get_current_head()
    if head is None:
        raise ConfigurationError("The migrations are missing from this installation.")
    return head


def known_revisions(migrations: Path = MIGRATIONS) -> set[str]:
    """Every migration in a folder."""
    return {script.revision for script in _scripts(migrations).walk_revisions()}


def _scripts(migrations: Path) -> ScriptDirectory:
    versions = migrations / "versions"
    return _scripts_of(migrations, tuple(sorted(each.name for each in versions.iterdir())))


@functools.cache
def _scripts_of(migrations: Path, _there: tuple[str, ...]) -> ScriptDirectory:
    from alembic.script import ScriptDirectory  # noqa: PLC0415 - slow

    return ScriptDirectory(str(migrations))


def _config(connection: Connection, migrations: Path) -> Config:
    from alembic.config import Config  # noqa: PLC0415 - slow

    config = Config()
    config.set_main_option("script_location", str(migrations))
    config.attributes["connection"] = connection
    return config


def _with_lock_tries(work: Callable[[Connection], object], database: Database) -> None:
    for attempt in range(1, LOCK_TRIES + 1):
        try:
            with database.engine.begin() as connection:
                connection.execute(text(f"SET LOCAL lock_timeout = {LOCK_TIMEOUT_S * 1000:.0f}"))
                connection.execute(
                    text("SELECT pg_advisory_xact_lock(hashtext('gis-service migrations'))")
                )
                work(connection)
            return
        except DBAPIError as error:
            if getattr(error.orig, "pgcode", None) != "55P03":
                raise
            if attempt == LOCK_TRIES:
                raise Unavailable(
                    "The database's schema could not be changed, since others held its tables all "
                    "the time; it is as before. See who in pg_stat_activity, then try again."
                ) from error
            time.sleep(min(0.2 * attempt, 2))


def _check(connection: Connection) -> None:
    version = int(connection.scalar(text("SHOW server_version_num")) or 0) // 10_000
    if version < OLDEST_POSTGRESQL:
        raise ConfigurationError(
            f"PostgreSQL {version} is too old: {OLDEST_POSTGRESQL} or newer is needed."
        )
    if connection.scalar(text("SHOW server_encoding")) != "UTF8":
        raise ConfigurationError("The database's encoding must be UTF8. Create it so, try again.")
    present = set(connection.scalars(text("SELECT extname FROM pg_extension")))
    missing = sorted({"postgis", "pg_trgm", "unaccent"} - present)
    if missing:
        statements = " ".join(f"CREATE EXTENSION {name};" for name in missing)
        raise ConfigurationError(
            f"The database lacks {', '.join(missing)}. "
            f"Have an administrator run in it: {statements}"
        )


def _first_line(error: Exception) -> str:
    return str(getattr(error, "orig", error)).strip().splitlines()[0]
