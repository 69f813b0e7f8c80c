"""What is shipped for an installation fits together, and the project: commands, settings, files, ports, networks."""

from __future__ import annotations

import base64
import json
import re
import shutil
import socket
import subprocess
import threading
import tomllib
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner
from eth_account import Account
from eth_keys.datatypes import PrivateKey

from deploy.besu.make_genesis import extra_data
from deploy.prepare import ACCOUNTS, MQTT_USER, NODES, PASSWORDS, cli, mqtt_password, prepare
from offchain.commands.session import PASSWORD, VIEWING_KEY
from offchain.environment import PROJECT
from offchain.history.database import _checked
from offchain.plasma.bridge_genesis import SUPPLY
from offchain.plasma.messages import BRIDGE
from offchain.process import free_port
from offchain.secret_file import SUFFIX
from offchain.settings import Settings
from tests import programs
from tests.compose import (
    BY_HAND,
    DEPLOY,
    SECRETS,
    Composition,
    Service,
    broker_file,
    gateway_file,
    interpolated,
    nginx,
    read,
    settings_of,
)
from tests.mosquitto import program

CHAIN_ID = 950328
ADDRESS = re.compile(r"\b(?:http://)?([a-z][a-z0-9-]*):(\d{2,5})\b")
KNOWN = {f"OPENMG_{name}".upper() for name in Settings.model_fields} | {
    name + end for name in (PASSWORD, VIEWING_KEY) for end in ("", SUFFIX)
}


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Composition:
    """The composition of an installation that was prepared, with a certificate."""
    folder = tmp_path_factory.mktemp("prepared") / "installation"
    prepare(folder, CHAIN_ID)
    key, certificate = folder / "secrets" / "tls_key", folder / "secrets" / "tls_certificate"
    making = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", "-subj", "/CN=energy.example"]
    subprocess.run([*making, "-keyout", key, "-out", certificate], check=True, capture_output=True)
    certificate.chmod(0o440)
    return Composition(folder)


def of_openmg(whole: Composition) -> list[Service]:
    found = [service for service in whole.services.values() if service.is_openmg]
    assert len(found) >= 14
    return found


def test_it_follows_the_specification() -> None:
    """G5 as Docker Compose says, where it is installed, or by the specification's schema."""
    file = str(DEPLOY / "compose.yaml")
    docker = ["docker", "compose", "--env-file", str(DEPLOY / "env.example"), "--file", file, "config", "--quiet"]
    schema = ["check-jsonschema", "--builtin-schema", "vendor.compose-spec", file]
    if shutil.which("docker") and subprocess.run(["docker", "compose", "version"], capture_output=True).returncode == 0:
        command = docker
    elif shutil.which("check-jsonschema"):
        command = schema
    else:
        programs.missing("neither Docker Compose nor check-jsonschema is installed: `pip install check-jsonschema`")
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_command_is_one(whole: Composition) -> None:
    """G5 with options that it has, of values that it takes."""
    commands = {service.name: service.parsed(whole.secrets)[0] for service in of_openmg(whole)}
    assert set(commands.values()) >= {
        "plasma node",
        "plasma watch",
        "flush",
        "relayer",
        "api serve",
        "api index",
        "api intake",
        "api migrate",
        "ppdl relay",
        "ppdl serve",
        "dashboard",
    }
    signing = [name for name, command in commands.items() if command == "plasma node"]
    assert len(signing) == len(NODES)
    asked = whole.services["coordinator"].parsed(whole.secrets)[1]["authorities"]
    assert sorted(asked) == [f"http://{name}:8548" for name in sorted(signing) if name != "coordinator"]


