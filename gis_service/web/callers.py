"""Where a request comes from."""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence

from starlette.types import Scope

from gis_service.settings import Network

_Address = ipaddress.IPv4Address | ipaddress.IPv6Address


def client_address(scope: Scope, trusted: Sequence[Network]) -> str:
    """
    Whose requests are counted together: an IPv4 address, or an IPv6 network of 64 bits.

    X-Forwarded-For is read from its end, where the nearest proxy writes, for as
    long as a trusted proxy has written: the first address that is none is the
    caller's. What stands before it anybody may have made up.

    Parameters
    ----------
    trusted
        Where proxies stand; what anybody else forwards is not read.
    """
    client = scope.get("client")
    caller = _address(client[0] if client else "")
    if caller is None:
        return "unknown"
    for text in reversed(forwarded_for(scope).split(",")):
        if not _is_in(caller, trusted):
            break
        before = _address(text.strip())
        if before is None:
            break
        caller = before
    if isinstance(caller, ipaddress.IPv6Address):
        return str(ipaddress.ip_network((caller, 64), strict=False))
    return str(caller)


def forwarded_for(scope: Scope) -> str:
    """All that X-Forwarded-For says; empty when it is not sent."""
    values = [value for name, value in scope["headers"] if name == b"x-forwarded-for"]
    return b",".join(values).decode("latin-1")


def _is_in(address: _Address, networks: Sequence[Network]) -> bool:
    return any(address in network for network in networks)


def _address(text: str) -> _Address | None:
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return mapped or address
