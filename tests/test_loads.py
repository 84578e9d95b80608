"""Loading over HTTP: sent, looked at, tried, confirmed, undone, by a worker that may be killed."""

from __future__ import annotations

import asyncio
import io
import json
import os
import re
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import geopandas as gpd
import pytest
from sqlalchemy import text
from starlette.requests import Request

from gis_service.model.audience import Audience
from gis_service.model.rules import RULES
from gis_service.printing import load_report
from gis_service.services import upload_jobs
from gis_service.services.mappings import read_mapping
from gis_service.services.received import Arrival, UploadTooLarge, plain_name, received
from gis_service.services.upload_sweep import sweep_uploads
from gis_service.services.worker import Worker
from gis_service.settings import Settings
from gis_service.store.database import Database
from gis_service.store.roles import Login
from gis_service.web import loads
from gis_service.web.loader_sentences import in_kiswahili
from gis_service.web.page_words import spoken
from gis_service.web.receiving import receive
from tests.conftest import ROOT, Databases, client_of, new_key
from tests.hostile_files import FAULTY, REFUSED, SECRET
from tests.ofds_packages import crooked

HEADER = "external_id,Facility name,kind,state,lon,lat\n"
GOOD = (
    "F1,Nyanchwa Dispensary,health,connected,34.7701,-0.6812\n"
    "F2,Mwembe Clinic,health,unconnected,34.7810,-0.6900\n"
)
BAD = "F3,Far away,health,unknown,12.0,51.0\nF4,Odd,health,perhaps,34.7650,-0.6750\n"
CHOICE = {
    "collection": "offices", "network": "kisii",
    "columns": {"Facility name": "name", "kind": "office_type", "state": "connection"},
}


class Desk:
    """A planner's client, and the worker of its service."""

    def __init__(
        self, client: Any, database: Database, loader: Database, settings: Settings,
        worker: Callable[[], None],
    ) -> None:
        self.client = client
        self.database = database
        self.loader = loader
        self.settings = settings
        self.work = worker

    @property
    def folder(self) -> Path:
        return self.settings.home

    def send(self, name: str, content: bytes | str) -> Any:
        data = content.encode() if isinstance(content, str) else content
        return self.client.post("/loads", files={"file": (name, data)})

    def looked_at(self, name: str, content: bytes | str) -> dict[str, Any]:
        sent = self.send(name, content)
        assert sent.status_code == 201, sent.text
        self.work()
        return self.one(sent.json()["loads"][0]["id"])

    def tried(self, id_: str, **changed: Any) -> dict[str, Any]:
        answer = self.client.post(f"/loads/{id_}/trial", json=CHOICE | changed)
        assert answer.status_code == 202, answer.text
        self.work()
        return self.one(id_)

    def tried_package(self, id_: str, **chosen: Any) -> dict[str, Any]:
        answer = self.client.post(f"/loads/{id_}/trial", json=chosen)
        assert answer.status_code == 202, answer.text
        self.work()
        return self.one(id_)

    def one(self, id_: str) -> dict[str, Any]:
        answer = self.client.get(f"/loads/{id_}")
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found

    def confirm(self, found: dict[str, Any], **more: Any) -> Any:
        return self.client.post(
            f"/loads/{found['id']}/confirm", json={"trial": found["trial"]["id"], **more}
        )

    def scalar(self, statement: str, **values: Any) -> Any:
        with self.database.begin() as connection:
            return connection.scalar(text(statement), values)

    def offices(self) -> int:
        return int(self.scalar("SELECT count(*) FROM gis.offices WHERE external_id LIKE 'F_'"))

    def kept(self) -> list[str]:
        folder = received(self.settings)
        return sorted(path.name for path in folder.iterdir()) if folder.is_dir() else []


@pytest.fixture(scope="module")
def desk(
    databases: Databases, sample_template: str, settings: Settings,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Desk]:
    database = databases.fresh(sample_template)
    addresses = databases.with_logins(database)
    own = settings.model_copy(update={"home": tmp_path_factory.mktemp("home"), "max_file_mb": 1})
    (own.home / "secrets.json").symlink_to(settings.home / "secrets.json")

    loader = Database.at(addresses.logins[Login.LOADER])
    with client_of(addresses, own, key=new_key(database)) as client:
        work = lambda: Worker(own, addresses.logins).run(until_idle=True)  # noqa: E731
        yield Desk(client, database, loader, own, work)
    databases.drop(database)


