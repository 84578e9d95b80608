"""Backups on a real PostGIS: made while others write, put back, damaged, killed, too large."""

from __future__ import annotations

import io
import json
import os
import resource
import shutil
import subprocess
import sys
import tarfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import text

from gis_service.cli import backup_timer, cli
from gis_service.errors import BackupFailed, ConfigurationError, Conflict, DamagedBackup
from gis_service.installation import OWNER, scratch_place
from gis_service.model.backups import KeptBackup, Manifest, Proof, TableSum
from gis_service.services.backups.copying import copy_backup, is_remote, remove_surplus_copies
from gis_service.services.backups.making import make_backup
from gis_service.services.backups.proofs import read_proof
from gis_service.services.backups.restoring import open_backup, restore_backup
from gis_service.services.backups.shelf import (
    is_due,
    kept_backups,
    last_run,
    new_name,
    one_run,
    remove_surplus,
    surplus,
)
from gis_service.settings import Settings, read_settings
from gis_service.store.database import Database, newest_revision
from gis_service.store.fingerprints import is_ours, table_sums
from tests.conftest import ROOT, Databases, client_of, new_key

PHOTO = bytes(range(256)) * 40


@dataclass(frozen=True)
class Made:
    """A database, the backup that was made of it, and a key that opens it."""

    database: Database
    path: Path
    manifest: Manifest
    settings: Settings
    key: str


@pytest.fixture(scope="module")
def empty_template(databases: Databases) -> str:
    databases.cluster.ensure_database("gis_empty", owner=OWNER)
    return "gis_empty"


@pytest.fixture
def empty(databases: Databases, empty_template: str) -> Iterator[Database]:
    """A database with PostGIS and nothing else."""
    database = databases.fresh(empty_template)
    yield database
    databases.drop(database)


@pytest.fixture(scope="module")
def made(
    databases: Databases, sample_template: str, settings: Settings, tmp_path_factory
) -> Iterator[Made]:
    """A backup of the sample, made while somebody writes."""
    home = tmp_path_factory.mktemp("home")
    (home / "tls").mkdir()
    (home / "tls" / "authority.pem").write_text("an authority")
    database = databases.fresh(sample_template)
    databases.with_logins(database)
    key = new_key(database)
    here = settings.model_copy(update={"home": home, "port": 8123})
    with writing(database):
        manifest = make_backup(database, here, home / "gis.tar")
    yield Made(database, home / "gis.tar", manifest, here, key)
    databases.drop(database)


@contextmanager
def writing(database: Database) -> Iterator[None]:
    """A photo and an office's note in each transaction, one after the other."""
    stop, begun = threading.Event(), threading.Event()

    def write() -> None:
        for turn in range(100_000):
            if stop.is_set():
                return
            with database.begin() as connection:
                connection.execute(
                    text("INSERT INTO internal.attachments (id, collection, item_id, sha256, "
                         "media_type, bytes, sent_sha256, content) VALUES (:id, 'offices', :id, "
                         "'', 'image/jpeg', 1, :turn, :photo)"),
                    {"id": uuid4(), "turn": str(turn), "photo": PHOTO},
                )
                connection.execute(text("UPDATE gis.offices SET contact = :turn"), {"turn": turn})
            begun.set()

    thread = threading.Thread(target=write)
    thread.start()
    try:
        assert begun.wait(10)
        yield
    finally:
        stop.set()
        thread.join()


def sums(database: Database) -> tuple[TableSum, ...]:
    with database.begin() as connection:
        return table_sums(connection)


def test_what_is_put_back_is_one_moment_and_is_served(
    made: Made, empty: Database, databases: Databases, tmp_path: Path
) -> None:
    backup = open_backup(made.path)
    home = made.settings.model_copy(update={"home": tmp_path})
    by_hand = restore_backup(backup, empty, home)
    assert made.path.stat().st_mode & 0o777 == 0o600
    rows = {each.table: each.rows for each in made.manifest.tables}
    assert rows["internal.attachments"] >= 1
    assert rows["gis.offices"] >= 60
    restored = {each.table: each for each in sums(empty)}
    for each in made.manifest.tables:
        if each.table != "internal.sessions":
            assert restored[each.table] == each
    with empty.begin() as connection:
        notes = set(connection.scalars(text("SELECT contact FROM gis.offices")))
        newest = connection.scalar(
            text("SELECT max(sent_sha256::int) FROM internal.attachments"))
        photos = set(connection.scalars(text("SELECT content FROM internal.attachments")))
    assert notes == {str(newest)}, "a photo and the edit beside it belong together"
    assert {bytes(each) for each in photos} == {PHOTO}
    assert (tmp_path / "tls" / "authority.pem").read_text() == "an authority"
    assert by_hand == []
    assert not (tmp_path / "secrets.json").exists()

    with client_of(databases.with_logins(empty), home, key=made.key) as client:
        offices = client.get("/collections/offices/items?limit=1").json()
        assert offices["numberMatched"] == rows["gis.offices"]
        office = offices["features"][0]["id"]
        changed = client.patch(
            f"/collections/offices/items/{office}", json={"properties": {"name": "<renamed>"}},
            headers={"content-type": "application/merge-patch+json"},
        )
        assert changed.status_code in {200, 204}, changed.text
    with empty.begin() as connection:
        versions = connection.scalar(text("SELECT count(*) FROM history.offices"))
    assert versions == rows["history.offices"] + 1, "history goes on from where it was"

    with pytest.raises(BackupFailed, match="replaces nothing"):
        restore_backup(backup, empty, home)


