"""
Outages at the service: a made network in a private database, asked over HTTP.

Run by hand: `python -m tests.benchmarks.network_served [SCALE]`. The first answer reads
the graph; warm ones are of links taken at random and of the worst weak point; a fresh
one follows an edit that was just acknowledged, and so reads the graph anew.
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
from starlette.testclient import TestClient

from gis_service.bootstrap import open_services
from gis_service.installation import addresses_of, prepared_database, running_cluster
from gis_service.model.audience import Audience
from gis_service.network.graph import CONNECTIONS, STATUSES, THEMES, NetworkGraph, texts
from gis_service.services.keys import create_key
from gis_service.settings import Settings
from gis_service.store.database import Database
from gis_service.web.app import create_app
from tests.benchmarks.network_made import EAST, NORTH, SOUTH, WEST, made

NETWORK = "00000000-0000-4000-9000-000000000000"
EXTENT = f'{{"west":{WEST},"south":{SOUTH},"east":{EAST},"north":{NORTH}}}'
OUTAGE = "/processes/outage-impact/execution"
ASKED = 30


def store(database: Database, graph: NetworkGraph) -> None:
    """Write a graph into the tables, whose triggers stand."""
    nodes, links, offices = graph.nodes, graph.links, graph.offices
    ids = texts(nodes.ids)
    place = [f"{x!r} {y!r}" for x, y in nodes.position.tolist()]
    written = {
        "network_nodes (network_id, id, external_id, name, status, gateway, geom)": zip(
            ids, (f"N{i}" for i in range(len(ids))), (f"Node {i}" for i in range(len(ids))),
            (STATUSES[s] for s in nodes.status), nodes.gateway.tolist(),
            (f"SRID=4326;POINT({at})" for at in place), strict=True,
        ),
        "fibre_links (network_id, id, external_id, name, status, start_node, end_node, "
        "shared_trench, geom)": zip(
            texts(links.ids), (f"L{i}" for i in range(len(links.ids))),
            (f"Link {i}" for i in range(len(links.ids))), (STATUSES[s] for s in links.status),
            (ids[i] for i in links.start), (ids[i] for i in links.end),
            (graph.trenches[i] if i >= 0 else r"\N" for i in links.trench),
            (f"SRID=4326;LINESTRING({place[a]},{place[b]})"
             for a, b in zip(links.start, links.end, strict=True)), strict=True,
        ),
        "offices (network_id, id, external_id, name, office_type, connection, theme, served_by, "
        "beneficiaries, geom)": zip(
            texts(offices.ids), (f"O{i}" for i in range(len(offices.ids))),
            (f"Office {i}" for i in range(len(offices.ids))), ("other" for _ in offices.ids),
            (CONNECTIONS[i] for i in offices.connection),
            (THEMES[i] if i >= 0 else r"\N" for i in offices.theme),
            (ids[i] for i in offices.node),
            (r"\N" if np.isnan(p) else int(p) for p in offices.beneficiaries),
            (f"SRID=4326;POINT({x!r} {y!r})" for x, y in offices.position.tolist()), strict=True,
        ),
    }
    with database.begin() as connection:
        connection.execution_options(no_parameters=True).exec_driver_sql(
            "INSERT INTO gis.networks (id, name, extent, metric_srid, synthetic) "
            f"VALUES ('{NETWORK}', 'N', '{EXTENT}', 32736, true)"
        )
        driver: Any = connection.connection.driver_connection
        for table, rows in written.items():
            content = io.StringIO(
                "".join("\t".join(map(str, (NETWORK, *row))) + "\n" for row in rows)
            )
            with driver.cursor() as cursor:
                cursor.copy_expert(f"COPY gis.{table} FROM STDIN", content)
    with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql("VACUUM ANALYZE")


@contextmanager
def client(graph: NetworkGraph) -> Iterator[TestClient]:
    """A planner's client of the application on a graph's tables."""
    home = Path(tempfile.mkdtemp(prefix="gis-network-"))
    home.chmod(0o755)
    settings = Settings(_env_file=None, home=home)  # type: ignore[call-arg]
    try:
        with running_cluster(settings) as cluster:
            database, _ = prepared_database(settings, cluster)
            store(database, graph)
            key = create_key(database, role=Audience.PLANNER, name="A planner", client=None)
            app = create_app(settings, lambda: open_services(settings, addresses_of(settings)))
            with TestClient(app, base_url=settings.public_base_url) as found:
                found.headers["Authorization"] = f"Bearer {key.text.shown()}"
                yield found
    finally:
        shutil.rmtree(home, ignore_errors=True)


def asked(client: TestClient, path: str) -> tuple[float, Any]:
    started = time.perf_counter()
    reply = client.get(path)
    took = (time.perf_counter() - started) * 1000
    assert reply.status_code == 200, reply.text
    return took, reply


def main(scale: str) -> None:
    graph = made(scale)
    dice = np.random.default_rng(3)
    with client(graph) as found:
        first, reply = asked(found, "/processes/single-points-of-failure/execution?limit=1")
        worst = reply.json()["features"][0]["properties"]
        chosen = texts(graph.links.ids[dice.choice(len(graph.links.ids), ASKED)])
        warm = [asked(found, f"{OUTAGE}?links={id_}")[0] for id_ in chosen]
        inputs = f"links={','.join(worst['links'])}" if worst["links"] \
            else f"nodes={','.join(worst['nodes'])}"
        heavy = [asked(found, f"{OUTAGE}?{inputs}") for _ in range(5)]
        traced = [asked(found, f"/processes/trace/execution?office={id_}")[0]
                  for id_ in texts(graph.offices.ids[:ASKED])]
        fresh = []
        for id_ in chosen[:3]:
            item = f"/collections/fibre_links/items/{id_}"
            changed = found.patch(
                item, json={"properties": {"splices": 4}},
                headers={"content-type": "application/merge-patch+json"},
            )
            assert changed.status_code == 204, changed.text
            fresh.append(asked(found, f"{OUTAGE}?links={id_}")[0])
    print(f"Scale {scale}, ms: first answer {first:,.0f}; after an edit "
          f"{statistics.median(fresh):,.0f}; warm: a link {statistics.median(warm):,.0f} "
          f"(worst of {ASKED}: {max(warm):,.0f}), the worst point of failure "
          f"({worst['offices']} offices, {len(heavy[0][1].content) / 1e6:.1f} MB) "
          f"{statistics.median(took for took, _ in heavy):,.0f}, a trace "
          f"{statistics.median(traced):,.0f}")


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "M")
