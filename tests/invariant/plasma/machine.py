"""The state machine: three owners and the authorities do anything with the bridge, in whatever order."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any, ClassVar

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from tests.invariant.plasma.bridge import OWNERS, Bridge
from tests.invariant.plasma.model import (
    ASSETS,
    CHALLENGE,
    CHANGE,
    ETHER,
    FREEZE,
    HOUR,
    ROLLBACK,
    SILENCE,
    TOKEN,
    UNIT,
    WINDOW,
    Model,
    Refusal,
)

assets = st.sampled_from(ASSETS)
owners = st.sampled_from(OWNERS)
amounts = st.one_of(st.integers(1, 20 * UNIT), st.sampled_from([0, 1, UNIT, 5 * UNIT, 20 * UNIT]))
caps = st.sampled_from([0, UNIT, 3 * UNIT, 5 * UNIT, 40 * UNIT])
pauses = st.sampled_from([1, HOUR, FREEZE, SILENCE - HOUR, WINDOW, CHALLENGE - 1, CHALLENGE, ROLLBACK, CHANGE])
shares = st.integers(1, 100)
which = st.integers(0, 30)
dice = st.integers(0, 5)
OPERATIONS: dict[str, tuple[int, dict[str, st.SearchStrategy[Any]]]] = {
    "deliver": (2, {"count": st.integers(1, 4)}),
    "transfer": (1, {"asset": assets, "sender": owners, "to": owners, "share": shares}),
    "burn": (3, {"asset": assets, "owner": owners, "recipient": owners, "share": shares}),
    "seal": (1, {}),
    "deposit": (3, {"sender": owners, "recipient": owners, "asset": assets, "amount": amounts}),
    "submit": (4, {"bent": dice}),
    "finalise": (3, {"number": which}),
    "freeze": (1, {"chance": dice}),
    "challenge": (2, {"number": which}),
    "halt_silent": (2, {"chance": dice}),
    "halt_faulty": (1, {"chance": dice}),
    "set_cap": (1, {"asset": assets, "cap": caps}),
    "start": (5, {"number": which, "epoch": which, "by_receipt": st.booleans()}),
    "release": (5, {"number": which}),
    "claim": (2, {"asset": assets, "owner": owners}),
    "refund": (2, {"index": which}),
    "escape": (3, {"asset": assets, "owner": owners, "recipient": owners}),
    "wait": (5, {"seconds": pauses}),
}
"""How often each is tried, and what it is tried with."""
WEIGHTED = [name for name, (weight, _) in OPERATIONS.items() for _ in range(weight)]
MOST_WINDOWS = 1_000


class Machine(RuleBasedStateMachine):
    """Draws operations; each runs on the chain and in the model, which must agree on what comes of it. At the end all
    that is owed is paid, one way or the other."""

    bridge: ClassVar[Bridge]
    succeeded: ClassVar[Counter[str]]
    refusals: ClassVar[Counter[str]]

    def __init__(self) -> None:
        super().__init__()
        self.bridge.reset()
        self.model = Model(self.bridge.now, self.bridge.now)
        self._whole = True

    @initialize(amounts=st.lists(st.integers(5 * UNIT, 20 * UNIT), min_size=3, max_size=3), final=st.booleans())
    def begin(self, amounts: list[int], final: bool) -> None:
        """Everybody has something on the plasma chain, and burned some, in a final checkpoint or in none."""
        for owner, amount in enumerate(amounts):
            for asset in ASSETS:
                self.deposit(owner, owner, asset, amount)
        self.deliver(len(self.model.deposits))
        for owner, amount in enumerate(amounts):
            self.burn(ETHER, owner, owner, 60)
            self.deposit(owner, owner, ETHER, amount)
        if final:
            self.submit(1)
            self.wait(CHALLENGE)
            self.finalise(0)

    @rule(what=st.sampled_from(WEIGHTED), data=st.data())
    def act(self, what: str, data: st.DataObject) -> None:
        """Any operation."""
        getattr(self, what)(**{name: data.draw(values, name) for name, values in OPERATIONS[what][1].items()})

    # The plasma chain.

    def deliver(self, count: int) -> None:
        self.bridge.deliver(self.model.deliver(count))

    def transfer(self, asset: str, sender: int, to: int, share: int) -> None:
        self.model.transfer(asset, sender, to, self.model.balances[asset, sender] * share // 100)

    def burn(self, asset: str, owner: int, recipient: int, share: int) -> None:
        amount = self.model.balances[asset, owner] * share // 100
        if amount:
            self.model.burn(asset, owner, recipient, amount)
            self.bridge.burn(asset, owner, recipient, amount)

    def seal(self) -> None:
        self.model.blocks += 1
        self.bridge.seal(self.model.balances)

    # The root chain.

    def deposit(self, sender: int, recipient: int, asset: str, amount: int) -> None:
        self._run(
            "deposit",
            lambda: self.model.deposit(sender, recipient, asset, amount),
            lambda: self.bridge.deposit(sender, recipient, asset, amount),
        )

    def submit(self, bent: int) -> None:
        self.seal()
        lie = bent in (0, 5)
        self._run("submit", lambda: self.model.submit(lie), lambda: self.bridge.submit(lie))

    def finalise(self, number: int) -> None:
        if epoch := self._epoch(number):
            act = lambda: self.bridge.act("root", "finalise", self.bridge.submissions[epoch - 1].abi())  # noqa: E731
            self._run("finalise", lambda: self.model.finalise(epoch), act)

    def freeze(self, chance: int) -> None:
        if chance < 3:
            self._run("freeze", self.model.freeze, self.bridge.freeze)

    def challenge(self, number: int) -> None:
        faulty = [place for place, point in enumerate(self.model.points, start=1) if point.bent]
        if epoch := faulty[number % len(faulty)] if faulty else self._epoch(number) if number % 3 == 0 else 0:
            self._run("challenge", lambda: self.model.challenge(epoch), lambda: self.bridge.challenge(epoch))

    def halt_silent(self, chance: int) -> None:
        if chance in (0, 5):
            self._run("halt_silent", self.model.halt_silent, lambda: self.bridge.act("root", "haltSilent"))

    def halt_faulty(self, chance: int) -> None:
        if self.model.fault or chance == 0:
            self._run("halt_faulty", self.model.halt_faulty, lambda: self.bridge.act("root", "haltFaulty"))

    def set_cap(self, asset: str, cap: int) -> None:
        act = lambda: self.bridge.act("vault", "setCap", self.bridge.asset(asset), cap)  # noqa: E731
        self._run("set_cap", lambda: self.model.set_cap(asset, cap), act)

    def start(self, number: int, epoch: int, by_receipt: bool) -> None:
        burns = [place for place, burn in enumerate(self.model.burns) if burn.block <= self.model.blocks]
        if burns and self.model.points:
            self._start(burns[number % len(burns)], self._epoch(epoch), by_receipt)

    def release(self, number: int) -> None:
        if self.model.burns:
            self._release(number % len(self.model.burns))

    def claim(self, asset: str, owner: int) -> None:
        to = self.bridge.accounts[owner].address
        act = lambda: self.bridge.act("vault", "claim", self.bridge.asset(asset), to)  # noqa: E731
        self._run("claim", lambda: self.model.claim(asset, owner), act)

    def refund(self, index: int) -> None:
        index %= len(self.model.deposits)
        if self.model.halted or index == 0:
            self._run("refund", lambda: self.model.refund(index), lambda: self.bridge.refund(index, self.model.final))

    def escape(self, asset: str, owner: int, recipient: int) -> None:
        open_ = self.model.settled() and self.model.final
        balances = self.model.points[self.model.final - 1].balances if open_ else {}
        if not balances.get((asset, owner)) and (asset == TOKEN or owner):
            return  # a proof can't show a token's slot that isn't there
        effect = lambda: self.model.escape(asset, owner, recipient)  # noqa: E731
        self._run("escape", effect, lambda: self.bridge.escape(asset, owner, recipient, self.model))

    def wait(self, seconds: int) -> None:
        self.model.now += seconds
        self.bridge.wait(seconds)

    # What always holds.

    @invariant()
    def solvent(self) -> None:
        """P5: the chain's numbers are the model's, and what the vault has is held or claimable, no more, no less."""
        model, view = self.model, self.bridge.view()
        assert (view["final"], view["frozen_until"]) == (model.final, model.frozen_until)
        assert (view["halted"], view["fault"]) == (model.halted, model.fault)
        for asset in ASSETS:
            claimable = {owner: model.claimable[asset, owner] for owner in OWNERS}
            assert {owner: view["claimable", asset, owner] for owner in OWNERS} == claimable
            assert view["held", asset] == model.held[asset]
            assert view["room", asset] == model.room_of(asset)
            assert view["balance", asset] == model.held[asset] + sum(claimable.values())
            deposited = sum(deposit.amount for deposit in model.deposits if deposit.asset == asset)
            covered = model.covered if asset == ETHER else 0
            assert view["balance", asset] + model.paid[asset] == deposited + covered
        assert all(0 <= burn.released <= burn.amount for burn in model.burns)

    def teardown(self) -> None:
        """P5: whatever happened, everybody gets what is his."""
        if self._whole:
            (self._end if self.model.fault or self.model.halted else self._go_on)()
            self._claim_all()
            self.solvent()

    # How it ends.

    def _go_on(self) -> None:
        """The chain lives: each exit is paid, within the caps, and what else is there stays on the plasma chain."""
        model = self.model
        self.submit(1)
        self.wait(max(CHALLENGE, model.frozen_until - model.now))
        self._run(
            "finalise",
            lambda: model.finalise(model.head),
            lambda: self.bridge.act("root", "finalise", self.bridge.submissions[-1].abi()),
        )
        self._start_all()
        for _ in range(MOST_WINDOWS):
            waiting = [place for place, burn in enumerate(model.burns) if burn.released < burn.amount]
            if not waiting:
                break
            for place in waiting:
                self._release(place)
            self.wait(WINDOW)
        assert all(burn.released == burn.amount for burn in model.burns), "an exit is stuck"
        for asset in ASSETS:
            on_chain = sum(model.balances[asset, owner] for owner in OWNERS)
            waiting_in = sum(deposit.amount for deposit in model.deposits[model.consumed :] if deposit.asset == asset)
            assert model.held[asset] == on_chain + waiting_in

    def _end(self) -> None:
        """The chain has ended: final exits, refunds and escapes pay all but what was paid for exits that are void."""
        model = self.model
        if not model.halted:
            self.wait(max(0, model.frozen_until - model.now))
            self.halt_faulty(0)
        self.wait(max(0, model.settled_at + 1 - model.now))
        if model.final:
            self._start_all()
        final = model.points[model.final - 1] if model.final else None
        owed = self._owed()
        before = Counter({asset: model.held[asset] for asset in ASSETS})
        for place in range(final.exits if final else 0):
            if model.burns[place].released < model.burns[place].amount:
                self._release(place)
        for index in range(final.consumed if final else 0, len(model.deposits)):
            self.refund(index)
        self.refund(0)  # what was taken, or went back, doesn't
        for asset in ASSETS if final else ():
            for owner in OWNERS:
                self.escape(asset, owner, owner)
        for asset in ASSETS:
            missing = max(0, model.lost(asset) - (model.covered if asset == ETHER else 0))
            assert before[asset] - model.held[asset] == owed[asset] - min(owed[asset], missing)

    def _owed(self) -> Counter[str]:
        """What the last final checkpoint says is to be paid, and wasn't."""
        model = self.model
        final = model.points[model.final - 1] if model.final else None
        owed: Counter[str] = Counter()
        for deposit in model.deposits[final.consumed if final else 0 :]:
            owed[deposit.asset] += deposit.amount - deposit.refunded
        for burn in model.burns[: final.exits if final else 0]:
            owed[burn.asset] += burn.amount - burn.released
        for (asset, owner), balance in final.balances.items() if final else ():
            owed[asset] += 0 if (asset, owner) in model.escaped else balance
        return owed

    def _claim_all(self) -> None:
        for (asset, owner), amount in list(self.model.claimable.items()):
            if amount:
                self.claim(asset, owner)

    def _start_all(self) -> None:
        """Every exit that the last final checkpoint has is started with it, unless it was with an earlier one."""
        final = self.model.final
        for place, burn in enumerate(self.model.burns[: self.model.points[final - 1].exits]):
            if burn.started == 0 or burn.started > final:
                self._start(place, final, by_receipt=False)

    # Steps.

    def _start(self, number: int, epoch: int, by_receipt: bool) -> None:
        self._run(
            "start by receipt" if by_receipt else "start",
            lambda: self.model.start(number, epoch, by_receipt),
            lambda: self.bridge.start(number, epoch, by_receipt),
        )

    def _release(self, number: int) -> None:
        exit_ = self.bridge.burns[number][0].abi()
        act = lambda: self.bridge.act("vault", "releaseExit", exit_)  # noqa: E731
        self._run("release", lambda: self.model.release(number), act)

    def _epoch(self, number: int) -> int:
        """One of the checkpoints that ever were, void ones too; the newest most often. 0: there is none."""
        return max(1, len(self.model.points) - number % 7) if self.model.points else 0

    def _run(self, name: str, effect: Callable[[], object], act: Callable[[], str]) -> None:
        """Runs an operation in both, and compares what comes of it."""
        self._whole, expected = False, ""
        try:
            effect()
        except Refusal as refusal:
            expected = str(refusal)
        actual = act()
        assert actual == expected, f"{name}: {actual or 'went through'}, expected {expected or 'success'}"
        (self.refusals if expected else self.succeeded)[expected or name] += 1
        self._whole = True
