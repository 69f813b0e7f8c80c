"""What keeps a trader from moving the price, each to be switched on and off in a season."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Protections:
    """`participation`: only who has a registered meter trades. `limits`: so many trades an epoch, each within the
    meter's capacity. `bound`: the pool refuses trades at a price too far from the time-weighted average."""

    participation: bool = True
    limits: bool = True
    bound: bool = True
