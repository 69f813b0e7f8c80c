"""What the vault and the root of the plasma chain must do, in plain Python; amounts in base units, times in seconds."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

ETHER, TOKEN = "ether", "token"
ASSETS = (ETHER, TOKEN)
UNIT = 10**18
HOUR = 3600
CHALLENGE, ROLLBACK, SILENCE, INBOX, FREEZE, CHANGE = (hours * HOUR for hours in (72, 96, 24, 48, 12, 168))
WINDOW = 24 * HOUR
BOND = UNIT
AUTHORITIES, QUORUM = 4, 3
FIRST_CAP = 5 * UNIT

Owner = int
Balances = dict[tuple[str, Owner], int]


class Refusal(Exception):
    """Names the error that the contracts must refuse with."""


@dataclass
class Deposit:
    sender: Owner
    recipient: Owner
    asset: str
    amount: int
    refunded: int = 0


@dataclass
class Burn:
    """An exit: the block it is in, the checkpoint it was started with, what of it is released."""

    asset: str
    recipient: Owner
    amount: int
    block: int
    started: int = 0
    released: int = 0


@dataclass(frozen=True)
class Point:
    """A checkpoint. `bent`: its last leaf says a wrong number."""

    start: int
    end: int
    consumed: int
    exits: int
    balances: Balances
    submitted_at: int
    bent: bool


@dataclass
class Cap:
    cap: int = FIRST_CAP
    next: int = FIRST_CAP
    since: int = 0
    window: int = -1
    released: int = 0


@dataclass
class Model:
    """The bridge. The first message of the inbox lists the token: deposits count from `FIRST_DEPOSIT` on."""

    now: int
    begun: int
    blocks: int = 0
    deposits: list[Deposit] = field(default_factory=list)
    consumed: int = 0
    balances: Balances = field(default_factory=Counter)
    burns: list[Burn] = field(default_factory=list)
    points: list[Point] = field(default_factory=list)
    head: int = 0
    final: int = 0
    settled_at: int = 0
    frozen_until: int = 0
    freezable_from: int = 0
    fault: bool = False
    halted: bool = False
    held: Counter[str] = field(default_factory=Counter)
    claimable: Counter[tuple[str, Owner]] = field(default_factory=Counter)
    paid: Counter[str] = field(default_factory=Counter)
    caps: dict[str, Cap] = field(default_factory=lambda: {asset: Cap() for asset in ASSETS})
    escaped: set[tuple[str, Owner]] = field(default_factory=set)
    covered: int = 0

    # On the plasma chain, which is honest.

    def deliver(self, count: int) -> list[int]:
        """Takes the next deposits; returns which."""
        taken = list(range(self.consumed, min(self.consumed + count, len(self.deposits))))
        for index in taken:
            deposit = self.deposits[index]
            self.balances[deposit.asset, deposit.recipient] += deposit.amount
        self.consumed += len(taken)
        return taken

    def transfer(self, asset: str, sender: Owner, to: Owner, amount: int) -> None:
        self.balances[asset, sender] -= amount
        self.balances[asset, to] += amount

    def burn(self, asset: str, owner: Owner, recipient: Owner, amount: int) -> Burn:
        self.balances[asset, owner] -= amount
        self.burns.append(Burn(asset, recipient, amount, self.blocks + 1))
        return self.burns[-1]

    # On the root chain.

    def deposit(self, sender: Owner, recipient: Owner, asset: str, amount: int) -> None:
        if amount == 0:
            raise Refusal("InvalidAmount")
        if self.halted:
            raise Refusal("ChainHalted")
        self.deposits.append(Deposit(sender, recipient, asset, amount))
        self.held[asset] += amount

    def submit(self, bent: bool) -> None:
        self._require_running()
        start = self.points[-1].end + 1 if self.points else 1
        counts = self.consumed, len(self.burns)
        self.points.append(Point(start, self.blocks, *counts, Counter(self.balances), self.now, bent))
        self.head = len(self.points)

    def finalise(self, epoch: int) -> None:
        self._require_running()
        if self.now < self.frozen_until:
            raise Refusal("ChainFrozen")
        if epoch <= self.final:
            raise Refusal("AlreadyFinal")
        if self.now < self._known(epoch).submitted_at + CHALLENGE:
            raise Refusal("TooEarly")
        self.final = epoch
        self.settled_at = self._known(epoch).submitted_at + CHALLENGE + ROLLBACK

    def freeze(self) -> None:
        self._require_running()
        if self.now < self.freezable_from:
            raise Refusal("TooEarly")
        self.frozen_until = self.now + FREEZE
        self.freezable_from = self.frozen_until + FREEZE

    def challenge(self, epoch: int) -> None:
        if not 0 < epoch <= len(self.points):
            raise Refusal("UnknownSubmission")
        point = self.points[epoch - 1]
        if not point.bent:
            raise Refusal("NoFault")
        if self.now > point.submitted_at + CHALLENGE + ROLLBACK:
            raise Refusal("ChallengeTooLate")
        if epoch > self.head and self.covered:
            raise Refusal("NothingThere")
        if epoch <= self.head:
            self.head, self.final = epoch - 1, min(self.final, epoch - 1)
            if not self.fault and not self.halted:
                self.frozen_until = self.now + FREEZE
            self.fault = True
        if not self.covered:  # the same ones sign each time, and are slashed once
            self.covered = QUORUM * BOND - QUORUM * BOND // 2
            self.held[ETHER] += self.covered

    def halt_silent(self) -> None:
        self._require_running()
        if self.now < (self.points[-1].submitted_at if self.points else self.begun) + SILENCE:
            raise Refusal("TooEarly")
        self.halted, self.head = True, self.final

    def halt_faulty(self) -> None:
        if self.halted:
            raise Refusal("ChainHalted")
        if not self.fault:
            raise Refusal("NoFaultProven")
        if self.now < self.frozen_until:
            raise Refusal("TooEarly")
        self.halted, self.head = True, self.final

    def set_cap(self, asset: str, cap: int) -> None:
        if cap == 0:
            raise Refusal("InvalidAmount")
        known = self.caps[asset]
        known.cap, known.next, known.since = self.cap_of(asset), cap, self.now + CHANGE

    def start(self, number: int, epoch: int, by_receipt: bool) -> None:
        point, burn = self._known(epoch), self.burns[number]
        if by_receipt:
            if not point.start <= burn.block <= point.end or (point.bent and burn.block == point.end):
                raise Refusal("InvalidBlockProof")
        elif number >= point.exits:
            raise Refusal("UnknownExit")
        if burn.started and burn.started <= epoch:
            raise Refusal("AlreadyStarted")
        burn.started = epoch

    def release(self, number: int) -> None:
        burn = self.burns[number]
        if burn.started == 0:
            raise Refusal("NotStarted")
        if burn.released == burn.amount:
            raise Refusal("AlreadyPaid")
        if not self.releasable(burn.started):
            raise Refusal("NotReleasable")
        left = burn.amount - burn.released
        if self.settled():
            burn.released += self._pay(burn.asset, burn.recipient, left)
            return
        room = self.room_of(burn.asset)
        if room == 0:
            raise Refusal("CapReached")
        if min(left, room) > self.held[burn.asset]:
            raise Refusal("NotBacked")
        burn.released += self._pay(burn.asset, burn.recipient, min(left, room))
        known = self.caps[burn.asset]
        known.window, known.released = self.now // WINDOW, self.cap_of(burn.asset) - room + min(left, room)

    def claim(self, asset: str, owner: Owner) -> None:
        if self.claimable[asset, owner] == 0:
            raise Refusal("NothingThere")
        self.paid[asset] += self.claimable.pop((asset, owner))

    def refund(self, index: int) -> None:
        deposit = self.deposits[index]
        if not self.halted:
            raise Refusal("NotHalted")
        if self.final and index < self.points[self.final - 1].consumed:
            raise Refusal("MessageConsumed")
        left = deposit.amount - deposit.refunded
        if left == 0:
            raise Refusal("AlreadyPaid")
        deposit.refunded += self._pay(deposit.asset, deposit.sender, left)

    def escape(self, asset: str, owner: Owner, recipient: Owner) -> None:
        if not (self.settled() and self.final):
            raise Refusal("NotOpen")
        balance = self.points[self.final - 1].balances[asset, owner]
        if balance == 0:
            raise Refusal("NothingThere")
        if (asset, owner) in self.escaped:
            raise Refusal("AlreadyEscaped")
        self._pay(asset, recipient, balance)
        self.escaped.add((asset, owner))

    # What it says.

    def cap_of(self, asset: str) -> int:
        known = self.caps[asset]
        return known.next if known.since and self.now >= known.since else known.cap

    def room_of(self, asset: str) -> int:
        known, cap = self.caps[asset], self.cap_of(asset)
        return max(0, cap - known.released) if known.window == self.now // WINDOW else cap

    def releasable(self, epoch: int) -> bool:
        return epoch <= self.final and (self.halted or (not self.fault and self.now >= self.frozen_until))

    def settled(self) -> bool:
        """Whether what is final is final for good, and all of it is paid."""
        return self.halted and self.now > self.settled_at

    def lost(self, asset: str) -> int:
        """What was paid for exits that the last final checkpoint doesn't know: their owners have it twice."""
        known = self.points[self.final - 1].exits if self.final else 0
        return sum(burn.released for burn in self.burns[known:] if burn.asset == asset)

    def _pay(self, asset: str, owner: Owner, amount: int) -> int:
        paid = min(amount, self.held[asset])
        if paid == 0:
            raise Refusal("NotBacked")
        self.held[asset] -= paid
        self.claimable[asset, owner] += paid
        return paid

    def _known(self, epoch: int) -> Point:
        if not 0 < epoch <= self.head:
            raise Refusal("UnknownSubmission")
        return self.points[epoch - 1]

    def _require_running(self) -> None:
        if self.halted:
            raise Refusal("ChainHalted")
        if self.fault:
            raise Refusal("FaultProven")
