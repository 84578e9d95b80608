"""https: the certificates themselves, and the service that speaks by them."""

from __future__ import annotations

import ssl
import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from gis_service.cli.process import options_of
from gis_service.cli.tls import certificate_of, trust_address, trust_port
from gis_service.errors import ConfigurationError
from gis_service.services import certificates
from gis_service.services.certificates import (
    ServedCertificate,
    given_certificate,
    own_certificate,
)
from gis_service.services.machine import names_of_machine
from gis_service.settings import Settings
from tests.browser.conftest import chromium

__all__ = ["chromium"]

TITLE = "Kisii Municipality"


def served_names(served: ServedCertificate) -> set[str]:
    leaf = x509.load_pem_x509_certificates(served.certificate.read_bytes())[0]
    names = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    return {str(name.value) for name in names}


def test_an_authority_is_made_once_and_signs_anew_when_addresses_change(tmp_path: Path) -> None:
    folder = tmp_path / "tls"
    first = own_certificate(folder, title=TITLE, names=["192.168.1.5", "map.local", "mapbox"])
    assert len(first.notices) == 2
    assert served_names(first) == {"192.168.1.5", "map.local", "mapbox"}
    assert first.authority is not None
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert {stat.S_IMODE(each.stat().st_mode) for each in folder.iterdir()} == {0o600}

    again = own_certificate(folder, title=TITLE, names=["map.local", "192.168.1.5"])
    assert again.notices == ()
    moved = own_certificate(folder, title=TITLE, names=["192.168.1.77", "map.local"])
    assert moved.authority == first.authority
    assert "192.168.1.77" in moved.notices[0]
    assert served_names(moved) == {"192.168.1.77", "map.local"}


def test_it_is_renewed_before_it_ends_and_never_too_long_for_phones(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(certificates, "CERTIFICATE_LASTS", timedelta(days=300))
    first = own_certificate(tmp_path, title=TITLE, names=["localhost"])
    monkeypatch.undo()
    renewed = own_certificate(tmp_path, title=TITLE, names=["localhost"])
    assert renewed.notices
    assert renewed.authority == first.authority
    leaf = x509.load_pem_x509_certificates(renewed.certificate.read_bytes())[0]
    assert leaf.not_valid_after_utc - leaf.not_valid_before_utc <= timedelta(days=825)
    (tmp_path / "server.key").write_text("damaged")
    assert own_certificate(tmp_path, title=TITLE, names=["localhost"]).notices


def test_the_authority_speaks_only_for_this_machine_and_local_networks(tmp_path: Path) -> None:
    served = own_certificate(
        tmp_path, title=TITLE, names=["10.0.0.4", "198.51.100.9"], needed=["map.kisii.go.ke"]
    )
    assert served_names(served) == {"10.0.0.4", "map.kisii.go.ke"}
    assert served.authority is not None
    constraints = served.authority.extensions.get_extension_for_class(x509.NameConstraints)
    assert constraints.critical
    with pytest.raises(ConfigurationError, match="not made for bank"):
        own_certificate(tmp_path, title=TITLE, names=[], needed=["bank.example"])


def greeted(server: ssl.SSLContext, client: ssl.SSLContext, name: str) -> None:
    """A handshake in memory."""
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    ends = [
        client.wrap_bio(to_client, to_server, server_hostname=name),
        server.wrap_bio(to_server, to_client, server_side=True),
    ]
    while ends:
        for end in list(ends):
            try:
                end.do_handshake()
                ends.remove(end)
            except ssl.SSLWantReadError:
                continue


def test_whoever_steals_the_authority_cannot_play_the_bank(tmp_path: Path) -> None:
    served = own_certificate(tmp_path, title=TITLE, names=["map.local"])
    client = ssl.create_default_context(cafile=str(tmp_path / "authority.pem"))
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(served.certificate, served.key)
    greeted(server, client, "map.local")

    kept = certificates._load(tmp_path / "authority.pem", tmp_path / "authority.key")
    assert kept is not None
    certificates._sign_server(tmp_path, *kept, ["bank.example"])
    forged = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    forged.load_cert_chain(served.certificate, served.key)
    with pytest.raises(ssl.SSLCertVerificationError, match="permitted subtree"):
        greeted(forged, client, "bank.example")


def pair(folder: Path, *, days: int) -> tuple[Path, Path]:
    """An admin's certificate and key, which end in so many days."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "map.example")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder().subject_name(name).issuer_name(name)
        .public_key(key.public_key()).serial_number(1)
        .not_valid_before(now - timedelta(days=90)).not_valid_after(now + timedelta(days=days))
        .sign(key, hashes.SHA256())
    )
    files = folder / f"map{days}.pem", folder / f"map{days}.key"
    files[0].write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    files[1].write_bytes(key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    ))
    return files


def test_the_admins_certificate_is_checked_and_told_of(tmp_path: Path) -> None:
    good, near, over = (pair(tmp_path, days=days) for days in (80, 3, -2))
    assert given_certificate(*good).notices == ()
    assert "ends on" in given_certificate(*near).notices[0]
    assert "ended on" in given_certificate(*over).notices[0]
    with pytest.raises(ConfigurationError, match="cannot be used"):
        given_certificate(good[0], near[1])
    with pytest.raises(ConfigurationError, match="cannot be used"):
        given_certificate(tmp_path / "none.pem", good[1])

    alone = Settings(_env_file=None, home=tmp_path, tls_cert=good[0])  # type: ignore[call-arg]
    with pytest.raises(ConfigurationError, match="both"):
        certificate_of(alone)
    whole = alone.model_copy(update={"tls_key": good[1]})
    assert certificate_of(whole) == ServedCertificate(*good)
    assert trust_port(whole) is None
    assert trust_address(whole) is None


def test_a_machine_knows_names_of_its_own() -> None:
    names = names_of_machine()
    assert {"localhost", "127.0.0.1", "::1"} <= set(names)
    assert len(names) == len(set(names))


def test_it_starts_in_the_background_as_it_was_asked_to(settings: Settings) -> None:
    assert "--tls" in options_of(settings.model_copy(update={"tls": True}))
    files = {"tls_cert": Path("a.pem"), "tls_key": Path("a.key")}
    given = settings.model_copy(update={"tls": True, **files})
    assert " ".join(options_of(given)).endswith("--tls --tls-cert a.pem --tls-key a.key")
