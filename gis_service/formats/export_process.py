"""Running the writing process: its folder, its environment, its end."""

from __future__ import annotations

import asyncio
import logging
import os
import sys
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import IO

from gis_service.errors import ExportFailed
from gis_service.formats.export_child import WriteJob

_PACKAGE_ROOT = Path(__file__).resolve().parents[2]

log = logging.getLogger("gis_service.exports")


@asynccontextmanager
async def writing(
    job: WriteJob,
) -> AsyncIterator[tuple[Callable[[bytes], Awaitable[None]], Callable[[], Awaitable[IO[bytes]]]]]:
    """
    A process that writes a file.

    Yields
    ------
    tuple
        What takes the rows as CSV, waiting for the process; and what ends them
        and gives the file, which has no name any more.

    Raises
    ------
    ExportFailed
        The process failed; its log says why.
    """
    with tempfile.TemporaryDirectory(prefix="gis-export-") as made:
        folder = Path(made)
        job.save(folder)
        with (folder / "stderr").open("wb") as errors:
            process = await asyncio.create_subprocess_exec(
                sys.executable, "-s", "-m", "gis_service.formats.export_child", str(folder),
                cwd=folder,
                env=_environment(folder),
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.DEVNULL,
                stderr=errors,
                start_new_session=True,
            )
        rows = process.stdin
        assert rows is not None  # noqa: S101 - asked for above

        async def take(data: bytes) -> None:
            try:
                rows.write(data)
                await rows.drain()
            except (BrokenPipeError, ConnectionResetError):
                await process.wait()
                raise _failure(folder) from None

        async def finished() -> IO[bytes]:
            rows.close()
            if await process.wait() != 0:
                raise _failure(folder)
            return (folder / job.file).open("rb", buffering=0)

        try:
            yield take, finished
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()


def _failure(folder: Path) -> ExportFailed:
    said = (folder / "stderr").read_text(errors="replace").strip()
    log.error("the writing process failed:\n%s", said[-2_000:])
    return ExportFailed("The file could not be written.")


def _environment(folder: Path) -> dict[str, str]:
    """Nothing of ours: no credentials, no settings."""
    return {
        "PATH": os.defpath,
        "HOME": str(folder),
        "TMPDIR": str(folder),
        "LANG": "C.UTF-8",
        "PYTHONPATH": str(_PACKAGE_ROOT),
        "PYTHONDONTWRITEBYTECODE": "1",
        "OMP_NUM_THREADS": "1",
        "OPENBLAS_NUM_THREADS": "1",
        "ARROW_DEFAULT_MEMORY_POOL": "system",
    }
