"""`gis analyse` on a real database."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from gis_service.cli import cli
from gis_service.model.processes import PROCESSES
from tests.conftest import Databases

Run = Callable[..., Result]


@pytest.fixture(scope="module")
def run(databases: Databases, sample_template: str, home: Path) -> Iterator[Run]:
    database = databases.fresh(sample_template)
    databases.with_logins(database)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GIS_HOME", str(home))
        patch.setenv("GIS_DATABASE_URL", database.url.render_as_string(hide_password=False))
        yield lambda *arguments: CliRunner().invoke(cli, ["analyse", *map(str, arguments)])
    databases.drop(database)


def test_without_a_process_it_lists_them_with_their_inputs(run: Run) -> None:
    listed = run()
    assert listed.exit_code == 0
    for process in PROCESSES.values():
        assert f"{process.id}: {process.title.en}" in listed.output
        assert all(f"    {name}" in listed.output for name in process.by_name)


@pytest.mark.parametrize("arguments", [
    ("trace", "office=KSI-O-041"), ("coverage", "by=theme"), ("scorecards",),
    ("single-points-of-failure", "limit=3"),
])
def test_an_answer_is_printed_as_json(run: Run, arguments: tuple[str, ...]) -> None:
    result = run(*arguments)
    assert result.exit_code == 0, result.output
    assert json.loads(result.stdout)


def test_a_geometry_comes_from_a_file_and_the_answer_goes_to_one(run: Run, tmp_path: Path) -> None:
    works, out = tmp_path / "works.geojson", tmp_path / "near.geojson"
    line = {"type": "LineString", "coordinates": [[34.75, -0.69], [34.78, -0.67]]}
    feature = {"type": "Feature", "geometry": line, "properties": {}}
    works.write_text(json.dumps({"type": "FeatureCollection", "features": [feature]}))
    result = run("dig-safe", f"works=@{works}", "--out", out)
    assert result.exit_code == 0, result.output
    assert json.loads(out.read_text())["features"]
    works.write_text(json.dumps({"type": "FeatureCollection", "features": [feature, feature]}))
    assert "holds 2 features; one is needed" in run("dig-safe", f"works=@{works}").output


@pytest.mark.parametrize(("arguments", "told"), [
    (("nonsense",), "There is no process 'nonsense'"),
    (("trace", "office"), "'office' is not NAME=VALUE"),
    (("trace", "house=1"), "trace has no input 'house'"),
    (("trace", "office=no such office"), "there is no such item among the offices"),
    (("dig-safe", "works=@/no/such/file"), "cannot be read"),
])
def test_what_cannot_be_asked_is_told(run: Run, arguments: tuple[str, ...], told: str) -> None:
    result = run(*arguments)
    assert result.exit_code != 0
    assert told in result.output
