"""Packages of the Open Fibre Data Standard into the database."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from sqlalchemy import select

from gis_service.errors import InvalidInput, UnreadableFile
from gis_service.formats.ofds_reading import read_package
from gis_service.formats.ofds_sniffing import Form, ofds_form
from gis_service.model.collections import REGISTRY
from gis_service.services.ofds_loading import PackageRequest, load_package
from gis_service.settings import Settings
from gis_service.store.copying import _lists
from gis_service.store.database import Database
from gis_service.store.tables import table
from tests.ofds_packages import crooked, full


def written(folder: Path, package: Any, name: str = "package.json") -> Path:
    path = folder / name
    path.write_text(package if isinstance(package, str) else json.dumps(package))
    return path


def test_json_is_read_as_it_stands(tmp_path: Path) -> None:
    package = crooked()
    (network,) = package["networks"]
    assert read_package(written(tmp_path, package)).document == package
    single = read_package(written(tmp_path, network))
    assert single.document == {"networks": [network]}
    lines = "\n".join(json.dumps(each) for each in (network, full("0.3")["networks"][0]))
    several = read_package(written(tmp_path, lines + "\n"))
    assert several.form == "JSON Lines"
    assert several.document == {"networks": [network, full("0.3")["networks"][0]]}
    assert ofds_form(written(tmp_path, '{"type":"FeatureCollection","features":[]}')) is None
    assert ofds_form(written(tmp_path, network)) is Form.JSON


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('{"networks": [', "no JSON"),
        ('{"networks": []}', "no networks"),
        ('{"networks": [3]}', "networks/0 is no object"),
        ('{"networks": [{"id": "a", "id": "b"}]}', "names 'id' twice"),
        ('{"networks": [{"accuracy": NaN}]}', "NaN"),
        ('{"networks": [{"accuracy": 1e999}]}', "too large"),
        ('{"networks": [{"name": "a\\u0000b"}]}', "networks/0/name"),
        ('{"networks": [{"name": "\\ud800"}]}', "half a character"),
        ('{"networks": ' + "[" * 40, "nests brackets"),
    ],
)
def test_what_cannot_be_kept_is_refused(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(UnreadableFile, match=said):
        read_package(written(tmp_path, text))


def test_a_package_becomes_rows(database: Database, settings: Settings, tmp_path: Path) -> None:
    path = written(tmp_path, full())
    report = load_package(database, settings, PackageRequest(path))
    assert (report.inserted, report.updated, report.read) == (11, 0, 11)
    again = load_package(database, settings, PackageRequest(path))
    assert (again.inserted, again.updated, again.unchanged) == (0, 0, 11)
    turned = written(tmp_path, json.dumps(full(), sort_keys=True))
    assert load_package(database, settings, PackageRequest(turned)).unchanged == 11
    nodes, links = (table(REGISTRY[id_]) for id_ in ("network_nodes", "fibre_links"))
    with database.begin() as connection:
        start = connection.execute(
            select(nodes).where(nodes.c.external_id == "A")
        ).one()
        link = connection.execute(select(links)).one()
        network = connection.execute(select(table(REGISTRY["networks"]))).one()
    assert (start.name, start.infrastructure, start.spare_capacity) == (
        "Kisii exchange", "exchange", True,
    )
    assert (link.start_node, link.fibre_length_m, link.fibre_count) == (start.id, 2850.0, 48)
    assert network.metric_srid == 32736
    assert network.extent["west"] == 33.5


def test_what_breaks_rules_is_told_and_loads(
    database: Database, settings: Settings, tmp_path: Path
) -> None:
    path = written(tmp_path, crooked())
    report = load_package(database, settings, PackageRequest(path, network="crooked"))
    assert not report.errors
    told = {(f.column, f.rule) for f in report.faults}
    assert {
        ("nodes/3/location", "coordinates-as-text"),
        ("nodes/3/status", "unknown-code"),
        ("nodes/4", "duplicate-key"),
        ("nodes/5", "required"),
        ("nodes/8", "no-geometry"),
        ("nodes/9", "outside-world"),
        ("nodes/10/providers", "unknown-reference"),
        ("spans/1", "unknown-reference"),
        ("spans/2/fibre_count", "out-of-range"),
        ("spans/2/start_node", "end-off-node"),
        ("spans/3", "zero-length"),
    } <= told
    dry = load_package(database, settings, PackageRequest(path, network="other", dry_run=True))
    assert dry.dry_run
    assert dry.load_id == ""
    links = table(REGISTRY["fibre_links"])
    with database.begin() as connection:
        assert set(connection.scalars(select(links.c.external_id))) == {"A-B", "high"}


def test_versions_are_stated_asked_for_or_found(
    database: Database, settings: Settings, tmp_path: Path
) -> None:
    package = full("0.3")
    path = written(tmp_path, package)
    with pytest.raises(UnreadableFile, match=r"says that it is written in OFDS 0\.3"):
        load_package(database, settings, PackageRequest(path, version="0.4"))
    package["networks"][0]["links"][0]["href"] = package["networks"][0]["links"][0][
        "href"].replace("0__3__0", "0__1__0")
    with pytest.raises(UnreadableFile, match=r"OFDS 0\.1"):
        load_package(database, settings, PackageRequest(written(tmp_path, package)))
    del package["networks"][0]["links"]
    path = written(tmp_path, package)
    report = load_package(database, settings, PackageRequest(path, dry_run=True))
    assert any("read as OFDS 0.3" in note for note in report.notes)
    del package["networks"][0]["id"]
    with pytest.raises(InvalidInput, match="--network"):
        load_package(database, settings, PackageRequest(written(tmp_path, package)))


def test_lists_of_a_part_of_a_column_are_copied_with_their_gaps() -> None:
    """Files of more rows than one block were refused when a list was missing in some."""
    column = pa.array([["a", 'say "b"'], None, [], ["c"]], pa.list_(pa.string()))
    assert _lists(column[1:]).to_pylist() == [None, "{}", '{"c"}']
    assert _lists(column).to_pylist() == ['{"a","say \\"b\\""}', None, "{}", '{"c"}']
