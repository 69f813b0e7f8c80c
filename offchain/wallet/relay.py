"""Paying somebody else to send an operation: the fee is a note of the same asset, inside the proof."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from offchain.errors import UserError
from offchain.sender import Sender
from offchain.wallet.address import Address
from offchain.wallet.ciphertext import unseal
from offchain.wallet.keys import ViewingKey
from offchain.wallet.note import Note
from offchain.wallet.request import Operation, Request


class RelayError(UserError):
    """Says in one line why a relayer's answer, or the note that pays it, is no good."""


@dataclass(frozen=True)
class Relay:
    """A relayer's terms: the account that will send (`ANYONE`: any), its address in the pool, and the fee in base units
    of the asset."""

    account: str
    address: Address
    fee: int


class Submitter(Protocol):
    """Whoever brings operations on chain."""

    def relay(self, operation: Operation, asset: str) -> Relay | None:
        """What it asks for an operation; None for an account of the wallet's own. Raises UserError if it won't."""

    def submit(self, request: Request) -> str:
        """Sends the operation and waits until it is mined; returns the transaction's hash. Raises UserError."""


@dataclass(frozen=True)
class OwnAccount:
    """An account that pays its own gas. The chain sees which."""

    sender: Sender

    def relay(self, operation: Operation, asset: str) -> Relay | None:
        """Nothing is asked."""
        return None

    def submit(self, request: Request) -> str:
        """The mined transaction's hash. Raises TransactionError."""
        return str(self.sender.send(request.transaction)["transactionHash"].to_0x_hex())


def fee_note(request: Request, key: ViewingKey) -> Note:
    """The note that pays the owner of `key`: opened from the ciphertexts, so it is there after a restore as well.

    Raises RelayError if there is none, or its values don't give the commitment that the proof is about.
    """
    opened = unseal(request.terms.ciphertexts, key)
    note = opened[-1].note if opened and opened[-1] else None
    if note is None or not note.amount or note.commitment != request.commitments[-1]:
        raise RelayError("the request has no note that pays this relayer")
    return note
