"""Vector tiles: what is in them, who sees what, how large they grow, how fresh they are."""

from __future__ import annotations

import math
import random
from collections.abc import Iterator
from typing import Any
from uuid import UUID

import mapbox_vector_tile  # type: ignore[import-untyped]
import pytest
import shapely
from sqlalchemy import text
from starlette.testclient import TestClient

from gis_service.model.audience import Audience, visible_fields, visible_geometry
from gis_service.model.collections import REGISTRY
from gis_service.model.queries import BBox
from gis_service.model.tiles import (
    EXTENT,
    HALF_M,
    PIXEL,
    WHOLE_ZOOM,
    WORLD,
    Tile,
    tile_fields,
    tiles_over,
    unit_m,
)
from gis_service.settings import Settings
from gis_service.store.database import Database
from tests.conftest import Databases, client_of, new_key

TILES = "/collections/{}/tiles/WebMercatorQuad/{}/{}/{}"
PUBLIC = [
    c for c in REGISTRY.values()
    if c.public is not None and visible_geometry(c, Audience.PUBLIC) is not None
]


def decoded(client: TestClient, collection: str, tile: Tile, query: str = "") -> list[Any]:
    """The features of a collection's tile; [] without a layer."""
    path = TILES.format(collection, tile.zoom, tile.row, tile.column)
    answer = client.get(path + query)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "application/vnd.mapbox-vector-tile"
    layers = mapbox_vector_tile.decode(
        answer.content, default_options={"y_coord_down": True}
    )
    assert set(layers) <= {collection}
    features: list[Any] = layers.get(collection, {"features": []})["features"]
    return features


def items(client: TestClient, collection: str) -> list[Any]:
    """All items of a small collection."""
    found: list[Any] = client.get(f"/collections/{collection}/items?limit=10000").json()["features"]
    return found


def number_of(id_: str) -> int:
    return UUID(id_).int & ((1 << 52) - 1)


def in_metres(shape: Any, tile: Tile) -> Any:
    """A decoded geometry, whose y counts from the north, in Web Mercator."""
    west, _, _, north = tile.box_m()
    unit = tile.unit_m
    return shapely.transform(
        shapely.geometry.shape(shape),
        lambda xy: xy * [unit, -unit] + [west, north],
    )


def to_mercator(geometry: Any) -> Any:
    def project(xy: Any) -> Any:
        import numpy as np  # noqa: PLC0415

        x = xy[:, 0] / 180 * HALF_M
        y = np.arctanh(np.sin(np.radians(xy[:, 1]))) / math.pi * HALF_M
        return np.column_stack([x, y])

    return shapely.transform(shapely.geometry.shape(geometry), project)


def assert_drawn(feature: Any, item: Any, tile: Tile) -> None:
    """A tile shows all of an item that lies in it, and nothing else, within a pixel."""
    drawn, truth = in_metres(feature["geometry"], tile), to_mercator(item["geometry"])
    pixel = PIXEL * tile.unit_m
    assert drawn.within(truth.buffer(pixel))
    inside = shapely.box(*tile.box_m())
    assert truth.intersection(inside).difference(drawn.buffer(pixel)).is_empty


def tiles_of(found: list[Any], zoom: int) -> Iterator[Tile]:
    west, south, east, north = shapely.total_bounds(
        [shapely.geometry.shape(f["geometry"]) for f in found if f["geometry"]]
    )
    first, last = tiles_over(BBox(west, south, east, north), zoom)
    for row in range(first.row, last.row + 1):
        for column in range(first.column, last.column + 1):
            yield Tile(zoom, row, column)


@pytest.mark.parametrize("collection", PUBLIC, ids=lambda c: c.id)
def test_tiles_hold_the_items_where_they_are(app_client: TestClient, collection: Any) -> None:
    """At high zoom: each item, its properties, and its place within a pixel."""
    found = items(app_client, collection.id)
    assert found
    by_number = {number_of(f["id"]): f for f in found}
    fields = tile_fields(collection, Audience.PUBLIC, WHOLE_ZOOM)
    seen: dict[int, list[Any]] = {}
    for tile in tiles_of(found, WHOLE_ZOOM):
        inside = shapely.box(*tile.box_m())
        for feature in decoded(app_client, collection.id, tile):
            item = by_number[feature["id"]]
            assert feature["properties"].pop("id") == item["id"]
            expected = {f.name: item["properties"][f.name] for f in fields}
            assert feature["properties"] == {k: v for k, v in expected.items() if v is not None}
            assert_drawn(feature, item, tile)
            seen.setdefault(feature["id"], []).append(tile)
        touched = {n for n, f in by_number.items() if to_mercator(f["geometry"]).intersects(inside)}
        assert {n for n, tiles in seen.items() if tile in tiles} >= touched
    assert seen.keys() == by_number.keys()


