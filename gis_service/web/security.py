"""Headers that every answer carries."""

from __future__ import annotations

from gis_service.cartography.policy import content_security_policy
from gis_service.model.audience import Principal

COMMON: dict[str, str] = {
    "content-security-policy": content_security_policy(),
    "x-content-type-options": "nosniff",
    "referrer-policy": "same-origin",
    "permissions-policy": "camera=(self), geolocation=(self), microphone=(), payment=(), usb=()",
    "cross-origin-opener-policy": "same-origin",
}


UNSHARED = frozenset({"/login", "/logout"})
"""Paths whose answers hold what only their own page may read."""


def sharing(principal: Principal, path: str) -> dict[str, str]:
    """
    Whether pages of other origins may read the answer.

    Only what the public sees is shared, and no form for logging in.
    """
    if principal.audience.is_staff or path in UNSHARED:
        return {"cross-origin-resource-policy": "same-origin"}
    return {
        "cross-origin-resource-policy": "cross-origin",
        "access-control-allow-origin": "*",
        "access-control-expose-headers": "Content-Crs, Content-Language, ETag, Retry-After, "
        "X-Features-Thinned, X-Request-Id",
    }


PREFLIGHT: dict[str, str] = {
    "access-control-allow-headers": "Accept, Accept-Language, If-None-Match",
    "access-control-max-age": "86400",
}
"""Beside the allowed methods, what a browser wants to know before it asks across origins."""
