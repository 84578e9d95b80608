"""`gis deploy`: run as a service of the machine, behind a proxy that speaks https."""

from __future__ import annotations

from pathlib import Path

import click

from gis_service.cli.progress import say
from gis_service.errors import ConfigurationError
from gis_service.services import deployment
from gis_service.services.deployment import Front
from gis_service.settings import Settings, read_settings

_PEM = click.Path(dir_okay=False, path_type=Path)
_OUT = click.option("--out", type=click.Path(dir_okay=False, path_type=Path),
                    help="Write it to this file instead of printing it.")  # fmt: skip
_NAME = click.option("--name", required=True, help="Host name that readers ask for.")


@click.group()
def deploy() -> None:
    """Run as a service of this machine: systemd, nginx, Caddy."""


@deploy.command()
@click.option("--user", default="gis", show_default=True, help="User who runs the service.")
@click.option("--out", type=click.Path(file_okay=False, path_type=Path),
              help="Write the units into this folder instead of printing them.")
def systemd(user: str, out: Path | None) -> None:
    """
    Units for systemd: the service, and a check-up every morning.

    \b
      ./gis deploy systemd | less
      sudo ./gis deploy systemd --out /etc/systemd/system
      sudo systemctl daemon-reload
      sudo systemctl enable --now gis-service.service gis-doctor.timer
    """
    settings = read_settings()
    units = deployment.systemd_units(settings, user=user)
    if out is None:
        for name, text in units.items():
            say(f"# ---- {name}\n{text}")
        return
    for name, text in units.items():
        _write(out / name, text)
    say(f"They run the service as {user}, with GIS_HOME={settings.home}. Next:")
    say("  sudo systemctl daemon-reload")
    say("  sudo systemctl enable --now gis-service.service gis-doctor.timer")
    say(f'  sudo -u {user} ./gis keys create --role admin --name "Your name"')


@deploy.command()
@_NAME
@click.option("--certificate", type=_PEM, help="The certificate with its chain, PEM; by default "
              "where certbot puts it.")
@click.option("--key", type=_PEM, help="Its key, PEM.")
@click.option("--http-port", type=int, default=deployment.HTTP_PORT, show_default=True)
@click.option("--https-port", type=int, default=deployment.HTTPS_PORT, show_default=True)
@_OUT
def nginx(  # noqa: PLR0917 - click passes them by name
    name: str, certificate: Path | None, key: Path | None, http_port: int, https_port: int,
    out: Path | None,
) -> None:
    """
    A site for nginx, which speaks https to readers.

    \b
      ./gis deploy nginx --name map.kisii.go.ke > gis-service.conf
      sudo cp gis-service.conf /etc/nginx/conf.d/ && sudo nginx -t && sudo systemctl reload nginx
    """  # fmt: skip
    live = Path("/etc/letsencrypt/live") / name
    front = Front(
        name, _whole(certificate) or live / "fullchain.pem", _whole(key) or live / "privkey.pem",
        http_port, https_port,
    )
    settings = read_settings()
    _give(deployment.nginx_site(settings, front), settings, front, out)


@deploy.command()
@_NAME
@_OUT
def caddy(name: str, out: Path | None) -> None:
    """
    A site for Caddy, which brings its certificate by itself.

    \b
      ./gis deploy caddy --name map.kisii.go.ke --out Caddyfile
    """
    front = Front(name, Path("/"), Path("/"))
    settings = read_settings()
    _give(deployment.caddyfile(settings, front), settings, front, out)


def _give(text: str, settings: Settings, front: Front, out: Path | None) -> None:
    if out is None:
        click.echo(text, nl=False)
    else:
        _write(out, text)
    wanted = deployment.base_url(front)
    if settings.public_base_url != wanted:
        click.echo(f"Set GIS_BASE_URL={wanted}, so that links lead through the proxy.", err=True)
    if not settings.listens_locally:
        click.echo(
            f"The service listens on {settings.host}: everybody can go round the proxy. "
            "Unset GIS_HOST.", err=True,
        )  # fmt: skip


def _whole(path: Path | None) -> Path | None:
    return None if path is None else path.absolute()


def _write(path: Path, text: str) -> None:
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise ConfigurationError(f"{path} cannot be written: {error.strerror}.") from None
    say(f"Written: {path}")
