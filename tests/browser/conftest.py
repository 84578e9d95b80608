"""A real Chromium for the tests of pages."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, sync_playwright

from tests.browser.pages import CHROMIUM_ARGUMENTS


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """One browser for a file: its event loop must not outlive the file's tests."""
    program = os.environ.get("GIS_CHROMIUM") or shutil.which("chromium")
    if program is None:
        pytest.fail("No Chromium: install the package chromium or name one in GIS_CHROMIUM.")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=program, args=list(CHROMIUM_ARGUMENTS)
        )
        yield browser
        browser.close()
