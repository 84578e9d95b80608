"""
The quality report: each rule by a package that breaks it, and libcoveofds beside us.

libcoveofds is run as a program of its own, once on all packages together: it is
under another licence, and an independent judge. Where the two differ, the test
names the difference.
"""

from __future__ import annotations

import asyncio
import copy
import json
import os
import shutil
import subprocess
import sys
from collections import Counter
from datetime import date
from pathlib import Path
from uuid import UUID

import openpyxl
import pytest
from click.testing import CliRunner

from gis_service.cli import cli
from gis_service.model.declarations.quality_rules import QUALITY_RULES
from gis_service.model.ofds import VERSIONS
from gis_service.model.quality import Family, family_of
from gis_service.model.reports import Severity
from gis_service.services.ofds_export import NetworkExports
from gis_service.services.quality import QualityRequest, quality_of_network
from gis_service.store.reading import Reader
from gis_service.store.roles import Login
from gis_service.validation import topology
from gis_service.validation.ofds import geometry
from gis_service.validation.ofds.checking import Asked, check_package
from tests.ofds_packages import crooked, full

TODAY = date(2026, 11, 23)


def report(document, **asked):
    return check_package(document, Asked(TODAY, **asked), source="test", form="JSON")


def ids(document, **asked):
    """Rules broken, without what is for information."""
    counts = report(document, **asked).counts
    return {each.rule for each in counts if each.severity is not Severity.INFO}


def network(number=0, version="0.4"):
    """A good network with an id of its own: two nodes, a span, all classes."""
    made = copy.deepcopy(full(version)["networks"][0])
    made["id"] = str(UUID(int=number, version=4))
    made["spans"][0] |= {"fibreLength": 2.85}
    return made


def changed(number, change, version="0.4"):
    made = network(number, version)
    change(made)
    return made


def line(*positions):
    return {"type": "LineString", "coordinates": [list(each) for each in positions]}


def span(id_, start, end, *positions, **more):
    made = {"id": id_, "start": start, "end": end} | more
    return made | {"route": line(*positions)} if positions else made


def extra_node(id_, lon, lat, **more):
    return {"id": id_, "location": {"type": "Point", "coordinates": [lon, lat]}} | more


A, B = (34.76, -0.68), (34.78, -0.67)

# Change of a good network, and the one rule of the peers that it breaks.
STANDARD = {
    "span_start_node_not_found": lambda n: n["spans"][0].update(start="X"),
    "span_end_node_not_found": lambda n: n["spans"].append(span("s2", "A", "X")),
    "node_location_type_incorrect": lambda n: n["nodes"][1]["location"].update(type="Polygon"),
    "node_location_coordinates_incorrect": lambda n: n["nodes"][1]["location"].update(
        coordinates=["34.78", "-0.67"]
    ),
    "span_route_type_incorrect": lambda n: n["spans"][0]["route"].update(type="Point"),
    "span_route_coordinates_incorrect": lambda n: n["spans"][0]["route"].update(
        coordinates=[["34.76", "-0.68"], ["34.78", "-0.67"]]
    ),
    "node_phase_reference_id_not_found": lambda n: n["nodes"][0]["phase"].update(id="p9"),
    "span_phase_reference_name_does_not_match": lambda n: n["spans"][0]["phase"].update(name="?"),
    "contract_related_phase_reference_id_not_found": lambda n: n["contracts"][0].update(
        relatedPhases=[{"id": "p7"}]
    ),
    "contract_related_phase_reference_name_set_but_not_in_original": lambda n: (
        n["phases"].append({"id": "p3"}),
        n["contracts"][0]["relatedPhases"].append({"id": "p3", "name": "Three"}),
    ),
    "node_organisation_reference_id_not_found": lambda n: n["nodes"][0]["networkProviders"].append(
        {"id": "o9"}
    ),
    "span_organisation_reference_name_does_not_match": lambda n: n["spans"][0]["supplier"].update(
        name="Other"
    ),
    "phase_organisation_reference_id_not_found": lambda n: n["phases"][0].update(
        funders=[{"id": "o8", "name": "Bank"}]
    ),
    "span_organisation_reference_name_set_but_not_in_original": lambda n: (
        n["organisations"].append({"id": "o4"}),
        n["spans"][0]["networkProviders"].append({"id": "o4", "name": "Four"}),
    ),
    "node_international_connections_country_not_set": lambda n: n["nodes"][0].update(
        internationalConnections=[{"region": "Busia"}]
    ),
    "duplicate_node_id": lambda n: n["nodes"].append(extra_node("A", *A, name="again")),
    "duplicate_span_id": lambda n: n["spans"].append(span("A-B", "A", "B", name="again")),
    "duplicate_phase_id": lambda n: n["phases"].append({"id": "p2", "name": "again"}),
    # Of the same name: which of two a reference means, they decide otherwise.
    "duplicate_organisation_id": lambda n: n["organisations"].append(
        {"id": "o3", "name": "Builder", "country": "KE"}
    ),
    "duplicate_contract_id": lambda n: n["contracts"].append({"id": "c1", "title": "again"}),
    "node_not_used_in_any_spans": lambda n: n["nodes"].append(extra_node("C", *A)),
    "has_links_with_external_node_data": lambda n: (
        n["links"].append({"href": "https://example.org/n.jsonl",
                           "rel": "tag:opentelecomdata.net,2022:nodesFile"}),
        n["spans"][0].update(start="elsewhere"),
    ),
}

