"""What maps are made of, without a browser: data, legend, page, vendored files."""

from __future__ import annotations

import json
import math
import re
import shutil
from itertools import pairwise
from pathlib import Path
from typing import Any

import folium
import folium.plugins
import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from shapely import box
from shapely.geometry import LineString, MultiPolygon, Point, Polygon

from gis_service.cartography import assets, rendering
from gis_service.cartography import vendor as vendoring
from gis_service.cartography.assets import UnmappedAddress, hashed_name, icon_path, vendored
from gis_service.cartography.definition import LayerDefinition, MapDefinition, read_definition
from gis_service.cartography.figures import figures
from gis_service.cartography.indicators import INDICATORS, class_of, value_of
from gis_service.cartography.kinds import (
    LINK_LINES,
    NODE_KINDS,
    node_kind,
    office_icon,
    visible_kinds,
)
from gis_service.cartography.layers import data_script, layer_payload
from gis_service.cartography.legend import class_steps, legend
from gis_service.cartography.rendering import (
    OnlineBasemap,
    PageLinks,
    RenderedMap,
    content_security_policy,
    render_map,
)
from gis_service.cartography.script import SCRIPT_PHRASES
from gis_service.cartography.wording import wording
from gis_service.coverage import coverage_by_ward
from gis_service.errors import ConfigurationError
from gis_service.model import codelists
from gis_service.model.audience import Audience, visible_fields
from gis_service.model.collections import REGISTRY
from gis_service.model.coverage import Counts
from gis_service.model.fields import LANGUAGES, Field

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="module", autouse=True)
def _libraries() -> None:
    vendoring.vendor()


@pytest.fixture(scope="module")
def definition() -> MapDefinition:
    return read_definition(ROOT / "maps" / "coverage.toml")


def fields_of(definition: MapDefinition, audience: Audience) -> dict[str, tuple[Field, ...]]:
    return {
        layer.collection: visible_fields(REGISTRY[layer.collection], audience)
        for layer in definition.layers
    }


def rendered(definition: MapDefinition, **changes: Any) -> RenderedMap:
    options: dict[str, Any] = {
        "language": "en",
        "fields": fields_of(definition, Audience.PUBLIC),
        "links": PageLinks(assets="/a/", data=lambda layer: f"/d/{layer}"),
        "municipality": "Kisii",
        **changes,
    }
    return render_map(definition, **options)


def payload(definition: MapDefinition, collection: str, frame: gpd.GeoDataFrame,
            audience: Audience = Audience.PUBLIC, **options: Any) -> dict[str, Any]:
    layer = next(each for each in definition.layers if each.collection == collection)
    fields = visible_fields(REGISTRY[collection], audience)
    document: dict[str, Any] = json.loads(layer_payload(layer, frame, fields=fields, **options))
    return document


# --- data ---


def offices() -> gpd.GeoDataFrame:
    return gpd.GeoDataFrame(
        {"id": ["o1", "o2", "o3"], "name": ["A", None, "C"],
         "connection": ["connected", "unconnected", "unknown"],
         "contact": ["0700 000000"] * 3, "measured_mbps": [10.5, np.nan, 20.0],
         "connected_since": pd.to_datetime(["2024-03-01", None, None]),
         "served_by": ["n1", None, pd.NA]},
        geometry=[Point(34.77123456789, -0.68), Point(34.75, -0.7), None],
        crs=4326,
    )


def test_only_fields_that_the_reader_may_see_are_in_the_data(definition: MapDefinition):
    public = payload(definition, "offices", offices())
    assert set(public["features"][0]["properties"]) == {"name", "connection"}
    assert "0700" not in json.dumps(public)
    staff = payload(definition, "offices", offices(), Audience.PLANNER)
    assert staff["features"][0]["properties"] == {
        "name": "A", "connection": "connected", "contact": "0700 000000",
        "measured_mbps": 10.5, "connected_since": "2024-03-01T00:00:00", "served_by": "n1",
    }


def test_what_is_missing_is_left_out(definition: MapDefinition):
    found = payload(definition, "offices", offices(), Audience.PLANNER)["features"]
    assert [feature["id"] for feature in found] == ["o1", "o2"]
    assert found[1]["properties"] == {"connection": "unconnected", "contact": "0700 000000"}


