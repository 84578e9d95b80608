"""The network as arrays: what stands where, what joins what, and what carries traffic."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from gis_service.model.codelists import CONNECTION, STATUS, THEME

Ids = NDArray[np.bytes_]
"""Ids as ASCII bytes, ascending, so that the order of the indices is that of the ids."""
Indices = NDArray[np.integer[Any]]
Flags = NDArray[np.bool_]
Numbers = NDArray[np.float64]
Pairs = NDArray[np.int32]
"""Indices of nodes, two in a row."""

STATUSES = tuple(STATUS.values())
"""A status is stored as its index here."""
THEMES = tuple(THEME.values())
"""A theme is stored as its index here, -1 for none."""
CONNECTIONS = tuple(CONNECTION.values())
"""A connection as reported is stored as its index here."""
OPERATIONAL = STATUSES.index("operational")


@dataclass(frozen=True, eq=False, slots=True)
class Nodes:
    """
    Network nodes, by id.

    Parameters
    ----------
    position
        Longitude and latitude in degrees of WGS84, a row each.
    status
        Index into `STATUSES`.
    cut
        Whether a fault that cuts traffic is open at the node.
    site
        Index of the site whose nodes stand together; -1 for a node by itself.
    """

    ids: Ids
    position: Numbers
    gateway: Flags
    status: Indices
    cut: Flags
    site: Indices


@dataclass(frozen=True, eq=False, slots=True)
class Links:
    """
    Fibre links of whatever medium, by id.

    Parameters
    ----------
    start, end
        Indices of the nodes that it joins.
    status, cut
        As of nodes.
    route_length_m, fibre_length_m
        Along the ground, and inside the cable; NaN for unknown.
    trench
        Index into the graph's `trenches`; -1 for none.
    """

    ids: Ids
    start: Indices
    end: Indices
    status: Indices
    cut: Flags
    route_length_m: Numbers
    fibre_length_m: Numbers
    trench: Indices


@dataclass(frozen=True, eq=False, slots=True)
class Offices:
    """
    Offices, by id.

    Parameters
    ----------
    position
        Longitude and latitude in degrees of WGS84, a row each.
    node
        Index of the node that serves it; -1 for none.
    cut
        Whether a fault that cuts traffic is open at the office itself.
    connection, theme
        Indices into `CONNECTIONS` and `THEMES`; -1 for no theme.
    ward
        Index into the graph's `wards`; -1 for none.
    beneficiaries
        People whom it serves; NaN for unknown.
    """

    ids: Ids
    position: Numbers
    node: Indices
    cut: Flags
    connection: Indices
    theme: Indices
    ward: Indices
    beneficiaries: Numbers


@dataclass(frozen=True, eq=False, slots=True)
class Traffic:
    """
    What carries traffic, of one graph: a flag for each node and link.

    A link carries only if both its nodes do.
    """

    nodes: Flags
    links: Flags


@dataclass(frozen=True, eq=False, slots=True)
class Adjacency:
    """
    Who is next to whom, in compressed rows.

    Vertices are the nodes and, as the last one, the super-gateway. Edges are the
    links, after them the joins, and then an uplink of each gateway to the
    super-gateway.
    """

    edge_start: Indices
    edge_end: Indices
    row: Indices
    neighbour: Indices
    edge: Indices


@dataclass(frozen=True, eq=False)
class NetworkGraph:
    """
    An undirected multigraph of all nodes and links, whether they carry or not.

    What carries is a `Traffic` over the same arrays, so a scenario needs no new
    graph.

    Parameters
    ----------
    joins
        Nodes of different networks that are one place: traffic passes between the
        two while both carry. They stay two nodes, of which each can fail alone.
    trenches, wards
        Names of the shared trenches and codes of the wards, ascending.
    site_count
        How many sites there are.
    node_names, link_names, office_names
        What people call them, None for nothing; empty where names do not matter.
    """

    nodes: Nodes
    links: Links
    offices: Offices
    joins: Pairs = field(default_factory=lambda: np.empty((0, 2), dtype=np.int32))
    trenches: tuple[str, ...] = ()
    wards: tuple[str, ...] = ()
    site_count: int = 0
    node_names: Sequence[str | None] = ()
    link_names: Sequence[str | None] = ()
    office_names: Sequence[str | None] = ()

    @property
    def super_gateway(self) -> int:
        """The vertex to which every gateway is joined."""
        return len(self.nodes.ids)

    @cached_property
    def gateways(self) -> Indices:
        """Indices of the gateways, whether they carry or not."""
        return np.flatnonzero(self.nodes.gateway).astype(np.int32)

    @cached_property
    def today(self) -> Traffic:
        """
        What carries now.

        A node or link carries when its status is `operational` and no fault that
        cuts is open on it. Radio links carry as fibre does.
        """
        return self.traffic()

    def traffic(
        self,
        *,
        adds: Indices | None = None,
        removes: Indices | None = None,
        removes_nodes: Indices | None = None,
    ) -> Traffic:
        """
        What carries in a scenario.

        Parameters
        ----------
        adds
            Links that carry whatever their status; so do their nodes. A fault
            that cuts them still does.
        removes, removes_nodes
            Links and nodes that carry nothing, even if they are among `adds`.
        """
        nodes, links = self.nodes, self.links
        node_on = nodes.status == OPERATIONAL
        link_on = links.status == OPERATIONAL
        if adds is not None:
            link_on[adds] = True
            node_on[links.start[adds]] = True
            node_on[links.end[adds]] = True
        node_on &= ~nodes.cut
        link_on &= ~links.cut
        return self.without(Traffic(node_on, link_on), links=removes, nodes=removes_nodes)

    def without(
        self, traffic: Traffic, *, links: Indices | None = None, nodes: Indices | None = None
    ) -> Traffic:
        """`traffic` when some links and nodes carry nothing."""
        node_on, link_on = traffic.nodes.copy(), traffic.links.copy()
        if nodes is not None:
            node_on[nodes] = False
        if links is not None:
            link_on[links] = False
        link_on &= node_on[self.links.start] & node_on[self.links.end]
        return Traffic(node_on, link_on)

    @cached_property
    def adjacency(self) -> Adjacency:
        """Every link, join and uplink, whether it carries or not."""
        top = self.super_gateway
        start = np.concatenate(
            [self.links.start, self.joins[:, 0], self.gateways]
        ).astype(np.int32)
        end = np.concatenate(
            [self.links.end, self.joins[:, 1], np.full(len(self.gateways), top)]
        ).astype(np.int32)
        edges = np.arange(len(start), dtype=np.int32)
        both = sparse.coo_matrix(
            (np.tile(edges, 2), (np.concatenate([start, end]), np.concatenate([end, start]))),
            shape=(top + 1, top + 1),
        )
        both.has_canonical_format = True  # else parallel links become one
        rows = both.tocsr()
        return Adjacency(start, end, rows.indptr, rows.indices, rows.data)

    def edges_on(self, traffic: Traffic) -> Flags:
        """Which edges carry: links, then joins, then uplinks."""
        joined = traffic.nodes[self.joins].all(axis=1)
        return np.concatenate([traffic.links, joined, traffic.nodes[self.gateways]])

    def matrix(self, traffic: Traffic, weight: Numbers | None = None) -> sparse.csr_matrix:
        """
        The edges that carry as a symmetric sparse matrix, parallel ones beside each other.

        Parameters
        ----------
        weight
            Of each edge; 1 when None.
        """
        adjacency = self.adjacency
        keep = self.edges_on(traffic)[adjacency.edge]
        counted = np.concatenate([[0], np.cumsum(keep)]).astype(np.int32)
        size = self.super_gateway + 1
        data = np.ones(counted[-1]) if weight is None else weight[adjacency.edge[keep]]
        return sparse.csr_matrix(
            (data, adjacency.neighbour[keep], counted[adjacency.row]), shape=(size, size)
        )


def index_of(ids: Ids, id_: str) -> int | None:
    """Where an id stands among `ids`; None when it does not."""
    try:
        wanted = id_.encode("ascii")
    except UnicodeEncodeError:
        return None
    at = int(np.searchsorted(ids, np.bytes_(wanted)))
    return at if at < len(ids) and ids[at] == wanted else None


def texts(ids: Ids) -> list[str]:
    """Ids as text."""
    return [id_.decode("ascii") for id_ in ids.tolist()]
