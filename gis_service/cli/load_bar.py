"""How far a long load is, on a terminal."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

from gis_service.services.load_requests import Progress as Reporter

BAR_ROWS = 5_000
"""Shorter loads show no progress bar."""


@contextmanager
def loading_bar() -> Iterator[Reporter | None]:
    """A progress bar on a terminal, once it is known that the load is long."""
    console = Console(stderr=True)
    if not console.is_terminal:
        yield None
        return
    columns = (
        TextColumn("[bold]Loading"), BarColumn(), MofNCompleteColumn(),
        TextColumn("{task.fields[rate]:,.0f} rows/s"), TimeElapsedColumn(), TimeRemainingColumn(),
    )
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task("rows", total=None, visible=False, rate=0.0)

        def report(done: int, total: int) -> None:
            elapsed = bar.tasks[0].elapsed or 0.0
            bar.update(
                task, completed=done, total=total, visible=total > BAR_ROWS,
                rate=done / elapsed if elapsed else 0.0,
            )

        yield report
