"""The warm graph is what the database holds, and never what it held before."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from dataclasses import fields

import numpy as np
import pytest
from sqlalchemy import text

from gis_service.network.graph import CONNECTIONS, OPERATIONAL, THEMES, index_of
from gis_service.network.reach import reach
from gis_service.network.sites import sites_of
from gis_service.services.networks import Networks
from gis_service.store.changes import Changes
from gis_service.store.database import Database
from gis_service.store.reading import Reader
from gis_service.store.roles import Login
from tests.conftest import ROOT, Databases
from tests.test_changes import until


def with_networks(
    databases: Databases,
    database: Database,
    work: Callable[[Networks, Changes], Awaitable[None]],
    *,
    listening: bool = True,
) -> None:
    addresses = databases.with_logins(database)

    async def all_of_it() -> None:
        async with Reader.open(addresses.logins, pool_size=4, statement_timeout_s=5) as reader:
            if not listening:
                await work(Networks(reader, changes := Changes(reader)), changes)
                return
            async with Changes.open(reader, addresses.logins[Login.PUBLIC]) as changes:
                await until(lambda: changes.is_live)
                await work(Networks(reader, changes), changes)

    asyncio.run(all_of_it())


def sample(name: str) -> list[dict[str, object]]:
    features = json.loads((ROOT / "data" / "sample" / f"{name}.geojson").read_text())["features"]
    return [feature["properties"] for feature in features]


def test_the_graph_is_what_the_tables_hold(
    databases: Databases, sample_database: Database
) -> None:
    with sample_database.begin() as connection:
        rows = connection.execute(text(
            "SELECT l.id::text, s.id::text, e.id::text, l.route_length_m, l.fibre_length_m, "
            "l.shared_trench, l.name FROM gis.fibre_links l "
            "JOIN gis.network_nodes s ON s.id = start_node "
            "JOIN gis.network_nodes e ON e.id = end_node ORDER BY l.id"
        )).all()
        offices = connection.execute(text(
            "SELECT id::text, served_by::text, connection, theme, ward, beneficiaries, "
            "ST_X(geom), ST_Y(geom), name FROM gis.offices ORDER BY id"
        )).all()

    async def work(networks: Networks, _: Changes) -> None:
        graph = await networks.graph()
        links, names = graph.links, [id_.decode() for id_ in graph.nodes.ids]
        assert names == sorted(names)
        assert len(names) == len(sample("network_nodes"))
        assert [
            (
                links.ids[i].decode(), names[links.start[i]], names[links.end[i]],
                links.route_length_m[i],
                None if np.isnan(links.fibre_length_m[i]) else links.fibre_length_m[i],
                None if links.trench[i] < 0 else graph.trenches[links.trench[i]],
                graph.link_names[i],
            )
            for i in range(len(links.ids))
        ] == [tuple(row) for row in rows]
        held = graph.offices
        assert [
            (
                held.ids[i].decode(), None if held.node[i] < 0 else names[held.node[i]],
                CONNECTIONS[held.connection[i]],
                None if held.theme[i] < 0 else THEMES[held.theme[i]],
                None if held.ward[i] < 0 else graph.wards[held.ward[i]],
                None if np.isnan(held.beneficiaries[i]) else held.beneficiaries[i],
                *held.position[i], graph.office_names[i],
            )
            for i in range(len(held.ids))
        ] == [tuple(row) for row in offices]
        assert graph.nodes.gateway.sum() == sum(bool(n["gateway"]) for n in sample("network_nodes"))
        assert links.cut.sum() == 2, "of the faults that cut, two are open, both on links"
        assert not graph.nodes.cut.any()
        assert not held.cut.any()
        assert (links.status == OPERATIONAL).sum() == 49

    with_networks(databases, sample_database, work)


@pytest.mark.parametrize("listening", [True, False])
def test_an_edit_is_in_the_next_graph(
    databases: Databases, sample_database: Database, listening: bool
) -> None:
    async def work(networks: Networks, changes: Changes) -> None:
        before = await networks.graph()
        assert await networks.graph() is before, "nothing changed, so it is the same"
        lit = int(reach(before).lit.sum())
        with sample_database.begin() as connection:
            connection.execute(text(
                "INSERT INTO gis.faults (network_id, summary, node, cuts, started_at) "
                "SELECT network_id, 'Off', id, true, now() FROM gis.network_nodes WHERE gateway"
            ))
        if listening:
            await changes.refresh()
        after = await networks.graph()
        assert after is not before
        assert lit > 0
        assert reach(after).lit.sum() == 0, "both gateways are off"

    with_networks(databases, sample_database, work, listening=listening)


EDITS = (
    "UPDATE gis.fibre_links SET status = 'planned' WHERE external_id = 'KSI-L-027'",
    "INSERT INTO gis.network_nodes (id, network_id, external_id, name, status, gateway, geom) "
    "SELECT '00000000-0000-4000-8000-000000000001', id, 'first', 'First', 'operational', true, "
    "'SRID=4326;POINT(34.8 -0.7)' FROM gis.networks",
    "INSERT INTO gis.fibre_links (network_id, external_id, status, start_node, end_node, "
    "shared_trench, geom) SELECT network_id, 'new', 'operational', id, "
    "'00000000-0000-4000-8000-000000000001', 'A trench', "
    "ST_MakeLine(geom, 'SRID=4326;POINT(34.8 -0.7)') "
    "FROM gis.network_nodes WHERE external_id = 'KSI-N-001'",
    "DELETE FROM gis.offices WHERE external_id = 'KSI-O-008'",
    "UPDATE gis.fibre_links SET shared_trench = 'B trench' WHERE external_id = 'new'",
    "UPDATE gis.faults SET cleared_at = now() WHERE cleared_at IS NULL",
)


def test_what_is_read_again_after_edits_is_what_is_read_at_once(
    databases: Databases, sample_database: Database
) -> None:
    """The first new node is the first of all, so that every link counts its nodes anew."""

    async def work(networks: Networks, changes: Changes) -> None:
        await networks.graph()
        for edit in EDITS:
            with sample_database.begin() as connection:
                assert connection.execute(text(edit)).rowcount > 0
            await changes.refresh()
            again = await networks.graph()
            new = await Networks(networks._reader, changes).graph()
            for part in ("nodes", "links", "offices"):
                one, other = getattr(again, part), getattr(new, part)
                for field in fields(one):
                    np.testing.assert_array_equal(
                        getattr(one, field.name), getattr(other, field.name), field.name
                    )
            for name in ("trenches", "wards", "site_count", "node_names", "link_names"):
                assert getattr(again, name) == getattr(new, name)
        assert again.node_names[0] == "First"
        assert "A trench" not in again.trenches, "no link names it any more"
        assert "B trench" in again.trenches
        assert not again.links.cut.any()

    with_networks(databases, sample_database, work)


def test_many_who_ask_at_once_share_one_reading(
    databases: Databases, sample_database: Database
) -> None:
    async def work(networks: Networks, _: Changes) -> None:
        graphs = await asyncio.gather(*(networks.graph() for _ in range(8)))
        assert all(graph is graphs[0] for graph in graphs)

    with_networks(databases, sample_database, work)


def test_an_empty_database_has_an_empty_graph(databases: Databases, database: Database) -> None:
    async def work(networks: Networks, _: Changes) -> None:
        graph = await networks.graph()
        assert len(graph.nodes.ids) == len(graph.links.ids) == len(graph.offices.ids) == 0
        assert index_of(graph.nodes.ids, "é") is None
        assert not reach(graph).lit.any()

    with_networks(databases, database, work)


def test_nodes_within_twenty_metres_of_each_other_are_a_site() -> None:
    """On the equator, 0.0001 degrees are 11.13 m along it."""
    east = np.array([0, 0.0001, 0.00025, 0.0004, 0.01, 0.02, 0.02])
    place = np.column_stack([east, np.zeros(7)])
    site, count = sites_of(place)
    assert site.tolist() == [0, 0, 0, 0, -1, 1, 1]
    assert count == 2
    site, count = sites_of(place, within_m=12)
    assert site.tolist() == [0, 0, -1, -1, -1, 1, 1]
    assert sites_of(place[4:5]) == (np.array([-1]), 0)
    assert sites_of(place[:0])[1] == 0
