"""Deploys the market on a chain, keeps the manifest of its addresses, and checks code on chain against it.

The market: two exchange templates, the factory, and per microgrid an energy token and its exchange with liquidity.
Every step looks at the chain first, so running again, or going on after a crash, deploys nothing twice.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any

from web3 import Web3
from web3.contract import Contract

from offchain.artifacts import load
from offchain.blueprint import blueprint_code, blueprint_transaction_data
from offchain.chains import LOCAL_CHAIN_IDS
from offchain.errors import UserError
from offchain.sender import Sender
from offchain.settings import settings
from offchain.units import ETHER

FOREVER = 2**64
LOCAL_LIQUIDITY_ETH = 10 * ETHER
LOCAL_LIQUIDITY_TOKENS = 500 * ETHER
MICROGRIDS = ("MG1", "MG2")
ROLES = ("MINTER_ROLE", "BURNER_ROLE")
BLUEPRINTS = {"exchange_template": "UniswapExchange", "oracle_template": "UniswapOracleExchange"}
EXPECTED = (*BLUEPRINTS, "factory", *(name for grid in MICROGRIDS for name in (grid, f"{grid}_exchange")))
PUSH32_OF_IMMUTABLE = b"\x7f" + bytes(32)
PUSH20_OF_ITSELF = b"\x73" + bytes(20)


class DeploymentError(UserError):
    """Says in one line why the market can't be deployed, or what differs from it."""


@dataclass
class Manifest:
    """Addresses of the market's contracts on one chain, by name; kept in `deployments/<chain id>.json`."""

    chain_id: int
    path: Path
    contracts: dict[str, dict[str, str]] = field(default_factory=dict)

    @classmethod
    def open(cls, chain_id: int, folder: Path | None = None) -> Manifest:
        """The manifest of a chain, empty if there is none yet. Raises DeploymentError if the file is damaged."""
        path = (folder or settings.deployments) / f"{chain_id}.json"
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise DeploymentError(f"manifests can't be kept in {path.parent}: {error}") from error
        if not path.exists():
            return cls(chain_id, path)
        try:
            content = json.loads(path.read_text())
            if content["chain_id"] != chain_id:
                raise ValueError(f"it is of chain {content['chain_id']}")
            contracts = {
                name: {"contract": str(entry["contract"]), "address": Web3.to_checksum_address(entry["address"])}
                for name, entry in content["contracts"].items()
            }
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise DeploymentError(f"{path} is no manifest of chain {chain_id} ({error}): move it away") from error
        return cls(chain_id, path, contracts)

    def record(self, name: str, contract: str, address: str) -> None:
        """Adds a contract and saves the manifest in one step, so that a crash leaves the old or the new file."""
        self.contracts[name] = {"contract": contract, "address": Web3.to_checksum_address(address)}
        draft = self.path.with_suffix(".draft")
        content = {"chain_id": self.chain_id, "contracts": self.contracts}
        draft.write_text(json.dumps(content, indent=2) + "\n")
        os.replace(draft, self.path)

    def put_aside(self) -> None:
        """Forgets all contracts; the file is kept as `<chain id>.<number>.json`."""
        if self.path.exists():
            numbers = (self.path.with_suffix(f".{number}.json") for number in count(1))
            self.path.rename(next(path for path in numbers if not path.exists()))
        self.contracts.clear()

    def address(self, name: str) -> str:
        """Address of a contract. Raises DeploymentError if it isn't deployed."""
        if name not in self.contracts:
            raise DeploymentError(f"{name} is not deployed on chain {self.chain_id}: run `ape run deploy`")
        return self.contracts[name]["address"]

    def contract(self, web3: Web3, name: str) -> Contract:
        """A deployed contract. Raises DeploymentError if it isn't deployed."""
        return load(self.contracts[name]["contract"]).at(web3, self.address(name))


@dataclass(frozen=True)
class Step:
    """What a deployment did for one contract."""

    name: str
    contract: str
    address: str
    deployed: bool


