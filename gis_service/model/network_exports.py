"""A whole network as a file: the forms and versions of the Open Fibre Data Standard."""

from __future__ import annotations

from enum import StrEnum


class NetworkFormat(StrEnum):
    """Forms of a network; the value is that of the parameter `f`."""

    OFDS_JSON = "ofds-json"
    OFDS_JSON_0_4 = "ofds-json-0.4"
    OFDS_JSON_0_3 = "ofds-json-0.3"
    OFDS_CSV = "ofds-csv"
    OFDS_GEOJSON = "ofds-geojson"
    OFDS_GPKG = "ofds-gpkg"

    @property
    def version(self) -> str | None:
        """The version that is written; None for the one that the network came in."""
        if self is NetworkFormat.OFDS_GPKG:
            return "0.4"
        return self.value.removeprefix("ofds-json-") if self.value[-1].isdigit() else None
