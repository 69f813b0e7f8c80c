"""A participant's notes without a wallet: where verifiers take every proof, amounts are all there is to know."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field

from offchain.units import WATT_HOUR

KEPT = 4
"""Notes of an asset that are not merged on the way: only one operation at a time can spend one."""


@dataclass
class Purse:
    """Base units of notes by asset; those `waiting` can't be spent until they are flushed."""

    notes: dict[str, list[int]] = field(default_factory=lambda: defaultdict(list))
    waiting: list[tuple[str, int]] = field(default_factory=list)

    def total(self, asset: str) -> int:
        """All that it holds, in base units."""
        return sum(self.notes[asset]) + sum(amount for of, amount in self.waiting if of == asset)

    def watt_hours(self, asset: str) -> int:
        """Energy that it holds, in whole Wh."""
        return self.total(asset) // WATT_HOUR

    def most(self, asset: str) -> int:
        """What one operation can spend: two notes."""
        return sum(sorted(self.notes[asset])[-2:])

    def spend(self, asset: str, amount: int) -> int:
        """Takes up to two notes that suffice; what is left comes back as a note. Returns how many were spent."""
        notes = self.notes[asset]
        notes.sort()
        taken = [notes.pop()]
        if notes and taken[0] < amount:
            taken.append(notes.pop())
        elif len(notes) >= KEPT:
            taken.append(notes.pop(0))
        left = sum(taken) - amount
        if left < 0:
            raise ValueError(f"two notes hold {sum(taken)} base units, not {amount}")
        self.receive(asset, left)
        return len(taken)

    def merge(self, asset: str, count: int) -> None:
        """Makes one note of the smallest ones."""
        notes = self.notes[asset]
        notes.sort()
        self.receive(asset, sum(notes[:count]))
        del notes[:count]

    def receive(self, asset: str, amount: int) -> None:
        """A note that waits; one of nothing is none."""
        if amount:
            self.waiting.append((asset, amount))

    def gather(self) -> None:
        """All of each asset is one amount at once, as of an account in public."""
        self.flush()
        for asset, notes in self.notes.items():
            self.notes[asset] = [sum(notes)]

    def flush(self) -> None:
        """What waited can be spent."""
        for asset, amount in self.waiting:
            self.notes[asset].append(amount)
        self.waiting.clear()
