"""The one place that reads the environment (`KHOSO_…`): how this installation is set up."""

import os
import re
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

from pydantic import AfterValidator, Field, SecretStr, StringConstraints, ValidationInfo, field_validator
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from api.reach import Reach
from datastore import is_known_url

_THIS_MACHINE = ("localhost", "127.0.0.1", "[::1]")
_BUCKET = r"^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$"
_NAME = r"(\[[0-9A-Fa-f:]+\]|[A-Za-z0-9.-]+)"
_HOST = rf"{_NAME}(:\d{{1,5}})?"
_HOST_AND_PORT = rf"{_NAME}:\d{{1,5}}"
_HOSTS = StringConstraints(strip_whitespace=True, pattern=rf"^{_HOST}( *, *{_HOST})*$")


_BROKERS = ("redis://", "rediss://", "redis+socket://", "amqp://", "amqps://")


class Environment(StrEnum):
    """Where this installation runs; pretend parts refuse to start in production."""

    DEVELOPMENT = "development"
    PRODUCTION = "production"


def _listed(text: str) -> str:
    Reach.parse(text)
    return text


class _Files(PydanticBaseSettingsSource):
    """`KHOSO_<NAME>_FILE` names a file that holds the value of `KHOSO_<NAME>`: how containers hand in secrets."""

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:
        path = os.environ.get(f"{self.config['env_prefix']}{field_name.upper()}_FILE")
        value = None if path is None else Path(path).read_text(encoding="utf-8").strip()
        return value, field_name, False

    def __call__(self) -> dict[str, Any]:
        found = {
            name: self.get_field_value(field, name)[0]
            for name, field in self.settings_cls.model_fields.items()
        }
        return {name: value for name, value in found.items() if value is not None}


