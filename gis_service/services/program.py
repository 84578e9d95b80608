"""Which program this is: for what is kept until any of its code is another."""

from __future__ import annotations

import hashlib
import sys
from functools import cache
from pathlib import Path

_PACKAGE = Path(__file__).resolve().parents[1]


@cache
def program_sha256() -> str:
    """A sum over this program's own files, and the versions of Python and of all packages."""
    digest = hashlib.sha256(sys.version.encode())
    for folder in filter(Path.is_dir, map(Path, sys.path)):
        for installed in sorted(each.name for each in folder.glob("*.dist-info")):
            digest.update(installed.encode())
    for path in sorted([*_PACKAGE.rglob("*.py"), *_PACKAGE.rglob("*.toml")]):
        digest.update(f"\0{path.relative_to(_PACKAGE)}\0".encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()
