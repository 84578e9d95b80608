"""Syncing, undoing and reporting loads, under the loader's own login."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import geopandas as gpd
import pytest
from click.testing import CliRunner
from shapely import LineString, Point
from sqlalchemy import text

from gis_service.cli.load import load
from gis_service.cli.load_reports import rejects_of, write_reports
from gis_service.errors import Conflict, InvalidInput, NotFound
from gis_service.model.reports import (
    LoadRejected,
    LoadReport,
    RowFault,
    Severity,
    SyncUnconfirmed,
)
from gis_service.printing.load_report import load_report_html
from gis_service.services.load_requests import LoadRequest
from gis_service.services.loading import load_file
from gis_service.services.syncing import ANY_NUMBER
from gis_service.services.undoing import undo_load
from gis_service.settings import Settings
from gis_service.store.database import Database
from gis_service.store.roles import Login
from tests.conftest import Databases

NETWORKS = (
    'external_id,name,extent,metric_srid,synthetic\n'
    'kisii,Kisii,"[34.3, -1.2, 35.2, -0.3]",32736,true\n'
    'nyamira,Nyamira,"[34.3, -1.2, 35.2, -0.3]",32736,true\n'
)
HEADER = "external_id,name,status,lon,lat\n"
ONE, TWO, THREE = (
    f"{n},Node {n},operational,34.7{n},-0.68\n" for n in (1, 2, 3)
)  # fmt: skip


class Loader:
    """Loads texts under the loader's login; reads as the owner."""

    def __init__(self, databases: Databases, settings: Settings, folder: Path) -> None:
        self.owner = databases.fresh("gis_migrated")
        logins = databases.with_logins(self.owner).logins
        self.database = Database.at(logins[Login.LOADER])
        self.settings = settings
        self.folder = folder

    def __call__(self, collection: str, content: str | Path, **options: Any) -> LoadReport:
        path = content if isinstance(content, Path) else self.folder / f"{collection}.csv"
        if isinstance(content, str):
            path.write_text(content)
        return load_file(self.database, self.settings, LoadRequest(path, collection, **options))

    def nodes(self, *rows: str, **options: Any) -> LoadReport:
        return self("network_nodes", HEADER + "".join(rows), network="kisii", **options)

    def rows(self, statement: str) -> list[Any]:
        with self.owner.begin() as connection:
            return [tuple(row) for row in connection.execute(text(statement))]

    def stored(self) -> list[Any]:
        return self.rows(
            "SELECT n.external_id, n.name, n.status, ST_AsText(n.geom), n.extra::text"
            " FROM gis.network_nodes n JOIN gis.networks w ON w.id = n.network_id"
            " WHERE w.external_id = 'kisii' ORDER BY 1"
        )

    def statuses(self) -> dict[str, str]:
        return {row[0]: row[2] for row in self.stored()}


@pytest.fixture(scope="module")
def loader(
    databases: Databases, settings: Settings, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Loader]:
    made = Loader(databases, settings, tmp_path_factory.mktemp("modes"))
    made("networks", NETWORKS)
    yield made
    made.database.engine.dispose()
    databases.drop(made.owner)


@pytest.fixture(autouse=True)
def empty(loader: Loader) -> None:
    with loader.owner.begin() as connection:
        for table in ("offices", "fibre_links", "network_nodes"):
            connection.execute(text(f"DELETE FROM gis.{table}"))


def id_of(report: LoadReport) -> UUID:
    return UUID(report.load_id)


# --- sync ---


def test_sync_marks_what_the_file_lacks_once_somebody_said_yes(loader: Loader) -> None:
    loader.nodes(ONE, TWO, THREE)
    loader("network_nodes", HEADER + ONE, network="nyamira")
    with pytest.raises(SyncUnconfirmed, match=r"2 items of network_nodes .* 2, 3"):
        loader.nodes(ONE, sync=True)
    assert set(loader.statuses().values()) == {"operational"}
    assert loader.nodes(ONE, sync=True, dry_run=True).decommissioned == 2
    with pytest.raises(SyncUnconfirmed):
        loader.nodes(ONE, sync=True, sync_most=1)
    report = loader.nodes(ONE, sync=True, sync_most=2)
    assert (report.decommissioned, report.unchanged) == (2, 1)
    gone = {"1": "operational", "2": "decommissioned", "3": "decommissioned"}
    assert loader.statuses() == gone
    assert loader.nodes(ONE, sync=True).decommissioned == 0, "they are marked already"
    others = loader.rows("SELECT count(*) FROM gis.network_nodes WHERE status = 'operational'")
    assert others == [(2,)], "another network's items stay as they are"
    undo_load(loader.database, id_of(report))
    assert set(loader.statuses().values()) == {"operational"}


