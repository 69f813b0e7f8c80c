"""Deliveries that the receipts of a checkpoint's blocks tell of, and what proves that one can't be: of a message that
the inbox doesn't have, or of one that was delivered before.

Both show in PlasmaBridge's storage, too, if that was executed honestly. Receipts are there longer than states, and
made-up ones come with a state that is right.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Container, Iterator
from dataclasses import dataclass
from typing import Any

from offchain.node import Node, NodeError
from offchain.plasma.blocks import BlockLeaf
from offchain.plasma.bridge_history import BridgeHistory
from offchain.plasma.challenges import Challenge, Published
from offchain.plasma.checkpoint import Submission
from offchain.plasma.events import Delivered
from offchain.plasma.messages import BRIDGE, chained
from offchain.plasma.proofs import BlockProof, ReceiptProof
from offchain.plasma.root_chain import RootChain
from offchain.plasma.tries import ItemTrie, Log, ProofError, receipt_decoded, receipt_encoded

log = logging.getLogger("openmg.plasma")

Again = Callable[[Submission], Published | None]
"""Gets the leaves of a checkpoint that was looked at before, None if nobody tells them any more."""


@dataclass(frozen=True)
class Place:
    """Where a log is: its checkpoint, its block, the receipt in that, the log in that."""

    submission: Submission
    block: int
    receipt: int
    log: int

    @property
    def order(self) -> tuple[int, int, int]:
        """By which logs come one after the other."""
        return self.block, self.receipt, self.log


class Deliveries:
    """The deliveries of all checkpoints that were looked at, which are shown to it in order. `node` executed the
    blocks, of which `history` is; `public` tells blocks and receipts that may be others."""

    def __init__(self, root: RootChain, history: BridgeHistory, node: Node, public: Node | None) -> None:
        self._root, self._history, self._node, self._public = root, history, node, public
        self._first: dict[int, Place] = {}

    def faults(self, published: Published, executed: Container[bytes], again: Again) -> list[Challenge]:
        """What is wrong with a checkpoint's deliveries; `executed` has the hashes of the blocks that were executed
        here. Raises NodeError, RootChainError."""
        found: list[Challenge] = []
        for place, message, message_hash in self._told(published, executed):
            if not self._is_sent(message, message_hash):
                fault = f"block {place.block} delivered a message {message} that the inbox doesn't have"
                found += self._shown(fault, "proveFalseDelivery", (published, place))
            first = self._first.get(message)
            if first is None or first.order >= place.order or not self._counts(first.submission):
                self._first[message] = place
            else:
                earlier = published if first.submission == place.submission else again(first.submission)
                fault = f"block {place.block} delivered message {message} again"
                found += self._shown(fault, "proveDoubleDelivery", (earlier, first), (published, place))
        return found

    def _told(self, published: Published, executed: Container[bytes]) -> Iterator[tuple[Place, int, bytes]]:
        """Each delivery: where it is, number and hash of the message."""
        checkpoint = published.submission.checkpoint
        delivering = self._history.delivering(checkpoint.start, checkpoint.end)
        for number, leaf in enumerate(published.leaves, checkpoint.start):
            if leaf.number != number or (leaf.block_hash in executed and number not in delivering):
                continue  # out of its place it proves nothing but that
            for index, receipt in enumerate(self._receipts(leaf)):
                for log_index, one in _deliveries(receipt):
                    place = Place(published.submission, number, index, log_index)
                    yield place, int.from_bytes(one.topics[1], "big"), one.topics[2]

    def _receipts(self, leaf: BlockLeaf) -> list[bytes]:
        """The receipts that a block was made of, as far as anybody tells them; else none."""
        for node in (self._node, self._public):
            try:
                answer = node.call("eth_getBlockReceipts", hex(leaf.number)) if node else None
                receipts = [receipt_encoded(one) for one in answer or ()]
            except (NodeError, ProofError, TypeError) as error:
                log.warning("the receipts of block %d can't be had: %s", leaf.number, error)
                continue
            if ItemTrie(receipts).root == leaf.receipts_root:
                return receipts
        return []

    def _is_sent(self, message: int, message_hash: bytes) -> bool:
        """Whether the inbox has that message, final or not."""
        messages = self._root.messages()
        if message < len(messages) and messages[message].hash == message_hash:
            return True
        before, after = self._root.sent_hash(message), self._root.sent_hash(message + 1)
        return before is not None and after is not None and chained(before, message_hash) == after

    def _counts(self, submission: Submission) -> bool:
        """Whether the root chain still has a checkpoint: it may have been reorganised."""
        return self._root.submission_hash(submission.checkpoint.epoch) == submission.hash

    def _shown(self, fault: str, function: str, *logs: tuple[Published | None, Place]) -> Iterator[Challenge]:
        """The challenge with the proofs of these logs, if their blocks and receipts are still told."""
        arguments: list[Any] = []
        for published, place in logs:
            index = place.block - place.submission.checkpoint.start
            receipts = self._receipts(published.leaves[index]) if published else []
            if published is None or not receipts:
                log.warning("%s: it can't be proven, since nobody tells block %d any more", fault, place.block)
                return
            block = BlockProof(published.submission, published.leaves[index], published.tree.path(index))
            proof = ReceiptProof(block, place.receipt, ItemTrie(receipts).proof(place.receipt))
            arguments += [proof.abi(), place.log]
        yield Challenge(fault, function, tuple(arguments))


def _deliveries(receipt: bytes) -> Iterator[tuple[int, Log]]:
    """The logs of a receipt that say that a message was delivered, with their places."""
    try:
        success, logs = receipt_decoded(receipt)
    except ProofError:  # made up: the contract couldn't read it either
        return
    for number, one in enumerate(logs):
        if success and one.emitter == BRIDGE and len(one.topics) == 3 and one.topics[0] == Delivered.topic():
            yield number, one
