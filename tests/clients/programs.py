"""Programs of the system that tests run; `./gis test` installs them."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from gis_service.provision.system import has_qgis


def need(present: bool, what: str) -> None:
    """Skip where a program is missing; with CI=true fail, since nothing may be left untested."""
    if present:
        return
    if os.environ.get("CI") == "true":
        pytest.fail(f"{what} is missing")
    pytest.skip(f"{what} is missing")


def need_gdal() -> None:
    """Skip or fail where GDAL's programs are missing."""
    need(shutil.which("ogr2ogr") is not None, "ogr2ogr")


def need_qgis() -> None:
    """Skip or fail where QGIS is missing."""
    need(has_qgis(), "QGIS for Python")


def run(
    command: Sequence[str],
    environment: Mapping[str, str] | None = None,
    *,
    folder: Path | None = None,
    within_s: float = 240,
) -> subprocess.CompletedProcess[str]:
    """What a program says; it must succeed."""
    done = subprocess.run(
        command, cwd=folder, env={**_environment(), **(environment or {})},
        capture_output=True, text=True, timeout=within_s, check=False,
    )
    assert done.returncode == 0, f"{' '.join(command)}:\n{done.stdout[-6000:]}{done.stderr[-3000:]}"
    return done


def _environment() -> dict[str, str]:
    """Ours, without what leads the programs to libraries that are not theirs."""
    alien = ("PYTHONPATH", "PYTHONHOME", "PROJ_DATA", "PROJ_LIB", "GDAL_DATA", "VIRTUAL_ENV")
    return {name: text for name, text in os.environ.items() if name not in alien}
