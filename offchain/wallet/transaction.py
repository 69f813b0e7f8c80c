"""Builds operations: makes the new notes, encrypts them, proves, and checks that the proof is of what was meant."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from offchain.errors import UserError
from offchain.wallet.address import Address
from offchain.wallet.ciphertext import Act, Content, Record, seal
from offchain.wallet.keys import Keys
from offchain.wallet.meter import OwnMeter, ReadingProof
from offchain.wallet.note import AMOUNT_LIMIT, Note, OwnedNote, new_blinding
from offchain.wallet.relay import Relay
from offchain.wallet.request import ANYONE, Details, Operation, Request, SwapOrder, Terms, context_hash
from offchain.wallet.trees import NoteTrees
from offchain.zk.circuits import CIRCUITS, PARAMETERS
from offchain.zk.poseidon import poseidon
from offchain.zk.prover import Progress, prove

CIRCUIT_OF = {
    Operation.TRANSFER: "joinsplit",
    Operation.CONSOLIDATE: "consolidate",
    Operation.UNSHIELD: "joinsplit",
    Operation.SWAP: "trade",
    Operation.ISSUE: "issue",
    Operation.SETTLE: "settle",
}


class BuildError(UserError):
    """Says in one line why an operation can't be built."""


@dataclass(frozen=True)
class Send:
    """How an operation goes out: until when (Unix time), through whom, and who is told of the proof's stages."""

    deadline: int
    relay: Relay | None = None
    progress: Progress | None = None

    @property
    def fee(self) -> int:
        """What the relayer gets, in base units."""
        return self.relay.fee if self.relay else 0


class Builder:
    """Builds one wallet's operations on one pool."""

    def __init__(self, keys: Keys, chain_id: int, pool: str, registry: str, trees: NoteTrees) -> None:
        self._keys, self._chain_id, self._trees = keys, chain_id, trees
        self._pool, self._registry = pool, registry

    def transfer(
        self, inputs: Sequence[OwnedNote], receiver: Address, amount: int, send: Send, blinding: int | None = None
    ) -> Request:
        """Pays `amount` to a receiver from at most two notes. The receiver's note has a random blinding, unless one is
        given: secret, and of no other note."""
        note = Note(inputs[0].note.asset, amount, new_blinding() if blinding is None else blinding, receiver.public_key)
        record = Record(Act.TRANSFER, amount, send.fee, receiver.to_bytes(), note.blinding)
        return self._spend(Operation.TRANSFER, inputs, [(receiver.encryption_key, note)], record, send, _shown())

    def unshield(self, inputs: Sequence[OwnedNote], recipient: str, amount: int, send: Send) -> Request:
        """Pays `amount` out to a public account."""
        asset = inputs[0].note.asset
        record = Record(Act.UNSHIELD, amount, send.fee, bytes.fromhex(recipient[2:]))
        shown = _shown(asset, amount)
        return self._spend(Operation.UNSHIELD, inputs, [self._nothing(asset)], record, send, shown, recipient)

    def swap(
        self,
        inputs: Sequence[OwnedNote],
        amount: int,
        wanted: str,
        minimum: int,
        meter: OwnMeter,
        epoch: int,
        slot: int,
        cap: int,
        send: Send,
    ) -> Request:
        """Gives `amount` for at least `minimum` of another asset, in a meter's free slot of the epoch; cap in Wh."""
        asset, blinding = inputs[0].note.asset, new_blinding()
        order = SwapOrder(wanted, minimum, poseidon([self._keys.viewing.public_key, blinding]))
        record = Record(Act.SWAP, amount, send.fee, bytes.fromhex(wanted[2:]), blinding)
        trade = {"epoch": epoch, "cap": cap, "slot": slot, "meterMicrogrid": meter.microgrid, **meter.inputs}
        more = _shown(asset, amount) | trade
        request = self._spend(Operation.SWAP, inputs, [self._nothing(asset)], record, send, more, order)
        return _of(request, meter.path.root, meter.trade_nullifier(epoch, slot))

    def consolidate(self, inputs: Sequence[OwnedNote], send: Send) -> Request:
        """Makes one note of up to four."""
        return self._spend(Operation.CONSOLIDATE, inputs, [], Record(Act.CONSOLIDATE, 0, send.fee), send, {})

    def issue(self, asset: str, epoch: int, meter: OwnMeter, proof: ReadingProof, send: Send) -> Request:
        """Makes a note of what a meter exported in an epoch."""
        amount = proof.reading.exported * PARAMETERS.watt_hour - send.fee
        if amount < 0:
            raise BuildError("the relayer's fee is more than what was exported")
        record = Record(Act.ISSUE, amount, send.fee, _pair(meter.microgrid, epoch))
        named = {"microgrid": meter.microgrid, "epoch": epoch, "asset": int(asset, 16)}
        inputs = named | meter.inputs | proof.inputs
        request = self._prove(Operation.ISSUE, inputs, [self._own(asset, amount, record)], send, asset)
        return _of(request, meter.path.root, proof.root, meter.issue_nullifier(epoch))

    def settle(
        self, inputs: Sequence[OwnedNote], burned: int, epoch: int, meter: OwnMeter, proof: ReadingProof, send: Send
    ) -> Request:
        """Burns `burned` base units against what a meter imported in an epoch."""
        blinding = new_blinding()
        record = Record(Act.SETTLE, burned, send.fee, _pair(meter.microgrid, epoch), blinding)
        named = {"microgrid": meter.microgrid, "epoch": epoch, "burned": burned, "receiptBlinding": blinding}
        request = self._spend(Operation.SETTLE, inputs, [], record, send, named | meter.inputs | proof.inputs)
        receipt = poseidon([PARAMETERS.tags.receipt, meter.commitment, burned, blinding])
        return _of(request, meter.path.root, proof.root, meter.settle_nullifier(epoch), receipt)

    def _spend(
        self,
        operation: Operation,
        inputs: Sequence[OwnedNote],
        first: list[Content],
        record: Record,
        send: Send,
        more: Mapping[str, Any],
        details: Details = None,
    ) -> Request:
        """An operation that spends notes: what its record doesn't say was paid comes back with the record as change."""
        asset = inputs[0].note.asset
        left = sum(note.amount for note in inputs) - record.amount - send.fee
        if left < 0:
            raise BuildError("the notes are worth less than what is paid")
        count = 4 if operation is Operation.CONSOLIDATE else 2
        given = {**spent_inputs(self._keys, self._trees, inputs, count), **more, "asset": int(asset, 16)}
        return self._prove(operation, given, [*first, self._own(asset, left, record)], send, asset, details)

    def _prove(
        self,
        operation: Operation,
        inputs: Mapping[str, Any],
        contents: list[Content],
        send: Send,
        asset: str,
        details: Details = None,
    ) -> Request:
        """Adds the relayer's note and the context, and proves."""
        keys, amounts = [], []
        expected = []
        fee: list[Content] = []
        if send.relay and send.fee:
            note = Note(asset, send.fee, new_blinding(), send.relay.address.public_key)
            fee = [(send.relay.address.encryption_key, note)]
        for _, content in (everything := [*contents, *fee]):
            made = content[0] if isinstance(content, tuple) else content
            assert isinstance(made, Note)
            if not 0 <= made.amount < AMOUNT_LIMIT:
                raise BuildError("the amount is too large")
            keys.append(made.npk)
            amounts.append(made.amount)
            expected.append(made.commitment)
        if not fee:
            keys, amounts, expected = [*keys, 0], [*amounts, 0], [*expected, 0]
        terms = Terms(send.relay.account if send.relay else ANYONE, send.deadline, seal(everything))
        contract = self._registry if operation in (Operation.ISSUE, Operation.SETTLE) else self._pool
        context = context_hash(self._chain_id, contract, operation, terms, details)
        outputs = {"outputKeys": keys, "outputAmounts": amounts, "relayerVoid": 0 if fee else 1}
        proven = prove(CIRCUIT_OF[operation], {**inputs, **outputs, "contextHash": context}, send.progress)
        request = Request(operation, self._chain_id, contract, proven.proof, proven.signals, terms, details)
        return _of(request, *expected, context)

    def _own(self, asset: str, amount: int, record: Record) -> Content:
        """A note of this wallet's own, with the record."""
        viewing = self._keys.viewing
        return viewing.address.encryption_key, (Note(asset, amount, new_blinding(), viewing.public_key), record)

    def _nothing(self, asset: str) -> Content:
        """A receiver's note where nobody receives anything."""
        viewing = self._keys.viewing
        return viewing.address.encryption_key, Note(asset, 0, new_blinding(), viewing.public_key)


