"""
Rows per second of loading one GeoPackage: ours, geopandas.to_postgis, and ogr2ogr with COPY.

    .venv/bin/python -m tests.benchmarks.load_rates --scale M --rounds 3 --network shared

Every way runs as a process of its own, in turns on one private cluster, so a
busy machine slows all alike; look at the ratios, not at the rates. Ours
validates, checks topology, resolves references, upserts by key, keeps all
indexes, writes history and the public projection; the others copy into bare
tables with one spatial index each.
"""

from __future__ import annotations

import argparse
import itertools
import json
import multiprocessing
import shutil
import statistics
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from sqlalchemy import text

from gis_service.store.cluster import PrivateCluster
from gis_service.store.database import Database
from tests.benchmarks.load_data import NETWORKS, SCALES
from tests.benchmarks.watching import Cost, watch

REFERENCE = "geopandas.to_postgis"
COPY = "ogr2ogr, COPY"
OURS, AGAIN = "ours", "ours, second load"
_OWNER = "gis_owner"

GEOPANDAS = """
import sys
import geopandas as gpd
from sqlalchemy import create_engine
engine = create_engine(sys.argv[2])
for layer in sys.argv[3:]:
    frame = gpd.read_file(sys.argv[1], layer=layer).rename_geometry("geom")
    frame.to_postgis(layer, engine, schema="bare", if_exists="replace", index=False)
"""


def commands_of(way: str, file: Path, network: str, database: Database) -> list[list[str]]:
    """What one way runs."""
    layers = NETWORKS[network].layers.values()
    url = database.url.render_as_string(hide_password=False)
    if way == REFERENCE:
        return [[sys.executable, "-c", GEOPANDAS, str(file), url, *layers]]
    if way == COPY:
        host = database.url.query.get("host", database.url.host)
        target = (
            f"PG:host={host} dbname={database.url.database} user={database.url.username} "
            f"password={database.url.password}"
        )
        return [
            ["ogr2ogr", "-f", "PostgreSQL", target, str(file), layer, "-nln", f"bare.{layer}",
             "-lco", "GEOMETRY_NAME=geom", "--config", "PG_USE_COPY", "YES"]
            for layer in layers
        ]  # fmt: skip
    module = "tests.benchmarks.load_stages"
    return [[sys.executable, "-m", module, str(file), url, str(_stages_of(file)), network]]


def _stages_of(file: Path) -> Path:
    return file.with_suffix(".json")


def run(
    file: Path, network: str, fresh: Callable[[], Database], rounds: int, *, postmaster: int
) -> tuple[dict[str, list[Cost]], dict[str, list[dict[str, float]]]]:
    """Every way in turn, each round in a fresh database; costs, and ours by stage."""
    ways = [OURS, AGAIN, REFERENCE, *([COPY] if shutil.which("ogr2ogr") else [])]
    costs: dict[str, list[Cost]] = {way: [] for way in ways}
    stages: dict[str, list[dict[str, float]]] = {OURS: [], AGAIN: []}
    for number in range(rounds):
        database = fresh()
        for way in ways:
            with database.begin() as connection:
                connection.execute(text("DROP SCHEMA IF EXISTS bare CASCADE; CREATE SCHEMA bare"))
            database.engine.dispose()
            commands = commands_of(way, file, network, database)
            costs[way].append(watch(commands, postmaster=postmaster))
            if way in stages:
                stages[way].append(json.loads(_stages_of(file).read_text()))
            sys.stderr.write(f"round {number + 1}: {way}, {costs[way][-1].seconds:.1f} s\n")
    return costs, stages


def ratio(costs: Mapping[str, Sequence[Cost]], way: str, other: str) -> float:
    """How many times as long another way takes; the median of the rounds."""
    return statistics.median(
        theirs.seconds / mine.seconds
        for mine, theirs in zip(costs[way], costs[other], strict=True)
    )


def table(costs: Mapping[str, Sequence[Cost]], rows: int) -> str:
    """Medians of seconds, medians of ratios within each round, most memory of all rounds."""
    others = [way for way in (REFERENCE, COPY) if way in costs]
    heads = ["way", "rows/s", "seconds", "work s", *(f"times {way}" for way in others),
             "command MB", "child MB", "together MB"]  # fmt: skip
    lines = [heads, ["---", *["--:"] * (len(heads) - 1)]]
    for way, found in costs.items():
        seconds = statistics.median(c.seconds for c in found)
        lines.append([
            way, f"{rows / seconds:,.0f}", f"{seconds:.2f}",
            f"{statistics.median(c.work_s for c in found):.2f}",
            *(f"{ratio(costs, way, other):.2f}" for other in others),
            f"{max(c.command_mb for c in found):.0f}", f"{max(c.child_mb for c in found):.0f}",
            f"{max(c.together_mb for c in found):.0f}",
        ])  # fmt: skip
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def stage_table(stages: Mapping[str, Sequence[Mapping[str, float]]]) -> str:
    """What each stage of a load takes, medians in seconds."""
    lines = ["| stage | first load s | second load s |", "|---|--:|--:|"]
    for stage in stages[OURS][0]:
        first, second = (
            statistics.median(found.get(stage, 0.0) for found in stages[way])
            for way in (OURS, AGAIN)
        )
        lines.append(f"| {stage} | {first:.2f} | {second:.2f} |")
    return "\n".join(lines)


def _copied(cluster: PrivateCluster, number: int) -> Database:
    """A database like `bench`, where history was not written yet."""
    admin = Database.at(cluster.url("template1", _OWNER))
    with admin.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text(f"CREATE DATABASE bench_{number} TEMPLATE bench"))
    return Database.at(cluster.url(f"bench_{number}", _OWNER))


def _postmaster(home: Path) -> int:
    return int(next(home.rglob("postmaster.pid")).read_text().split()[0])


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--scale", choices=SCALES, default="S")
    arguments.add_argument("--network", choices=NETWORKS, default="own")
    arguments.add_argument("--rounds", type=int, default=3)
    options = arguments.parse_args()
    made = NETWORKS[options.network]
    with tempfile.TemporaryDirectory(prefix="gis-bench-") as folder:
        home = Path(folder)
        home.chmod(0o755)
        file = home / "network.gpkg"
        # in a process of its own: a child's peak memory counts what its parent had
        maker = multiprocessing.get_context("spawn").Process(
            target=made.generate, args=(file, options.scale)
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
            database.engine.dispose()
            numbers = itertools.count()
            costs, stages = run(
                file, options.network, lambda: _copied(cluster, next(numbers)), options.rounds,
                postmaster=_postmaster(home),
            )
            print(table(costs, made.scales[options.scale]))
            print(f"\nSecond load: {ratio(costs, AGAIN, OURS):.2f} times as fast as the first.\n")
            print(stage_table(stages))
        finally:
            cluster.stop()


if __name__ == "__main__":
    main()
