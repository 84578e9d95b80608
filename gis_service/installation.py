"""
Where the database is, and how it comes to run and to be ready.

Commands need this alone; what answers requests is wired in `bootstrap`.
"""

from __future__ import annotations

import fcntl
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import IO

from sqlalchemy import URL

from gis_service.errors import BackupFailed, ConfigurationError, Conflict
from gis_service.model.audience import Audience
from gis_service.model.recovery import Target
from gis_service.services.backups.restoring import Backup, restore_backup
from gis_service.services.folders import own_folder, sweep_folders
from gis_service.services.recovery.following import WITHIN_S, Way, arrive, lay_out_way
from gis_service.settings import Settings
from gis_service.store.cluster import PrivateCluster
from gis_service.store.cluster.secrets import Secrets
from gis_service.store.cluster.server import SUPERUSER
from gis_service.store.database import Database, parse_url
from gis_service.store.roles import (
    Login,
    ensure_members,
    ensure_roles,
    login_url,
    members,
    role_name,
    scope_role,
    scope_roles,
)
from gis_service.store.scopes import numbers_of

DATABASE = "gis"
OWNER = "gis_owner"
_CLUSTER_BYTES = 200 * 2**20
"""Of a new cluster, with its first log of changes."""


@dataclass(frozen=True)
class Addresses:
    """
    Where the database is, for its owner and for each login.

    Parameters
    ----------
    pooled
        The logins through a pooler that gives a server for one transaction only.
    replicas
        The logins on each replica.
    """

    owner: URL
    logins: Mapping[Login, URL]
    password: Callable[[str], str] = field(repr=False)
    pooled: Mapping[Login, URL] | None = None
    replicas: tuple[Mapping[Login, URL], ...] = ()

    @classmethod
    def of(cls, owner: URL, secrets: Secrets) -> Addresses:
        logins = {
            each: login_url(owner, each, secrets.password) for each in Login if not each.is_scoped
        }
        return cls(owner, logins, secrets.password)

    def of_scope(self, scope: int) -> Addresses:
        """
        The same for who is held to a scope, which admins are not.

        What is asked as an admin is asked as one of the scope's planners there. It
        is asked of the primary itself: poolers and replicas serve the whole.
        """
        held = {
            login: self.owner.set(username=name, password=self.password(name))
            for login in Login if login.scoped is not None
            for name in [scope_role(str(self.owner.database), login, scope)]
        }
        held[Login.ADMIN] = held[Login.PLANNER]
        return Addresses(self.owner, {**self.logins, **held}, self.password)

    def at(self, server: URL) -> Mapping[Login, URL]:
        """The same logins at another server's address; its own user and password do not count."""
        return {
            login: url.set(
                host=server.host or "", port=server.port, query=server.query,
                database=server.database or url.database,
            )
            for login, url in self.logins.items()
        }

    @property
    def requests(self) -> Mapping[Login, URL]:
        """The logins by the way that requests take."""
        return self.logins if self.pooled is None else self.pooled


def databases_of(
    logins: Mapping[Login, URL], *, kept: int = 0
) -> dict[Audience, Database]:
    """The database under the login of each audience, each with so many connections kept open."""
    return {a: Database.at(logins[Login.of(a)], kept=kept) for a in Audience}


def private_cluster(settings: Settings) -> PrivateCluster | None:
    """The private cluster; None when settings name another database."""
    if settings.database_url is not None:
        return None
    return PrivateCluster(settings.home, pg_bin=settings.pg_bin)


@contextmanager
def running_cluster(settings: Settings) -> Iterator[PrivateCluster | None]:
    """
    The private cluster, running; None when settings name another database.

    Commands and the service may use it side by side: the last one stops it.

    Raises
    ------
    ConfigurationError
        It is a replica.
    ClusterError
        It does not start.
    """
    cluster = private_cluster(settings)
    if cluster is None:
        yield None
        return
    if cluster.follows():
        raise ConfigurationError(
            f"The database in {settings.home} is a replica, which takes no changes. When its "
            f"primary is gone for good: ./gis replica promote {settings.home}"
        )
    with _users(settings) as lock:
        fcntl.flock(lock, fcntl.LOCK_SH)
        try:
            cluster.start()
            yield cluster
        finally:
            if _is_last(lock):
                cluster.stop()


