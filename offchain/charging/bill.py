"""What a session comes to."""

from __future__ import annotations

from dataclasses import dataclass

from offchain.charging.quote import Quote


@dataclass(frozen=True)
class Bill:
    """Base units: `paid` is `charged + refund + refund_fee + kept`. `kept` is a rest that the refund would cost, and
    `unpaid` what was delivered beyond what was paid: the station's loss."""

    paid: int
    charged: int
    refund: int
    refund_fee: int
    kept: int
    unpaid: int

    @classmethod
    def of(cls, quote: Quote, paid: int, used: int) -> Bill:
        """The bill for `used` Wh, after `paid` base units."""
        cost = quote.cost(used)
        charged = min(cost, paid)
        rest = paid - charged
        refunded = rest > quote.refund_fee
        refund = rest - quote.refund_fee if refunded else 0
        return cls(paid, charged, refund, quote.refund_fee if refunded else 0, 0 if refunded else rest, cost - charged)
