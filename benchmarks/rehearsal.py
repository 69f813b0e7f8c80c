"""Starts the services of `deploy/compose.yaml` on this machine, each by the file's own words, and sees that each one's
health check turns green, and red when what it needs is killed.

    python -m benchmarks.rehearsal

Real are PostgreSQL, Mosquitto, nginx, the root chain's Anvil, all of the project's services, their secrets by file and
their health checks. One Anvil stands for the four Besu validators; there are no containers and no separate networks, so
names become ports of this machine. Prints JSON. Takes some minutes.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import ssl
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import click
import requests
from paho.mqtt.client import Client
from paho.mqtt.enums import CallbackAPIVersion

from deploy.prepare import prepare, write_secrets
from offchain.chains import Chain, ChainSpec, started
from offchain.command import Command
from offchain.commands.output import stages
from offchain.deployment.bridge import BridgeDeployment
from offchain.deployment.forecast import ForecastDeployment
from offchain.deployment.manifest import Manifest
from offchain.deployment.platform import PlatformDeployment
from offchain.environment import PROJECT
from offchain.guard import die_with_guard
from offchain.plasma.bridge_genesis import bridge_genesis
from offchain.plasma.genesis import Genesis
from offchain.plasma.local import ROOT_FLAGS, deposit
from offchain.ppdl.network.synced_chain import keep_task
from offchain.ppdl.plan import volunteers_task
from offchain.process import free_port
from offchain.sender import development_account, development_sender
from offchain.units import ETHER
from tests import postgres
from tests.compose import SECRETS, Composition, Service, broker_file, gateway_file, nginx, read
from tests.mosquitto import program
from tests.node_process import until

CHAIN_ID = 950327
"""The development chain, whose contracts take the development keys of the circuits."""

GREEN_SECONDS, RED_SECONDS = 180.0, 90.0
STATE, MANIFESTS = "/var/lib/openmg", "/etc/openmg/deployments"
WALLETS = {"flush": "flush", "relayer": "relayer", "store": "store", "inference-1": "node", "inference-2": "node"}
"""The services that have one, and what it is called there."""

EARLY = ("coordinator", "authority-2", "authority-3", "authority-4")
"""Who brings deposits over; without them nothing can be deployed on the plasma chain."""


@dataclass
class Rehearsal:
    """Where everything is: what each service's name and port in the file is on this machine."""

    folder: Path
    composition: Composition
    root: Chain
    plasma: Chain
    ports: dict[tuple[str, int], int] = field(default_factory=dict)
    processes: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)
    results: dict[str, Any] = field(default_factory=dict)

    def port(self, name: str, number: int) -> int:
        """The port on this machine for a service's."""
        if name.startswith("besu-"):
            return int(self.plasma.url.rpartition(":")[2])
        return self.ports.setdefault((name, number), free_port())

    def here(self, text: str, name: str = "") -> str:
        """A text of the file with this machine's places; `name`: whose it is."""
        own = self.folder / name
        text = re.sub(
            r"\b([a-z][a-z0-9-]*):(\d{4,5})\b", lambda found: self._place(found[1], int(found[2])) or found[0], text
        )
        text = re.sub(
            r"^--((?:signing-)?port)=(\d+)$", lambda found: f"--{found[1]}={self.port(name, int(found[2]))}", text
        )
        text = re.sub(r"^--root=.*", f"--root={self.root.url}", text)
        return (
            text.replace(SECRETS, f"{self.composition.secrets}/")
            .replace(STATE, str(own))
            .replace(MANIFESTS, str(self.folder / "deployments"))
            .replace("0.0.0.0", "127.0.0.1")
        )

    def _place(self, name: str, number: int) -> str | None:
        known = name in self.composition.services
        return f"127.0.0.1:{self.port(name, number)}" if known else None

    def environment(self, service: Service) -> dict[str, str]:
        """That of a service, on this machine."""
        given = {name: self.here(value, service.name) for name, value in service.environment.items()}
        given["OPENMG_HEALTH_PORT"] = str(self.port(service.name, 8690))
        given["OPENMG_PROXIES"] = "127.0.0.1"
        others = {name: value for name, value in os.environ.items() if not name.startswith("OPENMG_")}
        return others | given | {"PYTHONPATH": str(PROJECT), "OMP_NUM_THREADS": "1"}

    def start(self, name: str) -> None:
        """Starts a service of the project by its words in the file."""
        service = self.composition.services[name]
        (self.folder / name).mkdir(exist_ok=True)
        with (self.folder / f"{name}.log").open("ab") as log:
            self.processes[name] = subprocess.Popen(
                [str(Path(sys.executable).with_name("openmg")), *(self.here(word, name) for word in service.words)],
                cwd=PROJECT,
                env=self.environment(service),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                preexec_fn=die_with_guard if sys.platform == "linux" else None,
            )

    def waits_for(self, name: str) -> list[str]:
        """Whom Docker Compose would wait for before it starts a service, but for what ends and the validators."""
        asked = self.composition.services[name].content.get("depends_on", {})
        return [one for one in asked if one != "migrate" and not one.startswith("besu-")]

    def is_well(self, name: str) -> bool:
        """What the service's own health check says."""
        test = self.composition.services[name].content["healthcheck"]["test"][1:]
        words = [str(word).replace("1884", str(self.port(name, 1884))) for word in test]
        words = [word.replace("127.0.0.1:8690", f"127.0.0.1:{self.port(name, 8690)}") for word in words]
        words = [word.replace("127.0.0.1:8081", f"127.0.0.1:{self.port(name, 8081)}") for word in words]
        if words[0] == "python":
            words[0] = sys.executable
        elif words[0] == "pg_isready":
            folder = postgres.programs()
            assert folder is not None
            words = [str(folder / words[0]), "--host=127.0.0.1", f"--port={self.port(name, 5432)}", *words[1:]]
        elif words[0].startswith("mosquitto"):
            words[0] = program(words[0])
        return subprocess.run(words, cwd=PROJECT, capture_output=True, timeout=30).returncode == 0

    def why(self, name: str) -> Any:
        """What is wrong with a service of the project."""
        try:
            return requests.get(f"http://127.0.0.1:{self.port(name, 8690)}/healthz", timeout=10).json().get("problems")
        except requests.RequestException:
            return "it doesn't answer"

    def until_all(self, names: Sequence[str], well: bool, seconds: float) -> dict[str, Any]:
        """Waits until all are well, or all are not; after how many seconds each was, and why it isn't."""
        began, colour = time.monotonic(), "green" if well else "red"
        found: dict[str, Any] = {}
        with stages(colour) as stage:
            for name in names:
                stage(f"until {name} is {colour}")
                until(f"{name} is {colour}", partial(self._is, name, well), seconds)
                after = round(time.monotonic() - began, 1)
                found[name] = after if well else {"seconds": after, "problems": self.why(name)}
        return found

    def _is(self, name: str, well: bool) -> bool:
        return self.is_well(name) == well

    def end(self) -> None:
        """Ends all services; one that takes more than 40 s is killed."""
        for process in self.processes.values():
            process.send_signal(signal.SIGTERM)
        for process in self.processes.values():
            try:
                process.wait(40)
            except subprocess.TimeoutExpired:
                process.kill()


