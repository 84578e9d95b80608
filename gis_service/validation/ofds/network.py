"""The network as a whole: what is joined, what is live, and the codes that it uses."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any

import numpy as np

from gis_service.model.codelists import STATUS
from gis_service.model.ofds import Kind, OfdsVersion, open_codes
from gis_service.validation.ofds.findings import Findings, Path
from gis_service.validation.ofds.view import Json, NetworkView
from gis_service.validation.topology import components

_BETWEEN = re.compile(r"\s+(?:[-–—]|to|hadi)\s+")  # noqa: RUF001 - dashes as people type them
_ORDER = STATUS.values()
"""A status's place in the life of what has it."""
_NEVER_NEGATIVE = (
    ("spans", ("fibreCount",)), ("spans", ("fibreLength",)), ("spans", ("capacity",)),
    ("contracts", ("value", "amount")), ("wayleaves", ("term", "years")),
    ("wayleaves", ("cost", "perMetre", "amount")),
)


def check_links(view: NetworkView, findings: Findings) -> None:
    """Say where nodes or spans are in other files, which were not read."""
    for array in ("nodes", "spans"):
        if view.is_external(array):
            findings.add(
                f"has_links_with_external_{array.removesuffix('s')}_data", view.path(),
                f"A link says that {array} are in another file; only what is here was checked.",
            )


def check_connections(view: NetworkView, findings: Findings) -> None:
    """Report international connections that do not say which country they lead to."""
    for position, node in enumerate(view.objects("nodes")):
        listed = node.get("internationalConnections")
        for at, each in enumerate(listed if isinstance(listed, list) else ()):
            if isinstance(each, Mapping) and not each.get("country"):
                findings.add(
                    "node_international_connections_country_not_set",
                    view.path("nodes", position, "internationalConnections", at),
                    "The connection does not name its country.",
                )


def check_use(view: NetworkView, findings: Findings) -> None:
    """Report nodes that no span of the network names."""
    if not view.is_whole:
        return
    used = {
        named for span in view.objects("spans") for side in ("start", "end")
        if isinstance(named := span.get(side), str)
    }
    for position, node in enumerate(view.objects("nodes")):
        if isinstance(id_ := node.get("id"), str) and id_ and id_ not in used:
            findings.add(
                "node_not_used_in_any_spans", view.path("nodes", position),
                "No span starts or ends at the node.", value=id_,
            )


def check_access(view: NetworkView, findings: Findings) -> None:
    """Report parts of the network that hang together but have no access point."""
    nodes = view.objects("nodes")
    if not view.is_whole or not nodes:
        return
    if not any("accessPoint" in node for node in nodes):
        findings.add(
            "KIS-N1", view.path("nodes"),
            f"None of the {len(nodes):,} nodes says whether it is an access point.",
        )
        return
    part = components(len(nodes), view.start, view.end)
    joined = np.zeros(part.max() + 1, dtype=bool)
    known = (view.start >= 0) & (view.end >= 0)
    joined[part[view.start[known]]] = True
    for position, node in enumerate(nodes):
        if node.get("accessPoint") is True:
            joined[part[position]] = False
    first = {number: position for position, number in reversed(list(enumerate(part.tolist())))}
    size = np.bincount(part)
    for number in np.flatnonzero(joined).tolist():
        findings.add(
            "KIS-N1", view.path("nodes", first[number]),
            f"The part of {size[number]:,} nodes around it has no access point.",
            nodes=int(size[number]),
        )


def check_names(view: NetworkView, findings: Findings) -> None:
    """Report spans named `A - B` or `A to B` after two nodes, of which they do not join one."""
    nodes = view.objects("nodes")
    known = {name for node in nodes if isinstance(name := node.get("name"), str)}
    spans = view.objects("spans")
    count = Counter(name for span in spans if isinstance(name := span.get("name"), str))
    for position, span in enumerate(spans):
        if not isinstance(name := span.get("name"), str):
            continue
        called = set(_BETWEEN.split(name))
        joined = [nodes[i[position]] for i in (view.start, view.end) if i[position] >= 0]
        ends = {end for node in joined if isinstance(end := node.get("name"), str)}
        if len(called) != 2 or len(ends) != 2:
            continue
        if called <= known and called != ends:
            shared = f" {count[name]:,} spans have this name." if count[name] > 1 else ""
            both = " and ".join(sorted(map(repr, ends)))
            findings.add(
                "KIS-N2", view.path("spans", position, "name"),
                f"It is called {name!r}, but joins {both}.{shared}", value=name,
                spans=count[name],
            )


