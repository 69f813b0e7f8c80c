"""The public endpoint: an ordinary node for honest clients, and nothing but clear errors for all others."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from hypothesis import given, settings
from hypothesis import strategies as st
from web3 import HTTPProvider, Web3
from websockets.exceptions import ConnectionClosed

from offchain.plasma.methods import FIXED, MOST_RANGE, PASSED
from tests.integration.cheat_methods import CHEATS
from tests.integration.sockets import a_call, socket_to, spoken
from tests.plasma_operator import (
    ACCOUNTS,
    ECHO,
    Client,
    Process,
    hash_of,
    leading,
    start_replica,
    transfer,
    write_genesis,
)


@pytest.fixture(scope="module")
def genesis(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_genesis(tmp_path_factory.mktemp("chain"))


@pytest.fixture(scope="module")
def leader(genesis: Path) -> Iterator[Process]:
    with leading(genesis.parent / "leader", genesis) as process:
        yield process


@pytest.fixture(scope="module")
def client(leader: Process) -> Client:
    return Client(leader.url)


def test_no_cheat_method_exists_for_strangers(leader: Process, client: Client) -> None:
    """E6 one by one, by HTTP, in a batch and by WebSocket."""
    before = client.call("eth_getBlockByNumber", "latest", False)["stateRoot"], client.call("eth_chainId")
    unknown = [{"code": -32601, "message": f"the method {name} does not exist/is not available"} for name in CHEATS]
    assert [client.refusal(name) for name in CHEATS] == unknown
    _, answers = client.post(json.dumps([a_call(name, ACCOUNTS[0].address, "0x1") for name in CHEATS]))
    assert [answer["error"] for answer in answers] == unknown
    with socket_to(leader) as socket:
        assert [spoken(socket, a_call(name, ACCOUNTS[0].address, "0x1"))["error"] for name in CHEATS] == unknown
    assert before == (client.call("eth_getBlockByNumber", "latest", False)["stateRoot"], client.call("eth_chainId"))


@given(st.text(max_size=40) | st.sampled_from(CHEATS).flatmap(lambda name: st.sampled_from([name.upper(), f" {name}"])))
@settings(deadline=None, max_examples=60)
def test_no_other_method_reaches_the_engine(client: Client, name: str) -> None:
    """E6 no spelling gets past the list."""
    if name not in PASSED | set(FIXED):
        assert client.refusal(name)["code"] == -32601


def test_the_node_says_nothing_of_the_engine(client: Client) -> None:
    """E6 clients see an ordinary node."""
    assert client.call("eth_accounts") == []
    assert client.call("web3_clientVersion").startswith("EnhancedOpenMG/")
    assert client.call("net_version") == "950327"
    assert client.call("net_peerCount") == "0x0"
    assert client.call("eth_mining") is False
    assert client.call("eth_syncing") is False


def test_web3_uses_it_as_an_ordinary_node(leader: Process) -> None:
    """E8 estimate, fees, nonce, receipt, logs, filters, proof."""
    web3 = Web3(HTTPProvider(leader.url))
    account = ACCOUNTS[5]
    blocks, transactions = web3.eth.filter("latest"), web3.eth.filter({"address": Web3.to_checksum_address(ECHO)})
    fields: Any = {"from": account.address, "to": ECHO, "value": 3}
    gas = web3.eth.estimate_gas(fields)
    tip = web3.eth.max_priority_fee
    history = web3.eth.fee_history(1, "latest", [50])
    fields |= {"gas": gas, "maxPriorityFeePerGas": tip, "maxFeePerGas": 2 * history["baseFeePerGas"][-1] + tip}
    fields |= {"nonce": web3.eth.get_transaction_count(account.address, "pending"), "chainId": web3.eth.chain_id}
    signed = account.sign_transaction(fields | {"type": 2})
    sent = web3.eth.send_raw_transaction(signed.raw_transaction)
    assert sent == signed.hash
    receipt = web3.eth.wait_for_transaction_receipt(sent, 20, 0.05)
    assert receipt["status"] == 1
    assert receipt["gasUsed"] <= gas
    assert web3.eth.get_transaction_count(account.address, "pending") == fields["nonce"] + 1
    assert web3.eth.get_balance(Web3.to_checksum_address(ECHO), receipt["blockNumber"] - 1) + 3 == web3.eth.get_balance(
        Web3.to_checksum_address(ECHO)
    )
    (log,) = web3.eth.get_logs({"address": Web3.to_checksum_address(ECHO), "fromBlock": receipt["blockNumber"]})
    assert log["topics"] == [(0x2A).to_bytes(32)]
    new_blocks: Any = blocks.get_new_entries()
    new_logs: Any = transactions.get_new_entries()
    assert receipt["blockHash"] in new_blocks
    assert [entry["transactionHash"] for entry in new_logs] == [sent]
    assert web3.eth.call(fields | {"nonce": fields["nonce"] + 1}, "latest") == b""
    get_proof: Any = web3.eth.get_proof
    proof = get_proof(account.address, [0], receipt["blockNumber"])
    assert proof["nonce"] == fields["nonce"] + 1
    assert web3.eth.get_block("latest", full_transactions=True)["number"] >= receipt["blockNumber"]
    assert web3.eth.gas_price > 0
    assert web3.eth.get_block_receipts(receipt["blockNumber"])[receipt["transactionIndex"]] == receipt


def test_the_engines_errors_reach_the_client(client: Client) -> None:
    """E8 P9 a client learns why."""
    raw = f"0x{transfer(0, 0, value=10**24).hex()}"
    assert client.refusal("eth_sendRawTransaction", raw) == {
        "code": -32003,
        "message": "Insufficient funds for gas * price + value",
    }
    assert client.refusal("eth_sendRawTransaction", f"0x{transfer(0, 0, chainId=1).hex()}")["code"] == -32003
    assert client.refusal("eth_getBalance", "0x12", "latest")["code"] == -32602
    assert client.refusal("eth_getBalance")["code"] == -32602
    assert client.refusal("eth_call", {"to": ECHO}, "0xffffff")["code"] == -32602
    revert = {"data": "0x602a60005260206000fd", "from": ACCOUNTS[0].address}
    refusal = client.refusal("eth_call", revert, "latest")
    assert (refusal["code"], refusal["data"]) == (3, f"0x{42:064x}")


@pytest.mark.parametrize(
    "given", [[], ["0x"], ["0xzz"], ["0x1"], ["12"], [5], [None], [["0x12"]], ["0x12", "0x12"], ["0x 12"]]
)
def test_a_raw_transaction_is_hex(client: Client, given: list[Any]) -> None:
    """P9 wrong parameters get one error."""
    assert client.refusal("eth_sendRawTransaction", *given) == {
        "code": -32602,
        "message": "eth_sendRawTransaction takes one raw transaction in hex",
    }


MALFORMED: list[tuple[bytes, int]] = [
    (b"", -32700),
    (b"{", -32700),
    (b'{"jsonrpc":"2.0"', -32700),
    (b"nonsense", -32700),
    (b"\xff\xfe", -32700),
    (b'{"jsonrpc":"2.0","id":1,"method":"\xff"}', -32700),
    (b'{"jsonrpc":"2.0","id":1,"method":"\\ud800"}', -32700),
    (b"[" * 100_000, -32700),
    (b'{"a":' * 100_000, -32700),
    (b'{"jsonrpc":"2.0","id":1,"method":"eth_call","params":' + b"[" * 50_000, -32700),
    (b'{"jsonrpc":"2.0","id":NaN,"method":"eth_chainId"}', -32700),
    (b'{"jsonrpc":"2.0","id":1e999,"method":"eth_chainId"}', -32700),
    (b"[]", -32600),
    (b"{}", -32600),
    (b"1", -32600),
    (b"null", -32600),
    (b'"eth_chainId"', -32600),
    (b'{"jsonrpc":"1.0","id":1,"method":"eth_chainId"}', -32600),
    (b'{"id":1,"method":"eth_chainId"}', -32600),
    (b'{"jsonrpc":"2.0","id":{},"method":"eth_chainId"}', -32600),
    (b'{"jsonrpc":"2.0","id":[1],"method":"eth_chainId"}', -32600),
    (b'{"jsonrpc":"2.0","id":true,"method":"eth_chainId"}', -32600),
    (b'{"jsonrpc":"2.0","id":1,"method":5}', -32600),
    (b'{"jsonrpc":"2.0","id":1}', -32600),
    (b'{"jsonrpc":"2.0","id":1,"method":"eth_chainId","params":5}', -32602),
    (b'{"jsonrpc":"2.0","id":1,"method":"eth_chainId","params":{"a":1}}', -32602),
    (b'{"jsonrpc":"2.0","id":1,"method":"eth_call","params":["x"]}', -32602),
    (b'{"jsonrpc":"2.0","id":1,"method":"eth_call","params":[{"gas":"lots"}]}', -32602),
    (b'{"jsonrpc":"2.0","id":1,"method":"eth_call","params":[{"gas":true}]}', -32602),
    (b'{"jsonrpc":"2.0","id":1,"method":"eth_getLogs","params":[{"fromBlock":[]}]}', -32602),
    (b'{"jsonrpc":"2.0","id":1,"method":"eth_getLogs","params":[{"fromBlock":"0x"}]}', -32602),
    (b'{"jsonrpc":"2.0","id":1,"method":"eth_getLogs","params":[]}', -32602),
    (b'{"jsonrpc":"2.0","id":1,"method":"eth_feeHistory","params":[{}]}', -32602),
]


@pytest.mark.parametrize(("body", "code"), MALFORMED, ids=range(len(MALFORMED)))
def test_what_is_no_call_gets_one_error(client: Client, leader: Process, body: bytes, code: int) -> None:
    """P9 rubbish gets one JSON-RPC error."""
    status, answer = client.post(body)
    assert status == 200
    assert answer["jsonrpc"] == "2.0"
    assert "result" not in answer
    assert answer["error"]["code"] == code
    assert "\n" not in answer["error"]["message"]
    with socket_to(leader) as socket:
        assert spoken(socket, body) == answer


JSON: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


@given(st.sampled_from(sorted(PASSED)) | st.text(max_size=8), JSON, JSON)
@settings(deadline=None, max_examples=150)
def test_any_json_gets_an_answer(client: Client, method: str, parameters: Any, identity: Any) -> None:
    """P9 no JSON breaks the node."""
    body = {"jsonrpc": "2.0", "id": identity, "method": method, "params": parameters}
    status, answer = client.post(json.dumps(body))
    assert status == 200
    assert ("result" in answer) != ("error" in answer)
    if "error" in answer:
        assert isinstance(answer["error"]["code"], int)
        assert "\n" not in answer["error"]["message"]
    assert client.call("eth_chainId") == "0xe8037"


def test_batches_are_answered_in_order_with_their_ids(client: Client, leader: Process) -> None:
    """E8 batches, whatever their ids."""
    raws = [transfer(1, nonce) for nonce in range(3)]
    sends = [a_call("eth_sendRawTransaction", f"0x{raw.hex()}", identity="same") for raw in raws]
    batch = [a_call("eth_chainId", identity=None), sends[0], 5, a_call("eth_nothing", identity=2.5), *sends[1:]]
    batch += [a_call("eth_chainId", identity="é" * 3), a_call("eth_accounts", identity=2**80)]
    batch += [{"jsonrpc": "2.0", "method": "eth_chainId"}]
    _, answers = client.post(json.dumps(batch))
    assert [answer["id"] for answer in answers] == [None, "same", None, 2.5, "same", "same", "é" * 3, 2**80]
    assert [answer["result"] for answer in answers if answer["id"] == "same"] == [
        f"0x{hash_of(raw).hex()}" for raw in raws
    ]
    assert [answers[2]["error"]["code"], answers[3]["error"]["code"]] == [-32600, -32601]
    assert [client.receipt(f"0x{hash_of(raw).hex()}")["status"] for raw in raws] == ["0x1"] * 3
    with socket_to(leader) as socket:
        assert len(spoken(socket, batch)) == len(answers)


def test_a_call_without_an_id_is_worked_on_and_not_answered(client: Client, leader: Process) -> None:
    """E8 notifications."""
    raw = transfer(2, 0)
    call = a_call("eth_sendRawTransaction", f"0x{raw.hex()}")
    del call["id"]
    assert client.post(json.dumps(call)) == (204, None)
    assert client.post(json.dumps([call, call])) == (204, None)
    assert client.receipt(f"0x{hash_of(raw).hex()}")["status"] == "0x1"
    with socket_to(leader) as socket:
        socket.send(json.dumps(call))
        assert spoken(socket, a_call("eth_chainId"))["result"] == "0xe8037"


def test_limits_of_size_and_range(client: Client, leader: Process) -> None:
    """E7 sizes of requests and batches."""
    status, answer = client.post(b" " * (2**21 + 1))
    assert (status, answer["error"]["code"]) == (413, -32005)
    _, answer = client.post(json.dumps([a_call("eth_chainId")] * 1001))
    assert answer["error"] == {"code": -32005, "message": "a batch has at most 1,000 calls"}
    _, answers = client.post(json.dumps([a_call("eth_chainId")] * 1000))
    assert {answer["result"] for answer in answers} == {"0xe8037"}
    assert client.call("eth_getLogs", {"fromBlock": "0x0", "toBlock": hex(10**9)}) is not None  # there are few blocks
    assert client.refusal("eth_feeHistory", "0x401", "latest", [])["code"] == -32005
    with socket_to(leader) as socket:
        socket.send(" " * (2**21 + 1))
        with pytest.raises(ConnectionClosed):
            socket.recv(10)


def test_a_search_spans_a_limited_number_of_blocks() -> None:
    """E7 range of logs."""
    from offchain.plasma.jsonrpc import Refusal
    from offchain.plasma.methods import check

    for method in ("eth_getLogs", "eth_newFilter"):
        wanted = {"fromBlock": "0x1", "toBlock": hex(MOST_RANGE)}
        assert check(method, [wanted], 10**6) == [wanted]
        for wide in ({"fromBlock": "earliest"}, {"fromBlock": "0x0", "toBlock": hex(MOST_RANGE)}):
            with pytest.raises(Refusal, match="a search spans at most 100,000 blocks") as refused:
                check(method, [wide], 10**6)
            assert refused.value.code == -32005
        with pytest.raises(Refusal, match="fromBlock comes after toBlock"):
            check(method, [{"fromBlock": "0x5", "toBlock": "0x4"}], 10**6)
        digest = {"blockHash": "0x00"}
        assert check(method, [digest], 10**6) == [digest]


def test_a_call_gets_limited_gas(client: Client) -> None:
    """E7 a call can't keep the engine busy."""
    left = {"data": "0x5a60005260206000f3", "from": ACCOUNTS[0].address}  # returns the gas that is left
    for gas in ({}, {"gas": hex(10**9)}, {"gas": hex(10**15)}):
        assert 99_000_000 < int(client.call("eth_call", left | gas, "latest"), 16) < 10**8
    assert int(client.call("eth_call", left | {"gas": hex(100_000)}, "latest"), 16) < 100_000
    endless = {"data": "0x5b600056", "from": ACCOUNTS[0].address}
    assert "error" in client.ask("eth_estimateGas", endless)


def test_paths_and_verbs_that_there_are_none_of(leader: Process) -> None:
    """P9 other requests get one error."""
    for method, path, status in (("GET", "/", 405), ("PUT", "/", 405), ("POST", "/blocks", 404), ("GET", "/x", 404)):
        answer = requests.request(method, leader.url + path, timeout=5)
        assert answer.status_code == status
        assert answer.json()["error"]["code"] == -32600


def test_nothing_that_strangers_asked_changed_the_chain(
    leader: Process, client: Client, genesis: Path, tmp_path: Path
) -> None:
    """E3 E6 a replica reaches the same blocks as the leader of all tests before."""
    receipt = client.receipt(client.send(transfer(4, 0, to=ECHO)))
    process = start_replica(tmp_path, genesis, leader.urls[1])
    try:
        assert Client(process.url).receipt(receipt["transactionHash"]) == receipt
    finally:
        process.end()