class Settings(BaseSettings):
    """Every setting, with the embedded default of one person on one machine."""

    model_config = SettingsConfigDict(
        env_prefix="KHOSO_", extra="ignore", frozen=True, hide_input_in_errors=True
    )

    env: Environment = Environment.DEVELOPMENT
    data_dir: Path = Path("var")
    """Everything the embedded default keeps: rows, objects, keys, published lists."""

    agency: str = "H41.08"
    """Agency code (Decision 20/2020/QĐ-TTg) of the office where this machine stands; default: the demo agency."""
    agency_name: str = "Ủy ban nhân dân phường Trường Vinh"
    system_name: str = "Hệ thống số hóa và lưu trữ hồ sơ Khoso"
    verify_host: Annotated[str, _HOSTS] = "kiemtra.khoso.example"
    """Host in the links of prints; whoever scans a print lands there. After it, separated by commas, the former ones,
    to which the links of older prints lead."""
    clerk_name: str = "Nguyễn Thị Một Cửa"
    """Name on the development certificate of the person who digitises; real names come with real tokens."""

    workers: int = Field(default_factory=lambda: os.cpu_count() or 1, ge=1)
    """Reader processes; one page each at a time."""
    recogniser: str = "tesserocr"
    max_bytes: int = 200_000_000
    max_pages: int = 1_000
    clamd_socket: Annotated[str, Field(pattern=rf"^(/.+|{_HOST_AND_PORT})$")] | None = None
    """Where clamd listens (a path, or `host:port`): what comes in is scanned for malware. None: it is not."""

    public_url: Annotated[str, Field(pattern=r"^https?://[A-Za-z0-9.-]+(:\d{1,5})?/?$")] | None = None
    """Where browsers find this installation (`https://kho.example.vn`). None: on this machine only, without TLS."""
    trusted_proxies: str = ""
    """Addresses and networks of our reverse proxies, separated by commas: their `X-Forwarded-For` is believed."""

    oidc_issuer: str | None = None
    """OpenID provider of citizens (VNeID), and of officers where they have none of their own."""
    oidc_client_id: str = ""
    oidc_client_secret_file: Path | None = None
    oidc_scope: str = "openid profile"
    oidc_acr_values: str = ""
    """Levels of assurance of which a sign-in needs one, separated by spaces; empty: any."""
    oidc_step_up_acr_values: str = ""
    oidc_number_claim: str = "personal_number"
    """The claims of VNeID are not published: what they are called is agreed with each connection."""
    oidc_name_claim: str = "name"
    oidc_birth_date_claim: str = "birthdate"
    officer_oidc_issuer: str | None = None
    officer_oidc_client_id: str = ""
    officer_oidc_client_secret_file: Path | None = None
    step_up_minutes: Annotated[int, Field(ge=1)] = 15
    """So long after a proof of who one is may papers be downloaded and shared without another."""

    web_host: str = "127.0.0.1"
    web_port: Annotated[int, Field(ge=0, le=65535)] = 8080
    body_grace_seconds: Annotated[float, Field(gt=0)] = 10.0
    """So long may any body take; a larger one has besides as many seconds as it needs at the rate below."""
    body_bytes_per_second: Annotated[int, Field(ge=1)] = 20_000
    """Slower than this, an upload only keeps a place from others."""
    openings: Annotated[int, Field(ge=1)] = 4
    """Files opened in the sandbox at the same time by one web process for whoever signed in; as many for the public."""

    s3_endpoint: str | None = None
    """Where objects lie (`https://minio.example.vn:9000`). None: in a folder of `data_dir`, which is not write-once."""
    s3_access_key_file: Path | None = None
    s3_secret_key_file: Path | None = None
    """Files that hold the service's own key: the one with the least rights."""
    s3_bucket: Annotated[str, Field(pattern=_BUCKET)] = "archive"
    s3_region: str = "us-east-1"
    s3_ca_file: Path | None = None
    """The authority of the server's certificate, where it is not a public one."""
    s3_root_access_key_file: Path | None = None
    s3_root_secret_key_file: Path | None = None
    """The server's root key: only for `khoso objects setup`, and for `khoso doctor` to prove the lock against it."""

    admin_address: Annotated[str, Field(pattern=rf"^{_HOST_AND_PORT}$")] | None = None
    """Where each serving process answers whoever watches it (`/metrics`, `/livez`, `/readyz`): the first free port of
    16 from here on. None: nowhere."""
    log_strict: bool = False
    """For tests: a log line with what does not belong into it is an error instead of being cut down."""

    database_url: SecretStr | None = None
    """Where the rows are (`postgresql+psycopg://user:password@host/khoso`). None: in a file of `data_dir`."""
    broker_url: SecretStr | None = None
    """Redis or RabbitMQ (`redis://…`), where workers in processes of their own are woken. None: whoever needs work
    done does it, and workers look at the rows."""

    webhook_hosts: Annotated[str, AfterValidator(_listed)] = ""
    """Names and networks of our own to which events may be sent, separated by commas (`hub.tinh.gov.vn`,
    `10.20.0.0/16`); without them only the public Internet."""
    webhook_ca: Path | None = None
    """Certificates (PEM) of authorities that receivers of events may have theirs from, besides the system's."""

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        return init_settings, env_settings, _Files(settings_cls)

    @field_validator("database_url")
    @classmethod
    def _known_database(cls, url: SecretStr | None) -> SecretStr | None:
        if url is not None and not is_known_url(url.get_secret_value()):
            raise ValueError("neither sqlite:///… nor postgresql+psycopg://…")
        return url

    @field_validator("s3_endpoint")
    @classmethod
    def _safe_endpoint(cls, endpoint: str | None, info: ValidationInfo) -> str | None:
        """Without TLS only on this machine, or where everything is pretended."""
        if endpoint is None:
            return None
        found = re.fullmatch(rf"(https?)://({_HOST_AND_PORT}|[A-Za-z0-9.-]+)/?", endpoint)
        if found is None:
            raise ValueError("not an address of a server")
        host = found[2].rpartition(":")[0] or found[2]
        if (
            found[1] == "http"
            and info.data.get("env") is Environment.PRODUCTION
            and host not in _THIS_MACHINE
        ):
            raise ValueError("https is needed")
        return endpoint.rstrip("/")

    @field_validator("broker_url")
    @classmethod
    def _known_broker(cls, url: SecretStr | None) -> SecretStr | None:
        if url is not None and not url.get_secret_value().startswith(_BROKERS):
            raise ValueError("neither redis://… nor amqp://…")
        return url

    @property
    def broker(self) -> str | None:
        """The URL of the broker; None where there is none."""
        return None if self.broker_url is None else self.broker_url.get_secret_value()

    @property
    def verify_hosts(self) -> tuple[str, ...]:
        """The host in the links of prints, and after it the former ones."""
        return tuple(host.strip() for host in self.verify_host.split(","))

    @property
    def print_host(self) -> str:
        """The host in the links of prints made today."""
        return self.verify_hosts[0]

    @property
    def production(self) -> bool:
        return self.env is Environment.PRODUCTION

    @property
    def embedded(self) -> bool:
        """Whether everything is done by the processes of this one data folder."""
        return self.broker_url is None and self.database_file is not None

    @property
    def database(self) -> str:
        """The URL of the rows."""
        if self.database_url is not None:
            return self.database_url.get_secret_value()
        return f"sqlite:///{(self.data_dir / 'khoso.db').resolve()}"

    @property
    def database_file(self) -> Path | None:
        """The file that holds the rows; None when a server has them."""
        file = self.database.removeprefix("sqlite:///")
        return None if file == self.database else Path(file)
