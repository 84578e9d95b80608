from typing import IO, Any


def write_geojson(package: Any, out: IO[bytes]) -> None: ...
