"""
The private cluster, on a real PostgreSQL: what it is, and what it survives.

Processes killed here are only those of the clusters that these tests start.
"""

from __future__ import annotations

import json
import multiprocessing
import os
import pwd
import re
import shutil
import signal
import socket
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psycopg2
import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.pool import NullPool

from gis_service.errors import ClusterError
from gis_service.store.cluster import PrivateCluster, find_binaries
from gis_service.store.cluster import socket as cluster_socket
from gis_service.store.cluster.errors import (
    ClusterBusy,
    DiskFull,
    ForeignData,
    InvalidName,
    NotDurable,
    SecretsUnreadable,
    ServerFailed,
    ServerNotFound,
    UnreachableHome,
    WrongServerVersion,
)
from gis_service.store.cluster.process import find_postmaster
from gis_service.store.cluster.settings import machine_memory, memory_settings

PROJECT = Path(__file__).resolve().parents[1]

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root changes users and mounts")
needs_proc = pytest.mark.skipif(not Path("/proc/stat").exists(), reason="needs Linux's /proc")


@pytest.fixture(scope="module", autouse=True)
def _server() -> None:
    try:
        find_binaries()
    except ServerNotFound as error:
        if os.environ.get("CI") == "true":
            pytest.fail(str(error))
        pytest.skip(str(error))


@contextmanager
def open_directory() -> Iterator[Path]:
    """A short directory that every user may enter, unlike pytest's own."""
    directory = Path(tempfile.mkdtemp(prefix="gis-"))
    directory.chmod(0o755)
    try:
        yield directory
    finally:
        for data in directory.glob("**/pg/data"):
            with suppress(ClusterError):
                PrivateCluster(data.parents[1]).stop()
        shutil.rmtree(directory, ignore_errors=True)


@pytest.fixture
def place() -> Iterator[Path]:
    with open_directory() as directory:
        yield directory


@pytest.fixture(scope="module")
def template() -> Iterator[PrivateCluster]:
    """One cluster that is made once, with a login and a database."""
    with open_directory() as directory:
        cluster = PrivateCluster(directory / "home")
        assert cluster.start() is True
        cluster.ensure_login("town_owner", createdb=True)
        cluster.ensure_database("town", owner="town_owner")
        yield cluster


@pytest.fixture
def cluster(template: PrivateCluster) -> PrivateCluster:
    """The module's cluster, running."""
    template.start()
    return template


def ask(cluster: PrivateCluster, statement: str, *, role: str = "town_owner") -> list[tuple]:
    database = "postgres" if role == "postgres" else "town"
    engine = create_engine(cluster.url(database, role), poolclass=NullPool)
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as session:
        result = session.execute(text(statement))
        return [tuple(row) for row in result] if result.returns_rows else []


def postmaster(cluster: PrivateCluster) -> int:
    found = find_postmaster(cluster.home / "pg" / "data")
    assert found is not None
    return found.pid


def wait_until(what: Callable[[], object], *, within_s: float = 10) -> None:
    deadline = time.monotonic() + within_s
    while not what():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.01)


def in_another_process(home: Path, act: str) -> subprocess.Popen[bytes]:
    code = (
        "import sys, time\nfrom pathlib import Path\n"
        "from gis_service.store.cluster import PrivateCluster\n"
        f"cluster = PrivateCluster(Path(sys.argv[1]))\n{act}\n"
    )
    return subprocess.Popen(
        [sys.executable, "-c", code, str(home)], cwd=PROJECT, stdout=subprocess.PIPE
    )


