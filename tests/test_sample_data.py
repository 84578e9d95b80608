"""The sample data holds together: complete, valid, reproducible, one connected network."""

from __future__ import annotations

import csv
import json
import subprocess
import sys
from collections import Counter
from collections.abc import Iterable
from datetime import date, datetime, timedelta
from ipaddress import ip_address, ip_network
from itertools import combinations
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import shapely
from pyproj import Geod
from shapely import STRtree, make_valid
from shapely.geometry import LineString, Point, shape
from shapely.ops import unary_union
from sqlalchemy import func, select

from gis_service.model import codelists
from gis_service.model.audience import Audience
from gis_service.model.collections import REGISTRY
from gis_service.model.fields import FieldType
from gis_service.services.load_requests import LoadRequest
from gis_service.services.loading import load_file
from gis_service.settings import Settings
from gis_service.store.database import Database
from gis_service.store.readable import readable
from gis_service.store.tables import table

DATA = Path(__file__).resolve().parent.parent / "data"
SAMPLE = DATA / "sample"
TABLES = (
    "networks", "organisations", "phases", "contracts", "wayleaves",
    "equipment", "work_log", "measurements", "scenarios",
)  # fmt: skip
MAPPED = ("network_nodes", "fibre_links", "structures", "offices", "wards", "roads", "faults")
FILES = {id_: f"{id_}.csv" for id_ in TABLES} | {id_: f"{id_}.geojson" for id_ in MAPPED}
REFERENCE_DAY = date(2026, 11, 1)
"""The sample shows the network as it is on this day."""
WGS84 = Geod(ellps="WGS84")
RING = [f"KSI-L-{n:03d}" for n in range(1, 9)]

Item = dict[str, Any]


def read_items(collection: str) -> list[Item]:
    """Properties of each item, geometry beside them under 'geometry'."""
    path = SAMPLE / FILES[collection]
    if path.suffix == ".geojson":
        features = json.loads(path.read_text(encoding="utf-8"))["features"]
        return [
            f["properties"] | {"geometry": f["geometry"] and shape(f["geometry"])} for f in features
        ]
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
        case FieldType.NUMBER:
            return float(text)
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
    assert 200 <= count["structures"] <= 300
    assert 55 <= count["equipment"] <= 70
    assert 250 <= count["work_log"] <= 400
    assert 80 <= count["measurements"] <= 120
    assert 12 <= count["faults"] <= 16
    assert 4 <= count["contracts"] <= 5
    assert 4 <= count["wayleaves"] <= 5
    assert 3 <= count["scenarios"] <= 4
    assert 3 <= count["phases"] <= 4
    assert sample["networks"][0]["external_id"] == "kisii"
    assert sample["networks"][0]["synthetic"] is True


def test_no_file_is_large() -> None:
    sizes = [path.stat().st_size for path in SAMPLE.iterdir()]
    assert max(sizes) < 500_000
    assert sum(sizes) < 600_000


def test_every_collection_is_there_but_what_only_others_bring() -> None:
    """How many people live in which part of a ward is not known; joins need a neighbour."""
    assert set(FILES) == set(REGISTRY) - {"population", "node_joins"}


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
        if collection.geometry and (item["geometry"] or collection.geometry_required):
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
                if field.type is FieldType.TIMESTAMP:
                    assert datetime.fromisoformat(value).tzinfo is not None, where
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
    for id_ in MAPPED:
        for item in sample[id_]:
            if item["geometry"] is None:
                continue
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


# Structures -----------------------------------------------------------------------------


def position_along(line: LineString, point: Point) -> tuple[float, float]:
    """Metres from the line's start to the place on it nearest to a point, and from there to it."""
    share = line.project(point)
    on_line = line.interpolate(share)
    before = shapely.ops.substring(line, 0, share)
    away_m = WGS84.inv(on_line.x, on_line.y, point.x, point.y)[2]
    return WGS84.geometry_length(before), away_m


