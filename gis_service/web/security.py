"""Headers that every answer carries."""

from __future__ import annotations

from collections.abc import Iterable

from gis_service.model.audience import Principal


def content_security_policy(image_origins: Iterable[str] = ()) -> str:
    """
    What a page may load: its own files, and images of `image_origins`.

    Parameters
    ----------
    image_origins
        Origins of an online basemap, from the settings.
    """
    images = " ".join(("'self'", "data:", *image_origins))
    return (
        "default-src 'none'; script-src 'self'; style-src 'self'; "
        f"img-src {images}; connect-src 'self'; font-src 'self'; manifest-src 'self'; "
        "worker-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
    )


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
        "access-control-expose-headers": "Content-Language, ETag, Retry-After, X-Request-Id",
    }


PREFLIGHT: dict[str, str] = {
    "access-control-allow-headers": "Accept, Accept-Language, If-None-Match",
    "access-control-max-age": "86400",
}
"""Beside the allowed methods, what a browser wants to know before it asks across origins."""
