"""The files of `./gis deploy`: systemd's by its own checker, nginx's by a real nginx."""

from __future__ import annotations

import os
import re
import shutil
import socket
import ssl
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from gis_service.cli.notifying import printed_to_journal
from gis_service.errors import ConfigurationError
from gis_service.services import deployment
from gis_service.services.certificates import own_certificate
from gis_service.services.deployment import Front
from gis_service.settings import Settings
from gis_service.store.database import Database
from tests.conftest import free_port, new_key, service_of

NAME = "map.local"
NGINX = shutil.which("nginx", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")

with_nginx = pytest.mark.skipif(
    NGINX is None, reason="nginx is not installed, and systemd would start it if it were"
)


def settings_of(home: Path, **more: object) -> Settings:
    return Settings(_env_file=None, home=home, **more)  # type: ignore[call-arg,arg-type]


@dataclass(frozen=True)
class Proxied:
    """nginx before the service, and what is needed to speak to both."""

    shown: str
    plain: str
    direct: str
    client: httpx.Client
    key: str
    service: subprocess.Popen[bytes]
    told: socket.socket

    def get(self, path: str, **headers: str) -> httpx.Response:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.client.get(path, headers=named, extensions={"sni_hostname": NAME})

    def post(self, path: str, **more: Any) -> httpx.Response:
        return self.client.post(path, extensions={"sni_hostname": NAME}, **more)


@pytest.fixture(scope="module")
def proxied(
    live_database: Database, home: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Proxied]:
    folder = tmp_path_factory.mktemp("nginx")
    folder.chmod(0o755)
    port, plain_port, behind = free_port(), free_port(), free_port()
    served = own_certificate(folder, title="Test", names=[NAME], needed=[NAME])
    front = Front(NAME, served.certificate, served.key, plain_port, port)
    site = folder / "site.conf"
    site.write_text(deployment.nginx_site(settings_of(home, port=behind, max_file_mb=3), front))
    assert NGINX is not None
    command = [NGINX, "-p", str(folder), "-c", str(_around(site))]
    checked = subprocess.run([*command, "-t"], capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stderr
    trusting = ssl.create_default_context(cafile=str(folder / "authority.pem"))
    with (
        socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as told,
        httpx.Client(
            base_url=f"https://127.0.0.1:{port}", verify=trusting,
            headers={"host": f"{NAME}:{port}"}, follow_redirects=False,
        ) as client,
    ):
        told.bind(str(folder / "notify"))
        told.settimeout(60)
        environment = {
            "GIS_BASE_URL": deployment.base_url(front), "GIS_MAX_FILE_MB": "3",
            "GIS_PUBLIC_RATE": "2", "NOTIFY_SOCKET": str(folder / "notify"),
        }  # fmt: skip
        with (
            service_of(live_database, home, port=behind, **environment) as (direct, service),
            subprocess.Popen(command) as nginx,
        ):
            try:
                _listening(port, nginx)
                yield Proxied(
                    deployment.base_url(front), f"http://127.0.0.1:{plain_port}", direct, client,
                    new_key(live_database), service, told,
                )
            finally:
                nginx.terminate()
                nginx.wait(20)


def _listening(port: int, nginx: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + 60
    while time.monotonic() < until:
        assert nginx.poll() is None, "nginx ended while starting"
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise AssertionError("nginx does not listen in time")


def _around(site: Path) -> Path:
    """What Debian's own nginx.conf says around a site, for a folder of ours."""
    folder = site.parent
    scratch = "".join(
        f"{kind}_temp_path {folder}/{kind}; "
        for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    user = "user root; " if os.geteuid() == 0 else ""
    whole = folder / "nginx.conf"
    whole.write_text(
        f"daemon off; pid {folder}/pid; error_log {folder}/error.log; {user}"
        f"events {{ worker_connections 256; }} "
        f"http {{ access_log off; {scratch}include {site}; }}"
    )
    return whole


@with_nginx
def test_readers_come_through_nginx_and_links_lead_back_through_it(proxied: Proxied) -> None:
    poisoned = {"x_forwarded_host": "evil.example", "forwarded": "host=evil.example;proto=http"}
    path = "/collections/offices/items?limit=1&f=json"
    first = proxied.get(path, accept_encoding="gzip", **poisoned)
    until = time.monotonic() + 30
    while "etag" not in first.headers and time.monotonic() < until:
        time.sleep(0.1)  # right after its start a service does not know yet what changed when
        first = proxied.get(path, accept_encoding="gzip", **poisoned)
    assert first.status_code == 200
    assert first.headers["content-encoding"] == "gzip"
    assert "strict-transport-security" in first.headers
    assert "evil.example" not in first.text
    assert all(link["href"].startswith(proxied.shown) for link in first.json()["links"])
    again = proxied.get(path, accept_encoding="gzip", if_none_match=first.headers["etag"])
    assert again.status_code == 304
    moved = httpx.get(f"{proxied.plain}/maps/coverage?lang=sw")
    assert (moved.status_code, moved.headers["location"]) == (
        308, f"{proxied.shown}/maps/coverage?lang=sw"
    )


@with_nginx
def test_a_whole_collection_comes_through_unchanged(proxied: Proxied) -> None:
    path = "/collections/fibre_links/items?f=csv&limit=10000"
    assert proxied.get(path).content == httpx.get(f"{proxied.direct}{path}").content


@with_nginx
def test_logging_in_works_and_its_cookie_is_for_https_only(proxied: Proxied) -> None:
    form = proxied.get("/login")
    token = re.search(r'name="csrf_token" value="([^"]+)"', form.text)
    assert token
    done = proxied.post(
        "/login", data={"key": proxied.key, "csrf_token": token[1]},
        headers={"origin": proxied.shown},
    )
    assert done.status_code == 303, done.text
    session = next(c for c in done.headers.get_list("set-cookie") if "session" in c)
    assert "Secure" in session
    assert "HttpOnly" in session
    proxied.client.cookies.clear()


@with_nginx
def test_what_is_too_large_is_refused_at_the_door(proxied: Proxied) -> None:
    headers = {"authorization": f"Bearer {proxied.key}"}
    large = proxied.post("/loads", content=b"x" * 5_000_000, headers=headers)
    assert large.status_code == 413


@with_nginx
def test_nobody_hides_behind_an_address_that_they_made_up(proxied: Proxied) -> None:
    def asked(get: Callable[..., httpx.Response]) -> set[int]:
        return {get(f"10.0.0.{n}").status_code for n in range(30)}

    direct = asked(
        lambda claimed: httpx.get(f"{proxied.direct}/conformance",
                                  headers={"x-forwarded-for": claimed})
    )
    assert direct == {200}, "the service believes whom it may believe"
    assert 429 in asked(lambda claimed: proxied.get("/conformance", x_forwarded_for=claimed))


@with_nginx
def test_systemd_is_told_and_readers_are_told_when_the_service_is_gone(proxied: Proxied) -> None:
    assert b"READY=1" in proxied.told.recv(4096)
    proxied.service.terminate()
    proxied.service.wait(20)
    assert b"STOPPING=1" in proxied.told.recv(4096)
    silent = proxied.get("/maps/coverage")
    assert silent.status_code == 503
    assert silent.headers["retry-after"] == "10"
    assert "Ramani" in silent.text
    assert "nginx" not in silent.text


def test_systemd_understands_the_units(tmp_path: Path) -> None:
    settings = settings_of(
        Path("/var/lib/gis-service"), municipality="100 % Kisii\n", backup_dir=Path("/mnt/copies")
    )
    units = deployment.systemd_units(settings, user="daemon")
    for name, text in units.items():
        (tmp_path / name).write_text(text)
    assert "StateDirectory=gis-service" in units["gis-service.service"]
    assert "ReadWritePaths=-/mnt/copies" in units["gis-service.service"]
    assert "%%{" not in "".join(units.values())
    if shutil.which("systemd-analyze") is None:
        return
    checked = subprocess.run(
        ["systemd-analyze", "verify", *(str(tmp_path / name) for name in units)],
        capture_output=True, text=True, check=False,
    )
    said = [line for line in checked.stderr.splitlines() if str(tmp_path) in line or "gis-" in line]
    assert said == []
    weighed = subprocess.run(
        ["systemd-analyze", "security", "--offline=true", "--threshold=20",
         str(tmp_path / "gis-service.service")],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert weighed.returncode == 0, weighed.stdout[-300:]


def test_another_database_is_served_and_not_brought_up(tmp_path: Path) -> None:
    own, other = (
        deployment.systemd_units(settings_of(tmp_path, **more), user="gis")["gis-service.service"]
        for more in ({}, {"database_url": "postgresql://gis:secret@db/gis"})
    )
    assert "gis_service up --no-sample" in own
    assert "gis_service serve" in other
    assert "secret" not in other


@pytest.mark.parametrize("user", ["root", "x y", "a\nb", ""])
def test_root_and_nonsense_do_not_run_the_service(user: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="may not run"):
        deployment.systemd_units(settings_of(tmp_path), user=user)


@pytest.mark.parametrize("name", ["a b", "x;", "Kisii.go.ke", "-a.example", "a..b", "", "x\n"])
def test_what_is_no_host_name_is_refused(name: str) -> None:
    with pytest.raises(ConfigurationError, match="no host name"):
        Front(name, Path("/a"), Path("/b"))


def test_paths_that_mean_something_to_others_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="GIS_HOME"):
        deployment.systemd_units(settings_of(tmp_path / "a b;c"), user="gis")
    front = Front(NAME, Path("/etc/a b.pem"), Path("/etc/b.pem"))
    with pytest.raises(ConfigurationError, match="certificate"):
        deployment.nginx_site(settings_of(tmp_path), front)
    with pytest.raises(ConfigurationError, match="GIS_TLS"):
        deployment.nginx_site(settings_of(tmp_path, tls=True), front)


def test_caddy_gets_the_same_bounds(tmp_path: Path) -> None:
    text = deployment.caddyfile(
        settings_of(tmp_path, port=8123, max_file_mb=7), Front(NAME, Path("/"), Path("/"))
    )
    assert "reverse_proxy 127.0.0.1:8123" in text
    assert "max_size 8MB" in text
    assert "header_up X-Forwarded-For {remote_host}" in text


def test_a_key_is_printed_to_people_and_not_to_the_journal(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("JOURNAL_STREAM", raising=False)
    assert not printed_to_journal()
    found = os.fstat(1)
    monkeypatch.setenv("JOURNAL_STREAM", f"{found.st_dev}:{found.st_ino}")
    assert printed_to_journal()
    monkeypatch.setenv("JOURNAL_STREAM", f"{found.st_dev}:{found.st_ino + 1}")
    assert not printed_to_journal()
