"""
Rows per second of loading one GeoPackage: ours, geopandas.to_postgis, and ogr2ogr with COPY.

    .venv/bin/python -m tests.benchmarks.load_rates --scale M --rounds 3

Every way runs as a process of its own, in turns on one private cluster, so a
busy machine slows all alike; look at the ratios, not at the rates. Ours
validates, resolves references, upserts by key and keeps all indexes; the
others copy into bare tables with one spatial index each.
"""

from __future__ import annotations

import argparse
import itertools
import multiprocessing
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import geopandas as gpd
import numpy as np
import shapely
from sqlalchemy import text

from gis_service.store.cluster import PrivateCluster
from gis_service.store.database import Database

SCALES = {"S": (1_500, 3_000), "M": (20_000, 40_000), "L": (200_000, 900_000)}
"""Nodes and links; a link has 5 to 60 vertices."""
EXTENT = (34.55, -0.95, 35.0, -0.5)
REFERENCE = "geopandas.to_postgis"
_OWNER = "gis_owner"

OURS = """
import sys
from pathlib import Path
from gis_service.services.load_requests import LoadRequest
from gis_service.services.loading import load_file
from gis_service.settings import Settings
from gis_service.store.database import Database, parse_url
database = Database.at(parse_url(sys.argv[2]))
settings = Settings(_env_file=None, home=Path("/nonexistent"))
for layer in ("network_nodes", "fibre_links"):
    report = load_file(database, settings, LoadRequest(Path(sys.argv[1]), layer, layer=layer))
    assert not report.faults and report.read == report.inserted + report.unchanged, report
"""
GEOPANDAS = """
import sys
import geopandas as gpd
from sqlalchemy import create_engine
engine = create_engine(sys.argv[2])
for layer in ("network_nodes", "fibre_links"):
    frame = gpd.read_file(sys.argv[1], layer=layer).rename_geometry("geom")
    frame.to_postgis(layer, engine, schema="bare", if_exists="replace", index=False)
"""


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


def python(code: str, file: Path, database: Database) -> list[list[str]]:
    url = database.url.render_as_string(hide_password=False)
    return [[sys.executable, "-c", code, str(file), url]]


def ogr2ogr(file: Path, database: Database) -> list[list[str]]:
    url = database.url
    host = url.query.get("host", url.host)
    target = f"PG:host={host} dbname={url.database} user={url.username} password={url.password}"
    return [
        ["ogr2ogr", "-f", "PostgreSQL", target, str(file), layer, "-nln", f"bare.{layer}",
         "-lco", "GEOMETRY_NAME=geom", "--config", "PG_USE_COPY", "YES"]
        for layer in ("network_nodes", "fibre_links")
    ]  # fmt: skip


def timed(commands: list[list[str]]) -> tuple[float, float]:
    """Seconds, and peak memory in MB of the largest process (its own children not counted)."""
    began = time.perf_counter()
    peak = 0.0
    for command in commands:
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            raise RuntimeError(f"{command[0]} ended with {process.returncode}")
        peak = max(peak, usage.ru_maxrss / 1024)
    return time.perf_counter() - began, peak


def run(
    file: Path, fresh: Callable[[], Database], rounds: int
) -> dict[str, list[tuple[float, float]]]:
    """Every way in turn, `rounds` times, each round in a fresh database."""
    ways: dict[str, Callable[[Database], list[list[str]]]] = {
        "ours": lambda database: python(OURS, file, database),
        "ours, second load": lambda database: python(OURS, file, database),
        REFERENCE: lambda database: python(GEOPANDAS, file, database),
    }
    if shutil.which("ogr2ogr"):
        ways["ogr2ogr, COPY"] = lambda database: ogr2ogr(file, database)
    results: dict[str, list[tuple[float, float]]] = {way: [] for way in ways}
    for _ in range(rounds):
        database = fresh()
        for way, commands in ways.items():
            with database.begin() as connection:
                connection.execute(text("DROP SCHEMA IF EXISTS bare CASCADE; CREATE SCHEMA bare"))
            results[way].append(timed(commands(database)))
    return results


def table(results: dict[str, list[tuple[float, float]]], rows: int) -> str:
    """Medians, and the median of the ratios within each round."""
    lines = [
        f"| way | rows/s | seconds | times {REFERENCE} | peak MB |", "|---|---|---|---|---|"
    ]  # fmt: skip
    for way, found in results.items():
        seconds = statistics.median(s for s, _ in found)
        ratio = statistics.median(
            reference / mine
            for (mine, _), (reference, _) in zip(found, results[REFERENCE], strict=True)
        )
        peak = max(p for _, p in found)
        rate = f"{rows / seconds:,.0f}"
        lines.append(f"| {way} | {rate} | {seconds:.2f} | {ratio:.2f} | {peak:.0f} |")
    return "\n".join(lines)


def _copied(cluster: PrivateCluster, number: int) -> Database:
    """A database like `bench`, where history was not written yet."""
    admin = Database.at(cluster.url("template1", _OWNER))
    with admin.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text(f"CREATE DATABASE bench_{number} TEMPLATE bench"))
    return Database.at(cluster.url(f"bench_{number}", _OWNER))


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--scale", choices=SCALES, default="S")
    arguments.add_argument("--rounds", type=int, default=3)
    options = arguments.parse_args()
    with tempfile.TemporaryDirectory(prefix="gis-bench-") as folder:
        home = Path(folder)
        home.chmod(0o755)
        file = home / "network.gpkg"
        # in a process of its own: a child's peak memory counts what its parent had
        maker = multiprocessing.get_context("spawn").Process(
            target=generate, args=(file, options.scale)
        )
        maker.start()
        maker.join()
        cluster = PrivateCluster(home / "home")
        cluster.start()
        try:
            cluster.ensure_login(_OWNER, createdb=True)
            cluster.ensure_database("bench", owner=_OWNER)
            database = Database.at(cluster.url("bench", _OWNER))
            database.migrate()
            with database.begin() as connection:
                connection.execute(text(
                    "INSERT INTO gis.networks (external_id, name, extent, metric_srid, synthetic)"
                    " VALUES ('bench', 'Bench', '[34.3, -1.2, 35.2, -0.3]', 32736, true)"
                ))  # fmt: skip
            numbers = itertools.count()
            results = run(file, lambda: _copied(cluster, next(numbers)), options.rounds)
            print(table(results, sum(SCALES[options.scale])))
        finally:
            cluster.stop()


if __name__ == "__main__":
    main()
