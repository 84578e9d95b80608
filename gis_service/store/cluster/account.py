"""The user of the operating system that the private server runs as."""

from __future__ import annotations

import os
import pwd
import subprocess
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from gis_service.store.cluster.errors import ServerNotFound, UnreachableHome


@dataclass(frozen=True)
class Account:
    """A user of the operating system; `drop` when this process must change to it."""

    name: str
    uid: int
    gid: int
    drop: bool

    @property
    def owner(self) -> tuple[int, int]:
        """User and group id, as `chown` takes them."""
        return self.uid, self.gid

    def run(
        self,
        command: Sequence[str | Path],
        *,
        keep_open: Iterable[int] = (),
        said: str = "",
    ) -> subprocess.CompletedProcess[str]:
        """
        Run a program as this user, in a session of its own.

        The environment is not passed on: it may hold secrets, and `PG*` variables
        would redirect the server's own programs.

        Parameters
        ----------
        command
            Program and arguments.
        keep_open
            Descriptors that the program inherits.
        said
            What it reads from its standard input.
        """
        try:
            return subprocess.run(
                list(command),
                cwd="/",
                env={"PATH": "/usr/local/bin:/usr/bin:/bin", "LC_ALL": "C", "TZ": "UTC"},
                input=said,
                capture_output=True,
                text=True,
                errors="replace",
                check=False,
                pass_fds=tuple(keep_open),
                start_new_session=True,
                umask=0o077,
                user=self.uid if self.drop else None,
                group=self.gid if self.drop else None,
                extra_groups=[] if self.drop else None,
            )
        except PermissionError as error:
            raise ServerNotFound(f"{self.name} may not execute {command[0]}.") from error

    def check_reach(self, directory: Path) -> None:
        """
        See that this user can pass through a directory and all above it.

        Raises
        ------
        UnreachableHome
            One of them is closed to this user.
        """
        if not self.drop:
            return
        way = [str(path) for path in [*reversed(directory.parents), directory]]
        script = 'for d; do test -x "$d" || { printf %s "$d"; exit 1; }; done'
        closed = self.run(["/bin/sh", "-c", script, "sh", *way])
        if closed.returncode:
            raise UnreachableHome(
                f"The database runs as {self.name}, who may not enter {closed.stdout}. "
                "Set GIS_HOME to a directory that every user may pass through, such as "
                f"/var/lib/gis-service, or allow it: chmod o+x {closed.stdout}"
            )


def server_account(data: Path) -> Account:
    """
    The user that runs the server whose data directory is `data`.

    Root gives way to the owner of existing data, else to `postgres`, else to
    `nobody`; anybody else runs it as themselves.

    Raises
    ------
    UnreachableHome
        The data belongs to somebody whom this process may not become.
    """
    me = os.geteuid()
    owner = data.stat().st_uid if data.exists() else None
    if me == 0:
        return _account(_unprivileged() if owner in (None, 0) else owner, drop=True)
    if owner not in (None, me):
        raise UnreachableHome(
            f"{data} belongs to {_account(owner, drop=False).name}. "
            "Start the service as that user or as root, or set GIS_HOME to another directory."
        )
    return _account(me, drop=False)


def _unprivileged() -> int:
    for name in ("postgres", "nobody"):
        try:
            return pwd.getpwnam(name).pw_uid
        except KeyError:
            continue
    raise UnreachableHome(
        "PostgreSQL does not run as root, and this machine has neither a user `postgres` "
        "nor `nobody`. Add one, or start the service as another user."
    )


def _account(uid: int, *, drop: bool) -> Account:
    try:
        known = pwd.getpwuid(uid)
    except KeyError:
        return Account(name=f"user {uid}", uid=uid, gid=uid if drop else os.getegid(), drop=drop)
    gid = known.pw_gid if drop else os.getegid()
    return Account(name=known.pw_name, uid=uid, gid=gid, drop=drop)
