"""One version takes the place of another: with a proven backup, whole or not at all."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import text

from gis_service.cli import cli
from gis_service.cli.process import ServiceProcess, _started
from gis_service.errors import ConfigurationError
from gis_service.services.backups.proofs import read_proof
from gis_service.settings import Settings
from gis_service.store import database as store
from gis_service.store.database import Database, newest_revision
from tests.conftest import Databases
from tests.test_cluster import open_directory

BEFORE = "0008"


@pytest.fixture(scope="module")
def older(databases: Databases) -> Iterator[Database]:
    """A database as the version before left it."""
    database = databases.fresh("gis_migrated")
    databases.with_logins(database)
    with database.begin() as connection:
        connection.execute(text("INSERT INTO internal.loads (collection, source, sha256, report) "
                                "VALUES ('offices', 'kept.csv', '', '{}')"))
    database.downgrade(BEFORE)
    yield database
    databases.drop(database)


@pytest.fixture
def here(settings: Settings) -> Iterator[Settings]:
    with open_directory() as home:
        shutil.copy(settings.home / "secrets.json", home)
        yield settings.model_copy(update={"home": home})


def upgrade(database: Database, settings: Settings) -> Result:
    return CliRunner().invoke(cli, ["upgrade"], env={
        "GIS_HOME": str(settings.home), "GIS_BACKUP_DIR": None,
        "GIS_DATABASE_URL": database.url.render_as_string(hide_password=False),
    })


def stand_in(settings: Settings, *, detached: bool = True) -> subprocess.Popen[bytes]:
    """A process that stands for the former version; started again, it writes a file."""
    script = settings.home / "former"
    script.write_text(f"#!/bin/sh\necho \"$@\" > {settings.home}/started\n")
    script.chmod(0o755)
    process = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
    (settings.home / "run").mkdir(exist_ok=True)
    (settings.home / "run" / "service.json").write_text(json.dumps({
        "pid": process.pid, "started": _started(process.pid), "address": "http://127.0.0.1:9",
        "local": "http://127.0.0.1:9", "detached": detached, "python": str(script),
        "root": str(settings.home), "options": ["--port", "9"],
    }))
    assert ServiceProcess(settings).state() is not None
    return process


def test_what_fails_leaves_the_former_version_serving(
    older: Database, here: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    former = stand_in(here, detached=False)
    refused = upgrade(older, here)
    assert refused.exit_code == 1
    assert "systemctl stop" in refused.output
    assert former.poll() is None
    former.kill()
    former.wait()

    former = stand_in(here)
    monkeypatch.setattr(store, "LOCK_TRIES", 2)
    with older.engine.connect() as long_reader:
        long_reader.execute(text("SELECT pg_advisory_lock(hashtext('gis-service migrations'))"))
        failed = upgrade(older, here)
        long_reader.execute(text("SELECT pg_advisory_unlock_all()"))
    assert failed.exit_code == 1, failed.output
    assert "others held its tables" in failed.output
    assert "The former version serves again" in failed.output
    assert former.wait(10) != 0, "it was stopped"
    assert (here.home / "started").read_text() == "-P -m gis_service up --detach --port 9\n"
    assert older.revision() == BEFORE
    [backup] = (here.home / "backups").glob("*.tar")
    assert read_proof(backup) is not None, "its copy was migrated"


def test_the_new_version_does_not_start(
    older: Database, here: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is migrated and cannot serve: the schema goes back, too."""
    former = stand_in(here)
    state = json.loads((here.home / "run" / "service.json").read_text())
    state["options"] = ["--no-such-option"]
    (here.home / "run" / "service.json").write_text(json.dumps(state))
    failed = upgrade(older, here)
    former.wait(10)
    assert failed.exit_code == 1, failed.output
    assert "no-such-option" in failed.output
    assert "The former version serves again" in failed.output
    assert older.revision() == BEFORE
    with older.begin() as connection:
        assert connection.scalar(text("SELECT source FROM internal.loads")) == "kept.csv"


def test_it_migrates_and_says_so_then_there_is_nothing_to_do(
    older: Database, here: Settings
) -> None:
    done = upgrade(older, here)
    assert done.exit_code == 0, done.output
    assert f"The schema is {newest_revision()} now" in done.output
    assert older.revision() == newest_revision()
    again = upgrade(older, here)
    assert again.exit_code == 0
    assert "Nothing is to be done" in again.output
    assert len(list((here.home / "backups").glob("*.tar"))) == 1


def test_a_newer_database_is_refused(older: Database, here: Settings) -> None:
    with older.begin() as connection:
        table = f"{store.SCHEMA}.{store.VERSION_TABLE}"
        found = connection.scalar(text(f"SELECT version_num FROM {table}"))
        connection.execute(text(f"UPDATE {table} SET version_num = '9999'"))
    try:
        with pytest.raises(ConfigurationError, match="newer than this version"):
            older.migrate()
        refused = upgrade(older, here)
        assert refused.exit_code == 1
        assert "9999" in refused.output
    finally:
        with older.begin() as connection:
            connection.execute(text(f"UPDATE {table} SET version_num = :found"), {"found": found})
