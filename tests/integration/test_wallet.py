"""Wallets on the real pool with real proofs: paying, restoring, reading along, forks, trading, metering."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import pytest
from web3 import Web3
from web3.types import RPCEndpoint

from offchain.chains import ChainSpec, started
from offchain.deployment.manifest import Manifest
from offchain.deployment.platform import PlatformDeployment
from offchain.metering.readings_tree import Reading, ReadingsTree
from offchain.node import Node, NodeError, NodeRefusal
from offchain.sender import Sender, TransactionError, development_account, development_sender
from offchain.units import ETHER, WATT_HOUR
from offchain.wallet.ciphertext import seal
from offchain.wallet.history import EntryKind
from offchain.wallet.keys import Seed, ViewingKey
from offchain.wallet.meter import MeterError
from offchain.wallet.note import ETH
from offchain.wallet.reader import Reader, WalletError
from offchain.wallet.relay import OwnAccount, Relay, fee_note
from offchain.wallet.request import Operation, Request
from offchain.wallet.scan import ScanError, Scanner
from offchain.wallet.selection import FundsError
from offchain.wallet.trade import TradeError
from offchain.wallet.wallet import Wallet
from offchain.zk.poseidon import poseidon

OPERATOR, CONSUMER, RELAYER = 0, 1, 2
"""Development accounts: deploys and runs the microgrids; holds ETH; sends for others."""


@dataclass(frozen=True)
class Platform:
    """The whole platform on a chain of its own."""

    web3: Web3
    manifest: Manifest

    def sender(self, account: int) -> Sender:
        return development_sender(self.web3, account)

    def call(self, method: str, *parameters: Any) -> Any:
        answer = self.web3.provider.make_request(RPCEndpoint(method), list(parameters))
        assert "error" not in answer, answer
        return answer["result"]

    def flush(self, count: int = 1024) -> None:
        pool = self.manifest.contract(self.web3, "pool")
        self.sender(OPERATOR).transact(pool.functions.flush(count))

    def pass_time(self, seconds: int) -> None:
        self.call("evm_increaseTime", seconds)
        self.call("anvil_mine", "0x1")


@dataclass(frozen=True)
class Relayer:
    """A relayer without a network: takes requests as JSON, checks what it is paid, and sends them."""

    platform: Platform
    viewing: ViewingKey
    fee: int

    def relay(self, operation: Operation, asset: str) -> Relay:
        return Relay(development_account(RELAYER).address, self.viewing.address, self.fee)

    def submit(self, request: Request) -> str:
        received = Request.from_json(request.to_json())
        assert fee_note(received, self.viewing).amount == self.fee
        return OwnAccount(self.platform.sender(RELAYER)).submit(received)


@dataclass(frozen=True)
class Flushing(OwnAccount):
    """An own account on a chain whose operator flushes at once."""

    platform: Platform

    def submit(self, request: Request) -> str:
        sent = super().submit(request)
        self.platform.flush()
        return sent


@pytest.fixture(scope="module")
def deployed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    with started(ChainSpec("plasma", 950327, 0)) as chain:
        manifest = Manifest.open(950327, tmp_path_factory.mktemp("deployment"))
        operator = development_sender(chain.web3, OPERATOR)
        list(PlatformDeployment(operator, manifest, operator.address).run())
        yield Platform(chain.web3, manifest)


@pytest.fixture
def platform(deployed: Platform) -> Iterator[Platform]:
    """The platform as it was deployed: what a test did is taken back."""
    snapshot = deployed.call("evm_snapshot")
    yield deployed
    assert deployed.call("evm_revert", snapshot)


def wallet_of(platform: Platform, entropy: int, folder: Path) -> Wallet:
    return Wallet(Seed(bytes([entropy] * 16)).keys(), platform.web3, platform.manifest, folder)


@pytest.fixture
def payer(platform: Platform, tmp_path: Path) -> Wallet:
    return wallet_of(platform, 1, tmp_path / "payer")


@pytest.fixture
def payee(platform: Platform, tmp_path: Path) -> Wallet:
    return wallet_of(platform, 2, tmp_path / "payee")


def held(wallet: Reader, asset: str = ETH) -> tuple[int, int]:
    """Spendable and waiting base units, after reading what is new."""
    wallet.sync()
    balances = {balance.asset: (balance.spendable, balance.waiting) for balance in wallet.balances()}
    return balances.get(asset, (0, 0))


def told(wallet: Reader) -> list[tuple[EntryKind, int, int, str]]:
    return [(entry.kind, entry.amount, entry.fee, entry.counterparty) for entry in wallet.history()]


def test_shield_send_receive_unshield(platform: Platform, payer: Wallet, payee: Wallet, tmp_path: Path) -> None:
    """P3: the payee sees its own note alone; both restore everything from their words, a viewing key reads the same."""
    own = OwnAccount(platform.sender(CONSUMER))
    stages: list[str] = []
    payer.shield(10 * ETHER, ETH, own.sender)
    assert held(payer) == (0, 10 * ETHER)
    platform.flush()
    assert held(payer) == (10 * ETHER, 0)

    payer.send(payee.address, 4 * ETHER, ETH, own, stages.append)
    assert stages == ["witness", "proof", "verification"]
    platform.flush()
    assert held(payer) == (6 * ETHER, 0)
    assert held(payee) == (4 * ETHER, 0)
    assert told(payee) == [(EntryKind.RECEIVED, 4 * ETHER, 0, "")]

    recipient = Web3.to_checksum_address("0x" + "77" * 20)
    payee.unshield(recipient, ETHER, ETH, own)
    assert platform.web3.eth.get_balance(recipient) == ETHER
    platform.flush()
    assert held(payee) == (3 * ETHER, 0)

    assert told(payer) == [
        (EntryKind.SHIELDED, 10 * ETHER, 0, ""),
        (EntryKind.SENT, 4 * ETHER, 0, str(payee.address)),
    ]
    assert told(payee)[1:] == [(EntryKind.UNSHIELDED, ETHER, 0, recipient)]
    assert all(entry.time and entry.transaction.startswith("0x") for entry in payee.history())
    for wallet, entropy in ((payer, 1), (payee, 2)):
        restored = wallet_of(platform, entropy, tmp_path / f"restored {entropy}")
        viewing = ViewingKey.parse(wallet.viewing.export())
        reader = Reader(viewing, platform.web3, platform.manifest, tmp_path / f"read {entropy}")
        for other in (restored, reader):
            other.sync()
            assert other.history() == wallet.history()
            assert other.balances() == wallet.balances()
    assert not hasattr(Reader, "send")


def test_a_relayer_is_paid_inside_the_proof(platform: Platform, payer: Wallet, payee: Wallet, tmp_path: Path) -> None:
    """P3: the sender's account is the relayer's, and nothing public tells asset or amount."""
    relaying = Seed(bytes([9] * 16)).keys()
    relayer = Relayer(platform, relaying.viewing, ETHER // 100)
    payer.shield(2 * ETHER, ETH, platform.sender(CONSUMER))
    platform.flush()
    payer.sync()
    sent = payer.send(payee.address, ETHER, ETH, relayer)
    platform.flush()
    transaction = platform.web3.eth.get_transaction(sent)  # type: ignore[arg-type]
    assert transaction["from"] == development_account(RELAYER).address
    for number in (ETHER, ETHER // 100, int(ETH, 16)):
        assert number.to_bytes(32, "big") not in bytes(transaction["input"])
    assert held(payer) == (ETHER - ETHER // 100, 0)
    assert held(payee) == (ETHER, 0)
    assert told(payer)[-1] == (EntryKind.SENT, ETHER, ETHER // 100, str(payee.address))
    earned = Wallet(relaying, platform.web3, platform.manifest, tmp_path / "relayer")
    assert held(earned) == (ETHER // 100, 0)
    assert told(earned) == [(EntryKind.EARNED, ETHER // 100, 0, "")]


def test_more_than_two_notes_are_merged_first(platform: Platform, payer: Wallet, payee: Wallet) -> None:
    """P1: five notes of 1 pay 5; a note that waits can't be spent yet."""
    own = Flushing(platform.sender(CONSUMER), platform)
    for _ in range(5):
        payer.shield(ETHER, ETH, own.sender)
    platform.flush(2)
    payer.sync()
    not_yet = "not yet: 5 ETH are needed, 2 ETH can be spent; 3 ETH wait for the next flush"
    with pytest.raises(FundsError, match=not_yet):
        payer.send(payee.address, 5 * ETHER, ETH, own)
    platform.flush()
    payer.sync()
    payer.send(payee.address, 5 * ETHER, ETH, own)
    assert held(payee) == (5 * ETHER, 0)
    assert held(payer) == (0, 0)
    assert [kind for kind, *_ in told(payer)][-2:] == [EntryKind.CONSOLIDATED, EntryKind.SENT]
    with pytest.raises(FundsError, match=r"not enough: 1 ETH are needed, 0 ETH are there"):
        payer.send(payee.address, ETHER, ETH, own)


