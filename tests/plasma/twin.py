"""PlasmaInclusion beside its twin in Python: what both say to many proofs at once."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import astuple, dataclass, replace
from typing import Any

from eth_abi.abi import decode, encode
from eth_utils.crypto import keccak
from hypothesis import settings

from offchain.plasma.blocks import BlockLeaf
from offchain.plasma.checkpoint import Checkpoint, Submission
from offchain.plasma.proofs import (
    AccountProof,
    BlockProof,
    ReceiptProof,
    SlotProof,
    verify_account,
    verify_block,
    verify_log,
    verify_receipt,
    verify_slot,
    verify_transaction,
)
from offchain.plasma.records import to_hex
from offchain.plasma.tries import ProofError
from tests.plasma.made_up import CHILD_CHAIN_ID

REFUSED = None
BATCH = 300
MUCH_GAS = hex(25_000_000)
ZERO = bytes(32)

fuzz = settings(max_examples=150, deadline=None)
"""For what is compared with many examples."""


@dataclass(frozen=True)
class Claim:
    """A call of PlasmaInclusion, and the same question to Python."""

    submission: Submission
    call: bytes
    outputs: tuple[str, ...]
    twin: Callable[[], tuple[Any, ...]]


def claim(name: str, inputs: Sequence[tuple[str, Any]], outputs: Sequence[str], proof: BlockProof, twin: Any) -> Claim:
    types = [kind for kind, _ in inputs]
    data = keccak(text=f"{name}({','.join(types)})")[:4] + encode(types, [value for _, value in inputs])
    return Claim(proof.submission, data, (*outputs, "bool"), twin)


def block_claim(proof: BlockProof) -> Claim:
    def twin() -> tuple[Any, ...]:
        verify_block(CHILD_CHAIN_ID, proof)
        return ()

    return claim("verifyBlock", [(proof.abi_type(), proof.abi())], [], proof, twin)


def transaction_claim(proof: ReceiptProof) -> Claim:
    inputs = [(proof.abi_type(), proof.abi())]
    twin = lambda: (verify_transaction(CHILD_CHAIN_ID, proof),)  # noqa: E731
    return claim("verifyTransaction", inputs, ["bytes"], proof.block_proof, twin)


def receipt_claim(proof: ReceiptProof) -> Claim:
    inputs = [(proof.abi_type(), proof.abi())]
    twin = lambda: verify_receipt(CHILD_CHAIN_ID, proof)  # noqa: E731
    return claim("verifyReceipt", inputs, ["bool", "bytes"], proof.block_proof, twin)


def log_claim(proof: ReceiptProof, log_index: int = 0) -> Claim:
    def twin() -> tuple[Any, ...]:
        log = verify_log(CHILD_CHAIN_ID, proof, log_index)
        return ((log.emitter.lower(), log.topics, log.data),)

    inputs = [(proof.abi_type(), proof.abi()), ("uint256", log_index)]
    return claim("verifyLog", inputs, ["(address,bytes32[],bytes)"], proof.block_proof, twin)


def slot_claim(proof: SlotProof) -> Claim:
    inputs = [(proof.abi_type(), proof.abi())]
    twin = lambda: (verify_slot(CHILD_CHAIN_ID, proof),)  # noqa: E731
    return claim("verifySlot", inputs, ["uint256"], proof.block_proof, twin)


def account_claim(proof: AccountProof) -> Claim:
    inside = proof.block_proof
    inputs = [(inside.abi_type(), inside.abi()), ("address", proof.account), ("bytes[]", list(proof.nodes))]
    twin = lambda: astuple(verify_account(CHILD_CHAIN_ID, proof))  # noqa: E731
    return claim("verifyAccount", inputs, ["uint256", "uint256", "bytes32", "bytes32"], inside, twin)


def leaf(number: int = 1, **roots: Any) -> BlockLeaf:
    """A block with any roots."""
    return replace(BlockLeaf(number, 1, ZERO, ZERO, ZERO, ZERO, ZERO), **roots)


def checkpoint(root: bytes, start: int = 1, end: int = 1) -> Submission:
    """A checkpoint with any tree."""
    return Submission(Checkpoint(1, ZERO, start, end, root, ZERO, 0, 0, ZERO, ZERO, 1), 1, 1)


def alone(**roots: Any) -> BlockProof:
    """The only block of a checkpoint, with any roots."""
    only = leaf(**roots)
    return BlockProof(checkpoint(only.hash(CHILD_CHAIN_ID)), only, ())


def item(root: bytes, nodes: Sequence[bytes], index: int = 0) -> ReceiptProof:
    """An item of a trie that is the block's of transactions and of receipts."""
    return ReceiptProof(alone(transactions_root=root, receipts_root=root), index, tuple(nodes))


