"""
Settings: one frozen object, read from the environment and `.env`.

Every setting is described here once; `gis settings` and the table in README.md
are made from it.
"""

from __future__ import annotations

import os
from enum import StrEnum
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import Any

from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from gis_service.errors import ConfigurationError

ARC_1960_UTM_36S = 21036
"""EPSG code of the CRS of Kenya's older maps and surveys."""

Network = IPv4Network | IPv6Network
MOST_VERTICES = 200_000
"""Of a polygon, by whatever door it comes: more keep GEOS busy for many seconds."""
SOURCED = r"^\d+(\.\d+)? *;.*\S.*$"
"""An amount, a semicolon and where it comes from: so the two cannot come apart."""


class LogFormat(StrEnum):
    """Lines for people, or one JSON object a line for programs."""

    TEXT = "text"
    JSON = "json"


class AccessLog(StrEnum):
    """Which requests are logged when they are answered."""

    ALL = "all"
    SLOW = "slow"
    NONE = "none"


class Settings(BaseSettings):
    """What can be set; environment variables carry the prefix `GIS_`."""

    model_config = SettingsConfigDict(
        env_prefix="GIS_", env_file=".env", env_file_encoding="utf-8", frozen=True, extra="ignore"
    )

    home: Path = Field(
        default_factory=lambda: default_home(os.environ),
        description="Where the private database, uploads and logs live.",
    )
    database_url: SecretStr | None = Field(
        None, description="Another PostGIS to use instead of the private one "
        "(postgresql://user:password@host/database)."
    )
    pooler_url: SecretStr | None = Field(
        None, description="A PgBouncer in transaction mode before the database, by which requests "
        "are answered (postgresql://host:6432/database); changes are heard, jobs done and "
        "backups made past it."
    )
    replica_urls: SecretStr | None = Field(
        None, description="Streaming replicas of the database that answer what is only read, with "
        "commas between: addresses (postgresql://host/database), or folders of "
        "`./gis replica make`."
    )
    replica_lag_s: float = Field(
        5.0, gt=0, le=3600, description="Seconds behind the primary after which a replica is left "
        "out."
    )
    pg_bin: Path | None = Field(
        None, description="Folder of the PostgreSQL programs, if they are not found by themselves."
    )
    host: str = Field("127.0.0.1", description="Address that the service listens on.")
    port: int = Field(8000, ge=1, le=65535, description="Port that the service listens on.")
    workers: int = Field(1, ge=1, le=64, description="Processes that answer requests.")
    base_url: str | None = Field(
        None, description="Address by which readers reach the service, for its links; "
        "by default that of host and port."
    )
    tls: bool = Field(
        False, description="Speak https, by the certificate of GIS_TLS_CERT or of an authority "
        "that this machine makes (`./gis up --tls`)."
    )
    tls_cert: Path | None = Field(
        None, description="Your own certificate with its chain, PEM; the service then speaks https."
    )
    tls_key: Path | None = Field(None, description="The key of that certificate, PEM.")
    trust_port: int | None = Field(
        None, ge=0, le=65535, description="Port of the page that tells phones how to trust this "
        "machine's own authority, over plain http; by default the one after the service's, "
        "0 for none."
    )
    log_format: LogFormat = Field(
        LogFormat.TEXT, description="Form of the log's lines: text for people, json for programs."
    )
    access_log: AccessLog = Field(
        AccessLog.SLOW, description="Which requests are logged: all; those that took longer than "
        "a second or failed (slow); none."
    )
    maps: Path = Field(
        default_factory=lambda: shipped("maps"),
        description="Folder of the map definitions.",
    )
    municipality: str = Field(
        "Kisii Municipality", description="Name shown at the head of every page."
    )
    session_hours: float = Field(
        12.0, ge=0.1, le=720, description="Hours after which a browser has to log in again."
    )
    default_limit: int = Field(100, ge=1, description="Items on a page when none is asked for.")
    max_limit: int = Field(10_000, ge=1, description="Most items on a page.")
    count_cap: int = Field(
        10_000, ge=1, description="Matching items are counted exactly up to here."
    )
    metric_crs: int = Field(
        32736, ge=1024, le=32767,
        description="EPSG code of the networks' metric CRS, in which coordinates can be had.",
    )
    extra_crs: str = Field(
        "", pattern=r"^ *(\d{4,6} *(, *\d{4,6} *)*)?$",
        description="EPSG codes of more CRSs in which coordinates can be had, with commas between.",
    )
    statement_timeout_s: float = Field(
        10.0, gt=0, description="Seconds after which a reader's query is given up."
    )
    max_exports: int = Field(
        2, ge=1, le=20, description="Files of items that each process writes at a time."
    )
    export_timeout_s: float = Field(
        300.0, gt=0, description="Seconds after which writing a file of items is given up."
    )
    max_export_mb: int = Field(
        4_000, ge=1, description="Largest file of items, in megabytes."
    )
    pool_size: int = Field(8, ge=1, le=100, description="Database connections of each process.")
    max_waiting: int = Field(
        200, ge=0, description="Requests of each process that wait for a database connection; "
        "more are told to come back."
    )
    requests_at_once: int = Field(
        48, ge=0, le=10_000, description="Reading requests that each process works at; others wait "
        "for a moment, and when there are too many are told to come back; 0 sets no limit."
    )
    public_rate: float = Field(
        50.0, ge=0, le=100_000, description="Requests per second that one address may send to "
        "each process without a key, ten seconds' worth of them at once; 0 sets no limit."
    )
    key_rate: float = Field(
        100.0, ge=0, le=100_000, description="The same for one key."
    )
    reports_per_hour: int = Field(
        20, ge=0, description="Fault reports that each process takes from one address within an "
        "hour; 0 sets no limit."
    )
    report_contact_days: int = Field(
        30, ge=1, le=365, description="Days after which the contact of a settled fault report is "
        "erased; one of a report that nobody settles goes after a year."
    )
    controller: str = Field(
        "", max_length=300, description="Who answers for personal data, and how to reach them: "
        "shown at /privacy."
    )
    trusted_proxies: str = Field(
        "127.0.0.0/8, ::1", description="Networks of the proxies whose X-Forwarded-For is "
        "believed, with commas between; nobody else's is."
    )
    snapshot_mb: int = Field(
        256, ge=0, description="Megabytes of items that each process keeps in memory, so that "
        "common questions need no database; 0 keeps none."
    )
    max_file_mb: int = Field(500, ge=1, description="Largest file that is read, in megabytes.")
    upload_days: int = Field(
        14, ge=1, le=365, description="Days after which a file that was uploaded and not loaded is "
        "taken away."
    )
    max_vertices: int = Field(
        50_000, ge=100, le=MOST_VERTICES, description="Most vertices that one geometry may have."
    )
    map_whole: int = Field(
        5_000, ge=1, description="Items above which a layer of a map is drawn from afar by tiles "
        "and asked for piece by piece from near."
    )
    max_edit_mb: int = Field(
        4, ge=1, le=100, description="Largest body of a request that changes items, in megabytes."
    )
    max_batch: int = Field(500, ge=1, description="Most operations of one batch.")
    require_if_match: bool = Field(
        False, description="Whether a change or deletion must name the version that it is based "
        "on (If-Match); QGIS does not."
    )
    max_tile_kb: int = Field(
        500, ge=10, le=10_000,
        description="Largest vector tile before compression, in kilobytes; what does not fit "
        "is left out of it."
    )
    tile_cache_mb: int = Field(
        64, ge=0, description="Memory of each process for finished tiles, in megabytes."
    )
    cost_office_kes: str = Field(
        "150000; an assumption: terminal, splices and cable in the house; take your last tender's",
        pattern=SOURCED,
        description="What connecting an office costs whatever the distance, in KES; source and "
        "date.",
    )
    cost_trench_kes_per_km: str = Field(
        "1400000; US$ 14,000 for a kilometre underground, Kenya Power at the FTTH Council "
        "conference, October 2015, at KES 100 for a dollar",
        pattern=SOURCED,
        description="What a kilometre of trench with its cable costs, in KES; source and date.",
    )
    cost_wayleave_kes_per_m: str = Field(
        "6.5; KES 6,500 a kilometre, Nairobi City County Finance Act 2023, without annual charges",
        pattern=SOURCED,
        description="What the right of way costs for a metre of trench, in KES; source and date.",
    )
    cost_detour_factor: str = Field(
        "1.2; of roads in towns, Newell, Traffic Flow on Transportation Networks, 1980; more in "
        "hills",
        pattern=SOURCED,
        description="Where no roads are loaded, trenches are so many times as long as the "
        "straight line; source.",
    )
    licence: str = Field(
        "CC BY 4.0; https://creativecommons.org/licenses/by/4.0/",
        pattern=r"^[^;]+; *https?://\S+$",
        description="Licence of the data that is published: its name; its address.",
    )
    basemap_pmtiles: Path | None = Field(
        None,
        description="A PMTiles file on this machine, of images or vector tiles, that lies beneath "
        "the maps.",
    )
    basemap_url: str | None = Field(
        None, description="Online basemap tiles ({z}/{x}/{y}); none is asked for by default."
    )
    basemap_attribution: str = Field(
        "", description="Credit shown for the basemap; by default that of the file."
    )

    backup_dir: Path | None = Field(
        None, description="Folder of the backups that the service makes by itself, best on "
        "another disk; without it none are made."
    )
    backup_every: float = Field(
        24.0, ge=0.01, le=8760, description="Hours after which another backup is due."
    )
    backup_keep: str = Field(
        "7 daily, 5 weekly, 12 monthly",
        pattern=r"^ *\d{1,4} (daily|weekly|monthly)( *, *\d{1,4} (daily|weekly|monthly))* *$",
        description="How many backups are kept: of so many days, weeks and months the newest "
        "proven one.",
    )
    backup_encrypt_to: str | None = Field(
        None, description="Who alone can read the backups: an age or SSH public key, else a key "
        "of gpg."
    )
    backup_copy_to: str | None = Field(
        None, description="Where a second copy of each backup goes: a folder, or `remote:path` "
        "of the program rclone (SFTP, S3 and others)."
    )
    recovery_dir: Path | None = Field(
        None, description="Folder in which the private database's log of changes is kept, best on "
        "another disk, so that it can be put back to any moment; without it to that of a backup."
    )
    recovery_days: int = Field(
        14, ge=1, le=3650, description="Days that one can go back to any moment."
    )

    @field_validator("home", "maps", "tls_cert", "tls_key", "basemap_pmtiles", "backup_dir",
                     "recovery_dir")
    @classmethod
    def _absolute(cls, path: Path | None) -> Path | None:
        return None if path is None else path.expanduser().resolve()

    @field_validator("trusted_proxies")
    @classmethod
    def _networks(cls, text: str) -> str:
        _networks_of(text)
        return text

    @property
    def trusted_networks(self) -> tuple[Network, ...]:
        """Where proxies stand that tell the truth of who asks."""
        return _networks_of(self.trusted_proxies)

    @property
    def public_base_url(self) -> str:
        if self.base_url:
            return self.base_url.rstrip("/")
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{'https' if self.speaks_tls else 'http'}://{host}:{self.port}"

    @property
    def speaks_tls(self) -> bool:
        return self.tls or self.tls_cert is not None

    @property
    def licence_parts(self) -> tuple[str, str]:
        """Name and address of the licence of what is published."""
        name, _, address = self.licence.partition(";")
        return name.strip(), address.strip()

    @property
    def crs_codes(self) -> tuple[int, ...]:
        """EPSG codes in which coordinates can be had besides degrees and Web Mercator."""
        extra = (int(code) for code in self.extra_crs.split(",") if code.strip())
        return (self.metric_crs, ARC_1960_UTM_36S, *extra)

    @property
    def replicas(self) -> tuple[str, ...]:
        """Address or folder of each replica."""
        text = "" if self.replica_urls is None else self.replica_urls.get_secret_value()
        return tuple(part.strip() for part in text.split(",") if part.strip())

    @property
    def listens_locally(self) -> bool:
        return self.host in {"127.0.0.1", "::1", "localhost"}

    @property
    def listens_everywhere(self) -> bool:
        return self.host in {"0.0.0.0", "::"}  # noqa: S104  # nosec B104 # told, not listened on