def test_a_reorganised_chain_is_read_again(platform: Platform, payer: Wallet, payee: Wallet) -> None:
    """P5: what a fork took back is gone, what it brought is there, and proofs are of the new chain's tree."""
    own = OwnAccount(platform.sender(CONSUMER))
    payer.shield(ETHER, ETH, own.sender)
    platform.flush()
    assert held(payer) == (ETHER, 0)
    fork = platform.call("evm_snapshot")
    payer.shield(3 * ETHER, ETH, own.sender)
    payer.send(payee.address, ETHER, ETH, own)
    platform.flush()
    assert held(payer) == (3 * ETHER, 0)
    assert held(payee) == (ETHER, 0)

    platform.call("evm_revert", fork)
    assert held(payer) == (ETHER, 0)
    assert held(payee) == (0, 0)
    assert told(payee) == []
    payee.shield(5 * ETHER, ETH, own.sender)
    for _ in range(3):
        platform.pass_time(1)
    platform.flush()
    assert held(payer) == (ETHER, 0)
    assert held(payee) == (5 * ETHER, 0)
    payer.send(payee.address, ETHER, ETH, own)
    platform.flush()
    assert held(payee) == (6 * ETHER, 0)
    assert held(payer) == (0, 0)
    assert [kind for kind, *_ in told(payer)] == [EntryKind.SHIELDED, EntryKind.SENT]


