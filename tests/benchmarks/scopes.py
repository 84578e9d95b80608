"""
What it costs to hold staff to their own county: 47 counties in one table, four ways.

Run by hand: `python -m tests.benchmarks.scopes [LINKS] [ROUNDS]`. It makes a private
cluster in a temporary folder, and in it links of 33 vertices, as many in each of the
1,452 wards of Kenya (`../shared/data`), each in the network of its county. The same
questions of one county are asked in turn, so a busy machine slows all alike; medians
are printed as Markdown, in milliseconds, with the index that PostgreSQL chose.
"""

from __future__ import annotations

import io
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import psycopg2
import shapely

from gis_service.store.cluster import PrivateCluster
from gis_service.store.cluster.server import SUPERUSER

WARDS = Path(__file__).resolve().parents[3] / "shared/data/wards/kenya/Kenya_county_assemblies.shp"
VERTICES = 33
COUNTY = 45
"""Kisii."""
DATABASE = "scopes"
COLUMNS = (
    "id uuid, scope smallint, network_id uuid, name text, status text, "
    "geom public.geometry(LineString, 4326), tile_geom public.geometry(LineString, 3857)"
)
NETWORK = "('00000000-0000-4000-8000-' || lpad({}::text, 12, '0'))::uuid"

_MINE = (
    "CREATE FUNCTION mine() RETURNS uuid[] LANGUAGE sql STABLE SECURITY DEFINER "
    "SET search_path = pg_catalog, pg_temp AS $$ SELECT ARRAY(SELECT network_id FROM "
    "gis.scope_networks WHERE session_user = ANY (logins)) $$"
)
_BY_SETTING = "scope = current_setting('gis.scope')::smallint"
_BY_LOGIN = "network_id = ANY ((SELECT gis.mine())::uuid[])"

WAYS: dict[str, tuple[str, str, bool, Sequence[str]]] = {
    "no scope": ("links", "", False, ("geom",)),
    "RLS by setting": ("links", _BY_SETTING, False, ("geom", "scope")),
    "RLS by setting, (scope, geom)": ("links", _BY_SETTING, False, ("geom", "both")),
    "RLS by setting, (scope, geom), leakproof": ("links", _BY_SETTING, True, ("geom", "both")),
    "RLS by login": ("links", _BY_LOGIN, False, ("geom", "network")),
    "RLS by login, leakproof": ("links", _BY_LOGIN, True, ("geom", "network")),
    "own table (partition)": ("links_p45", "", False, ()),
    "all 47 partitions": ("links_p", "", False, ()),
}
"""By each way: the table, the policy, whether && is leakproof, the indexes."""
INDEXES = {
    "geom": "CREATE INDEX by_geom ON gis.links USING gist (geom)",
    "scope": "CREATE INDEX by_scope ON gis.links (scope)",
    "both": "CREATE INDEX by_both ON gis.links USING gist (scope, geom)",
    "network": "CREATE INDEX by_network ON gis.links (network_id, name)",
}
_TOWN = "ST_MakeEnvelope(34.74, -0.71, 34.80, -0.65, 4326)"
_REGION = "ST_MakeEnvelope(34.4, -1.1, 35.1, -0.4, 4326)"
QUESTIONS = {
    "box of a town": f"SELECT id, ST_AsGeoJSON(geom) FROM gis.{{}} WHERE geom && {_TOWN} "
    f"AND ST_Intersects(geom, {_TOWN}) ORDER BY id LIMIT 101",
    "the same by ST_Intersects alone": f"SELECT id, ST_AsGeoJSON(geom) FROM gis.{{}} "
    f"WHERE ST_Intersects(geom, {_TOWN}) ORDER BY id LIMIT 101",
    "tile of zoom 13": "SELECT ST_AsMVT(t) FROM (SELECT name, ST_AsMVTGeom(tile_geom, "
    "ST_TileEnvelope(13, 4887, 4111)) FROM gis.{} WHERE geom && "
    "ST_Transform(ST_TileEnvelope(13, 4887, 4111), 4326)) t",
    "count in a wide box": f"SELECT count(*) FROM gis.{{}} WHERE geom && {_REGION}",
    "count of all": "SELECT count(*) FROM gis.{}",
    "insert of 1,000": "INSERT INTO gis.{} SELECT gen_random_uuid(), 45, "
    + NETWORK.format(45)
    + ", 'x', 'planned', geom, tile_geom FROM gis.more",
    "update of 1,000": "UPDATE gis.{} SET status = 'inactive' WHERE id = ANY (ARRAY(SELECT id "
    "FROM gis.some))",
}


def links(count: int) -> tuple[list[int], list[str]]:
    """The county of each link, and its geometry as hexadecimal EWKB."""
    wards = gpd.read_file(WARDS).dropna(subset=["countycode"])
    dice = np.random.default_rng(1)
    own = np.arange(count) % len(wards)
    within = wards.geometry.representative_point()
    start = np.column_stack([within.x, within.y])[own] + dice.normal(0, 0.02, (count, 2))
    walked = dice.normal(0, 0.0004, (count, VERTICES, 2)).cumsum(axis=1)
    shapes = shapely.set_srid(shapely.linestrings(start[:, None, :] + walked), 4326)
    hexed = shapely.to_wkb(shapes, hex=True, include_srid=True)
    return wards.countycode.astype(int).to_numpy()[own].tolist(), list(hexed)