def read_settings(**overrides: Any) -> Settings:
    """
    Settings from the environment and `.env`; `overrides` that are not None win.

    Raises
    ------
    ConfigurationError
        A setting's value breaks its rule.
    """
    try:
        return Settings(**{k: v for k, v in overrides.items() if v is not None})
    except ValidationError as error:
        faults = "\n".join(
            f"  - GIS_{'_'.join(str(p) for p in e['loc']).upper()}: {e['msg']}"
            for e in error.errors()
        )
        raise ConfigurationError(f"Some settings are not valid:\n{faults}") from None


def _networks_of(text: str) -> tuple[Network, ...]:
    return tuple(ip_network(part.strip()) for part in text.split(",") if part.strip())


def shipped(folder: str) -> Path:
    """A folder that stands beside the package, or in an installed one inside it."""
    package = Path(__file__).resolve().parent
    beside = package.parent / folder
    return beside if beside.is_dir() else package / "bundled" / folder


def shared_metrics(settings: Settings) -> Path | None:
    """Where the processes that answer add up what they count; None when there is one only."""
    return settings.home / "run" / "metrics" if settings.workers > 1 else None


def default_home(environment: Any) -> Path:
    """By the XDG rules; for root a place that an unprivileged user can reach."""
    if os.geteuid() == 0:
        return Path("/var/lib/gis-service")
    data = environment.get("XDG_DATA_HOME") or "~/.local/share"
    return Path(data).expanduser() / "gis-service"


def shown(settings: Settings) -> dict[str, str]:
    """Every setting as text, secrets as `***`."""
    values: dict[str, str] = {}
    for name in Settings.model_fields:
        value = getattr(settings, name)
        if isinstance(value, SecretStr):
            value = "***"
        values[name] = "" if value is None else str(value)
    return values


def changed(settings: Settings) -> dict[str, str]:
    """Settings that are not as they come, by variable; no secret, and no place of this machine."""
    values = shown(settings)
    plain = shown(Settings.model_construct())
    return {
        f"GIS_{name.upper()}": value for name, value in values.items()
        if value != plain[name]
        and name not in {"home", "database_url", "pooler_url", "replica_urls", "pg_bin"}
    }


def described() -> list[tuple[str, str, str]]:
    """(variable, default, description) of every setting, for `gis settings` and README.md."""
    rows = []
    for name, field in Settings.model_fields.items():
        if name == "home":
            default = "by XDG; `/var/lib/gis-service` for root"
        elif name == "maps":
            default = "`maps/`"
        else:
            default = "" if field.default is None else f"`{field.default}`"
        shown_default = "" if default == "``" else default
        rows.append((f"GIS_{name.upper()}", shown_default, field.description or ""))
    return rows
