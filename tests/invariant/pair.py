"""Our contracts and Uniswap V1's own bytecode on one chain, with the same traders, tokens and ETH."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from web3 import Web3

from benchmarks.gas import original
from offchain import artifacts
from offchain.blueprint import blueprint_transaction_data
from offchain.chains import ChainSpec, started
from offchain.rpc import Rpc, RpcError
from offchain.sender import Sender, development_account, development_sender
from tests.invariant.reference_model.operation import ACTORS, POOLS, STRANGER, TOKENS, ZERO, Operation, Outcome
from tests.invariant.reference_model.rules import ORIGINAL, OURS, Rules
from tests.invariant.reference_model.world import View, World
from tests.invariant.side import Side

GENESIS = 1_750_000_000
WEI_EACH = 10**30
TOKENS_EACH = 2**180
UNLIMITED = 2**256 - 1


class Pair:
    """Both sides; every operation runs on each with accounts of its own, so that the sides can't touch."""

    def __init__(self, web3: Web3, rpc: Rpc) -> None:
        self.web3 = web3
        self.rpc = rpc
        rpc.call("anvil_setBlockTimestampInterval", 0)  # time stands still unless `wait` moves it
        self._operator = development_sender(web3, 0)
        self.ours = self._set_up(OURS, first_account=1)
        self.original = self._set_up(ORIGINAL, first_account=4)
        self.sides = (self.ours, self.original)
        self.now = int(rpc.call("eth_getBlockByNumber", "latest", False)["timestamp"], 16)
        self._snapshot = rpc.call("evm_snapshot")

    def new_world(self, rules: Rules) -> World:
        """The model of either side right after a reset."""
        return World.new(rules, self.now, WEI_EACH, TOKENS_EACH)

    def reset(self) -> None:
        """Back to the start: nobody has founded an exchange."""
        self.rpc.call("evm_revert", self._snapshot)
        self._snapshot = self.rpc.call("evm_snapshot")

    def wait(self, until: int) -> None:
        """Moves the chain's time."""
        self.rpc.call("evm_setNextBlockTimestamp", until)
        self.rpc.call("evm_mine")

    def perform(self, operation: Operation, sides: tuple[Side, ...]) -> list[tuple[Outcome, View]]:
        """Runs an operation on each side, first as a call; returns its outcome and the state after it."""
        transactions = [side.transaction(operation) for side in sides]
        calls = self.rpc.batch([("eth_call", [transaction, "latest"]) for transaction in transactions])
        receipts = self.rpc.batch([("eth_sendTransactionSync", [transaction]) for transaction in transactions])
        views = self.rpc.batch([side.state() for side in sides])
        for answer in (*receipts, *views):
            assert not isinstance(answer, RpcError), answer
        return [
            (side.outcome(operation.function, call, receipt), side.view(view))
            for side, call, receipt, view in zip(sides, calls, receipts, views, strict=True)
        ]

    def called(self, operation: Operation, sides: tuple[Side, ...]) -> list[Outcome]:
        """What an operation would return, on each side."""
        calls = self.rpc.batch([("eth_call", [side.transaction(operation), "latest"]) for side in sides])
        return [side.called(operation.function, call) for side, call in zip(sides, calls, strict=True)]

    # Set-up.

    def _deploy(self, artifact: artifacts.Artifact, *arguments: Any) -> Any:
        return artifact.at(self.web3, str(self._operator.deploy(artifact, *arguments)["contractAddress"]))

    def _blueprint(self, name: str) -> str:
        data = blueprint_transaction_data(artifacts.load(name).creation)
        return str(self._operator.send({"data": data})["contractAddress"])

    def _factory(self, rules: Rules) -> tuple[Any, tuple[str, str], list[dict[str, Any]]]:
        """A factory, how it creates either exchange, and the exchange's ABI. Our second one is the oracle variant."""
        send = self._operator.transact
        if rules is ORIGINAL:
            factory = self._deploy(original("UniswapV1Factory"))
            send(factory.functions.initializeFactory(self._deploy(original("UniswapV1Exchange")).address))
            return factory, ("createExchange", "createExchange"), original("UniswapV1Exchange").abi
        factory = self._deploy(artifacts.load("UniswapFactory"))
        send(factory.functions.initializeFactory(self._blueprint("UniswapExchange")))
        send(factory.functions.initializeOracle(self._blueprint("UniswapOracleExchange")))
        return factory, ("createExchange", "createOracleExchange"), artifacts.load("UniswapOracleExchange").abi

    def _set_up(self, rules: Rules, first_account: int) -> Side:
        factory, creations, abi = self._factory(rules)
        accounts = [development_account(first_account + index).address for index in range(len(ACTORS))]
        addresses = dict(zip(ACTORS, accounts, strict=True)) | {ZERO: "0x" + "00" * 20}
        addresses[STRANGER] = f"0x{0xDEAD0000 + first_account:040x}"
        for pool, token, create in zip(POOLS, TOKENS, creations, strict=True):
            contract = self._deploy(artifacts.load("Token"), len(ACTORS) * TOKENS_EACH)
            self._operator.transact(factory.functions[create](contract.address))
            addresses |= {token: contract.address, pool: factory.functions.getExchange(contract.address).call()}
            for index, account in enumerate(accounts):
                self._operator.transact(contract.functions.transfer(account, TOKENS_EACH))
                trader: Sender = development_sender(self.web3, first_account + index)
                trader.transact(contract.functions.approve(addresses[pool], UNLIMITED))
        for account in accounts:
            self.rpc.call("anvil_setBalance", account, hex(WEI_EACH))
        reader = f"0x{0xBEEF0000 + first_account:040x}"
        side = Side(addresses, [*artifacts.load("Token").abi, *abi], reader, named_errors=rules is OURS)
        code = side.reader_code(list(World.new(rules, 0, 0, 0).view()))
        self.rpc.call("anvil_setCode", reader, "0x" + code.hex())
        return side


@contextmanager
def running_pair() -> Iterator[Pair]:
    """Both sides on a chain of their own, which ends with the block. Gas is free, so that balances are exact."""
    artifacts.compile_contracts()
    free = ("--gas-price", "0", "--block-base-fee-per-gas", "0", "--timestamp", str(GENESIS))
    with started(ChainSpec("invariant", 31337, 0), *free) as chain:
        rpc = Rpc(chain.url)
        try:
            yield Pair(chain.web3, rpc)
        finally:
            rpc.close()
