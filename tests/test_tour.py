"""The tour: no task is done on the untouched sample, each is once a student has done it."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import text
from starlette.testclient import TestClient

from gis_service.cli import cli
from gis_service.cli.tour import tasks
from gis_service.services.backups.proofs import file_sha256, write_proof
from gis_service.services.backups.restoring import open_backup, restore_backup
from gis_service.services.tour import files
from gis_service.services.tour.checks import check
from gis_service.services.tour.place import Place
from gis_service.settings import Settings
from gis_service.store.database import Database, parse_url
from tests.conftest import OWNER, Databases, client_of, new_key
from tests.fieldwork import first, operation, send


@dataclass
class Student:
    """Somebody on attachment, with the sample, a folder and a planner's key."""

    database: Database
    databases: Databases
    client: TestClient
    folder: Path

    def gis(self, *arguments: object) -> Result:
        return CliRunner().invoke(cli, [str(each) for each in arguments])

    def done(self, *arguments: object) -> str:
        result = self.gis(*arguments)
        assert result.exit_code == 0, result.output
        return result.output

    def check(self, number: int) -> list[str]:
        """What is missing of a task, by its check alone."""
        folder = files.folder_of(self.folder, number)
        return check(number, Place(self.database, folder, self.ask, self.other))

    def ask(self, process: str, inputs: Mapping[str, Any]) -> Any:
        answer = self.client.post(f"/processes/{process}/execution", json={"inputs": inputs})
        assert answer.status_code == 200, answer.text
        return answer.json()

    @contextmanager
    def other(self, where: str) -> Iterator[Database]:
        yield Database.at(parse_url(where))

    def task(self, number: int) -> Path:
        """The folder of a task that was begun, and is not done."""
        files.start(self.folder, number)
        assert self.check(number) != []
        return files.folder_of(self.folder, number)

    def answer(self, number: int, **values: object) -> None:
        told = "".join(f"{name} = {json.dumps(value)}\n" for name, value in values.items())
        (self.folder / f"task-{number:02}" / "answer.toml").write_text(told, encoding="utf-8")


@pytest.fixture(scope="module")
def student(
    databases: Databases, sample_template: str, settings: Settings, home: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Student]:
    database = databases.fresh(sample_template)
    addresses = databases.with_logins(database)
    with ExitStack() as stack:
        patch = stack.enter_context(pytest.MonkeyPatch.context())
        patch.setenv("GIS_HOME", str(home))
        patch.setenv("GIS_DATABASE_URL", database.url.render_as_string(hide_password=False))
        client = stack.enter_context(client_of(addresses, settings, key=new_key(database)))
        yield Student(database, databases, client, tmp_path_factory.mktemp("tour"))
    databases.drop(database)


def test_there_are_twelve_and_each_says_why_what_and_what_to_hand_in() -> None:
    listed = tasks()
    assert [title.split(".")[0] for title, _ in listed] == [str(n) for n in range(1, 13)]
    assert all(re.findall(r"^\*\*(.+)\.\*\*", body, re.M) == ["Why", "Do", "Hand in"]
               for _, body in listed)


def test_1_2_what_is_read_on_the_map_and_from_files(student: Student) -> None:
    student.task(1)
    way = student.ask("trace", {"office": "KSI-O-070"})
    names = [each["properties"]["name"] for each in way["features"]]
    student.answer(1, links=[*names, "Nyanchwa"], route_length_m=round(way["route_length_m"]))
    assert student.check(1) == ["Not on the way: Nyanchwa."]
    student.answer(1, links=names[::-1], route_length_m=round(way["route_length_m"]))
    assert student.check(1) == []

    folder = student.task(2)
    assert "EPSG:21036" in student.done("inspect", folder / "clinics.csv")
    assert "its two axes swapped" in student.done("inspect", folder / "market.kml")
    student.answer(2, clinics_crs="EPSG:32736", market_fault="swapped")
    assert len(student.check(2)) == 1
    student.answer(2, clinics_crs="EPSG:21036", market_fault="swapped")
    assert student.check(2) == []


def test_3_4_what_is_loaded_stands_where_it_is(student: Student) -> None:
    clinics = student.task(3) / "clinics.csv"
    given = ("--collection", "offices", "--network", "kisii", "--map", "Facility no=external_id",
             "--map", "Facility name=name", "--map", "Type=office_type",
             "--set", "connection=unknown", "--set", "theme=citizenSatisfaction")
    student.done("load", clinics, *given, "--crs", "EPSG:32736")
    assert all("m from where it is" in each for each in student.check(3))
    student.done("load", clinics, *given, "--crs", "EPSG:21036")
    assert student.check(3) == []

    folder = student.task(4)
    schools = folder / "schools.csv"
    student.gis("load", schools, "--collection", "offices", "--network", "kisii",
                "--accept-partial", "--report", folder / "fix.gpkg")
    assert sorted(each[:8] for each in student.check(4)) == ["TOUR-402", "TOUR-404", "TOUR-406"]
    with schools.open(newline="") as file:
        head, *rows = csv.reader(file)
    for row in rows:
        row[1] = row[1] or "Mosocho Primary School"
        row[2] = "education"
        row[6] = row[6] if row[6].startswith("-") else f"-{row[6]}"
    with schools.open("w", newline="") as file:
        csv.writer(file).writerows([head, *rows])
    student.done("load", schools, "--collection", "offices", "--network", "kisii")
    assert student.check(4) == []


