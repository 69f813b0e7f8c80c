"""Private mode: what all participants agree on before the first round, and what each does in a round.

The bound falls with the learning rate, as updates do: late rounds then carry little noise, at the same cost each.
"""

from __future__ import annotations

import hashlib
import math
from collections import Counter
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from offchain.ppdl.aggregation.sums import Sum
from offchain.ppdl.learning.federation import Aggregate, plain
from offchain.ppdl.learning.model import STATE_UNIT
from offchain.ppdl.learning.training import Training
from offchain.ppdl.learning.update import Lanes as State
from offchain.ppdl.privacy.accountant import Budget, PrivacyError, calibrated
from offchain.ppdl.privacy.discrete_gaussian import Stream
from offchain.ppdl.privacy.ledger import PrivacyLedger
from offchain.ppdl.privacy.mechanism import Lanes, PrivateSum

LARGEST_BOUND = 64
BOUND = 0.1
"""The most that an update's L2 norm is by default, in weights: what suits some dozens of homes."""


def usual_delta(participants: int) -> float:
    """The power of ten below participants^-1.5, well below one in their number: 1e-3 for 42, 1e-5 for 1,008."""
    return float(10.0 ** math.floor(-1.5 * math.log10(participants)))


@dataclass(frozen=True)
class Privacy:
    """What the participants of a task agree on (docs/reference/ppdl-protocol.md). Raises PrivacyError for numbers that
    can't be kept."""

    epsilon: float
    delta: float
    bound: float = BOUND
    missing: float = 0.3
    knowing: int = 1

    def __post_init__(self) -> None:
        if not 0 < self.bound <= LARGEST_BOUND:
            raise PrivacyError(f"updates can't be shortened to {self.bound:g}: take above 0, up to {LARGEST_BOUND}")
        Budget(self.epsilon, self.delta)

    def mode(self, training: Training) -> PrivateMode:
        """Private mode of a training."""
        return PrivateMode(Budget(self.epsilon, self.delta), self.bound, training, self.missing, self.knowing)


@dataclass(frozen=True)
class PrivateMode:
    """The budget is for all rounds of the training together. `bound` is the most an update's L2 norm may be in round 1,
    in weights; up to `missing` of the participants may fall out of a round; `knowing` of the others work together.

    Nothing but the update leaves: the lane of statistics stays 0, as a loss tells of readings too.
    """

    budget: Budget
    bound: float
    training: Training
    missing: float = 0.3
    knowing: int = 1

    @cached_property
    def multiplier(self) -> float:
        """The noise of each round's sum as a multiple of its bound."""
        return calibrated(self.budget, self.training.rounds).multiplier

    def sum_of(self, number: int, participants: int, weights: int) -> PrivateSum:
        """The noise of round 1, 2, ... among so many participants."""
        falling = self.training.rate_of(number) / self.training.rate_of(1)
        bound = max(1, int(self.bound * falling / STATE_UNIT))
        return PrivateSum(bound, self.multiplier, participants, weights, self.missing, self.knowing)

    def aggregate(self, seed: int, within: Aggregate = plain) -> Aggregate:
        """All participants' rounds in one process, the same for the same seed; sums of one round, as of groups, have
        noise of their own. `within` adds what they send. Raises PrivacyError if it says that too few are alive."""
        calls: Counter[int] = Counter()

        def aggregate(number: int, updates: State) -> Sum:
            drawn = hashlib.sha256(f"{seed}/{number}/{calls[number]}".encode()).digest()
            calls[number] += 1
            plan = self.sum_of(number, len(updates), updates.shape[1] - 1)
            sent = np.zeros_like(updates)
            sent[:, :-1] = plan.shares(updates[:, :-1].astype(np.int64), Stream(drawn))  # modulo 2^32
            found = within(number, sent)
            plan.check_alive(found.clients)
            return found

        return aggregate


def released(update: Lanes, plan: PrivateSum, ledger: PrivacyLedger, model: bytes, number: int) -> Lanes:
    """The update that may leave, bounded and with fresh noise; the ledger has it on the disk when this returns. Raises
    BudgetSpent or RoundSpent, and then nothing may leave."""
    sent = plan.share(update, Stream.fresh())
    ledger.spend(model, number, plan.cost, hashlib.sha256(sent.tobytes()).digest())
    return sent
