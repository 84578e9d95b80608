"""The settings of the private server: what keeps writes safe, and what fits the machine."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

HBA = """\
# Local connections by password; there is no line for a network on purpose.
local all all scram-sha-256
local replication postgres scram-sha-256
"""

EARLIER_HBA = HBA.rpartition("local replication")[0]
"""As it was before the log of changes could be kept elsewhere."""

LOCAL_SETTINGS = """\
# Settings of this place. They come last and win; this file is never rewritten.
"""

INCLUDES = """
include 'gis.conf'
include_if_exists 'postgresql.local.conf'
"""

_MB = 1024 * 1024


def machine_memory(root: Path = Path("/")) -> int:
    """
    Bytes of memory this process may count on.

    Parameters
    ----------
    root
        Where `proc` and `sys` are mounted.

    Returns
    -------
    int
        The machine's memory, or the lowest limit among the process's control groups.
    """
    total = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return min([total, *_group_limits(root)])


def _group_limits(root: Path) -> Iterator[int]:
    for file in _limit_files(root):
        try:
            text = file.read_text().strip()
        except OSError:
            continue
        if text.isdecimal() and int(text) > 0:
            yield int(text)


def _limit_files(root: Path) -> Iterator[Path]:
    """The limit of the process's own group and of every group above it, versions 1 and 2."""
    try:
        groups = (root / "proc/self/cgroup").read_text()
    except OSError:
        return
    mounts = root / "sys/fs/cgroup"
    for line in groups.splitlines():
        _, controllers, path = line.split(":", 2)
        if not controllers:
            mount, name = mounts, "memory.max"
        elif "memory" in controllers.split(","):
            mount, name = mounts / "memory", "memory.limit_in_bytes"
        else:
            continue
        group = mount / path.lstrip("/")
        while group != mount and mount in group.parents:
            yield group / name
            group = group.parent
        yield mount / name


def memory_settings(total_bytes: int) -> dict[str, str]:
    """
    PostgreSQL's memory settings for a machine it shares with the service.

    Parameters
    ----------
    total_bytes
        Memory of the machine, or its limit.
    """
    return {
        "shared_buffers": _megabytes(total_bytes / 8, low=32, high=4096),
        "work_mem": _megabytes(total_bytes / 256, low=4, high=32),
        "maintenance_work_mem": _megabytes(total_bytes / 16, low=32, high=1024),
        "effective_cache_size": _megabytes(total_bytes / 2, low=128, high=262_144),
    }


def _megabytes(wanted: float, *, low: int, high: int) -> str:
    return f"{min(max(round(wanted / _MB), low), high)}MB"


def settings_text(*, socket: Path, logs: Path, memory_bytes: int) -> str:
    """
    The settings file that is written anew at each start.

    Parameters
    ----------
    socket
        Directory of the unix socket.
    logs
        Directory of the server's log.
    memory_bytes
        Memory of the machine, or its limit.
    """
    settings = {
        "listen_addresses": "",
        "port": "5432",
        "unix_socket_directories": str(socket),
        "unix_socket_permissions": "0700",
        "max_connections": "100",
        "password_encryption": "scram-sha-256",  # nosec B105 # the method
        "cluster_name": "gis-service",
        # A folder for recovery that is gone must not fill this disk.
        "max_slot_wal_keep_size": "4GB",
        **_DURABILITY,
        **memory_settings(memory_bytes),
        "jit": "off",
        "random_page_cost": "1.1",
        "timezone": "UTC",
        **_LOGGING,
        "log_directory": str(logs),
    }
    lines = [f"{name} = {_quoted(value)}" for name, value in settings.items()]
    head = "# Written at each start. Settings of your own go into postgresql.local.conf.\n"
    return head + "\n".join(lines) + "\n"


_DURABILITY = {"fsync": "on", "full_page_writes": "on", "synchronous_commit": "on"}

_LOGGING = {
    "logging_collector": "on",
    "log_destination": "stderr",
    "log_filename": "postgresql-%a.log",
    "log_file_mode": "0600",
    "log_rotation_age": "1d",
    "log_rotation_size": "0",
    "log_truncate_on_rotation": "on",
    "log_timezone": "UTC",
    "log_line_prefix": "%m [%p] %q%u@%d %a %e ",
    "log_min_duration_statement": "1000",
    "log_parameter_max_length": "0",
    "log_lock_waits": "on",
    "lc_messages": "C",
}


def _quoted(value: str) -> str:
    return "'" + re.sub(r"(['\\])", r"\1\1", value) + "'"
