"""What the private cluster's superuser does by SQL: logins, databases, and a safety check."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg2
from psycopg2 import errors, sql
from psycopg2.extensions import connection, encrypt_password

from gis_service.store.cluster.binaries import EXTENSIONS
from gis_service.store.cluster.errors import (
    InvalidName,
    NotDurable,
    SecretsUnreadable,
    ServerFailed,
)
from gis_service.store.cluster.files import disk_full
from gis_service.store.cluster.server import SUPERUSER

_ADVISORY_LOCK = 0x67697375

_RESERVED = ("postgres", "public", "none", "template0", "template1")

_DURABLE = {
    "fsync": ("on",),
    "full_page_writes": ("on",),
    "data_checksums": ("on",),
    "synchronous_commit": ("on", "remote_apply"),
}

_LONGEST_NAME = 63

# By these functions PostGIS tells anyone the extent and spread of any column, also of
# tables that they may not read.
_HIDE_STATISTICS = """
DO $$
DECLARE
    leaky regprocedure;
BEGIN
    FOR leaky IN SELECT oid FROM pg_proc WHERE pronamespace = 'public'::regnamespace
        AND proname IN ('st_estimatedextent', 'st_findextent', '_postgis_stats',
                        '_postgis_selectivity', '_postgis_join_selectivity',
                        '_postgis_index_extent')
    LOOP
        EXECUTE format('REVOKE EXECUTE ON FUNCTION %s FROM PUBLIC', leaky);
    END LOOP;
