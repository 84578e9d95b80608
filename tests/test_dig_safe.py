"""What lies near works, against distances that are computed one by one."""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
import shapely
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pyproj import Geod, Transformer
from shapely.geometry import mapping, shape
from sqlalchemy import Connection, text
from starlette.testclient import TestClient

from gis_service.model.audience import Audience
from gis_service.model.dig_safe import Buried, DigSafe, Owner
from gis_service.model.nearest import box_around
from gis_service.model.plant import UNKNOWN_ACCURACY_M
from gis_service.settings import Settings
from gis_service.store.database import Database
from gis_service.store.dig_safe import dig_safe_statement
from tests.changes import network_id, prepare
from tests.conformance.clients import clients_on
from tests.conftest import Databases

WGS84 = Geod(ellps="WGS84")
SITE = (34.77, -0.68)
NODE = ("INSERT INTO gis.network_nodes (id, network_id, name, status, accuracy_m, geom) VALUES "
        "(:id, :network, 'Node', 'operational', :accuracy, ST_GeomFromText(:wkt, 4326))")
LINK = ("INSERT INTO gis.fibre_links (network_id, external_id, status, start_node, end_node, "
        "medium, geom) VALUES (:network, :key, :status, :start, :end, :medium, "
        "ST_GeomFromText(:wkt, 4326)) RETURNING id")
STRUCTURE = ("INSERT INTO gis.structures (network_id, external_id, structure_type, link, "
             "accuracy_m, geom) VALUES (:network, :key, 'manhole', :link, :accuracy, "
             "ST_GeomFromText(:wkt, 4326))")


def place(luck: random.Random) -> tuple[float, float]:
    """Somewhere within some two kilometres of the site."""
    return SITE[0] + luck.uniform(-0.02, 0.02), SITE[1] + luck.uniform(-0.02, 0.02)


def scatter(connection: Connection) -> None:
    """Links that cross the site, their nodes and structures, exact, vague and unknown."""
    luck = random.Random(5)  # the same world each time
    network = str(network_id(1))
    for number in range(50):
        ends = []
        for end in range(2):
            id_ = f"00000000-0000-4000-8000-{number * 2 + end:012d}"
            where = place(luck)
            ends.append((id_, where))
            connection.execute(text(NODE), {
                "id": id_, "network": network, "wkt": shapely.Point(where).wkt,
                "accuracy": luck.choice([None, 0.5, 20.0, 150.0]),
            })
        line = shapely.LineString([ends[0][1], place(luck), place(luck), ends[1][1]])
        link = connection.execute(text(LINK), {
            "network": network, "key": f"L{number}", "start": ends[0][0], "end": ends[1][0],
            "status": luck.choice(["operational", "inactive", "decommissioned", "planned"]),
            "medium": luck.choice([["fibre"], ["microwave"], [], None, ["copper", "microwave"]]),
            "wkt": line.wkt,
        }).scalar_one()
        connection.execute(text(STRUCTURE), {
            "network": network, "key": f"S{number}", "link": link,
            "accuracy": luck.choice([None, 1.0, 60.0]), "wkt": shapely.Point(place(luck)).wkt,
        })


@pytest.fixture(scope="module")
def site(databases: Databases) -> Iterator[Database]:
    made = databases.fresh("gis_migrated")
    with made.begin() as connection:
        prepare(connection)
        scatter(connection)
    yield made
    databases.drop(made)


@pytest.fixture(scope="module")
def technician(
    databases: Databases, site: Database, settings: Settings
) -> Iterator[TestClient]:
    clients = clients_on(settings, databases.with_logins(site))
    with clients(audience=Audience.TECHNICIAN) as client:
        yield client


@pytest.fixture(scope="module")
def things(technician: TestClient) -> dict[str, tuple[Any, float]]:
    """Everything that can be dug up: its shape, and how far it may be from there."""
    def items(collection: str) -> list[Any]:
        answer = technician.get(f"/collections/{collection}/items", params={"limit": 1000})
        return list(answer.json()["features"])

    def known(value: float | None) -> float:
        return UNKNOWN_ACCURACY_M if value is None else value

    nodes = {n["id"]: n for n in items("network_nodes")}
    links = {k["id"]: k["properties"] for k in items("fibre_links")}
    structures = items("structures")
    found = {id_: (shape(n["geometry"]), known(n["properties"]["accuracy_m"]))
             for id_, n in nodes.items()}
    for each in structures:
        if links[each["properties"]["link"]]["status"] != "planned":
            found[each["id"]] = (shape(each["geometry"]), known(each["properties"]["accuracy_m"]))
    for link in items("fibre_links"):
        properties = link["properties"]
        if properties["status"] == "planned" or properties["medium"] == ["microwave"]:
            continue
        ends = [known(nodes[properties[end]]["properties"]["accuracy_m"])
                for end in ("start_node", "end_node")]
        along = [s["properties"]["accuracy_m"] or 0 for s in structures
                 if s["properties"]["link"] == link["id"]]
        found[link["id"]] = (shape(link["geometry"]), max(*ends, *along))
    return found