# Change of a good network, and the keywords of the schema that it breaks.
SCHEMA = (
    (lambda n: n.pop("id"), {"required"}),
    (lambda n: n.update(id="not-a-uuid"), {"format"}),
    (lambda n: n["nodes"][0].update(status="Operational"), {"enum"}),
    (lambda n: n["nodes"][0].update(power="yes", name=7), {"type"}),
    (lambda n: n["nodes"][0].update(name="", type=[], address={}),
     {"minLength", "minItems", "minProperties"}),
    (lambda n: n["spans"][0].update(readyForServiceDate="31/12/2026"), {"format"}),
    (lambda n: n["spans"][0].update(fibreCount=1.5, countries=["KE", "KE"]),
     {"type", "uniqueItems"}),
    (lambda n: n["spans"][0]["route"].update(bbox=[1, 2, 3, 4]), {"additionalProperties"}),
    (lambda n: n["spans"][0]["route"].update(coordinates=[[34.76, -0.68]]), {"minItems"}),
    (lambda n: n["organisations"][0].update(website="example org"), {"format"}),
    (lambda n: n["crs"].update(name="EPSG:4326"), {"const"}),
    (lambda n: n["links"].append({"href": "https://example.org", "rel": "describedby"}),
     {"pattern"}),
    (lambda n: n.update(nodes={}, spans="none"), {"type"}),
    (lambda n: n["spans"][0]["phase"].update(budget=1), {"additionalProperties"}),
)