def test_reading_goes_on_where_it_stopped(platform: Platform, payer: Wallet, tmp_path: Path) -> None:
    """P6: a node that is lost in the middle costs nothing that was read; another process reads the same file."""
    for _ in range(3):
        payer.shield(ETHER, ETH, platform.sender(CONSUMER))
    platform.flush()

    class Lost(Exception):
        pass

    def stop(block: int, head: int) -> None:
        raise Lost

    with pytest.raises(Lost):
        payer.sync(stop)
    read = payer.store.next_block()
    assert read is not None
    progress: list[int] = []
    second = wallet_of(platform, 1, tmp_path / "payer")
    second.sync(lambda block, head: progress.append(block))
    assert progress == []  # the first range, all of it, was kept
    assert held(second) == held(payer) == (3 * ETHER, 0)


class Limited(Node):
    """The real node, but it answers for few blocks at a time, as public ones do."""

    asked: ClassVar[list[int]] = []

    def logs(self, addresses: Sequence[str], first: int, last: int) -> list[dict[str, Any]]:
        self.asked.append(last - first + 1)
        if last - first >= 7:
            raise NodeRefusal("the node refused eth_getLogs: block range is too large")
        return super().logs(addresses, first, last)


def test_a_node_that_limits_its_answers_is_asked_for_less(platform: Platform, payer: Wallet) -> None:
    """P9: and what strangers wrote into ciphertexts, or made out to this wallet without its opening, stops nothing."""
    own = platform.sender(CONSUMER)
    garbage = [b"", b"\1", os.urandom(33), b"\1" + os.urandom(400), seal([(payer.address.encryption_key, 5)])]
    npk = poseidon([payer.viewing.public_key, 6])
    pool = platform.manifest.contract(platform.web3, "pool").functions
    for ciphertext in garbage:
        own.transact(pool.shield(ETH, ETHER, npk, ciphertext), value=ETHER)
        payer.shield(ETHER, ETH, own)
    platform.flush()
    node = Limited(platform.web3)
    scanner = Scanner(node, 950327, payer.pool, payer.registry, payer.viewing, payer.store)
    scanner.sync()
    assert max(node.asked) > 7
    assert node.asked[-1] <= 7
    assert held(payer) == (len(garbage) * ETHER, 0)
    assert payer.store.leaf_count() == 2 * len(garbage)


