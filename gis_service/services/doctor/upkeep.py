"""What is looked at now and then while the service runs, without the database."""

from __future__ import annotations

from collections.abc import Iterator

from gis_service.model.findings import Finding
from gis_service.services.doctor import backups, machine
from gis_service.settings import Settings


def upkeep(settings: Settings) -> Iterator[Finding]:
    """Disks, passwords, certificates and backups."""
    yield from machine.disk(settings)
    yield from machine.secrets(settings)
    yield from machine.certificates(settings)
    yield from backups.backups(settings)
