"""Programs of the system: PostgreSQL with PostGIS, Chromium, fonts, Python's venv."""

from __future__ import annotations

import ctypes
import importlib
import importlib.util
import os
import shutil
import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping
from enum import Enum
from pathlib import Path

from gis_service.provision.console import SetupError
from gis_service.provision.needs import Needs

_SERVERS = (
    "/usr/lib/postgresql/*/bin",
    "/usr/pgsql-*/bin",
    "/usr/libexec/postgresql*",
    "/usr/lib/postgresql*/bin",
    "/usr/local/pgsql/bin",
    "/usr/local/bin",
    "/usr/bin",
    "/opt/homebrew/opt/postgresql*/bin",
    "/usr/local/opt/postgresql*/bin",
    "/Applications/Postgres.app/Contents/Versions/*/bin",
)
_CHROMIUM = ("chromium", "chromium-browser", "google-chrome")
QGIS_PYTHON = "/usr/bin/python3"
"""The Python that the system's packages, QGIS among them, are installed for."""
_QGIS = "/usr/lib/python3*/*-packages/qgis/core/__init__.py"
_FONTS = (
    "/usr/share/fonts",
    "/usr/local/share/fonts",
    "~/.fonts",
    "~/.local/share/fonts",
    "/System/Library/Fonts",
)


class Program(Enum):
    """Something that comes from the system's packages; the value names it to a person."""

    VENV = "Python's venv module"
    POSTGIS = "PostgreSQL with PostGIS"
    CHROMIUM = "Chromium"
    FONTS = "fonts"
    LIBATOMIC = "libatomic"
    GDAL = "GDAL's programs"
    QGIS = "QGIS for Python"
    NGINX = "nginx"
    PGBOUNCER = "PgBouncer"


ADVICE: dict[str, tuple[str, dict[Program, str]]] = {
    "apt-get": (
        "apt-get install --no-install-recommends",
        {
            Program.VENV: "python3-venv",
            Program.POSTGIS: "postgresql postgresql-postgis postgresql-postgis-scripts",
            Program.CHROMIUM: "chromium",
            Program.FONTS: "fonts-dejavu-core",
            Program.LIBATOMIC: "libatomic1",
            Program.GDAL: "gdal-bin",
            Program.QGIS: "python3-qgis",
            Program.NGINX: "nginx",
            Program.PGBOUNCER: "pgbouncer",
        },
    ),
    "dnf": (
        "dnf install",
        {
            Program.VENV: "python3",
            Program.POSTGIS: "postgresql-server postgresql-contrib postgis",
            Program.CHROMIUM: "chromium",
            Program.FONTS: "dejavu-sans-fonts",
            Program.LIBATOMIC: "libatomic",
            Program.GDAL: "gdal",
            Program.QGIS: "python3-qgis",
            Program.NGINX: "nginx",
            Program.PGBOUNCER: "pgbouncer",
        },
    ),
    "zypper": (
        "zypper install",
        {
            Program.VENV: "python3",
            Program.POSTGIS: "postgresql-server postgresql-contrib 'postgresql*-postgis'",
            Program.CHROMIUM: "chromium",
            Program.FONTS: "dejavu-fonts",
            Program.LIBATOMIC: "libatomic1",
            Program.GDAL: "gdal",
            Program.QGIS: "qgis",
            Program.NGINX: "nginx",
            Program.PGBOUNCER: "pgbouncer",
        },
    ),
    "pacman": (
        "pacman -S --needed",
        {
            Program.VENV: "python",
            Program.POSTGIS: "postgresql postgis",
            Program.CHROMIUM: "chromium",
            Program.FONTS: "ttf-dejavu",
            Program.LIBATOMIC: "gcc-libs",
            Program.GDAL: "gdal",
            Program.QGIS: "qgis",
            Program.NGINX: "nginx",
            Program.PGBOUNCER: "pgbouncer",
        },
    ),
    "apk": (
        "apk add",
        {
            Program.VENV: "python3 py3-pip",
            Program.POSTGIS: "postgresql postgresql-contrib postgis",
            Program.CHROMIUM: "chromium",
            Program.FONTS: "font-dejavu",
            Program.LIBATOMIC: "libatomic",
            Program.GDAL: "gdal-tools",
            Program.QGIS: "qgis",
            Program.NGINX: "nginx",
            Program.PGBOUNCER: "pgbouncer",
        },
    ),
    "brew": (
        "brew install",
        {
            Program.VENV: "python@3.13",
            Program.POSTGIS: "postgis",
            Program.CHROMIUM: "--cask google-chrome",
            Program.FONTS: "--cask font-dejavu",
            Program.LIBATOMIC: "gcc",
            Program.GDAL: "gdal",
            Program.QGIS: "--cask qgis",
            Program.NGINX: "nginx",
            Program.PGBOUNCER: "pgbouncer",
        },
    ),
}
"""By package tool: the command, and the names of what provides each program."""


