"""Advice that looks at the market: prices by the hour, what trades would have made, the cheapest hours."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import response_schema_conformance, status_code_conformance
from sqlalchemy import insert

from offchain.advice.habit import usual
from offchain.advice.tariff import load
from offchain.advice.trade import Month, Trades, worth
from offchain.advice.usage import Period, Usage
from offchain.api.application import Rules
from offchain.history import tables
from offchain.history.database import Database
from offchain.indexer.prices import Prices
from tests.history import KINDS, opened
from tests.metered import Api, problem
from tests.traded import CHAIN, EXCHANGE, Trade, chains, tell

CHECKS = [not_a_server_error, status_code_conformance, response_schema_conformance]
BOUNDS = settings(
    max_examples=20,
    deadline=None,
    database=None,
    derandomize=True,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)
SEOUL = ZoneInfo("Asia/Seoul")
LOW = load("kepco_residential_low")
FIRST, JUNE = datetime(2026, 6, 1, tzinfo=SEOUL), Period.month(2026, 6)
HOURS = 30 * 24
ETH = 4_000_000
RANDOM = np.random.default_rng(11)
DRAWN, GIVEN = (Usage(FIRST, 4 * RANDOM.integers(0, most, HOURS)) for most in (250, 100))
START = int(FIRST.timestamp())
SILENT = range(100, 140)
"""Hours without a trade: longer than a day."""
TRADES = [
    Trade(START + 3600 * hour + 60 * minute, float(RANDOM.uniform(1e-5, 8e-5)), float(RANDOM.uniform(0.1, 5)))
    for hour in range(2, HOURS)
    if hour not in SILENT
    for minute in (5, 50)
]


@pytest.fixture(params=KINDS, scope="module")
def database(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    with opened(request.param, tmp_path_factory.mktemp("market")) as found:
        tell(found, TRADES)
        yield found


@pytest.fixture(scope="module")
def api(database: Database, tmp_path_factory: pytest.TempPathFactory) -> Api:
    """A home of MG1 with a month of readings, and a month of trades at its exchange."""
    api = Api(database, Rules(per_minute=1_000_000), chains=chains(tmp_path_factory.mktemp("deployments")))
    pairs = zip(np.repeat(DRAWN.wh // 4, 4), np.repeat(GIVEN.wh // 4, 4), strict=True)
    rows = [
        {"meter": 1, "start": START + 900 * step, "imported": int(imported), "exported": int(exported)}
        for step, (imported, exported) in enumerate(pairs)
    ]
    with database.write() as connection:
        connection.execute(insert(tables.readings), [row | {"sequence": 1, "received": 0} for row in rows])
    return api


def hourly() -> Any:
    """What a kWh cost in each hour, in won, by plain arithmetic."""
    prices = np.full(HOURS, np.nan)
    last, since = None, 0
    for hour in range(HOURS):
        within = [trade for trade in TRADES if START + 3600 * hour <= trade.time < START + 3600 * (hour + 1)]
        if within:
            eth, kwh = sum(trade.price * trade.kwh for trade in within), sum(trade.kwh for trade in within)
            prices[hour], last, since = eth / kwh, within[-1].price, hour
        elif last is not None and hour - since <= 24:
            prices[hour] = last
    return prices * ETH


def got(api: Api, path: str) -> Any:
    answer = api.ask("household", "GET", path)
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_prices_by_the_hour(database: Database) -> None:
    """V6 all ETH over all kWh of an hour; without a trade the last one's, for a day; before the first there is none."""
    found = Prices(database, CHAIN, EXCHANGE).hourly(START, HOURS) * ETH
    expected = hourly()
    assert np.isnan(expected).sum() == 2 + len(SILENT) - 24
    assert found == pytest.approx(expected, nan_ok=True, rel=1e-9)
    assert np.isnan(Prices(database, CHAIN, EXCHANGE).hourly(START + 90 * 86_400, 5)).all()