def test_positions_have_six_decimals_in_wgs84(definition: MapDefinition):
    found = payload(definition, "offices", offices().to_crs(32736))["features"]
    assert found[0]["geometry"] == {"type": "Point", "coordinates": [34.771235, -0.68]}


def test_rings_follow_the_right_hand_rule_and_heights_go(definition: MapDefinition):
    clockwise = Polygon([(34.6, -0.8, 9), (34.6, -0.6, 9), (34.8, -0.6, 9), (34.8, -0.8, 9)])
    frame = gpd.GeoDataFrame(
        {"id": ["w"], "code": ["1301"], "name": ["A"]}, geometry=[MultiPolygon([clockwise])],
        crs=4326,
    )
    feature = payload(definition, "wards", frame)["features"][0]
    ring = feature["geometry"]["coordinates"][0][0]
    area = sum(a[0] * b[1] - b[0] * a[1] for a, b in pairwise(ring))
    assert area > 0
    assert all(len(position) == 2 for position in ring)
    assert feature["computed"]["label_at"] == pytest.approx([34.7, -0.7], abs=0.01)


def test_wards_bring_their_class_and_counts(definition: MapDefinition):
    wards = gpd.GeoDataFrame(
        {"id": ["a", "b"], "code": ["1301", "1302"], "name": ["A", "B"]},
        geometry=[box(34.7, -0.8, 34.8, -0.6), box(34.8, -0.8, 34.9, -0.6)], crs=4326,
    )
    table = coverage_by_ward(wards, offices().iloc[:2])
    first, second = payload(definition, "wards", wards, coverage=table)["features"]
    computed = {k: v for k, v in first["computed"].items() if k != "label_at"}
    assert computed == {
        "class": 2, "indicator": 50.0, "connected": 1, "unconnected": 1, "unknown": 0,
    }
    assert second["computed"]["class"] is None


def test_the_common_outline_has_no_inner_borders(definition: MapDefinition):
    wards = gpd.GeoDataFrame(
        {"id": ["a", "b"], "code": ["1", "2"], "name": ["A", "B"]},
        geometry=[box(34.7, -0.8, 34.8, -0.6), box(34.8, -0.8, 34.9, -0.6)], crs=4326,
    )
    outline = payload(definition, "wards", wards)["outline"]
    assert outline["type"] == "MultiLineString"
    assert len(outline["coordinates"]) == 1


def test_no_rows_make_an_empty_collection(definition: MapDefinition):
    for collection in ("wards", "offices", "network_nodes", "fibre_links"):
        frame = gpd.GeoDataFrame({"id": []}, geometry=[], crs=4326)
        assert payload(definition, collection, frame)["features"] == []


def test_data_as_a_script_is_the_same_data():
    script = data_script("wards", b'{"type":"FeatureCollection","features":[]}').decode()
    assert script == (
        '(globalThis.gisMapData ??= {})["wards"] = {"type":"FeatureCollection","features":[]};\n'
    )


# --- signs ---


@pytest.mark.parametrize(("value", "expected"), [
    (0, 0), (19.9, 0), (20, 1), (80, 4), (100, 4), (math.nan, None),
])
def test_a_class_begins_with_its_break(value: float, expected: int | None):
    assert class_of(value, (20, 40, 60, 80)) == expected


def test_indicators_know_no_data():
    assert math.isnan(value_of(INDICATORS["share_connected"], Counts(unknown=3)))
    assert math.isnan(value_of(INDICATORS["unconnected"], Counts(unknown=3)))
    assert value_of(INDICATORS["unconnected"], Counts(connected=3)) == 0


@pytest.mark.parametrize(("properties", "expected"), [
    ({"gateway": True, "type": ["pop"]}, "gateway"),
    ({"gateway": False, "type": ["aggregationPoint", "pop"]}, "pop"),
    ({"type": ["aggregationPoint"], "infrastructure": "cabinet"}, "aggregation"),
    ({"type": ["addDropSite"], "infrastructure": "cabinet"}, "cabinet"),
    ({"infrastructure": "splitter"}, "closure"),
    ({"infrastructure": "cableWell"}, "manhole"),
    ({"infrastructure": "tower"}, "pole"),
    ({"public_wifi": True, "infrastructure": "wifiAccessPoint"}, "wifi"),
    ({"infrastructure": "customerPremises"}, "premises"),
    ({"infrastructure": "somethingNew"}, "node"),
    ({}, "node"),
])
def test_kinds_of_node(properties: dict[str, Any], expected: str):
    assert node_kind(properties, NODE_KINDS) == expected


