"""What `ape run deploy verify` finds: each way in which a platform can differ from what its manifest says."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hexbytes import HexBytes
from web3 import Web3
from web3.types import RPCEndpoint

from offchain.artifacts import load
from offchain.chains import ChainSpec, started
from offchain.deployment.code import is_constructed_of
from offchain.deployment.forecast import ForecastDeployment
from offchain.deployment.manifest import DeploymentError, Manifest
from offchain.deployment.parts import FORECAST_PARTS, MICROGRIDS, PLATFORM, POOL_PARTS, REGISTRY_PARTS
from offchain.deployment.platform import PlatformDeployment
from offchain.deployment.verification import Verification, verified
from offchain.ppdl.inference.integer_model import PERCEPTRON
from offchain.ppdl.learning.training import Training
from offchain.ppdl.model_chain.task import Task
from offchain.ppdl.model_chain.testset import Testset
from offchain.sender import Sender, development_account, development_sender

CHAIN_ID = 950327
NOBODY = "0x" + 40 * "0"
STRANGER = development_account(5).address


@dataclass(frozen=True)
class Platform:
    """A whole platform, put back after each test to how it was deployed."""

    web3: Web3
    manifest: Manifest
    owner: Sender

    def problems(self) -> dict[str, str]:
        """What is wrong, by name."""
        return {name: problem for name, _, problem in Verification(self.web3, self.manifest).run() if problem}

    def call(self, method: str, *parameters: Any) -> Any:
        return self.web3.provider.make_request(RPCEndpoint(method), list(parameters))["result"]

    def transact(self, name: str, function: str, *arguments: Any) -> None:
        """As the account that deployed everything."""
        self.owner.transact(self.manifest.contract(self.web3, name).functions[function](*arguments))

    def set_address(self, name: str, getter: str, address: str) -> None:
        """Writes an address into the storage word that a getter reads."""
        contract = self.manifest.contract(self.web3, name)
        read = contract.functions[getter]
        for slot in range(16):
            place, before = hex(slot), bytes(self.web3.eth.get_storage_at(contract.address, slot))
            self.call("anvil_setStorageAt", contract.address, place, "0x" + bytes(12).hex() + address[2:])
            if read().call() == address:
                return
            self.call("anvil_setStorageAt", contract.address, place, "0x" + before.hex())
        raise AssertionError(f"{getter} is in none of the first words")


@pytest.fixture(scope="module")
def deployed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    with started(ChainSpec("plasma", CHAIN_ID, 0)) as chain:
        platform = Platform(
            chain.web3,
            Manifest.open(CHAIN_ID, tmp_path_factory.mktemp("deployments")),
            development_sender(chain.web3, 0),
        )
        deployment = PlatformDeployment(platform.owner, platform.manifest, platform.owner.address)
        assert [step.name for step in deployment.run()] == list(PLATFORM)
        yield platform


@pytest.fixture
def platform(deployed: Platform) -> Iterator[Platform]:
    snapshot = deployed.call("evm_snapshot")
    manifest = deployed.manifest
    yield replace(deployed, manifest=Manifest(manifest.chain_id, manifest.path, dict(manifest.contracts)))
    assert deployed.call("evm_revert", snapshot)


def test_what_was_just_deployed_is_right(platform: Platform) -> None:
    found = list(Verification(platform.web3, platform.manifest).run())
    assert [(name, problem) for name, _, problem in found] == [(name, None) for name in PLATFORM]
    assert [address for _, address, _ in found] == [platform.manifest.address(name) for name in PLATFORM]


def test_a_second_run_sends_nothing(platform: Platform) -> None:
    nonce = platform.web3.eth.get_transaction_count(platform.owner.address)
    steps = list(PlatformDeployment(platform.owner, platform.manifest, platform.owner.address).run())
    assert not any(step.deployed for step in steps)
    assert platform.web3.eth.get_transaction_count(platform.owner.address) == nonce


@pytest.mark.parametrize("cut", [1, 4, 12, 15, 19, 24, 27, 31, 36])
def test_a_run_cut_off_is_continued(
    tmp_path: Path, deployed: Platform, cut: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Cut off before any of its transactions, the next run makes a whole platform of it, and deploys again at most what
    was sent together with the one that was cut off."""
    sender = development_sender(deployed.web3, 1)
    manifest = Manifest.open(CHAIN_ID, tmp_path)
    left, broadcast = iter(range(cut)), sender.broadcast

    def cut_off(raw: HexBytes) -> HexBytes:
        if next(left, None) is None:
            raise KeyboardInterrupt
        return broadcast(raw)

    with monkeypatch.context() as patch:
        patch.setattr(sender, "broadcast", cut_off)
        with pytest.raises(KeyboardInterrupt):
            list(PlatformDeployment(sender, manifest, sender.address).run())
    again = replace(deployed, manifest=Manifest.open(CHAIN_ID, tmp_path), owner=sender)
    there = set(again.manifest.contracts)
    continued = list(PlatformDeployment(sender, again.manifest, sender.address).run())
    assert [step.name for step in continued if not step.deployed] == [name for name in PLATFORM if name in there]
    assert again.problems() == {}