def missing(needs: Needs, environment: Mapping[str, str]) -> tuple[Program, ...]:
    """
    The programs that are needed and not there, PostgreSQL first.

    Raises
    ------
    SetupError
        GIS_CHROMIUM names what is no program.
    """
    wanted = []
    if needs.database and not has_postgis():
        wanted.append(Program.POSTGIS)
    if needs.browser and not has_chromium(environment):
        wanted.append(Program.CHROMIUM)
    if needs.browser and not has_fonts():
        wanted.append(Program.FONTS)
    if needs.browser and not has_libatomic():
        wanted.append(Program.LIBATOMIC)
    if needs.clients and not has_gdal():
        wanted.append(Program.GDAL)
    if needs.clients and not has_qgis() and package_tool() == "apt-get":
        wanted.append(Program.QGIS)  # elsewhere its tests skip, since it comes in other ways
    if needs.clients and not has_nginx() and package_tool() == "apt-get" and not has_systemd():
        wanted.append(Program.NGINX)  # systemd would start it with the machine from now on
    if needs.clients and not has_pgbouncer() and package_tool() == "apt-get" and not has_systemd():
        wanted.append(Program.PGBOUNCER)
    return tuple(wanted)


def has_venv() -> bool:
    """Whether this Python can make a virtual environment; Debian packs that apart."""
    importlib.invalidate_caches()  # it may have been installed a moment ago
    return all(importlib.util.find_spec(name) for name in ("venv", "ensurepip"))


def has_postgis(servers: Iterable[str] = _SERVERS) -> bool:
    """Whether a PostgreSQL server with PostGIS is installed."""
    return any(
        (share / "extension" / "postgis.control").is_file()
        for folder in _folders(servers)
        if os.access(folder / "initdb", os.X_OK) and not _lacks_library(folder)
        for share in _shares(folder)
    )


def has_chromium(environment: Mapping[str, str]) -> bool:
    """Whether there is a browser for the tests (see `missing` for the error)."""
    named = environment.get("GIS_CHROMIUM")
    if named and not shutil.which(named):
        raise SetupError(f"GIS_CHROMIUM={named} is not an executable file.")
    return bool(named) or any(shutil.which(name) for name in _CHROMIUM)


def has_fonts(folders: Iterable[str] = _FONTS) -> bool:
    """Whether there is any font to draw text with."""
    kinds = {".ttf", ".otf", ".ttc", ".pfb"}
    return any(
        path.suffix.lower() in kinds
        for folder in folders
        for path in Path(folder).expanduser().rglob("*")
    )


def has_libatomic() -> bool:
    """Whether the library is there that Playwright's own Node is linked to on Linux."""
    if sys.platform != "linux":
        return True
    try:
        ctypes.CDLL("libatomic.so.1")
    except OSError:
        return False
    return True


def has_gdal() -> bool:
    """Whether GDAL's programs are installed, which read the service in tests."""
    return shutil.which("ogr2ogr") is not None


def has_qgis() -> bool:
    """Whether QGIS is installed for the system's Python."""
    return any(Path("/").glob(_QGIS.lstrip("/")))


def has_nginx() -> bool:
    """Whether nginx is installed, which tests put before the service."""
    return any(Path(folder, "nginx").is_file() for folder in ("/usr/sbin", "/usr/bin"))


def has_pgbouncer() -> bool:
    """Whether PgBouncer is installed, which tests put before the database."""
    return any(Path(folder, "pgbouncer").is_file() for folder in ("/usr/sbin", "/usr/bin"))


def has_systemd() -> bool:
    """Whether systemd runs this machine: sd_booted(3)."""
    return Path("/run/systemd/system").is_dir()


def package_tool() -> str | None:
    """The package tool of this system, if it is one that we know."""
    return next((tool for tool in ADVICE if shutil.which(tool)), None)


def advice(programs: Iterable[Program], tool: str | None) -> str:
    """What a person has to install, in the words of the system's package tool."""
    programs = tuple(programs)
    names = " and ".join(program.value for program in programs)
    if tool is None:
        text = f"Missing: {names}. Install it with this system's package manager."
    else:
        command, packages = ADVICE[tool]
        sudo = "" if tool == "brew" else "sudo "
        lines = "\n".join(f"  {sudo}{command} {packages[program]}" for program in programs)
        text = f"Missing: {names}. Install with:\n{lines}"
    return "\n".join([text, *_otherwise(programs), "Then run the same command again."])


def _otherwise(programs: tuple[Program, ...]) -> Iterator[str]:
    if Program.POSTGIS in programs:
        yield "Or name another PostGIS: GIS_DATABASE_URL=postgresql://user:password@host/database"
    if Program.CHROMIUM in programs:
        yield "A browser under another name: GIS_CHROMIUM=/path/to/chrome"
    if Program.VENV in programs:
        yield f"(Python here is {sys.executable}; GIS_PYTHON names another.)"


def _folders(patterns: Iterable[str]) -> Iterator[Path]:
    for pattern in patterns:
        yield from Path("/").glob(pattern.lstrip("/"))


def _lacks_library(server: Path) -> bool:
    """Debian packs PostGIS's library apart from its scripts, and one may come alone."""
    debian = server.match("/usr/lib/postgresql/*/bin")
    return debian and not (server.parent / "lib" / "postgis-3.so").is_file()


def _shares(server: Path) -> Iterator[Path]:
    """Where a server's extensions lie: the usual places, then the server's own word."""
    yield Path("/usr/share/postgresql", server.parent.name)  # Debian
    yield Path("/usr/share", server.name)  # Alpine
    yield Path("/usr/share", server.parent.name)  # openSUSE
    for name in (".", "pgsql", "postgresql"):
        yield server.parent / "share" / name
    config = server / "pg_config"
    if os.access(config, os.X_OK):
        told = subprocess.run([config, "--sharedir"], capture_output=True, text=True, check=False)
        yield Path(told.stdout.strip())
