"""Coverage and the network together: from records and circumstances to a situation."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from functools import cached_property

import numpy as np
import pandas as pd

from gis_service.coverage.fault_log import log_begins, open_together
from gis_service.coverage.ground import Ground, Network, Records, ground_of
from gis_service.coverage.measures import Situation
from gis_service.coverage.places import Flags
from gis_service.coverage.situations import (
    Reached,
    broken_by,
    network_situation,
    reported_situation,
    standing_links,
)
from gis_service.coverage.standing import WORKS, Moment, StandingLinks, open_on
from gis_service.coverage.telling import quality_of
from gis_service.errors import InvalidParameter, NotFound
from gis_service.model.collections import REGISTRY
from gis_service.model.coverage import Circumstances, Quality
from gis_service.network.graph import (
    STATUSES,
    Indices,
    Links,
    NetworkGraph,
    Nodes,
    Pairs,
    Traffic,
)
from gis_service.network.graph import Offices as GraphOffices
from gis_service.network.reach import reach
from gis_service.network.sites import pairs_of
from gis_service.store.coverage import Rows, frame_of

MOST_OUTAGES = 300
"""Each is a search of the whole network."""


@dataclass(frozen=True, slots=True)
class Scenario:
    """Ids of what a scenario adds and takes away."""

    adds: tuple[str, ...] = ()
    removes: tuple[str, ...] = ()
    removes_nodes: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class Survey:
    """Records of one moment, where everything in them is, and their scenarios."""

    records: Records
    ground: Ground
    scenarios: Mapping[str, Scenario]
    read_at: datetime

    @cached_property
    def graph(self) -> NetworkGraph:
        """The network as a graph; its state is all in the traffic over it."""
        return _graph(network_of(self), self.ground)

    @property
    def phases(self) -> dict[str, str]:
        """Names of the phases by id, in the order in which they end."""
        if self.records.network is None:
            return {}
        phases = self.records.network.phases
        ends = pd.to_datetime(phases["ends_on"], errors="coerce")
        order = pd.DataFrame({"ends": ends, "name": phases["name"]}).sort_values(["ends", "name"])
        return {str(id_): str(name) for id_, name in order["name"].items()}


def surveyed(rows: Rows, read_at: datetime) -> Survey:
    """Records from their rows; it takes long, so it is done once for each state of them."""
    frames = {id_: frame_of(REGISTRY[id_], found) for id_, found in rows.items()}
    network = None
    if "network_nodes" in frames:
        network = Network(
            nodes=frames["network_nodes"],
            links=frames["fibre_links"],
            faults=frames["faults"],
            phases=frames["phases"],
            population=frames["population"],
            equipment=frames["equipment"],
            joins=_confirmed(frames["node_joins"]),
        )
    records = Records(frames["wards"], frames["offices"], network)
    ground = ground_of(records)
    if network is not None:
        without_lines = pd.DataFrame(network.links.drop(columns="geometry"))
        records = replace(records, network=replace(network, links=without_lines))
    return Survey(records, ground, _scenarios(frames.get("scenarios")), read_at)


@dataclass(frozen=True, slots=True, eq=False)
class Carried:
    """
    What stands and carries in circumstances.

    Parameters
    ----------
    node_on
        Which nodes work.
    reached
        None when the network has no gateway.
    adds
        Ids of the links that the scenario adds.
    """

    standing: StandingLinks
    node_on: Flags
    reached: Reached | None
    adds: tuple[str, ...]


def carried_in(survey: Survey, circumstances: Circumstances, today: date) -> Carried:
    """What carries; raises as `situation_of`."""
    moment = Moment(circumstances.day, today)
    scenario = _scenario(survey, circumstances)
    standing = standing_links(
        survey.records, survey.ground, moment, plan=circumstances.plan, adds=scenario.adds
    )
    is_open = open_on(network_of(survey).faults, moment)
    return Carried(standing, *_reached(survey, standing, is_open, scenario), scenario.adds)


def situation_of(
    survey: Survey, circumstances: Circumstances, today: date, carried: Carried | None = None
) -> tuple[Situation, Quality]:
    """
    What is so in the circumstances, and what of it stands in doubt.

    Parameters
    ----------
    carried
        `carried_in`, where it is there already.

    Raises
    ------
    NotFound
        There is no such scenario.
    InvalidParameter
        A cut names a link, node or trench that is not recorded.
    """
    records, ground = survey.records, survey.ground
    moment = Moment(circumstances.day, today)
    ids = records.offices.index.to_numpy()
    if records.network is None:
        situation = reported_situation(records, ground, moment)
        return situation, quality_of(situation, ground.offices, ids)
    carried = carried or carried_in(survey, circumstances, today)
    standing = carried.standing
    situation = network_situation(
        records, ground, moment,
        standing=standing, node_on=carried.node_on, reached=carried.reached,
        within_m=circumstances.within_m, measured=not moment.is_past,
    )
    undated = int(np.count_nonzero(standing.undated))
    return situation, quality_of(situation, ground.offices, ids, undated_links=undated)


def availability(survey: Survey, start: datetime, end: datetime, today: date) -> float:
    """
    Share of a time, in per cent, in which connected offices had a way to a gateway.

    See `model.scorecards.AVAILABILITY`. NaN for no data, also when more than
    `MOST_OUTAGES` sets of faults were open together.
    """
    records, ground = survey.records, survey.ground
    network = network_of(survey)
    begins = log_begins(network.faults)
    if begins is None or begins >= end:
        return math.nan
    standing = standing_links(records, ground, Moment(None, today), plan=False, adds=())
    cuts = (network.faults["cuts"] == True).to_numpy(dtype=bool)  # noqa: E712
    spent = open_together(network.faults, cuts, max(start, begins), end)
    if len(spent) > MOST_OUTAGES:
        return math.nan

    def lit(together: tuple[int, ...]) -> Flags:
        is_open = np.isin(np.arange(len(network.faults)), together)
        _, reached = _reached(survey, standing, is_open, Scenario())
        node = ground.office_node
        if reached is None or not len(network.nodes):
            return np.zeros(len(node), dtype=bool)
        off = broken_by(network, "office", ground.fault_office, is_open, len(node))
        found: Flags = (node >= 0) & reached.lit[node] & ~off
        return found

    asked = lit(()) & (records.offices["connection"] == "connected").to_numpy(dtype=bool)
    if not asked.any():
        return math.nan
    had = sum(time * np.count_nonzero(asked & lit(together)) for together, time in spent.items())
    return 100 * float(had / (sum(spent.values()) * np.count_nonzero(asked)))


def _reached(
    survey: Survey, standing: StandingLinks, is_open: Flags, scenario: Scenario
) -> tuple[Flags, Reached | None]:
    """Which nodes work, and what they reach; without a gateway nothing is known to."""
    network, ground = network_of(survey), survey.ground
    node_on = standing.node_works & ~broken_by(
        network, "node", ground.fault_node, is_open, len(network.nodes)
    )
    cut = broken_by(network, "link", ground.fault_link, is_open, len(network.links))
    graph = survey.graph
    traffic = graph.without(
        Traffic(node_on, (standing.status == WORKS) & ~cut),
        links=_positions(network.links.index, scenario.removes),
        nodes=_positions(network.nodes.index, scenario.removes_nodes),
    )
    if not graph.nodes.gateway.any():
        return traffic.nodes, None
    found = reach(graph, traffic)
    return traffic.nodes, Reached(found.lit, found.redundant)


def network_of(survey: Survey) -> Network:
    """The records that staff alone read."""
    network = survey.records.network
    assert network is not None  # noqa: S101 - who may not know it does not ask
    return network


def _confirmed(joins: pd.DataFrame) -> pd.DataFrame:
    return pd.DataFrame(joins.loc[joins["decision"] == "confirmed", ["node_a", "node_b"]])


def _joins(network: Network) -> Pairs:
    """Indices of joined nodes."""
    one, other = (
        network.nodes.index.get_indexer(pd.Index(network.joins[name], dtype=object))
        for name in ("node_a", "node_b")
    )
    return pairs_of(one, other)


def _graph(network: Network, ground: Ground) -> NetworkGraph:
    nodes, links = network.nodes, network.links
    start, end = ground.link_ends
    nothing = np.array([], dtype=np.intp)
    unknown = np.full(len(links), np.nan)
    return NetworkGraph(
        Nodes(
            ids=_ids(nodes.index),
            position=np.empty((len(nodes), 2)),
            gateway=(nodes["gateway"] == True).to_numpy(dtype=bool),  # noqa: E712
            status=_statuses(nodes["status"]),
            cut=np.zeros(len(nodes), dtype=bool),
            site=np.full(len(nodes), -1),
        ),
        Links(
            ids=_ids(links.index),
            start=start.astype(np.int32),
            end=end.astype(np.int32),
            status=_statuses(links["status"]),
            cut=np.zeros(len(links), dtype=bool),
            route_length_m=unknown,
            fibre_length_m=unknown,
            trench=np.full(len(links), -1),
        ),
        GraphOffices(
            ids=_ids(pd.Index([])), position=np.empty((0, 2)), node=nothing,
            cut=np.array([], dtype=bool), connection=nothing, theme=nothing, ward=nothing,
            beneficiaries=np.array([]),
        ),
        joins=_joins(network),
    )


def _scenario(survey: Survey, circumstances: Circumstances) -> Scenario:
    """The scenario with the cuts."""
    network = network_of(survey)
    scenario = Scenario()
    if circumstances.scenario is not None:
        if circumstances.scenario not in survey.scenarios:
            raise NotFound(f"There is no scenario {circumstances.scenario}.")
        scenario = survey.scenarios[circumstances.scenario]
    links, trench = network.links.index, network.links["shared_trench"]
    _must_be_known("cut_links", circumstances.cut_links, links)
    _must_be_known("cut_nodes", circumstances.cut_nodes, network.nodes.index)
    _must_be_known("cut_trenches", circumstances.cut_trenches, set(trench.dropna()))
    dug = links[trench.isin(circumstances.cut_trenches)]
    return Scenario(
        scenario.adds,
        (*scenario.removes, *circumstances.cut_links, *dug),
        (*scenario.removes_nodes, *circumstances.cut_nodes),
    )


def _must_be_known(name: str, asked: Sequence[str], known: Collection[str]) -> None:
    for each in asked:
        if each not in known:
            raise InvalidParameter(name, each, "there is none in the records")


def _scenarios(frame: pd.DataFrame | None) -> dict[str, Scenario]:
    if frame is None:
        return {}
    names = ("adds", "removes", "removes_nodes")
    return {
        str(row.Index): Scenario(*(tuple(getattr(row, name) or ()) for name in names))
        for row in frame.itertuples()
    }


def _positions(index: pd.Index, ids: Sequence[str]) -> Indices:
    found: Indices = index.get_indexer(pd.Index(list(ids), dtype=object))
    return found[found >= 0]


def _statuses(values: pd.Series) -> Indices:
    found: Indices = pd.Index(STATUSES).get_indexer(pd.Index(values))
    return found


def _ids(index: pd.Index) -> np.ndarray:
    return np.asarray(index, dtype="S36")
