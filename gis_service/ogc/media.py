"""The formats that resources are offered in."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Format:
    """
    A representation of a resource.

    Parameters
    ----------
    name
        Value of the parameter `f` that asks for it.
    media_type
        What the answer's Content-Type says.
    also
        Other values of `f` and other media types in Accept that it answers.
    """

    name: str
    media_type: str
    title: str
    also: tuple[str, ...] = ()

    @property
    def bare_type(self) -> str:
        """The media type without its parameters."""
        return self.media_type.partition(";")[0].strip()


JSON = Format("json", "application/json", "JSON")
HTML = Format("html", "text/html", "HTML", also=("application/xhtml+xml",))
GEOJSON = Format("geojson", "application/geo+json", "GeoJSON", also=("json", "application/json"))
SCHEMA = Format(
    "json", "application/schema+json", "JSON Schema", also=("schema", "application/json")
)
OPENAPI = Format(
    "json",
    "application/vnd.oai.openapi+json;version=3.0",
    "OpenAPI 3.0",
    also=("openapi", "application/json", "application/openapi+json"),
)
PROBLEM = Format("json", "application/problem+json", "Problem", also=("application/json",))
