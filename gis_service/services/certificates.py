"""
The certificate by which the service speaks https: the admin's, or one of our own authority.

Phones give a page its camera, its position and its offline copy over https only.
Where nobody has a certificate, this machine makes an authority once and signs
with it; whoever trusts the authority trusts the service, whatever its address.
"""

from __future__ import annotations

import ipaddress
import os
import ssl
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from gis_service.errors import ConfigurationError

AUTHORITY_LASTS = timedelta(days=3650)
CERTIFICATE_LASTS = timedelta(days=820)
"""Apple's systems take no certificate of more than 825 days (support.apple.com/103769)."""
RENEWED_BEFORE = timedelta(days=400)
WARNED_BEFORE = timedelta(days=21)
BACKDATED = timedelta(days=2)
"""A phone's clock may be behind ours."""
LONGEST_NAME = 64

_PRIVATE = (
    "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "169.254.0.0/16",
    "127.0.0.0/8", "::1/128", "fc00::/7", "fe80::/10",
)
"""Networks that are nobody's on the internet: all that our authority may speak for, beside names
that are given to it."""
_LOCAL_NAMES = ("localhost", "local", "lan", "home.arpa", "internal")


@dataclass(frozen=True, slots=True)
class ServedCertificate:
    """
    What a server needs to speak https.

    Parameters
    ----------
    authority
        The certificate of our own authority; None with the admin's certificate.
    notices
        What the admin should know: that something was made or renewed, or ends soon.
    """

    certificate: Path
    key: Path
    authority: x509.Certificate | None = None
    notices: tuple[str, ...] = ()


def fingerprint(certificate: x509.Certificate) -> str:
    """SHA-256 of a certificate as phones show it: pairs of hexadecimal digits, with colons."""
    return certificate.fingerprint(hashes.SHA256()).hex(":").upper()


def given_certificate(certificate: Path, key: Path) -> ServedCertificate:
    """
    The admin's own certificate.

    Raises
    ------
    ConfigurationError
        The files cannot be read, do not belong together, or the key has a password.
    """
    try:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        # none given, OpenSSL would ask for one at the terminal
        context.load_cert_chain(certificate, key, password="")  # nosec B106
        ends = x509.load_pem_x509_certificates(certificate.read_bytes())[0].not_valid_after_utc
    except (OSError, ValueError, ssl.SSLError) as error:
        raise ConfigurationError(
            f"The certificate {certificate} with the key {key} cannot be used: {error}. "
            "Both must be PEM, belong together, and have no password."
        ) from None
    left = ends - datetime.now(UTC)
    if left > WARNED_BEFORE:
        return ServedCertificate(certificate, key)
    told = (
        f"The certificate {certificate} {'ends' if left > timedelta() else 'ended'} on "
        f"{ends:%Y-%m-%d}. Renew it and start the service again."
    )
    return ServedCertificate(certificate, key, notices=(told,))


