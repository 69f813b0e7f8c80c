"""A wallet with all its keys: everything that spends.

Every operation goes out through a submitter, an own account or a relayer, and returns the mined transaction's hash.
Notes are merged first where an operation needs more than two.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from eth_utils.address import is_address, to_checksum_address
from web3 import Web3

from offchain.assets import Assets
from offchain.deployment.manifest import Manifest
from offchain.metering.readings_tree import Reading, ReadingPath, verify_reading
from offchain.sender import Sender
from offchain.units import shown
from offchain.wallet.address import Address
from offchain.wallet.keys import Keys
from offchain.wallet.meter import MeterError, OwnMeter, ReadingProof
from offchain.wallet.note import AMOUNT_LIMIT, ETH, OwnedNote
from offchain.wallet.reader import Reader, WalletError
from offchain.wallet.relay import Relay, Submitter
from offchain.wallet.request import Operation, Request
from offchain.wallet.selection import INPUTS, Plan, most, select
from offchain.wallet.shielding import Shielding, approval, sign_permit
from offchain.wallet.trade import SLIPPAGE, Desk, Quote
from offchain.wallet.transaction import Builder, Send
from offchain.wallet.trees import RegistrationTree
from offchain.zk.circuits import PARAMETERS
from offchain.zk.prover import Progress

DEADLINE_SECONDS = 600
"""An operation can be mined for at least so long, at most for twice as long."""

FLUSH_SECONDS = 120
POLL_SECONDS = 0.25
METERS_LOOKED_FOR = 20
"""So many meter numbers are tried to find this wallet's registered meters."""

Build = Callable[[Sequence[OwnedNote], Send], Request]


