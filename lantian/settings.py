"""The settings: typed, read once, from `lantian.toml` and `LANTIAN_…` variables.

`docs/settings.md` is generated from the sentences here.
"""

import os
from functools import cached_property
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    SecretStr,
    ValidationError,
    field_validator,
    model_validator,
)
from pydantic_settings import (
    BaseSettings,
    NoDecode,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from lantian.errors import ConfigError

FILE_VARIABLE = "LANTIAN_CONFIG"
DEFAULT_FILE = "lantian.toml"


class TimeAuthority(BaseModel):
    """An authority that stamps after RFC 3161, and the certificates in which it is trusted."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = Field(pattern=r"^[a-z0-9][a-z0-9-]{0,30}$")
    url: str
    roots: Path
    """PEM file of the root certificates under which its signer must stand."""
    policy: str = Field(default="", pattern=r"^([0-2](\.[0-9]+)+)?$")
    """The policy (OID) that its stamps must name; empty: any."""
    private: bool = False
    """Whether exactly its host and port may be connected to although they are not public."""


class ClockReference(BaseModel):
    """Whose time this machine's clock is compared with, for extraction records."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    url: str = Field(pattern=r"^(ntp|https?)://[^/\s]+")
    """`ntp://host`, or a web address whose answers tell the date."""
    private: bool = False
    """Whether exactly its host and port may be connected to although they are not public."""


class Settings(BaseSettings):
    """All settings of one installation."""

    model_config = SettingsConfigDict(
        env_prefix="LANTIAN_",
        extra="forbid",
        frozen=True,
        secrets_dir=None,
    )

    data_dir: Path = Field(
        default=Path("data"),
        description="Folder of everything that Lantian keeps: store, index, evidence.",
    )
    store_url: str = Field(
        default="",
        description="SQLAlchemy address of the store; empty: SQLite in the data folder.",
    )
    es_url: str = Field(
        default="",
        description="Address of Elasticsearch; empty: the embedded index in the data folder.",
    )
    es_alias: str = Field(
        default="lantian-clues", description="Alias under which the clues are indexed."
    )
    base_url: str = Field(
        default="http://127.0.0.1:8000",
        description="Address under which people reach this installation; links are built from it.",
    )
    trusted_hosts: Annotated[tuple[str, ...], NoDecode] = Field(
        default=("127.0.0.1", "localhost"),
        description="Host names that the server answers to, comma-separated.",
    )
    secure_cookies: bool | None = Field(
        default=None,
        description="Whether cookies are sent over HTTPS only; unset: as base_url says.",
    )
    locale: Literal["zh_CN", "en"] = Field(
        default="zh_CN", description="Language of pages and reports for those who chose none."
    )
    organisation: str = Field(
        default="", description="Name of the office that runs this installation."
    )
    operators: Annotated[tuple[str, ...], NoDecode] = Field(
        default=(),
        description="Who answers for what is collected, as extraction records name them,"
        " comma-separated: two persons.",
    )
    place: str = Field(
        default="", description="Where this machine stands, as extraction records name it."
    )
    case_number: str = Field(
        default="",
        description="Case under which all is collected; `lantian crawl --case` gives it to one.",
    )
    device_check: str = Field(
        default="",
        description="Who checked that this machine is clean, when, and with what result.",
    )
    network: str = Field(
        default="", description="How this machine is connected, as extraction records tell it."
    )
    public_ip: str = Field(
        default="", description="Address under which others see this machine, if it is another."
    )
    clock_references: tuple[ClockReference, ...] = Field(
        default=(),
        description="Whose time the clock is compared with at each run: docs/evidence.md.",
    )
    contact: str = Field(
        default="", description="Address or page in the User-Agent, so that sites can reach us."
    )
    hold_seconds: int = Field(
        default=600,
        ge=0,
        description="Seconds that a decision waits before a notice may take it.",
    )
    recheck_after_hours: Annotated[tuple[float, ...], NoDecode] = Field(
        default=(1.0, 24.0, 168.0),
        description="Hours after a platform's answer at which its postings are looked at again.",
    )
    acknowledge_hours: int = Field(
        default=24, ge=1, description="Hours in which a platform should acknowledge a notice."
    )
    act_working_days: int = Field(
        default=3, ge=1, description="Working days in which a platform should act on a notice."
    )
    session_idle_minutes: int = Field(
        default=30, ge=1, description="Minutes after which an idle session ends."
    )
    session_hours: int = Field(default=12, ge=1, description="Hours after which a session ends.")
    crawl_delay: float = Field(
        default=1.0, ge=0, description="Seconds between two requests to one site."
    )
    crawl_max_bytes: int = Field(
        default=8 * 1024 * 1024, ge=1024, description="Largest response that is read, in bytes."
    )
    crawl_timeout: float = Field(
        default=30.0, gt=0, description="Seconds after which a request is given up."
    )
    own_networks: Annotated[tuple[IPv4Network | IPv6Network, ...], NoDecode] = Field(
        default=(),
        description="Public networks of your own (CIDR, comma-separated) that are never crawled.",
    )
    seal_sm3: bool = Field(
        default=False,
        description="Whether the SM3 of each record is sealed beside its SHA-256.",
    )
    signing_key: Path | None = Field(
        default=None,
        description="Ed25519 key (PEM) that signs the log of sealed days; unset: `keys/log.pem` in"
        " the data folder, made when it is needed. Machines with one store share it.",
    )
    time_authorities: tuple[TimeAuthority, ...] = Field(
        default=(),
        description="Who stamps the root of each day (RFC 3161), two at best: docs/evidence.md.",
    )
    evidence_store: str = Field(
        default="",
        description="Where complete evidence files go: s3://BUCKET/FOLDER?endpoint_url=… (extra"
        " `s3`); empty: they stay in the data folder.",
    )
    warc_max_bytes: int = Field(
        default=1_000_000_000,
        ge=1,
        description="Bytes after which a crawl goes on in another evidence file.",
    )
    keep_payload_days: int = Field(
        default=180, ge=1, description="Days that captures without a hit keep their payload."
    )
    keep_person_days: int = Field(
        default=180,
        ge=1,
        description="Days after which personal data without a claim is forgotten, counted from when"
        " it was last seen: texts, sellers, tips.",
    )
    seller_fields: Annotated[tuple[Literal["name", "url"], ...], NoDecode] = Field(
        default=("name", "url"),
        description="What is kept of sellers and authors beside the site's own key,"
        " comma-separated: name, url; empty: neither.",
    )
    keep_contact_days: int = Field(
        default=90, ge=1, description="Days that the contact of a tip's sender is kept."
    )
    read_pictures: bool = Field(
        default=True,
        description="Whether what is written in the pictures of documents is read (extra `ocr`).",
    )
    picture_least_pixels: int = Field(
        default=40_000,
        ge=0,
        description="Width times height below which a picture is not read.",
    )
    picture_processes: int = Field(
        default=0, ge=0, description="Processes that read pictures; 0: one for each processor."
    )
    picture_seconds: float = Field(
        default=120.0, gt=0, description="Seconds after which reading a picture is given up."
    )
    writer: Literal["process", "inline"] = Field(
        default="process",
        description="Where a crawl stores what it visited: in a child process, or in its own.",
    )
    chromium: str = Field(default="", description="Path of Chromium; empty: the one that is found.")
    browser_as_root: bool = Field(
        default=False,
        description="Whether Chromium may open real sites without its sandbox when run as root.",
    )
    browser_memory_mb: int = Field(
        default=1_500,
        ge=300,
        description="Megabytes that Chromium may hold before it is started anew, between visits.",
    )
    profiles_dir: Path | None = Field(
        default=None,
        description="Folder of your own site profiles, which win over shipped ones; unset:"
        " `profiles` in the data folder.",
    )
    pack_dir: Path | None = Field(
        default=None,
        description="Folder of the rules that run until a pack is released; unset: the shipped.",
    )
    smtp_url: SecretStr = Field(
        default=SecretStr(""),
        description="smtp://user:password@host:port (or smtps://); empty: .eml files are written.",
    )
    mail_from: str = Field(default="lantian@localhost", description="Sender of the weekly summary.")
    report_to: Annotated[tuple[str, ...], NoDecode] = Field(
        default=(), description="Receivers of the weekly summary, comma-separated."
    )
    report_cron: str = Field(
        default="0 8 * * 1",
        description="When the weekly summary is due, as cron in Asia/Shanghai.",
    )
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field(
        default="INFO", description="Least severity that is logged."
    )

    @field_validator(
        "trusted_hosts",
        "report_to",
        "recheck_after_hours",
        "own_networks",
        "operators",
        "seller_fields",
        mode="before",
    )
    @classmethod
    def _split(cls, value: object) -> object:
        if isinstance(value, str):
            return tuple(part.strip() for part in value.split(",") if part.strip())
        return value

    @field_validator("time_authorities")
    @classmethod
    def _named_once(cls, value: tuple[TimeAuthority, ...]) -> tuple[TimeAuthority, ...]:
        names = [one.name for one in value]
        if len(names) != len(set(names)):
            msg = "two authorities have one name"
            raise ValueError(msg)
        return value

    @model_validator(mode="after")
    def _own_profiles(self) -> Self:
        """What `lantian source add` writes is found by whatever asks for a profile."""
        if self.profiles_dir is None:
            object.__setattr__(self, "profiles_dir", self.data_dir / "profiles")
        return self

    @cached_property
    def effective_store_url(self) -> str:
        """Address of the store: the one that was set, or SQLite in the data folder."""
        return self.store_url or f"sqlite:///{(self.data_dir / 'lantian.sqlite3').absolute()}"

    @cached_property
    def evidence_dir(self) -> Path:
        """Folder of the evidence archive."""
        return self.data_dir / "evidence"

    @cached_property
    def signing_key_path(self) -> Path:
        """File of the key that signs the log of sealed days."""
        return self.signing_key or self.data_dir / "keys" / "log.pem"

    @cached_property
    def index_path(self) -> Path:
        """File of the embedded index."""
        return self.data_dir / "index.sqlite3"

    @cached_property
    def cache_dir(self) -> Path:
        """Folder of what can be made again, such as compiled matchers."""
        return self.data_dir / "cache"

    @cached_property
    def uploads_dir(self) -> Path:
        """Folder of lists that were uploaded and not taken in yet."""
        return self.data_dir / "uploads"

    @cached_property
    def outbox_dir(self) -> Path:
        """Folder of e-mails that were written because no server is set."""
        return self.data_dir / "outbox"

    @cached_property
    def cookies_over_https(self) -> bool:
        """Whether cookies carry the `Secure` mark."""
        if self.secure_cookies is not None:
            return self.secure_cookies
        return self.base_url.startswith("https://")

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003  (pydantic's signature)
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Arguments win over variables, variables over the file."""
        file = Path(os.environ.get(FILE_VARIABLE, DEFAULT_FILE))
        return init_settings, env_settings, TomlConfigSettingsSource(settings_cls, file)


def load_settings(**overrides: object) -> Settings:
    """The settings of this process.

    Raises `ConfigError` naming each field that is wrong.
    """
    try:
        return Settings(**overrides)  # type: ignore[arg-type]
    except ValidationError as error:
        faults = "; ".join(
            f"{'.'.join(str(part) for part in fault['loc'])}: {fault['msg']}"
            for fault in error.errors()
        )
        raise ConfigError(
            f"settings are wrong: {faults}.",
            hint=f"Correct {DEFAULT_FILE} or the LANTIAN_… variable of that name.",
        ) from error
