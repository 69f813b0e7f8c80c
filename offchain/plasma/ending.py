"""How a plasma chain ends: what is ready is made final, then anyone halts it as soon as one of the triggers holds."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from web3.contract.contract import ContractFunction

from offchain.plasma.checkpoint import Submission
from offchain.plasma.root_chain import RootChain
from offchain.sender import Sender, TransactionError


class Reason(StrEnum):
    """For what anyone halts the chain."""

    SILENCE = "no checkpoint was accepted for long"
    IGNORED = "a message of the inbox was left out for long"
    FAULT = "a fault was proven"


@dataclass(frozen=True)
class Trigger:
    """What halts the chain, from `due` on, in Unix seconds."""

    reason: Reason
    call: ContractFunction
    due: int

    def holds(self, next_block: int) -> bool:
        """Whether it holds in the latest block, when the next one's time is that: nodes estimate with the latest."""
        return self.due < next_block


def finalise(root: RootChain, sender: Sender) -> int | None:
    """Makes the newest checkpoint final that is ready, and so all before it; returns its epoch, None if none is ready.
    Raises TransactionError."""
    mature = root.mature()
    if mature is None:
        return None
    epoch = mature.checkpoint.epoch
    try:
        sender.transact(root.root.functions.finalise(mature.abi()))
    except TransactionError:  # somebody was quicker, or it is a real refusal
        if root.final_epoch() < epoch:
            raise
    return epoch


def waiting(root: RootChain) -> list[tuple[Submission, int]]:
    """The checkpoints that count and aren't final, in order, each with the Unix time from which on it can be. A halt
    voids them."""
    period, frozen_until = root.rules.challenge_period, int(root.node.ask(root.root.functions.frozenUntil()))
    found = root.submissions(root.final_epoch() + 1)
    return [(one, max(one.submitted_at + period, frozen_until)) for one in found]


def triggers(root: RootChain) -> list[Trigger]:
    """What halts the chain now or later, if nothing is done about it; the first one first."""
    calls, rules, head = root.root.functions, root.rules, root.head()
    if root.node.ask(calls.faultProven()):
        return [Trigger(Reason.FAULT, calls.haltFaulty(), int(root.node.ask(calls.frozenUntil())))]
    found = []
    if head.submitted_at:
        found.append(Trigger(Reason.SILENCE, calls.haltSilent(), head.submitted_at + rules.silence_period))
    messages = root.messages()
    if head.inbox_consumed < len(messages):
        oldest = messages[head.inbox_consumed]
        found.append(Trigger(Reason.IGNORED, calls.haltIgnored(oldest.abi()), oldest.time + rules.inbox_period))
    return sorted(found, key=lambda one: one.due)


def halt(root: RootChain, sender: Sender) -> Reason | None:
    """Ends the chain for good if a trigger holds; returns which, None if none holds yet, or it has ended already. What
    is ready to be final is made so first: otherwise it would be void. Raises TransactionError."""
    if root.state() == "halted":
        return None
    due = next((one for one in triggers(root) if one.holds(root.node.time())), None)
    if due is None:
        return None
    finalise(root, sender)
    try:
        sender.transact(due.call)
    except TransactionError:  # somebody was quicker, or a checkpoint or the operator was
        if root.state() != "halted":
            raise
        return None
    return due.reason
