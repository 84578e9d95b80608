"""Whole networks at the service's door: who gets what, as which file."""

from __future__ import annotations

import json
import zipfile
from io import BytesIO

import jsonschema
import pytest
from starlette.testclient import TestClient

from gis_service.model.ofds import VERSIONS, package_schema
from gis_service.services.ofds_loading import PackageRequest, load_package
from gis_service.settings import Settings
from gis_service.store.database import Database
from tests.conftest import Databases, client_of, new_key
from tests.ofds_packages import full


@pytest.fixture(scope="module")
def clients(  # type: ignore[no-untyped-def]
    databases: Databases,
    sample_template: str,
    settings: Settings,
    tmp_path_factory: pytest.TempPathFactory,
):
    database: Database = databases.fresh(sample_template)
    addresses = databases.with_logins(database)
    with (
        client_of(addresses, settings) as public,
        client_of(addresses, settings, key=new_key(database)) as planner,
    ):
        path = tmp_path_factory.mktemp("neighbour") / "package.json"
        path.write_text(json.dumps(full()))
        request = PackageRequest(path, network="neighbour", read_only=True)
        load_package(database, settings, request)
        yield public, planner
    databases.drop(database)


def test_networks_are_files(clients: tuple[TestClient, TestClient]) -> None:
    public, planner = clients
    for client, who in ((public, ""), (planner, "&network=kisii")):
        for form, version in (("ofds-json", "0.4"), ("ofds-json-0.3", "0.3")):
            answer = client.get(f"/exports/network?f={form}{who}")
            assert answer.status_code == 200, answer.text
            jsonschema.validate(
                answer.json(), package_schema(VERSIONS[version]),
                cls=jsonschema.Draft202012Validator,
            )
        for form, name in (("ofds-csv", "nodes.csv"), ("ofds-geojson", "nodes.geojson")):
            path = f"/exports/network?f={form}{who}"
            answer = client.get(path)
            assert name in zipfile.ZipFile(BytesIO(answer.content)).namelist()
            assert answer.headers["content-disposition"].endswith('.zip"')
            assert client.get(path).content == answer.content
    assert "organisations" in planner.get("/exports/network?network=kisii").json()["networks"][0]


def test_what_is_hidden_looks_like_what_is_not_there(
    clients: tuple[TestClient, TestClient],
) -> None:
    public, planner = clients
    answers = [public.get(f"/exports/network?network={n}") for n in ("kisii", "nothing")]
    assert [each.status_code for each in answers] == [404, 404]
    told = [each.json()["detail"] for each in answers]
    assert told[0].replace("kisii", "nothing") == told[1]
    assert planner.get("/exports/network").status_code == 400
    assert planner.get("/exports/network?network=nothing").status_code == 404
    assert public.get("/exports/network?f=shp").status_code == 400


def test_the_page_leads_to_every_file(clients: tuple[TestClient, TestClient]) -> None:
    for client, staff in zip(clients, (False, True), strict=True):
        for language in ("en", "sw"):
            page = client.get(f"/exports?lang={language}", headers={"accept": "text/html"})
            assert page.status_code == 200
            assert ("network=kisii" in page.text) is staff
            assert ("/collections/equipment/items" in page.text) is staff
        listed = client.get("/exports?f=json").json()
        assert len(listed["networks"]) == (2 if staff else 1)
        for link in listed["networks"][0]["links"]:
            assert client.get(link["href"]).status_code == 200, link
        assert json.dumps(listed).count("f=xlsx") == len(listed["collections"])


def test_a_network_of_others_is_only_read(clients: tuple[TestClient, TestClient]) -> None:
    _, planner = clients
    items = "/collections/network_nodes/items"
    page = planner.get(f"{items}?external_id=A&limit=50").json()
    (node,) = [each for each in page["features"] if each["properties"]["name"] == "Kisii exchange"]
    headers = {"content-type": "application/merge-patch+json", "if-match": "*"}
    changed = planner.patch(
        f"{items}/{node['id']}", content='{"properties":{"name":"Ours"}}', headers=headers
    )
    made = planner.post(items, headers={"content-type": "application/geo+json"}, json={
        "type": "Feature", "geometry": {"type": "Point", "coordinates": [34.77, -0.68]},
        "properties": {"name": "N", "status": "planned", "network": "neighbour"},
    })
    gone = planner.delete(f"{items}/{node['id']}", headers={"if-match": "*"})
    for answer in (changed, made, gone):
        assert answer.status_code == 403, answer.text
        assert "another owner's" in answer.json()["detail"]
    ours = planner.get("/exports/network?network=neighbour").json()
    assert ours == full()