@dataclass
class MarketDeployment:
    """Deploys the market with one sender. Amounts are wei and token base units; zero liquidity leaves pools empty."""

    sender: Sender
    manifest: Manifest
    operator: str
    liquidity_eth: int = LOCAL_LIQUIDITY_ETH
    liquidity_tokens: int = LOCAL_LIQUIDITY_TOKENS
    redeploy: bool = False

    def __post_init__(self) -> None:
        if bool(self.liquidity_eth) != bool(self.liquidity_tokens):
            raise DeploymentError("liquidity needs both ETH and tokens, or neither")
        if self.redeploy:
            self.manifest.put_aside()
        self.web3 = self.sender.web3

    def run(self) -> Iterator[Step]:
        """Brings the chain to the state of a whole market, a step at a time. Raises DeploymentError or
        TransactionError; what was done until then stays and is found again."""
        yield from self._factory()
        for microgrid in MICROGRIDS:
            yield from self._microgrid(microgrid)

    def _factory(self) -> Iterator[Step]:
        for name, contract in BLUEPRINTS.items():
            yield self._ensure(name, contract, partial(self._blueprint, contract))
        yield self._ensure("factory", "UniswapFactory", partial(self._deploy, "UniswapFactory"))
        self._initialize_factory()

    def _microgrid(self, microgrid: str) -> Iterator[Step]:
        arguments = (f"{microgrid} energy", microgrid, self.sender.address)
        yield self._ensure(microgrid, "EnergyToken", partial(self._deploy, "EnergyToken", *arguments))
        self._grant_roles(microgrid)
        create = partial(self._create_exchange, microgrid)
        yield self._ensure(f"{microgrid}_exchange", "UniswapOracleExchange", create)
        self._add_liquidity(microgrid)

    def _ensure(self, name: str, contract: str, deploy: Callable[[], str]) -> Step:
        known = self.manifest.contracts.get(name)
        if known and self.web3.eth.get_code(Web3.to_checksum_address(known["address"])):
            problem = check_code(self.web3, name, known["contract"], known["address"])
            if problem:
                raise DeploymentError(f"{problem}; keep it with the version that deployed it, or pass --redeploy")
            return Step(name, contract, known["address"], deployed=False)
        if known and self.manifest.chain_id not in LOCAL_CHAIN_IDS:
            raise DeploymentError(
                f"{self.manifest.path.name} has {name} at {known['address']}, where there is no code: is this the "
                "right chain? If so, pass --redeploy"
            )
        address = deploy()
        self.manifest.record(name, contract, address)
        return Step(name, contract, address, deployed=True)

    def _deploy(self, contract: str, *arguments: Any) -> str:
        return str(self.sender.deploy(load(contract), *arguments)["contractAddress"])

    def _blueprint(self, contract: str) -> str:
        data = blueprint_transaction_data(load(contract).creation)
        return str(self.sender.send({"data": data})["contractAddress"])

    def _initialize_factory(self) -> None:
        factory = self.manifest.contract(self.web3, "factory")
        calls = factory.functions
        if int(calls.exchangeTemplate().call(), 16) == 0:
            self.sender.transact(calls.initializeFactory(self.manifest.address("exchange_template")))
        if int(calls.oracleTemplate().call(), 16) == 0:
            self.sender.transact(calls.initializeOracle(self.manifest.address("oracle_template")))

    def _grant_roles(self, microgrid: str) -> None:
        token = self.manifest.contract(self.web3, microgrid)
        self._grant(token, ROLES, self.operator)
        if self.liquidity_tokens:
            self._grant(token, ("MINTER_ROLE",), self.sender.address)

    def _grant(self, token: Contract, roles: Iterable[str], account: str) -> None:
        for role in roles:
            role_id = token.functions[role]().call()
            if not token.functions.hasRole(role_id, account).call():
                self.sender.transact(token.functions.grantRole(role_id, account))

    def _create_exchange(self, microgrid: str) -> str:
        factory = self.manifest.contract(self.web3, "factory")
        token = self.manifest.address(microgrid)
        exchange = str(factory.functions.getExchange(token).call())
        if int(exchange, 16) == 0:
            self.sender.transact(factory.functions.createOracleExchange(token))
            exchange = str(factory.functions.getExchange(token).call())
        problem = check_code(self.web3, f"{microgrid}_exchange", "UniswapOracleExchange", exchange)
        if problem:
            raise DeploymentError(f"{problem}; somebody created another kind first: pass --redeploy for a new token")
        return exchange

    def _add_liquidity(self, microgrid: str) -> None:
        token = self.manifest.contract(self.web3, microgrid)
        exchange = self.manifest.contract(self.web3, f"{microgrid}_exchange")
        if not self.liquidity_eth or exchange.functions.totalSupply().call() > 0:
            return
        missing = self.liquidity_tokens - token.functions.balanceOf(self.sender.address).call()
        if missing > 0:
            self.sender.transact(token.functions.mint(self.sender.address, missing))
        self.sender.transact(token.functions.approve(exchange.address, self.liquidity_tokens))
        self.sender.transact(
            exchange.functions.addLiquidity(1, self.liquidity_tokens, FOREVER), value=self.liquidity_eth
        )


