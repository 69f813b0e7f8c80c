"""Gas of the shielded operations with real proofs: recorded once by real wallets, then sent again byte for byte.

Proofs and blindings are random, and calldata's gas depends on its bytes; so the transactions are kept
(`snapshots/shielded_operations.json`, written by `gas.py --update`), and gas is exact. The chain begins the same each
time: same accounts, same nonces, twelve seconds a block. The queue's places are set before, as in a pool that has been
in use: without that, `transfer_new_places` shows what a transfer costs.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from web3 import Web3
from web3.types import RPCEndpoint

from offchain.artifacts import load
from offchain.chains import ChainSpec, started
from offchain.deployment.manifest import Manifest
from offchain.deployment.platform import LOCAL_RULES, PlatformDeployment
from offchain.metering.readings_tree import Reading, ReadingsTree
from offchain.sender import development_account, key_sender, unsigned
from offchain.units import ETHER
from offchain.wallet.keys import Seed
from offchain.wallet.note import ETH
from offchain.wallet.relay import Relay
from offchain.wallet.request import Operation, Request
from offchain.wallet.shielding import Shielding
from offchain.wallet.wallet import Wallet

RECORDING = Path(__file__).parent / "snapshots" / "shielded_operations.json"
GENESIS = 1_750_000_000  # a fixed start of time, so that calldata and with it gas are the same in every run
BLOCK_SECONDS = 12
EPOCH_SECONDS = LOCAL_RULES.epoch_length
QUEUE_CAPACITY = 1024
QUEUE_SLOT = 1  # of the pool's storage, behind the counters
OPERATOR, HOUSEHOLD, RELAYER = 0, 1, 2
CAPACITY = 4_000  # Wh an epoch
FEE = ETHER // 1_000


@dataclass(frozen=True)
class Sent:
    """A transaction of the recording; `name`: it is measured."""

    name: str | None
    account: int
    to: str
    data: str
    value: int


class Pool:
    """A chain that is the same each time, up to the deployed platform."""

    def __init__(self, web3: Web3, folder: Path, places: bool = True) -> None:
        self.web3 = web3
        self.senders = [key_sender(web3, development_account(index)) for index in range(3)]
        self.manifest = Manifest.open(web3.eth.chain_id, folder)
        self.request("anvil_setBlockTimestampInterval", BLOCK_SECONDS)
        operator, household = self.senders[OPERATOR], self.senders[HOUSEHOLD]
        list(PlatformDeployment(operator, self.manifest, operator.address).run())
        self.token = str(operator.deploy(load("Token"), 10**6 * ETHER)["contractAddress"])
        token = load("Token").at(web3, self.token).functions
        operator.transact(token.transfer(household.address, 10**3 * ETHER))
        now = int(web3.eth.get_block("latest")["timestamp"])
        self.request("evm_setNextBlockTimestamp", (now // EPOCH_SECONDS + 1) * EPOCH_SECONDS)
        if places:
            for place in range(QUEUE_CAPACITY):
                slot, word = (f"0x{number:064x}" for number in (QUEUE_SLOT + place, place + 1))
                self.request("anvil_setStorageAt", self.manifest.address("pool"), slot, word)

    def request(self, method: str, *parameters: Any) -> Any:
        return self.web3.provider.make_request(RPCEndpoint(method), list(parameters))["result"]

    def send(self, sent: Sent) -> int:
        """The gas it used."""
        fields = {"to": sent.to, "data": sent.data, "value": sent.value}
        return int(self.senders[sent.account].send(fields)["gasUsed"])


class Recorder:
    """Lets two wallets live through every operation and keeps what they send."""

    def __init__(self, pool: Pool, folder: Path) -> None:
        self.pool, self.web3 = pool, pool.web3
        self.sent: list[Sent] = []
        self.name: str | None = None
        contract = pool.manifest.contract
        self.registry, self.zkerc20 = contract(self.web3, "registry").functions, contract(self.web3, "pool").functions
        self.wallets = [
            Wallet(Seed(bytes([number]) * 16).keys(), self.web3, pool.manifest, folder / str(number))
            for number in range(2)
        ]
        self.relayer = Seed(bytes([9]) * 16).keys().address
        self.relayed = True

    def relay(self, operation: Operation, asset: str) -> Relay | None:
        """As `Submitter`: a relayer that is paid, or nobody."""
        return Relay(self.pool.senders[RELAYER].address, self.relayer, FEE) if self.relayed else None

    def submit(self, request: Request) -> str:
        """As `Submitter`."""
        self.keep(RELAYER, request.transaction)
        return ""

    def keep(self, account: int, fields: dict[str, Any]) -> None:
        """Sends a transaction and keeps it."""
        sent = Sent(self.name, account, fields["to"], fields["data"], fields.get("value", 0))
        self.name = None
        self.pool.send(sent)
        self.sent.append(sent)

    def call(self, account: int, call: Any, value: int = 0) -> None:
        self.keep(account, unsigned(call) | {"value": value})

    def shield(self, asset: str, amount: int, wallet: int = 0) -> None:
        shielding = Shielding.to(self.wallets[wallet].address, asset, amount)
        self.keep(HOUSEHOLD, shielding.transaction(self.pool.manifest.address("pool")))

    def settled(self) -> Wallet:
        """The first wallet, with everything flushed and read."""
        if self.zkerc20.queued().call() > self.zkerc20.flushed().call():
            self.call(OPERATOR, self.zkerc20.flush(64))
        for wallet in self.wallets:
            wallet.sync()
        return self.wallets[0]

    def run(self) -> Iterator[None]:
        """The whole story, a step at a time."""
        mg1, mg2 = (self.pool.manifest.address(name) for name in ("MG1", "MG2"))
        first, second = self.wallets
        household = self.pool.senders[HOUSEHOLD].address

        # Meters, and an epoch's readings
        commitments = [wallet.keys.meter_commitment(0) for wallet in self.wallets]
        self.call(OPERATOR, self.registry.registerMeters(1, commitments, [CAPACITY] * 2))
        self.call(OPERATOR, self.registry.setAccount(1, household, True))
        epoch = int(self.web3.eth.get_block("latest")["timestamp"]) // EPOCH_SECONDS - 1
        readings = [Reading(commitments[0], 4_000, 2_000), Reading(commitments[1], 1_000, 0)]
        tree = ReadingsTree.in_order(epoch, readings)
        published = self.registry.publishReadings(1, epoch, tree.tree_root, tree.exported, tree.imported, b"\1" * 32)
        self.call(OPERATOR, published)
        for _ in range(8):  # the end of the correction window, and a price average's first snapshot
            self.call(OPERATOR, self.registry.setAccount(1, household, True))
        yield

        # Shields: the first of an asset opens its turnstile
        self.shield(ETH, 10 * ETHER)
        self.shield(ETH, 10 * ETHER, wallet=1)
        self.name = "shield_eth"
        self.shield(ETH, 10 * ETHER)
        yield

        # Payments
        self.settled().send(second.address, ETHER, ETH, self)
        self.settled()
        self.name = "transfer"
        first.send(second.address, ETHER, ETH, self)
        self.settled()
        self.name, self.relayed = "transfer_without_relayer", False
        first.send(second.address, ETHER, ETH, self)
        self.relayed = True
        yield
        self.settled()
        self.name = "consolidate"
        second.consolidate(ETH, self)
        self.settled()
        self.name = "unshield"
        first.unshield(household, ETHER, ETH, self)
        yield

        # Energy of the meters
        self.settled()
        meters = [wallet.meters()[0] for wallet in self.wallets]
        paths = [(readings[place], tree.path(place)) for place in range(2)]
        self.name = "issue_first"
        second.issue(meters[1], epoch, *paths[1], self)
        self.name = "issue"
        first.issue(meters[0], epoch, *paths[0], self)
        self.settled()
        self.name = "settle"
        first.settle(meters[0], epoch, *paths[0], ETHER, self)
        yield

        # Trades
        for name, sold, amount, bought in (
            (None, ETH, ETHER // 100, mg1),
            ("swap", ETH, ETHER // 100, mg1),
            (None, mg1, ETHER, ETH),
            ("swap_token_to_eth", mg1, ETHER // 2, ETH),
            (None, mg1, ETHER // 5, mg2),
            ("swap_token_to_token", mg1, ETHER // 5, mg2),
        ):
            self.settled()
            self.name = name
            wallet = second if sold == ETH else first
            wallet.swap(wallet.quote(sold, amount, bought), self)
            yield
        self.settled()
        self.name = "unshield_energy"
        first.unshield(household, ETHER // 10, mg1, self)
        for name, asset, amount in (("shield_energy", mg1, ETHER // 100), ("shield", self.pool.token, ETHER)):
            token = load("EnergyToken").at(self.web3, asset).functions
            self.call(HOUSEHOLD, token.approve(self.zkerc20.address, 10 * ETHER))
            self.shield(asset, amount)
            self.name = name
            self.shield(asset, amount)
        yield

        # Flushes
        for name, count in (("flush1", 1), ("flush16", 16)):
            self.settled()
            for _ in range(count):
                self.shield(ETH, ETHER // 100)
            self.name = name
            self.call(OPERATOR, self.zkerc20.flush(count))
            yield


def record() -> Iterator[None]:
    """Writes a new recording; yields after each part of it."""
    with tempfile.TemporaryDirectory() as folder, fresh_chain() as web3:
        recorder = Recorder(Pool(web3, Path(folder)), Path(folder))
        yield from recorder.run()
        RECORDING.write_text(json.dumps([asdict(sent) for sent in recorder.sent], indent=0) + "\n")


def measure() -> dict[str, int]:
    """Gas by operation. Raises TransactionError if the recording no longer fits contracts or keys."""
    recording = [Sent(**entry) for entry in json.loads(RECORDING.read_text())]
    figures = {}
    for places in (True, False):
        with tempfile.TemporaryDirectory() as folder, fresh_chain() as web3:
            pool = Pool(web3, Path(folder), places)
            for sent in recording:
                used = pool.send(sent)
                if sent.name and places:
                    figures[sent.name] = used
                elif sent.name == "transfer":
                    figures["transfer_new_places"] = used
                    break
    return figures


@contextmanager
def fresh_chain() -> Iterator[Web3]:
    """A chain whose time begins at the same second each time."""
    with started(ChainSpec("benchmark", 31337, 0), "--timestamp", str(GENESIS)) as chain:
        yield chain.web3
