"""`gis replica`: copies of the private database that follow it, for reading and for the worst."""

from __future__ import annotations

from pathlib import Path
from shutil import copyfile

import click

from gis_service.cli.progress import say, say_table
from gis_service.errors import ConfigurationError
from gis_service.installation import as_superuser, private_cluster
from gis_service.settings import Settings, read_settings
from gis_service.store.cluster import PrivateCluster, standby
from gis_service.store.cluster.server import SUPERUSER
from gis_service.store.database import parse_url

FOLDER = click.argument("folder", type=click.Path(file_okay=False, path_type=Path))


@click.group()
def replica() -> None:
    """
    Copies of the private database that follow it: for reading (GIS_REPLICA_URLS), and to go on
    with when its machine is lost.

    \b
      ./gis replica make /srv/gis-replica
      ./gis replica status
    """


@replica.command()
@FOLDER
@click.option("--from", "primary", metavar="ADDRESS",
              help="Address of the primary, such as an ssh tunnel's socket; by default the "
              "private database of GIS_HOME.")
def make(folder: Path, primary: str | None) -> None:
    """
    Copy the running private database into a folder, and let the copy follow it.

    The folder becomes a home of its own. From another machine, first copy secrets.json
    into it, and lead the primary's socket there by ssh.

    \b
      ./gis replica make /srv/gis-replica
      ./gis replica make /srv/gis-replica --from "postgresql:///gis?host=/run/gis-primary"
    """
    settings = read_settings()
    copy = _cluster(folder, settings)
    if primary is None:
        source = _running(settings)
        address = as_superuser(source).url
        _share_secrets(source, copy)
    else:
        given = parse_url(primary, "--from")
        address = given.set(username=SUPERUSER, password=copy.password(SUPERUSER))
    name = standby.make_replica(copy, address, pg_bin=settings.pg_bin)
    say(f"{copy.home} follows, as {name}.")
    say(f"To be asked: GIS_REPLICA_URLS={copy.home}")


@replica.command()
def status() -> None:
    """
    Which replicas follow the private database of GIS_HOME, and how far each is behind.

    \b
      ./gis replica status
    """
    found = standby.followers(as_superuser(_running(read_settings())))
    if not found:
        say("No replica follows. Make one: ./gis replica make FOLDER")
        return
    say_table(("Replica", "State", "Changes wait for it", "Behind", "Log kept for it"), [
        (
            each.name, each.state or "not connected",
            "yes" if each.waits in {"sync", "quorum"} else "no",
            "" if each.behind_bytes is None else f"{each.behind_bytes:,} bytes",
            {"lost": "lost: make it anew", None: "none"}.get(each.slot, "yes"),
        )
        for each in found
    ])


@replica.command()
@FOLDER
def start(folder: Path) -> None:
    """
    Start the server of a replica; it runs until it is stopped.

    \b
      ./gis replica start /srv/gis-replica
    """
    copy = _made(folder, read_settings())
    say(f"{copy.home} runs." if copy.start() else f"{copy.home} ran already.")


@replica.command()
@FOLDER
def stop(folder: Path) -> None:
    """
    Stop the server of a replica; the primary keeps its log for it, up to a bound.

    \b
      ./gis replica stop /srv/gis-replica
    """
    copy = _made(folder, read_settings())
    say(f"{copy.home} is stopped." if copy.stop() else f"{copy.home} did not run.")


@replica.command()
@FOLDER
@click.option("--although-primary-runs", is_flag=True,
              help="Even though it still hears of its primary, which then parts from it for ever.")
def promote(folder: Path, although_primary_runs: bool) -> None:
    """
    Let a replica take the primary's place: it takes changes from now on.

    \b
      ./gis replica promote /srv/gis-replica
    """
    copy = _made(folder, read_settings())
    copy.start()
    standby.promote(as_superuser(copy), although_primary_runs=although_primary_runs)
    say(f"{copy.home} is a primary now. Serve by it: GIS_HOME={copy.home} ./gis up")


@replica.command()
@click.argument("name")
def forget(name: str) -> None:
    """
    Keep no more log for a replica that does not come back; NAME is as `status` says it.

    \b
      ./gis replica forget gis_replica_old
    """
    primary = as_superuser(_running(read_settings()))
    if name not in {each.name for each in standby.followers(primary) if each.state is None}:
        raise ConfigurationError(f"There is no replica {name} that does not follow.")
    standby.drop_slot(primary, name)
    say(f"Nothing is kept for {name} any more.")


def _running(settings: Settings) -> PrivateCluster:
    source = private_cluster(settings)
    if source is None or not source.running():
        raise ConfigurationError(
            f"No private database runs in {settings.home}. Start it: ./gis up"
        )
    return source


def _cluster(folder: Path, settings: Settings) -> PrivateCluster:
    return PrivateCluster(folder.expanduser(), pg_bin=settings.pg_bin)


def _made(folder: Path, settings: Settings) -> PrivateCluster:
    found = _cluster(folder, settings)
    if not found.made():
        raise ConfigurationError(f"There is no replica in {folder}.")
    return found


def _share_secrets(source: PrivateCluster, copy: PrivateCluster) -> None:
    """The same passwords, so that the copy is a home of its own."""
    own, name = copy.home / "secrets.json", "secrets.json"
    if copy.home == source.home or own.exists():
        raise ConfigurationError(f"{copy.home} is a home already. Name another folder.")
    copy.home.mkdir(parents=True, exist_ok=True)
    copy.home.chmod(source.home.stat().st_mode & 0o777)
    own.touch(mode=0o600)
    copyfile(source.home / name, own)
