"""What a package of the Open Fibre Data Standard holds, before it is loaded."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from gis_service.formats.limits import ReadLimits
from gis_service.formats.ofds_mapping import key_of
from gis_service.formats.ofds_package import ARRAYS, objects_of
from gis_service.formats.ofds_reading import read_package


def package_facts(path: Path, limits: ReadLimits) -> dict[str, Any]:
    """
    Its form and its networks, in the words of an inspection.

    Raises
    ------
    UnreadableFile
        It is no package, or a broken one.
    """
    package = read_package(path, limits=limits)
    return {
        "source": path.name,
        "format": f"OFDS {package.form}",
        "size_bytes": path.stat().st_size,
        "layers": [],
        "inspected": [],
        "notes": list(package.notes),
        "networks": [
            {
                "id": key_of(network) or "",
                "name": str(network.get("name") or ""),
                "counts": {array: len(objects_of(network, array)) for array in ARRAYS},
            }
            for network in package.networks
        ],
    }
