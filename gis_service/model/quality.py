"""What the quality report of a package tells."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any

from gis_service.model.reports import Severity

MOST_KEPT = 10_000
"""Findings of one rule that are kept; more are counted."""


class Family(StrEnum):
    """
    Whose rule it is.

    `SCHEMA` and `STANDARD` decide whether a package conforms; `QUALITY` is what
    the standard allows and a map suffers from.
    """

    SCHEMA = "schema"
    STANDARD = "standard"
    QUALITY = "quality"


@dataclass(frozen=True, slots=True)
class Finding:
    """
    One place where a package breaks a rule.

    Parameters
    ----------
    rule
        Stable id: `schema-...` of the JSON Schema, libcoveofds's own names for
        its checks, `KIS-...` for ours.
    message
        What is wrong, in plain words.
    path
        Names and indices from the package to the value:
        ("networks", 0, "spans", 3, "start").
    network, kind, id, name
        Id of the network; what the object is ("node", "span", ...), its id and its name.
    value
        What is there, shortened.
    details
        Numbers and ids behind the message, for programs.
    """

    rule: str
    severity: Severity
    message: str
    path: tuple[str | int, ...]
    network: str = ""
    kind: str = ""
    id: str = ""
    name: str = ""
    value: str = ""
    details: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class RuleCount:
    """How often a rule was broken, by severity; `findings` may hold fewer of them."""

    rule: str
    severity: Severity
    count: int


@dataclass(frozen=True, slots=True)
class FieldCoverage:
    """How many of a class's objects fill a property, named from the network: `nodes/name`."""

    path: str
    filled: int
    objects: int

    @property
    def share(self) -> float:
        return self.filled / self.objects if self.objects else 0.0


@dataclass(frozen=True, slots=True)
class AdditionalField:
    """A property that the standard does not know, how often it is there, and a few values."""

    path: str
    count: int
    examples: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class NetworkSummary:
    """
    One network of a package.

    `version` is what it was checked as; `stated` whether it says so itself.
    """

    id: str
    name: str
    version: str
    stated: bool
    objects: Mapping[str, int]
    route_km: float


@dataclass(frozen=True, slots=True)
class QualityReport:
    """
    The quality of one package.

    Parameters
    ----------
    counts
        Of every rule that was broken, worst first.
    findings
        Worst first; at most `MOST_KEPT` of one rule.
    """

    source: str
    form: str
    networks: tuple[NetworkSummary, ...]
    counts: tuple[RuleCount, ...]
    findings: tuple[Finding, ...]
    coverage: tuple[FieldCoverage, ...]
    additional: tuple[AdditionalField, ...]
    notes: tuple[str, ...] = ()
    duration_s: float = 0.0

    def total(self, severity: Severity) -> int:
        return sum(each.count for each in self.counts if each.severity is severity)

    @property
    def conforms(self) -> bool:
        """Whether no rule of the standard itself is broken."""
        return not any(
            each.severity is Severity.ERROR and family_of(each.rule) is not Family.QUALITY
            for each in self.counts
        )

    def as_json(self) -> dict[str, Any]:
        """The report as a JSON object, whole."""
        return {
            "source": self.source,
            "form": self.form,
            "conforms": self.conforms,
            "totals": {each.value: self.total(each) for each in Severity},
            "networks": [asdict(each) for each in self.networks],
            "counts": [
                asdict(each) | {"family": family_of(each.rule).value} for each in self.counts
            ],
            "findings": [asdict(each) for each in self.findings],
            "coverage": [asdict(each) | {"share": round(each.share, 4)} for each in self.coverage],
            "additional": [asdict(each) for each in self.additional],
            "notes": list(self.notes),
            "duration_s": round(self.duration_s, 3),
        }


def family_of(rule: str) -> Family:
    """Whose rule it is, by its id."""
    if rule.startswith("schema-"):
        return Family.SCHEMA
    return Family.QUALITY if rule.startswith("KIS-") or rule == "check-crashed" else Family.STANDARD


def in_order(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Errors first, then warnings, then information; each in the order of the package."""
    rank = list(Severity)
    return tuple(sorted(findings, key=lambda f: rank.index(f.severity)))
