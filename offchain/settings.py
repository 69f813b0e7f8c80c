"""Settings, each readable from the environment as OPENMG_<NAME> (or from a file `.env` in the project folder)."""

from __future__ import annotations

import re
from ipaddress import ip_network
from pathlib import Path
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr, ValidationError, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from offchain import secret_file
from offchain.environment import PROJECT
from offchain.secret_file import SecretFileError

SECRETS = ("database", "mqtt")
"""Settings that may hold a password: each may be given by file."""


def _inside_project(folder: str | Path) -> Path:
    if not str(folder):
        raise ValueError("a folder is needed")
    return PROJECT / folder


def _zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError("no such time zone; one is Asia/Seoul") from None
    return name


def _origins(given: str | tuple[str, ...]) -> tuple[str, ...]:
    origins = tuple(part.strip() for part in given.split(",") if part.strip()) if isinstance(given, str) else given
    for origin in origins:
        if not re.fullmatch(r"https?://[A-Za-z0-9.\-\[\]:]+", origin):
            raise ValueError(f"{origin} is no origin; one is https://example.org")
    return origins


def _networks(given: str) -> str:
    for one in filter(None, map(str.strip, given.split(","))):
        try:
            ip_network(one)
        except ValueError:
            raise ValueError(f"{one} is no network address; one is 10.0.0.2 or 10.0.0.0/24") from None
    return given


Port = Annotated[int, Field(ge=1, le=65535)]
Folder = Annotated[Path, BeforeValidator(_inside_project)]


Zone = Annotated[str, AfterValidator(_zone)]
Proxies = Annotated[str, AfterValidator(_networks)]
Origins = Annotated[tuple[str, ...], NoDecode, BeforeValidator(_origins)]


class Settings(BaseSettings):
    """Ports of the local chains and the folders that runs write to."""

    model_config = SettingsConfigDict(env_prefix="OPENMG_", env_file=PROJECT / ".env", extra="ignore")

    root_port: Port = 8545
    """Port of the local root chain."""
    plasma_port: Port = 8546
    """Port of the local plasma chain; `node: ethereum: plasma` in ape-config.yaml names the same."""
    deployments: Folder = PROJECT / "deployments"
    """Folder of the manifests, one file a chain id."""
    reports: Folder = PROJECT / "reports"
    """Folder of plots and reports."""
    prover: Literal["groth16py", "snarkjs"] = "groth16py"
    """What makes proofs; snarkjs also stands in where groth16py can't be imported."""
    wallets: Folder = PROJECT / "wallets"
    """Folder of key files and of what wallets read from the chain."""
    models: Folder = PROJECT / "models"
    """Folder of model chains."""
    metering: Folder = PROJECT / "metering"
    """Folder of a metering operator's book and bundles, a folder a chain."""
    database: str = f"sqlite:///{PROJECT / 'history' / 'history.db'}"
    """URL of the history database: `sqlite:///FILE` or `postgresql://USER:PASSWORD@HOST/NAME`."""
    late_hours: Annotated[int, Field(ge=1, le=24 * 366)] = 72
    """How many hours after its interval a meter's reading is still taken."""
    time_zone: Zone = "Asia/Seoul"
    """Whose hours, days and months the API adds up over."""
    api_rate: Annotated[int, Field(ge=1, le=1_000_000)] = 600
    """Requests a minute that the API takes of a key, and of a network address."""
    api_origins: Origins = ()
    """Web origins whose pages may call the API, separated by commas; those that it serves itself always may."""
    advice: Folder = PROJECT / "advice"
    """Folder of an operator's own tariffs and climates: TOML files in its folders `tariffs` and `climates`."""
    eth_price: Annotated[float, Field(gt=0, le=1e12)] | None = None
    """What an ETH costs in the currency of the tariffs, where a request doesn't say so."""
    mqtt: SecretStr = SecretStr("")
    """The broker of `openmg api intake`: `mqtt://HOST` or `mqtts://USER:PASSWORD@HOST:PORT`."""
    proxies: Proxies = "127.0.0.1"
    """Addresses and networks, separated by commas, whose `X-Forwarded-For` is believed by the HTTP services."""
    health_port: Port | None = None
    """Port at which a command that runs for long tells of its health."""
    health_host: str = "127.0.0.1"
    """Network address for that."""
    database_file: str | None = None
    """File that holds the URL of `database`."""
    mqtt_file: str | None = None
    """File that holds the URL of `mqtt`."""

    @model_validator(mode="before")
    @classmethod
    def _read_secrets(cls, given: dict[str, Any]) -> dict[str, Any]:
        for field in SECRETS:
            name = f"OPENMG_{field}".upper()
            found = secret_file.chosen(name, given.get(field), given.get(f"{field}_file"))
            given |= {} if found is None else {field: found}
        return given


def read() -> Settings:
    """The settings. Ends the command with one line that names what is wrong."""
    try:
        return Settings()
    except ValidationError as error:
        first = error.errors()[0]
        name = f"OPENMG_{first['loc'][0]}".upper()
        raise SystemExit(f"Error: {name}={first['input']!s}: {first['msg']}") from None
    except SecretFileError as error:
        raise SystemExit(f"Error: {error}") from None
    except ValueError as error:
        raise SystemExit(f"Error: {PROJECT / '.env'} can't be read: {error}") from None


settings = read()
