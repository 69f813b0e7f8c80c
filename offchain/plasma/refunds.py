"""An account's deposits that the plasma chain had not taken when it ended: they go back to who made them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from offchain.errors import UserError
from offchain.plasma.checkpoint import Checkpoint, Submission
from offchain.plasma.messages import Message, MessageKind
from offchain.plasma.payouts import claim
from offchain.plasma.root_chain import RootChain
from offchain.sender import Sender, TransactionError

NO_SUBMISSION = Submission(Checkpoint(0, bytes(32), 0, 0, bytes(32), bytes(32), 0, 0, bytes(32), bytes(32), 0), 0, 0)
"""What `refund` takes if no checkpoint was final."""


class RefundError(UserError):
    """Says in one line why nothing goes back."""


@dataclass(frozen=True)
class Refund:
    """A deposit that goes back, by its number in the inbox, and the base units of it that did."""

    id: int
    message: Message
    refunded: int

    @property
    def left(self) -> int:
        """Base units that the vault didn't have so far."""
        return self.message.amount - self.refunded


class Refunds:
    """The refunds of a plasma chain. Raises RefundError unless it has halted."""

    def __init__(self, root: RootChain) -> None:
        if root.state() != "halted":
            raise RefundError("the plasma chain has not halted: deposits go back after `openmg plasma halt`")
        self._root, self._final = root, root.last_final()

    def of(self, account: str) -> list[Refund]:
        """The deposits that an account made and that were not taken, oldest first."""
        taken = self._final.checkpoint.inbox_consumed if self._final else 0
        refunded = self._root.vault.functions.refundedOf
        return [
            Refund(number, message, int(self._root.node.ask(refunded(number))))
            for number, message in enumerate(self._root.messages())
            if number >= taken and message.kind == MessageKind.DEPOSIT and message.sender == account
        ]

    def advance(self, sender: Sender, account: str) -> Iterator[Refund]:
        """Gives back what there is of an account's deposits, and has it paid; yields each deposit as it is then. For
        what the vault lacks, again later. Raises TransactionError."""
        submission = (self._final or NO_SUBMISSION).abi()
        mine = self.of(account)
        for one in mine:
            if one.left:
                try:
                    sender.transact(self._root.vault.functions.refund(one.id, one.message.abi(), submission))
                except TransactionError as error:
                    if "NotBacked" not in str(error):
                        raise
        list(claim(self._root, sender, account, (one.message.asset for one in mine)))
        yield from self.of(account)