class TestServer:
    def test_starting_a_running_server_changes_nothing(self, cluster):
        before = postmaster(cluster)
        assert cluster.start() is False
        assert cluster.running()
        assert postmaster(cluster) == before

    def test_acknowledged_writes_are_kept(self, cluster):
        for setting in ("fsync", "full_page_writes", "synchronous_commit", "data_checksums"):
            assert ask(cluster, f"SHOW {setting}") == [("on",)]

    def test_text_is_utf_8_and_sorts_without_a_language(self, cluster):
        [(encoding, collation)] = ask(
            cluster,
            "SELECT pg_encoding_to_char(encoding), datcollate FROM pg_database "
            "WHERE datname = 'town'",
        )
        assert encoding == "UTF8"
        assert collation in ("C.UTF-8", "C.utf8", "C", "en_US.UTF-8")

    def test_it_listens_on_a_unix_socket_only(self, cluster):
        assert ask(cluster, "SHOW listen_addresses") == [("",)]
        [(lines,)] = ask(
            cluster,
            "SELECT array_agg(concat_ws(' ', type, database[1], auth_method) ORDER BY line_number) "
            "FROM pg_hba_file_rules",
            role="postgres",
        )
        assert lines == ["local all scram-sha-256", "local replication scram-sha-256"]

    @needs_root
    def test_root_gives_way_to_an_unprivileged_user(self, cluster):
        owner = Path(f"/proc/{postmaster(cluster)}").stat().st_uid
        assert owner != 0
        status = Path(f"/proc/{postmaster(cluster)}/status").read_text()
        assert re.search(r"^Groups:[ \t]*$", status, re.MULTILINE)

    def test_files_are_private(self, cluster):
        def mode(path: str) -> int:
            return stat.S_IMODE((cluster.home / path).stat().st_mode)

        assert mode("secrets.json") == 0o600
        assert mode("pg/data") == mode("pg/socket") == mode("logs/postgresql") == 0o700
        assert mode("pg/lock") == mode("pg/server.lock") == 0o600

    @needs_proc
    def test_it_has_a_session_of_its_own(self, cluster):
        assert os.getsid(postmaster(cluster)) not in (os.getsid(0), 0)
        assert os.getpgid(postmaster(cluster)) != os.getpgid(0)

    def test_the_environment_is_not_passed_on(self, cluster, monkeypatch):
        monkeypatch.setenv("PGDATA", "/nowhere")
        monkeypatch.setenv("PGPORT", "1")
        monkeypatch.setenv("GIS_SECRET", "hush")
        cluster.stop()
        assert cluster.start() is True
        assert ask(cluster, "SELECT 1") == [(1,)]
        if os.geteuid() == 0 and Path("/proc/stat").exists():
            environ = Path(f"/proc/{postmaster(cluster)}/environ").read_bytes()
            assert b"hush" not in environ

    def test_stop_waits_until_it_is_gone(self, cluster):
        pid = postmaster(cluster)
        assert cluster.stop() is True
        assert not cluster.running()
        status = Path(f"/proc/{pid}/stat")
        assert not status.exists() or ") Z " in status.read_text()
        assert cluster.stop() is False

    def test_stop_cuts_sessions_that_do_not_end(self, cluster):
        url = cluster.url("town", "town_owner").set(drivername="postgresql")
        session = psycopg2.connect(url.render_as_string(hide_password=False))
        session.cursor().execute("SELECT 1")
        assert cluster.stop(timeout_s=5) is True
        with pytest.raises(psycopg2.OperationalError):
            session.cursor().execute("SELECT 1")

    def test_settings_are_written_anew_and_the_place_s_own_are_kept(self, cluster):
        data = cluster.home / "pg" / "data"
        own = data / "postgresql.local.conf"
        before = own.read_text()
        try:
            own.write_text("work_mem = '7MB'\n")
            (data / "gis.conf").write_text("nonsense")
            cluster.stop()
            cluster.start()
            assert ask(cluster, "SHOW work_mem") == [("7MB",)]
            assert ask(cluster, "SHOW jit") == [("off",)]
            assert own.read_text() == "work_mem = '7MB'\n"
        finally:
            own.write_text(before)
            cluster.stop()

    def test_the_log_is_in_the_home(self, cluster):
        with pytest.raises(Exception, match="no_such_table"):
            ask(cluster, "SELECT * FROM no_such_table")
        told = re.compile(r"town_owner@town \S* ?.*42P01 ERROR:.*no_such_table")
        folder = cluster.home / "logs/postgresql"
        deadline = time.monotonic() + 15
        # The server's log collector writes when it gets to it.
        while not any(told.search(log.read_text()) for log in folder.glob("postgresql-*.log")):
            assert time.monotonic() < deadline, "the error is not in the log"
            time.sleep(0.05)


