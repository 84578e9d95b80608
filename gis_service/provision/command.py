"""From a command line to the command: set up what is missing, then run it."""

from __future__ import annotations

import fcntl
import os
import signal
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NoReturn

from gis_service.provision import assets, debian, environment, peers, system
from gis_service.provision.console import SetupError, say
from gis_service.provision.needs import Needs, needs_of, read_settings

ROOT = Path(__file__).resolve().parents[2]

USAGE = """\
Usage: ./gis COMMAND [ARGUMENTS]

  ./gis up                                       set up everything, serve the map
  ./gis down                                     stop it
  ./gis load offices.csv --collection offices    load a file
  ./gis maps build                               write the maps as files
  ./gis settings                                 show every setting
  ./gis test                                     run the tests
  ./gis check                                    check style, types and imports

The first command sets up what it needs, and says what before it does it: system
packages, a virtual environment in .venv, and the libraries of the pages. After
that, ./gis --help explains every command.
"""


def main(arguments: Sequence[str]) -> int:
    """Set up and become the command `arguments`; the status when that does not succeed."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # tidy up on the way out
    try:
        settings = read_settings(os.environ, Path.cwd())
        needs = needs_of(arguments, settings)
        if not is_set_up(ROOT, needs, settings):
            if needs.only_help:
                print(USAGE, end="")
                return 0
            set_up(ROOT, needs, settings)
        start(ROOT, arguments)
    except KeyboardInterrupt:
        say("Stopped during set-up. The same command goes on from here.")
        return 130
    except (SetupError, OSError) as error:
        say(f"Set-up failed. {error}")
        return 1


def is_set_up(root: Path, needs: Needs, settings: Mapping[str, str]) -> bool:
    """Whether all that is needed is there; asks neither the network nor for privileges."""
    return (
        environment.is_ready(root, development=needs.development)
        and not system.missing(needs, settings)
        and (not needs.assets or assets.is_current(root))
        and (not needs.peers or peers.is_current(root))
    )


def set_up(root: Path, needs: Needs, settings: Mapping[str, str]) -> None:
    """
    Bring what is missing, step by step, each told before it is done.

    Raises
    ------
    SetupError
        A step failed, or GIS_OFFLINE forbids it.
    """
    offline = settings.get("GIS_OFFLINE", "").lower() not in {"", "0", "false", "no"}
    start_s = time.monotonic()
    with one_at_a_time(root):  # each step looks again: another run may have done it
        _bring_programs(root, needs, settings, offline=offline)
        if not environment.is_ready(root, development=needs.development):
            _refuse_offline(offline, "The Python packages of the lock file are not installed")
            environment.make_ready(root, development=needs.development)
        if needs.assets and not assets.is_current(root):
            _refuse_offline(offline, "The browser libraries of package-lock.json are missing")
            assets.bring(root)
        if needs.peers and not peers.is_current(root):
            _refuse_offline(offline, f"The Python packages of {peers.LOCK} are not installed")
            peers.bring(root)
    say(f"Set-up is complete ({time.monotonic() - start_s:.0f} s).")


def start(root: Path, arguments: Sequence[str]) -> NoReturn:
    """Become the command in the virtual environment, in the caller's folder."""
    python = str(environment.python_of(root))
    before = os.environ.get("PYTHONPATH", "").split(os.pathsep)
    paths = [str(root), *(path for path in before if path not in {"", str(root)})]
    sys.stdout.flush()
    os.execve(  # noqa: S606  # nosec B606 # no shell is wanted
        python,
        [python, "-P", "-m", "gis_service", *arguments],
        {**os.environ, "PYTHONPATH": os.pathsep.join(paths)},
    )


@contextmanager
def one_at_a_time(root: Path) -> Iterator[None]:
    """Hold the project's folder; another set-up in it waits, and then finds all done."""
    folder = os.open(root, os.O_RDONLY)
    try:
        try:
            fcntl.flock(folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("Another gis command is setting up here. Waiting for it.")
            fcntl.flock(folder, fcntl.LOCK_EX)
        yield
    finally:
        os.close(folder)


def _bring_programs(
    root: Path, needs: Needs, settings: Mapping[str, str], *, offline: bool
) -> None:
    programs = _missing_programs(root, needs, settings)
    if not programs:
        return
    names = " and ".join(program.value for program in programs)
    _refuse_offline(offline, f"Missing: {names}")
    tool = system.package_tool()
    if tool != "apt-get":
        raise SetupError(system.advice(programs, tool))
    debian.install(programs)
    still = _missing_programs(root, needs, settings)
    if still:
        raise SetupError(system.advice(still, tool))


def _missing_programs(
    root: Path, needs: Needs, settings: Mapping[str, str]
) -> tuple[system.Program, ...]:
    venv_at_hand = system.has_venv() or environment.is_usable(root)
    first = () if venv_at_hand else (system.Program.VENV,)
    return (*first, *system.missing(needs, settings))


def _refuse_offline(offline: bool, what: str) -> None:
    if offline:
        raise SetupError(f"{what}, and GIS_OFFLINE forbids bringing them from the network.")
