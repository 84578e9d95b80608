"""https for `gis up` and `gis serve`: the certificate, and the page by which phones trust it."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import uvicorn
from cryptography import x509

from gis_service.cli.progress import say
from gis_service.errors import ConfigurationError
from gis_service.services.certificates import (
    ServedCertificate,
    fingerprint,
    given_certificate,
    own_certificate,
)
from gis_service.services.machine import names_of_machine
from gis_service.settings import Settings

STARTED_WITHIN_S = 10


def reachable(settings: Settings) -> Settings:
    """
    The settings with an address that others reach, when we listen on all of this machine's.

    Cookies, redirects and labels need one by which a phone comes; without TLS
    the address stays as it was.
    """
    if not settings.speaks_tls or settings.base_url or not settings.listens_everywhere:
        return settings
    name = names_of_machine()[0]
    host = f"[{name}]" if ":" in name else name
    return settings.model_copy(update={"base_url": f"https://{host}:{settings.port}"})


def certificate_of(settings: Settings) -> ServedCertificate | None:
    """
    The certificate to serve with; None without TLS.

    Raises
    ------
    ConfigurationError
        Certificate and key are not both given, or cannot be used.
    """
    if not settings.speaks_tls:
        return None
    if settings.tls_cert is not None and settings.tls_key is not None:
        return given_certificate(settings.tls_cert, settings.tls_key)
    if settings.tls_cert is not None or settings.tls_key is not None:
        raise ConfigurationError(
            "A certificate and its key belong together: give both --tls-cert and --tls-key."
        )
    needed = [urlsplit(settings.public_base_url).hostname or ""]
    if not settings.listens_everywhere:
        needed.append(settings.host)
    return own_certificate(
        _folder(settings), title=settings.municipality, names=names_of_machine(),
        needed=list(dict.fromkeys(needed)),
    )


def trust_port(settings: Settings) -> int | None:
    """The port of the page about our own authority; None when there is no such page."""
    if not settings.speaks_tls or settings.tls_cert is not None or settings.trust_port == 0:
        return None
    return settings.trust_port or settings.port + 1


def trust_address(settings: Settings) -> str | None:
    """Where phones find that page."""
    port = trust_port(settings)
    name = urlsplit(settings.public_base_url).hostname or settings.host
    host = f"[{name}]" if ":" in name else name
    return None if port is None else f"http://{host}:{port}/trust"


def say_addresses(settings: Settings) -> None:
    """Where readers, staff, programs and phones find the service."""
    base = settings.public_base_url
    say("")
    say(f"  The map          {base}/maps/coverage")
    say(f"  All maps         {base}/maps")
    say(f"  The data         {base}/collections")
    say(f"  Log in           {base}/login")
    say(f"  For programs     {base}/   (OGC API - Features; OpenAPI at {base}/api)")
    say(f"  Health           {base}/health/ready")
    say("")
    _say_how_to_trust(settings)


def _say_how_to_trust(settings: Settings) -> None:
    """Where phones learn to trust us, and the fingerprint to compare there."""
    address = trust_address(settings)
    try:
        pem = (_folder(settings) / "authority.pem").read_bytes()
    except OSError:
        return
    if address is None:
        return
    say(f"  Phones           {address}   (once, to trust this machine)")
    printed = fingerprint(x509.load_pem_x509_certificate(pem))
    say(f"  Fingerprint      {printed[:47]}")
    say(f"                   {printed[48:]}")
    if settings.listens_locally:
        say("  Only this machine reaches it; for phones start with --host 0.0.0.0")
    say("")


@contextmanager
def trust_page(settings: Settings, certificate: ServedCertificate | None) -> Iterator[None]:
    """
    Serve the page about our own authority, beside the service, over plain http.

    Raises
    ------
    ConfigurationError
        It does not start.
    """
    port = trust_port(settings)
    if certificate is None or certificate.authority is None or port is None:
        yield
        return
    from gis_service.web.trust import Trust, trust_app  # noqa: PLC0415 - slow

    app = trust_app(Trust.of(settings, certificate.authority))
    server = uvicorn.Server(uvicorn.Config(
        app, host=settings.host, port=port, access_log=False, server_header=False,
        proxy_headers=False, log_level="warning", lifespan="off",
    ))
    thread = threading.Thread(target=server.run, name="trust-page", daemon=True)
    thread.start()
    for _ in range(STARTED_WITHIN_S * 20):
        if server.started or not thread.is_alive():
            break
        thread.join(0.05)
    if not server.started:
        raise ConfigurationError(
            f"The page for phones does not start on port {port}. Choose another: GIS_TRUST_PORT."
        )
    try:
        yield
    finally:
        server.should_exit = True
        thread.join(STARTED_WITHIN_S)


def _folder(settings: Settings) -> Path:
    return settings.home / "tls"
