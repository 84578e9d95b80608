"""The private cluster: a PostgreSQL with PostGIS that belongs to one home directory."""

from gis_service.store.cluster.binaries import ServerBinaries, find_binaries
from gis_service.store.cluster.private import PrivateCluster

__all__ = ["PrivateCluster", "ServerBinaries", "find_binaries"]
