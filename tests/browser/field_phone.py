"""A technician's phone: a Chromium with a profile of its own that can be killed."""

from __future__ import annotations

import os
import shutil
import signal
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any

from playwright.sync_api import BrowserContext, Error, Page, Playwright

from gis_service.store.database import Database
from tests.browser.pages import CHROMIUM_ARGUMENTS, PHONE, wait_until
from tests.conftest import free_port, service_of

WARD = "1332"
DOWNLOAD = "code => import('/static/field/data.js').then(m => m.download(code))"
SEND = "() => import('/static/field/queue.js').then(m => m.send(true))"
ITEMS = """() => import('/static/field/data.js').then(m => m.data()).then(d =>
    d.items.map(({collection, id, name, tag}) => ({collection, id, name, tag})))"""
ADD = """async some => {
    const {add} = await import('/static/field/queue.js');
    for (const {op, photo, title, replaces} of some) {
        const photos = [];
        if (photo) {
            const canvas = new OffscreenCanvas(40, 30);
            const pen = canvas.getContext('2d');
            pen.fillStyle = '#' + photo.slice(0, 6);
            pen.fillRect(0, 0, 40, 30);
            const blob = await canvas.convertToBlob({type: 'image/jpeg'});
            photos.push({id: photo, blob, taken_at: new Date().toISOString()});
        }
        await add(op, photos, {title: title ?? op.id});
    }
}"""
HELD = """() => import('/static/field/store.js').then(async ({all}) => ({
    ops: (await all('ops')).map(({id, state, why}) => ({id, state, why})),
    photos: (await all('photos')).map(({id, state}) => ({id, state})),
    receipts: (await all('receipts')).map(({id}) => id)}))"""


class Server:
    """A service that is killed and comes back at the same address."""

    def __init__(self, database: Database, home: Path) -> None:
        self.database = database
        self._home = home
        self._port = free_port()
        self._stack = ExitStack()
        self.address = ""
        self.runs = False

    def start(self, **settings: str) -> None:
        """Come back, with settings if other ones are wanted."""
        self.address, self._process = self._stack.enter_context(
            service_of(self.database, self._home, port=self._port, **settings)
        )
        self.runs = True

    def kill(self) -> None:
        """End at once, in the midst of whatever is going on."""
        self._process.kill()
        self._process.wait(20)
        self.runs = False

    def close(self) -> None:
        self._stack.close()


class Handset:
    """A browser with its profile on the disk, a page, and a technician's key."""

    def __init__(
        self, playwright: Playwright, folder: Path, address: str, key: str, **options: Any
    ) -> None:
        self._playwright, self._folder, self._options = playwright, folder, options
        self._address, self._key = address, key
        self.context: BrowserContext
        self.page: Page
        self.switch_on()

    def switch_on(self) -> None:
        """Start the browser and open the page."""
        program = os.environ.get("GIS_CHROMIUM") or shutil.which("chromium")
        self.context = self._playwright.chromium.launch_persistent_context(
            str(self._folder), executable_path=program, args=list(CHROMIUM_ARGUMENTS),
            viewport=PHONE, **self._options,
        )
        self.context.set_default_timeout(20_000)
        # Sending in the background is left out: nobody could disturb it from here.
        self.context.add_init_script("delete ServiceWorkerRegistration.prototype.sync")
        self.page = self.context.pages[0]

    def open(self, part: str = "find", lang: str = "en") -> Page:
        """The page at one of its parts, as it is started from the home screen."""
        self.page.goto("about:blank")
        self.page.goto(f"{self._address}/field?lang={lang}#/{part}")
        wait_until(lambda: self.page.evaluate("document.body.dataset.ready") == "true")
        return self.page

    def log_in(self) -> None:
        self.page.goto(f"{self._address}/login?lang=en")
        self.page.get_by_label("Your key").fill(self._key)
        self.page.keyboard.press("Enter")
        self.page.wait_for_url(lambda url: "/login" not in url)

    def wait_until_kept(self) -> None:
        """Wait until the service worker holds the whole page."""
        wait_until(lambda: self.page.evaluate("navigator.serviceWorker.controller?.state")
                   == "activated")

    def close_page(self) -> None:
        """Take the page away in the midst of what it does, as a phone short of memory does."""
        other = self.context.new_page()
        self.page.close()
        self.page = other

    def kill(self) -> None:
        """End every process of the browser, as an empty battery does."""
        for process in Path("/proc").iterdir():
            try:
                told = (process / "cmdline").read_bytes()
            except OSError:
                continue
            if process.name.isdigit() and f"--user-data-dir={self._folder}\0".encode() in told:
                os.kill(int(process.name), signal.SIGKILL)
        with suppress(Error):
            self.context.close()
        for lock in self._folder.glob("Singleton*"):
            lock.unlink(missing_ok=True)
        self.switch_on()

    def held(self) -> dict[str, Any]:
        """What is on the phone: operations, photos and receipts."""
        held: dict[str, Any] = self.page.evaluate(HELD)
        return held