def test_lines_that_run_back_on_themselves_are_whole(
    databases: Databases, database: Database, settings: Settings
) -> None:
    """A tip is where a line goes back to the point before: exactly, nearly, over and over."""
    chance = random.Random(4)
    lines = []
    for number in range(60):
        at = [(34.77, -0.68)]
        for _ in range(chance.randint(1, 6)):
            at.append((at[-1][0] + chance.gauss(0, 0.01), at[-1][1] + chance.gauss(0, 0.01)))
        away = chance.choice((0.0, 0.0, 1e-7, 1e-5))
        back = [(x + away, y - away) for x, y in at[chance.randrange(len(at)):-1][::-1]]
        lines.append(at + back + (back[::-1] + back if number % 4 == 0 else []))
    with database.begin() as connection:
        connection.execute(
            text("INSERT INTO gis.roads (external_id, visibility, geom) "
                 "VALUES (:id, 'public', ST_GeomFromText(:line, 4326))"),
            [{"id": str(n), "line": shapely.LineString(xy).wkt} for n, xy in enumerate(lines)],
        )
    with client_of(databases.with_logins(database), settings) as client:
        found = items(client, "roads")
        by_number = {number_of(f["id"]): f for f in found}
        assert len(by_number) == len(lines)
        for zoom in (8, 11, WHOLE_ZOOM):
            seen = set()
            for tile in tiles_of(found, zoom):
                for feature in decoded(client, "roads", tile):
                    assert_drawn(feature, by_number[feature["id"]], tile)
                    seen.add(feature["id"])
            drawable = {
                n for n, f in by_number.items()
                if zoom >= WHOLE_ZOOM or to_mercator(f["geometry"]).length > PIXEL * unit_m(zoom)
            }
            assert drawable <= seen


def test_low_zooms_carry_few_properties(app_client: TestClient) -> None:
    offices = REGISTRY["offices"]
    low = {f.name for f in tile_fields(offices, Audience.PUBLIC, 8)}
    found = items(app_client, "offices")
    (tile, *_) = tiles_of(found, 8)
    properties = {name for f in decoded(app_client, "offices", tile) for name in f["properties"]}
    assert properties == low < {f.name for f in tile_fields(offices, Audience.PUBLIC, WHOLE_ZOOM)}
    assert "id" not in properties


def test_a_tile_of_several_collections_holds_their_layers(app_client: TestClient) -> None:
    (tile, *_) = tiles_of(items(app_client, "wards"), 10)
    path = f"/tiles/WebMercatorQuad/{tile.zoom}/{tile.row}/{tile.column}"
    several = mapbox_vector_tile.decode(app_client.get(f"{path}?collections=wards,offices").content)
    assert set(several) == {"wards", "offices"}
    whole = mapbox_vector_tile.decode(app_client.get(path).content)
    for id_ in ("wards", "offices"):
        alone = mapbox_vector_tile.decode(
            app_client.get(TILES.format(id_, tile.zoom, tile.row, tile.column)).content
        )
        assert several[id_] == alone[id_] == whole[id_]
    assert set(whole) <= {c.id for c in PUBLIC}
    assert app_client.get(f"{path}?collections=wards,equipment").status_code == 404
    assert app_client.get(f"{path}?collections=").status_code == 404


@pytest.mark.parametrize(("place", "status"), [
    ("0/0/0", 200), ("24/0/0", 200), ("25/0/0", 404), ("1/2/0", 404), ("1/0/2", 404),
    ("5/2147483647/2147483647", 404), ("-1/0/0", 404), ("a/0/0", 404), ("1/0/x.mvt", 404),
    ("1/0/99999999999999999999", 404), ("%D9%A1/0/0", 404),
])
def test_tiles_outside_the_matrix_do_not_exist(
    app_client: TestClient, place: str, status: int
) -> None:
    for path in ("/collections/wards/tiles", "/tiles"):
        assert app_client.get(f"{path}/WebMercatorQuad/{place}").status_code == status
        assert app_client.get(f"{path}/WorldCRS84Quad/{place}").status_code == 404


def test_an_empty_tile_is_a_tile(app_client: TestClient) -> None:
    path = TILES.format("wards", 14, 0, 0)
    answer = app_client.get(path, headers={"accept": "text/html, */*;q=.2"})
    assert (answer.status_code, answer.content) == (200, b"")
    assert answer.headers["x-features-thinned"] == "false"


