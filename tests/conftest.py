"""Chain, roles and the exact check of refused calls that all tests share."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

import pytest
from eth_abi.abi import encode
from eth_utils.crypto import keccak
from hexbytes import HexBytes

from offchain.artifacts import compile_contracts, load
from offchain.blueprint import blueprint_transaction_data
from tests.isolation import isolate_what_is_on_chain, sort_by_own_scopes
from tests.light_anvil import keep_little
from tests.spared_calls import spare_calls
from tests.together import TogetherScheduling

# Ape itself recompiles only the files that were changed, not those that build on them.
compile_contracts()
sort_by_own_scopes()
isolate_what_is_on_chain()
keep_little()
spare_calls()

# A private Anvil on a free port, so that no test touches a chain the user runs. Ape reads it when it connects.
os.environ.setdefault("APE_FOUNDRY_HOST", "auto")

ENOUGH_GAS = 5_000_000


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> TogetherScheduling:
    """How test files are given to processes."""
    return TogetherScheduling(config, log)


Refused = Callable[..., None]


@pytest.fixture(scope="session")
def deployer(accounts: Any) -> Any:
    """Deploys the factory and sets its templates."""
    return accounts[0]


@pytest.fixture(scope="session")
def liquidity_provider(accounts: Any) -> Any:
    """Founds the pools."""
    return accounts[1]


@pytest.fixture(scope="session")
def trader(accounts: Any) -> Any:
    """Swaps."""
    return accounts[2]


@pytest.fixture(scope="session")
def recipient(accounts: Any) -> Any:
    """Receives what a trader bought for it."""
    return accounts[3]


@pytest.fixture(scope="session")
def stranger(accounts: Any) -> Any:
    """Holds nothing but ETH and no role."""
    return accounts[4]


@pytest.fixture(scope="session")
def operator(accounts: Any) -> Any:
    """Administers an energy token."""
    return accounts[5]


@pytest.fixture(scope="session")
def prosumer(accounts: Any) -> Any:
    """Feeds energy into its microgrid."""
    return accounts[6]


@pytest.fixture(scope="session")
def consumer(accounts: Any) -> Any:
    """Uses energy of its microgrid."""
    return accounts[7]


@pytest.fixture(scope="session")
def guardian(accounts: Any) -> Any:
    """May pause an energy token."""
    return accounts[8]


@pytest.fixture(scope="session")
def neighbour(accounts: Any) -> Any:
    """Runs another microgrid than the operator."""
    return accounts[9]


def create_account(deployer: Any, data: bytes) -> str:
    """The address of the account that a transaction without receiver creates."""
    web3 = deployer.provider.web3
    sent = web3.eth.send_transaction({"from": deployer.address, "data": data})
    return str(web3.eth.wait_for_transaction_receipt(sent)["contractAddress"])


def blueprint_of(deployer: Any, container: Any) -> str:
    """Deploys a contract's blueprint; returns its address."""
    creation = bytes(HexBytes(container.contract_type.deployment_bytecode.bytecode))
    return create_account(deployer, blueprint_transaction_data(creation))


@pytest.fixture(scope="session")
def templates(deployer: Any, project: Any) -> tuple[str, str]:
    """The blueprints of the plain and the oracle exchange."""
    return blueprint_of(deployer, project.UniswapExchange), blueprint_of(deployer, project.UniswapOracleExchange)


@pytest.fixture(scope="session")
def factory(deployer: Any, project: Any, templates: tuple[str, str]) -> Any:
    """A factory with both templates set."""
    factory = deployer.deploy(project.UniswapFactory)
    factory.initializeFactory(templates[0], sender=deployer)
    factory.initializeOracle(templates[1], sender=deployer)
    return factory


@pytest.fixture(scope="session")
def refused(chain: Any) -> Refused:
    """Checks that a call fails with exactly the given error; works where `ape.reverts` would take any custom error.

    The error is a signature with its values (`("BelowMinimum(uint256,uint256)", 2, 1)`), a signature alone, `b""` for
    no reason, or revert data. `time` is the block's.
    """

    def check(method: Any, *arguments: Any, error: Any, sender: Any, value: int = 0, time: int | None = None) -> None:
        data = bytes(method.encode_input(*arguments))
        assert failure(chain, method.contract.address, data, sender, value, time) == revert_data(error)

    return check


@pytest.fixture(scope="session")
def refused_data(chain: Any) -> Refused:
    """As `refused`, for an address and raw calldata."""

    def check(to: Any, data: bytes, *, error: Any, sender: Any, value: int = 0, time: int | None = None) -> None:
        assert failure(chain, getattr(to, "address", to), data, sender, value, time) == revert_data(error)

    return check


def revert_data(error: Any) -> bytes:
    """The data a call reverts with."""
    if isinstance(error, bytes):
        return error
    signature, *values = (error,) if isinstance(error, str) else error
    types = signature[signature.index("(") + 1 : -1]
    values = [getattr(value, "address", value) for value in values]
    return keccak(text=signature)[:4] + encode(types.split(",") if types else [], values)


def failure(chain: Any, to: str, data: bytes, sender: Any, value: int, time: int | None) -> bytes:
    """Makes a call that must fail; returns its revert data."""
    call = {"from": sender.address, "to": to, "data": "0x" + data.hex(), "value": hex(value), "gas": hex(ENOUGH_GAS)}
    block = {"time": hex(time)} if time is not None else {}
    answer = chain.provider.web3.provider.make_request("eth_call", [call, "latest", {}, block])
    assert "error" in answer, f"the call succeeded and returned {answer['result']}"
    assert answer["error"]["code"] == 3, f"the call didn't revert: {answer['error']}"
    return bytes.fromhex(answer["error"].get("data", "0x")[2:])


@pytest.fixture
def at_time(chain: Any) -> Callable[[int], None]:
    """Sets the time of the next block."""

    def pin(time: int) -> None:
        chain.provider.set_timestamp(time)

    return pin


@pytest.fixture(scope="session")
def poseidons(deployer: Any) -> tuple[str, str]:
    """The hashes of two and of three field elements."""
    two, three = (create_account(deployer, load(name).creation) for name in ("PoseidonT3", "PoseidonT4"))
    return two, three
