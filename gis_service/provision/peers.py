"""`.venv/peers`: other people's validators, which tests run beside the service, never in it."""

from __future__ import annotations

import hashlib
import sys
from pathlib import Path

from gis_service.provision.console import SetupError, run_logged, say

LOCK = "requirements-peers.lock"
_STAMP = ".gis-stamp"


def is_current(root: Path) -> bool:
    """Whether the environment holds what the lock file says now."""
    try:
        return (_folder(root) / _STAMP).read_text() == _wanted(root)
    except OSError:
        return False


def bring(root: Path) -> None:
    """
    Make the environment afresh and install the lock file; the stamp is written last.

    Raises
    ------
    SetupError
        The lock file is missing, or Python or pip fails.
    """
    folder, lock = _folder(root), root / LOCK
    if not lock.is_file():
        raise SetupError(f"{lock} is missing: the checkout is not complete.")
    say(f"Installing the Python packages of {LOCK}, which tests run as programs.")
    run_logged(
        [sys.executable, "-I", "-m", "venv", "--clear", folder],
        failure=f"The virtual environment {folder} could not be made.",
    )
    options = ("--disable-pip-version-check", "--no-input", "--require-hashes", "--no-deps")
    run_logged(
        [folder / "bin" / "python", "-I", "-m", "pip", "install", *options, "-r", lock],
        failure=f"The Python packages of {LOCK} could not be installed.",
    )
    (folder / _STAMP).write_text(_wanted(root))


def _folder(root: Path) -> Path:
    return root / ".venv" / "peers"


def _wanted(root: Path) -> str:
    lock = hashlib.sha256((root / LOCK).read_bytes()).hexdigest()
    return f"{lock} {sys.version_info.major}.{sys.version_info.minor}"
