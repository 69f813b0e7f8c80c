"""What all advice shows: tariffs, bills, what it was computed from; and what is asked for it."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated

from fastapi import Query
from pydantic import BaseModel, Field
from starlette.requests import Request

from offchain.advice.bill import Bill, Line
from offchain.advice.library import Known, Library
from offchain.advice.metered import Metered
from offchain.advice.tariff import Tariff
from offchain.advice.told import Told
from offchain.advice.usage import Period, midnight
from offchain.api.source import Address, Time

USUAL_TARIFF = "kepco_residential_low"
MONTH = "^20[0-9]{2}-(0[1-9]|1[0-2])$"

TariffName = Annotated[str, Query(max_length=64, description="A name of /v1/advice/tariffs.", examples=[USUAL_TARIFF])]
MonthName = Annotated[
    str | None,
    Query(pattern=MONTH, description="By default that of the last reading.", examples=["2026-11"]),
]
ContractKw = Annotated[float, Query(gt=0, le=1000, description="Contracted power.", examples=[3])]
EthPrice = Annotated[
    float | None,
    Query(gt=0, le=1e12, description="Of an ETH, in the tariff's currency.", examples=[4_000_000]),
]
FeedIn = Annotated[float, Query(ge=0, le=1e6, description="What the grid pays for a kWh.", examples=[0])]


class MonthAsked(BaseModel):
    """Which month of a home is asked for, and under which tariff."""

    tariff: TariffName = USUAL_TARIFF
    month: MonthName = None
    contract_kw: ContractKw = 3

    @property
    def kw(self) -> Decimal:
        """The contracted power."""
        return contracted(self.contract_kw)


class TradedMonthAsked(MonthAsked):
    """The same with prices beside the tariff's."""

    eth_price: EthPrice = None
    feed_in: FeedIn = 0


class TariffShown(BaseModel):
    """A tariff: its name here, its own in English and Korean, and since when the prices hold that were used."""

    name: str = Field(examples=[USUAL_TARIFF])
    title: str = Field(examples=["KEPCO residential, low voltage"])
    korean: str | None = Field(examples=["한전 주택용 저압"])
    currency: str = Field(examples=["KRW"])
    zone: str = Field(description="Whose days and hours count.", examples=["Asia/Seoul"])
    since: str = Field(examples=["2023-05-16"])

    @classmethod
    def of(cls, known: Known[Tariff], period: Period) -> TariffShown:
        """As it holds when a period begins. Raises TariffError."""
        tariff = known.content
        since = tariff.rates_on(period.start).since.isoformat()
        return cls(
            name=known.name,
            title=tariff.name,
            korean=tariff.korean,
            currency=tariff.currency,
            zone=tariff.zone,
            since=since,
        )


class PhraseShown(BaseModel):
    """A phrase of an English line, for who tells it in another language; `joint` stands before it."""

    code: str = Field(description="Stable; docs/reference/advice-routes.md lists them.", examples=["energy"])
    values: dict[str, str] = Field(examples=[{"kwh": "184.2", "price": "120"}])
    joint: str = Field(examples=[""])


def phrases_of(line: Told) -> list[PhraseShown]:
    """As the API shows them."""
    return [PhraseShown(code=one.code, values=dict(one.values), joint=one.joint) for one in line.phrases]


class LineShown(BaseModel):
    """An item of a bill, and what it was computed from."""

    name: str = Field(description="base, energy, climate, fuel, vat or fund.", examples=["energy"])
    amount: float = Field(examples=[22104.0])
    basis: str = Field(examples=["184.2 kWh at 120"])
    phrases: list[PhraseShown]

    @classmethod
    def of(cls, line: Line) -> LineShown:
        """As the API shows a line."""
        return cls(name=line.name, amount=float(line.amount), basis=str(line.basis), phrases=phrases_of(line.basis))


class BillShown(BaseModel):
    """A bill, line by line; the total is what is to be paid."""

    kwh: float = Field(examples=[184.2])
    total: float = Field(examples=[28840.0])
    lines: list[LineShown]

    @classmethod
    def of(cls, bill: Bill) -> BillShown:
        """As the API shows a bill."""
        lines = [LineShown.of(line) for line in (*bill.lines, bill.vat, bill.fund)]
        return cls(kwh=float(bill.kwh), total=float(bill.total), lines=lines)


class Basis(BaseModel):
    """The readings that an answer was computed from."""

    since: Time
    until: Time
    readings: int = Field(examples=[2496])
    filled_hours: int = Field(description="Hours that lacked readings: as the same hours of the week.", examples=[0])
    text: str = Field(examples=["26 days read, 4 days as the same hours of the last weeks"])
    phrases: list[PhraseShown]

    @classmethod
    def of(cls, metered: Metered, line: Told) -> Basis:
        """Of a home's hours."""
        start, end = (int(moment.timestamp()) for moment in (metered.drawn.start, metered.drawn.end))
        read = {"since": start, "until": end, "readings": metered.readings, "filled_hours": metered.filled}
        return cls(**read, text=str(line), phrases=phrases_of(line))


class Text(BaseModel):
    """What an answer was computed from."""

    text: str = Field(examples=["744 hours sent"])
    phrases: list[PhraseShown]

    @classmethod
    def of(cls, line: Told) -> Text:
        """As the API shows it."""
        return cls(text=str(line), phrases=phrases_of(line))


class MarketUsed(BaseModel):
    """The exchange whose prices were used, and what an ETH was taken for."""

    exchange: Address
    eth_price: float = Field(examples=[4_000_000.0])


class Month(BaseModel):
    """A calendar month."""

    month: str = Field(examples=["2026-11"])
    start: Time
    end: Time


def month_shown(period: Period, tariff: Tariff) -> dict[str, str | int]:
    """The fields of `Month`."""
    start, end = (int(midnight(day, tariff.place).timestamp()) for day in (period.start, period.end))
    return {"month": f"{period.start:%Y-%m}", "start": start, "end": end}


def month_named(name: str) -> Period:
    """A month that is written as `MONTH` says."""
    year, _, month = name.partition("-")
    return Period.month(int(year), int(month))


def library(http: Request) -> Library:
    """That of the application."""
    found: Library = http.app.state.library
    return found


def contracted(kw: float) -> Decimal:
    """Contracted power as bills take it."""
    return Decimal(str(kw))
