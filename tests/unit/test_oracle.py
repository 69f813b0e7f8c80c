"""The exchange's cumulative price, against a model in Python."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from eth_utils.crypto import keccak

from tests.conftest import Refused
from tests.unit.conftest import NewPool, Pool
from tests.unit.formulas import DEADLINE, ETHER, input_price

MAX = 2**256 - 1
KEPT = 128
PERIOD = 60
WRAP = 2**32

Pin = Callable[[int], None]


class Model:
    """What the oracle must know: the cumulative price up to the last block that changed the reserves."""

    def __init__(self, pool: Pool, time: int) -> None:
        self.pool = pool
        self.time = time
        self.cumulative = 0
        self.reserves = (pool.eth, pool.tokens)

    @property
    def price(self) -> int:
        return (self.reserves[0] << 112) // self.reserves[1]

    def at(self, time: int) -> int:
        """The cumulative price at a time from the last change on."""
        return (self.cumulative + self.price * ((time - self.time) % WRAP)) % 2**224

    def changed(self, time: int) -> None:
        """Reserves changed in a block of this time."""
        self.cumulative, self.time = self.at(time), time
        self.reserves = (self.pool.eth, self.pool.tokens)


@pytest.fixture(scope="module")
def start(chain: Any) -> int:
    """A time from which the tests count."""
    return int(chain.pending_timestamp) + 100_000


@pytest.fixture(scope="module")
def oracle(chain: Any, new_pool: NewPool, oracle_token: Any, start: int) -> Pool:
    """An oracle exchange founded at `start`, its founder's block without a price before it."""
    pool = new_pool(oracle_token, eth=0, create="createOracleExchange")
    return pool


@pytest.fixture
def model(oracle: Pool, liquidity_provider: Any, at_time: Pin, start: int) -> Model:
    """The pool, founded with 5 ETH and 10 tokens at `start`, and its model."""
    at_time(start)
    oracle.exchange.addLiquidity(0, 10 * ETHER, DEADLINE, sender=liquidity_provider, value=5 * ETHER)
    return Model(oracle, start)


def buy(model: Model, trader: Any, pin: Pin, time: int, wei: int = ETHER) -> None:
    """A swap in a block of its own."""
    pin(time)
    model.pool.exchange.ethToTokenSwapInput(1, DEADLINE, sender=trader, value=wei)
    model.changed(time)


def snapshot(model: Model, trader: Any, pin: Pin, time: int) -> Any:
    """An `observe()` in a block of its own."""
    pin(time)
    return model.pool.exchange.observe(sender=trader)


def test_constants(oracle: Pool) -> None:
    """O1 128 snapshots are kept, at most one a minute."""
    assert (oracle.exchange.OBSERVATIONS_KEPT(), oracle.exchange.OBSERVATION_PERIOD()) == (KEPT, PERIOD)


def test_before_founding(oracle: Pool, trader: Any, refused: Refused) -> None:
    """O1 before the founding there is nothing to observe and the price is zero."""
    exchange = oracle.exchange
    refused(exchange.observe, error="NoLiquidity()", sender=trader)
    assert exchange.spotPrice() == exchange.observationCount() == 0
    refused(exchange.averagePrice, 0, error=("NoObservation(uint256)", 0), sender=trader)
    refused(exchange.observation, 0, error=("UnknownObservation(uint256)", 0), sender=trader)
    refused(exchange.averagePriceBetween, 0, 1, error=("UnknownObservation(uint256)", 0), sender=trader)


def test_spot_price(model: Model, trader: Any, at_time: Pin, start: int) -> None:
    """O2 the spot price is ETH over tokens in UQ112.112, as the reserves stand."""
    assert model.pool.exchange.spotPrice() == model.price == 2**111
    buy(model, trader, at_time, start + 5)
    assert model.pool.exchange.spotPrice() == model.price == (model.pool.eth << 112) // model.pool.tokens


def test_observe(model: Model, trader: Any, at_time: Pin, start: int) -> None:
    """O3 a snapshot holds time and cumulative price, returns its number and says so in an event."""
    exchange = model.pool.exchange
    buy(model, trader, at_time, start + 10)
    buy(model, trader, at_time, start + 17)
    receipt = snapshot(model, trader, at_time, start + 40)
    expected = model.at(start + 40)
    assert receipt.return_value == 0
    assert receipt.events == [exchange.Observed(index=0, timestamp=start + 40, cumulativePrice=expected)]
    assert bytes(receipt.logs[0]["topics"][0]) == keccak(text="Observed(uint256,uint32,uint224)")
    assert int.from_bytes(receipt.logs[0]["topics"][1], "big") == 0
    assert tuple(exchange.observation(0)) == (start + 40, expected)
    assert exchange.observationCount() == 1
    # The snapshot itself brings the accumulator up to date: what follows is exact all the same.
    buy(model, trader, at_time, start + 111)
    receipt = snapshot(model, trader, at_time, start + 130)
    assert receipt.return_value == 1
    assert tuple(exchange.observation(1)) == (start + 130, model.at(start + 130))


