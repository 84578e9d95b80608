"""A file that is loaded part by part: the same as in one part, and in bounded memory."""

from __future__ import annotations

import resource
import sqlite3
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
import shapely

from gis_service.errors import Unavailable
from gis_service.formats import process
from gis_service.model.reports import LoadRejected, LoadReport, RowFault, Severity
from gis_service.services import fault_log
from gis_service.services.fault_log import FaultLog
from gis_service.services.load_requests import LoadRequest
from gis_service.services.load_rows import write_outcomes
from gis_service.services.loading import load_file
from gis_service.settings import Settings
from gis_service.store.database import Database
from gis_service.validation import kept_texts, topology
from gis_service.validation.drawn import Held, Some, Spilled, Together, in_blocks, near_each_other
from gis_service.validation.kept_texts import KeptTexts
from gis_service.validation.key_index import KeyIndex
from gis_service.validation.topology import crossings

LINKS = """external_id,name,status,start_node,end_node,fibre_count,capacity_gbps,\
ready_for_service_date,wkt,remark
P-1,One,operational,KSI-N-001,KSI-N-002,"12","1,5",03/04/2021,"LINESTRING(34.76 -0.68,34.77 -0.67)",
P-2,Two,LIVE,KSI-N-001,KSI-N-002,24,"2,5",03/31/2021,"LINESTRING(34.76 -0.68,34.77 -0.67)",
P-3,Three,planned,,,x,"1,500",,"LINESTRING(34.70 -0.70,34.80 -0.60)",c
P-4,Four,nonsense,KSI-N-001,nowhere,48,10,2021-13-01,"LINESTRING(34.70 -0.60,34.80 -0.70)",d
P-1,Five,operational,KSI-N-002,KSI-N-003,48,10,,"LINESTRING(34.76 -0.68,34.76 -0.68)",e
P-6,Six,operational,KSI-N-002,gone,48,10,,"LINESTRING(34.77 -0.67,34.76 -0.68)",f
P-7,Seven,operational,KSI-N-003,KSI-N-004,48,10,,"LINESTRING(34.70 -0.61,34.80 -0.69)",g
P-8,Eight,operational,KSI-N-004,KSI-N-005,48,10,,,h
,Nine,operational,KSI-N-004,KSI-N-005,48,10,,"LINESTRING(34.71 -0.61,34.72 -0.62)",i
P-7,Ten,operational,KSI-N-004,KSI-N-005,48,10,,"LINESTRING(34.71 -0.61,34.73 -0.62)",j
P-11,Eleven,operational,KSI-N-005,KSI-N-006,48,10,,"LINESTRING Z(34.70 -0.61 3,34.80 -0.69 4)",k
"""


def loaded(database: Database, settings: Settings, path: Path, **asked: Any) -> LoadReport:
    request = LoadRequest(path, "fibre_links", dry_run=True, **asked)
    try:
        return load_file(database, settings, request)
    except LoadRejected as rejected:
        return rejected.report


def told(report: LoadReport) -> dict[str, Any]:
    return report.as_json() | {"duration_s": 0}