def test_the_public_tells_only_wifi_from_other_nodes():
    public = visible_fields(REGISTRY["network_nodes"], Audience.PUBLIC)
    assert [kind.id for kind in visible_kinds(public)] == ["wifi", "node"]


def test_every_kind_and_status_has_its_sign():
    assert all(icon_path(kind.id) for kind in visible_kinds(REGISTRY["network_nodes"].fields))
    assert set(LINK_LINES) == set(codelists.STATUS.values())


@pytest.mark.parametrize(("breaks", "steps"), [
    ((20, 40, 60, 80), (0, 1, 2, 3, 4)), ((50,), (0, 4)), ((30, 60), (0, 2, 4)),
])
def test_classes_spread_over_the_palette(breaks: tuple[float, ...], steps: tuple[int, ...]):
    layer = LayerDefinition(
        "wards", "indicator", REGISTRY["wards"].title, indicator="share_connected", breaks=breaks
    )
    assert class_steps(layer) == steps


def test_capacity_is_in_the_legend_of_those_who_may_see_it(definition: MapDefinition):
    for audience, expected in ((Audience.PUBLIC, 0), (Audience.PLANNER, 3)):
        groups = legend(definition.layers, fields_of(definition, audience), "en")
        links = next(group for group in groups if group.layer == "fibre_links")
        assert len(links.extra) == expected


def test_the_legend_begins_with_what_areas_mean(definition: MapDefinition):
    groups = legend(definition.layers, fields_of(definition, Audience.PUBLIC), "en")
    assert [group.layer for group in groups][:2] == ["wards", "offices"]
    assert [row.title for row in groups[0].rows] == [
        "under 20%", "20 to under 40%", "40 to under 60%", "60 to under 80%", "80 to 100%",
        "No data",
    ]


# --- words ---


def test_phrases_have_the_same_blanks_in_both_languages():
    blanks = re.compile(r"\{\w+\}")
    en, sw = wording("en"), wording("sw")
    for key in en:
        assert sorted(blanks.findall(en[key])) == sorted(blanks.findall(sw[key])), key
        assert en[key].strip()
        assert sw[key].strip()


def test_every_phrase_of_the_pages_exists():
    known = set(wording("en"))
    for name in ("base.html", "map.html", "map_desk.html"):
        text = (assets.WEB / "templates" / name).read_text(encoding="utf-8")
        assert set(re.findall(r"\bt\.(\w+)", text)) <= known
    own = (f"map/{name}.js" for name in assets.MAP_SCRIPTS)
    for script in (*own, *assets.LARGE_SCRIPTS, *assets.BASE_SCRIPT):
        text = (assets.STATIC / script).read_text(encoding="utf-8")
        used = set(re.findall(r"(?<!\.)\bwords\.(\w+)", text)) | set(
            re.findall(r"app\.words\.(\w+)", text))
        assert used <= set(SCRIPT_PHRASES)
    for script in assets.DESK_SCRIPTS:
        text = (assets.STATIC / "map" / "desk" / f"{script}.js").read_text(encoding="utf-8")
        named = re.findall(r'(?:words\.|")(desk_\w+[a-z\d])\b', text)
        assert set(named) <= known
        assert set(re.findall(r"app\.words\.(\w+)", text)) <= set(SCRIPT_PHRASES)


def test_numbers_are_written_out(definition: MapDefinition):
    wards = gpd.GeoDataFrame(
        {"code": ["1301"], "name": ["A"], "constituency": ["S"]},
        geometry=[box(34.7, -0.8, 34.8, -0.6)], crs=4326,
    )
    table = coverage_by_ward(wards, offices().iloc[:2])
    found = figures(table, definition.indicator_layer, "en")
    assert found.headline == "1 of 2 offices whose connection is known are connected."
    assert (found.total.share, found.wards[0].share, found.wards[0].step) == ("50%", "50%", 2)
    assert found.outside is None
    empty = figures(coverage_by_ward(wards, offices().iloc[:0]), None, "sw")
    assert empty.headline == wording("sw")["headline_none"]


# --- page ---


def test_same_arguments_same_bytes(definition: MapDefinition):
    first, second = rendered(definition), rendered(definition)
    assert first.html == second.html
    assert first.files == second.files


