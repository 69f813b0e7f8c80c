"""Gas of PPDLRegistry and PPDLChallenges: rounds of 8, 42 and 102 participants, of a model with 641 weights.

Everything is made up alike each time (`tests/ppdl/made_up.py`), so gas is exact. A round before has used every slot
that isn't new by its nature, and the challenger has rewards already. Challenges, demand and answer are of the largest
round, whose neighbours are drawn and whose trees are deepest; one participant committed no seeds, one no update.
"""

from __future__ import annotations

from typing import Any

from web3 import Web3

from benchmarks.shielded import fresh_chain
from offchain.node import Node
from offchain.ppdl.aggregation.messages import Header
from tests.ppdl.faults import bent, challenge, one_more, slash_poster
from tests.ppdl.made_up import LargeRound
from tests.ppdl.rounds import opened
from tests.ppdl.stage import CLOSE, RULES, UPLOAD, deployed, hash_of

WEIGHTS, CHUNK = 641, 5
FEW, SOME, MANY = 8, 42, 102
CHALLENGER = 2


class Bench:
    """The contracts, and what each call of them costs."""

    def __init__(self, web3: Web3) -> None:
        Node(web3).call("anvil_setBlockTimestampInterval", 1)  # or the wall clock, and with it chance, gives the times
        self.stage = deployed(web3, WEIGHTS, MANY + 1)
        self.head: Header = self.stage.first
        self.state = self.stage.state
        self.gas: dict[str, int] = {}

    def send(self, name: str, call: Any, by: int, value: int = 0) -> None:
        """Sends a call of a participant; its gas is what `name` costs, together with what it cost so far."""
        used = int(self.stage.send(call, self.stage.keys[by], value)["gasUsed"])
        self.gas[name] = self.gas.get(name, 0) + used

    def uploaded(self, count: int, but: bool = False) -> LargeRound:
        """A round up to the closing; `but` one without seeds and one without an update."""
        made = opened(self.stage, count)
        round_ = LargeRound(self.stage, made.number, made.opened_at, made.keys, self.state)
        round_.commit_keys().commit_seeds([4] if but else []).upload([7] if but else [])
        self.stage.wait_until(round_.opened_at + (CLOSE if but else UPLOAD))
        return round_

    def relayed(self, round_: LargeRound) -> None:
        """The header of a round, which is final."""
        header = round_.header(self.head)
        self.send("ppdl_header", round_.relay_call(header), 3)
        self.head, self.state = header, round_.after

    def used(self) -> None:
        """A first round, with a false aggregate, so that nothing is new afterwards."""
        round_ = self.uploaded(FEW)
        self.stage.send(round_.close_call(), self.stage.keys[0])
        slash_poster(round_, by=MANY, challenger=CHALLENGER)
        round_.post(by=3).finalise()
        self.relayed(round_)

    def round(self, name: str, round_: LargeRound) -> None:
        """Closing, posting and finalising together, and the header."""
        self.send(name, round_.close_call(), 0)
        self.send(name, round_.post_call(), 3)
        self.stage.wait_until(self.stage.round()["until"])
        self.send(name, self.stage.registry.functions.finalise(round_.number), 3)
        self.gas.pop("ppdl_header", None)
        self.relayed(round_)

    def challenges(self, round_: LargeRound) -> None:
        """Each challenge against an aggregate that is wrong there, then a demand and its answer."""
        self.stage.send(round_.close_call(), self.stage.keys[0])
        leaves, alive = round_.tree.chunk_trees[0].leaves, len(round_.alive)
        mask = next(place for place, one in enumerate(round_.masks) if place >= alive and one) + alive
        other = round_.after.copy()
        other[64 * CHUNK] = ~other[64 * CHUNK]
        wrong = {
            "sum": (leaves // 2, bent(round_, CHUNK, leaves // 2, one_more)),
            "leaf": (3, bent(round_, CHUNK, leaves + 3, one_more)),
            "mask": (mask, bent(round_, CHUNK, leaves + mask, one_more)),
        }
        for kind, (place, tree) in wrong.items():
            self.challenge(round_, kind, {"sums": tree}, place)
        self.challenge(round_, "update", {"after": other})
        self.hash_challenge(round_, other)
        self.gas["ppdl_challenge"] = max(self.gas[f"ppdl_challenge_{kind}"] for kind in wrong)
        round_.post(by=3)
        place, claim = leaves // 2, self.stage.round()["claim"]
        demand = self.stage.challenges.functions.demand
        for node, names in ((place + 1, ("", "")), (place, ("ppdl_demand", "ppdl_answer"))):
            self.send(names[0], demand(0, claim, CHUNK, node), CHALLENGER, RULES.demand_fee)
            shown = round_.disputed().sum(CHUNK, node)
            self.send(names[1], self.stage.challenges.functions.answerSum(claim, CHUNK, node, shown), 3)
        self.gas.pop("")

    def challenge(self, round_: LargeRound, kind: str, changes: dict[str, Any], *place: int) -> None:
        """A challenge of an aggregate with changes, which is taken back."""
        snapshot = self.stage.request("evm_snapshot")
        shown = round_.disputed(**changes)
        round_.post(shown, by=4)
        proof = getattr(shown, kind)(CHUNK, *place)
        self.send(f"ppdl_challenge_{kind}", challenge(round_, kind.title(), CHUNK, *place, proof), CHALLENGER)
        self.stage.request("evm_revert", snapshot)

    def hash_challenge(self, round_: LargeRound, other: Any) -> None:
        """The right model under the hash of another one."""
        snapshot = self.stage.request("evm_snapshot")
        closing, sums, root, _ = round_.post_call().args
        post = self.stage.registry.functions.postAggregate(closing, sums, root, hash_of(other))
        self.stage.send(post, self.stage.keys[4])
        right, wrong = round_.disputed().hash(CHUNK), round_.disputed(after=other).hash(CHUNK)
        call = challenge(round_, "Hash", CHUNK, (*right[:2], *wrong[2:]))
        self.send("ppdl_challenge_hash", call, CHALLENGER)
        self.stage.request("evm_revert", snapshot)


def measure() -> dict[str, int]:
    """Gas by operation."""
    with fresh_chain() as web3:
        bench = Bench(web3)
        bench.used()
        bench.round("ppdl_round_8", bench.uploaded(FEW))
        bench.round("ppdl_round", bench.uploaded(SOME))
        large = bench.uploaded(MANY, but=True)
        snapshot = bench.stage.request("evm_snapshot")
        bench.challenges(large)
        bench.stage.request("evm_revert", snapshot)
        bench.round("ppdl_round_102", large)
        return bench.gas
