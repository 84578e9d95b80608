"""Collecting what the checks of a package find."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from gis_service.model.declarations.quality_rules import QUALITY_RULES
from gis_service.model.quality import MOST_KEPT, Finding, RuleCount, in_order
from gis_service.model.reports import Severity

Path = tuple[str | int, ...]
KINDS = {
    "nodes": "node",
    "spans": "span",
    "phases": "phase",
    "organisations": "organisation",
    "contracts": "contract",
    "wayleaves": "wayleave",
}
"""What a member of each array of a network is."""
_SEVERITY = {rule.id: rule.severity for rule in QUALITY_RULES}
_SHOWN = 120


@dataclass(frozen=True, slots=True)
class Found:
    """
    Findings in a part of a package, in the order in which they were made.

    Parameters
    ----------
    counts
        How many there are of each rule and severity; of some more than in `findings`.
    """

    findings: tuple[Finding, ...]
    counts: Mapping[tuple[str, Severity], int]


class Findings:
    """
    Findings so far.

    Parameters
    ----------
    document
        The package, from which ids and names of objects are taken.
    most
        So many of one rule are kept; the others are counted.
    """

    def __init__(self, document: Mapping[str, Any], *, most: int = MOST_KEPT) -> None:
        self._document = document
        self._most = most
        self._found: list[Finding] = []
        self._counts: Counter[tuple[str, Severity]] = Counter()

    def add(
        self,
        rule: str,
        path: Path,
        message: str,
        *,
        value: Any = None,
        severity: Severity | None = None,
        **details: Any,
    ) -> None:
        """
        Report one place.

        Parameters
        ----------
        path
            From the package to the value; what it belongs to is read off it.
        severity
            Where it is another than that of the rule.
        """
        severity = severity or _SEVERITY[rule]
        self._counts[rule, severity] += 1
        if self._counts[rule, severity] > self._most:
            return
        network, kind, id_, name = self._owner(path)
        self._found.append(
            Finding(rule, severity, message, path, network, kind, id_, name, shown(value), details)
        )

    @property
    def all(self) -> Found:
        """All of it, without the package."""
        return Found(tuple(self._found), dict(self._counts))

    def add_all(self, found: Found) -> None:
        """Take over what was found in what comes after this in the package."""
        kept = Counter(self._counts)
        for each in found.findings:
            kept[each.rule, each.severity] += 1
            if kept[each.rule, each.severity] <= self._most:
                self._found.append(each)
        self._counts.update(found.counts)

    @contextmanager
    def guarded(self, check: str) -> Iterator[None]:
        """A check that crashes has checked nothing: that is a finding, never a pass."""
        try:
            yield
        except Exception as error:
            self.add(
                "check-crashed", (),
                f"The check of {check} failed, and what it looks for is not known: "
                f"{type(error).__name__}: {error}",
            )

    def in_order(self) -> tuple[Finding, ...]:
        """Errors first, each severity in the order of the package."""
        return in_order(self._found)

    def counts(self) -> tuple[RuleCount, ...]:
        """Of every rule that was broken: worst first, then the most frequent."""
        rank = list(Severity)
        ordered = sorted(
            self._counts.items(), key=lambda each: (rank.index(each[0][1]), -each[1], each[0][0])
        )
        return tuple(RuleCount(rule, severity, n) for (rule, severity), n in ordered)

    def _owner(self, path: Path) -> tuple[str, str, str, str]:
        """Id of the network; kind, id and name of the object in it."""
        steps = iter(path)
        network: Any = self._document
        for _ in range(2):
            network = _step(network, next(steps, None))
        array, position = next(steps, None), next(steps, None)
        kind = KINDS.get(str(array), "")
        found = _step(_step(network, array), position) if kind and position is not None else None
        if not isinstance(found, Mapping):
            kind = "network" if isinstance(network, Mapping) else ""
            found = network
        return _text(network, "id"), kind, _text(found, "id"), _text(found, "name")


def shown(value: Any) -> str:
    """A value as short text."""
    if value is None:
        return ""
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= _SHOWN else text[: _SHOWN - 3] + "..."


def _step(value: Any, step: str | int | None) -> Any:
    if isinstance(value, Mapping):
        return value.get(step)
    if isinstance(value, list) and isinstance(step, int) and step < len(value):
        return value[step]
    return None


def _text(value: Any, name: str) -> str:
    found = value.get(name) if isinstance(value, Mapping) else None
    return "" if found is None else shown(found)