@pytest.mark.parametrize("feed_in", [0, 100])
def test_what_the_market_would_have_made(api: Api, feed_in: float) -> None:
    """V5 V6 all sold, all bought, and the best of both: what `worth` says of each hour's price."""
    found = got(api, f"/v1/me/trades?month=2026-06&eth_price={ETH}&feed_in={feed_in}")
    prices = hourly()
    month, none = Month(DRAWN, GIVEN, prices, feed_in), np.zeros(HOURS, np.int64)
    there = ~np.isnan(prices)
    for name, trades in (
        ("sell_all", Trades(none, np.where(there, GIVEN.wh, 0))),
        ("buy_all", Trades(np.where(there, DRAWN.wh, 0), none)),
    ):
        own = worth(LOW, month, trades, JUNE)
        shown = found[name]
        assert (shown["made"], shown["paid"]) == (pytest.approx(own.made, rel=1e-6), pytest.approx(own.paid, rel=1e-6))
        assert shown["bill"] == float(own.with_trades.total)
        assert found["best"]["made"] >= shown["made"] - 25
    assert found["best"]["made"] > 0
    assert (found["priced_hours"], found["hours"]) == (int(there.sum()), HOURS)
    assert found["average_price"] == pytest.approx(float(np.nanmean(prices)))
    assert found["market"] == {"exchange": EXCHANGE, "eth_price": ETH}
    sold = np.where(np.nan_to_num(prices) > feed_in, GIVEN.wh, 0)
    assert found["best"]["sold_kwh"] == pytest.approx(sold.sum() / 1000)
    best = sorted((-prices[hour], hour) for hour in range(HOURS) if sold[hour])[:10]
    assert [hour["start"] for hour in found["best_to_sell"]] == [START + 3600 * hour for _, hour in best]
    cheap = [hour["price"] for hour in found["best_to_buy"]]
    assert cheap == sorted(cheap)
    assert cheap[0] == pytest.approx(np.nanmin(np.where(DRAWN.wh > 0, prices, np.nan)))


def test_the_operator_s_price_of_an_eth(database: Database, api: Api, tmp_path: Path) -> None:
    """P9 V6 without one there is no market; a request's goes before the operator's."""
    path = "/v1/me/trades?month=2026-06"
    assert "eth_price" in problem(api.ask("household", "GET", path), 422)
    told = Api(database, Rules(per_minute=1_000_000, eth_price=ETH), chains=api.chains)
    assert got(told, path) == got(api, f"{path}&eth_price={ETH}")
    assert got(told, f"{path}&eth_price=5")["market"]["eth_price"] == 5
    bare = Api(database, Rules(eth_price=ETH))
    assert "no exchange" in problem(bare.ask("household", "GET", path), 404)


def at(api: Api, clock: datetime) -> None:
    """Stops the service's clock."""
    api.app.state.clock = clock.timestamp


def test_the_cheapest_hours(api: Api) -> None:
    """V6 tariff, market of the last week by hour of the day, own surplus; the cheapest of all starts."""
    at(api, FIRST + timedelta(days=30, minutes=-10))
    found = got(api, f"/v1/me/hours?energy_wh=1500&hours=2&eth_price={ETH}&feed_in=50")
    start = FIRST + timedelta(days=30)
    assert [hour["start"] for hour in found["hours"]] == [start.timestamp() + 3600 * step for step in range(24)]
    of_day = np.nanmean(hourly()[-7 * 24 :].reshape(7, 24), axis=0)
    assert [hour["market"] for hour in found["hours"]] == pytest.approx(of_day.tolist())
    assert [hour["surplus_wh"] for hour in found["hours"]] == usual(GIVEN, start, 24).tolist()
    for hour in found["hours"]:
        assert hour["price"] == min(hour["tariff"], hour["market"])
    costs = []
    for first in range(23):
        pair = found["hours"][first : first + 2]
        costs.append(sum(_cost(hour, 750, 50) for hour in pair))
    assert found["cost"] == pytest.approx(min(costs))
    assert found["now"] == pytest.approx(costs[0])
    assert found["saved"] == pytest.approx(costs[0] - min(costs))
    assert [hour["wh"] for hour in found["chosen"]] == [750, 750]
    assert found["chosen"][0]["start"] == found["hours"][int(np.argmin(costs))]["start"]


