"""A training over a chain: the contracts on a node of its own, a store, and homes with accounts and folders."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from eth_account.signers.local import LocalAccount
from web3 import Web3
from web3.types import RPCEndpoint

from offchain.chains import ChainSpec, started
from offchain.deployment.forecast import ForecastDeployment
from offchain.deployment.manifest import Manifest
from offchain.errors import UserError
from offchain.ppdl.network.member import Ground, Train
from offchain.ppdl.network.participation import Participation
from offchain.ppdl.network.private_part import PrivatePart
from offchain.ppdl.network.publication import Kind, Publication
from offchain.ppdl.network.registry import Phase, Registry, Rules
from offchain.ppdl.network.relayer import HeaderRelayer
from offchain.ppdl.network.store import FolderStore
from offchain.ppdl.network.training import HomeTraining
from offchain.ppdl.plan import Plan
from offchain.ppdl.trainer import development_account
from offchain.process import free_port
from offchain.sender import development_sender, key_sender
from offchain.units import ETHER

PLAN = Plan(homes=11, rounds=2)
HOMES = 9
GENESIS_TIME = 1_750_000_000
RULES = Rules(100, 100, 300, 300, 300, 60, 60, 600, 20, ETHER // 10, ETHER // 1_000)
"""Long enough for a slow machine: time is skipped."""
SKIP = 30
MOST_STEPS = 150


@dataclass
class Home:
    """A participant's parts."""

    name: str
    ground: Ground
    train: Train
    participation: Participation

    @property
    def part(self) -> PrivatePart | None:
        """What private mode asks of it, by its book; None if the task isn't private."""
        return PrivatePart.of(self.ground.synced.chain, self.ground.folder / "privacy.sqlite")

    def restart(self, with_book: bool = True) -> None:
        """Its process ends and begins anew: only files are left."""
        self.participation.close()
        self.ground = replace(self.ground)
        self.participation = Participation(self.ground, self.train, None, self.part if with_book else None)


@dataclass
class Training:
    """The scene; time passes only when it is told to."""

    web3: Web3
    registry: Registry
    store: FolderStore
    homes: list[Home]
    relayer: HeaderRelayer

    def call(self, method: str, *arguments: Any) -> Any:
        """What the node answers."""
        answer = self.web3.provider.make_request(RPCEndpoint(method), list(arguments))
        assert "error" not in answer, answer
        return answer["result"]

    def pass_seconds(self, seconds: int) -> None:
        """Lets time pass, and a block be sealed."""
        self.call("evm_increaseTime", seconds)
        self.call("evm_mine")

    def steps(self, silent: Collection[str] = ()) -> list[str]:
        """One step of everybody but the silent ones; what was done, or stood in the way."""
        said: list[str] = []
        for home in self.homes:
            if home.name not in silent:
                said += [f"{home.name}: {line}" for line in self.step_of(home)]
        line = self.relayer.step(self.registry.round())
        return [*said, f"relayer: {line}"] if line else said

    def step_of(self, home: Home) -> list[str]:
        """One step of a home, as its process takes it."""
        said: list[str] = []
        try:
            said += home.participation.step()
        except UserError as error:
            said.append(f"! {error}")
        return said

    def until(self, reached: Callable[[], bool], silent: Collection[str] = (), kill: bool = False) -> list[str]:
        """Steps until something is reached, time passing when nobody has anything to do; all that was said. With `kill`
        two homes are killed after each step, others each time."""
        said: list[str] = []
        for number in range(MOST_STEPS):
            now = self.steps(silent)
            said += now
            if reached():
                return said
            for home in self.homes[number % len(self.homes) :][: 2 * kill]:
                home.restart()
            if not any("!" not in line for line in now):
                self.pass_seconds(SKIP)
        raise AssertionError(f"round is still {self.registry.round().phase}: {said[-20:]}")

    def phase(self, phase: Phase) -> Callable[[], bool]:
        """Whether the round is in a phase."""
        return lambda: self.registry.round().phase == phase

    def header(self, number: int) -> Callable[[], bool]:
        """Whether there is a header of a number."""
        return lambda: self.registry.head() >= number


@contextmanager
def training(folder: Path, plan: Plan = PLAN) -> Iterator[Training]:
    """The contracts with a task, and bonded homes."""
    spec = ChainSpec("ppdl", 31337, free_port())
    with started(spec, "--timestamp", str(GENESIS_TIME)) as chain:
        web3 = chain.web3
        manifest = Manifest.open(31337, folder / "deployments")
        founder = development_sender(web3, 0)
        cohort = plan.cohort()
        deployment = ForecastDeployment(founder, manifest, plan.task(cohort), RULES, born=GENESIS_TIME)
        for _ in deployment.run():
            pass
        registry = Registry(web3, manifest.address("ppdl_registry"))
        store = FolderStore(folder / "store", registry.domain)
        accounts = [development_account(plan.seed, home) for home in cohort.members]
        task = deployment.task.to_bytes()
        store.publish(Publication.signed(registry.domain, accounts[0], 0, Kind.TASK, task))
        scene = Training(web3, registry, store, [], _relayer(registry, store, web3, folder))
        for name, account in zip(cohort.members, accounts, strict=True):
            scene.call("anvil_setBalance", account.address, hex(10 * ETHER))
            data = HomeTraining(deployment.task, cohort.readings_of(name), cohort.training_hours)
            scene.homes.append(home_of(scene, name, account, folder, data))
        yield scene


def home_of(scene: Training, name: str, account: LocalAccount, folder: Path, data: HomeTraining) -> Home:
    """A home that has a bond at stake."""
    sender = key_sender(scene.web3, account)
    ground = Ground(scene.registry, scene.store, sender, account, folder / name)
    sender.transact(scene.registry.contract.functions.join(), scene.registry.rules.bond)
    home = Home(name, ground, data, Participation(ground, data))
    home.restart()
    return home


def _relayer(registry: Registry, store: FolderStore, web3: Web3, folder: Path) -> HeaderRelayer:
    sender = development_sender(web3, 1)
    account = development_account(0, "relayer")
    return HeaderRelayer(Ground(registry, store, sender, account, folder / "relayer"))
