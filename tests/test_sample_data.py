"""The sample data holds together: complete, valid, reproducible, one connected network."""

from __future__ import annotations

import csv
import json
import subprocess
import sys
from collections import Counter
from collections.abc import Iterable
from datetime import date
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest
from pyproj import Geod
from shapely import STRtree, make_valid
from shapely.geometry import Point, shape
from shapely.ops import unary_union

from gis_service.model import codelists
from gis_service.model.collections import REGISTRY
from gis_service.model.fields import FieldType

DATA = Path(__file__).resolve().parent.parent / "data"
SAMPLE = DATA / "sample"
FILES = {
    "networks": "networks.csv",
    "organisations": "organisations.csv",
    "phases": "phases.csv",
    "network_nodes": "network_nodes.geojson",
    "fibre_links": "fibre_links.geojson",
    "offices": "offices.geojson",
    "wards": "wards.geojson",
    "roads": "roads.geojson",
}
WGS84 = Geod(ellps="WGS84")
RING = [f"KSI-L-{n:03d}" for n in range(1, 9)]

Item = dict[str, Any]


def read_items(collection: str) -> list[Item]:
    """Properties of each item, geometry beside them under 'geometry'."""
    path = SAMPLE / FILES[collection]
    if path.suffix == ".geojson":
        features = json.loads(path.read_text(encoding="utf-8"))["features"]
        return [f["properties"] | {"geometry": shape(f["geometry"])} for f in features]
    with path.open(encoding="utf-8", newline="") as file:
        return [
            {name: from_text(collection, name, text) for name, text in row.items()}
            for row in csv.DictReader(file)
        ]


def from_text(collection: str, name: str, text: str) -> Any:
    field = REGISTRY[collection].by_name.get(name)
    if text == "":
        return None
    if field is None:
        return text
    match field.type:
        case FieldType.CODES | FieldType.REFERENCES:
            return text.split(";")
        case FieldType.OBJECT:
            return json.loads(text)
        case FieldType.BOOLEAN:
            return {"true": True, "false": False}[text]
        case FieldType.INTEGER:
            return int(text)
    return text


@pytest.fixture(scope="module")
def sample() -> dict[str, list[Item]]:
    return {collection: read_items(collection) for collection in FILES}


def values_of(item: Item, name: str) -> list[Any]:
    value = item.get(name)
    return value if isinstance(value, list) else [] if value is None else [value]


def test_making_it_again_gives_the_same_bytes(tmp_path: Path) -> None:
    subprocess.run([sys.executable, str(DATA / "make_sample.py"), str(tmp_path)], check=True)
    made = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    kept = {path.name: path.read_bytes() for path in SAMPLE.iterdir()}
    assert sorted(made) == sorted(FILES.values())
    assert made == kept


def test_there_is_as_much_as_promised(sample: dict[str, list[Item]]) -> None:
    count = {collection: len(items) for collection, items in sample.items()}
    assert count["wards"] == 45
    assert count["networks"] == 1
    assert 40 <= count["network_nodes"] <= 60
    assert 60 <= count["fibre_links"] <= 75
    assert 60 <= count["offices"] <= 100
    assert 3 <= count["phases"] <= 4
    assert sample["networks"][0]["external_id"] == "kisii"
    assert sample["networks"][0]["synthetic"] is True


def test_no_file_is_large() -> None:
    sizes = [path.stat().st_size for path in SAMPLE.iterdir()]
    assert max(sizes) < 500_000
    assert sum(sizes) < 500_000


@pytest.mark.parametrize("id_", FILES)
def test_items_follow_the_registry(sample: dict[str, list[Item]], id_: str) -> None:
    collection = REGISTRY[id_]
    columns = {f.name for f in collection.writable_fields} | {collection.key}
    if collection.geometry:
        columns |= {"geometry"}
    keys = Counter(item[collection.key] for item in sample[id_])
    assert max(keys.values()) == 1
    for item in sample[id_]:
        assert set(item) <= columns
        if collection.geometry:
            assert item["geometry"].geom_type == collection.geometry.value
        for field in collection.writable_fields:
            values = values_of(item, field.name)
            where = f"{item[collection.key]}.{field.name}"
            assert values or not field.required, where
            if field.codelist:
                assert set(values) <= set(field.codelist.values()), where
            for value in values:
                if field.type is FieldType.DATE:
                    date.fromisoformat(value)
                if field.minimum is not None:
                    assert value >= field.minimum, where
                if field.maximum is not None:
                    assert value <= field.maximum, where


@pytest.mark.parametrize("id_", FILES)
def test_references_resolve(sample: dict[str, list[Item]], id_: str) -> None:
    for field in REGISTRY[id_].fields:
        if field.references:
            known = {other["external_id"] for other in sample[field.references]}
            for item in sample[id_]:
                assert set(values_of(item, field.name)) <= known


