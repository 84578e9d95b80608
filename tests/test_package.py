"""The wheel: it holds all that pages, migrations and commands read."""

from __future__ import annotations

import runpy
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "gis_service"
BUNDLED = ("maps/coverage.toml", "data/sample/wards.geojson")


def declared() -> list[str]:
    """The patterns of the package's files that are no code."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    found: list[str] = project["tool"]["setuptools"]["package-data"]["gis_service"]
    return found


def test_every_file_that_is_no_code_is_declared() -> None:
    taken = {file for pattern in declared() for file in PACKAGE.glob(pattern)}
    needed = {
        file for file in PACKAGE.rglob("*")
        if file.is_file() and file.suffix not in (".py", ".pyc") and not file.name.startswith(".")
    }
    assert sorted(str(f.relative_to(ROOT)) for f in needed - taken) == []
    assert PACKAGE / "web/static/vendor/manifest.json" in taken


def test_what_is_built_holds_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    setuptools: Any = pytest.importorskip("setuptools")
    monkeypatch.chdir(ROOT)
    distribution = setuptools.Distribution({
        "name": "gis-service", "script_name": "setup.py",
        "packages": setuptools.find_packages(include=["gis_service*"]),
        "package_data": {"gis_service": declared()},
    })
    build = runpy.run_path(str(ROOT / "setup.py"))["BuildWithAssets"](distribution)
    build.build_lib = str(tmp_path)
    build.ensure_finalized()
    build.run()
    built = tmp_path / "gis_service"
    own = {f.relative_to(PACKAGE) for f in PACKAGE.rglob("*") if f.is_file()}
    own = {f for f in own if "__pycache__" not in f.parts and not f.name.startswith(".")}
    assert {str(f) for f in own if not (built / f).is_file()} == set()
    for name in BUNDLED:
        assert (built / "bundled" / name).read_bytes() == (ROOT / name).read_bytes()
    said = subprocess.run(
        [sys.executable, "-c",
         "from gis_service.settings import Settings, shipped; from gis_service.web import pages;"
         "print(Settings(_env_file=None).maps, shipped('data/sample'), pages.FOLDER, sep='\\n')"],
        cwd=tmp_path, env={"PATH": "", "PYTHONPATH": str(tmp_path)}, check=True,
        capture_output=True, text=True, timeout=60,
    ).stdout.split()
    assert all(Path(line).is_dir() and line.startswith(str(built)) for line in said)
    assert len(said) == 3