def test_spacing(model: Model, trader: Any, at_time: Pin, start: int) -> None:
    """O3 within a minute of a snapshot no other is made: the latest one's number comes back, nothing is said."""
    exchange = model.pool.exchange
    snapshot(model, trader, at_time, start + 1)
    for later in (2, PERIOD):
        receipt = snapshot(model, trader, at_time, start + later)
        assert receipt.return_value == 0
        assert receipt.events == []
        assert exchange.observationCount() == 1
    receipt = snapshot(model, trader, at_time, start + 1 + PERIOD)
    assert receipt.return_value == 1
    assert exchange.observationCount() == 2


def actions(pool: Pool) -> dict[str, tuple[Any, tuple[Any, ...], int]]:
    """Each kind of call that moves reserves, for a provider that has tokens: method, arguments, ETH."""
    exchange = pool.exchange
    return {
        "eth in": (exchange.ethToTokenSwapInput, (1, DEADLINE), ETHER),
        "eth out": (exchange.ethToTokenSwapOutput, (ETHER, DEADLINE), ETHER),
        "token in": (exchange.tokenToEthSwapInput, (ETHER, 1, DEADLINE), 0),
        "token out": (exchange.tokenToEthSwapOutput, (ETHER, MAX, DEADLINE), 0),
        "add": (exchange.addLiquidity, (1, MAX, DEADLINE), ETHER),
        "remove": (exchange.removeLiquidity, (ETHER, 1, 1, DEADLINE), 0),
    }


@pytest.mark.parametrize("name", ["eth in", "eth out", "token in", "token out", "add", "remove", "to", "back"])
def test_every_move_is_preceded_by_its_price(
    model: Model, other_pool: Pool, liquidity_provider: Any, at_time: Pin, start: int, name: str
) -> None:
    """O4 whatever moves the reserves first adds the price that held until then, gifts included."""
    pool = model.pool
    pool.token.transfer(pool.exchange, ETHER, sender=liquidity_provider)  # counts from the last call on
    model.reserves = (pool.eth, pool.tokens)
    if name in ("to", "back"):
        way = "Input" if name == "to" else "Output"
        limits = (1, 1) if name == "to" else (MAX, MAX)
        method = getattr(pool.exchange, f"tokenToExchangeSwap{way}")
        arguments, value = (10**17, *limits, DEADLINE, other_pool.exchange), 0
    else:
        method, arguments, value = actions(pool)[name]
    at_time(start + 50)
    method(*arguments, sender=liquidity_provider, value=value)
    model.changed(start + 50)
    pool.token.transfer(pool.exchange, ETHER, sender=liquidity_provider)
    model.reserves = (pool.eth, pool.tokens)
    snapshot(model, liquidity_provider, at_time, start + 90)
    assert tuple(pool.exchange.observation(0)) == (start + 90, model.at(start + 90))


def test_observing_limits_what_a_gift_counts_for(
    model: Model, trader: Any, liquidity_provider: Any, at_time: Pin, start: int
) -> None:
    """O4 a gift counts from the last call on, and recording a snapshot is such a call."""
    pool = model.pool
    snapshot(model, trader, at_time, start + 100)
    model.changed(start + 100)
    at_time(start + 150)
    pool.token.transfer(pool.exchange, 10 * ETHER, sender=liquidity_provider)
    model.reserves = (pool.eth, pool.tokens)
    snapshot(model, trader, at_time, start + 200)
    assert pool.exchange.observation(1)[1] == model.at(start + 200)
    assert pool.exchange.averagePriceBetween(0, 1) == model.price == 2**110


def test_within_a_block(model: Model, trader: Any, wallet: Any, at_time: Pin, start: int) -> None:
    """O5 only the first change of a block counts: several can't move the average of the past."""
    exchange = model.pool.exchange
    data = exchange.ethToTokenSwapInput.encode_input(1, DEADLINE)
    quoted = model.at(start + 70)
    at_time(start + 70)
    watch = exchange.observe.encode_input()
    wallet.batch([(exchange, ETHER, data)] * 3 + [(exchange, 0, watch)], sender=trader, value=3 * ETHER)
    assert tuple(exchange.observation(0)) == (start + 70, quoted)
    model.changed(start + 70)
    snapshot(model, trader, at_time, start + 170)
    assert tuple(exchange.observation(1)) == (start + 170, model.at(start + 170))
    assert exchange.averagePriceBetween(0, 1) == model.price


