"""A load that went before is known: recorded without reading, and only where nothing changed."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event, text

from gis_service.model.collections import REGISTRY
from gis_service.model.reports import LoadReport
from gis_service.services import known_loads, load_storing
from gis_service.services.known_loads import Outset, depends_on, outset_of
from gis_service.services.load_requests import LoadRequest
from gis_service.services.loading import load_file
from gis_service.settings import Settings
from gis_service.store.database import Database

NETWORKS = (
    "external_id,name,extent,metric_srid,synthetic\n"
    'kisii,Test network,"[34.3, -1.2, 35.2, -0.3]",32736,true\n'
)
NODES = (
    "external_id,name,status,accuracy_m,lon,lat\n"
    "n1,Town,operational,3,34.77,-0.68\n"
    "n2,Suneka,planned,4,34.70,-0.67\n"
)
LINKS = (
    "external_id,name,status,start_node,end_node,geometry\n"
    'l1,Trunk,operational,n1,n2,"LINESTRING (34.77 -0.68, 34.7002 -0.67)"\n'
)
OFFICES = (
    "external_id,name,office_type,connection,served_by,lon,lat\n"
    "o1,Ward office,ward,connected,n1,34.70,-0.67\n"
)
KNOWN = "so it was not read again"


class Place:
    """A database with one network of two nodes, a link and an office, loaded from files."""

    def __init__(self, database: Database, settings: Settings, folder: Path) -> None:
        self.database, self.settings, self.folder = database, settings, folder
        self.read: dict[str, set[str]] = {}

    def file(self, collection: str, content: str) -> Path:
        path = self.folder / f"{collection}.csv"
        path.write_text(content)
        return path

    def load(self, collection: str, content: str, **options: Any) -> LoadReport:
        watch = options.pop("watch", None)
        request = LoadRequest(self.file(collection, content), collection, **options)
        with self.tables() as read:
            report = load_file(self.database, self.settings, request, watch=watch)
        self.read.setdefault(collection, set()).update(read)
        return report

    def run(self, statement: str) -> None:
        with self.database.begin() as connection:
            connection.execute(text(statement))

    def value(self, statement: str) -> Any:
        with self.database.begin() as connection:
            return connection.scalar(text(statement))

    def outset(self, request: LoadRequest, settings: Settings | None = None) -> Outset | None:
        with self.database.begin() as connection:
            network = connection.scalar(text("SELECT id FROM gis.networks"))
            return outset_of(
                connection, settings or self.settings, request, REGISTRY[request.collection],
                network,
            )

    @contextmanager
    def tables(self) -> Iterator[set[str]]:
        """The collections that statements read meanwhile."""
        found: set[str] = set()

        def note(_c: Any, _k: Any, statement: str, *_: Any) -> None:
            found.update(set(re.findall(r"\bgis\.(\w+)", statement)) & set(REGISTRY))

        event.listen(self.database.engine, "before_cursor_execute", note)
        try:
            yield found
        finally:
            event.remove(self.database.engine, "before_cursor_execute", note)


@pytest.fixture
def place(database: Database, settings: Settings, tmp_path: Path) -> Place:
    place = Place(database, settings, tmp_path)
    place.load("networks", NETWORKS)
    place.load("network_nodes", NODES)
    return place


def is_known(report: LoadReport) -> bool:
    return any(KNOWN in note for note in report.notes)


def counts(report: LoadReport) -> tuple[int, int, int]:
    return report.inserted, report.updated, report.unchanged


def test_the_same_load_is_known_until_what_it_reads_changes(place: Place) -> None:
    place.load("offices", OFFICES)
    first = place.load("fibre_links", LINKS)
    assert {c for c, read in place.read.items() if read - depends_on(REGISTRY[c])} == set()
    assert place.read["fibre_links"] >= {"networks", "network_nodes", "wards", "fibre_links"}
    assert {fault.rule for fault in first.warnings} == {"end-near-node"}
    again = place.load("fibre_links", LINKS)
    assert is_known(again)
    assert counts(again) == (0, 0, 1)
    assert again.faults == first.faults
    assert again.load_id != first.load_id
    assert place.value(f"SELECT sha256 FROM internal.loads WHERE id = '{again.load_id}'")
    # offices came after the nodes, and where they are could make the nodes' CRS doubtful
    assert not is_known(place.load("network_nodes", NODES))
    assert is_known(place.load("network_nodes", NODES))

    place.run("UPDATE gis.fibre_links SET name = 'Another', version = version + 1")
    changed = place.load("fibre_links", LINKS)
    assert (is_known(changed), counts(changed)) == (False, (0, 1, 0))
    assert is_known(place.load("fibre_links", LINKS))
    place.run(
        "UPDATE gis.network_nodes SET geom = ST_Translate(geom, 0.001, 0), version = version + 1 "
        "WHERE external_id = 'n1'"
    )
    moved = place.load("fibre_links", LINKS)
    assert not is_known(moved)
    assert {fault.rule for fault in moved.warnings} == {"end-near-node", "end-far-from-node"}


def test_a_file_of_more_warnings_than_are_kept_is_known_too(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(load_storing, "MOST_FAULTS_KEPT", 1)
    links = LINKS + LINKS.splitlines()[1].replace("l1", "l2") + "\n"
    first = place.load("fibre_links", links)
    assert len(first.faults) > 1
    for _ in range(2):
        again = place.load("fibre_links", links)
        assert is_known(again)
        assert tuple(again.faults) == tuple(first.faults[:1])
        assert again.faults_found == len(first.faults)
        told = [note for note in again.notes if note.startswith("Only the first 1 of")]
        assert len(told) == 1


def test_what_else_makes_another_load(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    request = LoadRequest(place.file("fibre_links", LINKS), "fibre_links")
    outset = place.outset(request)
    assert outset is not None
    same = place.outset(request)
    assert same is not None
    assert same.sum == outset.sum
    others = [
        replace(request, snap_m=2.0), replace(request, mapping={"name": "extra"}),
        replace(request, constants={"medium": "fibre"}), replace(request, accept_codes=True),
        replace(request, codes={"status": {"LIVE": "operational"}}),
        replace(request, multi="split"), replace(request, make_ids=True),
        replace(request, name="another.csv"),
        replace(request, accept_partial=True), replace(request, crs="EPSG:4326"),
    ]  # fmt: skip
    sums = [place.outset(other) for other in others]
    sums.append(place.outset(request, place.settings.model_copy(update={"max_vertices": 7})))
    place.file("fibre_links", LINKS.replace("Trunk", "trunk"))
    sums.append(place.outset(request))
    place.file("fibre_links", LINKS)
    monkeypatch.setattr(known_loads, "program_sha256", lambda: "a newer one")
    sums.append(place.outset(request))
    monkeypatch.undo()
    place.run("INSERT INTO gis.organisations (external_id, name, network_id) "
              "SELECT 'a', 'A', id FROM gis.networks")
    sums.append(place.outset(request))
    found = {each.sum for each in sums if each is not None}
    assert len(found) == len(others) + 4
    assert outset.sum not in found
    for never in ({"dry_run": True}, {"sync": True}, {"create_nodes": True},
                  {"rejects": place.folder / "rejects.gpkg"}):
        assert place.outset(replace(request, **never)) is None


def test_a_change_by_another_meanwhile_leaves_the_load_unknown(place: Place) -> None:
    def meanwhile(_stored: Any) -> None:
        place.run("UPDATE gis.networks SET name = name || '!', version = version + 1")

    place.load("fibre_links", LINKS, watch=meanwhile)
    assert place.value("SELECT outset FROM internal.loads WHERE collection = 'fibre_links'") is None
    assert not is_known(place.load("fibre_links", LINKS))
    assert not is_known(place.load("fibre_links", LINKS, watch=lambda _stored: None))


def test_rows_at_fault_are_looked_at_again(place: Place) -> None:
    broken = NODES + "n3,Nowhere,running,5,34.7,-0.6\n"
    for inserted in (0, 0):
        report = place.load("network_nodes", broken, accept_partial=True)
        assert (report.inserted, report.rejected, is_known(report)) == (inserted, 1, False)