def test_sync_never_acts_on_a_file_with_faults_or_without_status(loader: Loader) -> None:
    loader.nodes(ONE, TWO)
    with pytest.raises(LoadRejected):
        loader.nodes(ONE.replace("operational", "exploded"), sync=True, sync_most=ANY_NUMBER)
    assert set(loader.statuses().values()) == {"operational"}
    with pytest.raises(InvalidInput, match="--sync needs a file without faults"):
        loader.nodes(ONE, sync=True, accept_partial=True)
    with pytest.raises(InvalidInput, match="--sync is for network_nodes, fibre_links"):
        loader("offices", "external_id\nx\n", network="kisii", sync=True)


# --- undo ---


def test_undo_brings_back_what_was_there_and_is_a_load_of_its_own(loader: Loader) -> None:
    loader.nodes(ONE, TWO)
    before = loader.stored()
    moved = TWO.replace("34.72", "34.75").replace("Node", "Moved")
    second = loader.nodes(ONE, moved, THREE)
    assert (second.updated, second.inserted) == (1, 1)
    undone = undo_load(loader.database, id_of(second))
    assert (undone.updated, undone.removed, undone.inserted) == (1, 1, 0)
    assert loader.stored() == before
    assert loader.rows("SELECT version FROM gis.network_nodes WHERE external_id = '2'") == [(3,)]
    recorded = loader.rows(
        f"SELECT source, report ->> 'undoes' FROM internal.loads WHERE id = '{undone.load_id}'"
    )
    assert recorded == [("Undo of network_nodes.csv", second.load_id)]
    with pytest.raises(Conflict, match="was undone already"):
        undo_load(loader.database, id_of(second))
    again = undo_load(loader.database, id_of(undone))
    assert (again.updated, again.inserted) == (1, 1), "an undo can be undone"
    assert loader.stored()[1][1] == "Moved 2"
    assert len(loader.stored()) == 3


def test_undo_refuses_when_something_later_touched_or_names_its_rows(loader: Loader) -> None:
    first = loader.nodes(ONE, TWO)
    office = "external_id,name,office_type,connection,served_by,lon,lat\n"
    served = loader(
        "offices", office + "o1,Soko,market,connected,1,34.7,-0.7\n", network="kisii"
    )
    with pytest.raises(Conflict, match=r"Offices name network nodes .*: o1\."):
        undo_load(loader.database, id_of(first))
    undo_load(loader.database, id_of(served))
    loader.nodes(TWO.replace("operational", "planned"))
    before = loader.stored()
    with pytest.raises(Conflict, match=r"changed network nodes .*: 2\. Nothing was undone"):
        undo_load(loader.database, id_of(first))
    assert loader.stored() == before
    with pytest.raises(NotFound):
        undo_load(loader.database, UUID(int=7))


# --- reports ---


def test_rejected_rows_are_corrected_in_their_file_and_loaded_again(
    loader: Loader, tmp_path: Path
) -> None:
    rows = [
        ONE,
        "2,Node 2,exploded,34.72,-0.68\n",
        "3,=cmd|' /C calc'!A0,operational,34.73,68\n",
        "4,,operational,34.74,-0.68\n",
    ]
    rejects = tmp_path / "rejects.gpkg"
    report = loader.nodes(*rows, accept_partial=True, rejects=rejects)
    assert (report.inserted, report.rejected) == (1, 3)
    frame = gpd.read_file(rejects)
    assert frame["rejected_row"].tolist() == [2, 3, 4]
    assert frame["rejected_by"].tolist() == ["unknown-code", "outside-extent", "required"]
    assert all(frame["rejected_because"]), "the reasons stand beside the rows"
    assert all(frame["rejected_remedy"])
    with pytest.raises(LoadRejected):
        loader("network_nodes", rejects, network="kisii")
    frame.loc[0, "status"] = "planned"
    frame.loc[1, "geometry"] = Point(34.73, -0.68)
    frame.loc[2, "name"] = "Node 4"
    corrected = tmp_path / "corrected.gpkg"
    frame.to_file(corrected, layer="rejected", driver="GPKG")
    again = loader("network_nodes", corrected, network="kisii")
    assert (again.inserted, again.rejected, again.unmapped) == (3, 0, ())
    assert {row[4] for row in loader.stored()} == {None}, "reasons are kept nowhere"
    assert loader.statuses().keys() == {"1", "2", "3", "4"}


