"""From records to a situation: what works, who is connected, who is near."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gis_service.coverage.ground import Ground, Network, Records, at
from gis_service.coverage.measures import Access, Offices, OpenFaults, People, Routes, Situation
from gis_service.coverage.people import discs_around, distance_m, share_near
from gis_service.coverage.places import Flags, Indices, Numbers
from gis_service.coverage.standing import (
    NO,
    UNKNOWN,
    YES,
    Moment,
    StandingLinks,
    States,
    Texts,
    connection_on,
    links_on,
    open_on,
)

ANY = ""
"""In place of a technology: any of them."""


@dataclass(frozen=True, slots=True, eq=False)
class Reached:
    """
    What the network says of each node.

    Parameters
    ----------
    lit, redundant
        Whether it has a way to a gateway, and two independent ones.
    """

    lit: Flags
    redundant: Flags


def standing_links(
    records: Records, ground: Ground, moment: Moment, *, plan: bool, adds: tuple[str, ...]
) -> StandingLinks:
    """The links and nodes of a scenario; see `standing.links_on`."""
    network = records.network
    assert network is not None  # noqa: S101 - who may not know it does not ask
    return links_on(
        network.links, network.nodes, moment,
        ends=ground.link_ends, phase_ends=network.phases["ends_on"], plan=plan, adds=adds,
    )


def reported_situation(records: Records, ground: Ground, moment: Moment) -> Situation:
    """What follows from what is published: the reported connections."""
    return Situation(ground.places, _offices(records, ground, moment))


def network_situation(
    records: Records,
    ground: Ground,
    moment: Moment,
    *,
    standing: StandingLinks,
    node_on: Flags,
    reached: Reached | None,
    within_m: float,
    measured: bool = True,
) -> Situation:
    """
    All that the records and the network tell.

    Parameters
    ----------
    node_on
        Which nodes work, after faults and cuts.
    reached
        None when the network has no gateway, so that nothing follows from it.
    measured
        Whether the bandwidths belong to the moment; no day says since when.
    """
    network = records.network
    assert network is not None  # noqa: S101 - as above
    is_open = open_on(network.faults, moment)
    works = node_on if reached is None else node_on & reached.lit
    access = access_points(network.nodes)
    in_reach = np.full(len(records.offices), UNKNOWN, dtype=np.int8)
    if access[ANY].any():
        near = distance_m(
            ground.places,
            records.offices.geometry.to_numpy(),
            network.nodes.geometry.to_numpy()[access[ANY] & works],
        )
        in_reach = np.where(near <= within_m, YES, NO).astype(np.int8)
    return Situation(
        places=ground.places,
        offices=_offices(
            records, ground, moment,
            reached=reached, is_open=is_open, in_reach=in_reach, measured=measured,
        ),
        access=_access(network, ground, access[ANY], works),
        routes=_routes(network, ground, standing),
        people=_people(network, ground, access, works, within_m),
        faults=_faults(records, network, ground, is_open),
    )


def broken_by(
    network: Network, what: str, broken: Indices, is_open: Flags, size: int
) -> Flags:
    """
    Which of `size` things an open fault that cuts traffic names itself.

    Parameters
    ----------
    what, broken
        The field by which a fault names it, and its index; a fault of
        equipment takes its place out of nothing.
    """
    found = np.zeros(size, dtype=bool)
    cuts = _flags(network.faults["cuts"]) & network.faults[what].notna().to_numpy() & is_open
    found[broken[cuts & (broken >= 0)]] = True
    return found


def _offices(
    records: Records,
    ground: Ground,
    moment: Moment,
    *,
    reached: Reached | None = None,
    is_open: Flags | None = None,
    in_reach: States | None = None,
    measured: bool = False,
) -> Offices:
    offices, network = records.offices, records.network
    size = len(offices)
    unknown = np.full(size, UNKNOWN, dtype=np.int8)
    nan = np.full(size, math.nan)
    since = offices["connected_since"] if network is not None else pd.Series([None] * size)
    lit = redundant = unknown
    phase: Texts = np.full(size, "", dtype=object)
    if network is not None:
        phase = at(_texts(network.nodes["phase"]), ground.office_node, absent="")
    if reached is not None and network is not None and is_open is not None:
        node = ground.office_node
        off = broken_by(network, "office", ground.fault_office, is_open, size)
        lit = np.where(node < 0, UNKNOWN, at(reached.lit, node, absent=False) & ~off)
        redundant = np.where(node < 0, UNKNOWN, at(reached.redundant, node, absent=False) & ~off)
    return Offices(
        ward=ground.offices.ward,
        theme=_texts(offices["theme"]),
        office_type=_texts(offices["office_type"]),
        phase=phase,
        connection=connection_on(offices["connection"], since, moment),
        lit=lit,
        redundant=redundant,
        in_reach=unknown if in_reach is None else in_reach,
        required_mbps=_numbers(offices["required_mbps"]) if measured else nan,
        measured_mbps=_numbers(offices["measured_mbps"]) if measured else nan,
    )


def _access(
    network: Network, ground: Ground, is_access: Flags, works: Flags
) -> Access | None:
    if not is_access.any():
        return None
    wifi = _flags(network.nodes["public_wifi"])
    phase = _texts(network.nodes["phase"])
    return Access(
        ground.node_ward[is_access], phase[is_access], works[is_access], wifi[is_access]
    )


def _routes(network: Network, ground: Ground, standing: StandingLinks) -> Routes | None:
    if network.links.empty:
        return None
    pieces = ground.routes
    phase = _texts(network.links["phase"])
    return Routes(pieces.ward, phase[pieces.of], standing.status[pieces.of], pieces.size)


def _people(
    network: Network,
    ground: Ground,
    access: Mapping[str, Flags],
    works: Flags,
    within_m: float,
) -> People | None:
    if network.population.empty:
        return None
    cells = ground.cells
    whole = np.bincount(cells.of, cells.size, minlength=len(network.population))
    people = _numbers(network.population["people"])[cells.of] * cells.size / whole[cells.of]
    if not access[ANY].any():
        return People(cells.ward, people, {})
    used = access[ANY] & works
    points: NDArray[Any] = network.nodes.geometry.to_numpy()[used]
    discs = discs_around(ground.places, points, radius_m=within_m)
    return People(
        cells.ward,
        people,
        {
            name: people * share_near(
                cells, ground.places, points[has[used]], discs[has[used]], radius_m=within_m
            )
            for name, has in access.items()
        },
    )


def _faults(
    records: Records, network: Network, ground: Ground, is_open: Flags
) -> OpenFaults:
    node, link, office = ground.fault_node, ground.fault_link, ground.fault_office
    node_phase, link_phase = _texts(network.nodes["phase"]), _texts(network.links["phase"])
    phase = np.where(node >= 0, at(node_phase, node, absent=""), at(link_phase, link, absent=""))
    return OpenFaults(
        ground.fault_ward[is_open],
        at(_texts(records.offices["theme"]), office, absent="")[is_open],
        at(_texts(records.offices["office_type"]), office, absent="")[is_open],
        phase[is_open],
    )


def access_points(nodes: gpd.GeoDataFrame) -> dict[str, Flags]:
    """Which nodes are access points, of any technology and by technology."""
    wifi = _flags(nodes["public_wifi"])
    access = _flags(nodes["access_point"]) | wifi
    found: dict[str, Flags] = {ANY: access}
    lists = nodes["technologies"].to_numpy(dtype=object)
    size = np.fromiter((len(each) if _is_list(each) else 0 for each in lists), int, len(lists))
    flat = [each for row in lists if _is_list(row) for each in row]
    node = np.repeat(np.arange(len(lists)), size)
    codes, names = pd.factorize(np.array(flat, dtype=object))
    for code, name in enumerate(names):
        has = np.zeros(len(lists), dtype=bool)
        has[node[codes == code]] = True
        found[str(name)] = has & access
    if wifi.any():
        found["wifi"] = found.get("wifi", wifi) | wifi
    return found


def _is_list(value: Any) -> bool:
    return isinstance(value, list | tuple | np.ndarray)


def _texts(values: pd.Series) -> Texts:
    return np.asarray(values.where(values.notna(), "").to_numpy(dtype=object))


def _numbers(values: pd.Series) -> Numbers:
    return np.asarray(pd.to_numeric(values, errors="coerce"), dtype=np.float64)


def _flags(values: pd.Series) -> Flags:
    return np.asarray(values.map(lambda value: value is True or value is np.True_), dtype=bool)


