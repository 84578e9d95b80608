"""The quality report of a package of the Open Fibre Data Standard, of a file or of a network."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from gis_service.formats.limits import ReadLimits
from gis_service.formats.ofds_reading import read_package
from gis_service.model.days import today
from gis_service.model.fields import Language
from gis_service.model.ofds import version_named
from gis_service.model.quality import QualityReport
from gis_service.printing.document_html import document_html
from gis_service.printing.document_xlsx import document_xlsx
from gis_service.printing.quality_document import quality_document
from gis_service.settings import Settings
from gis_service.validation.geometry import KENYA, Extent
from gis_service.validation.ofds.checking import Asked, check_package


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
    limits = ReadLimits(file_mb=settings.max_file_mb)
    package = read_package(path, limits=limits)
    earlier = read_package(request.before, limits=limits) if request.before else None
    asked = Asked(
        today=today(),
        version=version_named(request.version) if request.version else None,
        region=request.region,
        earlier=earlier.document if earlier else None,
    )
    return check_package(
        package.document, asked, source=path.name, form=package.form, notes=package.notes
    )


def quality_page(report: QualityReport, settings: Settings, language: Language) -> bytes:
    """The report as one HTML page that holds all it needs, UTF-8."""
    return document_html(quality_document(report, language, today(), settings.municipality))


def quality_workbook(report: QualityReport, settings: Settings, language: Language) -> bytes:
    """The report as a workbook, with every finding."""
    return document_xlsx(quality_document(report, language, today(), settings.municipality))