def _is_last(lock: IO[str]) -> bool:
    fcntl.flock(lock, fcntl.LOCK_UN)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def addresses_of(settings: Settings) -> Addresses:
    """Addresses of the database that settings mean, without starting or checking it."""
    cluster = private_cluster(settings)
    if cluster is not None:
        owner = cluster.url(DATABASE, OWNER)
    else:
        assert settings.database_url is not None  # noqa: S101 - private_cluster decides so
        owner = parse_url(settings.database_url.get_secret_value())
    found = Addresses.of(owner, Secrets(settings.home / "secrets.json"))
    pooler = settings.pooler_url
    return replace(
        found,
        pooled=None if pooler is None
        else found.at(parse_url(pooler.get_secret_value(), "GIS_POOLER_URL")),
        replicas=tuple(found.at(_replica(each)) for each in settings.replicas),
    )


def _replica(text: str) -> URL:
    """Where a replica is, by its address or by the folder of a private one."""
    if not text.startswith("/"):
        return parse_url(text, "GIS_REPLICA_URLS")
    cluster = PrivateCluster(Path(text))
    if not cluster.made():
        raise ConfigurationError(
            f"GIS_REPLICA_URLS names {text}, where there is no replica. "
            f"Make one: ./gis replica make {text}"
        )
    return cluster.url(DATABASE, OWNER)


def prepared_database(settings: Settings, cluster: PrivateCluster | None) -> tuple[Database, bool]:
    """
    The database with its logins, migrated; and whether anything was done.

    In a running private cluster it is made when absent.

    Raises
    ------
    Unavailable, ConfigurationError, ClusterError
        It does not answer, or lacks something.
    """
    database = reachable_database(settings, cluster)
    done = database.migrate()
    ensure_scope_logins(settings, database)
    return database, done


def ensure_scope_logins(settings: Settings, database: Database) -> None:
    """Have the logins of every scope of a database that are missing; none without scopes."""
    secrets = Secrets(settings.home / "secrets.json")
    with database.begin() as connection:
        wanted = scope_roles(connection, numbers_of(connection))
        there = members(connection, wanted) & secrets.names() if wanted else set()
        missing = {name: wanted[name] for name in sorted(wanted.keys() - there)}
    cluster = private_cluster(settings)
    if cluster is None and missing:
        with database.begin() as connection:
            ensure_members(connection, missing, secrets.password)
    elif cluster is not None:
        for name, group in missing.items():
            cluster.ensure_login(name)
            cluster.ensure_member(name, group)


def reachable_database(settings: Settings, cluster: PrivateCluster | None) -> Database:
    """The same with whatever schema it has, if any."""
    if cluster is not None:
        cluster.ensure_login(OWNER)
        cluster.ensure_database(DATABASE, owner=OWNER)
        cluster.ensure_logins(role_name(DATABASE, login) for login in Login)
    settings.home.mkdir(parents=True, exist_ok=True)
    database = Database.at(addresses_of(settings).owner)
    database.check()
    if cluster is None:
        secrets = Secrets(settings.home / "secrets.json")
        with database.begin() as connection:
            ensure_roles(connection, secrets.password)
    return database


@contextmanager
def checkup_database(settings: Settings) -> Iterator[Database | None]:
    """
    The database as it is, for looking at it; None where the private one was never made.

    Under a login that sees what every other does, where it is ours to give.
    """
    cluster = private_cluster(settings)
    if cluster is None:
        yield Database.at(addresses_of(settings).owner)
        return
    if not cluster.made():
        yield None
        return
    with running_cluster(settings):
        yield as_superuser(cluster)


def as_superuser(cluster: PrivateCluster) -> Database:
    """The private database under the login that may take its log and copy its files."""
    return Database.at(cluster.url(DATABASE, SUPERUSER))


@contextmanager
def scratch_place(settings: Settings, needed_bytes: int) -> Iterator[tuple[Database, Settings]]:
    """
    An empty database in a private cluster of its own, and the settings for it; removed after.

    Parameters
    ----------
    needed_bytes
        Of the database that will come there.

    Raises
    ------
    BackupFailed
        The disk has no room for it.
    """
    needed = 2 * needed_bytes + _CLUSTER_BYTES
    with _scratch_cluster(settings, needed) as (cluster, there), running_cluster(there):
        yield reachable_database(there, cluster), there


