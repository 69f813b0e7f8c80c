"""An account's exits on the root chain: each is proven, released and paid by whatever step is due."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from offchain.node import Node
from offchain.plasma.bridge_history import BridgeHistory
from offchain.plasma.checkpoint import Submission
from offchain.plasma.messages import Exit
from offchain.plasma.root_chain import RootChain
from offchain.sender import Sender, TransactionError


class Stage(StrEnum):
    """How far an exit is."""

    BURNED = "waits for a checkpoint"
    PROVABLE = "can be started"
    STARTED = "waits until the checkpoint is final"
    RELEASABLE = "can be released"
    RELEASED = "released"


@dataclass(frozen=True)
class ExitState:
    """An exit and how far it is: the epoch it was started with (0: it wasn't), and base units released."""

    exit: Exit
    stage: Stage
    epoch: int
    released: int


class Exits:
    """The exits of a plasma chain; `plasma` is a node of it, whose chain id is `chain_id`."""

    def __init__(self, root: RootChain, plasma: Node, chain_id: int) -> None:
        self._root, self._plasma, self._chain_id = root, plasma, chain_id
        self._history = BridgeHistory(plasma, chain_id)

    def of(self, recipient: str) -> list[ExitState]:
        """All exits to a recipient, oldest first."""
        self._history.at(self._plasma.height())
        head = self._root.head().epoch
        newest = self._root.submission(head) if head else None
        mine = [one for one in self._history.exits if one.recipient == recipient]
        return [self._state(one, newest) for one in mine]

    def advance(self, sender: Sender, recipient: str) -> Iterator[tuple[ExitState, str]]:
        """Takes every step that is due for the exits to a recipient, sent and paid for by `sender`; yields the exit as
        it was and what was done. Makes a checkpoint final that nobody else did."""
        vault, ask = self._root.vault.functions, self._root.node.ask
        mature = self._root.mature()
        waiting = [state.epoch for state in self.of(recipient) if state.stage is Stage.STARTED]
        if mature is not None and waiting and min(waiting) <= mature.checkpoint.epoch:
            try:
                sender.transact(self._root.root.functions.finalise(mature.abi()))
            except TransactionError:  # the operator was quicker, or it is a real refusal
                if self._root.final_epoch() < mature.checkpoint.epoch:
                    raise
        for state in self.of(recipient):
            key = state.exit.abi()
            if state.stage is Stage.PROVABLE:
                submission = self._first_with(state.exit)
                path = self._history.path(state.exit.id, submission.checkpoint.exit_count)
                sender.transact(vault.startExit(key, submission.abi(), list(path)))
                yield state, f"started with checkpoint {submission.checkpoint.epoch}"
            elif state.stage is Stage.RELEASABLE and ask(vault.roomOf(state.exit.asset)):
                sender.transact(vault.releaseExit(key))
                yield state, "released"
        for state in self.of(recipient):
            if state.released and ask(vault.claimable(state.exit.asset, recipient)):
                sender.transact(vault.claim(state.exit.asset, recipient))
                yield state, "paid"

    def _state(self, exit_: Exit, newest: Submission | None) -> ExitState:
        epoch, released = self._root.node.ask(self._root.vault.functions.exitOf(exit_.key(self._chain_id)))
        if released == exit_.amount:
            stage = Stage.RELEASED
        elif epoch:
            releasable = self._root.node.ask(self._root.root.functions.isReleasable(epoch))
            stage = Stage.RELEASABLE if releasable else Stage.STARTED
        elif newest is not None and exit_.id < newest.checkpoint.exit_count:
            stage = Stage.PROVABLE
        else:
            stage = Stage.BURNED
        return ExitState(exit_, stage, epoch, released)

    def _first_with(self, exit_: Exit) -> Submission:
        """The first checkpoint that has an exit: it is final first."""
        return next(one for one in self._root.submissions() if exit_.id < one.checkpoint.exit_count)
