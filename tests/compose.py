"""The shipped compose file as Docker Compose reads it, and what its services are."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import click
import yaml

from offchain.cli import cli
from offchain.environment import PROJECT

DEPLOY = PROJECT / "deploy"
VARIABLE = re.compile(r"\$(?:(\$)|\{([A-Z_]+)(?:(:-|:\?)([^}]*))?\})")
SECRETS = "/run/secrets/"
BY_HAND = {"tls_certificate", "tls_key"}
"""Secrets that an operator brings."""


def settings_of(path: Path) -> dict[str, str]:
    """The variables of an environment file."""
    lines = (line.split("=", 1) for line in path.read_text().splitlines() if line and not line.startswith("#"))
    return {name: value for name, value in lines}


def interpolated(text: str, given: dict[str, str]) -> str:
    """A text with its variables replaced. Raises KeyError for one that has no value and needs one."""

    def value(match: re.Match[str]) -> str:
        if match[1]:
            return "$"
        return given[match[2]] if match[3] != ":-" else given.get(match[2], match[4])

    return VARIABLE.sub(value, text)


@dataclass(frozen=True)
class Service:
    """A service by its name, as the file describes it."""

    name: str
    content: dict[str, Any]

    @property
    def is_openmg(self) -> bool:
        """Whether it is a command of this project."""
        return str(self.content["image"]).startswith("openmg:")

    @property
    def networks(self) -> set[str]:
        """Those that it is in."""
        return set(self.content["networks"])

    @property
    def words(self) -> list[str]:
        """Its command."""
        return [str(word) for word in self.content.get("command", [])]

    @property
    def environment(self) -> dict[str, str]:
        """Its variables."""
        return {name: str(value) for name, value in self.content.get("environment", {}).items()}

    @property
    def secrets(self) -> set[str]:
        """Those that are mounted."""
        return set(self.content.get("secrets", []))

    def parsed(self, files: Path) -> tuple[str, dict[str, Any]]:
        """The command's name and its options, as click takes them; secrets' files are those below `files`. Raises
        click's errors."""
        command: click.Command = cli
        words = [word.replace(SECRETS, f"{files}/") for word in self.words]
        names = []
        while isinstance(command, click.Group):
            names.append(words.pop(0))
            command = command.commands[names[-1]]
        return " ".join(names), command.make_context(names[-1], words).params

    def listens(self, files: Path) -> set[int]:
        """The ports at which others reach it."""
        if self.name == "postgres":
            return {5432}
        if self.name == "mosquitto":
            return {int(port) for port in re.findall(r"^listener (\d+)$", read("mosquitto/openmg.conf"), re.MULTILINE)}
        if self.name.startswith("besu"):
            return {8545, *(int(word.partition("=")[2]) for word in self.words if word.startswith("--metrics-port"))}
        if not self.is_openmg:
            return set()
        name, options = self.parsed(files)
        ports = {options.get("port"), int(self.environment["OPENMG_HEALTH_PORT"])}
        if name == "plasma node" and not options["authorities"]:
            ports.add(options["signing_port"])
        return {int(port) for port in ports if port is not None}


def read(name: str) -> str:
    """A file of the folder `deploy`."""
    return (DEPLOY / name).read_text()


@dataclass(frozen=True)
class Composition:
    """The compose file with the settings of the example, and another installation's folder."""

    installation: Path

    @cached_property
    def content(self) -> dict[str, Any]:
        """All of it."""
        given = settings_of(DEPLOY / "env.example")
        given |= {"INSTALLATION": str(self.installation), "METERING": str(next(self.installation.glob("metering/*")))}
        found: dict[str, Any] = yaml.safe_load(interpolated(read("compose.yaml"), given))
        return found

    @cached_property
    def services(self) -> dict[str, Service]:
        """By name."""
        return {name: Service(name, content) for name, content in self.content["services"].items()}

    @property
    def secrets(self) -> Path:
        """The folder of secrets."""
        return self.installation / "secrets"
