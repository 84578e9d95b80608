"""`gis upgrade`: this version of the service takes the place of the one before."""

from __future__ import annotations

import os
import subprocess
from functools import partial
from pathlib import Path
from typing import Any

import click
from sqlalchemy.exc import DBAPIError

from gis_service import __version__
from gis_service.cli.backup_words import ending_in_order
from gis_service.cli.process import ROOT, ServiceProcess, run_detached
from gis_service.cli.progress import say
from gis_service.cli.tls import say_addresses
from gis_service.cli.upgrade_postgresql import postgresql
from gis_service.errors import BackupFailed, Conflict, GisError
from gis_service.installation import reachable_database, running_cluster, scratch_place
from gis_service.model.backups import Proof
from gis_service.services.upgrading import rehearsed_backup
from gis_service.settings import Settings, read_settings
from gis_service.store.database import Database, newest_revision


@click.group(invoke_without_command=True)
@click.pass_context
def upgrade(context: click.Context) -> None:
    """
    Let this version take the place of the one before, which serves on until then.

    Run it in the new version's folder, unpacked beside the former one. It backs up, puts
    the backup back on the side and migrates it there; only then is the former service
    stopped, the database migrated in one transaction, and this version started. When
    anything fails, the database is as before and the former version serves again.

    \b
      cd gis-service-1.1 && ./gis upgrade
    """
    if context.invoked_subcommand is not None:
        return
    settings = read_settings()
    process = ServiceProcess(settings)
    former = process.state()
    with ending_in_order(), running_cluster(settings) as cluster:
        database = reachable_database(settings, cluster)
        revision = database.revision()
        if revision is None:
            say("The database is empty: there is nothing to upgrade. Serve it: ./gis up")
            return
        database.check_known()
        newest = newest_revision(database.migrations)
        if revision == newest and (former is None or former.get("root") == str(ROOT)):
            say(f"Nothing is to be done: this is version {__version__}, schema {newest}.")
            return
        if former is not None and not former.get("detached"):
            raise Conflict(
                "The service was not started by ./gis up --detach, so it is not stopped here. Stop "
                "it (systemctl stop gis-service, or Ctrl-C), run this again, and start this "
                "version in the same way."
            )
        say(f"Backing up, and rehearsing the way from schema {revision} to {newest} ...")
        path, proof = _rehearsed(database, settings)
        say(f"{path}: {proof.rows:,} rows, proven in {proof.seconds:,.0f} s.")
        _change(database, process, former, revision)
    if former is None:
        say(f"The schema is {newest} now. Start this version as you started the one before.")
    else:
        say(f"Version {__version__} serves. The former one is in {former['root']}.")
        say_addresses(settings)


upgrade.add_command(postgresql)


def _rehearsed(database: Database, settings: Settings) -> tuple[Path, Proof]:
    try:
        return rehearsed_backup(
            database, settings, lambda manifest: scratch_place(settings, manifest.database_bytes)
        )
    except DBAPIError as error:
        raise BackupFailed(
            "A copy of the data did not come through the migrations, so nothing was changed: "
            f"{error.orig}"
        ) from error


def _change(
    database: Database, process: ServiceProcess, former: dict[str, Any] | None, revision: str
) -> None:
    """Stop the former version, migrate, start this one; or let all be as before."""
    if former is not None:
        say("Stopping the former version ...")
        process.stop()
    try:
        database.migrate()
        if former is not None:
            tell = partial(click.echo, nl=False)
            run_detached(process, former["options"], tell=tell, or_end=True)
    except BaseException as error:
        say("It failed. Going back ...")
        if database.revision() != revision:
            database.downgrade(revision)
        if former is not None:
            _start(former)
        if isinstance(error, DBAPIError):
            raise BackupFailed(f"The database refused the migration: {error.orig}") from error
        raise


def _start(former: dict[str, Any]) -> None:
    """Start the former version as it was."""
    command = [former["python"], "-P", "-m", "gis_service", "up", "--detach", *former["options"]]
    started = subprocess.run(
        command, env=os.environ | {"PYTHONPATH": former["root"]}, cwd=former["root"],
        stdin=subprocess.DEVNULL, check=False,
    )
    if started.returncode:
        raise GisError(
            f"The database is as before, but the former version in {former['root']} did not start. "
            "Start it there: ./gis up --detach"
        )
    say("The former version serves again.")
