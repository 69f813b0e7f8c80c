"""What participants, challengers and demanders do with the registry, and a model of what each has and is owed."""

from __future__ import annotations

from collections import Counter
from typing import Any, ClassVar, NamedTuple

from eth_utils.crypto import keccak
from hypothesis.stateful import RuleBasedStateMachine, invariant

from offchain.ppdl.aggregation.messages import Update
from tests.ppdl.faults import bent, challenge, one_more
from tests.ppdl.made_up import LargeRound
from tests.ppdl.stage import RULES, UNBONDING, Stage, asked

FEE = RULES.demand_fee
SUM, UPDATE, HASH, SIGNATURE = 0, 3, 4, 5
PLACES = [(SUM, 0, 1), (SUM, 2, 3), (UPDATE, 1, 0), (HASH, 0, 0), (SIGNATURE, 0, 2)]
NAMES = {SUM: "Sum", UPDATE: "Update", HASH: "Hash", SIGNATURE: "Signature"}
PARTICIPANTS = 10


class Drawn(NamedTuple):
    """By whom something is done, to which one of several, and one of two ways."""

    who: int
    place: int
    way: bool


class Bonds(RuleBasedStateMachine):
    """Ten participants. Whether something works is the chain's affair."""

    stage: ClassVar[Stage]
    succeeded: ClassVar[Counter[str]]

    def begin(self, wrong: bool) -> None:
        """With a round whose aggregate is posted."""
        self.snapshot = self.stage.request("evm_snapshot")
        self.keys = self.stage.keys[:PARTICIPANTS]
        self.bonds: dict[str, int] = {key.address: self.stage.bond_of(key) for key in self.keys}
        self.others = RULES.bond * (len(self.stage.keys) - len(self.keys))
        self.owed: dict[str, int] = dict.fromkeys(self.bonds, 0)
        self.sunk = 0
        self.demands: dict[tuple[int, int, int, int], str] = {}
        self.round: LargeRound | None = None
        self.wrong = False
        self.states = [self.stage.state]
        self.headers = [self.stage.first]
        self.post(Drawn(0, 0, wrong))

    def teardown(self) -> None:
        self.stage.request("evm_revert", self.snapshot)

    def receipt(self, call: Any, who: int, value: int = 0) -> Any:
        """Of a call, None if it was refused."""
        sent = call.transact({"from": self.keys[who].address, "value": value, "gas": 5_000_000})
        receipt = self.stage.web3.eth.wait_for_transaction_receipt(sent, 60, 0.002)
        if receipt["status"] != 1:
            return None
        self.succeeded[call.fn_name] += 1
        return receipt

    def attempt(self, call: Any, who: int, value: int = 0) -> list[tuple[str, dict[str, Any]]] | None:
        """The events of a call, None if it was refused; bonds are as the events say."""
        receipt = self.receipt(call, who, value)
        if receipt is None:
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

    def join(self, drawn: Drawn) -> None:
        value = (0, 1, RULES.bond - 1, RULES.bond)[drawn.place % 4]
        if self.attempt(self.calls.join(), drawn.who, value) is not None:
            self.bonds[self.keys[drawn.who].address] += value

    def resign(self, drawn: Drawn) -> None:
        self.attempt(self.calls.resign(), drawn.who)

    def withdraw(self, drawn: Drawn) -> None:
        key = self.keys[drawn.who]
        if self.attempt(self.calls.withdrawBond(key.address), drawn.who) is not None:
            self.bonds[key.address] = 0

    def claim_reward(self, drawn: Drawn) -> None:
        """By one who is owed something, or anybody."""
        owed = [who for who, key in enumerate(self.keys) if self.owed[key.address]]
        who = owed[drawn.place % len(owed)] if owed and drawn.way else drawn.who
        key = self.keys[who]
        if self.attempt(self.calls.claimReward(key.address), who) is not None:
            assert self.owed[key.address]
            self.owed[key.address] = 0

    def equivocate(self, drawn: Drawn) -> None:
        signer = self.keys[drawn.place % len(self.keys)]
        roots = (keccak(text="one"), keccak(text="other"))
        signed = [part for root in roots for part in (root, self.stage.domain.sign(Update(99, root), signer))]
        self.attempt(self.stage.challenges.functions.proveEquivocation(99, *signed), drawn.who)

    def wait(self, drawn: Drawn) -> None:
        pauses = (RULES.answer_window, RULES.challenge_window, UNBONDING)
        self.stage.wait_until(self.stage.now + pauses[drawn.place % 3])

    def post(self, drawn: Drawn) -> None:
        """A round of those who can take part, up to its aggregate, which is wrong or right."""
        stage = self.stage
        active = [key for key in self.keys if self.bonds[key.address] and not self.resigned(key.address)]
        if len(active) < 8 or self.attempt(self.calls.open(), self.keys.index(active[0])) is None:
            return
        round_ = LargeRound(stage, stage.round()["round"], stage.now, active[:8], self.states[-1])
        round_.commit_keys().commit_seeds().upload().close()
        shown = round_.disputed(sums=bent(round_, 0, 1, one_more)) if drawn.way else None
        round_.post(shown, self.keys.index(active[1]))
        self.round, self.wrong = round_, drawn.way

    def resigned(self, address: str) -> bool:
        return bool(self.calls.participantOf(address).call()[1])

    def demand(self, drawn: Drawn) -> None:
        kind, chunk, number = PLACES[drawn.place % len(PLACES)]
        subject = self.stage.round()["round" if kind == SIGNATURE else "claim"]
        call = self.stage.challenges.functions.demand(kind, subject, chunk, number)
        if self.attempt(call, drawn.who, FEE) is not None:
            self.demands[kind, subject, chunk, number] = self.keys[drawn.who].address

    def show(self, drawn: Drawn) -> None:
        """What is demanded."""
        if not self.demands or self.round is None:
            return
        kind, subject, chunk, number = place = self.demanded(drawn)
        name = NAMES[kind]
        where = {SUM: (chunk, number), SIGNATURE: (number,)}.get(kind, (chunk,))
        shown = getattr(self.round.disputed(), name.lower())(*where)
        call = self.stage.challenges.functions[f"answer{name}"](subject, *where, shown)
        if self.attempt(call, drawn.who) is not None:
            del self.demands[place]
            self.owed[self.keys[drawn.who].address] += FEE

    def give_back(self, drawn: Drawn) -> None:
        """Ends a demand, to which nothing was shown or that has no subject any more."""
        if not self.demands:
            return
        place = self.demanded(drawn)
        call = self.stage.challenges.functions["convict" if drawn.way else "release"](*place)
        if self.attempt(call, drawn.who) is not None:
            self.owed[self.demands.pop(place)] += FEE

    def demanded(self, drawn: Drawn) -> tuple[int, int, int, int]:
        return sorted(self.demands)[drawn.place % len(self.demands)]

    def challenge(self, drawn: Drawn) -> None:
        if self.round is None:
            return
        shown = self.round.disputed(sums=bent(self.round, 0, 1, one_more))
        held = self.attempt(challenge(self.round, "Sum", 0, 1, shown.sum(0, 1)), drawn.who)
        assert held is None or self.wrong

    def finalise(self, drawn: Drawn) -> None:
        if self.round is not None:
            self.attempt(self.calls.finalise(self.round.number), drawn.who)

    def relay(self, drawn: Drawn) -> None:
        """A round's header with the votes of those who still have their bonds, if they are enough."""
        if self.round is None:
            return
        header = self.round.header(self.headers[-1])
        if self.attempt(self.round.relay_call(header), drawn.who) is not None:
            self.headers.append(header)
            self.states.append(self.round.after)

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
        assert [entry[0] for entry in found[1 : PARTICIPANTS + 1]] == list(self.bonds.values())
        assert found[PARTICIPANTS + 1 :] == list(self.owed.values())
        held = sum(self.bonds.values()) + sum(self.owed.values()) + self.sunk + FEE * len(self.demands) + self.others
        assert stage.web3.eth.get_balance(stage.registry.address) == held
        assert stage.web3.eth.get_balance(stage.challenges.address) == 0
