"""The doctor on real databases and files: every check, in order and failing."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from pydantic import SecretStr
from sqlalchemy import text

from gis_service.cli import cli
from gis_service.cli import doctor as command
from gis_service.installation import OWNER
from gis_service.model.audience import Audience
from gis_service.model.backups import Manifest
from gis_service.model.fields import LANGUAGES
from gis_service.model.findings import Finding, State
from gis_service.services.backups import proofs
from gis_service.services.backups.shelf import new_name, one_run
from gis_service.services.doctor import backups, machine, recovery, slow_log
from gis_service.services.doctor import database as doctor
from gis_service.services.doctor.network_quality import MOST_ITEMS, network_quality
from gis_service.services.doctor.upkeep import upkeep
from gis_service.services.doctor.wording import found, phrases, to_do
from gis_service.services.keys import create_key
from gis_service.services.ofds_export import NetworkExports
from gis_service.services.recovery.shelf import new_log
from gis_service.services.recovery.state import forget_fault, remember_fault
from gis_service.settings import Settings
from gis_service.store import dumps
from gis_service.store.checkup import server_facts
from gis_service.store.cluster.wal import Line
from gis_service.store.database import Database
from gis_service.store.reading import Reader
from gis_service.store.roles import Login
from tests.conftest import Databases, client_of
from tests.test_tls import pair

MANIFEST = Manifest(
    id="1", made_at="2026-03-01T12:00:00+00:00", service="1", postgresql="15.1", postgis="3.3",
    revision="0001", database_bytes=1, tables=(), objects={}, settings={}, parts=(),
)
NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.fixture(scope="module")
def examined(databases: Databases) -> Iterator[Database]:
    """A migrated database that nobody works with."""
    database = databases.fresh("gis_migrated")
    databases.with_logins(database)
    yield database
    databases.drop(database)


def words(findings: Iterable[Finding]) -> dict[str, State]:
    """Keys of the sentences with their states; each has words in both languages."""
    kept = list(findings)
    for each in kept:
        for language in LANGUAGES:
            told = found(each, language) + (to_do(each, language) or "")
            assert "{" not in told, told
            assert told
    return {each.words: each.state for each in kept}


def run(sql: str, database: Database) -> None:
    with database.begin() as connection:
        connection.execute(text(sql))


def test_every_sentence_is_used_and_has_advice() -> None:
    source = "".join(
        path.read_text()
        for path in (*Path(doctor.__file__).parent.glob("*.py"), Path(command.__file__))
    )
    checks = ("loads", "jobs", "queue", "conflicts")
    for key in phrases():
        plain = key.removesuffix("_do")
        assert plain in {*(f"{c}_ok" for c in checks), *State} or f'"{plain}"' in source, key


def test_a_database_in_order(examined: Database, settings: Settings, tmp_path: Path) -> None:
    create_key(examined, role=Audience.ADMIN, name="An officer")
    # The tests' cluster has a log of other tests' slow statements.
    settings = settings.model_copy(update={"home": tmp_path})
    states = words(doctor.in_database(examined, settings))
    # The tests' cluster is fast, not safe.
    assert {k: s for k, s in states.items() if s is not State.OK} == {"unsafe": State.BAD}
    assert len(states) == 16


def test_the_slow_log_of_the_private_server(settings: Settings, tmp_path: Path) -> None:
    """Lines as PostgreSQL 15 wrote them by our settings."""
    def entry(at: datetime, login: str, ms: float, statement: str) -> str:
        return (f"{at:%Y-%m-%d %H:%M:%S}.345 UTC [10999] {login}@gis gis-service public 00000 LOG:"
                f"  duration: {ms:.3f} ms  {statement}\n")

    def told(now: datetime = NOW) -> dict[str, State]:
        return words(slow_log.slow_log(here, now))

    here = settings.model_copy(update={"home": tmp_path, "database_url": None})
    logs = tmp_path / "logs" / "postgresql"
    assert told() == {}, "no private server was made"
    logs.mkdir(parents=True)
    hour = NOW - timedelta(hours=1)
    log = logs / "postgresql-Sun.log"
    log.write_text(
        f"{hour:%Y-%m-%d %H:%M:%S}.001 UTC [4411] LOG:  checkpoint starting: time\n"
        + entry(hour, "gis_owner", 90_000, "statement: CREATE INDEX links ON gis.fibre_links (id)")
        + entry(hour, "gis_loader", 90_000, "execute <unnamed>: INSERT INTO gis.offices")
        + entry(NOW - timedelta(hours=30), "gis_public", 90_000, "execute s_1: SELECT 1")
    )
    assert told() == {"slow_log_none": State.OK}
    with log.open("a") as file:
        file.write(entry(hour, "gis_public", 1500, "execute <unnamed>: SELECT a\n\tFROM b"))
        file.write(entry(hour, "gis_scope_1_planner", 9999.9, "statement: SELECT  c FROM d"))
    assert told() == {"slow_log_few": State.OK}
    assert told(NOW + timedelta(days=1)) == {"slow_log_none": State.OK}
    with log.open("a") as file:
        file.write(entry(hour, "gis_planner", 12_345, "statement: SELECT e"))
    (finding,) = slow_log.slow_log(here, NOW)
    assert finding.state is State.WARNING
    assert "3 questions" in found(finding, "en")
    assert "12.3 s (gis_planner, 2026-03-01 14:00): SELECT e" in found(finding, "en")
    log.write_text(entry(hour, "gis_public", 1500, "statement: SELECT f") * slow_log.MANY)
    assert told() == {"slow_log_many": State.WARNING}
    assert list(slow_log.slow_log(
        here.model_copy(update={"database_url": SecretStr("postgresql://db/gis")}), NOW)) == []


def test_the_quality_of_the_networks(
    databases: Databases, sample_database: Database, settings: Settings
) -> None:
    async def told(items: int) -> Finding | None:
        planner = databases.with_logins(sample_database).logins[Login.PLANNER]
        async with Reader.open(
            {Login.PLANNER: planner}, pool_size=1, statement_timeout_s=30
        ) as reader:
            return await network_quality(NetworkExports(reader, settings), settings, items)

    def finding(items: int = 1) -> Finding:
        found = asyncio.run(told(items))
        assert found is not None
        assert words([found])
        return found

    before = finding()
    assert (before.words, before.values["errors"]) == ("quality_ok", 0)
    assert finding(MOST_ITEMS + 1).words == "quality_large"
    run("UPDATE gis.organisations SET website = 'no address'", sample_database)
    after = finding()
    assert (after.words, after.state) == ("quality_errors", State.WARNING)
    assert int(after.values["errors"]) > 0


def test_work_that_went_wrong(examined: Database, settings: Settings) -> None:
    run("DELETE FROM internal.api_keys", examined)
    assert words(doctor.in_database(examined, settings))["no_admin"] is State.WARNING
    soon = datetime.now(UTC) + timedelta(days=5)
    create_key(examined, role=Audience.ADMIN, name="An officer", expires_at=soon)
    run("INSERT INTO internal.jobs (kind, payload, state, finished_at) VALUES "
        "('load', '{}', 'failed', now()), ('export', '{}', 'failed', now())", examined)
    run("INSERT INTO internal.jobs (kind, payload, created_at) VALUES "
        "('load', '{}', now() - interval '2 hours')", examined)
    run("WITH o AS (INSERT INTO internal.operations (device, content, role, content_sha256) "
        "VALUES ('a', '{}', 'technician', '') RETURNING id) INSERT INTO internal.conflicts "
        "(operation_id, collection, item_id, fields, created_at) "
        "SELECT id, 'offices', id, '{}', now() - interval '8 days' FROM o", examined)
    states = words(doctor.in_database(examined, settings))
    assert {key: states.get(key) for key in (
        "loads_failed", "jobs_failed", "jobs_stuck", "conflicts_old", "keys_end"
    )} == {
        "loads_failed": State.WARNING, "jobs_failed": State.WARNING, "jobs_stuck": State.BAD,
        "conflicts_old": State.WARNING, "keys_end": State.WARNING,
    }


def test_a_server_that_is_not_well(
    examined: Database, settings: Settings, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for _ in range(3):
        run("UPDATE gis.collection_versions SET version = version + 1", examined)
    monkeypatch.setattr(doctor, "SLOW_S", 0.0)
    monkeypatch.setattr(doctor, "LEAST_DEAD", 5)
    monkeypatch.setattr(doctor, "SESSIONS_SHARE", 0.0)
    monkeypatch.setattr(doctor, "CLOCK_OFF_S", -1.0)
    monkeypatch.setattr(doctor, "SUPPORT_ENDS", dict.fromkeys(range(99), date(2020, 1, 1)))
    monkeypatch.setattr(dumps, "SEARCHED", ())
    monkeypatch.setenv("PATH", str(tmp_path))
    with examined.engine.connect() as idle:
        idle.execute(text("SELECT 1"))
        states = words(doctor.in_database(examined, settings))
    assert {key: state for key, state in states.items() if state is not State.OK and key not in {
        "loads_failed", "jobs_failed", "jobs_stuck", "conflicts_old", "keys_end", "no_admin",
    }} == {
        "unsafe": State.BAD, "slow": State.WARNING, "bloated": State.WARNING,
        "sessions_many": State.WARNING, "version_unsupported": State.WARNING,
        "programs_missing": State.BAD, "clock_differs": State.WARNING,
    }
    with examined.begin() as connection:
        facts = server_facts(connection, slow_s=60, least_dead=10**9)
    safe = replace(facts, unsafe=())
    assert words(doctor._health(safe))["durable"] is State.OK
    told = words(doctor._health(replace(safe, damaged=2, oldest_transactions=2 * 10**9)))
    assert told["damaged"] is told["transactions_old"] is State.BAD
    assert words(doctor._versions(replace(facts, version="12.4")))["version_too_old"] is State.BAD


def test_a_database_that_lacks_something(databases: Databases, settings: Settings) -> None:
    databases.cluster.ensure_database("gis_empty", owner=OWNER)
    database = databases.fresh("gis_empty")
    with databases.superuser(database) as connection:
        connection.execute(text("DROP EXTENSION pg_trgm; CREATE EXTENSION pg_trgm VERSION '1.5'"))
    states = words(doctor.in_database(database, settings))
    assert states["extensions_outdated"] is State.WARNING
    assert states["schema_other"] is State.BAD
    with databases.superuser(database) as connection:
        connection.execute(text("DROP EXTENSION pg_trgm"))
    assert words(doctor.in_database(database, settings))["extensions_missing"] is State.BAD
    databases.drop(database)
    assert words(doctor.in_database(database, settings)) == {"database_silent": State.BAD}


def test_disks_settings_certificates_and_passwords(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = settings.model_copy(update={"home": tmp_path})
    assert words(machine.settings_fit(here)) == {"settings_ok": State.OK}
    wide = here.model_copy(update={"host": "0.0.0.0"})
    assert words(machine.settings_fit(wide)) == {"plain_http": State.WARNING}
    mapless = here.model_copy(update={"maps": tmp_path / "none"})
    assert words(machine.settings_fit(mapless)) == {"no_maps": State.BAD}

    monkeypatch.setattr(machine, "SCARCE_SHARE", 0.0)
    monkeypatch.setattr(machine, "SCARCE_MB", 0)
    monkeypatch.setattr(machine, "LEAST_FREE_MB", 0)
    assert words(machine.disk(here)) == {"disk_ok": State.OK}
    monkeypatch.setattr(machine, "SCARCE_MB", 10**9)
    assert words(machine.disk(here)) == {"disk_scarce": State.WARNING}
    monkeypatch.setattr(machine, "LEAST_FREE_MB", 10**9)
    assert words(machine.disk(here)) == {"disk_full": State.BAD}

    assert list(machine.secrets(here)) == []
    (tmp_path / "secrets.json").write_text("{}")
    (tmp_path / "secrets.json").chmod(0o640)
    assert words(machine.secrets(here)) == {"secrets_open": State.BAD}
    (tmp_path / "secrets.json").chmod(0o600)
    assert words(machine.secrets(here)) == {"secrets_ok": State.OK}

    assert list(machine.certificates(here)) == []
    for days, key, state in (
        (200, "certificate_ok", State.OK), (9, "certificate_ends", State.WARNING),
        (-1, "certificate_over", State.BAD),
    ):
        certificate, _ = pair(tmp_path, days=days)
        given = here.model_copy(update={"tls_cert": certificate})
        assert words(machine.certificates(given)) == {key: state}
        certificate.write_text("no certificate")
        assert words(machine.certificates(given)) == {"certificate_unread": State.BAD}


def test_backups_from_none_to_old_ones(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def told(at: datetime = NOW, **changes: object) -> dict[str, State]:
        return words(backups.backups(settings.model_copy(update=changes), at))

    folder = tmp_path / "backups"
    assert told() == {"backups_not_set": State.WARNING}
    assert told(backup_dir=folder) == {"backups_gone": State.BAD}
    folder.mkdir()
    kept = {"backup_dir": folder, "backup_copy_to": "county:gis"}
    elsewhere = {"backups_elsewhere": State.OK}
    assert told(**kept) == {"backups_none": State.BAD, **elsewhere}
    path = folder / new_name(NOW)
    path.write_bytes(b"a backup")
    assert told(**kept) == {"backups_ok": State.OK, "backups_unproven": State.WARNING, **elsewhere}
    proofs.write_proof(path, MANIFEST, sha256="", seconds=1)
    assert told(**kept) == {"backups_ok": State.OK, "proof_ok": State.OK, **elsewhere}
    late = NOW + timedelta(hours=40)
    assert told(late, **kept)["backups_old"] is State.WARNING
    very_late = NOW + timedelta(hours=80)
    assert told(very_late, **kept)["backups_old"] is State.BAD
    assert told(very_late, **kept)["proof_old"] is State.WARNING
    with pytest.raises(ZeroDivisionError), one_run(folder):
        raise ZeroDivisionError
    assert told(**kept)["backup_run_failed"] is State.BAD

    for beside in (None, str(tmp_path), str(tmp_path / "none")):
        same = told(backup_dir=folder, home=tmp_path, backup_copy_to=beside)
        assert same["backups_same_disk"] is State.WARNING
    loop = tmp_path / "loop"
    loop.symlink_to(loop)
    assert words(upkeep(settings.model_copy(update={"backup_dir": loop / "x"})))
    monkeypatch.setattr(backups, "same_disk", lambda one, other: False)
    assert told(backup_dir=folder)["backups_elsewhere"] is State.OK


def test_going_back_to_a_moment(
    examined: Database, settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def told(at: datetime = NOW, **changes: object) -> dict[str, State]:
        here = settings.model_copy(update={"home": tmp_path, "recovery_dir": folder} | changes)
        return words(recovery.recovery(here, at))

    folder = tmp_path / "log"
    assert told(recovery_dir=None) == {"recovery_not_set": State.OK}
    assert told(database_url=SecretStr("postgresql://db/gis")) == {}
    assert told() == {"recovery_gone": State.BAD}
    folder.mkdir()
    assert told() == {"recovery_not_begun": State.WARNING}
    here = settings.model_copy(update={"home": tmp_path, "recovery_dir": folder})
    log = new_log(here, Line("1", 1), NOW)
    assert told() == {"recovery_no_base": State.WARNING}
    copy = log.path / f"base-{NOW:%Y%m%dT%H%M%SZ}"
    copy.mkdir()
    (copy / "base.json").write_text(json.dumps({
        "name": copy.name, "made_at": NOW.isoformat(), "start": 1, "postgresql": "15.1",
        "database_bytes": 1, "size": 1,
    }))
    (log.wal / "000000010000000000000001").write_bytes(b"")
    assert told() == {"recovery_ok": State.OK}
    assert told(NOW + timedelta(days=15)) == {"recovery_base_old": State.WARNING}
    (log.wal / "000000010000000000000003.partial").write_bytes(b"")
    assert told() == {"recovery_gap": State.BAD}
    with pytest.raises(ZeroDivisionError), one_run(folder):
        raise ZeroDivisionError
    assert told() == {"recovery_base_failed": State.BAD}
    (tmp_path / "run").mkdir()
    remember_fault(here, "no disk")
    assert told() == {"recovery_failing": State.BAD}
    forget_fault(here)
    assert told() == {"recovery_base_failed": State.BAD}

    with examined.begin() as connection:
        facts = server_facts(connection, slow_s=60, least_dead=10**9)

    def server(settings: Settings, **changes: object) -> dict[str, State]:
        return words(recovery.in_server(replace(facts, **changes), settings))

    assert server(settings, log_lost=True) == {}
    assert server(here) == {}
    assert server(here, log_lost=True) == {"recovery_lost": State.BAD}
    assert server(here, log_waiting=2**30) == {"recovery_behind": State.WARNING}
    elsewhere = settings.model_copy(update={"database_url": SecretStr("postgresql://db/gis")})
    assert server(elsewhere) == {"archive_off": State.OK}
    assert server(elsewhere, archives=True) == {"archive_ok": State.OK}
    failing = server(elsewhere, archives=True, archiving_fails=True)
    assert failing == {"archive_failing": State.BAD}


def test_the_command_and_its_status(
    examined: Database, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GIS_HOME", str(home))
    address = examined.url.render_as_string(hide_password=False)
    monkeypatch.setenv("GIS_DATABASE_URL", address)

    def ask(*arguments: str) -> Result:
        return CliRunner().invoke(cli, ["doctor", *arguments])

    told = json.loads(ask("--json").output)
    checks = {each["check"]: each for each in told["checks"]}
    assert checks["database"]["state"] == "ok"
    assert checks["service"]["to_do"] == "Start it: ./gis up --detach"
    swahili = ask("--lang", "sw").output
    assert "Huduma haifanyi kazi hapa." in swahili
    monkeypatch.setenv("GIS_DATABASE_URL", "postgresql://nobody@127.0.0.1:9/none")
    silent = ask()
    assert silent.exit_code == 2
    assert "The database does not answer." in silent.output
    assert "Traceback" not in silent.output
    monkeypatch.delenv("GIS_DATABASE_URL")
    monkeypatch.setenv("GIS_HOME", str(tmp_path / "nowhere"))
    assert "There is no database" in ask().output
    assert os.listdir(tmp_path) == []
    monkeypatch.setenv("GIS_PORT", "no number")
    wrong = ask()
    assert wrong.exit_code == 2
    assert "GIS_PORT" in wrong.output


def test_readiness_says_in_one_word_that_the_officer_has_work(
    databases: Databases, examined: Database, settings: Settings, tmp_path: Path
) -> None:
    addresses = databases.with_logins(examined)
    bad = settings.model_copy(update={"backup_dir": tmp_path / "gone"})
    with client_of(addresses, bad) as client:
        answer = client.get("/health/ready")
    assert answer.status_code == 200
    upkeep = next(each for each in answer.json()["checks"] if each["name"] == "upkeep")
    assert upkeep["ok"] is False
    assert str(tmp_path) not in answer.text


def test_a_clock_that_went_back(examined: Database, settings: Settings) -> None:
    run("INSERT INTO history.transactions VALUES (1, now(), now() + interval '1 day')", examined)
    assert words(doctor.in_database(examined, settings))["clock_behind"] is State.BAD