@dataclass(frozen=True)
class Twins:
    """A PlasmaInclusion and the submissions that its root accepted (None: any)."""

    inclusion: Any
    accepted: Sequence[Submission] | None = None

    def answers(self, claims: Sequence[Claim]) -> list[Any]:
        """What both say to each claim, without finality: values, or REFUSED. They must say the same."""
        known = None if self.accepted is None else {submission.hash for submission in self.accepted}
        answers: list[Any] = []
        for start in range(0, len(claims), BATCH):
            some = claims[start : start + BATCH]
            for claim, outcome in zip(some, self._outcomes(some), strict=True):
                said = REFUSED if "error" in outcome else self._values(claim, outcome["result"])
                expected = REFUSED
                if known is None or claim.submission.hash in known:
                    try:
                        expected = claim.twin()
                    except ProofError:
                        expected = REFUSED
                assert said == expected, f"the contract says {outcome}, Python {expected}"
                answers.append(said)
        return answers

    def refused(self, claims: Sequence[Claim]) -> int:
        """Checks that both refuse all; returns how many."""
        assert self.answers(claims) == [REFUSED] * len(claims)
        return len(claims)

    def shown(self, claim: Claim) -> Any:
        """The values of a claim that both accept."""
        (answer,) = self.answers([claim])
        assert answer is not REFUSED
        return answer

    def _outcomes(self, claims: Sequence[Claim]) -> list[Any]:
        requests = [
            ("eth_call", [{"to": self.inclusion.address, "data": to_hex(claim.call), "gas": MUCH_GAS}, "latest"])
            for claim in claims
        ]
        outcomes = self.inclusion.provider.web3.provider.make_batch_request(requests)
        assert all("result" in one or one["error"]["code"] == 3 for one in outcomes), "a call failed, but not by revert"
        return list(outcomes)

    @staticmethod
    def _values(claim: Claim, result: str) -> tuple[Any, ...]:
        return tuple(decode(claim.outputs, bytes.fromhex(result[2:])))[:-1]


def mutations(value: bytes) -> Iterator[bytes]:
    """A value with each byte changed, cut and extended at both ends, empty, doubled."""
    for at in range(len(value)):
        yield value[:at] + bytes([value[at] ^ 1 << at % 8]) + value[at + 1 :]
    yield from (value[1:], value[:-1], value + b"\0", b"\0" + value, value + b"\x80", value * 2, b"")


def rearranged(items: tuple[bytes, ...]) -> Iterator[tuple[bytes, ...]]:
    """A sequence with an item too few or too many, or in another order."""
    for at in range(len(items)):
        yield items[:at] + items[at + 1 :]
        yield items[: at + 1] + items[at:]
        yield (*items[:at], b"\x80", *items[at:])
    for first in range(len(items)):
        for second in range(first):
            order = list(items)
            order[first], order[second] = order[second], order[first]
            yield tuple(order)
    yield from ((*items, b"\x80"), (*items, b""), (*items, b"\xc0"), items + items, ())


def mutated(items: tuple[bytes, ...]) -> Iterator[tuple[bytes, ...]]:
    """A proof's nodes with anything changed in one place."""
    for at, item in enumerate(items):
        for other in mutations(item):
            yield (*items[:at], other, *items[at + 1 :])
    yield from rearranged(items)


def altered(proof: BlockProof) -> Iterator[BlockProof]:
    """A block's proof with one field changed."""
    for name, value in vars(proof.leaf).items():
        for other in _others(value):
            yield replace(proof, leaf=replace(proof.leaf, **{name: other}))
    for name, value in vars(proof.submission.checkpoint).items():
        for other in _others(value):
            checkpoint = replace(proof.submission.checkpoint, **{name: other})
            yield replace(proof, submission=replace(proof.submission, checkpoint=checkpoint))
    for name in ("submitted_at", "signers"):
        for other in _others(getattr(proof.submission, name)):
            yield replace(proof, submission=replace(proof.submission, **{name: other}))
    for at, sibling in enumerate(proof.siblings):
        for other in _others(sibling):
            yield replace(proof, siblings=(*proof.siblings[:at], other, *proof.siblings[at + 1 :]))
    for siblings in rearranged(proof.siblings):
        if all(len(sibling) == 32 for sibling in siblings) and siblings != proof.siblings:
            yield replace(proof, siblings=siblings)
    yield from (replace(proof, siblings=(*proof.siblings, other)) for other in (bytes(32), keccak(b"")))


def _others(value: Any) -> Iterator[Any]:
    if isinstance(value, int):
        yield from {value + 1, abs(value - 1), value ^ 1 << 255, 0} - {value}
    else:
        yield from (one for one in mutations(value) if len(one) == len(value))
        yield from {bytes(len(value)), keccak(value)} - {value}
