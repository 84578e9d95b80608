"""Faults, open and cleared."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from sample_days import NAIROBI
from sample_files import Row, read_csv
from sample_lines import geodesic_m, point_along
from shapely.geometry import Point


def make_faults(
    nodes: Sequence[Row], links: Sequence[Row], offices: Sequence[Row]
) -> list[Row]:
    """The faults as items; that of a device stands where the device does."""
    places = {item["external_id"]: item for item in (*nodes, *links, *offices)}
    stands = {row["asset_tag"]: row["node"] or row["office"] for row in read_csv("equipment.csv")}
    return [
        make_fault(row, places, stands)
        for row in sorted(read_csv("faults.csv"), key=lambda row: row["external_id"])
    ]


def make_fault(row: Mapping[str, str], places: Mapping[str, Row], stands: Mapping[str, str]) -> Row:
    point: Point | None = None
    otdr_distance_m = None
    if row["link"]:
        link = places[row["link"]]
        length_m = geodesic_m(link["geometry"])
        position_m = length_m * float(row["share"])
        point = point_along(link["geometry"], position_m)
        if row["source"] == "otdr":
            # The instrument stands at the link's start and measures fibre.
            otdr_distance_m = round(position_m * link["fibre_length_m"] / length_m)
    elif row["placed"] == "yes":
        where = row["node"] or row["office"] or stands[row["equipment"]]
        point = places[where]["geometry"]
    return {
        "external_id": row["external_id"],
        "summary": row["summary"],
        "link": row["link"] or None,
        "node": row["node"] or None,
        "equipment": row["equipment"] or None,
        "office": row["office"] or None,
        "cuts": row["cuts"] == "yes",
        "started_at": moment(row["started_at"]),
        "cleared_at": moment(row["cleared_at"]) if row["cleared_at"] else None,
        "source": row["source"],
        "otdr_distance_m": otdr_distance_m,
        "uncertainty_m": float(row["uncertainty_m"]) if row["uncertainty_m"] else None,
        "reporter": row["reporter"],
        "geometry": point,
    }


def moment(text: str) -> datetime:
    """A time of Kenya, as the table has it."""
    return datetime.fromisoformat(text).replace(tzinfo=NAIROBI)
