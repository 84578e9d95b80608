"""
A whole service of its own, to be broken: private database, two processes, a worker.

Only processes that belong to this site are ever ended.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any

import orjson
import psycopg2
from sqlalchemy import text

from gis_service.installation import DATABASE, OWNER
from gis_service.model.audience import Audience
from gis_service.store.cluster import PrivateCluster
from gis_service.store.cluster.process import processes_in
from gis_service.store.cluster.server import SUPERUSER
from gis_service.store.database import Database
from gis_service.store.roles import Login, role_name
from tests.conftest import ROOT, free_port, new_key

NETWORK = {
    "type": "Feature", "geometry": None,
    "properties": {
        "external_id": "drill", "name": "Drill", "metric_srid": 32736, "synthetic": True,
        "extent": {"west": 34.3, "south": -1.2, "east": 35.2, "north": -0.3},
    },
}
NODES = "/collections/network_nodes/items"
STANDING = 60
"""Nodes that are there before anything happens."""


class Site:
    """
    A service in a folder of its own, with the database that it starts for itself.

    Parameters
    ----------
    folder
        Becomes GIS_HOME.
    through
        Port of a proxy that stands between the service and its database; the
        database is then started here, and not by the service.
    settings
        More of the environment, as `GIS_...`.
    """

    def __init__(self, folder: Path, *, through: int | None = None, **settings: str) -> None:
        self.home = folder
        self.through = through
        self.port = free_port()
        self.address = f"http://127.0.0.1:{self.port}"
        self.cluster = PrivateCluster(folder)
        self.data = folder / "pg" / "data"
        self.environment = os.environ | {
            "GIS_HOME": str(folder), "GIS_PORT": str(self.port), "GIS_WORKERS": "2",
            "GIS_KEY_RATE": "0", "GIS_PUBLIC_RATE": "0", "PYTHONPATH": str(ROOT),
            "GIS_ACCESS_LOG": "slow",
        } | settings
        self.process: subprocess.Popen[bytes] | None = None
        self.keys: dict[Audience, str] = {}

    def start(self, *, ready_within_s: float = 180) -> None:
        """Start the service and wait until it can do its work."""
        command = ["up", "--no-sample"]
        if self.through is not None:
            command = ["serve"]
            self.environment["GIS_DATABASE_URL"] = self._database_by(self.through)
        log = (self.home / "drill.log").open("ab")
        self.process = subprocess.Popen(
            [sys.executable, "-m", "gis_service", *command],
            env=self.environment, stdout=log, stderr=log, cwd=self.home,
        )
        log.close()
        self.until_ready(within_s=ready_within_s)

    def _database_by(self, port: int) -> str:
        """Start the database with what the service wants of it; its address behind a proxy."""
        self.cluster.start()
        self.cluster.ensure_login(OWNER)
        self.cluster.ensure_database(DATABASE, owner=OWNER)
        self.cluster.ensure_logins(role_name(DATABASE, login) for login in Login)
        return f"postgresql://{OWNER}:{self.cluster.password(OWNER)}@127.0.0.1:{port}/{DATABASE}"

    def stop(self) -> None:
        """Stop the service and its database."""
        if self.process is not None:
            self.process.terminate()
            try:
                self.process.wait(60)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
            self.process = None
        self.cluster.stop()

    def furnish(self) -> None:
        """Keys, a network and some nodes."""
        for role in (Audience.PLANNER, Audience.TECHNICIAN):
            self.keys[role] = new_key(self.owner(), role)
        self.post("/collections/networks/items", NETWORK)
        self.post("/batch", [
            {"method": "POST", "collection": "network_nodes", "body": node(f"standing {n}", n)}
            for n in range(STANDING)
        ])

    def owner(self) -> Database:
        """The database under the login of its owner."""
        return Database.at(self.cluster.url(DATABASE, OWNER))

    def rows(self, statement: str, **values: Any) -> list[tuple[Any, ...]]:
        """The rows of a statement, by a connection of its own."""
        with self.owner().begin() as connection:
            result = connection.execute(text(statement), values)
            return [tuple(row) for row in result] if result.returns_rows else []

    def superuser(self, statement: str) -> list[tuple[Any, ...]]:
        """The same as superuser and outside of a transaction; it may find nobody at home."""
        url = self.cluster.url(DATABASE, SUPERUSER)
        connection = psycopg2.connect(
            host=url.query["host"], port=5432, user=SUPERUSER, password=url.password,
            dbname=DATABASE, connect_timeout=3,
        )
        try:
            connection.autocommit = True
            with connection.cursor() as cursor:
                cursor.execute(statement)
                return list(cursor.fetchall()) if cursor.description else []
        finally:
            connection.close()

    def post(self, path: str, content: Any, role: Audience = Audience.PLANNER) -> Any:
        """What a POST is answered."""
        request = urllib.request.Request(
            self.address + path, data=orjson.dumps(content), method="POST",
            headers={
                "Authorization": f"Bearer {self.keys[role]}",
                "Content-Type":
                    "application/geo+json" if path.endswith("/items") else "application/json",
            },
        )
        with urllib.request.urlopen(request, timeout=60) as answer:
            return orjson.loads(answer.read() or b"null")

    def status(self, path: str, *, timeout_s: float = 5) -> int:
        """The status of an answer; 0 when there is none."""
        try:
            with urllib.request.urlopen(self.address + path, timeout=timeout_s) as answer:
                return int(answer.status)
        except urllib.error.HTTPError as error:
            return error.code
        except OSError:
            return 0

    def until_ready(self, *, within_s: float = 60) -> float:
        """Wait until the service says that it can do its work; the seconds that it took."""
        began = time.monotonic()
        while self.status("/health/ready") != 200:
            assert self.process is not None
            assert self.process.poll() is None, f"the service ended:\n{self.log()[-3000:]}"
            assert time.monotonic() - began < within_s, f"not ready:\n{self.log()[-3000:]}"
            time.sleep(0.05)
        return time.monotonic() - began

    def until_accepting(self, *, within_s: float = 60) -> float:
        """Wait until the database takes a connection; the seconds that it took."""
        began = time.monotonic()
        while True:
            try:
                self.superuser("SELECT 1")
            except psycopg2.Error:
                assert time.monotonic() - began < within_s, "the database does not come back"
                time.sleep(0.02)
            else:
                return time.monotonic() - began

    def cut_power(self) -> None:
        """Kill the postmaster and every process of the database at once."""
        for pid in processes_in(self.data):
            kill(pid)

    def server_log(self) -> str:
        """All that the database's server has written."""
        logs = sorted((self.home / "logs" / "postgresql").glob("*.log"))
        return "".join(log.read_text(errors="replace") for log in logs)

    def log(self) -> str:
        """All that the service has written."""
        log = self.home / "drill.log"
        return log.read_text(errors="replace") if log.exists() else ""

    def children(self, *words: str) -> list[int]:
        """Processes of the service, by words of their command lines; children of children too."""
        assert self.process is not None
        family, found = {self.process.pid}, []
        for pid, parent, command in sorted(_processes()):
            if parent in family:
                family.add(pid)
                if all(word in command for word in words):
                    found.append(pid)
        return found


