"""
Coverage of all wards with all indicators, beside the same question asked of plain GeoPandas.

Run by hand: `python -m tests.benchmarks.coverage [--scale M] [--rounds 3]`. It generates nodes,
links, offices and wards by the generator that stands beside the project (`shared/bench`), and
cells of population of its own; no database takes part. GeoPandas answers as one writes it down:
`sjoin`, `sjoin_nearest`, `overlay`, `buffer`, `union_all`, `groupby`, all with their defaults.
Which nodes have a way to a gateway is told to it, while we search the network within our time.

Rounds are interleaved and seconds are the processor's, so a busy machine slows both alike.
Answers are compared ward by ward.
"""

from __future__ import annotations

import argparse
import importlib.util
import statistics
import time
from collections.abc import Callable
from datetime import UTC, date, datetime
from functools import partial
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from pyproj import Geod, Proj

from gis_service.coverage.ground import Network, Records, ground_of
from gis_service.coverage.measures import GroupedSums, Situation, grouped_sums
from gis_service.model.codelists import STATUS
from gis_service.model.coverage import NOW, Circumstances
from gis_service.model.indicators import Grouping
from gis_service.services.situations import Survey, situation_of

GENERATOR = Path(__file__).resolve().parents[3] / "shared" / "bench" / "generate.py"
METRIC = 32736
CELL_DEGREES = 0.0045  # about 500 m
WITHIN_M = NOW.within_m
TODAY = date(2026, 11, 1)
STATUSES = {"active": "operational", "planned": "planned", "maintenance": "operational",
            "decommissioned": "decommissioned"}
TECHNOLOGIES = {"GPON-OLT": ["gpon"], "switch-L2": ["ethernet"], "router-L3": ["ip", "mpls"],
                "LTE": ["microwave"], "splitter": ["gpon"]}
GEOD = Geod(ellps="WGS84")


def generated(scale: str) -> Records:
    """The generator's tables as records."""
    spec = importlib.util.spec_from_file_location("generate", GENERATOR)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    made = {name: frame.rename_geometry("geometry").set_index("id").sort_index()
            for name, frame in module.build(scale).items()}
    dice = np.random.default_rng(1)
    wards, nodes, links, offices = (made[n] for n in ("wards", "nodes", "links", "offices"))
    wards["code"] = wards["name"]
    wards["constituency"] = wards["name"].str[-1]
    return Records(wards, _offices(offices, dice), _network(nodes, links, module.EXTENT, dice))


def _offices(offices: gpd.GeoDataFrame, dice: np.random.Generator) -> gpd.GeoDataFrame:
    size = len(offices)
    needed = dice.choice([10.0, 50.0, 100.0, np.nan], size)
    return offices.assign(
        theme=None,
        office_type=offices["type"],
        served_by=offices["node_id"],
        connection=dice.choice(["connected", "unconnected", "unknown"], size, p=[0.6, 0.3, 0.1]),
        connected_since=None,
        required_mbps=needed,
        measured_mbps=np.where(dice.random(size) < 0.8, needed * dice.random(size) * 1.5, np.nan),
    )


def _network(
    nodes: gpd.GeoDataFrame,
    links: gpd.GeoDataFrame,
    extent: tuple[float, float, float, float],
    dice: np.random.Generator,
) -> Network:
    nodes = nodes.assign(
        status=nodes["status"].map(STATUSES),
        gateway=nodes["type"] == "core",
        access_point=nodes["type"] == "access",
        public_wifi=dice.random(len(nodes)) < 0.02,
        technologies=nodes["technology"].map(TECHNOLOGIES),
        phase=None,
    )
    metres = [GEOD.geometry_length(line) for line in links.geometry]
    links = links.assign(
        status=links["status"].map(STATUSES), start_node=links["source_id"],
        end_node=links["target_id"], route_length_m=metres, shared_trench=None, phase=None,
        ready_for_service_date=None,
    )
    west, south, east, north = extent
    x, y = np.meshgrid(np.arange(west, east, CELL_DEGREES), np.arange(south, north, CELL_DEGREES))
    cells = shapely.box(x, y, x + CELL_DEGREES, y + CELL_DEGREES).ravel()
    faults = gpd.GeoDataFrame(
        {name: pd.Series(dtype=object) for name in (
            "link", "node", "equipment", "office", "cuts", "started_at", "cleared_at")},
        geometry=[], crs=4326,
    )
    return Network(
        nodes=nodes, links=links, faults=faults,
        phases=pd.DataFrame({"name": [], "ends_on": []}),
        population=gpd.GeoDataFrame(
            {"people": dice.integers(0, 900, len(cells)).astype(float)}, geometry=cells, crs=4326
        ),
        equipment=pd.DataFrame({"node": [], "office": []}),
    )


