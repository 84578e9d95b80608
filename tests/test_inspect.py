"""Inspection: what a file's columns, values and coordinates probably mean."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from click.testing import CliRunner

from gis_service.cli import cli
from gis_service.cli.inspect import _print
from gis_service.cli.load import load
from gis_service.errors import InvalidInput, UnknownCrs
from gis_service.formats.reading import read_file
from gis_service.model.codelists import CONNECTION, OFFICE_TYPE, STATUS
from gis_service.model.collections import REGISTRY
from gis_service.model.declarations.synonyms import CODE_WORDS, COLLECTION_WORDS, FIELD_WORDS
from gis_service.model.reports import LoadRejected, Severity
from gis_service.services.inspecting import InspectRequest, inspect_file
from gis_service.services.load_requests import LoadRequest
from gis_service.services.loading import load_file
from gis_service.services.mappings import mapping_of, mapping_text, read_mapping
from gis_service.settings import Settings
from gis_service.store.database import Database
from gis_service.validation.codes import CERTAIN, propose_code
from gis_service.validation.columns import loadable_fields, plain
from gis_service.validation.drawn import Held
from gis_service.validation.placing import Places
from gis_service.validation.proposing import chosen, propose
from gis_service.validation.whereabouts import Surroundings, is_plausible, places_of, whereabouts
from tests.conftest import Databases
from tests.ofds_packages import full

KISII = (34.3, -1.2, 35.2, -0.3)
TOWN = [(34.7667 + step / 400, -0.6817 - step / 700) for step in range(30)]
KNOWN = shapely.points(TOWN)


def around(*, known: Any = (), wards: Any = (), of: tuple[str, ...] = ()) -> Surroundings:
    return Surroundings(
        KISII, np.array(wards, dtype=object), of, np.array(known, dtype=object)
    )


def in_system(epsg: int) -> Any:
    return gpd.GeoSeries(KNOWN, crs=4326).to_crs(epsg).to_numpy()


def found(shapes: Any, crs: Any = None, surroundings: Surroundings | None = None) -> Any:
    return whereabouts(
        places_of(shapes), crs, surroundings or around(), stated_by="the file"
    )


# --- words ---


def test_words_name_what_there_is_and_no_code_has_anothers_word():
    codelists = {
        f.codelist.name: f.codelist
        for c in REGISTRY.values() for f in c.fields if f.codelist is not None
    }
    assert set(COLLECTION_WORDS) <= set(REGISTRY)
    for name, codes in CODE_WORDS.items():
        assert set(codes) <= set(codelists[name].values())
        said = [each for words in codes.values() for each in {plain(word) for word in words}]
        titles = {
            plain(t): c.code for c in codelists[name] for t in (c.code, c.title.en, c.title.sw)
        }
        assert len(said) == len(set(said)), name
        for code, words in codes.items():
            assert all(titles.get(plain(word), code) == code for word in words), (name, code)
    for name in FIELD_WORDS:
        collection, _, field = name.rpartition(".")
        wanted = [REGISTRY[collection]] if collection else list(REGISTRY.values())
        assert any(field in loadable_fields(c) for c in wanted), name


@pytest.mark.parametrize(("text", "codelist", "code"), [
    ("Operational", STATUS, "operational"), ("LIVE", STATUS, "operational"),
    ("inafanya kazi", STATUS, "operational"), ("Haijaunganishwa", CONNECTION, "unconnected"),
    ("Dispensary", OFFICE_TYPE, "health"),
])  # fmt: skip
def test_codes_are_read_from_titles_and_words(text: str, codelist: Any, code: str) -> None:
    proposal = propose_code(text, codelist)
    assert proposal is not None
    assert (proposal.code, proposal.score >= CERTAIN) == (code, True)


def test_what_only_resembles_a_code_is_never_certain():
    for text, codelist, code in (
        ("disconnectd", CONNECTION, "unconnected"), ("operatonal", STATUS, "operational"),
        ("District Hospital", OFFICE_TYPE, "health"),
    ):
        proposal = propose_code(text, codelist)
        assert proposal is not None
        assert proposal.code == code
        assert proposal.score < CERTAIN
    assert propose_code("xyz", STATUS) is None


# --- columns ---


def sites() -> gpd.GeoDataFrame:
    return gpd.GeoDataFrame(
        {
            "SITE_NO": [f"S{n}" for n in range(30)],
            "Site Name": [f"Cabinet {n}" for n in range(30)],
            "State": ["LIVE", "planned", "Under construction"] * 10,
            "Mounted on": ["pole", "cabinet", "tower"] * 10,
            "Remarks": ["-"] * 30,
        },
        geometry=KNOWN, crs=4326,
    )


def test_columns_and_collection_are_proposed_with_scores_and_reasons():
    proposals = propose(sites(), ["network sites"])
    sure = chosen(proposals)
    assert sure is not None
    assert sure.collection == "network_nodes"
    assert {f.column: f.field for f in sure.fields} == {
        "SITE_NO": "external_id", "Site Name": "name", "State": "status",
        "Mounted on": "infrastructure",
    }  # fmt: skip
    assert all(0.7 <= f.score <= 1 and f.why for f in sure.fields)
    assert {(v.value, v.code, v.applied) for v in sure.values if v.field == "status"} == {
        ("LIVE", "operational", True), ("Under construction", "underConstruction", True)
    }
    assert [p.score for p in proposals] == sorted((p.score for p in proposals), reverse=True)


def test_swahili_headers_and_a_name_that_tells_a_code():
    frame = gpd.GeoDataFrame(
        {"Jina": ["Getembe", "Nyanchwa"], "Muunganisho": ["Imeunganishwa", "Haijaunganishwa"]},
        geometry=KNOWN[:2], crs=4326,
    )
    sure = chosen(propose(frame, ["shule za msingi", "primary schools"]))
    assert sure is not None
    assert sure.collection == "offices"
    assert {f.field for f in sure.fields} == {"name", "connection"}
    assert sure.constants == {"office_type": "education"}
    assert sure.make_ids


def test_little_evidence_proposes_nothing():
    frame = gpd.GeoDataFrame({"a": [1, 2]}, geometry=KNOWN[:2], crs=4326)
    assert chosen(propose(frame, ["export (3)"])) is None
    names = pd.DataFrame({"id": ["x", "x", "y"], "name": ["1", "2", "3"]})
    fields = propose(names, ["x"], only="organisations")[0].fields
    assert fields == (), "ids that repeat and names that are numbers speak against themselves"


# --- where on earth ---


@pytest.mark.parametrize(("epsg", "id_"), [(4326, "wgs84"), (3857, "web-mercator")])
def test_a_crs_that_is_not_stated_is_found_among_the_candidates(epsg: int, id_: str) -> None:
    where = found(in_system(epsg), surroundings=around(known=KNOWN))
    assert where.crs == ""
    assert where.candidates[0].id == id_
    assert where.candidates[0].inside == 30


def test_wgs84_and_arc_1960_are_told_apart_by_what_is_known_and_never_chosen():
    blind = found(in_system(32736))
    assert {c.id for c in blind.candidates} >= {"utm-36s", "arc1960-utm-36s"}
    assert "nothing here tells which is right" in blind.verdict
    seen = found(in_system(32736), surroundings=around(known=KNOWN))
    near = {c.id: c.to_known_m for c in seen.candidates}
    assert near["utm-36s"] < 1
    assert 150 < near["arc1960-utm-36s"] < 320
    assert "Ask whoever made the file" in seen.verdict


def test_a_stated_crs_that_is_another_one_is_doubted():
    arc = gpd.GeoSeries(in_system(32736), crs=21036)
    where = found(arc.to_numpy(), arc.crs, around(known=KNOWN))
    assert not where.plausible
    assert "EPSG:32736" in where.verdict
    assert not is_plausible(places_of(arc.to_numpy()), arc.crs, around(known=KNOWN))
    zone = gpd.GeoSeries(in_system(32736), crs=32737)
    assert not found(zone.to_numpy(), zone.crs).plausible
    right = gpd.GeoSeries(in_system(32736), crs=32736)
    assert found(right.to_numpy(), right.crs, around(known=KNOWN)).plausible


@pytest.mark.parametrize(("change", "id_"), [
    (lambda xy: xy[:, ::-1], "wgs84-swapped"),
    (lambda xy: xy * (1, -1), "latitude-sign"),
    (lambda xy: np.round(xy * 1e6), "decimal-point"),
])  # fmt: skip
def test_slips_of_the_pen_are_named(change: Any, id_: str) -> None:
    where = found(shapely.points(change(np.array(TOWN))))
    assert id_ in {c.id for c in where.candidates}
    slip = next(c for c in where.candidates if c.id == id_)
    assert slip.correction
    assert slip.inside == 30


def test_degrees_are_not_read_as_metres():
    kenya = Surroundings.of_extent((33.5, -5.0, 42.0, 5.5))
    where = found(shapely.points(np.array(TOWN)), surroundings=kenya)
    assert "wgs84" in {c.id for c in where.candidates}
    assert not [c.title for c in where.candidates if "UTM" in c.title or "Mercator" in c.title]


def test_feet_are_tried():
    metres = shapely.get_coordinates(in_system(32736))
    where = found(shapely.points(metres / 0.3048))
    assert {"utm-36s-feet", "arc1960-utm-36s-feet"} <= {c.id for c in where.candidates}


# --- odd places ---


def warned(
    points: Any, names: Any = None, *, collection: str = "network_nodes", **known: Any
) -> dict[int, str]:
    shapes = np.array(points, dtype=object)
    places = Places(REGISTRY[collection], around(**known))
    half = len(points) // 2
    for part in (slice(0, half), slice(half, None)):
        rows = np.arange(1, len(points) + 1)[part]
        places.add(rows, shapes[part], names and names[part])
    faults = places.check(Held(shapes), without=np.empty(0, dtype=np.int64))
    assert all(fault.severity is Severity.WARNING for fault in faults)
    return {fault.row: fault.rule for fault in faults}


def test_outliers_duplicates_and_signs_are_warned_of():
    ward = shapely.box(34.7, -0.8, 34.9, -0.6)
    points = [*KNOWN, shapely.Point(34.41, -1.1)]
    assert warned(points) == {31: "outlier"}
    assert warned(points, wards=[ward], of=("Town",)) == {31: "outside-municipality"}
    flipped = [*KNOWN, shapely.Point(34.77, 0.68)]
    assert warned(flipped, wards=[ward], of=("Town",)) == {31: "sign-error"}
    twice = [*KNOWN, shapely.Point(TOWN[3]), shapely.Point(TOWN[5][0] + 1e-6, TOWN[5][1])]
    assert warned(twice) == dict.fromkeys((4, 6, 31, 32), "duplicate-place")
    near = [*KNOWN, shapely.Point(TOWN[7][0] + 1e-4, TOWN[7][1])]
    names = [f"Node {n}" for n in range(30)] + ["NODE_7"]
    assert warned(near, names) == {8: "duplicate-name", 31: "duplicate-name"}
    assert warned(KNOWN, [None] * 30) == {}
    assert warned(twice, collection="faults") == {}, "what breaks may break again at its place"


def test_lines_drawn_alike_are_warned_of_whatever_their_direction():
    line = shapely.LineString(TOWN[:3])
    lines = [line, line.reverse(), shapely.LineString(TOWN[4:6])]
    found = warned(lines, collection="fibre_links")
    assert found == {1: "duplicate-place", 2: "duplicate-place"}


def test_a_file_that_repeats_one_place_takes_no_longer_than_others():
    """The square of so many rows would take hours."""
    alike = np.array([shapely.Point(TOWN[0])] * 15_000, dtype=object)
    assert set(warned(alike, ["One"] * 15_000).values()) == {"duplicate-place"}


# --- with a database ---


@pytest.fixture(scope="module")
def database(databases: Databases, settings: Settings) -> Iterator[Database]:
    """One network with its nodes; the tests of this module leave it as it is."""
    made = databases.fresh("gis_migrated")
    folder = settings.home / "inspect"
    folder.mkdir(exist_ok=True)
    networks = folder / "networks.csv"
    networks.write_text(
        'external_id,name,extent,metric_srid,synthetic\n'
        'kisii,Kisii,"[34.3, -1.2, 35.2, -0.3]",32736,true\n'
    )
    load_file(made, settings, LoadRequest(networks, "networks"))
    nodes = folder / "network_nodes.csv"
    nodes.write_text("external_id,name,status,lon,lat\n" + "".join(
        f"n{n},Node {n},operational,{lon},{lat}\n" for n, (lon, lat) in enumerate(TOWN)
    ))
    load_file(made, settings, LoadRequest(nodes, "network_nodes"))
    yield made
    databases.drop(made)


def write(folder: Path, frame: gpd.GeoDataFrame, *, crs: bool = True) -> Path:
    path = folder / "network sites.shp"
    frame.to_file(path)
    if not crs:
        path.with_suffix(".prj").unlink()
    return path


def test_what_is_proposed_is_saved_corrected_and_loaded(
    database: Database, settings: Settings, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    frame = sites().to_crs(32736)
    frame.loc[4, "State"] = "operatonal"
    path = write(tmp_path, frame, crs=False)
    index = path.with_suffix(".shx")
    index.chmod(0o444)
    given = index.stat().st_mtime_ns
    request = InspectRequest(path)
    inspected = inspect_file(database, settings, request)
    assert index.stat().st_mtime_ns == given, "what is read is not written"
    [layer] = inspected.inspected
    assert layer.whereabouts is not None
    assert layer.whereabouts.candidates[0].crs == "EPSG:32736"
    assert layer.chosen is not None
    assert layer.command.startswith("./gis load ")
    assert "--map SITE_NO=external_id" in layer.command
    _print(inspected)
    printed = capsys.readouterr().out
    assert "none stated" in printed
    assert "--accept-codes" in printed

    with pytest.raises(UnknownCrs, match=r"EPSG:32736 .*Ask whoever made the file before"):
        load_file(database, settings, LoadRequest(path, "network_nodes", dry_run=True))

    saved = tmp_path / "sites.toml"
    text = mapping_text(
        mapping_of(request, inspected, layer, layer.chosen), layer, layer.chosen
    )
    saved.write_text(text)
    assert read_mapping(saved).columns["SITE_NO"] == "external_id"
    assert '# "operatonal" = "operational"' in text
    assert '# crs = "EPSG:32736"' in text
    mapping = read_mapping(saved)
    options: dict[str, Any] = {
        "mapping": mapping.columns, "codes": mapping.codes, "mapped_by": saved.name,
        "crs": "EPSG:32736", "dry_run": True,
    }
    with pytest.raises(LoadRejected) as raised:
        load_file(database, settings, LoadRequest(path, "network_nodes", **options))
    [fault] = [f for f in raised.value.report.faults if f.severity == "error"]
    assert (fault.row, fault.rule) == (5, "unknown-code")
    assert "Did you mean 'operational'?" in fault.message

    saved.write_text(text.replace('# "operatonal"', '"operatonal"').replace("# crs", "crs", 1))
    corrected = read_mapping(saved)
    options |= {"codes": corrected.codes, "crs": corrected.crs}
    report = load_file(database, settings, LoadRequest(path, "network_nodes", **options))
    assert (report.inserted, report.rejected) == (30, 0)
    assert "Read by the mapping sites.toml." in report.notes
    options |= {"codes": {}, "accept_codes": True}
    report = load_file(database, settings, LoadRequest(path, "network_nodes", **options))
    assert "State: 'operatonal' was read as 'operational'." in report.notes


def test_a_stated_crs_in_doubt_is_a_warning_of_the_load(
    database: Database, settings: Settings, tmp_path: Path
) -> None:
    wrong = sites().to_crs(32736).set_crs(21036, allow_override=True)
    path = write(tmp_path, wrong)
    mapping = {"SITE_NO": "external_id", "Site Name": "name", "State": "status"}
    request = LoadRequest(path, "network_nodes", mapping=mapping, dry_run=True)
    report = load_file(database, settings, request)
    doubt = report.faults[0]
    assert (doubt.row, doubt.rule, doubt.severity) == (0, "implausible-crs", "warning")
    assert "EPSG:32736" in doubt.message
    assert report.inserted == 30


@pytest.mark.parametrize(("text", "said"), [
    ("colums = 1", "has a key 'colums'"), ("crs = 4326", "crs must be a text"),
    ("make_ids = 'yes'", "true or false"), ("[codes]\nstatus = 'x'", r"\[codes.status\]"),
    ("[columns]\na = 1", r"\[columns\] must hold texts"), ("x", "is no TOML"),
])  # fmt: skip
def test_a_mapping_says_what_is_wrong_with_it(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "m.toml"
    path.write_text(text)
    with pytest.raises(InvalidInput, match=said):
        read_mapping(path)


def test_codes_that_do_not_exist_cannot_be_told(
    database: Database, settings: Settings, tmp_path: Path
) -> None:
    path = tmp_path / "n.csv"
    path.write_text("external_id,name,status,lon,lat\nx,X,LIVE,34.7,-0.7\n")
    for codes, said in (
        ({"status": {"LIVE": "alive"}}, "codes.status"), ({"name": {"X": "Y"}}, "no field of codes")
    ):
        with pytest.raises(InvalidInput, match=said):
            load_file(database, settings, LoadRequest(path, "network_nodes", codes=codes))


@pytest.mark.shared
def test_real_files_are_understood(shared_data: Path) -> None:
    """Wards, clinics and a backbone of others: what a person would say that they are."""
    for file, collection, fields in (
        ("wards/kisii_wards.geojson", "wards", {"code", "name", "constituency", "population"}),
        ("places/health_facilities.geojson", "offices", {"name", "office_type"}),
        ("fibre/nofbi/ofds_NOFBI_Kenya_spans.geojson", "fibre_links",
         {"external_id", "status", "start_node", "end_node"}),
    ):
        path = shared_data / file
        source = read_file(path, crs_needed=False)
        sure = chosen(propose(source.frame, [source.layer, path.stem]))
        assert sure is not None, file
        assert sure.collection == collection
        assert fields <= {f.field for f in sure.fields}


def test_the_command_tells_what_it_needs(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_text("a\n1\n")
    result = CliRunner().invoke(load, [str(path)])
    assert result.exit_code == 2
    assert "--collection" in result.output


def test_a_package_tells_its_networks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIS_HOME", str(tmp_path))
    path = tmp_path / "county.json"
    path.write_text(json.dumps(full()))
    done = CliRunner().invoke(cli, ["inspect", str(path)])
    assert done.exit_code == 0, done.output
    assert "County network (8a4f1c2e-5b1d-4c7e-9d43-0a2f5f0e6b11): 2 nodes, 1 spans" in done.output
    assert f"./gis load {path}" in done.output
