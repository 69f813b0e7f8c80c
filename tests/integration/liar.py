"""Accounts with bonds that lie about rounds in which they have no part."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import count

from web3.contract.contract import ContractFunction

from offchain.errors import UserError
from offchain.ppdl.aggregation.lanes import chunk_tree, to_chunks
from offchain.ppdl.disputes.faults import Place
from offchain.ppdl.disputes.proofs import Disputed
from offchain.ppdl.model_chain.header import weight_hash_of
from offchain.ppdl.network.docket import Docket
from offchain.ppdl.network.member import Ground
from offchain.ppdl.network.outcome import Outcome
from offchain.ppdl.network.reckoning import Reckoning
from offchain.sender import development_account, development_sender, unsigned
from offchain.units import ETHER
from tests.integration.training import Home, Training

LIARS = count(10)
"""Development accounts; each lie is another's."""


@dataclass
class Liar:
    """An account with a bond that has no part in the round, and knows all that is public."""

    scene: Training
    ground: Ground

    @property
    def bond(self) -> int:
        """What it has at stake, in wei."""
        return self.scene.registry.bond_of(self.ground.sender.address)[0]

    def outcome(self) -> Outcome:
        """What comes of the round."""
        found = Reckoning(self.ground).outcome(self.scene.registry.round())
        assert found is not None
        return found

    def post(self, sums: bytes, weights: bytes, hash_: bytes) -> None:
        """Posts these roots."""
        call = self.scene.registry.contract.functions.postAggregate
        self.ground.sender.transact(call(self.scene.registry.closing_hash(), sums, weights, hash_))

    def post_shown(self, shown: Disputed) -> None:
        """Posts the roots of something."""
        root = chunk_tree(to_chunks(shown.after)).root
        self.post(shown.sums.root, root, weight_hash_of(shown.after))

    def demand(self, places: Sequence[Place]) -> None:
        """Demands places of what it posted itself, all in one block."""
        docket, rules = Docket(self.scene.registry), self.scene.registry.rules
        about = [docket.of(self.scene.registry.round()).about(place) for place in places]
        self._send([docket.contract.functions.demand(*demand) for demand in about], rules.demand_fee)

    def answer_at_once(self, shown: Disputed) -> None:
        """Shows all that is demanded, in one block."""
        docket = Docket(self.scene.registry)
        waiting = docket.of(self.scene.registry.round()).waiting
        self._send([docket.answer(demand, shown) for demand in waiting])

    def _send(self, calls: Sequence[ContractFunction], value: int = 0) -> None:
        sender = self.ground.sender
        self.scene.call("evm_setAutomine", False)
        sent = [sender.broadcast(sender.signed(unsigned(call) | {"value": value})) for call in calls]
        self.scene.call("evm_mine")
        self.scene.call("evm_setAutomine", True)
        for one in sent:
            sender.wait(one)

    def answer(self, shown: Disputed) -> int:
        """Shows what is demanded as far as it can; returns how much."""
        docket, done = Docket(self.scene.registry), 0
        for demand in docket.of(self.scene.registry.round()).waiting:
            try:
                self.ground.sender.transact(docket.answer(demand, shown))
                done += 1
            except UserError:
                continue
        return done


def new_liar(scene: Training) -> Liar:
    """One that told no lie yet."""
    number = next(LIARS)
    sender, account = development_sender(scene.web3, number), development_account(number)
    scene.call("anvil_setBalance", sender.address, hex(10 * ETHER))
    sender.transact(scene.registry.contract.functions.join(), scene.registry.rules.bond)
    folder = scene.homes[0].ground.folder.parent / f"liar-{number}"
    return Liar(scene, Ground(scene.registry, scene.store, sender, account, folder))


def caught(liar: Liar, shown: Disputed | None = None, homes: Sequence[Home] = ()) -> list[str]:
    """Steps of homes, all if none are given, until the liar has lost its bond, while it answers what it can; what they
    did."""
    said: list[str] = []
    for _ in range(40):
        for home in homes or liar.scene.homes:
            said += liar.scene.step_of(home)
            if not liar.bond:
                return [line for line in said if "!" not in line]
        if shown is None or not liar.answer(shown):
            liar.scene.pass_seconds(20)
    raise AssertionError(said)
