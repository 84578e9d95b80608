"""
Set-up, tried for real: the launcher runs in a small project of its own, whose
lock file names one local wheel, so no test here needs a network.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from gis_service.provision import peers, system
from gis_service.provision.console import SetupError, run_logged
from gis_service.provision.debian import choose_packages
from gis_service.provision.needs import Needs, needs_of, read_settings
from gis_service.provision.system import ADVICE, Program
from gis_service.store.cluster import find_binaries

ROOT = Path(__file__).resolve().parents[1]

ECHO = """
import json, os, sys
import demo
print(json.dumps({"arguments": sys.argv[1:], "folder": os.getcwd(), "python": sys.prefix,
                  "paths": os.environ["PYTHONPATH"], "demo": demo.VERSION}))
"""


@dataclass(frozen=True)
class Project:
    """A checkout that holds the launcher, set-up, and a command that says how it was called."""

    root: Path

    def environment(self, **more: str) -> dict[str, str]:
        kept = {name: text for name, text in os.environ.items() if not name.startswith("GIS_")}
        kept.pop("PYTHONPATH", None)
        return kept | {"GIS_PYTHON": sys.executable, "NO_PROXY": "127.0.0.1"} | more

    def run(
        self, *arguments: str, folder: Path | None = None, launcher: Path | None = None, **more: str
    ) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [launcher or self.root / "gis", *arguments], cwd=folder or self.root,
            env=self.environment(**more), stdin=subprocess.DEVNULL,
            capture_output=True, text=True, check=False, timeout=120,
        )

    def start(self, *arguments: str, **more: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [self.root / "gis", *arguments], cwd=self.root, env=self.environment(**more),
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            text=True, start_new_session=True,
        )

    def lock(self, *requirements: str, name: str = "requirements.lock") -> None:
        (self.root / name).write_text("".join(f"{line}\n" for line in requirements))

    @property
    def stamp(self) -> Path:
        return self.root / ".venv" / ".gis-stamp.json"


def wheel(folder: Path, version: str) -> str:
    """A wheel `demo` and the line that names it in a lock file."""
    path = folder / f"demo-{version}-py3-none-any.whl"
    facts = f"demo-{version}.dist-info"
    members = {
        "demo.py": f"VERSION = {version!r}\n",
        f"{facts}/METADATA": f"Metadata-Version: 2.1\nName: demo\nVersion: {version}\n",
        f"{facts}/WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        f"{facts}/RECORD": "",
    }
    with zipfile.ZipFile(path, "w") as archive:
        for name, text in members.items():
            archive.writestr(zipfile.ZipInfo(name), text)  # no date: the same bytes each time
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    return f"demo @ {path.as_uri()} --hash=sha256:{digest}"


def bare_project(root: Path) -> Project:
    package = root / "gis_service"
    package.mkdir(parents=True)
    shutil.copy(ROOT / "gis", root / "gis")
    shutil.copytree(ROOT / "gis_service" / "provision", package / "provision")
    (package / "__init__.py").touch()
    (package / "__main__.py").write_text(ECHO)
    project = Project(root)
    project.lock(wheel(root, "1"))
    return project


@pytest.fixture(scope="module")
def first_run(tmp_path_factory: pytest.TempPathFactory) -> tuple[Project, list[str]]:
    """A project that was set up by two commands at once, and what each told meanwhile."""
    project = bare_project(tmp_path_factory.mktemp("first") / "a project")
    both = [project.start("settings"), project.start("settings")]
    told = [command.communicate(timeout=120)[1] for command in both]
    assert [command.returncode for command in both] == [0, 0], told
    return project, told


@pytest.fixture
def project(first_run: tuple[Project, list[str]]) -> Iterator[Project]:
    """A project that is set up, and is so again afterwards."""
    project, _ = first_run
    lock, stamp = project.root / "requirements.lock", project.stamp.read_text()
    before = lock.read_text()
    yield project
    lock.write_text(before)
    project.stamp.write_text(stamp)


# --- the first run, the second, and those between


def test_of_two_first_runs_one_does_and_tells_all(first_run: tuple[Project, list[str]]) -> None:
    project, told = first_run
    waiting, working = sorted(told, key=lambda text: "Making" in text)
    assert waiting.splitlines()[0] == "Another gis command is setting up here. Waiting for it."
    making, installing, complete = working.splitlines()
    assert making == f"Making the virtual environment {project.root / '.venv'}."
    assert installing.startswith("Installing the Python packages of requirements.lock with pip")
    assert complete.startswith("Set-up is complete (")


def test_a_second_run_does_nothing_and_needs_no_network(project: Project) -> None:
    before = {path: path.stat().st_mtime_ns for path in (project.root / ".venv").rglob("*.json")}
    done = project.run("settings", GIS_OFFLINE="1")
    assert (done.returncode, done.stderr) == (0, "")
    assert before == {path: path.stat().st_mtime_ns for path in before}


def test_the_command_runs_in_the_environment_and_the_callers_folder(
    project: Project, tmp_path: Path
) -> None:
    (tmp_path / "json.py").write_text("raise SystemExit('the caller hides our modules')")
    link = tmp_path / "to-gis"
    link.symlink_to(os.path.relpath(project.root / "gis", tmp_path))
    second = tmp_path / "to-link"
    second.symlink_to("to-gis")
    done = project.run(
        "load", "a file.csv", "--map", "x=y", folder=tmp_path, launcher=second,
        GIS_DATABASE_URL="postgresql://elsewhere/gis", PYTHONPATH="/mine",
    )
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told["arguments"] == ["load", "a file.csv", "--map", "x=y"]
    assert told["folder"] == str(tmp_path)
    assert told["python"] == str(project.root / ".venv")
    assert told["paths"] == f"{project.root}:/mine"


def test_a_changed_lock_is_installed_into_the_same_environment(
    project: Project, tmp_path: Path
) -> None:
    marker = project.root / ".venv" / "still-the-same"
    marker.touch()
    project.lock(wheel(tmp_path, "2"))
    done = project.run("settings")
    assert json.loads(done.stdout)["demo"] == "2"
    assert "Making the virtual environment" not in done.stderr
    assert marker.exists()
    project.lock(wheel(project.root, "1"))
    assert json.loads(project.run("settings").stdout)["demo"] == "1"


def test_an_environment_without_our_stamp_is_installed_into(project: Project) -> None:
    project.stamp.unlink()
    done = project.run("settings")
    assert done.returncode == 0
    assert "Installing the Python packages" in done.stderr
    assert "Making the virtual environment" not in done.stderr
    assert project.stamp.exists()


def test_tests_and_checks_install_the_development_lock(project: Project) -> None:
    project.lock(wheel(project.root, "1"), name="requirements-dev.lock")
    done = project.run("check")
    assert "of requirements-dev.lock" in done.stderr
    assert project.run("check").stderr == ""
    assert project.run("settings").stderr == "", "the runtime's packages are there too"


@pytest.mark.slow
def test_an_environment_whose_python_vanished_is_made_again(project: Project) -> None:
    """The system's Python was replaced, so the environment's points nowhere."""
    python = project.root / ".venv" / "bin" / "python"
    python.unlink()
    python.symlink_to("/nowhere/python")
    done = project.run("settings")
    assert done.returncode == 0, done.stderr
    assert "Making the virtual environment" in done.stderr


# --- what goes wrong


def test_offline_names_what_is_missing(project: Project, tmp_path: Path) -> None:
    project.lock(wheel(tmp_path, "3"))
    done = project.run("settings", GIS_OFFLINE="1")
    assert done.returncode == 1
    assert done.stderr == (
        "Set-up failed. The Python packages of the lock file are not installed, "
        "and GIS_OFFLINE forbids bringing them from the network.\n"
    )


def test_offline_names_missing_browser_libraries(project: Project) -> None:
    (project.root / "package-lock.json").write_text("{}")
    done = project.run("maps", GIS_OFFLINE="1", GIS_DATABASE_URL="postgresql://elsewhere/gis")
    assert done.returncode == 1
    assert "The browser libraries of package-lock.json are missing" in done.stderr


def test_ctrl_c_ends_pip_and_tells_one_line(project: Project) -> None:
    """pip waits for a server that accepts and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        address = f"http://127.0.0.1:{server.getsockname()[1]}/demo-4-py3-none-any.whl"
        project.lock(f"demo @ {address} --hash=sha256:{'0' * 64}")
        command = project.start("settings")
        server.settimeout(60)
        connection, _ = server.accept()
        os.killpg(command.pid, signal.SIGINT)
        _, error = command.communicate(timeout=30)
        connection.close()
    assert command.returncode == 130
    assert "Traceback" not in error
    assert error.splitlines()[1:] == [
        "Stopped during set-up. The same command goes on from here."
    ]
    assert not project.stamp.exists(), "an interrupted installation is done again"