def kill(pid: int) -> None:
    """End a process at once, if it is still there."""
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return


def node(name: str, number: int = 0) -> dict[str, Any]:
    """A node that the public may see when its number is even."""
    return {
        "type": "Feature",
        "geometry": {
            "type": "Point",
            "coordinates": [34.7 + number % 97 / 1000, -0.7 + number % 89 / 1000],
        },
        "properties": {"name": name, "status": "planned" if number % 2 else "operational"},
    }


@contextmanager
def site(
    folder: Path | None = None, *, made: Site | None = None, **settings: str
) -> Iterator[Site]:
    """
    A site that runs, with some nodes; all of it is gone afterwards.

    `GIS_DRILL_LOG` names a file that gets the logs of its service and database.
    """
    with empty_folder() if folder is None else nullcontext(folder) as place:
        made = made or Site(place, **settings)
        try:
            made.start()
            made.furnish()
            yield made
        finally:
            made.stop()
            if kept := os.environ.get("GIS_DRILL_LOG"):
                with Path(kept).open("a") as file:
                    file.write(made.log() + made.server_log())


@contextmanager
def empty_folder() -> Iterator[Path]:
    """A folder that the database's own user may enter, removed afterwards."""
    folder = Path(tempfile.mkdtemp(prefix="gis-drill-"))
    folder.chmod(0o711)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _processes() -> Iterator[tuple[int, int, str]]:
    """Id, parent and command line of every process."""
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            parent = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
            command = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except (OSError, ValueError, IndexError):
            continue
        yield int(entry.name), parent, command
