"""What holds the cables: manholes and handholes below ground, poles above, and spare cable."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from sample_chance import chance
from sample_files import Row
from sample_lines import geodesic_m, point_along
from sample_network import BACKBONE, COUNTY, POWER

TOWN_KINDS = ("Town ring", "Town centre", "Dark fibre", "Access")
SPACING_M = {"town": 340.0, "below": 1150.0, "above": 640.0}
"""Above ground about every tenth pole stands for the others."""
END_M = 25.0
"""Nothing stands closer to the link's ends, where the nodes are."""
SLACK_EVERY_M = 3800.0
SLACK_SHARE = 0.7
"""Part of the spare cable that hangs in loops; the rest lies in the nodes."""

Found = tuple[float, str, float | None]
"""Metres from the link's start, the type of structure, the metres of spare cable."""


def make_structures(links: Sequence[Row]) -> list[Row]:
    """Structures along every cable that lies or is being laid; a shared trench has one set."""
    items = []
    trenches: set[str] = set()
    for link in links:
        trench = link["shared_trench"]
        if link["fibre_length_m"] is None or trench in trenches:
            continue
        if trench:
            trenches.add(trench)
        number = link["external_id"].removeprefix("KSI-L-")
        for count, (position_m, kind, slack_m) in enumerate(sorted(found_along(link)), start=1):
            items.append(
                {
                    "external_id": f"KSI-ST-{number}-{count:02d}",
                    "name": None if kind == "slack" else f"{number}/{count:02d}",
                    "structure_type": kind,
                    "link": link["external_id"],
                    "position_m": position_m,
                    "slack_m": slack_m,
                    "owner": owner_of(kind, link),
                    "accuracy_m": 5 if kind in ("slack", "marker") else 2,
                    "geometry": point_along(link["geometry"], position_m),
                }
            )
    return items


def found_along(link: Row) -> Iterator[Found]:
    """What stands along one link, in no order."""
    length_m = geodesic_m(link["geometry"])
    built = link["status"] != "underConstruction"
    end_m = length_m - END_M if built else length_m / 2
    below = "belowGround" in link["deployment"]
    above = "aboveGround" in link["deployment"]
    # A cable with both goes below ground out of town and on poles after that.
    rises_m = min(end_m, length_m * 0.4) if below and above else end_m if below else 0.0
    town = link["name"].startswith(TOWN_KINDS)
    if below:
        first, other = ("manhole", "handhole") if town else ("handhole", "handhole")
        spacing = SPACING_M["town" if town else "below"]
        for count, metres in enumerate(spaced(link, "below", END_M, rises_m, spacing)):
            yield metres, other if count % 2 else first, None
        if above or not built:
            yield round(rises_m, 1), "ductEnd", None
        if link["name"].startswith("Trunk"):
            yield round(length_m * 0.52, 1), "marker", None
    if above:
        for metres in spaced(link, "above", max(rises_m, END_M), end_m, SPACING_M["above"]):
            yield metres, "pole", None
    if built and length_m > SLACK_EVERY_M / 2:
        loops = max(1, round(length_m / SLACK_EVERY_M))
        spare_m = (link["fibre_length_m"] - length_m) * SLACK_SHARE
        for count in range(loops):
            metres = round(length_m * (count + 0.5) / loops, 1)
            yield metres, "slack", min(40.0, round(spare_m / loops))


def spaced(link: Row, purpose: str, start_m: float, end_m: float, step_m: float) -> Iterator[float]:
    """Places between start and end, about `step_m` apart."""
    luck = chance(link["external_id"], purpose)
    pieces = round((end_m - start_m) / step_m)
    for k in range(pieces):
        share = (k + 0.5 + luck.uniform(-0.15, 0.15)) / pieces
        yield round(start_m + (end_m - start_m) * share, 1)


def owner_of(kind: str, link: Row) -> str:
    if kind == "pole":
        return POWER
    return BACKBONE if link["owner"] == BACKBONE else COUNTY