def code_matches(compiled: bytes, on_chain: bytes) -> bool:
    """Whether code on chain is the compiled runtime code, whatever its constructor filled in as immutables (which the
    compiler leaves as `PUSH32 0`) or, at the start of a library, as its own address (`PUSH20 0`)."""
    masked = bytearray(on_chain)
    if compiled.startswith(PUSH20_OF_ITSELF):
        masked[1:21] = bytes(20)
    position = compiled.find(PUSH32_OF_IMMUTABLE)
    while position >= 0:
        masked[position + 1 : position + 33] = bytes(32)
        position = compiled.find(PUSH32_OF_IMMUTABLE, position + 33)
    return bytes(masked) == compiled


def check_code(web3: Web3, name: str, contract: str, address: str) -> str | None:
    """What is wrong with the code at an address, or None."""
    on_chain = bytes(web3.eth.get_code(Web3.to_checksum_address(address)))
    if not on_chain:
        return f"{name} has no code at {address}"
    artifact = load(contract)
    if name in BLUEPRINTS:
        right = on_chain == blueprint_code(artifact.creation)
    else:
        right = code_matches(artifact.runtime, on_chain)
    return None if right else f"{name} at {address} runs other code than {contract} as compiled here"


def verify(web3: Web3, manifest: Manifest) -> Iterator[tuple[str, str, str | None]]:
    """Checks each contract of the manifest: its code, then how the contracts are wired to each other.

    Yields name, address and what is wrong, or None. Raises DeploymentError if nothing is deployed.
    """
    if not manifest.contracts:
        raise DeploymentError(f"nothing is deployed on chain {manifest.chain_id}: run `ape run deploy`")
    for name in EXPECTED:
        if name not in manifest.contracts:
            yield name, "-" * 42, "missing from the manifest"
    for name, entry in manifest.contracts.items():
        problem = check_code(web3, name, entry["contract"], entry["address"]) or _check_wiring(web3, manifest, name)
        yield name, entry["address"], problem


def _check_wiring(web3: Web3, manifest: Manifest, name: str) -> str | None:
    expected: dict[str, str] = {}
    if name == "factory":
        expected = {"exchangeTemplate": "exchange_template", "oracleTemplate": "oracle_template"}
    elif name.endswith("_exchange"):
        expected = {"tokenAddress": name.removesuffix("_exchange"), "factoryAddress": "factory"}
    contract = manifest.contract(web3, name) if expected else None
    for getter, other in expected.items():
        assert contract is not None
        actual = contract.functions[getter]().call()
        if actual != manifest.address(other):
            return f"{name}.{getter} is {actual}, not {other} at {manifest.address(other)}"
    if name.endswith("_exchange"):
        token = manifest.address(name.removesuffix("_exchange"))
        listed = manifest.contract(web3, "factory").functions.getExchange(token).call()
        if listed != manifest.address(name):
            return f"the factory lists {listed} for that token, not {name}"
    return None
