"""A made network as a GeoPackage, to load."""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd
import numpy as np
import shapely

SCALES = {"S": (1_500, 3_000), "M": (20_000, 40_000), "L": (200_000, 900_000)}
"""Nodes and links; a link has 5 to 60 vertices."""
LAYERS = ("network_nodes", "fibre_links")
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