def test_structures_lie_on_their_link(sample: dict[str, list[Item]]) -> None:
    links = {link["external_id"]: link for link in sample["fibre_links"]}
    for structure in sample["structures"]:
        line = links[structure["link"]]["geometry"]
        position_m, away_m = position_along(line, structure["geometry"])
        assert away_m < 0.5, structure["external_id"]
        assert abs(position_m - structure["position_m"]) < 0.5, structure["external_id"]


def test_structures_fit_the_way_the_cable_is_laid(sample: dict[str, list[Item]]) -> None:
    links = {link["external_id"]: link for link in sample["fibre_links"]}
    kinds = {"manhole": "belowGround", "handhole": "belowGround", "pole": "aboveGround"}
    for structure in sample["structures"]:
        link = links[structure["link"]]
        assert link["medium"] == ["fibre"]
        assert link["status"] in ("operational", "inactive", "underConstruction")
        deployment = kinds.get(structure["structure_type"])
        assert deployment is None or deployment in link["deployment"], structure["external_id"]
    assert {s["structure_type"] for s in sample["structures"]} == set(
        codelists.STRUCTURE_TYPE.values()
    ) - {"closure"}, "closures stand there as network nodes"


def test_spare_cable_is_no_more_than_the_fibre_is_longer(sample: dict[str, list[Item]]) -> None:
    spare = Counter[str]()
    for structure in sample["structures"]:
        spare[structure["link"]] += structure["slack_m"] or 0
    for link in sample["fibre_links"]:
        if spare[link["external_id"]]:
            route_length_m = WGS84.geometry_length(link["geometry"])
            assert spare[link["external_id"]] < link["fibre_length_m"] - route_length_m


# Equipment and its certification --------------------------------------------------------


def certification(
    device: Item, work_log: Iterable[Item], *, today: date
) -> tuple[str, date | None]:
    """State and due day by the rule of the product, worked out a second time."""
    decided = [
        w
        for w in work_log
        if w["equipment"] == device["external_id"]
        and w["kind"] == "certification"
        and w["result"] in ("passed", "failed")
    ]
    if not decided:
        return "never", None
    latest = max(decided, key=when)
    if latest["result"] == "failed":
        return "failed", None
    months = device["certification_interval_months"]
    if months is None:
        return "valid", None
    due = (pd.Timestamp(when(latest).date()) + pd.DateOffset(months=months)).date()
    if due < today:
        return "overdue", due
    return ("due" if due <= today + timedelta(days=30) else "valid"), due


def when(item: Item) -> datetime:
    return datetime.fromisoformat(item["occurred_at"])


def test_every_state_of_certification_on_the_reference_day(
    sample: dict[str, list[Item]],
) -> None:
    states = Counter(
        certification(device, sample["work_log"], today=REFERENCE_DAY)[0]
        for device in sample["equipment"]
        if device["lifecycle"] in ("inService", "underRepair")
    )
    assert set(states) == set(codelists.CERTIFICATION.values())
    assert min(states.values()) >= 2
    assert states["valid"] > sum(states.values()) / 2


def test_a_device_without_interval_stays_certified(sample: dict[str, list[Item]]) -> None:
    forever = [
        d
        for d in sample["equipment"]
        if certification(d, sample["work_log"], today=date(2126, 1, 1))[0] == "valid"
    ]
    assert [d["asset_tag"] for d in forever] == ["KSI-PPL-0001"]


def test_equipment_of_every_kind(sample: dict[str, list[Item]]) -> None:
    devices = sample["equipment"]
    assert {d["category"] for d in devices} == set(codelists.EQUIPMENT_CATEGORY.values())
    assert {d["lifecycle"] for d in devices} == set(codelists.LIFECYCLE.values())
    assert {d["certification_interval_months"] for d in devices} == {6, 12, 24, None}
    assert len({d["serial"] for d in devices}) == len(devices)
    for device in devices:
        assert device["external_id"] == device["asset_tag"]
        assert not (device["node"] and device["office"])
        # What is ordered stands nowhere yet.
        stands = device["node"] or device["office"]
        assert bool(stands) == (device["lifecycle"] != "ordered"), device["asset_tag"]


