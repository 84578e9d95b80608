"""`gis up`, `gis down`, `gis serve`: the service as a process."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import click

from gis_service.cli.process import ServiceProcess, options_of, run_detached
from gis_service.cli.progress import say
from gis_service.cli.tls import reachable, say_addresses
from gis_service.errors import ConfigurationError
from gis_service.installation import private_cluster
from gis_service.services.backups.folders import missing_folders
from gis_service.settings import read_settings

_HOST = click.option("--host", help="Address to listen on (GIS_HOST).")
_PORT = click.option("--port", type=int, help="Port to listen on (GIS_PORT).")
_WORKERS = click.option("--workers", type=int, help="Processes that answer (GIS_WORKERS).")
_TLS = click.option("--tls", is_flag=True, default=None, help="Speak https (GIS_TLS).")
_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
_TLS_CERT = click.option("--tls-cert", type=_FILE, help="Your certificate, PEM (GIS_TLS_CERT).")
_TLS_KEY = click.option("--tls-key", type=_FILE, help="Its key, PEM (GIS_TLS_KEY).")


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
            process, [*options_of(settings), *arguments], tell=partial(click.echo, nl=False)
        )
        say_addresses(settings)
        for notice in missing_folders(settings):
            say(notice)
        return
    process.detached = tell is not None
    with process.alone() as mine:
        if not mine:
            running = process.wait_ready()
            say(f"The service is running already at {running}. ./gis down stops it.")
            return
        from gis_service.cli.serving import serve_here  # noqa: PLC0415 - slow

        serve_here(process, settings, sample=not no_sample, tell=tell)


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
    from gis_service.cli.serving import serve_here  # noqa: PLC0415 - slow

    serve_here(ServiceProcess(settings), settings, sample=False, key=False)

