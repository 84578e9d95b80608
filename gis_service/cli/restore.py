"""`gis restore`: put a backup back into an empty place."""

from __future__ import annotations

from pathlib import Path

import click

from gis_service.cli.backup import IDENTITY
from gis_service.cli.backup_words import ending_in_order, told
from gis_service.cli.process import ServiceProcess
from gis_service.cli.progress import say
from gis_service.errors import BackupFailed
from gis_service.installation import reachable_database, running_cluster
from gis_service.services.backups.restoring import open_backup, restore_backup
from gis_service.settings import read_settings


@click.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@IDENTITY
def restore(file: Path, identity: Path | None) -> None:
    """
    Put a backup back into an empty GIS_HOME (or an empty GIS_DATABASE_URL); replaces nothing.

    Every byte is compared with its hash before, every table with its sum after;
    an older backup is migrated. Keys that were revoked since it was made open the
    service again: see ./gis keys list.

    \b
      ./gis restore /media/stick/gis.tar
      GIS_HOME=/srv/gis ./gis restore gis.tar.gpg
    """
    settings = read_settings()
    with ending_in_order():
        backup = open_backup(file.resolve(), identity)
        manifest = backup.manifest
        say(f"The backup of {told(manifest.made_at)} is whole. Putting it back ...")
        with ServiceProcess(settings).alone() as mine:
            if not mine:
                raise BackupFailed("The service runs here. Stop it first: ./gis down")
            with running_cluster(settings) as cluster:
                by_hand = restore_backup(backup, reachable_database(settings, cluster), settings)
    say(f"{manifest.rows:,} rows of {len(manifest.tables)} tables are those of the backup.")
    for path in by_hand:
        say(f"To be put in its place by hand, if it is still wanted: {path}")
    say("Serve it: ./gis up. Keys revoked since open again: see ./gis keys list.")
