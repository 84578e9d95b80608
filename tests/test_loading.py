"""Loading into a real PostGIS: whole or not at all, and the same file twice changes nothing."""

from __future__ import annotations

import csv
import importlib
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import geopandas as gpd
import pytest
import shapely
from click.testing import CliRunner
from pyproj import Geod
from sqlalchemy import text

from gis_service.errors import Conflict, InvalidInput, NotFound
from gis_service.model.collections import REGISTRY
from gis_service.model.reports import LoadRejected
from gis_service.services.load_requests import LoadRequest
from gis_service.services.loading import load_file
from gis_service.settings import Settings
from gis_service.store import staging
from gis_service.store.database import Database

command = importlib.import_module("gis_service.cli.load")
"""The module; the package binds its name to the command."""
ROOT = Path(__file__).resolve().parents[1]
NETWORKS = (
    'external_id,name,extent,metric_srid,synthetic\n'
    '{id},Test network,"[34.3, -1.2, 35.2, -0.3]",32736,true\n'
)
NODES = (
    "external_id,name,status,type,power,lon,lat\n"
    "n1,Town,operational,pop;ixp,yes,34.77,-0.68\n"
    "n2,Suneka,planned,,no,34.70,-0.67\n"
)
OFFICES = (
    "external_id;name;office_type;connection;connected_since;required_mbps;served_by;lon;lat\n"
    'o1;"Ofisi ya ""Wadi""; Suneka";ward;connected;01/02/2021;2,5;n1;34,70;-0,67\n'
    "o2;Back\\slash\tand tab;health;unknown;;;;34,71;-0,68\n"
)
LINKS: list[dict[str, Any]] = [
    {"external_id": "l1", "status": "operational", "start_node": "n1", "end_node": "n2",
     "deployment": ["belowGround"], "line": [(34.77, -0.68), (34.74, -0.675), (34.70, -0.67)]},
    {"external_id": "l2", "status": "planned", "start_node": "n2", "end_node": "n9",
     "deployment": [], "line": [(34.70, -0.67), (34.60, -0.66)]},
]  # fmt: skip


def in_full(_stored: Any) -> None:
    """Somebody who watches, so that a file is read although its load is known."""


class Loader:
    """Loads texts and frames as files into one database, each in full."""

    def __init__(self, database: Database, settings: Settings, folder: Path) -> None:
        self.database = database
        self.settings = settings
        self.folder = folder

    def __call__(self, collection: str, content: str | Path, **options: Any) -> Any:
        path = content if isinstance(content, Path) else self.write(collection, content)
        request = LoadRequest(path, collection, **options)
        return load_file(self.database, self.settings, request, watch=in_full)

    def write(self, collection: str, content: str) -> Path:
        path = self.folder / f"{collection}.csv"
        path.write_text(content, encoding="utf-8-sig")
        return path

    def rows(self, statement: str) -> list[Any]:
        with self.database.begin() as connection:
            return [tuple(row) for row in connection.execute(text(statement))]

    def counts(self) -> dict[str, int]:
        return {c: self.rows(f"SELECT count(*) FROM gis.{c}")[0][0] for c in REGISTRY}


@pytest.fixture
def empty(database: Database, settings: Settings, tmp_path: Path) -> Loader:
    return Loader(database, settings, tmp_path)


@pytest.fixture
def loader(empty: Loader) -> Loader:
    """One network with two nodes."""
    empty("networks", NETWORKS.format(id="kisii"))
    empty("network_nodes", NODES)
    return empty


def links(folder: Path, rows: list[dict[str, Any]] = LINKS) -> Path:
    path = folder / "links.geojson"
    path.write_text(json.dumps({"type": "FeatureCollection", "features": [
        {"type": "Feature", "properties": {k: v for k, v in row.items() if k != "line"},
         "geometry": {"type": "LineString", "coordinates": row["line"]}} for row in rows
    ]}))
    return path


def outcome(report: Any) -> tuple[int, int, int, int]:
    return report.inserted, report.updated, report.unchanged, report.rejected


def faults(report: Any) -> list[tuple[int, str, str, str]]:
    return [(f.row, f.column, f.rule, f.value) for f in report.faults]


