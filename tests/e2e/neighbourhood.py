"""A chain with the forecast's contracts, and homes around it: some as processes of `openmg`, the others in this one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from eth_account.signers.local import LocalAccount
from web3 import Web3
from web3.types import RPCEndpoint

from offchain.chains import ChainSpec, started
from offchain.deployment.forecast import ForecastDeployment
from offchain.deployment.manifest import Manifest
from offchain.deployment.platform import PlatformDeployment
from offchain.environment import PROJECT
from offchain.errors import UserError
from offchain.ppdl.cohort import Cohort
from offchain.ppdl.learning.readings import Readings
from offchain.ppdl.network.member import Ground
from offchain.ppdl.network.participation import Participation
from offchain.ppdl.network.registry import Phase, Registry, Rules
from offchain.ppdl.network.store_client import StoreClient
from offchain.ppdl.network.stores import Stores
from offchain.ppdl.network.synced_chain import keep_task
from offchain.ppdl.network.training import HomeTraining
from offchain.ppdl.plan import Plan
from offchain.ppdl.trainer import development_account
from offchain.process import free_port
from offchain.sender import development_sender, key_sender
from offchain.units import ETHER
from offchain.wallet import keystore
from offchain.wallet.keys import Seed
from tests.e2e.conftest import Shell
from tests.node_process import NodeProcess, until

PLAN = Plan(homes=10, rounds=2)
RULES = Rules(200, 200, 600, 300, 300, 60, 60, 600, 20, ETHER // 10, ETHER // 1_000)
"""Long enough for a slow machine: what is waited for without need is skipped."""
PASSWORD = "correct horse"
QUICK_SCRYPT = 1 << 10
CHAIN_ID = 950327


@dataclass
class Neighbourhood:
    """Eight homes: all of them are needed in each round."""

    shell: Shell
    web3: Web3
    registry: Registry
    cohort: Cohort
    accounts: dict[str, LocalAccount] = field(default_factory=dict)
    stores: list[str] = field(default_factory=list)
    processes: dict[str, NodeProcess] = field(default_factory=dict)
    others: list[Participation] = field(default_factory=list)

    def make_wallet(self, name: str, ether: int = 10) -> None:
        """A wallet's file, with ETH in its account."""
        seed = Seed(name.encode().ljust(16, b"."))
        keystore.save(seed, self.shell.folder / "wallets" / f"{name}.json", PASSWORD, QUICK_SCRYPT)
        self.accounts[name] = seed.keys().account
        self.call("anvil_setBalance", self.accounts[name].address, hex(ether * ETHER))

    def start(self, name: str, says: str, *words: str, **environment: str) -> NodeProcess:
        """Starts an `openmg ppdl` command with a wallet, until it says something."""
        output = self.shell.folder / f"{name}.txt"
        whole = self.shell.environment | environment | {"OMP_NUM_THREADS": "1"}
        started = NodeProcess(["ppdl", *words, "--wallet", name], output, says, whole)
        self.processes[name] = started
        return started

    def relay(self, name: str, *words: str, **environment: str) -> None:
        """Starts a store and relayer."""
        port = free_port()
        self.make_wallet(name)
        self.start(name, "Press Ctrl-C", "relay", "--port", str(port), *words, **environment)
        self.stores.append(f"http://127.0.0.1:{port}")

    def join(self, name: str, home: str) -> None:
        """Starts a home's own process."""
        if name not in self.accounts:
            self.make_wallet(name)
        stores = [word for url in self.stores for word in ("--store", url)]
        data = write_csv(self.shell.folder / f"{home}.csv", self.cohort.readings_of(home), self.cohort.training_hours)
        self.start(name, "takes part", "join", "--data", str(data), *stores)

    def take_in(self, homes: Sequence[str]) -> None:
        """Homes that take part in this process, over the same stores."""
        task = PLAN.task(self.cohort)
        for home in homes:
            account = development_account(PLAN.seed, home)
            self.call("anvil_setBalance", account.address, hex(10 * ETHER))
            sender = key_sender(self.web3, account)
            sender.transact(self.registry.contract.functions.join(), RULES.bond)
            stores = Stores([StoreClient(url, self.registry.domain) for url in self.stores])
            ground = Ground(self.registry, stores, sender, account, self.shell.folder / home)
            training = HomeTraining(task, self.cohort.readings_of(home), self.cohort.training_hours)
            self.others.append(Participation(ground, training))

    def step(self) -> None:
        """A step of each home of this process, then time is skipped if all did what the phase is for."""
        for one in self.others:
            try:
                list(one.step())
            except UserError:
                continue  # as its process goes on, and tries again
        self._skip()

    def until(self, name: str, says: str) -> None:
        """Steps until a process says something."""

        def said() -> bool:
            self.step()
            assert self.processes[name].is_alive(), self.processes[name].text()
            return says in self.processes[name].text()

        until(f"{name}: {says}", said)

    def until_header(self, number: int) -> None:
        """Steps until there is a header of a number."""

        def there() -> bool:
            self.step()
            return self.registry.head() >= number

        until(f"header {number}", there)

    def call(self, method: str, *arguments: object) -> None:
        """Has the node do something."""
        answer = self.web3.provider.make_request(RPCEndpoint(method), list(arguments))
        assert "error" not in answer, answer

    def _skip(self) -> None:
        round_, now = self.registry.round(), self.registry.node.time()
        keys_until = round_.opened_at + RULES.keys_window
        seeds_until = keys_until + RULES.seeds_window
        target = now
        if round_.phase == Phase.OPEN and len(round_.keys) == 8:
            target = seeds_until if len(round_.seeds or {}) == 8 else keys_until
        elif round_.phase == Phase.POSTED:
            target = round_.until
        if target > now:
            self.call("evm_increaseTime", target - now)
            self.call("evm_mine")


@contextmanager
def neighbourhood(shell: Shell) -> Iterator[Neighbourhood]:
    """The platform and the forecast's contracts on a bare chain whose clock can be set; nothing else runs yet."""
    folder = shell.folder
    shell.extra |= {"OPENMG_PASSWORD": PASSWORD, "OPENMG_WALLETS": str(folder / "wallets")}
    shell.extra |= {"OPENMG_MODELS": str(folder / "models"), "PYTHONPATH": str(PROJECT)}
    cohort = PLAN.cohort()
    spec = ChainSpec("plasma", CHAIN_ID, int(shell.extra["OPENMG_PLASMA_PORT"]))
    with ExitStack() as stack:
        web3 = stack.enter_context(started(spec)).web3
        manifest, founder = Manifest.open(CHAIN_ID, folder / "deployments"), development_sender(web3, 0)
        list(PlatformDeployment(founder, manifest, founder.address).run())
        task = PLAN.task(cohort)
        keep_task(folder / "models", task)
        list(ForecastDeployment(founder, manifest, task, RULES).run())
        made = Neighbourhood(shell, web3, Registry(web3, manifest.address("ppdl_registry")), cohort)
        yield made
        for process in made.processes.values():
            process.end()


def write_csv(path: Path, readings: Readings, hours: int) -> Path:
    """The first hours of one home's readings, as a home has them."""
    rows = zip(readings.hours[:hours], readings.kwh[:hours, 0], strict=True)
    lines = [f"{hour:%Y-%m-%d %H:%M},{kwh!r}" for hour, kwh in ((hour, float(kwh)) for hour, kwh in rows)]
    path.write_text("\n".join([f"reading_datetime,{readings.households[0]}", *lines]) + "\n")
    return path
