"""The Content-Security-Policy of every page."""

from __future__ import annotations

from collections.abc import Iterable


def content_security_policy(
    image_origins: Iterable[str] = (), *, in_page: bool = False, framed: bool = False
) -> str:
    """
    What a page may load: its own files, and images of `image_origins`.

    Parameters
    ----------
    image_origins
        Origins of an online basemap, from the settings.
    in_page
        For a meta element, in which browsers ignore who may frame the page.
    framed
        Whether every site may show the page in a frame of its own.
    """
    images = " ".join(("'self'", "data:", *image_origins))
    directives = [
        "default-src 'none'", "script-src 'self'", "style-src 'self'", f"img-src {images}",
        "connect-src 'self'", "font-src 'self'", "manifest-src 'self'", "worker-src 'self'",
        "base-uri 'none'", "form-action 'self'",
    ]
    around = "*" if framed else "'none'"
    return "; ".join(directives if in_page else [*directives, f"frame-ancestors {around}"])