def test_a_missing_network_is_said_with_the_end_of_the_log(project: Project) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    project.lock(f"demo @ http://127.0.0.1:{port}/demo-4-py3-none-any.whl --hash=sha256:{'0' * 64}")
    done = project.run("settings", PIP_RETRIES="0")
    assert done.returncode == 1
    assert "The Python packages of requirements.lock could not be installed." in done.stderr
    assert "The network seems to be missing" in done.stderr
    assert "Traceback" not in done.stderr.partition("\n")[0]
    kept_log = Path(done.stderr.partition("All of it is in ")[2].splitlines()[0].rstrip("."))
    assert "demo" in kept_log.read_text()
    kept_log.unlink()


def test_a_wrong_hash_is_not_taken_for_a_missing_network(
    project: Project, tmp_path: Path
) -> None:
    requirement = wheel(tmp_path, "5").partition(" --hash")[0]
    project.lock(f"{requirement} --hash=sha256:{'0' * 64}")
    done = project.run("settings")
    assert done.returncode == 1
    assert "DO NOT MATCH THE HASHES" in done.stderr
    assert "network" not in done.stderr
    Path(done.stderr.partition("All of it is in ")[2].strip().rstrip(".")).unlink()


def test_without_python_the_launcher_says_what_to_install(tmp_path: Path) -> None:
    tools = tmp_path / "bin"
    tools.mkdir()
    for name in ("sh", "dirname", "readlink", "cat"):
        (tools / name).symlink_to(shutil.which(name) or name)
    done = subprocess.run(
        [ROOT / "gis", "up"], env={"PATH": str(tools)}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert "apt-get install python3 python3-venv" in done.stderr
    named = subprocess.run(
        [ROOT / "gis", "up"], env={"PATH": str(tools), "GIS_PYTHON": "/no/python"},
        capture_output=True, text=True, check=False,
    )
    assert named.returncode == 1
    assert "GIS_PYTHON=/no/python is not a Python 3.11 or newer." in named.stderr


def test_help_before_the_first_run_sets_nothing_up(tmp_path: Path) -> None:
    fresh = bare_project(tmp_path / "fresh")
    for arguments in ((), ("--help",), ("up", "--help"), ("--version",)):
        done = fresh.run(*arguments)
        assert done.returncode == 0
        assert "The first command sets up what it needs" in done.stdout
    assert not (fresh.root / ".venv").exists()


def test_a_program_that_fails_leaves_its_last_lines(capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SetupError) as caught:
        run_logged(["sh", "-c", "seq 100; exit 3"], failure="It failed.")
    lines = str(caught.value).splitlines()
    assert (lines[0], lines[1], lines[-2]) == ("It failed.", "  81", "  100")
    assert capfd.readouterr().out == ""
    Path(lines[-1].removeprefix("All of it is in ").rstrip(".")).unlink()


# --- what a command needs


@pytest.mark.parametrize(
    ("line", "needs"),
    [
        ("", Needs(only_help=True)),
        ("--version", Needs(only_help=True)),
        ("up --help", Needs(only_help=True)),
        ("up --detach", Needs(database=True, assets=True)),
        ("load x.csv", Needs(database=True)),
        ("maps build", Needs(database=True, assets=True)),
        ("test -k '-h'", Needs(
            database=True, browser=True, development=True, assets=True, clients=True, peers=True
        )),
        ("check", Needs(development=True)),
        ("settings", Needs()),
        ("down", Needs()),
    ],
)
def test_needs_follow_from_the_command(line: str, needs: Needs) -> None:
    assert needs_of(line.split(), {}) == needs


def test_a_named_database_needs_no_postgresql_here() -> None:
    elsewhere = {"GIS_DATABASE_URL": "postgresql://elsewhere/gis"}
    assert not needs_of(["up"], elsewhere).database
    assert not needs_of(["up"], {"GIS_PG_BIN": "/opt/pg/bin"}).database
    assert needs_of(["up"], {"GIS_DATABASE_URL": ""}).database
    assert needs_of(["test"], elsewhere).database, "the private cluster is tested too"


def test_the_environment_goes_before_the_file(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text(
        "# GIS_PORT=1\nexport GIS_DATABASE_URL='postgresql://a/b?c=d'\nGIS_HOME = /srv\n"
    )
    settings = read_settings({"GIS_HOME": "/mine"}, tmp_path)
    assert settings == {"GIS_DATABASE_URL": "postgresql://a/b?c=d", "GIS_HOME": "/mine"}
    assert read_settings({}, tmp_path / "absent") == {}


# --- the system


def test_set_up_imports_the_standard_library_only() -> None:
    program = (
        "import sys; sys.path.insert(0, sys.argv[1]); import gis_service.provision.command;"
        "print(*(set(m.partition('.')[0] for m in sys.modules) - sys.stdlib_module_names))"
    )
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", program, str(ROOT)],
        capture_output=True, text=True, check=True,
    )
    assert set(done.stdout.split()) <= {"gis_service", "__main__"}


def test_set_up_and_the_cluster_agree_that_postgis_is_here() -> None:
    assert find_binaries().version >= 13
    assert system.has_postgis()


def test_a_server_without_postgis_does_not_count(tmp_path: Path) -> None:
    programs = tmp_path / "pgsql" / "bin"
    programs.mkdir(parents=True)
    (programs / "initdb").touch(mode=0o755)
    assert not system.has_postgis([str(programs)])
    extensions = tmp_path / "pgsql" / "share" / "extension"
    extensions.mkdir(parents=True)
    (extensions / "postgis.control").touch()
    assert system.has_postgis([str(programs)])


def test_a_folder_without_fonts_has_no_fonts(tmp_path: Path) -> None:
    (tmp_path / "truetype").mkdir()
    assert not system.has_fonts([str(tmp_path)])
    (tmp_path / "truetype" / "A.TTF").touch()
    assert system.has_fonts([str(tmp_path)])


def test_a_browser_may_be_named(tmp_path: Path) -> None:
    assert system.has_chromium({"GIS_CHROMIUM": "/bin/sh"})
    with pytest.raises(SetupError, match="GIS_CHROMIUM=/no/browser is not an executable"):
        system.has_chromium({"GIS_CHROMIUM": "/no/browser"})


def test_the_newest_postgresql_with_postgis_is_chosen() -> None:
    known = [
        "postgresql-9-postgis-3", "postgresql-15-postgis-3", "postgresql-16-postgis-3",
        "postgresql-17", f"python3.{sys.version_info.minor}-venv", "python3-venv",
        "chromium", "fonts-noto-core", "libatomic1", "gdal-bin", "python3-qgis", "nginx",
        "pgbouncer",
    ]
    assert choose_packages(Program, known) == (
        f"python3.{sys.version_info.minor}-venv",
        "postgresql-16", "postgresql-16-postgis-3", "postgresql-16-postgis-3-scripts",
        "chromium", "fonts-noto-core", "libatomic1", "gdal-bin", "python3-qgis", "nginx",
        "pgbouncer",
    )


def test_a_package_that_apt_does_not_know_is_named() -> None:
    with pytest.raises(SetupError, match="apt knows no package for PostgreSQL with PostGIS"):
        choose_packages([Program.POSTGIS], ["chromium"])


@pytest.mark.parametrize("tool", ADVICE)
def test_other_systems_are_told_what_to_install(tool: str) -> None:
    text = system.advice(Program, tool)
    command, packages = ADVICE[tool]
    for program in Program:
        assert f"{command} {packages[program]}\n" in text
    assert "GIS_DATABASE_URL=" in text
    assert text.endswith("Then run the same command again.")


def test_an_unknown_system_is_told_what_is_missing() -> None:
    text = system.advice([Program.FONTS], None)
    assert text.startswith("Missing: fonts. Install it with this system's package manager.")


def test_validators_of_others_are_brought_beside_and_again_when_their_lock_changes(
    tmp_path: Path,
) -> None:
    lock = tmp_path / peers.LOCK
    lock.write_text(wheel(tmp_path, "1"))
    assert not peers.is_current(tmp_path)
    peers.bring(tmp_path)
    assert peers.is_current(tmp_path)
    told = subprocess.run(
        [tmp_path / ".venv/peers/bin/python", "-c", "import demo; print(demo.VERSION)"],
        capture_output=True, text=True, check=True,
    )
    assert told.stdout == "1\n"
    lock.write_text(wheel(tmp_path, "2"))
    assert not peers.is_current(tmp_path)
