"""Proof that a backup was put back once: a small file beside it."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

from gis_service import __version__
from gis_service.errors import BackupFailed
from gis_service.model.backups import Manifest, Proof


def proof_path(backup: Path) -> Path:
    """Where the proof of a backup lies."""
    return backup.with_name(f"{backup.name}.proof")


def write_proof(backup: Path, manifest: Manifest, *, sha256: str, seconds: float) -> Proof:
    """Write down that a backup was put back just now, and its tables compared."""
    proof = Proof(
        id=manifest.id, size=backup.stat().st_size, sha256=sha256, made_at=manifest.made_at,
        proven_at=datetime.now(UTC).isoformat(timespec="seconds"), service=__version__,
        tables=len(manifest.tables), rows=manifest.rows, seconds=round(seconds, 1),
    )
    path = proof_path(backup)
    draft = path.with_name(f".{path.name}.new")
    try:
        draft.write_text(json.dumps(asdict(proof), indent=1) + "\n", encoding="utf-8")
        draft.replace(path)
    except OSError as error:
        draft.unlink(missing_ok=True)
        raise BackupFailed(
            f"The backup is proven, but {path} cannot be written: {error.strerror}."
        ) from error
    return proof


def read_proof(backup: Path) -> Proof | None:
    """The proof of a backup; None when there is none, or it is of another file."""
    try:
        proof = Proof(**json.loads(proof_path(backup).read_text(encoding="utf-8")))
        return proof if proof.size == backup.stat().st_size else None
    except (OSError, ValueError, TypeError):
        return None


def file_sha256(path: Path) -> str:
    """The hash of a whole file, hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
