"""The state machine: anybody does anything with the pool, its registry and the exchanges, with proofs that may lie."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from functools import partial
from itertools import count
from typing import ClassVar

from eth_utils.crypto import keccak
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from offchain.wallet.request import ANYONE, Details, Operation, Request, SwapOrder, Terms, context_hash
from offchain.zk.field import MODULUS
from tests.invariant.shielded.chain import LAST, Done, PoolChain
from tests.invariant.shielded.model import CAPS, Model, Refusal, Spending, Swap
from tests.invariant.shielded.names import (
    ACTORS,
    ASSETS,
    CAPACITY,
    EPOCH_SECONDS,
    ETHER,
    MARKETS,
    MICROGRIDS,
    NOBODY,
    NORTH,
    OPERATOR,
    PLAIN,
    POOL,
    REGISTRY,
    SOUTH,
    WATT_HOUR,
)
from tests.invariant.strategies import DICE, SHARE, Amount, amounts, dice
from tests.unit.shielded import PROOF

TERMS = Terms(ANYONE, LAST, b"sealed")
actors = st.sampled_from(ACTORS)
assets = st.sampled_from(ASSETS)
energies = st.sampled_from(sorted(MICROGRIDS))
trades = [(given, wanted) for given in ASSETS for wanted in ASSETS if given != wanted and PLAIN not in (given, wanted)]
pairs = st.sampled_from([*trades, *trades, (ETHER, ETHER), (NORTH, NORTH), (PLAIN, ETHER), (SOUTH, PLAIN)])
recent = st.integers(0, 4)
"""How many epochs ago."""
KEPT = 10**21
"""Wei that an actor doesn't shield: enough for all that it buys in a run."""
totals = st.one_of(st.integers(0, CAPACITY), st.sampled_from([0, CAPACITY, CAPACITY + 1]))


