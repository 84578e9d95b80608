"""The graph of real networks, beside networkx on the files themselves."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import networkx as nx
import pytest
from sqlalchemy import text

from gis_service.model.weak_points import WeakKind
from gis_service.network.reach import reach
from gis_service.network.weak_points import weak_points
from gis_service.services.networks import Networks
from gis_service.store.changes import Changes
from gis_service.store.database import Database
from tests.conftest import Databases
from tests.test_networks import with_networks
from tests.test_real_data import Load, load  # noqa: F401 - a fixture

pytestmark = pytest.mark.shared

NODES = {"id": "external_id", "phase": "extra"}
SPANS = NODES | {"start.id": "start_node", "end.id": "end_node"}
GATEWAYS = ("Mombasa", "Mombasa Metro")


def test_weak_points_of_two_national_backbones(
    load: Load,  # noqa: F811
    shared_data: Path,
    databases: Databases,
    database: Database,
) -> None:
    """
    NOFBI's 111 operational spans, and JTL's 27, with Mombasa as the gateway of each.

    The spans have parallels: two that join the same nodes are no bridges.
    """
    options: dict[str, dict[str, dict[str, str]]] = {
        "nofbi": {"network_nodes": {}, "fibre_links": {"supplier": "extra"}},
        "jtl": {
            "network_nodes": {"networkProviders": "extra"},
            "fibre_links": {"networkProviders": "extra", "transmissionMedium": "medium"},
        },
    }
    multi = nx.MultiGraph()
    for network, file in (("nofbi", "NOFBI"), ("jtl", "JTL")):
        folder = shared_data / "fibre" / network
        nodes, spans = (
            folder / f"ofds_{file}_Kenya_{kind}.geojson" for kind in ("nodes", "spans")
        )
        load(
            nodes, "network_nodes", network=network,
            mapping=NODES | options[network]["network_nodes"],
            **({"constants": {"status": "operational"}} if network == "nofbi" else {}),
        )
        load(
            spans, "fibre_links", network=network,
            mapping=SPANS | options[network]["fibre_links"],
        )
        for feature in json.loads(nodes.read_text())["features"]:
            properties = feature["properties"]
            multi.add_node(properties["id"], name=properties["name"])
        for feature in json.loads(spans.read_text())["features"]:
            properties = feature["properties"]
            if properties["status"] == "operational":
                multi.add_edge(
                    properties["start"]["id"], properties["end"]["id"], key=properties["id"]
                )
    gateways = [node for node, name in multi.nodes(data="name") if name in GATEWAYS]
    assert len(gateways) == 2
    with database.begin() as connection:
        connection.execute(
            text("UPDATE gis.network_nodes SET gateway = true WHERE name = ANY (:names)"),
            {"names": list(GATEWAYS)},
        )
        known = {row.id: row.external_id for row in connection.execute(text(
            "SELECT id::text, external_id FROM gis.network_nodes "
            "UNION ALL SELECT id::text, external_id FROM gis.fibre_links"
        ))}

    lit = set().union(*(nx.node_connected_component(multi, g) for g in gateways))
    pairs = Counter(frozenset((a, b)) for a, b in multi.edges())
    alone = nx.Graph(multi.subgraph(lit))
    alone.add_edges_from((g, "top") for g in gateways)
    bridges = {frozenset(pair) for pair in nx.bridges(alone)}
    links = {
        key for a, b, key in multi.subgraph(lit).edges(keys=True)
        if frozenset((a, b)) in bridges and pairs[frozenset((a, b))] == 1
    }
    points = set(nx.articulation_points(alone)) - {"top"}

    async def work(networks: Networks, _: Changes) -> None:
        graph = await networks.graph()
        found = reach(graph)
        assert {known[graph.nodes.ids[i].decode()] for i in found.lit.nonzero()[0]} == lit
        weak = weak_points(graph).points
        assert {known[p.id] for p in weak if p.kind is WeakKind.LINK} == links
        assert {known[p.id] for p in weak if p.kind is WeakKind.NODE} == points
        assert (len(lit), len(links), len(points)) == (129, 79, 64)

    with_networks(databases, database, work)