def test_a_file_goes_the_whole_way_and_back(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = desk.looked_at("clinics.csv", HEADER + GOOD + BAD)
    assert found["state"] == "inspected"
    layer = found["inspection"]["inspected"][0]
    assert layer["chosen"]["collection"] == "offices"
    assert {f["column"]: f["field"] for f in layer["chosen"]["fields"]}["Facility name"] == "name"
    (folder,) = received(desk.settings).iterdir()
    (file,) = folder.iterdir()
    assert (folder.name, file.name) == (found["id"], "clinics.csv")
    assert [oct(path.stat().st_mode)[-3:] for path in (folder, file)] == ["700", "600"]

    found = desk.tried(found["id"])
    assert found["state"] == "tried"
    report = found["trial"]["report"]
    assert (report["inserted"], report["rejected"], report["dry_run"]) == (2, 2, True)
    assert desk.offices() == 0, "a trial changes nothing"
    shapes = desk.client.get(f"/loads/{found['id']}/rows.geojson").json()["features"]
    assert sorted((s["properties"]["row"], s["properties"]["outcome"]) for s in shapes) == [
        (1, "new"), (2, "new"), (3, "refused"), (4, "refused"),
    ]
    assert shapes[2]["properties"]["key"] == "F3"
    page = desk.client.get(f"/loads/{found['id']}?f=html&outcome=refused").text
    rows = page[page.index("rows-table"):page.index("</table>", page.index("rows-table"))]
    assert ("Odd" in rows, "Mwembe" in rows) == (True, False)

    at = f"/loads/{found['id']}"
    swahili = RULES["unknown-code"]
    said = f"{swahili.title.sw}. {swahili.remedy.sw}"
    page = desk.client.get(f"{at}/report.html?lang=sw").text
    assert ("perhaps" in page, said in page, "/rules?lang=sw#unknown-code" in page) == (True,) * 3
    assert said in desk.client.get(f"{at}?f=html&lang=sw&outcome=refused").text
    assert swahili.title.sw in desk.client.get(f"{at}/report.csv?lang=sw").text
    assert desk.client.get(f"{at}/report.json").json()["rejected"] == 2
    csv = desk.client.get(f"{at}/report.csv").text
    assert "unknown-code" in csv
    with monkeypatch.context() as few:
        few.setattr(upload_jobs, "MOST_ROWS", 1)
        few.setattr(loads, "MOST_ROWS", 1)
        few.setattr(load_report, "_AT_ONCE", 1)
        found = desk.tried(found["id"])
        assert desk.client.get(f"{at}/report.csv").text == csv
        whole = desk.client.get(f"{at}/report.json").json()
        assert len(whole["faults"]) == whole["faults_found"] == len(csv.splitlines()) - 1 > 1
    rejected = desk.folder / "rejected.gpkg"
    rejected.write_bytes(desk.client.get(f"{at}/rejected.gpkg").content)
    rejects = gpd.read_file(rejected)
    assert sorted(rejects["external_id"]) == ["F3", "F4"]

    assert desk.confirm(found).status_code == 202
    assert desk.confirm(found).status_code == 202, "a second click"
    desk.work()
    found = desk.one(found["id"])
    assert (found["state"], found["report"]["inserted"], desk.offices()) == ("loaded", 2, 2)
    assert desk.confirm(found).status_code == 202
    desk.work()
    of = desk.scalar("SELECT count(*) FROM internal.loads WHERE source = 'clinics.csv'")
    assert of == 1, "loaded once"

    load = next(e for e in desk.client.get("/loads").json()["loads"] if e["mine"])
    assert (load["id"], load["counts"]["inserted"]) == (found["load"], 2)
    for _ in range(2):
        assert desk.client.post(f"/loads/{load['id']}/undo").status_code == 202
    desk.work()
    assert desk.offices() == 0
    assert desk.one(load["id"])["undone"] is True
    assert desk.client.post(f"/loads/{load['id']}/undo").status_code == 409


def test_what_was_confirmed_is_what_is_loaded_or_nothing(desk: Desk) -> None:
    found = desk.tried(desk.looked_at("two.csv", HEADER + GOOD)["id"])
    another = {"trial": str(uuid4())}
    refused = desk.client.post(f"/loads/{found['id']}/confirm", json=another)
    assert (refused.status_code, "changed meanwhile" in refused.text) == (409, True)

    other = desk.tried(desk.looked_at("one.csv", HEADER + GOOD.splitlines()[0])["id"])
    assert desk.confirm(other).status_code == 202
    desk.work()
    assert desk.offices() == 1
    assert desk.confirm(found).status_code == 202
    desk.work()
    found = desk.one(found["id"])
    assert (found["state"], desk.offices()) == ("failed", 1)
    assert "changed since" in found["job"]["message"]
    assert (found["report"]["inserted"], found["report"]["unchanged"]) == (1, 1)
    assert "Check again" in desk.client.get(f"/loads/{found['id']}?f=html").text
    assert desk.client.post(f"/loads/{found['id']}/again").status_code == 202
    desk.work()
    found = desk.one(found["id"])
    assert desk.confirm(found).status_code == 202
    (file,) = (received(desk.settings) / found["id"]).iterdir()
    before = file.read_bytes()
    file.write_bytes(before.replace(b"Mwembe", b"Mwembo"))
    desk.work()
    found = desk.one(found["id"])
    assert (found["state"], "not the one that was shown" in found["job"]["message"]) == (
        "failed", True
    )
    file.write_bytes(before)
    assert desk.confirm(found).status_code == 202
    desk.work()
    assert desk.offices() == 2
    with desk.database.begin() as connection:
        connection.execute(text("DELETE FROM gis.offices WHERE external_id LIKE 'F_'"))


def test_what_the_file_lacks_is_marked_after_a_yes_to_the_number(desk: Desk) -> None:
    rows = "".join(
        f"{key},N,planned,34.77,-0.68\n" for key in ("T1", "T2")
    )
    found = desk.looked_at("nodes.csv", "external_id,name,status,lon,lat\n" + rows)
    found = desk.tried(found["id"], collection="network_nodes", columns={}, sync=True)
    count = found["trial"]["report"]["decommissioned"]
    assert count == desk.scalar(
        "SELECT count(*) FROM gis.network_nodes WHERE status <> 'decommissioned' AND network_id ="
        " (SELECT id FROM gis.networks WHERE external_id = 'kisii')"
    )
    page = desk.client.get(f"/loads/{found['id']}?f=html&outcome=absent")
    assert page.text.count('class="became"') == 50
    for yes in ({}, {"decommission": 1}):
        assert desk.confirm(found, **yes).status_code == 400
    desk.client.post(f"/loads/{found['id']}/discard")
    assert found["id"] not in desk.kept()


@pytest.mark.parametrize(("name", "content", "says"), [
    ("page.html", b"<!doctype html><p>", "XML that is neither"),
    ("empty.csv", b"", "empty"),
    ("large.csv", b"a,b\n" * 300_000, "larger than 1 MB"),
    ("program.exe", b"MZ\x90\x00\x03\x00\x00\x00\x04", "no known format"),
])
def test_what_is_no_file_of_ours_is_refused_and_leaves_nothing(
    desk: Desk, name: str, content: bytes, says: str
) -> None:
    before = desk.kept()
    answer = desk.send(name, content)
    assert (answer.status_code, says in answer.json()["detail"]) == (400, True), answer.text
    assert desk.kept() == before


def test_hostile_files_are_told_at_the_door_and_taken_away(desk: Desk, tmp_path: Path) -> None:
    """All are sent; of those that a worker refuses, it looks at one of each of some kinds."""
    before = desk.kept()
    waiting = {}
    looked_at = {"2", "9", "16", "27", "29", "31", "34", "67"}
    for number, hostile in enumerate(REFUSED):
        file = hostile.at(tmp_path / str(number))
        answer = desk.send(f"../../{hostile.name}", file.read_bytes())
        assert SECRET not in answer.text
        if answer.status_code == 201:
            (sent,) = answer.json()["loads"]
            assert Path(sent["source"]).stem == Path(hostile.name).stem
            if os.environ.get("ALL_HOSTILE") or hostile.case not in looked_at:
                waiting[sent["id"]] = hostile
            else:
                for step in ("cancel", "discard"):
                    assert desk.client.post(f"/loads/{sent['id']}/{step}").status_code == 202
            looked_at.add(hostile.case)
        else:
            assert answer.status_code == 400, str(hostile)
            assert re.search(hostile.said, answer.json()["detail"]), (str(hostile), answer.text)
    assert len(waiting) > 5
    desk.work()
    kept = set(desk.kept()) - set(before)
    for id_, hostile in waiting.items():
        found = desk.one(id_)
        assert found["state"] == "unreadable", str(hostile)
        said = hostile.said if found["source"] == hostile.name else "damaged"  # a lone .shp
        assert re.search(said, found["job"]["message"]), (str(hostile), found["job"])
        assert SECRET not in found["job"]["message"]
        assert str(desk.folder) not in found["job"]["message"]
        assert in_kiswahili(found["job"]["message"]), found["job"]["message"]
        assert (id_ in kept) == ("--encoding" in found["job"]["message"]), "it may be named"


def test_rows_at_fault_are_told_at_the_door_and_not_loaded(desk: Desk, tmp_path: Path) -> None:
    """One of each kind of fault, since each costs two processes; all with ALL_HOSTILE."""
    chosen, rules = [], set()
    for hostile in FAULTY:
        if os.environ.get("ALL_HOSTILE") or hostile.said not in rules:
            chosen.append(hostile)
            rules.add(hostile.said)
    sent = {}
    for number, hostile in enumerate(chosen):
        file = hostile.at(tmp_path / str(number))
        answer = desk.send(hostile.name, file.read_bytes())
        assert answer.status_code == 201, (str(hostile), answer.text)
        sent[answer.json()["loads"][0]["id"]] = hostile
    desk.work()
    for id_, hostile in sent.items():
        assert desk.one(id_)["state"] == "inspected", str(hostile)
        keyless = {"make_ids": True} if hostile.name.endswith(".gpkg") else {}
        plane = {"crs": "EPSG:4326"} if hostile.name.endswith(".csv") else {}
        answer = desk.client.post(f"/loads/{id_}/trial", json={
            "collection": "offices", "network": "kisii", **keyless, **plane,
            "constants": {"office_type": "health", "connection": "unknown"},
        })
        assert answer.status_code == 202, (str(hostile), answer.text)
    desk.work()
    for id_, hostile in sent.items():
        found = desk.one(id_)
        assert found["state"] == "tried", (str(hostile), found["job"]["message"])
        report = found["trial"]["report"]
        assert hostile.said in {fault["rule"] for fault in report["faults"]}, str(hostile)
        assert (report["rejected"], report["inserted"]) == (report["read"], 0), str(hostile)
        page = desk.client.get(f"/loads/{id_}?f=html&outcome=refused")
        assert (page.status_code, f"#{hostile.said}" in page.text) == (200, True), str(hostile)
        assert desk.client.post(f"/loads/{id_}/discard").status_code == 202


def test_forms_that_break_off_or_lie_leave_nothing(desk: Desk) -> None:
    before = desk.kept()
    head = b'--x\r\nContent-Disposition: form-data; name="file"; filename="a.csv"\r\n\r\n'
    whole = head + b"a,b\r\n"
    field = b'--x\r\nContent-Disposition: form-data; name="crs"\r\n\r\nEPSG:4326\r\n'
    form = "multipart/form-data; boundary=x"
    sent = []

    async def endless() -> dict[str, Any]:
        """Chunked: nobody says how long it is."""
        sent.append(b"a,b\r\n" * 20_000 if sent else head)
        assert sum(map(len, sent)) < 4_000_000, "it is read beyond twice the limit"
        return {"type": "http.request", "body": sent[-1], "more_body": True}

    scope = {"type": "http", "method": "POST", "headers": [(b"content-type", form.encode())]}
    with Arrival(desk.settings) as arrival, pytest.raises(UploadTooLarge, match="than 1 MB"):
        asyncio.run(receive(Request(scope, endless), arrival))
    for body, kind in (
        (field + field + whole + b"--x--\r\n", form),
        (whole, "multipart/form-data; boundary=x"),
        (whole + b"--x--\r\n", "multipart/form-data"),
        (b"--x--\r\n", "multipart/form-data; boundary=x"),
        (b"--x\r\nContent-Disposition: nothing\r\n\r\n--x--", "multipart/form-data; boundary=x"),
        (b"a" * 9_000, "multipart/form-data; boundary=x"),
        (b"file=x", "application/x-www-form-urlencoded"),
    ):
        answer = desk.client.post("/loads", content=body, headers={"content-type": kind})
        assert answer.status_code == 400, body
    assert desk.kept() == before
    lying = head.replace(
        b'filename="a.csv"', b"filename*=utf-8''..%2f..%2fetc%2fpasswd.csv"
    ).replace(b"\r\n\r\n", b"\r\nContent-Type: image/png\r\n\r\n")
    answer = desk.client.post(
        "/loads", content=lying + b"a,b\r\n1,2\r\n--x--\r\n", headers={"content-type": form}
    )
    (taken,) = answer.json()["loads"]
    assert taken["source"] == "passwd.csv", "the content decides, and a name is only a name"
    desk.client.post(f"/loads/{taken['id']}/cancel")
    desk.client.post(f"/loads/{taken['id']}/discard")


def test_parts_of_a_shapefile_become_one_file(desk: Desk, tmp_path: Path) -> None:
    frame = gpd.GeoDataFrame(
        {"key": ["S1"], "name": ["Pole"]},
        geometry=gpd.points_from_xy([34.77], [-0.68]), crs="EPSG:4326",
    )
    frame.to_file(tmp_path / "poles.shp")
    parts = [
        ("file", (path.name, path.read_bytes())) for path in sorted(tmp_path.glob("poles.*"))
        if path.suffix in {".shp", ".dbf", ".shx"}
    ]
    (sent,) = desk.client.post("/loads", files=parts).json()["loads"]
    assert sent["source"] == "poles.zip"
    desk.work()
    found = desk.one(sent["id"])
    where = found["inspection"]["inspected"][0]["whereabouts"]
    assert (where["crs"], where["candidates"][0]["inside"]) == ("", 1)
    page = desk.client.get(f"/loads/{found['id']}?f=html").text
    assert 'name="crs" value="EPSG:4326" required>' in page, "offered, and not chosen"


def test_a_package_shows_its_rows_is_synchronised_and_taken_back(desk: Desk) -> None:
    """Of the crooked package, 8 objects are set aside; without node B, its span is too."""
    package = crooked()
    found = desk.looked_at("county.json", json.dumps(package))
    assert found["inspection"]["networks"][0]["counts"]["nodes"] == 11
    found = desk.tried_package(found["id"], network="county", read_only=True)
    assert found["state"] == "tried", found["job"]
    report = found["trial"]["report"]
    assert report["read"] == report["inserted"] + report["set_aside"]
    at = f"/loads/{found['id']}"
    shapes = [s["properties"] for s in desk.client.get(f"{at}/rows.geojson").json()["features"]]
    outcomes = {(s["collection"], s["key"]): s["outcome"] for s in shapes}
    assert outcomes["network_nodes", "A"] == outcomes["fibre_links", "A-B"] == "new"
    assert outcomes["fibre_links", "out"] == "aside", "on the map, though it ends elsewhere"
    page = desk.client.get(f"{at}?f=html&outcome=aside").text
    assert page.count('class="became"') == report["set_aside"] == 8
    assert "another-network-7" in page
    assert 'href="/rules#end-off-node"' in page

    assert desk.confirm(found).status_code == 202
    desk.work()
    assert desk.one(found["id"])["state"] == "loaded"
    smaller = json.loads(json.dumps(package))
    (network,) = smaller["networks"]
    network["nodes"] = [n for n in network["nodes"] if isinstance(n, dict) and n.get("id") == "A"]
    network["spans"] = []
    second = desk.looked_at("smaller.json", json.dumps(smaller))
    second = desk.tried_package(second["id"], network="county", sync=True)
    gone = second["trial"]["report"]["decommissioned"]
    page = desk.client.get(f"/loads/{second['id']}?f=html&outcome=absent").text
    assert page.count('class="became"') == gone == 6
    assert desk.confirm(second).status_code == 400
    assert desk.confirm(second, decommission=gone).status_code == 202
    desk.work()
    second = desk.one(second["id"])
    assert (second["state"], second["report"]["decommissioned"]) == ("loaded", gone)
    dead = (
        "SELECT count(*) FROM gis.network_nodes WHERE status = 'decommissioned' AND network_id = "
        "(SELECT id FROM gis.networks WHERE external_id = 'county')"
    )
    assert desk.scalar(dead) == 4
    desk.client.post(f"/loads/{second['load']}/undo")
    desk.work()
    assert desk.scalar(dead) == 0


def test_loose_files_of_a_package_and_of_tables_become_one_each(desk: Desk) -> None:
    parts = [("file", (f"x_{name}.geojson", json.dumps({
        "type": "FeatureCollection", "features": [
            {"type": "Feature", "geometry": {"type": "Point", "coordinates": [34.77, -0.68]},
             "properties": {"featureType": name[:-1], "id": "n1", "network": {"id": "net"}}}
        ] if name == "nodes" else [],
    }).encode())) for name in ("nodes", "spans")]
    (sent,) = desk.client.post("/loads", files=parts).json()["loads"]
    tables = io.BytesIO()
    with zipfile.ZipFile(tables, "w") as archive:
        archive.writestr("a.csv", HEADER + GOOD)
        archive.writestr("b.csv", "x,y\n1,2\n")
    (loose,) = desk.send("t.zip", tables.getvalue()).json()["loads"]
    desk.work()
    package = desk.one(sent["id"])["inspection"]
    assert (package["format"], package["networks"][0]["counts"]["nodes"]) == ("OFDS GeoJSON", 1)
    assert desk.one(loose["id"])["inspection"]["layers"] == ["a", "b"]


def test_to_others_there_is_nothing(desk: Desk) -> None:
    id_ = desk.send("a.csv", HEADER + GOOD).json()["loads"][0]["id"]
    key = new_key(desk.database, Audience.TECHNICIAN)
    for headers in ({}, {"Authorization": f"Bearer {key}"}):
        client = desk.client
        none = client.get("/nothing", headers={"Authorization": "", **headers})
        for path in ("/loads", f"/loads/{id_}", f"/loads/{id_}/report.json"):
            answer = client.get(path, headers={"Authorization": "", **headers})
            assert answer.status_code == none.status_code == 404
            assert answer.json()["detail"] == f"There is nothing at {path}."
        assert client.post("/loads", headers={"Authorization": "", **headers}).status_code == 404


def test_a_mapping_is_saved_as_the_command_line_reads_it(desk: Desk, tmp_path: Path) -> None:
    id_ = desk.looked_at("b.csv", HEADER + GOOD)["id"]
    chosen = CHOICE | {"constants": {"visibility": "staff"}, "codes": {"status": {"LIVE": "x"}}}
    answer = desk.client.post(f"/loads/{id_}/mapping.toml", json=chosen)
    file = tmp_path / "mapping.toml"
    file.write_bytes(answer.content)
    saved = read_mapping(file)
    assert (saved.collection, saved.columns) == ("offices", CHOICE["columns"])
    assert saved.codes == {"status": {"LIVE": "x"}}
    assert "LIVE" in desk.client.post(f"/loads/{id_}/mapping.toml", json=chosen).text
    for content, says in ((b"a = [", "no TOML"), (b"colour = 1", "that none has"),
                          (b"network = 'kisii'", "choose a collection")):
        refused = desk.client.post(f"/loads/{id_}/mapping", files={"file": ("m.toml", content)})
        assert (refused.status_code, says in refused.text) == (400, True), refused.text
    mine = """collection = "offices"
network = "kisii"
[columns]
"Facility name" = "name"
"Simu" = "extra"
[constants]
visibility = "staff"
"""
    sent = desk.client.post(f"/loads/{id_}/mapping", files={"file": ("mine.toml", mine.encode())})
    assert sent.status_code == 202, sent.text
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as made:
        made.writestr("survey/b.csv", HEADER + GOOD)
    both = [("file", ("b.zip", archive.getvalue())), ("file", ("mine.toml", mine.encode()))]
    (with_mapping,) = desk.client.post("/loads", files=both).json()["loads"]
    desk.work()
    for each in (id_, with_mapping["id"]):
        page = desk.client.get(f"/loads/{each}?f=html").text
        assert "The form is filled in from mine.toml." in page
        assert "this file does not have: Simu" in page
        form = page[page.index('id="set-visibility"'):]
        assert '<option value="staff" selected>' in form[:form.index("</select>")]
    unknown = desk.client.post(f"/loads/{id_}/trial", json={"collection": "offices", "x": 1})
    assert unknown.status_code == 400


def test_a_worker_that_is_killed_loads_once_all_the_same(desk: Desk) -> None:
    rows = "".join(
        f"K{n},N{n},health,unknown,{34.7 + n % 100 / 2000:.5f},{-0.6 - n // 100 / 2000:.5f}\n"
        for n in range(3_000)
    )
    found = desk.tried(desk.looked_at("many.csv", HEADER + rows)["id"])
    assert found["trial"]["report"]["inserted"] == 3_000
    page = desk.client.get(f"/loads/{found['id']}?f=html&page=60").text
    assert page.count('class="became"') == 50
    assert desk.confirm(found).status_code == 202
    environment = os.environ | {
        "GIS_DATABASE_URL": desk.database.url.render_as_string(hide_password=False),
        "GIS_HOME": str(desk.settings.home), "PYTHONPATH": str(ROOT),
    }
    process = subprocess.Popen(
        [sys.executable, "-m", "gis_service", "worker"], env=environment, stderr=subprocess.DEVNULL
    )
    try:
        deadline = time.monotonic() + 60
        while desk.one(found["id"])["job"]["done"] == 0:
            assert time.monotonic() < deadline
            assert desk.one(found["id"])["state"] == "loading"
            time.sleep(0.02)
    finally:
        process.kill()
        process.wait()
    with desk.database.begin() as connection:
        connection.execute(text(
            "UPDATE internal.jobs SET heartbeat_at = heartbeat_at - interval '21 s' "
            "WHERE state = 'running'"
        ))
    desk.work()
    found = desk.one(found["id"])
    assert (found["state"], found["report"]["inserted"]) == ("loaded", 3_000)
    loaded = "SELECT count(*) FROM internal.loads WHERE source = 'many.csv'"
    assert desk.scalar(loaded) == 1
    assert desk.scalar("SELECT count(*) FROM gis.offices WHERE external_id LIKE 'K%'") >= 3_000


def test_old_files_are_taken_away(desk: Desk) -> None:
    sent = desk.looked_at("old.csv", HEADER + GOOD)
    left = received(desk.settings) / "arriving-1"
    left.mkdir(mode=0o700)
    os.utime(left, (0, 0))
    with desk.loader.begin() as connection:
        sweep_uploads(desk.settings, connection)
    assert sent["id"] in desk.kept()
    assert not left.exists()
    with desk.database.begin() as connection:
        connection.execute(text(
            "UPDATE internal.uploads SET created_at = created_at - interval '15 days'"))
        connection.execute(text(
            "UPDATE internal.jobs SET finished_at = finished_at - interval '15 days'"))
    with desk.loader.begin() as connection:
        sweep_uploads(desk.settings, connection)
    assert desk.kept() == []
    assert desk.one(sent["id"])["state"] == "removed"


def test_names_are_names_and_words_are_those_of_the_page() -> None:
    assert plain_name("../../etc/passwd") == "passwd"
    assert plain_name("C:\\x\\Ofisi za Kisii (2).csv") == "Ofisi za Kisii (2).csv"
    assert plain_name("..") == "file"
    assert plain_name("é" * 300 + ".geojson").endswith(".geojson")
    assert len(plain_name("a" * 300 + ".csv")) <= 100
    assert spoken("Name it: --crs EPSG:32736, or map it (--map X=name).") == (
        "Name it: EPSG:32736, or map it."
    )