END
$$"""


# Whether two boxes meet tells nothing but that, and is no error for any two geometries;
# said so, the index on geometry serves under row-level security too.
_LET_INDEXES_SERVE = (
    "ALTER FUNCTION public.geometry_overlaps(public.geometry, public.geometry) LEAKPROOF"
)


@dataclass(frozen=True)
class Admin:
    """The superuser at a socket directory."""

    socket: Path
    data: Path
    password: str = field(repr=False)

    def refusal(self) -> str | None:
        """
        Why the server takes no connection now; None when it does.

        Raises
        ------
        SecretsUnreadable
            The superuser's password is not the stored one.
        """
        try:
            self._open("postgres").close()
        except psycopg2.OperationalError as error:
            if "password authentication failed" in str(error):
                raise SecretsUnreadable(
                    f"The stored password of {SUPERUSER} is not that of {self.data}. Put back "
                    "the secrets.json that belongs to this data, or stop the database and "
                    "start it again: it then takes the stored password."
                ) from error
            return str(error).strip()
        return None

    def check_durable(self) -> None:
        """
        See that no acknowledged write can be lost.

        Raises
        ------
        NotDurable
            A setting of the server, a role or a database would lose some.
        """
        with self._connected() as session:
            settings = _rows(
                session,
                "SELECT name, setting FROM pg_settings WHERE name = ANY (%s)",
                [list(_DURABLE)],
            )
            exceptions = _rows(
                session,
                "SELECT split_part(s, '=', 1), split_part(s, '=', 2) "
                "FROM pg_db_role_setting, unnest(setconfig) AS s",
            )
        for name, value in [*settings, *exceptions]:
            if value not in _DURABLE.get(name, (value,)):
                raise NotDurable(
                    f"{name} is {value}, so a crash would lose or damage saved data. Set it "
                    f"to on: see {self.data}/postgresql.local.conf, postgresql.auto.conf, "
                    "ALTER ROLE and ALTER DATABASE."
                )

    def ensure_logins(self, passwords: Mapping[str, str], *, createdb: bool) -> None:
        """Make roles that may log in, or give them these passwords and these rights."""
        for role in passwords:
            _check_name(role)
        with self._connected() as session:
            _lock(session)
            for role, password in passwords.items():
                _ensure_login(session, role, password, createdb=createdb)

    def ensure_member(self, role: str, group: str) -> None:
        """Let a role do what another one may."""
        with self._connected() as session, session.cursor() as cursor:
            _lock(session)
            cursor.execute(
                sql.SQL("GRANT {} TO {}").format(sql.Identifier(group), sql.Identifier(role))
            )

    def ensure_database(self, name: str, *, owner: str) -> None:
        """Make a database with its extensions, or give it the owner and what it lacks."""
        _check_name(name)
        with self._connected() as session, session.cursor() as cursor:
            _lock(session)
            known = _rows(
                session,
                "SELECT pg_get_userbyid(datdba) FROM pg_database WHERE datname = %s",
                [name],
            )
            parts = {"name": sql.Identifier(name), "owner": sql.Identifier(owner)}
            if not known:
                make = "CREATE DATABASE {name} OWNER {owner} TEMPLATE template0"
                cursor.execute(sql.SQL(make).format(**parts))
            elif known != [(owner,)]:
                cursor.execute(sql.SQL("ALTER DATABASE {name} OWNER TO {owner}").format(**parts))
            # No login has business in the server's own databases.
            cursor.execute("REVOKE ALL ON DATABASE postgres, template1 FROM PUBLIC")
            self._ensure_extensions(name)

    def _ensure_extensions(self, database: str) -> None:
        with self._connected(database) as session, session.cursor() as cursor:
            for extension in EXTENSIONS:
                cursor.execute(
                    sql.SQL("CREATE EXTENSION IF NOT EXISTS {} SCHEMA public").format(
                        sql.Identifier(extension)
                    )
                )
            cursor.execute(_HIDE_STATISTICS)
            cursor.execute(_LET_INDEXES_SERVE)

    @contextmanager
    def _connected(self, database: str = "postgres") -> Iterator[connection]:
        try:
            session = self._open(database)
            try:
                yield session
            finally:
                session.close()
        except errors.DiskFull as error:
            raise disk_full(self.data) from error
        except psycopg2.Error as error:
            raise ServerFailed(f"The database did not do as asked: {error}".strip()) from error

    def _open(self, database: str) -> connection:
        session = psycopg2.connect(
            host=str(self.socket),
            port=5432,
            dbname=database,
            user=SUPERUSER,
            password=self.password,
            connect_timeout=5,
            application_name="gis cluster",
            # A superuser runs nothing that a database's owner may have put in its way.
            options="-c search_path=pg_catalog",
        )
        session.autocommit = True
        return session


def _ensure_login(session: connection, role: str, password: str, *, createdb: bool) -> None:
    name = sql.Identifier(role)
    with session.cursor() as cursor:
        if not _rows(session, "SELECT 1 FROM pg_roles WHERE rolname = %s", [role]):
            cursor.execute(sql.SQL("CREATE ROLE {}").format(name))
        # Hashed here, so that no log of statements ever holds the password.
        verifier = encrypt_password(password, role, session, "scram-sha-256")
        cursor.execute(
            sql.SQL(
                "ALTER ROLE {} LOGIN NOSUPERUSER NOCREATEROLE NOREPLICATION NOBYPASSRLS "
                "{} PASSWORD {}"
            ).format(
                name, sql.SQL("CREATEDB" if createdb else "NOCREATEDB"), sql.Literal(verifier)
            )
        )
        if createdb:
            # From where a database can be made.
            cursor.execute(sql.SQL("GRANT CONNECT ON DATABASE template1 TO {}").format(name))


def _lock(session: connection) -> None:
    """One change of roles or databases at a time, until the session ends."""
    _rows(session, "SELECT pg_advisory_lock(%s)::text", [_ADVISORY_LOCK])


def _rows(session: connection, statement: str, values: list[Any] | None = None) -> list[Any]:
    with session.cursor() as cursor:
        cursor.execute(statement, values)
        return cursor.fetchall()


def _check_name(name: str) -> None:
    size = len(name.encode())
    if not 0 < size <= _LONGEST_NAME or "\0" in name:
        raise InvalidName(f"{name!r} must have 1 to {_LONGEST_NAME} bytes and no zero byte.")
    if name in _RESERVED or name.startswith("pg_"):
        raise InvalidName(f"{name!r} is PostgreSQL's own; choose another name.")
