"""Items of a collection into an open file, with a count of the bytes on a terminal."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import IO

from rich.console import Console
from rich.progress import DownloadColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from gis_service.model.audience import Audience, Principal
from gis_service.model.exports import Export
from gis_service.services.exports import Exports


async def write_to(
    exports: Exports,
    export: Export,
    audience: Audience,
    file: IO[bytes],
    tell: Callable[[int], None],
) -> int:
    """The items into a file; how many there are."""
    download = await exports.open(export, Principal(audience))
    try:
        async for data in download.chunks():
            tell(file.write(data))
        return await download.items()
    finally:
        await download.close()


@contextmanager
def counter() -> Iterator[Callable[[int], None]]:
    """Takes the bytes written so far, and shows their sum on a terminal."""
    columns = (SpinnerColumn(), TextColumn("Writing"), DownloadColumn(), TimeElapsedColumn())
    console = Console(stderr=True)
    with Progress(
        *columns, console=console, transient=True, disable=not console.is_terminal
    ) as bar:
        task = bar.add_task("bytes", total=None)
        yield lambda size: bar.advance(task, size)
