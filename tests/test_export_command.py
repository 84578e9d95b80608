"""`gis export` on a real database, and what it refuses."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import geopandas as gpd
import pytest
from click.testing import CliRunner, Result
from sqlalchemy import text

from gis_service.cli import cli
from tests.conftest import Databases

Run = Callable[..., Result]


@pytest.fixture(scope="module")
def run(databases: Databases, sample_template: str, home: Path) -> Iterator[Run]:
    database = databases.fresh(sample_template)
    databases.with_logins(database)
    with database.begin() as connection:
        connection.execute(text(
            "UPDATE gis.offices SET visibility = 'staff' WHERE id = (SELECT min(id::text)::uuid "
            "FROM gis.offices)"
        ))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GIS_HOME", str(home))
        patch.setenv("GIS_DATABASE_URL", database.url.render_as_string(hide_password=False))
        yield lambda *arguments: CliRunner().invoke(cli, ["export", *map(str, arguments)])
    databases.drop(database)


def test_every_ending_holds_what_the_audience_sees(run: Run, tmp_path: Path) -> None:
    counts = set()
    for suffix in ("geojson", "gpkg", "fgb"):
        out = tmp_path / f"offices.{suffix}"
        result = run("offices", "--out", out)
        assert result.exit_code == 0, result.output
        frame = gpd.read_file(out)
        assert "contact" not in frame.columns
        assert f"{len(frame):,} offices written" in result.output
        counts.add(len(frame))
    staff = tmp_path / "staff.parquet"
    assert run("offices", "--out", staff, "--audience", "staff").exit_code == 0
    frame = gpd.read_parquet(staff)
    assert "contact" in frame.columns
    assert counts == {len(frame) - 1}
    assert {path.suffix for path in tmp_path.iterdir()} == {".geojson", ".gpkg", ".fgb", ".parquet"}


def test_filter_limit_and_format(run: Run, tmp_path: Path) -> None:
    out = tmp_path / "some.txt"
    result = run(
        "offices", "--out", out, "--format", "geojsonseq", "--limit", 3,
        "--filter", "connection = 'connected' AND office_type <> 'ward'",
    )
    assert result.exit_code == 0, result.output
    found = [json.loads(record) for record in out.read_text().split("\x1e")[1:]]
    assert len(found) == 3
    assert {each["properties"]["connection"] for each in found} == {"connected"}


def test_a_file_is_replaced_only_by_force(run: Run, tmp_path: Path) -> None:
    out = tmp_path / "offices.csv"
    out.write_text("mine")
    refused = run("offices", "--out", out)
    assert refused.exit_code == 2
    assert "--force" in refused.output
    assert out.read_text() == "mine"
    assert run("offices", "--out", out, "--force").exit_code == 0
    assert out.read_text().startswith("id,")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("equipment",), "no collection 'equipment'"),
        (("offices", "--filter", "contact = 'x'"), "no property 'contact'"),
        (("offices", "--filter", "name ="), "filter"),
    ],
)
def test_what_is_refused_leaves_no_file(
    run: Run, tmp_path: Path, arguments: tuple[str, ...], said: str
) -> None:
    result = run(*arguments, "--out", tmp_path / "out.csv")
    assert result.exit_code == 1
    assert said in result.output
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_breaks_off_does_not_appear(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = tmp_path / "wards.geojson"
    kept.write_text("older")
    monkeypatch.setenv("GIS_EXPORT_TIMEOUT_S", "0.001")
    result = run("wards", "--out", kept, "--force")
    assert result.exit_code == 1, result.output
    assert kept.read_text() == "older"
    assert list(tmp_path.iterdir()) == [kept]


def test_an_ending_that_says_nothing(run: Run, tmp_path: Path) -> None:
    result = run("offices", "--out", tmp_path / "offices.xls")
    assert result.exit_code == 2
    assert ".gpkg" in result.output


def test_a_whole_network_is_an_archive_with_a_file_of_each_collection(
    run: Run, tmp_path: Path
) -> None:
    out = tmp_path / "kisii.zip"
    result = run("--network", "kisii", "--format", "gpkg", "--out", out)
    assert result.exit_code == 0, result.output
    with zipfile.ZipFile(out) as archive:
        names = set(archive.namelist())
        archive.extractall(tmp_path / "parts")
    assert {"network_nodes.gpkg", "fibre_links.gpkg", "offices.gpkg", "faults.gpkg"} <= names
    assert "wards.gpkg" not in names
    found = {name: len(gpd.read_file(tmp_path / "parts" / name)) for name in names}
    assert f"{sum(found.values()):,} items of kisii written" in result.output
    links = tmp_path / "links.gpkg"
    assert run("fibre_links", "--out", links, "--audience", "staff").exit_code == 0
    assert found["fibre_links.gpkg"] == len(gpd.read_file(links))

    shapes = tmp_path / "shapes.zip"
    assert run("--network", "kisii", "--format", "shp", "--out", shapes).exit_code == 0
    with zipfile.ZipFile(shapes) as archive:
        archive.extract("fibre_links.zip", tmp_path)
    assert len(gpd.read_file(tmp_path / "fibre_links.zip")) == found["fibre_links.gpkg"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--network", "kisii", "--format", "gpkg", "--out", "x.gpkg"), "name it x.zip"),
        (("--network", "kisii", "--format", "csv", "--out", "x.zip", "--audience", "public"),
         "does not say to which network"),
        (("--network", "nowhere", "--format", "csv", "--out", "x.zip"), "There is no network"),
    ],
)
def test_networks_that_are_refused(
    run: Run, tmp_path: Path, arguments: tuple[str, ...], said: str
) -> None:
    result = run(*(tmp_path / each if each.startswith("x.") else each for each in arguments))
    assert result.exit_code != 0
    assert said in result.output
    assert list(tmp_path.iterdir()) == []
