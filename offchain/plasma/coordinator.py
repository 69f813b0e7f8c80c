"""The leader's way to the root chain: makes a checkpoint, asks the authorities to sign it, submits it.

A checkpoint is on the disk before anybody is asked, so that after a crash the same one is asked for again, byte for
byte. Those that were accepted are kept: if the root chain reorganises, the same bytes are submitted again.
"""

from __future__ import annotations

import json
import logging
import os
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

from offchain import durable_file
from offchain.errors import UserError
from offchain.plasma.authority import Authority, Withheld
from offchain.plasma.authority_service import AuthorityClient, AuthorityUnavailable
from offchain.plasma.checkpoint import NO_CHECKPOINT, Checkpoint, SignedCheckpoint
from offchain.plasma.checkpoint_maker import MOST_BLOCKS, CheckpointMaker
from offchain.plasma.records import RecordError
from offchain.plasma.root_chain import Head, RootChain
from offchain.plasma.submitter import SubmissionError, Submitter
from offchain.signature import SignatureError

FINALITY_SECONDS = 2.0
"""How often it is looked whether a checkpoint can be made final."""

log = logging.getLogger("openmg.plasma")

T = TypeVar("T")


class CoordinatorError(UserError):
    """Says in one line why no checkpoint can be submitted."""


