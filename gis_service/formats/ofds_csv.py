from typing import IO, Any


def write_csv(package: Any, out: IO[bytes]) -> None: ...
