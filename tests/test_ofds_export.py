"""Networks out of the database: as they came, as they were edited, as the public sees them."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from sqlalchemy import text

from gis_service.errors import NotFound
from gis_service.formats.limits import DEFAULT_LIMITS
from gis_service.formats.ofds_forms import package_in
from gis_service.formats.ofds_versions import converted
from gis_service.formats.ofds_writing import in_memory
from gis_service.installation import Addresses
from gis_service.model.audience import Audience
from gis_service.model.network_exports import NetworkFormat
from gis_service.model.ofds import CURRENT, VERSIONS, package_schema
from gis_service.services.ofds_export import NetworkExports
from gis_service.services.ofds_loading import PackageRequest, load_package
from gis_service.settings import Settings
from gis_service.store.database import Database
from gis_service.store.reading import Reader
from gis_service.store.roles import Login
from tests.conftest import Databases
from tests.ofds_packages import crooked, full

Export = Callable[..., Any]
REAL = ("nofbi/ofds_NOFBI_kenya.json", "jtl/ofds_JTL_Kenya.json")


def written(folder: Path, package: Any) -> Path:
    path = folder / "package.json"
    path.write_text(json.dumps(package))
    return path


@pytest.fixture(scope="module")
def database(databases: Databases, sample_template: str) -> Iterator[Database]:
    database = databases.fresh(sample_template)
    yield database
    databases.drop(database)


@pytest.fixture(scope="module")
def export(databases: Databases, database: Database, settings: Settings, home: Path) -> Export:
    addresses: Addresses = databases.with_logins(database)

    def run(
        *networks: str,
        to: NetworkFormat = NetworkFormat.OFDS_JSON,
        audience: Audience = Audience.PLANNER,
    ) -> Any:
        async def go() -> Path:
            login = Login.of(audience)
            async with Reader.open(
                {login: addresses.logins[login]}, pool_size=1, statement_timeout_s=60
            ) as reader:
                exports = NetworkExports(reader, settings)
                path = home / "exported.bin"
                return (await exports.write(networks, to, audience, path)).path

        return package_in(asyncio.run(go()), DEFAULT_LIMITS)["document"]

    return run


def validate(package: Any, version: str) -> None:
    jsonschema.Draft202012Validator(
        package_schema(VERSIONS[version]),
        format_checker=jsonschema.Draft202012Validator.FORMAT_CHECKER,
    ).validate(package)


@pytest.mark.parametrize("version", ["0.3", "0.4"])
def test_every_form_brings_back_what_came(
    database: Database, settings: Settings, export: Export, tmp_path: Path, version: str
) -> None:
    package = full(version)
    validate(package, version)
    name = f"full-{version}"
    load_package(database, settings, PackageRequest(written(tmp_path, package), network=name))
    for form in (NetworkFormat.OFDS_JSON, NetworkFormat.OFDS_CSV, NetworkFormat.OFDS_GEOJSON):
        assert export(name, to=form) == package, form
    newer = export(name, to=NetworkFormat.OFDS_JSON_0_4)
    older = export(name, to=NetworkFormat.OFDS_JSON_0_3)
    validate(newer, "0.4")
    validate(older, "0.3")
    assert export(name, to=NetworkFormat.OFDS_GPKG) == newer
    assert (newer if version == "0.4" else older) == package


def test_what_breaks_rules_comes_back_too(
    database: Database, settings: Settings, export: Export, tmp_path: Path
) -> None:
    package = crooked()
    path = written(tmp_path, package)
    load_package(database, settings, PackageRequest(path, network="crooked"))
    for form in (NetworkFormat.OFDS_JSON, NetworkFormat.OFDS_CSV, NetworkFormat.OFDS_GEOJSON):
        assert export("crooked", to=form) == package, form
    assert export("crooked", to=NetworkFormat.OFDS_GPKG) == package
    exported = export("crooked")
    assert json.dumps(exported) == json.dumps(package)
    again = load_package(
        database, settings, PackageRequest(written(tmp_path, exported), network="crooked")
    )
    assert again.inserted == again.updated == 0


@pytest.mark.shared
@pytest.mark.parametrize("name", REAL)
def test_real_packages_come_back_letter_by_letter(
    database: Database, settings: Settings, export: Export, shared_data: Path, name: str
) -> None:
    path = shared_data / "fibre" / name
    package = json.loads(path.read_text())
    load_package(database, settings, PackageRequest(path))
    id_ = package["networks"][0]["id"]
    assert json.dumps(export(id_)) == json.dumps(package)
    for form in (NetworkFormat.OFDS_CSV, NetworkFormat.OFDS_GEOJSON):
        assert export(id_, to=form) == package, form


@pytest.mark.shared
def test_older_exports_fit_the_official_schema(export: Export, shared_data: Path) -> None:
    schema = json.loads((shared_data / "ofds" / "schema" / "network-schema.json").read_text())
    for audience in (Audience.PLANNER, Audience.PUBLIC):
        names = ("kisii",) if audience.is_staff else ()
        (network,) = export(*names, to=NetworkFormat.OFDS_JSON_0_3, audience=audience)["networks"]
        jsonschema.Draft202012Validator(
            schema, format_checker=jsonschema.Draft202012Validator.FORMAT_CHECKER
        ).validate(network)


@pytest.mark.shared
def test_published_sheets_say_what_their_json_says(shared_data: Path) -> None:
    """JTL's workbook is as QGIS writes them: numbered rows, links in their network's row."""
    prefixes = ("nofbi/ofds_NOFBI_Kenya", "jtl/ofds_JTL_Kenya")
    for json_form, prefix in zip(REAL, prefixes, strict=True):
        package = json.loads((shared_data / "fibre" / json_form).read_text())
        for name in (f"{prefix}_CSV.zip", f"{prefix}.xlsx"):
            path = shared_data / "fibre" / name
            assert package_in(path, DEFAULT_LIMITS)["document"] == package, name


def test_an_edit_wins_and_all_else_stays(
    database: Database, settings: Settings, export: Export, tmp_path: Path
) -> None:
    package = full()
    path = written(tmp_path, package)
    load_package(database, settings, PackageRequest(path, network="edited"))
    with database.begin() as connection:
        for statement in (
            "UPDATE gis.network_nodes SET status = 'inactive', power = NULL, "
            "geom = ST_SetSRID(ST_MakePoint(34.765, -0.675), 4326), infrastructure = 'tower' "
            "WHERE external_id = 'A' AND {mine}",
            "UPDATE gis.organisations SET name = 'Telecom' WHERE external_id = 'o2' AND {mine}",
            "UPDATE gis.fibre_links SET fibre_length_m = 3000, owner = (SELECT id "
            "FROM gis.organisations WHERE external_id = 'o2' AND {mine}) WHERE {mine}",
            "UPDATE gis.networks SET name = 'Town network' WHERE external_id = 'edited'",
            "INSERT INTO gis.network_nodes (network_id, external_id, name, status, geom, gateway) "
            "SELECT id, 'N', 'New', 'planned', ST_SetSRID(ST_MakePoint(34.7, -0.6), 4326), true "
            "FROM gis.networks WHERE external_id = 'edited'",
        ):
            connection.execute(text(statement.replace(
                "{mine}",
                "network_id = (SELECT id FROM gis.networks WHERE external_id = 'edited')",
            )))
    (network,) = package["networks"]
    network["name"] = "Town network"
    node, (span,) = network["nodes"][0], network["spans"]
    node |= {"status": "inactive", "location": {"type": "Point", "coordinates": [34.765, -0.675]}}
    del node["power"]
    node["supportingInfrastructure"]["type"] = "tower"
    telco = {"id": "o2", "name": "Telecom"}
    node["networkProviders"][0] = telco
    span |= {"fibreLength": 3.0, "transmissionMediumOwner": telco, "networkProviders": [telco]}
    network["organisations"][2]["name"] = "Telecom"
    network["phases"][1]["funders"] = [telco]
    network["nodes"].append({
        "id": "N", "name": "New", "status": "planned",
        "location": {"type": "Point", "coordinates": [34.7, -0.6]},
        "gisService": {"gateway": True},
    })
    assert export("edited") == package


def test_a_network_born_here_is_a_valid_package(
    database: Database, settings: Settings, export: Export, tmp_path: Path
) -> None:
    package = export("kisii")
    validate(package, "0.4")
    validate(export("kisii", to=NetworkFormat.OFDS_JSON_0_3), "0.3")
    path = written(tmp_path, package)
    report = load_package(database, settings, PackageRequest(path, network="copy"))
    assert not report.warnings, report.warnings
    with database.begin() as connection:
        differ = connection.execute(text(
            "SELECT count(*) FROM gis.fibre_links a JOIN gis.fibre_links b USING (external_id) "
            "JOIN gis.networks n ON n.id = a.network_id AND n.external_id = 'kisii' "
            "JOIN gis.networks m ON m.id = b.network_id AND m.external_id = 'copy' "
            "WHERE (a.splices, a.fibre_length_m, a.geom::text, a.shared_trench, a.medium) "
            "IS DISTINCT FROM "
            "(b.splices, b.fibre_length_m, b.geom::text, b.shared_trench, b.medium)"
        )).scalar()
    assert differ == 0
    assert export("copy")["networks"][0]["spans"] == package["networks"][0]["spans"]
    with pytest.raises(NotFound, match=r"Known: .*kisii"):
        export("nairobi")


def test_the_public_gets_what_is_published_and_no_more(
    database: Database, export: Export
) -> None:
    with database.begin() as connection:
        shown = set(connection.scalars(text("SELECT id::text FROM published.network_nodes")))
        names = set(connection.scalars(text("SELECT name FROM gis.organisations")))
        keys = set(connection.scalars(text(
            "SELECT external_id FROM gis.network_nodes "
            "UNION SELECT external_id FROM gis.fibre_links"
        )))
    package = export(audience=Audience.PUBLIC)
    validate(package, "0.4")
    (network,) = package["networks"]
    assert {node["id"] for node in network["nodes"]} == shown
    assert network["accuracy"] == pytest.approx(70.7)
    assert "grid of 100 m" in network["accuracyDetails"]
    assert set(network) >= {"nodes", "spans"}
    assert not set(network) & {"organisations", "phases", "contracts", "wayleaves"}
    told = {key for array in ("nodes", "spans") for each in network[array] for key in each}
    assert told <= {"id", "name", "status", "location", "route", "supportingInfrastructure"}
    said = json.dumps(network["nodes"] + network["spans"])
    assert not [key for key in keys if len(key) > 2 and f'"{key}"' in said]
    assert not [name for name in names if f'"{name}"' in said]
    with pytest.raises(NotFound):
        export("kisii", audience=Audience.PUBLIC)


def test_versions_there_and_back() -> None:
    older = full("0.3")
    source = in_memory(older, [VERSIONS["0.3"]]).networks[0]
    newer = converted(source, CURRENT)
    node = next(newer.objects("nodes"))
    assert node["transmissionMediumOwner"] == node["physicalInfrastructureProvider"]
    assert node["supportingInfrastructure"]["type"] == "exchange"
    assert node["type"] == ["pop"]
    span = next(newer.objects("spans"))
    assert span["supportingInfrastructure"]["description"] == "in the shoulder"
    roles = next(newer.objects("organisations"))["roles"]
    assert roles == ["transmissionMediumOwner", "funder"]
    assert newer.head["links"][0]["href"] == CURRENT.schema_uri
    back = next(converted(newer, VERSIONS["0.3"]).objects("nodes"))
    assert set(back["type"]) == {"pop", "exchange"}
    assert back["physicalInfrastructureProvider"] == node["physicalInfrastructureProvider"]
