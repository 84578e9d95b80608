"""Ids and what names them: every reference leads somewhere, every id is one object's."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

from gis_service.model.ofds import VERSIONS
from gis_service.validation.ofds.findings import KINDS, Findings, Path
from gis_service.validation.ofds.view import Json, NetworkView

_SEEN_BY_PEERS = frozenset({"phase", "funders", "relatedPhases", "supplier", "networkProviders",
                            "physicalInfrastructureProvider"})
"""Properties whose references libcoveofds checks too, under its names."""


def check_ids(view: NetworkView, findings: Findings) -> None:
    """Report each place where an id is not the only one of its array."""
    for array, kind in KINDS.items():
        rule = "KIS-R3" if array == "wayleaves" else f"duplicate_{kind}_id"
        objects = view.objects(array)
        count = Counter(o["id"] for o in objects if isinstance(o.get("id"), str))
        twice = {id_ for id_, times in count.items() if times > 1}
        for position, each in enumerate(objects) if twice else ():
            if isinstance(id_ := each.get("id"), str) and id_ in twice:
                findings.add(
                    rule, view.path(array, position, "id"),
                    f"{count[id_]} {array} have the id {id_!r}.", value=id_,
                )


def check_span_nodes(view: NetworkView, findings: Findings) -> None:
    """Report spans whose start or end is missing, is no node, or is both."""
    for position, span in enumerate(view.objects("spans")):
        ends = {side: span.get(side) for side in ("start", "end")}
        for side, named in ends.items():
            if not named:
                findings.add(
                    "KIS-R4", view.path("spans", position), f"The span has no {side} node.",
                )
            elif view.is_whole and isinstance(named, str) and named not in view.nodes:
                findings.add(
                    f"span_{side}_node_not_found", view.path("spans", position, side),
                    f"No node has the id {named!r}, where the span should {side}.", value=named,
                    missing_node_id=named,
                )
        if ends["start"] and ends["start"] == ends["end"]:
            findings.add(
                "KIS-G3", view.path("spans", position),
                f"The span starts and ends at the node {ends['start']!r}.", value=ends["start"],
            )


def check_references(view: NetworkView, findings: Findings) -> None:
    """Report references to phases, organisations and wayleaves that do not lead to one."""
    named = {
        target: {
            id_: view.objects(array)[position].get("name")
            for id_, position in view.ids(array).items()
        }
        for target, array in _ARRAYS.items()
    }
    for array in KINDS:
        steps = _references(array)
        for position, each in enumerate(view.objects(array)):
            for step, target in steps:
                for path, reference in _found(each, step):
                    wrong = _wrong(target.lower(), reference, named[target])
                    if wrong is not None:
                        end, at, message, value = wrong
                        prefix = _prefix(array, target, step)
                        findings.add(
                            f"{prefix}{end}" if prefix else "KIS-R1",
                            view.path(array, position, *path, *at), message, value=value,
                            field="/".join(step),
                        )


def _wrong(what: str, reference: Any, named: Json) -> tuple[str, Path, str, Any] | None:
    """The end of a rule's id, the path, the message and the value of what is wrong, if it is."""
    if isinstance(reference, str):
        missing = f"No {what} of the network has the id {reference!r}."
        return None if reference in named else ("_id_not_found", (), missing, reference)
    if not isinstance(reference, Mapping) or not isinstance(id_ := reference.get("id"), str):
        return None
    stated = reference.get("name")
    if id_ not in named:
        missing = f"No {what} of the network has the id {id_!r}."
        return "_id_not_found", ("id",), missing, id_
    if not stated or stated == named[id_]:
        return None
    if named[id_]:
        said = f"It is called {stated!r} here, but the {what} {id_!r} is {named[id_]!r}."
        return "_name_does_not_match", ("name",), said, stated
    said = f"It is called {stated!r} here, but the {what} {id_!r} has no name."
    return "_name_set_but_not_in_original", ("name",), said, stated


def _prefix(array: str, target: str, steps: tuple[str, ...]) -> str:
    """How libcoveofds names the checks of this reference; empty where it makes none."""
    if steps[0] not in _SEEN_BY_PEERS or len(steps) > 1:
        return ""
    related = "related_" if steps[0] == "relatedPhases" else ""
    return f"{KINDS[array]}_{related}{target.lower()}_reference"


def _found(value: Any, steps: Path) -> Iterator[tuple[Path, Any]]:
    """Values at names below an object, members of arrays one by one."""
    if isinstance(value, list):
        for position, each in enumerate(value):
            for path, found in _found(each, steps):
                yield (position, *path), found
    elif not steps:
        yield (), value
    elif isinstance(value, Mapping) and steps[0] in value:
        for path, found in _found(value[steps[0]], steps[1:]):
            yield (steps[0], *path), found


@cache
def _references(array: str) -> tuple[tuple[tuple[str, ...], str], ...]:
    """
    Where an array's objects name others, in any version, and the class that they name.

    A property of another version is unknown to this one, but it names what it names.
    """
    found: dict[tuple[str, ...], str] = {}
    for version in VERSIONS.values():
        for property_ in version.properties("Network"):
            if property_.name == array:
                found |= dict(_within(version.id, property_.of))
    return tuple(found.items())


def _within(version_id: str, class_name: str) -> Iterator[tuple[tuple[str, ...], str]]:
    version = VERSIONS[version_id]
    for property_ in version.properties(class_name):
        if property_.refers_to in _ARRAYS:
            yield (property_.name,), property_.refers_to
        elif property_.of:
            target = version.class_named(property_.of).refers_to
            if target:
                yield (property_.name,), target
            else:
                for steps, named in _within(version_id, property_.of):
                    yield (property_.name, *steps), named


_ARRAYS = {"Phase": "phases", "Organisation": "organisations", "Wayleave": "wayleaves"}
