"""Known vulnerabilities of the packages that the service runs on, asked of pip-audit."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_LOCK = "requirements.lock"
_LONGEST_S = 90


@dataclass(frozen=True, slots=True)
class Audit:
    """What the advisory service said: packages asked about, left unanswered, and found weak."""

    asked: int
    unanswered: int
    weak: tuple[str, ...]
    trouble: str = ""

    @property
    def words(self) -> str:
        """One line for a person; never that all is well where nothing was answered."""
        if self.weak:
            return "Known vulnerabilities: " + "; ".join(self.weak) + "."
        if self.trouble:
            return f"Packages: not audited ({self.trouble})."
        if self.unanswered == self.asked:
            return "Packages: not audited (the advisory service knows none of them)."
        left = f", {self.unanswered} not audited" if self.unanswered else ""
        return f"Packages: {self.asked - self.unanswered} without known vulnerabilities{left}."


def audit_packages(root: Path) -> Audit:
    """
    Ask about every package of the lock.

    pip-audit ends well too when it was told about none of the packages, so its
    answer is counted, package by package.

    Parameters
    ----------
    root
        The folder of the lock.
    """
    command = [
        str(Path(sys.executable).with_name("pip-audit")), "--requirement", str(root / _LOCK),
        "--require-hashes", "--disable-pip", "--progress-spinner", "off", "--format", "json",
        "--timeout", "5",
    ]  # fmt: skip
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, check=False, timeout=_LONGEST_S
        )
    except subprocess.TimeoutExpired:
        return Audit(0, 0, (), f"no answer within {_LONGEST_S} s")
    try:
        packages = json.loads(done.stdout)["dependencies"]
    except (ValueError, KeyError):
        return Audit(0, 0, (), "the advisory service cannot be reached")
    return read_audit(packages)


def read_audit(packages: list[dict[str, Any]]) -> Audit:
    """
    Count what pip-audit's JSON says of each package.

    Parameters
    ----------
    packages
        Its `dependencies`: objects with `name`, and either `skip_reason`, or `version`
        and `vulns`, a list of objects with `id` and `fix_versions`.
    """
    return Audit(
        asked=len(packages),
        unanswered=sum("vulns" not in package for package in packages),
        weak=tuple(
            f"{package['name']} {package['version']}: {found['id']}, "
            + (f"mended in {', '.join(found['fix_versions'])}" if found["fix_versions"]
               else "not mended yet")
            for package in packages
            for found in package.get("vulns", ())
        ),
    )  # fmt: skip