# Change of a good network, and our own rule that it breaks: the peers see nothing of it.
HOLES = {
    "KIS-G1": lambda n: n["nodes"].append(extra_node("S", -0.67, 34.77)),
    "KIS-G2": lambda n: n["nodes"][1]["location"].update(coordinates=[34.79, -0.67]),
    "KIS-G3": lambda n: n["spans"].append(span("loop", "A", "A")),
    "KIS-G4": lambda n: n["spans"][0].update(route=line(A, A, B)),
    "KIS-G6": lambda n: n["spans"][0].update(fibreLength=2850),
    "KIS-G7": lambda n: n.pop("crs"),
    "KIS-G8": lambda n: n["spans"].append(span("flat", "A", "B", A, A)),
    "KIS-R1": lambda n: n["spans"][0].update(wayleaves=["w9"]),
    "KIS-R2": lambda n: n["spans"].append(n["spans"][0] | {
        "id": "B-A", "start": "B", "end": "A",
        "route": line(*n["spans"][0]["route"]["coordinates"][::-1]),
    }),
    "KIS-R3": lambda n: n["wayleaves"].append({"id": "w1", "yearSigned": 2020}),
    "KIS-R4": lambda n: n["spans"].append({"id": "lost"}),
    "KIS-V1": lambda n: n["spans"][0].update(fibreCount=-4),
    "KIS-S1": lambda n: n["spans"][0].update(
        status="operational", readyForServiceDate="2020-01-01"
    ),
    "KIS-S2": lambda n: (
        n["spans"][0].update(status="operational"), n["nodes"][1].update(status="operational")
    ),
    "KIS-N2": lambda n: (
        n["nodes"].append(extra_node("C", *A, name="Depot")),
        n["spans"][0].update(name="Kisii exchange to Depot"),
    ),
    "KIS-N1": lambda n: n["nodes"][0].update(accessPoint=False),
}


def networks_of(changes, first):
    return [changed(first + number, change) for number, change in enumerate(changes)]


@pytest.mark.parametrize("version", VERSIONS)
def test_a_good_package_breaks_nothing(version):
    document = full("0.3" if version == "0.2" else version)
    if version == "0.2":
        document["networks"][0]["links"][0]["href"] = VERSIONS["0.2"].schema_uri
        del document["networks"][0]["publisher"]  # a whole organisation in 0.2
    told = report(document)
    assert told.conforms
    assert [each.rule for each in told.counts] == ["KIS-C1"] * (version == "0.4")
    assert {each.version for each in told.networks} == {version}


@pytest.mark.parametrize("rule", HOLES)
def test_holes_of_other_validators_are_found(rule):
    document = {"networks": [changed(0, HOLES[rule])]}
    found = {each for each in ids(document) if not each.startswith("schema-")}
    assert rule in found
    # What goes with it: a loose end is far from its node, a new node is unused.
    assert found <= {rule, "KIS-G2", "node_not_used_in_any_spans"}


def test_a_twin_and_a_crossing_are_told_apart_from_neighbours():
    """
    A ── B twice along one route, once 100 m beside; C ── D crosses all of them without a node.
    """
    made = network()
    beside = [(lon, lat + 0.0009) for lon, lat in ((34.76, -0.68), (34.78, -0.67))]
    made["nodes"] += [extra_node("C", 34.765, -0.66), extra_node("D", 34.765, -0.69)]
    made["spans"] = [
        span("one", "A", "B", A, B),
        span("beside", "A", "B", A, *beside, B),
        span("twin", "B", "A", B, (34.77, -0.675), A),
        span("across", "C", "D", (34.765, -0.66), (34.765, -0.69)),
    ]
    found = report({"networks": [made]}).findings
    assert [(f.id, f.details["other_id"]) for f in found if f.rule == "KIS-R2"] == [("twin", "one")]
    crossing = {(f.id, f.details["other_id"]) for f in found if f.rule == "KIS-G5"}
    assert crossing == {("across", "one"), ("across", "beside"), ("across", "twin")}


def test_a_search_for_crossings_that_ends_early_says_so(monkeypatch):
    monkeypatch.setattr(topology, "_MOST_SEEN", 5)
    monkeypatch.setattr(topology, "_NEAR", 2)
    made = network()
    made["nodes"] = [extra_node(f"{side}{n}", 34.7 + n / 100, lat)
                     for n in range(6) for side, lat in (("S", -0.7), ("N", -0.6))]
    made["spans"] = [
        span(f"s{n}", f"S{n}", f"N{5 - n}", (34.7 + n / 100, -0.7), (34.75 - n / 100, -0.6))
        for n in range(6)
    ]
    told = [f.message for f in report({"networks": [made]}).findings if f.rule == "KIS-G5"]
    assert told[0] == "So many routes cross that not all of them were compared."
    assert 0 < len(told) - 1 < 15


