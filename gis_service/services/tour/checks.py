"""What shows that a task of the tour is done; none holds on the untouched sample."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from sqlalchemy import func, select

from gis_service.errors import InvalidInput
from gis_service.formats.strict_json import parse_json
from gis_service.model.audience import Audience
from gis_service.model.collections import REGISTRY
from gis_service.model.field_operations import OperationKind, Outcome
from gis_service.services.backups.proofs import read_proof
from gis_service.services.tour.files import CLINICS, SCHOOLS, Site
from gis_service.services.tour.place import NoAnswer, Place, distance_m, folded, item_of
from gis_service.store.internal import OPERATIONS
from gis_service.store.publication_tables import PUBLICATIONS
from gis_service.store.readable import readable
from gis_service.store.tables import table

PATH_OFFICE, CUT_LINK, WARD = "KSI-O-070", "KSI-L-020", "1319"
DEVICE, WITHHELD, BROKEN = "KSI-FWL-0001", "KSI-O-012", "KSI-O-099"
PHASE = "Tour"
NEAR_M, CENTRE = 12_000, (34.77, -0.68)
PLACED_M = 25
"""Arc 1960 and WGS 84 are some 300 m apart here: this tells them apart."""
OFFLINE_S = 60
BACKUP, PACKAGE, QUALITY, FOUND = "backup.tar", "kisii.json", "quality.json", "offices.geojson"


def way(place: Place) -> None:
    """1: the fibre path of an office."""
    told = place.answer()
    trace = place.ask("trace", {"office": PATH_OFFICE})
    ids = [each["properties"]["link"] for each in trace["features"]]
    names = place.names("fibre_links", ids)
    links = {folded(each) for each in _list(told, "links")}
    missed = sum(1 for id_ in ids if not names[id_] & links)
    place.expect(not missed, f"{missed} of the {len(ids)} links on the way are not in your list.")
    known = {name for each in names.values() for name in each}
    other = sorted(str(x) for x in _list(told, "links") if folded(x) not in known)
    place.expect(not other, f"Not on the way: {', '.join(other)}.")
    _near(place, told, "route_length_m", trace["route_length_m"], within=0.01)


def inspection(place: Place) -> None:
    """2: the CRS of one file, and what is wrong with another."""
    told = place.answer()
    crs = folded(told.get("clinics_crs", ""))
    place.expect(
        crs in ("epsg:21036", "21036"),
        "clinics_crs: ./gis inspect tries the CRSs of the region; which puts the clinics nearest "
        "to what is known?",
    )
    place.expect(
        folded(told.get("market_fault", "")) == "swapped",
        "market_fault: where do the markets lie as the file stands, and what does ./gis inspect "
        "propose?",
    )


def load(place: Place) -> None:
    """3: the file with an old CRS is loaded, each place where it is."""
    _placed(place, CLINICS)


def mending(place: Place) -> None:
    """4: the rows that were refused came too, corrected."""
    _placed(place, SCHOOLS)
    for site in SCHOOLS:
        item = place.item("offices", site.id)
        if item is not None:
            place.expect(item["office_type"] == "education", f"{site.id} is no school or college.")
            place.expect(item["name"] == site.name, f"{site.id} is called {site.name!r}.")


def fieldwork(place: Place) -> None:
    """5: an inspection came from the field, and was made before it was sent."""
    device = place.item("equipment", DEVICE)
    if device is None:
        place.missing.append(f"{DEVICE} is not here any more: begin with a new sample.")
        return
    o = OPERATIONS.c
    found = place.rows(
        select(o.received_at, o.made_at, o.outcome)
        .where(o.content["kind"].astext == OperationKind.WORK.value)
        .where(o.content["target"]["id"].astext == str(device["id"]))
        .where(o.content["values"]["kind"].astext == "inspection")
    )
    if not place.expect(found, f"No inspection of {DEVICE} came from the field page."):
        return
    done = [e for e in found if e["outcome"] in (Outcome.APPLIED.value, Outcome.MERGED.value)]
    if place.expect(done, "Work came, but the server did not take it; see it under Work."):
        waited = max((each["received_at"] - each["made_at"]).total_seconds() for each in done)
        place.expect(
            waited >= OFFLINE_S,
            "It was sent as soon as it was recorded. Record another with the phone in flight mode, "
            f"and let {OFFLINE_S} seconds pass before you go online.",
        )


def outage(place: Place) -> None:
    """6: what goes dark when a link is cut."""
    told, real = place.answer(), place.ask("outage-impact", {"links": CUT_LINK})
    _near(place, told, "offices", real["cut_offices"])
    _near(place, told, "people", real["cut_beneficiaries"])
    _near(place, told, "nodes", real["nodes_dark"])


def coverage(place: Place) -> None:
    """7: how a ward is connected, with what is not known apart."""
    told, areas = place.answer(), place.ask("coverage", {"by": "ward"})["features"]
    ward = next(a["properties"] for a in areas if a["properties"]["key"] == WARD)
    for name in ("connected", "unconnected", "unknown"):
        _near(place, told, name, ward[name])
    _near(place, told, "share_connected", ward["share_connected"], within=0.01)


def plan(place: Place) -> None:
    """8: a phase of proposed links."""
    phases, links = table(REGISTRY["phases"]), table(REGISTRY["fibre_links"])
    found = place.rows(select(phases.c.id).where(phases.c.name == PHASE))
    if not place.expect(found, f"There is no phase {PHASE!r}."):
        return
    proposed = place.rows(
        select(links.c.id)
        .where(links.c.phase.in_([row["id"] for row in found]))
        .where(links.c.status == "proposed")
    )
    place.expect(proposed, f"The phase {PHASE!r} has no proposed link. Is the budget too small?")


def publishing(place: Place) -> None:
    """9: an office is withheld, and somebody stood by what the public sees then."""
    item = place.item("offices", WITHHELD)
    if item is None:
        place.missing.append(f"{WITHHELD} is not here any more: begin with a new sample.")
        return
    public = readable(REGISTRY["offices"], Audience.PUBLIC)
    seen = place.rows(select(public.c.id).where(public.c.id == item["id"]))
    place.expect(not seen, f"The public still sees {WITHHELD}.")
    last = place.rows(select(func.max(PUBLICATIONS.c.published_at).label("at")))[0]["at"]
    if place.expect(last is not None, "No publication is written down yet."):
        place.expect(
            seen or last >= item["updated_at"],
            f"The last publication is older than the change of {WITHHELD}: publish again.",
        )


def exchange(place: Place) -> None:
    """10: a package of the network, and the report on its quality, read."""
    told = place.answer()
    package, report = _json(place.file(PACKAGE)), _json(place.file(QUALITY))
    nodes = place.rows(select(func.count().label("n")).select_from(
        table(REGISTRY["network_nodes"])
    ))[0]["n"]
    networks = _members(package, "networks")
    place.expect(
        networks and len(_members(networks[0], "nodes")) == nodes,
        f"{PACKAGE} is not this network as it stands now ({nodes} nodes): export it again.",
    )
    counts, totals = _members(report, "counts"), report.get("totals")
    if not counts or not isinstance(totals, dict):
        place.missing.append(f"{QUALITY} is no report of ./gis quality --json.")
        return
    _near(place, told, "warnings", totals.get("warning"))
    _near(place, told, "informations", totals.get("info"))
    most = max(each.get("count", 0) for each in counts)
    often = {each.get("rule") for each in counts if each.get("count", 0) == most}
    place.expect(told.get("most_frequent") in often, "most_frequent is not the id of that rule.")


def rescue(place: Place) -> None:
    """11: what is lost here stands where the proven backup was restored."""
    told, backup = place.answer(), place.file(BACKUP)
    place.expect(
        read_proof(backup), f"{backup} is not proven: ./gis backup verify {backup}"
    )
    place.expect(
        place.item("offices", BROKEN) is None, f"{BROKEN} is still here: nothing is broken yet."
    )
    where = str(told.get("restored") or "")
    if place.expect(where, "answer.toml does not say where you restored it."):
        with place.other(where) as database:
            place.expect(
                item_of(database, "offices", BROKEN) is not None,
                f"{BROKEN} does not stand in {where}: is that a restore of this backup?",
            )


def asking(place: Place) -> None:
    """12: the items that a CQL2 filter finds."""
    document = _json(place.file(FOUND))
    offices = table(REGISTRY["offices"])
    expected = {str(row["id"]) for row in place.rows(
        select(offices.c.id)
        .where(offices.c.connection == "unconnected")
        .where(offices.c.theme == "citizenSatisfaction")
        .where(distance_m(offices, *CENTRE) < NEAR_M)
    )}
    listed = isinstance(document.get("features"), list)
    if place.expect(listed, f"{FOUND} is no GeoJSON FeatureCollection."):
        found = {str(each.get("id")) for each in _members(document, "features")}
        few, many = len(expected - found), len(found - expected)
        place.expect(not few, f"{few} offices that the question asks for are not in {FOUND}.")
        place.expect(not many, f"{many} items in {FOUND} were not asked for.")


CHECKS: Mapping[int, Callable[[Place], None]] = dict(enumerate(
    (way, inspection, load, mending, fieldwork, outage, coverage, plan, publishing, exchange,
     rescue, asking),
    start=1,
))


def check(number: int, place: Place) -> list[str]:
    """What is missing of a task; empty when it is done."""
    try:
        CHECKS[number](place)
    except NoAnswer as error:
        return [str(error)]
    return place.missing


def _placed(place: Place, sites: tuple[Site, ...]) -> None:
    """Whether each site is an office, where it belongs."""
    offices = table(REGISTRY["offices"])
    for site in sites:
        away = distance_m(offices, site.lon, site.lat)
        found = place.rows(
            select(away.label("away")).where(offices.c.external_id == site.id)
        )
        if place.expect(found, f"{site.id} is not among the offices."):
            metres = found[0]["away"]
            place.expect(
                metres is not None and metres <= PLACED_M,
                f"{site.id} stands {metres or 0:,.0f} m from where it is.",
            )


def _near(
    place: Place, told: Mapping[str, Any], name: str, real: float | None, *, within: float = 0
) -> None:
    """Whether a number of the answer is right, but for a share of it."""
    number = told.get(name)
    known = isinstance(number, int | float) and not isinstance(number, bool)
    right = known and real is not None and abs(number - real) <= abs(real) * within  # type: ignore[operator]
    place.expect(right, f"{name} is not right: {number!r}.")


def _members(document: Mapping[str, Any], name: str) -> list[dict[str, Any]]:
    """The objects that a member of a JSON document lists; none where it is something else."""
    value = document.get(name)
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []


def _list(told: Mapping[str, Any], name: str) -> list[Any]:
    value = told.get(name)
    return value if isinstance(value, list) else []


def _json(path: Path) -> dict[str, Any]:
    try:
        document = parse_json(path.read_bytes())
    except (OSError, InvalidInput) as error:
        raise NoAnswer(f"{path} cannot be read: {error}") from None
    if not isinstance(document, dict):
        raise NoAnswer(f"{path} holds no object.")
    return document