@contextmanager
def broker(rehearsal: Rehearsal) -> Iterator[None]:
    """Mosquitto with the shipped configuration."""
    ports = {port: rehearsal.port("mosquitto", port) for port in (1883, 1884)}
    file = broker_file(rehearsal.composition, rehearsal.folder / "mosquitto", ports)
    with _running([program("mosquitto"), "-c", str(file)], rehearsal.folder / "mosquitto.log"):
        yield


@contextmanager
def gateway(rehearsal: Rehearsal) -> Iterator[None]:
    """nginx with the shipped configuration."""
    folder = rehearsal.folder / "gateway"
    folder.mkdir(exist_ok=True)
    changes = {f"listen {port}": f"listen 127.0.0.1:{rehearsal.port('gateway', port)}" for port in (8080, 8443, 8883)}
    changes["127.0.0.1:8081"] = f"127.0.0.1:{rehearsal.port('gateway', 8081)}"
    changes["/srv/metering"] = str(next(rehearsal.composition.installation.glob("metering/*")))
    changes["/srv/coordinator"] = str(rehearsal.folder / "coordinator")
    changes |= {
        f" {name};": f" {rehearsal.here(name)};" for name in re.findall(r"set \$\w+ (\S+);", read("nginx/openmg.conf"))
    }
    file = gateway_file(rehearsal.composition, folder, changes)
    with _running([nginx(), "-c", str(file), "-g", "user root; daemon off;"], rehearsal.folder / "gateway.log"):
        yield