class Archive:
    """Checkpoints with their signatures, one file an epoch, and the one under way."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)

    def pending(self) -> SignedCheckpoint | None:
        """The one under way."""
        return self._read(self.folder / "pending.json")

    def accepted(self, epoch: int) -> SignedCheckpoint | None:
        """One that was accepted."""
        return self._read(self._path(epoch))

    def save(self, signed: SignedCheckpoint) -> None:
        """Keeps the one under way."""
        durable_file.replace(self.folder / "pending.json", json.dumps(signed.to_json(), indent=2).encode())

    def accept(self, epoch: int) -> None:
        """The one under way was accepted."""
        os.replace(self.folder / "pending.json", self._path(epoch))

    def reopen(self, epoch: int) -> None:
        """One that was accepted is under way again."""
        os.replace(self._path(epoch), self.folder / "pending.json")

    def _path(self, epoch: int) -> Path:
        return self.folder / f"{epoch:08}.json"

    def _read(self, path: Path) -> SignedCheckpoint | None:
        if not path.exists():
            return None
        try:
            return SignedCheckpoint.from_json(json.loads(path.read_text()))
        except (ValueError, RecordError, SignatureError) as error:
            raise CoordinatorError(f"{path} is damaged ({error}): move it away") from error


class Coordinator:
    """Submits a checkpoint every `interval` seconds if there are new blocks. `own` signs here, `peers` elsewhere."""

    def __init__(
        self,
        root: RootChain,
        maker: CheckpointMaker,
        own: Authority,
        peers: Sequence[AuthorityClient],
        submitter: Submitter,
        archive: Archive,
        interval: float,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._root, self._maker, self._own, self._peers = root, maker, own, peers
        self._submitter, self._archive, self._interval, self._clock = submitter, archive, interval, clock
        self._last = -interval
        self._finality_due = 0.0

    def step(self) -> int | None:
        """Does what can be done now; returns the epoch of a checkpoint that was accepted by it. Raises what hinders
        it; a later step goes on from there."""
        head = self._root.head()
        if self._root.state() == "halted":
            raise CoordinatorError(
                f"the plasma chain has halted: what counts is checkpoint {head.epoch}, all leave now"
            )
        lost = self._archive.accepted(head.epoch + 1)
        if lost is not None:
            log.warning("the root chain has lost checkpoint %d: submitted again", lost.checkpoint.epoch)
            if lost.checkpoint.set_id == self._root.set_id():
                self._submit(lost)
                return lost.checkpoint.epoch
            self._archive.reopen(lost.checkpoint.epoch)  # the new set has to sign it
        self._finalise(head)
        pending = self._archive.pending()
        if pending is not None and pending.checkpoint.epoch <= head.epoch:
            self._take_in(pending, head)
            pending = None
        if pending is None:
            pending = self._next(head)
        if pending is None:
            return None
        pending = self._signed(pending)
        self._submit(pending)
        self._archive.accept(pending.checkpoint.epoch)
        self._last = self._clock()
        return pending.checkpoint.epoch

    def _finalise(self, head: Head) -> None:
        """Makes checkpoints final whose challenge period is over; anybody could."""
        now = self._clock()
        if now < self._finality_due or self._root.final_epoch() == head.epoch:
            return
        mature = self._root.mature()
        if mature is None:
            self._finality_due = now + FINALITY_SECONDS
            return
        try:
            self._submitter.transact(self._root.root.functions.finalise(mature.abi()))
            log.info("checkpoint %d is final", mature.checkpoint.epoch)
        except SubmissionError as error:  # somebody else was quicker; it mustn't hinder the next checkpoint
            log.info("checkpoint %d is not made final here: %s", mature.checkpoint.epoch, error)
            self._finality_due = now + FINALITY_SECONDS

    def _take_in(self, pending: SignedCheckpoint, head: Head) -> None:
        """The one under way was accepted before this process noticed."""
        epoch = pending.checkpoint.epoch
        submission = self._root.submission(epoch)
        if submission is None or submission.checkpoint != pending.checkpoint:
            raise CoordinatorError(f"the root chain has another checkpoint {epoch} than the one under way here")
        self._archive.accept(epoch)

    def _next(self, head: Head) -> SignedCheckpoint | None:
        height = self._maker.height
        if height <= head.end or self._clock() - self._last < self._interval:
            return None
        end = min(height, head.end + MOST_BLOCKS)
        previous = self._root.head_hash() if head.epoch else NO_CHECKPOINT
        begun = self._begun(head, previous)
        checkpoint = begun or self._maker.make(head.epoch + 1, previous, head.end + 1, end, self._root.set_id())
        signed = SignedCheckpoint(self._root.domain, checkpoint, {})
        self._archive.save(signed)
        return signed

    def _begun(self, head: Head, previous: bytes) -> Checkpoint | None:
        """The next checkpoint as authorities have signed it already, most of them if they differ: its file was lost, or
        somebody else coordinated. They sign no other one. What isn't what was executed here is left out."""
        epoch, start = head.epoch + 1, head.end + 1
        told = [self._own.signed(epoch), *self._of_peers(lambda peer: _told(peer, epoch))]
        found = [replace(one, set_id=self._root.set_id()) for one in told if one is not None]
        in_place = [one for one in found if (one.epoch, one.previous, one.start) == (epoch, previous, start)]
        honest = {one for one in set(in_place) if one.end <= self._maker.height and self._maker.again(one) == one}
        return max(honest, key=in_place.count, default=None)

    def _signed(self, pending: SignedCheckpoint) -> SignedCheckpoint:
        """The same with a quorum's signatures."""
        set_id = self._root.set_id()
        if pending.checkpoint.set_id != set_id:
            pending = SignedCheckpoint(pending.domain, replace(pending.checkpoint, set_id=set_id), {})
            self._archive.save(pending)
        members, quorum = set(self._root.standing()), self._root.quorum()
        refusals = []
        if len(members & pending.signatures.keys()) < quorum:
            checkpoint = pending.checkpoint
            try:
                pending = pending.with_signature(self._own.sign(checkpoint))
            except Withheld as error:  # the others may be enough
                refusals.append(str(error))
            for answer in self._of_peers(lambda peer: self._ask(peer, checkpoint)):
                if isinstance(answer, bytes):
                    pending = pending.with_signature(answer)
                else:
                    refusals.append(answer)
        signatures = {signer: one for signer, one in pending.signatures.items() if signer in members}
        pending = SignedCheckpoint(pending.domain, pending.checkpoint, signatures)
        self._archive.save(pending)
        if len(signatures) < quorum:
            raise CoordinatorError(
                f"checkpoint {pending.checkpoint.epoch} has {len(signatures)} of {quorum} signatures: "
                + "; ".join(refusals or ["no more authorities are known"])
            )
        return pending

    def _of_peers(self, ask: Callable[[AuthorityClient], T]) -> list[T]:
        """Each one's answer; all are asked at once."""
        with ThreadPoolExecutor(max_workers=max(1, len(self._peers))) as pool:
            return list(pool.map(ask, self._peers))

    def _ask(self, peer: AuthorityClient, checkpoint: Checkpoint) -> bytes | str:
        try:
            return peer.sign(self._root.domain, checkpoint)
        except AuthorityUnavailable as error:
            return str(error)

    def _submit(self, signed: SignedCheckpoint) -> None:
        receipt = self._submitter.transact(self._root.root.functions.submitCheckpoint(*signed.call()))
        epoch, gas = signed.checkpoint.epoch, int(receipt["gasUsed"], 16)
        log.info("checkpoint %d accepted with %d signatures, %d gas", epoch, len(signed.signatures), gas)


def _told(peer: AuthorityClient, epoch: int) -> Checkpoint | None:
    try:
        return peer.signed(epoch)
    except AuthorityUnavailable:  # it is asked for its signature next, and then it is said
        return None
