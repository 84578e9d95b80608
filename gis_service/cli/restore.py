"""`gis restore`: put a backup, or the state of a moment, back into an empty place."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from uuid import UUID

import click

from gis_service.cli.backup import IDENTITY
from gis_service.cli.backup_words import NOT_OURS, ending_in_order, told
from gis_service.cli.process import ServiceProcess
from gis_service.cli.progress import say
from gis_service.errors import BackupFailed, ConfigurationError
from gis_service.installation import (
    prepared_database,
    private_cluster,
    reachable_database,
    recovered_place,
    running_cluster,
)
from gis_service.model.days import local
from gis_service.model.recovery import Reached
from gis_service.services.backups.restoring import open_backup, restore_backup
from gis_service.services.erasures import ErasedAgain, erase_again, folders_of
from gis_service.services.recovery.restoring import put_back, put_back_latest_files
from gis_service.services.recovery.shelf import recovery_folder
from gis_service.settings import Settings, read_settings

_MOST_LISTED = 20


class _Moment(click.ParamType[datetime]):
    name = "moment"

    def convert(
        self, value: str, param: click.Parameter | None, ctx: click.Context | None
    ) -> datetime:
        try:
            return local(datetime.fromisoformat(value))
        except ValueError:
            self.fail(f"{value!r} is no moment. Write it like 2026-11-23 14:05.", param, ctx)


@click.command()
@click.argument("file", required=False,
                type=click.Path(exists=True, dir_okay=False, path_type=Path))
@IDENTITY
@click.option("--to-time", "moment", type=_Moment(),
              help="Put back what was saved until then, by GIS_RECOVERY_DIR; Kenya's time.")
@click.option("--before-load", "before", type=click.UUID, metavar="LOAD_ID",
              help="Put back what was saved before that load.")
def restore(
    file: Path | None, identity: Path | None, moment: datetime | None, before: UUID | None
) -> None:
    """
    Put a backup back into an empty GIS_HOME (or an empty GIS_DATABASE_URL); replaces nothing.

    Every byte is compared with its hash before, every table with its sum after;
    an older backup is migrated. Keys that were revoked since it was made open the
    service again: see ./gis keys list. People who were erased since are erased again,
    by the list that lies in GIS_BACKUP_DIR or beside FILE. With GIS_RECOVERY_DIR set, as
    the service had it, any moment can be put back, and what came after it is told.

    \b
      ./gis restore /media/stick/gis.tar
      GIS_HOME=/srv/gis ./gis restore gis.tar.gpg
      GIS_HOME=/srv/gis ./gis restore --to-time '2026-11-23 14:05'
      GIS_HOME=/srv/gis ./gis restore --before-load 5f0c1a52-...
    """
    if sum(each is not None for each in (file, moment, before)) != 1:
        raise click.UsageError("Name one of: the FILE of a backup, --to-time, --before-load.")
    settings = read_settings()
    with ending_in_order(), ServiceProcess(settings).alone() as mine:
        if not mine:
            raise BackupFailed("The service runs here. Stop it first: ./gis down")
        if file is None:
            _to_moment(settings, moment, before)
        else:
            _from_file(settings, file.resolve(), identity)
    say("Serve it: ./gis up. Keys revoked since open again: see ./gis keys list.")


def _from_file(settings: Settings, file: Path, identity: Path | None) -> None:
    backup = open_backup(file, identity)
    manifest = backup.manifest
    say(f"The backup of {told(manifest.made_at)} is whole. Putting it back ...")
    with running_cluster(settings) as cluster:
        database = reachable_database(settings, cluster)
        by_hand = restore_backup(backup, database, settings)
        again = erase_again(
            database, (*folders_of(settings), file.parent),
            since=datetime.fromisoformat(manifest.made_at),
        )
    say(f"{manifest.rows:,} rows of {len(manifest.tables)} tables are those of the backup.")
    _say_erased(again)
    _say_by_hand(by_hand)


def _to_moment(settings: Settings, moment: datetime | None, before: UUID | None) -> None:
    cluster = private_cluster(settings)
    if cluster is None:
        raise ConfigurationError(NOT_OURS)
    if cluster.made():
        raise BackupFailed(
            f"{settings.home} holds a database already, and nothing is replaced. Set GIS_HOME to "
            "an empty folder; the other one stays as it is."
        )
    folder = recovery_folder(settings)
    began = time.monotonic()
    say("Looking at the newest state, then going back ...")
    reached = put_back(folder, partial(recovered_place, settings), moment=moment, before=before)
    with running_cluster(settings) as running:
        database, _ = prepared_database(settings, running)
        since = reached.state.newest or datetime.fromtimestamp(0, UTC)
        again = erase_again(database, (*folders_of(settings), folder), since=moment or since)
    _say_reached(reached)
    _say_erased(again)
    say(f"It took {time.monotonic() - began:,.0f} s.")
    try:
        backup, by_hand = put_back_latest_files(settings)
    except (BackupFailed, ConfigurationError) as error:
        say(f"Its files beside the database could not be put back: {error}")
        return
    if backup is None:
        say("Photos are in the database. What lies beside it (tls/, uploads/, map definitions) is "
            "in no backup here: copy it from the former GIS_HOME.")
    else:
        say(f"Photos are in the database; files beside it are those of {backup.name}.")
    _say_by_hand(by_hand)


def _say_reached(reached: Reached) -> None:
    state, newest = reached.state, reached.newest
    if state.newest is not None:
        say(f"The newest change that it holds is of {_exactly(state.newest)}.")
    if not reached.lost_changes and not reached.lost_loads:
        say("Nothing that was saved comes after it.")
    else:
        lost = reached.lost_changes
        until = f" (the last of {_exactly(newest.newest)})" if lost and newest.newest else ""
        say(f"Not in it: {_counted(lost, 'later change')}{until}; a load counts as one."
            + (f" {_counted(len(reached.lost_loads), 'load')} of them:" if reached.lost_loads
               else ""))
        for load in reached.lost_loads[:_MOST_LISTED]:
            say(f"  {load.id}  {_exactly(load.committed_at)}  {load.collection}  {load.source}")
        if len(reached.lost_loads) > _MOST_LISTED:
            say("  ...")
    if reached.ended_jobs:
        say(f"{reached.ended_jobs:,} jobs that had not ended then are not repeated.")


def _counted(number: int, what: str) -> str:
    return f"{number:,} {what}{'' if number == 1 else 's'}"


def _say_erased(again: ErasedAgain) -> None:
    if again.people:
        say(f"{len(again.people):,} people who were erased since were erased again.")
    if again.contacts:
        say(f"{again.contacts:,} contacts were erased since and stand here again: erase them by "
            "./gis people erase --contact, from the requests that you keep.")


def _say_by_hand(paths: list[Path]) -> None:
    for path in paths:
        say(f"To be put in its place by hand, if it is still wanted: {path}")


def _exactly(at: datetime) -> str:
    return f"{local(at):%Y-%m-%d %H:%M:%S}"
