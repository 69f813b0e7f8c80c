"""A wallet's own meter in proofs: its place in the registration tree, its readings, its trade slots."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from offchain.errors import UserError
from offchain.metering.readings_tree import READING_LIMIT, Reading, ReadingPath
from offchain.wallet.trees import Path
from offchain.zk.circuits import PARAMETERS
from offchain.zk.poseidon import poseidon

TAGS = PARAMETERS.tags
SHARES = PARAMETERS.slot_shares
"""A meter's capacity divided by a slot's share is the most that a trade in it moves: all together move the capacity."""
SLOTS = len(SHARES)
"""Trades of a meter in an epoch."""

LARGEST_CAP = READING_LIMIT // 10**8 * 10**8
"""The largest of the classes that a trade's cap is of: at most two digits and zeros, in Wh."""


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


def smallest_cap(energy: int) -> int:
    """The smallest class (Wh) that covers so many base units of energy. Raises MeterError beyond the largest."""
    watt_hours = max(1, -(-energy // PARAMETERS.watt_hour))
    step = _step(watt_hours)
    cap = -(-watt_hours // step) * step
    if cap > LARGEST_CAP:
        raise MeterError(f"no trade moves more than {LARGEST_CAP // 1000:,} kWh: trade less at a time")
    return cap


def largest_cap(capacity: int, slot: int) -> int:
    """The largest class (Wh) that a trade in a slot of a meter of that capacity (Wh an epoch) can have; 0 if none."""
    share = capacity // SHARES[slot]
    return share - share % _step(share)


def _step(watt_hours: int) -> int:
    """By how much classes of that size differ."""
    return int(10 ** max(0, len(str(watt_hours)) - 2))
