"""
Back to just before a bad load, on a cluster of its own that is killed while others write.

F13 of the fault plan: the sums of every table are those of the moment; what was lost
(RPO) and how long it took (RTO) is printed.
"""

from __future__ import annotations

import gzip
import json
import os
import re
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from gis_service.cli import cli
from gis_service.cli.recovery_timer import log_kept
from gis_service.errors import BackupFailed, DamagedBackup
from gis_service.installation import prepared_database, recovered_place, running_cluster
from gis_service.model.backups import TableSum
from gis_service.model.recovery import Target
from gis_service.services.recovery import segments as segment_files
from gis_service.services.recovery.following import lay_out_way, way_to
from gis_service.services.recovery.segments import compress, first_gap, lay_out, segments
from gis_service.services.recovery.shelf import (
    Log,
    base_is_due,
    continued_log,
    new_log,
    own_log,
    remove_surplus,
)
from gis_service.settings import Settings
from gis_service.store.cluster import PrivateCluster, find_binaries
from gis_service.store.cluster.process import find_postmaster
from gis_service.store.cluster.wal import Line
from gis_service.store.database import Database
from gis_service.store.fingerprints import table_sums
from tests.conftest import ROOT
from tests.test_cluster import open_directory

SAMPLE = ROOT / "data" / "sample"
NOT_COMPARED = {"internal.sessions", "internal.jobs"}
"""Sessions end and jobs are not repeated."""


@dataclass
class Town:
    """A private cluster with a log, which somebody writes to."""

    settings: Settings
    cluster: PrivateCluster
    database: Database
    turn: threading.Lock
    acknowledged: int = 0


@dataclass(frozen=True)
class Disaster:
    """What is known of a town whose server was killed."""

    town: Town
    bad_load: UUID
    before_load: tuple[TableSum, ...]
    moment: datetime
    at_moment: tuple[TableSum, ...]
    acknowledged_after: int


def sums(database: Database) -> tuple[TableSum, ...]:
    with database.begin() as connection:
        found = table_sums(connection)
    return tuple(each for each in found if each.table not in NOT_COMPARED)


def run(settings: Settings, *arguments: str, home: Path | None = None) -> Result:
    environment = {
        "GIS_HOME": str(home or settings.home), "GIS_RECOVERY_DIR": str(settings.recovery_dir),
        "GIS_BACKUP_DIR": None,
    }
    return CliRunner().invoke(cli, list(arguments), env=environment)


@pytest.fixture(scope="module")
def disaster() -> Iterator[Disaster]:
    """Loads and edits go on; a bad load comes; more edits; then the server is killed."""
    with open_directory() as place:
        (place / "log").mkdir()
        settings = Settings(  # type: ignore[call-arg]
            _env_file=None, home=place / "home", recovery_dir=place / "log", maps=ROOT / "maps"
        )
        with running_cluster(settings) as cluster:
            assert cluster is not None
            yield struck(settings, cluster, place)


def struck(settings: Settings, cluster: PrivateCluster, place: Path) -> Disaster:
    """The story of the fixture."""
    database, _ = prepared_database(settings, cluster)
    for name in ("networks", "organisations"):
        loaded = run(settings, "load", str(SAMPLE / f"{name}.csv"), "--collection", name)
        assert loaded.exit_code == 0, loaded.output
    town = Town(settings, cluster, database, threading.Lock())
    with log_kept(settings, cluster):
        until(lambda: (log := own_log(settings)) is not None and log.bases())
        with writing(town):
            with town.turn:
                before, bad, so_far = sums(database), bad_load(town, place), town.acknowledged
            written(town, 20)
            with town.turn:
                moment, at_moment = datetime.now(UTC), sums(database)
            written(town, 20)
            postmaster = find_postmaster(cluster.data)
            assert postmaster is not None
            os.kill(postmaster.pid, signal.SIGKILL)
            until(lambda: not cluster.running())
        time.sleep(0.3)  # what was sent arrives
    return Disaster(town, bad, before, moment, at_moment, town.acknowledged - so_far)


def bad_load(town: Town, place: Path) -> UUID:
    """Every organisation loses its name."""
    lines = (SAMPLE / "organisations.csv").read_text().splitlines()
    names = lines[0].split(",").index("name")
    rows = [line.split(",") for line in lines[1:] if '"' not in line]
    for row in rows:
        row[names] = "#REF!"
    bad = place / "organisations.csv"
    bad.write_text("\n".join([lines[0], *(",".join(row) for row in rows)]) + "\n")
    loaded = run(town.settings, "load", str(bad), "--collection", "organisations")
    assert loaded.exit_code == 0, loaded.output
    with town.database.begin() as connection:
        assert connection.scalar(text("SELECT count(*) FROM gis.organisations "
                                      "WHERE name = '#REF!'")) == len(rows)
        return UUID(str(connection.scalar(
            text("SELECT id FROM internal.loads ORDER BY loaded_at DESC LIMIT 1"))))