@pytest.mark.parametrize("name", PLATFORM)
def test_changed_code(platform: Platform, name: str) -> None:
    """A single bit of a contract's code is found."""
    address = platform.manifest.address(name)
    code = bytearray(platform.web3.eth.get_code(Web3.to_checksum_address(address)))
    code[len(code) // 2] ^= 1
    platform.call("anvil_setCode", address, "0x" + bytes(code).hex())
    assert "runs other code" in platform.problems()[name]


@pytest.mark.parametrize(("name", "parts"), [("registry", REGISTRY_PARTS), ("pool", POOL_PARTS)])
def test_other_parts_built_in(platform: Platform, name: str, parts: tuple[str, ...]) -> None:
    """The right code with another verifier, hash, factory or registry in it is wrong."""
    contract = platform.manifest.contracts[name]["contract"]
    first = [platform.owner.address] if name == "registry" else []
    right = [platform.manifest.address(part) for part in parts]
    assert is_constructed_of(platform.web3, contract, platform.manifest.address(name), *first, *right)
    for place, part in enumerate(parts):
        wrong = [*right]
        wrong[place] = platform.manifest.address("MG1")
        if part.startswith("poseidon") and name == "registry":  # whose constructor hashes
            wrong[place] = platform.manifest.address("poseidon_t4" if part == "poseidon_t3" else "poseidon_t3")
        assert not is_constructed_of(platform.web3, contract, platform.manifest.address(name), *first, *wrong), part
    swapped = {"issue_verifier": "settle_verifier", "settle_verifier": "issue_verifier"}
    swapped |= {"joinsplit_verifier": "trade_verifier", "trade_verifier": "joinsplit_verifier"}
    parts_of_other = [platform.manifest.address(swapped.get(part, part)) for part in parts]
    other = platform.owner.deploy(load(contract), *first, *parts_of_other)["contractAddress"]
    platform.manifest.contracts[name] = {"contract": contract, "address": str(other)}
    assert f"{name} was deployed with others than poseidon_t3" in platform.problems()[name]


def test_exchanges_mixed_up(platform: Platform) -> None:
    contracts = platform.manifest.contracts
    contracts["MG1_exchange"], contracts["MG2_exchange"] = contracts["MG2_exchange"], contracts["MG1_exchange"]
    problems = platform.problems()
    assert set(problems) == {"MG1_exchange", "MG2_exchange"}
    assert "tokenAddress" in problems["MG1_exchange"]


def test_an_exchange_that_the_factory_does_not_list(platform: Platform) -> None:
    """The token's own exchange, but of another factory."""
    factory = platform.owner.deploy(load("UniswapFactory"))["contractAddress"]
    other = load("UniswapFactory").at(platform.web3, str(factory)).functions
    platform.owner.transact(other.initializeFactory(platform.manifest.address("exchange_template")))
    platform.owner.transact(other.initializeOracle(platform.manifest.address("oracle_template")))
    platform.owner.transact(other.createOracleExchange(platform.manifest.address("MG2")))
    address = str(other.getExchange(platform.manifest.address("MG2")).call())
    platform.manifest.contracts["MG2_exchange"] = {"contract": "UniswapOracleExchange", "address": address}
    assert "factoryAddress" in platform.problems()["MG2_exchange"]


CHANGES: dict[str, tuple[Callable[[Platform], None], str, str]] = {
    "another pool": (lambda on: on.set_address("registry", "pool", STRANGER), "registry", "registry.pool is"),
    "no policy": (lambda on: on.transact("MG1", "setTransferPolicy", NOBODY), "MG1", "MG1.transferPolicy is 0x0000"),
    "another minter": (
        lambda on: on.transact("MG2", "grantRole", role(on, "MINTER_ROLE"), STRANGER),
        "MG2",
        f"{STRANGER} has the MINTER_ROLE of MG2, which is the pool's alone",
    ),
    "another burner": (
        lambda on: on.transact("MG1", "grantRole", role(on, "BURNER_ROLE"), STRANGER),
        "MG1",
        f"{STRANGER} has the BURNER_ROLE of MG1",
    ),
    "no minter": (
        lambda on: on.transact("MG1", "revokeRole", role(on, "MINTER_ROLE"), on.manifest.address("pool")),
        "MG1",
        "the pool lacks the MINTER_ROLE of MG1",
    ),
    "no burner": (
        lambda on: on.transact("MG2", "revokeRole", role(on, "BURNER_ROLE"), on.manifest.address("pool")),
        "MG2",
        "the pool lacks the BURNER_ROLE of MG2",
    ),
    "another template": (
        lambda on: on.set_address("factory", "oracleTemplate", STRANGER),
        "factory",
        "factory.oracleTemplate is",
    ),
}


def role(platform: Platform, name: str) -> bytes:
    """A role's id."""
    return bytes(platform.manifest.contract(platform.web3, "MG1").functions[name]().call())


@pytest.mark.parametrize("change", CHANGES)
def test_a_change_after_deployment(platform: Platform, change: str) -> None:
    """What an administrator or an attack has changed is told, of that contract alone."""
    make, name, told = CHANGES[change]
    make(platform)
    problems = platform.problems()
    assert list(problems) == [name]
    assert told in problems[name]


def test_roles_that_were_given_back_are_forgotten(platform: Platform) -> None:
    """Nobody is blamed for what it no longer has, as the deployer that founded the exchanges."""
    for microgrid in MICROGRIDS:
        platform.transact(microgrid, "grantRole", role(platform, "BURNER_ROLE"), platform.owner.address)
        assert microgrid in platform.problems()
        platform.transact(microgrid, "renounceRole", role(platform, "BURNER_ROLE"), platform.owner.address)
    assert platform.problems() == {}


def test_a_token_without_microgrid(platform: Platform) -> None:
    token = platform.owner.deploy(load("EnergyToken"), "Third", "MG1", platform.owner.address)["contractAddress"]
    platform.manifest.contracts["MG1"] = {"contract": "EnergyToken", "address": str(token)}
    platform.transact("MG1", "setTransferPolicy", platform.manifest.address("registry"))
    problems = platform.problems()
    assert problems["MG1"] == "the registry has no microgrid of MG1"
    assert set(problems) == {"MG1", "MG1_exchange"}


@pytest.mark.parametrize("name", PLATFORM)
def test_a_part_of_a_platform_is_none(platform: Platform, name: str) -> None:
    del platform.manifest.contracts[name]
    assert platform.problems() == {name: "missing from the manifest"}


def test_development_keys_outside_the_local_chains(platform: Platform) -> None:
    """The keys of each verifier are checked as before a deployment."""
    real = replace(platform, manifest=Manifest(1, platform.manifest.path, platform.manifest.contracts))
    problems = real.problems()
    assert set(problems) == {name for name in PLATFORM if name.endswith("_verifier")}
    assert all("anyone can forge proofs" in problem for problem in problems.values())


def test_nothing_deployed(platform: Platform, tmp_path: Path) -> None:
    """P9: an empty manifest is no success."""
    with pytest.raises(DeploymentError, match="nothing is deployed on chain 950327"):
        list(verified(platform.web3, Manifest.open(CHAIN_ID, tmp_path)))


def forecast_of(platform: Platform) -> ForecastDeployment:
    testset = Testset(np.zeros((1, 30), np.int16), np.zeros(1, np.int32))
    return ForecastDeployment(platform.owner, platform.manifest, Task("next_hour", PERCEPTRON, Training(), testset))


def test_the_forecast_beside_it_is_right(platform: Platform) -> None:
    """P9 and a second run deploys nothing, and changes nothing."""
    deployment = forecast_of(platform)
    assert [step.name for step in deployment.run()] == list(FORECAST_PARTS)
    assert platform.problems() == {}
    nonce = platform.web3.eth.get_transaction_count(platform.owner.address)
    assert not any(step.deployed for step in deployment.run())
    assert platform.web3.eth.get_transaction_count(platform.owner.address) == nonce


@pytest.mark.parametrize("name", FORECAST_PARTS[2:])
def test_parts_of_another_forecast(platform: Platform, name: str) -> None:
    """P9 contracts that don't belong together are found."""
    list(forecast_of(platform).run())
    kept = dict(platform.manifest.contracts)
    for part in FORECAST_PARTS[2:]:
        del platform.manifest.contracts[part]
    list(forecast_of(platform).run())
    other = platform.manifest.contracts[name]
    platform.manifest.contracts.update(kept | {name: other})
    assert platform.problems()
    platform.manifest.contracts.update(kept)
    assert platform.problems() == {}
