"""What certification wants, told without a database."""

from __future__ import annotations

from datetime import date
from typing import Any

from gis_service.model.certification import (
    STATES,
    Certifications,
    CertifiedDevice,
    OpenInspection,
    Ward,
)

TODAY = date(2026, 11, 23)
EAST, WEST = Ward("w1", "0101", "East"), Ward("w2", "0102", "West")


def device(id_: str, state: str, due_on: date | None, ward: Ward | None = EAST) -> CertifiedDevice:
    return CertifiedDevice(
        id_, f"TAG-{id_}", "router", state, due_on, None, None,
        ("network_nodes", "n", "A node"), ward, (34.77, -0.68),
    )


def certifications(*devices: CertifiedDevice, **values: Any) -> Certifications:
    return Certifications(TODAY, 30, devices, **{"inspections": ()} | values)


FIVE = certifications(
    device("a", "valid", date(2027, 1, 1)),
    device("b", "due", date(2026, 12, 1), WEST),
    device("c", "never", None),
    device("d", "overdue", date(2026, 11, 1)),
    device("e", "failed", date(2026, 11, 20), None),
)


def test_the_longest_due_comes_first_and_the_unknown_last() -> None:
    assert [each.id for each in FIVE.wanting] == ["d", "e", "b", "c"]
    days = [f["properties"]["days_left"] for f in FIVE.document()["features"]]
    assert days == [-22, -3, 8, None]


def test_wards_add_up_and_those_outside_come_last() -> None:
    rows = FIVE.by_ward()
    assert [None if ward is None else ward.name for ward, _ in rows] == ["East", "West", None]
    assert rows[0][1] == {"never": 1, "due": 0, "valid": 1, "overdue": 1, "failed": 0}
    assert FIVE.counts() == dict.fromkeys(STATES, 1)
    for state in STATES:
        assert sum(counts[state] for _, counts in rows) == FIVE.counts()[state]


def test_one_ward() -> None:
    assert [each.id for each in FIVE.within("w2").devices] == ["b"]
    assert FIVE.within("nowhere").devices == ()


def test_inspections_stand_in_the_document_too() -> None:
    look = OpenInspection(
        "fibre_links", "l", "Trunk", date(2026, 10, 1), "failed", "Pole leans", WEST, None
    )
    document = certifications(inspections=(look,)).document()
    (feature,) = document["features"]
    assert document["inspections"] == 1
    assert feature["geometry"] is None
    assert feature["properties"]["state"] == "inspection"
    assert feature["properties"]["ward"] == "0102"
