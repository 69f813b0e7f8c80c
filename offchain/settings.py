"""Settings, each readable from the environment as OPENMG_<NAME> (or from a file `.env` in the project folder)."""

from __future__ import annotations

from pathlib import Path

from pydantic_settings import BaseSettings, SettingsConfigDict

from offchain.environment import PROJECT


class Settings(BaseSettings):
    """Ports of the local chains and the folders that runs write to."""

    model_config = SettingsConfigDict(env_prefix="OPENMG_", env_file=PROJECT / ".env", extra="ignore")

    root_port: int = 8545
    """Port of the local root chain."""
    plasma_port: int = 8546
    """Port of the local plasma chain; `node: ethereum: plasma` in ape-config.yaml names the same."""
    deployments: Path = PROJECT / "deployments"
    """Folder of the manifests, one file a chain id."""
    reports: Path = PROJECT / "reports"
    """Folder of plots and reports."""


settings = Settings()