@contextmanager
def writing(town: Town) -> Iterator[None]:
    """An edit and a photo in each transaction, until the server is gone."""
    stop = threading.Event()

    def write() -> None:
        while not stop.is_set():
            with town.turn, suppress(DBAPIError):
                with town.database.begin() as connection:
                    connection.execute(
                        text("INSERT INTO internal.attachments (id, collection, item_id, sha256, "
                             "media_type, bytes, sent_sha256, content) VALUES (:id, 'offices', "
                             ":id, '', 'image/jpeg', 1, :turn, :photo)"),
                        {"id": uuid4(), "turn": str(town.acknowledged + 1), "photo": b"photo"},
                    )
                    connection.execute(text("UPDATE gis.networks SET name = name || '.'"))
                town.acknowledged += 1
            time.sleep(0.002)

    thread = threading.Thread(target=write)
    thread.start()
    try:
        written(town, 5)
        yield
    finally:
        stop.set()
        thread.join()


def written(town: Town, more: int) -> None:
    wanted = town.acknowledged + more
    until(lambda: town.acknowledged >= wanted)


def until(what) -> None:  # type: ignore[no-untyped-def]
    deadline = time.monotonic() + 60
    while not what():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.02)


@contextmanager
def served(settings: Settings, home: Path) -> Iterator[Database]:
    """The database of a home that was put back."""
    there = settings.model_copy(update={"home": home})
    cluster = PrivateCluster(home)
    cluster.start()
    try:
        yield prepared_database(there, cluster)[0]
    finally:
        cluster.stop()


def test_back_to_just_before_a_bad_load(disaster: Disaster) -> None:
    town = disaster.town
    home = town.settings.home.parent / "before"
    began = time.monotonic()
    done = run(town.settings, "restore", "--before-load", str(disaster.bad_load), home=home)
    took = time.monotonic() - began
    assert done.exit_code == 0, done.output
    assert "a load counts as one. 1 load of them:" in done.output
    assert str(disaster.bad_load) in done.output
    with served(town.settings, home) as database:
        assert sums(database) == disaster.before_load
    told = re.search(r"Not in it: (\d+) later change", done.output)
    assert told is not None
    lost = disaster.acknowledged_after + 1 - int(told[1])  # the load is one of them
    print(f"\nRPO {lost} of {disaster.acknowledged_after} acknowledged, RTO {took:.1f} s")
    assert lost <= 20, "more than the last moment was not on its way yet"
    again = run(town.settings, "restore", "--before-load", str(disaster.bad_load), home=home)
    assert again.exit_code == 1
    assert "nothing is replaced" in again.output
    to_another_server(disaster, home)


def to_another_server(disaster: Disaster, home: Path) -> None:
    """
    What was put back moves to a new server, with the settings of the place.

    Of the same version, since no other is to be had here: the way is the same.
    """
    settings, data = disaster.town.settings, home / "pg" / "data"
    assert "the newest here" in run(settings, "upgrade", "postgresql", home=home).output
    (data / "postgresql.local.conf").write_text("work_mem = '7MB'\n")
    programs = str(find_binaries().bin_dir)
    with running_cluster(settings.model_copy(update={"home": home})):
        refused = run(settings, "upgrade", "postgresql", "--to", programs, home=home)
    assert "Another command works" in refused.output
    former = (data / "global" / "pg_control").read_bytes()[:8]
    moved = run(settings, "upgrade", "postgresql", "--to", programs, home=home)
    assert moved.exit_code == 0, moved.output
    assert (data / "global" / "pg_control").read_bytes()[:8] != former, "another server's identity"
    with served(settings, home) as database:
        assert sums(database) == disaster.before_load
        with database.begin() as connection:
            assert connection.scalar(text("SHOW work_mem")) == "7MB"
    [kept] = data.parent.glob("data-*")
    assert str(kept) in moved.output
    data.rename(data.with_name("newer"))
    interrupted = run(settings, "loads", "list", home=home)
    assert interrupted.exit_code == 1
    assert f"mv {kept} {data}" in interrupted.output
    kept.rename(data)


@pytest.mark.slow
def test_a_moment_after_the_last_change(disaster: Disaster) -> None:
    """The log never passes it: then all of the log is in."""
    town, late = disaster.town, datetime.now(UTC)
    there = town.settings.model_copy(update={"home": town.settings.home.parent / "late"})
    folder = town.settings.recovery_dir
    assert folder is not None
    with recovered_place(there, way_to(folder, late), Target(moment=late), False) as database:
        with database.begin() as connection:
            newest = connection.scalar(
                text("SELECT max(sent_sha256::int) FROM internal.attachments"))
        assert town.acknowledged - 20 <= newest <= town.acknowledged + 1


