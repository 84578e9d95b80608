"""A walked route as a planner finds it: accepted with its ends, or refused without a trace."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest
from starlette.testclient import TestClient

from gis_service.model.audience import Audience
from gis_service.settings import Settings
from gis_service.store.database import Database
from gis_service.web.walked_routes import SKETCH, sketch
from tests.conftest import Databases, client_of, new_key
from tests.fieldwork import first, item, operation, send

HTML = {"Accept": "text/html"}
LINE = [[34.7700, -0.6800], [34.7705, -0.6800], [34.7710, -0.6804]]


@pytest.fixture
def walker(
    databases: Databases, sample_database: Database, settings: Settings
) -> Iterator[tuple[TestClient, Database]]:
    """A technician's client, and the database that a planner looks at."""
    addresses = databases.with_logins(sample_database)
    key = new_key(sample_database, Audience.TECHNICIAN)
    with client_of(addresses, settings, key=key) as client:
        yield client, sample_database


def walk(client: TestClient, name: str, *, start: str | None = None) -> dict[str, Any]:
    """Send a walked route; its operation."""
    sent = operation(
        "route", geometry={"type": "LineString", "coordinates": LINE}, accuracy_m=6,
        values={
            "name": name, "start_node": start, "end_node": None,
            "points_of_interest": [
                {"id": str(uuid4()), "kind": "pole", "position": LINE[1], "at_m": 55.7,
                 "photo": None, "accuracy_m": 5.0},
            ],
            "recorded": {"positions": 3, "accuracy_m": 5.2, "gaps": 1},
        },
    )
    (result,) = send(client, sent)
    assert result["outcome"] == "applied", result
    return sent


def logged_in(client: TestClient, key: str) -> None:
    client.headers.pop("Authorization", None)
    page = client.get("/login", headers=HTML).text
    token = re.search(r'name="csrf_token" value="([^"]*)"', page)
    assert token
    client.post("/login", data={"key": key, "csrf_token": token[1]})


def fields_of(page: str, link: str) -> dict[str, str]:
    """What the form of a route sends along."""
    form = page.partition(f'action="/routes/{link}"')[2].partition("</form>")[0]
    return dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', form))


def test_a_planner_accepts_and_refuses_what_was_walked(
    walker: tuple[TestClient, Database]
) -> None:
    client, database = walker
    node = first(client, "network_nodes")
    taken = walk(client, "Spur to be kept", start=node["id"])
    unwanted = walk(client, "Spur to be refused")
    shown = walk(client, "Spur for all", start=node["id"])
    assert client.get("/routes", headers=HTML).status_code == 403
    start = item(client, "fibre_links", unwanted["item"])["start_node"]

    logged_in(client, new_key(database))
    page = client.get("/routes", headers=HTML).text
    assert "Spur to be kept" in page
    assert "Spur to be refused" in page
    assert node["name"] in page
    assert "1 \N{MULTIPLICATION SIGN} Pole" in page
    assert "Kubali" in client.get("/routes?lang=sw", headers=HTML).text

    form = fields_of(page, taken["item"])
    accepting = form | {"decision": "accept", "status": "operational"}
    accepting_publicly = {"decision": "accept", "status": "operational", "public": "yes"}
    address = f"/routes/{taken['item']}"
    for wrong in ({"status": "proposed"}, {"decision": "maybe"}, {"version": "99"}):
        assert client.post(address, data=accepting | wrong).status_code == 409
    assert client.post(address, data=accepting | {"csrf_token": "x"}).status_code == 403
    done = client.post(address, data=accepting)
    assert done.headers["location"].endswith("/routes?done=accepted")
    kept = item(client, "fibre_links", taken["item"])
    for each in (kept, item(client, "network_nodes", kept["end_node"])):
        assert (each["status"], each["visibility"]) == ("operational", "staff")
    assert item(client, "network_nodes", node["id"])["version"] == node["version"]
    again = client.post(address, data=accepting)
    assert again.status_code == 409
    assert "somebody may have decided" in again.text

    showing = fields_of(page, shown["item"]) | accepting_publicly
    assert client.post(f"/routes/{shown['item']}", data=showing).status_code == 303
    assert item(client, "fibre_links", shown["item"])["visibility"] == "public"

    refusing = fields_of(page, unwanted["item"]) | {"decision": "refuse"}
    assert client.post(f"/routes/{unwanted['item']}", data=refusing).status_code == 303
    (pole,) = unwanted["values"]["points_of_interest"]
    for collection, id_ in (("fibre_links", unwanted["item"]), ("network_nodes", start),
                            ("structures", pole["id"])):
        assert client.get(f"/collections/{collection}/items/{id_}").status_code == 404
    assert "No walked route waits" in client.get("/routes", headers=HTML).text


def test_a_sketch_stays_in_its_box_with_north_up() -> None:
    points = [tuple(map(float, each.split(","))) for each in sketch([(0, 0), (0, 1), (2, 1)])
              .split()]
    assert points[0][1] > points[1][1]
    assert points[2][0] > points[1][0]
    assert all(0 <= x <= SKETCH[0] and 0 <= y <= SKETCH[1] for x, y in points)
    assert sketch([(34.77, -0.68), (34.77, -0.68)]).split()[0] == "110.0,60.0"
