"""All checks of one package, each guarded, and what they found."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import partial
from typing import Any

from gis_service.model.ofds import OfdsVersion, likely_version, version_of
from gis_service.model.quality import NetworkSummary, QualityReport
from gis_service.validation.geometry import KENYA, Extent
from gis_service.validation.ofds import geometry, network, references, schema
from gis_service.validation.ofds.coverage import Tally, coverage, tallied
from gis_service.validation.ofds.findings import KINDS, Findings, Found
from gis_service.validation.ofds.view import NetworkView
from gis_service.validation.topology import lengths_m


@dataclass(frozen=True, slots=True)
class Asked:
    """
    How a package is to be checked.

    Parameters
    ----------
    today
        What is ready later is not ready yet.
    version
        The version of networks that do not say it themselves; None takes the
        likely one.
    region
        West, south, east, north of where networks should be.
    earlier
        The package as it was before, to see what moved backwards.
    """

    today: date
    version: OfdsVersion | None = None
    region: Extent = KENYA
    earlier: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class CheckedNetwork:
    """What was found in one network of a package."""

    summary: NetworkSummary
    found: Found
    tally: Tally


def check_package(
    document: Mapping[str, Any],
    asked: Asked,
    *,
    source: str,
    form: str,
    notes: Sequence[str] = (),
) -> QualityReport:
    """
    The quality of a package.

    Parameters
    ----------
    document
        `{"networks": [...]}` as in the standard's JSON.
    source, form
        Where it came from and in what form, for the report.
    """
    listed = document.get("networks")
    networks = (
        check_network(each, number, asked)
        for number, each in enumerate(listed if isinstance(listed, list) else ())
        if isinstance(each, Mapping)
    )
    return report_of(document, networks, source=source, form=form, notes=notes)


def check_network(each: Mapping[str, Any], number: int, asked: Asked) -> CheckedNetwork:
    """
    Check one network of a package, for `report_of`.

    Parameters
    ----------
    number
        Its index in the package.
    """
    findings = Findings({"networks": {number: each}})
    view = NetworkView(number, each, version_of(each) or asked.version or likely_version(each))
    for name, check in _checks(asked):
        with findings.guarded(name):
            check(view, findings)
    _check_earlier(view, asked, findings)
    return CheckedNetwork(_summary(view), findings.all, tallied(view))


def report_of(
    around: Mapping[str, Any],
    networks: Iterable[CheckedNetwork],
    *,
    source: str,
    form: str,
    notes: Sequence[str] = (),
) -> QualityReport:
    """
    The quality of a package whose networks are checked one by one.

    Parameters
    ----------
    around
        The package; of its networks it matters only that they are there.
    networks
        In the order of the package.
    source, form
        As of `check_package`.
    """
    began = time.monotonic()
    findings, tally = Findings(around), Tally()
    summaries: list[NetworkSummary] = []
    with findings.guarded("the package's own properties"):
        schema.check_around(around, findings)
    for each in networks:
        findings.add_all(each.found)
        tally.add_all(each.tally)
        summaries.append(each.summary)
    filled, added = coverage(tally)
    return QualityReport(
        source=source,
        form=form,
        networks=tuple(summaries),
        counts=findings.counts(),
        findings=findings.in_order(),
        coverage=filled,
        additional=added,
        notes=tuple(notes),
        duration_s=time.monotonic() - began,
    )


def _checks(asked: Asked) -> tuple[tuple[str, Callable[[NetworkView, Findings], None]], ...]:
    """Every check of a network, and what to call it when it fails."""
    return (
        ("the JSON Schema", schema.check_schema),
        ("ids", references.check_ids),
        ("spans' nodes", references.check_span_nodes),
        ("references", references.check_references),
        ("links to other files", network.check_links),
        ("types of geometry", geometry.check_shapes),
        ("international connections", network.check_connections),
        ("use of nodes", network.check_use),
        ("the coordinate system", geometry.check_crs),
        ("positions", partial(geometry.check_places, region=asked.region)),
        ("misplaced nodes", geometry.check_misplaced_nodes),
        ("routes' ends", geometry.check_ends),
        ("routes", geometry.check_routes),
        ("spans given twice", geometry.check_twins),
        ("crossings", geometry.check_crossings),
        ("numbers", network.check_numbers),
        ("status", partial(network.check_status, today=asked.today)),
        ("access points", network.check_access),
        ("names of spans", network.check_names),
        ("open codes", network.check_codes),
    )


def _check_earlier(view: NetworkView, asked: Asked, findings: Findings) -> None:
    before = (asked.earlier or {}).get("networks")
    for each in before if isinstance(before, list) else ():
        if isinstance(each, Mapping) and each.get("id") == view.network.get("id"):
            with findings.guarded("steps back"):
                network.check_steps_back(view, findings, earlier=each)


def _summary(view: NetworkView) -> NetworkSummary:
    return NetworkSummary(
        id=str(view.network.get("id", "")),
        name=str(view.network.get("name", "")),
        version=view.version.id,
        stated=version_of(view.network) is not None,
        objects={array: len(view.objects(array)) for array in KINDS if view.objects(array)},
        route_km=round(float(lengths_m(view.lines).sum()) / 1_000, 3),
    )