def test_every_variable_is_a_setting(whole: Composition, monkeypatch: pytest.MonkeyPatch) -> None:
    """G5 that the program takes; a secret comes by file, never as a value."""
    for service in of_openmg(whole):
        assert set(service.environment) <= KNOWN, service.name
        assert not {name for name in (PASSWORD, VIEWING_KEY, "OPENMG_DATABASE", "OPENMG_MQTT")} & set(
            service.environment
        )
        with monkeypatch.context() as patch:
            for name, value in service.environment.items():
                patch.setenv(name, value.replace(SECRETS, f"{whole.secrets}/"))
            settings = Settings()
        assert (settings.health_port, settings.health_host) == (8690, "0.0.0.0")
        assert str(settings.deployments) == "/etc/openmg/deployments"
        if "OPENMG_DATABASE_FILE" in service.environment:
            assert _checked(settings.database).host == "postgres"


def test_a_wallet_has_its_password_and_keeps_its_files(whole: Composition) -> None:
    """G5 each in a volume of its own."""
    volumes = []
    for service in of_openmg(whole):
        name, options = service.parsed(whole.secrets)
        with_wallet = name in ("flush", "relayer", "ppdl relay", "ppdl serve")
        assert with_wallet == (f"{PASSWORD}{SUFFIX}" in service.environment), service.name
        if with_wallet or name == "plasma node":
            (volume,) = [one for one in service.content["volumes"] if isinstance(one, str)]
            assert volume == f"{service.name}:/var/lib/openmg"
            volumes.append(service.name)
        if name == "plasma node":
            assert str(options["folder"]) == "/var/lib/openmg/node"
    assert set(volumes) <= set(whole.content["volumes"])


def test_every_mounted_file_is_there(whole: Composition) -> None:
    """G5 shipped, or made by `prepare.py`."""
    for service in whole.services.values():
        for mount in service.content.get("volumes", []):
            if isinstance(mount, str) or mount["type"] == "volume":
                name = mount.partition(":")[0] if isinstance(mount, str) else mount["source"]
                assert name in whole.content["volumes"], service.name
            else:
                source = Path(mount["source"])
                assert (source if source.is_absolute() else DEPLOY / source).exists(), (service.name, source)


def test_every_secret_is_declared_and_used(whole: Composition) -> None:
    """G5 by the services that read it alone; each is made, but for the certificate's."""
    declared = {name: Path(entry["file"]) for name, entry in whole.content["secrets"].items()}
    used = {name for service in whole.services.values() for name in service.secrets}
    assert set(declared) == used
    made = {f"{name}_password" for name in PASSWORDS} | {*ACCOUNTS, "postgres_password", "database_url", "mqtt_url"}
    assert used == made | BY_HAND | {"mqtt_users"}
    assert all(path.is_file() for path in declared.values())
    configured = {"mosquitto": read("mosquitto/openmg.conf"), "gateway": read("nginx/openmg.conf")}
    for service in whole.services.values():
        text = " ".join([*service.words, *service.environment.values(), configured.get(service.name, "")])
        assert set(re.findall(rf"{SECRETS}([a-z0-9_]+)", text)) == service.secrets, service.name


def references(whole: Composition) -> Iterator[tuple[str, str, int]]:
    """Who asks whom at which port."""
    for service in whole.services.values():
        for host, port in ADDRESS.findall(" ".join(service.words)):
            if host in whole.services:
                yield service.name, host, int(port)
    for host, port in re.findall(r"set \$\w+ ([a-z0-9-]+):(\d+);", read("nginx/openmg.conf")):
        yield "gateway", host, int(port)
    for job in yaml.safe_load(read("prometheus/prometheus.yaml"))["scrape_configs"]:
        for target in job["static_configs"][0]["targets"]:
            host, _, port = target.partition(":")
            yield "prometheus", host, int(port)
    for name in ("database_url", "mqtt_url"):
        host = re.search(r"@([a-z]+)", (whole.secrets / name).read_text())
        assert host is not None
        for service in whole.services.values():
            if name in service.secrets:
                yield service.name, host[1], {"postgres": 5432, "mosquitto": 1883}[host[1]]


