"""What is looked at without the database: disks, settings, certificates, programs, files."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509

from gis_service.model.findings import Finding, State
from gis_service.services.certificates import WARNED_BEFORE
from gis_service.settings import Settings

LEAST_FREE_MB = 200
SCARCE_MB = 2_000
SCARCE_SHARE = 0.1


def disk(settings: Settings) -> Iterator[Finding]:
    """Room where the data lives, and where backups go."""
    places = [settings.home] if settings.home.exists() else []
    if settings.backup_dir is not None and settings.backup_dir.is_dir():
        places.append(settings.backup_dir)
    for place in places:
        usage = shutil.disk_usage(place)
        free = usage.free // 2**20
        values: dict[str, int | str] = {"place": str(place), "free": free}
        if free < LEAST_FREE_MB:
            yield Finding("disk", State.BAD, "disk_full", values)
        elif free < SCARCE_MB or usage.free < SCARCE_SHARE * usage.total:
            yield Finding("disk", State.WARNING, "disk_scarce", values)
        else:
            yield Finding("disk", State.OK, "disk_ok", values)


def settings_fit(settings: Settings) -> Iterator[Finding]:
    """Whether settings fit each other."""
    secure = settings.public_base_url.startswith("https://")
    if not settings.listens_locally and not secure:
        yield Finding("settings", State.WARNING, "plain_http", {"host": settings.host})
    elif not settings.maps.is_dir():
        yield Finding("settings", State.BAD, "no_maps", {"place": str(settings.maps)})
    else:
        yield Finding("settings", State.OK, "settings_ok")


def certificates(settings: Settings) -> Iterator[Finding]:
    """Until when the certificate lasts that readers are shown."""
    path = settings.tls_cert or settings.home / "tls" / "server.pem"
    if not settings.speaks_tls:
        return
    try:
        read = x509.load_pem_x509_certificates(path.read_bytes())[0]
    except (OSError, ValueError, IndexError):
        if settings.tls_cert is not None:
            yield Finding("certificate", State.BAD, "certificate_unread", {"place": str(path)})
        return
    left = read.not_valid_after_utc - datetime.now(UTC)
    values: dict[str, int | str] = {"place": str(path), "days": max(0, left.days)}
    if left <= timedelta():
        yield Finding("certificate", State.BAD, "certificate_over", values)
    elif left <= WARNED_BEFORE:
        yield Finding("certificate", State.WARNING, "certificate_ends", values)
    else:
        yield Finding("certificate", State.OK, "certificate_ok", values)


def secrets(settings: Settings) -> Iterator[Finding]:
    """Whether others of the machine can read the passwords."""
    path = settings.home / "secrets.json"
    if not path.exists():
        return
    if path.stat().st_mode & 0o077:
        yield Finding("secrets", State.BAD, "secrets_open", {"place": str(path)})
    else:
        yield Finding("secrets", State.OK, "secrets_ok")


def same_disk(one: Path, other: Path) -> bool:
    """Whether two folders lie on one file system."""
    return one.stat().st_dev == other.stat().st_dev