def test_5_9_what_is_recorded_and_published(student: Student) -> None:
    student.task(5)
    device = first(student.client, "equipment", external_id="KSI-FWL-0001")
    now = datetime.now(UTC)
    for ago, left in ((timedelta(0), 1), (timedelta(minutes=5), 0)):
        work = operation("work", target={"collection": "equipment", "id": device["id"]},
                         values={"kind": "inspection", "result": "passed"},
                         made_at=(now - ago).isoformat())
        assert send(student.client, work)[0]["outcome"] == "applied"
        assert len(student.check(5)) == left

    student.task(9)
    office = first(student.client, "offices", external_id="KSI-O-012")["id"]
    form = {"note": "", "collection": "offices", "id": office, "visibility": "staff"}
    assert student.client.post("/publish", data={"note": "too early"}).status_code == 303
    assert student.client.post("/publish/visibility", data=form).status_code == 303
    assert len(student.check(9)) == 1
    assert student.client.post("/publish", data={"note": ""}).status_code == 303
    assert student.check(9) == []


def test_6_7_8_what_the_network_is_asked(student: Student) -> None:
    def looked() -> Result:
        return student.gis("tour", "check", 6, "--folder", student.folder)

    started = student.done("tour", "start", 6, "--folder", student.folder)
    assert "answer.toml" in started
    assert looked().exit_code == 1
    dark = student.ask("outage-impact", {"links": "KSI-L-020"})
    for more in (1, 0):
        student.answer(6, offices=dark["cut_offices"], people=dark["cut_beneficiaries"],
                       nodes=dark["nodes_dark"] + more)
        result = looked()
        assert (result.exit_code, result.output.count("missing")) == (more, more)
    assert result.output == "Done: 6. Trace, and an outage\n"

    student.task(7)
    student.answer(7, connected=2, unconnected=3, unknown=0, share_connected=40)
    assert len(student.check(7)) == 3, "what is not known is not unconnected"
    student.answer(7, connected=2, unconnected=2, unknown=1, share_connected=50)
    assert student.check(7) == []

    student.task(8)
    student.ask("propose-connections", {"name": "Tour", "budget_kes": 20_000_000})
    assert student.check(8) == []


def test_10_12_what_is_taken_away(student: Student) -> None:
    folder = student.task(10)
    student.done("export", "--network", "kisii", "--out", folder / "kisii.json")
    student.gis("quality", folder / "kisii.json", "--json", folder / "quality.json")
    assert len(student.check(10)) == 3
    report = json.loads((folder / "quality.json").read_text())
    often = max(report["counts"], key=lambda each: each["count"])
    student.answer(10, warnings=report["totals"]["warning"], informations=report["totals"]["info"],
                   most_frequent=often["rule"])
    assert student.check(10) == []

    folder = student.task(12)
    asked = "connection = 'unconnected' AND theme = 'citizenSatisfaction'"
    for extra, missing in (("", 1), (" AND distance_m(geometry, POINT(34.77 -0.68)) < 12000", 0)):
        found = student.client.get(
            "/collections/offices/items", params={"filter": asked + extra, "limit": 100}
        )
        (folder / "offices.geojson").write_bytes(found.content)
        assert len(student.check(12)) == missing


def test_11_what_was_broken_stands_elsewhere(
    student: Student, settings: Settings, tmp_path: Path
) -> None:
    folder = student.task(11)
    backup = folder / "backup.tar"
    student.done("backup", "--out", backup)
    assert len(student.check(11)) == 3, "not proven, nothing broken, no other place"
    write_proof(backup, open_backup(backup).manifest, sha256=file_sha256(backup), seconds=1)
    office = first(student.client, "offices", external_id="KSI-O-099")["id"]
    assert student.client.delete(f"/collections/offices/items/{office}").status_code == 204
    here = student.database.url.render_as_string(hide_password=False)
    student.answer(11, restored=here)
    assert len(student.check(11)) == 1, "restored over what is broken"
    student.databases.cluster.ensure_database("gis_empty", owner=OWNER)
    other = student.databases.fresh("gis_empty")
    there = other.url.render_as_string(hide_password=False)
    home = settings.model_copy(update={"home": tmp_path})
    restore_backup(open_backup(backup), other, home)
    student.answer(11, restored=there)
    assert student.check(11) == []
    student.databases.drop(other)


@pytest.mark.parametrize("number", [3, 12])
def test_a_real_network_is_left_alone(student: Student, number: int) -> None:
    """Last of all: a real network is here from now on."""
    with student.database.begin() as connection:
        connection.execute(text("UPDATE gis.networks SET synthetic = false"))
    for command in ("start", "check"):
        refused = student.gis("tour", command, number, "--folder", student.folder / "none")
        assert refused.exit_code == 1
        assert "is a real network" in refused.output
    assert not (student.folder / "none").exists()
