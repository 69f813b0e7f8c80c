"""A season on the real contracts: hours of metering, issue, private trades and settlement, on a chain of its own.

Proofs are mocked (see `unproven`); all that the contracts check beside them is real. Homes, lines and exchanges are
computed here as well, and each day both must agree to the last wei and base unit (see `agreement`).
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import partial

import numpy as np
from eth_utils.crypto import keccak
from numpy.typing import NDArray

from offchain.deployment.platform import Rules
from offchain.exchange import PRICE_BITS
from offchain.metering.readings_tree import Reading, ReadingsTree
from offchain.simulate.season import lines
from offchain.simulate.season.behaviour import Behaviour, Order, Own, Side, View
from offchain.simulate.season.behaviours.honest import Honest
from offchain.simulate.season.chain import Call, SeasonChain
from offchain.simulate.season.founding import Meters
from offchain.simulate.season.households import Households
from offchain.simulate.season.lines import Carriage
from offchain.simulate.season.physics import Hour
from offchain.simulate.season.season import Season
from offchain.simulate.season.trading import SMALLEST, Act, Fill, Party, Trading
from offchain.units import ETHER, WATT_HOUR
from offchain.wallet.note import ETH

HOUR = 3_600
RULES = Rules(epoch_length=HOUR, correction_window=60)
PUBLISHED, ISSUED, ROUNDS, MOVED, SETTLED = 5, 70, (300, 1_200, 2_100, 3_000), 3_100, 3_500
"""Seconds after an hour when its readings are published, issued, traded in rounds, moved by lines, and settled; to
spare a block, settlements are sent with the next hour's readings."""
LINE_SECONDS = 15
MERGED_AT, MERGED = 8, 4
"""Notes of an asset at which the smallest become one, and how many of them."""
OBSERVE = keccak(text="observe()")[:4]

Around = tuple[Party, Sequence[Order], Sequence[Order]]


