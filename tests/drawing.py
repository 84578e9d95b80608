"""
Networks drawn in ASCII, as arrays.

    [G]--a--B--b:250@T1--C
            |
            +----c!----(D)

`[G]` is a gateway, `(D)` a node that is not operational, `B` any other. A line
is a link, with corners at `+`; it crosses nothing. In it or directly right of a
`|` stands its id in small letters, its route length in metres after `:` (100
when not given), its shared trench after `@`, and `!` when it is only planned.
A link without an id is called by its nodes: `B-C`, and `B-C.2` for another one.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np

from gis_service.model.codelists import CONNECTION, THEME
from gis_service.network.graph import (
    OPERATIONAL,
    STATUSES,
    Indices,
    Links,
    NetworkGraph,
    Nodes,
    Offices,
    index_of,
    texts,
)

NODE = re.compile(r"\[(?P<gateway>[A-Z]\w*)\]|\((?P<dead>[A-Z]\w*)\)|(?P<plain>[A-Z]\w*)")
LABEL = re.compile(
    r"(?P<id>[a-z][a-z0-9]*)?(:(?P<length>[\d.]+))?(@(?P<trench>\w+))?(?P<planned>!)?"
)
LEFT, RIGHT, UP, DOWN = (0, -1), (0, 1), (-1, 0), (1, 0)
OPEN = {"-": {LEFT, RIGHT}, "|": {UP, DOWN}, "+": {LEFT, RIGHT, UP, DOWN}}

Cell = tuple[int, int]


@dataclass(frozen=True)
class Office:
    """An office of a drawing: `beneficiaries` None for unknown."""

    node: str | None
    beneficiaries: float | None = None
    ward: str | None = None
    theme: str | None = None
    connection: str = "connected"
    cut: bool = False


@dataclass
class _Line:
    ends: list[str] = field(default_factory=list)
    label: str = ""


def draw(
    drawing: str,
    offices: Mapping[str, Office] | None = None,
    *,
    cut: Iterable[str] = (),
    sites: Iterable[Iterable[str]] = (),
    joins: Iterable[tuple[str, str]] = (),
) -> NetworkGraph:
    """
    The graph of a drawing.

    Parameters
    ----------
    offices
        By id.
    cut
        Nodes and links on which a fault that cuts is open.
    sites
        Nodes that stand together.
    joins
        Pairs of nodes that are one place.
    """
    nodes, lines = _read(drawing)
    links = dict(sorted(_named(lines).items()))
    trenches = tuple(sorted({str(m["trench"]) for _, m in links.values() if m["trench"]}))
    names = sorted(nodes)
    faults = set(cut)
    place = {name: i for i, name in enumerate(names)}
    site = np.full(len(names), -1, dtype=np.int32)
    count = 0
    for together in sites:
        site[[place[name] for name in together]] = count
        count += 1
    planned = STATUSES.index("planned")
    lengths = np.array([float(m["length"] or 100) for _, m in links.values()])
    chosen = offices or {}
    wards = tuple(sorted({o.ward for o in chosen.values() if o.ward is not None}))
    return NetworkGraph(
        Nodes(
            ids=_ids(names),
            position=np.array([(34.7 + i / 100, -0.7) for i in range(len(names))]).reshape(-1, 2),
            gateway=np.array([nodes[n] == "gateway" for n in names], dtype=bool),
            status=np.array([planned if nodes[n] == "dead" else OPERATIONAL for n in names],
                            dtype=np.int8),
            cut=np.array([n in faults for n in names], dtype=bool),
            site=site,
        ),
        Links(
            ids=_ids(links),
            start=np.array([place[ends[0]] for ends, _ in links.values()], dtype=np.int32),
            end=np.array([place[ends[1]] for ends, _ in links.values()], dtype=np.int32),
            status=np.array(
                [planned if m["planned"] else OPERATIONAL for _, m in links.values()],
                dtype=np.int8,
            ),
            cut=np.array([name in faults for name in links], dtype=bool),
            route_length_m=lengths,
            fibre_length_m=np.full(len(links), np.nan),
            trench=np.array(
                [trenches.index(m["trench"]) if m["trench"] else -1 for _, m in links.values()],
                dtype=np.int32,
            ),
        ),
        _offices(chosen, place, wards),
        joins=np.array([[place[a], place[b]] for a, b in joins], dtype=np.int32).reshape(-1, 2),
        trenches=trenches,
        wards=wards,
        site_count=count,
    )


def links_of(graph: NetworkGraph, *ids: str) -> Indices:
    """Indices of links by their ids."""
    return np.array([_must(index_of(graph.links.ids, id_)) for id_ in ids], dtype=np.int32)


def nodes_of(graph: NetworkGraph, *ids: str) -> Indices:
    """Indices of nodes by their ids."""
    return np.array([_must(index_of(graph.nodes.ids, id_)) for id_ in ids], dtype=np.int32)


def named(graph: NetworkGraph, flags: Iterable[bool]) -> set[str]:
    """The ids of the nodes that are flagged."""
    return set(texts(graph.nodes.ids[np.fromiter(flags, dtype=bool)]))


def _must(index: int | None) -> int:
    assert index is not None
    return index


def _ids(names: Iterable[str]) -> np.ndarray:
    return np.array([name.encode() for name in names], dtype="S36")


def _offices(
    chosen: Mapping[str, Office], place: Mapping[str, int], wards: tuple[str, ...]
) -> Offices:
    rows = [chosen[id_] for id_ in sorted(chosen)]
    people = [np.nan if o.beneficiaries is None else o.beneficiaries for o in rows]
    return Offices(
        ids=_ids(sorted(chosen)),
        position=np.array([(34.7, -0.7)] * len(rows)).reshape(-1, 2),
        node=np.array([-1 if o.node is None else place[o.node] for o in rows], dtype=np.int32),
        cut=np.array([o.cut for o in rows], dtype=bool),
        connection=np.array([CONNECTION.values().index(o.connection) for o in rows],
                            dtype=np.int8),
        theme=np.array([-1 if o.theme is None else THEME.values().index(o.theme) for o in rows],
                       dtype=np.int8),
        ward=np.array([-1 if o.ward is None else wards.index(o.ward) for o in rows],
                      dtype=np.int32),
        beneficiaries=np.array(people, dtype=float),
    )


def _read(drawing: str) -> tuple[dict[str, str], list[_Line]]:
    """Nodes with their kinds, and lines with the nodes at their ends."""
    rows = drawing.splitlines()
    nodes: dict[str, str] = {}
    node_at: dict[Cell, str] = {}
    open_at: dict[Cell, set[Cell]] = {}
    label_at: dict[Cell, str] = {}
    for y, row in enumerate(rows):
        rest = row
        for found in NODE.finditer(row):
            if _inside_label(row, found.start()):
                continue
            kind = str(found.lastgroup)
            name = found[kind]
            assert name not in nodes, f"{name} is drawn twice"
            nodes[name] = kind
            node_at |= {(y, x): name for x in range(found.start(), found.end())}
            rest = rest[: found.start()] + " " * len(found[0]) + rest[found.end():]
        for found in re.finditer(r"[^\s|+-]+", rest):
            x = found.start()
            if x and row[x - 1] == "|":
                label_at[y, x - 1] = found[0]
                continue
            label_at[y, x] = found[0]
            open_at |= {(y, i): OPEN["-"] for i in range(x, found.end())}
        open_at |= {(y, x): OPEN[c] for x, c in enumerate(rest) if c in OPEN}
    return nodes, list(_lines(open_at, node_at, label_at))


def _inside_label(row: str, x: int) -> bool:
    return x > 0 and (row[x - 1] in ":@" or row[x - 1].isalnum())


def _lines(
    open_at: Mapping[Cell, set[Cell]], node_at: Mapping[Cell, str], label_at: Mapping[Cell, str]
) -> Iterator[_Line]:
    seen: set[Cell] = set()
    for first in open_at:
        if first in seen:
            continue
        line, waiting = _Line(), [first]
        seen.add(first)
        while waiting:
            cell = waiting.pop()
            line.label += label_at.get(cell, "")
            for dy, dx in open_at[cell]:
                beside = (cell[0] + dy, cell[1] + dx)
                if beside in node_at:
                    line.ends.append(node_at[beside])
                elif (-dy, -dx) in open_at.get(beside, ()) and beside not in seen:
                    seen.add(beside)
                    waiting.append(beside)
        assert len(line.ends) == 2, f"a line from {first} joins {line.ends}"
        yield line


def _named(lines: Iterable[_Line]) -> dict[str, tuple[list[str], re.Match[str]]]:
    links: dict[str, tuple[list[str], re.Match[str]]] = {}
    counts: dict[str, int] = defaultdict(int)
    for line in lines:
        parts = LABEL.fullmatch(line.label)
        assert parts is not None, f"{line.label!r} names no link"
        ends = sorted(line.ends)
        name = parts["id"]
        if name is None:
            name = "-".join(ends)
            counts[name] += 1
            name += f".{counts[name]}" if counts[name] > 1 else ""
        assert name not in links, f"{name} is drawn twice"
        links[name] = (ends, parts)
    return links
