"""Links that find their nodes while they are loaded."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pyarrow as pa
import pytest
import shapely
from shapely import LineString, Point
from sqlalchemy import text

from gis_service.errors import InvalidInput
from gis_service.services.load_requests import LoadRequest
from gis_service.services.loading import load_file
from gis_service.validation.snapping import LinkEnds, NodePlaces, join_ends
from gis_service.validation.topology import ends_of

DEGREE_M = 111_320.0
EXTENT = '"[34.3, -1.2, 35.2, -0.3]"'


def metres_east(metres):
    """A place so many metres east of (34.7, 0), at the equator."""
    return (34.7 + metres / DEGREE_M, 0.0)


def joined(ends, nodes, **options):
    """Ends as (start name, end name, start metres, end metres); nodes as metres by key."""
    start, end, first, last = zip(*ends, strict=True)
    found = LinkEnds(
        np.arange(1, len(ends) + 1),
        (np.array(start, object), np.array(end, object)),
        (np.array(list(map(metres_east, first))), np.array(list(map(metres_east, last)))),
    )
    places = NodePlaces(
        pa.array(list(nodes), pa.string()), pa.array([f"id-{key}" for key in nodes], pa.string()),
        np.array([metres_east(m) for m in nodes.values()]).reshape(-1, 2),
    )
    return join_ends(found, places, **({"snap_m": 5.0, "create": False} | options))


def test_ends_find_their_node_within_five_metres_and_tell_what_is_farther():
    """
    A ─────── B ─────── C: 0 m, 1,000 m, 2,000 m
    """
    nodes = {"A": 0, "B": 1000, "C": 2000}
    told = joined(
        [
            ("A", "B", 3, 1030),       # moved, and near
            (None, None, 1004, 1996),  # found by place
            ("id-A", "C", 0, 1800),    # named by UUID; far
            (None, "C", 100, 2000),    # loose
            ("B", "A", 2, 998),        # drawn from its end to its start
            ("elsewhere", "C", 0, 2000),
        ],
        nodes,
    )
    assert told.names[0].tolist() == ["A", "B", "id-A", None, "B", "elsewhere"]
    assert told.names[1].tolist() == ["B", "C", "C", "C", "A", "C"]
    assert [(f.row, f.column, f.rule) for f in told.faults] == [
        (4, "start_node", "loose-end"),
        (1, "end_node", "end-near-node"),
        (3, "end_node", "end-far-from-node"),
    ]
    assert "30.0 m from its end node 'B'" in told.faults[1].message
    assert "nearest is 'A', 100.0 m away" in told.faults[0].message
    assert np.allclose(told.lonlat[0][0], metres_east(0), atol=1e-12)
    assert np.isnan(told.lonlat[1][0]).all()
    # The link drawn backwards: its first vertex goes to A, its last to B.
    assert np.allclose(told.lonlat[0][4], metres_east(0), atol=1e-12)
    assert np.allclose(told.lonlat[1][4], metres_east(1000), atol=1e-12)
    assert told.found == 2


def test_the_ends_of_more_lines_than_are_held_at_one_time():
    number = np.arange(25_000)
    lines = shapely.linestrings(
        [[[n, -n], [n + 0.5, 0], [n + 1, n]] for n in number.tolist()]
    )
    lines[[0, 10_000, 24_999]] = None
    first, last = ends_of(lines)
    there = ~shapely.is_missing(lines)
    assert (first[there] == np.column_stack([number, -number])[there]).all()
    assert (last[there] == np.column_stack([number + 1, number])[there]).all()
    assert np.isnan(first[~there]).all()
    assert np.isnan(last[~there]).all()


def test_nothing_moves_with_a_tolerance_of_zero():
    told = joined([("A", None, 3, 1000)], {"A": 0, "B": 1000}, snap_m=0.0)
    assert np.isnan(told.lonlat[0]).all()
    assert [f.rule for f in told.faults] == ["end-near-node"]
    assert told.names[1].tolist() == ["B"]


def test_one_node_is_made_for_all_ends_that_meet():
    told = joined(
        [(None, None, 0, 1000), (None, None, 1003, 2000), (None, "A", 998, 0)],
        {"A": 1}, create=True,
    )
    assert len(told.made) == 2
    meeting = {told.names[1][0], told.names[0][1], told.names[0][2]}
    assert len(meeting) == 1
    assert meeting < set(told.made)
    assert told.names[0][0] == "A"
    assert not told.faults
    near = joined([(None, None, 9, 1000)], {"A": 1}, create=True)
    assert [(f.column, f.rule, f.value) for f in near.faults] == [
        ("start_node", "end-near-node", "A")
    ]
    assert len(near.made) == 2


@pytest.fixture(scope="module")
def network(databases, settings, tmp_path_factory):
    """A database with a network of nodes A and B, 2.2 km apart, and what loads files into it."""
    folder = tmp_path_factory.mktemp("links")
    database = databases.fresh("gis_migrated")

    def load(name, collection, **options):
        return load_file(database, settings, LoadRequest(folder / name, collection, **options))

    (folder / "networks.csv").write_text(
        f"external_id,name,extent,metric_srid,synthetic\nkisii,Kisii,{EXTENT},32736,false\n"
    )
    load("networks.csv", "networks")
    (folder / "nodes.csv").write_text(
        "external_id,name,status,longitude,latitude\n"
        "A,Exchange,operational,34.76,-0.68\nB,Market,operational,34.78,-0.68\n"
    )
    load("nodes.csv", "network_nodes")

    def links(name, rows, crs="EPSG:4326"):
        frame = gpd.GeoDataFrame(
            [{"external_id": id_, "name": id_, "status": "operational"} for id_, _ in rows],
            geometry=[LineString(line) for _, line in rows], crs="EPSG:4326",
        )
        frame.to_crs(crs).to_file(folder / name, driver="GPKG")
        return name

    links.folder = folder
    yield database, load, links
    databases.drop(database)


def test_links_without_names_of_nodes_are_joined_by_place(network):
    database, load, links = network
    east = 3 / DEGREE_M
    name = links("utm.gpkg", [("L1", [(34.76 + east, -0.68), (34.77, -0.67), (34.78, -0.68)])],
                 crs="EPSG:32736")
    report = load(name, "fibre_links")
    assert (report.inserted, report.rejected, report.faults) == (1, 0, ())
    assert any("moved to their nodes" in note for note in report.notes)
    with database.begin() as connection:
        start, metres = connection.execute(text(
            "SELECT n.external_id, ST_Distance(n.geom::geography, "
            "ST_StartPoint(l.geom)::geography) FROM gis.fibre_links l "
            "JOIN gis.network_nodes n ON n.id = l.start_node WHERE l.external_id = 'L1'"
        )).one()
    assert start == "A"
    assert metres < 0.001
    assert load(name, "fibre_links").unchanged == 1


def test_nodes_are_made_where_links_meet_and_only_once(network):
    database, load, links = network
    rows = [
        ("M1", [(34.76, -0.68), (34.765, -0.69)]),
        ("M2", [(34.765, -0.69), (34.77, -0.70)]),
        ("M3", [(34.765, -0.69), (34.775, -0.69)]),
        ("M4", [(34.765, -0.69), (34.77, -0.70)]),   # M2 again
        ("M5", [(34.77, -0.69001), (34.77, -0.685)]),  # begins on M3, which has no node there
    ]
    name = links("meeting.gpkg", rows)
    with pytest.raises(InvalidInput, match="--create-nodes makes nodes"):
        load(name, "fibre_links", snap_m=1)
    report = load(name, "fibre_links", create_nodes=True)
    assert report.inserted == 5
    told = {(f.row, f.rule) for f in report.faults if f.rule != "duplicate-place"}
    assert told == {(4, "duplicate-link"), (5, "end-on-link")}
    with database.begin() as connection:
        made = connection.execute(text(
            "SELECT name, status, count(*) FROM gis.network_nodes "
            "WHERE external_id LIKE 'junction%' GROUP BY 1, 2"
        )).all()
    assert made == [("Junction", "operational", 5)]
    assert any("is marked as an access point" in note for note in report.notes)
    again = load(name, "fibre_links", create_nodes=True)
    assert (again.inserted, again.updated, again.unchanged) == (0, 0, 5)
    with pytest.raises(InvalidInput, match="are none"):
        load("nodes.csv", "network_nodes", create_nodes=True)


def test_crossings_and_parts_that_nothing_feeds_are_told(network):
    """
    C ═══ D is fed by its access point C, E ─── F by nothing; each goes over links of others.

              E
              |           R
        C ────┼──── D     ┊ radio
              |  X ─┼── Y
              F     ┊
    """
    _, load, links = network
    places = {"C": (34.80, -0.70), "D": (34.84, -0.70), "E": (34.81, -0.69), "F": (34.81, -0.72),
              "X": (34.82, -0.71), "Y": (34.83, -0.71), "R": (34.825, -0.69), "S": (34.825, -0.72)}
    frame = gpd.GeoDataFrame(
        [{"external_id": key, "name": key, "status": "operational", "access_point": key == "C"}
         for key in places],
        geometry=[Point(place) for place in places.values()], crs="EPSG:4326",
    )
    frame.to_file(links.folder / "more.gpkg", driver="GPKG")
    load("more.gpkg", "network_nodes")

    def line(id_, *keys):
        return id_, [places[key] for key in keys]

    first = load(links("first.gpkg", [line("CD", "C", "D"), line("EF", "E", "F")]), "fibre_links")
    assert [(f.row, f.rule) for f in first.faults] == [
        (2, "crossing-links"), (2, "no-access-point"),
    ]  # fmt: skip
    assert "crosses the link of row 1 at 34.81000, -0.70000" in first.faults[0].message
    assert "1 link between the nodes 'E', 'F'" in first.faults[1].message
    radio = links("radio.gpkg", [line("RS", "R", "S")])
    told = load(radio, "fibre_links", constants={"medium": "microwave"}).faults
    assert [f.rule for f in told] == ["no-access-point"]
    more = [line("XY", "X", "Y"), line("FX", "F", "X"), line("DX", "D", "X")]
    told = load(links("second.gpkg", more), "fibre_links", dry_run=True).faults
    assert not told, "the cable to D feeds the part of E and F too, and radio is no cable"
    across = links("across.gpkg", [line("EY", "E", "Y")])
    told = load(across, "fibre_links", dry_run=True).faults
    assert [(f.rule, "the link 'CD'" in f.message) for f in told] == [
        ("crossing-links", True), ("no-access-point", False),
    ]  # fmt: skip
