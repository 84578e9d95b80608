"""Measurements: OTDR traces and losses of the cables, light received by the devices."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta

from sample_chance import chance
from sample_days import at_work, working_day
from sample_equipment import Device
from sample_files import Row

LOSS_DB_PER_KM = {1310: 0.35, 1550: 0.21}
SPLICE_DB = 0.1
CONNECTOR_DB = 0.3
OTDR = ("Nuru Instruments N-7, no. 1", "Nuru Instruments N-7, no. 2")
POWER_METER = "Nuru Instruments P-2, no. 4"
RECEIVED: dict[str, tuple[int, float, float]] = {
    # Wavelength in nm; least and most light received in dBm.
    "router": (1310, -13.0, -5.0),
    "ont": (1490, -24.0, -16.0),
}
BOTH_WAVELENGTHS = ("Town ring", "Town centre")
AGAIN = ("Town ring", "Trunk")
TESTED_END_TO_END = ("Dark fibre", "Spur")


def make_measurements(
    devices: Sequence[Device], links: Sequence[Row], faults: Sequence[Row]
) -> list[Row]:
    """Every reading, numbered within the item that was measured."""
    by_id = {link["external_id"]: link for link in links}
    items: list[Row] = []
    for link in links:
        if link["status"] == "operational" and link["fibre_length_m"]:
            items += of_link(link)
    for fault in faults:
        if fault["otdr_distance_m"] is not None:
            items.append(of_fault(fault, by_id[fault["link"]]))
    for device in devices:
        if device.item["category"] in RECEIVED and device.item["lifecycle"] == "inService":
            items += of_device(device)
    return sorted(items, key=lambda item: item["external_id"])


def reading(external_id: str, kind: str, measured_at: datetime, **values: object) -> Row:
    return {
        "external_id": external_id,
        "kind": kind,
        "link": None,
        "node": None,
        "equipment": None,
        "measured_at": measured_at,
        "instrument": None,
        "fibre": None,
        "wavelength_nm": None,
        "otdr_distance_m": None,
        "loss_db": None,
        "power_dbm": None,
    } | values


def of_link(link: Row) -> Iterator[Row]:
    """Traces on handing over, and of the main cables again in their last year."""
    id_ = link["external_id"]
    luck = chance(id_, "measurements")
    day = working_day(date.fromisoformat(link["ready_for_service_date"]) - timedelta(days=14))
    fibre = luck.randint(1, link["fibre_count"])
    tests: list[tuple[str, date, int, float]] = [("otdr", day, 1550, 0.0)]
    if link["name"].startswith(BOTH_WAVELENGTHS):
        tests.append(("otdr", day, 1310, 0.0))
    if link["name"].startswith(AGAIN):
        later = working_day(date(2026, luck.randint(2, 9), luck.randint(1, 28)))
        tests.append(("otdr", later, 1550, luck.uniform(0.02, 0.2)))
    if link["name"].startswith(TESTED_END_TO_END):
        tests.append(("insertionLoss", day, 1310, 0.0))
    for number, (kind, day, wavelength_nm, aged_db) in enumerate(tests, start=1):
        loss_db = loss_of(
            link["fibre_length_m"] / 1000, wavelength_nm, link["splices"], link["connectors"]
        )
        yield reading(
            f"{id_.replace('KSI-', 'KSI-M-', 1)}-{number:02d}",
            kind,
            at_work(day, luck),
            link=id_,
            node=link["start_node"],
            instrument=luck.choice(OTDR) if kind == "otdr" else POWER_METER,
            fibre=str(fibre),
            wavelength_nm=wavelength_nm,
            # An instrument is right to a metre in a kilometre.
            otdr_distance_m=(
                round(link["fibre_length_m"] * luck.uniform(0.9995, 1.0005), 1)
                if kind == "otdr"
                else None
            ),
            loss_db=round(loss_db * luck.uniform(0.95, 1.05) + aged_db, 2),
        )


def loss_of(length_km: float, wavelength_nm: int, splices: int, connectors: int) -> float:
    """What a cable of this length should lose, in dB."""
    return (
        LOSS_DB_PER_KM[wavelength_nm] * length_km + SPLICE_DB * splices + CONNECTOR_DB * connectors
    )


def of_fault(fault: Row, link: Mapping[str, object]) -> Row:
    """The trace that found a fault ends at it."""
    id_ = fault["external_id"]
    luck = chance(id_, "measurements")
    length_km = fault["otdr_distance_m"] / 1000
    return reading(
        f"{id_.replace('KSI-', 'KSI-M-', 1)}-01",
        "otdr",
        fault["started_at"] + timedelta(minutes=95),
        link=fault["link"],
        node=link["start_node"],
        instrument=luck.choice(OTDR),
        fibre="1",
        wavelength_nm=1550,
        otdr_distance_m=fault["otdr_distance_m"],
        loss_db=round(loss_of(length_km, 1550, round(length_km / 2), 2), 2),
    )


def of_device(device: Device) -> Iterator[Row]:
    """Light received, measured with the latest certification that passed."""
    passed = [w for w in device.work if (w.kind, w.result) == ("certification", "passed")]
    if not passed:
        return
    id_ = device.item["external_id"]
    luck = chance(id_, "measurements")
    wavelength_nm, least, most = RECEIVED[device.item["category"]]
    yield reading(
        f"{id_.replace('KSI-', 'KSI-M-', 1)}-01",
        "opticalPower",
        at_work(passed[-1].day, luck),
        node=device.item["node"],
        equipment=id_,
        instrument=POWER_METER,
        wavelength_nm=wavelength_nm,
        power_dbm=round(luck.uniform(least, most), 1),
    )
