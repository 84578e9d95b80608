"""
A made country: counties as squares side by side, with a network each that hang together.

Always the same for the same numbers. Links join nearest neighbours whatever the
border between them, a fifth lies in shared trenches, some of which cross borders;
nodes stand together, some across a border; some are joined, out of service or cut.
Codes of wards are none of the electoral commission's: a constituency is a county here.
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from scipy.spatial import cKDTree
from sqlalchemy import Connection, text

COLUMNS = 7
SIDE = 0.15
WEST, SOUTH = 36.0, 0.2
"""Degrees: a county is a square of four wards."""
_STATUS = ("operational", "planned")


@dataclass(frozen=True, slots=True)
class Size:
    """What lies in each county: nodes by county, and how many links and offices for each node."""

    nodes: Sequence[int]
    links: float = 1.6
    offices: float = 1.2
    vertices: int = 4


def fill(connection: Connection, size: Size, *, seed: int = 9) -> list[str]:
    """
    Put a country into a migrated database, past its triggers.

    Parameters
    ----------
    connection
        Of a superuser.

    Returns
    -------
    list
        Identifiers of the networks, one for each county.
    """
    dice = np.random.default_rng(seed)
    county = np.repeat(np.arange(len(size.nodes)), size.nodes)
    corner = np.array([_corner(each) for each in range(len(size.nodes))])
    place = corner[county] + dice.uniform(0, SIDE, (len(county), 2))
    beside = np.flatnonzero(dice.random(len(county)) < 0.03)[1:]
    place[beside] = place[beside - 1] + 0.00005  # six metres
    edge = np.flatnonzero(dice.random(len(county)) < 0.02)[1:]
    place[edge, 0] = corner[county[edge], 0] + dice.choice([0.00003, SIDE - 0.00003], len(edge))
    across = edge[place[edge, 0] < WEST + COLUMNS * SIDE - SIDE]
    place[across[::2] - 1] = place[across[::2]] + [0.00006, 0.0]
    nodes, offices = len(place), int(len(place) * size.offices)
    ids = {
        name: _ids(dice, count)
        for name, count in (("nodes", nodes), ("offices", offices), ("networks", len(size.nodes)))
    }
    start, end = _neighbours(place, int(nodes * size.links))
    links = _ids(dice, len(start))
    trench = _trenches(dice, place, start, end)
    at = dice.integers(0, nodes, offices)
    served = np.where(dice.random(offices) < 0.05, -1, at)
    people = dice.integers(20, 2_000, offices)
    connection.execute(text("SET LOCAL session_replication_role = replica"))

    def status(count: int) -> Iterable[str]:
        return (_STATUS[each] for each in (dice.random(count) < 0.03).astype(int).tolist())

    _copy(connection, "wards", "code, name, constituency, geom", (
        (f"M{each:02}{ward}", f"Ward {each}-{ward}", f"Constituency {each}",
         _hex(shapely.multipolygons([_ward(each, ward)])))
        for each in range(len(size.nodes)) for ward in range(4)
    ))
    _copy(connection, "networks", "id, external_id, name, extent, metric_srid, synthetic", (
        (id_, f"county-{each}", f"County {each}", '{"west": 33, "south": -3, "east": 40, '
         '"north": 5}', 32637, "t")
        for each, id_ in enumerate(ids["networks"])
    ))
    _copy(connection, "network_nodes", "id, network_id, name, status, gateway, geom", zip(
        ids["nodes"], (ids["networks"][each] for each in county.tolist()),
        (f"Node {each}" for each in range(nodes)), status(nodes),
        np.where(dice.random(nodes) < 0.01, "t", "f").tolist(),
        _hex(shapely.points(place)), strict=True,
    ))
    lines = _lines(place[start], place[end], size.vertices)
    _copy(
        connection, "fibre_links",
        "id, network_id, name, status, start_node, end_node, shared_trench, geom", zip(
            links, (ids["networks"][county[each]] for each in start.tolist()),
            (f"Link {each}" for each in range(len(links))), status(len(links)),
            (ids["nodes"][each] for each in start.tolist()),
            (ids["nodes"][each] for each in end.tolist()), trench, _hex(lines), strict=True,
        ),
    )
    _copy(
        connection, "offices",
        "id, network_id, name, office_type, connection, served_by, beneficiaries, geom", zip(
            ids["offices"], (ids["networks"][county[each]] for each in at.tolist()),
            (f"Office {each}" for each in range(offices)), ["ward"] * offices,
            ["connected"] * offices,
            (ids["nodes"][each] if each >= 0 else None for each in served.tolist()),
            (each if each % 10 else None for each in people.tolist()),
            _hex(shapely.points(place[at] + 0.0002)), strict=True,
        ),
    )
    pairs = [sorted((ids["nodes"][one], ids["nodes"][one + 1]))
             for one in dice.choice(nodes - 1, max(2, nodes // 100), replace=False).tolist()]
    _copy(connection, "node_joins", "name, node_a, node_b, decision, decided_at, geom", (
        (f"Join {each}", *pair, "confirmed", "2026-01-01", _hex(shapely.Point(WEST, SOUTH)))
        for each, pair in enumerate(pairs)
    ))
    _copy(connection, "faults", "network_id, summary, node, link, office, cuts, started_at", (
        (ids["networks"][0], "Cut", node, link, office, "t", "2026-01-01")
        for node, link, office in (
            *((each, None, None) for each in ids["nodes"][5::300]),
            *((None, each, None) for each in links[7::300]),
            *((None, None, each) for each in ids["offices"][9::300]),
        )
    ))
    planned = [links[each] for each in dice.choice(len(links), 30, replace=False).tolist()]
    _copy(connection, "scenarios", "network_id, external_id, name, adds, removes, removes_nodes", [
        (ids["networks"][0], "what-if", "What if", _array(planned[:20]), _array(planned[20:]),
         _array(ids["nodes"][3:200:50])),
    ])
    connection.execute(text("ANALYZE"))
    return [f"county-{each}" for each in range(len(size.nodes))]


def _corner(county: int) -> tuple[float, float]:
    row, column = divmod(county, COLUMNS)
    return WEST + column * SIDE, SOUTH + row * SIDE


def _ward(county: int, ward: int) -> Any:
    west, south = _corner(county)
    half = SIDE / 2
    west, south = west + ward % 2 * half, south + ward // 2 * half
    return shapely.box(west, south, west + half, south + half)


def _neighbours(place: np.ndarray, count: int) -> tuple[np.ndarray, np.ndarray]:
    """So many pairs of neighbours, the nearest ranks first."""
    most = min(5, len(place))
    _, found = cKDTree(place).query(place, k=most)
    start = np.tile(np.arange(len(place)), most - 1)
    end = found[:, 1:].T.ravel()
    low, high = np.minimum(start, end), np.maximum(start, end)
    _, first = np.unique(low.astype(np.int64) * len(place) + high, return_index=True)
    chosen = np.sort(first)[:count]
    return low[chosen], high[chosen]


def _trenches(
    dice: np.random.Generator, place: np.ndarray, start: np.ndarray, end: np.ndarray
) -> list[str | None]:
    """A fifth of the links, three by three as they lie side by side."""
    middle = (place[start] + place[end]) / 2
    beside = np.lexsort((middle[:, 0], np.floor(middle[:, 1] / 0.02)))
    found: list[str | None] = [None] * len(start)
    for number in np.flatnonzero(dice.random(len(start) // 3) < 0.2).tolist():
        for each in beside[3 * number : 3 * number + 3].tolist():
            found[each] = f"Trench {number:05}"
    return found


def _lines(start: np.ndarray, end: np.ndarray, vertices: int) -> np.ndarray:
    along = np.linspace(0, 1, vertices)[None, :, None]
    points = start[:, None, :] * (1 - along) + end[:, None, :] * along
    points[:, 1:-1, 1] += 0.0001
    lines: np.ndarray = shapely.linestrings(points)
    return lines


def _ids(dice: np.random.Generator, count: int) -> list[str]:
    digits = dice.bytes(16 * count).hex()
    parts = (digits[32 * i : 32 * i + 32] for i in range(count))
    return [f"{d[:8]}-{d[8:12]}-4{d[13:16]}-8{d[17:20]}-{d[20:]}" for d in parts]


def _hex(shapes: Any) -> Any:
    found = shapely.to_wkb(shapely.set_srid(shapes, 4326), hex=True, include_srid=True)
    return found if isinstance(found, str) else found.tolist()


def _array(ids: Sequence[str]) -> str:
    return "{" + ",".join(ids) + "}"


def _copy(
    connection: Connection, table: str, columns: str, rows: Iterable[Sequence[Any]]
) -> None:
    body = "".join(
        "\t".join(r"\N" if each is None else str(each) for each in row) + "\n" for row in rows
    )
    cursor: Any = connection.connection.cursor()
    cursor.copy_expert(f"COPY gis.{table} ({columns}) FROM STDIN", io.StringIO(body))
