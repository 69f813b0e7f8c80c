"""The plasma chain's contracts on the root chain, as the operator and its watchers read them.

What may still change with a reorganisation of the root chain is told apart from what may not: messages are read up to
the newest finalised block (`finalized` of the JSON-RPC standard), checkpoints up to the newest one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple, TypeVar

from web3 import Web3
from web3.contract import Contract
from web3.exceptions import Web3Exception

from offchain.deployment.manifest import Manifest
from offchain.errors import UserError
from offchain.node import Node
from offchain.plasma.checkpoint import Domain, Submission
from offchain.plasma.events import CheckpointSubmitted, Event, MessageSent, decode_as
from offchain.plasma.messages import INBOX_SEED, Message, MessageKind, chained
from offchain.plasma.records import to_hex

LOGS_AT_ONCE = 2_000
"""Blocks of one request for logs."""

E = TypeVar("E", bound=Event)


class RootChainError(UserError):
    """Says in one line what is wrong with what the root chain's node answers."""


class Rules(NamedTuple):
    """IPlasmaRoot.Rules: periods in seconds, the bond in wei."""

    challenge_period: int
    rollback_period: int
    silence_period: int
    inbox_period: int
    freeze_period: int
    change_period: int
    bond: int


@dataclass(frozen=True)
class Head:
    """The newest accepted checkpoint; epoch 0: none."""

    epoch: int
    end: int
    submitted_at: int
    inbox_consumed: int


