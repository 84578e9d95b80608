"""A load by parts on the command line: what is told when it does not come to its end."""

from __future__ import annotations

import sys
from collections.abc import Callable

import click

from gis_service.model.reports import LoadReport
from gis_service.services.load_groups import PartRejected
from gis_service.services.load_requests import LoadRequest, Progress
from gis_service.services.loading_by_parts import KeptSoFar, load_by_parts
from gis_service.settings import Settings
from gis_service.store.database import Database

INTERRUPTED = 130


def by_parts(
    settings: Settings, request: LoadRequest, part_rows: int
) -> Callable[[Database, Progress | None], LoadReport]:
    """The load of a file by parts, which says what is kept when it is cut short."""

    def work(database: Database, progress: Progress | None) -> LoadReport:
        so_far: list[KeptSoFar] = []
        try:
            return load_by_parts(
                database, settings, request, part_rows=part_rows, progress=progress,
                tell=so_far.append,
            )
        except KeyboardInterrupt:
            click.echo(f"\nInterrupted: {_kept(so_far)}", err=True)
            sys.exit(INTERRUPTED)
        except PartRejected:
            raise
        except Exception:
            if so_far and so_far[-1].parts:
                click.echo(f"It ended early: {_kept(so_far)}", err=True)
            raise

    return work


def _kept(so_far: list[KeptSoFar]) -> str:
    kept = so_far[-1] if so_far else KeptSoFar(0, None)
    if not kept.parts:
        return "no part was loaded yet, the database is as it was."
    return (
        f"{kept.parts:,} of {kept.of:,} parts are kept. The same command goes on with the others; "
        "./gis loads list shows them."
    )
