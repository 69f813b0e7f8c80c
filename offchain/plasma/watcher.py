"""An independent watcher: executes every block itself, compares every checkpoint, and files challenges by itself.

What the root chain can't decide (a false execution that everything else is consistent with) it can only tell: then the
authorities should freeze the chain.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import dataclass

from offchain.errors import UserError
from offchain.node import Node, NodeError
from offchain.plasma.blocks import BlockError
from offchain.plasma.challenges import Challenge, Published, equivocations, in_bridge, in_leaves, known_headers
from offchain.plasma.checkpoint import SignedCheckpoint, Submission
from offchain.plasma.checkpoint_maker import CheckpointMaker
from offchain.plasma.deliveries import Deliveries
from offchain.plasma.prover import read_leaves, told_leaves
from offchain.plasma.root_chain import RootChain
from offchain.plasma.submitter import CallRefused, Submitter
from offchain.signature import split

log = logging.getLogger("openmg.plasma")


class WatchingError(UserError):
    """Says in one line why a checkpoint can't be looked at yet."""


@dataclass(frozen=True)
class Finding:
    """A checkpoint that was looked at: how it differs from what was executed here (empty: in nothing), the fault that
    can be proven, and the challenge's transaction, or why the contract refused it."""

    submission: Submission
    differs: tuple[str, ...] = ()
    challenge: Challenge | None = None
    transaction: str | None = None
    refused: str | None = None

    def words(self) -> str:
        """In one line."""
        checkpoint = self.submission.checkpoint
        what = f"checkpoint {checkpoint.epoch}, blocks {checkpoint.start} to {checkpoint.end}"
        if self.challenge is not None:
            sent = self.refused or "not challenged: no key was given"
            sent = f"challenged in {self.transaction}" if self.transaction else sent
            return f"{what}: FAULT, {self.challenge.fault}; {sent}"
        if self.differs:
            return f"{what}: DIFFERS in {', '.join(self.differs)}, which can't be proven: the authorities should freeze"
        return f"{what}: as executed here, {self.submission.signers.bit_count()} signers"


class Watcher:
    """Watches the checkpoints of one's own replica's chain. Without a submitter it only tells. `public` is a node that
    others read, maybe the leader's: what it tells of its blocks can be proven wrong if a checkpoint was made of it."""

    def __init__(
        self,
        root: RootChain,
        maker: CheckpointMaker,
        node: Node,
        chain_id: int,
        submitter: Submitter | None,
        public: Node | None = None,
    ) -> None:
        self._root, self._maker, self._node, self._chain_id = root, maker, node, chain_id
        self._submitter, self._public = submitter, public
        self._challenges = root.challenges
        self._looked: dict[int, bytes] = {}
        self._before: Published | None = None
        self._deliveries = Deliveries(root, maker.history, node, public)
        self._signed: dict[tuple[int, int], list[SignedCheckpoint]] = {}

    def step(self) -> Iterator[Finding]:
        """Looks at the checkpoints that are new, or others since the root chain was reorganised; also at void ones,
        whose signers can still be slashed. Raises WatchingError while the leader doesn't give the blocks of one."""
        for submission in self._root.accepted():
            epoch = submission.checkpoint.epoch
            if self._looked.get(epoch) == submission.hash:
                continue
            if self._maker.height < submission.checkpoint.end:
                raise WatchingError(f"block {submission.checkpoint.end} of checkpoint {epoch} isn't executed here yet")
            yield self._look(submission)
            self._looked[epoch] = submission.hash

    def seen(self, signed: SignedCheckpoint) -> list[str]:
        """Takes note of a signed checkpoint, wherever it was seen, and challenges whoever signed another one of its
        epoch; returns who that is."""
        key = (signed.checkpoint.epoch, signed.checkpoint.set_id)
        known = self._signed.setdefault(key, [])
        if signed in known:
            return []
        members = self._root.authorities_of(signed.checkpoint.set_id)
        caught = []
        for other in known:
            for signer, challenge in equivocations(other, signed, members):
                caught.append(signer)
                try:
                    self._file(challenge)
                except CallRefused as error:  # slashed already
                    log.warning("%s can't be challenged: %s", challenge.fault, error)
        known.append(signed)
        return caught

    def _look(self, submission: Submission) -> Finding:
        checkpoint = submission.checkpoint
        signatures = self._root.signatures(checkpoint.epoch)
        if signatures is not None:
            self._note(submission, signatures)
        epoch, differs = checkpoint.epoch, checkpoint.differences(self._maker.again(checkpoint))
        if self._before is None or self._before.submission.checkpoint.epoch != epoch - 1:
            earlier = [one for one in self._root.accepted() if one.checkpoint.epoch == epoch - 1]
            self._before = self._published(earlier[0]) if earlier else None
        published = self._published(submission)
        challenge = next(self._faults(submission, published), None)
        self._before = published
        try:
            return Finding(submission, differs, challenge, self._file(challenge) if challenge else None)
        except CallRefused as error:  # somebody was quicker
            return Finding(submission, differs, challenge, refused=str(error))

    def _published(self, submission: Submission) -> Published | None:
        """A checkpoint's leaves: those executed here or those that the public node tells, if it was made of either."""
        start, end = submission.checkpoint.start, submission.checkpoint.end
        found = Published.of(submission, read_leaves(self._node, start, end), self._chain_id)
        if found is None and self._public is not None:
            try:
                found = Published.of(submission, told_leaves(self._public, start, end), self._chain_id)
            except (NodeError, BlockError) as error:
                log.warning("the public node tells nothing of checkpoint %d: %s", submission.checkpoint.epoch, error)
        return found

    def _faults(self, submission: Submission, published: Published | None) -> Iterator[Challenge]:
        delivered: list[Challenge] = []
        if published is not None:
            headers = known_headers(self._node, submission.checkpoint)
            delivered = self._deliveries.faults(published, headers, self._published)
            yield from in_leaves(published, self._before, headers)
        last = self._node.block(submission.checkpoint.end)
        if last is not None and last["stateRoot"] == "0x" + submission.checkpoint.last_state_root.hex():
            sent = self._root.sent_hash(self._maker.history.at(submission.checkpoint.end).inbox_consumed)
            try:
                yield from in_bridge(self._node, submission, self._maker.history, sent)
            except NodeError as error:  # it keeps states for a while only
                log.warning("the bridge after checkpoint %d can't be proven: %s", submission.checkpoint.epoch, error)
        yield from delivered

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
        return str(self._submitter.transact(call)["transactionHash"])