def fill(cursor: Any, count: int) -> None:
    cursor.execute("CREATE EXTENSION IF NOT EXISTS btree_gist SCHEMA public")
    cursor.execute(f"CREATE SCHEMA gis; CREATE TABLE gis.links ({COLUMNS})")
    cursor.execute("CREATE TEMP TABLE came (scope smallint, geom public.geometry)")
    counties, shapes = links(count)
    text = "".join(f"{c}\t{s}\n" for c, s in zip(counties, shapes, strict=True))
    cursor.copy_expert("COPY came FROM STDIN", io.StringIO(text))
    cursor.execute(
        "INSERT INTO gis.links SELECT gen_random_uuid(), scope, "
        + NETWORK.format("scope")
        + ", 'Link ' || row_number() OVER (), 'operational', geom, ST_Transform(geom, 3857) "
        "FROM came"
    )
    cursor.execute("ALTER TABLE gis.links ADD PRIMARY KEY (id)")
    cursor.execute(
        f"CREATE TABLE gis.links_p ({COLUMNS}, PRIMARY KEY (scope, id)) PARTITION BY LIST (scope)"
    )
    for scope in sorted(set(counties)):
        cursor.execute(
            f"CREATE TABLE gis.links_p{scope} PARTITION OF gis.links_p FOR VALUES IN ({scope})"
        )
    cursor.execute("INSERT INTO gis.links_p SELECT * FROM gis.links")
    cursor.execute("CREATE INDEX ON gis.links_p USING gist (geom)")
    some = f"FROM gis.links WHERE scope = {COUNTY} LIMIT 1000"
    cursor.execute(f"CREATE TABLE gis.more AS SELECT * {some}")
    cursor.execute(f"CREATE TABLE gis.some AS SELECT id {some}")
    cursor.execute(
        "CREATE TABLE gis.scope_networks (network_id uuid PRIMARY KEY, logins name[]);"
        f"INSERT INTO gis.scope_networks VALUES ({NETWORK.format(COUNTY)}, '{{county}}');"
        + _MINE.replace("mine()", "gis.mine()")
        + ";GRANT USAGE ON SCHEMA gis TO county;"
        "GRANT SELECT, INSERT, UPDATE ON ALL TABLES IN SCHEMA gis TO county"
    )
    cursor.execute("ANALYZE")


def laid_out(cursor: Any, way: str) -> None:
    """The table with this way's policy and indexes, and no others."""
    _, policy, leakproof, indexes = WAYS[way]
    for name, made in INDEXES.items():
        cursor.execute(
            made.replace("INDEX", "INDEX IF NOT EXISTS") if name in indexes
            else f"DROP INDEX IF EXISTS gis.by_{name}"
        )
    cursor.execute("DROP POLICY IF EXISTS mine ON gis.links")
    cursor.execute("ALTER TABLE gis.links DISABLE ROW LEVEL SECURITY")
    if policy:
        cursor.execute(f"CREATE POLICY mine ON gis.links USING ({policy})")
        cursor.execute("ALTER TABLE gis.links ENABLE ROW LEVEL SECURITY")
    proof = "LEAKPROOF" if leakproof else "NOT LEAKPROOF"
    cursor.execute(f"ALTER FUNCTION geometry_overlaps(geometry, geometry) {proof}")
    cursor.execute("ANALYZE gis.links")


def asked(cursor: Any, question: str, table: str, rounds: int) -> tuple[float, str]:
    """Median milliseconds, and the index that the plan names."""
    statement = QUESTIONS[question].format(table)
    cursor.execute(f"EXPLAIN {statement}")
    plan = "\n".join(row[0] for row in cursor.fetchall())
    used = sorted({
        word.split("_p", 1)[0] if word.startswith("links_p") else word
        for line in plan.splitlines() if "Index" in line or "Bitmap" in line
        for word in line.split() if word.startswith(("by_", "links_p"))
    })
    took = []
    for _ in range(rounds + 1):
        began = time.perf_counter()
        cursor.execute(statement)
        if cursor.description:
            cursor.fetchall()
        took.append(1000 * (time.perf_counter() - began))
        cursor.connection.rollback()
        cursor.execute(f"SET gis.scope = {COUNTY}")
    return statistics.median(took[1:]), ", ".join(used) or "none"


def main(count: int = 400_000, rounds: int = 9) -> None:
    home = Path(tempfile.mkdtemp(prefix="gis-scopes-"))
    home.chmod(0o755)
    cluster = PrivateCluster(home)
    try:
        cluster.start()
        cluster.ensure_login("county")
        cluster.ensure_database(DATABASE, owner=SUPERUSER)
        owner, county = (
            psycopg2.connect(
                host=url.query["host"], port=url.port or 5432, dbname=DATABASE, user=url.username,
                password=url.password,
            )
            for url in (cluster.url(DATABASE, name) for name in (SUPERUSER, "county"))
        )
        owner.autocommit = True
        fill(owner.cursor(), count)
        print(f"{count:,} links, {VERTICES} vertices each\n")
        print("| way |", " | ".join(QUESTIONS), "|")
        print("|---|" + "--:|" * len(QUESTIONS))
        for way, (table, *_) in WAYS.items():
            laid_out(owner.cursor(), way)
            cursor = county.cursor()
            cursor.execute("SET jit = off; SET max_parallel_workers_per_gather = 0")
            cursor.execute(f"SET gis.scope = {COUNTY}")
            county.commit()
            cells = [asked(cursor, question, table, rounds) for question in QUESTIONS]
            print(f"| {way} |", " | ".join(f"{ms:.1f} ({used})" for ms, used in cells), "|",
                  flush=True)
    finally:
        cluster.stop()
        shutil.rmtree(home, ignore_errors=True)


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