@contextmanager
def _running(command: Sequence[str], log: Path) -> Iterator[None]:
    with log.open("ab") as file:
        dying = die_with_guard if sys.platform == "linux" else None
        process = subprocess.Popen(command, stdout=file, stderr=file, preexec_fn=dying)
    try:
        yield
    finally:
        process.terminate()
        process.wait(20)


def make_wallets(rehearsal: Rehearsal) -> list[str]:
    """As `docker compose run SERVICE wallet new` does; the accounts."""
    accounts = []
    for name, wallet in WALLETS.items():
        environment = rehearsal.environment(rehearsal.composition.services[name])
        command = [str(Path(sys.executable).with_name("openmg")), "wallet", "new", "--wallet", wallet, "--json"]
        done = subprocess.run(command, cwd=PROJECT, env=environment, capture_output=True, text=True)
        if done.returncode:
            raise SystemExit(f"{name}: {done.stdout}{done.stderr}")
        accounts.append(json.loads(done.stdout)["account"])
    return accounts


def through_the_gateway(rehearsal: Rehearsal) -> dict[str, Any]:
    """What a stranger gets over TLS."""
    door = f"https://127.0.0.1:{rehearsal.port('gateway', 8443)}"
    session = requests.Session()
    session.trust_env = False  # the environment may name other certificates
    session.verify = str(rehearsal.composition.secrets / "tls_certificate")
    call = {"jsonrpc": "2.0", "id": 1, "method": "eth_chainId", "params": []}
    forbidden = {"jsonrpc": "2.0", "id": 1, "method": "anvil_setBalance", "params": []}
    plain = f"http://127.0.0.1:{rehearsal.port('gateway', 8080)}/"
    network = session.get(f"{door}/network.json").json()
    return {
        "page": "<title>" in session.get(door).text,
        "network.json": {name: network[name] for name in ("node", "relayer", "bundles", "api")},
        "rpc": int(session.post(f"{door}/rpc", json=call).json()["result"], 16),
        "rpc refuses": session.post(f"{door}/rpc", json=forbidden).json()["error"]["code"],
        "api": session.get(f"{door}/api/v1/microgrids").status_code,
        "relayer": session.get(f"{door}/relayer/terms").json()["chain_id"],
        "store": session.get(f"{door}/store/openapi.json").status_code,
        "forecasts": session.get(f"{door}/forecasts/model").json()["model"],
        "health is hidden": [session.get(f"{door}/{name}/healthz").status_code for name in ("api", "relayer")],
        "plain HTTP": requests.get(plain, allow_redirects=False).status_code,
        "MQTT over TLS": over_tls(rehearsal),
    }


