"""By which names and addresses other machines reach this one."""

from __future__ import annotations

import fcntl
import socket
import struct
import sys
from collections.abc import Iterator

_GET_ADDRESS = 0x8915
"""SIOCGIFADDR of Linux, netdevice(7)."""
_OUTSIDE = ((socket.AF_INET, "192.0.2.1"), (socket.AF_INET6, "2001:db8::1"))
"""Addresses of documentation (RFC 5737, RFC 3849), for asking by which way one would leave."""


def names_of_machine() -> list[str]:
    """Host names and addresses of this machine, the one that others most likely use first."""
    name = socket.gethostname().lower()
    short = name.partition(".")[0]
    names = [
        *leaving_addresses(), *_interface_addresses(), *([f"{short}.local", name] if short else []),
        "localhost", "127.0.0.1", "::1",
    ]
    return [each for each in dict.fromkeys(names) if each.isascii() and len(each) <= 253]


def leaving_addresses() -> list[str]:
    """Addresses from which this machine would speak to the outside; nothing is sent."""
    found = []
    for family, outside in _OUTSIDE:
        try:
            with socket.socket(family, socket.SOCK_DGRAM) as probe:
                probe.connect((outside, 9))
                found.append(str(probe.getsockname()[0]))
        except OSError:
            continue
    return found


def _interface_addresses() -> Iterator[str]:
    if not sys.platform.startswith("linux"):
        return
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        for _, name in socket.if_nameindex():
            try:
                told = fcntl.ioctl(probe, _GET_ADDRESS, struct.pack("256s", name.encode()[:15]))
            except OSError:  # it has no IPv4 address
                continue
            yield socket.inet_ntoa(told[20:24])