def rewritten(path: Path, out: Path, changes: dict[str, bytes | None]) -> Path:
    """The same archive with other members; None leaves one out."""
    with tarfile.open(path) as old, tarfile.open(out, "w") as new:
        for info in old:
            file = old.extractfile(info)
            assert file is not None
            content = changes.get(info.name, file.read())
            if content is not None:
                other = tarfile.TarInfo(info.name)
                other.size = len(content)
                new.addfile(other, io.BytesIO(content))
    return out


def test_a_backup_that_is_not_what_was_written_changes_nothing(
    made: Made, empty: Database, tmp_path: Path
) -> None:
    whole = made.path.read_bytes()
    bad = tmp_path / "bad.tar"
    middle = len(whole) // 2
    for content in (
        whole[:middle], whole[:-30_000], b"", b"no archive at all" * 100,
        whole[:middle] + bytes([whole[middle] ^ 1]) + whole[middle + 1 :],
    ):
        bad.write_bytes(content)
        with pytest.raises(DamagedBackup):
            open_backup(bad)
    head = json.dumps({"format": 99, "service": "9.9"}).encode()
    with pytest.raises(BackupFailed, match=r"newer service \(9\.9\)"):
        open_backup(rewritten(made.path, bad, {"gis-backup.json": head}))
    for changes in ({"files/tls/authority.pem": None}, {"database/000001": b"x"}):
        with pytest.raises(DamagedBackup, match="not what was written"):
            open_backup(rewritten(made.path, bad, changes))

    backup = open_backup(made.path)
    shutil.copy(rewritten(made.path, bad, {"database/000001": b"x"}), made.path.with_suffix(".x"))
    swapped = replace(backup, path=made.path.with_suffix(".x"))
    here = made.settings.model_copy(update={"home": tmp_path})
    with pytest.raises(DamagedBackup):
        restore_backup(swapped, empty, here)
    rewritten(made.path, made.path.with_suffix(".x"), {"files/tls/authority.pem": b"x"})
    nowhere = made.settings.model_copy(update={"home": tmp_path / "other"})
    with pytest.raises(DamagedBackup, match=r"authority\.pem"):
        restore_backup(swapped, empty, nowhere)
    assert list((tmp_path / "other" / "tls").iterdir()) == []
    newer = replace(backup, manifest=replace(backup.manifest, revision="9999"))
    with pytest.raises(BackupFailed, match="newer than this one"):
        restore_backup(newer, empty, here)
    with empty.begin() as connection:
        assert not is_ours(connection)


def test_other_rows_than_were_backed_up_are_taken_away_again(
    made: Made, empty: Database, tmp_path: Path
) -> None:
    backup = open_backup(made.path)
    tables = tuple(
        replace(each, sum="0" * 32) if each.table == "gis.wards" else each
        for each in backup.manifest.tables
    )
    lying = replace(backup, manifest=replace(backup.manifest, tables=tables))
    elsewhere = made.settings.model_copy(
        update={"home": tmp_path, "port": 8000, "maps": tmp_path / "maps"}
    )
    with pytest.raises(BackupFailed, match=r"gis\.wards has other values"):
        restore_backup(lying, empty, elsewhere)
    with empty.begin() as connection:
        assert not is_ours(connection)
    told = (tmp_path / "restored" / "settings.env").read_text()
    assert "GIS_PORT=8123\n" in told
    assert "DATABASE" not in told
    assert (tmp_path / "restored" / "maps" / "coverage.toml").is_file()


