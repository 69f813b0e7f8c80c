"""What a station says a session came to, under its signature."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from offchain.charging.bill import Bill
from offchain.charging.claim import Paid
from offchain.charging.quote import Quote
from offchain.charging.statement import Moment, Statement, StatementError, Transaction, Units, WattHours
from offchain.metering.signed_reading import Word


class Receipt(Statement):
    """The end of a session. Amounts are base units of the quote's asset; they are those of `Bill`."""

    TAG: ClassVar[str] = "openmg charging receipt 1"
    NAME: ClassVar[str] = "receipt"

    quote: Word = Field(description="SHA-256 of the quote's signed bytes.")
    delivered: WattHours
    payments: list[Paid]
    charged: Units
    refund: Units
    refund_fee: Units
    kept: Units
    refund_transaction: Transaction | None
    ended: Moment

    def check(self, quote: Quote) -> Bill:
        """The bill that this receipt is of. Raises StatementError if it isn't that of the quote and its own numbers."""
        bill = Bill.of(quote, sum(paid.amount for paid in self.payments), self.delivered)
        if (self.station, self.quote) != (quote.station, quote.digest):
            raise StatementError("the receipt is of another quote")
        if (self.charged, self.refund, self.refund_fee, self.kept) != (
            bill.charged, bill.refund, bill.refund_fee, bill.kept
        ):  # fmt: skip
            raise StatementError("the receipt's amounts are not those of its quote, payments and energy")
        if (self.refund_transaction is None) != (self.refund == 0):
            raise StatementError("the receipt names a refund without a transaction, or the other way round")
        return bill