def test_heights_are_dropped_or_kept_as_said(loader: Loader, tmp_path: Path) -> None:
    loader.nodes(ONE, TWO)
    links = gpd.GeoDataFrame(
        {"external_id": ["L-1", "L-2"], "status": "operational", "medium": "fibre"},
        geometry=[
            LineString([(34.71, -0.68, 1701.25), (34.715, -0.681, 1699), (34.72, -0.68, 1700)]),
            LineString([(34.71, -0.68), (34.716, -0.69), (34.72, -0.68)]),
        ],
        crs=4326,
    )
    path = tmp_path / "links.gpkg"
    links.to_file(path)
    dropped = loader("fibre_links", path, network="kisii")
    assert any("geometries were left out" in note for note in dropped.notes)
    asked = (
        "SELECT external_id, ST_NDims(geom), extra->>'geometry_z' FROM gis.fibre_links ORDER BY 1"
    )
    assert loader.rows(asked) == [("L-1", 2, None), ("L-2", 2, None)]
    kept = loader("fibre_links", path, network="kisii", heights="keep")
    assert any("kept beside the fields, as geometry_z" in note for note in kept.notes)
    assert kept.inserted == 0
    (_, _, text_), (_, _, none) = loader.rows(asked)
    assert none is None
    vertices = "34.71 -0.68 1701.25, 34.715 -0.681 1699, 34.72 -0.68 1700"
    assert text_ == f"SRID=4326;LINESTRING Z ({vertices})"
    back = loader.rows("SELECT ST_Z(ST_StartPoint((extra->>'geometry_z')::geometry)) FROM "
                       "gis.fibre_links WHERE external_id = 'L-1'")
    assert back == [(1701.25,)]
    with pytest.raises(InvalidInput, match="heights"):
        loader("fibre_links", path, network="kisii", heights="some")


def test_a_report_is_a_page_a_table_and_json(tmp_path: Path) -> None:
    hostile = '<script>alert("1")</script>'
    faults = (
        RowFault(0, "geometry", "implausible-crs", "", "Look again.", Severity.WARNING),
        RowFault(2, "status", "unknown-code", "=1+1", f"{hostile} is not in the list."),
    )
    report = LoadReport(
        source=hostile, collection="network_nodes", network="kisii", read=3, inserted=2,
        rejected=1, faults=faults, crs="EPSG:4326 (WGS 84)", notes=("A note.",),
    )
    files = [tmp_path / f"r.{ending}" for ending in ("html", "json", "csv", "gpkg")]
    assert rejects_of(files) == files[3]
    assert write_reports(report, files[:3], "en", rejected=True) == files[:3]
    page = files[0].read_text()
    assert "<script" not in page
    assert "default-src 'none'" in page
    assert "Nothing was loaded: 1 of 3 rows are at fault." in page
    assert "Use a code of the list." in page
    assert json.loads(files[1].read_text())["rejected"] == 1
    with files[2].open(encoding="utf-8-sig", newline="") as file:
        table = list(csv.DictReader(file))
    assert [row["rule"] for row in table] == ["implausible-crs", "unknown-code"]
    assert table[1]["value"] == "'=1+1", "a table program must not compute it"
    assert table[1]["what to do"] == "Use a code of the list."
    swahili = load_report_html(
        report, "sw", rejected=True, service="https://map.example"
    ).decode()
    assert 'href="https://map.example/rules?lang=sw#unknown-code"' in swahili
    assert "Hakuna kilichopakiwa: safu 1 kati ya 3 zina kosa." in swahili
    assert "Tumia msimbo wa orodha." in swahili


def test_the_command_refuses_reports_of_unknown_endings(tmp_path: Path) -> None:
    result = CliRunner().invoke(load, ["x.csv", "--report", str(tmp_path / "r.pdf")])
    assert result.exit_code == 2
    assert "does not end with .html" in result.output
