"""`gis upgrade postgresql`: the private database moves to another version of its server."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import click

from gis_service.cli.backup_words import ending_in_order
from gis_service.cli.process import ServiceProcess
from gis_service.cli.progress import say
from gis_service.errors import ConfigurationError, Conflict
from gis_service.installation import (
    move_server,
    prepared_database,
    reachable_database,
    running_cluster,
    sole_use,
)
from gis_service.services.backups.making import make_backup
from gis_service.services.backups.restoring import open_backup
from gis_service.services.backups.shelf import new_name
from gis_service.services.upgrading import backups_before
from gis_service.settings import Settings, read_settings
from gis_service.store.cluster import find_binaries
from gis_service.store.cluster.binaries import ServerBinaries, data_version


@click.command()
@click.option("--to", type=click.Path(exists=True, file_okay=False, path_type=Path),
              help="Folder of the new server's programs; by default the newest that is installed.")
def postgresql(to: Path | None) -> None:
    """
    Move the private database to a newer PostgreSQL with PostGIS, once that is installed.

    It backs up, puts the backup into a new server, compares every table with its sum, and
    only then lets that server be the home's own. The former data are kept.

    \b
      ./gis down
      sudo apt-get install postgresql-17 postgresql-17-postgis-3
      ./gis upgrade postgresql
    """
    settings = read_settings()
    with ending_in_order(), ServiceProcess(settings).alone() as mine:
        if not mine:
            raise Conflict("The service runs here. Stop it first: ./gis down")
        with sole_use(settings) as cluster:
            before = data_version(cluster.data)
            newer = _newer(to, before)
            say(f"Backing up, then moving from PostgreSQL {before} to {newer.version} ...")
            path = backups_before(settings) / new_name(datetime.now(UTC))
            make_backup(reachable_database(settings, cluster), settings, path)
            kept = move_server(cluster, settings, open_backup(path), newer.bin_dir)
    _check(settings, newer)
    say(f"PostgreSQL {newer.version} holds the data now, every table compared. The backup: {path}")
    say(f"The former data are kept in {kept}; remove them when all is well.")
    own = cluster.data
    say(f"The way back: ./gis down; mv {own} {own}.newer; mv {kept} {own}")


def _newer(to: Path | None, before: int | None) -> ServerBinaries:
    found = find_binaries(to)
    if before is not None and (found.version < before or (to is None and found.version == before)):
        raise ConfigurationError(
            f"The database is of PostgreSQL {before}, and the newest here with PostGIS is "
            f"{found.version} ({found.bin_dir}). Install a newer one (Debian: postgresql-17 "
            "postgresql-17-postgis-3), or name its folder with --to."
        )
    return found


def _check(settings: Settings, newer: ServerBinaries) -> None:
    """Start the home's own server once as the service will."""
    if settings.pg_bin is not None and settings.pg_bin.resolve() != newer.bin_dir.resolve():
        say(f"Set GIS_PG_BIN to {newer.bin_dir}, or leave it away.")
        settings = settings.model_copy(update={"pg_bin": newer.bin_dir})
    with running_cluster(settings) as cluster:
        prepared_database(settings, cluster)
