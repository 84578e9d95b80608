"""
What each safeguard costs on a bulk load: 20,000 nodes and 40,000 links, 1.3 million vertices.

Run by hand: `python -m tests.benchmarks.history_cost [ROUNDS]`. It makes a private
cluster in a temporary folder. Rows go by COPY into a temporary table once per
round and from there by INSERT ... SELECT, as a load does; each component adds
one thing to the one before it. Rounds are interleaved, so a busy machine slows
all alike; medians and ratios are printed as Markdown.
"""

from __future__ import annotations

import io
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import shapely
from sqlalchemy import Connection

from gis_service.installation import OWNER
from gis_service.store.cluster import PrivateCluster
from gis_service.store.database import Database

NODES, LINKS = 20_000, 40_000
WEST, SOUTH, EAST, NORTH = 34.5, -1.0, 35.1, -0.4
TABLES = ("network_nodes", "fibre_links")
DATABASE = "cost"


def generate(seed: int = 1) -> dict[str, str]:
    """COPY text of nodes spread over a municipality and of winding links between them."""
    dice = np.random.default_rng(seed)
    place = np.column_stack([dice.uniform(WEST, EAST, NODES), dice.uniform(SOUTH, NORTH, NODES)])
    place = np.round(place, 7)
    status = np.where(dice.random(NODES + LINKS) < 0.7, "operational", "planned")
    visibility = np.where(dice.random(NODES + LINKS) < 0.9, "public", "staff")
    ends = np.column_stack([dice.integers(0, NODES, LINKS), dice.integers(0, NODES, LINKS)])
    ends[:, 1] = (ends[:, 0] + 1 + dice.integers(0, 50, LINKS)) % NODES
    lines = []
    for start, end in ends:
        steps = int(dice.integers(5, 60))
        along = np.linspace(0, 1, steps)[:, None]
        path = place[start] * (1 - along) + place[end] * along
        path[1:-1] += dice.normal(0, 0.0004, (steps - 2, 2))
        lines.append(shapely.linestrings(np.round(path, 7)))
    shapes = (shapely.points(place), np.array(lines, dtype=object))
    written = dict.fromkeys(TABLES, "")
    for table, geometries in zip(TABLES, shapes, strict=True):
        first = 0 if table == TABLES[0] else NODES
        hexed = shapely.to_wkb(shapely.set_srid(geometries, 4326), hex=True, include_srid=True)
        rows = []
        for number, shape in enumerate(hexed):
            cells = [str(number), f"{table[:4]} {number:06} Nyanchwa", status[first + number],
                     visibility[first + number], str(number % 90)]
            if table == "fibre_links":
                cells += [str(n) for n in ends[number]]
            rows.append("\t".join([*cells, shape]))
        written[table] = "\n".join(rows) + "\n"
    return written


STAGING = {
    "network_nodes": "n integer, name text, status text, visibility text, slack_m float8, "
    "geom geometry(Point, 4326)",
    "fibre_links": "n integer, name text, status text, visibility text, fibre_length_m float8, "
    "a integer, b integer, geom geometry(LineString, 4326)",
}
# Ids follow from the number, so that links find their nodes without a join.
_NODE_ID = "('00000000-0000-4000-8000-' || lpad(to_hex({}), 12, '0'))::uuid"
COLUMNS = {
    "network_nodes": (
        "id, network_id, external_id, name, status, visibility, slack_m, geom",
        f"{_NODE_ID.format('n')}, network, 'n' || n, name, status, visibility, slack_m, geom",
    ),
    "fibre_links": (
        "id, network_id, external_id, name, status, visibility, fibre_length_m, start_node, "
        "end_node, geom",
        f"gen_random_uuid(), network, 'l' || n, name, status, visibility, fibre_length_m, "
        f"{_NODE_ID.format('a')}, {_NODE_ID.format('b')}, geom",
    ),
}
NETWORK = "00000000-0000-4000-9000-000000000000"

# Each has all that stands above it.
COMPONENTS = (
    "bare table",
    "+ key and GiST indexes",
    "+ generated columns",
    "+ search text, trigram index",
    "+ references and checks",
    "+ history",
    "+ publishing",
    "+ versions",
)


