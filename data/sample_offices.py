"""The offices: who is to be connected, and who is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, timedelta

from sample_chance import chance
from sample_files import Row, read_csv
from shapely.geometry import Point

OFFICE_SIZES: dict[str, tuple[int, tuple[int, int], tuple[int, int]]] = {
    # Mbit/s required; staff; people served
    "county": (200, (40, 220), (20_000, 120_000)),
    "municipal": (100, (15, 90), (20_000, 110_000)),
    "subCounty": (50, (18, 60), (60_000, 150_000)),
    "ward": (10, (3, 11), (12_000, 45_000)),
    "assembly": (10, (3, 9), (12_000, 45_000)),
    "health": (30, (12, 90), (8_000, 60_000)),
    "education": (50, (14, 60), (350, 1_600)),
    "market": (20, (2, 8), (400, 5_000)),
    "library": (50, (3, 14), (900, 8_000)),
    "hudumaCentre": (50, (6, 45), (9_000, 90_000)),
    "policeStation": (20, (12, 60), (15_000, 80_000)),
    "other": (20, (5, 40), (3_000, 40_000)),
}
LARGE_OFFICES = {
    "Kisii Teaching and Referral Hospital": (500, 1_150, 900_000),
    "Kisii University": (1000, 820, 17_000),
    "County Assembly of Kisii": (200, 190, 1_266_860),
    "Kisii County Headquarters": (500, 340, 1_266_860),
    "Daraja Mbili Market": (50, 24, 14_000),
}


def make_offices(
    wards: Sequence[Row],
    nodes: Mapping[str, Row],
    links: Sequence[Row],
    phases: Mapping[str, Row],
) -> list[Row]:
    outlines = {ward["code"]: ward["geometry"] for ward in wards}
    ready: dict[str, str] = {}
    for link in links:
        if link["status"] == "operational":
            for end in (link["start_node"], link["end_node"]):
                day = link["ready_for_service_date"]
                ready[end] = min(ready.get(end, day), day)
    items = []
    for number, row in enumerate(
        sorted(read_csv("offices.csv"), key=lambda row: str(row["external_id"])), start=1
    ):
        point = Point(float(row["longitude"]), float(row["latitude"]))
        if not outlines[row["ward"]].contains(point):
            where = [code for code, outline in outlines.items() if outline.contains(point)]
            raise ValueError(f"{row['name']} lies in {where}, not in ward {row['ward']}")
        luck = chance(row["external_id"], "office")
        mbps, staff, people = OFFICE_SIZES[row["office_type"]]
        size = (mbps, luck.randint(*staff), round(luck.randint(*people), -2))
        size = LARGE_OFFICES.get(row["name"], size)
        connected = row["connection"] == "connected"
        since = None
        if connected:
            if nodes[row["served_by"]]["status"] != "operational":
                raise ValueError(f"{row['name']} is connected by a node that does not operate")
            first = date.fromisoformat(ready[row["served_by"]])
            since = (first + timedelta(days=luck.randint(5, 330))).isoformat()
        speed = {"fibre": (0.8, 1.25), "microwave": (0.45, 0.95), "wifi": (0.25, 0.8)}
        measured = connected and luck.random() < 0.85
        items.append(
            {
                "external_id": row["external_id"],
                "name": row["name"],
                "office_type": row["office_type"],
                "theme": row["theme"],
                "served_by": row["served_by"] or None,
                "connection": row["connection"],
                "connected_since": since,
                "technology": row["technology"] or None,
                "required_mbps": size[0],
                "measured_mbps": (
                    round(size[0] * luck.uniform(*speed[row["technology"]]), 1)
                    if measured
                    else None
                ),
                "staff": size[1],
                "beneficiaries": size[2],
                "contact": f"ICT desk, ext. {200 + number}",
                "geometry": point,
            }
        )
    return items

