"""A package in any form as plain objects: what the confined process does with a file of OFDS."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from gis_service.errors import UnreadableFile
from gis_service.formats.limits import ReadLimits
from gis_service.formats.ofds_json import parse_package
from gis_service.formats.ofds_sniffing import Form, required_form


def package_in(path: Path, limits: ReadLimits) -> dict[str, Any]:
    """
    The document of a package, its form, and notes.

    Raises
    ------
    UnreadableFile
        It is no package, or a broken one.
    """
    form = required_form(path)
    if form is Form.JSON:
        document, said = parse_package(path.read_bytes())
        return {"document": document, "form": said, "notes": []}
    raise UnreadableFile(f"OFDS in {form.value} is not read.")