class TestRoles:
    def test_a_login_is_no_superuser(self, cluster):
        cluster.ensure_login("town_reader")
        assert ask(
            cluster,
            "SELECT rolname, rolsuper, rolcreatedb, rolcreaterole, rolbypassrls FROM pg_roles "
            "WHERE rolname IN ('town_owner', 'town_reader') ORDER BY 1",
        ) == [
            ("town_owner", False, True, False, False),
            ("town_reader", False, False, False, False),
        ]

    def test_a_name_is_quoted(self, cluster):
        name = 'rôle "x"; DROP ROLE town_owner; --'
        cluster.ensure_login(name)
        cluster.ensure_database(name, owner=name)
        engine = create_engine(cluster.url(name, name), poolclass=NullPool)
        with engine.connect() as session:
            assert session.execute(text("SELECT current_user")).scalar() == name

    @pytest.mark.parametrize("name", ["", "postgres", "pg_monitor", "public", "x" * 64, "a\0b"])
    def test_a_name_that_postgresql_would_change_is_refused(self, cluster, name):
        with pytest.raises(InvalidName):
            cluster.ensure_login(name)
        with pytest.raises(InvalidName):
            cluster.ensure_database(name, owner="town_owner")

    def test_a_new_secret_becomes_the_password(self, cluster):
        cluster.ensure_login("town_reader")
        old = cluster.url("town", "town_reader")
        secrets = cluster.home / "secrets.json"
        known = json.loads(secrets.read_text())
        del known["town_reader"]
        secrets.write_text(json.dumps(known))
        cluster.ensure_login("town_reader")
        assert ask(cluster, "SELECT current_user", role="town_reader") == [("town_reader",)]
        with pytest.raises(Exception, match="password authentication failed"):
            create_engine(old, poolclass=NullPool).connect()

    def test_passwords_have_256_bits_and_stay(self, place):
        cluster = PrivateCluster(place)
        first = cluster.password("a")
        assert len(first) >= 43
        assert first != cluster.password("b")
        assert PrivateCluster(place).password("a") == first
        assert stat.S_IMODE((place / "secrets.json").stat().st_mode) == 0o600

    def test_processes_that_ask_at_once_agree_on_a_password(self, place):
        with multiprocessing.get_context("spawn").Pool(3) as pool:
            told = pool.starmap(_password, [(place, "a")] * 6)
        assert len(set(told)) == 1

    def test_a_broken_file_of_passwords_is_not_replaced(self, place):
        (place / "secrets.json").write_text('{"a": ')
        with pytest.raises(SecretsUnreadable, match=r"secrets\.json"):
            PrivateCluster(place).password("a")
        assert (place / "secrets.json").read_text() == '{"a": '

    def test_no_password_is_printed(self, cluster):
        secret = cluster.password("town_owner")
        shown = f"{cluster!r} {vars(cluster)!r} {cluster.url('town', 'town_owner')!r}"
        assert secret not in shown
        assert cluster.url("town", "town_owner").password == secret

    def test_no_password_reaches_the_log(self, cluster):
        ask(cluster, "ALTER SYSTEM SET log_statement = 'all'", role="postgres")
        ask(cluster, "SELECT pg_reload_conf()", role="postgres")
        try:
            time.sleep(0.2)
            cluster.ensure_login("town_writer")
        finally:
            ask(cluster, "ALTER SYSTEM RESET log_statement", role="postgres")
            ask(cluster, "SELECT pg_reload_conf()", role="postgres")
        logs = [log.read_text() for log in (cluster.home / "logs/postgresql").glob("*.log")]
        assert any('ALTER ROLE "town_writer"' in log for log in logs)
        assert not any(cluster.password("town_writer") in log for log in logs)

    def test_a_wrong_password_is_refused(self, cluster):
        wrong = cluster.url("town", "town_owner").set(password="wrong")
        with pytest.raises(Exception, match="password authentication failed"):
            create_engine(wrong, poolclass=NullPool).connect()


