"""Who asks."""

from __future__ import annotations

from urllib.parse import urlsplit

from starlette.datastructures import Headers

from gis_service.model.audience import PUBLIC, Audience, Principal
from gis_service.settings import Settings

PLANNER = Principal(Audience.PLANNER)

_LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})
_FORWARDED = ("forwarded", "via", "x-forwarded-for", "x-forwarded-host", "x-real-ip")


def principal_of(headers: Headers, settings: Settings) -> Principal:
    """
    The reader behind a request.

    With `open_audience` at `auto`, a planner is who sits at this machine: the
    service listens there only, the address names this machine, and no proxy
    has passed the request on. A proxy here would else open everything to the
    world, and so would a foreign page whose name is made to point here.
    """
    if settings.open_audience == "planner":
        return PLANNER
    if settings.open_audience == "auto" and _comes_from_here(headers, settings):
        return PLANNER
    return PUBLIC


def _comes_from_here(headers: Headers, settings: Settings) -> bool:
    return (
        settings.listens_locally
        and _host(settings.public_base_url) in _LOOPBACK
        and _host(f"//{headers.get('host', '')}") in _LOOPBACK
        and not any(name in headers for name in _FORWARDED)
    )


def _host(address: str) -> str | None:
    try:
        return urlsplit(address).hostname
    except ValueError:
        return None
