"""
Builds the wheel; everything else about the package stands in pyproject.toml.

A wheel must serve pages by itself: the browser libraries, which no repository
holds, are brought by their lock file (this needs npm and, the first time, a
network), and the definitions of maps and the sample data are put inside the package.
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py

ROOT = Path(__file__).resolve().parent
BUNDLED = {"maps": "*.toml", "data/sample": "*"}
"""Folders beside the package that an installed one needs, and what of each."""


class BuildWithAssets(build_py):
    """Collects what is not Python before the package's own files are."""

    def run(self) -> None:
        if not self.editable_mode:
            sys.path.insert(0, str(ROOT))
            from gis_service.cartography.vendor import vendor  # noqa: PLC0415 - of this folder

            vendor()
            self.bundle()
        super().run()

    def bundle(self) -> None:
        for folder, pattern in BUNDLED.items():
            target = Path(self.build_lib) / "gis_service" / "bundled" / folder
            target.mkdir(parents=True, exist_ok=True)
            for file in (ROOT / folder).glob(pattern):
                if file.is_file():
                    shutil.copyfile(file, target / file.name)


if __name__ == "__main__":
    setup(cmdclass={"build_py": BuildWithAssets})