class Machine(RuleBasedStateMachine):
    """Draws operations; each runs on the chain and in the model, which must agree on what comes of it."""

    chain: ClassVar[PoolChain]
    succeeded: ClassVar[Counter[str]]
    refusals: ClassVar[Counter[str]]

    def __init__(self) -> None:
        super().__init__()
        self.chain.reset()
        addresses = {asset: int(self.chain.addresses[asset], 16) for asset in ASSETS}
        self.model = Model(self.chain.now, addresses)
        self.spent_on_chain: set[int] = set()
        self._numbers = count(1)
        self._readings: dict[tuple[str, int], int] = {}

    @initialize(exported=totals, imported=totals)
    def begin(self, exported: int, imported: int) -> None:
        """Notes of each asset are in the tree, and an epoch's readings are published and open."""
        for asset in ASSETS:
            amount = 10**19 if asset == ETHER else 10**24
            npk, value = self._number(), amount if asset == ETHER else 0
            data = self.chain.encode(POOL, "shield", self._address(asset), amount, npk, b"")
            self._run(
                "shield", ACTORS[0], POOL, data, partial(self.model.shield, ACTORS[0], asset, amount, npk, value), value
            )
        self.flush(ACTORS[0], 40)
        for energy in MICROGRIDS:
            self.publish(energy, 1, min(exported, CAPACITY), min(imported, CAPACITY), mistake=1)
        self.wait(301)

    # Into, within and out of the pool.

    @rule(actor=actors, asset=assets, amount=amounts(), slip=dice)
    def shield(self, actor: str, asset: str, amount: Amount, slip: int) -> None:
        wanted = amount.of(self.model.balances[asset, actor] // 100)
        if asset == ETHER:
            wanted = min(wanted, max(0, self.model.balances[ETHER, actor] - KEPT))
        npk = self._number() + (MODULUS if slip == 0 else 0)
        value = (wanted if asset == ETHER else 0) + (1 if slip == 1 and wanted < 2**80 else 0)
        data = self.chain.encode(POOL, "shield", self._address(asset), wanted, npk, b"")
        self._run("shield", actor, POOL, data, lambda: self.model.shield(actor, asset, wanted, npk, value), value)

    @rule(actor=actors, notes=st.integers(0, 7), lie=dice)
    def transfer(self, actor: str, notes: int, lie: int) -> None:
        spending = self._spending(2, 3, notes, lie)
        signals = [*spending.nullifiers, *spending.commitments, spending.root, spending.tree, 0, 0]
        self._request(Operation.TRANSFER, actor, signals, 9, lambda: self.model.spend(spending))

    @rule(actor=actors, notes=st.integers(0, 3), lie=dice)
    def consolidate(self, actor: str, notes: int, lie: int) -> None:
        spending = self._spending(4, 2, notes, lie)
        signals = [*spending.nullifiers, *spending.commitments, spending.root, spending.tree]
        self._request(Operation.CONSOLIDATE, actor, signals, 8, lambda: self.model.spend(spending))

    @rule(actor=actors, asset=assets, amount=amounts(), to=dice, notes=st.integers(0, 7), lie=dice)
    def unshield(self, actor: str, asset: str, amount: Amount, to: int, notes: int, lie: int) -> None:
        spending = self._spending(2, 3, notes, lie)
        inside = self.model.inside(asset)
        wanted = inside + 3 - to if to in (2, 3) else min(amount.of(inside), MODULUS - 1)  # one beyond, exactly all
        recipient = (POOL, NOBODY)[to] if to < 2 else ACTORS[to % 3]
        signals = [*spending.nullifiers, *spending.commitments, spending.root, spending.tree]
        signals += [self.model.addresses[asset], wanted]
        effect = lambda: self.model.unshield(spending, asset, wanted, recipient)  # noqa: E731
        self._request(Operation.UNSHIELD, actor, signals, 9, effect, self.chain.addresses[recipient])

    @rule(
        actor=actors, pair=pairs, share=st.integers(1, SHARE), power=st.integers(0, len(CAPS) - 1),
        minimum=dice, mistake=dice, notes=st.integers(0, 7), lie=dice,
    )  # fmt: skip
    def swap(
        self, actor: str, pair: tuple[str, str], share: int, power: int, minimum: int, mistake: int, notes: int,
        lie: int,
    ) -> None:  # fmt: skip
        given, wanted = pair
        if mistake in (5, 6, 7):
            share, power = SHARE, len(CAPS) - 1  # as much as moves the price beyond its bound
        cap = CAPS[power] + (mistake == 0)
        most = cap * WATT_HOUR if given != ETHER else cap * 5 * 10**12
        amount = min(self.model.inside(given), most) * share // SHARE + (mistake == 1) * most
        averages = {asset: self.chain.average(asset) for asset in {given, wanted} & set(MICROGRIDS)}
        slot = next(iter(self.model.slots)) if mistake == 2 and self.model.slots else self._number()
        epoch = self.model.now // EPOCH_SECONDS + (mistake == 3) - (mistake == 4)
        least = 0 if minimum == 0 else 2**120 if minimum == 1 else 1
        swap = Swap(given, amount, wanted, least, self._number(), epoch, cap, slot, averages)
        spending = self._spending(2, 3, notes, lie)
        signals = [*spending.nullifiers, *spending.commitments, self.chain.registration_root, slot, spending.root]
        signals += [spending.tree, self.model.addresses[given], amount, epoch, cap]
        order = SwapOrder(self._address(wanted), least, swap.npk)
        self._request(Operation.SWAP, actor, signals, 11, lambda: self.model.swap(spending, swap), order)

    @rule(actor=actors, number=st.integers(1, 40))
    def flush(self, actor: str, number: int) -> None:
        data = self.chain.encode(POOL, "flush", number)
        self._run("flush", actor, POOL, data, lambda: self.model.flush(number))
        if self.model.roots and not isinstance(self.last, str):
            (valid,) = self.chain.ask(POOL, self.chain.encode(POOL, "isRoot", self.model.roots[-1], 0))
            assert int(valid, 16) == 1, "the root is not the reference's"

    # Metering.

    @rule(energy=energies, ago=recent, exported=totals, imported=totals, mistake=dice)
    def publish(self, energy: str, ago: int, exported: int, imported: int, mistake: int) -> None:
        epoch, tree_root = self.model.now // EPOCH_SECONDS - ago, self._number()
        again = ((energy, epoch) in self.model.epochs) != (mistake == 0)
        function = "correctReadings" if again else "publishReadings"
        arguments = (MICROGRIDS[energy], epoch, tree_root, exported, imported, bytes(32))
        data = self.chain.encode(REGISTRY, function, *arguments)
        effect = lambda: self.model.publish(energy, epoch, tree_root, exported, imported, again)  # noqa: E731
        self._run(function, OPERATOR, REGISTRY, data, effect)

    @rule(actor=actors, energy=energies, which=dice, notes=st.integers(0, 3), lie=dice)
    def issue(self, actor: str, energy: str, which: int, notes: int, lie: int) -> None:
        epoch, root, meter = self._metered(energy, which, lie)
        commitments = self._commitments(2, notes)
        signals = [root, self.chain.registration_root, *commitments, meter, MICROGRIDS[energy], epoch]
        signals.append(self.model.addresses[energy])
        effect = lambda: self.model.issue(energy, epoch, root, meter, commitments)  # noqa: E731
        self._request(Operation.ISSUE, actor, signals, 8, effect)

    @rule(actor=actors, energy=energies, which=dice, notes=st.integers(0, 3), lie=dice)
    def settle(self, actor: str, energy: str, which: int, notes: int, lie: int) -> None:
        epoch, root, meter = self._metered(energy, which, lie)
        spending = self._spending(2, 2, notes, lie)
        signals = [*spending.nullifiers, *spending.commitments, root, self.chain.registration_root, meter]
        signals += [self._number(), spending.root, spending.tree, self.model.addresses[energy]]
        signals += [MICROGRIDS[energy], epoch]
        effect = lambda: self.model.settle(energy, epoch, root, meter, spending)  # noqa: E731
        self._request(Operation.SETTLE, actor, signals, 11, effect)

    # In public.

    @rule(actor=actors, energy=energies, share=st.integers(1, SHARE // 20))
    def buy(self, actor: str, energy: str, share: int) -> None:
        market = MARKETS[energy]
        wei = self.model.balances[ETHER, market] * share // SHARE
        data = self.chain.encode(market, "ethToTokenSwapInput", 1, LAST)
        self._run("buy", actor, market, data, lambda: self.model.buy(actor, energy, wei), wei)

    @rule(actor=actors, asset=st.sampled_from([asset for asset in ASSETS if asset != ETHER]), amount=amounts())
    def give(self, actor: str, asset: str, amount: Amount) -> None:
        given = amount.of(self.model.balances[asset, actor] // 1000)
        data = self.chain.encode(asset, "transfer", self.chain.addresses[POOL], given)
        self._run("give", actor, asset, data, lambda: self.model.give(actor, asset, given))

    @rule(seconds=st.sampled_from([1, 60, 301, EPOCH_SECONDS, 3 * EPOCH_SECONDS]))
    def wait(self, seconds: int) -> None:
        self.model.now += seconds
        self.chain.wait(self.model.now)

    # What always holds.

    @invariant()
    def conserved(self) -> None:
        """P1: the chain's numbers, and that they add up."""
        view, model = self.chain.view(), self.model
        for (what, *names), value in view.items():
            if what == "balance":
                assert value == model.balances[names[0], names[1]], (names, value)
            elif what == "inside":
                assert value == model.inside(names[0]), (names, value)
        assert (view["queued",], view["flushed",]) == (len(model.notes), model.flushed)
        start = Model(0, model.addresses)
        for asset in ASSETS:
            came = model.shielded[asset] + model.swapped_in[asset]
            if asset in MICROGRIDS:
                assert model.left[asset] <= came + model.published(asset)
                total = view["supply", asset] + view["inside", asset]
                assert total == start.supply[asset] + model.credited[asset], "energy appeared or vanished"
                assert total <= start.supply[asset] + model.published(asset)
            else:
                assert model.left[asset] <= came
                assert view["balance", asset, POOL] >= view["inside", asset], "the pool can't pay what is inside"
            held = sum(value for name, value in view.items() if name[:2] == ("balance", asset))
            expected = sum(value for name, value in start.balances.items() if name[0] == asset)
            assert held == (view["supply", asset] if asset in MICROGRIDS else expected)

    # Steps.

    def _run(self, name: str, sender: str, to: str, data: bytes, effect: Callable[[], None], value: int = 0) -> None:
        """Runs an operation in both, and compares what comes of it."""
        queued, expected = len(self.model.notes), ""
        try:
            effect()
        except Refusal as refusal:
            expected = str(refusal)
        self.last: Done | str = self.chain.submit(sender, to, data, value)
        if isinstance(self.last, str):
            assert self.last == expected, f"{name}: refused with {self.last}, expected {expected or 'success'}"
            self.refusals[expected] += 1
            return
        assert not expected, f"{name}: went through, expected {expected}"
        assert self.last.queued == self.model.notes[queued:]
        assert self.last.first_position in (None, queued)
        assert not self.spent_on_chain & set(self.last.spent), "a note was spent twice"
        assert len(set(self.last.spent)) == len(self.last.spent), "a note was spent twice at once"
        self.spent_on_chain |= set(self.last.spent)
        assert self.spent_on_chain == self.model.spent
        self.succeeded[name] += 1

    def _request(
        self, operation: Operation, sender: str, signals: list[int], place: int, effect: Callable[[], None],
        details: Details = None,
    ) -> None:  # fmt: skip
        """Runs a shielded operation; its context hash belongs at that place of the signals."""
        to = REGISTRY if operation >= Operation.ISSUE else POOL
        contract = self.chain.addresses[to]
        bound = context_hash(31337, contract, operation, TERMS, details)
        complete = (*signals[:place], bound, *signals[place:])
        request = Request(operation, 31337, contract, PROOF, complete, TERMS, details)
        self._run(operation.function, sender, to, request.calldata, effect)

    def _spending(self, spent: int, made: int, notes: int, lie: int) -> Spending:
        """Under a root of the past, mostly; some lies are about the root, some about a note that was spent before."""
        roots = self.model.roots
        root = roots[self._number() % len(roots)] if roots and lie != 0 else self._number()
        nullifiers = [self._number() for _ in range(spent)]
        if lie == 1:
            nullifiers[-1] = nullifiers[0]
        if lie in (2, 3) and self.model.spent:
            nullifiers[lie % 2] = min(self.model.spent)
        return Spending(root, 1 if lie == 4 else 0, nullifiers, self._commitments(made, notes))

    def _commitments(self, made: int, left_out: int) -> list[int]:
        return [0 if left_out >> place & 1 else self._number() for place in range(made)]

    def _metered(self, energy: str, which: int, lie: int) -> tuple[int, int, int]:
        """Epoch, readings root and meter nullifier, mostly of an epoch that was published."""
        epochs = [epoch for microgrid, epoch in self.model.epochs if microgrid == energy]
        if not epochs or which == DICE - 1:
            return self.model.now // EPOCH_SECONDS - 5, self._number(), self._number()
        epoch = epochs[which % len(epochs)]
        root = self._number() if lie == 5 else self.model.epochs[energy, epoch].root
        meter = min(self.model.meters) if lie == 6 and self.model.meters else self._number()
        return epoch, root, meter

    def _number(self) -> int:
        """A field element that this run has not seen."""
        return int.from_bytes(keccak(text=str(next(self._numbers))), "big") % MODULUS

    def _address(self, asset: str) -> str:
        return self.chain.addresses[asset]


def report(succeeded: Counter[str], refusals: Counter[str]) -> str:
    """What ran, for people."""
    total = succeeded.total() + refusals.total()
    lines = [f"{total} operations, {succeeded.total()} went through"]
    lines += [f"  {name:32} {number:6}" for name, number in [*succeeded.most_common(), *refusals.most_common()]]
    return "\n".join(lines)
