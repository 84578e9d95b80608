"""Where a request comes from."""

from __future__ import annotations

import ipaddress

from starlette.requests import Request


def client_address(request: Request) -> str:
    """
    Whose requests are counted together: an IPv4 address, or an IPv6 network of 64 bits.

    Behind a proxy on this machine or in its network it is the address that the
    proxy saw, the last of X-Forwarded-For.
    """
    peer = _address(request.client.host if request.client else "")
    if peer is None:
        return "unknown"
    if peer.is_private:
        forwarded = request.headers.get("x-forwarded-for", "").rpartition(",")[2]
        peer = _address(forwarded.strip()) or peer
    if isinstance(peer, ipaddress.IPv6Address):
        mapped = peer.ipv4_mapped
        return str(mapped or ipaddress.ip_network((peer, 64), strict=False))
    return str(peer)


def _address(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(text)
    except ValueError:
        return None
