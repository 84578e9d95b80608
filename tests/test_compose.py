"""
docker-compose.yml, checked as far as a machine without a container engine allows.

Every run: assertions of our own on the file, with variables filled in as Compose
does. Where the Compose plugin is installed: `docker compose config`. With
`-m slow`: the parser of the compose specification (`compose-spec` from PyPI, into
a temporary folder), and the image's steps by hand: its RUN and COPY lines in a
clean folder, then its entry point against a real database until the file's own
health check is content.
"""

from __future__ import annotations

import fnmatch
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import pytest
import yaml  # type: ignore[import-untyped]

from gis_service.cli import cli
from gis_service.store.cluster.server import SUPERUSER
from tests.conftest import Databases, free_port

ROOT = Path(__file__).resolve().parents[1]
TEXT = (ROOT / "docker-compose.yml").read_text()
WITH_PASSWORD = {"GIS_DB_PASSWORD": "abc123"}

_INNERMOST = re.compile(r"\$\{(\w+)(?:(:-|:\?)([^${}]*))?\}")


def filled_in(text: str, variables: dict[str, str]) -> str:
    """`${A}`, `${A:-default}` and `${A:?what to do}`, innermost first, as Compose does it."""

    def value(match: re.Match[str]) -> str:
        name, sign, rest = match.groups()
        if variables.get(name):
            return variables[name]
        if sign == ":?":
            raise KeyError(f"{name}: {rest}")
        return rest or ""

    text = "\n".join(line for line in text.splitlines() if not line.lstrip().startswith("#"))
    while _INNERMOST.search(text):
        text = _INNERMOST.sub(value, text)
    return text


def composed(**variables: str) -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load(filled_in(TEXT, WITH_PASSWORD | variables))
    return found


def instructions(dockerfile: str) -> list[list[tuple[str, str]]]:
    """The (instruction, argument) pairs of each stage, FROM first."""
    stages: list[list[tuple[str, str]]] = []
    for line in filter(None, map(str.strip, dockerfile.splitlines())):
        name, _, argument = line.partition(" ")
        if name == "FROM":
            stages.append([])
        stages[-1].append((name, argument))
    return stages


COMPOSE = composed()
DB, GIS = COMPOSE["services"]["db"], COMPOSE["services"]["gis"]
BUILD_STAGE, FINAL_STAGE = instructions(GIS["build"]["dockerfile_inline"])


# --- the file


def test_it_holds_no_secret_and_asks_for_the_password() -> None:
    with pytest.raises(KeyError, match="GIS_DB_PASSWORD: set it to a long word"):
        filled_in(TEXT, {})
    assert DB["environment"]["POSTGRES_PASSWORD"] == "abc123"
    assert GIS["environment"]["GIS_DATABASE_URL"] == "postgresql://gis:abc123@db:5432/gis"
    assert "abc123" not in TEXT
    assert "PASSWORD" not in GIS["build"]["dockerfile_inline"]


def test_the_database_is_reached_by_the_service_alone() -> None:
    assert "ports" not in DB
    assert DB["networks"] == ["inside"]
    assert COMPOSE["networks"]["inside"] == {"internal": True}
    assert set(GIS["networks"]) == {"inside", "outside"}


def test_the_service_is_published_on_this_machine_only_unless_asked() -> None:
    assert GIS["ports"] == ["127.0.0.1:8000:8000"]
    assert GIS["environment"]["GIS_BASE_URL"] == "http://127.0.0.1:8000"
    asked = composed(GIS_HOST="192.0.2.1", GIS_PORT="9000")["services"]["gis"]
    assert asked["ports"] == ["192.0.2.1:9000:8000"]
    assert asked["environment"]["GIS_BASE_URL"] == "http://127.0.0.1:9000"


def test_both_services_say_when_they_are_healthy() -> None:
    assert DB["healthcheck"]["test"][:2] == ["CMD", "pg_isready"]
    assert "/health/ready" in GIS["healthcheck"]["test"][-1]
    compile(GIS["healthcheck"]["test"][-1], "healthcheck", "exec")
    assert GIS["depends_on"] == {"db": {"condition": "service_healthy"}}


@pytest.mark.parametrize("service", [DB, GIS], ids=["db", "gis"])
def test_containers_may_do_little(service: dict[str, Any]) -> None:
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert "privileged" not in service
    assert "cap_add" not in GIS


