"""Orders become private swaps: cut to what notes, meter, limit and bound allow, and computed before they are sent."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from offchain.deployment.platform import Rules
from offchain.exchange import WHOLE
from offchain.simulate.season.behaviour import Order, Side
from offchain.simulate.season.chain import Call
from offchain.simulate.season.exchange import Exchange
from offchain.simulate.season.outside import Outside
from offchain.simulate.season.protections import Protections
from offchain.simulate.season.purse import Purse
from offchain.simulate.season.unproven import Unproven
from offchain.units import WATT_HOUR
from offchain.wallet.meter import LARGEST_CAP, SLOTS, largest_cap, smallest_cap
from offchain.wallet.note import ETH
from offchain.wallet.trade import SLIPPAGE

SMALLEST = 10
"""Wh that are worth a trade."""
FLUSHED_AT = 100
"""Notes that wait before the operator flushes."""
MOST_FLUSHED = 128

Seen = Callable[["Party", Order], list[tuple["Party", Sequence[Order], Sequence[Order]]]]
"""What others place right before and behind a party's order, of which they see how much it trades, and at worst at what
price: its minimum is public."""


@dataclass
class Party:
    """Who trades: a home by its `place`, or a line's operator, without one. `capacity` is its meter's, Wh an epoch; 0
    if it has none: it then trades in public. `free` are the meter's trade slots that are left in the epoch."""

    microgrid: int
    capacity: int
    place: int = -1
    purse: Purse = field(default_factory=Purse)
    free: set[int] = field(default_factory=set)


@dataclass(frozen=True)
class Fill:
    """What came of an order: Wh and wei that changed hands, and Wh that a protection refused."""

    party: Party
    order: Order
    wh: int
    wei: int
    refused: int = 0


@dataclass(frozen=True)
class Act:
    """What a home did at a Unix time with a microgrid's energy: base units of an `issue` or a `settle`, or what a
    `sale` or `purchase` gave and got."""

    kind: str
    time: int
    place: int
    microgrid: int
    given: int
    got: int = 0


