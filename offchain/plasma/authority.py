"""An authority: signs a checkpoint if, and only if, its own execution makes the same one and the deposits are there."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from eth_account.signers.local import LocalAccount

from offchain.errors import UserError
from offchain.plasma.checkpoint import Checkpoint, Submission
from offchain.plasma.checkpoint_maker import MOST_BLOCKS, CheckpointMaker
from offchain.plasma.root_chain import RootChain
from offchain.plasma.signing_record import SigningRecord
from offchain.signature import sign

CATCH_UP_SECONDS = 20
"""How long a request waits until the blocks it is of are executed here."""


class NotSigned(UserError):
    """Says in one line why a checkpoint isn't signed."""


class Withheld(NotSigned):
    """Says that an epoch may have been signed before, with a record that isn't there any more."""


class Authority:
    """Signs with one key. Requests are worked on one after the other."""

    def __init__(
        self,
        key: LocalAccount,
        root: RootChain,
        maker: CheckpointMaker,
        record: SigningRecord,
        clock: Callable[[], float] = time.monotonic,
        signed: Callable[[Checkpoint], None] | None = None,
    ) -> None:
        """`signed` is told of every checkpoint whose signature is given; it must neither fail nor take long."""
        self.address = str(key.address)
        self._key, self._root, self._maker, self._record, self._clock = key, root, maker, record, clock
        self._signed = signed or (lambda checkpoint: None)
        self._one = threading.Lock()
        self._executed: set[bytes] = set()
        self._seats: dict[int, int | None] = {}

    def sign(self, checkpoint: Checkpoint) -> bytes:
        """The signature of a checkpoint, the same one each time it is asked for. Raises NotSigned with what is wrong
        with it, Equivocation if another one of its epoch was signed."""
        with self._one:
            domain = self._root.domain
            known = self._record.signature(domain, checkpoint)
            if known is None:
                self._check(checkpoint)
                self._check_memory(checkpoint.epoch)
                known = sign(domain.checkpoint_digest(checkpoint), self._key)
                self._record.add(domain, checkpoint, known)
            self._signed(checkpoint)
            return known

    def signed(self, epoch: int) -> Checkpoint | None:
        """The checkpoint of an epoch that it has signed: it signs no other one of that."""
        return self._record.signed(self._root.domain, epoch)

    def _check(self, checkpoint: Checkpoint) -> None:
        head = self._root.head()
        if checkpoint.epoch != head.epoch + 1 or checkpoint.previous != self._root.head_hash():
            raise NotSigned(f"checkpoint {checkpoint.epoch} doesn't follow {head.epoch}, the root chain's newest")
        if checkpoint.start != head.end + 1:
            raise NotSigned(f"it begins with block {checkpoint.start}, not with {head.end + 1}")
        if not checkpoint.start <= checkpoint.end < checkpoint.start + MOST_BLOCKS:
            raise NotSigned(f"blocks {checkpoint.start} to {checkpoint.end} are no range of a checkpoint")
        if checkpoint.set_id != self._root.set_id():
            raise NotSigned(f"it is of the authorities' set {checkpoint.set_id}, not of {self._root.set_id()}")
        deadline = self._clock() + CATCH_UP_SECONDS
        while self._maker.height < checkpoint.end:
            if self._clock() > deadline:
                raise NotSigned(f"block {checkpoint.end} isn't executed here yet, but {self._maker.height}")
            time.sleep(0.05)
        self._check_before(checkpoint.epoch)
        names = checkpoint.differences(self._maker.again(checkpoint))
        if names:
            raise NotSigned(f"executed here, checkpoint {checkpoint.epoch} has another {', '.join(names)}")
        self._check_deposits(checkpoint)

    def _check_before(self, epoch: int) -> None:
        """Nothing is built on a checkpoint that isn't what was executed here: who signs its child answers for the link
        between them. What was signed here was executed before, and of it the parent alone is looked at again."""
        for submission in self._root.submissions():
            before = submission.checkpoint
            if before.epoch >= epoch or before.hash in self._executed:
                continue
            trusted = before.epoch < epoch - 1 and self.signed(before.epoch) == before
            if not trusted and self._maker.again(before) != before:
                raise NotSigned(f"the root chain's checkpoint {before.epoch} is not what was executed here")
            self._executed.add(before.hash)

    def _check_memory(self, epoch: int) -> None:
        """A record that was restored, or that lacks what the root chain shows this key to have signed, doesn't tell
        what else was. An authority signs what follows the newest accepted checkpoint, so that may have been, and none
        after it: what follows that one is safe."""
        domain, head = self._root.domain, self._root.head().epoch
        if self._record.restored or self._forgotten(self._record.withheld(domain)):
            self._record.withhold(domain, head + 1)
        withheld = self._record.withheld(domain)
        if epoch <= withheld:
            raise Withheld(
                f"checkpoint {epoch} may have been signed before, since the record of signatures was restored or "
                f"replaced: this authority signs from {withheld + 1} on"
            )

    def _forgotten(self, withheld: int) -> bool:
        """Whether an accepted checkpoint after an epoch has this key's signature, which the record doesn't have."""
        return any(
            self._signed_with_key(submission) and self.signed(submission.checkpoint.epoch) is None
            for submission in self._root.submissions(withheld + 1)
        )

    def _signed_with_key(self, submission: Submission) -> bool:
        set_id = submission.checkpoint.set_id
        if set_id not in self._seats:
            members = self._root.authorities_of(set_id)
            self._seats[set_id] = members.index(self.address) if self.address in members else None
        seat = self._seats[set_id]
        return seat is not None and bool(submission.signers >> seat & 1)

    def _check_deposits(self, checkpoint: Checkpoint) -> None:
        consumed = checkpoint.inbox_consumed
        sent = self._root.inbox_hash(consumed)
        if sent is None:
            raise NotSigned(f"it took {consumed} messages: the root chain's finalised blocks have fewer")
        if self._maker.history.at(checkpoint.end).inbox_hash != sent:
            raise NotSigned("it took other messages than the root chain's inbox has")