def test_a_span_drawn_backwards_is_no_fault_unless_it_is_directed():
    made = network()
    made["spans"][0]["route"]["coordinates"].reverse()
    assert "KIS-G2" in ids({"networks": [made]})
    made["spans"][0]["directed"] = False
    assert ids({"networks": [made]}) == set()


def test_a_misplaced_node_is_told_from_misplaced_routes():
    """B stands 1.1 km east of where both of its spans end."""
    made = network()
    made["nodes"][1]["location"]["coordinates"] = [34.79, -0.67]
    made["nodes"].append(extra_node("C", 34.80, -0.65))
    made["spans"].append(span("B-C", "B", "C", B, (34.80, -0.65)))
    (found,) = [f for f in report({"networks": [made]}).findings if f.rule == "KIS-G9"]
    assert (found.kind, found.id, found.details["place"]) == ("node", "B", [34.78, -0.67])
    assert found.details["gap_m"] == pytest.approx(1113, abs=1)


def test_a_network_elsewhere_is_not_measured_by_this_region():
    made = network()
    for node in made["nodes"]:
        node["location"]["coordinates"][0] -= 35  # Ghana
    made["spans"][0]["route"] = line((-0.24, -0.68), (-0.22, -0.67))
    assert "KIS-G1" not in ids({"networks": [made]})
    made["nodes"][0]["location"]["coordinates"] = [200, -0.68]
    assert "KIS-G1" in ids({"networks": [made]})


def test_a_status_may_not_move_backwards():
    before = {"networks": [changed(1, lambda n: n["spans"][0].update(status="inactive"))]}
    now = {"networks": [changed(1, lambda n: n["spans"][0].update(status="planned"))]}
    assert ids(now, earlier=before) == {"KIS-S3"}
    gone = {"networks": [changed(1, lambda n: n["spans"][0].update(status="decommissioned"))]}
    assert ids(gone, earlier=before) == set()


def test_a_check_that_crashes_is_a_finding(monkeypatch):
    monkeypatch.setattr(geometry, "end_gaps_m", lambda view: 1 / 0)
    told = report(full())
    assert Counter(each.rule for each in told.findings)["check-crashed"] == 2
    assert "division by zero" in told.findings[0].message


def test_nothing_that_a_package_holds_makes_a_check_crash():
    for package in (
        crooked(), {}, {"networks": None}, {"networks": [None, 7, {}]},
        {"networks": [{"nodes": [[], {"id": {}, "location": {"coordinates": {}}}], "links": 3,
                       "spans": [{"start": {}, "end": [], "route": {"coordinates": [[[]], 1]}},
                                 {"route": {"coordinates": [[1e400, 2], [10**400, 3]]}}]}]},
    ):
        told = report(package)
        assert not told.conforms
        assert "check-crashed" not in {each.rule for each in told.counts}
        json.dumps(told.as_json())


def test_every_rule_has_its_words_and_its_family():
    assert len({rule.id for rule in QUALITY_RULES}) == len(QUALITY_RULES)
    for rule in QUALITY_RULES:
        assert all((rule.title.en, rule.title.sw, rule.remedy.en, rule.remedy.sw))
    assert {family_of(rule.id) for rule in QUALITY_RULES} == set(Family)


def test_coverage_counts_objects_that_could_fill_a_property():
    told = report(full())
    share = {each.path: (each.filled, each.objects) for each in told.coverage}
    assert share["nodes/status"] == (2, 2)
    assert share["nodes/address/country"] == (1, 1)
    assert share["spans/wayleaves"] == (1, 1)
    assert {each.path: each.count for each in told.additional} == {
        "ledger": 1, "nodes/surveyedBy": 1,
    }


# --- beside libcoveofds


