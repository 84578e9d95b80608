"""Serving: everything that the service needs is brought up, in order, and ended again."""

from __future__ import annotations

import os
import sys

import click

from gis_service.cli.backup_timer import backups_when_due
from gis_service.cli.keys import key_notice
from gis_service.cli.notifying import printed_to_journal, systemd_told
from gis_service.cli.process import ServiceProcess, serve_until_stopped
from gis_service.cli.progress import say
from gis_service.cli.recovery_timer import log_kept
from gis_service.cli.supervisor import supervised_database, supervised_worker
from gis_service.cli.tls import certificate_of, say_addresses, trust_page, trust_port
from gis_service.crs import served_crs
from gis_service.installation import prepared_database, running_cluster
from gis_service.services.backups.folders import missing_folders
from gis_service.services.coordinates import check_crs
from gis_service.services.keys import first_key, list_keys
from gis_service.services.sample import is_empty, load_sample
from gis_service.settings import Settings
from gis_service.store.database import Database

_MAKE_ONE = './gis keys create --role admin --name "Your name"'


def serve_here(
    process: ServiceProcess,
    settings: Settings,
    *,
    sample: bool,
    key: bool = True,
    tell: int | None = None,
) -> None:
    """
    Serve until a signal asks to stop.

    Parameters
    ----------
    sample
        Whether an empty database gets the sample data.
    key
        Whether the first administrator's key is made.
    tell
        File descriptor for what is told once and stays out of the log.
    """
    process.refuse_taken_port(settings.port, "--port")
    if (port := trust_port(settings)) is not None:
        process.refuse_taken_port(port, "GIS_TRUST_PORT")
    certificate = certificate_of(settings)
    for notice in certificate.notices if certificate else ():
        say(notice)
    if settings.database_url is None:
        say("Starting the private database ...")
    with process.stopping_on_signals():
        try:
            with running_cluster(settings) as cluster:
                database, migrated = prepared_database(settings, cluster)
                if migrated:
                    say("The database's schema is up to date.")
                check_crs(database, served_crs(settings.crs_codes))
                if sample and is_empty(database):
                    say("The database is empty: loading the sample data (synthetic) ...")
                    for line in load_sample(database, settings):
                        say(f"  {line}")
                say_addresses(settings)
                for notice in missing_folders(settings):
                    say(notice)
                if key and not printed_to_journal():
                    _make_first_key(database, settings, tell)
                elif not list_keys(database):
                    say(f"There is no key yet. Make one: {_MAKE_ONE}")
                say("Ctrl-C stops the service." if sys.stdout.isatty() else "Serving.")
                with (
                    supervised_database(cluster),
                    log_kept(settings, cluster),
                    supervised_worker(settings),
                    backups_when_due(settings),
                    trust_page(settings, certificate),
                    systemd_told(process.answers),
                ):
                    serve_until_stopped(process, settings, certificate)
        finally:
            say("Stopped.")


def _make_first_key(database: Database, settings: Settings, tell: int | None) -> None:
    """
    Make an administrator's key when there has never been a key, and show it once.

    Parameters
    ----------
    tell
        Where to write it, so that it stays out of the log; None for standard output.
    """
    issued = first_key(database)
    if issued is not None:
        notice = key_notice(issued, settings, first=True)
        if tell is None:
            click.echo(notice, nl=False)
            return
        try:
            os.write(tell, notice.encode())
        except OSError:
            say(f"The first key could not be shown. Make another: {_MAKE_ONE}")
    if tell is not None:
        os.close(tell)