def layout(run: Any, table: str, level: int) -> None:
    """Take from a table of ours what components above `level` would add."""
    if level < 7:
        run("CREATE OR REPLACE FUNCTION internal.touch(collection text, audience text, "
            "items uuid[], boxes double precision[]) RETURNS void LANGUAGE sql AS ''")
    if level < 6:
        run(f"DROP TRIGGER c_publish_insert ON gis.{table}")
    if level < 5:
        run(f"DROP TRIGGER b_history_insert ON gis.{table}")
    if level < 4:
        for name in run(
            "SELECT conname FROM pg_constraint WHERE contype IN ('f', 'c') "
            f"AND conrelid = 'gis.{table}'::regclass"
        ).scalars().all():
            run(f'ALTER TABLE gis.{table} DROP CONSTRAINT "{name}" CASCADE')
        for name in run(
            "SELECT indexrelid::regclass::text FROM pg_index WHERE NOT indisunique "
            f"AND indrelid = 'gis.{table}'::regclass AND indexrelid::regclass::text !~ "
            "'(geom|search)_idx$'"
        ).scalars().all():
            run(f"DROP INDEX {name}")
    if level < 3:
        run(f"ALTER TABLE gis.{table} DROP COLUMN search_text")
    if level < 2:
        for name in ("route_length_m", "public_wifi", "tile_geom"):
            run(f"ALTER TABLE gis.{table} DROP COLUMN IF EXISTS {name}")
    if level < 1:
        run(f"DROP INDEX gis.{table}_geom_idx")
        run(f"ALTER TABLE gis.{table} DROP CONSTRAINT {table}_network_id_external_id_key")
        run(f"ALTER TABLE gis.{table} DROP CONSTRAINT {table}_pkey CASCADE")


def load(run: Any, table: str) -> float:
    """Seconds that INSERT ... SELECT takes from the staged rows."""
    into, values = COLUMNS[table]
    values = values.replace("network,", f"'{NETWORK}'::uuid,")
    began = time.perf_counter()
    run(f"INSERT INTO gis.{table} ({into}) SELECT {values} FROM staged_{table} ORDER BY n")
    return time.perf_counter() - began


def one(connection: Connection, rows: dict[str, str], level: int) -> dict[str, float]:
    """Load both tables with the components up to `level`, and undo all of it."""
    run = connection.execution_options(no_parameters=True).exec_driver_sql
    spent: dict[str, float] = {}
    begun = connection.begin()
    run("INSERT INTO gis.networks (id, name, extent, metric_srid, synthetic) "
        f"VALUES ('{NETWORK}', 'N', '{{}}', 32736, true)")
    run("SET CONSTRAINTS ALL IMMEDIATE")
    run("SET CONSTRAINTS ALL DEFERRED")
    for table in TABLES:
        layout(run, table, level)
    for table in TABLES:
        run(f"CREATE TEMPORARY TABLE staged_{table} ({STAGING[table]}) ON COMMIT DROP")
        began = time.perf_counter()
        driver: Any = connection.connection.driver_connection
        with driver.cursor() as cursor:
            cursor.copy_expert(f"COPY staged_{table} FROM STDIN", io.StringIO(rows[table]))
        spent["COPY"] = spent.get("COPY", 0.0) + time.perf_counter() - began
        run(f"ANALYZE staged_{table}")
        spent[table] = load(run, table)
    began = time.perf_counter()
    run("SET CONSTRAINTS ALL IMMEDIATE")
    spent["the end"] = time.perf_counter() - began
    begun.rollback()
    return spent


@contextmanager
def fresh() -> Iterator[Database]:
    home = Path(tempfile.mkdtemp(prefix="gis-cost-"))
    home.chmod(0o755)
    cluster = PrivateCluster(home)
    try:
        cluster.start()
        cluster.ensure_login(OWNER)
        cluster.ensure_database(DATABASE, owner=OWNER)
        database = Database.at(cluster.url(DATABASE, OWNER))
        database.migrate()
        yield database
    finally:
        cluster.stop()
        shutil.rmtree(home, ignore_errors=True)


def main(rounds: int) -> None:
    rows = generate()
    totals: list[list[float]] = [[] for _ in COMPONENTS]
    parts: list[dict[str, list[float]]] = [{} for _ in COMPONENTS]
    with fresh() as database:
        for number in range(rounds):
            # Each round begins with another component, and each load with clean tables.
            for level in sorted(range(len(COMPONENTS)), key=lambda n: (n + 3 * number) % 8):
                with database.engine.connect() as connection:
                    spent = one(connection, rows, level)
                totals[level].append(sum(s for name, s in spent.items() if name != "COPY"))
                for name, seconds in spent.items():
                    parts[level].setdefault(name, []).append(seconds)
                with database.engine.connect().execution_options(
                    isolation_level="AUTOCOMMIT"
                ) as connection:
                    connection.exec_driver_sql("VACUUM")
            sys.stderr.write(f"round {number + 1} of {rounds}\n")
    base = statistics.median(totals[0])
    before = base
    print(f"COPY into the temporary tables: {statistics.median(parts[0]['COPY']):.2f} s\n")
    print("| component | s | x bare | adds s | nodes s | links s | the end s |")
    print("|---|---|---|---|---|---|---|")
    for level, name in enumerate(COMPONENTS):
        total = statistics.median(totals[level])
        each = " | ".join(
            f"{statistics.median(parts[level][part]):.2f}" for part in (*TABLES, "the end")
        )
        print(f"| {name} | {total:.2f} | {total / base:.2f} | {total - before:+.2f} | {each} |")
        before = total


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 5)