def test_addresses_are_those_kept_for_documentation(sample: dict[str, list[Item]]) -> None:
    """RFC 5737 and RFC 3849; nobody's network answers there."""
    kept = [
        ip_network(n)
        for n in ("192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24", "2001:db8::/32")
    ]
    names = ("management_address", "lan_address", "wan_address")
    found = [d[n] for d in sample["equipment"] for n in names if d[n]]
    assert len(set(found)) == len(found)
    for address in found:
        assert any(ip_address(address) in network for network in kept)
    assert {ip_address(a).version for a in found} == {4, 6}


def test_devices_in_use_stand_where_the_network_is(sample: dict[str, list[Item]]) -> None:
    nodes = {node["external_id"]: node for node in sample["network_nodes"]}
    offices = {office["external_id"]: office for office in sample["offices"]}
    for device in sample["equipment"]:
        if device["lifecycle"] in ("inService", "underRepair"):
            if device["office"]:
                assert offices[device["office"]]["connection"] == "connected"
            else:
                assert nodes[device["node"]]["status"] == "operational"


# The work log ---------------------------------------------------------------------------

LOG_BEGINS = datetime.fromisoformat("2023-11-01T00:00:00+03:00")
LOG_ENDS = datetime.fromisoformat("2026-11-01T00:00:00+03:00")


def test_work_of_every_kind(sample: dict[str, list[Item]]) -> None:
    log = sample["work_log"]
    assert {w["kind"] for w in log} == set(codelists.WORK_KIND.values())
    assert {w["result"] for w in log} == set(codelists.WORK_RESULT.values())
    for entry in log:
        assert LOG_BEGINS <= when(entry) < LOG_ENDS, entry["external_id"]
        assert when(entry) < datetime.fromisoformat(entry["recorded_at"])
        assert [entry["equipment"], entry["node"], entry["link"]].count(None) == 2
        assert entry["notes"]


def test_work_follows_the_life_of_the_device(sample: dict[str, list[Item]]) -> None:
    """Ordered, then installed, then certified; nothing after the retirement."""
    order = ["procurement", "installation", "certification", "retirement"]
    for device in sample["equipment"]:
        log = [w for w in sample["work_log"] if w["equipment"] == device["external_id"]]
        log.sort(key=when)
        kinds = [w["kind"] for w in log]
        steps = [k for k in kinds if k in order]
        assert steps == sorted(steps, key=order.index), device["asset_tag"]
        assert ("retirement" in kinds) == (device["lifecycle"] == "retired")
        if device["lifecycle"] in ("ordered", "received"):
            assert device["installed_on"] is None
            assert set(kinds) <= {"procurement", "inspection"}
            continue
        installed = date.fromisoformat(device["installed_on"])
        if installed < LOG_BEGINS.date():
            assert not {"procurement", "installation"} & set(kinds)
            continue
        assert kinds[0] == "procurement"
        (installation,) = (w for w in log if w["kind"] == "installation")
        assert when(installation).date() == installed
        if device["lifecycle"] == "retired":
            assert kinds[-1] == "retirement"
        later = [w for w in log if w["kind"] not in ("procurement", "inspection")]
        assert later[0] is installation


def test_failed_certifications_are_followed_by_a_repair(sample: dict[str, list[Item]]) -> None:
    log = sample["work_log"]
    failed = [w for w in log if (w["kind"], w["result"]) == ("certification", "failed")]
    assert len(failed) >= 5
    passed_after = 0
    for entry in failed:
        after = [
            w for w in log if w["equipment"] == entry["equipment"] and when(w) > when(entry)
        ]
        after.sort(key=when)
        repair = next(w for w in after if w["kind"] == "repair")
        assert when(repair) - when(entry) < timedelta(days=31)
        passed_after += any(
            (w["kind"], w["result"]) == ("certification", "passed") for w in after
        )
    assert 2 <= passed_after < len(failed)


