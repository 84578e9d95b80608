"""Settings in, services out: the only place where parts are wired together."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass

from gis_service.crs import served_crs
from gis_service.errors import GisError
from gis_service.formats.basemap_tiles import BasemapTiles, open_basemap_tiles
from gis_service.installation import Addresses, addresses_of, databases_of
from gis_service.model.audience import Audience
from gis_service.model.queries import ServedCrs
from gis_service.services.analyses import Analyses
from gis_service.services.archive import Archive
from gis_service.services.assets import Assets
from gis_service.services.audit import Audit
from gis_service.services.board import BoardReports
from gis_service.services.cable_paths import CablePaths
from gis_service.services.certification import CertificationsDue
from gis_service.services.citizen_reports import CitizenReports
from gis_service.services.command_reference import CommandReference
from gis_service.services.conflicts import Conflicts
from gis_service.services.connecting import Connecting
from gis_service.services.coverage import Coverages
from gis_service.services.dashboard import Dashboards
from gis_service.services.dig_safe import Digging
from gis_service.services.editing import Editing
from gis_service.services.erasures import folders_of
from gis_service.services.exports import Exports
from gis_service.services.fault_location import FaultLocating
from gis_service.services.features import Features
from gis_service.services.field_operations import FieldOperations
from gis_service.services.form_times import FormTimes
from gis_service.services.gate import Gate
from gis_service.services.health import Health
from gis_service.services.jobs import Jobs
from gis_service.services.join_processes import join_handlers
from gis_service.services.joins import Joins
from gis_service.services.labels import Labels
from gis_service.services.loss_budget import LossBudgets
from gis_service.services.maps import Maps
from gis_service.services.monitoring import Monitoring
from gis_service.services.nearest import Nearest
from gis_service.services.network_processes import network_handlers
from gis_service.services.network_quality import NetworkQuality
from gis_service.services.network_questions import NetworkQuestions
from gis_service.services.networks import Networks
from gis_service.services.ofds_export import NetworkExports
from gis_service.services.people_desk import PeopleDesk
from gis_service.services.photos import Photos
from gis_service.services.printing import Printing
from gis_service.services.proposals import Proposals
from gis_service.services.public import PublicSite
from gis_service.services.public_export import PublicExport
from gis_service.services.publications import Publications
from gis_service.services.records import Records
from gis_service.services.scoped import Scopes, of_a_scope
from gis_service.services.search import Search
from gis_service.services.snapshots import Snapshots
from gis_service.services.tiles import Tiles
from gis_service.services.upload_desk import Uploads
from gis_service.services.walked_routes import WalkedRoutes
from gis_service.services.ward_packages import WardPackages
from gis_service.services.ward_sheets import WardSheets
from gis_service.settings import Settings
from gis_service.store.changes import Changes, ended
from gis_service.store.cluster.secrets import Secrets
from gis_service.store.database import Database, newest_revision
from gis_service.store.publications import latest
from gis_service.store.reading import Reader
from gis_service.store.replicas import Replicas
from gis_service.store.roles import Login

FORMS = "forms"
"""The secret that signs forms stands under this name beside the passwords of the logins."""
KEPT_CONNECTIONS = 2
"""So many connections of each login stay open for edits and maps."""


@dataclass(frozen=True)
class Services:
    """Everything that answers requests."""

    settings: Settings
    replicas: Replicas | None
    gate: Gate
    features: Features
    exports: Exports
    network_exports: NetworkExports
    quality: NetworkQuality
    editing: Editing
    records: Records
    nearest: Nearest
    networks: Networks
    search: Search
    maps: Maps
    health: Health
    monitoring: Monitoring
    jobs: Jobs
    tiles: Tiles
    basemap: BasemapTiles | None
    crs: tuple[ServedCrs, ...]
    changes: Changes
    analyses: Analyses
    coverages: Coverages
    dashboards: Dashboards
    printing: Printing
    board: BoardReports
    public: PublicSite
    ward_packages: WardPackages
    field_operations: FieldOperations
    photos: Photos
    walked_routes: WalkedRoutes
    reports: CitizenReports
    conflicts: Conflicts
    assets: Assets
    labels: Labels
    ward_sheets: WardSheets
    publications: Publications
    joins: Joins
    uploads: Uploads
    commands: CommandReference
    people: PeopleDesk
    audit: Audit
    scopes: Scopes[Services] | None
    """Where they are those of the whole installation: the same for each of its scopes."""


@asynccontextmanager
async def open_services(settings: Settings, addresses: Addresses) -> AsyncIterator[Services]:
    """The services on a database; they close at the end."""
    settings.home.mkdir(parents=True, exist_ok=True)

    def within(scope: int) -> AbstractAsyncContextManager[Services]:
        return _wired(of_a_scope(settings), addresses.of_scope(scope), whole=whole)

    scopes = Scopes(within)
    async with _wired(settings, addresses, scopes=scopes) as whole:
        try:
            yield whole
        finally:
            await scopes.close()


@asynccontextmanager
async def _wired(
    settings: Settings,
    addresses: Addresses,
    *,
    scopes: Scopes[Services] | None = None,
    whole: Services | None = None,
) -> AsyncIterator[Services]:
    """
    Everything on one set of logins, with memories of its own.

    Parameters
    ----------
    whole
        Set within a scope: it hears of changes and knows keys.
    """
    async with (
        Reader.open(
            addresses.requests,
            pool_size=settings.pool_size,
            max_waiting=settings.max_waiting,
            statement_timeout_s=settings.statement_timeout_s,
            pooled=addresses.pooled is not None,
            replicas=addresses.replicas,
            replica_lag_s=settings.replica_lag_s,
        ) as reader,
        Changes.open(reader, addresses.logins[Login.PUBLIC]) if whole is None
        else whole.changes.followed_by(reader) as changes,
    ):
        snapshots = Snapshots(reader, changes, most_bytes=settings.snapshot_mb * 2**20)
        primary = reader.of_primary()
        gate = whole.gate if whole else Gate(primary, session_hours=settings.session_hours)
        databases = databases_of(addresses.requests, kept=0 if whole else KEPT_CONNECTIONS)
        keeper = Database.at(addresses.requests[Login.KEEPER])
        networks = Networks(reader, changes)
        paths = CablePaths(networks)
        editing = Editing(databases, settings, changes)
        joins = Joins(reader, editing)
        connecting = Connecting(reader, changes, networks, settings)
        coverages = Coverages(reader, changes)
        proposals = Proposals(reader, editing, connecting, most_items=settings.max_batch)
        basemap = (
            open_basemap_tiles(settings.basemap_pmtiles) if settings.basemap_pmtiles else None
        )
        maps = Maps(databases, settings, changes, tiles=basemap)
        questions = NetworkQuestions(reader, networks)
        features = Features(reader, changes, snapshots, count_cap=settings.count_cap)
        search, nearest = Search(reader), Nearest(reader)
        certifications = CertificationsDue(reader)
        field_operations = FieldOperations(primary, editing)
        photos = Photos(reader, editing)
        ward_packages = WardPackages(reader, changes, networks)
        tiles = Tiles(
            reader, changes,
            most_bytes=settings.max_tile_kb * 1000,
            cache_bytes=settings.tile_cache_mb * 1_000_000,
        )
        network_exports = NetworkExports(reader, settings)
        records = Records(databases, statement_timeout_s=settings.statement_timeout_s)
        catching_up = asyncio.create_task(_catch_up(field_operations))
        yield Services(
            settings=settings,
            replicas=reader.replicas,
            gate=gate,
            features=features,
            exports=_exports(reader, settings),
            network_exports=network_exports,
            quality=NetworkQuality(network_exports, settings),
            editing=editing,
            records=records,
            nearest=nearest,
            networks=networks,
            search=search,
            maps=maps,
            health=Health(reader, settings, revision=newest_revision()),
            monitoring=Monitoring(reader, snapshots, tiles, settings),
            jobs=Jobs(primary),
            tiles=tiles,
            basemap=basemap,
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
                **join_handlers(joins),
            }),
            coverages=coverages,
            dashboards=Dashboards(reader, coverages, certifications, questions),
            printing=Printing(maps, coverages, settings),
            board=BoardReports(
                maps, coverages, questions, connecting, certifications, settings
            ),
            public=PublicSite(databases[Audience.PUBLIC], changes, features, search, nearest),
            ward_packages=ward_packages,
            field_operations=field_operations,
            photos=photos,
            walked_routes=WalkedRoutes(reader, editing),
            publications=Publications(primary, editing),
            joins=joins,
            uploads=Uploads(primary, editing, settings),
            people=PeopleDesk(
                keeper, databases[Audience.ADMIN], listed=folders_of(settings)
            ),
            audit=Audit(
                databases[Audience.ADMIN], editing,
                statement_timeout_s=settings.statement_timeout_s,
            ),
            reports=CitizenReports(
                primary, editing, FormTimes(Secrets(settings.home / "secrets.json").password(FORMS))
            ),
            conflicts=Conflicts(primary, editing, records),
            scopes=scopes,
            assets=Assets(reader, networks, photos),
            labels=Labels(ward_packages, settings),
            ward_sheets=WardSheets(ward_packages, maps, settings),
            commands=CommandReference(settings.home / "run" / "commands.json"),
        )
        await ended(catching_up)
        if basemap is not None:
            basemap.close()
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
async def open_network_exports(
    settings: Settings, audience: Audience
) -> AsyncIterator[NetworkExports]:
    """What writes whole networks, for one audience, from a database that runs."""
    login = Login.of(audience)
    async with Reader.open(
        {login: addresses_of(settings).logins[login]},
        pool_size=1,
        statement_timeout_s=settings.export_timeout_s,
    ) as reader:
        yield NetworkExports(reader, settings)


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
        yield Archive(
            tiles, features, title=settings.municipality,
            publication=await latest(reader, Login.PUBLIC),
        )


@asynccontextmanager
async def open_public_export(settings: Settings) -> AsyncIterator[PublicExport]:
    """What writes the public's site to a folder, from a database that runs."""
    addresses = addresses_of(settings)
    public = {Login.PUBLIC: addresses.logins[Login.PUBLIC]}
    databases = databases_of(addresses.logins, kept=1)
    async with Reader.open(
        public, pool_size=1, statement_timeout_s=settings.statement_timeout_s
    ) as reader:
        changes = Changes(reader)  # that listens to nothing, so that no tile is kept
        tiles = Tiles(reader, changes, most_bytes=settings.max_tile_kb * 1000, cache_bytes=0)
        none = Snapshots(reader, changes, most_bytes=0)
        features = Features(reader, changes, none, count_cap=settings.count_cap)
        yield PublicExport(
            settings,
            site=PublicSite(
                databases[Audience.PUBLIC], None, features, Search(reader), Nearest(reader)
            ),
            maps=Maps(databases, settings),
            exports=_exports(reader, settings),
            archive=Archive(
                tiles, features, title=settings.municipality,
                publication=await latest(reader, Login.PUBLIC),
            ),
            features=features,
        )
    for database in databases.values():
        database.engine.dispose()


def _exports(reader: Reader, settings: Settings) -> Exports:
    return Exports(
        reader,
        most=settings.max_exports,
        timeout_s=settings.export_timeout_s,
        most_mb=settings.max_export_mb,
    )