def _cost(hour: dict[str, Any], wh: int, feed_in: float) -> float:
    """Own surplus first, at what it would have earned."""
    own = min(wh, hour["surplus_wh"])
    earned = min(max(hour["market"], feed_in), hour["price"])
    return float(own * earned + (wh - own) * hour["price"]) / 1000


def test_a_car(api: Api) -> None:
    """V6 takes the cheapest hours, at most so much in one, and is done in time."""
    at(api, FIRST + timedelta(days=30, minutes=-10))
    found = got(api, f"/v1/me/hours?energy_wh=20000&most_wh=3000&within_hours=12&eth_price={ETH}")
    assert sum(hour["wh"] for hour in found["chosen"]) == 20_000
    assert max(hour["wh"] for hour in found["chosen"]) <= 3_000
    assert {hour["start"] for hour in found["chosen"]} <= {hour["start"] for hour in found["hours"]}
    assert len(found["hours"]) == 12
    assert found["cost"] <= found["now"]
    for wrong in ("energy_wh=20000&most_wh=1000&within_hours=12", "energy_wh=5&hours=13&within_hours=12"):
        assert "don't fit before" in problem(api.ask("household", "GET", f"/v1/me/hours?{wrong}"), 422)
    both = problem(api.ask("household", "GET", "/v1/me/hours?energy_wh=5&hours=1&most_wh=5"), 422)
    assert both == "give hours or most_wh: it runs through, or it doesn't"


def test_hours_without_market_and_readings(api: Api) -> None:
    """V6 the tariff alone, its price by the hour; nothing is made up."""
    at(api, FIRST + timedelta(days=300))
    found = got(api, "/v1/me/hours?energy_wh=1000&tariff=kepco_jeju_time_of_use&within_hours=48")
    assert found["market"] is None
    assert {hour["market"] for hour in found["hours"]} == {None}
    assert len({hour["tariff"] for hour in found["hours"]}) == 3
    assert found["chosen"][0]["start"] == min(
        hour["start"] for hour in found["hours"] if hour["tariff"] == min(one["tariff"] for one in found["hours"])
    )
    tariff = {"tariff": "KEPCO residential on Jeju, time of use", "korean": "한전 제주 주택용 계시별"}
    assert found["basis"] == {
        "text": f"prices of {tariff['tariff']}; no surplus: nothing was read in the last weeks",
        "phrases": [
            {"code": "prices", "values": tariff, "joint": ""},
            {"code": "surplus_none", "values": {}, "joint": "; "},
        ],
    }


ASKED = ("/v1/me/trades", "/v1/me/hours", "/v1/microgrids/{microgrid}/energy")


@pytest.mark.parametrize("path", ASKED)
def test_whatever_is_asked(api: Api, database: Database, path: str) -> None:
    """P9 U8 V6 with a market: no request makes a fault, and every answer is one that the description names."""
    told = Api(database, Rules(per_minute=1_000_000, eth_price=ETH), chains=api.chains)
    schema: Any = schemathesis.openapi.from_asgi("/openapi.json", told.app)
    (operation,) = [one.ok() for one in schema.include(path=path).get_all_operations()]
    seen: Counter[int] = Counter()

    def attempt(case: Any) -> None:
        answer = case.call(headers={"Authorization": f"Bearer {told.keys['household']}"})
        seen[answer.status_code] += 1
        case.validate_response(answer, checks=CHECKS)

    strategy = operation.as_strategy() | operation.as_strategy(schemathesis.GenerationMode.NEGATIVE)
    BOUNDS(given(case=strategy)(attempt))()
    assert sum(seen.values()) >= 20
    assert seen[422] > 0
