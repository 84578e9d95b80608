"""What each command does, asked once of the command line itself."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import sys
from pathlib import Path
from typing import Any

from gis_service.errors import Unavailable

PACKAGE_ROOT = Path(__file__).resolve().parents[2]
LONGEST_S = 60

log = logging.getLogger("gis_service.docs")


class CommandReference:
    """
    The commands with their options.

    The command line stands above the service and imports much, so a process of
    its own is asked, when somebody first wants to know.
    """

    def __init__(self) -> None:
        self._listed: list[dict[str, Any]] | None = None
        self._lock = asyncio.Lock()

    async def listed(self) -> list[dict[str, Any]]:
        """
        Every command: `path`, `usage`, `help` and `options`.

        Raises
        ------
        Unavailable
            The process failed; the log says why.
        """
        async with self._lock:
            if self._listed is None:
                self._listed = json.loads(await self._asked())
            return self._listed

    async def _asked(self) -> bytes:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-P", "-m", "gis_service", "commands", "--json",
            cwd=PACKAGE_ROOT,
            env={"PATH": os.defpath, "LANG": "C.UTF-8", "PYTHONPATH": str(PACKAGE_ROOT),
                 "PYTHONDONTWRITEBYTECODE": "1"},
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        try:
            out, err = await asyncio.wait_for(process.communicate(), LONGEST_S)
        except TimeoutError:
            err = b"it took too long"
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
        if process.returncode:
            log.error("the commands could not be told:\n%s", err.decode(errors="replace")[-2_000:])
            raise Unavailable("The commands could not be told. ./gis --help tells them.")
        return out
