"""Made networks as GeoPackages, to load: ours, and the one of the side-by-side harness."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import shapely

SCALES = {"S": (1_500, 3_000), "M": (20_000, 40_000), "L": (200_000, 900_000)}
"""Nodes and links; a link has 5 to 60 vertices."""
HARNESS = Path(__file__).resolve().parents[3] / "shared" / "bench" / "generate.py"
"""Makes nodes and links with UUIDs and words of its own; not part of this repository."""
EXTENT = (34.55, -0.95, 35.0, -0.5)


def generate(path: Path, scale: str, *, seed: int = 1) -> None:
    """Write nodes along winding roads, and links that wind between near ones."""
    rng = np.random.default_rng(seed)
    count, link_count = SCALES[scale]
    west, south, east, north = EXTENT
    xy = np.column_stack([rng.uniform(west, east, count), rng.uniform(south, north, count)])
    xy = xy[np.lexsort((xy[:, 1], np.floor(xy[:, 0] / 0.005)))].round(7)
    names = np.array([f"N{n:07d}" for n in range(count)], dtype=object)
    gpd.GeoDataFrame(
        {
            "external_id": names,
            "name": [f"Node {n}" for n in range(count)],
            "status": rng.choice(["operational", "planned", "inactive"], count),
            "infrastructure": rng.choice(["cabinet", "pole", "building"], count),
            "gateway": rng.random(count) < 0.01,
            "accuracy_m": rng.uniform(1, 20, count).round(1),
        },
        geometry=shapely.points(xy),
        crs=4326,
    ).to_file(path, driver="GPKG", layer="network_nodes")
    start = rng.integers(0, count - 9, link_count)
    end = start + rng.integers(1, 9, link_count)
    vertices = rng.integers(5, 61, link_count)
    link = np.repeat(np.arange(link_count), vertices)
    first = np.concatenate([[0], np.cumsum(vertices)[:-1]])
    along = (np.arange(len(link)) - first[link]) / (vertices[link] - 1)
    way = xy[end] - xy[start]
    wind = rng.normal(0, 0.1, (link_count, 2))
    bend = sum(wind[link, k] * np.sin((k + 1) * np.pi * along) for k in range(2))
    across = np.column_stack([-way[:, 1], way[:, 0]])
    path_xy = xy[start][link] + along[:, None] * way[link] + bend[:, None] * across[link]
    gpd.GeoDataFrame(
        {
            "external_id": [f"L{n:07d}" for n in range(link_count)],
            "name": [f"Link {n}" for n in range(link_count)],
            "status": rng.choice(["operational", "planned", "underConstruction"], link_count),
            "start_node": names[start],
            "end_node": names[end],
            "fibre_type": "G.652",
            "fibre_count": rng.choice([12, 24, 48, 96], link_count),
            "capacity_gbps": rng.choice([1.0, 10.0, 100.0], link_count),
            "ready_for_service_date": np.datetime64("2015-01-01")
            + rng.integers(0, 4000, link_count).astype("timedelta64[D]"),
        },
        geometry=shapely.linestrings(path_xy.round(7), indices=link),
        crs=4326,
    ).to_file(path, driver="GPKG", layer="fibre_links", mode="a")


def generate_shared(path: Path, scale: str) -> None:
    """Write what the harness loads."""
    subprocess.run(
        [sys.executable, str(HARNESS), "--scale", scale, "--gpkg", str(path)],
        check=True, stdout=subprocess.DEVNULL,
    )


@dataclass(frozen=True)
class Made:
    """
    A network that is made.

    Parameters
    ----------
    layers
        Layer by collection, in the order in which they are loaded.
    options
        What a load of each is asked, so that its columns are understood.
    scales
        Rows of both layers.
    """

    generate: Callable[[Path, str], None]
    layers: Mapping[str, str]
    scales: Mapping[str, int]
    options: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)


_CODES = {"status": {"active": "operational", "maintenance": "operational"}}
_KEPT = dict.fromkeys(("type", "technology", "capacity", "owner"), "extra")
NETWORKS = {
    "own": Made(
        generate,
        {"network_nodes": "network_nodes", "fibre_links": "fibre_links"},
        {name: sum(rows) for name, rows in SCALES.items()},
    ),
    "shared": Made(
        generate_shared,
        {"network_nodes": "nodes", "fibre_links": "links"},
        {"S": 1_500, "M": 60_000, "L": 600_000},
        {
            "network_nodes": {
                "codes": _CODES,
                "mapping": {"id": "external_id", "install_date": "extra", **_KEPT},
            },
            "fibre_links": {
                "codes": _CODES,
                "mapping": {
                    "id": "external_id", "source_id": "start_node", "target_id": "end_node",
                    "install_date": "ready_for_service_date", "length_m": "extra", **_KEPT,
                },
            },
        },
    ),
}
