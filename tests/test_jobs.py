"""Long work on a real PostGIS with real worker processes, killed where it hurts."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import text

from gis_service.cli import cli
from gis_service.errors import InvalidInput
from gis_service.installation import Addresses
from gis_service.model.audience import Audience
from gis_service.model.jobs import Job, JobState
from gis_service.services import jobs as service
from gis_service.services.folders import sweep_folders
from gis_service.services.jobs import enqueue, enqueue_load
from gis_service.services.keys import create_key
from gis_service.services.load_requests import LoadRequest
from gis_service.services.loading import load_file
from gis_service.services.uploads import sweep_files
from gis_service.settings import Settings
from gis_service.store import jobs as store
from gis_service.store.database import Database
from gis_service.store.plain import storable
from gis_service.store.roles import Login
from tests.conftest import ROOT, Databases, client_of, free_port, wait_for

HEADER = "external_id,name,status,lon,lat\n"
LARGE = 25_000
NETWORK = (
    "external_id,name,extent,metric_srid,synthetic\n"
    'kisii,Test network,"[34.3, -1.2, 35.2, -0.3]",32736,true\n'
)
OWNER = str(UUID(int=1))


class Office:
    """A database, its workers, and the files that they load."""

    def __init__(
        self, database: Database, addresses: Addresses, settings: Settings, folder: Path
    ) -> None:
        self.database = database
        self.addresses = addresses
        self.loader = Database.at(addresses.logins[Login.LOADER])
        self.settings = settings
        self.folder = folder
        self.processes: list[subprocess.Popen[bytes]] = []

    @property
    def environment(self) -> dict[str, str]:
        url = self.database.url.render_as_string(hide_password=False)
        return os.environ | {
            "GIS_DATABASE_URL": url,
            "GIS_HOME": str(self.settings.home),
            "PYTHONPATH": str(ROOT),
        }

    def worker(self, *arguments: str) -> subprocess.Popen[bytes]:
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.rehearsals", *arguments],
            env=self.environment, cwd=self.folder, stderr=self.log.open("ab"),
        )  # fmt: skip
        self.processes.append(process)
        return process

    def work(self) -> None:
        """Let a worker do everything that waits."""
        assert self.worker("--until-idle").wait(60) == 0

    @property
    def log(self) -> Path:
        return self.folder / "worker.log"

    def rows(self, statement: str, **values: Any) -> list[Any]:
        with self.database.begin() as connection:
            return [tuple(row) for row in connection.execute(text(statement), values)]

    def run(self, statement: str, **values: Any) -> None:
        with self.database.begin() as connection:
            connection.execute(text(statement), values)

    def job(self, job: Job) -> Job:
        return service.find_job(self.loader, job.id)

    def rehearsal(self, kind: str = "rehearse", *, owner: str = OWNER, **payload: Any) -> Job:
        with self.loader.begin() as connection:
            return store.enqueue(connection, uuid4(), kind, payload, UUID(owner))

    def folders(self) -> set[Path]:
        """Folders of workers, living and dead."""
        return set((self.settings.home / "work").glob("worker-*"))

    def nodes(self, count: int, *, name: str = "nodes.csv") -> Path:
        path = self.folder / name
        path.write_text(HEADER + "".join(
            f"x{n},N{n},planned,{34.7 + n % 200 / 1000:.4f},{-0.6 - n // 200 / 1000:.4f}\n"
            for n in range(count)
        ))
        return path

    def load(self, path: Path, collection: str = "network_nodes", **options: Any) -> Job:
        request = LoadRequest(path, collection, **options)
        return enqueue_load(self.loader, self.settings, request, person_id=OWNER)

    def uploads(self) -> list[str]:
        folder = self.settings.home / "uploads"
        return sorted(path.name for path in folder.iterdir()) if folder.is_dir() else []

    def age(self, job: Job) -> None:
        """As if the last heartbeat were long ago."""
        self.run("UPDATE internal.jobs SET heartbeat_at = heartbeat_at - interval '21 s' "
                 "WHERE id = :id", id=job.id)  # fmt: skip

    def sessions(self, job: Job) -> int:
        """Sessions in which a job works."""
        return int(self.rows("SELECT count(*) FROM pg_stat_activity WHERE application_name LIKE :n",
                             n=f"gis-service job {job.id}%")[0][0])  # fmt: skip

    def until_copying(self, job: Job) -> None:
        self.until(lambda: self.job(job).state is JobState.RUNNING and self.job(job).done > 0)

    @staticmethod
    def until(met: Callable[[], bool], *, within_s: float = 30) -> None:
        deadline = time.monotonic() + within_s
        while not met():
            assert time.monotonic() < deadline, "it did not come about in time"
            time.sleep(0.02)


@pytest.fixture
def office(
    databases: Databases, database: Database, settings: Settings, tmp_path: Path
) -> Iterator[Office]:
    office = Office(database, databases.with_logins(database), settings, tmp_path)
    yield office
    for process in office.processes:
        if process.poll() is None:
            process.kill()
            process.wait()
    others = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() " \
             "AND usename <> current_user"  # fmt: skip
    office.until(lambda: office.rows(others) == [(0,)])


@pytest.fixture
def network(office: Office) -> Office:
    """An office with a network."""
    path = office.folder / "networks.csv"
    path.write_text(NETWORK)
    load_file(office.loader, office.settings, LoadRequest(path, "networks"))
    return office


def test_two_workers_do_each_job_once_and_the_oldest_first(office: Office) -> None:
    workers = [office.worker(), office.worker()]
    bells = "SELECT count(*) FROM pg_stat_activity WHERE application_name LIKE '%worker bell'"
    office.until(lambda: office.rows(f"{bells} AND datname = current_database()") == [(2,)])
    jobs = [office.rehearsal(steps=2) for _ in range(50)]
    office.until(lambda: all(office.job(job).state.is_final for job in jobs[-2:]))
    done = [office.job(job) for job in jobs]
    assert {job.state for job in done} == {JobState.DONE}
    assert [job.result for job in done] == [{"attempt": 1}] * 50
    assert len(Counter(job.worker for job in done)) == 2, "both had their share"
    for worker in {job.worker for job in done}:
        mine = [job.started_at for job in done if job.worker == worker]
        assert mine == sorted(mine)  # type: ignore[type-var]
    for process in workers:
        process.terminate()
    assert [process.wait(12) for process in workers] == [0, 0]


def test_a_job_that_fails_says_so_and_the_log_says_why(office: Office) -> None:
    crashes = office.rehearsal(crash="secret of the machine")
    unknown = office.rehearsal("paint")
    lost = enqueue(office.loader, "load", {"collection": "offices", "upload": str(uuid4())}, None)
    strange = enqueue(office.loader, "load", {"upload": "../../etc/passwd"}, None)
    office.work()
    failed = [office.job(job) for job in (crashes, unknown, lost, strange)]
    assert {job.state for job in failed} == {JobState.FAILED}
    assert failed[0].message is not None
    assert str(crashes.id) in failed[0].message
    assert "secret" not in failed[0].message
    assert "ValueError: secret of the machine" in office.log.read_text()
    assert "'paint'" in str(failed[1].message)
    assert "not there any more" in str(failed[2].message)
    assert "no file that was uploaded" in str(failed[3].message)
    with pytest.raises(InvalidInput, match="no kind of job 'paint'"):
        enqueue(office.loader, "paint", {}, None)


def test_a_load_reports_progress_and_is_found_in_history(network: Office) -> None:
    job = network.load(network.nodes(LARGE))
    assert job.payload["name"] == "nodes.csv"
    network.worker()
    seen = set()
    while not network.job(job).state.is_final:
        now = network.job(job)
        seen.add((now.message, now.total, 0 < now.done <= LARGE))
        time.sleep(0.05)
    assert ("Reading and checking the file", None, False) in seen
    assert any(total == LARGE and moving for _, total, moving in seen), seen
    done = network.job(job)
    assert done.state is JobState.DONE
    assert done.result is not None
    assert (done.result["source"], done.result["inserted"]) == ("nodes.csv", LARGE)
    assert (done.message, done.done, done.finished_at is None) == (None, LARGE, False)
    assert network.uploads() == []
    assert network.rows(
        "SELECT collection, source, length(sha256), person_id::text, report->>'inserted',"
        " (SELECT external_id FROM gis.networks n WHERE n.id = network_id)"
        " FROM internal.loads WHERE id = :id", id=job.id
    ) == [("network_nodes", "nodes.csv", 64, OWNER, str(LARGE), "kisii")]  # fmt: skip
    assert network.rows(
        "SELECT count(*), person_id::text FROM history.network_nodes WHERE request_id = :id"
        " GROUP BY 2", id=str(job.id)
    ) == [(LARGE, OWNER)]  # fmt: skip


def test_faulty_rows_are_the_result_of_a_job_that_failed(network: Office) -> None:
    path = network.folder / "bad.csv"
    path.write_text(HEADER + "x1,N,planned,34.7,-0.6\nx2,N,nonsense,34.7,-0.6\n")
    job = network.load(path)
    network.work()
    failed = network.job(job)
    assert failed.state is JobState.FAILED
    assert str(failed.message).startswith("Nothing was loaded: 1 of 2 rows")
    assert failed.result is not None
    assert [(f["row"], f["value"]) for f in failed.result["faults"]] == [(2, "nonsense")]
    assert network.rows("SELECT count(*) FROM internal.loads WHERE id = :id", id=job.id) == [(0,)]
    assert network.uploads() == []


def test_a_file_that_cannot_be_loaded_is_refused_before_it_is_queued(network: Office) -> None:
    empty, nodes = network.folder / "empty.csv", network.nodes(1)
    empty.write_text("")
    with pytest.raises(InvalidInput, match=r"empty\.csv is empty"):
        network.load(empty)
    with pytest.raises(InvalidInput, match="collection 'ponds'"):
        network.load(nodes, "ponds")
    assert network.uploads() == []
    assert service.list_jobs(network.loader, state=None, limit=10) == []


def test_cancelling_leaves_the_database_as_it_was(network: Office) -> None:
    waits, runs = network.load(network.nodes(3)), network.load(network.nodes(LARGE))
    assert service.cancel_job(network.loader, waits.id).state is JobState.CANCELLED
    network.worker()
    network.until_copying(runs)
    assert service.cancel_job(network.loader, runs.id).cancel_requested
    network.until(lambda: network.job(runs).state.is_final, within_s=5)
    assert network.job(runs).state is JobState.CANCELLED
    assert network.job(waits).attempts == 0
    assert network.rows("SELECT count(*) FROM gis.network_nodes") == [(0,)]
    assert network.rows("SELECT count(*) FROM history.network_nodes") == [(0,)]
    assert network.sessions(runs) == 0
    network.until(lambda: network.uploads() == [])
    after = network.load(network.nodes(3))
    network.until(lambda: network.job(after).state is JobState.DONE)
    assert service.cancel_job(network.loader, after.id).state is JobState.DONE


def test_a_load_killed_in_the_middle_ends_as_if_undisturbed(network: Office) -> None:
    job = network.load(network.nodes(LARGE))
    first = network.worker()
    network.until_copying(job)
    first.kill()
    first.wait()
    assert network.job(job).state is JobState.RUNNING
    network.age(job)
    second = network.worker("--until-idle")
    network.until(lambda: network.job(job).attempts == 2)
    network.until_copying(job)
    with network.loader.begin() as connection:
        store.end_sessions(connection, network.job(job))
    assert second.wait(60) == 0
    done = network.job(job)
    assert (done.state, done.attempts) == (JobState.DONE, 3)
    assert network.sessions(job) == 0
    assert network.rows("SELECT count(*), count(DISTINCT external_id), max(version)"
                        " FROM gis.network_nodes") == [(LARGE, LARGE, 1)]  # fmt: skip
    assert network.rows("SELECT count(*) FROM history.network_nodes") == [(LARGE,)]
    assert network.rows(
        "SELECT count(*) FROM pg_class WHERE relname IN ('staged_rows', 'decided_rows')"
    ) == [(0,)]
    assert done.result is not None
    expected = {"inserted": LARGE, "updated": 0, "unchanged": 0, "rejected": 0, "faults": [],
                "read": LARGE, "load_id": str(job.id)}  # fmt: skip
    assert {name: done.result[name] for name in expected} == expected

    # killed after the commit, before it could say so: nothing is loaded again
    network.run("UPDATE internal.jobs SET state = 'running', result = NULL WHERE id = :id",
                id=job.id)  # fmt: skip
    assert network.job(job).attempts == 3, "it may not be begun again"
    network.age(job)
    network.work()
    assert network.job(job).result == done.result
    assert network.rows("SELECT count(*) FROM internal.loads WHERE id = :id", id=job.id) == [(1,)]


def test_nothing_runs_for_ever(office: Office) -> None:
    deadly, once = office.rehearsal(die=True), office.rehearsal("once", die=True)
    office.run("UPDATE internal.jobs SET attempts = 2 WHERE id = :id", id=deadly.id)
    for _ in range(2):
        assert office.worker("--until-idle").wait(30) == -signal.SIGKILL
        office.age(deadly)
        office.age(once)
    office.work()
    for job, attempts, words in ((deadly, 3, "3 times"), (once, 1, "not taken up again")):
        failed = office.job(job)
        assert (failed.state, failed.attempts) == (JobState.FAILED, attempts)
        assert words in str(failed.message)
        assert "start the job again" in str(failed.message).lower()
        assert failed.finished_at is not None


def test_a_worker_given_up_for_dead_changes_nothing_any_more(network: Office) -> None:
    """It was only asleep: another one did its job meanwhile."""
    job = network.load(network.nodes(LARGE))
    sleeper = network.worker()
    network.until_copying(job)
    sleeper.send_signal(signal.SIGSTOP)
    network.age(job)
    network.work()
    done = network.job(job)
    assert (done.state, done.attempts) == (JobState.DONE, 2)
    sleeper.send_signal(signal.SIGCONT)
    time.sleep(2.5)
    assert network.job(job) == done
    assert network.rows("SELECT count(*) FROM gis.network_nodes") == [(LARGE,)]
    sleeper.terminate()
    assert sleeper.wait(12) == 0


def test_a_worker_that_is_stopped_puts_its_job_back(network: Office) -> None:
    job = network.rehearsal(steps=2_000)
    before = network.folders()
    worker = network.worker()
    network.until_copying(job)
    assert len(network.folders() - before) == 1
    began = time.monotonic()
    worker.terminate()
    assert worker.wait(12) == 0
    assert time.monotonic() - began < 10
    waits = network.job(job)
    assert (waits.state, waits.attempts, waits.worker) == (JobState.QUEUED, 0, None)
    assert network.folders() <= before


def test_a_map_is_built_for_its_owner(office: Office) -> None:
    good = enqueue(office.loader, "build-map", {"name": "coverage", "audience": "public"}, OWNER)
    bad = enqueue(office.loader, "build-map", {"name": "nowhere", "audience": "public"}, OWNER)
    office.work()
    exports = office.settings.home / "exports"
    assert office.job(good).result == {"folder": f"{good.id}/coverage"}
    assert (exports / str(good.id) / "coverage" / "index.html").is_file()
    assert office.job(bad).state is JobState.FAILED
    assert not (exports / str(bad.id)).exists()


def test_jobs_are_shown_to_their_owner_and_to_admins(office: Office) -> None:
    holders = {}
    for name, role in (("Anna", Audience.TECHNICIAN), ("Ben", Audience.PLANNER),
                       ("Chief", Audience.ADMIN)):  # fmt: skip
        issued = create_key(office.database, role=role, name=name)
        holders[name] = (str(issued.record.person_id), issued.text.shown())
    job = office.rehearsal(owner=holders["Anna"][0], name="plan.csv", upload="secret path")
    absent = uuid4()

    with client_of(office.addresses, office.settings) as client:

        def ask(name: str | None, path: str, method: str = "GET") -> Any:
            headers = {"authorization": f"Bearer {holders[name][1]}"} if name else {}
            return client.request(method, path, headers=headers)

        for name in ("Anna", "Chief"):
            shown = ask(name, f"/jobs/{job.id}")
            assert shown.status_code == 200
            assert shown.headers["cache-control"] == "private, no-store"
            assert (shown.json()["source"], shown.json()["state"]) == ("plan.csv", "queued")
            assert "secret path" not in shown.text
            assert [j["id"] for j in ask(name, "/jobs").json()["jobs"]] == [str(job.id)]
            assert ask(name, "/jobs?state=done").json()["jobs"] == []
        assert ask("Anna", "/jobs?state=odd").status_code == 400
        assert ask("Ben", "/jobs").json()["jobs"] == []
        for id_ in (job.id, absent, "nonsense"):
            for path, method in ((f"/jobs/{id_}", "GET"), (f"/jobs/{id_}/cancel", "POST")):
                refused = ask("Ben", path, method)
                assert refused.status_code == 404
                assert refused.json()["detail"] == f"There is no job '{id_}'."
                assert ask(None, path, method).status_code == 401
        assert ask(None, "/jobs").status_code == 401
        assert office.job(job).state is JobState.QUEUED
        cancelled = ask("Anna", f"/jobs/{job.id}/cancel", "POST")
        assert (cancelled.status_code, cancelled.json()["state"]) == (200, "cancelled")
        assert ask("Chief", f"/jobs/{job.id}/cancel", "POST").status_code == 200


def test_files_that_no_job_needs_are_swept(office: Office) -> None:
    home = office.settings.home
    day_ago = time.time() - 25 * 3600
    waits, ended = office.rehearsal(), office.rehearsal()
    service.cancel_job(office.loader, ended.id)
    stays = {f"{waits.id}", f"{uuid4()}.zip", "notes.txt"}
    goes = {f"{ended.id}", f"{uuid4()}"}
    for folder in ("uploads", "exports"):
        (home / folder).mkdir(exist_ok=True)
    for name in stays | goes:
        (home / "uploads" / name).write_text("x")
    for name in (*sorted(goes), "notes.txt", f"{waits.id}"):
        os.utime(home / "uploads" / name, (day_ago, day_ago))
    (home / "exports" / str(ended.id)).mkdir()

    def states(ids: Any) -> Any:
        with office.loader.begin() as connection:
            return store.states(connection, ids)

    removed = sweep_files(office.settings, states)
    assert {path.name for path in removed} == goes
    assert set(office.uploads()) == stays
    assert not (home / "exports" / str(ended.id)).exists()
    for name in stays:
        (home / "uploads" / name).unlink()


def test_what_a_killed_worker_left_in_its_folder_is_swept(office: Office) -> None:
    work = office.settings.home / "work"
    job = office.rehearsal(steps=2_000)
    before = office.folders()
    worker = office.worker()
    office.until_copying(job)
    (folder,) = office.folders() - before
    hour_ago = time.time() - 3600
    os.utime(folder, (hour_ago, hour_ago))
    sweep_folders(work)
    assert folder.is_dir(), "its worker lives"
    worker.kill()
    worker.wait()
    sweep_folders(work)
    assert not folder.exists()


def test_every_load_is_recorded_and_a_dry_run_is_not(network: Office) -> None:
    path = network.nodes(2)
    trial = load_file(network.loader, network.settings, LoadRequest(path, "network_nodes",
                                                                   dry_run=True))  # fmt: skip
    first = load_file(network.loader, network.settings, LoadRequest(path, "network_nodes"))
    again = load_file(network.loader, network.settings, LoadRequest(path, "network_nodes"))
    assert trial.load_id == ""
    assert network.rows(
        "SELECT id::text, report->>'inserted', report->>'unchanged', person_id FROM internal.loads"
        " WHERE collection = 'network_nodes' ORDER BY loaded_at"
    ) == [(first.load_id, "2", "0", None), (again.load_id, "0", "2", None)]
    assert network.rows("SELECT DISTINCT request_id FROM history.network_nodes") == [
        (first.load_id,)
    ]


def test_what_jsonb_refuses_is_made_fit() -> None:
    value = {"a\x00": ["\ud800x", float("nan"), 1.5, None, ("é",)]}
    assert storable(value) == {"a\ufffd": ["\ufffdx", None, 1.5, None, ["é"]]}


def test_the_command_line_from_queue_to_result(
    network: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in network.environment.items():
        monkeypatch.setenv(name, value)

    def gis(*arguments: str) -> Result:
        return CliRunner().invoke(cli, list(arguments))

    path = network.nodes(5)
    queued = gis("load", str(path), "--collection", "network_nodes", "--background", "--json")
    assert queued.exit_code == 0, queued.output
    id_ = json.loads(queued.output)["job"]
    path.unlink()
    assert [j["id"] for j in json.loads(gis("jobs", "list", "--json").output)] == [id_]
    worker = network.worker("--until-idle")
    waited = gis("jobs", "wait", id_)
    assert waited.exit_code == 0, waited.output
    assert "inserted   5" in waited.output
    assert worker.wait(20) == 0
    shown = json.loads(gis("jobs", "show", id_, "--json").output)
    assert (shown["state"], shown["source"]) == ("done", "nodes.csv")
    assert not {"payload", "worker"} & set(shown)
    assert id_ in gis("loads", "list", "--collection", "network_nodes").output
    assert "sha256" in gis("loads", "show", id_).output
    second = json.loads(gis("load", str(network.nodes(1)), "--collection", "network_nodes",
                            "--background", "--json").output)["job"]  # fmt: skip
    assert "Cancelled" in gis("jobs", "cancel", second).output
    assert gis("jobs", "wait", second).exit_code == 3
    assert gis("jobs", "show", str(uuid4())).exit_code == 1
    assert gis("loads", "show", second).exit_code == 1


def test_the_service_keeps_a_worker_that_ends_with_it(office: Office) -> None:
    port = free_port()
    environment = office.environment | {"GIS_PORT": str(port)}

    def serve() -> subprocess.Popen[bytes]:
        process = subprocess.Popen(
            [sys.executable, "-m", "gis_service", "serve"],
            env=environment, cwd=office.folder, stderr=office.log.open("ab"),
        )  # fmt: skip
        office.processes.append(process)
        wait_for(f"http://127.0.0.1:{port}", process)
        return process

    def worker_of(process: subprocess.Popen[bytes], *, other_than: int = 0) -> int:
        found: list[int] = []

        def appeared() -> bool:
            listed = subprocess.run(["ps", "-o", "pid=", "--ppid", str(process.pid)],
                                    capture_output=True, text=True, check=False)  # fmt: skip
            children = [int(pid) for pid in listed.stdout.split()]
            found[:] = [c for c in children if c != other_than and is_worker(c)]
            return bool(found)

        office.until(appeared)
        return found[0]

    def is_worker(pid: int) -> bool:
        try:
            return b"worker" in Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
        except OSError:
            return False

    service_process = serve()
    first = worker_of(service_process)
    os.kill(first, signal.SIGKILL)
    second = worker_of(service_process, other_than=first)
    service_process.kill()
    service_process.wait()
    office.until(lambda: not is_worker(second))

    service_process = serve()
    third = worker_of(service_process)
    job = enqueue(office.loader, "build-map", {"name": "coverage", "audience": "public"}, OWNER)
    office.until(lambda: office.job(job).state is JobState.DONE)
    service_process.terminate()
    service_process.wait(25)
    assert not is_worker(third)