def test_parts_of_two_rows_tell_the_same_as_one_part(
    sample_database: Database, settings: Settings, tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    path = tmp_path / "links.csv"
    path.write_text(LINKS)
    rows = {}
    for size in (1_000, 2):
        monkeypatch.setattr(process, "PART_ROWS", size)
        outcomes: list[Path] = []

        def watch(stored: Any, outcomes: list[Path] = outcomes, size: int = size) -> None:
            outcomes.append(tmp_path / f"{size}.sqlite")
            write_outcomes(outcomes[0], stored)

        plain = loaded(sample_database, settings, path)
        partial = loaded(sample_database, settings, path, accept_partial=True)
        split = loaded(
            sample_database, settings, path, multi="split", create_nodes=True,
            accept_partial=True,
        )
        rows[size] = [told(plain), told(partial), told(split)]
        request = LoadRequest(
            path, "fibre_links", dry_run=True, accept_partial=True,
            rejects=tmp_path / f"{size}.gpkg",
        )
        load_file(sample_database, settings, request, watch=watch)
        rows[size].append(seen_in(outcomes[0]))
    assert rows[2] == rows[1_000]
    rules = {fault["rule"] for fault in rows[2][1]["faults"]}
    assert rules >= {
        "duplicate-key", "required", "unknown-code", "unknown-reference", "not-a-number",
        "zero-length", "no-geometry", "duplicate-place", "end-far-from-node",
    }, rules
    notes = " ".join(rows[2][1]["notes"])
    assert "month first" in notes
    assert "Heights or measures" in notes
    assert rows[2][1]["inserted"] > 0


def seen_in(path: Path) -> list[Any]:
    found = sqlite3.connect(path)
    try:
        return [
            sorted(found.execute(f"SELECT {columns} FROM {name}").fetchall(), key=repr)
            for name, columns in (
                ("rows", "row, outcome, key, name"), ("faults", "row, rule, severity, message"),
                ("shapes", "row, outcome, key, name, shape"),
            )
        ]
    finally:
        found.close()


def test_faults_are_the_same_on_disk_as_in_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    faults = [
        RowFault(row % 7, f"c{row}", "required", "\ud800" if row == 3 else "", f"m{row}", severity)
        for row, severity in enumerate([Severity.ERROR, Severity.WARNING] * 15)
    ]
    held = FaultLog()
    held.add(faults)
    monkeypatch.setattr(fault_log, "_IN_MEMORY", 4)
    stored = FaultLog()
    stored.add(faults[:13])
    stored.add(faults[13:])
    assert isinstance(held.settled(), tuple)
    assert stored.settled() is stored
    plain = [f for f in held if f.value == ""]
    assert [f for f in stored if f.value == ""] == plain
    assert len(stored) == len(held) == 30
    assert stored[4:9] == held[4:9]
    assert stored[:3] == tuple(stored)[:3]
    assert stored[-1] == held[-1] == tuple(stored)[-1]
    assert (stored.error_rows() == held.error_rows()).all()
    assert set(stored.error_rows().tolist()) == {f.row for f in faults if f.severity == "error"}


def test_geometries_on_disk_are_those_that_were_written() -> None:
    rng = np.random.default_rng(1)
    shapes = shapely.linestrings(rng.uniform(34, 35, (200, 3, 2)))
    shapes[[0, 50, 199]] = None
    spilled = Spilled()
    spilled.add(shapes[:70])
    spilled.add(shapes[70:70])
    spilled.add(shapes[70:])
    held = Held(shapes)
    some = np.array([199, 3, 4, 5, 0, 71, 3])
    assert shapely.equals_exact(spilled.take(some)[1:], shapes[some][1:]).sum() == 5
    assert spilled.take(some)[0] is None
    assert np.array_equal(spilled.bounds, held.bounds, equal_nan=True)
    assert (spilled.vertices == held.vertices).all()
    picked = Together(Some(spilled, np.arange(10, 20)), held)
    assert len(picked) == 210
    assert (picked.take(np.array([0, 10 + 10])) == shapes[[10, 10]]).all()
    assert sorted(near_each_other(held.bounds).tolist()) == list(range(200))
    sizes = np.array([3, 3, 3, 50, 1, 1, 1])
    blocks = in_blocks(sizes, most=2, most_vertices=10)
    assert [sizes[block].tolist() for block in blocks] == [[3, 3], [3], [50], [1, 1], [1]]


def test_a_full_disk_is_told() -> None:
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    spilled = Spilled()
    resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, limits[1]))
    try:
        with pytest.raises(Unavailable, match="no room for the rows"):
            spilled.add(shapely.linestrings(np.zeros((100, 20, 2))))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)


def test_texts_are_the_same_on_disk_as_in_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kept_texts, "_IN_MEMORY_BYTES", 20)
    texts = [["a", None], [], ["b" * 30], ["c"]]
    kept = KeptTexts()
    for part in texts:
        kept.add(pa.array(part, pa.string()))
    assert [kept[number].to_pylist() for number in (3, 2, 0, 1, 2)] == [
        ["c"], ["b" * 30], ["a", None], [], ["b" * 30],
    ]


def test_crossings_found_in_blocks_are_those_of_every_pair(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(2)
    begins = rng.uniform(0, 1, (120, 2))
    lines = shapely.linestrings(np.stack([begins, begins + rng.normal(0, 0.1, (120, 2))], axis=1))
    nodes = np.full(120, -1)
    expected = {
        (one, other) for other in range(120) for one in range(other)
        if shapely.crosses(lines[one], lines[other])
    }
    assert len(expected) > 50
    monkeypatch.setattr(topology, "_LINES", 7)
    monkeypatch.setattr(topology, "_NEAR", 5)
    pairs, places, whole = crossings(lines, nodes, nodes)
    assert whole
    assert set(map(tuple, pairs.tolist())) == expected
    met = shapely.distance(shapely.points(places), lines[pairs[:, 0]])
    assert met.max() < 1e-9
    of_known = {(o, n) for n, o in expected if n < 80 <= o} | {p for p in expected if p[1] < 80}
    pairs, _, _ = crossings(lines, nodes, nodes, known=40)
    assert set(map(tuple, pairs.tolist())) == of_known
    few, _, whole = crossings(lines, nodes, nodes, most=10)
    assert len(few) == 10
    assert not whole


def test_texts_are_found_by_their_hashes() -> None:
    index = KeyIndex(pa.array(["b", "a", "é"]))
    assert index.find(pa.array(["a", None, "é", "x", "b"])).tolist() == [1, -1, 2, -1, 0]
    assert KeyIndex([]).find(pa.array(["a"])).tolist() == [-1]
