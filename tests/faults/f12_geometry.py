"""F12: geometry made to keep the database busy or to bring it down, by every door."""

from __future__ import annotations

import math
import random
import time
from typing import Any
from uuid import uuid4

import httpx
import orjson
import psycopg2

from gis_service.installation import DATABASE
from gis_service.model.audience import Audience
from gis_service.settings import Settings
from gis_service.store.database import Database
from gis_service.store.roles import Login, role_name
from tests.faults import work
from tests.faults.outcome import Outcome
from tests.faults.site import Site
from tests.fieldwork import OPERATIONS, body, operation

ROUNDS = 1
REFUSED_WITHIN_S = 5.0
READ_WITHIN_S = 60.0
_VALID = {"a comb of 20,000"}
"""Shapes that are merely large, and within what is taken."""


def run(site: Site, rounds: int, seed: int) -> list[Outcome]:
    """Each shape by editing, sending a file, synchronising and plain SQL."""
    outcome = Outcome("F12", "hostile geometry")
    timeout_s = Settings(_env_file=None).statement_timeout_s  # type: ignore[call-arg]
    for _ in range(rounds):
        before = _sessions(site)
        for name, rings in _shapes(seed).items():
            for door in (_edited, _sent, _synchronised, _inserted):
                began = time.monotonic()
                said = door(site, rings)
                took = time.monotonic() - began
                where = f"{name} by {door.__name__.strip('_')}"
                # A file is read, and its polygons repaired, in a process that is ended in time.
                longest = READ_WITHIN_S if door is _sent else REFUSED_WITHIN_S
                outcome.forbid(took > longest, f"{where}: {took:.1f} s")
                outcome.forbid(said >= 500 and said != 503, f"{where}: {said}")
                wrong = name not in _VALID and door is _inserted
                outcome.forbid(wrong and said == 201, f"{where}: taken")
                outcome.notes.append(f"{where}: {said or 'refused'} in {took:.1f} s")
        time.sleep(1)
        outcome.forbid(_sessions(site) > before + 4, "sessions are left")
        [(oldest,)] = site.rows(
            "SELECT coalesce(max(extract(epoch FROM now() - query_start)), 0) "
            "FROM pg_stat_activity WHERE state = 'active' AND backend_type = 'client backend'"
        )
        outcome.forbid(float(oldest) > 2 * timeout_s, f"a statement has run for {oldest:.0f} s")
        outcome.forbid("signal 11" in site.server_log(), "a session of the database crashed")
        outcome.rounds += 1
    return [outcome]


def _shapes(seed: int) -> dict[str, list[list[float]]]:
    """Rings of one polygon each: tangles of some hundred vertices, combs of very many."""
    dice = random.Random(seed)

    def tangle(vertices: int) -> list[list[float]]:
        ring = [[34.7 + dice.random() / 10, -0.7 + dice.random() / 10] for _ in range(vertices)]
        return [*ring, ring[0]]

    def comb(teeth: int) -> list[list[float]]:
        up = [[34.7 + n / teeth / 10, -0.6 if n % 2 else -0.69] for n in range(teeth)]
        return [[34.7, -0.7], *up, [34.8, -0.7], [34.7, -0.7]]

    spiral = [
        [34.75 + math.cos(n) * n / 1e6, -0.65 + math.sin(n) * n / 1e6] for n in range(3_000)
    ]
    return {
        "a tangle of 400": tangle(400), "a tangle of 3,000": tangle(3_000),
        "a comb of 20,000": comb(20_000), "a comb of 200,000": comb(200_000),
        "a spiral of 3,000": [*spiral, spiral[0]],
    }


def _feature(ring: list[list[float]]) -> dict[str, Any]:
    geometry = {"type": "MultiPolygon", "coordinates": [[ring]]}
    properties = {"code": uuid4().hex[:8], "name": "Hostile"}
    return {"type": "Feature", "geometry": geometry, "properties": properties}


def _edited(site: Site, ring: list[list[float]]) -> int:
    return _posted(
        site, "/collections/wards/items", orjson.dumps(_feature(ring)), "application/geo+json"
    )


def _synchronised(site: Site, ring: list[list[float]]) -> int:
    shape = {"type": "Polygon", "coordinates": [ring]}
    sent = operation(
        "create", target={"collection": "network_nodes"}, geometry=shape,
        values={"name": "Hostile", "status": "operational"},
    )
    return _posted(
        site, OPERATIONS, orjson.dumps(body(sent)), "application/json", Audience.TECHNICIAN
    )


def _posted(
    site: Site, path: str, content: bytes, kind: str, role: Audience = Audience.PLANNER
) -> int:
    with httpx.Client(base_url=site.address, timeout=60) as client:
        return client.post(path, content=content, headers={
            "Authorization": f"Bearer {site.keys[role]}", "Content-Type": kind,
        }).status_code


def _sent(site: Site, ring: list[list[float]]) -> int:
    """By a load in the background, which refuses the row; its reading is bounded by itself."""
    path = site.home / f"ward-{uuid4().hex}.geojson"
    path.write_bytes(orjson.dumps({"type": "FeatureCollection", "features": [_feature(ring)]}))
    path.chmod(0o644)
    from gis_service.services.jobs import enqueue_load  # noqa: PLC0415 - pandas
    from gis_service.services.load_requests import LoadRequest  # noqa: PLC0415

    loader = Database.at(site.cluster.url(DATABASE, role_name(DATABASE, Login.LOADER)))
    job = enqueue_load(
        loader, work.settings_of(site), LoadRequest(path, "wards"), person_id=str(uuid4())
    )
    work.until(lambda: work.state_of(site, job)[0] == "running", "its turn")
    ended = work.ended(site, job, within_s=60)
    return 422 if ended == "failed" else 200


def _inserted(site: Site, ring: list[list[float]]) -> int:
    """By whoever holds the password of the login by which planners write."""
    url = site.cluster.url(DATABASE, role_name(DATABASE, Login.PLANNER))
    wkt = ", ".join(f"{x} {y}" for x, y in ring)
    connection = psycopg2.connect(
        host=url.query["host"], port=5432, user=url.username, password=url.password,
        dbname=DATABASE, options="-c statement_timeout=4s",
    )
    try:
        with connection.cursor() as cursor:
            cursor.execute(
                "INSERT INTO gis.wards (code, name, geom) VALUES ('9998', 'Hostile', "
                "ST_GeomFromText(%s, 4326))", (f"MULTIPOLYGON((({wkt})))",),
            )
        return 201
    except psycopg2.Error:
        return 0
    finally:
        connection.rollback()
        connection.close()


def _sessions(site: Site) -> int:
    return int(site.rows("SELECT count(*) FROM pg_stat_activity")[0][0])
