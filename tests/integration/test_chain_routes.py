"""What the API tells of a real chain with the real contracts, and that all of it can be found there."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from fastapi.testclient import TestClient
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from offchain.api.followed import Chains, FollowedChain
from offchain.deployment.manifest import DeploymentError, Manifest
from offchain.history.database import Database
from offchain.indexer.follower import Follower
from offchain.node import Node
from offchain.sender import development_sender
from offchain.units import ETHER
from tests.history import opened
from tests.indexed import client
from tests.integration.grid import CHAIN, Grid, grid, kwh

TOLD = ("/v1/microgrids", "/v1/exchanges", "/v1/models", "/v1/inference", "/v1/checkpoints", "/v1/exits", "/v1/health")
DEAD = "http://127.0.0.1:1"


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Grid]:
    """Two trades at one exchange and one at the other; meters, readings and an old snapshot of the oracle."""
    with grid(tmp_path_factory.mktemp("grid")) as found:
        found.register("MG1", 2)
        found.publish("MG1", 700, 400)
        found.buy("MG1", ETHER)
        found.wait(120)
        found.sell("MG1", kwh(10))
        found.wait(300)
        found.buy("MG2", 2 * ETHER)
        yield found


@pytest.fixture(scope="module")
def database(town: Grid, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    with opened("sqlite", tmp_path_factory.mktemp("index")) as found:
        town.follower(found).catch_up()
        yield found


@pytest.fixture(scope="module")
def api(town: Grid, database: Database) -> TestClient:
    return served(database, town, url_of(town))


def served(database: Database, town: Grid, url: str) -> TestClient:
    """The API with a node of the plasma chain at a URL."""
    return client(database, Chains(FollowedChain.at(url, town.manifest)))


def url_of(town: Grid) -> str:
    return str(town.web3.provider.endpoint_uri)  # type: ignore[attr-defined]


def got(api: TestClient, path: str) -> Any:
    answer = api.get(path)
    assert answer.status_code == 200, answer.text
    return answer.json()


def sources(content: Any) -> Iterator[dict[str, Any]]:
    """Every place that an answer names."""
    if isinstance(content, dict):
        if "block_hash" in content:
            yield content
        for value in content.values():
            yield from sources(value)
    elif isinstance(content, list):
        for value in content:
            yield from sources(value)


@pytest.mark.parametrize(
    "path",
    [
        "/v1/microgrids",
        "/v1/exchanges",
        "/v1/exchanges/MG1/trades",
        "/v1/exchanges/MG1/candles?interval=60&since=1800000000&until=1800060000",
        "/v1/exchanges/MG1/depth",
        "/v1/exchanges/MG1/twap?window=300",
    ],
)
def test_all_that_is_told_can_be_found_on_the_chain(api: TestClient, town: Grid, path: str) -> None:
    """Q4 number and hash of the block agree, and the contract logged at that place of that transaction."""
    named = list(sources(got(api, path)))
    assert named
    for source in named:
        block = town.call("eth_getBlockByNumber", hex(source["block"]), False)
        assert (block["hash"], int(block["timestamp"], 16), source["chain"]) == (
            source["block_hash"],
            source["time"],
            CHAIN,
        )
        if "transaction" in source:
            logs = town.call("eth_getTransactionReceipt", source["transaction"])["logs"]
            (log,) = [one for one in logs if int(one["logIndex"], 16) == source["log"]]
            assert log["address"] == source["contract"].lower()
        else:
            assert town.call("eth_getCode", source["contract"], "latest") != "0x"


def test_a_balance_is_the_contracts(api: TestClient, town: Grid) -> None:
    """Q4 minted, burned, outstanding, published sums and how many meters, by the contracts' own numbers."""
    first, second = got(api, "/v1/microgrids")["microgrids"]
    assert (first["name"], second["name"]) == ("MG1", "MG2")
    supply = town.market.token("MG1").functions.totalSupply().call()
    assert int(first["balance"]["outstanding"]) == supply
    assert int(first["balance"]["minted"]) - int(first["balance"]["burned"]) == supply
    assert (first["published"]["exported"], first["published"]["imported"]) == ("700", "400")
    assert (first["participants"]["meters"], first["participants"]["capacity"]) == (2, "8000")
    assert second["published"] is second["participants"] is None


