"""Where a load's report is written to: a page, a table, JSON, or the rejected rows."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import click

from gis_service.model.fields import Language
from gis_service.model.reports import LoadReport
from gis_service.printing.load_report import load_report_csv, load_report_html

REJECTS = ".gpkg"
_ENDINGS = (".html", ".json", ".csv", REJECTS)


def report_files(
    _: click.Context, __: click.Parameter, values: tuple[Path, ...]
) -> tuple[Path, ...]:
    """The files asked for, one for each ending."""
    endings = [path.suffix.lower() for path in values]
    for path, ending in zip(values, endings, strict=True):
        if ending not in _ENDINGS:
            raise click.BadParameter(f"{path.name!r} does not end with {', '.join(_ENDINGS)}")
        if endings.count(ending) > 1:
            raise click.BadParameter(f"two files end with {ending}")
        if not path.absolute().parent.is_dir():
            raise click.BadParameter(f"there is no folder {path.parent}")
    return values


def rejects_of(files: Iterable[Path]) -> Path | None:
    """The file that takes the rejected rows; the load itself writes it."""
    return next((path for path in files if path.suffix.lower() == REJECTS), None)


def write_reports(
    report: LoadReport,
    files: Iterable[Path],
    language: Language,
    *,
    rejected: bool,
    service: str = "",
) -> list[Path]:
    """Write the report to each file, with links to the `service`; tell which there are now."""
    written = []
    for path in files:
        # A file of any other ending is the table of faults, wherever it is asked for.
        ending = path.suffix.lower()
        if ending == ".html":
            path.write_bytes(
                load_report_html(report, language, rejected=rejected, service=service)
            )
        elif ending == ".json":
            with path.open("w", encoding="utf-8") as file:
                file.writelines(report.written())
        elif ending != REJECTS:
            with path.open("w", encoding="utf-8-sig", newline="") as file:
                file.writelines(load_report_csv(report, language))
        elif not report.rejected:
            continue
        written.append(path)
    return written