def test_average_between(model: Model, trader: Any, at_time: Pin, start: int, refused: Refused) -> None:
    """O6 the average between snapshots is the time-weighted mean of the prices that held."""
    exchange, time = model.pool.exchange, start
    seen: list[tuple[int, int]] = []
    for number in range(4):
        buy(model, trader, at_time, time + 13 + number, ETHER // (number + 1))
        time += 61 + 7 * number
        snapshot(model, trader, at_time, time)
        seen.append((time, model.at(time)))
    for first in range(4):
        for last in range(first + 1, 4):
            mean = (seen[last][1] - seen[first][1]) // (seen[last][0] - seen[first][0])
            assert exchange.averagePriceBetween(first, last) == mean > 0
    for first, last in ((1, 1), (2, 1), (MAX, 0)):
        error: Any = ("EmptyInterval(uint256,uint256)", first, last)
        refused(exchange.averagePriceBetween, first, last, error=error, sender=trader)
    error = ("UnknownObservation(uint256)", 4)
    refused(exchange.averagePriceBetween, 3, 4, error=error, sender=trader)
    refused(exchange.observation, 4, error=error, sender=trader)
    refused(exchange.observation, MAX, error=("UnknownObservation(uint256)", MAX), sender=trader)


def test_average_of_a_window(model: Model, chain: Any, trader: Any, at_time: Pin, start: int, refused: Refused) -> None:
    """O7 a window's average runs from the latest snapshot at least that old until now."""
    exchange = model.pool.exchange
    seen: list[tuple[int, int]] = []
    for number in range(5):
        time = start + 100 * (number + 1)
        snapshot(model, trader, at_time, time)
        seen.append((time, model.at(time)))
        buy(model, trader, at_time, time + 30)
    chain.mine(timestamp=start + 1000)
    now = chain.blocks.head.timestamp
    assert now == start + 1000
    call = {"to": exchange.address}
    for window in (0, 1, 499, 500, 501, 599, 600, 601, 899, 900):
        first = [entry for entry in seen if now - entry[0] >= window][-1]
        data = "0x" + bytes(exchange.averagePrice.encode_input(window)).hex()
        answer = chain.provider.web3.provider.make_request(
            "eth_call", [call | {"data": data}, "latest", {}, {"time": hex(now)}]
        )
        assert int(answer["result"], 16) == (model.at(now) - first[1]) // (now - first[0]), window
    for window in (901, 10**9, MAX):
        error = ("NoObservation(uint256)", window)
        refused(exchange.averagePrice, window, error=error, sender=trader, time=now)


def test_window_of_no_time(model: Model, trader: Any, at_time: Pin, start: int, chain: Any, refused: Refused) -> None:
    """O7 a snapshot of this very second is no interval: it isn't used, and alone it is none."""
    exchange = model.pool.exchange
    snapshot(model, trader, at_time, start + 100)
    error = ("NoObservation(uint256)", 0)
    refused(exchange.averagePrice, 0, error=error, sender=trader, time=start + 100)
    snapshot(model, trader, at_time, start + 200)
    data = "0x" + bytes(exchange.averagePrice.encode_input(0)).hex()
    request = [{"to": exchange.address, "data": data}, "latest", {}, {"time": hex(start + 200)}]
    assert int(chain.provider.web3.provider.make_request("eth_call", request)["result"], 16) == model.price


def test_ring(model: Model, chain: Any, trader: Any, at_time: Pin, start: int, refused: Refused) -> None:
    """O8 the latest 128 snapshots can be read, older ones are gone; windows reach back as far as those."""
    exchange, eth = model.pool.exchange, chain.provider.web3.eth
    watch = {
        "from": trader.address,
        "to": exchange.address,
        "data": "0x" + bytes(exchange.observe.encode_input()).hex(),
    }
    total = KEPT + 5
    for number in range(total):
        if number == KEPT - 1:
            at_time(start + PERIOD * number + 30)
            exchange.ethToTokenSwapInput(1, DEADLINE, sender=trader, value=ETHER)
            model.changed(start + PERIOD * number + 30)
        at_time(start + PERIOD * (number + 1))
        eth.wait_for_transaction_receipt(eth.send_transaction(watch | {"gas": 200_000}), poll_latency=0.005)
    assert exchange.observationCount() == total
    for gone in (0, total - KEPT - 1):
        error: Any = ("UnknownObservation(uint256)", gone)
        refused(exchange.observation, gone, error=error, sender=trader)
        refused(exchange.averagePriceBetween, gone, total - 1, error=error, sender=trader)
    for index in (total - KEPT, KEPT - 1, KEPT, total - 1):
        assert exchange.observation(index)[0] == start + PERIOD * (index + 1)
    oldest, last = total - KEPT, total - 1
    change = exchange.observation(last)[1] - exchange.observation(oldest)[1]
    assert exchange.observation(last)[1] == model.at(start + PERIOD * total)
    assert exchange.averagePriceBetween(oldest, last) == change // (PERIOD * (last - oldest))
    now = start + PERIOD * total + 7
    for index in (oldest, oldest + 1, KEPT - 1, KEPT, last):
        window = now - start - PERIOD * (index + 1)
        data = "0x" + bytes(exchange.averagePrice.encode_input(window)).hex()
        request = [{"to": exchange.address, "data": data}, "latest", {}, {"time": hex(now)}]
        answer = chain.provider.web3.provider.make_request("eth_call", request)
        assert int(answer["result"], 16) == (model.at(now) - exchange.observation(index)[1]) // window
    window = now - start - PERIOD * (oldest + 1) + 1
    refused(exchange.averagePrice, window, error=("NoObservation(uint256)", window), sender=trader, time=now)


def test_time_wraps_around(model: Model, chain: Any, trader: Any, at_time: Pin, start: int) -> None:
    """O9 averages stay exact when the 32 bits of the time wrap around in the year 2106."""
    exchange = model.pool.exchange
    buy(model, trader, at_time, WRAP - 200)
    snapshot(model, trader, at_time, WRAP - 100)
    first = model.at(WRAP - 100)
    assert tuple(exchange.observation(0)) == (WRAP - 100, first)
    buy(model, trader, at_time, WRAP - 1)
    buy(model, trader, at_time, WRAP + 50)
    assert not snapshot(model, trader, at_time, WRAP + 100).failed
    second = model.at(WRAP + 100)
    assert tuple(exchange.observation(1)) == (100, second)
    assert exchange.averagePriceBetween(0, 1) == (second - first) % 2**224 // 200
    data = "0x" + bytes(exchange.averagePrice.encode_input(250)).hex()
    request = [{"to": exchange.address, "data": data}, "latest", {}, {"time": hex(WRAP + 200)}]
    answer = chain.provider.web3.provider.make_request("eth_call", request)
    assert int(answer["result"], 16) == (model.at(WRAP + 200) - first) % 2**224 // 300


def test_cumulative_price_wraps_around(model: Model, chain: Any, trader: Any, at_time: Pin, start: int) -> None:
    """O9 averages stay exact when the cumulative price wraps around at 2^224."""
    exchange = model.pool.exchange
    slots = [slot for slot in range(3) if int.from_bytes(storage(chain, exchange, slot), "big") & (WRAP - 1) == start]
    assert len(slots) == 1  # the accumulator
    model.cumulative = 2**224 - model.price * 30
    word = (model.cumulative << 32) | start
    chain.provider.set_storage(exchange.address, slots[0], word.to_bytes(32, "big"))
    snapshot(model, trader, at_time, start + 10)
    assert exchange.observation(0)[1] == 2**224 - model.price * 20
    buy(model, trader, at_time, start + 40)
    snapshot(model, trader, at_time, start + 110)
    assert exchange.observation(1)[1] == model.at(start + 110) < 2**223
    expected = (model.at(start + 110) + 2**224 - exchange.observation(0)[1]) // 100
    assert exchange.averagePriceBetween(0, 1) == expected


def storage(chain: Any, exchange: Any, slot: int) -> bytes:
    return bytes(chain.provider.get_storage(exchange.address, slot))


def test_no_tokens_no_price(chain: Any, model: Model, project: Any, trader: Any, at_time: Pin, start: int) -> None:
    """O2 a pool without tokens has the price zero and doesn't revert for it."""
    exchange = model.pool.exchange
    slot = keccak(bytes(12) + bytes.fromhex(exchange.address[2:]) + bytes(32))  # balances come first in an ERC-20
    chain.provider.set_storage(model.pool.token.address, int.from_bytes(slot, "big"), bytes(32))
    assert model.pool.tokens == 0
    assert exchange.spotPrice() == 0
    snapshot(model, trader, at_time, start + 10)
    assert tuple(exchange.observation(0)) == (start + 10, 0)


def test_snapshot_is_for_free(model: Model, trader: Any, at_time: Pin, start: int) -> None:
    """O3 a snapshot moves nothing of the pool."""
    eth, tokens, supply = model.pool.eth, model.pool.tokens, model.pool.exchange.totalSupply()
    quote = model.pool.exchange.getEthToTokenInputPrice(ETHER)
    snapshot(model, trader, at_time, start + 1000)
    assert (model.pool.eth, model.pool.tokens, model.pool.exchange.totalSupply()) == (eth, tokens, supply)
    assert model.pool.exchange.getEthToTokenInputPrice(ETHER) == quote == input_price(ETHER, eth, tokens)