@dataclass
class Trading:
    """The exchanges of a season as computed, and the calls that bring the chain's to the same state. `tokens` are the
    energy tokens' addresses by microgrid; `waiting` counts notes in the pool's queue."""

    exchanges: list[Exchange]
    tokens: list[str]
    unproven: Unproven
    outside: Outside
    rules: Rules
    protections: Protections
    won_per_eth: float
    waiting: int = 0
    acts: list[Act] | None = None
    """What homes did, if it is to be told."""
    calls: list[Call] = field(default_factory=list)
    moved: list[int] = field(default_factory=list)
    """Base units that sales took out of the pool, less those that purchases brought in, by microgrid."""

    def begin(self, parties: Sequence[Party]) -> None:
        """A new epoch: all slots are free."""
        for party in parties:
            party.free = set(range(SLOTS))

    def queue(self, call: Call, notes: int) -> None:
        """A call that leaves so many notes waiting; those are flushed when they are many."""
        self.calls.append(call)
        self.waiting += notes
        if self.waiting >= FLUSHED_AT:
            self.flush()

    def note(self, act: Act) -> None:
        """Something was done."""
        if self.acts is not None:
            self.acts.append(act)

    def flush(self) -> None:
        """All that waits."""
        while self.waiting:
            count = min(self.waiting, MOST_FLUSHED)
            self.calls.append(self.unproven.flush(count))
            self.waiting -= count

    def trade(self, party: Party, order: Order, now: int, seen: Seen | None = None) -> list[Fill]:
        """Trades what can be of an order; the last one is its own fill, those before of others around it."""
        allowed, refused = self._allowed(party, order, now)
        exchange, sale = self.exchanges[order.microgrid], order.side is Side.SELL
        if allowed < SMALLEST:
            return [Fill(party, order, 0, 0, refused)]
        given = allowed * WATT_HOUR if sale else exchange.eth_for(allowed * WATT_HOUR)
        got = exchange.eth_of(given) if sale else exchange.tokens_of(given)
        minimum = max(1, got * (WHOLE - SLIPPAGE) // WHOLE)
        worst = (minimum / given if sale else given / minimum) * self.won_per_eth
        others = seen(party, Order(order.side, allowed, worst, order.microgrid)) if seen else []
        around = [self.trade(other, placed, now) for other, before, _ in others for placed in before]
        swap = self._swap if party.capacity else self._swap_in_public
        fill = swap(party, order, given, minimum, now, refused)
        around += [self.trade(other, placed, now) for other, _, behind in others for placed in behind]
        return [*(made for fills in around for made in fills), fill]

    def swap_energy(self, party: Party, sold: int, wanted: int, given: int, now: int) -> None:
        """Swaps base units of one microgrid's energy for another's, through both exchanges."""
        eth = self.exchanges[sold].eth_of(given)
        got = self.exchanges[wanted].tokens_of(eth)
        cap, epoch = smallest_cap(max(given, got)), now // self.rules.epoch_length
        self.queue(self.unproven.swap(self.tokens[sold], given, self.tokens[wanted], got, epoch, cap), 3)
        self._use_slot(party, cap)
        party.purse.spend(self.tokens[sold], given)
        self.exchanges[wanted].buy(self.exchanges[sold].sell(given, now), now)
        party.purse.receive(self.tokens[wanted], got)
        self.moved[sold] += given
        self.moved[wanted] -= got

    def is_within(self, microgrid: int, sale: bool, given: int, now: int) -> bool:
        """Whether the contract would take a sale of tokens, or a purchase for ETH, as far as its price bound goes."""
        exchange = self.exchanges[microgrid]
        average = exchange.average(self.rules.price_window, now)
        return exchange.is_within(sale, given, average, self.rules.max_deviation)

    def _swap(self, party: Party, order: Order, given: int, minimum: int, now: int, refused: int) -> Fill:
        """Sends it, if only to fail where others have moved the price beyond its minimum."""
        exchange, token, sale = self.exchanges[order.microgrid], self.tokens[order.microgrid], order.side is Side.SELL
        sold, wanted = (token, ETH) if sale else (ETH, token)
        got = exchange.eth_of(given) if sale else exchange.tokens_of(given)
        cap = smallest_cap(given if sale else got * (WHOLE + SLIPPAGE) // WHOLE)  # as a wallet leaves room
        fails = got < minimum or not self.is_within(order.microgrid, sale, given, now)
        call = self.unproven.swap(sold, given, wanted, minimum, now // self.rules.epoch_length, cap, fails=fails)
        if fails:
            self.calls.append(call)
            return Fill(party, order, 0, 0, refused)
        self.queue(call, 3)
        self._use_slot(party, cap)
        self.moved[order.microgrid] += given if sale else -got
        return self._swapped(party, order, given, now, refused)

    def _swap_in_public(self, party: Party, order: Order, given: int, minimum: int, now: int, refused: int) -> Fill:
        """Past the pool; where participation is asked for, only to fail: such an account may hold no energy."""
        exchange, sale = self.exchanges[order.microgrid], order.side is Side.SELL
        got = exchange.eth_of(given) if sale else exchange.tokens_of(given)
        fails = got < minimum or (self.protections.participation and not sale)
        self.calls.append(self.outside.swap(order.microgrid, sale, given, minimum, fails=fails))
        if fails:
            return Fill(party, order, 0, 0, order.wh)
        fill = self._swapped(party, order, given, now, refused)
        party.purse.gather()
        return fill

    def _swapped(self, party: Party, order: Order, given: int, now: int, refused: int) -> Fill:
        """The same here."""
        exchange, token, sale = self.exchanges[order.microgrid], self.tokens[order.microgrid], order.side is Side.SELL
        sold, wanted = (token, ETH) if sale else (ETH, token)
        before = party.purse.watt_hours(token)
        party.purse.spend(sold, given)
        got = (exchange.sell if sale else exchange.buy)(given, now)
        party.purse.receive(wanted, got)
        self.note(Act("sale" if sale else "purchase", now, party.place, order.microgrid, given, got))
        return Fill(party, order, abs(party.purse.watt_hours(token) - before), got if sale else given, refused)

    def _allowed(self, party: Party, order: Order, now: int) -> tuple[int, int]:
        """Wh of an order that can be traded now, and those that a protection refuses."""
        exchange, sale = self.exchanges[order.microgrid], order.side is Side.SELL
        limit = order.limit / self.won_per_eth
        wanted = min(order.wh, (exchange.most_sold if sale else exchange.most_bought)(limit) // WATT_HOUR)
        if sale:
            wanted = min(wanted, party.purse.most(self.tokens[order.microgrid]) // WATT_HOUR)
        elif wanted > 0:
            affordable = exchange.tokens_of(party.purse.most(ETH)) // WATT_HOUR
            if affordable < wanted:
                wanted = affordable - 1  # the least that buys it is rounded up
        if wanted < SMALLEST:
            return 0, 0
        if party.capacity == 0:
            return wanted, 0
        most = self.limit(party)
        if not sale:  # a wallet leaves room: it may get more than was quoted
            most = most * WHOLE // (WHOLE + SLIPPAGE)
        allowed = min(wanted, most)
        average = exchange.average(self.rules.price_window, now)
        within = exchange.most_within(sale, allowed * WATT_HOUR, average, self.rules.max_deviation) // WATT_HOUR
        return (within if within >= SMALLEST else 0), wanted - within

    def limit(self, party: Party) -> int:
        """Wh of one trade, as circuit and contract limit it: by the meter and its slots of the epoch."""
        if party.capacity == 0 or not self.protections.limits:
            return LARGEST_CAP
        return max((largest_cap(party.capacity, slot) for slot in party.free), default=0)

    def _use_slot(self, party: Party, cap: int) -> None:
        """The smallest that is large enough."""
        if self.protections.limits:
            party.free.remove(max(slot for slot in party.free if largest_cap(party.capacity, slot) >= cap))
