"""The market's deployment: complete, found again, resumable, verifiable."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from itertools import islice
from pathlib import Path

import pytest
from web3 import Web3
from web3.types import RPCEndpoint

from offchain.artifacts import load
from offchain.chains import Chain, ChainSpec, started
from offchain.deployment.code import check_code, code_matches
from offchain.deployment.manifest import DeploymentError, Manifest
from offchain.deployment.market import MarketDeployment
from offchain.sender import Sender, TransactionError, development_account, development_sender
from offchain.units import ETHER

NAMES = ["exchange_template", "oracle_template", "factory", "MG1", "MG2", "MG1_exchange", "MG2_exchange"]


@pytest.fixture(scope="module")
def chain() -> Iterator[Chain]:
    with started(ChainSpec("plasma", 950327, 0)) as chain:
        yield chain


@pytest.fixture
def web3(chain: Chain) -> Iterator[Web3]:
    """The chain, put back afterwards to how it was."""
    web3 = chain.web3
    snapshot = web3.provider.make_request(RPCEndpoint("evm_snapshot"), [])["result"]
    yield web3
    web3.provider.make_request(RPCEndpoint("evm_revert"), [snapshot])


@pytest.fixture
def deployer(web3: Web3) -> Sender:
    return development_sender(web3, 0)


@pytest.fixture
def manifest(tmp_path: Path) -> Manifest:
    return Manifest.open(950327, tmp_path)


@pytest.fixture
def deployment(deployer: Sender, manifest: Manifest) -> MarketDeployment:
    return MarketDeployment(deployer, manifest, development_account(1).address)


def test_everything_is_deployed(web3: Web3, deployment: MarketDeployment, manifest: Manifest) -> None:
    steps = list(deployment.run())
    assert [step.name for step in steps] == NAMES
    assert all(step.deployed for step in steps)
    assert all(check_code(web3, step.name, step.contract, step.address) is None for step in steps)
    factory = manifest.contract(web3, "factory").functions
    for microgrid in ("MG1", "MG2"):
        token, exchange = manifest.contract(web3, microgrid), manifest.contract(web3, f"{microgrid}_exchange")
        assert factory.getExchange(token.address).call() == exchange.address
        assert token.functions.symbol().call() == microgrid
        assert exchange.functions.totalSupply().call() == web3.eth.get_balance(exchange.address) == 10 * ETHER
        assert token.functions.balanceOf(exchange.address).call() == 500 * ETHER
        for role in ("MINTER_ROLE", "BURNER_ROLE"):
            assert token.functions.hasRole(token.functions[role]().call(), development_account(1).address).call()


def test_a_second_run_sends_nothing(web3: Web3, deployment: MarketDeployment, deployer: Sender) -> None:
    list(deployment.run())
    nonce = web3.eth.get_transaction_count(deployer.address)
    again = MarketDeployment(deployer, Manifest.open(950327, deployment.manifest.path.parent), deployment.operator)
    assert not any(step.deployed for step in again.run())
    assert web3.eth.get_transaction_count(deployer.address) == nonce


@pytest.mark.parametrize("steps", range(len(NAMES)))
def test_a_run_cut_off_is_continued(web3: Web3, deployment: MarketDeployment, deployer: Sender, steps: int) -> None:
    """Cut off after any step: the next run deploys the rest and nothing twice."""
    done = list(islice(deployment.run(), steps))
    kept = Manifest.open(950327, deployment.manifest.path.parent)
    there = set(kept.contracts)  # those that were sent together with the last one are there as well
    assert there >= {step.name for step in done}
    continued = list(MarketDeployment(deployer, kept, deployment.operator).run())
    assert [step.name for step in continued if not step.deployed] == [name for name in NAMES if name in there]
    assert [step.address for step in continued[: len(done)]] == [step.address for step in done]
    assert all(check_code(web3, step.name, step.contract, step.address) is None for step in continued)


def test_a_new_local_chain_is_deployed_to_again(web3: Web3, deployment: MarketDeployment, deployer: Sender) -> None:
    """The manifest of a chain that is gone doesn't keep the next one empty."""
    snapshot = web3.provider.make_request(RPCEndpoint("evm_snapshot"), [])["result"]
    list(deployment.run())
    web3.provider.make_request(RPCEndpoint("evm_revert"), [snapshot])
    again = MarketDeployment(deployer, Manifest.open(950327, deployment.manifest.path.parent), deployment.operator)
    assert all(step.deployed for step in again.run())


def test_off_the_local_chains_a_missing_contract_is_not_replaced(
    deployer: Sender, manifest: Manifest, deployment: MarketDeployment
) -> None:
    """P9: on a real chain an address without code means the wrong chain, not a new deployment."""
    manifest.record("factory", "UniswapFactory", development_account(5).address)
    real = replace(deployment, manifest=Manifest(1, manifest.path, manifest.contracts))
    with pytest.raises(DeploymentError, match="where there is no code: is this the right chain"):
        list(real.run())