def test_the_wrong_network_is_noticed(platform: Platform, payer: Wallet, tmp_path: Path) -> None:
    """P9: another chain, a chain without the pool, no node at all."""
    with started(ChainSpec("root", 31337, 0)) as other:
        wallet = Wallet(payer.keys, other.web3, platform.manifest, tmp_path)
        with pytest.raises(ScanError, match="wrong network: the node is of chain 31337, the wallet of chain 950327"):
            wallet.sync()
    with started(ChainSpec("plasma", 950327, 0)) as empty:
        lost = Wallet(payer.keys, empty.web3, platform.manifest, tmp_path)
        with pytest.raises(ScanError, match="wrong network: there is no pool at"):
            lost.sync()
    with pytest.raises(NodeError, match="the node doesn't answer"):
        lost.sync()


def test_amounts_and_accounts_that_cant_be_are_refused(platform: Platform, payer: Wallet, payee: Wallet) -> None:
    """P9: before anything is proven or sent."""
    own = OwnAccount(platform.sender(CONSUMER))
    with pytest.raises(WalletError, match="more than 0"):
        payer.send(payee.address, 0, ETH, own)
    with pytest.raises(WalletError, match="too large"):
        payer.send(payee.address, 2**128, ETH, own)
    with pytest.raises(WalletError, match="is no account"):
        payer.unshield("0x0", 1, ETH, own)
    with pytest.raises(WalletError, match="may not hold MG1"):
        payer.unshield("0x" + "77" * 20, 1, payer.asset("MG1"), own)
    with pytest.raises(WalletError, match="unknown asset 'MG9'"):
        payer.asset("MG9")
    with pytest.raises(TransactionError):
        payer.shield(10**6 * ETHER, ETH, own.sender)


