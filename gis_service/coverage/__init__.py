"""Coverage: what is connected, carried and reached, by ward and by other groups."""

from gis_service.coverage.reported import coverage_by_ward

__all__ = ["coverage_by_ward"]
