"""What an exchange would give now, and what it was worth on average: asked of the contract, and named by the block."""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field
from starlette.requests import Request
from web3.contract import Contract

from offchain.api.followed import FollowedChain, database, plasma
from offchain.api.market import exchange_address
from offchain.api.problem import Problem
from offchain.api.source import ERRORS, Amount, ExchangeName, Source, State, Time
from offchain.api.spans import DAY
from offchain.artifacts import load
from offchain.exchange import input_price
from offchain.indexer.prices import Prices
from offchain.node import NodeRefusal
from offchain.units import ETHER

PERMILLES = (1, 10, 50, 100, 250)
"""Of a reserve: how much the quotes give."""
FIXED_POINT = 112
Window = Annotated[int, Query(ge=1, le=31 * DAY, description="Seconds.", examples=[1800])]


class Quote(BaseModel):
    """What giving an amount gets, fee included, and its price; `impact` is by how much that is worse than the price at
    the margin, from 0 to 1."""

    given: Amount
    got: Amount
    price: Amount
    impact: float = Field(ge=0, le=1, examples=[0.0128])


class Depth(BaseModel):
    """A pool of constant product: its reserves in wei and base units, its price at the margin, and quotes on both
    sides: `buy` gives wei, `sell` gives base units."""

    eth: Amount
    tokens: Amount
    price: Amount
    buy: list[Quote]
    sell: list[Quote]
    state: State


class TradeAverage(BaseModel):
    """The price of trades, each as long as it was the last one; `since` is later than asked for if the first trade
    was. `last` is the newest trade."""

    price: Amount
    since: Time
    until: Time
    last: Source


class OracleAverage(BaseModel):
    """What the contract's own oracle says of at least that window, until the block."""

    price: Amount
    state: State


class Averages(BaseModel):
    """Average prices over a time that ends with the newest block; null where there is none."""

    window: int = Field(examples=[1800])
    trades: TradeAverage | None
    oracle: OracleAverage | None = Field(description="Null: the exchange has no oracle, or no snapshot so old.")


def routes() -> APIRouter:
    """The routes below /v1/exchanges that a node answers."""
    router = APIRouter(prefix="/v1/exchanges", tags=["market"])

    @router.get("/{exchange}/depth", summary="What amounts would get, and their price impact", responses=ERRORS)
    def depth(http: Request, exchange: ExchangeName) -> Depth:
        chain = plasma(http)
        return _depth(chain, _contract(chain, exchange_address(database(http), chain, exchange)))

    @router.get("/{exchange}/twap", summary="Prices averaged over time", responses=ERRORS)
    def twap(http: Request, exchange: ExchangeName, window: Window = 1800) -> Averages:
        index, chain = database(http), plasma(http)
        contract = _contract(chain, exchange_address(index, chain, exchange))
        state = _state(chain, contract)
        prices = Prices(index, chain.id, contract.address)
        average, last = prices.average(max(0, state.time - window), state.time), prices.last()
        of_trades = None
        if average is not None and last is not None:
            of_trades = TradeAverage(
                price=str(average.price), since=average.since, until=average.until, last=Source.of(last)
            )
        return Averages(window=window, trades=of_trades, oracle=_oracle(chain, contract, state, window))

    return router


def _contract(chain: FollowedChain, address: str) -> Contract:
    return load("UniswapOracleExchange").at(chain.node.web3, address)


def _state(chain: FollowedChain, contract: Contract) -> State:
    block = chain.node.call("eth_getBlockByNumber", "latest", False)
    number, time = int(block["number"], 16), int(block["timestamp"], 16)
    return State(chain=chain.id, block=number, block_hash=block["hash"], contract=contract.address, time=time)


def _depth(chain: FollowedChain, contract: Contract) -> Depth:
    state = _state(chain, contract)
    token = load("EnergyToken").at(chain.node.web3, chain.node.ask(contract.functions.tokenAddress(), state.block))
    eth = int(chain.node.call("eth_getBalance", contract.address, hex(state.block)), 16)
    tokens = int(chain.node.ask(token.functions.balanceOf(contract.address), state.block))
    if not eth or not tokens:
        raise Problem(HTTPStatus.NOT_FOUND, "the exchange has no liquidity now")
    buy = [_quote(eth * part // 1000, eth, tokens, buys=True) for part in PERMILLES]
    sell = [_quote(tokens * part // 1000, tokens, eth, buys=False) for part in PERMILLES]
    whole: dict[str, Any] = {"eth": str(eth), "tokens": str(tokens), "price": str(eth * ETHER // tokens)}
    return Depth(**whole, buy=[*filter(None, buy)], sell=[*filter(None, sell)], state=state)


def _quote(given: int, reserve: int, other: int, *, buys: bool) -> Quote | None:
    """None where the pool is so small that there is nothing to give or to get."""
    got = input_price(given, reserve, other) if given else 0
    if not got:
        return None
    eth, tokens = (given, got) if buys else (got, given)
    impact = 1 - got * reserve / (given * other)
    return Quote(given=str(given), got=str(got), price=str(eth * ETHER // tokens), impact=max(0.0, impact))


def _oracle(chain: FollowedChain, contract: Contract, state: State, window: int) -> OracleAverage | None:
    try:
        price = chain.node.ask(contract.functions.averagePrice(window), state.block)
    except NodeRefusal:
        return None
    return OracleAverage(price=str(price * ETHER >> FIXED_POINT), state=state)
