"""What the reading and writing processes do without, to start fast."""

from __future__ import annotations

import sys
from importlib.abc import MetaPathFinder


def without_pandas() -> None:
    """
    Keep pandas from this process; pyarrow and pyogrio import it wherever they find it.

    Nothing in it needs pandas, and importing that takes longer than reading most files.
    """
    sys.meta_path.insert(0, _NotFound())


class _NotFound(MetaPathFinder):
    def find_spec(self, fullname: str, path: object, target: object = None) -> None:
        if fullname in {"pandas", "geopandas"}:
            raise ModuleNotFoundError(f"{fullname} is kept from this process", name=fullname)
