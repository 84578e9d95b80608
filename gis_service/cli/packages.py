"""Files that together are one package of the Open Fibre Data Standard."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from gis_service.formats.ofds_sniffing import OF_PACKAGES, form_of_names


@contextmanager
def as_one_package(files: Sequence[Path]) -> Iterator[Path | None]:
    """
    An archive of several files that are one package, as long as it is needed; None of others.

    It is called after the folder that they lie in.
    """
    parts = [path for path in files if path.suffix.lower() in OF_PACKAGES]
    if len(parts) < 2 or len(parts) < len(files) or (
        form_of_names(path.name.lower() for path in parts) is None
    ):
        yield None
        return
    with TemporaryDirectory(prefix="gis-package-") as made:
        whole = Path(made) / f"{parts[0].absolute().parent.name or 'package'}.zip"
        with zipfile.ZipFile(whole, "w", zipfile.ZIP_STORED) as archive:
            for path in parts:
                archive.write(path, path.name)
        yield whole
