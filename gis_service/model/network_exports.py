"""A whole network as a file: the forms and versions of the Open Fibre Data Standard."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from gis_service.model.fields import Text


class NetworkFormat(StrEnum):
    """Forms of a network; the value is that of the parameter `f`."""

    OFDS_JSON = "ofds-json"
    OFDS_JSON_0_4 = "ofds-json-0.4"
    OFDS_JSON_0_3 = "ofds-json-0.3"
    OFDS_CSV = "ofds-csv"
    OFDS_GEOJSON = "ofds-geojson"

    @property
    def version(self) -> str | None:
        """The version that is written; None for the one that the network came in."""
        return self.value.removeprefix("ofds-json-") if self.value[-1].isdigit() else None

    @property
    def about(self) -> AboutFormat:
        return _ABOUT[self]


@dataclass(frozen=True, slots=True)
class AboutFormat:
    """What a form is called, and how it is sent."""

    title: Text
    media_type: str
    suffix: str


_JSON = "application/json"
_ZIP = "application/zip"
_ABOUT = {
    NetworkFormat.OFDS_JSON: AboutFormat(
        Text("OFDS JSON, in the version it came in", "OFDS JSON, kwa toleo lake"), _JSON, "json"
    ),
    NetworkFormat.OFDS_JSON_0_4: AboutFormat(Text("OFDS 0.4 JSON", "OFDS 0.4 JSON"), _JSON, "json"),
    NetworkFormat.OFDS_JSON_0_3: AboutFormat(Text("OFDS 0.3 JSON", "OFDS 0.3 JSON"), _JSON, "json"),
    NetworkFormat.OFDS_CSV: AboutFormat(
        Text("OFDS CSV, a zip archive", "OFDS CSV, kumbukumbu ya zip"), _ZIP, "zip"
    ),
    NetworkFormat.OFDS_GEOJSON: AboutFormat(
        Text("OFDS GeoJSON, a zip archive", "OFDS GeoJSON, kumbukumbu ya zip"), _ZIP, "zip"
    ),
}
