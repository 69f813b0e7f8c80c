"""An account's exits on the root chain: each is proven, released and paid by whatever step is due."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from offchain.node import Node
from offchain.plasma.bridge_history import BridgeHistory
from offchain.plasma.checkpoint import Submission
from offchain.plasma.ending import finalise
from offchain.plasma.events import ExitStarted
from offchain.plasma.messages import Exit
from offchain.plasma.payouts import claim
from offchain.plasma.records import to_bytes
from offchain.plasma.root_chain import RootChain
from offchain.sender import Sender


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
    """The exits of a plasma chain, of which `plasma` is a node. Without one there are those that were started: the root
    chain alone knows them."""

    def __init__(self, root: RootChain, plasma: Node | None) -> None:
        self._root, self._plasma = root, plasma
        self._history = BridgeHistory(plasma, plasma.chain_id()) if plasma else None

    def of(self, recipient: str) -> list[ExitState]:
        """All exits to a recipient, oldest first."""
        head = self._root.head().epoch
        newest = self._root.submission(head) if head else None
        return [self._state(one, newest) for one in self._exits(recipient)]

    def advance(self, sender: Sender, recipient: str) -> Iterator[tuple[ExitState, str]]:
        """Takes every step that is due for the exits to a recipient, sent and paid for by `sender`; yields the exit as
        it was and what was done. Makes a checkpoint final that nobody else did."""
        vault, ask = self._root.vault.functions, self._root.node.ask
        mature = self._root.mature()
        waiting = [state.epoch for state in self.of(recipient) if state.stage is Stage.STARTED]
        if mature is not None and waiting and min(waiting) <= mature.checkpoint.epoch:
            finalise(self._root, sender)
        for state in self.of(recipient):
            if state.stage is Stage.PROVABLE:
                yield state, self._start(sender, state.exit)
            elif state.stage is Stage.RELEASABLE and ask(vault.roomOf(state.exit.asset)):
                sender.transact(vault.releaseExit(state.exit.abi()))
                yield state, "released"
        states = {state.exit.asset: state for state in self.of(recipient) if state.released}
        for asset, _ in claim(self._root, sender, recipient, states):
            yield states[asset], "paid"

    def _exits(self, recipient: str) -> list[Exit]:
        if self._plasma is not None and self._history is not None:
            self._history.at(self._plasma.height())
            return [one for one in self._history.exits if one.recipient == recipient]
        topic = to_bytes(recipient).rjust(32, b"\0")
        started = self._root.events(self._root.vault, ExitStarted, None, None, topic)
        return sorted({one.exit for one in started}, key=lambda one: one.id)

    def _start(self, sender: Sender, exit_: Exit) -> str:
        assert self._history is not None  # others were started
        submission = self._first_with(exit_)
        path = self._history.path(exit_.id, submission.checkpoint.exit_count)
        sender.transact(self._root.vault.functions.startExit(exit_.abi(), submission.abi(), list(path)))
        return f"started with checkpoint {submission.checkpoint.epoch}"

    def _first_with(self, exit_: Exit) -> Submission:
        """The first checkpoint that has an exit: it is final first."""
        return next(one for one in self._root.submissions() if exit_.id < one.checkpoint.exit_count)

    def _state(self, exit_: Exit, newest: Submission | None) -> ExitState:
        key = exit_.key(self._root.child_chain_id)
        epoch, released = self._root.node.ask(self._root.vault.functions.exitOf(key))
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