def ours(records: Records) -> tuple[Survey, GroupedSums]:
    """All from the records on, as the service does after a change."""
    survey = Survey(records, ground_of(records), {}, datetime.now(UTC))
    return survey, again(survey, NOW)


def again(survey: Survey, circumstances: Circumstances) -> GroupedSums:
    """In other circumstances, with the records as they were."""
    situation, _ = situation_of(survey, circumstances, TODAY)
    return grouped_sums(situation, Grouping.WARD)


def plain(records: Records, lit: pd.Series, redundant: pd.Series) -> pd.DataFrame:
    """The same sums by GeoPandas; a row for each ward, a column for each sum."""
    wards = records.wards[["code", "geometry"]]
    network = records.network
    assert network is not None
    nodes = network.nodes.astype({"public_wifi": bool, "access_point": bool})
    is_access = nodes["access_point"] | nodes["public_wifi"]
    access = nodes[is_access & (nodes["status"] == "operational") & lit]
    sums = [
        _plain_offices(records.offices, wards, access, lit, redundant),
        _plain_routes(network.links, wards),
        _plain_people(network.population, wards, access),
        gpd.sjoin(access, wards, predicate="intersects").groupby("code").agg(
            access_points=("status", "size"), wifi_points=("public_wifi", "sum")
        ),
    ]
    return pd.concat(sums, axis=1).reindex(sorted(wards["code"])).fillna(0.0)


def _plain_offices(
    offices: gpd.GeoDataFrame,
    wards: gpd.GeoDataFrame,
    access: gpd.GeoDataFrame,
    lit: pd.Series,
    redundant: pd.Series,
) -> pd.DataFrame:
    placed = gpd.sjoin(offices, wards, predicate="intersects").sort_values("code")
    placed = placed[~placed.index.duplicated()]
    near = gpd.sjoin_nearest(offices.to_crs(METRIC), access[["geometry"]].to_crs(METRIC))
    near = near[~near.index.duplicated()].reindex(offices.index)
    target = access.geometry.reindex(near.iloc[:, -1])
    here = offices.geometry
    _, _, metres = GEOD.inv(
        here.x.to_numpy(), here.y.to_numpy(), target.x.to_numpy(), target.y.to_numpy()
    )
    placed["in_reach"] = pd.Series(metres <= WITHIN_M, offices.index)
    state = placed["connection"]
    placed["lit"] = placed["served_by"].map(lit)
    placed["redundant"] = placed["served_by"].map(redundant)
    placed["disagreements"] = (
        ((state == "connected") & ~placed["lit"]) | ((state == "unconnected") & placed["lit"])
    )
    got = placed["measured_mbps"].where(state == "connected").mask(state == "unconnected", 0.0)
    both = got.notna() & placed["required_mbps"].notna()
    placed["met_mbps"] = np.minimum(got, placed["required_mbps"]).where(both)
    placed["required_mbps"] = placed["required_mbps"].where(both)
    for code in ("connected", "unconnected", "unknown"):
        placed[code] = state == code
    placed["offices"] = 1
    names = ["offices", "connected", "unconnected", "unknown", "lit", "redundant", "in_reach",
             "disagreements", "met_mbps", "required_mbps"]
    return placed.groupby("code")[names].sum().astype(float)


def _plain_routes(links: gpd.GeoDataFrame, wards: gpd.GeoDataFrame) -> pd.DataFrame:
    links = links[["status", "route_length_m", "geometry"]].assign(
        whole=links.to_crs(METRIC).length
    )
    pieces = gpd.overlay(links, wards, how="intersection")
    pieces["km"] = (
        pieces.to_crs(METRIC).length / pieces["whole"] * pieces["route_length_m"] / 1000
    )
    by_status = pieces.pivot_table(
        index="code", columns="status", values="km", aggfunc="sum", fill_value=0.0
    )
    by_status.columns = [f"km_{status}" for status in by_status.columns]
    return by_status.assign(km=by_status.sum(axis=1))