def test_items_are_sorted_and_coordinates_rounded(sample: dict[str, list[Item]]) -> None:
    for id_, items in sample.items():
        keys = [item[REGISTRY[id_].key] for item in items]
        assert keys == sorted(keys)
    for path in SAMPLE.glob("*.geojson"):
        json.loads(path.read_text(encoding="utf-8"), parse_float=assert_six_decimals)


def assert_six_decimals(text: str) -> float:
    assert len(text.partition(".")[2]) <= 6, text
    return float(text)


def test_everything_lies_in_the_network(sample: dict[str, list[Item]]) -> None:
    extent = sample["networks"][0]["extent"]
    for id_ in ("network_nodes", "fibre_links", "offices", "roads", "wards"):
        for item in sample[id_]:
            west, south, east, north = item["geometry"].bounds
            assert extent["west"] < west <= east < extent["east"]
            assert extent["south"] < south <= north < extent["north"]
    county = unary_union([ward["geometry"] for ward in sample["wards"]])
    for id_ in ("network_nodes", "offices"):
        outside = [i["external_id"] for i in sample[id_] if not county.contains(i["geometry"])]
        assert outside == []


# Wards ----------------------------------------------------------------------------------


def test_wards_fit_together(sample: dict[str, list[Item]]) -> None:
    outlines = [ward["geometry"] for ward in sample["wards"]]
    assert all(outline.is_valid for outline in outlines)
    assert make_valid(outlines[0]).equals(outlines[0])
    tree = STRtree(outlines)
    for i, outline in enumerate(outlines):
        for j in tree.query(outline):
            if i < j:
                assert outline.intersection(outlines[j]).area == 0
    county = unary_union(outlines)
    assert county.geom_type == "Polygon"
    assert len(county.interiors) == 0


def test_wards_have_the_size_and_people_of_the_county(sample: dict[str, list[Item]]) -> None:
    """1,323 km2 by the census of 2019; 1,152,282 people in 2009."""
    areas = {
        ward["code"]: abs(WGS84.geometry_area_perimeter(ward["geometry"])[0]) / 1e6
        for ward in sample["wards"]
    }
    assert 1_250 < sum(areas.values()) < 1_400
    assert min(areas.values()) > 10
    assert max(areas.values()) < 60
    assert sum(ward["population"] for ward in sample["wards"]) == 1_152_282
    assert {ward["population_year"] for ward in sample["wards"]} == {2009}
    assert [int(ward["code"]) for ward in sample["wards"]] == list(range(1301, 1346))
    assert len({ward["constituency"] for ward in sample["wards"]}) == 9
    assert all(ward["outline_approximate"] is True for ward in sample["wards"])


# The network ----------------------------------------------------------------------------


def test_every_status_is_present(sample: dict[str, list[Item]]) -> None:
    for id_ in ("network_nodes", "fibre_links"):
        assert {i["status"] for i in sample[id_]} == set(codelists.STATUS.values())


def test_link_ends_are_their_nodes(sample: dict[str, list[Item]]) -> None:
    nodes = {node["external_id"]: node["geometry"] for node in sample["network_nodes"]}
    for link in sample["fibre_links"]:
        line = link["geometry"]
        assert line.is_simple
        for end, node in ((0, "start_node"), (-1, "end_node")):
            here, there = Point(line.coords[end]), nodes[link[node]]
            assert WGS84.inv(here.x, here.y, there.x, there.y)[2] < 0.1, link["external_id"]


def test_fibre_is_a_little_longer_than_its_route(sample: dict[str, list[Item]]) -> None:
    for link in sample["fibre_links"]:
        if link["fibre_length_m"] is not None:
            x, y = link["geometry"].xy
            ratio = link["fibre_length_m"] / WGS84.line_length(list(x), list(y))
            # Short drops are rounded to the metre.
            assert 1.005 < ratio < 1.05, link["external_id"]
            assert 0 <= link["spare_fibres"] <= link["fibre_count"]


def test_operational_links_join_operational_nodes(sample: dict[str, list[Item]]) -> None:
    status = {node["external_id"]: node["status"] for node in sample["network_nodes"]}
    for link in sample["fibre_links"]:
        if link["status"] == "operational":
            assert status[link["start_node"]] == status[link["end_node"]] == "operational"


def reached(links: Iterable[Item], gateways: Iterable[str]) -> set[str]:
    """The nodes joined to a gateway by these links."""
    links, found = list(links), set(gateways)
    while True:
        more = {
            node
            for link in links
            if {link["start_node"], link["end_node"]} & found
            for node in (link["start_node"], link["end_node"])
        } - found
        if not more:
            return found
        found |= more