class TestDatabases:
    def test_a_database_has_its_extensions_and_owner(self, cluster):
        cluster.ensure_database("town", owner="town_owner")
        extensions = {name for (name,) in ask(cluster, "SELECT extname FROM pg_extension")}
        assert {"postgis", "pg_trgm", "unaccent"} <= extensions
        assert ask(
            cluster, "SELECT ST_AsText(ST_MakePoint(34.77, -0.68)), similarity('kisii', 'kisi') > 0"
        ) == [("POINT(34.77 -0.68)", True)]
        ask(cluster, "CREATE TABLE IF NOT EXISTS kept (id int PRIMARY KEY)")

    def test_the_owner_may_change(self, cluster):
        cluster.ensure_login("second_owner")
        cluster.ensure_login("third_owner")
        cluster.ensure_database("village", owner="second_owner")
        cluster.ensure_database("village", owner="third_owner")
        assert ask(
            cluster,
            "SELECT pg_get_userbyid(datdba)::text FROM pg_database WHERE datname = 'village'",
        ) == [("third_owner",)]

    def test_processes_that_ask_at_once_get_one_database(self, cluster):
        act = (
            "cluster.ensure_login('busy_owner')\n"
            "cluster.ensure_database('busy', owner='busy_owner')"
        )
        for process in [in_another_process(cluster.home, act) for _ in range(3)]:
            assert process.wait(30) == 0

    def test_without_a_server_the_error_says_so(self, place):
        with pytest.raises(ServerFailed):
            PrivateCluster(place / "home").ensure_login("somebody")


class TestDurability:
    @pytest.mark.parametrize("setting", ["fsync", "full_page_writes", "synchronous_commit"])
    def test_a_setting_that_loses_writes_is_refused(self, cluster, setting):
        cluster.stop()
        own = cluster.home / "pg/data/postgresql.local.conf"
        before = own.read_text()
        own.write_text(f"{setting} = off\n")
        try:
            with pytest.raises(NotDurable, match=rf"{setting} is off"):
                cluster.start()
            assert not cluster.running()
        finally:
            own.write_text(before)

    def test_a_role_that_loses_writes_is_refused(self, cluster):
        ask(cluster, "ALTER ROLE town_owner SET synchronous_commit = off")
        try:
            with pytest.raises(NotDurable, match="synchronous_commit is off"):
                cluster.start()
        finally:
            ask(cluster, "ALTER ROLE town_owner RESET synchronous_commit")
        assert cluster.start() is False