def test_an_older_backup_is_migrated(
    databases: Databases, empty: Database, settings: Settings, tmp_path: Path
) -> None:
    old = databases.fresh("gis_migrated")
    old.downgrade("0005")
    made = make_backup(old, settings, tmp_path / "gis.tar")
    assert made.revision == "0005"
    restore_backup(open_backup(tmp_path / "gis.tar"), empty, settings)
    assert empty.revision() == newest_revision()
    databases.drop(old)


def test_a_file_in_the_way_is_not_replaced(made: Made, empty: Database, tmp_path: Path) -> None:
    with pytest.raises(BackupFailed, match="replaces nothing"):
        make_backup(made.database, made.settings, made.path)
    (tmp_path / "tls").mkdir()
    (tmp_path / "tls" / "authority.pem").write_text("another")
    with pytest.raises(BackupFailed, match="is another file"):
        restore_backup(open_backup(made.path), empty,
                       made.settings.model_copy(update={"home": tmp_path}))
    with empty.begin() as connection:
        assert not is_ours(connection)


def test_a_full_disk_leaves_nothing(made: Made, tmp_path: Path) -> None:
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, before[1]))
    try:
        with pytest.raises(BackupFailed, match="no room for the backup"):
            make_backup(made.database, made.settings, tmp_path / "gis.tar")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(BackupFailed, match="No such file"):
        make_backup(made.database, made.settings, tmp_path / "nowhere" / "gis.tar")


@contextmanager
def stuck(database: Database) -> Iterator[Callable[[], bool]]:
    """Somebody holds a table, so that a dump stays in its middle; tells whether one waits."""
    waiting = text(
        "SELECT count(*) FROM pg_locks WHERE NOT granted AND relation = 'gis.offices'::regclass"
    )
    with database.begin() as connection:
        connection.execute(text("LOCK TABLE gis.offices"))
        yield lambda: bool(connection.scalar(waiting))


def wait_until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_a_backup_that_is_killed_in_the_middle(made: Made, home: Path, tmp_path: Path) -> None:
    out, part = tmp_path / "gis.tar", tmp_path / ".gis.tar.part"
    environment = os.environ | {
        "GIS_HOME": str(home), "PYTHONPATH": str(ROOT),
        "GIS_DATABASE_URL": made.database.url.render_as_string(hide_password=False),
    }
    with stuck(made.database) as is_stuck:
        process = subprocess.Popen(
            [sys.executable, "-m", "gis_service", "backup", "--out", str(out)],
            env=environment, cwd=tmp_path,
        )
        wait_until(lambda: part.exists() and is_stuck())
        with pytest.raises(BackupFailed, match="Another process"):
            make_backup(made.database, made.settings, out)
        process.kill()
        process.wait(20)
    assert not out.exists()
    assert part.exists()
    make_backup(made.database, made.settings, out)
    assert list(tmp_path.iterdir()) == [out]
    assert open_backup(out).manifest.rows > 0


