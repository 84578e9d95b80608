"""
Files by which other programs of the machine run the service and stand in front of it.

systemd starts it and keeps it running; nginx or Caddy speaks https to readers.
The files are filled with what this installation's settings say.
"""

from __future__ import annotations

import re
import string
import sys
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path

from gis_service.errors import ConfigurationError
from gis_service.settings import Settings

ROOT = Path(__file__).resolve().parents[3]
_FILES = Path(__file__).parent
UNITS = ("gis-service.service", "gis-doctor.service", "gis-doctor.timer")
_PLAIN_PATH = re.compile(r"/[\w./+@-]*", re.ASCII)
_NAME = re.compile(r"(?=.{1,253}$)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)*"
                   r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?", re.ASCII)  # fmt: skip
_USER = re.compile(r"[a-z_][a-z0-9_-]{0,30}", re.ASCII)
_SILENCE = (
    "The map is being started or mended. Please try again in a moment. / "
    "Ramani inaanzishwa au inarekebishwa. Tafadhali jaribu tena baada ya muda mfupi."
)
_LONGEST_ANSWER_S = 30
HTTPS_PORT = 443
HTTP_PORT = 80


class _Filled(string.Template):
    """`$` and `%` mean something to nginx and systemd themselves."""

    delimiter = "%%"


@dataclass(frozen=True, slots=True)
class Front:
    """
    What a proxy needs to know.

    Parameters
    ----------
    name
        The host name by which readers know the service.
    certificate, key
        PEM files; nginx reads them, Caddy brings its own.
    """

    name: str
    certificate: Path
    key: Path
    http_port: int = HTTP_PORT
    https_port: int = HTTPS_PORT

    def __post_init__(self) -> None:
        if not _NAME.fullmatch(self.name):
            raise ConfigurationError(
                f"{self.name!r} is no host name: small letters, digits, hyphens and dots."
            )


def systemd_units(settings: Settings, *, user: str) -> dict[str, str]:
    """
    The text of each systemd unit, by its file name.

    Parameters
    ----------
    user
        The user of the operating system who runs the service; not root.

    Raises
    ------
    ConfigurationError
        The user is root, or a folder's name means something to systemd.
    """
    if not _USER.fullmatch(user) or user == "root":
        raise ConfigurationError(
            f"{user!r} may not run the service. Make a user for it, such as gis: "
            "useradd --system --user-group --home-dir /var/lib/gis-service gis"
        )
    words = {
        "municipality": _one_line(settings.municipality),
        "user": user,
        "root": _plain(ROOT, "the folder of the project"),
        "home": _plain(settings.home, "GIS_HOME"),
        "python": _plain(Path(sys.executable), "Python"),
        "command": "up --no-sample" if settings.database_url is None else "serve",
        "state": _written(settings),
        "protect_home": _home_protection(settings),
    }
    words["hardening"] = _fill("hardening.conf", words)
    return {name: _fill(name, words) for name in UNITS}


def nginx_site(settings: Settings, front: Front) -> str:
    """
    The text of nginx's file for the service.

    Raises
    ------
    ConfigurationError
        A file's name means something to nginx.
    """
    shown = "" if front.https_port == HTTPS_PORT else f":{front.https_port}"
    return _fill("nginx.conf", _proxied(settings, front) | {
        "certificate": _plain(front.certificate, "The certificate"),
        "key": _plain(front.key, "The certificate's key"),
        "http_port": str(front.http_port),
        "https_port": str(front.https_port),
        "shown_port": shown,
    })


def caddyfile(settings: Settings, front: Front) -> str:
    """The text of Caddy's file for the service."""
    return _fill("Caddyfile", _proxied(settings, front))


def base_url(front: Front) -> str:
    """The address that `GIS_BASE_URL` has to hold behind the proxy."""
    port = "" if front.https_port == HTTPS_PORT else f":{front.https_port}"
    return f"https://{front.name}{port}"


def _proxied(settings: Settings, front: Front) -> dict[str, str]:
    if settings.speaks_tls:
        raise ConfigurationError(
            "The proxy speaks https to readers; the service behind it speaks http. "
            "Unset GIS_TLS and GIS_TLS_CERT."
        )
    host = "127.0.0.1" if settings.listens_everywhere else settings.host
    return {
        "name": front.name,
        "upstream": f"{f'[{host}]' if _is_v6(host) else host}:{settings.port}",
        "max_file_mb": str(settings.max_file_mb + 1),
        "read_timeout_s": f"{max(_LONGEST_ANSWER_S, settings.statement_timeout_s * 3):.0f}",
        "silence": _SILENCE,
    }


def _is_v6(host: str) -> bool:
    try:
        return ip_address(host).version == 6
    except ValueError:
        return False


def _written(settings: Settings) -> str:
    """What the unit may write to: its home, the built maps and the folders of backups."""
    lines = []
    home = settings.home
    folders = [settings.maps / "built"]
    if home.parent == Path("/var/lib"):
        lines += [f"StateDirectory={home.name}", "StateDirectoryMode=0700"]
    else:
        folders.append(home)
    folders += [folder for folder in _backup_folders(settings) if folder]
    # a minus: a folder that is not there yet is no reason not to start
    lines += [f"ReadWritePaths=-{_plain(folder, 'A folder')}" for folder in folders]
    return "\n".join(lines)


def _backup_folders(settings: Settings) -> list[Path]:
    second = settings.backup_copy_to
    return [
        *([settings.backup_dir] if settings.backup_dir else []),
        *([settings.recovery_dir] if settings.recovery_dir else []),
        *([Path(second)] if second and second.startswith("/") else []),
    ]


def _home_protection(settings: Settings) -> str:
    """Homes of people are hidden, unless the service itself lies in one."""
    used = (ROOT, settings.home, Path(sys.executable), *_backup_folders(settings))
    at_home = any(path.is_relative_to(home) for path in used for home in ("/home", "/root"))
    return "read-only" if at_home else "yes"


def _plain(path: Path, what: str) -> str:
    text = str(path)
    if not _PLAIN_PATH.fullmatch(text):
        raise ConfigurationError(
            f"{what} is {text}: for this, paths may have letters, digits and . _ - + @ only."
        )
    return text


def _one_line(text: str) -> str:
    """Text for a description; `%` begins systemd's own words."""
    return " ".join(text.split()).replace("%", "%%").replace("\\", "")


def _fill(name: str, words: dict[str, str]) -> str:
    return _Filled((_FILES / name).read_text(encoding="utf-8")).substitute(words)