def spent_inputs(keys: Keys, trees: NoteTrees, notes: Sequence[OwnedNote], count: int) -> dict[str, Any]:
    """What a circuit takes of the notes that are spent, filled up with dummies to `count`."""
    dummies = count - len(notes)
    paths = [trees.path(note.position) for note in notes]
    return {
        "root": paths[0].root,
        "treeNumber": notes[0].tree,
        "spendingKey": keys.spending_key,
        "inputAmounts": [*(note.amount for note in notes), *[0] * dummies],
        "inputBlindings": [*(note.note.blinding for note in notes), *(new_blinding() for _ in range(dummies))],
        "inputIndices": [*(path.index for path in paths), *[0] * dummies],
        "inputSiblings": [*(path.siblings for path in paths), *[[0] * len(paths[0].siblings)] * dummies],
    }


def _shown(asset: str | None = None, amount: int = 0) -> dict[str, Any]:
    """What a joinsplit shows: nothing, or what leaves."""
    return {"publicAsset": int(asset, 16) if asset else 0, "publicAmount": amount}


def _pair(microgrid: int, epoch: int) -> bytes:
    return microgrid.to_bytes(32, "big") + epoch.to_bytes(32, "big")


def _of(request: Request, *expected: int) -> Request:
    """The request itself. Raises BuildError if its proof is of something else than was meant: the circuits only take
    what they are given to its roots."""
    if not set(expected) <= set(request.signals):
        names = [name for name in CIRCUITS[CIRCUIT_OF[request.operation]].public_names if "oot" in name]
        raise BuildError(f"what was given doesn't lead to the expected notes, nullifier, {' or '.join(names)}")
    return request