def test_energy_from_meter_to_market_to_bill(platform: Platform, payer: Wallet, tmp_path: Path) -> None:
    """P3: exported energy becomes a note, half of it is sold, some settles what was imported; no call names a meter."""
    own = Flushing(platform.sender(CONSUMER), platform)
    operator = platform.sender(OPERATOR)
    registry = platform.manifest.contract(platform.web3, "registry").functions
    token = payer.asset("MG1")
    payer.shield(ETHER, ETH, own.sender)
    platform.flush()
    payer.sync()
    with pytest.raises(TradeError, match="no average price of 60 seconds yet"):
        payer.quote(ETH, ETHER // 10, token)
    platform.pass_time(60)
    offer = payer.quote(ETH, ETHER // 10, token)
    with pytest.raises(TradeError, match=r"more than 50 % from its average: trade at most 2\.2\d+ ETH"):
        payer.quote(ETH, 9 * ETHER, token)
    with pytest.raises(MeterError, match="a registered meter is needed"):
        payer.swap(offer, own)
    others = [poseidon([3, number]) for number in range(3)]
    commitments = [*others, payer.keys.meter_commitment(0)]
    operator.transact(registry.registerMeters(1, commitments, [8_000] * 4))
    payer.sync()
    (meter,) = payer.meters()
    assert (meter.microgrid, meter.capacity) == (1, 8_000)
    assert meter.path.root == registry.registrationRoot().call()

    epoch = payer.node.time() // 900
    mine = Reading(meter.commitment, 3_000, 1_000)
    tree = ReadingsTree(epoch, [mine, *(Reading(commitment, 500, 700) for commitment in others)])
    path = tree.path(tree.index(meter.commitment))
    with pytest.raises(MeterError, match="not published yet"):
        payer.issue(meter, epoch, mine, path, own)
    platform.pass_time(900)
    operator.transact(registry.publishReadings(1, epoch, tree.tree_root, tree.exported, tree.imported, bytes(32)))
    with pytest.raises(MeterError, match="can still be corrected"):
        payer.issue(meter, epoch, mine, path, own)
    platform.pass_time(3_600)
    with pytest.raises(MeterError, match="not of what was published"):
        payer.issue(meter, epoch, Reading(meter.commitment, 3_001, 1_000), path, own)
    payer.issue(meter, epoch, mine, path, own)
    with pytest.raises(MeterError, match="was done already"):
        payer.issue(meter, epoch, mine, path, own)
    assert held(payer, token) == (3_000 * WATT_HOUR, 0)

    platform.pass_time(900 - payer.node.time() % 900)  # all trades in one epoch
    quote = payer.quote(token, 1_000 * WATT_HOUR, ETH)
    payer.swap(quote, own)
    assert held(payer, token) == (2_000 * WATT_HOUR, 0)
    assert held(payer) == (ETHER + quote.expected, 0)
    payer.swap(payer.quote(ETH, ETHER // 20, token), own)  # more than 2 kWh: the largest slot
    payer.sync()
    with pytest.raises(MeterError, match="left in this epoch moves at most 2 kWh: trade less, or wait"):
        payer.swap(payer.quote(ETH, ETHER // 20, token), own)
    for _ in range(2):
        payer.swap(payer.quote(ETH, ETHER // 100, token), own)
        payer.sync()
    bought = held(payer, token)[0] - 2_000 * WATT_HOUR
    assert 3_000 * WATT_HOUR < bought < 4_000 * WATT_HOUR
    with pytest.raises(MeterError, match="all 4 trades of this epoch are made"):
        payer.swap(payer.quote(ETH, ETHER // 100, token), own)
    with pytest.raises(MeterError, match=r"one trade of this meter moves at most 4 kWh"):
        payer.swap(payer.quote(ETH, ETHER // 2, token), own)

    with pytest.raises(MeterError, match="settle at most that"):
        payer.settle(meter, epoch, mine, path, 1_001 * WATT_HOUR, own)
    payer.settle(meter, epoch, mine, path, 1_000 * WATT_HOUR, own)
    assert held(payer, token) == (1_000 * WATT_HOUR + bought, 0)
    (receipt,) = payer.receipts()
    assert receipt.burned == 1_000 * WATT_HOUR
    assert receipt.receipt == poseidon([7, meter.commitment, receipt.burned, receipt.blinding])
    with pytest.raises(MeterError, match="was done already"):
        payer.settle(meter, epoch, mine, path, 1, own)

    kinds = [kind for kind, *_ in told(payer)]
    assert [kind for kind in kinds if kind != EntryKind.CONSOLIDATED] == [
        EntryKind.SHIELDED,
        EntryKind.ISSUED,
        *[EntryKind.SWAPPED] * 4,
        EntryKind.SETTLED,
    ]
    swapped = payer.history()[2]
    assert (swapped.got_asset, swapped.got_amount) == (ETH, quote.expected)
    restored = wallet_of(platform, 1, tmp_path / "restored")
    restored.sync()
    assert restored.history() == payer.history()
    assert restored.receipts() == payer.receipts()
    assert restored.balances() == payer.balances()