def own_certificate(
    folder: Path, *, title: str, names: Sequence[str], needed: Sequence[str] = ()
) -> ServedCertificate:
    """
    A certificate of this machine's own authority; both are made or renewed where necessary.

    Parameters
    ----------
    folder
        Where they are kept; only its owner may read it.
    title
        Whose authority it is, as phones show it.
    names
        Host names and IP addresses of this machine; those that the authority may not speak for,
        public addresses, are left out.
    needed
        Names by which readers come in any case.

    Raises
    ------
    ConfigurationError
        The authority of this folder was not made for one of the `needed` names, or the folder
        cannot be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        spoken = [*needed, *(name for name in names if "." not in name and ":" not in name)]
        authority, authority_key, notices = _authority(folder, title, spoken)
        allowed = [name for name in names if _may_speak_for(authority, name)]
        for name in needed:
            if not _may_speak_for(authority, name):
                raise ConfigurationError(
                    f"The authority in {folder} was not made for {name}. Move that folder away to "
                    "have another made; every phone must then trust the new one."
                )
        wanted = list(dict.fromkeys([*needed, *allowed]))
        kept = _load(folder / "server.pem", folder / "server.key")
        if kept is None or not _serves(kept[0], authority, wanted):
            _sign_server(folder, authority, authority_key, wanted)
            notices = (*notices, f"A certificate was made for {', '.join(wanted)}.")
    except OSError as error:
        raise ConfigurationError(f"The certificate cannot be kept in {folder}: {error}.") from None
    return ServedCertificate(folder / "server.pem", folder / "server.key", authority, notices)


def _authority(
    folder: Path, title: str, spoken: Sequence[str]
) -> tuple[x509.Certificate, ec.EllipticCurvePrivateKey, tuple[str, ...]]:
    kept = _load(folder / "authority.pem", folder / "authority.key")
    if kept is not None and kept[0].not_valid_after_utc - datetime.now(UTC) > RENEWED_BEFORE:
        return *kept, ()
    key = ec.generate_private_key(ec.SECP256R1())
    name = _named(f"{title} ({datetime.now(UTC):%Y-%m-%d})")
    permitted = [
        *(x509.IPAddress(ipaddress.ip_network(each)) for each in _PRIVATE),
        *(x509.DNSName(each) for each in _LOCAL_NAMES),
        *(_constraint(each) for each in spoken if not _is_private(each)),
    ]
    certificate = (
        _builder(name, name, key.public_key(), AUTHORITY_LASTS)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(signs=True), critical=True)
        .add_extension(x509.NameConstraints(permitted, None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )
    _keep(folder / "authority.key", _pem_of_key(key))
    _keep(folder / "authority.pem", certificate.public_bytes(serialization.Encoding.PEM))
    made = f"An authority of this machine was made in {folder}; phones must trust it once."
    return certificate, key, (made,)


def _sign_server(
    folder: Path,
    authority: x509.Certificate,
    authority_key: ec.EllipticCurvePrivateKey,
    names: Sequence[str],
) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    certificate = (
        _builder(_named(names[0]), authority.subject, key.public_key(), CERTIFICATE_LASTS)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(signs=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.SubjectAlternativeName(_general_names(names)), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(authority_key.public_key()),
            critical=False,
        )
        .sign(authority_key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    _keep(folder / "server.key", _pem_of_key(key))
    _keep(
        folder / "server.pem", certificate.public_bytes(pem) + authority.public_bytes(pem)
    )


def _builder(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey, lasts: timedelta
) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - BACKDATED)
        .not_valid_after(now - BACKDATED + lasts)
    )


def _serves(
    certificate: x509.Certificate, authority: x509.Certificate, names: Sequence[str]
) -> bool:
    """Whether a certificate is of the authority, lasts long enough and has all the names."""
    if certificate.not_valid_after_utc - datetime.now(UTC) < RENEWED_BEFORE:
        return False
    try:
        certificate.verify_directly_issued_by(authority)
        found = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except Exception:  # the library raises several kinds; each means that it does not serve
        return False
    return set(_general_names(names)) <= set(found)


def _may_speak_for(authority: x509.Certificate, name: str) -> bool:
    permitted = authority.extensions.get_extension_for_class(
        x509.NameConstraints
    ).value.permitted_subtrees or ()
    address = _address(name)
    if address is not None:
        networks = (each.value for each in permitted if isinstance(each, x509.IPAddress))
        return any(address in ipaddress.ip_network(network) for network in networks)
    return any(
        isinstance(each, x509.DNSName)
        and (name == each.value or name.endswith(f".{each.value}"))
        for each in permitted
    )


def _constraint(name: str) -> x509.GeneralName:
    address = _address(name)
    if address is None:
        return x509.DNSName(name)
    return x509.IPAddress(ipaddress.ip_network(address))


def _is_private(name: str) -> bool:
    address = _address(name)
    return address is not None and any(
        address in ipaddress.ip_network(each) for each in _PRIVATE
    )


def _general_names(names: Sequence[str]) -> list[x509.GeneralName]:
    return [
        x509.DNSName(name) if (address := _address(name)) is None else x509.IPAddress(address)
        for name in names
    ]


def _address(name: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(name)
    except ValueError:
        return None


def _named(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name[-LONGEST_NAME:])])


def _usage(*, signs: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs, key_cert_sign=signs, crl_sign=signs,
        content_commitment=False, key_encipherment=False, data_encipherment=False,
        key_agreement=False, encipher_only=False, decipher_only=False,
    )


def _load(
    certificate: Path, key: Path
) -> tuple[x509.Certificate, ec.EllipticCurvePrivateKey] | None:
    """A certificate and its key; None when one is missing, damaged, or of another."""
    try:
        found = x509.load_pem_x509_certificates(certificate.read_bytes())[0]
        secret = serialization.load_pem_private_key(key.read_bytes(), None)
    except (OSError, ValueError):
        return None
    if not isinstance(secret, ec.EllipticCurvePrivateKey):
        return None
    return (found, secret) if found.public_key() == secret.public_key() else None


def _pem_of_key(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )


def _keep(path: Path, content: bytes) -> None:
    """Write a file that only its owner may read, whole or not at all."""
    draft = path.with_suffix(".new")
    draft.unlink(missing_ok=True)
    opener: Callable[[str, int], int] = lambda name, flags: os.open(name, flags, 0o600)  # noqa: E731
    with open(draft, "xb", opener=opener) as file:
        file.write(content)
    draft.replace(path)
