"""The scene of the attacks: the whole platform with real verifiers, an honest owner's operations, and what forges them.

Every honest operation spends the same note of energy, so any two of them are a double spend; `forged` proves the
inputs of one with changes, as an owner would whose wallet checks nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import Any
from unittest import mock

from eth_utils.crypto import keccak
from web3 import HTTPProvider, Web3
from web3.contract.contract import ContractFunctions
from web3.types import RPCEndpoint

from offchain.artifacts import describe_revert, load
from offchain.chains import ChainSpec, started
from offchain.deployment.manifest import Manifest
from offchain.deployment.platform import PlatformDeployment
from offchain.metering.readings_tree import Reading, ReadingsTree
from offchain.sender import Call, Sender, development_account, development_sender, unsigned
from offchain.units import ETHER, WATT_HOUR
from offchain.wallet import transaction
from offchain.wallet.keys import Seed
from offchain.wallet.meter import OwnMeter, ReadingProof
from offchain.wallet.note import ETH, Note, OwnedNote
from offchain.wallet.relay import Relay
from offchain.wallet.request import Details, Operation, Request, Terms
from offchain.wallet.shielding import Shielding, approval
from offchain.wallet.transaction import CIRCUIT_OF, Builder, Send
from offchain.wallet.wallet import Wallet
from offchain.zk.prover import ProvenSignals, prove
from tests.conftest import revert_data
from tests.integration.forgery import context_of

OPERATOR, OWNER, RELAYER, ATTACKER = range(4)
"""Development accounts: runs both microgrids; is honest; is paid to send; has a meter and is not honest."""

GENESIS = 1_750_000_500
EPOCH_SECONDS = 900
EPOCH = GENESIS // EPOCH_SECONDS
"""Its readings are published, and it is over."""
DEADLINE = GENESIS + 100 * EPOCH_SECONDS
CHAIN_ID = 31337
GAS = hex(4_000_000)

KWH = 1_000 * WATT_HOUR
CAPACITY, SMALL_CAPACITY = 4_000, 1_000
"""Wh an epoch of the owner's meters and of the attacker's."""
FEE = KWH // 1_000
MINIMUM = ETHER // 1_000
"""Of the honest swap."""
ETHER_NOTES = [ETHER, 2 * ETHER]
TOKENS = 5 * ETHER
ENERGY = [3 * KWH, 2 * KWH]
"""Base units of the owner's notes; the operator bought the energy in public."""


Inputs = Mapping[str, Any]
Sendable = Request | Call | dict[str, Any]
"""A request, which its relayer or else the attacker sends, or what `Sender` sends, here the operator's."""


