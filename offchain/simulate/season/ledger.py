"""What happened in a season, in any of the worlds that are compared."""

from __future__ import annotations

from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

Energy = NDArray[np.int64]
Money = NDArray[np.float64]


@dataclass
class Ledger:
    """A row an hour. Energy in Wh, money in won, prices in won a kWh.

    Shape (hours, homes): `made`, `used` (with what charges battery and car), `discharged` by the battery, `sold` and
    `bought` locally, `fed_in` to and `drawn` from the utility, `curtailed`, `stored` (in battery and car at the hour's
    end), `earned` and `paid` locally, `credited` and `billed` by the utility, `notes` (energy notes held at the
    hour's end). What the meter counts, out less in, is made + discharged - used - curtailed; of it, and of what is
    bought less sold, what isn't fed in or drawn is what `notes` grows by. `refused` is what a protection kept a home
    from trading, Wh.
    Shape (hours, microgrids): `price` at the hour's end, `average` of the hour, `overload` of the transformer, `pooled`
    (what the exchange holds at the hour's end more than when the season began).
    Shape (hours, lines): `flow`, positive from the line's first end to its second, and `congestion`, by how much the
    ends' prices differ beyond the loss while it is full; `rent` is what the line's operator earns by moving energy.
    """

    made: Energy
    used: Energy
    discharged: Energy
    sold: Energy
    bought: Energy
    fed_in: Energy
    drawn: Energy
    curtailed: Energy
    stored: Energy
    earned: Money
    paid: Money
    credited: Money
    billed: Money
    notes: Energy
    refused: Energy
    price: Money
    average: Money
    overload: Energy
    pooled: Energy
    flow: Energy
    congestion: Money
    rent: Money

    @classmethod
    def blank(cls, hours: int, homes: int, microgrids: int, lines: int) -> Self:
        """Nothing has happened yet."""
        width = {name: microgrids for name in ("price", "average", "overload", "pooled")} | dict.fromkeys(
            ("flow", "congestion", "rent"), lines
        )
        kinds: dict[str, Any] = {"Energy": np.int64, "Money": np.float64}
        columns: dict[str, Any] = {
            field.name: np.zeros((hours, width.get(field.name, homes)), kinds[str(field.type)]) for field in fields(cls)
        }
        return cls(**columns)

    @property
    def cost(self) -> Money:
        """What each home paid on balance, in won, shape (homes,)."""
        total: Money = (self.paid + self.billed - self.earned - self.credited).sum(axis=0)
        return total

    def save(self, path: Path) -> None:
        """Writes a `.npz` file."""
        np.savez_compressed(path, **{field.name: getattr(self, field.name) for field in fields(self)})

    @classmethod
    def load(cls, path: Path) -> Self:
        """Reads one."""
        with np.load(path) as kept:
            return cls(**{field.name: kept[field.name] for field in fields(cls)})
