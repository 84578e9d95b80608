"""`gis backup`: a copy of everything in one file, and the proof that it can be put back."""

from __future__ import annotations

from pathlib import Path

import click

from gis_service.cli.backup_words import ending_in_order, megabytes, told
from gis_service.cli.progress import say
from gis_service.installation import reachable_database, running_cluster, scratch_place
from gis_service.services.backups.making import make_backup
from gis_service.services.backups.proving import prove_backup
from gis_service.settings import read_settings

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
        proof = prove_backup(
            file.resolve(), lambda manifest: scratch_place(settings, manifest.database_bytes),
            identity,
        )
    say(f"Proven in {proof.seconds:,.0f} s: {proof.rows:,} rows of {proof.tables} tables are "
        f"those of {told(proof.made_at)}.")
