"""Nearest: by the distance along the ground, in its order, whatever degrees say."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
import shapely
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pyproj import Geod
from shapely.geometry import shape
from sqlalchemy import text

from gis_service.model.collections import REGISTRY
from gis_service.model.nearest import NearestQuery
from gis_service.model.queries import BBox, ItemsQuery
from gis_service.settings import Settings
from gis_service.store.database import Database
from tests.changes import network_id, prepare
from tests.conftest import Databases, client_of

WGS84 = Geod(ellps="WGS84")
POINTS = 300


@pytest.fixture(scope="module")
def world(databases: Databases, settings: Settings) -> Iterator[Any]:
    """Offices scattered over the whole earth, dense near the poles and the date line."""
    made = databases.fresh("gis_migrated")
    with made.begin() as connection:
        prepare(connection)
        connection.execute(
            text(
                "INSERT INTO gis.offices (network_id, name, office_type, connection, geom) "
                "SELECT CAST(:network AS uuid), 'Office ' || i, "
                "(ARRAY['health', 'education'])[1 + i % 2], "
                "'connected', ST_SetSRID(ST_MakePoint("
                "CASE i % 3 WHEN 0 THEN 180 - random() * 2 WHEN 1 THEN -180 + random() * 2 "
                "ELSE random() * 360 - 180 END, "
                "CASE i % 4 WHEN 0 THEN 89.9 - random() * 8 WHEN 1 THEN -89.9 + random() * 8 "
                "ELSE random() * 170 - 85 END), 4326) FROM generate_series(1, :points) i"
            ),
            {"network": str(network_id(1)), "points": POINTS},
        )
        connection.execute(
            text(
                "INSERT INTO gis.roads (external_id, name, geom) SELECT 'r' || i, 'Road ' || i, "
                "ST_SetSRID(ST_MakeLine(ARRAY[ST_MakePoint(x, y), ST_MakePoint(x + dx, y + dy), "
                "ST_MakePoint(x + 2 * dx, y + dy / 2)]), 4326) FROM (SELECT i, random() + 24 AS x, "
                "70 + random() AS y, random() * 0.02 AS dx, random() * 0.01 AS dy "
                "FROM generate_series(1, 200) i) made"
            )
        )
    with client_of(databases.with_logins(made), settings) as client:
        yield client
    databases.drop(made)


def nearest(client: Any, collection: str, **asked: Any) -> list[dict[str, Any]]:
    answer = client.get(f"/collections/{collection}/nearest", params=asked)
    assert answer.status_code == 200, answer.text
    features: list[dict[str, Any]] = answer.json()["features"]
    return features


def everything(client: Any, collection: str) -> dict[str, Any]:
    page = client.get(f"/collections/{collection}/items", params={"limit": 1000}).json()
    return {each["id"]: shape(each["geometry"]) for each in page["features"]}


_degrees = st.floats(allow_nan=False, allow_infinity=False, width=32)
lons = st.one_of(st.floats(-180, 180), st.sampled_from([-180.0, 180.0, 179.99, 0.0]))
lats = st.one_of(st.floats(-90, 90), st.floats(85, 90), st.sampled_from([-90.0, 90.0, 0.0]))
patient = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@patient
@given(lon=lons, lat=lats, limit=st.integers(1, 20))
def test_points_come_as_a_geodesic_orders_them(
    world: Any, lon: float, lat: float, limit: int
) -> None:
    items = everything(world, "offices")
    expected = sorted(WGS84.inv(lon, lat, p.x, p.y)[2] for p in items.values())[:limit]
    found = nearest(world, "offices", lon=repr(lon), lat=repr(lat), limit=limit)
    assert len(found) == limit
    for each, expected_m in zip(found, expected, strict=True):
        point = items[each["id"]]
        bearing, _, own_m = WGS84.inv(lon, lat, point.x, point.y)
        assert each["properties"]["distance_m"] == pytest.approx(own_m, abs=0.02, rel=1e-7)
        assert each["properties"]["distance_m"] == pytest.approx(expected_m, abs=0.02, rel=1e-7)
        if own_m > 1 and abs(lat) < 89.999 and own_m < 19_000_000:
            assert _apart(each["properties"]["bearing_deg"], bearing) < 0.02


@patient
@given(lon=st.floats(23.8, 25.2), lat=st.floats(69.8, 71.2), limit=st.integers(1, 10))
def test_lines_are_measured_to_their_nearest_place(
    world: Any, lon: float, lat: float, limit: int
) -> None:
    items = everything(world, "roads")
    own = {id_: _to_line(lon, lat, line) for id_, line in items.items()}
    expected = sorted(distance_m for distance_m, _ in own.values())[:limit]
    found = nearest(world, "roads", lon=repr(lon), lat=repr(lat), limit=limit)
    for each, expected_m in zip(found, expected, strict=True):
        distance_m, bearing = own[each["id"]]
        assert each["properties"]["distance_m"] == pytest.approx(distance_m, rel=1e-3, abs=1)
        assert each["properties"]["distance_m"] == pytest.approx(expected_m, rel=1e-3, abs=1)
        if distance_m > 500:
            assert _apart(each["properties"]["bearing_deg"], bearing) < 0.5


def _to_line(lon: float, lat: float, line: shapely.LineString) -> tuple[float, float]:
    """Distance and bearing to the nearest of many places on a line."""
    shares = np.linspace(0, 1, 401)
    between = shapely.get_coordinates(shapely.line_interpolate_point(line, shares, normalized=True))
    places = np.concatenate((between, shapely.get_coordinates(line)))
    start = np.broadcast_to((lon, lat), places.shape)
    bearings, _, distances_m = WGS84.inv(*start.T, *places.T)
    nearest_one = np.argmin(distances_m)
    return float(distances_m[nearest_one]), float(bearings[nearest_one])


def _apart(one: float, other: float) -> float:
    return abs((one - other + 180) % 360 - 180)


@given(
    lon=lons, lat=lats, distance_m=st.floats(0, 20_000_000), azimuth=st.floats(-180, 180),
    share=st.floats(0, 1),
)
def test_the_box_holds_what_is_within_the_distance(
    lon: float, lat: float, distance_m: float, azimuth: float, share: float
) -> None:
    query = ItemsQuery(REGISTRY["offices"], limit=1)
    box: BBox = NearestQuery(query, lon, lat).box(distance_m)
    x, y, _ = WGS84.fwd(lon, lat, azimuth, distance_m * share)
    assert any(
        west - 1e-9 <= turned <= east + 1e-9 and south - 1e-9 <= y <= north + 1e-9
        for west, south, east, north in box.parts()
        for turned in (x, x - 360, x + 360)
    )


def test_filters_and_the_farthest_distance_count(world: Any) -> None:
    asked = {"lon": 34.77, "lat": -0.68, "limit": 50}
    some = nearest(world, "offices", **asked, office_type="health")
    assert len(some) == 50
    assert {each["properties"]["office_type"] for each in some} == {"health"}
    everyone = nearest(world, "offices", **asked)
    reach = everyone[9]["properties"]["distance_m"] + 1
    assert nearest(world, "offices", **asked, max_distance_m=reach) == everyone[:10]
    assert nearest(world, "offices", **asked, max_distance_m=0) == []
    assert nearest(world, "offices", **asked, filter="office_type='none'") == []
    lean = nearest(world, "offices", **asked, properties="name", skipGeometry="true")
    assert set(lean[0]["properties"]) == {"name", "distance_m", "bearing_deg"}
    assert lean[0]["geometry"] is None


def test_where_one_stands_has_no_direction(world: Any) -> None:
    office = world.get("/collections/offices/items?limit=1&precision=9").json()["features"][0]
    lon, lat = office["geometry"]["coordinates"]
    found = nearest(world, "offices", lon=lon, lat=lat, limit=1)[0]["properties"]
    assert found["distance_m"] == 0
    assert found["bearing_deg"] is None


@pytest.mark.parametrize("query", [
    "", "lon=1", "lat=1", "lon=181&lat=0", "lon=0&lat=90.1", "lon=nan&lat=0", "lon=0&lat=inf",
    "lon=0&lat=0&limit=0", "lon=0&lat=0&max_distance_m=-1", "lon=0&lat=0&max_distance_m=x",
    "lon=0&lat=0&cursor=x", "lon=0&lat=0&sortby=name", "lon=0&lat=0&contact=x", "lon=0&lat=1e400",
])
def test_what_is_wrong_is_told(world: Any, query: str) -> None:
    answer = world.get(f"/collections/offices/nearest?{query}")
    assert answer.status_code == 400
    assert answer.headers["content-type"] == "application/problem+json"


def test_what_has_no_place_has_no_neighbours(world: Any) -> None:
    for collection in ("equipment", "no_such", "faults"):
        answer = world.get(f"/collections/{collection}/nearest?lon=34&lat=0")
        assert answer.status_code == 404


@pytest.mark.parametrize("lang", ["en", "sw"])
def test_the_page_lists_them(world: Any, lang: str) -> None:
    empty = world.get(f"/collections/offices/nearest?f=html&lang={lang}")
    assert empty.status_code == 200
    full = world.get(f"/collections/offices/nearest?f=html&lang={lang}&lon=34&lat=0&limit=3")
    assert full.text.count('scope="row"') == 3
    assert world.get("/collections/offices/nearest?f=html&lon=x&lat=0").status_code == 400


def test_the_index_gives_the_candidates(databases: Databases) -> None:
    """Costs grow with the answer: neither statement reads the whole table."""
    from sqlalchemy.dialects import postgresql  # noqa: PLC0415

    from gis_service.model.audience import Audience  # noqa: PLC0415
    from gis_service.store.nearest import bound_statement, nearest_statement  # noqa: PLC0415

    made: Database = databases.fresh("gis_migrated")
    with made.begin() as connection:
        prepare(connection)
        connection.execute(text(
            "INSERT INTO gis.roads (external_id, name, geom) SELECT 'r' || i, 'Road ' || i, "
            "ST_GeomFromText('LINESTRING(' || 34 + i % 200 * 0.001 || ' ' || i / 200 * 0.001 || "
            "', 34.3 0.3)', 4326) FROM generate_series(1, 20000) i WHERE i % 200 <> 199"))
    with made.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("VACUUM ANALYZE published.roads"))
        asked = NearestQuery(ItemsQuery(REGISTRY["roads"], limit=10), 34.0, 0.0)
        for statement in (
            bound_statement(asked, Audience.PUBLIC),
            nearest_statement(asked, Audience.PUBLIC, within_m=500, box=asked.box(500)),
        ):
            compiled = statement.compile(
                dialect=postgresql.dialect(), compile_kwargs={"render_postcompile": True}
            )
            plan = connection.exec_driver_sql(
                f"EXPLAIN (FORMAT JSON) {compiled}", compiled.params
            ).scalar()
            assert '"roads_geom_idx"' in json.dumps(plan)
            assert "Seq Scan" not in json.dumps(plan)
    databases.drop(made)
