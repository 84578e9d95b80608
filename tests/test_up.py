"""`gis up`, `gis down`: the service as real processes in a home of their own."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from gis_service.installation import running_cluster
from gis_service.settings import Settings
from gis_service.store.cluster import PrivateCluster
from tests.conftest import ROOT, free_port, wait_for


@dataclass
class Home:
    """A home with a free port, and the commands run in it."""

    path: Path
    port: int
    started: list[subprocess.Popen[bytes]] = field(default_factory=list)
    settings: dict[str, str] = field(default_factory=dict)

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def environment(self) -> dict[str, str]:
        kept = {k: v for k, v in os.environ.items() if not k.startswith("GIS_")}
        return kept | {
            "GIS_HOME": str(self.path), "GIS_PORT": str(self.port), "PYTHONPATH": str(ROOT)
        } | self.settings

    def gis(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "gis_service", *arguments],
            env=self.environment, cwd=self.path, capture_output=True, text=True, timeout=120,
            check=False,
        )

    def start(self, *arguments: str) -> subprocess.Popen[bytes]:
        process = subprocess.Popen(
            [sys.executable, "-m", "gis_service", "up", *arguments],
            env=self.environment, cwd=self.path,
            stdout=(self.path / "out.txt").open("ab"), stderr=subprocess.STDOUT,
        )
        self.started.append(process)
        return process

    def output(self) -> str:
        return (self.path / "out.txt").read_text()

    def items(self, collection: str) -> int:
        url = f"{self.address}/collections/{collection}/items?limit=1&f=json"
        with urllib.request.urlopen(url, timeout=5) as answer:
            return int(json.load(answer)["numberMatched"])

    def cluster_runs(self) -> bool:
        return PrivateCluster(self.path).running()


@pytest.fixture
def home() -> Iterator[Home]:
    path = Path(tempfile.mkdtemp(prefix="gis-up-"))
    path.chmod(0o755)
    home = Home(path, free_port())
    yield home
    home.gis("down")
    for process in home.started:
        if process.poll() is None:
            process.kill()
            process.wait()
    PrivateCluster(path).stop()
    shutil.rmtree(path, ignore_errors=True)


def test_first_up_serves_the_sample_and_ctrl_c_stops_everything(home: Home):
    disk = home.path / "disk"
    home.settings = {"GIS_BACKUP_DIR": str(disk)}
    process = home.start()
    wait_for(home.address, process)
    assert home.items("wards") == 45
    assert home.items("offices") >= 60
    assert f"{home.address}/maps/coverage" in home.output()
    assert f"GIS_BACKUP_DIR: The folder {disk} is not there." in home.output()
    assert not disk.exists()

    process.send_signal(signal.SIGINT)
    assert process.wait(20) == 0
    assert home.output().rstrip().endswith("Stopped.")
    assert "Traceback" not in home.output()
    assert not home.cluster_runs()


def test_up_again_changes_nothing_and_detach_returns_when_ready(home: Home):
    disk = home.path / "a disk"
    home.settings = {"GIS_RECOVERY_DIR": str(disk)}
    first = home.gis("up", "--detach")
    assert first.returncode == 0, first.stderr
    assert f"GIS_RECOVERY_DIR: The folder {disk} is not there." in first.stdout
    base = home.gis("backup", "base")
    assert (base.returncode, disk.exists()) == (1, False)
    assert f"If it is new: mkdir -p '{disk}'" in base.stderr
    offices = home.items("offices")

    again = home.gis("up")
    assert again.returncode == 0
    assert "running already" in again.stdout
    assert home.items("offices") == offices

    down = home.gis("down")
    assert "Stopped." in down.stdout
    assert not home.cluster_runs()
    assert "Nothing was running." in home.gis("down").stdout

    second = home.gis("up", "--detach")
    assert second.returncode == 0, second.stderr
    log = (home.path / "logs" / "service.log").read_text()
    assert log.count("loading the sample data") == 1
    assert home.items("offices") == offices


def test_two_ups_at_once_are_one_service(home: Home):
    one, other = home.start("--no-sample"), home.start("--no-sample")
    deadline = time.monotonic() + 60
    while one.poll() is None and other.poll() is None and time.monotonic() < deadline:
        time.sleep(0.1)
    ended = one if one.poll() is not None else other
    running = other if ended is one else one
    assert ended.returncode == 0
    assert "running already" in home.output()
    wait_for(home.address, running)
    assert home.items("wards") == 0


def test_up_recovers_from_a_killed_service(home: Home):
    process = home.start("--no-sample")
    wait_for(home.address, process)
    process.kill()
    process.wait()
    assert home.cluster_runs()

    process = home.start("--no-sample")
    wait_for(home.address, process)
    process.terminate()
    assert process.wait(20) == 0
    assert not home.cluster_runs()


def test_a_killed_worker_is_replaced(home: Home):
    process = home.start("--no-sample", "--workers", "2")
    wait_for(home.address, process)
    workers = _server_workers(process.pid)
    assert len(workers) == 2
    os.kill(workers[0], signal.SIGKILL)
    deadline = time.monotonic() + 20
    while workers[0] in (now := _server_workers(process.pid)) or len(now) < 2:
        assert time.monotonic() < deadline, "the worker was not replaced"
        time.sleep(0.2)
    wait_for(home.address, process)


def test_down_leaves_strangers_alone(home: Home):
    stranger = subprocess.Popen(["sleep", "60"])
    try:
        run = home.path / "run"
        run.mkdir()
        (run / "service.json").write_text(
            json.dumps({"pid": stranger.pid, "started": "1", "address": "x", "local": "x"})
        )
        assert "Nothing was running." in home.gis("down").stdout
        assert stranger.poll() is None
    finally:
        stranger.kill()
        stranger.wait()


def test_a_taken_port_is_told(home: Home):
    import socket  # noqa: PLC0415

    with socket.socket() as taken:
        taken.bind(("127.0.0.1", home.port))
        taken.listen()
        found = home.gis("up")
    assert found.returncode == 1
    assert f"Cannot listen on 127.0.0.1:{home.port}" in found.stderr
    assert "Traceback" not in found.stderr


def test_settings_hide_secrets(home: Home):
    environment = home.environment | {"GIS_DATABASE_URL": "postgresql://u:hush@h/d"}
    found = subprocess.run(
        [sys.executable, "-m", "gis_service", "settings"],
        env=environment, cwd=home.path, capture_output=True, text=True, check=True,
    )
    assert "hush" not in found.stdout
    assert re.search(r"GIS_DATABASE_URL\s*│ \*\*\*", found.stdout)


def test_a_wrong_setting_is_told(home: Home):
    found = subprocess.run(
        [sys.executable, "-m", "gis_service", "settings"],
        env=home.environment | {"GIS_PORT": "99999"}, cwd=home.path,
        capture_output=True, text=True, check=False,
    )
    assert found.returncode == 1
    assert "GIS_PORT" in found.stderr
    assert "Traceback" not in found.stderr


def _server_workers(supervisor: int) -> list[int]:
    """Processes of the supervisor that uvicorn spawned to answer requests."""
    found = []
    for child in Path(f"/proc/{supervisor}/task/{supervisor}/children").read_text().split():
        try:
            command = Path(f"/proc/{child}/cmdline").read_bytes()
        except OSError:
            continue
        if b"multiprocessing.spawn" in command:
            found.append(int(child))
    return found


def test_a_command_beside_others_does_not_stop_their_database(home: Home):
    """Whoever uses the private database last stops it."""
    settings = Settings(_env_file=None, home=home.path)  # type: ignore[call-arg]
    with running_cluster(settings):
        assert home.gis("keys", "list").returncode == 0
        assert home.cluster_runs()
    assert not home.cluster_runs()
