"""Holds a disclosure against the chain, on the auditor's own node."""

from __future__ import annotations

from dataclasses import dataclass

from web3 import Web3

from offchain.deployment.manifest import Manifest
from offchain.node import Node
from offchain.wallet.address import Address
from offchain.wallet.disclosure import Disclosure, DisclosureError, Line, Opening, Role, SpendingProof, Subject
from offchain.wallet.events import Settled, Swapped, Unshielded
from offchain.wallet.note import commitment
from offchain.wallet.transactions import Shown, read
from offchain.zk.circuits import CIRCUITS, PARAMETERS
from offchain.zk.poseidon import poseidon

SIGNALS = CIRCUITS["joinsplit"].public_names


@dataclass(frozen=True)
class Movement:
    """Base units of an asset: what a note that was opened holds, or what left to a public account."""

    role: str
    asset: str
    amount: int
    address: str = ""


@dataclass(frozen=True)
class Finding:
    """What is certain of one transaction. `spent`: per asset, what the notes held that the discloser is proven to have
    spent, if that is shown; `by_owner`: that the discloser spent is proven. `burned` (base units) with its microgrid,
    epoch and meter commitment for a settlement."""

    transaction: str
    kind: str
    block: int
    time: int
    movements: tuple[Movement, ...]
    spent: dict[str, int]
    by_owner: bool
    burned: int | None = None
    microgrid: int = 0
    epoch: int = 0
    meter: int = 0


class Audit:
    """Checks disclosures of one pool. Raises DeploymentError if the manifest has none."""

    def __init__(self, web3: Web3, manifest: Manifest) -> None:
        self._node, self._chain_id = Node(web3), manifest.chain_id
        self._pool_address, self._registry_address = manifest.address("pool"), manifest.address("registry")
        self._pool = manifest.contract(web3, "pool").functions
        self._verifier = manifest.contract(web3, "joinsplit_verifier").functions

    def check(self, disclosure: Disclosure) -> list[Finding]:
        """What each line proves. Raises DisclosureError, which names the line, if anything in it doesn't hold."""
        header = disclosure.header
        if (header.chain_id, header.pool) != (self._chain_id, self._pool_address):
            raise DisclosureError(f"wrong network: the disclosure is of pool {header.pool} on chain {header.chain_id}")
        if not disclosure.lines:
            raise DisclosureError("the disclosure shows nothing")
        transactions = [line.transaction for line in disclosure.lines]
        if len(set(transactions)) < len(transactions):
            raise DisclosureError("the disclosure shows a transaction twice")
        return [self._check_line(disclosure, line) for line in disclosure.lines]

    def _check_line(self, disclosure: Disclosure, line: Line) -> Finding:
        header = disclosure.header
        shown = read(self._node, line.transaction, (self._pool_address, self._registry_address))
        if header.subject is Subject.STATEMENT and not header.since <= shown.origin.time < header.until:
            raise _wrong(line, "it is not of the statement's time")
        owner = Address.parse(header.owner) if header.owner else None
        movements = [self._check_opening(line, opening, shown, owner) for opening in line.openings]
        if len({opening.note.commitment for opening in line.openings}) < len(line.openings):
            raise _wrong(line, "a note is opened twice")
        context = header.context(line.transaction)
        spent: dict[str, int] = {}
        used: set[int] = set()
        for proof in line.proofs:
            self._check_proof(line, proof, shown, context, used, spent)
        if line.proofs:
            movements += _public(shown)
        if not (movements or line.settlement):
            raise _wrong(line, "it shows nothing")
        burned = self._check_settlement(line, shown)
        named = line.settlement
        return Finding(
            line.transaction,
            line.kind,
            shown.origin.block,
            shown.origin.time,
            tuple(movements),
            spent,
            bool(line.proofs),
            burned,
            *((named.microgrid, named.epoch, named.meter) if named else (0, 0, 0)),
        )

    def _check_opening(self, line: Line, opening: Opening, shown: Shown, owner: Address | None) -> Movement:
        note = opening.note
        if note.commitment not in shown.positions:
            raise _wrong(line, "an opening fits none of the notes it made")
        if owner and opening.role is not Role.PAYMENT and note.owner != owner.public_key:
            raise _wrong(line, "a note is said to be the discloser's and is somebody else's")
        return Movement(opening.role.value, note.asset, note.amount, opening.address)

    def _check_proof(
        self,
        line: Line,
        shown_proof: SpendingProof,
        shown: Shown,
        context: int,
        used: set[int],
        spent: dict[str, int],
    ) -> None:
        signals = dict(zip(SIGNALS, shown_proof.signals, strict=True))
        repeated = {signals["nullifiers[0]"], signals["nullifiers[1]"]}
        if signals["contextHash"] != context:
            raise _wrong(line, "a proof was made for another auditor, purpose or transaction")
        if not repeated <= shown.nullifiers or repeated & used:
            raise _wrong(line, "a proof is of other notes than were spent")
        if not self._pool.isRoot(signals["root"], signals["treeNumber"]).call():
            raise _wrong(line, "a proof is of a tree that the pool never had")
        proof = shown_proof.proof
        if not self._verifier.verifyProof(proof.a, proof.b, proof.c, list(shown_proof.signals)).call():
            raise _wrong(line, "a proof doesn't hold")
        used |= repeated
        if signals["publicAmount"]:
            asset = _asset(signals["publicAsset"])
            made = [signals[f"commitments[{place}]"] for place in range(3)]
            if asset is None or made != [commitment(0, asset, 0)] * 2 + [0]:
                raise _wrong(line, "a proof doesn't show all that was spent")
            spent[asset] = spent.get(asset, 0) + signals["publicAmount"] * len(repeated) // 2

    def _check_settlement(self, line: Line, shown: Shown) -> int | None:
        opened = line.settlement
        if opened is None:
            return None
        receipt = poseidon([PARAMETERS.tags.receipt, opened.meter, opened.burned, opened.blinding])
        if not any(
            isinstance(event, Settled)
            and (event.microgrid, event.epoch, event.receipt) == (opened.microgrid, opened.epoch, receipt)
            for event in shown.events
        ):
            raise _wrong(line, "the opening doesn't give the settlement's receipt")
        return opened.burned


def _asset(number: int) -> str | None:
    return Web3.to_checksum_address(number.to_bytes(20, "big")) if number < 1 << 160 else None


def _public(shown: Shown) -> list[Movement]:
    """What the chain itself shows of where the notes went."""
    left = [event for event in shown.events if isinstance(event, Unshielded)]
    swapped = [event for event in shown.events if isinstance(event, Swapped)]
    movements = [Movement("unshielded", event.asset, event.amount, event.recipient) for event in left]
    return movements + [Movement("swapped", event.asset_in, event.amount_in) for event in swapped]


def _wrong(line: Line, reason: str) -> DisclosureError:
    return DisclosureError(f"the disclosure of transaction {line.transaction} is wrong: {reason}")