@pytest.fixture(scope="session")
def peer():
    """Runs libcoveofds with a subcommand on a file, and gives its JSON."""
    program = Path(sys.prefix) / "peers" / "bin" / "libcoveofds"
    found = str(program) if program.exists() else shutil.which("libcoveofds")
    if found is None:
        if os.environ.get("CI") == "true":
            pytest.fail("libcoveofds is missing: ./gis test brings it to .venv/peers")
        pytest.skip("libcoveofds is not here; ./gis test brings it to .venv/peers")

    def run(command, path):
        done = subprocess.run([found, command, path], capture_output=True, check=True, timeout=60)
        return json.loads(done.stdout)

    return run


@pytest.mark.shared
def test_libcoveofds_finds_the_same_where_it_is_right(peer, shared_data, tmp_path):
    standard = networks_of(STANDARD.values(), 100)
    broken = networks_of([change for change, _ in SCHEMA], 200)
    holes = networks_of(HOLES.values(), 300)
    high = changed(400, lambda n: n["nodes"][1]["location"]["coordinates"].append(1712.5))
    older = network(401, "0.3")
    real = [
        json.loads((shared_data / "fibre" / each).read_text())["networks"][0]
        for each in ("nofbi/ofds_NOFBI_kenya.json", "jtl/ofds_JTL_Kenya.json")
    ]
    document = {"networks": [*standard, *broken, *holes, high, older, *real]}
    path = tmp_path / "all.json"
    path.write_text(json.dumps(document))
    told = report(document)
    first_older = len(document["networks"]) - 3

    theirs = {(f["type"], f["path"]) for f in peer("pythonvalidate", path)}
    ours = {
        (f.rule, "/" + "/".join(map(str, f.path)))
        for f in told.findings if family_of(f.rule) is Family.STANDARD
    }
    # A height is legal in the schema, yet they ask for two numbers.
    at_height = f"/networks/{first_older - 1}/nodes/1/location/coordinates"
    assert theirs - ours == {("node_location_coordinates_incorrect", at_height)}
    assert ours - theirs == set()
    assert {rule for rule, _ in ours} >= set(STANDARD)

    errors = peer("jsonschemavalidate", path)
    by_schema = {(e["validator"], *_whole(e["path"])) for e in errors}
    by_us = {
        (f.details["keyword"], *_whole(_owner_of(f))) for f in told.findings
        if family_of(f.rule) is Family.SCHEMA
    }
    # They take everything for 0.4.
    stale = {
        ("const", "networks", number, "links", 0, "href")
        for number in range(first_older, first_older + 3)
    }
    assert by_schema - by_us == stale
    assert by_us - by_schema == set()
    for number, (_, keywords) in enumerate(SCHEMA, len(standard)):
        assert {e[0] for e in by_us if e[2] == number} == keywords

    found = {f.rule for f in told.findings if f.path[1] in range(
        len(standard) + len(broken), first_older - 1
    )}
    assert found >= set(HOLES)

    # 27 spans of the last network have one name, which is right for the first of them.
    wrong = [f for f in told.findings if f.rule == "KIS-N2" and f.path[1] == first_older + 2]
    assert len(wrong) == 26

    additional = {
        name.removeprefix("/networks/") for name, each in peer("additionalfields", path).items()
        if each["root_additional_field"]
    }
    ours = {each.path for each in told.additional}
    # Properties of 0.3 are unknown to 0.4, by which they judge.
    assert additional - ours == {
        "nodes/physicalInfrastructureProvider", "spans/physicalInfrastructureProvider",
        "spans/deploymentDetails",
    }
    assert ours <= additional


def _owner_of(finding):
    """The path that a validator names: what lacks or has the property, not the property."""
    cut = finding.details["keyword"] in {"required", "additionalProperties"}
    return finding.path[:-1] if cut else finding.path


def _whole(path):
    """A path; of coordinates, that of all of them."""
    steps = tuple(path)
    return steps[: steps.index("coordinates") + 1] if "coordinates" in steps else steps


