"""The quality report of a package of the Open Fibre Data Standard, of a file or of a network."""

from __future__ import annotations

import asyncio
import json
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gis_service.formats.limits import ReadLimits
from gis_service.formats.ofds_reading import read_package
from gis_service.model.audience import Audience
from gis_service.model.days import today
from gis_service.model.fields import Language
from gis_service.model.network_exports import NetworkFormat
from gis_service.model.ofds import version_named
from gis_service.model.quality import QualityReport
from gis_service.printing.document_html import document_html
from gis_service.printing.document_xlsx import document_xlsx
from gis_service.printing.quality_document import quality_document
from gis_service.services.ofds_export import NetworkExports
from gis_service.settings import Settings
from gis_service.validation.geometry import KENYA, Extent
from gis_service.validation.ofds.checking import Asked, check_package

OURS = "the database"
"""The form of networks that are in no file."""


@dataclass(frozen=True, slots=True)
class QualityRequest:
    """
    What a package is measured by.

    Parameters
    ----------
    version
        Version of the standard for networks that do not say it.
    region
        West, south, east, north of where networks should be.
    before
        The package as it was before, to see what moved backwards.
    """

    version: str | None = None
    region: Extent = KENYA
    before: Path | None = None


def quality_of_file(settings: Settings, path: Path, request: QualityRequest) -> QualityReport:
    """
    Check the package in a file; nothing is kept.

    Raises
    ------
    UnreadableFile
        It is no package that can be read.
    InvalidInput
        There is no version of that name.
    """
    package = read_package(path, limits=ReadLimits(file_mb=settings.max_file_mb))
    return check_package(
        package.document, asked_by(settings, request), source=path.name, form=package.form,
        notes=package.notes,
    )


async def quality_of_network(
    exports: NetworkExports, settings: Settings, networks: Sequence[str], request: QualityRequest
) -> QualityReport:
    """
    Check networks of the database, as staff see them, by what their export says.

    Raises
    ------
    NotFound
        There is no such network.
    UnreadableFile
        The package as it was before cannot be read.
    """
    with tempfile.TemporaryDirectory(prefix="gis-quality-") as made:
        path = Path(made) / "package.json"
        await exports.write(networks, NetworkFormat.OFDS_JSON, Audience.PLANNER, path)
        document = await asyncio.to_thread(loaded, path)
    return await asyncio.to_thread(
        check_package, document, asked_by(settings, request), source=", ".join(networks),
        form=OURS,
    )


def loaded(path: Path) -> Mapping[str, Any]:
    """A package that was written as JSON."""
    document: Mapping[str, Any] = json.loads(path.read_bytes())
    return document


def asked_by(settings: Settings, request: QualityRequest) -> Asked:
    """What a package is measured by, today; raises `UnreadableFile`, `InvalidInput`."""
    limits = ReadLimits(file_mb=settings.max_file_mb)
    earlier = read_package(request.before, limits=limits) if request.before else None
    return Asked(
        today=today(),
        version=version_named(request.version) if request.version else None,
        region=request.region,
        earlier=earlier.document if earlier else None,
    )


def quality_page(report: QualityReport, settings: Settings, language: Language) -> bytes:
    """The report as one HTML page that holds all it needs, UTF-8."""
    return document_html(quality_document(report, language, today(), settings.municipality))


def quality_workbook(report: QualityReport, settings: Settings, language: Language) -> bytes:
    """The report as a workbook, with every finding."""
    return document_xlsx(quality_document(report, language, today(), settings.municipality))