def test_collections_that_are_not_on_the_map_have_no_tiles(
    app_client: TestClient, planner_client: TestClient
) -> None:
    """What the reader may not know of looks like what does not exist."""
    faults = {}
    for id_ in ("equipment", "structures", "faults", "nothing"):
        for rest in ("", "/WebMercatorQuad", "/WebMercatorQuad/0/0/0"):
            answer = app_client.get(f"/collections/{id_}/tiles{rest}")
            assert answer.status_code == 404
            document = answer.json() | {"instance": None}
            faults[id_, rest] = str(document).replace(id_, "NAME")
    assert len(set(faults.values())) == 1
    path = TILES.format("structures", 0, 0, 0)
    assert planner_client.get(path).status_code == 200
    assert planner_client.get("/collections/equipment/tiles").status_code == 404


def test_the_public_sees_less_than_staff(
    databases: Databases, sample_database: Database, settings: Settings
) -> None:
    with sample_database.begin() as connection:
        connection.execute(text(
            "UPDATE gis.offices SET visibility = 'staff', contact = 'Wambui-secret', "
            "name = 'Hidden-office' WHERE id IN (SELECT id FROM gis.offices ORDER BY id LIMIT 3)"
        ))
        hidden = {str(i) for i in connection.scalars(text(
            "SELECT id FROM gis.offices WHERE visibility = 'staff'"))}
    addresses = databases.with_logins(sample_database)
    names: dict[str, set[str]] = {}
    ids: dict[str, set[str]] = {}
    for who, key in (("public", None), ("planner", new_key(sample_database))):
        with client_of(addresses, settings, key=key) as client:
            found = items(client, "offices")
            names[who], ids[who] = set(), set()
            for zoom in (0, 6, 10, WHOLE_ZOOM):
                for tile in tiles_of(found, zoom):
                    answer = client.get(TILES.format("offices", zoom, tile.row, tile.column))
                    caching = answer.headers["cache-control"]
                    assert caching == ("no-cache" if key is None else "private, no-cache")
                    for feature in decoded(client, "offices", tile):
                        names[who] |= feature["properties"].keys()
                        ids[who].add(feature["properties"].get("id", ""))
                    if key is None:
                        assert b"Hidden" not in answer.content
                        assert b"secret" not in answer.content
    public = {f.name for f in visible_fields(REGISTRY["offices"], Audience.PUBLIC)}
    assert names["public"] <= public | {"id"}
    assert hidden.isdisjoint(ids["public"])
    assert hidden <= ids["planner"]
    assert "contact" in names["planner"]


def test_filters_apply_to_tiles(app_client: TestClient) -> None:
    found = items(app_client, "offices")
    wanted = {f["id"] for f in found if f["properties"]["connection"] == "connected"}
    assert 0 < len(wanted) < len(found)
    for query in ("?connection=connected", "?filter=connection%3D'connected'"):
        seen = {
            f["properties"]["id"]
            for tile in tiles_of(found, WHOLE_ZOOM)
            for f in decoded(app_client, "offices", tile, query)
        }
        assert seen == wanted
    path = TILES.format("offices", 0, 0, 0)
    for hidden in ("?contact=x", "?filter=contact%3D'x'", "?nothing=x"):
        assert app_client.get(path + hidden).status_code == 400


def test_an_etag_spares_the_tile(app_client: TestClient) -> None:
    tile = next(iter(tiles_of(items(app_client, "wards"), 9)))
    path = TILES.format("wards", tile.zoom, tile.row, tile.column)
    packed = app_client.get(path)
    assert packed.headers["content-encoding"] == "gzip"
    plain = app_client.get(path, headers={"accept-encoding": "identity"})
    assert "content-encoding" not in plain.headers
    assert plain.content == packed.content
    assert plain.headers["etag"] != packed.headers["etag"]
    for etag in (plain.headers["etag"], packed.headers["etag"], f'"x", W/{plain.headers["etag"]}'):
        again = app_client.get(path, headers={"if-none-match": etag})
        assert (again.status_code, again.content) == (304, b"")
    assert app_client.get(path, headers={"if-none-match": '"other"'}).status_code == 200
    head = app_client.head(path)
    assert head.status_code == 200
    assert head.headers["etag"] == packed.headers["etag"]


def test_tile_boxes_are_those_of_the_world() -> None:
    assert WORLD.box_m() == (-HALF_M, -HALF_M, HALF_M, HALF_M)
    assert WORLD.box() == pytest.approx((-180, -85.0511287798066, 180, 85.0511287798066))
    north_west, *_, south_east = Tile(3, 4, 5).children()
    assert north_west.box_m()[0::3] == pytest.approx(Tile(3, 4, 5).box_m()[0::3])
    assert south_east.box_m()[1:3] == pytest.approx(Tile(3, 4, 5).box_m()[1:3])
    assert Tile(3, 4, 5).side_m == pytest.approx(EXTENT * Tile(3, 4, 5).unit_m)
    # Kisii, by the formula of the OpenStreetMap wiki (Slippy map tilenames).
    first, _ = tiles_over(BBox(34.77, -0.68, 34.77, -0.68), 10)
    assert first == Tile(10, 513, 610)
