"""Settings in, services out: the only place where parts are wired together."""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import logging
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from typing import IO

from sqlalchemy import URL

from gis_service.crs import served_crs
from gis_service.errors import GisError
from gis_service.model.audience import Audience
from gis_service.model.queries import ServedCrs
from gis_service.services.analyses import Analyses
from gis_service.services.archive import Archive
from gis_service.services.board import BoardReports
from gis_service.services.cable_paths import CablePaths
from gis_service.services.certification import CertificationsDue
from gis_service.services.connecting import Connecting
from gis_service.services.coverage import Coverages
from gis_service.services.dashboard import Dashboards
from gis_service.services.dig_safe import Digging
from gis_service.services.editing import Editing
from gis_service.services.exports import Exports
from gis_service.services.fault_location import FaultLocating
from gis_service.services.features import Features
from gis_service.services.field_operations import FieldOperations
from gis_service.services.front import Fronts
from gis_service.services.gate import Gate
from gis_service.services.health import Health
from gis_service.services.jobs import Jobs
from gis_service.services.loss_budget import LossBudgets
from gis_service.services.maps import Maps
from gis_service.services.nearest import Nearest
from gis_service.services.network_processes import network_handlers
from gis_service.services.network_questions import NetworkQuestions
from gis_service.services.networks import Networks
from gis_service.services.photos import Photos
from gis_service.services.printing import Printing
from gis_service.services.proposals import Proposals
from gis_service.services.records import Records
from gis_service.services.search import Search
from gis_service.services.snapshots import Snapshots
from gis_service.services.tiles import Tiles
from gis_service.services.ward_packages import WardPackages
from gis_service.settings import Settings
from gis_service.store.changes import Changes
from gis_service.store.cluster import PrivateCluster
from gis_service.store.cluster.secrets import Secrets
from gis_service.store.database import Database, newest_revision, parse_url
from gis_service.store.reading import Reader
from gis_service.store.roles import Login, ensure_roles, login_url, role_name

DATABASE = "gis"
OWNER = "gis_owner"
KEPT_CONNECTIONS = 2
"""So many connections of each login stay open for edits and maps."""


@dataclass(frozen=True)
class Services:
    """Everything that answers requests."""

    settings: Settings
    gate: Gate
    features: Features
    exports: Exports
    editing: Editing
    records: Records
    nearest: Nearest
    networks: Networks
    search: Search
    maps: Maps
    health: Health
    jobs: Jobs
    tiles: Tiles
    crs: tuple[ServedCrs, ...]
    changes: Changes
    analyses: Analyses
    coverages: Coverages
    dashboards: Dashboards
    printing: Printing
    board: BoardReports
    fronts: Fronts
    ward_packages: WardPackages
    field_operations: FieldOperations
    photos: Photos


@dataclass(frozen=True)
class Addresses:
    """Where the database is, for its owner and for each login."""

    owner: URL
    logins: Mapping[Login, URL]

    @classmethod
    def of(cls, owner: URL, secrets: Secrets) -> Addresses:
        return cls(owner, {each: login_url(owner, each, secrets.password) for each in Login})


@asynccontextmanager
async def open_services(settings: Settings, addresses: Addresses) -> AsyncIterator[Services]:
    """The services on a database; they close at the end."""
    settings.home.mkdir(parents=True, exist_ok=True)
    async with (
        Reader.open(
            addresses.logins,
            pool_size=settings.pool_size,
            max_waiting=settings.max_waiting,
            statement_timeout_s=settings.statement_timeout_s,
        ) as reader,
        Changes.open(reader, addresses.logins[Login.PUBLIC]) as changes,
    ):
        snapshots = Snapshots(reader, changes, most_bytes=settings.snapshot_mb * 2**20)
        gate = Gate(reader, session_hours=settings.session_hours)
        databases = databases_of(addresses, kept=KEPT_CONNECTIONS)
        networks = Networks(reader, changes)
        paths = CablePaths(networks)
        editing = Editing(databases, settings, changes)
        connecting = Connecting(reader, changes, networks, settings)
        coverages = Coverages(reader, changes)
        proposals = Proposals(reader, editing, connecting, most_items=settings.max_batch)
        maps = Maps(databases, settings, changes)
        questions = NetworkQuestions(reader, networks)
        certifications = CertificationsDue(reader)
        field_operations = FieldOperations(reader, editing)
        catching_up = asyncio.create_task(_catch_up(field_operations))
        yield Services(
            settings=settings,
            gate=gate,
            features=Features(reader, changes, snapshots, count_cap=settings.count_cap),
            exports=_exports(reader, settings),
            editing=editing,
            records=Records(databases, statement_timeout_s=settings.statement_timeout_s),
            nearest=Nearest(reader),
            networks=networks,
            search=Search(reader),
            maps=maps,
            health=Health(reader, home=settings.home, revision=newest_revision()),
            jobs=Jobs(reader),
            tiles=Tiles(
                reader, changes,
                most_bytes=settings.max_tile_kb * 1000,
                cache_bytes=settings.tile_cache_mb * 1_000_000,
            ),
            crs=served_crs(settings.crs_codes),
            changes=changes,
            analyses=Analyses(reader, {
                **network_handlers(questions),
                **FaultLocating(reader, paths, editing).handlers(),
                **LossBudgets(reader, paths).handlers(),
                **connecting.handlers(),
                **proposals.handlers(),
                **certifications.handlers(),
                **Digging(reader).handlers(),
                **coverages.handlers(),
            }),
            coverages=coverages,
            dashboards=Dashboards(reader, coverages, certifications, questions),
            printing=Printing(maps, coverages, settings),
            board=BoardReports(
                maps, coverages, questions, connecting, certifications, settings
            ),
            fronts=Fronts(reader, coverages),
            ward_packages=WardPackages(reader, changes, networks),
            field_operations=field_operations,
            photos=Photos(reader, editing),
        )
        catching_up.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await catching_up
        editing.close()
        for database in databases.values():
            database.engine.dispose()
        await snapshots.settle()
        await gate.settle()


