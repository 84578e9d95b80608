"""A real PostGIS for the tests: one private cluster, a fresh database for each that asks."""

from __future__ import annotations

import itertools
import os
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from sqlalchemy import Connection, text

from gis_service.bootstrap import open_services
from gis_service.installation import OWNER, Addresses
from gis_service.model.audience import Audience
from gis_service.services.keys import create_key
from gis_service.services.sample import load_sample
from gis_service.settings import Settings
from gis_service.store.cluster import PrivateCluster
from gis_service.store.cluster.secrets import Secrets
from gis_service.store.cluster.server import SUPERUSER
from gis_service.store.database import Database
from gis_service.store.roles import Login, role_name
from gis_service.web.app import create_app

ROOT = Path(__file__).resolve().parents[1]
SHARED = ROOT.parent / "shared" / "data"


def pytest_configure() -> None:
    """A shell that runs the tests in the background ignores Ctrl-C, and so would our processes."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


LONGEST = (
    "test_leaks", "test_web_conformance", "test_up", "test_exports_live", "test_decision_pages",
    "test_first_key", "test_jobs", "test_web_schemathesis", "test_large_map_page",
    "test_tools_page", "test_search_text", "test_exports", "test_field_queue", "test_filtering",
    "test_clients_gdal", "test_tour", "test_published", "test_tile_cache", "test_snapshots",
    "test_history",
    "test_recovery", "test_upgrade", "test_replicas",
    "test_scopes",
)
"""Files that take longest come first, so that the workers end at about the same time."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """
    The longest files come first.

    Where the real data is absent its tests skip visibly; with CI=true they fail instead.
    """
    places = {name: place for place, name in enumerate(LONGEST)}
    items.sort(key=lambda item: places.get(item.path.stem, len(places)))
    if SHARED.is_dir() or os.environ.get("CI") == "true":
        return
    for item in items:
        if item.get_closest_marker("shared"):
            item.add_marker(pytest.mark.skip(reason=f"no real data at {SHARED}"))


@pytest.fixture(scope="session")
def shared_data() -> Path:
    if not SHARED.is_dir():
        pytest.fail(f"no real data at {SHARED}")
    return SHARED


@pytest.fixture(scope="session")
def home() -> Iterator[Path]:
    """A folder that an unprivileged database user can reach, removed at the end."""
    path = Path(tempfile.mkdtemp(prefix="gis-test-"))
    path.chmod(0o755)
    yield path
    shutil.rmtree(path, ignore_errors=True)


@pytest.fixture(scope="session")
def cluster(home: Path) -> Iterator[PrivateCluster]:
    cluster = PrivateCluster(home)
    cluster.start()
    cluster.ensure_login(OWNER, createdb=True)
    _hurried(cluster)
    yield cluster
    cluster.stop()


HURRIED = {
    "fsync": "off", "full_page_writes": "off", "synchronous_commit": "off",
    "max_wal_size": "8GB", "checkpoint_timeout": "1h",
}
"""Nothing here outlives the tests."""


def _hurried(cluster: PrivateCluster) -> None:
    """Spare the disk. The service's own start refuses such settings, so they come after it."""
    admin = Database.at(cluster.url("template1", SUPERUSER))
    with admin.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        for name, value in HURRIED.items():
            connection.execute(text(f"ALTER SYSTEM SET {name} = '{value}'"))
        connection.execute(text("SELECT pg_reload_conf()"))


@dataclass(frozen=True)
class Databases:
    """Makes databases from templates."""

    cluster: PrivateCluster
    numbers: Iterator[int]

    def fresh(self, template: str) -> Database:
        name = f"test_{next(self.numbers)}"
        admin = Database.at(self.cluster.url("template1", OWNER))
        with admin.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(text(f"CREATE DATABASE {name} TEMPLATE {template}"))
        return Database.at(self.cluster.url(name, OWNER))

    def with_logins(self, database: Database) -> Addresses:
        """Make the database's logins and grant them what is theirs."""
        name = str(database.url.database)
        self.cluster.ensure_logins(role_name(name, login) for login in Login)
        database.migrate()
        return Addresses.of(database.url, Secrets(self.cluster.home / "secrets.json"))

    @contextmanager
    def superuser(self, database: Database) -> Iterator[Connection]:
        """A connection of the cluster's superuser to a database."""
        there = Database.at(self.cluster.url(str(database.url.database), SUPERUSER))
        with there.begin() as connection:
            yield connection
        there.engine.dispose()

    def drop(self, database: Database) -> None:
        """Remove a database; only a superuser may end what others' logins still do there."""
        database.engine.dispose()
        admin = Database.at(self.cluster.url("template1", SUPERUSER))
        with admin.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(text(f"DROP DATABASE {database.url.database} WITH (FORCE)"))