@contextmanager
def recovered_place(
    settings: Settings, way: Way, target: Target, keep: bool
) -> Iterator[Database]:
    """
    The database as it was at a moment, in a server of its own that followed the log to there.

    Parameters
    ----------
    keep
        Whether it becomes the home's own, if the block ends well; else it is removed.

    Raises
    ------
    BackupFailed, ClusterError
        The disk has no room for it, or it does not get there.
    """
    with _scratch_cluster(settings, way.bytes + _CLUSTER_BYTES) as (cluster, there):
        cluster.adopt(lambda data: lay_out_way(way, data, target, settings.pg_bin))
        arrive(partial(cluster.start, timeout_s=WITHIN_S), cluster.data)
        database = reachable_database(there, cluster)
        yield database
        if keep:
            database.engine.dispose()
            cluster.stop()
            own = PrivateCluster(settings.home, pg_bin=settings.pg_bin)
            own.adopt(partial(_move, cluster.data))


@contextmanager
def sole_use(settings: Settings) -> Iterator[PrivateCluster]:
    """
    The private cluster, running, while no other command has to do with it; then it is stopped.

    Raises
    ------
    Conflict
        Another one has.
    ConfigurationError
        Settings name another database, or none was made yet.
    """
    cluster = private_cluster(settings)
    if cluster is None or not cluster.made():
        raise ConfigurationError(f"There is no private database in {settings.home}.")
    with _users(settings) as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Conflict(
                "Another command works with the database. Wait for it, and stop the service: "
                "./gis down"
            ) from None
        try:
            cluster.start()
            yield cluster
        finally:
            cluster.stop()


def move_server(cluster: PrivateCluster, settings: Settings, backup: Backup, pg_bin: Path) -> Path:
    """
    Put a backup into a new server and let that be the home's own; where the former data are.

    Parameters
    ----------
    cluster
        Of `sole_use`.
    pg_bin
        The programs of the new server.

    Raises
    ------
    BackupFailed, ClusterError
        The data did not arrive whole, or the new server does not run; nothing was changed.
    """
    newer = settings.model_copy(update={"pg_bin": pg_bin})
    needed = 2 * backup.manifest.database_bytes + _CLUSTER_BYTES
    with _scratch_cluster(newer, needed) as (fresh, there):
        fresh.start()
        restore_backup(backup, reachable_database(there, fresh), there)
        fresh.stop()
        own = cluster.data / "postgresql.local.conf"
        (fresh.data / own.name).write_text(own.read_text(encoding="utf-8"), encoding="utf-8")
        fresh.start()  # by these settings, too
        fresh.stop()
        return cluster.replace(fresh.data)


@contextmanager
def _users(settings: Settings) -> Iterator[IO[str]]:
    """The file by which those who use the private cluster know of each other."""
    users = settings.home / "run" / "database-users.lock"
    users.parent.mkdir(parents=True, exist_ok=True)
    with users.open("a") as lock:
        yield lock


@contextmanager
def _scratch_cluster(
    settings: Settings, needed: int
) -> Iterator[tuple[PrivateCluster, Settings]]:
    """A private cluster of its own below the home, and the settings for it; removed after."""
    parent = settings.home / "scratch"
    parent.mkdir(parents=True, exist_ok=True)
    parent.chmod(settings.home.stat().st_mode & 0o777)
    free = shutil.disk_usage(parent).free
    if free < needed:
        raise BackupFailed(
            f"{parent} needs {needed // 2**20:,} MB for a moment and has {free // 2**20:,} MB. "
            "Free some space, or set GIS_HOME to a place on another disk for this command."
        )
    with own_folder(parent) as folder:
        sweep_folders(parent, lambda left: PrivateCluster(left / "home").stop())
        folder.chmod(0o711)  # root's server runs as another user
        home = folder / "home"
        cluster = PrivateCluster(home, pg_bin=settings.pg_bin)
        try:
            yield cluster, settings.model_copy(update={"home": home, "database_url": None})
        finally:
            cluster.stop()


def _move(data: Path, place: Path) -> None:
    data.rename(place)


@contextmanager
def open_database(settings: Settings, login: Login | None = None) -> Iterator[Database]:
    """
    The database, migrated, for a command on the command line.

    Parameters
    ----------
    login
        Under which login; None for the owner.
    """
    with running_cluster(settings) as cluster:
        database, _ = prepared_database(settings, cluster)
        if login is not None:
            database = Database.at(addresses_of(settings).logins[login])
        yield database