# Measurements ---------------------------------------------------------------------------


def test_measurements_of_every_kind(sample: dict[str, list[Item]]) -> None:
    readings = sample["measurements"]
    assert {m["kind"] for m in readings} == set(codelists.MEASUREMENT_KIND.values())
    assert {m["wavelength_nm"] for m in readings if m["kind"] == "otdr"} == {1310, 1550}
    traced = {m["link"] for m in readings if m["kind"] == "otdr"}
    assert traced == {
        link["external_id"]
        for link in sample["fibre_links"]
        if link["status"] == "operational" and link["medium"] == ["fibre"]
    }
    for reading in readings:
        assert datetime.fromisoformat(reading["measured_at"]) < LOG_ENDS


def test_losses_are_those_of_good_fibre(sample: dict[str, list[Item]]) -> None:
    """
    0.35 dB/km at 1310 nm, 0.21 at 1550; 0.1 dB for a splice, 0.3 for a connector.

    A trace that ends at a fault lost at least what the fibre before it loses.
    """
    links = {link["external_id"]: link for link in sample["fibre_links"]}
    per_km = {1310: 0.35, 1550: 0.21}
    for reading in sample["measurements"]:
        where = reading["external_id"]
        if reading["kind"] == "opticalPower":
            assert -28 < reading["power_dbm"] < -3, where
            assert reading["equipment"]
            continue
        link = links[reading["link"]]
        assert reading["node"] in (link["start_node"], link["end_node"])
        assert int(reading["fibre"]) <= link["fibre_count"]
        joints_db = 0.1 * link["splices"] + 0.3 * link["connectors"]
        length_m = reading["otdr_distance_m"] or link["fibre_length_m"]
        fibre_db = per_km[reading["wavelength_nm"]] * length_m / 1000
        if length_m < 0.99 * link["fibre_length_m"]:
            assert fibre_db < reading["loss_db"] < fibre_db + joints_db, where
        else:
            assert abs(length_m / link["fibre_length_m"] - 1) < 0.001
            assert 0.94 < reading["loss_db"] / (fibre_db + joints_db) < 1.2, where


# Faults ---------------------------------------------------------------------------------


def test_faults_of_every_source(sample: dict[str, list[Item]]) -> None:
    faults = sample["faults"]
    assert {f["source"] for f in faults} == set(codelists.FAULT_SOURCE.values())
    assert len([f for f in faults if f["cleared_at"]]) >= 5
    for fault in faults:
        started = datetime.fromisoformat(fault["started_at"])
        assert LOG_BEGINS < started < LOG_ENDS
        if fault["cleared_at"]:
            assert started < datetime.fromisoformat(fault["cleared_at"]) < LOG_ENDS
        assert "(fictitious)" in fault["reporter"]
        assert [fault[n] for n in ("link", "node", "equipment", "office")].count(None) >= 3
    (placeless,) = (f for f in faults if f["geometry"] is None)
    assert placeless["cleared_at"] is None


def test_faults_of_links_lie_on_them(sample: dict[str, list[Item]]) -> None:
    """What the OTDR read is fibre from the link's start, so it is scaled to the route."""
    links = {link["external_id"]: link for link in sample["fibre_links"]}
    of_links = [f for f in sample["faults"] if f["link"]]
    assert len(of_links) >= 6
    for fault in of_links:
        link = links[fault["link"]]
        assert link["status"] == "operational"
        assert link["ready_for_service_date"] < fault["started_at"]
        position_m, away_m = position_along(link["geometry"], fault["geometry"])
        assert away_m < 0.5
        assert (fault["otdr_distance_m"] is not None) == (fault["source"] == "otdr")
        if fault["otdr_distance_m"] is not None:
            ratio = WGS84.geometry_length(link["geometry"]) / link["fibre_length_m"]
            assert abs(fault["otdr_distance_m"] * ratio - position_m) < 1


