"""What each command does, asked of the command line itself once for each version of it."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import sys
from pathlib import Path
from typing import Any

from gis_service.errors import Unavailable
from gis_service.services.program import program_sha256
from gis_service.store.cluster.files import write_whole

PACKAGE_ROOT = Path(__file__).resolve().parents[2]
LONGEST_S = 60

log = logging.getLogger("gis_service.docs")


class CommandReference:
    """
    The commands with their options.

    The command line stands above the service and imports much, so a process of
    its own is asked, when somebody first wants to know, and its answer kept on the
    disk until any file of the code is another.

    Parameters
    ----------
    kept
        The file to keep it in.
    """

    def __init__(self, kept: Path) -> None:
        self._kept = kept
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
                code = await asyncio.to_thread(program_sha256)
                listed = self._read(code)
                if listed is None:
                    listed = json.loads(await self._asked())
                    await asyncio.to_thread(self._keep, code, listed)
                self._listed = listed
            return self._listed

    def _read(self, code: str) -> list[dict[str, Any]] | None:
        try:
            kept = json.loads(self._kept.read_text(encoding="utf-8"))
            return list(kept["commands"]) if kept["code"] == code else None
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def _keep(self, code: str, listed: list[dict[str, Any]]) -> None:
        try:
            self._kept.parent.mkdir(parents=True, exist_ok=True)
            write_whole(self._kept, json.dumps({"code": code, "commands": listed}))
        except OSError as error:  # then it is asked again after the next start
            log.warning("the commands could not be kept: %s", error.strerror)

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