class Wallet(Reader):
    """A wallet that spends. Call `sync` first; operations use what was read last.

    Operations raise FundsError if the notes don't suffice or wait for a flush, WalletError for amounts and accounts
    that can't be, and what builder, prover and submitter raise.
    """

    def __init__(self, keys: Keys, web3: Web3, manifest: Manifest, folder: Path | None = None) -> None:
        super().__init__(keys.viewing, web3, manifest, folder)
        self.keys = keys
        self._builder = Builder(keys, manifest.chain_id, self.pool, self.registry, self.scanner.trees)

    def send(
        self,
        receiver: Address,
        amount: int,
        asset: str,
        submitter: Submitter,
        progress: Progress | None = None,
        blinding: int | None = None,
    ) -> str:
        """Pays base units of an asset (its address) to a receiver; `blinding`: as `Builder.transfer` takes it."""

        def build(inputs: Sequence[OwnedNote], send: Send) -> Request:
            return self._builder.transfer(inputs, receiver, amount, send, blinding)

        return self._spend(Operation.TRANSFER, asset, _positive(amount), build, submitter, progress)

    def unshield(
        self, recipient: str, amount: int, asset: str, submitter: Submitter, progress: Progress | None = None
    ) -> str:
        """Pays base units of an asset out to a public account."""
        if not is_address(recipient) or int(recipient, 16) in (0, int(self.pool, 16)):
            raise WalletError(f"{recipient!r} is no account that can be paid")
        account = to_checksum_address(recipient)
        registry = self.manifest.contract(self.web3, "registry").functions
        if asset != ETH and registry.microgridOf(asset).call() and not registry.mayHold(asset, account).call():
            raise WalletError(
                f"{account} may not hold {self.asset_name(asset)}: only accounts with a meter and listed ones"
            )

        def build(inputs: Sequence[OwnedNote], send: Send) -> Request:
            return self._builder.unshield(inputs, account, amount, send)

        return self._spend(Operation.UNSHIELD, asset, _positive(amount), build, submitter, progress)

    def quote(self, sold: str, amount: int, wanted: str, slippage: int = SLIPPAGE) -> Quote:
        """What a swap would give now; slippage in ten-thousandths. Raises TradeError."""
        return Desk(self.web3, self.manifest).quote(sold, _positive(amount), wanted, slippage)

    def swap(self, quote: Quote, submitter: Submitter, progress: Progress | None = None) -> str:
        """Trades on the exchange. Raises MeterError without a free slot of a meter that is large enough."""

        def build(inputs: Sequence[OwnedNote], send: Send) -> Request:
            slot = Desk(self.web3, self.manifest).allowance(quote, self.meters())
            terms = (slot.meter, slot.epoch, slot.slot, slot.cap)
            return self._builder.swap(inputs, quote.amount, quote.wanted, quote.minimum, *terms, send)

        return self._spend(Operation.SWAP, quote.sold, quote.amount, build, submitter, progress)

    def consolidate(self, asset: str, submitter: Submitter, progress: Progress | None = None) -> str:
        """Makes one note of the four smallest that can be spent. Raises WalletError if there are fewer than two."""
        spendable, _ = self.notes(asset)
        last = max((note.tree for note in spendable), default=0)
        smallest = sorted((note for note in spendable if note.tree == last), key=lambda note: note.amount)[:4]
        if len(smallest) < 2:
            raise WalletError(f"there are no two notes of {self.asset_name(asset)} to merge")
        return self._merge(smallest, submitter.relay(Operation.CONSOLIDATE, asset), submitter, progress)

    def issue(
        self,
        meter: OwnMeter,
        epoch: int,
        reading: Reading,
        path: ReadingPath,
        submitter: Submitter,
        progress: Progress | None = None,
    ) -> str:
        """Takes what a meter exported in an epoch as a note. Raises MeterError if it can't be, or was already."""
        asset, proof = self._open_epoch(meter, epoch, reading, path, meter.issue_nullifier(epoch))
        if not reading.exported:
            raise MeterError(f"the meter exported nothing in epoch {epoch}")
        relay = submitter.relay(Operation.ISSUE, asset)
        return submitter.submit(self._builder.issue(asset, epoch, meter, proof, self._going(relay, progress)))

    def settle(
        self,
        meter: OwnMeter,
        epoch: int,
        reading: Reading,
        path: ReadingPath,
        amount: int,
        submitter: Submitter,
        progress: Progress | None = None,
    ) -> str:
        """Burns `amount` base units against what a meter imported in an epoch. Raises MeterError."""
        asset, proof = self._open_epoch(meter, epoch, reading, path, meter.settle_nullifier(epoch))
        imported = reading.imported * PARAMETERS.watt_hour
        if amount <= 0:
            raise WalletError("there is nothing to settle: the amount must be more than 0")
        if amount > imported:
            raise MeterError(f"the meter imported {shown(imported)} kWh in epoch {epoch}: settle at most that")

        def build(inputs: Sequence[OwnedNote], send: Send) -> Request:
            return self._builder.settle(inputs, amount, epoch, meter, proof, send)

        return self._spend(Operation.SETTLE, asset, amount, build, submitter, progress)

    def shield(self, amount: int, asset: str, sender: Sender, receiver: Address | None = None) -> str:
        """Brings base units of an asset into the pool, from the sender's account, as a note for the receiver (this
        wallet if none is given). A token is permitted by signature if the account is this wallet's, else approved."""
        shielding = Shielding.to(receiver or self.address, asset, amount)
        if asset == ETH:
            return _hash(sender.send(shielding.transaction(self.pool)))
        if sender.address == self.keys.account.address:
            deadline = self.node.time() + DEADLINE_SECONDS
            permit = sign_permit(self.web3, self.keys.account, asset, self.pool, amount, deadline)
            if permit:
                return _hash(sender.send(shielding.transaction_with_permit(self.pool, deadline, permit)))
        sender.send(approval(asset, self.pool, amount))
        return _hash(sender.send(shielding.transaction(self.pool)))

    def meters(self) -> list[OwnMeter]:
        """The registered meters of this wallet, as last read, by number."""
        tree = RegistrationTree(self.store.meters())
        found = []
        for number in range(METERS_LOOKED_FOR):
            commitment = self.keys.meter_commitment(number)
            meter = tree.meters.get(commitment)
            if meter:
                secret = self.keys.meter_secret(number)
                found.append(OwnMeter(secret, commitment, meter.microgrid, meter.capacity, tree.path(commitment)))
        return found

    def meter(self, place: int | None = None) -> OwnMeter:
        """The wallet's meter, or that at a place from 1 on, which is needed if it has several. Raises MeterError."""
        meters = self.meters()
        if not meters:
            raise MeterError("this wallet has no registered meter: see `openmg wallet meter`")
        if place is None and len(meters) > 1:
            raise MeterError(f"this wallet has {len(meters)} meters: name one with --meter, see `openmg wallet meter`")
        if place is not None and not 1 <= place <= len(meters):
            raise MeterError(f"there is no meter {place}: this wallet has {len(meters)}, see `openmg wallet meter`")
        return meters[(place or 1) - 1]

    def most(self, operation: Operation, asset: str, submitter: Submitter) -> int:
        """The most base units that an operation can take of an asset's notes, as last read, beside what the submitter
        asks for it and for merging them; 0 if they don't even pay that."""
        relay = submitter.relay(operation, asset)
        spendable, _ = self.notes(asset)
        merging = submitter.relay(Operation.CONSOLIDATE, asset) if len(spendable) > INPUTS else None
        return most(spendable, relay.fee if relay else 0, merging.fee if merging else 0)

    def settleable(self, meter: OwnMeter, reading: Reading, submitter: Submitter) -> int:
        """The most base units that can be settled of a meter's reading: what it imported, as far as the notes go."""
        registry = self.manifest.contract(self.web3, "registry").functions
        held = self.most(Operation.SETTLE, str(registry.tokenOf(meter.microgrid).call()), submitter)
        return min(reading.imported * PARAMETERS.watt_hour, held)

    def _spend(
        self,
        operation: Operation,
        asset: str,
        amount: int,
        build: Build,
        submitter: Submitter,
        progress: Progress | None,
    ) -> str:
        relay = submitter.relay(operation, asset)
        needed = amount + (relay.fee if relay else 0)
        if needed >= AMOUNT_LIMIT:
            raise WalletError("the amount is too large")
        plan = self._plan(asset, needed, submitter)
        while plan.rounds:
            merging = submitter.relay(Operation.CONSOLIDATE, asset)
            for notes in plan.consolidations:
                self._merge(notes, merging, submitter, progress)
            self.await_flush()
            plan = self._plan(asset, needed, submitter)
        return submitter.submit(build(plan.inputs, self._going(relay, progress)))

    def _plan(self, asset: str, needed: int, submitter: Submitter) -> Plan:
        """Asks for the fee of merging only where notes have to be merged."""
        spendable, waiting = self.notes(asset)
        written = Assets(self.manifest, self.node).at(asset).shown
        plan = select(spendable, waiting, needed, 0, written)
        if not plan.rounds:
            return plan
        relay = submitter.relay(Operation.CONSOLIDATE, asset)
        return select(spendable, waiting, needed, relay.fee if relay else 0, written)

    def _merge(
        self, notes: Sequence[OwnedNote], relay: Relay | None, submitter: Submitter, progress: Progress | None
    ) -> str:
        return submitter.submit(self._builder.consolidate(notes, self._going(relay, progress)))

    def await_flush(self) -> None:
        """Waits until all notes of this wallet are in a tree."""
        end = time.monotonic() + FLUSH_SECONDS
        while time.monotonic() < end:
            self.sync()
            held = {note.note.asset for note in self.store.unspent(self.viewing.public_key)}
            if not any(self.notes(asset)[1] for asset in held):
                return
            time.sleep(POLL_SECONDS)
        raise WalletError("notes still wait for a flush: try again later")

    def _going(self, relay: Relay | None, progress: Progress | None) -> Send:
        """With a round deadline: an exact one would tell, beside the block's time, how long the proof took and so whose
        computer it was made on."""
        return Send((self.node.time() // DEADLINE_SECONDS + 2) * DEADLINE_SECONDS, relay, progress)

    def _open_epoch(
        self, meter: OwnMeter, epoch: int, reading: Reading, path: ReadingPath, nullifier: int
    ) -> tuple[str, ReadingProof]:
        """The microgrid's token and the proof of the reading. Raises MeterError if the epoch can't be used."""
        registry = self.manifest.contract(self.web3, "registry").functions
        root, _, _, open_from, _ = registry.readingsOf(meter.microgrid, epoch).call()
        if not open_from:
            raise MeterError(f"the readings of epoch {epoch} are not published yet")
        if self.node.time() < open_from:
            raise MeterError(f"epoch {epoch} can still be corrected: wait {open_from - self.node.time()} s")
        if reading.commitment != meter.commitment or not verify_reading(root, epoch, reading, path):
            raise MeterError(f"the reading is not of what was published for epoch {epoch}: ask for it again")
        if max(reading.exported, reading.imported) > meter.capacity:
            raise MeterError(
                f"the reading of epoch {epoch} is above the meter's capacity: the operator must correct it"
            )
        if registry.isMeterNullifierUsed(nullifier).call():
            raise MeterError(f"this was done already for epoch {epoch}")
        return str(registry.tokenOf(meter.microgrid).call()), ReadingProof(reading, path, root)


def _positive(amount: int) -> int:
    if amount <= 0:
        raise WalletError("the amount must be more than 0")
    return amount


def _hash(receipt: Any) -> str:
    return str(receipt["transactionHash"].to_0x_hex())