# --- the command


@pytest.mark.shared
def test_the_report_of_the_national_backbone(shared_data, tmp_path, monkeypatch):
    monkeypatch.setenv("GIS_HOME", str(tmp_path))
    source = shared_data / "fibre" / "nofbi" / "ofds_NOFBI_kenya.json"
    written, page = tmp_path / "quality.json", tmp_path / "quality.html"
    done = CliRunner().invoke(
        cli, ["quality", str(source), "--json", str(written), "--report", str(page),
              "--language", "sw"],
    )
    assert done.exit_code == 0, done.output
    told = json.loads(written.read_text())
    assert told["conforms"]
    assert told["networks"][0]["objects"]["spans"] == 112
    gaps = [f["details"]["gap_m"] for f in told["findings"] if f["rule"] == "KIS-G2"]
    assert sum(gap > 100 for gap in gaps) == 174
    assert max(gaps) == pytest.approx(668_546, abs=1)
    (kebirigo,) = [f for f in told["findings"]
                   if f["rule"] == "KIS-G9" and f["name"] == "Kebirigo"]
    assert kebirigo["details"]["gap_m"] == pytest.approx(24_800, abs=100)
    assert "Kebirigo" in done.output
    pair = [str(source.parent / f"ofds_NOFBI_Kenya_{each}.geojson") for each in ("nodes", "spans")]
    done = CliRunner().invoke(cli, ["quality", *pair, "--json", "-"])
    again = json.loads(done.output)
    assert (again["source"], again["form"]) == ("nofbi.zip", "GeoJSON")
    assert len(again["findings"]) > 200
    html = page.read_text()
    assert "Ubora wa NOFBI" in html
    assert "24.8 km" in html
    assert "<script" not in html


def test_the_sample_network_follows_the_standard(databases, sample_database, settings):
    addresses = databases.with_logins(sample_database)

    async def go():
        logins = {Login.PLANNER: addresses.logins[Login.PLANNER]}
        async with Reader.open(logins, pool_size=1, statement_timeout_s=60) as reader:
            exports = NetworkExports(reader, settings)
            return await quality_of_network(exports, settings, ["kisii"], QualityRequest())

    told = asyncio.run(go())
    assert told.conforms
    assert told.total(Severity.ERROR) == 0
    # Dark fibre beside a trunk, in one trench, is another cable.
    noted = {f.name: f.message for f in told.findings
             if f.rule == "KIS-R2" and f.severity is Severity.INFO}
    assert {name.partition(":")[0] for name in noted} == {"Dark fibre"}
    assert all("fibreCount" in message for message in noted.values())


def test_a_workbook_holds_every_finding(tmp_path, monkeypatch):
    monkeypatch.setenv("GIS_HOME", str(tmp_path))
    document = {"networks": networks_of(STANDARD.values(), 0)}
    source, book = tmp_path / "bad.json", tmp_path / "bad.xlsx"
    source.write_text(json.dumps(document))
    done = CliRunner().invoke(cli, ["quality", str(source), "--report", str(book)])
    assert done.exit_code == 0, done.output
    told = report(document)
    sheets = openpyxl.load_workbook(book)
    rows = {name: sheets[name].max_row for name in sheets.sheetnames}
    for number, count in enumerate(told.counts, 1):
        (sheet,) = [name for name in rows if name.startswith(f"{number}. ")]
        assert rows[sheet] >= count.count


def test_a_file_that_is_no_package_is_told_plainly(tmp_path, monkeypatch):
    monkeypatch.setenv("GIS_HOME", str(tmp_path))
    source = tmp_path / "offices.json"
    source.write_text('{"offices": []}')
    done = CliRunner().invoke(cli, ["quality", str(source)])
    assert done.exit_code == 1
    assert "no package of the Open Fibre Data Standard" in done.output
