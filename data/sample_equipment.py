"""The devices, and what was done to each since it was ordered."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from sample_chance import chance
from sample_days import LOG_BEGINS, months_after, working_day
from sample_files import Row, read_csv

SUPPLIER = "KSI-ORG-09"


@dataclass(frozen=True)
class Kind:
    """What devices of one category have in common; makes and models are invented."""

    category: str
    make: str
    model: str
    configured: bool = True
    addresses: tuple[str, ...] = ()
    """Of management (m), towards the office (l), towards the network (w)."""
    warranty_months: int = 36


KINDS = {
    "BAT": Kind("battery", "Imara Power", "IB-48", configured=False, warranty_months=24),
    "FWL": Kind("firewall", "Boma Systems", "BW-20", addresses=("m", "l", "w")),
    "GEN": Kind("generator", "Imara Power", "IG-15", configured=False, warranty_months=24),
    "MCV": Kind("mediaConverter", "Lakeside", "LM-1", configured=False),
    "MWR": Kind("microwaveRadio", "Kilima Radio", "KR-11", addresses=("m",)),
    "OLT": Kind("olt", "Savanna Optics", "SO-16", addresses=("m", "w")),
    "ONT": Kind("ont", "Savanna Optics", "SO-1", addresses=("m", "l", "w"), warranty_months=24),
    "PPL": Kind("patchPanel", "Savanna Optics", "SP-96", configured=False, warranty_months=120),
    "RTR": Kind("router", "Lakeside", "LR-900", addresses=("m", "w", "6")),
    "SRV": Kind("server", "Jiwe Computers", "JS-1", addresses=("m", "l")),
    "SWT": Kind("switch", "Lakeside", "LS-48", addresses=("m",)),
    "UPS": Kind("ups", "Imara Power", "IP-3000", configured=False, addresses=("m",),
                warranty_months=24),
    "WAP": Kind("accessPoint", "Upepo Wireless", "UW-6", addresses=("m", "l"), warranty_months=24),
}  # fmt: skip


@dataclass(frozen=True, order=True)
class Work:
    """One event: the day, what was done, how it ended, what else is to be said."""

    day: date
    kind: str
    result: str
    notes: str


@dataclass(frozen=True)
class Device:
    """A row of `equipment`, and the work done on it in the order of its days."""

    item: Row
    work: tuple[Work, ...]


def make_equipment(
    orders: Mapping[str, Row], links: Sequence[Row], offices: Sequence[Row]
) -> list[Device]:
    """
    The devices by asset tag.

    Raises
    ------
    ValueError
        A device was certified before it was installed.
    """
    ready: dict[str, date] = {}
    for link in links:
        for node in (link["start_node"], link["end_node"]):
            day = date.fromisoformat(link["ready_for_service_date"] or "9999-12-31")
            if link["status"] == "operational":
                ready[node] = min(ready.get(node, day), day)
    served_by = {office["external_id"]: office["served_by"] for office in offices}
    devices = []
    rows = sorted(read_csv("equipment.csv"), key=lambda row: row["asset_tag"])
    for number, row in enumerate(rows, start=1):
        node = row["node"] or served_by.get(row["office"], "")
        devices.append(make_device(row, number, orders[row["order"]], ready.get(node)))
    return devices


def make_device(row: Mapping[str, str], number: int, order: Row, ready: date | None) -> Device:
    """
    Parameters
    ----------
    number
        Counts the devices from 1; the last part of its addresses.
    ready
        The day from which the network reaches the place.
    """
    tag = row["asset_tag"]
    luck = chance(tag, "equipment")
    kind = KINDS[tag.split("-")[1]]
    installed = None
    if row["lifecycle"] not in ("ordered", "received"):
        wait = timedelta(days=luck.randint(7, 38))
        installed = working_day(max(order["delivered_on"] + wait, ready or date.min))
    interval = int(row["interval"]) if row["interval"] else None
    # A device that is not installed yet has no addresses, a retired one gave them back.
    used = kind.addresses if row["lifecycle"] in ("installed", "inService", "underRepair") else ()
    item: dict[str, Any] = {
        "external_id": tag,
        "asset_tag": tag,
        "serial": f"{kind.model.split('-')[0]}{luck.randint(10_000_000, 99_999_999)}",
        "category": kind.category,
        "make": kind.make,
        "model": kind.model,
        "node": row["node"] or None,
        "office": row["office"] or None,
        "management_address": (
            None if "m" not in used
            else f"2001:db8:45::{number:x}" if "6" in used
            else f"192.0.2.{number}"
        ),
        "lan_address": f"198.51.100.{number}" if "l" in used else None,
        "wan_address": f"203.0.113.{number}" if "w" in used else None,
        "lifecycle": row["lifecycle"],
        "order_number": row["order"],
        "supplier": SUPPLIER,
        "installed_on": installed,
        "warranty_until": installed and months_after(installed, kind.warranty_months),
        "certification_interval_months": interval,
    }  # fmt: skip
    work = [w for w in history(row, kind, order, installed) if w.day >= LOG_BEGINS]
    # At one day things happen in the order in which they are told.
    return Device(item, tuple(sorted(work, key=lambda w: w.day)))


def history(
    row: Mapping[str, str], kind: Kind, order: Row, installed: date | None
) -> Iterator[Work]:
    """Everything that was done to a device, whether it was written down or not."""
    luck = chance(row["asset_tag"], "history")
    yield Work(order["placed_on"], "procurement", "done", f"Ordered with {row['order']}.")
    if row["lifecycle"] == "ordered":
        return
    if row["lifecycle"] == "received" or luck.random() < 0.12:
        yield Work(
            order["delivered_on"], "inspection", "passed", "Delivered; box and seals are whole."
        )
    if installed is None:
        return
    yield Work(installed, "installation", "done", "Mounted, labelled and earthed.")
    if kind.configured and luck.random() < 0.5:
        day = working_day(installed + timedelta(days=luck.randint(0, 2)))
        yield Work(day, "configuration", "done", "Settings copied from the plan; backup kept.")
    if row["lifecycle"] == "installed":
        day = working_day(installed + timedelta(days=3))
        yield Work(day, "verification", "passed", "It does what was ordered; not yet in use.")
    if kind.category in ("ont", "accessPoint") and row["lifecycle"] == "inService":
        day = working_day(installed + timedelta(days=luck.randint(3, 9)))
        yield Work(day, "validation", "passed", "People on site say that it serves them.")
    yield from certifications(row, installed)
    yield from troubles(row, installed)


def certifications(row: Mapping[str, str], installed: date) -> Iterator[Work]:
    """The first one soon after the installation, and each next one before it ends."""
    if not row["certified_on"]:
        return
    tag = row["asset_tag"]
    luck = chance(tag, "certification")
    latest = date.fromisoformat(row["certified_on"])
    if latest <= installed:
        raise ValueError(f"{tag} was certified on {latest}, before its installation {installed}")
    begin = working_day(installed + timedelta(days=luck.randint(5, 20)))
    months = int(row["interval"]) if row["interval"] else 1200
    apart = timedelta(days=15 * months)
    days = []
    day = working_day(months_after(latest, -months) + timedelta(days=luck.randint(4, 16)))
    while day > begin + apart:
        days.append(day)
        day = working_day(months_after(day, -months) + timedelta(days=luck.randint(4, 16)))
    if begin + apart < min([latest, *days]):
        days.append(begin)
    for earlier in sorted(days):
        yield Work(earlier, "certification", "passed", "All checks of the list passed.")
    if row["story"] == "failedOnce":
        why, what = luck.choice(
            [
                ("No earth connection found.", "Earthed again."),
                ("Fan stands still.", "Fan replaced."),
                ("Connectors are dirty, light too weak.", "Connectors cleaned."),
            ]
        )
        failed = working_day(latest - timedelta(days=21))
        yield Work(failed, "certification", "failed", why)
        yield Work(working_day(failed + timedelta(days=9)), "repair", "done", what)
    if row["result"] == "failed":
        yield Work(latest, "certification", "failed", "Below the limit; not to be relied on.")
        day = working_day(latest + timedelta(days=7))
        yield Work(day, "repair", "notDone", "Part is ordered and has not come yet.")
    else:
        yield Work(latest, "certification", "passed", "All checks of the list passed.")


def troubles(row: Mapping[str, str], installed: date) -> Iterator[Work]:
    """What went wrong besides, and the end of its life."""
    luck = chance(row["asset_tag"], "troubles")
    latest = date.fromisoformat(row["certified_on"]) if row["certified_on"] else installed
    if row["story"] == "broke":
        day = working_day(latest - timedelta(days=luck.randint(60, 120)))
        yield Work(day, "fault", "done", "Stops for no reason; runs when switched on again.")
        mended = working_day(day + timedelta(days=luck.randint(1, 5)))
        yield Work(mended, "repair", "done", "Faulty part replaced from the spares.")
    if row["story"] == "missed":
        due = months_after(latest, int(row["interval"]))
        day = working_day(due - timedelta(days=4))
        yield Work(day, "certification", "notDone", "The key of the cabinet was not to be found.")
    if row["lifecycle"] == "underRepair" and row["result"] == "passed":
        day = working_day(latest + timedelta(days=luck.randint(300, 460)))
        yield Work(day, "fault", "done", "No light on any lamp.")
        yield Work(
            working_day(day + timedelta(days=2)), "repair", "notDone", "Sent to the supplier."
        )
    if row["lifecycle"] == "retired":
        day = working_day(max(latest, LOG_BEGINS) + timedelta(days=luck.randint(80, 300)))
        yield Work(day, "fault", "done", "Fails more and more often.")
        yield Work(
            working_day(day + timedelta(days=14)), "retirement", "done",
            "Taken out, memory wiped, handed to the store.",
        )