async def _catch_up(operations: FieldOperations) -> None:
    """Carry out what was kept by a process that ended before it was done."""
    try:
        await operations.carry_out_waiting()
    except GisError as error:
        logging.getLogger("gis_service.field").warning("operations wait on: %s", error)


@asynccontextmanager
async def open_exports(settings: Settings, audience: Audience) -> AsyncIterator[Exports]:
    """What writes files, for one audience, from a database that runs."""
    login = Login.of(audience)
    async with Reader.open(
        {login: addresses_of(settings).logins[login]},
        pool_size=1,
        statement_timeout_s=settings.statement_timeout_s,
    ) as reader:
        yield _exports(reader, settings)


@asynccontextmanager
async def open_archive(settings: Settings) -> AsyncIterator[Archive]:
    """What writes the public tiles to a file, from a database that runs."""
    async with Reader.open(
        {Login.PUBLIC: addresses_of(settings).logins[Login.PUBLIC]},
        pool_size=1,
        statement_timeout_s=settings.statement_timeout_s,
    ) as reader:
        changes = Changes(reader)  # that listens to nothing, so that no tile is kept
        tiles = Tiles(
            reader, changes, most_bytes=settings.max_tile_kb * 1000, cache_bytes=0
        )
        none = Snapshots(reader, changes, most_bytes=0)
        features = Features(reader, changes, none, count_cap=settings.count_cap)
        yield Archive(tiles, features, title=settings.municipality)


def _exports(reader: Reader, settings: Settings) -> Exports:
    return Exports(
        reader,
        most=settings.max_exports,
        timeout_s=settings.export_timeout_s,
        most_mb=settings.max_export_mb,
    )


def databases_of(addresses: Addresses, *, kept: int = 0) -> dict[Audience, Database]:
    """The database under the login of each audience, each with so many connections kept open."""
    return {a: Database.at(addresses.logins[Login.of(a)], kept=kept) for a in Audience}


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
    """
    cluster = private_cluster(settings)
    if cluster is None:
        yield None
        return
    users = settings.home / "run" / "database-users.lock"
    users.parent.mkdir(parents=True, exist_ok=True)
    with users.open("a") as lock:
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
    return Addresses.of(owner, Secrets(settings.home / "secrets.json"))


def prepared_database(settings: Settings, cluster: PrivateCluster | None) -> tuple[Database, bool]:
    """
    The database with its logins, migrated; and whether anything was done.

    In a running private cluster it is made when absent.

    Raises
    ------
    Unavailable, ConfigurationError, ClusterError
        It does not answer, or lacks something.
    """
    if cluster is not None:
        cluster.ensure_login(OWNER)
        cluster.ensure_database(DATABASE, owner=OWNER)
        for login in Login:
            cluster.ensure_login(role_name(DATABASE, login))
    settings.home.mkdir(parents=True, exist_ok=True)
    database = Database.at(addresses_of(settings).owner)
    database.check()
    if cluster is None:
        secrets = Secrets(settings.home / "secrets.json")
        with database.begin() as connection:
            ensure_roles(connection, secrets.password)
    return database, database.migrate()


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
