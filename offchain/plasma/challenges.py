"""Challenges: what proves a fault to PlasmaChallenges, found by comparing a checkpoint with one's own execution."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from offchain.merkle import Tree
from offchain.node import Node, NodeError
from offchain.plasma.blocks import BlockLeaf, header_rlp
from offchain.plasma.bridge_history import BridgeHistory
from offchain.plasma.checkpoint import Checkpoint, SignedCheckpoint, Submission
from offchain.plasma.messages import BRIDGE, COUNTERS_SLOT, EXIT_ROOT_SLOT, INBOX_HASH_SLOT
from offchain.plasma.records import Bytes32, Record, Uint, to_bytes, to_hex

MOST_AHEAD = 15 * 60
"""Seconds that a block's time may be ahead of the root chain's when its checkpoint is accepted (PlasmaChallenges)."""


@dataclass(frozen=True)
class LeafProof(Record):
    """A leaf by its place in a checkpoint's tree."""

    submission: Submission
    leaf: BlockLeaf
    index: Uint
    siblings: tuple[Bytes32, ...]


@dataclass(frozen=True)
class Challenge:
    """A call of PlasmaChallenges that proves a fault, and the fault in words."""

    fault: str
    function: str
    arguments: tuple[Any, ...]


@dataclass(frozen=True)
class Published:
    """A checkpoint's leaves as they were published, true or not, and its tree."""

    submission: Submission
    leaves: Sequence[BlockLeaf]
    tree: Tree

    @classmethod
    def of(cls, submission: Submission, leaves: Sequence[BlockLeaf], chain_id: int) -> Published | None:
        """None if the checkpoint was not made of these leaves."""
        tree = Tree([leaf.hash(chain_id) for leaf in leaves]) if leaves else None
        checkpoint = submission.checkpoint
        if tree is None or tree.root != checkpoint.blocks_root or len(leaves) != checkpoint.count:
            return None
        return cls(submission, leaves, tree)

    def proof(self, index: int) -> LeafProof:
        """The proof of a leaf."""
        return LeafProof(self.submission, self.leaves[index], index, self.tree.path(index))


def in_leaves(published: Published, before: Published | None, headers: dict[bytes, bytes]) -> Iterator[Challenge]:
    """Faults in a checkpoint's leaves, the first one first. `before` is the checkpoint before it; `headers` has the
    RLP of those headers that are known, by their hash."""
    checkpoint = published.submission.checkpoint
    for index, leaf in enumerate(published.leaves):
        proof = published.proof(index)
        late = leaf.timestamp > published.submission.submitted_at + MOST_AHEAD
        if leaf.number != checkpoint.start + index or late:
            yield Challenge(f"block {leaf.number} has a wrong number or time", "proveWrongPlace", (proof.abi(),))
        parent = _parent(published, before, index)
        if parent is not None and (
            leaf.parent_hash != parent.leaf.block_hash or leaf.timestamp <= parent.leaf.timestamp
        ):
            link = (parent.abi(), proof.abi())
            yield Challenge(f"block {leaf.number} doesn't follow the one before", "proveBrokenLink", link)
        header = headers.get(leaf.block_hash)
        if header is not None and _differs(leaf, header):
            shown = (proof.abi(), header)
            yield Challenge(f"block {leaf.number} is not what its header says", "proveWrongLeaf", shown)
    if published.leaves[-1].state_root != checkpoint.last_state_root:
        last = published.proof(len(published.leaves) - 1)
        yield Challenge("the last state root is not the last block's", "proveWrongState", (last.abi(),))


def in_bridge(node: Node, submission: Submission, history: BridgeHistory, sent: bytes | None) -> Iterator[Challenge]:
    """A checkpoint whose counts, exits or messages are not those in PlasmaBridge's storage; `sent` is the hash of as
    many messages of the root chain's inbox, None if it has fewer. Needs a node that has the checkpoint's last state.

    Raises NodeError if the node has forgotten it."""
    checkpoint = submission.checkpoint
    bridge = history.at(checkpoint.end)
    shown = (checkpoint.inbox_consumed, checkpoint.exit_count, checkpoint.exit_root)
    if shown == (bridge.inbox_consumed, bridge.exit_count, bridge.exit_root) and bridge.inbox_hash == sent:
        return
    slots = [to_hex(slot) for slot in (COUNTERS_SLOT, INBOX_HASH_SLOT, EXIT_ROOT_SLOT)]
    answer = node.call("eth_getProof", BRIDGE, slots, hex(checkpoint.end))
    proofs = [[to_bytes(one) for one in slot["proof"]] for slot in answer["storageProof"]]
    account = [to_bytes(one) for one in answer["accountProof"]]
    fault = "took messages that the inbox doesn't have" if bridge.inbox_hash != sent else "differs from the bridge"
    yield Challenge(f"the checkpoint {fault}", "proveWrongBridge", (submission.abi(), account, *proofs))


def equivocations(
    first: SignedCheckpoint, second: SignedCheckpoint, members: Sequence[str]
) -> Iterator[tuple[str, Challenge]]:
    """The authorities that signed both of two checkpoints of one epoch; `members` are the set's, in order."""
    one, other = first.checkpoint, second.checkpoint
    same_place = first.domain == second.domain and (one.epoch, one.set_id) == (other.epoch, other.set_id)
    if not same_place or one == other:
        return
    for signer in sorted(first.signatures.keys() & second.signatures.keys()):
        if signer in members:
            signed = (one.abi(), first.signatures[signer], other.abi(), second.signatures[signer])
            fault = f"{signer} signed two checkpoints {one.epoch}"
            yield signer, Challenge(fault, "proveEquivocation", (*signed, members.index(signer)))


def known_headers(node: Node, checkpoint: Checkpoint) -> dict[bytes, bytes]:
    """The headers of a checkpoint's blocks as a node has them, by their hash."""
    found = {}
    for number in range(checkpoint.start, checkpoint.end + 1):
        block = node.block(number)
        if block is None:
            raise NodeError(f"the node has no block {number}")
        found[to_bytes(block["hash"], 32)] = header_rlp(block)
    return found


def _parent(published: Published, before: Published | None, index: int) -> LeafProof | None:
    if index:
        return published.proof(index - 1)
    return before.proof(len(before.leaves) - 1) if before else None


def _differs(leaf: BlockLeaf, header: bytes) -> bool:
    return BlockLeaf.of_header(header) != leaf
