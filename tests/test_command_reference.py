"""The commands as `/docs/commands` tells them: asked once for each version of the code."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

from gis_service.cli import MODULES
from gis_service.services.command_reference import CommandReference
from gis_service.services.program import program_sha256


def test_the_commands_are_asked_once_for_each_version(tmp_path: Path) -> None:
    kept = tmp_path / "run" / "commands.json"
    kept.parent.mkdir()
    kept.write_text(json.dumps({"code": "that of another version", "commands": [{}]}))
    listed = asyncio.run(CommandReference(kept).listed())
    assert {command["path"][0] for command in listed} == set(MODULES)
    written = json.loads(kept.read_text())
    assert written == {"code": program_sha256(), "commands": listed}
    kept.write_text(json.dumps(written | {"commands": listed[:1]}))
    assert asyncio.run(CommandReference(kept).listed()) == listed[:1], "it was not asked again"
