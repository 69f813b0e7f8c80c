"""What a station offers to one car, under its signature: the terms of a session."""

from __future__ import annotations

from typing import Annotated, ClassVar, Self

from pydantic import Field, model_validator

from offchain.charging.statement import Account, Moment, Shielded, Statement, Units, WattHours
from offchain.metering.signed_reading import Word
from offchain.wallet.note import AMOUNT_LIMIT


class Quote(Statement):
    """The terms of a session. Energy is paid before it flows: at most `slice` Wh ahead of the meter, in payments for
    `smallest` Wh or more, but for the last. Where one payment covers the whole order, all three are the same."""

    TAG: ClassVar[str] = "openmg charging quote 1"
    NAME: ClassVar[str] = "quote"

    session: Word = Field(description="Drawn by the station; whoever knows it speaks for the session.")
    chain_id: int = Field(ge=1, lt=1 << 64)
    pool: Account
    address: Shielded = Field(description="Whom payments are made out to.")
    meter: Word = Field(description="The Ed25519 public key that readings of the session are signed with.")
    asset: Account = Field(description="What is paid with.")
    price: Annotated[Units, Field(ge=1)] = Field(description="Base units of the asset per Wh.")
    order: Annotated[WattHours, Field(ge=1)] = Field(description="The most that is delivered, in Wh.")
    slice: Annotated[WattHours, Field(ge=1)]
    smallest: Annotated[WattHours, Field(ge=1)]
    refund_address: Shielded = Field(description="Whom the rest goes back to.")
    refund_fee: Units = Field(description="What the refund costs; a rest of no more than that isn't refunded.")
    made: Moment
    valid_until: Moment = Field(description="The first payment must be there by then.")

    @model_validator(mode="after")
    def _agree(self) -> Self:
        if not self.smallest <= self.slice <= self.order:
            raise ValueError("smallest, slice and order must not fall")
        if self.order * self.price >= AMOUNT_LIMIT:
            raise ValueError("the order costs more than a note holds")
        return self

    def cost(self, watt_hours: int) -> int:
        """Base units for that much energy."""
        return watt_hours * self.price

    def bought(self, paid: int) -> int:
        """Whole Wh that base units are enough for."""
        return paid // self.price

    def next_payment(self, bought: int, used: int) -> int:
        """Wh to pay for now, once `bought` Wh are paid and `used` Wh have come: 0 while enough is ahead."""
        portion = min(self.smallest, self.order - bought)
        return portion if portion > 0 and bought + portion - used <= self.slice else 0

    def takes(self, paid: int, amount: int) -> bool:
        """Whether a payment of `amount` base units is large enough, after `paid`."""
        return amount >= self.cost(self.smallest) or paid + amount >= self.cost(self.order)
