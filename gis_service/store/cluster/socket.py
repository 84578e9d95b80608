"""The directory of the private server's unix socket."""

from __future__ import annotations

import hashlib
import os
import re
import stat
from pathlib import Path

from gis_service.store.cluster.account import Account
from gis_service.store.cluster.errors import UnreachableHome
from gis_service.store.cluster.files import make_directory

SOCKET_NAME = ".s.PGSQL.5432"

LONGEST_SOCKET_PATH = 107


def socket_directory(wanted: Path, account: Account) -> Path:
    """
    The directory for the socket: `wanted`, or a short one in its place.

    A unix socket's path has at most 107 bytes, and PostgreSQL's clients and settings
    read a comma as the start of another host.

    Parameters
    ----------
    wanted
        The directory inside the cluster's home.
    account
        The user that runs the server.

    Raises
    ------
    UnreachableHome
        Somebody else holds the short directory.
    """
    if _fits(wanted):
        return wanted
    directory = _short_directory(wanted, account)
    if os.path.lexists(directory):
        _check_private(directory, account)
    return directory


def make_socket_directory(directory: Path, account: Account) -> None:
    """Make what `socket_directory` chose, of mode 0700, for the server's user."""
    try:
        directory.mkdir(mode=0o700)
    except FileExistsError:
        _check_private(directory, account)
    make_directory(directory, mode=0o700, owner=account.owner)


def _fits(directory: Path) -> bool:
    path = os.fsencode(directory / SOCKET_NAME)
    plain = re.fullmatch(rb"[\w./+-]+", path) is not None
    return plain and len(path) <= LONGEST_SOCKET_PATH


def _short_directory(wanted: Path, account: Account) -> Path:
    token = hashlib.sha256(os.fsencode(wanted) + b"\0%d" % account.uid).hexdigest()[:16]
    # Not /run/user: it vanishes when its user logs out, and the server stays.
    base = Path("/run") if account.drop and Path("/run").is_dir() else Path("/tmp")  # noqa: S108  # nosec B108
    return base / f"gis-service-{token}"


def _check_private(directory: Path, account: Account) -> None:
    """Anybody can make a directory in /tmp, and would then hold the socket."""
    found = directory.lstat()
    trusted = stat.S_ISDIR(found.st_mode) and found.st_uid in (os.geteuid(), account.uid)
    if not trusted or found.st_mode & 0o077:
        raise UnreachableHome(
            f"{directory} should hold the database's socket, and it is not a private directory "
            f"of {account.name}. Remove it, or set GIS_HOME to a shorter path."
        )