def test_any_moment_and_no_other(disaster: Disaster) -> None:
    town = disaster.town
    there = town.settings.model_copy(update={"home": town.settings.home.parent / "moments"})
    folder = town.settings.recovery_dir
    assert folder is not None
    way = way_to(folder, disaster.moment)
    with recovered_place(there, way, Target(moment=disaster.moment), False) as database:
        assert sums(database) == disaster.at_moment
    assert not PrivateCluster(there.home).made()
    for moment, words in (
        (datetime.now(UTC) + timedelta(hours=1), "yet to come"),
        (way.base.made_at - timedelta(seconds=1), "One can go back to"),
    ):
        refused = run(there, "restore", "--to-time", moment.isoformat())
        assert refused.exit_code == 1
        assert words in refused.output
    missing = run(there, "restore", "--to-time", "yesterday")
    assert missing.exit_code == 2
    copy = way.log.path / way.base.name / "base.tar.gz"
    whole = copy.read_bytes()
    with gzip.open(copy) as packed:
        plain = bytearray(packed.read())
    plain[plain.index(b"# PostgreSQL configuration file")] ^= 1
    try:
        copy.write_bytes(gzip.compress(bytes(plain), 1))
        with open_directory() as data, pytest.raises(BackupFailed, match="damaged"):
            lay_out_way(way, data, Target(), None)
        copy.write_bytes(whole[: len(whole) // 2])
        with open_directory() as data, pytest.raises(DamagedBackup, match="unpacked"):
            lay_out_way(way, data, Target(), None)
    finally:
        copy.write_bytes(whole)


def test_segments_are_compressed_whole_and_gaps_are_seen(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(segment_files, "SEGMENT_BYTES", 4096)
    (tmp_path / "000000010000000000000003.partial").write_bytes(b"c" * 4096)
    for name in ("000000010000000000000001", "000000010000000000000002", "00000001.history"):
        (tmp_path / name).write_bytes(b"a" * 4096)
    first = segments(tmp_path)[0]
    compress(first)
    assert not first.path.exists()
    assert [(each.number, each.whole) for each in segments(tmp_path)] == [
        (1, True), (2, True), (3, False)
    ]
    assert first_gap(segments(tmp_path), 1) is None
    assert first_gap(segments(tmp_path)[::2], 1) == 2
    assert first_gap(segments(tmp_path), 0) == 0
    out = tmp_path / "out"
    out.mkdir()
    packed = segments(tmp_path)[0]
    lay_out(packed, out)
    assert (out / first.path.name).read_bytes() == b"a" * 4096
    content = packed.path.read_bytes()
    packed.path.write_bytes(content[:-9])
    with pytest.raises(DamagedBackup, match="damaged"):
        lay_out(packed, out)
    packed.path.write_bytes(gzip.compress(b"short"))
    with pytest.raises(DamagedBackup, match="cut short"):
        lay_out(packed, out)


LINE = Line("7434000000000000001", 1)
NOW = datetime(2026, 3, 20, 12, tzinfo=UTC)


@pytest.fixture
def kept(settings: Settings, tmp_path: Path) -> tuple[Settings, Log]:
    """A log with a base copy of each of four weeks and a segment for each day."""
    here = settings.model_copy(update={"home": tmp_path, "recovery_dir": tmp_path / "log"})
    (tmp_path / "log").mkdir()
    log = new_log(here, LINE, NOW - timedelta(days=28))
    for day in range(28):
        (log.wal / f"0000000100000000{day:08X}").write_bytes(b"x")
    for week in range(4):
        at = NOW - timedelta(days=28 - 7 * week)
        copy = log.path / f"base-{at:%Y%m%dT%H%M%SZ}"
        copy.mkdir()
        (copy / "base.json").write_text(json.dumps({
            "name": copy.name, "made_at": at.isoformat(), "start": 7 * week,
            "postgresql": "15.1", "database_bytes": 1, "size": 1,
        }))
    return here, log


def test_what_no_moment_needs_is_removed(kept: tuple[Settings, Log]) -> None:
    settings, log = kept
    former = log.path.with_name("20250101T000000Z-abcdef")
    (former / "wal").mkdir(parents=True)
    os.utime(former, (0, 0))
    assert base_is_due(log, NOW)
    assert not base_is_due(log, NOW - timedelta(days=1))
    remove_surplus(settings.model_copy(update={"recovery_days": 10}), NOW)
    assert [each.start for each in log.bases()] == [14, 21]
    assert [each.number for each in log.segments()] == list(range(14, 28))
    assert not former.exists()
    remove_surplus(settings, NOW + timedelta(days=1000))
    assert [each.start for each in log.bases()] == [21], "our own log keeps its last"
    log.segments()[3].path.unlink()
    assert log.gap() == 24
    assert base_is_due(log, NOW - timedelta(days=3))


def test_another_server_has_another_log(kept: tuple[Settings, Log]) -> None:
    settings, log = kept
    assert continued_log(settings, LINE) == log
    assert continued_log(settings, replace(LINE, timeline=2)) is None
    assert continued_log(settings, replace(LINE, system="1")) is None
    elsewhere = settings.model_copy(update={"recovery_dir": settings.home / "none"})
    assert continued_log(elsewhere, LINE) is None
    with pytest.raises(BackupFailed, match="If it is new: mkdir -p"):
        new_log(elsewhere, LINE, NOW)
    log.path.rename(log.path.with_name("unmounted"))
    with pytest.raises(BackupFailed, match="Is its disk mounted"):
        new_log(settings, LINE, NOW)
    (settings.home / "recovery.json").unlink()
    assert new_log(settings, LINE, NOW).wal.is_dir()
    with pytest.raises(BackupFailed, match="no base copy"):
        way_to(settings.home, None)
