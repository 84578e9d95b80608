"""Files that are loaded by parts: kept as they go, gone on with, told of and undone as one."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import UUID

import geopandas as gpd
import pyarrow as pa
import pytest
from click.testing import CliRunner, Result
from geopandas.testing import assert_geodataframe_equal
from shapely import Point
from sqlalchemy import text

from gis_service.cli import cli
from gis_service.errors import Conflict, InvalidInput, NotFound, UnreadableFile
from gis_service.formats.limits import DEFAULT_LIMITS
from gis_service.formats.readable import READABLE, Source
from gis_service.formats.reading import open_file
from gis_service.formats.sniffing import sniff
from gis_service.installation import open_database
from gis_service.model.reports import LoadReport
from gis_service.services import whole_file
from gis_service.services.load_groups import PartRejected, group_record, listed_loads
from gis_service.services.load_requests import LoadRequest
from gis_service.services.loading import load_file
from gis_service.services.loading_by_parts import KeptSoFar, load_by_parts
from gis_service.services.undoing import undo_group, undo_load
from gis_service.settings import Settings
from gis_service.store.cluster import PrivateCluster
from gis_service.store.cluster.process import find_postmaster
from gis_service.store.database import Database
from gis_service.store.load_groups import parts_of
from gis_service.store.roles import Login
from tests.conftest import ROOT, Databases

NETWORKS = "external_id,name,extent,metric_srid,synthetic\n" + "".join(
    f'{name},{name},"[34.3, -1.2, 35.2, -0.3]",32736,true\n' for name in ("whole", "parts", "cut")
)
HEADER = "external_id,name,status,ready,lon,lat\n"


def nodes(count: int, **changed: str) -> str:
    """Rows of nodes; `changed` says a row anew by its identifier."""
    return HEADER + "".join(
        changed.get(
            f"x{n}", f"x{n},N{n},planned,,{34.7 + n % 50 / 500:.4f},{-0.6 - n // 50 / 500:.4f}\n"
        )
        for n in range(1, count + 1)
    )


class Loader:
    """Loads files by parts under the loader's login; reads as the owner."""

    def __init__(self, databases: Databases, settings: Settings, folder: Path) -> None:
        self.owner = databases.fresh("gis_migrated")
        logins = databases.with_logins(self.owner).logins
        self.database = Database.at(logins[Login.LOADER])
        self.settings, self.folder = settings, folder

    def file(self, content: str, name: str = "nodes.csv") -> Path:
        path = self.folder / name
        path.write_text(content)
        return path

    def __call__(
        self, content: str | Path, rows: int = 10, *, to: str = "network_nodes", **asked: Any
    ) -> LoadReport:
        tell = asked.pop("tell", lambda _: None)
        progress = asked.pop("progress", None)
        path = content if isinstance(content, Path) else self.file(content)
        request = LoadRequest(path, to, **{"network": "parts", **asked})
        return load_by_parts(
            self.database, self.settings, request, part_rows=rows, tell=tell, progress=progress
        )

    def whole(self, content: str | Path, to: str = "network_nodes", **asked: Any) -> LoadReport:
        path = content if isinstance(content, Path) else self.file(content)
        request = LoadRequest(path, to, **{"network": "whole", **asked})
        return load_file(self.database, self.settings, request)

    def rows(self, statement: str, **values: Any) -> list[Any]:
        with self.owner.begin() as connection:
            return [tuple(row) for row in connection.execute(text(statement), values)]

    def parts(self) -> list[tuple[int, int, int]]:
        """Place, inserted and unchanged of the parts of the newest file."""
        return self.rows(
            "SELECT place, (report->>'inserted')::int, (report->>'unchanged')::int "
            "FROM internal.loads WHERE group_id = (SELECT id FROM internal.load_groups "
            "ORDER BY began_at DESC LIMIT 1) ORDER BY 1"
        )

    def gis(self, *arguments: str) -> Result:
        url = self.owner.url.render_as_string(hide_password=False)
        settings = {"GIS_DATABASE_URL": url, "GIS_HOME": str(self.settings.home)}
        return CliRunner().invoke(cli, arguments, env=settings)


