"""
What can go wrong with the private cluster.

ClusterError (in `gis_service.errors`)
├── ServerNotFound      no PostgreSQL with PostGIS on this machine
├── UnreachableHome     the server's user cannot reach its files, or may not own them
├── WrongServerVersion  the data directory belongs to another major version
├── ForeignData         something else lies where the data directory should be
├── ClusterBusy         another process has the cluster and does not let go
├── DiskFull            no room left
├── ServerFailed        the server did not start, stop or answer
├── NotDurable          a setting would lose acknowledged writes
├── SecretsUnreadable   the file of passwords cannot be used
└── InvalidName         a role or database name that PostgreSQL would change
"""

from __future__ import annotations

from pathlib import Path

from gis_service.errors import ClusterError


class ServerNotFound(ClusterError):
    """No PostgreSQL with PostGIS was found on this machine."""


class UnreachableHome(ClusterError):
    """The user that runs the server cannot reach its files, or may not own them."""


class WrongServerVersion(ClusterError):
    """The data directory was made by another major version of PostgreSQL."""

    def __init__(self, data: str, *, data_version: int, server_version: int) -> None:
        self.data_version = data_version
        self.server_version = server_version
        super().__init__(
            f"{data} was made by PostgreSQL {data_version}, and the server found here is "
            f"PostgreSQL {server_version}. Nothing was changed. Install PostgreSQL "
            f"{data_version} with PostGIS beside it (Debian: postgresql-{data_version} "
            f"postgresql-{data_version}-postgis-3), then move to the newer one, if you want: "
            "./gis upgrade postgresql"
        )


class ForeignData(ClusterError):
    """Something else lies where the data directory should be."""

    def __init__(self, data: Path) -> None:
        super().__init__(
            f"{data} is not a data directory of PostgreSQL. Nothing was changed. "
            "Move it away, or set GIS_HOME to another directory."
        )


class ClusterBusy(ClusterError):
    """Another process has the cluster and did not let go in time."""


class DiskFull(ClusterError):
    """The disk that holds the cluster has no room left."""


class ServerFailed(ClusterError):
    """The server did not start, stop or answer as it should."""


class NotDurable(ClusterError):
    """A setting of the server would lose writes that were acknowledged."""


class SecretsUnreadable(ClusterError):
    """The file of passwords cannot be read, or no longer fits the cluster."""


class InvalidName(ClusterError):
    """A role or database name that PostgreSQL would refuse, shorten or reserve."""
