"""What the pool, the registry and the exchanges do, in Python: balances, notes, readings, and every refusal."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from offchain.zk.field import MODULUS
from offchain.zk.poseidon import poseidon
from offchain.zk.tree import MerkleTree
from tests.invariant.shielded.names import (
    ACTORS,
    ASSETS,
    CAPACITY,
    CORRECTION_SECONDS,
    ENTITLED,
    EPOCH_SECONDS,
    ETHER,
    ETHER_EACH,
    FIRST_EPOCH,
    MARKETS,
    MAX_DEVIATION,
    MICROGRIDS,
    NOBODY,
    POOL,
    QUEUE_CAPACITY,
    RESERVE_ENERGY,
    RESERVE_ETHER,
    TOKENS_EACH,
    WATT_HOUR,
)
from tests.unit.formulas import input_price

CAPS = [digit * 10**power for power in range(2, 7) for digit in (1, 2, 5)]
"""Of the classes, those of the amounts here."""
LIMIT = 2**128


class Refusal(Exception):
    """The name of the error that the contracts revert with."""


@dataclass
class Published:
    """An epoch's readings, in Wh, and when they open."""

    root: int
    exported: int
    open_from: int
    credited: bool = False


@dataclass
class Spending:
    """What a proof says of the notes that it spends and makes, true or not."""

    root: int
    tree: int
    nullifiers: list[int]
    commitments: list[int]


@dataclass
class Swap:
    """A swap's public side; `averages` are the average prices of each energy in it, from the chain."""

    given: str
    amount: int
    wanted: str
    minimum: int
    npk: int
    epoch: int
    cap: int
    slot: int
    averages: dict[str, int]


