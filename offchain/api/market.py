"""The market: exchanges, their trades, candles and average prices. Prices are wei for a kWh, rounded down."""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field
from starlette.requests import Request

from offchain.api.followed import FollowedChain, database, plasma
from offchain.api.problem import Problem
from offchain.api.source import ERRORS, Address, Amount, Count, ExchangeName, Source, Time
from offchain.api.spans import DAY, Last, Moment, span
from offchain.history.database import Database
from offchain.indexer.grid_state import GridState
from offchain.indexer.prices import Candle, Prices

MOST_CANDLES, USUAL_CANDLES = 1_000, 100
PLACE = r"^[0-9]{1,15}\.[0-9]{1,9}$"

Interval = Annotated[int, Query(ge=1, le=31 * DAY, description="Seconds of a candle.", examples=[900])]
Cursor = Annotated[str | None, Query(pattern=PLACE, description="`next` of the answer before.", examples=["1207.2"])]


class Trade(BaseModel):
    """A trade: `buy` gave ETH for tokens, `sell` tokens for ETH. Who traded isn't told."""

    side: str = Field(examples=["buy"])
    eth: Amount
    tokens: Amount
    price: Amount
    source: Source

    @classmethod
    def of(cls, row: Any) -> Trade:
        """Of a row of the index."""
        return cls(side=row.side, eth=str(row.eth), tokens=str(row.tokens), price=str(row.price), source=Source.of(row))


class Exchange(BaseModel):
    """An exchange of ETH and a token, and its last trade."""

    exchange: Address
    token: Address
    microgrid: str | None = Field(description="Whose token it is, by this service's deployment.", examples=["MG1"])
    last: Trade | None
    source: Source = Field(description="What made it.")


class Exchanges(BaseModel):
    """Exchanges in the order in which they were made; `next` is null at the end."""

    exchanges: list[Exchange]
    next: str | None = Field(examples=["1207.2"])


class Trades(BaseModel):
    """Trades, the newest first; `next` is null at the end."""

    trades: list[Trade]
    next: str | None = Field(examples=["1207.2"])


class PriceCandle(BaseModel):
    """The trades of an interval that has some."""

    start: Time
    open: Amount
    high: Amount
    low: Amount
    close: Amount
    eth: Amount
    tokens: Amount
    trades: int = Field(examples=[3])
    last: Source = Field(description="The trade that closed it.")

    @classmethod
    def of(cls, candle: Candle) -> PriceCandle:
        """As the API shows a candle."""
        numbers = {name: str(getattr(candle, name)) for name in ("open", "high", "low", "close", "eth", "tokens")}
        return cls(start=candle.start, trades=candle.trades, last=Source.of(candle.last), **numbers)


class Candles(BaseModel):
    """Candles over time; intervals without a trade are left out."""

    interval: int = Field(examples=[900])
    since: Time
    until: Time
    candles: list[PriceCandle]


def exchange_address(index: Database, chain: FollowedChain, name: str) -> str:
    """The exchange of that name or address. Raises Problem if there is none."""
    found = known_exchange(index, chain, name)
    if found is None:
        raise Problem(HTTPStatus.NOT_FOUND, "no such exchange is known: GET /v1/exchanges lists them")
    return found


def known_exchange(index: Database, chain: FollowedChain, name: str) -> str | None:
    """The same, None if there is none."""
    state, entry = GridState(index, chain.id), chain.manifest.contracts.get(name)
    found = state.exchange(name) if name.startswith("0x") else None
    if entry is not None and entry["contract"] == "EnergyToken":
        found = state.exchange_of(entry["address"])
    return None if found is None else str(found.exchange)


def last_trade(index: Database, chain: FollowedChain, exchange: str) -> Trade | None:
    """The newest trade, None if there was none. Raises HistoryError."""
    row = Prices(index, chain.id, exchange).last()
    return None if row is None else Trade.of(row)


def exchange_list(index: Database, chain: FollowedChain, count: int, after: tuple[int, int]) -> list[Exchange]:
    """Exchanges with their last trades. Raises HistoryError."""
    return [
        Exchange(
            exchange=row.exchange,
            token=row.token,
            microgrid=chain.microgrid_of(row.token),
            last=last_trade(index, chain, row.exchange),
            source=Source.of(row),
        )
        for row in GridState(index, chain.id).exchanges(count, after)
    ]


def routes() -> APIRouter:
    """The routes below /v1/exchanges that the index answers."""
    router = APIRouter(prefix="/v1/exchanges", tags=["market"])

    @router.get("", summary="All exchanges with their last trades", responses=ERRORS)
    def exchanges(http: Request, count: Count = 20, after: Cursor = None) -> Exchanges:
        found = exchange_list(database(http), plasma(http), count, _place(after) or (-1, -1))
        return Exchanges(exchanges=found, next=_next(found, count))

    @router.get("/{exchange}/trades", summary="Trades, the newest first", responses=ERRORS)
    def trades(http: Request, exchange: ExchangeName, count: Count = 20, before: Cursor = None) -> Trades:
        rows = _prices(http, exchange).trades(count, _place(before))
        found = [Trade.of(row) for row in rows]
        return Trades(trades=found, next=_next(found, count))

    @router.get(
        "/{exchange}/candles",
        summary="Open, high, low, close and volume of each interval",
        description=f"At most {MOST_CANDLES:,} intervals. Without times: the last {USUAL_CANDLES}.",
        responses=ERRORS,
    )
    def candles(
        http: Request,
        exchange: ExchangeName,
        interval: Interval = 900,
        since: Moment = None,
        until: Moment = None,
        last: Last = None,
    ) -> Candles:
        begin, end = span(http, since, until, last, USUAL_CANDLES * interval)
        if end - begin > MOST_CANDLES * interval:
            raise Problem(HTTPStatus.UNPROCESSABLE_ENTITY, f"ask for at most {MOST_CANDLES:,} intervals at once")
        found = _prices(http, exchange).candles(interval, begin, end)
        return Candles(interval=interval, since=begin, until=end, candles=[*map(PriceCandle.of, found)])

    return router


def _prices(http: Request, exchange: str) -> Prices:
    index, chain = database(http), plasma(http)
    return Prices(index, chain.id, exchange_address(index, chain, exchange))


def _place(cursor: str | None) -> tuple[int, int] | None:
    if cursor is None:
        return None
    block, _, log = cursor.partition(".")
    return int(block), int(log)


def _next(found: list[Any], count: int) -> str | None:
    return f"{found[-1].source.block}.{found[-1].source.log}" if len(found) == count else None