def test_a_service_that_stops_ends_its_backup_in_order(
    made: Made, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = made.settings.model_copy(update={"home": home, "backup_dir": tmp_path})
    monkeypatch.setenv("GIS_BACKUP_DIR", str(tmp_path))
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    monkeypatch.setenv(
        "GIS_DATABASE_URL", made.database.url.render_as_string(hide_password=False))
    monkeypatch.setattr(backup_timer, "LOOKS_EVERY_S", 0.1)
    with stuck(made.database) as is_stuck, backup_timer.backups_when_due(settings):
        wait_until(lambda: any(tmp_path.glob(".gis-*.part")) and is_stuck())
    assert list(tmp_path.glob("*gis-*")) == list(tmp_path.glob(".gis-*")) == []
    last = last_run(tmp_path)
    assert last is not None
    assert last.fault == "The run was ended before it was done."


def test_a_run_makes_proves_and_copies(
    made: Made, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, second = tmp_path / "backups", tmp_path / "second"
    for name, value in {
        "HOME": home, "BACKUP_DIR": folder, "BACKUP_COPY_TO": second,
        "DATABASE_URL": made.database.url.render_as_string(hide_password=False),
    }.items():
        monkeypatch.setenv(f"GIS_{name}", str(value))

    def gis(*arguments: str) -> Result:
        return CliRunner().invoke(cli, ["backup", *arguments])

    for command in (("list",), ("run",), ("run", "--if-due")):
        refused = gis(*command)
        assert refused.exit_code == 1
        assert f"Is its disk mounted? If it is new: mkdir -p {folder}" in refused.output
    assert not folder.exists(), "it may be the place of a disk that is not mounted"
    folder.mkdir()
    assert "no backup in" in gis("list").output
    assert is_due(read_settings(), datetime.now(UTC))
    second.mkdir()
    done = gis("run")
    assert done.exit_code == 0, done.output
    [path] = folder.glob("gis-*.tar")
    proof = read_proof(path)
    assert proof is not None
    assert f"Proven in {proof.seconds:,.0f} s" in done.output
    assert list((home / "scratch").iterdir()) == []
    copy = second / path.name
    assert copy.read_bytes() == path.read_bytes()
    assert read_proof(copy) == proof
    listed = gis("list").output
    assert f"{path.name}  " in listed
    assert " proven " in listed
    assert gis("run", "--if-due").output == "No backup is due.\n"

    (second / "gis-20200101T000000Z.tar").write_bytes(b"an old copy")
    monkeypatch.setenv("GIS_BACKUP_KEEP", "1 daily")
    time.sleep(1)
    assert "Removed the copy gis-20200101T000000Z.tar" in gis("run", "--no-verify").output
    assert len(kept_backups(second)) == 2, "the newest and the newest proven one"
    shutil.rmtree(second)
    time.sleep(1)
    failed = gis("run", "--no-verify")
    assert failed.exit_code == 1
    assert "Is its disk mounted?" in failed.output
    assert len(kept_backups(folder)) == 3, "a run that failed removes nothing"
    last = last_run(folder)
    assert last is not None
    assert "mounted" in str(last.fault)
    assert "unproven" in gis("list", str(folder)).output
    with copy_taken(path) as other:
        assert read_proof(other) == proof
        with other.open("ab") as file:
            file.write(b"x")
        assert read_proof(other) is None, "a proof is of one file"
    settings = made.settings.model_copy(update={"home": home})
    with pytest.raises(BackupFailed, match="Free some space"), scratch_place(settings, 2**60):
        pass


@contextmanager
def copy_taken(path: Path) -> Iterator[Path]:
    other = path.with_name("other.tar")
    shutil.copy(path, other)
    shutil.copy(f"{path}.proof", f"{other}.proof")
    yield other


def test_what_is_kept(tmp_path: Path) -> None:
    """Two a day for 400 days, at 06:00 and 18:00; only those of the first 300 days are proven."""
    begun = datetime(2025, 1, 1, 6, tzinfo=UTC)
    proof = Proof("", 0, "", "", "", "", 0, 0, 0.0)
    backups = [
        KeptBackup(str(turn), 0, begun + timedelta(hours=12 * turn), proof if turn < 600 else None)
        for turn in reversed(range(800))
    ]
    gone = {each.name for each in surplus(backups, "7 daily, 5 weekly, 12 monthly")}
    stays = [each for each in backups if each.name not in gone]
    days = [each.made_at.date().isoformat() for each in stays]
    assert days[:7] == [f"2026-02-{day:02}" for day in (4, 3, 2, 1)] + [
        f"2026-01-{day}" for day in (31, 30, 29)]
    assert stays[0].name == "799"
    newest_proven = next(each for each in backups if each.proof)
    assert newest_proven in stays
    months = {each.made_at.strftime("%Y-%m") for each in stays}
    assert len(months) == 12
    weeks = {each.made_at.isocalendar()[:2] for each in stays if each.made_at.year == 2026}
    assert len(weeks) >= 5
    assert 20 <= len(stays) <= 24

    only = surplus(backups, "1 daily")
    assert {b.name for b in backups} - {b.name for b in only} == {"799", newest_proven.name}

    (tmp_path / "gis-20260101T000000Z.tar").write_bytes(b"1")
    (tmp_path / "gis-of-my-own.tar").write_bytes(b"1")
    (tmp_path / "gis-20260102T000000Z.tar").write_bytes(b"1")
    assert remove_surplus(tmp_path, "1 daily") == ["gis-20260101T000000Z.tar"]
    assert (tmp_path / "gis-of-my-own.tar").exists()


def test_when_a_backup_is_due(tmp_path: Path, settings: Settings) -> None:
    here = settings.model_copy(update={"backup_dir": tmp_path / "none yet"})
    now = datetime(2026, 1, 2, tzinfo=UTC)
    for refused in (lambda: is_due(here, now), lambda: one_run(here.backup_dir).__enter__()):
        with pytest.raises(BackupFailed, match="Is its disk mounted"):
            refused()
    assert not (tmp_path / "none yet").exists()
    (tmp_path / "none yet").mkdir()
    (tmp_path / "none yet" / new_name(now)).write_bytes(b"1")
    assert not is_due(here, now + timedelta(hours=23))
    assert is_due(here, now + timedelta(hours=24))
    with one_run(here.backup_dir), pytest.raises(Conflict), one_run(here.backup_dir):
        pass
    with pytest.raises(ZeroDivisionError), one_run(here.backup_dir):
        raise ZeroDivisionError
    at = datetime.now(UTC)
    assert not is_due(here, at), "a run that failed just now is not repeated at once"
    assert is_due(here, at + timedelta(hours=2))


def test_a_place_of_rclone_needs_rclone(
    made: Made, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    assert is_remote("county:backups/gis")
    assert not is_remote("/mnt/second")
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ConfigurationError, match="apt-get install rclone"):
        copy_backup(made.path, "county:backups/gis")


@pytest.mark.skipif(shutil.which("rclone") is None, reason="no rclone")
def test_a_copy_by_rclone_is_read_back(
    made: Made, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RCLONE_CONFIG_COUNTY_TYPE", "alias")
    monkeypatch.setenv("RCLONE_CONFIG_COUNTY_REMOTE", str(tmp_path))
    copy_backup(made.path, "county:gis/daily")
    assert (tmp_path / "gis/daily" / made.path.name).read_bytes() == made.path.read_bytes()
    with pytest.raises(BackupFailed, match=r"The copy to nowhere:x failed: .*config"):
        copy_backup(made.path, "nowhere:x")
    old = [f"gis-2026010{day}T000000Z.tar" for day in (1, 2, 3, 4)]
    for name in (*old, f"{old[0]}.proof", f"{old[1]}.proof", "gis-of-my-own.tar"):
        (tmp_path / "gis/daily" / name).write_bytes(b"1")
    assert remove_surplus_copies("county:gis/daily", "1 daily") == [old[2], old[0]]
    assert {each.name for each in (tmp_path / "gis/daily").iterdir()} == {
        old[3], old[1], f"{old[1]}.proof", "gis-of-my-own.tar", made.path.name
    }


@pytest.mark.skipif(shutil.which("gpg") is None, reason="no gpg")
def test_only_the_holder_of_the_key_reads_an_encrypted_backup(
    made: Made, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "gis.tar.gpg"
    for name in ("ring", "stranger"):
        (tmp_path / name).mkdir(mode=0o700)
    monkeypatch.setenv("GNUPGHOME", str(tmp_path / "ring"))
    with pytest.raises(BackupFailed, match="did not encrypt"):
        make_backup(made.database, made.settings, out, recipient="ict@example.org")
    assert not out.exists()
    subprocess.run(
        ["gpg", "--batch", "--quiet", "--passphrase", "", "--quick-generate-key",
         "ict@example.org", "future-default", "default", "never"], check=True, timeout=60,
    )
    make_backup(made.database, made.settings, out, recipient="ict@example.org")
    assert b"authority" not in out.read_bytes()
    assert open_backup(out).manifest.rows > 0
    cut = tmp_path / "cut.tar.gpg"
    cut.write_bytes(out.read_bytes()[:-1000])
    with pytest.raises(DamagedBackup):
        open_backup(cut)
    monkeypatch.setenv("GNUPGHOME", str(tmp_path / "stranger"))
    with pytest.raises(DamagedBackup, match="cannot be decrypted"):
        open_backup(out)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ConfigurationError, match="gpg is not installed"):
        open_backup(out)
    with pytest.raises(ConfigurationError, match="apt-get install age"):
        make_backup(made.database, made.settings, out, recipient="age1xyz")


@pytest.mark.skipif(shutil.which("age") is None, reason="no age")
def test_only_the_holder_of_the_identity_reads_what_age_encrypted(
    made: Made, tmp_path: Path
) -> None:
    identity, stranger = tmp_path / "identity", tmp_path / "stranger"
    for path in (identity, stranger):
        subprocess.run(["age-keygen", "-o", path], check=True, capture_output=True, timeout=10)
    recipient = identity.read_text().partition("public key: ")[2].split()[0]
    out = tmp_path / "gis.tar.age"
    with pytest.raises(BackupFailed, match="did not encrypt"):
        make_backup(made.database, made.settings, out, recipient="age1xyz")
    assert not out.exists()
    make_backup(made.database, made.settings, out, recipient=recipient)
    assert b"authority" not in out.read_bytes()
    assert open_backup(out, identity).manifest.rows > 0
    with pytest.raises(ConfigurationError, match="--identity"):
        open_backup(out)
    with pytest.raises(DamagedBackup, match="cannot be decrypted"):
        open_backup(out, stranger)
    out.write_bytes(out.read_bytes()[:-1000])
    with pytest.raises(DamagedBackup):
        open_backup(out, identity)