def test_every_volume_is_declared_and_what_is_written_lies_on_one() -> None:
    mounted = [volume.partition(":")[0] for volume in DB["volumes"] + GIS["volumes"]]
    assert sorted(mounted) == sorted(COMPOSE["volumes"])
    final = dict(FINAL_STAGE)
    targets = [volume.partition(":")[2] for volume in GIS["volumes"]]
    home = re.search(r"GIS_HOME=(\S+)", final["ENV"])
    assert home is not None
    assert home[1] in targets
    assert f"{final['WORKDIR']}/maps/built" in targets
    owned = next(text for name, text in FINAL_STAGE if name == "RUN" and "--owner=gis" in text)
    assert all(target in owned for target in targets), "a fresh volume takes the folder's owner"


def test_the_image_is_pinned_hashed_and_not_root() -> None:
    bases = {argument.partition(" ")[0] for name, argument in BUILD_STAGE + FINAL_STAGE
             if name == "FROM"}
    assert len(bases) == 1
    assert re.fullmatch(r"python:3\.\d+-slim-\w+", bases.pop())
    assert "--require-hashes" in next(text for _, text in BUILD_STAGE if "pip install" in text)
    uid = dict(FINAL_STAGE)["USER"].partition(":")[0]
    assert int(uid) > 0
    assert f"--uid {uid} " in next(text for name, text in FINAL_STAGE if "useradd" in text)


def test_the_image_runs_a_command_that_exists() -> None:
    final = dict(FINAL_STAGE)
    entry, arguments = json.loads(final["ENTRYPOINT"]), json.loads(final["CMD"])
    assert entry[-2:] == ["-m", "gis_service"]
    command = cli.get_command(click.Context(cli), arguments[0])
    assert command is not None
    known = {option for parameter in command.params for option in parameter.opts}
    assert {text for text in arguments if text.startswith("--")} <= known
    assert arguments[-1] == final["EXPOSE"]


@pytest.mark.parametrize(
    "path",
    [".env", ".env.local", ".git/config", ".venv/bin/python", "maps/built/coverage.html",
     "gis_service/model/__pycache__/fields.pyc", "gis_service/web/static/vendor/.stamp"],
)
def test_what_must_not_enter_the_image_is_ignored(path: str) -> None:
    assert is_ignored(path)


@pytest.mark.parametrize(
    "path", ["requirements.lock", "package-lock.json", "gis_service/settings.py", "maps/a.toml"]
)
def test_what_the_image_needs_is_not_ignored(path: str) -> None:
    assert not is_ignored(path)


def succeeds(command: list[str]) -> bool:
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


def has_compose_plugin() -> bool:
    docker = shutil.which("docker")
    if docker is None:
        return False
    return succeeds([docker, "compose", "version"])


@pytest.mark.skipif(not has_compose_plugin(), reason="the Compose plugin is not installed")
def test_compose_accepts_the_file() -> None:
    subprocess.run(
        ["docker", "compose", "config", "--quiet"],
        cwd=ROOT, env=os.environ | WITH_PASSWORD, check=True,
    )


@pytest.mark.slow
def test_the_compose_specification_accepts_the_file(tmp_path: Path) -> None:
    subprocess.run(
        [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps",
         "--target", tmp_path, "compose-spec==0.2.1"],
        check=True,
    )
    program = (
        "import sys; from compose_spec import PyCompose;"
        "print(*PyCompose.from_yaml(sys.stdin.read()).service_names())"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], input=filled_in(TEXT, WITH_PASSWORD),
        env=os.environ | {"PYTHONPATH": str(tmp_path)}, capture_output=True, text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert set(done.stdout.split()) == {"db", "gis"}


# --- the image's steps by hand


def is_ignored(path: str) -> bool:
    """Whether .dockerignore keeps `path` out: itself, or a folder that it lies in."""
    lines = (ROOT / ".dockerignore").read_text().splitlines()
    return any(_matches(line, path) for line in lines if line and not line.startswith("#"))


def _matches(pattern: str, path: str) -> bool:
    parts = path.split("/")
    if pattern.startswith("**/"):
        return any(fnmatch.fnmatchcase(part, pattern.removeprefix("**/")) for part in parts)
    above = "/".join(parts[: pattern.count("/") + 1])
    return fnmatch.fnmatchcase(above, pattern)