def test_published_sums_by_the_hour(tmp_path: Path) -> None:
    """V8 epochs on the real chain make hours, the last one corrected."""
    with grid(tmp_path / "grid") as own, opened("sqlite", tmp_path) as index:
        own.register("MG2", 2)
        epochs = [own.publish("MG2", 100 * step, 1_000 + step) for step in range(8)]
        own.correct("MG2", epochs[-1], 50, 5)
        own.follower(index).catch_up()
        since = epochs[0] * 900 // 3600 * 3600
        path = f"/v1/microgrids/MG2/energy?since={since}&until={since + 10_800}"
        found = got(served(index, own, url_of(own)), path)
        block = own.call("eth_getBlockByNumber", hex(found["basis"]["last"]["block"]), False)
    sums = {epoch: (1_000 + step, 100 * step) for step, epoch in enumerate(epochs)} | {epochs[-1]: (5, 50)}
    known = [(hour["start"], hour["imported"], hour["exported"]) for hour in found["hours"] if hour["imported"]]
    assert known[-1][0] == epochs[-1] * 900 // 3600 * 3600
    for start, imported, exported in known:
        quarters = [sums[start // 900 + step] for step in range(4)]
        assert (imported, exported) == tuple(sum(column) for column in zip(*quarters, strict=True))
    assert found["basis"]["epochs"] == len(epochs)
    assert block["hash"] == found["basis"]["last"]["block_hash"]


def test_trades_page_by_page(api: TestClient, town: Grid) -> None:
    """Q4 each once, the newest first; an exchange goes by its name or its address; nobody's account is told."""
    address = town.market.exchange("MG1").address
    whole = got(api, f"/v1/exchanges/{address}/trades")
    assert [trade["side"] for trade in whole["trades"]] == ["sell", "buy"]
    assert whole["next"] is None
    page = got(api, "/v1/exchanges/MG1/trades?count=1")
    rest = got(api, f"/v1/exchanges/{address.lower()}/trades?count=1&before={page['next']}")
    assert page["trades"] + rest["trades"] == whole["trades"]
    trader = str(development_sender(town.web3, 1).address)
    assert trader.lower()[2:] not in str(whole).lower()
    first = got(api, "/v1/exchanges?count=1")
    second = got(api, f"/v1/exchanges?count=1&after={first['next']}")
    assert [one["microgrid"] for one in first["exchanges"] + second["exchanges"]] == ["MG1", "MG2"]


def test_candles_of_real_trades(api: TestClient) -> None:
    """Q3 Q4 two trades in one candle, or in one each."""
    trades = got(api, "/v1/exchanges/MG1/trades")["trades"]
    sold, bought = trades
    start = bought["source"]["time"] // 86_400 * 86_400
    (candle,) = got(api, f"/v1/exchanges/MG1/candles?interval=86400&since={start}&until={start + 86_400}")["candles"]
    assert (candle["open"], candle["close"]) == (bought["price"], sold["price"])
    assert int(candle["eth"]) == int(bought["eth"]) + int(sold["eth"])
    assert candle["last"] == sold["source"]
    since = bought["source"]["time"]
    two = got(api, f"/v1/exchanges/MG1/candles?interval=30&since={since}&until={since + 3_000}")["candles"]
    assert [one["close"] for one in two] == [bought["price"], sold["price"]]


def test_depth_is_what_the_contract_quotes(api: TestClient, town: Grid) -> None:
    """Q4 each quote to the last unit, and an impact that grows with the amount, the fee included."""
    depth = got(api, "/v1/exchanges/MG1/depth")
    exchange = town.market.exchange("MG1").functions
    for quote in depth["buy"]:
        assert int(quote["got"]) == exchange.getEthToTokenInputPrice(int(quote["given"])).call()
    for quote in depth["sell"]:
        assert int(quote["got"]) == exchange.getTokenToEthInputPrice(int(quote["given"])).call()
    impacts = [quote["impact"] for quote in depth["buy"]]
    assert impacts == sorted(impacts)
    assert 0.003 < impacts[0] < impacts[-1] < 0.25
    state = town.market.state("MG1")
    assert (int(depth["eth"]), int(depth["tokens"])) == (state.eth, state.tokens)


def test_averages_of_trades_and_of_the_oracle(api: TestClient, town: Grid) -> None:
    """Q3 Q4 the oracle's is the contract's; that of trades lies between their prices."""
    averages = got(api, "/v1/exchanges/MG1/twap?window=200")
    block = averages["oracle"]["state"]["block"]
    price = town.market.exchange("MG1").functions.averagePrice(200).call(block_identifier=block)
    assert int(averages["oracle"]["price"]) == price * ETHER >> 112
    prices = [int(trade["price"]) for trade in got(api, "/v1/exchanges/MG1/trades")["trades"]]
    assert min(prices) <= int(averages["trades"]["price"]) <= max(prices)
    assert got(api, "/v1/exchanges/MG1/twap?window=2000000")["oracle"] is None


def test_what_isn_t_there(api: TestClient) -> None:
    """P9 Q4 one line each, and never a traceback."""
    nowhere = "0x" + "7" * 40
    for path, status in {
        f"/v1/exchanges/{nowhere}/trades": 404,
        "/v1/exchanges/registry/depth": 404,
        "/v1/exchanges/MG3/candles": 404,
        "/v1/exchanges/MG1/candles?since=5&until=5": 422,
        "/v1/exchanges/MG1/candles?interval=1&since=0&until=99999": 422,
        "/v1/exchanges/MG1/trades?before=1": 422,
        "/v1/exchanges/MG1/trades?count=1000": 422,
        "/v1/models/7": 404,
        "/v1/inference/7": 404,
        "/v1/checkpoints": 404,
        "/v1/forecasts/model": 404,
    }.items():
        answer = api.get(path)
        assert answer.status_code == status, path
        assert len(answer.json()["detail"].splitlines()) == 1


CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]
BOUNDED = settings(
    max_examples=20,
    deadline=None,
    database=None,
    derandomize=True,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)


def test_whatever_is_asked(api: TestClient) -> None:
    """P9 Q4 no request makes a fault, and every answer is one that the description names."""
    schema: Any = schemathesis.openapi.from_asgi("/openapi.json", api.app)
    paths = [path for path in schema.raw_schema["paths"] if path.startswith(TOLD)]
    tried = 0

    def attempt(case: Any) -> None:
        nonlocal tried
        tried += 1
        case.call_and_validate(checks=CHECKS)

    for path in paths:
        (operation,) = [one.ok() for one in schema.include(path=path).get_all_operations()]
        strategy = operation.as_strategy() | operation.as_strategy(schemathesis.GenerationMode.NEGATIVE)
        BOUNDED(given(case=strategy)(attempt))()
    assert tried > 10 * len(paths) > 100


def test_health_tells_the_lag(api: TestClient, town: Grid, database: Database) -> None:
    """Q4 blocks that aren't taken yet are counted; a node that doesn't answer is told, and the index still serves."""
    assert got(api, "/v1/health")["chains"][0]["lag"] == 0
    town.mine(3)
    (chain,) = got(api, "/v1/health")["chains"]
    assert (chain["role"], chain["lag"]) == ("plasma", 3)
    town.follower(database).catch_up()
    (chain,) = got(api, "/v1/health")["chains"]
    assert chain["lag"] == 0
    assert chain["newest"]["hash"] == chain["indexed"]["hash"]
    silent = served(database, town, DEAD)
    (chain,) = got(silent, "/v1/health")["chains"]
    assert (chain["newest"], chain["lag"]) == (None, None)
    assert len(got(silent, "/v1/exchanges/MG1/trades")["trades"]) == 2
    assert silent.get("/v1/exchanges/MG1/depth").status_code == 503


def test_an_index_of_nothing_serves_nothing(town: Grid, tmp_path: Path) -> None:
    """Q4 before the first step the lists are empty."""
    with opened("sqlite", tmp_path) as empty:
        api = served(empty, town, url_of(town))
        assert got(api, "/v1/microgrids") == {"microgrids": []}
        assert got(api, "/v1/exchanges") == {"exchanges": [], "next": None}
        assert got(api, "/v1/health")["chains"][0]["indexed"] is None


def test_another_manifest_than_the_chain_s(town: Grid, tmp_path: Path) -> None:
    """P9 a chain on which nothing is deployed is told in one line."""
    with opened("sqlite", tmp_path) as empty:
        bare = Manifest.open(CHAIN, tmp_path / "none")
        with pytest.raises(DeploymentError, match="nothing to follow is deployed"):
            Follower(empty, Node(town.web3), bare).step()