@dataclass(frozen=True)
class Stage:
    """The platform on a chain whose time goes on by a second a block."""

    web3: Web3
    manifest: Manifest
    folder: Path
    wallets: dict[int, Wallet] = field(default_factory=dict)
    readings: dict[int, ReadingsTree] = field(default_factory=dict)
    made: dict[Operation, tuple[Request, Inputs]] = field(default_factory=dict)

    # The chain

    def call(self, method: str, *parameters: Any) -> Any:
        answer = self.web3.provider.make_request(RPCEndpoint(method), list(parameters))
        assert "error" not in answer, answer
        return answer["result"]

    def functions(self, name: str) -> ContractFunctions:
        return self.manifest.contract(self.web3, name).functions

    def sender(self, account: int) -> Sender:
        return development_sender(self.web3, account)

    @property
    def now(self) -> int:
        """The latest block's time."""
        return int(self.web3.eth.get_block("latest")["timestamp"])

    def move_to(self, time: int) -> None:
        """Mines a block at that time; the next one is mined a second later."""
        self.call("evm_setNextBlockTimestamp", time)
        self.call("evm_mine")

    def state(self) -> list[tuple[str, str]]:
        """Balance and storage of all contracts with a state, as hashes."""
        names = ("pool", "registry", "MG1", "MG2", "MG1_exchange", "MG2_exchange", "token")
        asked = [(RPCEndpoint("eth_getProof"), [self.manifest.address(name), [], "latest"]) for name in names]
        assert isinstance(self.web3.provider, HTTPProvider)
        answers = self.web3.provider.make_batch_request(asked)
        assert isinstance(answers, list)
        return [(answer["result"]["balance"], answer["result"]["storageHash"]) for answer in answers]

    def refused(self, request: Sendable, error: Any, account: int | None = None) -> None:
        """Sends what must fail with exactly that error, as `tests.conftest.refused` takes it, or with one of that
        signature, and change nothing."""
        fields = self._fields(request, account)
        time = hex(self.now + 1)
        answer = self.web3.provider.make_request(RPCEndpoint("eth_call"), [fields, "latest", {}, {"time": time}])
        assert "error" in answer, f"the call succeeded and returned {answer['result']}"
        data = bytes.fromhex(answer["error"].get("data", "0x")[2:])
        expected = keccak(text=error)[:4] if isinstance(error, str) else revert_data(error)
        same = data[:4] == expected if isinstance(error, str) else data == expected
        assert same, f"{describe_revert(data)}, not {error}"
        before = self.state()
        receipt = self.call("eth_sendTransactionSync", fields)
        assert (int(receipt["status"], 16), self.state()) == (0, before)

    def accepted(self, request: Sendable, account: int | None = None) -> None:
        """Sends what must work."""
        receipt = self.call("eth_sendTransactionSync", self._fields(request, account))
        assert int(receipt["status"], 16) == 1

    def _fields(self, request: Sendable, account: int | None) -> dict[str, Any]:
        sender, sent = account or OPERATOR, request
        if isinstance(request, Request):
            known = {account_of(index): index for index in (OWNER, RELAYER)}
            sender = known.get(request.terms.relayer, ATTACKER) if account is None else account
            sent = request.transaction
        elif not isinstance(request, dict):
            sent = unsigned(request)
        assert isinstance(sent, dict)
        value = hex(sent.get("value", 0))
        return {"from": account_of(sender), "gas": GAS, **sent, "value": value}

    # Operations

    def wallet(self, account: int) -> Wallet:
        """An account's wallet, as of the stage's beginning."""
        return self.wallets[account]

    def restored(self, account: int, folder: Path) -> Wallet:
        """The same wallet, with what has happened since."""
        wallet = Wallet(self.wallet(account).keys, self.web3, self.manifest, folder)
        wallet.sync()
        return wallet

    def note(self, asset: str = "MG1", place: int = 0, account: int = OWNER) -> OwnedNote:
        """A wallet's note of an asset, by name, in the order in which they were shielded."""
        wallet = self.wallet(account)
        spendable, _ = wallet.notes(self.asset(asset))
        return sorted(spendable, key=lambda note: note.position)[place]

    def asset(self, name: str) -> str:
        return ETH if name == "ETH" else self.manifest.address(name)

    def meter(self, account: int = OWNER, number: int = 0) -> OwnMeter:
        """A wallet's meter; the owner's second one is in the second microgrid."""
        return self.wallet(account).meters()[number]

    def reading(self, place: int = 0, microgrid: int = 1) -> ReadingProof:
        """A published reading of the epoch; the first is the owner's."""
        tree = self.readings[microgrid]
        return ReadingProof(tree.readings[place], tree.path(place), tree.root)

    def send(self, *, relayed: bool = True) -> Send:
        """Terms that are honest: through the relayer, or by anybody."""
        relay = Relay(account_of(RELAYER), self.wallet(RELAYER).address, FEE)
        return Send(DEADLINE, relay if relayed else None)

    def builder(self, wallet: Wallet) -> Builder:
        return Builder(wallet.keys, CHAIN_ID, wallet.pool, wallet.registry, wallet.scanner.trees)

    def honest(self, operation: Operation) -> Request:
        """The owner's own request; that of an issue aside, each spends its first note of energy."""
        return self._made(operation)[0]

    def inputs(self, operation: Operation) -> Inputs:
        """What the circuit was given for the honest request."""
        return self._made(operation)[1]

    def forged(
        self, operation: Operation, terms: Terms | None = None, details: Details = None, **changes: Any
    ) -> Request:
        """The honest request, proven for other inputs, terms or details. Raises WitnessError if the circuit refuses."""
        honest, inputs = self._made(operation)
        request = replace(honest, terms=terms or honest.terms, details=details or honest.details)
        proven = prove(CIRCUIT_OF[operation], {**inputs, "contextHash": context_of(request), **changes})
        return replace(request, proof=proven.proof, signals=proven.signals)

    def spent(self, notes: list[OwnedNote], account: int = OWNER, count: int = 2) -> dict[str, Any]:
        """What a circuit takes of notes that are spent, each as often as it is named."""
        wallet = self.wallet(account)
        return transaction.spent_inputs(wallet.keys, wallet.scanner.trees, notes, count)

    def _made(self, operation: Operation) -> tuple[Request, Inputs]:
        if operation not in self.made:
            given: list[Inputs] = []

            def recording(circuit: str, inputs: Inputs, progress: Any = None) -> ProvenSignals:
                given.append(inputs)
                return prove(circuit, inputs, progress)

            with mock.patch.object(transaction, "prove", recording):
                self.made[operation] = (self._build(operation), given[0])
        return self.made[operation]

    def _build(self, operation: Operation) -> Request:
        builder, energy, meter = self.builder(self.wallet(OWNER)), self.note(), self.meter()
        match operation:
            case Operation.TRANSFER:
                return builder.transfer([energy], self.wallet(ATTACKER).address, KWH, self.send())
            case Operation.CONSOLIDATE:
                return builder.consolidate([energy, self.note(place=1)], self.send(relayed=False))
            case Operation.UNSHIELD:
                recipient = account_of(OWNER)
                return builder.unshield([energy], recipient, KWH, self.send(relayed=False))
            case Operation.SWAP:
                trade = (meter, EPOCH + 1, 1, 1_000)
                return builder.swap([energy], KWH, ETH, MINIMUM, *trade, self.send())
            case Operation.ISSUE:
                return builder.issue(self.asset("MG1"), EPOCH, meter, self.reading(), self.send())
            case Operation.SETTLE:
                return builder.settle([energy], KWH // 2, EPOCH, meter, self.reading(), self.send())

    # The beginning

    def set_up(self) -> None:
        """Meters, notes and published readings, which can still be corrected."""
        operator = self.sender(OPERATOR)
        list(PlatformDeployment(operator, self.manifest, operator.address).run())
        token = operator.deploy(load("Token"), 10**6 * ETHER)["contractAddress"]
        self.manifest.record("token", "Token", str(token))
        for account in (OWNER, RELAYER, ATTACKER):
            keys = Seed(bytes([account]) * 16).keys()
            self.wallets[account] = Wallet(keys, self.web3, self.manifest, self.folder / str(account))
        registry, pool = self.functions("registry"), self.functions("pool")
        owner, attacker = self.wallet(OWNER).keys, self.wallet(ATTACKER).keys
        commitments = [owner.meter_commitment(0), attacker.meter_commitment(0)]
        operator.transact(registry.registerMeters(1, commitments, [CAPACITY, SMALL_CAPACITY]))
        operator.transact(registry.registerMeters(2, [owner.meter_commitment(1)], [CAPACITY]))
        operator.transact(registry.setAccount(1, account_of(OWNER), True))
        exchange = self.functions("MG1_exchange")
        operator.transact(exchange.ethToTokenSwapInput(1, DEADLINE), value=ETHER // 5)
        shielded = [("ETH", amount) for amount in ETHER_NOTES]
        shielded += [("token", TOKENS), *(("MG1", amount) for amount in ENERGY)]
        for asset, amount in shielded:
            self.shield(asset, amount, OWNER)
        self.shield("ETH", ETHER, ATTACKER)
        operator.transact(pool.flush(16))
        self.move_to(GENESIS + EPOCH_SECONDS + 1)
        self.publish(1, [Reading(commitments[0], 3_000, 1_000), Reading(commitments[1], 500, 700)])
        self.publish(2, [Reading(owner.meter_commitment(1), 100, 100)])
        for wallet in self.wallets.values():
            wallet.sync()
        for operation in Operation:
            self._made(operation)

    def shield(self, asset: str, amount: int, account: int) -> None:
        """The operator's tokens, or its ETH, as a note of an account's wallet."""
        operator, pool = self.sender(OPERATOR), self.manifest.address("pool")
        if asset != "ETH":
            operator.send(approval(self.asset(asset), pool, amount))
        shielding = Shielding.to(self.wallet(account).address, self.asset(asset), amount)
        operator.send(shielding.transaction(pool))

    def publish(self, microgrid: int, readings: list[Reading]) -> None:
        """Publishes the epoch's readings, in that order."""
        tree = self.readings[microgrid] = ReadingsTree.in_order(EPOCH, readings)
        publication = (tree.tree_root, tree.exported, tree.imported, bytes(32))
        self.sender(OPERATOR).transact(self.functions("registry").publishReadings(microgrid, EPOCH, *publication))

    # The operators' corrections

    def open(self) -> None:
        """Ends the correction window."""
        opens = [self.functions("registry").readingsOf(microgrid, EPOCH).call()[3] for microgrid in (1, 2)]
        self.move_to(max(opens))

    def correct(self, microgrid: int, readings: list[Reading]) -> None:
        """Publishes other readings."""
        tree = self.readings[microgrid] = ReadingsTree.in_order(EPOCH, readings)
        self.correct_root(microgrid, tree.tree_root, tree.exported, tree.imported)

    def correct_root(self, microgrid: int, tree_root: int, exported: int, imported: int) -> None:
        """Publishes what an operator pleases."""
        correction = (tree_root, exported, imported, bytes(32))
        self.accepted(self.functions("registry").correctReadings(microgrid, EPOCH, *correction))


@contextmanager
def staged(folder: Path) -> Iterator[Stage]:
    """The stage on a chain of its own."""
    with started(ChainSpec("root", CHAIN_ID, 0), "--timestamp", str(GENESIS)) as chain:
        stage = Stage(chain.web3, Manifest.open(CHAIN_ID, folder), folder)
        stage.call("anvil_setBlockTimestampInterval", 1)
        stage.set_up()
        yield stage


@cache
def account_of(index: int) -> str:
    """The address of a development account."""
    return str(development_account(index).address)


def note_of(stage: Stage, account: int, asset: str, amount: int, blinding: int = 7) -> Note:
    """A note of a wallet that the pool has never seen."""
    return Note(stage.asset(asset), amount, blinding, stage.wallet(account).viewing.public_key)
