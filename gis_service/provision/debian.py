"""System packages by apt-get."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, nullcontext, suppress
from pathlib import Path

from gis_service.provision.console import SetupError, run_logged, say
from gis_service.provision.system import Program, advice

_APT = ("env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "-o", "DPkg::Lock::Timeout=300")
_UNFINISHED = Path("/var/lib/dpkg/updates")
_STARTED = {Program.NGINX, Program.PGBOUNCER}
_DROP_IN = "/etc/postgresql-common/createcluster.d/gis-service.conf"


def install(programs: Sequence[Program]) -> None:
    """
    Install the packages that provide `programs`.

    Raises
    ------
    SetupError
        Neither root nor sudo is at hand, or apt-get fails.
    """
    prefix = _privilege(programs)
    if _UNFINISHED.is_dir() and any(_UNFINISHED.iterdir()):
        say("Finishing an interrupted installation of system packages (dpkg --configure -a).")
        command = ("env", "DEBIAN_FRONTEND=noninteractive", "dpkg", "--configure", "-a")
        run_logged([*prefix, *command], failure="dpkg could not finish it.")
    say("Refreshing the list of system packages (apt-get update).")
    with suppress(SetupError):  # the list at hand may do; if not, the installation tells
        run_logged([*prefix, *_APT, "update", "-q"], failure="apt-get update failed.")
    packages = choose_packages(programs, _known_packages())
    said_how = "with sudo" if prefix else "as root"
    say(f"Installing system packages (apt-get, {said_how}): {' '.join(packages)}")
    with (
        _no_main_cluster(prefix) if Program.POSTGIS in programs else nullcontext(),
        _nothing_started(prefix) if _STARTED & set(programs) else nullcontext(),
    ):
        run_logged(
            [*prefix, *_APT, "install", "-y", "-q", "--no-install-recommends", *packages],
            failure="The system packages could not be installed.",
        )


def choose_packages(programs: Iterable[Program], known: Iterable[str]) -> tuple[str, ...]:
    """
    The packages that provide `programs`, from the names that apt knows.

    Raises
    ------
    SetupError
        apt knows no package for one of them.
    """
    names = set(known)
    chosen: list[str] = []
    for program in programs:
        found = _packages_of(program, names)
        if not found:
            raise SetupError(
                f"apt knows no package for {program.value}. Check the network and "
                "the sources of apt.\n" + advice([program], "apt-get")
            )
        chosen += found
    return tuple(chosen)


def _packages_of(program: Program, known: set[str]) -> list[str]:
    if program is Program.POSTGIS:
        return _newest_postgis(known)
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    candidates = {
        Program.VENV: (f"python{version}-venv", "python3-venv"),
        Program.CHROMIUM: ("chromium", "chromium-browser"),
        Program.FONTS: ("fonts-dejavu-core", "fonts-noto-core"),
        Program.LIBATOMIC: ("libatomic1",),
        Program.GDAL: ("gdal-bin",),
        Program.QGIS: ("python3-qgis",),
        Program.NGINX: ("nginx",),
        Program.PGBOUNCER: ("pgbouncer",),
    }[program]
    return [name for name in candidates if name in known][:1]


def _newest_postgis(known: set[str]) -> list[str]:
    matches = (re.fullmatch(r"postgresql-(\d+)-postgis-3", name) for name in known)
    versions = [int(match[1]) for match in matches if match]
    if not versions:
        return []
    server = f"postgresql-{max(versions)}"
    return [server, f"{server}-postgis-3", f"{server}-postgis-3-scripts"]


def _known_packages() -> tuple[str, ...]:
    names = (
        r"^(postgresql-[0-9]+-postgis-3|python3.*-venv|chromium(-browser)?|fonts-.*-core"
        r"|libatomic1|gdal-bin|python3-qgis|nginx|pgbouncer)$"
    )
    listed = subprocess.run(
        ["apt-cache", "search", "--names-only", names],
        capture_output=True, text=True, check=False,
    ).stdout
    return tuple(line.split(" - ")[0].strip() for line in listed.splitlines())


def _privilege(programs: Sequence[Program]) -> tuple[str, ...]:
    """What to put before a command that changes the system."""
    if os.geteuid() == 0:
        return ()
    if not shutil.which("sudo"):
        raise SetupError("Only root can install packages, and there is no sudo.\n"
                         + advice(programs, "apt-get"))
    names = " and ".join(program.value for program in programs)
    say(f"Installing {names} needs sudo, which may ask for your password.")
    # asked here, where it can be read: later output goes to a log
    if subprocess.run(["sudo", "true"], check=False).returncode != 0:
        raise SetupError("sudo was refused.\n" + advice(programs, "apt-get"))
    return ("sudo",)


@contextmanager
def _no_main_cluster(prefix: Sequence[str]) -> Iterator[None]:
    """Debian would make and start a cluster `main`; ours is private, so keep it from that."""
    folder = str(Path(_DROP_IN).parent)
    made = f"mkdir -p {folder} && echo 'create_main_cluster = false' > {_DROP_IN}"
    removed = f"rm -f {_DROP_IN}; rmdir {folder} 2>/dev/null || true"
    try:
        run_logged([*prefix, "sh", "-c", made], failure=f"{_DROP_IN} could not be written.")
        yield
    finally:
        run_logged([*prefix, "sh", "-c", removed], failure=f"{_DROP_IN} could not be removed.")


@contextmanager
def _nothing_started(prefix: Sequence[str]) -> Iterator[None]:
    """Debian would start nginx and PgBouncer, unless policy-rc.d forbids it: invoke-rc.d(8)."""
    policy = "/usr/sbin/policy-rc.d"
    if Path(policy).exists():
        yield
        return
    made = f"printf '#!/bin/sh\\nexit 101\\n' > {policy} && chmod 755 {policy}"
    try:
        run_logged([*prefix, "sh", "-c", made], failure=f"{policy} could not be written.")
        yield
    finally:
        run_logged([*prefix, "rm", "-f", policy], failure=f"{policy} could not be removed.")