@dataclass
class Market:
    """A season's world with a local market. `homes` are parties by place, `lines` by theirs; `addresses` the exchanges'
    by microgrid."""

    chain: SeasonChain
    households: Households
    trading: Trading
    homes: list[Party]
    lines: list[Party]
    meters: Meters
    addresses: list[str]
    credited: list[int]
    """Base units that issues credited to the turnstile, by microgrid."""
    accumulated: list[int]
    """Each exchange's sum of prices by seconds when the last hour ended."""
    _credited_now: set[int] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.season, self.ledger = self.households.season, self.households.ledger
        self.begin = int(self.season.start.timestamp())
        self.watchers = [home for home in self.homes if type(self._mind(home)).around is not Honest.around]

    def hour(self, hour: int) -> None:
        """What happens in an hour, and is traded after it; the next hour must follow. Raises SeasonChainError if the
        chain ends a call otherwise than computed."""
        for home in self.homes:
            self._own(home)
        view = replace(self.households.view(hour), depth=self._depths())
        done = self.households.live(hour, view)
        end = self.begin + (hour + 1) * HOUR
        trees = self._publish(end, done)
        orders = [
            (home, order)
            for home in self.homes
            for order in self._mind(home).orders(
                self._own(home), view, int(done.exported[home.place]), int(done.imported[home.place])
            )
        ]
        self._issue(hour, end, done, orders, trees)
        self._trade(hour, end, view, orders)
        self._settle(hour, end, done, trees, self._move(hour, end, done, trees))
        self._close(hour, end, done)

    def _mind(self, home: Party) -> Behaviour:
        return self.households.minds[home.place]

    def _own(self, home: Party) -> Own:
        """What it has now."""
        own = self.households.owns[home.place]
        own.notes = {number: home.purse.watt_hours(token) for number, token in enumerate(self.trading.tokens)}
        own.won = home.purse.total(ETH) / ETHER * self.season.won_per_eth
        own.most = self.trading.limit(home)
        return own

    def _prices(self) -> NDArray[np.float64]:
        """Now, won a kWh."""
        return np.array([exchange.price for exchange in self.trading.exchanges]) * self.season.won_per_eth

    def _depths(self) -> NDArray[np.float64]:
        """The energy in the exchanges, Wh."""
        return np.array([exchange.tokens / WATT_HOUR for exchange in self.trading.exchanges])

    # What happens after an hour.

    def _publish(self, end: int, done: Hour) -> list[ReadingsTree]:
        """The readings of homes and lines' ends by microgrid; and the exchanges are observed."""
        readings: list[list[Reading]] = [[] for _ in self.season.microgrids]
        for meter, out, into in zip(self.meters.homes, done.exported, done.imported, strict=True):
            if meter.capacity:
                readings[meter.microgrid].append(Reading(meter.commitment, int(out), int(into)))
        for ends, flow, lost in zip(self.meters.lines, done.flow, done.lost, strict=True):
            for meter, leaving in zip(ends, (int(flow), -int(flow)), strict=True):
                counted = (0, leaving) if leaving > 0 else (-leaving - int(lost) if leaving else 0, 0)
                readings[meter.microgrid].append(Reading(meter.commitment, *counted))
        epoch = end // HOUR - 1
        trees = [ReadingsTree(epoch, each, shuffler=random.Random(f"{self.season.seed} {epoch}")) for each in readings]
        published = [self.trading.unproven.publish(place + 1, tree) for place, tree in enumerate(trees)]
        self.trading.begin([*self.homes, *self.lines])
        self.trading.calls += published
        self._credited_now.clear()
        self._observe(end + PUBLISHED)
        self.block(end + PUBLISHED)
        return trees

    def _issue(
        self, hour: int, end: int, done: Hour, orders: Sequence[tuple[Party, Order]], trees: list[ReadingsTree]
    ) -> None:
        """Who would sell for a price that there is now has its energy issued; the utility takes the others'."""
        prices = self._prices()
        selling = {
            home.place
            for home, order in orders
            if order.side is Side.SELL and order.microgrid == home.microgrid and order.limit <= prices[home.microgrid]
        }
        ledger = self.ledger
        for home in self.homes:
            exported = int(done.exported[home.place])
            if exported and home.place in selling:
                self._issue_one(home, home.microgrid, exported, trees[home.microgrid], end + ISSUED)
            else:
                ledger.fed_in[hour, home.place] = exported
                ledger.credited[hour, home.place] = exported * self.season.feed_in[hour] / 1000
        self.block(end + ISSUED)

    def _issue_one(self, party: Party, microgrid: int, wh: int, tree: ReadingsTree, now: int) -> None:
        trading, token = self.trading, self.trading.tokens[microgrid]
        trading.queue(trading.unproven.issue(microgrid + 1, token, tree), 1)
        party.purse.receive(token, wh * WATT_HOUR)
        trading.note(Act("issue", now, party.place, microgrid, wh * WATT_HOUR))
        if microgrid not in self._credited_now:
            self._credited_now.add(microgrid)
            self.credited[microgrid] += tree.exported * WATT_HOUR

    def _trade(self, hour: int, end: int, view: View, orders: list[tuple[Party, Order]]) -> None:
        """In rounds, each home at its turn, in as many trades as its order takes; what is left of an order is tried in
        the next one."""
        chance = [random.Random(f"{self.season.seed} {end} {home.place}").random() for home in self.homes]
        turns = [chance[home.place] if order.turn is None else order.turn for home, order in orders]
        placed = sorted(zip(turns, orders, strict=True), key=lambda one: one[0])
        left: list[tuple[Party, Order]] = []
        refused: dict[int, int] = {}
        for number, seconds in enumerate(ROUNDS):
            now = end + seconds
            self._observe(now)
            new = [order for turn, order in placed if min(int(turn * len(ROUNDS)), len(ROUNDS) - 1) == number]
            waiting, left = [*left, *new], []
            for home, order in waiting:
                while order.wh >= SMALLEST:
                    *others, fill = self.trading.trade(home, order, now, partial(self._around, view))
                    for made in (*others, fill):
                        self._note(hour, made)
                    refused[home.place] = fill.refused
                    order = replace(order, wh=order.wh - fill.wh)
                    if not fill.wh:
                        left.append((home, order))
                        break
            self.block(now)
        for place, wh in refused.items():
            self.ledger.refused[hour, place] = wh

    def _around(self, view: View, party: Party, order: Order) -> list[Around]:
        """What those place around an order who watch for others'."""
        if not self.watchers:
            return []
        now = replace(view, spot=self._prices(), depth=self._depths())
        placed = []
        for watcher in self.watchers:
            if watcher is not party:
                before, behind = self._mind(watcher).around(self._own(watcher), now, order)
                if before or behind:
                    placed.append((watcher, before, behind))
        return placed

    def _note(self, hour: int, fill: Fill) -> None:
        """A trade into the ledger."""
        ledger, place = self.ledger, fill.party.place
        won = fill.wei / ETHER * self.season.won_per_eth
        if fill.order.side is Side.SELL:
            ledger.sold[hour, place] += fill.wh
            ledger.earned[hour, place] += won
        else:
            ledger.bought[hour, place] += fill.wh
            ledger.paid[hour, place] += won

    def _move(self, hour: int, end: int, done: Hour, trees: list[ReadingsTree]) -> list[Carriage | None]:
        """Lines trade what they carried, one after the other; returns what was moved."""
        moved: list[Carriage | None] = []
        for number, (line, flow, lost) in enumerate(zip(self.lines, done.flow, done.lost, strict=True)):
            ends = self.season.lines[number].ends
            source, target = ends if flow >= 0 else ends[::-1]
            carriage = Carriage(source, target, abs(int(flow)), abs(int(flow)) - int(lost))
            now = end + MOVED + number * LINE_SECONDS
            pays = lines.pays(self.trading, carriage, now)
            moved.append(carriage if pays else None)
            if pays:
                self._issue_one(line, target, carriage.arriving, trees[target], now)
                self.block(now)
                lines.move(self.trading, line, carriage, now + 1)
                self.block(now + 1)
            fill = lines.sell_rest(self.trading, line, target, now + 2)
            self.ledger.rent[hour, number] = fill.wei / ETHER * self.season.won_per_eth
            self.block(now + 2)
        return moved

    def _settle(self, hour: int, end: int, done: Hour, trees: list[ReadingsTree], moved: list[Carriage | None]) -> None:
        """Energy notes are burned against what meters counted; the rest is billed. Many notes are made few."""
        ledger, now = self.ledger, end + SETTLED
        for home in self.homes:
            imported = int(done.imported[home.place])
            burned = self._settle_one(home, home.microgrid, imported, trees, now)
            ledger.drawn[hour, home.place] = imported - burned
            ledger.billed[hour, home.place] = (imported - burned) * self.season.tariff[hour] / 1000
        for line, carriage in zip(self.lines, moved, strict=True):
            if carriage:
                self._settle_one(line, carriage.source, carriage.leaving, trees, now)
        for party in (*self.homes, *self.lines):
            for asset, notes in party.purse.notes.items():
                if len(notes) >= MERGED_AT:
                    self.trading.queue(self.trading.unproven.merge(), 1)
                    party.purse.merge(asset, MERGED)

    def rest(self, hours: int) -> None:
        """Brings the chain to what is computed after so many hours: their last settlements wait for the next hour."""
        self.block(self.begin + hours * HOUR + SETTLED)

    def _settle_one(self, party: Party, microgrid: int, imported: int, trees: list[ReadingsTree], now: int) -> int:
        """Wh that are burned: what it has in two notes, up to what its meter counted in."""
        trading, token = self.trading, self.trading.tokens[microgrid]
        burned = min(imported, party.purse.most(token) // WATT_HOUR)
        if burned:
            trading.queue(trading.unproven.settle(microgrid + 1, token, trees[microgrid]), 1)
            party.purse.spend(token, burned * WATT_HOUR)
            trading.note(Act("settle", now, party.place, microgrid, burned * WATT_HOUR))
        return burned

    # The ledger's other columns, and blocks.

    def _close(self, hour: int, end: int, done: Hour) -> None:
        ledger, season, exchanges = self.ledger, self.season, self.trading.exchanges
        ledger.notes[hour] = [sum(home.purse.watt_hours(token) for token in self.trading.tokens) for home in self.homes]
        ledger.pooled[hour] = [moved // WATT_HOUR for moved in self.trading.moved]
        ledger.price[hour] = self._prices()
        sums = [exchange.accumulated(end + HOUR) for exchange in exchanges]
        per_hour = [(now - before) / HOUR for now, before in zip(sums, self.accumulated, strict=True)]
        ledger.average[hour] = np.array(per_hour) / 2**PRICE_BITS * season.won_per_eth
        self.accumulated = sums
        ledger.congestion[hour] = congestion(season, ledger.price[hour], done.flow)

    def _observe(self, now: int) -> None:
        for exchange, address in zip(self.trading.exchanges, self.addresses, strict=True):
            exchange.observe(now)
            self.trading.calls.append(Call("observe", address, OBSERVE))

    def block(self, now: int) -> None:
        """Sends what was to be sent, and flushes; nothing at all makes no block."""
        trading = self.trading
        trading.flush()
        if not trading.calls:
            return
        receipts = self.chain.block(now, trading.calls)
        for call, receipt in zip(trading.calls, receipts, strict=True):
            if call.kind == "flush":
                trading.unproven.notes = int(receipt["logs"][0]["data"][-64:], 16)
        trading.calls.clear()
        for party in (*self.homes, *self.lines):
            party.purse.flush()


def congestion(season: Season, prices: NDArray[np.float64], flow: NDArray[np.int64]) -> NDArray[np.float64]:
    """By how much the prices at a full line's ends differ beyond its loss, won a kWh, shape (lines,)."""
    found = np.zeros(len(season.lines))
    for number, line in enumerate(season.lines):
        if abs(flow[number]) >= line.power > 0:
            source, target = line.ends if flow[number] > 0 else line.ends[::-1]
            found[number] = max(0.0, prices[target] * (1 - line.loss) - prices[source])
    return found