def context() -> Iterator[Path]:
    """The files of this tree that a build would see."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT, capture_output=True, text=True, check=True,
    ).stdout
    for name in filter(None, listed.split("\0")):
        if not is_ignored(name) and (ROOT / name).is_file():
            yield Path(name)


def python_of_the_image() -> str:
    """The Python of the image's version where this machine has it, else our own."""
    version = re.match(r"python:(3\.\d+)", dict(BUILD_STAGE)["FROM"])
    name = f"python{version[1]}" if version else ""
    found = shutil.which(name)
    return found if found and succeeds([found, "--version"]) else sys.executable


class Image:
    """The image's file system below a folder, built without an engine."""

    def __init__(self, top: Path) -> None:
        self.top = top
        self.workdir = top
        tools = top / "tools"
        tools.mkdir()
        (tools / "python").symlink_to(python_of_the_image())
        kept = {name: os.environ[name] for name in os.environ if not name.startswith("GIS_")}
        kept.pop("PYTHONPATH", None)
        self.environment = kept | {"PATH": f"{tools}:{os.environ['PATH']}"}

    def placed(self, text: str) -> str:
        """`text` with the image's folders moved below ours."""
        return re.sub(r"(?<![\w.])/(opt/venv|srv/gis)", rf"{self.top}/\1", text)

    def build(self) -> None:
        for name, argument in BUILD_STAGE:
            if name == "WORKDIR":
                self.workdir = Path(self.placed(argument))
                self.workdir.mkdir(parents=True)
            elif name == "COPY":
                self._copy(argument.split()[0])
            elif name == "RUN":
                subprocess.run(
                    shlex.split(self.placed(argument)),
                    cwd=self.workdir, env=self.environment, check=True,
                )
            else:
                assert name == "FROM"

    def command(self, *arguments: str) -> list[str]:
        return [*map(self.placed, json.loads(dict(FINAL_STAGE)["ENTRYPOINT"])), *arguments]

    def _copy(self, source: str) -> None:
        for name in context():
            if source in (".", str(name)):
                target = self.workdir / name
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(ROOT / name, target)


@pytest.fixture(scope="module")
def image(tmp_path_factory: pytest.TempPathFactory) -> Image:
    image = Image(tmp_path_factory.mktemp("image"))
    image.build()
    return image


@pytest.mark.slow
def test_the_image_steps_make_a_command_that_explains_itself(image: Image) -> None:
    done = subprocess.run(
        image.command("--help"), cwd=image.workdir, env=image.environment,
        capture_output=True, text=True, check=True,
    )
    assert "serve" in done.stdout
    assert (image.workdir / "gis_service/web/static/vendor/manifest.json").is_file()
    assert not (image.workdir / "tests").exists()


@pytest.mark.slow
def test_the_image_steps_make_a_service_that_its_health_check_accepts(
    image: Image, databases: Databases, home: Path
) -> None:
    port = free_port()
    (home / "image").mkdir()  # as the image's last RUN does
    database = databases.fresh("gis_migrated")
    # the image of db makes POSTGRES_USER a superuser, so the service's is one here too
    url = databases.cluster.url(str(database.url.database), SUPERUSER)
    arguments = [
        {"8000": str(port), "0.0.0.0": "127.0.0.1"}.get(text, text)
        for text in json.loads(dict(FINAL_STAGE)["CMD"])
    ]
    service = subprocess.Popen(
        image.command(*arguments), cwd=image.workdir,
        env=image.environment | {
            "GIS_HOME": str(home / "image"),
            "GIS_DATABASE_URL": url.render_as_string(hide_password=False),
        },
    )
    try:
        wait_until_healthy(image, service, port=port)
    finally:
        service.terminate()
        service.wait(20)
        databases.drop(database)


def wait_until_healthy(image: Image, service: subprocess.Popen[bytes], *, port: int) -> None:
    """Run the file's own health check until it succeeds, for half a minute."""
    _, *command = GIS["healthcheck"]["test"]
    check = [image.placed(part).replace(":8000", f":{port}") for part in command]
    for _ in range(60):
        assert service.poll() is None, "the service ended while starting"
        if succeeds(check):
            return
        time.sleep(0.5)
    pytest.fail("the health check never succeeded")