@pytest.fixture(scope="module")
def made(
    databases: Databases, settings: Settings, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Loader]:
    made = Loader(databases, settings, tmp_path_factory.mktemp("parts"))
    load_file(
        made.database, settings, LoadRequest(made.file(NETWORKS, "networks.csv"), "networks")
    )
    yield made
    made.database.engine.dispose()
    databases.drop(made.owner)


@pytest.fixture
def loader(made: Loader) -> Loader:
    with made.owner.begin() as connection:
        for table in ("gis.fibre_links", "gis.network_nodes", "internal.loads",
                      "internal.load_groups"):
            connection.execute(text(f"DELETE FROM {table}"))
    return made


STORED = (
    "SELECT n.external_id, n.name, n.status, n.version, ST_AsText(n.geom), n.extra::text, "
    "p.name, ST_AsText(p.geom) FROM {} n JOIN gis.networks w ON w.id = n.network_id "
    "LEFT JOIN {} p ON p.id = n.id WHERE w.external_id = '{}' ORDER BY 1"
)


def stored(loader: Loader, network: str, collection: str = "network_nodes") -> list[Any]:
    return loader.rows(STORED.format(f"gis.{collection}", f"published.{collection}", network))


class Stop(Exception):
    """What is interrupted after a part."""


def interrupted(loader: Loader, content: str | Path, after: int, **asked: Any) -> None:
    def stop(kept: KeptSoFar) -> None:
        if kept.parts == after:
            raise Stop

    with pytest.raises(Stop):
        loader(content, tell=stop, **asked)


# --- the same as in one piece ---


def test_a_file_by_parts_is_stored_as_in_one_piece(loader: Loader) -> None:
    """34 rows of which each third is operational, so that the public sees them."""
    content = nodes(34).replace("3,planned", "3,operational")
    told: list[KeptSoFar] = []
    progress: list[tuple[int, int]] = []
    report = loader(content, tell=told.append, progress=lambda *at: progress.append(at))
    whole = loader.whole(content)
    assert (report.read, report.inserted, report.rejected) == (34, 34, 0)
    assert (whole.read, whole.inserted) == (34, 34)
    assert stored(loader, "parts") == stored(loader, "whole")
    assert any(row[6] for row in stored(loader, "parts")), "the public's copy, too"
    assert loader.parts() == [(1, 10, 0), (2, 10, 0), (3, 10, 0), (4, 4, 0)]
    assert [each.parts for each in told] == [0, 1, 2, 3, 4]
    assert progress[-1] == (34, 34)
    assert [at for at, _ in progress] == sorted(at for at, _ in progress)
    again = loader(content)
    assert (again.inserted, again.unchanged) == (0, 34)


def test_history_holds_each_part_under_its_own_load(loader: Loader) -> None:
    report = loader(nodes(25))
    with loader.owner.begin() as connection:
        parts = parts_of(connection, UUID(report.load_id))
    counted = loader.rows(
        "SELECT request_id, count(*) FROM history.network_nodes h JOIN internal.loads l "
        "ON l.id::text = h.request_id GROUP BY 1"
    )
    assert dict(counted) == {str(p.id): n for p, n in zip(parts, (10, 10, 5), strict=True)}


def test_dates_of_a_part_are_read_by_what_the_whole_file_tells(loader: Loader) -> None:
    """Only the last row shows that months come first; its part is not the first one."""
    links = "external_id,name,status,ready_for_service_date,fibre_count,wkt\n" + "".join(
        f'L{n},L{n},planned,{"03/31/2021" if n == 5 else "03/04/2021"},12,'
        f'"LINESTRING(34.7{n} -0.68,34.7{n} -0.67)"\n'
        for n in range(1, 6)
    )
    day = "SELECT ready_for_service_date::text FROM gis.fibre_links WHERE external_id = 'L1'"
    path = loader.file(links, "links.csv")
    asked = {"to": "fibre_links", "create_nodes": True, "rows": 2}
    interrupted(loader, path, 1, **asked)
    loader(path, **asked)
    assert loader.rows(day) == [("2021-03-04",)]
    assert loader.rows(day.replace("L1", "L4")) == [("2021-03-04",)], "after it was gone on with"


