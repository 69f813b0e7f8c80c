"""P7 whatever participants, challengers and demanders do in whatever order, the registry holds exactly what it owes."""

from __future__ import annotations

from typing import Any, ClassVar

from eth_utils.crypto import keccak
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from offchain.ppdl.aggregation.messages import Update
from tests.ppdl.faults import bent, challenge, one_more
from tests.ppdl.made_up import LargeRound
from tests.ppdl.rounds import opened
from tests.ppdl.stage import RULES, UNBONDING, Stage, asked

FEE = RULES.demand_fee
SUM, UPDATE, HASH, SIGNATURE = 0, 3, 4, 5
PLACES = [(SUM, 0, 1), (SUM, 2, 3), (UPDATE, 1, 0), (HASH, 0, 0), (SIGNATURE, 0, 2)]
NAMES = {SUM: "Sum", UPDATE: "Update", HASH: "Hash", SIGNATURE: "Signature"}
WHO = st.integers(0, 9)


class Bonds(RuleBasedStateMachine):
    """Ten participants and a model of what each has and is owed. Whether something works is the chain's affair."""

    stage: ClassVar[Stage]

    @initialize()
    def begin(self) -> None:
        self.snapshot = self.stage.request("evm_snapshot")
        self.keys = self.stage.keys[:10]
        self.bonds: dict[str, int] = {key.address: self.stage.bond_of(key) for key in self.keys}
        self.others = RULES.bond * (len(self.stage.keys) - len(self.keys))
        self.owed: dict[str, int] = dict.fromkeys(self.bonds, 0)
        self.sunk = 0
        self.demands: dict[tuple[int, int, int, int], str] = {}
        self.round: LargeRound | None = None
        self.wrong = False

    def teardown(self) -> None:
        self.stage.request("evm_revert", self.snapshot)

    def attempt(self, call: Any, who: int, value: int = 0) -> list[tuple[str, dict[str, Any]]] | None:
        """The events of a call, None if it was refused; bonds are as the events say."""
        key = self.keys[who]
        sent = call.transact({"from": key.address, "value": value, "gas": 5_000_000})
        receipt = self.stage.web3.eth.wait_for_transaction_receipt(sent, 60, 0.002)
        if receipt["status"] != 1:
            return None
        events = self.stage.events(receipt)
        for name, shown in events:
            if name == "Slashed":
                self.slash(shown["participant"], shown["challenger"])
        return events

    def slash(self, participant: str, challenger: str) -> None:
        amount, self.bonds[participant] = self.bonds[participant], 0
        self.owed[challenger] += amount // 2
        self.sunk += amount - amount // 2

    @property
    def calls(self) -> Any:
        return self.stage.registry.functions

    @rule(who=WHO, value=st.sampled_from([0, 1, RULES.bond - 1, RULES.bond]))
    def join(self, who: int, value: int) -> None:
        if self.attempt(self.calls.join(), who, value) is not None:
            self.bonds[self.keys[who].address] += value

    @rule(who=WHO)
    def resign(self, who: int) -> None:
        self.attempt(self.calls.resign(), who)

    @rule(who=WHO)
    def withdraw(self, who: int) -> None:
        key = self.keys[who]
        if self.attempt(self.calls.withdrawBond(key.address), who) is not None:
            self.bonds[key.address] = 0

    @rule(who=WHO)
    def claim(self, who: int) -> None:
        key = self.keys[who]
        if self.attempt(self.calls.claimReward(key.address), who) is not None:
            assert self.owed[key.address]
            self.owed[key.address] = 0

    @rule(who=WHO, by=WHO)
    def equivocate(self, who: int, by: int) -> None:
        roots = (keccak(text="one"), keccak(text="other"))
        signed = [part for root in roots for part in (root, self.stage.domain.sign(Update(99, root), self.keys[who]))]
        self.attempt(self.stage.challenges.functions.proveEquivocation(99, *signed), by)

    @rule(seconds=st.sampled_from([RULES.answer_window, RULES.challenge_window, UNBONDING]))
    def wait(self, seconds: int) -> None:
        self.stage.wait_until(self.stage.now + seconds)

    @rule(wrong=st.booleans())
    def post(self, wrong: bool) -> None:
        """A round of those who can take part, up to its aggregate."""
        stage = self.stage
        active = [key for key in self.keys if self.bonds[key.address] and not self.resigned(key.address)]
        if len(active) < 8 or self.attempt(self.calls.open(), self.keys.index(active[0])) is None:
            return
        round_ = LargeRound(stage, stage.round()["round"], stage.now, active[:8], stage.state)
        round_.commit_keys().commit_seeds().upload().close()
        shown = round_.disputed(sums=bent(round_, 0, 1, one_more)) if wrong else None
        round_.post(shown)
        self.round, self.wrong = round_, wrong

    def resigned(self, address: str) -> bool:
        return bool(self.calls.participantOf(address).call()[1])

    @precondition(lambda self: self.round)
    @rule(place=st.sampled_from(PLACES), who=WHO)
    def demand(self, place: tuple[int, int, int], who: int) -> None:
        kind, chunk, number = place
        subject = self.stage.round()["round" if kind == SIGNATURE else "claim"]
        call = self.stage.challenges.functions.demand(kind, subject, chunk, number)
        if self.attempt(call, who, FEE) is not None:
            self.demands[kind, subject, chunk, number] = self.keys[who].address

    @precondition(lambda self: self.demands)
    @rule(data=st.data(), who=WHO)
    def answer(self, data: st.DataObject, who: int) -> None:
        kind, subject, chunk, number = place = data.draw(st.sampled_from(sorted(self.demands)))
        name = NAMES[kind]
        where = {SUM: (chunk, number), SIGNATURE: (number,)}.get(kind, (chunk,))
        assert self.round
        shown = getattr(self.round.disputed(), name.lower())(*where)
        if self.attempt(self.stage.challenges.functions[f"answer{name}"](subject, *where, shown), who) is not None:
            del self.demands[place]
            self.owed[self.keys[who].address] += FEE

    @precondition(lambda self: self.demands)
    @rule(data=st.data(), who=WHO, function=st.sampled_from(["convict", "release"]))
    def give_back(self, data: st.DataObject, who: int, function: str) -> None:
        place = data.draw(st.sampled_from(sorted(self.demands)))
        if self.attempt(self.stage.challenges.functions[function](*place), who) is not None:
            self.owed[self.demands.pop(place)] += FEE

    @precondition(lambda self: self.round)
    @rule(who=WHO)
    def challenge(self, who: int) -> None:
        assert self.round
        shown = self.round.disputed(sums=bent(self.round, 0, 1, one_more))
        held = self.attempt(challenge(self.round, "Sum", 0, 1, shown.sum(0, 1)), who)
        assert held is None or self.wrong

    @precondition(lambda self: self.round)
    @rule(who=WHO)
    def finalise(self, who: int) -> None:
        assert self.round
        self.attempt(self.calls.finalise(self.round.number), who)

    @invariant()
    def all_adds_up(self) -> None:
        stage, addresses = self.stage, list(self.bonds)
        found = asked(
            stage.registry,
            self.calls.sunk(),
            *(self.calls.participantOf(address) for address in addresses),
            *(self.calls.rewardOf(address) for address in addresses),
        )
        assert found[0] == self.sunk
        assert [entry[0] for entry in found[1:11]] == list(self.bonds.values())
        assert found[11:] == list(self.owed.values())
        held = sum(self.bonds.values()) + sum(self.owed.values()) + self.sunk + FEE * len(self.demands) + self.others
        assert stage.web3.eth.get_balance(stage.registry.address) == held
        assert stage.web3.eth.get_balance(stage.challenges.address) == 0


def test_sequences(stage: Stage) -> None:
    """P7 bonds, rewards, fees and what is nobody's are together what the registry has, always."""
    Bonds.stage = stage
    checks = settings(max_examples=5, stateful_step_count=15, deadline=None, suppress_health_check=list(HealthCheck))
    run_state_machine_as_test(Bonds, settings=checks)


def test_rounds_are_opened(stage: Stage) -> None:
    """P7 the machine's rounds are rounds: one of made-up participants ends in a header."""
    at = opened(stage, 8)
    LargeRound(stage, at.number, at.opened_at, at.keys, at.before).commit_keys().commit_seeds().upload().close().post()
