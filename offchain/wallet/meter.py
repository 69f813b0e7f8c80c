"""A wallet's own meter in proofs: its place in the registration tree, its readings, its trade slots."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from offchain.errors import UserError
from offchain.metering.readings_tree import Reading, ReadingPath
from offchain.wallet.trees import Path
from offchain.zk.circuits import PARAMETERS
from offchain.zk.poseidon import poseidon

TAGS = PARAMETERS.tags
SLOTS = 1 << PARAMETERS.slot_bits
"""Trades of a meter in an epoch."""

CAPS = tuple(250 << 2 * power for power in range(8))
"""Cap classes of a trade, in Wh."""


class MeterError(UserError):
    """Says in one line why a meter can't be used for something."""


@dataclass(frozen=True)
class OwnMeter:
    """A registered meter of this wallet; capacity in Wh an epoch."""

    secret: int = field(repr=False)
    commitment: int
    microgrid: int
    capacity: int
    path: Path = field(repr=False)

    def trade_nullifier(self, epoch: int, slot: int) -> int:
        """Marks a trade slot of an epoch as used."""
        return poseidon([TAGS.trade, self.secret, epoch, slot])

    def issue_nullifier(self, epoch: int) -> int:
        """Marks an epoch as issued."""
        return poseidon([TAGS.issue, self.secret, epoch])

    def settle_nullifier(self, epoch: int) -> int:
        """Marks an epoch as settled."""
        return poseidon([TAGS.settle, self.secret, epoch])

    @property
    def inputs(self) -> dict[str, Any]:
        """What every circuit takes of it."""
        return {
            "meterSecret": self.secret,
            "meterCapacity": self.capacity,
            "meterIndex": self.path.index,
            "meterSiblings": self.path.siblings,
        }


@dataclass(frozen=True)
class ReadingProof:
    """A meter's reading of an epoch and its way up to the published `root`."""

    reading: Reading
    path: ReadingPath = field(repr=False)
    root: int

    @property
    def inputs(self) -> dict[str, Any]:
        """What the circuits take of it."""
        return {
            "exported": self.reading.exported,
            "imported": self.reading.imported,
            "readingIndex": self.path.index,
            "siblingHashes": self.path.hashes,
            "siblingExported": self.path.exported,
            "siblingImported": self.path.imported,
        }


def cap_class(energy: int, capacity: int) -> int:
    """The smallest cap (Wh) that covers so many base units of energy and is within a meter's capacity (Wh).

    Raises MeterError if there is none.
    """
    fitting = [cap for cap in CAPS if cap <= capacity]
    enough = [cap for cap in fitting if cap * PARAMETERS.watt_hour >= energy]
    if not enough:
        most = max(fitting, default=0)
        raise MeterError(f"one trade of this meter moves at most {most / 1000:g} kWh: trade less at a time")
    return enough[0]
