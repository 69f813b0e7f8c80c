"""What the root chain learns of a private day: deposits before it, checkpoints of it, one of its trades, and an exit.

Every step is a real transaction. What an exit took is counted in blocks of the root chain, one a second here.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from web3 import Web3

from offchain.artifacts import load
from offchain.deployment.parts import MICROGRIDS
from offchain.errors import UserError
from offchain.node import Node
from offchain.plasma.bridge_genesis import SUPPLY
from offchain.plasma.checkpoint import Submission
from offchain.plasma.exits import Exits, Stage
from offchain.plasma.messages import BRIDGE
from offchain.plasma.prover import Prover, read_leaves
from offchain.plasma.records import to_hex
from offchain.sender import Sender, development_sender, key_sender
from offchain.simulate.bridged_chain import BridgedChain
from offchain.simulate.private_day import UNSHIELDED, Act, PrivateDay
from offchain.units import ETHER, shown
from offchain.wallet.events import Swapped, parse
from offchain.wallet.note import ETH

TRADES = ("sell", "buy", "move")
"""What goes through an exchange: its amounts are public, who trades is not."""

PAYER = 3
"""Development account that pays for the exit's steps on the root chain, as anyone could."""

PATIENCE_SECONDS = 120


class BridgeStoryError(UserError):
    """Says in one line what didn't happen."""


@dataclass
class BridgeStory:
    """The story of a day that was gone through on a bridged chain. `run` yields what it is at; the rest is for the
    report."""

    day: PrivateDay
    ground: BridgedChain
    lines: list[tuple[str, str]] = field(default_factory=list)
    checks: dict[str, bool] = field(default_factory=dict)

    steps = 4
    """How many `run` takes."""

    def run(self) -> Iterator[str]:
        """Goes through it. Raises UserError if something fails."""
        yield "deposits"
        self._count()
        yield "checkpoint"
        act = next((act for act in reversed(self.day.acts) if act.kind in TRADES), self.day.acts[-1])
        submission = self._checkpoint(act)
        yield "proof"
        if act.kind in TRADES:
            self._prove(submission, act)
        yield "exit"
        self._exit()

    @property
    def _deposited(self) -> int:
        return sum(self.ground.deposits.values())

    def _balance(self, account: str) -> int:
        return int(self.day.web3.eth.get_balance(Web3.to_checksum_address(account)))

    def _count(self) -> None:
        """Finds all ETH that is outside PlasmaBridge."""
        contracts = [self.day.manifest.address(name) for name in ("pool", *(f"{one}_exchange" for one in MICROGRIDS))]
        held = [self._balance(holder) for holder in {*self.ground.deposits, *contracts}]
        locked, outside = self.ground.root.vault.functions.held(ETH).call(), SUPPLY - self._balance(BRIDGE)
        count = len(self.ground.deposits)
        self.lines.append(("deposited", f"{shown(self._deposited)} ETH for {count} accounts, which were empty"))
        self.checks["ETH: deposited = locked in the vault = outside the bridge, and found"] = (
            self._deposited == locked == outside == sum(held)
        )

    def _checkpoint(self, act: Act) -> Submission:
        """Waits until the whole day is in checkpoints; returns that of one of its transactions."""
        root, last = self.ground.root, self.day.acts[-1].block
        _wait(lambda: root.submission_of(last), "the day's last block came into no checkpoint")
        submissions, members, quorum = root.submissions(), root.authorities(), root.quorum()
        submission = root.submission_of(act.block)
        assert submission is not None
        signers = [one for seat, one in enumerate(members) if submission.signers >> seat & 1]
        day = [one for one in submissions if one.checkpoint.start <= last]
        self.lines.append(("checkpoints", f"{len(day)}, of blocks 1 to {day[-1].checkpoint.end}"))
        checkpoint, what = submission.checkpoint, "trade" if act.kind in TRADES else act.kind
        blocks = f"blocks {checkpoint.start} to {checkpoint.end}, with the {what}; signed by"
        self.lines += [(f"number {checkpoint.epoch}", blocks), *(("", one) for one in signers)]
        ends = [0, *(one.checkpoint.end for one in day)]
        self.checks["every block of the day is in a checkpoint that a quorum signed"] = all(
            one.checkpoint.start == before + 1 and one.signers.bit_count() >= quorum
            for before, one in zip(ends, day, strict=False)
        )
        return submission

    def _prove(self, submission: Submission, act: Act) -> None:
        node, checkpoint, root = Node(self.day.web3), submission.checkpoint, self.ground.root
        leaves = read_leaves(node, checkpoint.start, checkpoint.end)
        proof = Prover(node, submission, leaves, node.chain_id()).receipt(bytes.fromhex(act.transaction[2:]))
        logs = node.call("eth_getTransactionReceipt", act.transaction)["logs"]
        place = next(at for at, log in enumerate(logs) if isinstance(_event(log), Swapped))
        (emitter, topics, data), _ = root.inclusion.functions.verifyLog(proof.abi(), place).call()
        event = _event(logs[place] | {"topics": [to_hex(topic) for topic in topics], "data": to_hex(data)})
        assert isinstance(event, Swapped)
        size = len(root.inclusion.encode_abi("verifyLog", [proof.abi(), place])) // 2 - 1
        traded = f"{self._named(event.amount_in, event.asset_in)} for {self._named(event.amount_out, event.asset_out)}"
        self.lines.append(("proven", f"on the root chain: {traded}; {size:,} bytes"))
        token, amount = (event.asset_out, event.amount_out) if act.kind == "buy" else (event.asset_in, event.amount_in)
        told = (emitter, token, amount) == (self.day.manifest.address("pool"), self.day.tokens[act.asset], act.amount)
        self.checks["the root chain was shown a trade of the day, and not who traded"] = told

    def _exit(self) -> None:
        """Who took ETH out of the pool takes it to the root chain."""
        home = next(one for one in self.day.households if one.name == self.day.acts[-1].home)
        account, root, above = home.keys.account, self.ground.root, self.ground.above.web3
        bridge = load("PlasmaBridge").at(self.day.web3, BRIDGE).functions
        before, first = above.eth.get_balance(account.address), Node(above).height()
        key_sender(self.day.web3, account).transact(bridge.exitEth(account.address), UNSHIELDED)
        node = Node(self.day.web3)
        exits, payer = Exits(root, node), development_sender(above, PAYER)
        _wait(lambda: _paid(exits, payer, account.address), "the exit wasn't paid")
        paid, blocks = above.eth.get_balance(account.address) - before, Node(above).height() - first
        self.lines.append(("exited", f"{shown(paid)} ETH, burned, proven, final, paid within {blocks} root blocks"))
        self.checks["the exit paid what was burned, and nobody else's ETH"] = (
            paid == UNSHIELDED and root.vault.functions.held(ETH).call() == self._deposited - UNSHIELDED
        )

    def _named(self, amount: int, asset: str) -> str:
        if asset == ETH:
            return f"{shown(amount)} ETH"
        return f"{amount / ETHER:.3f} {next(name for name, token in self.day.tokens.items() if token == asset)}"


def _event(log: dict[str, Any]) -> Any:
    found = parse(log)
    return found and found[1]


def _paid(exits: Exits, payer: Sender, recipient: str) -> bool | None:
    steps = [what for _, what in exits.advance(payer, recipient)]
    released = all(state.stage is Stage.RELEASED for state in exits.of(recipient))
    return True if released and "paid" in steps else None


def _wait(what: Callable[[], Any], otherwise: str) -> Any:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline:
        found = what()
        if found is not None:
            return found
        time.sleep(0.3)
    raise BridgeStoryError(otherwise)