def test_values_arrive_as_they_were_written(loader: Loader) -> None:
    report = loader("offices", OFFICES)
    assert outcome(report) == (2, 0, 0, 0)
    assert report.network == "kisii"
    assert report.crs == "EPSG:4326 (WGS 84)"
    assert loader.rows(
        "SELECT o.name, connected_since::text, required_mbps, n.external_id, ST_AsText(o.geom),"
        " o.version FROM gis.offices o LEFT JOIN gis.network_nodes n ON n.id = served_by"
        " ORDER BY o.external_id"
    ) == [
        ('Ofisi ya "Wadi"; Suneka', "2021-02-01", 2.5, "n1", "POINT(34.7 -0.67)", 1),
        ("Back\\slash\tand tab", None, None, None, "POINT(34.71 -0.68)", 1),
    ]
    assert loader.rows("SELECT type FROM gis.network_nodes ORDER BY external_id") == [
        (["pop", "ixp"],), (None,)
    ]  # fmt: skip


def test_the_same_file_twice_changes_nothing(loader: Loader) -> None:
    loader("offices", OFFICES)
    before = loader.rows("SELECT xmin::text, * FROM gis.offices ORDER BY external_id")
    assert outcome(loader("offices", OFFICES)) == (0, 0, 2, 0)
    assert loader.rows("SELECT xmin::text, * FROM gis.offices ORDER BY external_id") == before


def test_only_rows_that_differ_are_updated(loader: Loader) -> None:
    loader("offices", OFFICES)
    changed = OFFICES.replace("unknown", "connected")
    assert outcome(loader("offices", changed)) == (0, 1, 1, 0)
    assert loader.rows("SELECT version, updated_at > now() - interval '1 hour', connection"
                       " FROM gis.offices ORDER BY external_id") == [
        (1, True, "connected"), (2, True, "connected")
    ]  # fmt: skip
    moved = changed.replace("34,71", "34,72")
    assert outcome(loader("offices", moved)) == (0, 1, 1, 0)
    assert outcome(loader("offices", moved)) == (0, 0, 2, 0)


def test_a_partial_file_leaves_other_columns_untouched(loader: Loader) -> None:
    loader("offices", OFFICES)
    speeds = "external_id,measured_mbps,note\no1,12.5,checked\n"
    assert outcome(loader("offices", speeds)) == (0, 1, 0, 0)
    assert loader.rows(
        "SELECT name, connection, measured_mbps, extra, ST_AsText(geom)"
        " FROM gis.offices WHERE external_id = 'o1'"
    ) == [('Ofisi ya "Wadi"; Suneka', "connected", 12.5, {"note": "checked"}, "POINT(34.7 -0.67)")]
    loader("offices", "external_id,colour\no1,red\n")
    assert loader.rows("SELECT extra FROM gis.offices WHERE external_id = 'o1'") == [
        ({"note": "checked", "colour": "red"},)
    ]


def test_a_partial_file_cannot_add_items(loader: Loader) -> None:
    with pytest.raises(InvalidInput, match="--set name=VALUE") as raised:
        loader("offices", "external_id,measured_mbps\nnew,12.5\n")
    assert "longitude" in str(raised.value)
    loader("offices", OFFICES)
    with pytest.raises(LoadRejected) as rejected:
        loader("offices", "external_id,measured_mbps\no1,1\nnew,2\n")
    assert {f.row for f in rejected.value.report.faults} == {2}
    assert {f.rule for f in rejected.value.report.faults} == {"required", "no-geometry"}


def test_a_link_whose_end_has_no_node_is_named(loader: Loader, tmp_path: Path) -> None:
    with pytest.raises(LoadRejected) as raised:
        loader("fibre_links", links(tmp_path))
    assert faults(raised.value.report) == [(2, "end_node", "unknown-reference", "n9")]
    assert loader.counts()["fibre_links"] == 0
    report = loader("fibre_links", links(tmp_path), accept_partial=True)
    assert outcome(report) == (1, 0, 0, 1)
    length_m = Geod(ellps="WGS84").line_length(*zip(*LINKS[0]["line"], strict=True))
    assert loader.rows(
        "SELECT a.external_id, b.external_id, round(route_length_m) FROM gis.fibre_links l"
        " JOIN gis.network_nodes a ON a.id = start_node JOIN gis.network_nodes b ON b.id = end_node"
    ) == [("n1", "n2", round(length_m))]


def test_references_may_be_uuids(loader: Loader, tmp_path: Path) -> None:
    ids = dict(loader.rows("SELECT external_id, id::text FROM gis.network_nodes"))
    row = LINKS[0] | {"start_node": ids["n1"], "end_node": ids["n2"]}
    assert outcome(loader("fibre_links", links(tmp_path, [row]))) == (1, 0, 0, 0)
    assert outcome(loader("fibre_links", links(tmp_path, LINKS[:1]))) == (0, 0, 1, 0)


