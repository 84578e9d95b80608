"""`gis backup`: a copy of everything in one file, and the proof that it can be put back."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import click

from gis_service.cli.backup_words import NOT_OURS, ending_in_order, megabytes, told
from gis_service.cli.progress import say, say_table
from gis_service.errors import BackupFailed, ConfigurationError, DamagedBackup, GisError
from gis_service.installation import (
    as_superuser,
    reachable_database,
    running_cluster,
    scratch_place,
)
from gis_service.services.backups.copying import copy_backup, remove_surplus_copies
from gis_service.services.backups.encryption import encryption_kind
from gis_service.services.backups.making import make_backup
from gis_service.services.backups.proving import prove_backup
from gis_service.services.backups.shelf import (
    backup_folder,
    is_due,
    kept_backups,
    new_name,
    one_run,
    remove_surplus,
)
from gis_service.services.recovery import keeping as recovery
from gis_service.services.recovery.shelf import recovery_folder
from gis_service.settings import Settings, read_settings

_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
IDENTITY = click.option("--identity", type=_FILE, help="Private key, for what age encrypted.")


@click.group(invoke_without_command=True)
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path),
              help="File to write; it must not be there yet.")
@click.option("--encrypt-to", "recipient", metavar="RECIPIENT",
              help="Who alone can read it: an age or SSH public key, else a key of gpg.")
@click.pass_context
def backup(context: click.Context, out: Path | None, recipient: str | None) -> None:
    """
    Copy everything into one file: the database with photos, history and keys' hashes, the
    machine's own certificates, waiting uploads, map definitions, settings without secrets.

    Others may write meanwhile. The file holds personal data: keep it as you keep the service.

    \b
      ./gis backup --out /media/stick/gis.tar
      ./gis backup --out gis.tar.gpg --encrypt-to ict@example.org
    """
    if context.invoked_subcommand is not None:
        return
    if out is None:
        raise click.UsageError("Name the file: ./gis backup --out FILE (or see --help).")
    settings = read_settings()
    out = out.expanduser().resolve()
    with ending_in_order(), running_cluster(settings) as cluster:
        database = reachable_database(settings, cluster)
        manifest = make_backup(database, settings, out, recipient=recipient)
    say(f"{out}: {manifest.rows:,} rows of {len(manifest.tables)} tables, "
        f"{megabytes(out.stat().st_size)}.")
    say(f"It is not proven yet: ./gis backup verify {out}")


@backup.command()
@click.argument("file", type=_FILE)
@IDENTITY
def verify(file: Path, identity: Path | None) -> None:
    """
    Prove a backup: put it back into a database of its own, compare every table, remove it.

    \b
      ./gis backup verify /media/stick/gis.tar
    """
    settings = read_settings()
    with ending_in_order():
        _prove(file.resolve(), settings, identity)


@backup.command("list")
@click.argument("folder", required=False,
                type=click.Path(exists=True, file_okay=False, path_type=Path))
def list_(folder: Path | None) -> None:
    """
    List the backups of GIS_BACKUP_DIR, or of another folder, the newest first.

    \b
      ./gis backup list
      ./gis backup list /media/stick
    """
    folder = folder or backup_folder(read_settings())
    kept = kept_backups(folder)
    if not kept:
        say(f"There is no backup in {folder}. Make one: ./gis backup run")
        return
    say_table(("Backup", "Made", "Size", "Proof"), [
        (each.name, told(each.made_at), megabytes(each.size),
         "unproven" if each.proof is None
         else f"proven {told(each.proof.proven_at)} by {each.proof.service}")
        for each in kept
    ])


@backup.command()
@click.option("--if-due", is_flag=True, help="Only when GIS_BACKUP_EVERY says so.")
@click.option("--no-verify", is_flag=True, help="Leave the proof for another time.")
def run(if_due: bool, no_verify: bool) -> None:
    """
    Make a backup in GIS_BACKUP_DIR, prove it, copy it, and remove those too many.

    A service that runs does so by itself; a timetable may do it instead.

    \b
      ./gis backup run
      ./gis backup run --if-due      for cron or a systemd timer
    """
    settings = read_settings()
    folder = backup_folder(settings)
    if if_due and not is_due(settings, datetime.now(UTC)):
        say("No backup is due.")
        return
    with ending_in_order(), one_run(folder):
        _run(settings, folder, prove=not no_verify)


@backup.command()
@click.option("--if-due", is_flag=True, help="Only when there is anything to do.")
def base(if_due: bool) -> None:
    """
    Copy the server's files into GIS_RECOVERY_DIR, from where its log of changes is followed.

    A service that runs keeps the log and does this each week, or sooner when the
    log has grown long. What no moment of GIS_RECOVERY_DAYS needs is removed.

    \b
      ./gis backup base
    """
    settings = read_settings()
    folder = recovery_folder(settings)
    if if_due and not recovery.is_due(settings, datetime.now(UTC)):
        say("No base copy is due.")
        return
    with ending_in_order(), one_run(folder), running_cluster(settings) as cluster:
        if cluster is None:
            raise ConfigurationError(NOT_OURS)
        made = recovery.keep(as_superuser(cluster), settings, base=not if_due)
    if made is not None:
        say(f"{made.name}: {megabytes(made.size)}. From {told(made.made_at)} on, the database can "
            "be put back to any moment: ./gis restore --to-time")


def _run(settings: Settings, folder: Path, *, prove: bool) -> None:
    recipient = settings.backup_encrypt_to
    suffix = "" if recipient is None else f".{encryption_kind(recipient)}"
    out = folder / new_name(datetime.now(UTC), suffix=suffix)
    with running_cluster(settings) as cluster:
        manifest = make_backup(
            reachable_database(settings, cluster), settings, out, recipient=recipient
        )
    say(f"{out}: {manifest.rows:,} rows, {megabytes(out.stat().st_size)}.")
    faults: list[GisError] = []
    if prove:
        try:
            _prove(out, settings, None)
        except (ConfigurationError, DamagedBackup) as error:
            if recipient is None:
                raise
            say(f"It stays unproven, for its key is not here: {error}")
        except GisError as error:
            faults.append(error)
    if settings.backup_copy_to is not None:
        try:
            copy_backup(out, settings.backup_copy_to)
            say(f"Copied to {settings.backup_copy_to}.")
        except GisError as error:
            faults.append(error)
    if faults:  # a run that failed removes nothing
        raise BackupFailed("\n".join(str(fault) for fault in faults))
    for name in remove_surplus(folder, settings.backup_keep):
        say(f"Removed {name}, which GIS_BACKUP_KEEP does not keep.")
    if settings.backup_copy_to is not None:
        for name in remove_surplus_copies(settings.backup_copy_to, settings.backup_keep):
            say(f"Removed the copy {name} from {settings.backup_copy_to}.")


def _prove(file: Path, settings: Settings, identity: Path | None) -> None:
    proof = prove_backup(
        file, lambda manifest: scratch_place(settings, manifest.database_bytes), identity
    )
    say(f"Proven in {proof.seconds:,.0f} s: {proof.rows:,} rows of {proof.tables} tables are "
        f"those of {told(proof.made_at)}.")
