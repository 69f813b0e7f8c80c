"""Settings, each readable from the environment as OPENMG_<NAME> (or from a file `.env` in the project folder)."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from offchain.environment import PROJECT


def _inside_project(folder: str | Path) -> Path:
    if not str(folder):
        raise ValueError("a folder is needed")
    return PROJECT / folder


Port = Annotated[int, Field(ge=1, le=65535)]
Folder = Annotated[Path, BeforeValidator(_inside_project)]


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


def read() -> Settings:
    """The settings. Ends the command with one line that names what is wrong."""
    try:
        return Settings()
    except ValidationError as error:
        first = error.errors()[0]
        name = f"OPENMG_{first['loc'][0]}".upper()
        raise SystemExit(f"Error: {name}={first['input']!s}: {first['msg']}") from None
    except ValueError as error:
        raise SystemExit(f"Error: {PROJECT / '.env'} can't be read: {error}") from None


settings = read()