def test_lists_of_references_keep_their_order(loader: Loader) -> None:
    loader("organisations", "external_id,name\na,A\nb,B\n")
    loader("phases", "external_id,name,funders\np,P,b;a\n")
    assert loader.rows(
        "SELECT array(SELECT external_id FROM unnest(funders) WITH ORDINALITY f(id, place)"
        " JOIN gis.organisations o USING (id) ORDER BY place) FROM gis.phases"
    ) == [(["b", "a"],)]
    with pytest.raises(LoadRejected) as raised:
        loader("phases", "external_id,name,funders\np,P,a;nobody\n")
    assert faults(raised.value.report) == [(1, "funders", "unknown-reference", "nobody")]
    assert outcome(loader("phases", "external_id,name,funders\np,P,b;a\n")) == (0, 0, 1, 0)


def test_items_of_another_network_are_not_seen(loader: Loader, tmp_path: Path) -> None:
    loader("networks", NETWORKS.format(id="nyamira"))
    with pytest.raises(InvalidInput, match="--network: kisii, nyamira"):
        loader("offices", OFFICES)
    with pytest.raises(LoadRejected) as raised:
        loader("fibre_links", links(tmp_path, LINKS[:1]), network="nyamira")
    assert {f.rule for f in raised.value.report.faults} == {"unknown-reference"}
    assert outcome(loader("network_nodes", NODES, network="nyamira")) == (2, 0, 0, 0)
    assert outcome(loader("network_nodes", NODES, network="kisii")) == (0, 0, 2, 0)
    identity = loader.rows("SELECT id::text FROM gis.networks WHERE external_id = 'nyamira'")[0][0]
    assert outcome(loader("network_nodes", NODES, network=identity)) == (0, 0, 2, 0)


def test_a_network_must_be_there_first(empty: Loader) -> None:
    with pytest.raises(NotFound, match="--collection networks"):
        empty("offices", OFFICES)
    empty("networks", NETWORKS.format(id="kisii"))
    with pytest.raises(NotFound, match=r"no network 'gusii'\. Known: kisii"):
        empty("offices", OFFICES, network="gusii")
    with pytest.raises(InvalidInput, match="belong to no network"):
        empty("networks", NETWORKS.format(id="x"), network="kisii")


def test_a_dry_run_tells_the_same_and_changes_nothing(loader: Loader) -> None:
    report = loader("offices", OFFICES, dry_run=True)
    assert outcome(report) == (2, 0, 0, 0)
    assert report.dry_run
    assert loader.counts()["offices"] == 0


def test_faulty_rows_keep_everything_out_unless_told_otherwise(loader: Loader) -> None:
    bad = OFFICES + "o3;;zoo;unknown;31/02/2021;x;;34,70;-0,67\n"
    with pytest.raises(LoadRejected, match="1 of 3 rows") as raised:
        loader("offices", bad)
    assert faults(raised.value.report) == [
        (3, "name", "required", ""),
        (3, "office_type", "unknown-code", "zoo"),
        (3, "connected_since", "not-a-date", "31/02/2021"),
        (3, "required_mbps", "not-a-number", "x"),
    ]
    assert outcome(raised.value.report) == (0, 0, 0, 1)
    assert loader.counts()["offices"] == 0
    assert outcome(loader("offices", bad, accept_partial=True)) == (2, 0, 0, 1)


def test_wards_are_recognised_by_code(empty: Loader, tmp_path: Path) -> None:
    frame = gpd.GeoDataFrame(
        {"wardcode": ["1301"], "ward": ["Bomariba"]},
        geometry=[shapely.box(34.65, -0.7, 34.75, -0.6)], crs=4326,
    ).to_crs(32736)
    path = tmp_path / "wards.gpkg"
    frame.to_file(path, driver="GPKG")
    options = {"mapping": {"wardcode": "code", "ward": "name"}}
    with pytest.raises(InvalidInput, match="--map wardcode=code"):
        empty("wards", path)
    report = empty("wards", path, **options)
    assert outcome(report) == (1, 0, 0, 0)
    assert report.crs == "EPSG:32736 (WGS 84 / UTM zone 36S)"
    assert outcome(empty("wards", path, **options)) == (0, 0, 1, 0)


def test_visibility_can_be_set_and_an_empty_one_is_public(loader: Loader) -> None:
    with_visibility = "external_id,name,status,lon,lat,visibility\na,A,planned,34.7,-0.6,{}\n"
    loader("network_nodes", with_visibility.format("staff"))
    loader("network_nodes", with_visibility.replace("\na,", "\nb,").format(""))
    assert loader.rows("SELECT external_id, visibility FROM gis.network_nodes"
                       " WHERE external_id IN ('a', 'b') ORDER BY 1") == [
        ("a", "staff"), ("b", "public")
    ]  # fmt: skip
    loader("network_nodes", with_visibility.format(""))
    assert loader.rows("SELECT visibility FROM gis.network_nodes WHERE external_id = 'a'") == [
        ("staff",)
    ], "an empty cell does not make public what is for staff"


