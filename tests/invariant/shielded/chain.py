"""The contracts on a chain of their own, spoken to by the model's names. Their verifiers take every proof."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from eth_abi.abi import decode
from eth_utils.crypto import keccak
from web3 import Web3

from offchain import artifacts
from offchain.blueprint import blueprint_transaction_data
from offchain.chains import ChainSpec, started
from offchain.rpc import Rpc, RpcError
from offchain.sender import development_account, development_sender
from offchain.wallet.note import ETH
from tests.invariant.reader import Reading, reader_code
from tests.invariant.shielded.names import (
    ACTORS,
    ASSETS,
    CAPACITY,
    CORRECTION_SECONDS,
    ENTITLED,
    EPOCH_SECONDS,
    ETHER,
    ETHER_EACH,
    FIRST_EPOCH,
    HOLDERS,
    MARKETS,
    MAX_DEVIATION,
    MICROGRIDS,
    NOBODY,
    NORTH,
    OPERATOR,
    PLAIN,
    POOL,
    PRICE_SECONDS,
    REGISTRY,
    RESERVE_ENERGY,
    RESERVE_ETHER,
    SOUTH,
    TOKENS_EACH,
)

UNLIMITED = 2**256 - 1
LAST = 2**40
READER = f"0x{0xBEEF1000:040x}"
GAS = hex(12_000_000)
NOTES_QUEUED = keccak(text="NotesQueued(uint256,uint256[],bytes)")
NULLIFIERS_SPENT = keccak(text="NullifiersSpent(uint256[])")

View = dict[tuple[str, ...], int]


@dataclass(frozen=True)
class Done:
    """What a transaction left in the pool's log."""

    spent: list[int]
    queued: list[int]
    first_position: int | None


