"""
Make the sample data: a synthetic municipal network for Kisii County, Kenya.

Reads the hand-written tables in `data/authored/` and writes one file per
collection to `data/sample/` (or to the folder given). The same input gives the
same bytes: chance is seeded by each item's own id, days are counted from one
fixed day, items are sorted, and coordinates are rounded to six decimals.

    python data/make_sample.py [FOLDER]
"""

from __future__ import annotations

import sys
from pathlib import Path

from sample_equipment import make_equipment
from sample_faults import make_faults
from sample_files import HERE, read_toml, write_csv, write_geojson
from sample_measurements import make_measurements
from sample_network import make_links, make_nodes
from sample_offices import make_offices
from sample_places import make_wards, read_roads
from sample_structures import make_structures
from sample_work import make_work_log


def main(folder: Path) -> None:
    """Write every sample file into `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    plan = read_toml("network.toml")
    phases = {p["external_id"]: p for p in plan["phase"]}
    orders = {o["number"]: o for o in plan["order"]}
    wards = make_wards()
    roads = read_roads()
    nodes = make_nodes()
    links = make_links(nodes, roads, phases)
    offices = make_offices(wards, {n["external_id"]: n for n in nodes}, links, phases)
    devices = make_equipment(orders, links, offices)
    faults = make_faults(nodes, links, offices)

    write_csv(folder / "networks.csv", [{**plan["network"], "synthetic": True}])
    write_csv(
        folder / "organisations.csv",
        [{**o, "country": "KE", "website": None} for o in plan["organisation"]],
    )
    write_csv(folder / "phases.csv", plan["phase"])
    write_csv(folder / "contracts.csv", plan["contract"])
    write_csv(folder / "wayleaves.csv", plan["wayleave"])
    write_csv(folder / "scenarios.csv", plan["scenario"])
    write_geojson(folder / "wards.geojson", wards)
    write_geojson(folder / "roads.geojson", [road.item() for road in roads.values()])
    write_geojson(folder / "network_nodes.geojson", nodes)
    write_geojson(folder / "fibre_links.geojson", links)
    write_geojson(folder / "structures.geojson", make_structures(links))
    write_geojson(folder / "offices.geojson", offices)
    write_csv(folder / "equipment.csv", [device.item for device in devices])
    write_csv(folder / "work_log.csv", make_work_log(devices, nodes, links, offices, faults))
    write_csv(folder / "measurements.csv", make_measurements(devices, links, faults))
    write_geojson(folder / "faults.geojson", faults)


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else HERE / "sample")