def test_who_is_asked_listens_there_and_can_be_reached(whole: Composition) -> None:
    """G5 at that port, in a network that both are in; and every service that runs is looked at."""
    found = set(references(whole))
    assert len(found) > 40
    for asker, host, port in found:
        assert host in whole.services, (asker, host)
        assert port in whole.services[host].listens(whole.secrets), (asker, host, port)
        assert whole.services[asker].networks & whole.services[host].networks, (asker, host)
    watched = {host for asker, host, _ in found if asker == "prometheus"}
    assert watched == {name for name, service in whole.services.items() if "watch" in service.networks} - {"prometheus"}


def test_who_waits_waits_for_something(whole: Composition) -> None:
    """G5 a service with a health check, or one that ends."""
    for service in whole.services.values():
        for name, how in service.content.get("depends_on", {}).items():
            other = whole.services[name].content
            if how["condition"] == "service_completed_successfully":
                assert other["restart"] == "on-failure:3"
            else:
                assert how["condition"] == "service_healthy"
                assert other["healthcheck"]["test"][0] == "CMD"
    unwatched = [name for name, one in whole.services.items() if "test" not in one.content.get("healthcheck", {})]
    assert unwatched == ["migrate"]


def test_the_gateway_alone_is_public(whole: Composition) -> None:
    """G6 nobody else has a port of the machine, or a network with one; only who asks the root chain gets out."""
    assert [name for name, one in whole.services.items() if "ports" in one.content] == ["gateway"]
    opened = {name for name, network in whole.content["networks"].items() if not (network or {}).get("internal")}
    assert opened == {"public", "outside"}
    assert whole.services["gateway"].networks == {"public", "front"}
    for service in whole.services.values():
        outside = any(word.startswith("--root=") for word in service.words)
        assert ("outside" in service.networks) == outside, service.name
        assert "public" not in service.networks or service.name == "gateway"
    proxy = whole.services["gateway"].content["networks"]["front"]["ipv4_address"]
    assert {one.environment["OPENMG_PROXIES"] for one in of_openmg(whole)} == {proxy}


def test_every_service_is_confined(whole: Composition) -> None:
    """G6 no root, no rights, no writing outside of its volumes, a share of the machine, logs that end."""
    for service in whole.services.values():
        content = service.content
        assert content["read_only"] is True
        assert content["cap_drop"] == ["ALL"]
        assert content["security_opt"] == ["no-new-privileges:true"]
        assert {"cpus", "memory", "pids"} == set(content["deploy"]["resources"]["limits"])
        assert set(content["logging"]["options"]) == {"max-size", "max-file"}
        assert content["restart"] in ("unless-stopped", "on-failure:3")
        if service.name != "postgres":  # its entry point becomes somebody else by itself
            assert int(content["user"].partition(":")[0]) > 0
            assert "cap_add" not in content
        assert re.search(r":v?\d+\.\d+", content["image"]), "no image without a version"


def test_settings_of_the_example_are_those_that_are_asked_for() -> None:
    """G5 each variable of the file has a line, and none is there for nothing."""
    asked = set(re.findall(r"\$\{([A-Z_]+)", read("compose.yaml")))
    assert set(settings_of(DEPLOY / "env.example")) == asked
    assert interpolated("${A:-b} $${C} ${D:?why}", {"D": "e"}) == "b ${C} e"
    with pytest.raises(KeyError):
        interpolated("${D:?why}", {})


def test_the_image_is_built_of_what_is_there(whole: Composition) -> None:
    """G5 every source exists and is let in; stages and versions are named; it isn't run by root."""
    text = read("Dockerfile").replace("\\\n", " ")
    stages = re.findall(r"^FROM (\S+)(?: AS (\w+))?$", text, re.MULTILINE)
    assert all(re.search(r":\d+\.\d+\.\d+-", image) for image, _ in stages)
    allowed = {line[1:] for line in read("Dockerfile.dockerignore").splitlines() if line.startswith("!")}
    for line in re.findall(r"^COPY (.+)$", text, re.MULTILINE):
        *sources, _ = [word for word in line.split() if not word.startswith("--")]
        if "--from=" not in line:
            assert set(sources) <= allowed
            assert all((PROJECT / source).exists() for source in sources)
        elif "--from=build" in line:
            made = {".venv", ".build"}
            names = {source.removeprefix("/opt/openmg/") for source in sources}
            assert names <= allowed | made
    assert all((PROJECT / name).exists() for name in allowed)
    assert not [name for name in allowed if (DEPLOY / "installation").is_relative_to(PROJECT / name)]  # its secrets
    assert re.search(r"^USER openmg:openmg$", text, re.MULTILINE)
    assert "--uid 10001" in text
    probed = [
        one.content["healthcheck"]["test"][2]
        for one in whole.services.values()
        if one.is_openmg and "test" in one.content["healthcheck"]
    ]
    assert all((PROJECT / name).exists() for name in probed)