def check_status(view: NetworkView, findings: Findings, *, today: date) -> None:
    """Report spans that are live beside nodes that are not, or before their date."""
    for position, span in enumerate(view.objects("spans")):
        if span.get("status") != "operational":
            continue
        for side, index in (("start", view.start), ("end", view.end)):
            node = view.objects("nodes")[index[position]] if index[position] >= 0 else {}
            if (status := node.get("status")) not in {None, "operational"}:
                findings.add(
                    "KIS-S1", view.path("spans", position, side),
                    f"The span is operational, but its {side} node is {status}.",
                    value=status, node_id=node.get("id"),
                )
        ready = _date(span.get("readyForServiceDate"))
        if ready is not None and ready > today:
            findings.add(
                "KIS-S2", view.path("spans", position, "readyForServiceDate"),
                f"The span is operational, but will be ready for service on {ready} only.",
                value=str(ready),
            )


def check_steps_back(view: NetworkView, findings: Findings, *, earlier: Json) -> None:
    """
    Report what an earlier package says was further on in its life.

    Parameters
    ----------
    earlier
        The network of the same id as it was.
    """
    before = NetworkView(view.number, earlier, view.version)
    for array in ("nodes", "spans"):
        known = before.ids(array)
        for position, each in enumerate(view.objects(array)):
            if each.get("id") not in known:
                continue
            was = before.objects(array)[known[each["id"]]].get("status")
            now = each.get("status")
            if was in _ORDER and now in _ORDER and _ORDER.index(now) < _ORDER.index(was):
                findings.add(
                    "KIS-S3", view.path(array, position, "status"),
                    f"It was {was} before and is {now} now.", value=now, was=was,
                )


def check_numbers(view: NetworkView, findings: Findings) -> None:
    """Report counts, lengths and amounts below zero, which the schema lets pass."""
    accuracy = view.network.get("accuracy")
    if _is_negative(accuracy):
        findings.add("KIS-V1", view.path("accuracy"), f"The accuracy is {accuracy}.",
                     value=accuracy)
    for array, steps in _NEVER_NEGATIVE:
        for position, each in enumerate(view.objects(array)):
            found: Any = each
            for step in steps:
                found = found.get(step) if isinstance(found, Mapping) else None
            if _is_negative(found):
                findings.add(
                    "KIS-V1", view.path(array, position, *steps), f"{steps[-1]!r} is {found}.",
                    value=found,
                )


def check_codes(view: NetworkView, findings: Findings) -> None:
    """Report codes that an open list lacks: each code once for each property."""
    count: Counter[tuple[tuple[str, ...], str, str]] = Counter()
    first: dict[tuple[tuple[str, ...], str, str], Path] = {}
    for path, codelist, code in _codes(view.version, "Network", view.network):
        known = open_codes(codelist, view.version.id)
        if known is None or code in known or _is_tag(codelist, code):
            continue
        key = tuple(step for step in path if isinstance(step, str)), codelist, code
        count[key] += 1
        first.setdefault(key, path)
    for key, times in count.items():
        _, codelist, code = key
        where = f" It stands in {times:,} places; this is the first." if times > 1 else ""
        findings.add(
            "KIS-C1", view.path(*first[key]),
            f"{code!r} is no code of the open list {codelist}.{where}", value=code, count=times,
        )


def _codes(
    version: OfdsVersion, class_name: str, value: Any, path: Path = ()
) -> Iterator[tuple[Path, str, str]]:
    """Path, codelist and code of every code of an open list at and below an object."""
    if not isinstance(value, Mapping):
        return
    for property_ in version.properties(class_name):
        if property_.name not in value or property_.kind not in {Kind.CODE, Kind.OBJECT}:
            continue
        found, here = value[property_.name], (*path, property_.name)
        members = (
            [((*here, n), each) for n, each in enumerate(found)]
            if isinstance(found, list) else [(here, found)]
        )
        for at, each in members:
            if property_.kind is Kind.OBJECT:
                yield from _codes(version, property_.of, each, at)
            elif not property_.closed and isinstance(each, str):
                yield at, property_.codelist, each


def _is_tag(codelist: str, code: str) -> bool:
    """Languages may be BCP 47 tags: a code of the list and what follows it."""
    known = open_codes(codelist, "0.4") or ()
    return codelist == "language" and code.partition("-")[0] in known


def _is_negative(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and value < 0


def _date(value: Any) -> date | None:
    try:
        return date.fromisoformat(value)
    except (ValueError, TypeError):
        return None