def test_an_identifier_in_two_parts_is_a_fault_of_both_rows(loader: Loader) -> None:
    content = nodes(25, x23="x4,Another,planned,,34.75,-0.65\n")
    with pytest.raises(PartRejected) as refused:
        loader(content)
    assert [(f.row, f.column, f.rule, f.value, f.message) for f in refused.value.report.errors] == [
        (4, "external_id", "duplicate-key", "x4", "The same identifier stands in row 23."),
    ]
    report = loader(content, accept_partial=True)
    assert [(f.row, f.message) for f in report.errors] == [
        (4, "The same identifier stands in row 23."),
        (23, "The same identifier stands in row 4."),
    ]
    assert (report.inserted, report.rejected) == (23, 2)
    whole = loader.whole(content, accept_partial=True)
    assert [(f.row, f.rule, f.message) for f in whole.errors] == [
        (f.row, f.rule, f.message) for f in report.errors
    ]


def test_a_column_that_is_no_identifier_is_refused(
    loader: Loader, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(whole_file, "MOST_DOUBLED", 5)
    content = HEADER + "".join(
        f"{n % 3},N{n},planned,,34.7{n:02},-0.6\n" for n in range(20)
    )
    with pytest.raises(InvalidInput, match=r"20 rows have an identifier .*'external_id' is none"):
        loader(content)


def test_links_of_which_few_find_nodes_are_told_row_by_row(loader: Loader) -> None:
    """Only the first part's link ends at nodes; the others lack them as in one piece."""
    loader("external_id,name,status,ready,lon,lat\nA,A,planned,,34.70,-0.68\n"
           "B,B,planned,,34.71,-0.68\n", 2)
    links = loader.file("external_id,name,status,wkt\n" + "".join(
        f'L{n},L{n},planned,"LINESTRING(34.7{n} -0.68,34.7{n + 1} -0.68)"\n' for n in range(4)
    ), "links.csv")
    report = loader(links, 1, to="fibre_links", accept_partial=True)
    whole = loader.whole(links, "fibre_links", accept_partial=True, network="parts")
    assert (report.inserted, report.rejected, whole.unchanged) == (1, 3, 1)
    assert [(f.row, f.column, f.message) for f in report.errors] == [
        (f.row, f.column, f.message) for f in whole.errors
    ]


def test_links_find_nodes_of_earlier_parts_and_nodes_made_there(loader: Loader) -> None:
    """
    Two links of two parts meet where no node is:

    A ──L1── * ──L2── B
    """
    loader("external_id,name,status,ready,lon,lat\nA,A,planned,,34.70,-0.68\n"
           "B,B,planned,,34.72,-0.68\n", 1)
    links = loader.file(
        "external_id,name,status,wkt\n"
        'L1,L1,planned,"LINESTRING(34.70 -0.68,34.71 -0.68)"\n'
        'L2,L2,planned,"LINESTRING(34.71 -0.68,34.72 -0.68)"\n', "links.csv",
    )
    report = loader(links, 1, to="fibre_links", create_nodes=True)
    assert report.inserted == 2
    assert loader.rows("SELECT count(*) FROM gis.network_nodes") == [(3,)]
    assert loader.rows(
        "SELECT count(*) FROM gis.fibre_links a JOIN gis.fibre_links b "
        "ON a.end_node = b.start_node AND a.external_id = 'L1'"
    ) == [(1,)]


# --- going on ---


def test_the_same_command_goes_on_behind_the_last_part_kept(loader: Loader) -> None:
    content = nodes(34)
    interrupted(loader, content, 2)
    assert len(loader.parts()) == 2
    told: list[KeptSoFar] = []
    report = loader(content, tell=told.append)
    assert told[0] == KeptSoFar(2, 4)
    assert report.notes[0].startswith("Parts 1 to 2 of 4 are kept already, as load ")
    assert report.notes[0].endswith("; it goes on with row 21 of the file.")
    assert (report.read, report.inserted, report.unchanged) == (34, 34, 0)
    assert loader.parts() == [(1, 10, 0), (2, 10, 0), (3, 10, 0), (4, 4, 0)]
    loader.whole(content)
    assert stored(loader, "parts") == stored(loader, "whole")


@pytest.mark.parametrize(("differs", "why"), [
    ({"content": nodes(34, x34="x34,Other,planned,,34.7,-0.6\n")}, "the file is another one"),
    ({"constants": {"infrastructure": "cabinet"}}, "the options or the program are others"),
    ({"rows": 12}, "its parts were of another size"),
])
def test_what_differs_begins_anew_and_says_why(
    loader: Loader, differs: dict[str, Any], why: str
) -> None:
    content = nodes(34)
    interrupted(loader, content, 2)
    report = loader(**{"content": content, **differs})
    assert report.notes[0].startswith(f"It began anew, as {why} since the load ")
    assert "of which 2 of 4 parts are kept" in report.notes[0]
    changed = 20 if "constants" in differs else 0
    assert (report.inserted, report.updated, report.unchanged) == (14, changed, 20 - changed)


def test_a_part_that_was_undone_is_loaded_again(loader: Loader) -> None:
    content = nodes(34)
    interrupted(loader, content, 2)
    (last,) = loader.rows("SELECT id FROM internal.loads WHERE place = 2")
    undo_load(loader.database, last[0])
    report = loader(content)
    assert "as a part of it was undone since the load" in report.notes[0]
    assert (report.inserted, report.unchanged) == (24, 10)


def test_faults_stop_at_their_part_and_accepting_goes_on_from_there(loader: Loader) -> None:
    content = nodes(
        34, x25="x25,N25,exploded,,34.75,-0.65\n",
        x31="x31,N31,collapsed,,34.75,-0.65\n",
    )
    with pytest.raises(PartRejected, match=r"Part 3 of 4 \(rows 21 to 30 of the file\) was not "
                       r"loaded: 1 of its rows .* Parts 1 to 2 of 4 are kept, as load") as refused:
        loader(content)
    report = refused.value.report
    assert [f.row for f in report.errors] == [25], "as numbered in the file"
    assert (report.read, report.inserted, report.rejected) == (30, 20, 1)
    with pytest.raises(PartRejected, match="Part 3 of 4"):
        loader(content)
    assert len(loader.parts()) == 2, "what is refused is not kept"
    fix = loader.folder / "fix.gpkg"
    report = loader(content, accept_partial=True, rejects=fix)
    assert report.notes[0].startswith("Parts 1 to 2 of 4 are kept already")
    assert [f.row for f in report.errors] == [25, 31]
    assert (report.inserted, report.rejected) == (32, 2)
    assert gpd.read_file(fix)["external_id"].tolist() == ["x25", "x31"]


def test_the_first_part_refused_keeps_nothing(loader: Loader) -> None:
    with pytest.raises(PartRejected, match="Nothing was loaded"):
        loader(nodes(20, x5="x5,N5,exploded,,34.75,-0.65\n"))
    assert loader.rows("SELECT count(*) FROM internal.load_groups") == [(0,)]
    assert stored(loader, "parts") == []


def test_two_commands_at_once_do_not_keep_a_part_twice(loader: Loader) -> None:
    content = nodes(34)

    def other(kept: KeptSoFar) -> None:
        if kept.parts == 2:
            loader(content)

    with pytest.raises(Conflict, match="has loaded more parts of this file meanwhile"):
        loader(content, tell=other)
    assert [place for place, _, _ in loader.parts()] == [1, 2, 3, 4]


@pytest.mark.parametrize(("asked", "said"), [
    ({"sync": True}, "then once more with --sync alone"),
    ({"multi": "split"}, "Leave --by-parts out"),
    ({"dry_run": True}, "it looks at the file as a whole"),
])
def test_what_needs_the_whole_file_is_refused(
    loader: Loader, asked: dict[str, Any], said: str
) -> None:
    with pytest.raises(InvalidInput, match=said):
        loader(nodes(3), **asked)


def test_a_file_that_is_not_there_is_said(loader: Loader) -> None:
    with pytest.raises(UnreadableFile, match=r"gone\.csv cannot be read"):
        loader(loader.folder / "gone.csv")


# --- told of and undone as one ---


def test_the_parts_are_listed_shown_and_undone_as_one(loader: Loader) -> None:
    before = nodes(12)
    loader.whole(before, network="parts")
    first = stored(loader, "parts")
    report = loader(nodes(34, x11="x11,New name,operational,,34.75,-0.65\n"))
    with loader.owner.begin() as connection:
        (listed, alone) = listed_loads(connection)
        record = group_record(connection, UUID(report.load_id))
        assert group_record(connection, UUID(int=7)) is None
    assert record is not None
    assert (listed.id, alone.group_id) == (UUID(report.load_id), None)
    assert (listed.report["inserted"], listed.report["updated"]) == (22, 1)
    assert listed.report["notes"][0] == "Loaded by parts of 10 rows: 4 of 4 are kept."
    assert record.report["read"] == 34
    undone = undo_group(loader.database, UUID(report.load_id))
    assert (undone.removed, undone.updated, undone.undoes) == (22, 1, report.load_id)
    assert [row[:3] for row in stored(loader, "parts")] == [row[:3] for row in first]
    with loader.owner.begin() as connection:
        newest = listed_loads(connection)
    assert [each.report["notes"][0] for each in newest[:2]] == [
        "Undone by parts, the last first: 4 of 4.",
        "Loaded by parts of 10 rows: 4 of 4 are kept.",
    ]
    assert newest[1].report["notes"][1] == "Undone since: 4 of them."
    with pytest.raises(Conflict, match="was undone already"):
        undo_group(loader.database, UUID(report.load_id))
    with pytest.raises(NotFound):
        undo_group(loader.database, UUID(int=7))


def test_undoing_stops_at_a_part_that_something_touched(loader: Loader) -> None:
    report = loader(nodes(34))
    with loader.owner.begin() as connection:
        connection.execute(text(
            "UPDATE gis.network_nodes SET name = 'Edited' WHERE external_id = 'x15'"
        ))
    with pytest.raises(Conflict, match=r"Part 2 of 4: .* x15\. .* that were undone: 2\."):
        undo_group(loader.database, UUID(report.load_id))
    assert len(stored(loader, "parts")) == 20


def test_the_command_tells_of_parts_and_goes_on(loader: Loader, tmp_path: Path) -> None:
    path = tmp_path / "field.csv"
    path.write_text(nodes(34, x25="x25,N25,exploded,,34.75,-0.65\n"))
    page, faults = tmp_path / "report.html", tmp_path / "faults.csv"
    asked = ("load", str(path), "--collection", "network_nodes", "--network", "parts",
             "--faults", str(faults), "--report", str(page), "--by-parts", "10")
    refused = loader.gis(*asked)
    assert refused.exit_code == 1
    assert "Part 3 of 4 (rows 21 to 30 of the file) was not loaded" in refused.stderr
    assert "inserted   20" in refused.stdout
    assert "25" in faults.read_text(encoding="utf-8-sig").splitlines()[1].split(",")
    assert "exploded" in page.read_text()
    done = loader.gis(*asked, "--accept-partial", "--json")
    assert done.exit_code == 0, done.output
    told = json.loads(done.stdout)
    assert (told["inserted"], told["rejected"], told["read"]) == (33, 1, 34)
    listed = loader.gis("loads", "list").stdout
    assert listed.count("field.csv") == 1
    assert "33 inserted, 0 updated, 1 rejected (Loaded by parts of 10 rows: 4 of 4 are kept)" \
        in listed
    shown = loader.gis("loads", "show", told["load_id"]).stdout
    assert [line.split()[1] for line in shown.splitlines() if line.startswith("  part ")] == [
        "1", "2", "3", "4",
    ]
    undone = loader.gis("loads", "undo", told["load_id"], "--yes")
    assert "removed    33" in undone.stdout
    assert stored(loader, "parts") == []
    dry = loader.gis(*asked, "--dry-run")
    assert "A dry run" in dry.stdout + dry.stderr or "Nothing was loaded" in dry.stderr
    assert stored(loader, "parts") == []


@pytest.mark.parametrize("more", [["--background"], ["--sync", "--yes"]])
def test_the_command_refuses_what_parts_cannot_do(
    loader: Loader, tmp_path: Path, more: list[str]
) -> None:
    path = tmp_path / "field.csv"
    path.write_text(nodes(3))
    refused = loader.gis("load", str(path), "--collection", "network_nodes", "--network", "parts",
                         *more, "--by-parts")
    assert refused.exit_code != 0
    assert "--background out" in refused.output or "--sync alone" in refused.output


# --- reading ---


def written(folder: Path, format_: str) -> Path:
    """25 rows with a place, as a file."""
    frame = gpd.GeoDataFrame(
        {"external_id": [f"x{n}" for n in range(25)], "count": range(25)},
        geometry=[Point(34.7 + n / 100, -0.6) for n in range(25)], crs=4326,
    )
    path = folder / f"rows.{format_}"
    if format_ == "parquet":
        frame.to_parquet(path, row_group_size=7)
    elif format_ in {"csv", "xlsx"}:
        plain = frame.drop(columns="geometry").assign(
            lon=frame.geometry.x, lat=frame.geometry.y
        )
        plain.to_csv(path, index=False) if format_ == "csv" else plain.to_excel(path, index=False)
    else:
        frame.to_file(path)
    return path


def read_rows(path: Path, folder: Path, skip: int) -> tuple[pa.Table, int, int]:
    """The rows behind the first ones, how many come before them, and what the reader skipped."""
    format_ = sniff(path, max_bytes=10**6)
    folder.mkdir()
    source = Source(path, folder, DEFAULT_LIMITS, "rows", skip=skip)
    rows = READABLE[format_].rows(source)
    itself = rows.before
    rows.skip(skip)
    before = rows.before
    return pa.concat_tables([rows.table, *rows.more]), before, itself


@pytest.mark.parametrize(("format_", "itself"), [
    ("gpkg", 12), ("shp", 12), ("fgb", 12), ("parquet", 7), ("geojson", 0), ("csv", 0), ("xlsx", 0),
])
def test_rows_that_are_passed_over_leave_the_others_as_they_are(
    tmp_path: Path, format_: str, itself: int
) -> None:
    """12 of 25, of which the reader passes over some by itself: a Parquet file has groups of 7."""
    path = written(tmp_path, format_)
    whole, _, _ = read_rows(path, tmp_path / "whole", 0)
    assert whole.num_rows == 25
    assert read_rows(path, tmp_path / "some", 12) == (whole.slice(12), 12, itself)


def test_windows_of_a_file_keep_the_numbers_of_its_rows(tmp_path: Path) -> None:
    path = tmp_path / "nodes.csv"
    path.write_text(nodes(25))
    whole, rest = open_file(path), open_file(path, skip=12)
    frame = whole.gathered().frame
    for source, begin in ((whole, 0), (rest, 12)):
        window = source.window(14, 20)
        assert_geodataframe_equal(window.gathered().frame, frame.iloc[14:20])
        assert (window.first_row, window.last_row) == (15, 20)
        assert (source.first_row, source.last_row, len(source)) == (begin + 1, 25, 25 - begin)
        assert [name for part in window.column("name") for name in part] == [
            f"N{n}" for n in range(15, 21)
        ]


# --- killed ---


@pytest.fixture
def site() -> Iterator[Path]:
    """A home with a private cluster of its own, which can be killed."""
    home = Path(tempfile.mkdtemp(prefix="gis-parts-"))
    home.chmod(0o755)
    yield home
    PrivateCluster(home).stop()
    shutil.rmtree(home, ignore_errors=True)


def command(home: Path, *arguments: str) -> subprocess.Popen[str]:
    environment = {k: v for k, v in os.environ.items() if not k.startswith("GIS_")}
    return subprocess.Popen(
        [sys.executable, "-c", "from gis_service.cli import main; main()", *arguments],
        env=environment | {"GIS_HOME": str(home), "PYTHONPATH": str(ROOT)},
        cwd=home, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )


def kept_of(database: Database) -> int:
    with database.begin() as connection:
        return int(connection.scalar(text(
            "SELECT count(*) FROM internal.loads WHERE group_id IS NOT NULL"
        )) or 0)


def until_kept(database: Database, parts: int, load: subprocess.Popen[str]) -> None:
    deadline = time.monotonic() + 120
    while kept_of(database) < parts:
        assert load.poll() is None, load.communicate()
        assert time.monotonic() < deadline, "it kept no parts in time"
        time.sleep(0.01)


def test_a_load_whose_command_and_database_are_killed_ends_as_if_undisturbed(site: Path) -> None:
    """10 parts: the command is killed after some, then the database under the next command."""
    settings = Settings(_env_file=None, home=site)  # type: ignore[call-arg]
    file, networks = site / "nodes.csv", site / "networks.csv"
    file.write_text(nodes(500).replace("7,planned", "7,operational"))
    networks.write_text(NETWORKS)
    asked = ("load", str(file), "--collection", "network_nodes", "--network", "cut",
             "--by-parts", "50")
    with open_database(settings) as owner:
        load_file(owner, settings, LoadRequest(networks, "networks"))
        load = command(site, *asked)
        until_kept(owner, 2, load)
        load.kill()
        load.communicate()
        first = kept_of(owner)
        assert 2 <= first < 10
        load = command(site, *asked)
        until_kept(owner, first + 2, load)
        postmaster = find_postmaster(settings.home / "pg" / "data")
        assert postmaster is not None
        os.kill(postmaster.pid, signal.SIGKILL)
        _, said = load.communicate(timeout=200)
        assert load.returncode not in {0, 130}
        assert "of 10 parts are kept. The same command goes on with the others" in said
        owner.engine.dispose()
    with open_database(settings) as owner:
        second = kept_of(owner)
        assert first + 2 <= second < 10
        load = command(site, *asked, "--json")
        out, said = load.communicate(timeout=200)
        assert load.returncode == 0, said
        report = json.loads(out)
        assert report["notes"][0].startswith(f"Parts 1 to {second} of 10 are kept already")
        request = LoadRequest(file, "network_nodes", network="parts")
        undisturbed = load_by_parts(owner, settings, request, part_rows=50)
        load_file(owner, settings, replace(request, network="whole"))
        counts = ("read", "inserted", "updated", "unchanged", "rejected")
        assert [report[each] for each in counts] == [getattr(undisturbed, each) for each in counts]
        with owner.begin() as connection:
            cut, parts, whole = (
                connection.execute(text(
                    STORED.format("gis.network_nodes", "published.network_nodes", network)
                )).all() for network in ("cut", "parts", "whole")
            )
            changes = connection.execute(text(
                "SELECT w.external_id, l.place, count(*) FROM history.network_nodes h "
                "JOIN gis.networks w ON w.id = h.network_id "
                "JOIN internal.loads l ON l.id::text = h.request_id GROUP BY 1, 2 ORDER BY 1, 2"
            )).all()
        assert len(cut) == 500
        assert cut == parts == whole
        of = {name: [row[1:] for row in changes if row[0] == name] for name in ("cut", "parts")}
        assert of["cut"] == of["parts"] == [(place, 50) for place in range(1, 11)]
