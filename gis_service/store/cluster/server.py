"""The private server's processes: made, started and stopped with its own programs."""

from __future__ import annotations

import os
import re
import secrets
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from gis_service.errors import ClusterError
from gis_service.store.cluster.account import Account
from gis_service.store.cluster.binaries import ServerBinaries, data_version
from gis_service.store.cluster.errors import ClusterBusy, ServerFailed
from gis_service.store.cluster.files import (
    disk_full,
    exclusive,
    is_held,
    make_directory,
    sync_directory,
    write_whole,
)
from gis_service.store.cluster.process import (
    Postmaster,
    find_postmaster,
    named_process,
    processes_in,
)
from gis_service.store.cluster.settings import (
    EARLIER_HBA,
    HBA,
    INCLUDES,
    LOCAL_SETTINGS,
    machine_memory,
    settings_text,
)
from gis_service.store.cluster.socket import SOCKET_NAME

SUPERUSER = "postgres"

_LOCALES = ("C.UTF-8", "C.utf8", "en_US.UTF-8", "C")

_ROOM_FOR_NEW_DATA = 200 * 1024 * 1024

_MARKER = "gis-service-init"

KEPT = "data-"
"""How the names of former data directories begin, which lie beside the data."""


@dataclass(frozen=True)
class Server:
    """
    A data directory, the programs for it, and the user they run as.

    `held` is a lock file whose open descriptor every process of the server inherits:
    it is free only when the last of them is gone, whatever became of their parent,
    and however their process ids were used since.
    """

    binaries: ServerBinaries
    account: Account
    data: Path
    socket: Path
    logs: Path
    held: Path

    def initialise(self, password: str, *, lock: int) -> None:
        """
        Make the data directory, if there is none yet.

        It is made beside its place and renamed when complete, so a half-made one is
        never taken for data.

        Parameters
        ----------
        password
            The superuser's.
        lock
            Descriptor of the cluster's lock: an orphaned `initdb` holds it to its end.
        """
        self._remove_leftovers()
        if data_version(self.data) is not None:
            return
        self._refuse_kept()
        if shutil.disk_usage(self.data.parent).free < _ROOM_FOR_NEW_DATA:
            raise disk_full(self.data)
        with self._work() as work:
            write_whole(work / "password", password + "\n")
            self._initdb(work, lock)
            self._appear(work / "data")

    def adopt(self, fill: Callable[[Path], None], check: Callable[[Path], object]) -> None:
        """
        Have the data that `fill` writes into a directory, if there are none yet.

        Parameters
        ----------
        check
            Is given the directory before the data appear in their place.
        """
        self._remove_leftovers()
        if data_version(self.data) is not None:
            raise ServerFailed(f"There are data in {self.data} already. Nothing was changed.")
        self._refuse_kept()
        with self._work() as work:
            fresh = work / "data"
            make_directory(fresh, mode=0o700, owner=self.account.owner)
            fill(fresh)
            check(fresh)
            self._give(fresh)
            self._appear(fresh)

    def launch(self, *, timeout_s: float) -> None:
        """
        Start the server and wait until it is ready.

        Raises
        ------
        ClusterBusy
            Processes of an earlier server are not gone.
        ServerFailed, DiskFull
            The server did not start; its own words are in the message.
        """
        logged = {log: log.stat().st_size for log in self.logs.glob("*.log")}
        try:
            with exclusive(self.held, timeout_s=1, waiting_for="processes linger") as held:
                self._remove_stale_pids()
                write_whole(self.data / "gis.conf", self._settings())
                self._renew_access()
                started = self._pg_ctl("start", *self._log_option(), timeout_s=timeout_s, held=held)
        except ClusterBusy as error:
            raise self._lingering() from error
        if started.returncode:
            raise self._failure(started, self._new_log_lines(logged))

    def stopped(self) -> ClusterError:
        """Why the server ended after it had begun to start, in its own words."""
        ended = subprocess.CompletedProcess([], 1, "", f"Its log is in {self.logs}.")
        return self._failure(ended, self._new_log_lines({}))

    def reset_password(self, password: str) -> None:
        """
        Give the superuser this password, without asking for the old one.

        The server must be down: PostgreSQL then lets the owner of the data in.
        """
        literal = password.replace("'", "''")
        reset = self.account.run(
            [self.binaries.bin_dir / "postgres", "--single", "-D", self.data, "postgres"],
            said=f"ALTER ROLE {SUPERUSER} PASSWORD '{literal}';\n",
        )
        if reset.returncode or "ERROR:" in reset.stderr:
            raise self._failure(reset, "")

    def shut_down(self, *, timeout_s: float) -> bool:
        """
        Stop the server and wait until it is gone.

        Returns
        -------
        bool
            Whether there was one.
        """
        postmaster = find_postmaster(self.data)
        if postmaster is None:
            return False
        stopped = self._pg_ctl("stop", "-m", "fast", timeout_s=timeout_s)
        if not _gone(postmaster, within_s=2):
            stopped = self._pg_ctl("stop", "-m", "immediate", timeout_s=10)
        if not _gone(postmaster, within_s=2):
            raise ServerFailed(
                f"The database (process {postmaster.pid}) does not stop: {stopped.stderr.strip()}"
            )
        deadline = time.monotonic() + 5
        while is_held(self.held) and time.monotonic() < deadline:
            time.sleep(0.05)
        return True

    @contextmanager
    def _work(self) -> Iterator[Path]:
        """A directory beside the data's, removed after; also by the next start, if need be."""
        work = self.data.with_name(f"init-{secrets.token_hex(8)}")
        make_directory(work, mode=0o700, owner=self.account.owner)
        try:
            write_whole(work / _MARKER, str(self.data))
            yield work
        finally:
            shutil.rmtree(work, ignore_errors=True)

    def _appear(self, fresh: Path) -> None:
        fresh.rename(self.data)
        sync_directory(self.data.parent)

    def _give(self, fresh: Path) -> None:
        """Give all below a directory to the server's user, for nobody else to read."""
        for folder, _, files in os.walk(fresh):
            for path in (Path(folder), *(Path(folder) / name for name in files)):
                path.chmod(0o700 if path.is_dir() else 0o600)
                if self.account.drop:
                    os.chown(path, *self.account.owner, follow_symlinks=False)

    def _initdb(self, work: Path, lock: int) -> None:
        fresh = work / "data"
        for locale in _LOCALES:
            make_directory(fresh, mode=0o700, owner=self.account.owner)
            made = self.account.run(
                [
                    *(self.binaries.bin_dir / "initdb", "-D", fresh, "-U", SUPERUSER),
                    *("--pwfile", work / "password", "--auth=scram-sha-256"),
                    *("--data-checksums", "--encoding=UTF8", f"--locale={locale}"),
                ],
                keep_open=(lock,),
            )
            if "invalid locale name" not in made.stderr:
                break
        if made.returncode:
            raise self._failure(made, "")
        defaults = (fresh / "postgresql.conf").read_text(encoding="utf-8")
        write_whole(fresh / "postgresql.conf", defaults + INCLUDES)
        write_whole(fresh / "postgresql.local.conf", LOCAL_SETTINGS)
        write_whole(fresh / "gis.conf", self._settings())
        write_whole(fresh / "pg_hba.conf", HBA)

    def _refuse_kept(self) -> None:
        """A former data directory without a newer one: a change of versions was cut off."""
        kept = sorted(self.data.parent.glob(f"{KEPT}*"))
        if kept:
            raise ServerFailed(
                f"There is no {self.data}, but {kept[-1]}: moving to another PostgreSQL was "
                f"interrupted. Nothing was changed. Put it back: mv {kept[-1]} {self.data}"
            )

    def _remove_leftovers(self) -> None:
        for path in self.data.parent.glob("init-*"):
            if not re.fullmatch(r"init-[0-9a-f]{16}", path.name) or path.is_symlink():
                continue
            with suppress(OSError):
                path.rmdir()
            marker = path / _MARKER
            if marker.is_file() and marker.read_text() == str(self.data):
                shutil.rmtree(path)

    def _remove_stale_pids(self) -> None:
        """
        Remove what would keep the server from starting though none runs.

        The caller holds `held`; where no postmaster is found either, the process id in
        these files names a stranger or a zombie. PostgreSQL removes them itself when
        nobody has the id, and with or without them looks for shared memory in use.
        """
        if find_postmaster(self.data) is None:
            for file in (self.data / "postmaster.pid", self.socket / f"{SOCKET_NAME}.lock"):
                if named_process(file) is not None:
                    file.unlink(missing_ok=True)

    def _renew_access(self) -> None:
        """Bring the rules of who may connect up to date, unless somebody has changed them."""
        rules = self.data / "pg_hba.conf"
        if rules.read_text(encoding="utf-8") == EARLIER_HBA:
            write_whole(rules, HBA)

    def _settings(self) -> str:
        return settings_text(socket=self.socket, logs=self.logs, memory_bytes=machine_memory())

    def _log_option(self) -> tuple[str | Path, ...]:
        startup = self.logs / "startup.log"
        startup.unlink(missing_ok=True)
        return ("-l", startup)

    def _pg_ctl(
        self, action: str, *options: str | Path, timeout_s: float, held: int | None = None
    ) -> subprocess.CompletedProcess[str]:
        patience = str(max(1, round(timeout_s)))
        return self.account.run(
            [
                *(self.binaries.bin_dir / "pg_ctl", action, "-D", self.data),
                *("-w", "-t", patience, *options),
            ],
            keep_open=() if held is None else (held,),
        )

    def _new_log_lines(self, logged: dict[Path, int]) -> str:
        lines: list[str] = []
        for log in self.logs.glob("*.log"):
            text = log.read_bytes()
            start = logged.get(log, 0)
            fresh = text[start if start <= len(text) else 0 :]
            lines += fresh.decode(errors="replace").splitlines()[-20:]
        return "\n".join(lines)

    def _failure(self, run: subprocess.CompletedProcess[str], log: str) -> ClusterError:
        said = f"{run.stderr}\n{log}"
        if "No space left on device" in said or "Disk quota exceeded" in said:
            return disk_full(self.data)
        if find_postmaster(self.data):
            return ServerFailed(
                "The database is still recovering from a crash and goes on with it. "
                f"Start again in a while; its log is in {self.logs}."
            )
        worst = re.findall(r"^.*(?:FATAL|PANIC|ERROR|HINT|error): .*$", said, flags=re.MULTILINE)
        words = "\n".join(worst[-5:] or said.strip().splitlines()[-5:])
        return ServerFailed(f"The database in {self.data} did not start:\n{words}")

    def _lingering(self) -> ClusterBusy:
        known = ", ".join(map(str, processes_in(self.data)))
        who = f"processes {known}" if known else "processes that cannot be seen from here"
        return ClusterBusy(
            f"An earlier server's processes still use {self.data}: {who}. They are not "
            "stopped from here. Wait for their work to end, or stop them, and start again."
        )


def _gone(postmaster: Postmaster, *, within_s: float) -> bool:
    deadline = time.monotonic() + within_s
    while postmaster.alive():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True