def test_the_gateways_configuration(whole: Composition, tmp_path: Path) -> None:
    """G5 as nginx itself says."""
    file = gateway_file(whole, tmp_path, {})
    done = subprocess.run([nginx(), "-t", "-c", file], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "warn" not in done.stderr


def test_the_brokers_configuration(whole: Composition, tmp_path: Path) -> None:
    """G5 Mosquitto starts with it, knows the intake by the password that was drawn, and answers the health check."""
    ports = {1883: free_port(), 1884: free_port()}
    file = broker_file(whole, tmp_path, ports)
    url = re.fullmatch(r"mqtt://(\w+):([\w-]+)@mosquitto\n", (whole.secrets / "mqtt_url").read_text())
    assert url is not None
    (test,) = [whole.services["mosquitto"].content["healthcheck"]["test"]]

    def asked(port: int, topic: str, *more: str) -> int:
        command = [program("mosquitto_sub"), "-p", str(ports[port]), "-t", topic, "-C", "1", "-W", "2", *more]
        return subprocess.run(command, capture_output=True).returncode

    broker = subprocess.Popen([program("mosquitto"), "-c", file], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        _until_it_listens(ports[1884])
        probe = [word.replace("1884", str(ports[1884])) for word in test[1:]]
        probe[0] = program(probe[0])
        assert subprocess.run(probe, capture_output=True, timeout=20).returncode == 0
        uptime = "$SYS/broker/uptime"
        assert asked(1883, uptime) == 5  # no user: not authorised
        assert asked(1883, uptime, "-u", url[1], "-P", "wrong") == 5
        assert asked(1883, "openmg/readings/#", "-u", url[1], "-P", url[2]) == 27  # let in; nothing came
        assert broker.poll() is None
    finally:
        broker.terminate()
        broker.wait(10)
    assert subprocess.run(probe, capture_output=True, timeout=20).returncode != 0


def _until_it_listens(port: int) -> None:
    for _ in range(100):
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return
        except ConnectionRefusedError:
            threading.Event().wait(0.05)
    raise AssertionError("the broker doesn't come up")


def test_mosquittos_own_hash_of_a_password(tmp_path: Path) -> None:
    """G5 the same as `mosquitto_passwd` makes, with its salt."""
    path = tmp_path / "users"
    path.touch(0o600)
    subprocess.run(
        [program("mosquitto_passwd"), "-b", path, MQTT_USER, "correct horse"], check=True, capture_output=True
    )
    user, _, told = path.read_text().strip().partition(":")
    salt = base64.b64decode(told.split("$")[3])
    assert (user, told) == (MQTT_USER, mqtt_password("correct horse", salt))


def test_the_rules_of_alerts() -> None:
    """G5 as Prometheus itself says; each names a metric that there is."""
    promtool = shutil.which("promtool")
    if promtool is None:
        programs.missing("promtool is not installed: `apt-get install prometheus` runs this test too")
    done = subprocess.run(
        [promtool, "check", "config", DEPLOY / "prometheus" / "prometheus.yaml"], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr
    source = (PROJECT / "offchain" / "health.py").read_text()
    assert set(re.findall(r"openmg_\w+", read("prometheus/alerts.yaml"))) <= set(re.findall(r"openmg_\w+", source))
    parts = set(re.findall(r'part="(\w+)"', read("prometheus/alerts.yaml")))
    assert parts <= set(re.findall(r'repeated\("(\w+)"', (PROJECT / "offchain" / "plasma" / "nodes.py").read_text()))


class _Ready(BaseHTTPRequestHandler):
    status = 200

    def do_GET(self) -> None:
        self.send_response(self.status if self.path == "/readiness?minPeers=2&maxBlocksBehind=10" else 404)
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        """Says nothing."""


@pytest.mark.parametrize(("status", "well"), [(200, True), (503, False), (None, False)])
def test_the_probe_of_a_validator(
    whole: Composition, monkeypatch: pytest.MonkeyPatch, status: int | None, well: bool
) -> None:
    """G5 what the shell makes of an answer, and of none."""
    probe = whole.services["besu-1"].content["healthcheck"]["test"]
    with HTTPServer(("127.0.0.1", 0), _Ready) as server:
        monkeypatch.setattr(_Ready, "status", status)
        port = server.server_port if status else free_port()
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        command = [probe[1], probe[2], probe[3].replace("/8545", f"/{port}")]
        done = subprocess.run(command, capture_output=True, text=True, timeout=20)
        server.shutdown()
    assert (done.returncode == 0) == well, done.stderr


def test_what_is_prepared(whole: Composition) -> None:
    """G6 keys and passwords that nobody else reads; a genesis of the validators whose keys these are, at the addresses
    that the compose file gives them."""
    assert all(path.stat().st_mode & 0o007 == 0 for path in whole.secrets.iterdir())
    besu = whole.installation / "besu"
    genesis = json.loads((besu / "genesis.json").read_text())
    keys = [PrivateKey(bytes.fromhex((besu / str(n) / "key").read_text().strip()[2:])) for n in NODES]
    assert genesis["extraData"] == "0x" + extra_data([key.public_key.to_checksum_address() for key in keys]).hex()
    assert genesis["config"]["chainId"] == CHAIN_ID
    assert list(genesis["alloc"]) == [BRIDGE.lower()]
    assert int(genesis["alloc"][BRIDGE.lower()]["balance"], 16) == SUPPLY
    coordinator = Account.from_key((whole.secrets / "coordinator_key").read_text().strip())
    assert coordinator.address[2:].lower() in json.dumps(genesis["alloc"]).lower()
    port = tomllib.loads(read("besu/config.toml"))["p2p-port"]
    for number in NODES:
        peers = json.loads((besu / str(number) / "static-nodes.json").read_text())
        for key, node, peer in zip(keys, NODES, peers, strict=True):
            place = whole.services[f"besu-{node}"].content["networks"]["peers"]["ipv4_address"]
            assert peer == f"enode://{key.public_key.to_hex()[2:]}@{place}:{port}"


def test_preparing(tmp_path: Path) -> None:
    """G6 P9 nothing is overwritten, and no two installations share a secret; what is wrong is one line."""
    first, second = tmp_path / "first", tmp_path / "second"
    for folder in (first, second):
        ended = CliRunner().invoke(cli, [str(folder)])
        assert ended.exit_code == 0, ended.output
        assert Account.from_key((folder / "secrets" / "watcher_key").read_text().strip()).address in ended.output
    for path in (first / "secrets").iterdir():
        assert path.read_text() != (second / "secrets" / path.name).read_text()
        assert path.read_text().strip() not in ended.output
    again = CliRunner().invoke(cli, [str(first)])
    assert (again.exit_code, "exists: its keys would be lost" in again.output) == (1, True)
    development = CliRunner().invoke(cli, [str(tmp_path / "third"), "--chain-id", "31337"])
    assert (development.exit_code, "is a development chain's" in development.output) == (1, True)
    for nowhere in ("/proc/nowhere/x", str(tmp_path / ("x" * 300))):
        ended = CliRunner().invoke(cli, [nowhere])
        assert (ended.exit_code, ended.output.count("\n")) == (1, 1)
        assert nowhere in ended.output
