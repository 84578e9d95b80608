"""The browser libraries that pages carry, brought by `gis_service.cartography.vendor`."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

from gis_service.provision.console import run_logged, say
from gis_service.provision.environment import python_of

_LOCK = "package-lock.json"
_STAMP = Path("gis_service", "web", "static", "vendor", ".stamp")


def is_current(root: Path) -> bool:
    """Whether the libraries are those that the lock file names now."""
    try:
        lock = (root / _LOCK).read_bytes()
        return (root / _STAMP).read_text().strip() == hashlib.sha256(lock).hexdigest()
    except OSError:
        return False


def bring(root: Path) -> None:
    """
    Bring the libraries by lock file, with the npm of the virtual environment.

    Raises
    ------
    SetupError
        npm fails.
    """
    say(f"Bringing the browser libraries of {_LOCK} with npm.")
    run_logged(
        [python_of(root), "-P", "-m", "gis_service.cartography.vendor"],
        failure="The browser libraries could not be brought.",
        env={**os.environ, "PYTHONPATH": str(root)},
    )
