"""Parts of a network that reach no access point and no gateway."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from gis_service.model.reports import RowFault, Severity
from gis_service.validation.drawn import Counts
from gis_service.validation.key_index import Hashes, KeyIndex
from gis_service.validation.topology import Flags, Ints, components

_NAMED = 5


@dataclass(frozen=True, eq=False)
class NetworkParts:
    """
    A network as it is stored, without the links of a file.

    Parameters
    ----------
    keys, ids
        What names each node: its `external_id`, and its UUID as text.
    sources
        Whether a node is an access point or a gateway.
    start, end
        Index of the nodes at the ends of each link; -1 for unknown.
    """

    keys: KeyIndex
    ids: KeyIndex
    sources: Flags
    start: Ints
    end: Ints

    def nodes_named(self, names: Hashes) -> Ints:
        """Index of the node of each name, given by its hash; -1 where there is none."""
        by_key = self.keys.by_hash(names)
        return np.where(by_key < 0, self.ids.by_hash(names), by_key)


def check_reach(
    rows: Counts, start: Ints, end: Ints, network: NetworkParts
) -> tuple[list[RowFault], list[str]]:
    """
    Warnings about parts of a network that links of a file belong to and nothing feeds.

    Parameters
    ----------
    rows
        Numbers of the rows in their file.
    start, end
        Index of the nodes that each joins; -1 for unknown.

    Returns
    -------
    tuple
        One fault for each such part, of its first row; and what is to be told
        of the file as a whole.
    """
    if not network.sources.any():
        return [], [
            "No node of the network is marked as an access point or a gateway, so it is not told "
            "which parts of the network reach one."
        ]
    first = np.concatenate([start, network.start])
    last = np.concatenate([end, network.end])
    part = components(len(network.keys), first, last)
    fed: Flags = np.zeros(part.max(initial=-1) + 1, dtype=bool)
    fed[part[network.sources]] = True
    known = np.flatnonzero((start >= 0) & (end >= 0))
    dark = known[~fed[part[start[known]]]]
    of, at = np.unique(part[start[dark]], return_index=True)
    links = np.bincount(part[first[(first >= 0) & (last >= 0)]], minlength=len(fed))
    nodes = np.bincount(part, minlength=len(fed))
    by_part = np.argsort(part, kind="stable")
    begins = np.searchsorted(part[by_part], of)
    return [
        RowFault(
            int(rows[dark[position]]), "", "no-access-point", "",
            _message(
                int(links[number]), int(nodes[number]),
                network.keys.texts.take(
                    pa.array(by_part[begin : begin + min(_NAMED, nodes[number])])
                ).to_pylist(),
            ),
            Severity.WARNING,
        )
        for number, position, begin in zip(of.tolist(), at.tolist(), begins.tolist(), strict=True)
    ], []


def _message(links: int, nodes: int, named: list[str]) -> str:
    shown = ", ".join(repr(each[:80]) for each in named)
    more = f" and {nodes - len(named):,} more" if nodes > len(named) else ""
    return (
        f"It belongs to a part of the network that reaches no access point and no gateway: "
        f"{links:,} link{'' if links == 1 else 's'} between the nodes {shown}{more}."
    )