def test_other_code_is_named_and_not_replaced(web3: Web3, deployment: MarketDeployment) -> None:
    """P9: changed code stops the run; --redeploy starts over."""
    list(deployment.run())
    factory = deployment.manifest.address("factory")
    web3.provider.make_request(RPCEndpoint("anvil_setCode"), [factory, "0x6000"])
    assert "runs other code" in str(check_code(web3, "factory", "UniswapFactory", factory))
    with pytest.raises(DeploymentError, match=r"runs other code than UniswapFactory.*--redeploy"):
        list(deployment.run())
    fresh = replace(deployment, redeploy=True)
    assert all(step.deployed for step in fresh.run())


def test_redeploying_keeps_the_old_manifest(deployment: MarketDeployment) -> None:
    list(deployment.run())
    old = deployment.manifest.path.read_text()
    for number in (1, 2):
        list(replace(deployment, redeploy=True).run())
        kept = deployment.manifest.path.with_suffix(f".{number}.json").read_text()
        assert (kept == old) is (number == 1)
    assert deployment.manifest.path.read_text() not in (old, kept)


def test_a_stranger_who_creates_the_plain_exchange_first_is_noticed(web3: Web3, deployment: MarketDeployment) -> None:
    steps = deployment.run()
    for step in steps:
        if step.name == "MG1":
            break
    factory = deployment.manifest.contract(web3, "factory")
    development_sender(web3, 3).transact(factory.functions.createExchange(deployment.manifest.address("MG1")))
    with pytest.raises(DeploymentError, match="somebody created another kind first"):
        list(steps)


def test_a_refused_transaction_says_why(web3: Web3, deployment: MarketDeployment) -> None:
    """P9: the contract's own error with its arguments, and nothing sent."""
    list(deployment.run())
    stranger = development_sender(web3, 7)
    exchange = deployment.manifest.contract(web3, "MG1_exchange")
    with pytest.raises(TransactionError, match=r"DeadlinePassed\(deadline=1, timestamp=\d+\)"):
        stranger.transact(exchange.functions.ethToTokenSwapInput(1, 1), value=1)
    assert web3.eth.get_transaction_count(stranger.address) == 0


def test_a_token_without_administrator_is_not_created(deployer: Sender) -> None:
    """P9: nobody could ever grant roles on it."""
    with pytest.raises(TransactionError, match=r"AdministratorMissing\(\)"):
        deployer.deploy(load("EnergyToken"), "North", "N", "0x" + "00" * 20)


def test_half_a_liquidity_is_refused(deployment: MarketDeployment) -> None:
    with pytest.raises(DeploymentError, match="both ETH and tokens"):
        replace(deployment, liquidity_eth=0)


def test_without_liquidity_pools_stay_empty_and_the_deployer_mints_nothing(
    web3: Web3, deployment: MarketDeployment, deployer: Sender
) -> None:
    bare = replace(deployment, liquidity_eth=0, liquidity_tokens=0)
    list(bare.run())
    token = bare.manifest.contract(web3, "MG1")
    assert token.functions.totalSupply().call() == 0
    assert not token.functions.hasRole(token.functions.MINTER_ROLE().call(), deployer.address).call()


@pytest.mark.parametrize(
    "content",
    [
        "",
        "{}",
        "[]",
        "nonsense",
        '{"chain_id": 1, "contracts": {}}',
        '{"chain_id": 950327, "contracts": {"MG1": {}}}',
        '{"chain_id": 950327, "contracts": {"MG1": {"contract": "EnergyToken", "address": "0x12"}}}',
    ],
)
def test_a_damaged_manifest_is_named(tmp_path: Path, content: str) -> None:
    """P9: one line that names the file."""
    (tmp_path / "950327.json").write_text(content)
    with pytest.raises(DeploymentError, match=r"950327.json is no manifest of chain 950327"):
        Manifest.open(950327, tmp_path)


def test_a_crash_while_saving_leaves_the_old_manifest(manifest: Manifest, monkeypatch: pytest.MonkeyPatch) -> None:
    manifest.record("factory", "UniswapFactory", development_account(5).address)
    before = manifest.path.read_text()

    def crash(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("os.replace", crash)
    with pytest.raises(KeyboardInterrupt):
        manifest.record("MG1", "EnergyToken", development_account(6).address)
    assert manifest.path.read_text() == before
    assert json.loads(before)["contracts"]["factory"]["contract"] == "UniswapFactory"


def test_only_immutables_are_masked() -> None:
    """A difference anywhere else is found, however small."""
    compiled = load("UniswapOracleExchange").runtime
    place = compiled.index(b"\x7f" + bytes(32))
    filled = compiled.replace(b"\x7f" + bytes(32), b"\x7f" + bytes(12) + b"\x11" * 20)
    assert code_matches(compiled, filled)
    assert not code_matches(compiled, filled + b"\x00")
    assert not code_matches(compiled, filled[:place] + b"\x7e" + filled[place + 1 :])
    assert not code_matches(compiled, bytes([filled[0] ^ 1]) + filled[1:])