class TestFaults:
    def test_killed_backend(self, cluster):
        engine = create_engine(cluster.url("town", "town_owner"), poolclass=NullPool)
        ask(cluster, "CREATE TABLE IF NOT EXISTS kept (id int PRIMARY KEY)")
        ask(cluster, "INSERT INTO kept VALUES (96) ON CONFLICT DO NOTHING")
        with engine.connect() as session:
            pid = session.execute(text("SELECT pg_backend_pid()")).scalar_one()
            os.kill(pid, signal.SIGKILL)
            assert cluster.start(timeout_s=20) is False
            session.invalidate()
        assert ask(cluster, "SELECT id FROM kept WHERE id = 96") == [(96,)]

    def test_killed_postmaster(self, cluster):
        ask(cluster, "CREATE TABLE IF NOT EXISTS kept (id int PRIMARY KEY)")
        for key in range(3):
            ask(cluster, f"INSERT INTO kept VALUES ({key}) ON CONFLICT DO NOTHING")
            os.kill(postmaster(cluster), signal.SIGKILL)
            assert cluster.start(timeout_s=30) is True
        assert ask(cluster, "SELECT id FROM kept WHERE id < 3 ORDER BY id") == [(0,), (1,), (2,)]

    def test_killed_postmaster_with_a_busy_child(self, cluster):
        """The child goes on with its query, and a new server must wait for its end."""
        act = (
            "import psycopg2\n"
            "url = cluster.url('town', 'town_owner').set(drivername='postgresql')\n"
            "session = psycopg2.connect(url.render_as_string(hide_password=False))\n"
            "print('here', flush=True)\n"
            "session.cursor().execute('DO $$ BEGIN /* busy */ "
            "WHILE clock_timestamp() < now() + interval $i$4 s$i$ LOOP END LOOP; END $$')"
        )
        client = in_another_process(cluster.home, act)
        assert client.stdout
        client.stdout.readline()
        wait_until(
            lambda: ask(
                cluster,
                "SELECT 1 FROM pg_stat_activity WHERE state = 'active' "
                "AND query LIKE '%/* busy */%' AND pid <> pg_backend_pid()",
            )
        )
        os.kill(postmaster(cluster), signal.SIGKILL)
        with pytest.raises(ClusterBusy, match=r"processes \d+"):
            cluster.start(timeout_s=0.5)
        assert cluster.start(timeout_s=60) is True
        client.wait(30)

    @needs_proc
    def test_stale_pid_of_a_living_stranger(self, cluster):
        os.kill(postmaster(cluster), signal.SIGKILL)
        data = cluster.home / "pg/data"
        owner = data.stat().st_uid
        drop = {"user": owner, "group": data.stat().st_gid, "extra_groups": []}
        # The stranger looks as like a postmaster as can be, but for where it works.
        stranger = subprocess.Popen(
            ["postgres", "-c", "sleep 60; :"],
            executable="/bin/sh",
            **(drop if os.geteuid() == 0 else {}),
        )
        try:
            pid_file = data / "postmaster.pid"
            lines = pid_file.read_text().splitlines()
            pid_file.write_text("\n".join([str(stranger.pid), *lines[1:]]) + "\n")
            assert not cluster.running()
            assert cluster.stop() is False
            assert cluster.start(timeout_s=30) is True
            assert postmaster(cluster) != stranger.pid
            assert stranger.poll() is None
        finally:
            stranger.kill()
            stranger.wait()

    @needs_proc
    def test_stale_pid_of_a_zombie(self, cluster):
        os.kill(postmaster(cluster), signal.SIGKILL)
        zombie = subprocess.Popen(["/bin/true"])
        try:
            wait_until(lambda: ") Z " in Path(f"/proc/{zombie.pid}/stat").read_text())
            pid_file = cluster.home / "pg/data/postmaster.pid"
            lines = pid_file.read_text().splitlines()
            pid_file.write_text("\n".join([str(zombie.pid), *lines[1:]]) + "\n")
            assert cluster.start(timeout_s=30) is True
        finally:
            zombie.wait()

    def test_garbage_in_the_pid_file(self, cluster):
        cluster.stop()
        (cluster.home / "pg/data/postmaster.pid").write_text("")
        assert not cluster.running()
        with pytest.raises(ServerFailed, match=r"postmaster\.pid"):
            cluster.start()
        (cluster.home / "pg/data/postmaster.pid").unlink()

    def test_killed_service_leaves_a_server_that_the_next_one_takes_over(self, cluster):
        cluster.stop()
        service = in_another_process(
            cluster.home, "cluster.start(); print('up', flush=True); time.sleep(60)"
        )
        assert service.stdout
        assert service.stdout.readline() == b"up\n"
        service.kill()
        service.wait()
        assert cluster.running()
        assert cluster.start() is False
        assert ask(cluster, "SELECT 1") == [(1,)]

    @pytest.mark.parametrize("delay_s", [0.45, 0.55, 0.65])
    def test_service_killed_while_it_starts_the_server(self, cluster, delay_s):
        cluster.stop()
        service = in_another_process(cluster.home, "cluster.start(); time.sleep(60)")
        time.sleep(delay_s)
        service.kill()
        service.wait()
        cluster.start(timeout_s=30)
        assert ask(cluster, "SELECT 1") == [(1,)]

    def test_two_starts_at_once(self, cluster):
        cluster.stop()
        act = "print(cluster.start(), flush=True)"
        services = [in_another_process(cluster.home, act) for _ in range(2)]
        told = sorted(service.communicate(timeout=60)[0] for service in services)
        assert told == [b"False\n", b"True\n"]

    def test_start_during_a_shutdown_waits_for_its_end(self, cluster):
        os.kill(postmaster(cluster), signal.SIGINT)
        cluster.start(timeout_s=30)
        assert ask(cluster, "SELECT 1") == [(1,)]

    def test_ctrl_c_in_the_terminal_leaves_the_server_to_the_service(self, cluster):
        cluster.stop()
        service = subprocess.Popen(
            [
                sys.executable,
                "-c",
                "import sys, time; from pathlib import Path\n"
                "from gis_service.store.cluster import PrivateCluster\n"
                "PrivateCluster(Path(sys.argv[1])).start(); print('up', flush=True)\n"
                "time.sleep(60)",
                str(cluster.home),
            ],
            cwd=PROJECT,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        assert service.stdout
        service.stdout.readline()
        os.killpg(service.pid, signal.SIGINT)
        service.wait(10)
        assert ask(cluster, "SELECT 1") == [(1,)]

    def test_lost_secrets_are_mended_by_a_restart(self, cluster):
        secrets = cluster.home / "secrets.json"
        before = secrets.read_text()
        secrets.unlink()
        with pytest.raises(SecretsUnreadable, match="stop the database"):
            cluster.start()
        cluster.stop()
        assert cluster.start() is True
        cluster.ensure_login("town_owner", createdb=True)
        assert ask(cluster, "SELECT 1") == [(1,)]
        assert secrets.read_text() != before


class TestMakingTheData:
    def test_initdb_killed_half_way(self, place):
        home = place / "home"
        service = in_another_process(home, "cluster.start()")
        wait_until(lambda: list((home / "pg").glob("init-*/data/global")))
        service.kill()
        service.wait()
        stranger = home / "pg" / "init-of-somebody"
        stranger.mkdir()
        unmarked = home / "pg" / "init-0123456789abcdef"
        unmarked.mkdir()
        (unmarked / "file").write_text("not ours")
        cluster = PrivateCluster(home)
        assert cluster.start() is True
        assert sorted(path.name for path in (home / "pg").glob("init-*")) == [
            unmarked.name,
            stranger.name,
        ]

    def test_data_of_another_version(self, place):
        data = place / "home/pg/data"
        data.mkdir(parents=True)
        (data / "PG_VERSION").write_text("9\n")
        (data / "file").write_text("kept")
        with pytest.raises(WrongServerVersion, match=r"PostgreSQL 9, .* PostgreSQL \d\d"):
            PrivateCluster(place / "home").start()
        assert sorted(path.name for path in data.iterdir()) == ["PG_VERSION", "file"]
        assert [path.name for path in (place / "home").rglob("*") if path.is_dir()] == [
            "pg",
            "data",
        ]

    def test_something_else_in_the_place_of_data(self, place):
        data = place / "home/pg/data"
        data.mkdir(parents=True)
        (data / "thesis.odt").write_text("kept")
        with pytest.raises(ForeignData):
            PrivateCluster(place / "home").start()
        assert (data / "thesis.odt").read_text() == "kept"

    @needs_root
    def test_a_closed_parent_is_named(self, place):
        closed = place / "closed"
        closed.mkdir(mode=0o700)
        with pytest.raises(UnreachableHome, match=rf"may not enter {closed}\. Set GIS_HOME"):
            PrivateCluster(closed / "sub" / "home").start()

    @pytest.mark.parametrize("name", ['a"b', "a$HOME", "a`id`", "a\\b", "a\nb"])
    def test_a_name_that_a_shell_would_read_is_refused(self, place, name):
        with pytest.raises(UnreachableHome):
            PrivateCluster(place / name).start()

    @needs_root
    def test_full_disk(self, place):
        disk = place / "disk"
        disk.mkdir()
        with small_disk(disk, megabytes=64), pytest.raises(DiskFull, match="disk that holds"):
            PrivateCluster(disk / "home").start()
        with small_disk(disk, megabytes=320):
            cluster = PrivateCluster(disk / "home")
            cluster.start()
            cluster.stop()
            ballast = disk / "ballast"
            with suppress(OSError), ballast.open("wb", buffering=0) as file:
                while True:
                    file.write(bytes(65536))
            with pytest.raises(DiskFull, match="Free some space"):
                cluster.start()
            ballast.unlink()
            assert cluster.start() is True
            cluster.stop()

    def test_a_long_path_with_odd_letters(self, place):
        home = place / ("très long, et 'plus' encore " * 3) / ("x" * 60)
        home.mkdir(parents=True)
        home.chmod(0o755)
        home.parent.chmod(0o755)
        cluster = PrivateCluster(home)
        try:
            assert cluster.start() is True
            socket_place = Path(str(cluster.url("postgres", "postgres").query["host"]))
            assert len(os.fsencode(socket_place)) < 80
            assert stat.S_IMODE(socket_place.stat().st_mode) == 0o700
            assert ask(cluster, "SELECT 1", role="postgres") == [(1,)]
        finally:
            cluster.stop()
        shutil.rmtree(socket_place)
        socket_place.symlink_to(place)
        try:
            with pytest.raises(UnreachableHome, match="private directory"):
                cluster.start()
            with pytest.raises(UnreachableHome, match="private directory"):
                cluster.url("postgres", "postgres")
        finally:
            socket_place.unlink()
        socket_place.mkdir()
        socket_place.chmod(0o777)
        try:
            with pytest.raises(UnreachableHome, match="private directory"):
                cluster.start()
        finally:
            socket_place.rmdir()

    def test_the_longest_socket_path_is_the_system_s(self, place):
        longest = place / ("s" * (107 - len(f"{place}//{cluster_socket.SOCKET_NAME}")))
        longest.mkdir()
        assert cluster_socket._fits(longest)
        assert not cluster_socket._fits(longest.with_name(longest.name + "s"))
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind(str(longest / cluster_socket.SOCKET_NAME))

    @needs_root
    def test_an_ordinary_user_runs_it_as_themselves(self, place):
        user = pwd.getpwnam("nobody")
        os.chown(place, user.pw_uid, user.pw_gid)
        process = multiprocessing.get_context("fork").Process(
            target=_use_as, args=(user, place / "home")
        )
        process.start()
        process.join(60)
        assert process.exitcode == 0
        # Root keeps to the user whose data it is, and does not lock them out.
        cluster = PrivateCluster(place / "home")
        assert cluster.start() is True
        assert Path(f"/proc/{postmaster(cluster)}").stat().st_uid == user.pw_uid
        cluster.password("b")
        assert (place / "home/secrets.json").stat().st_uid == user.pw_uid


class TestBinaries:
    def test_the_highest_version_with_postgis_is_found(self):
        found = find_binaries()
        assert found.version >= 13
        assert (found.bin_dir / "initdb").exists()
        assert find_binaries(found.bin_dir) == found

    def test_none_says_what_to_install(self, place):
        with pytest.raises(ServerNotFound, match="apt-get install postgresql postgresql-postgis"):
            find_binaries(searched=[f"{place}/*/bin"])
        with pytest.raises(ServerNotFound, match=re.escape(str(place))):
            find_binaries(place)

    def test_a_server_without_postgis_says_what_it_lacks(self, place):
        found = find_binaries()
        for program in ("initdb", "pg_ctl", "postgres"):
            (place / program).write_text(f'#!/bin/sh\nexec {found.bin_dir}/{program} "$@"\n')
            (place / program).chmod(0o755)
        (place / "pg_config").write_text(f"#!/bin/sh\necho {place}\n")
        (place / "pg_config").chmod(0o755)
        with pytest.raises(
            ServerNotFound, match=rf"lacks postgis, .*postgresql-{found.version}-postgis-3"
        ):
            find_binaries(place)


class TestMemory:
    @pytest.mark.parametrize(
        ("megabytes", "expected"),
        [
            (1024, ("128MB", "4MB", "64MB", "512MB")),
            (4096, ("512MB", "16MB", "256MB", "2048MB")),
            (131_072, ("4096MB", "32MB", "1024MB", "65536MB")),
        ],
    )
    def test_settings_follow_the_machine(self, megabytes, expected):
        assert tuple(memory_settings(megabytes * 1024 * 1024).values()) == expected

    @pytest.mark.parametrize(
        ("group", "limits"),
        [
            ("0::/a/b", {"a/memory.max": "1000000", "a/b/memory.max": "max"}),
            ("0::/not/seen", {"memory.max": "1000000"}),
            (
                "4:memory:/a\n0::/",
                {"memory/a/memory.limit_in_bytes": "1000000", "memory.max": "max"},
            ),
        ],
    )
    def test_the_lowest_limit_of_a_control_group_counts(self, tmp_path, group, limits):
        (tmp_path / "proc/self").mkdir(parents=True)
        (tmp_path / "proc/self/cgroup").write_text(group + "\n")
        for name, limit in limits.items():
            file = tmp_path / "sys/fs/cgroup" / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(limit + "\n")
        assert machine_memory(tmp_path) == 1_000_000

    def test_without_limits_the_machine_s_memory_counts(self, tmp_path):
        pages = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
        assert machine_memory(tmp_path) == pages


def test_importing_does_nothing():
    """Neither the environment nor a file of the machine is read, so nothing can go wrong."""
    code = (
        "import sys\nimport sqlalchemy.engine, psycopg2, subprocess, pwd, fcntl, hashlib\n"
        "seen = []\n"
        "sys.addaudithook(lambda event, args: seen.append((event, args)) if event in "
        "('subprocess.Popen', 'socket.connect', 'os.mkdir') else None)\n"
        "import gis_service.store.cluster\nassert not seen, seen\n"
    )
    subprocess.run([sys.executable, "-c", code], cwd=PROJECT, check=True, timeout=30)


@contextmanager
def small_disk(where: Path, *, megabytes: int) -> Iterator[None]:
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={megabytes}m,mode=755", "tmpfs", where],
        check=False,
        capture_output=True,
    )
    if mounted.returncode:
        pytest.skip("a container may not mount")
    try:
        yield
    finally:
        with suppress(ClusterError):
            PrivateCluster(where / "home").stop()
        subprocess.run(["umount", where], check=True)


def _password(home: Path, role: str) -> str:
    return PrivateCluster(home).password(role)


def _use_as(user: pwd.struct_passwd, home: Path) -> None:
    os.setgroups([])
    os.setgid(user.pw_gid)
    os.setuid(user.pw_uid)
    cluster = PrivateCluster(home)
    assert cluster.start() is True
    cluster.ensure_login("a")
    cluster.ensure_database("a", owner="a")
    assert cluster.start() is False
    assert cluster.stop() is True
