"""The shipped compose file as Docker Compose reads it, and what its services are."""

from __future__ import annotations

import re
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import click
import yaml

from offchain.cli import cli
from offchain.environment import PROJECT
from tests import programs

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


def broker_file(composition: Composition, folder: Path, ports: Mapping[int, int]) -> Path:
    """The broker's configuration for this machine: its files in a folder, other ports, and root, whom it refuses to
    become somebody else from."""
    (folder / "data").mkdir(parents=True, exist_ok=True)
    shutil.copy(composition.secrets / "mqtt_users", folder)
    text = read("mosquitto/openmg.conf").replace("/mosquitto/config", str(DEPLOY / "mosquitto"))
    text = text.replace(SECRETS, f"{folder}/").replace("/mosquitto/data", str(folder / "data"))
    for port, other in ports.items():
        text = text.replace(f"listener {port}", f"listener {other}")
    path = folder / "openmg.conf"
    path.write_text(f"{text}user root\n")
    return path


def gateway_file(composition: Composition, folder: Path, changes: Mapping[str, str]) -> Path:
    """The gateway's configuration for this machine: its files in a folder, and further changes."""
    text = read("nginx/openmg.conf").replace("/tmp/", f"{folder}/")
    text = text.replace(SECRETS, f"{composition.secrets}/")
    for before, after in changes.items():
        text = text.replace(before, after)
    module = Path("/usr/lib/nginx/modules/ngx_stream_module.so")  # built in elsewhere
    path = folder / "nginx.conf"
    path.write_text((f"load_module {module};\n" if module.exists() else "") + text)
    return path


def nginx() -> str:
    """Where nginx is; the test is skipped where it isn't installed."""
    found = shutil.which("nginx", path="/usr/sbin:/usr/local/sbin:/usr/bin")
    if found is None:
        programs.missing("nginx is not installed: `apt-get install nginx-light libnginx-mod-stream` runs this test too")
    return found
