"""`gis up`, `gis down`, `gis serve`: the service as a process."""

from __future__ import annotations

import os
import sys
from functools import partial
from pathlib import Path

import click

from gis_service.cli.backup_timer import backups_when_due
from gis_service.cli.keys import key_notice
from gis_service.cli.process import ServiceProcess, run_detached, serve_until_stopped
from gis_service.cli.progress import say
from gis_service.cli.tls import (
    certificate_of,
    reachable,
    say_how_to_trust,
    trust_page,
    trust_port,
)
from gis_service.cli.worker import supervised_worker
from gis_service.crs import served_crs
from gis_service.errors import ConfigurationError
from gis_service.installation import prepared_database, private_cluster, running_cluster
from gis_service.services.coordinates import check_crs
from gis_service.services.keys import first_key, list_keys
from gis_service.services.sample import is_empty, load_sample
from gis_service.settings import Settings, read_settings
from gis_service.store.database import Database

_HOST = click.option("--host", help="Address to listen on (GIS_HOST).")
_PORT = click.option("--port", type=int, help="Port to listen on (GIS_PORT).")
_WORKERS = click.option("--workers", type=int, help="Processes that answer (GIS_WORKERS).")
_TLS = click.option("--tls", is_flag=True, default=None, help="Speak https (GIS_TLS).")
_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
_TLS_CERT = click.option("--tls-cert", type=_FILE, help="Your certificate, PEM (GIS_TLS_CERT).")
_TLS_KEY = click.option("--tls-key", type=_FILE, help="Its key, PEM (GIS_TLS_KEY).")

_MAKE_ONE = './gis keys create --role admin --name "Your name"'


@click.command()
@_HOST
@_PORT
@_WORKERS
@_TLS
@_TLS_CERT
@_TLS_KEY
@click.option("--detach", is_flag=True, help="Return when the service is ready.")
@click.option("--no-sample", is_flag=True, help="Leave an empty database empty.")
@click.option("--tell", type=int, hidden=True,
              help="File descriptor for what is told once and stays out of the log.")
def up(  # noqa: PLR0917 - click passes them by name
    host: str | None,
    port: int | None,
    workers: int | None,
    tls: bool | None,
    tls_cert: Path | None,
    tls_key: Path | None,
    detach: bool,
    no_sample: bool,
    tell: int | None,
) -> None:
    """
    Set up what is missing and serve the map.

    \b
      ./gis up                      in the foreground; Ctrl-C stops it
      ./gis up --detach             in the background; ./gis down stops it
      ./gis up --port 9000 --workers 2
      ./gis up --tls --host 0.0.0.0   for phones: https, by an authority of this machine
      ./gis up --tls-cert map.pem --tls-key map.key
    """
    settings = reachable(read_settings(
        host=host, port=port, workers=workers, tls=tls, tls_cert=tls_cert, tls_key=tls_key
    ))
    process = ServiceProcess(settings)
    if detach:
        arguments = ["--no-sample"] if no_sample else []
        run_detached(
            process, [*_options(settings), *arguments], tell=partial(click.echo, nl=False)
        )
        print_addresses(settings)
        return
    with process.alone() as mine:
        if not mine:
            running = process.wait_ready()
            say(f"The service is running already at {running}. ./gis down stops it.")
            return
        _serve(process, settings, sample=not no_sample, tell=tell)


@click.command()
def down() -> None:
    """
    Stop what `gis up` started: the service and its private database.

    \b
      ./gis down
    """
    settings = read_settings()
    stopped = ServiceProcess(settings).stop()
    cluster = private_cluster(settings)
    if cluster is not None:
        stopped = cluster.stop() or stopped
    say("Stopped." if stopped else "Nothing was running.")


@click.command()
@_HOST
@_PORT
@_WORKERS
@_TLS
@_TLS_CERT
@_TLS_KEY
def serve(  # noqa: PLR0917 - click passes them by name
    host: str | None,
    port: int | None,
    workers: int | None,
    tls: bool | None,
    tls_cert: Path | None,
    tls_key: Path | None,
) -> None:
    """
    Serve with the database that GIS_DATABASE_URL names, after migrating it.

    \b
      GIS_DATABASE_URL=postgresql://gis:secret@db/gis ./gis serve --host 0.0.0.0
    """
    settings = reachable(read_settings(
        host=host, port=port, workers=workers, tls=tls, tls_cert=tls_cert, tls_key=tls_key
    ))
    if settings.database_url is None:
        raise ConfigurationError(
            "gis serve needs GIS_DATABASE_URL; gis up brings a database of its own."
        )
    _serve(ServiceProcess(settings), settings, sample=False, key=False)


def print_addresses(settings: Settings) -> None:
    base = settings.public_base_url
    say("")
    say(f"  The map          {base}/maps/coverage")
    say(f"  All maps         {base}/maps")
    say(f"  The data         {base}/collections")
    say(f"  Log in           {base}/login")
    say(f"  For programs     {base}/   (OGC API - Features; OpenAPI at {base}/api)")
    say(f"  Health           {base}/health/ready")
    say("")
    say_how_to_trust(settings)


def _serve(
    process: ServiceProcess,
    settings: Settings,
    *,
    sample: bool,
    key: bool = True,
    tell: int | None = None,
) -> None:
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
                print_addresses(settings)
                if key:
                    _make_first_key(database, settings, tell)
                elif not list_keys(database):
                    say(f"There is no key yet. Make one: {_MAKE_ONE}")
                say("Ctrl-C stops the service." if sys.stdout.isatty() else "Serving.")
                with (
                    supervised_worker(settings),
                    backups_when_due(settings),
                    trust_page(settings, certificate),
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


def _options(settings: Settings) -> list[str]:
    tls = ["--tls"] if settings.tls else []
    for option, file in (("--tls-cert", settings.tls_cert), ("--tls-key", settings.tls_key)):
        tls += [] if file is None else [option, str(file)]
    return [
        "--host", settings.host, "--port", str(settings.port),
        "--workers", str(settings.workers), *tls,
    ]