def test_files_hold_no_data_and_html_no_code(definition: MapDefinition):
    wards = gpd.GeoDataFrame(
        {"code": ["1301"], "name": ["Hidden & seen"]}, geometry=[box(34.7, -0.8, 34.8, -0.6)],
        crs=4326,
    )
    page = rendered(definition, summary=coverage_by_ward(wards, offices().iloc[:2]))
    assert page.files == rendered(definition).files
    assert "Hidden &amp; seen" in page.html
    assert not any(b"Hidden" in content for content in page.files.values())
    assert not re.search(r"<style|\sstyle=|\son\w+=|<script(?![^>]*\ssrc=)", page.html)


def test_all_that_the_page_names_is_in_its_files(definition: MapDefinition):
    page = rendered(definition)
    named = re.findall(r'(?:src|href)="/a/([^"]+)"', page.html)
    assert set(named) == set(page.files)
    for name, content in page.files.items():
        stem = re.sub(r"-[0-9a-f]{12}(?=\.\w+$)", "", name)
        assert hashed_name(stem, content) == name


def test_no_address_of_anyone_else(definition: MapDefinition):
    page = rendered(definition)
    ours = [content for name, content in page.files.items() if not name.startswith("leaflet-")]
    for content in [page.html.encode(), *ours]:
        assert set(re.findall(rb"https?://[\w.-]+", content)) <= {b"http://www.w3.org"}


def test_each_reader_gets_a_script_of_their_own_fields(definition: MapDefinition):
    public = b"".join(rendered(definition).files.values())
    assert b"capacityBreaks" in public
    assert b'"capacity_gbps"' not in public
    assert b'"contact"' not in public
    staff = rendered(definition, fields=fields_of(definition, Audience.PLANNER))
    assert b'"contact"' in b"".join(staff.files.values())


def test_a_collection_that_the_reader_may_not_see_is_absent(definition: MapDefinition):
    fields = fields_of(definition, Audience.PUBLIC)
    del fields["network_nodes"]
    page = rendered(definition, fields=fields)
    assert "network_nodes" not in page.html
    assert not any(b"network_nodes" in content for content in page.files.values())


def test_an_address_without_a_file_is_refused(
    definition: MapDefinition, monkeypatch: pytest.MonkeyPatch
):
    make = rendering._folium_map

    def with_library(wanted: MapDefinition) -> folium.Map:
        leaflet_map = make(wanted)
        leaflet_map.default_js = [*leaflet_map.default_js, ("x", "https://cdn.example.org/x.js")]
        return leaflet_map

    monkeypatch.setattr(rendering, "_folium_map", with_library)
    with pytest.raises(UnmappedAddress, match=r"https://cdn\.example\.org/x\.js"):
        rendered(definition)


@pytest.mark.parametrize(
    "part",
    [
        folium.plugins.Fullscreen, folium.plugins.MarkerCluster, folium.TileLayer,
        lambda: folium.Element('<link rel="stylesheet" href="//cdn.example.org/x.css">'),
        lambda: folium.TileLayer("https://tiles.example.org/other/{z}/{x}/{y}.png", attr="x"),
    ],
)
def test_what_folium_loads_from_elsewhere_is_refused(
    definition: MapDefinition, monkeypatch: pytest.MonkeyPatch, part: Any
):
    make = rendering._folium_map

    def with_part(wanted: MapDefinition) -> folium.Map:
        leaflet_map = make(wanted)
        made = part()
        if isinstance(made, folium.map.Layer | folium.plugins.Fullscreen):
            leaflet_map.add_child(made)
        else:
            leaflet_map.get_root().header.add_child(made)
        return leaflet_map

    monkeypatch.setattr(rendering, "_folium_map", with_part)
    basemap = OnlineBasemap("https://tiles.example.org/{z}/{x}/{y}.png?a=1&b=2", "")
    with pytest.raises(UnmappedAddress):
        rendered(definition, basemap=basemap)
    monkeypatch.setattr(rendering, "_folium_map", make)
    assert rendered(definition, basemap=basemap).image_origins == ("https://tiles.example.org",)


def test_folium_itself_stays_as_it_was(definition: MapDefinition):
    before = list(folium.Map.default_js)
    rendered(definition)
    assert folium.Map.default_js == before


def test_every_language_has_a_page(definition: MapDefinition):
    for language in LANGUAGES:
        html = rendered(definition, language=language).html
        assert f'<html lang="{language}">' in html
        assert definition.title[language] in html


