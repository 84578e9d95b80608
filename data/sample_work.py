"""The work log: of devices, of links and nodes, and of faults."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta

from sample_chance import chance
from sample_days import LOG_BEGINS, REFERENCE_DAY, at_work, working_day
from sample_equipment import Device
from sample_files import Row

PATROLLED = ("Town ring", "Trunk")
CLEARED = {
    True: "Cable spliced; light is back.",
    False: "Found and mended; tested.",
}


def make_work_log(
    devices: Sequence[Device],
    nodes: Sequence[Row],
    links: Sequence[Row],
    offices: Sequence[Row],
    faults: Sequence[Row],
) -> list[Row]:
    """
    Every event, numbered within the item that it is about.

    Raises
    ------
    ValueError
        Something was done after the reference day.
    """
    served_by = {office["external_id"]: office["served_by"] for office in offices}
    items: list[Row] = []
    for device in devices:
        items += numbered(device.item["external_id"], "equipment", of_device(device))
    for link in links:
        items += numbered(link["external_id"], "link", of_link(link))
    for node in nodes:
        items += numbered(node["external_id"], "node", of_node(node))
    for fault in faults:
        items += of_fault(fault, served_by)
    for item in items:
        if item["occurred_at"].date() >= REFERENCE_DAY:
            raise ValueError(f"{item['external_id']} lies after the reference day")
    return sorted(items, key=lambda item: item["external_id"])


Event = tuple[str, datetime, str, str]
"""Kind, time, result, notes."""


def numbered(about: str, field: str, events: Iterator[Event]) -> Iterator[Row]:
    for number, event in enumerate(sorted(events, key=lambda e: e[1]), start=1):
        yield entry(f"{about.replace('KSI-', 'KSI-W-', 1)}-{number:02d}", {field: about}, event)


def entry(external_id: str, about: Mapping[str, str], event: Event) -> Row:
    kind, occurred_at, result, notes = event
    # What happens by night is written down in the morning.
    later = timedelta(minutes=5 * chance(external_id, "recorded").randint(2, 30))
    morning = occurred_at.replace(hour=8, minute=0)
    return {
        "external_id": external_id,
        "kind": kind,
        "equipment": about.get("equipment"),
        "node": about.get("node"),
        "link": about.get("link"),
        "occurred_at": occurred_at,
        "recorded_at": max(occurred_at, morning) + later,
        "result": result,
        "notes": notes,
    }


def of_device(device: Device) -> Iterator[Event]:
    luck = chance(device.item["external_id"], "times")
    before: datetime | None = None
    for work in device.work:
        occurred_at = at_work(work.day, luck)
        if before is not None and occurred_at <= before:
            occurred_at = before + timedelta(minutes=25)
        before = occurred_at
        yield work.kind, occurred_at, work.result, work.notes


def of_link(link: Row) -> Iterator[Event]:
    """The tests on handing over, and patrols along the main cables."""
    luck = chance(link["external_id"], "work")
    if link["status"] != "operational":
        return
    ready = date.fromisoformat(link["ready_for_service_date"])
    if ready - timedelta(days=30) > LOG_BEGINS:
        day = working_day(ready - timedelta(days=14))
        yield (
            "verification", at_work(day, luck), "passed",
            "Measured from both ends; loss is within the plan.",
        )  # fmt: skip
    if link["name"].startswith(PATROLLED) and luck.random() < 0.6:
        day = working_day(date(luck.choice([2025, 2026]), luck.randint(7, 10), luck.randint(1, 28)))
        result, notes = luck.choice(
            [
                ("passed", "Walked the route; covers and markers are in place."),
                ("passed", "Walked the route; grass cut at two handholes."),
                ("failed", "A cover is missing; put a board over it until it is replaced."),
                ("notDone", "The road was under water; to be repeated."),
            ]
        )
        yield "inspection", at_work(day, luck), result, notes


def of_node(node: Row) -> Iterator[Event]:
    """A look at some of the places that have power."""
    luck = chance(node["external_id"], "work")
    seen = node["status"] == "operational" and node["power"] and luck.random() < 0.4
    if seen and node["technologies"] != ["wifi"]:
        day = working_day(date(2026, luck.randint(1, 9), luck.randint(1, 28)))
        result, notes = luck.choice(
            [
                ("passed", "Lock, earth, fans and labels are in order."),
                ("passed", "Cleaned; dust filter changed."),
                ("failed", "Rain comes in at the cable entry."),
            ]
        )
        yield "inspection", at_work(day, luck), result, notes


def of_fault(fault: Row, served_by: Mapping[str, str]) -> Iterator[Row]:
    """A fault found, and a repair when it is cleared; at the serving node for an office."""
    about = {f: fault[f] for f in ("equipment", "node", "link") if fault[f]}
    if fault["office"]:
        about = {"node": served_by[fault["office"]]}
    if not about:
        return
    id_ = fault["external_id"].replace("KSI-", "KSI-W-", 1)
    notes = f"{fault['summary']} ({fault['external_id']})."
    yield entry(f"{id_}-01", about, ("fault", fault["started_at"], "done", notes))
    if fault["cleared_at"]:
        notes = CLEARED[bool(fault["link"] and fault["cuts"])]
        yield entry(f"{id_}-02", about, ("repair", fault["cleared_at"], "done", notes))