def ask(client: TestClient, works: Any, **inputs: Any) -> Any:
    answer = client.post(
        "/processes/dig-safe/execution", json={"inputs": {"works": mapping(works), **inputs}}
    )
    assert answer.status_code == 200, answer.text
    return answer.json()


PLANE = Transformer.from_crs(
    4326, f"+proj=aeqd +lat_0={SITE[1]} +lon_0={SITE[0]} +datum=WGS84 +units=m", always_xy=True
)


def on_plane(geometry: Any) -> Any:
    """On a plane that touches the site, true to a millimetre in a few kilometres."""
    def move(places: Any) -> Any:
        return np.column_stack(PLANE.transform(*places.T))

    return shapely.transform(geometry, move)


def metres(one: Any, other: Any) -> float:
    """Geodesic distance between the nearest points."""
    ends = shapely.shortest_line(on_plane(one), on_plane(other)).coords
    places = [PLANE.transform(*end, direction="INVERSE") for end in ends]
    return float(WGS84.inv(*places[0], *places[1])[2])


small = st.floats(-0.02, 0.02)
sizes = st.floats(0.00002, 0.006)


@st.composite
def works(draw: st.DrawFn) -> Any:
    """A trench, or an area with a bite taken out."""
    x, y = SITE[0] + draw(small), SITE[1] + draw(small)
    width, height = draw(sizes), draw(sizes)
    if draw(st.booleans()):
        bend = (x + width, y + height / 3)
        return shapely.LineString([(x, y), bend, (x + width / 2, y - height)])
    area = shapely.box(x, y, x + width, y + height)
    bite = shapely.box(x + width / 3, y + height / 3, x + width, y + height / 2)
    return area.difference(bite)


@settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(where=works(), distance_m=st.sampled_from([0.0, 3.0, 50.0, 700.0]))
def test_what_is_found_is_what_is_near(
    technician: TestClient, things: dict[str, tuple[Any, float]], where: Any, distance_m: float
) -> None:
    answer = ask(technician, where, distance_m=distance_m)
    found = {f["id"]: f["properties"] for f in answer["features"]}
    for id_, (geometry, accuracy_m) in things.items():
        away = metres(where, geometry)
        if abs(away - distance_m - accuracy_m) < 0.1 + 2e-4 * away:
            continue
        assert (id_ in found) == (away <= distance_m + accuracy_m), (id_, away, accuracy_m)
        if id_ in found:
            assert found[id_]["distance_m"] == pytest.approx(away, abs=0.03, rel=1e-4)
            assert found[id_]["accuracy_m"] == accuracy_m
    assert set(found) <= set(things)
    order = [f["properties"]["distance_m"] for f in answer["features"]]
    assert order == sorted(order)
    assert answer["is_whole"] is True


def test_inside_an_area_the_distance_is_nothing(technician: TestClient) -> None:
    everything = shapely.box(SITE[0] - 0.03, SITE[1] - 0.03, SITE[0] + 0.03, SITE[1] + 0.03)
    answer = ask(technician, everything, distance_m=0)
    assert {f["properties"]["distance_m"] for f in answer["features"]} == {0}
    assert answer["found"] > 100


def test_works_that_are_too_wide_are_refused(technician: TestClient) -> None:
    line = mapping(shapely.LineString([(34, -1), (35.5, -1)]))
    answer = technician.post(
        "/processes/dig-safe/execution", json={"inputs": {"works": line}}
    )
    assert answer.status_code == 400
    assert "in parts" in answer.json()["detail"]


def test_the_index_gives_the_candidates(site: Database) -> None:
    where = shapely.box(*SITE, SITE[0] + 0.001, SITE[1] + 0.001)
    statement = dig_safe_statement(
        where, box_around(where.bounds, 20.0), Audience.PLANNER, distance_m=5.0
    )
    compiled = statement.compile(site.engine, compile_kwargs={"render_postcompile": True})
    with site.begin() as connection:
        connection.execute(text("SET LOCAL enable_seqscan = off"))
        plan = "\n".join(
            connection.exec_driver_sql(f"EXPLAIN {compiled}", compiled.params).scalars()
        )
    for collection in ("fibre_links", "structures", "network_nodes"):
        assert f"{collection}_geom_idx" in plan


def test_owners_are_called_once_the_nearest_first() -> None:
    def buried(id_: str, distance_m: float, accuracy_m: float, owner: Owner | None) -> Buried:
        return Buried("fibre_links", id_, id_, None, None, "operational", (), distance_m,
                      accuracy_m, True, owner, '{"type": "Point", "coordinates": [0, 0]}')

    county, power = Owner("o1", "County", None), Owner("o2", "Power", "https://example.org")
    found = DigSafe(5, (
        buried("a", 0.5, 0.0, None), buried("b", 2.0, 0.5, county), buried("c", 3.0, 2.5, power),
        buried("d", 4.0, 1.0, county),
    ))
    assert found.owners() == [(power, 1, 0.5), (county, 2, 1.5), (None, 1, 0.5)]
    assert found.document()["owners"][2]["owner"] is None