class RootChain:
    """PlasmaRoot and PlasmaVault on a chain. For one thread at a time."""

    def __init__(self, web3: Web3, manifest: Manifest) -> None:
        """Raises DeploymentError if they aren't deployed."""
        self.node = Node(web3)
        self.root: Contract = manifest.contract(web3, "plasma_root")
        self.vault: Contract = manifest.contract(web3, "plasma_vault")
        self.challenges: Contract = manifest.contract(web3, "plasma_challenges")
        self.escape: Contract = manifest.contract(web3, "plasma_escape")
        self.inclusion: Contract = manifest.contract(web3, "plasma_inclusion")
        self.domain = Domain(manifest.chain_id, self.root.address)
        self._messages: list[Message] = []
        self._hashes = [INBOX_SEED]
        self._read: int | None = None
        self._submissions: list[Submission] = []
        self._submissions_read = -1
        self._sent_in: dict[int, str] = {}

    @cached_property
    def first_block(self) -> int:
        """The block from which on the contracts were there."""
        return self.node.first_block_with_code(self.root.address)

    @cached_property
    def _halted_in(self) -> int:
        """The block of the halt."""
        return self.node.first_block_since(int(self.node.ask(self.root.functions.haltedAt())))

    def head(self) -> Head:
        """The newest accepted checkpoint."""
        return Head(*self.node.ask(self.root.functions.head()))

    @cached_property
    def rules(self) -> Rules:
        """What holds for good."""
        return Rules(*self.node.ask(self.root.functions.rules()))

    @cached_property
    def child_chain_id(self) -> int:
        """EIP-155 id of the plasma chain."""
        return int(self.node.ask(self.vault.functions.childChainId()))

    def head_hash(self) -> bytes:
        """EIP-712 struct hash of the newest accepted checkpoint."""
        return bytes(self.node.ask(self.root.functions.headHash()))

    def set_id(self) -> int:
        """The set of authorities that signs."""
        return int(self.node.ask(self.root.functions.setId()))

    def authorities(self) -> list[str]:
        """The active set's members, in ascending order."""
        return self.authorities_of(self.set_id())

    def authorities_of(self, set_id: int) -> list[str]:
        """A set's members, in ascending order, which is that of their seats."""
        return [str(one) for one in self.node.ask(self.root.functions.authoritiesOf(set_id))]

    def standing(self) -> list[str]:
        """The active set's members whose signatures count: those that were not slashed."""
        set_id = self.set_id()
        return [one for one in self.authorities_of(set_id) if self._seat(one)[0] == set_id]

    def quorum(self) -> int:
        """How many signatures a checkpoint needs."""
        return int(self.node.ask(self.root.functions.quorum()))

    def state(self) -> str:
        """Whether the plasma chain runs, is frozen, was proven faulty, or has halted."""
        calls = self.root.functions
        if self.node.ask(calls.halted()):
            return "halted"
        if self.node.ask(calls.faultProven()):
            return "fault proven"
        until = int(self.node.ask(calls.frozenUntil()))
        return f"frozen until {until}" if until > self.node.time() else "running"

    def submission_hash(self, epoch: int) -> bytes:
        """What the contract keeps of a checkpoint; zero if it accepted none of that epoch."""
        return bytes(self.node.ask(self.root.functions.submissionHash(epoch)))

    def final_epoch(self) -> int:
        """The newest final epoch; 0: none."""
        return int(self.node.ask(self.root.functions.finalEpoch()))

    def settled_epoch(self, first: int = 1) -> int:
        """The newest final epoch, from `first` on, whose finality no proof can take back any more; 0: none."""
        final = self.final_epoch()
        before = self.node.time() - self.rules.challenge_period - self.rules.rollback_period
        found = (one for one in self.submissions(first) if one.submitted_at < before)
        return max((one.checkpoint.epoch for one in found if one.checkpoint.epoch <= final), default=0)

    def platform(self) -> tuple[str, str] | None:
        """Factory and pool on the plasma chain that PlasmaEscape reads, None if they aren't named."""
        calls = self.escape.functions
        factory, pool = str(calls.factory().call()), str(calls.pool().call())
        return (factory, pool) if int(factory, 16) else None

    def submissions(self, first: int = 1) -> list[Submission]:
        """The accepted checkpoints that count, from an epoch on, in order."""
        found, newest = self.accepted(), self.head().epoch
        return [one for one in found if first <= one.checkpoint.epoch <= newest]

    def accepted(self) -> list[Submission]:
        """All that were ever accepted, void ones too, in order. Those of finalised blocks are read once."""
        begin, finalised = self._submissions_read + 1 or self.first_block, self._finalised()
        if finalised >= begin:
            self._submissions += self._submitted(begin, finalised)
            self._submissions_read, begin = finalised, finalised + 1
        return self._submissions + self._submitted(begin, self.node.height())

    def mature(self) -> Submission | None:
        """The newest checkpoint that can be made final now, None if there is none."""
        latest = self.node.call("eth_getBlockByNumber", "latest", False)
        due = int(latest["timestamp"], 16) - self.rules.challenge_period
        waiting = self.submissions(self.final_epoch() + 1) if self.state() == "running" else []
        return next((one for one in reversed(waiting) if one.submitted_at <= due), None)

    def submission(self, epoch: int) -> Submission | None:
        """A checkpoint as it was accepted, None if there is none of that epoch."""
        return next((one for one in self.submissions(epoch) if one.checkpoint.epoch == epoch), None)

    def signatures(self, epoch: int) -> bytes | None:
        """The signatures that an accepted checkpoint came with, None if they weren't sent to PlasmaRoot directly."""
        if epoch not in {one.checkpoint.epoch for one in self.accepted()}:
            return None
        transaction = self.node.call("eth_getTransactionByHash", self._sent_in[epoch])
        try:
            _, arguments = self.root.decode_function_input(transaction["input"])
            return bytes(arguments["signatures"])
        except (ValueError, KeyError, TypeError, Web3Exception):
            return None

    def last_final(self) -> Submission | None:
        """The last final checkpoint, None if none is final."""
        epoch = self.final_epoch()
        return self.submission(epoch) if epoch else None

    def submission_of(self, block: int) -> Submission | None:
        """The checkpoint with a block of the plasma chain, None if there is none yet."""
        return next((one for one in self.submissions() if one.checkpoint.start <= block <= one.checkpoint.end), None)

    def messages(self) -> list[Message]:
        """All messages of the inbox up to the newest finalised block. Raises RootChainError if the node's logs are not
        those that the contract has the hash of."""
        finalised = self._finalised()
        first = self.first_block if self._read is None else self._read + 1
        if finalised >= first:
            logs = self._logs(self.vault.address, [to_hex(MessageSent.topic())], first, finalised)
            messages, hashes = list(self._messages), list(self._hashes)
            for log in logs:
                messages.append(decode_as(MessageSent, log).message)
                hashes.append(chained(hashes[-1], messages[-1].hash))
            kept = self.node.ask(self.vault.functions.inboxHash(len(messages)), finalised)
            if bytes(kept) != hashes[-1]:
                raise RootChainError("the root chain's node gives other messages than its inbox has")
            self._messages, self._hashes, self._read = messages, hashes, finalised
        return self._messages

    def inbox_hash(self, count: int) -> bytes | None:
        """Hash of the first `count` messages, None if the finalised blocks have fewer; as `messages`."""
        return self._hashes[count] if count <= len(self.messages()) else None

    def assets(self) -> list[str]:
        """The tokens that are listed, by finalised blocks."""
        return [one.asset for one in self.messages() if one.kind == MessageKind.LIST_TOKEN]

    def events(self, contract: Contract, event: type[E], *topics: bytes | None, first: int | None = None) -> list[E]:
        """What a contract logged of an event, final or not, from a block on; `topics` are its indexed arguments, None:
        any."""
        wanted = [None if topic is None else to_hex(topic) for topic in (event.topic(), *topics)]
        begin = self.first_block if first is None else first
        return [decode_as(event, log) for log in self._logs(contract.address, wanted, begin, self.node.height())]

    def escape_events(self, event: type[E], *topics: bytes | None) -> list[E]:
        """What PlasmaEscape logged, which does nothing before the halt; as `events`."""
        return self.events(self.escape, event, *topics, first=self._halted_in)

    def sent_hash(self, count: int) -> bytes | None:
        """As `inbox_hash`, with what isn't final yet: what a challenge is decided by."""
        if count > int(self.node.ask(self.vault.functions.messageCount())):
            return None
        return bytes(self.node.ask(self.vault.functions.inboxHash(count)))

    def _seat(self, authority: str) -> tuple[int, int, int]:
        set_id, index, bond = self.node.ask(self.root.functions.seatOf(authority))
        return set_id, index, bond

    def _submitted(self, first: int, last: int) -> list[Submission]:
        """The checkpoints of a range of blocks, without those that the contract doesn't keep any more."""
        found = []
        for log in self._logs(self.root.address, [to_hex(CheckpointSubmitted.topic())], first, last):
            submission = decode_as(CheckpointSubmitted, log).submission
            if self.submission_hash(submission.checkpoint.epoch) == submission.hash:
                found.append(submission)
                self._sent_in[submission.checkpoint.epoch] = str(log["transactionHash"])
        return found

    def _finalised(self) -> int:
        block = self.node.call("eth_getBlockByNumber", "finalized", False)
        if block is None:
            raise RootChainError("the root chain's node knows no finalised block")
        return int(block["number"], 16)

    def _logs(self, address: str, topics: Sequence[str | None], first: int, last: int) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        for start in range(first, last + 1, LOGS_AT_ONCE):
            end = min(start + LOGS_AT_ONCE - 1, last)
            wanted = {"address": address, "topics": list(topics), "fromBlock": hex(start), "toBlock": hex(end)}
            found += self.node.call("eth_getLogs", wanted)
        return found