@pytest.fixture(scope="session")
def databases(cluster: PrivateCluster) -> Databases:
    cluster.ensure_database("gis_migrated", owner=OWNER)
    Database.at(cluster.url("gis_migrated", OWNER)).migrate()
    return Databases(cluster, itertools.count(1))


@pytest.fixture(scope="session")
def sample_template(databases: Databases, settings: Settings) -> str:
    """Name of a database that holds the sample data."""
    database = databases.fresh("gis_migrated")
    list(load_sample(database, settings))
    database.engine.dispose()
    return str(database.url.database)


@pytest.fixture
def database(databases: Databases) -> Iterator[Database]:
    """A fresh, migrated, empty database."""
    database = databases.fresh("gis_migrated")
    yield database
    databases.drop(database)


@pytest.fixture
def sample_database(databases: Databases, sample_template: str) -> Iterator[Database]:
    """A fresh database with the sample data."""
    database = databases.fresh(sample_template)
    yield database
    databases.drop(database)


@pytest.fixture(scope="session")
def settings(home: Path) -> Settings:
    return Settings(_env_file=None, home=home, maps=ROOT / "maps")  # type: ignore[call-arg]


@pytest.fixture
def app_client(  # type: ignore[no-untyped-def]
    databases: Databases, sample_database: Database, settings: Settings
):
    """A client of the application on the sample data; it reads what the public may."""
    with client_of(databases.with_logins(sample_database), settings) as client:
        yield client


@pytest.fixture
def planner_client(  # type: ignore[no-untyped-def]
    databases: Databases, sample_database: Database, settings: Settings
):
    """A client of the application on the sample data that sends a planner's key."""
    addresses = databases.with_logins(sample_database)
    with client_of(addresses, settings, key=new_key(sample_database)) as client:
        yield client


@contextmanager
def kept_open(database: Database) -> Iterator[Database]:
    """The same database through a connection that stays open, for many short transactions."""
    kept = Database.at(database.url, kept=1)
    try:
        yield kept
    finally:
        kept.engine.dispose()


@contextmanager
def client_of(  # type: ignore[no-untyped-def]
    addresses: Addresses, settings: Settings, *, key: str | None = None
):
    """A client of an application of its own; it sends `key` with every request."""
    from starlette.testclient import TestClient  # noqa: PLC0415

    app = create_app(settings, lambda: open_services(settings, addresses))
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    with TestClient(
        app, base_url=settings.public_base_url, headers=headers, follow_redirects=False
    ) as client:
        yield client


def new_key(
    database: Database, role: Audience = Audience.PLANNER, *, client: str | None = None
) -> str:
    """The text of a new key."""
    issued = create_key(database, role=role, name=f"A {role.value}", client=client)
    return issued.text.shown()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_for(address: str, process: subprocess.Popen[bytes], *, within_s: float = 180) -> None:
    unchecked = ssl._create_unverified_context()
    deadline = time.monotonic() + within_s
    while time.monotonic() < deadline:
        assert process.poll() is None, "the service ended while starting"
        try:
            ready = f"{address}/health/ready"
            with urllib.request.urlopen(ready, timeout=10, context=unchecked):
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.1)
    raise AssertionError("the service is not ready in time")


@contextmanager
def service_of(
    database: Database, home: Path, *options: str, port: int | None = None, **settings: str
) -> Iterator[tuple[str, subprocess.Popen[bytes]]]:
    """Address and process of a real service on a database; `settings` as in the environment."""
    port = port or free_port()
    environment = os.environ | {
        "GIS_HOME": str(home),
        "GIS_PORT": str(port),
        "GIS_DATABASE_URL": database.url.render_as_string(hide_password=False),
        "PYTHONPATH": str(ROOT),
    } | settings
    process = subprocess.Popen(
        [sys.executable, "-m", "gis_service", "serve", *options], env=environment, cwd=home
    )
    address = f"{'https' if '--tls' in options else 'http'}://127.0.0.1:{port}"
    try:
        wait_for(address, process)
        yield address, process
    finally:
        process.terminate()
        process.wait(20)


@pytest.fixture(scope="session")
def live_database(databases: Databases, sample_template: str) -> Database:
    """The database of `live_server`."""
    database = databases.fresh(sample_template)
    databases.with_logins(database)
    return database


@pytest.fixture(scope="session")
def live_server(live_database: Database, home: Path) -> Iterator[str]:
    """Address of a real service process on the sample data."""
    with service_of(live_database, home) as (address, _):
        yield address


@pytest.fixture(scope="session")
def live_key(live_database: Database) -> str:
    """A planner's key for `live_server`."""
    return new_key(live_database)
