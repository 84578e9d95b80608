"""The virtual environment `.venv`, filled from a lock file with hashes."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from dataclasses import asdict, dataclass
from pathlib import Path

from gis_service.provision.console import SetupError, run_logged, say

RUNTIME_LOCK = "requirements.lock"
DEVELOPMENT_LOCK = "requirements-dev.lock"
_STAMP = ".gis-stamp.json"


@dataclass(frozen=True)
class Stamp:
    """What an environment holds: the SHA-256 of the lock files that pip installed."""

    python: str
    runtime: str
    development: str | None


def python_of(root: Path) -> Path:
    """The environment's Python, whether it is there or not."""
    return root / ".venv" / "bin" / "python"


def is_ready(root: Path, *, development: bool) -> bool:
    """Whether the environment holds what the lock files say now."""
    stamp = _read_stamp(root)
    if stamp is None or stamp.python != _version(python_of(root)):
        return False
    if development:
        return stamp.development == _hash(root / DEVELOPMENT_LOCK)
    return stamp.runtime == _hash(root / RUNTIME_LOCK)


def is_usable(root: Path) -> bool:
    """Whether the environment has a recent Python that has a pip."""
    python = python_of(root)
    version = _version(python)
    if version is None or tuple(map(int, version.split("."))) < (3, 11):
        return False
    pip = subprocess.run(
        [python, "-I", "-m", "pip", "--version"], capture_output=True, check=False
    )
    return pip.returncode == 0


def make_ready(root: Path, *, development: bool) -> None:
    """
    Make the environment where it is missing or broken, and install the lock file.

    The stamp is written last, so an interrupted installation is done again.

    Raises
    ------
    SetupError
        Python or pip fails.
    """
    folder = root / ".venv"
    name = DEVELOPMENT_LOCK if development else RUNTIME_LOCK
    if not (root / name).is_file():
        raise SetupError(f"{root / name} is missing: the checkout is not complete.")
    (folder / _STAMP).unlink(missing_ok=True)
    if not is_usable(root):
        say(f"Making the virtual environment {folder}.")
        run_logged(
            [sys.executable, "-I", "-m", "venv", "--clear", folder],
            failure="The virtual environment could not be made.",
        )
    say(f"Installing the Python packages of {name} with pip; this may take some minutes.")
    options = ("--disable-pip-version-check", "--no-input", "--require-hashes", "--no-deps")
    run_logged(
        [python_of(root), "-I", "-m", "pip", "install", *options, "-r", root / name],
        failure=f"The Python packages of {name} could not be installed.",
    )
    _write_stamp(root, development=development)


def _version(python: Path) -> str | None:
    """Major and minor version; None for a Python that is gone."""
    program = "import sys; print('%d.%d' % sys.version_info[:2])"
    try:
        told = subprocess.run(
            [python, "-I", "-S", "-c", program], capture_output=True, text=True, check=False
        )
    except OSError:
        return None
    return told.stdout.strip() if told.returncode == 0 else None


def _hash(lock: Path) -> str:
    try:
        return hashlib.sha256(lock.read_bytes()).hexdigest()
    except FileNotFoundError:
        return ""


def _read_stamp(root: Path) -> Stamp | None:
    try:
        return Stamp(**json.loads((root / ".venv" / _STAMP).read_text()))
    except (OSError, ValueError, TypeError):
        return None


def _write_stamp(root: Path, *, development: bool) -> None:
    stamp = Stamp(
        python=_version(python_of(root)) or "",
        runtime=_hash(root / RUNTIME_LOCK),
        development=_hash(root / DEVELOPMENT_LOCK) if development else None,
    )
    path = root / ".venv" / _STAMP
    part = path.with_suffix(".part")
    part.write_text(json.dumps(asdict(stamp)))
    part.replace(path)
