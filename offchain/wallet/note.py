"""A note: an amount of an asset that one owner can spend."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from functools import cached_property

from offchain.zk.circuits import PARAMETERS
from offchain.zk.field import MODULUS
from offchain.zk.poseidon import poseidon

ETH = "0xEeeeeEeeeEeEeeEeEeEeeEEEeeeeEeeeeeeeEEeE"
"""The asset that stands for ETH (ERC-7528)."""

AMOUNT_LIMIT = 1 << PARAMETERS.amount_bits
"""Amounts are below this many base units."""

TREE_LEAVES = 1 << PARAMETERS.note_tree_depth
"""Places in a tree; a position is `tree number * TREE_LEAVES + index`."""


def new_blinding() -> int:
    """A random field element."""
    return secrets.randbelow(MODULUS)


@dataclass(frozen=True)
class Note:
    """`amount` base units of the token at the address `asset` (checksummed; `ETH` for ETH), for the owner of a public
    key."""

    asset: str
    amount: int
    blinding: int = field(repr=False)
    owner: int

    @cached_property
    def npk(self) -> int:
        """The note public key, `Poseidon(owner, blinding)`."""
        return poseidon([self.owner, self.blinding])

    @cached_property
    def commitment(self) -> int:
        """What the chain keeps of it, `Poseidon(npk, asset, amount)`."""
        return commitment(self.npk, self.asset, self.amount)

    def nullifier(self, nullifier_key: int, position: int) -> int:
        """What the chain sees when it is spent, `Poseidon(nullifier key, commitment, position)`."""
        return poseidon([nullifier_key, self.commitment, position])


def commitment(npk: int, asset: str, amount: int) -> int:
    """The commitment of a note whose amount is public."""
    return poseidon([npk, int(asset, 16), amount])


@dataclass(frozen=True)
class OwnedNote:
    """A note of this wallet at its position among all notes, with its nullifier."""

    note: Note
    position: int
    nullifier: int

    @property
    def amount(self) -> int:
        return self.note.amount

    @property
    def tree(self) -> int:
        """Number of the tree it is in, once it is flushed."""
        return self.position // TREE_LEAVES

    @property
    def index(self) -> int:
        """Its place in that tree."""
        return self.position % TREE_LEAVES