def test_every_operational_node_reaches_a_gateway(sample: dict[str, list[Item]]) -> None:
    live = [link for link in sample["fibre_links"] if link["status"] == "operational"]
    nodes = [n for n in sample["network_nodes"] if n["status"] == "operational"]
    gateways = [n["external_id"] for n in nodes if n["gateway"]]
    assert len(gateways) == 2
    assert reached(live, gateways) == {n["external_id"] for n in nodes}


def test_town_ring_survives_any_single_cut(sample: dict[str, list[Item]]) -> None:
    """
    1 HQ ── 3 Capital ── 4 Nyanchwa ── 5 Getembe
     │                                     │
    8 Stadium ── 7 Hospital ── 6 Daraja ── 2 West PoP

    One cut takes every link of the same trench; either gateway alone must do.
    """
    links = {link["external_id"]: link for link in sample["fibre_links"]}
    live = [link for link in links.values() if link["status"] == "operational"]
    ring = {links[id_][end] for id_ in RING for end in ("start_node", "end_node")}
    assert len(ring) == len(RING)
    gateways = {n["external_id"] for n in sample["network_nodes"] if n["gateway"]}
    assert gateways <= ring
    for cut in live:
        trench = cut["shared_trench"]
        left = [
            link
            for link in live
            if link is not cut and (trench is None or link["shared_trench"] != trench)
        ]
        for gateway in gateways:
            assert ring <= reached(left, {gateway}), (cut["external_id"], gateway)


def test_a_spur_does_not_survive_its_cut(sample: dict[str, list[Item]]) -> None:
    """Suneka hangs on one link, so an outage there is a story that the map can tell."""
    live = [
        link
        for link in sample["fibre_links"]
        if link["status"] == "operational" and link["external_id"] != "KSI-L-027"
    ]
    lost = {n["external_id"] for n in sample["network_nodes"] if n["status"] == "operational"}
    lost -= reached(live, {"KSI-N-001", "KSI-N-002"})
    assert lost == {f"KSI-N-{n:03d}" for n in (17, 19, 20, 29, 48)}


def test_links_share_trenches(sample: dict[str, list[Item]]) -> None:
    trenches: dict[str, list[Item]] = {}
    for link in sample["fibre_links"]:
        if link["shared_trench"]:
            trenches.setdefault(link["shared_trench"], []).append(link)
    assert len(trenches) >= 2
    for links in trenches.values():
        for one, other in combinations(links, 2):
            assert one["geometry"].hausdorff_distance(other["geometry"]) < 0.0005


def test_there_is_public_wifi(sample: dict[str, list[Item]]) -> None:
    wifi = [n for n in sample["network_nodes"] if n["infrastructure"] == "wifiAccessPoint"]
    assert len([n for n in wifi if n["status"] == "operational"]) >= 6


# Offices --------------------------------------------------------------------------------


def test_offices_of_every_kind(sample: dict[str, list[Item]]) -> None:
    offices = sample["offices"]
    assert {o["office_type"] for o in offices} == set(codelists.OFFICE_TYPE.values())
    assert {o["connection"] for o in offices} == set(codelists.CONNECTION.values())
    themes = Counter(o["theme"] for o in offices)
    assert set(themes) == set(codelists.THEME.values())
    assert min(themes.values()) >= 8


def test_connected_offices_hang_on_operational_nodes(sample: dict[str, list[Item]]) -> None:
    nodes = {node["external_id"]: node for node in sample["network_nodes"]}
    for office in sample["offices"]:
        if office["connection"] == "connected":
            node = nodes[office["served_by"]]
            assert node["status"] == "operational"
            assert node["access_point"] is True
            assert office["connected_since"] <= "2026-06-30"
            assert office["technology"]
            here, there = office["geometry"], node["geometry"]
            assert WGS84.inv(here.x, here.y, there.x, there.y)[2] < 5_000
        else:
            assert office["served_by"] is None
            assert office["connected_since"] is None
            assert office["measured_mbps"] is None


def test_wards_tell_different_stories(sample: dict[str, list[Item]]) -> None:
    """Some wards well connected, some not at all, some without any office."""
    share: dict[str, float | None] = {}
    constituencies = set()
    for ward in sample["wards"]:
        here = [o for o in sample["offices"] if ward["geometry"].contains(o["geometry"])]
        on = [o for o in here if o["connection"] == "connected"]
        share[ward["code"]] = len(on) / len(here) if here else None
        if here:
            constituencies.add(ward["constituency"])
    shares = list(share.values())
    assert len(constituencies) == 9
    assert 2 <= shares.count(None) <= 8
    assert shares.count(0) >= 8
    known = [s for s in shares if s is not None]
    assert len([s for s in known if s > 0.9]) >= 4
    assert len([s for s in known if 0 < s <= 0.9]) >= 4