def _plain_people(
    cells: gpd.GeoDataFrame, wards: gpd.GeoDataFrame, access: gpd.GeoDataFrame
) -> pd.DataFrame:
    cells = cells.assign(whole=cells.to_crs(METRIC).area)
    pieces = gpd.overlay(cells, wards, how="intersection").to_crs(METRIC)
    found = {"people": _people(pieces)}
    used = access["technologies"].where(
        ~access["public_wifi"], access["technologies"].map(lambda has: [*has, "wifi"])
    )
    near = {"people_within": access} | {
        f"people_within_{each}": access[used.map(lambda has, each=each: each in has)]
        for each in sorted({each for has in used for each in has})
    }
    x, y = access.geometry.x.to_numpy(), access.geometry.y.to_numpy()
    scale = Proj(METRIC).get_factors(x, y).meridional_scale
    radius = pd.Series(WITHIN_M * np.asarray(scale), access.index)
    for name, points in near.items():
        discs = points.to_crs(METRIC).buffer(radius.loc[points.index])
        area = gpd.GeoDataFrame(geometry=[discs.union_all()], crs=METRIC)
        found[name] = _people(gpd.overlay(pieces, area, how="intersection"))
    return pd.DataFrame(found)


def _people(pieces: gpd.GeoDataFrame) -> pd.Series:
    return (pieces["people"] * pieces.area / pieces["whole"]).groupby(pieces["code"]).sum()


def different(found: GroupedSums, expected: pd.DataFrame) -> dict[str, float]:
    """By how much the answers differ at most, of each sum, relative to the largest ward."""
    return {
        name: float(
            np.abs(found.sums[name][: len(expected)] - expected[name]).max()
            / max(expected[name].max(), 1.0)
        )
        for name in expected
    }


def timed(function: Callable[[], Any]) -> tuple[float, Any]:
    began = time.process_time()
    answer = function()
    return time.process_time() - began, answer


def reached(records: Records) -> tuple[pd.Series, pd.Series]:
    """What the network says of each node, for GeoPandas, which cannot ask it."""
    network = records.network
    assert network is not None
    nodes = network.nodes.index
    asked = gpd.GeoDataFrame(
        {"connection": "connected", "connected_since": None, "theme": None, "office_type": None,
         "served_by": nodes, "required_mbps": np.nan, "measured_mbps": np.nan},
        index=nodes, geometry=network.nodes.geometry,
    )
    there = Records(records.wards, asked, network)
    situation: Situation
    situation, _ = situation_of(
        Survey(there, ground_of(there), {}, datetime.now(UTC)), NOW, TODAY
    )
    offices = situation.offices
    return pd.Series(offices.lit == 1, nodes), pd.Series(offices.redundant == 1, nodes)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--scale", default="M", choices=("S", "M", "L"))
    parser.add_argument("--rounds", type=int, default=3)
    asked = parser.parse_args()
    records = generated(asked.scale)
    lit, redundant = reached(records)
    spent: dict[str, list[float]] = {"ours": [], "ours, again with the plan": [], "plain": []}
    for _ in range(asked.rounds):
        took, (survey, found) = timed(partial(ours, records))
        spent["ours"].append(took)
        took, _ = timed(partial(again, survey, Circumstances(plan=True)))
        spent["ours, again with the plan"].append(took)
        took, expected = timed(partial(plain, records, lit, redundant))
        spent["plain"].append(took)
    gap = different(found, expected)
    known = {f"km_{code}" for code in STATUS.values()} | set(found.sums)
    assert set(expected) <= known, set(expected) - known
    base = statistics.median(spent["plain"])
    print(f"{lit.sum():,} of {len(lit):,} nodes have a way to a gateway")
    print(f"scale {asked.scale}: {len(records.offices):,} offices, {len(records.wards)} wards, "
          f"{len(expected.columns)} sums a ward; most they differ by: {max(gap.values()):.1e} "
          f"({max(gap, key=gap.get)})")  # type: ignore[arg-type]
    for name, times in spent.items():
        each = statistics.median(times)
        print(f"| {name} | {each:.2f} s | {base / each:.1f}x |")


if __name__ == "__main__":
    main()