def test_columns_named_like_our_own_are_kept_aside(loader: Loader) -> None:
    path = loader.write("offices", (
        "external_id,name,office_type,connection,lon,lat,version,extra,geom_,row_number,network_id\n"
        'a,"; DROP TABLE gis.offices; --",ward,unknown,34.7,-0.6,99,x,y,7,z\n'
    ))
    loader("offices", path)
    assert loader.rows("SELECT version, name, extra FROM gis.offices") == [
        (1, "; DROP TABLE gis.offices; --",
         {"version": "99", "extra": "x", "geom_": "y", "row_number": "7", "network_id": "z"}),
    ]  # fmt: skip


def test_a_second_load_waits_and_then_gives_up(
    loader: Loader, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(staging, "LOCK_WAIT_S", 1)
    network = loader.rows("SELECT id FROM gis.networks")[0][0]
    with loader.database.begin() as connection:
        staging.lock_for_load(connection, REGISTRY["offices"], network)
        with pytest.raises(Conflict, match="Another load of offices"):
            loader("offices", OFFICES)
        assert outcome(loader("network_nodes", NODES)) == (0, 0, 2, 0)
    assert outcome(loader("offices", OFFICES)) == (2, 0, 0, 0)


def test_two_loads_at_once_do_not_double_anything(loader: Loader) -> None:
    path = loader.write("offices", OFFICES)
    reports: list[Any] = []
    threads = [
        threading.Thread(target=lambda: reports.append(loader("offices", path))) for _ in range(2)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(map(outcome, reports)) == [(0, 0, 2, 0), (2, 0, 0, 0)]


def test_an_error_half_way_leaves_the_database_as_it_was(
    loader: Loader, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(self: Any) -> Any:
        raise RuntimeError

    monkeypatch.setattr(staging.StagedRows, "_update", fails)
    before = loader.rows("SELECT * FROM gis.network_nodes ORDER BY external_id")
    both = NODES.replace("Town", "City") + "n3,New,planned,,no,34.7,-0.6\n"
    with pytest.raises(RuntimeError):
        loader("network_nodes", both)
    assert loader.rows("SELECT * FROM gis.network_nodes ORDER BY external_id") == before


def test_progress_reaches_the_end(loader: Loader) -> None:
    seen: list[tuple[int, int]] = []
    path = loader.write("offices", OFFICES)
    load_file(
        loader.database, loader.settings, LoadRequest(path, "offices"),
        progress=lambda done, total: seen.append((done, total)),
    )
    assert seen[-1] == (2, 2)


# --- the command ---


@pytest.fixture
def run(loader: Loader, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(command, "open_database", lambda *_: nullcontext(loader.database))
    return lambda *arguments: CliRunner().invoke(command.load, [str(a) for a in arguments])


def test_the_command_reports(loader: Loader, run: Callable[..., Any]) -> None:
    path = loader.write("offices", OFFICES)
    result = run(path, "--collection", "offices")
    assert result.exit_code == 0, result.output
    assert "inserted   2" in result.output
    assert "EPSG:4326" in result.output
    told = json.loads(run(path, "--collection", "offices", "--json").output)
    assert (told["inserted"], told["unchanged"]) == (0, 2)


def test_the_command_writes_the_rows_at_fault(
    loader: Loader, run: Callable[..., Any], tmp_path: Path
) -> None:
    path = loader.write("offices", OFFICES + "o3;=1+1;zoo;unknown;;-x;;34,70;-0,67\n")
    result = run(path, "--collection", "offices")
    assert isinstance(result.exception, LoadRejected)
    assert "unknown-code" in result.output
    with (tmp_path / "offices-faults.csv").open(encoding="utf-8-sig") as file:
        written = list(csv.DictReader(file))
    assert [(r["row"], r["rule"], r["value"]) for r in written] == [
        ("3", "unknown-code", "zoo"), ("3", "not-a-number", "'-x")
    ]  # fmt: skip
    assert run(path, "--collection", "offices", "--accept-partial").exit_code == 0


def test_the_command_takes_mappings_and_constants(
    loader: Loader, run: Callable[..., Any]
) -> None:
    path = loader.write("offices", "ref,jina2,secret,GPS_E,GPS_N\no1,Ofisi,x,34.7,-0.6\n")
    result = run(
        path, "--collection", "offices", "--map", "ref=external_id", "--map", "jina2=name",
        "--map", "secret=", "--map", "GPS_E=longitude", "--map", "GPS_N=latitude",
        "--set", "connection=unknown", "--set", "office_type=ward",
    )
    assert result.exit_code == 0, result.output
    assert loader.rows("SELECT name, extra FROM gis.offices") == [("Ofisi", None)]
    assert run(path, "--collection", "offices", "--map", "nonsense").exit_code == 2


def test_a_folder_is_loaded_file_by_file(loader: Loader, run: Callable[..., Any]) -> None:
    """A file that is refused stops none of the others."""
    folder = loader.folder / "survey"
    (folder / "deep").mkdir(parents=True)
    (folder / "b.csv").write_text(OFFICES)
    (folder / "a.csv").write_text(OFFICES.replace("o1;", "a1;").replace("o2;", "a2;"))
    (folder / "deep" / "c.csv").write_text(OFFICES.replace("health", "zoo"))
    (folder / "d.kml").write_text("<kml><Document>")
    (folder / "notes.txt").write_text("x")
    (folder / ".hidden.csv").write_text("x")
    result = run(folder, "--collection", "offices")
    assert result.exit_code == 1, result.output
    assert loader.rows("SELECT external_id FROM gis.offices ORDER BY 1") == [
        ("a1",), ("a2",), ("o1",), ("o2",)
    ]  # fmt: skip
    summary = [line.split() for line in result.output.splitlines()]
    assert ["a.csv", "2", "2", "0", "0", "0"] in summary
    assert ["c.csv", "2", "0", "0", "0", "1", "refused"] in summary
    assert "2 of 4 files were refused:" in result.output
    assert "d.kml: The file is not whole XML" in result.output
    assert "Passed over, of no format that is read: notes.txt" in result.output
    assert ".hidden" not in result.output
    assert run(folder, "--collection", "offices", "--json").exit_code == 2


def test_parts_become_rows_when_that_is_asked(loader: Loader, run: Callable[..., Any]) -> None:
    path = loader.write(
        "links", "external_id,status,wkt\n"
        'L,planned,"MULTILINESTRING ((34.7 -0.6, 34.8 -0.6), (34.7 -0.7, 34.8 -0.7))"\n'
        'M,planned,"MULTILINESTRING ((34.7 -0.6, 34.8 -0.6), (34.8 -0.6, 34.8 -0.7))"\n',
    )
    ends = ("--set", "start_node=n1", "--set", "end_node=n2")
    result = run(path, "--collection", "fibre_links", *ends)
    assert isinstance(result.exception, LoadRejected)
    assert "--multi split" in result.output
    result = run(path, "--collection", "fibre_links", *ends, "--multi", "split")
    assert result.exit_code == 0, result.output
    assert loader.rows("SELECT external_id FROM gis.fibre_links ORDER BY 1") == [
        ("L-1",), ("L-2",), ("M",)
    ]  # fmt: skip
    asked = (path, "--collection", "fibre_links", "--create-nodes", "--dry-run")
    result = run(*asked, "--multi", "split")
    assert "4 nodes were made where links end." in result.output
    result = run(*asked)
    assert "several-parts" in result.output
    assert "required" not in result.output


COMMAND = """
import os
from contextlib import nullcontext
import importlib
command = importlib.import_module("gis_service.cli.load")
from gis_service.store.database import Database, parse_url
command.open_database = lambda *_: nullcontext(Database.at(parse_url(os.environ["TEST_URL"])))
command.load()
"""


def test_ctrl_c_leaves_the_database_as_it_was(loader: Loader, tmp_path: Path) -> None:
    """A real process, interrupted while PostgreSQL works on its rows."""
    rows = "".join(f"x{n},N,planned,34.7,-0.6\n" for n in range(150_000))
    path = loader.write("network_nodes", f"external_id,name,status,lon,lat\n{rows}")
    before = loader.counts()
    environment = os.environ | {
        "TEST_URL": loader.database.url.render_as_string(hide_password=False),
        "PYTHONPATH": str(ROOT),
    }
    process = subprocess.Popen(
        [sys.executable, "-c", COMMAND, str(path), "--collection", "network_nodes"],
        cwd=tmp_path,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    working = (
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
        " AND state = 'active' AND query ILIKE 'INSERT INTO gis.network_nodes%'"
    )
    while process.poll() is None and loader.rows(working) == [(0,)]:
        time.sleep(0.02)
    assert process.poll() is None, process.communicate()
    pressed = time.monotonic()
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=60)
    assert process.returncode == 130, said
    assert "as it was" in said
    assert time.monotonic() - pressed < 5, "the statement was cancelled, not waited for"
    assert loader.counts() == before