def test_open_cuts_darken_the_ends_of_two_spurs_only(sample: dict[str, list[Item]]) -> None:
    """
    Ogembo ──F-013── Kenyenya (three offices)    West PoP ──F-014── Nyabururu (none)
    """
    cut = {
        f["link"] for f in sample["faults"] if f["cuts"] and f["link"] and not f["cleared_at"]
    }
    assert cut == {"KSI-L-026", "KSI-L-034"}
    live = [link for link in sample["fibre_links"] if link["status"] == "operational"]
    nodes = {n["external_id"] for n in sample["network_nodes"] if n["status"] == "operational"}
    left = [link for link in live if link["external_id"] not in cut]
    dark = nodes - reached(left, {"KSI-N-001", "KSI-N-002"})
    assert dark == {"KSI-N-022", "KSI-N-054"}
    offices = [o["name"] for o in sample["offices"] if o["served_by"] in dark]
    assert len(offices) == 3


def test_faults_are_in_the_work_log(sample: dict[str, list[Item]]) -> None:
    """A fault found at its start, a repair at its end."""
    served_by = {office["external_id"]: office["served_by"] for office in sample["offices"]}
    for fault in sample["faults"]:
        place = fault["link"] or fault["equipment"] or fault["node"]
        place = place or served_by.get(fault["office"])
        if place is None:
            continue
        noted = {
            (w["kind"], w["occurred_at"])
            for w in sample["work_log"]
            if place in (w["link"], w["equipment"], w["node"])
        }
        assert ("fault", fault["started_at"]) in noted
        assert fault["cleared_at"] is None or ("repair", fault["cleared_at"]) in noted


# Plans ----------------------------------------------------------------------------------


def test_scenarios_change_what_they_say(sample: dict[str, list[Item]]) -> None:
    links = {link["external_id"]: link for link in sample["fibre_links"]}
    for scenario in sample["scenarios"]:
        for id_ in values_of(scenario, "adds"):
            assert links[id_]["status"] not in ("operational", "decommissioned")
        for id_ in values_of(scenario, "removes"):
            assert links[id_]["status"] == "operational"
        assert any(values_of(scenario, n) for n in ("adds", "removes", "removes_nodes"))


# In the database ------------------------------------------------------------------------


def test_everything_is_in_the_database(
    sample_database: Database, sample: dict[str, list[Item]]
) -> None:
    with sample_database.begin() as connection:
        for id_, items in sample.items():
            stored = table(REGISTRY[id_])
            count = connection.scalar(select(func.count()).select_from(stored))
            assert count == len(items), id_
        offices = connection.execute(select(table(REGISTRY["offices"]))).mappings().all()
        assert all(office["ward"] for office in offices)
        equipment = readable(REGISTRY["equipment"], Audience.ADMIN)
        devices = connection.execute(select(equipment)).mappings().all()
        today = connection.scalar(select(func.current_date()))
        assert today is not None
        by_tag = {device["asset_tag"]: device for device in sample["equipment"]}
        for device in devices:
            state, due = certification(by_tag[device["asset_tag"]], sample["work_log"], today=today)
            assert device["certification"] == state
            assert device["certification_due_on"] == due


def test_loading_it_again_changes_nothing(sample_database: Database, settings: Settings) -> None:
    for id_, collection in REGISTRY.items():
        if id_ not in FILES:
            continue
        network = "kisii" if collection.networked else None
        request = LoadRequest(path=SAMPLE / FILES[id_], collection=id_, network=network)
        report = load_file(sample_database, settings, request)
        assert report.unchanged == report.read > 0, id_
        assert (report.inserted, report.updated, report.errors) == (0, 0, ()), id_
        expected = {"duplicate-link"} if id_ == "fibre_links" else set()
        assert {f.rule for f in report.faults} == expected, "two cables lie in one trench"
