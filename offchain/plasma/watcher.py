"""An independent watcher: executes every block itself, compares every checkpoint, and files challenges by itself.

What the root chain can't decide (a false execution that everything else is consistent with) it can only tell: then the
authorities should freeze the chain.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from offchain.errors import UserError
from offchain.node import Node
from offchain.plasma.challenges import Challenge, Published, equivocations, in_bridge, in_leaves, known_headers
from offchain.plasma.checkpoint import SignedCheckpoint, Submission, split
from offchain.plasma.checkpoint_maker import CheckpointMaker
from offchain.plasma.prover import read_leaves
from offchain.plasma.root_chain import RootChain
from offchain.plasma.submitter import Submitter

log = logging.getLogger("openmg.plasma")


@dataclass(frozen=True)
class Finding:
    """A checkpoint that was looked at: how it differs from what was executed here (empty: in nothing), the fault that
    was proven, and the challenge's transaction."""

    submission: Submission
    differs: tuple[str, ...] = ()
    challenge: Challenge | None = None
    transaction: str | None = None

    def words(self) -> str:
        """In one line."""
        checkpoint = self.submission.checkpoint
        what = f"checkpoint {checkpoint.epoch}, blocks {checkpoint.start} to {checkpoint.end}"
        if self.challenge is not None:
            sent = f"challenged in {self.transaction}" if self.transaction else "not challenged: no key was given"
            return f"{what}: FAULT, {self.challenge.fault}; {sent}"
        if self.differs:
            return f"{what}: DIFFERS in {', '.join(self.differs)}, which can't be proven: the authorities should freeze"
        return f"{what}: as executed here, {self.submission.signers.bit_count()} signers"


class Watcher:
    """Watches the checkpoints of one's own replica's chain. Without a submitter it only tells."""

    def __init__(
        self, root: RootChain, maker: CheckpointMaker, node: Node, chain_id: int, submitter: Submitter | None
    ) -> None:
        self._root, self._maker, self._node, self._chain_id = root, maker, node, chain_id
        self._submitter = submitter
        self._challenges = root.challenges
        self._checked = 0
        self._before: Published | None = None
        self._signed: dict[tuple[int, int], list[SignedCheckpoint]] = {}

    def step(self) -> Iterator[Finding]:
        """Looks at the checkpoints that are new and whose blocks are executed here."""
        if self._root.head().epoch <= self._checked:
            return
        for submission in self._root.submissions(self._checked + 1):
            if self._maker.height < submission.checkpoint.end:
                return
            yield self._look(submission)
            self._checked = submission.checkpoint.epoch

    def seen(self, signed: SignedCheckpoint) -> list[str]:
        """Takes note of a signed checkpoint, wherever it was seen, and challenges whoever signed another one of its
        epoch; returns who that is."""
        key = (signed.checkpoint.epoch, signed.checkpoint.set_id)
        known = self._signed.setdefault(key, [])
        members = self._root.authorities_of(signed.checkpoint.set_id)
        caught = []
        for other in known:
            for signer, challenge in equivocations(other, signed, members):
                self._file(challenge)
                caught.append(signer)
        if signed not in known:
            known.append(signed)
        return caught

    def _look(self, submission: Submission) -> Finding:
        checkpoint = submission.checkpoint
        signatures = self._root.signatures(checkpoint.epoch)
        if signatures is not None:
            self._note(submission, signatures)
        epoch, previous, set_id = checkpoint.epoch, checkpoint.previous, checkpoint.set_id
        own = self._maker.make(epoch, previous, checkpoint.start, checkpoint.end, set_id)
        differs = tuple(name for name, value in own.to_json().items() if value != checkpoint.to_json()[name])
        leaves = read_leaves(self._node, checkpoint.start, checkpoint.end)
        published = Published.of(submission, leaves, self._chain_id)
        challenge = next(self._faults(submission, published), None)
        self._before = published
        transaction = self._file(challenge) if challenge else None
        return Finding(submission, differs, challenge, transaction)

    def _faults(self, submission: Submission, published: Published | None) -> Iterator[Challenge]:
        if published is not None:
            yield from in_leaves(published, self._before, known_headers(self._node, submission.checkpoint))
        last = self._node.block(submission.checkpoint.end)
        if last is not None and last["stateRoot"] == "0x" + submission.checkpoint.last_state_root.hex():
            sent = self._root.inbox_hash(submission.checkpoint.inbox_consumed)
            yield from in_bridge(self._node, submission, self._maker.history, sent)

    def _note(self, submission: Submission, signatures: bytes) -> None:
        signed = SignedCheckpoint(self._root.domain, submission.checkpoint, {})
        for one in split(signatures):
            signed = signed.with_signature(one)
        for signer in self.seen(signed):
            log.warning("%s signed two checkpoints %d", signer, submission.checkpoint.epoch)

    def _file(self, challenge: Challenge) -> str | None:
        if self._submitter is None:
            return None
        call = self._challenges.functions[challenge.function](*challenge.arguments)
        receipt = self._submitter.send(self._challenges.address, bytes.fromhex(call._encode_transaction_data()[2:]))
        return str(receipt["transactionHash"])


def watch(watcher: Watcher, tell: Callable[[Finding], None], failed: Callable[[UserError], None]) -> None:
    """One round: tells what was found; an error is told, and the next round tries again."""
    try:
        for finding in watcher.step():
            tell(finding)
    except UserError as error:
        failed(error)