def over_tls(rehearsal: Rehearsal) -> str:
    """Whether the broker is behind the gateway: who has no password is told so by it."""
    told: list[str] = []
    client = Client(CallbackAPIVersion.VERSION2)
    context = ssl.create_default_context(cafile=str(rehearsal.composition.secrets / "tls_certificate"))
    client.tls_set_context(context)
    client.on_connect = lambda client, data, flags, code, more: told.append(str(code))
    client.connect("127.0.0.1", rehearsal.port("gateway", 8883))
    client.loop_start()
    until("the broker's answer", lambda: told, 10)
    client.loop_stop()
    return told[0]


def certificate(folder: Path) -> None:
    """One that is trusted by who has it."""
    making = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", "-subj", "/CN=localhost"]
    making += ["-addext", "subjectAltName=IP:127.0.0.1", "-keyout", "tls_key", "-out", "tls_certificate"]
    subprocess.run(making, cwd=folder, check=True, capture_output=True)


def installed(folder: Path) -> tuple[Composition, Mapping[str, str]]:
    """An installation's folder, for the development chain, and its accounts."""
    installation = folder / "installation"
    addresses = write_secrets(installation / "secrets")
    (installation / "deployments").mkdir()
    (installation / "metering" / str(CHAIN_ID)).mkdir(parents=True)
    certificate(installation / "secrets")
    return Composition(installation), addresses


def missing() -> Iterator[str]:
    """What isn't installed of what is needed."""
    path = f"{os.environ['PATH']}:/usr/sbin:/usr/local/sbin"
    for name in ("nginx", "mosquitto", "mosquitto_passwd", "openssl"):
        if shutil.which(name, path=path) is None:
            yield name
    if postgres.programs() is None:
        yield "PostgreSQL's server"


@click.command(cls=Command)
def main() -> None:
    """Runs the rehearsal and prints what happened."""
    lacking = list(missing())
    if lacking:
        raise click.ClickException(f"not installed: {', '.join(lacking)} (docs/flows/operations.md)")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="openmg-rehearsal-")))
        prepare(folder / "whole", 950328)  # that it works; the development chain's has no Besu
        composition, addresses = installed(folder)
        signers = [addresses[name] for name in addresses if name != "watcher_key"]
        root_stack = stack.enter_context(ExitStack())
        root = root_stack.enter_context(started(ChainSpec("root", 31337, 0), *ROOT_FLAGS))
        genesis = folder / "genesis.json"
        bridge_genesis(addresses["coordinator_key"], CHAIN_ID, int(time.time()) - 1).write(genesis)
        sealing = (*Genesis.read(genesis).flags(genesis), "--block-time", "1", "--no-cors")
        plasma_stack = stack.enter_context(ExitStack())
        plasma = plasma_stack.enter_context(started(ChainSpec("plasma", CHAIN_ID, 0), *sealing))
        rehearsal = Rehearsal(folder, composition, root, plasma)
        stack.callback(rehearsal.end)
        try:
            run(rehearsal, stack, signers, addresses["watcher_key"], root_stack, plasma_stack)
        finally:
            print(json.dumps(rehearsal.results, indent=2))  # noqa: T201


