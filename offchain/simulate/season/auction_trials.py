"""What each kind of manipulator does in the auction: the same days with it and without it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from offchain.simulate.season.auction import Auction
from offchain.simulate.season.households import Foresight
from offchain.simulate.season.ledger import Ledger
from offchain.simulate.season.manipulator import ATTACKED, Means, beside
from offchain.simulate.season.metrics import left
from offchain.simulate.season.protections import Protections
from offchain.simulate.season.season import Season


@dataclass(frozen=True)
class AuctionTrial:
    """`distortion` is how far the attacked microgrid's prices are apart, in the mean, as a share; `profit` the
    manipulator's and `harm` what all others together pay more, in won."""

    kind: str
    distortion: float
    profit: float
    harm: float

    def to_json(self) -> dict[str, Any]:
        """By the fields' names."""
        return asdict(self)


def auction_trials(season: Season, foresight: Foresight, means: Means, kinds: Sequence[str]) -> Iterator[AuctionTrial]:
    """Of all hours of a season. An auction has none of the exchange's protections and needs none of its energy: who has
    a meter bids."""
    homes, without = len(season.homes), beside(season, None, means, Protections())
    before = _lived(without, foresight)
    for kind in kinds:
        ledger = _lived(beside(season, kind, means, Protections()), foresight)
        cost, cost_before = (one.cost - left(without, one) for one in (ledger, before))
        yield AuctionTrial(
            kind,
            float(np.abs(ledger.price[:, ATTACKED] / before.price[:, ATTACKED] - 1).mean()),
            -float(cost[homes:].sum()),
            float((cost - cost_before)[:homes].sum()),
        )


def _lived(season: Season, foresight: Foresight) -> Ledger:
    world = Auction(season, foresight)
    for _ in world.run():
        pass
    return world.ledger
