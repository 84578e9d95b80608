"""Passwords of the private cluster's roles, in one file that only its owner reads."""

from __future__ import annotations

import json
import secrets
from contextlib import AbstractContextManager
from pathlib import Path

from gis_service.store.cluster.errors import SecretsUnreadable
from gis_service.store.cluster.files import exclusive, write_whole


class Secrets:
    """
    The file of passwords: a JSON object from role name to password.

    Parameters
    ----------
    path
        The file; it is made, mode 0600, with the first password.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    def __repr__(self) -> str:
        return f"Secrets({str(self._path)!r}, ***)"

    def password(self, role: str) -> str:
        """
        The password of a role; 256 random bits when it has none yet.

        Raises
        ------
        SecretsUnreadable
            The file is there and is not a JSON object of strings.
        """
        known = self._read()
        if role in known:
            return known[role]
        with self._locked():
            known = self._read()
            if role not in known:
                known[role] = secrets.token_urlsafe(32)
                write_whole(self._path, json.dumps(known, indent=1, sort_keys=True) + "\n")
        return known[role]

    def names(self) -> frozenset[str]:
        """The roles that have a password here; raises `SecretsUnreadable`."""
        return frozenset(self._read())

    def _locked(self) -> AbstractContextManager[int]:
        return exclusive(
            self._path.with_name(f".{self._path.name}.lock"),
            timeout_s=10,
            waiting_for="another process is writing passwords",
        )

    def _read(self) -> dict[str, str]:
        try:
            known = json.loads(self._path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return {}
        except (OSError, ValueError) as error:
            raise self._unreadable() from error
        if not isinstance(known, dict) or not all(isinstance(v, str) for v in known.values()):
            raise self._unreadable()
        if self._path.stat().st_mode & 0o077:
            self._path.chmod(0o600)
        return known

    def _unreadable(self) -> SecretsUnreadable:
        return SecretsUnreadable(
            f"{self._path} cannot be read as the passwords of the database's roles. "
            "Put back a copy of it, or its owner and mode (0600)."
        )
