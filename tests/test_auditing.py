"""What `./gis check` says of the packages: nothing good where nothing was answered."""

from __future__ import annotations

from gis_service.cli.auditing import Audit, read_audit

_SOUND = {"name": "click", "version": "8.5.1", "vulns": []}
_SKIPPED = {"name": "numpy", "skip_reason": "not found"}
_WEAK = {
    "name": "jinja2", "version": "2.0", "vulns": [{"id": "CVE-2019-1", "fix_versions": ["2.1"]}],
}  # fmt: skip


def test_packages_nobody_answered_for_are_not_called_sound() -> None:
    audit = read_audit([_SKIPPED, _SKIPPED])
    assert "not audited" in audit.words
    assert not audit.weak
    assert "not audited (no network)" in Audit(0, 0, (), "no network").words


def test_weak_packages_are_named_with_what_mends_them() -> None:
    audit = read_audit([_SOUND, _SKIPPED, _WEAK])
    assert audit.weak == ("jinja2 2.0: CVE-2019-1, mended in 2.1",)
    assert "jinja2" in audit.words


def test_sound_and_unanswered_packages_are_counted_apart() -> None:
    words = read_audit([_SOUND, _SKIPPED]).words
    assert "1 without known vulnerabilities, 1 not audited" in words