def run(
    rehearsal: Rehearsal,
    stack: ExitStack,
    signers: Sequence[str],
    watcher: str,
    root_stack: ExitStack,
    plasma_stack: ExitStack,
) -> None:
    """Deploys, starts everything, and kills one thing after the other."""
    root, plasma, results = rehearsal.root, rehearsal.plasma, rehearsal.results
    deployer = development_sender(root.web3, 0)
    manifest = Manifest.open(root.chain_id, rehearsal.folder / "deployments")
    list(BridgeDeployment(deployer, manifest, CHAIN_ID, signers).run())
    for account in (*signers, watcher):
        root.web3.provider.make_request("anvil_setBalance", [account, hex(100 * ETHER)])  # type: ignore[arg-type]

    for name in EARLY:
        rehearsal.start(name)
    results["authorities green after"] = rehearsal.until_all(EARLY, True, GREEN_SECONDS)
    founder = development_account(0).address
    deposit(root, plasma, manifest, {founder: 200 * ETHER, **{one: 10 * ETHER for one in make_wallets(rehearsal)}})
    sender = development_sender(plasma.web3, 0)
    platform = Manifest.open(CHAIN_ID, rehearsal.folder / "deployments")
    list(PlatformDeployment(sender, platform, sender.address).run())
    task = volunteers_task(None, None, "next_hour", 60, 0, None)
    keep_task(rehearsal.folder / "store" / "models", task)
    list(ForecastDeployment(sender, platform, task).run())

    secrets = rehearsal.composition.secrets
    password = (secrets / "postgres_password").read_text()
    mqtt = stack.enter_context(ExitStack())
    database = stack.enter_context(postgres.started(rehearsal.port("postgres", 5432), password))
    for name, host, port in (("database_url", "@postgres", 5432), ("mqtt_url", "@mosquitto", 1883)):
        text = (secrets / name).read_text().replace(host, f"@127.0.0.1:{rehearsal.port(host[1:], port)}")
        text = text.replace("/openmg\n", "/postgres\n") if name == "database_url" else text
        (secrets / name).chmod(0o600)
        (secrets / name).write_text(text)
    mqtt.enter_context(broker(rehearsal))
    stack.enter_context(gateway(rehearsal))
    rehearsal.start("migrate")
    results["migrate ends with"] = rehearsal.processes.pop("migrate").wait(60)

    services = [name for name, one in rehearsal.composition.services.items() if one.is_openmg and name != "migrate"]
    for name in services:
        if name not in EARLY:
            rehearsal.until_all(rehearsal.waits_for(name), True, GREEN_SECONDS)
            rehearsal.start(name)
    others = ("postgres", "mosquitto", "gateway")
    results["all green after"] = rehearsal.until_all([*services, *others], True, GREEN_SECONDS)
    results["through the gateway"] = through_the_gateway(rehearsal)
    results["memory of all, MiB"] = sum(map(_memory, rehearsal.processes.values()))

    mqtt.close()
    results["without Mosquitto red"] = rehearsal.until_all(("mosquitto", "intake"), False, RED_SECONDS)
    mqtt.enter_context(broker(rehearsal))
    results["Mosquitto back, green"] = rehearsal.until_all(("mosquitto", "intake"), True, GREEN_SECONDS)

    postgres.stop(database)
    users = ("postgres", "api", "index", "intake")
    results["without PostgreSQL red"] = rehearsal.until_all(users, False, RED_SECONDS)
    postgres.start(database)
    results["PostgreSQL back, green"] = rehearsal.until_all(users, True, GREEN_SECONDS)

    for name in ("authority-2", "authority-3"):
        rehearsal.processes[name].kill()
    gone = ("authority-2", "authority-3", "coordinator")
    results["without two authorities red"] = rehearsal.until_all(gone, False, RED_SECONDS)
    for name in gone[:2]:
        rehearsal.start(name)
    results["authorities back, green"] = rehearsal.until_all(gone, True, GREEN_SECONDS)

    root_stack.close()
    results["without the root chain red"] = rehearsal.until_all(("coordinator", "watcher"), False, RED_SECONDS)
    plasma_stack.close()
    beside = ("authority-2", "authority-3", "authority-4", "flush", "relayer", "store", "inference-1", "dashboard")
    results["without the plasma chain red"] = rehearsal.until_all(beside, False, RED_SECONDS)
    logs = {path.stem: path.read_text() for path in rehearsal.folder.glob("*.log")}
    results["tracebacks"] = [name for name, text in logs.items() if "Traceback" in text]
    results["ended by themselves"] = [name for name, one in rehearsal.processes.items() if one.poll() not in (None, -9)]


def _memory(process: subprocess.Popen[bytes]) -> int:
    """Resident MiB of a process."""
    pages = int(Path(f"/proc/{process.pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") >> 20


if __name__ == "__main__":
    main()