class PoolChain:
    """One pool, one registry, two microgrids with their exchanges, a plain token, three actors and the operator."""

    def __init__(self, web3: Web3, rpc: Rpc) -> None:
        self.web3 = web3
        self.rpc = rpc
        rpc.call("anvil_setBlockTimestampInterval", 0)  # time stands still unless `wait` moves it
        self.operator = development_sender(web3, 0)
        self._errors = error_names()
        self.contracts: dict[str, Any] = {}
        self.addresses = {OPERATOR: self.operator.address, NOBODY: "0x" + "00" * 20}
        self.addresses |= {actor: development_account(index).address for index, actor in enumerate(ACTORS, start=1)}
        self.leaf = 7
        self._set_up()
        self._names = self._view_names()
        code = reader_code([self._reading(*name) for name in self._names])
        rpc.call("anvil_setCode", READER, "0x" + code.hex())
        self.now = int(rpc.call("eth_getBlockByNumber", "latest", False)["timestamp"], 16)
        self.registration_root = int(self.contracts[REGISTRY].functions.registrationRoot().call())
        self._snapshot = rpc.call("evm_snapshot")

    # What the machine does with it.

    def reset(self) -> None:
        """Back to the start: nothing in the pool."""
        self.rpc.call("evm_revert", self._snapshot)
        self._snapshot = self.rpc.call("evm_snapshot")

    def wait(self, until: int) -> None:
        """Moves the chain's time."""
        self.rpc.call("evm_setNextBlockTimestamp", until)
        self.rpc.call("evm_mine")

    def submit(self, sender: str, to: str, data: bytes, value: int = 0) -> Done | str:
        """Sends a transaction; returns what the pool logged, or the name of the error it ended with."""
        fields = {"from": self.addresses[sender], "to": self.addresses[to], "data": "0x" + data.hex()}
        fields |= {"value": hex(value), "gas": GAS, "gasPrice": "0x0"}
        (called,) = self.rpc.batch([("eth_call", [fields, "latest"])])
        receipt = self.rpc.call("eth_sendTransactionSync", fields)
        assert (int(receipt["status"], 16) == 1) != isinstance(called, RpcError), (called, receipt)
        if isinstance(called, RpcError):
            assert called.data, f"refused without a word: {called.message}"
            return self._errors[called.data[:4]]
        return self._logged(receipt)

    def encode(self, name: str, function: str, *arguments: Any) -> bytes:
        """Calldata of a contract's function."""
        return bytes.fromhex(self.contracts[name].encode_abi(function, list(arguments))[2:])

    def view(self) -> View:
        """All numbers of the state."""
        data = bytes.fromhex(self.rpc.call("eth_call", {"to": READER, "gas": hex(20_000_000)}, "latest")[2:])
        return {name: int.from_bytes(data[32 * at : 32 * at + 32], "big") for at, name in enumerate(self._names)}

    def average(self, energy: str) -> int:
        """The average price of an energy's exchange."""
        market = MARKETS[energy]
        (answer,) = self.ask(market, self.encode(market, "averagePrice", PRICE_SECONDS))
        return int(answer, 16)

    def ask(self, name: str, *calls: bytes) -> list[str]:
        """What view calls answer."""
        to = self.addresses[name]
        requests: list[tuple[str, list[Any]]] = [
            ("eth_call", [{"to": to, "data": "0x" + data.hex()}, "latest"]) for data in calls
        ]
        answers = self.rpc.batch(requests)
        assert not any(isinstance(answer, RpcError) for answer in answers), answers
        return answers

    # Reading.

    def _logged(self, receipt: dict[str, Any]) -> Done:
        spent: list[int] = []
        queued: list[int] = []
        first = None
        for log in receipt["logs"]:
            topic, data = bytes.fromhex(log["topics"][0][2:]), bytes.fromhex(log["data"][2:])
            if topic == NULLIFIERS_SPENT:
                spent += decode(["uint256[]"], data)[0]
            elif topic == NOTES_QUEUED:
                queued += decode(["uint256[]", "bytes"], data)[0]
                first = int(log["topics"][1], 16)
        return Done(spent, queued, first)

    def _view_names(self) -> list[tuple[str, ...]]:
        balances = [("balance", asset, holder) for asset in ASSETS for holder in HOLDERS]
        return [
            *balances,
            *(("inside", asset) for asset in ASSETS),
            *(("supply", energy) for energy in MICROGRIDS),
            ("queued",),
            ("flushed",),
        ]

    def _reading(self, what: str, *arguments: str) -> Reading:
        pool = bytes.fromhex(self.addresses[POOL][2:])
        if what == "balance":
            asset, holder = arguments
            if asset == ETHER:
                return Reading(bytes.fromhex(self.addresses[holder][2:]))
            token = bytes.fromhex(self.addresses[asset][2:])
            return Reading(token, self.encode(asset, "balanceOf", self.addresses[holder]))
        if what == "inside":
            return Reading(pool, self.encode(POOL, "inside", self.addresses[arguments[0]]))
        if what == "supply":
            token = bytes.fromhex(self.addresses[arguments[0]][2:])
            return Reading(token, self.encode(arguments[0], "totalSupply"))
        return Reading(pool, self.encode(POOL, what))

    # Set-up.

    def _set_up(self) -> None:
        operator, send = self.operator, self.operator.transact
        factory = self._deploy("factory", "UniswapFactory")
        oracle = blueprint_transaction_data(artifacts.load("UniswapOracleExchange").creation)
        send(factory.functions.initializeOracle(operator.send({"data": oracle})["contractAddress"]))
        t3, t4 = (self._deploy(name, name).address for name in ("PoseidonT3", "PoseidonT4"))
        yes = self._deploy("verifier", "YesVerifier").address
        registry = self._deploy(REGISTRY, "MeterRegistry", operator.address, t3, t4, yes, yes, factory.address)
        pool = self._deploy(POOL, "ZkERC20", t3, t4, yes, yes, yes, registry.address, factory.address)
        send(registry.functions.setPool(pool.address))
        for energy, microgrid in MICROGRIDS.items():
            self._add_microgrid(energy, microgrid, factory)
        token = self._deploy(PLAIN, "Token", TOKENS_EACH * len(ACTORS))
        self.addresses[ETHER] = ETH
        for index, actor in enumerate(ACTORS, start=1):
            send(token.functions.transfer(self.addresses[actor], TOKENS_EACH))
            own = development_sender(self.web3, index)
            for name in (NORTH, SOUTH, PLAIN):
                own.transact(self.contracts[name].functions.approve(pool.address, UNLIMITED))
            self.rpc.call("anvil_setBalance", self.addresses[actor], hex(ETHER_EACH))
        self.wait((FIRST_EPOCH + 3) * EPOCH_SECONDS)

    def _add_microgrid(self, energy: str, microgrid: int, factory: Any) -> None:
        operator, send = self.operator.address, self.operator.transact
        pool, registry = self.contracts[POOL], self.contracts[REGISTRY].functions
        token = self._deploy(energy, "EnergyToken", energy, energy, operator)
        functions = token.functions
        minter, burner = functions.MINTER_ROLE().call(), functions.BURNER_ROLE().call()
        for role, holder in ((minter, pool.address), (burner, pool.address), (minter, operator)):
            send(functions.grantRole(role, holder))
        send(functions.setTransferPolicy(self.contracts[REGISTRY].address))
        rules = (operator, EPOCH_SECONDS, CORRECTION_SECONDS, PRICE_SECONDS, MAX_DEVIATION)
        send(registry.addMicrogrid(token.address, rules))
        send(registry.registerMeters(microgrid, [microgrid], [CAPACITY]))
        for actor in ENTITLED:
            send(registry.setAccount(microgrid, self.addresses[actor], True))
            send(functions.mint(self.addresses[actor], TOKENS_EACH))
        send(factory.functions.createOracleExchange(token.address))
        market = factory.functions.getExchange(token.address).call()
        self.addresses[MARKETS[energy]] = market
        self.contracts[MARKETS[energy]] = artifacts.load("UniswapOracleExchange").at(self.web3, market)
        send(functions.mint(operator, RESERVE_ENERGY))
        send(functions.approve(market, UNLIMITED))
        exchange = self.contracts[MARKETS[energy]].functions
        send(exchange.addLiquidity(0, RESERVE_ENERGY, LAST), value=RESERVE_ETHER)
        send(exchange.observe())

    def _deploy(self, name: str, contract: str, *arguments: Any) -> Any:
        artifact = artifacts.load(contract)
        address = str(self.operator.deploy(artifact, *arguments)["contractAddress"])
        self.contracts[name], self.addresses[name] = artifact.at(self.web3, address), address
        return self.contracts[name]


def error_names() -> dict[bytes, str]:
    """The names of all contracts' errors by selector."""
    names = {}
    for artifact in artifacts.load_all().values():
        for entry in artifact.abi:
            if entry["type"] == "error":
                types = ",".join(argument["type"] for argument in entry["inputs"])
                names[keccak(text=f"{entry['name']}({types})")[:4]] = entry["name"]
    return names


@contextmanager
def running_pool() -> Iterator[PoolChain]:
    """All of it on a chain that ends with the block. Gas is free, so that balances are exact."""
    artifacts.compile_contracts()
    start = str(FIRST_EPOCH * EPOCH_SECONDS)
    free = ("--gas-price", "0", "--block-base-fee-per-gas", "0", "--timestamp", start)
    with started(ChainSpec("shielded", 31337, 0), *free) as chain:
        rpc = Rpc(chain.url)
        try:
            yield PoolChain(chain.web3, rpc)
        finally:
            rpc.close()
