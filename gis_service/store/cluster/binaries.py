"""Where this machine keeps a PostgreSQL server that has PostGIS."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from gis_service.store.cluster.errors import ForeignData, ServerNotFound, WrongServerVersion

EXTENSIONS = ("postgis", "pg_trgm", "unaccent")

_PROGRAMS = ("initdb", "pg_ctl", "postgres")

SEARCHED = (
    "/usr/lib/postgresql/*/bin",
    "/usr/pgsql-*/bin",
    "/usr/libexec/postgresql*",
    "/usr/local/pgsql/bin",
    "/usr/local/bin",
    "/usr/bin",
    "/opt/homebrew/opt/postgresql*/bin",
    "/usr/local/opt/postgresql*/bin",
    "/Applications/Postgres.app/Contents/Versions/*/bin",
)


@dataclass(frozen=True)
class ServerBinaries:
    """A PostgreSQL server of this machine: its major version and its programs."""

    version: int
    bin_dir: Path


@dataclass(frozen=True)
class _Candidate:
    binaries: ServerBinaries
    missing: tuple[str, ...]


def find_binaries(
    pg_bin: Path | None = None,
    *,
    data: Path | None = None,
    searched: Sequence[str] = SEARCHED,
) -> ServerBinaries:
    """
    Find the PostgreSQL server to use.

    Parameters
    ----------
    pg_bin
        The directory of `initdb`, `pg_ctl` and `postgres`; without it the usual
        places are searched.
    data
        The data directory to serve, whose major version is then needed; without it
        the highest version that has PostGIS is taken.
    searched
        Patterns of the directories to look at when `pg_bin` is not given.

    Returns
    -------
    ServerBinaries
        A server that has the extensions `postgis`, `pg_trgm` and `unaccent`.

    Raises
    ------
    ServerNotFound
        There is none; the message says which packages to install.
    WrongServerVersion
        Servers with PostGIS exist, and none has the version of `data`.
    """
    version = data_version(data) if data else None
    directories = [pg_bin] if pg_bin else list(_directories(searched))
    candidates = [found for where in directories if (found := _inspect(where))]
    complete = [found.binaries for found in candidates if not found.missing]
    wanted = [found for found in complete if version in (None, found.version)]
    if wanted:
        return max(wanted, key=lambda found: found.version)
    if version is not None and complete:
        highest = max(found.version for found in complete)
        raise WrongServerVersion(str(data), data_version=version, server_version=highest)
    raise ServerNotFound(_advice(directories, candidates, pg_bin))


def data_version(data: Path) -> int | None:
    """
    The major version that made a data directory; None when there is none yet.

    Raises
    ------
    ForeignData
        The directory holds something else.
    """
    try:
        return int((data / "PG_VERSION").read_text())
    except FileNotFoundError:
        if data.exists() and any(data.iterdir()):
            raise ForeignData(data) from None
        return None
    except ValueError:
        raise ForeignData(data) from None


def _directories(patterns: Sequence[str]) -> Iterator[Path]:
    for pattern in patterns:
        yield from sorted(Path("/").glob(pattern.lstrip("/")))


def _inspect(bin_dir: Path) -> _Candidate | None:
    if not all(os.access(bin_dir / program, os.X_OK) for program in _PROGRAMS):
        return None
    version = re.search(r"\(PostgreSQL\) (\d+)", _output(bin_dir / "postgres", "--version"))
    if version is None:
        return None
    found = ServerBinaries(version=int(version[1]), bin_dir=bin_dir)
    shares = tuple(_share_dirs(found))
    missing = tuple(
        name
        for name in EXTENSIONS
        if not any((share / "extension" / f"{name}.control").is_file() for share in shares)
    )
    return _Candidate(found, missing)


def _share_dirs(found: ServerBinaries) -> Iterator[Path]:
    """The server's own word for it, or else where Debian and a plain install put it."""
    told = _output(found.bin_dir / "pg_config", "--sharedir").strip()
    if told:
        yield Path(told)
        return
    prefix = found.bin_dir.parent
    yield Path("/usr/share/postgresql") / str(found.version)
    yield prefix / "share"
    yield prefix / "share" / "postgresql"


def _output(program: Path, option: str) -> str:
    try:
        return subprocess.run(
            [program, option], capture_output=True, text=True, check=False, timeout=10
        ).stdout
    except (OSError, subprocess.TimeoutExpired):
        return ""


def _advice(
    directories: Sequence[Path], candidates: Sequence[_Candidate], pg_bin: Path | None
) -> str:
    if candidates:
        best = max(candidates, key=lambda found: found.binaries.version)
        return (
            f"PostgreSQL {best.binaries.version} in {best.binaries.bin_dir} lacks "
            f"{', '.join(best.missing)}. {_packages(best.binaries.version)}"
        )
    if pg_bin:
        return f"{pg_bin} does not hold {', '.join(_PROGRAMS)}. {_packages(None)}"
    looked = ", ".join(map(str, directories)) or "no usual place exists"
    return f"No PostgreSQL server was found (looked in: {looked}). {_packages(None)}"


def _packages(version: int | None) -> str:
    debian = (
        f"postgresql-{version} postgresql-{version}-postgis-3 "
        f"postgresql-{version}-postgis-3-scripts"
        if version
        else "postgresql postgresql-postgis postgresql-postgis-scripts"
    )
    return (
        f"Install on Debian or Ubuntu: apt-get install {debian}; on Fedora: dnf install "
        "postgresql-server postgresql-contrib postgis; on macOS: brew install postgis. "
        "Or name a directory of server programs with GIS_PG_BIN, "
        "or another PostGIS with GIS_DATABASE_URL."
    )