def test_titles_with_markup_are_text(definition: MapDefinition):
    page = rendered(definition, municipality="<script>alert(1)</script>")
    assert "<script>alert" not in page.html


def test_an_embedded_page_brings_policy_and_data(definition: MapDefinition):
    links = PageLinks(assets="a/", data=lambda layer: f"data/{layer}.js", embedded=True)
    html = rendered(definition, links=links).html
    assert 'http-equiv="Content-Security-Policy"' in html
    assert "frame-ancestors" not in html
    assert '<script src="data/wards.js" defer>' in html


def test_every_kind_has_a_drawing_of_its_own():
    drawn = [icon_path(kind.id) for kind in NODE_KINDS] + [icon_path("node")]
    drawn += [icon_path(office_icon(code.code)) for code in codelists.OFFICE_TYPE]
    assert len(set(drawn)) == len(drawn)
    kinds = {value for kind in NODE_KINDS for value in kind.values}
    named = {c.code for c in (*codelists.NODE_TYPE, *codelists.NODE_INFRASTRUCTURE)}
    assert named - kinds == {"wifiAccessPoint"}, "which public_wifi tells"
    assert {code.code for code in codelists.STATUS} == LINK_LINES.keys()
    looks = [(line.dash, line.hollow, line.tone) for line in LINK_LINES.values()]
    assert len({(dash, hollow) for dash, hollow, _ in looks}) == len(looks), "not by colour alone"


# --- online basemap ---


def test_an_online_basemap_widens_images_only(definition: MapDefinition):
    basemap = OnlineBasemap("https://{s}.tiles.example.org/{z}/{x}/{y}.png", "© <b>Example</b>")
    page = rendered(definition, basemap=basemap)
    assert page.image_origins == ("https://*.tiles.example.org",)
    assert "img-src 'self' data: https://*.tiles.example.org;" in page.content_security_policy
    assert "© &lt;b&gt;Example&lt;/b&gt;" in page.html
    assert not any(b"Example</b>" in content for content in page.files.values())
    assert rendered(definition).content_security_policy == content_security_policy()


@pytest.mark.parametrize("url", [
    "javascript:alert(1)//{z}/{x}/{y}", "https://a.org/tiles.png", "//a.org/{z}/{x}/{y}",
    "https://a.org;script-src/{z}/{x}/{y}",
])
def test_what_is_no_basemap_is_refused(definition: MapDefinition, url: str):
    with pytest.raises(ConfigurationError, match="basemap"):
        rendered(definition, basemap=OnlineBasemap(url, ""))


# --- vendored files ---


def test_vendored_files_are_checked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    shutil.copytree(vendoring.VENDOR, tmp_path / "v")
    script = next((tmp_path / "v").glob("leaflet@*/leaflet.js"))
    script.write_bytes(script.read_bytes() + b"//")
    monkeypatch.setattr(assets, "VENDOR", tmp_path / "v")
    vendored.cache_clear()
    with pytest.raises(ConfigurationError, match="differs from what was installed"):
        vendored(assets.LEAFLET_JS)
    vendored.cache_clear()


def test_vendoring_twice_does_nothing_and_needs_no_npm(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(vendoring, "_npm", lambda: pytest.fail("npm was asked"))
    assert vendoring.vendor() is False


def test_npm_that_fails_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    npm = tmp_path / "npm"
    npm.write_text("#!/bin/sh\necho 'no network here' >&2\nexit 1\n")
    npm.chmod(0o755)
    monkeypatch.setattr(vendoring, "_npm", lambda: npm)
    with pytest.raises(ConfigurationError, match="no network here"):
        vendoring.vendor(target=tmp_path / "v")
    assert not (tmp_path / "v" / ".stamp").exists()


def test_the_lock_file_names_no_address():
    text = (ROOT / "package-lock.json").read_text()
    assert "resolved" not in text
    assert "://" not in text


def test_links_keep_their_geometry(definition: MapDefinition):
    frame = gpd.GeoDataFrame(
        {"id": ["l"], "status": ["operational"], "capacity_gbps": [100.0]},
        geometry=[LineString([(34.7, -0.7), (34.8, -0.7)])], crs=4326,
    )
    public = payload(definition, "fibre_links", frame)["features"][0]
    assert public["properties"] == {"status": "operational"}
    assert public["geometry"]["coordinates"] == [[34.7, -0.7], [34.8, -0.7]]
