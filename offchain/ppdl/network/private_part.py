"""A home's part in private mode: what may leave it, and when it reveals nothing."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from offchain.ppdl.aggregation.lanes import Signed
from offchain.ppdl.model_chain.chain import ModelChain
from offchain.ppdl.privacy.accountant import Cost
from offchain.ppdl.privacy.ledger import PrivacyLedger
from offchain.ppdl.privacy.mode import PrivateMode, released


@dataclass(frozen=True)
class PrivatePart:
    """`ledger` is the home's own book, for all models that it trains; `model` tells this one from others in it."""

    mode: PrivateMode
    ledger: PrivacyLedger
    model: bytes

    @classmethod
    def of(cls, chain: ModelChain, book: Path) -> PrivatePart | None:
        """What the chain's task asks of a home; None if it isn't private. Raises PrivacyLedgerError if the book can't
        be used, or keeps another budget."""
        mode = chain.task.mode
        if mode is None:
            return None
        return cls(mode, PrivacyLedger(book, mode.budget), chain.block(0).header.hash)

    def check_budget(self, round_: int) -> None:
        """To be asked before the home takes part: raises BudgetSpent if the round would cost more than is left."""
        if not self.ledger.has(self.model, round_):
            self.ledger.check(round_, Cost(self.mode.multiplier))

    def check_update(self, round_: int, number: int, participants: int, weights: int) -> None:
        """To be asked before an update is trained: raises RoundSpent if one of the round is in the book, BudgetSpent if
        it would cost more than is left, PrivacyError if so few who committed seeds have no noise that hides it."""
        cost = self.mode.sum_of(number, participants, weights).cost
        self.ledger.check_untold(self.model, round_)
        self.ledger.check(round_, cost)

    def released(self, update: Signed, round_: int, number: int, participants: int) -> Signed:
        """The update that may leave, shape (weights + 1,), for the header of a number, of so many who committed seeds:
        shortened, with noise, and no loss; it is in the book. Raises BudgetSpent or RoundSpent: then nothing leaves."""
        plan = self.mode.sum_of(number, participants, len(update) - 1)
        sent = np.zeros_like(update)
        sent[:-1] = released(update[:-1].astype(np.int64), plan, self.ledger, self.model, round_)  # modulo 2^32
        return sent

    def check_alive(self, number: int, participants: int, weights: int, alive: int) -> None:
        """To be asked before a share is revealed: raises PrivacyError if the noise of so few doesn't suffice."""
        self.mode.sum_of(number, participants, weights).check_alive(alive)
