"""
Database logins, one for each kind of work.

Names carry the database's name, because PostgreSQL's roles belong to the whole
cluster.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from enum import StrEnum
from typing import Any

from psycopg2 import sql
from psycopg2.extensions import encrypt_password
from sqlalchemy import URL, Connection, text
from sqlalchemy.dialects.postgresql import dialect

from gis_service.errors import ConfigurationError
from gis_service.model.audience import Audience

_PREPARER = dialect().identifier_preparer  # type: ignore[no-untyped-call]


_SCOPED = "scoped_"


class Login(StrEnum):
    """Kinds of work that have a database login of their own."""

    PUBLIC = "public"
    TECHNICIAN = "technician"
    PLANNER = "planner"
    ADMIN = "admin"
    LOADER = "loader"
    GATE = "gate"
    REPORTER = "reporter"
    KEEPER = "keeper"
    SCOPED_TECHNICIAN = "scoped_technician"
    SCOPED_PLANNER = "scoped_planner"
    SCOPED_LOADER = "scoped_loader"
    SCOPED_GATE = "scoped_gate"

    @classmethod
    def of(cls, audience: Audience) -> Login:
        """The login under which an audience's questions run."""
        return cls(audience.value)

    @property
    def is_scoped(self) -> bool:
        """Whether nobody works under it, only its members: a login for each scope."""
        return self.value.startswith(_SCOPED)

    @property
    def scoped(self) -> Login | None:
        """Whose members do the same work within a scope; None where nobody does."""
        name = f"{_SCOPED}{self.value}"
        return Login(name) if name in set(Login) else None


def role_name(database: str, login: Login) -> str:
    """Name of a login's role in the cluster."""
    return f"{database}_{login.value}"


def scope_role(database: str, login: Login, scope: int) -> str:
    """Name of the login that does some work within one scope; the database reads it too."""
    if login.scoped is None:
        raise ValueError(f"{login} works within no scope")
    return f"{role_name(database, login.scoped)}_{scope}"


def ensure_roles(connection: Connection, password: Callable[[str], str]) -> None:
    """
    Make the logins that are missing, on a database that is not our private one.

    Parameters
    ----------
    password
        Gives the password kept for a role's name.

    Raises
    ------
    ConfigurationError
        Roles are missing and we may not make them; the message says what an
        administrator has to run.
    """
    _ensure(connection, [role_name(database_name(connection), each) for each in Login], password)


def scope_roles(connection: Connection, scopes: Iterable[int]) -> dict[str, str]:
    """The logins of scopes, by name, each with the role whose member it is."""
    database = database_name(connection)
    return {
        scope_role(database, login, scope): role_name(database, login.scoped)
        for scope in scopes for login in Login if login.scoped is not None
    }


def members(connection: Connection, groups: Mapping[str, str]) -> set[str]:
    """Those of the logins, by name, that are there and may do what their role may."""
    found = connection.execute(
        text(
            "SELECT m.rolname, g.rolname FROM pg_auth_members a "
            "JOIN pg_roles m ON m.oid = a.member JOIN pg_roles g ON g.oid = a.roleid "
            "WHERE m.rolname = ANY(:names)"
        ),
        {"names": list(groups)},
    )
    return {name for name, group in found if groups[name] == group}


def ensure_members(
    connection: Connection, groups: Mapping[str, str], password: Callable[[str], str]
) -> None:
    """
    Make logins, by name, that may do what others may.

    Raises
    ------
    ConfigurationError
        As for `ensure_roles`.
    """
    _ensure(connection, list(groups), password)
    for name in groups.keys() - members(connection, groups):
        connection.execute(text(f"GRANT {quoted(groups[name])} TO {quoted(name)}"))


def _ensure(connection: Connection, names: list[str], password: Callable[[str], str]) -> None:
    present = set(
        connection.scalars(text("SELECT rolname FROM pg_roles WHERE rolname = ANY(:names)"),
                           {"names": names})
    )
    may_create = connection.scalar(
        text("SELECT rolcreaterole OR rolsuper FROM pg_roles WHERE rolname = current_user")
    )
    missing = [name for name in names if name not in present]
    if missing and not may_create:
        raise ConfigurationError(_missing_roles(missing, str(connection.scalar(text(
            "SELECT current_user")))))
    driver: Any = connection.connection.driver_connection
    with driver.cursor() as cursor:
        for name in names if may_create else ():
            verb = "CREATE" if name in missing else "ALTER"
            # Hashed here, so that no log of statements ever holds the password.
            verifier = encrypt_password(password(name), name, driver, "scram-sha-256")
            cursor.execute(
                sql.SQL(verb + " ROLE {} LOGIN PASSWORD {}").format(
                    sql.Identifier(name), sql.Literal(verifier)
                )
            )


def roles_exist(connection: Connection) -> bool:
    """Whether every login of the connected database has been made."""
    names = [role_name(database_name(connection), login) for login in Login]
    found = connection.scalar(
        text("SELECT count(*) FROM pg_roles WHERE rolname = ANY(:names)"), {"names": names}
    )
    return bool(found == len(names))


def _missing_roles(missing: list[str], owner: str) -> str:
    statements = "\n".join(
        f"    CREATE ROLE {quoted(name)} LOGIN PASSWORD '...';" for name in missing
    )
    return (
        f"The role {owner} may not create roles, and some are missing. Either let an "
        f"administrator run\n    ALTER ROLE {quoted(owner)} CREATEROLE;\nor\n{statements}\n"
        "with the passwords that secrets.json in GIS_HOME names for them."
    )


def login_url(owner: URL, login: Login, password: Callable[[str], str]) -> URL:
    """Address of the owner's database for another login."""
    name = role_name(str(owner.database), login)
    return owner.set(username=name, password=password(name))


def database_name(connection: Connection) -> str:
    """Name of the connected database."""
    return str(connection.scalar(text("SELECT current_database()")))


def quoted(identifier: str) -> str:
    """An identifier as it stands in a statement."""
    return str(_PREPARER.quote_identifier(identifier))
