"""The running service: one for each home, found again, stopped only when it is ours."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any

import uvicorn

from gis_service.errors import ConfigurationError, Unavailable
from gis_service.logs import set_up
from gis_service.settings import Settings, shared_metrics

if TYPE_CHECKING:
    from gis_service.services.certificates import ServedCertificate

READY_WITHIN_S = 120
STOPPED_WITHIN_S = 30
ROOT = Path(__file__).resolve().parents[2]
"""Of this version of the service."""
MOST_LOG_MB = 20


class ServiceProcess:
    """
    The service of one home.

    A lock, held as long as the process lives, says that it runs; a file beside
    it says where. The kernel frees the lock however the process ends.

    Attributes
    ----------
    detached
        Whether this process was started by `gis up --detach`, so that it may be
        started again in the same way.
    """

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.run = settings.home / "run"
        self._lock = self.run / "service.lock"
        self._state = self.run / "service.json"
        self.detached = False

    @property
    def log(self) -> Path:
        return self.settings.home / "logs" / "service.log"

    @property
    def address(self) -> str:
        """Where readers reach the service that runs, or would reach it when none does."""
        state = self.state()
        return self.settings.public_base_url if state is None else str(state["address"])

    @contextmanager
    def alone(self) -> Iterator[bool]:
        """Whether this process is now the service; False when another one is."""
        self.run.mkdir(parents=True, exist_ok=True)
        with self._lock.open("a") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                yield False
                return
            self._state.unlink(missing_ok=True)
            try:
                yield True
            finally:
                self._state.unlink(missing_ok=True)

    def remember(self) -> None:
        """Write down which process this is and where it answers."""
        state = {
            "pid": os.getpid(),
            "started": _started(os.getpid()),
            "address": self.settings.public_base_url,
            "local": _local_address(self.settings),
            "detached": self.detached,
            "python": sys.executable,
            "root": str(ROOT),
            "options": options_of(self.settings),
        }
        draft = self._state.with_suffix(".new")
        draft.write_text(json.dumps(state))
        draft.replace(self._state)

    def state(self) -> dict[str, Any] | None:
        """What the running service wrote down; None when it is not ours or not running."""
        try:
            state: dict[str, Any] = json.loads(self._state.read_text())
        except (OSError, ValueError):
            return None
        return state if _started(int(state["pid"])) == state["started"] else None

    def wait_ready(self, *, child: subprocess.Popen[bytes] | None = None) -> str:
        """
        Wait until the running service answers; its address.

        Raises
        ------
        Unavailable
            It ended, or does not answer in time.
        """
        deadline = time.monotonic() + READY_WITHIN_S
        while time.monotonic() < deadline:
            state = self.state()
            if state is not None and _answers(str(state["local"])):
                return str(state["address"])
            if child is not None and child.poll() is not None:
                raise Unavailable(f"The service ended while starting. {self._log_tail()}")
            time.sleep(0.1)
        raise Unavailable(f"The service is not ready after {READY_WITHIN_S} s. {self._log_tail()}")

    def answers(self) -> bool:
        """Whether the running service says that it can do its work."""
        state = self.state()
        return state is not None and _answers(str(state["local"]))

    def stop(self) -> bool:
        """Stop the running service; False when none runs."""
        state = self.state()
        if state is None:
            return False
        pid = int(state["pid"])
        os.kill(pid, signal.SIGTERM)
        deadline = time.monotonic() + STOPPED_WITHIN_S
        while time.monotonic() < deadline:
            if _started(pid) != state["started"]:
                return True
            time.sleep(0.05)
        raise Unavailable(f"The service (process {pid}) does not stop. {self._log_tail()}")

    def refuse_taken_port(self, port: int, choose: str) -> None:
        """Raise `ConfigurationError` when another program listens on one of our ports."""
        family = socket.AF_INET6 if ":" in self.settings.host else socket.AF_INET
        with socket.socket(family, socket.SOCK_STREAM) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((self.settings.host, port))
            except OSError as error:
                raise ConfigurationError(
                    f"Cannot listen on {self.settings.host}:{port}: "
                    f"{error.strerror}. Choose another with {choose}."
                ) from None

    @contextmanager
    def stopping_on_signals(self) -> Iterator[None]:
        """Let SIGINT and SIGTERM end the block as a clean stop."""

        def stop(number: int, frame: FrameType | None) -> None:
            raise SystemExit(0)

        before = {s: signal.signal(s, stop) for s in (signal.SIGINT, signal.SIGTERM)}
        try:
            yield
        except SystemExit as end:
            if end.code not in (0, None):
                raise
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def _log_tail(self) -> str:
        try:
            lines = self.log.read_text(errors="replace").splitlines()[-15:]
        except OSError:
            return ""
        return "Its log ends:\n" + "\n".join(f"  {line}" for line in lines)


def options_of(settings: Settings) -> list[str]:
    """The options of `gis up` that say where the service listens."""
    tls = ["--tls"] if settings.tls else []
    for option, file in (("--tls-cert", settings.tls_cert), ("--tls-key", settings.tls_key)):
        tls += [] if file is None else [option, str(file)]
    return [
        "--host", settings.host, "--port", str(settings.port),
        "--workers", str(settings.workers), *tls,
    ]


def run_detached(
    process: ServiceProcess,
    options: list[str],
    *,
    tell: Callable[[str], None],
    or_end: bool = False,
) -> None:
    """
    Start the service in the background and wait until it is ready.

    Parameters
    ----------
    tell
        Takes what the service tells once, which comes by a pipe and never
        stands in the log; also when the service fails afterwards.
    or_end
        Whether a service that is not ready in time is ended, rather than left to go on.
    """
    if process.state() is not None:
        process.wait_ready()
        return
    process.log.parent.mkdir(parents=True, exist_ok=True)
    _turn(process.log)
    reading, writing = os.pipe()
    with process.log.open("ab") as log:
        child = subprocess.Popen(
            [sys.executable, "-m", "gis_service", "up", *options, "--tell", str(writing)],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
            pass_fds=(writing,),
        )
    os.close(writing)
    try:
        process.wait_ready(child=child)
    except BaseException:
        if or_end:
            _end(child)
        raise
    finally:
        tell(_what_is_there(reading))
        os.close(reading)


def _end(child: subprocess.Popen[bytes]) -> None:
    child.terminate()
    try:
        child.wait(STOPPED_WITHIN_S)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()


def _turn(log: Path) -> None:
    """Begin a new log when the last one has grown large; one is kept beside it."""
    if log.exists() and log.stat().st_size > MOST_LOG_MB * 2**20:
        log.replace(log.with_suffix(".log.1"))


def _what_is_there(descriptor: int) -> str:
    """What a pipe holds now, without waiting for more."""
    os.set_blocking(descriptor, False)
    try:
        return os.read(descriptor, 65_536).decode(errors="replace")
    except BlockingIOError:
        return ""


def serve_until_stopped(
    process: ServiceProcess, settings: Settings, certificate: ServedCertificate | None = None
) -> None:
    """Answer requests until a signal asks to stop; over https with a certificate."""
    if certificate is not None:
        os.environ.update(GIS_TLS="true", GIS_BASE_URL=settings.public_base_url)
        if settings.tls_cert is not None and settings.tls_key is not None:
            os.environ.update(
                GIS_TLS_CERT=str(settings.tls_cert), GIS_TLS_KEY=str(settings.tls_key)
            )
    os.environ.update(
        GIS_HOST=settings.host,
        GIS_PORT=str(settings.port),
        GIS_WORKERS=str(settings.workers),
        GIS_HOME=str(settings.home),
    )
    process.run.mkdir(parents=True, exist_ok=True)
    counted = shared_metrics(settings)
    if counted is not None:
        shutil.rmtree(counted, ignore_errors=True)
        counted.mkdir(mode=0o700)
    set_up(settings.log_format)
    process.remember()
    uvicorn.run(
        "gis_service.web.main:application",
        factory=True,
        host=settings.host,
        port=settings.port,
        workers=settings.workers,
        loop="gis_service.web.accepting:EagerLoop",
        http="gis_service.web.slow_clients:PatientProtocol",
        access_log=False,
        server_header=False,
        proxy_headers=False,
        log_config=None,
        timeout_graceful_shutdown=10,
        ssl_certfile=None if certificate is None else certificate.certificate,
        ssl_keyfile=None if certificate is None else certificate.key,
    )


def _local_address(settings: Settings) -> str:
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(settings.host, settings.host)  # noqa: S104  # nosec B104
    scheme = "https" if settings.speaks_tls else "http"
    return f"{scheme}://[{host}]:{settings.port}" if ":" in host \
        else f"{scheme}://{host}:{settings.port}"


def _answers(address: str) -> bool:
    try:
        with urllib.request.urlopen(  # noqa: S310  # nosec B310
            f"{address}/health/ready", timeout=2, context=_unchecked()
        ) as answer:
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError):
        return False


def _unchecked() -> ssl.SSLContext:
    """
    For asking on this machine whether we answer.

    A certificate for readers need not name 127.0.0.1, and nothing secret is sent.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def _started(pid: int) -> str | None:
    """When a process started, in the kernel's words; None when there is none."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return _started_by_ps(pid)
    return None if fields[0] == "Z" else fields[19]


def _started_by_ps(pid: int) -> str | None:
    if Path("/proc/self").exists():
        return None
    found = subprocess.run(
        ["ps", "-o", "lstart=", "-p", str(pid)], capture_output=True, text=True, check=False
    )
    return found.stdout.strip() or None