@dataclass
class Model:
    """The state after any number of operations. Each either raises Refusal and changes nothing, or happens whole."""

    now: int
    addresses: dict[str, int]
    balances: Counter[tuple[str, str]] = field(default_factory=Counter)
    supply: Counter[str] = field(default_factory=Counter)
    shielded: Counter[str] = field(default_factory=Counter)
    credited: Counter[str] = field(default_factory=Counter)
    swapped_in: Counter[str] = field(default_factory=Counter)
    left: Counter[str] = field(default_factory=Counter)
    notes: list[int] = field(default_factory=list)
    flushed: int = 0
    tree: MerkleTree = field(default_factory=lambda: MerkleTree(24))
    roots: list[int] = field(default_factory=list)
    spent: set[int] = field(default_factory=set)
    slots: set[int] = field(default_factory=set)
    meters: set[int] = field(default_factory=set)
    epochs: dict[tuple[str, int], Published] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for actor in ACTORS:
            for asset in ASSETS:
                if asset not in MICROGRIDS or actor in ENTITLED:
                    self.balances[asset, actor] = ETHER_EACH if asset == ETHER else TOKENS_EACH
        for energy, market in MARKETS.items():
            self.balances[ETHER, market], self.balances[energy, market] = RESERVE_ETHER, RESERVE_ENERGY
            self.supply[energy] = len(ENTITLED) * TOKENS_EACH + RESERVE_ENERGY

    # What it comes to.

    def inside(self, asset: str) -> int:
        """What may still leave."""
        return self.shielded[asset] + self.credited[asset] + self.swapped_in[asset] - self.left[asset]

    def published(self, energy: str) -> int:
        """Base units of all published exports."""
        epochs = (epoch for (microgrid, _), epoch in self.epochs.items() if microgrid == energy)
        return sum(epoch.exported for epoch in epochs) * WATT_HOUR

    def commitment(self, npk: int, asset: str, amount: int) -> int:
        return poseidon([npk, self.addresses[asset], amount])

    # The pool.

    def shield(self, actor: str, asset: str, amount: int, npk: int, value: int) -> None:
        """An actor's asset becomes a note."""
        if not 0 < amount < LIMIT:
            raise Refusal("InvalidAmount")
        if value != (amount if asset == ETHER else 0):
            raise Refusal("WrongValue")
        if self.balances[asset, actor] < amount:
            raise Refusal("ERC20InsufficientBalance")
        if npk >= MODULUS:
            raise Refusal("NotInField")
        self._check_room(1)
        self.balances[asset, actor] -= amount
        if asset in MICROGRIDS:
            self.supply[asset] -= amount
        else:
            self.balances[asset, POOL] += amount
        self.shielded[asset] += amount
        self.notes.append(self.commitment(npk, asset, amount))

    def spend(self, spending: Spending) -> None:
        """A transfer or consolidation."""
        self._check_spending(spending)
        self._check_room(len(_kept(spending)))
        self._spend(spending)

    def unshield(self, spending: Spending, asset: str, amount: int, recipient: str) -> None:
        """An asset leaves to a recipient."""
        if amount == 0:
            raise Refusal("InvalidAmount")
        self._check_spending(spending)
        self._check_room(len(_kept(spending)))
        if recipient in (NOBODY, POOL):
            raise Refusal("InvalidRecipient")
        if amount > self.inside(asset):
            raise Refusal("TurnstileExceeded")
        if asset in MICROGRIDS and recipient not in ENTITLED:
            raise Refusal("InvalidRecipient")
        self._spend(spending)
        self.left[asset] += amount
        self.balances[asset, recipient] += amount
        if asset in MICROGRIDS:
            self.supply[asset] += amount
        else:
            self.balances[asset, POOL] -= amount

    def swap(self, spending: Spending, swap: Swap) -> None:
        """An asset leaves to the exchange, another comes back as a note."""
        if swap.amount == 0:
            raise Refusal("InvalidAmount")
        if swap.slot in self.slots:
            raise Refusal("SlotUsed")
        self._check_spending(spending)
        self._check_trade(swap)
        most = swap.cap * WATT_HOUR
        if swap.cap not in CAPS:
            raise Refusal("NotACapClass")
        if swap.given != ETHER and swap.amount > most:
            raise Refusal("CapExceeded")
        if swap.amount > self.inside(swap.given):
            raise Refusal("TurnstileExceeded")
        if swap.minimum == 0:
            raise Refusal("ZeroAmount")
        wei = swap.amount if swap.given == ETHER else self._sold(swap.given, swap.amount)
        bought = wei if swap.wanted == ETHER else self._bought(swap.wanted, wei)
        if bought < swap.minimum or wei == 0:
            raise Refusal("BelowMinimum")
        if swap.wanted != ETHER and bought > most:
            raise Refusal("CapExceeded")
        self._check_prices(swap, wei, bought)
        kept = _kept(spending)
        self._check_room(1 + len(kept))

        self.slots.add(swap.slot)
        self.spent.update(spending.nullifiers)
        self.left[swap.given] += swap.amount
        self.swapped_in[swap.wanted] += bought
        self._move(swap.given, swap.wanted, swap.amount, wei, bought)
        self.notes += [self.commitment(swap.npk, swap.wanted, bought), *kept]

    def flush(self, count: int) -> None:
        """Notes from the queue into the tree."""
        count = min(count, len(self.notes) - self.flushed)
        if count == 0:
            raise Refusal("QueueEmpty")
        self.tree.append(self.notes[self.flushed : self.flushed + count])
        self.flushed += count
        self.roots.append(self.tree.root)

    # The registry.

    def publish(self, energy: str, epoch: int, tree_root: int, exported: int, imported: int, again: bool) -> None:
        """An epoch's readings are published, or corrected (`again`)."""
        known = self.epochs.get((energy, epoch))
        if again:
            if known is None:
                raise Refusal("NotPublished")
            if self.now >= known.open_from:
                raise Refusal("CorrectionClosed")
        else:
            if epoch >= self.now // EPOCH_SECONDS:
                raise Refusal("EpochNotOver")
            if epoch < FIRST_EPOCH:
                raise Refusal("EpochTooEarly")
            if known is not None:
                raise Refusal("AlreadyPublished")
        if max(exported, imported) > CAPACITY:
            raise Refusal("OverCapacity")
        root = poseidon([tree_root, exported + (imported << 64)])
        opens = known.open_from if known else self.now + CORRECTION_SECONDS
        self.epochs[energy, epoch] = Published(root, exported, opens)

    def issue(self, energy: str, epoch: int, root: int, meter: int, commitments: list[int]) -> None:
        """A meter's exports become notes."""
        readings = self._check_metered(energy, epoch, root, meter)
        kept = [leaf for leaf in commitments if leaf]
        self._check_room(len(kept))
        self.meters.add(meter)
        self.notes += kept
        if not readings.credited:
            readings.credited = True
            self.credited[energy] += readings.exported * WATT_HOUR

    def settle(self, energy: str, epoch: int, root: int, meter: int, spending: Spending) -> None:
        """Notes are burned against a meter's imports: the turnstile doesn't see how much."""
        self._check_metered(energy, epoch, root, meter)
        self._check_spending(spending)
        self._check_room(len(_kept(spending)))
        self.meters.add(meter)
        self._spend(spending)

    # In public.

    def buy(self, actor: str, energy: str, wei: int) -> None:
        """An actor buys energy on the exchange."""
        bought = self._bought(energy, wei)
        market = MARKETS[energy]
        if bought < 1:
            raise Refusal("BelowMinimum")
        if actor not in ENTITLED:
            raise Refusal("TransferRefused")
        self.balances[ETHER, actor] -= wei
        self.balances[ETHER, market] += wei
        self.balances[energy, market] -= bought
        self.balances[energy, actor] += bought

    def give(self, actor: str, asset: str, amount: int) -> None:
        """An actor gives the pool a token: a note of nobody."""
        if self.balances[asset, actor] < amount:
            raise Refusal("ERC20InsufficientBalance")
        self.balances[asset, actor] -= amount
        self.balances[asset, POOL] += amount

    # Steps of the above.

    def _check_room(self, count: int) -> None:
        if len(self.notes) + count - self.flushed > QUEUE_CAPACITY:
            raise Refusal("QueueFull")

    def _check_spending(self, spending: Spending) -> None:
        if spending.tree != 0 or spending.root not in self.roots:
            raise Refusal("UnknownRoot")
        if self.spent & set(spending.nullifiers) or len(set(spending.nullifiers)) < len(spending.nullifiers):
            raise Refusal("NullifierUsed")

    def _spend(self, spending: Spending) -> None:
        self.spent.update(spending.nullifiers)
        self.notes += _kept(spending)

    def _check_metered(self, energy: str, epoch: int, root: int, meter: int) -> Published:
        readings = self.epochs.get((energy, epoch))
        if readings is None:
            raise Refusal("NotPublished")
        if self.now < readings.open_from:
            raise Refusal("NotOpenYet")
        if root != readings.root:
            raise Refusal("WrongReadings")
        if meter in self.meters:
            raise Refusal("MeterNullifierUsed")
        return readings

    def _check_trade(self, swap: Swap) -> None:
        if swap.given == swap.wanted:
            raise Refusal("NotATrade")
        for asset in (swap.given, swap.wanted):
            if asset == ETHER:
                continue
            if asset not in MICROGRIDS:
                raise Refusal("InvalidAsset")
        if swap.epoch != self.now // EPOCH_SECONDS:
            raise Refusal("WrongEpoch")

    def _check_prices(self, swap: Swap, wei: int, bought: int) -> None:
        """What is sold isn't left too cheap, what is bought isn't left too dear."""
        if swap.given != ETHER:
            average = swap.averages[swap.given]
            if self._spot(swap.given, -wei, swap.amount) * 10_000 < average * (10_000 - MAX_DEVIATION):
                raise Refusal("PriceOutOfBounds")
        if swap.wanted != ETHER:
            average = swap.averages[swap.wanted]
            if self._spot(swap.wanted, wei, -bought) * 10_000 > average * (10_000 + MAX_DEVIATION):
                raise Refusal("PriceOutOfBounds")

    def _spot(self, energy: str, wei: int, tokens: int) -> int:
        """The price once so much has come to the market."""
        market = MARKETS[energy]
        return (self.balances[ETHER, market] + wei << 112) // (self.balances[energy, market] + tokens)

    def _sold(self, energy: str, amount: int) -> int:
        market = MARKETS[energy]
        return input_price(amount, self.balances[energy, market], self.balances[ETHER, market])

    def _bought(self, energy: str, wei: int) -> int:
        market = MARKETS[energy]
        return input_price(wei, self.balances[ETHER, market], self.balances[energy, market])

    def _move(self, given: str, wanted: str, amount: int, wei: int, bought: int) -> None:
        """Energy is minted as it leaves the pool for an exchange, and burned as it comes back."""
        if given == ETHER:
            self.balances[ETHER, POOL] -= wei
        else:
            self.supply[given] += amount
            self.balances[given, MARKETS[given]] += amount
            self.balances[ETHER, MARKETS[given]] -= wei
        if wanted == ETHER:
            self.balances[ETHER, POOL] += wei
        else:
            self.supply[wanted] -= bought
            self.balances[wanted, MARKETS[wanted]] -= bought
            self.balances[ETHER, MARKETS[wanted]] += wei


def _kept(spending: Spending) -> list[int]:
    return [leaf for leaf in spending.commitments if leaf]
