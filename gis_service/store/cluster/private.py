"""
The private cluster: a PostgreSQL with PostGIS that belongs to one home directory.

It listens on a unix socket only, runs as an unprivileged user, and keeps every write
that it acknowledged. Other clusters of the machine are never touched.
"""

from __future__ import annotations

import os
import re
import time
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from pathlib import Path

from sqlalchemy.engine import URL

from gis_service.store.cluster.account import Account, server_account
from gis_service.store.cluster.admin import Admin
from gis_service.store.cluster.binaries import data_version, find_binaries
from gis_service.store.cluster.errors import (
    NotDurable,
    SecretsUnreadable,
    ServerFailed,
    UnreachableHome,
)
from gis_service.store.cluster.files import (
    disk_errors,
    exclusive,
    is_held,
    make_directory,
    sync_directory,
)
from gis_service.store.cluster.process import find_postmaster
from gis_service.store.cluster.secrets import Secrets
from gis_service.store.cluster.server import KEPT, SUPERUSER, Server
from gis_service.store.cluster.socket import make_socket_directory, socket_directory

_LINGER_S = 15.0
_STAMP = "%Y%m%dT%H%M%S"


class PrivateCluster:
    """
    The embedded PostGIS of one home directory.

    Parameters
    ----------
    home
        Holds `pg/` (data, socket, locks), `logs/` and `secrets.json`. It is made at
        the first start.
    pg_bin
        The directory of PostgreSQL's server programs, when it is not to be found.

    Attributes
    ----------
    data
        Its data directory.
    """

    def __init__(self, home: Path, *, pg_bin: Path | None = None) -> None:
        self.home = home.resolve()
        self._pg_bin = pg_bin
        self.data = self.home / "pg" / "data"
        self._lock = self.home / "pg" / "lock"
        self._secrets = Secrets(self.home / "secrets.json")

    def __repr__(self) -> str:
        return f"PrivateCluster({str(self.home)!r})"

    def start(self, *, timeout_s: float = 60) -> bool:
        """
        Have the server run and accept connections; make its data if there are none.

        A server of this home that runs already is taken over as it is.

        Parameters
        ----------
        timeout_s
            Seconds to wait for other processes, and for the server.

        Returns
        -------
        bool
            Whether this call started it.

        Raises
        ------
        ClusterError
            It does not run; `store.cluster.errors` lists the reasons.
        """
        deadline = time.monotonic() + timeout_s
        with disk_errors(self.home):
            server = self._prepare()
            with self._locked(timeout_s) as lock:
                started = self._bring_up(server, lock=lock, deadline=deadline)
                self._check(server, started=started)
        return started

    def stop(self, *, timeout_s: float = 30) -> bool:
        """
        Stop the server and wait until it is gone.

        Parameters
        ----------
        timeout_s
            Seconds that sessions get to end in order; then they are cut.

        Returns
        -------
        bool
            Whether there was a server to stop.
        """
        if not self.running():
            return False
        with disk_errors(self.home), self._locked(timeout_s):
            return self._server(server_account(self.data)).shut_down(timeout_s=timeout_s)

    def made(self) -> bool:
        """Whether the home has data, of a server that runs or not."""
        return data_version(self.data) is not None

    def follows(self) -> bool:
        """Whether it is a replica, which takes no changes."""
        return (self.data / "standby.signal").exists()

    def running(self) -> bool:
        """Whether a server of this home is up."""
        return find_postmaster(self.data) is not None

    def adopt(self, fill: Callable[[Path], None]) -> None:
        """
        Have the data that `fill` writes; they appear when they are complete.

        Parameters
        ----------
        fill
            Is given an empty directory.

        Raises
        ------
        ForeignData, ServerFailed
            There are data already.
        WrongServerVersion
            No server here has the version of what came.
        """
        with disk_errors(self.home):
            server = self._prepare()
            with self._locked(10):
                server.adopt(fill, lambda data: find_binaries(self._pg_bin, data=data))

    def replace(self, fresh: Path) -> Path:
        """
        Take a data directory of this machine's user in the place of one's own.

        The server is stopped, and what was there is kept beside it.

        Parameters
        ----------
        fresh
            On the same disk; its server is stopped.

        Returns
        -------
        Path
            Where the former data directory is.
        """
        kept = self.data.with_name(f"{KEPT}{data_version(self.data)}-{time.strftime(_STAMP)}")
        with disk_errors(self.home), self._locked(10):
            server = self._server(server_account(self.data))
            server.shut_down(timeout_s=30)
            self.data.rename(kept)
            fresh.rename(self.data)
            sync_directory(self.data.parent)
        return kept

    def password(self, role: str) -> str:
        """The stored password of a role; a random one of 256 bits is made when absent."""
        with disk_errors(self.home):
            self._make_home()
            return self._secrets.password(role)

    def ensure_login(self, role: str, *, createdb: bool = False) -> None:
        """
        Have a role that may log in with its stored password, and is no superuser.

        Parameters
        ----------
        role
            Its name, at most 63 bytes.
        createdb
            Whether it may make databases.
        """
        self.ensure_logins([role], createdb=createdb)

    def ensure_logins(self, roles: Iterable[str], *, createdb: bool = False) -> None:
        """The same for several at once."""
        passwords = {role: self.password(role) for role in roles}
        self._admin().ensure_logins(passwords, createdb=createdb)

    def ensure_member(self, role: str, group: str) -> None:
        """Let a role do what another one may; both are there."""
        self._admin().ensure_member(role, group)

    def ensure_database(self, name: str, *, owner: str) -> None:
        """
        Have a database with PostGIS, trigram and accent matching.

        Parameters
        ----------
        name
            Its name, at most 63 bytes.
        owner
            An existing role.
        """
        self._admin().ensure_database(name, owner=owner)

    def url(self, database: str, role: str) -> URL:
        """
        Where a role finds a database, its password included.

        Returns
        -------
        URL
            Prints its password as `***`.
        """
        return URL.create(
            "postgresql+psycopg2",
            username=role,
            password=self.password(role),
            database=database,
            # The port is in the socket's name, and PGPORT would change it if left out.
            query={"host": str(self._known_socket()), "port": "5432"},
        )

    def _prepare(self) -> Server:
        """Make the directories, and find the programs, before anything else is touched."""
        if re.search(r'["$`\\\x00-\x1f]', str(self.home)):
            raise UnreachableHome(
                f"{str(self.home)!r} has a character that PostgreSQL's programs do not carry "
                '(one of " $ ` \\ or a control character). Set GIS_HOME to another directory.'
            )
        self._make_home()
        account = server_account(self.data)
        account.check_reach(self.home)
        server = self._server(account)
        found = self.home.stat()
        owner = (found.st_uid, found.st_gid) if account.drop else account.owner
        make_directory(self.home / "pg", mode=_passable(), owner=owner)
        make_directory(self.home / "logs", mode=_passable(), owner=owner)
        make_directory(server.logs, mode=0o700, owner=account.owner)
        make_socket_directory(server.socket, account)
        return server

    def _make_home(self) -> None:
        if not self.home.exists():
            self.home.mkdir(parents=True)
            self.home.chmod(_passable())

    def _server(self, account: Account) -> Server:
        return Server(
            binaries=find_binaries(self._pg_bin, data=self.data),
            account=account,
            data=self.data,
            socket=self._socket(account),
            logs=self.home / "logs" / "postgresql",
            held=self.home / "pg" / "server.lock",
        )

    def _socket(self, account: Account) -> Path:
        return socket_directory(self.home / "pg" / "socket", account)

    def _known_socket(self) -> Path:
        with disk_errors(self.home):
            return self._socket(server_account(self.data))

    def _admin(self) -> Admin:
        return Admin(
            socket=self._known_socket(), data=self.data, password=self.password(SUPERUSER)
        )

    def _locked(self, timeout_s: float) -> AbstractContextManager[int]:
        return exclusive(
            self._lock,
            timeout_s=timeout_s,
            waiting_for="another process starts or stops this database",
        )

    def _bring_up(self, server: Server, *, lock: int, deadline: float) -> bool:
        started = False
        if self._needs_launch(server, patience_s=min(_LINGER_S, deadline - time.monotonic())):
            server.initialise(self.password(SUPERUSER), lock=lock)
            server.launch(timeout_s=deadline - time.monotonic())
            started = True
        try:
            self._await_connections(server, deadline=deadline)
        except SecretsUnreadable:
            if not started:
                raise
            server.shut_down(timeout_s=30)
            server.reset_password(self.password(SUPERUSER))
            server.launch(timeout_s=deadline - time.monotonic())
            self._await_connections(server, deadline=deadline)
        return started

    def _needs_launch(self, server: Server, *, patience_s: float) -> bool:
        """
        Whether no server runs, once what an earlier one left has had time to go.

        What holds the server's lock may also be a server about to come up, started
        by a service that was killed meanwhile.
        """
        deadline = time.monotonic() + patience_s
        while True:
            postmaster = find_postmaster(self.data)
            if postmaster is None and not is_held(server.held):
                return True
            if postmaster and not postmaster.stopping:
                return False
            if time.monotonic() > deadline:
                return postmaster is None
            time.sleep(0.05)

    def _await_connections(self, server: Server, *, deadline: float) -> None:
        admin = self._admin()
        while refusal := admin.refusal():
            if not self.running():
                raise server.stopped()
            if time.monotonic() > deadline:
                raise ServerFailed(
                    f"The database runs and takes no connection: {refusal}. "
                    f"Its log is in {server.logs}."
                )
            time.sleep(0.1)

    def _check(self, server: Server, *, started: bool) -> None:
        try:
            self._admin().check_durable()
        except NotDurable:
            if started:
                server.shut_down(timeout_s=30)
            raise


def _passable() -> int:
    """The mode of a directory above the server's own: root's must let its user through."""
    return 0o711 if os.geteuid() == 0 else 0o700
