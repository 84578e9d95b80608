"""What is looked at without the database, also now and then while the service runs."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from gis_service.model.findings import Finding, State
from gis_service.services.doctor import backups, machine, recovery
from gis_service.settings import Settings

_CHECKS: tuple[tuple[str, Callable[[Settings], Iterable[Finding]]], ...] = (
    ("disk", machine.disk), ("secrets", machine.secrets),
    ("certificate", machine.certificates), ("backups", backups.backups),
    ("recovery", recovery.recovery),
)


def upkeep(settings: Settings) -> Iterator[Finding]:
    """Disks, passwords, certificates, backups, recovery; what cannot be looked at is told, too."""
    for name, check in _CHECKS:
        try:
            yield from check(settings)
        except OSError as error:
            values = {"place": str(error.filename), "why": str(error.strerror)}
            yield Finding(name, State.WARNING, "not_looked_at", values)
