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


SETS = {
    "none": Protections(False, False, False),
    "participation": Protections(True, False, False),
    "limits": Protections(False, True, False),
    "bound": Protections(False, False, True),
    "participation and limits": Protections(True, True, False),
    "participation and bound": Protections(True, False, True),
    "all": Protections(),
}
"""By name: each on its own, with participation, and together. Who may trade without a meter does so in public, where
neither limits nor bound hold: those of others' wallets are all that is left of these then."""
