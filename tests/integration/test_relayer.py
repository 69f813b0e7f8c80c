"""The relayer over HTTP: what it takes, what it refuses, and that it sends nothing twice.

The pool of these tests is an account without code, which takes any call: what the contracts refuse is tested with them.
"""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from fastapi.testclient import TestClient
from hexbytes import HexBytes
from web3 import Web3
from web3.types import RPCEndpoint

from offchain.assets import Assets
from offchain.book import BookError
from offchain.chains import Chain, ChainSpec, started
from offchain.deployment.manifest import Manifest
from offchain.errors import UserError
from offchain.journal import Journal, Sent
from offchain.rate import REMEMBERED, Rate
from offchain.relayer.fees import Fees
from offchain.relayer.relayer import Relayer
from offchain.relayer.service import LARGEST_BODY, service
from offchain.sender import development_account, development_sender
from offchain.units import ETHER
from offchain.wallet.address import Address
from offchain.wallet.ciphertext import Content, seal
from offchain.wallet.keys import Seed
from offchain.wallet.note import ETH, Note
from offchain.wallet.request import Operation, Request, SwapOrder, Terms
from offchain.zk.proof import Proof

POOL, REGISTRY, TOKEN = (Web3.to_checksum_address(f"0x{digit * 40}") for digit in "abc")
KEYS, OTHER = (Seed(bytes([number] * 16)).keys() for number in (1, 2))
FEE = ETHER // 1000
SENDER = 3


@pytest.fixture(scope="module")
def chain() -> Iterator[Chain]:
    with started(ChainSpec("plasma", 950327, 0)) as chain:
        yield chain


@dataclass
class Service:
    """A relayer and a client of it."""

    web3: Web3
    relayer: Relayer
    client: TestClient

    def post(self, request: Request | str | bytes) -> tuple[int, dict[str, Any]]:
        body = request.to_json() if isinstance(request, Request) else request
        answer = self.client.post("/requests", content=body)
        return answer.status_code, answer.json()

    def refuses(self, request: Request | str | bytes, status: int) -> str:
        """The one line of a refusal; the relayer's account has sent nothing."""
        before = self.sent()
        found, content = self.post(request)
        assert (found, list(content)) == (status, ["error"])
        assert self.sent() == before
        assert "\n" not in content["error"]
        return str(content["error"])

    def sent(self) -> int:
        return self.web3.eth.get_transaction_count(development_account(SENDER).address)

    def wait_for_pending(self) -> dict[str, dict[str, dict[str, Any]]]:
        """The transactions that wait, by account and nonce, once there are some."""
        for _ in range(1000):
            waiting: dict[str, dict[str, dict[str, Any]]] = self.call("txpool_content")["pending"]
            if waiting:
                return waiting
            time.sleep(0.02)
        raise AssertionError("nothing was sent")

    def call(self, method: str, *parameters: Any) -> Any:
        return self.web3.provider.make_request(RPCEndpoint(method), list(parameters))["result"]


def relayer_of(chain: Chain, journal: Path) -> Relayer:
    manifest = Manifest(chain.chain_id, journal)
    fees = Fees.parse([f"ETH={FEE / ETHER}", "ETH:swap=0.002", f"{TOKEN}:settle=1"], Assets(manifest))
    sender = development_sender(chain.web3, SENDER)
    return Relayer(sender, KEYS.viewing, POOL, REGISTRY, fees, Assets(manifest), Journal(journal))


@pytest.fixture
def relaying(chain: Chain, tmp_path: Path) -> Iterator[Service]:
    relayer = relayer_of(chain, tmp_path / "journal.db")
    with TestClient(service(relayer, Rate(6000, 1000))) as client:
        yield Service(chain.web3, relayer, client)


def request_for(
    web3: Web3,
    operation: Operation = Operation.TRANSFER,
    *,
    fee: int = FEE,
    asset: str = ETH,
    to: Address = KEYS.address,
    first: int = 1,
    **changes: Any,
) -> Request:
    """A request that pays the relayer. Its proof is none, and its notes are of nobody."""
    note = Note(asset, fee, 5, to.public_key)
    contents: list[Content] = [(to.encryption_key, note)]
    count = {Operation.TRANSFER: 10, Operation.UNSHIELD: 10, Operation.SWAP: 14, Operation.SETTLE: 14}.get(operation, 9)
    signals = list(range(first, first + count))
    deadline = int(web3.eth.get_block("latest")["timestamp"]) + 600
    request = Request(
        operation,
        950327,
        REGISTRY if operation in (Operation.ISSUE, Operation.SETTLE) else POOL,
        Proof.from_numbers(range(8)),
        tuple(signals),
        Terms(development_account(SENDER).address, deadline, seal(contents)),
        SwapOrder(TOKEN, 1, 1) if operation is Operation.SWAP else POOL if operation is Operation.UNSHIELD else None,
    )
    place = signals.index(request.commitments[-1])
    signals[place] = note.commitment
    return replace(request, signals=tuple(signals), **changes)


def test_terms_are_what_a_wallet_needs(relaying: Service) -> None:
    """L1 account, address, chain, contracts and fees."""
    terms = relaying.client.get("/terms").json()
    assert terms["account"] == development_account(SENDER).address
    assert terms["address"] == str(KEYS.address)
    assert (terms["chain_id"], terms["pool"], terms["registry"]) == (950327, POOL, REGISTRY)
    assert terms["fees"][ETH]["transfer"] == str(FEE)
    assert terms["fees"][ETH]["swap"] == str(2 * FEE)
    assert terms["fees"][TOKEN] == {"settle": str(ETHER)}


@pytest.mark.parametrize("operation", Operation)
def test_every_operation_is_sent_as_it_was_asked(relaying: Service, operation: Operation) -> None:
    """L1 the transaction is the request's call, from the relayer's account."""
    asset = TOKEN if operation is Operation.SETTLE else ETH
    request = request_for(relaying.web3, operation, fee=ETHER, asset=asset)
    status, content = relaying.post(request)
    assert (status, content["status"]) == (200, "mined")
    sent = relaying.web3.eth.get_transaction(content["transaction"])
    assert (sent["from"], sent["to"]) == (development_account(SENDER).address, request.contract)
    assert bytes(sent["input"]) == request.calldata


def test_the_same_request_is_sent_once(relaying: Service, chain: Chain, tmp_path: Path) -> None:
    """L2 again and after a restart it gives the same transaction, also when its deadline has passed."""
    request = request_for(relaying.web3)
    first = relaying.post(request)
    count = relaying.sent()
    assert relaying.post(request) == first
    relaying.call("evm_increaseTime", 700)
    relaying.call("anvil_mine", "0x1")
    with TestClient(service(relayer_of(chain, tmp_path / "journal.db"), Rate(6000, 1000))) as client:
        restarted = Service(relaying.web3, relaying.relayer, client)
        assert restarted.post(request) == first
    assert relaying.sent() == count


def test_many_at_once_are_sent_in_order(relaying: Service) -> None:
    """L2 each gets a nonce of its own; the same one asked for many times is sent once."""
    requests = [request_for(relaying.web3, first=100 * number) for number in range(1, 5)] * 2
    before = relaying.sent()
    answers: list[tuple[int, dict[str, Any]]] = []
    threads = [Thread(target=lambda one=one: answers.append(relaying.post(one))) for one in requests]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [status for status, _ in answers] == [200] * 8
    assert len({content["transaction"] for _, content in answers}) == 4
    assert relaying.sent() == before + 4


def test_a_transaction_that_was_signed_and_not_sent_goes_out_later(relaying: Service, tmp_path: Path) -> None:
    """L2 a relayer that was killed between journal and node sends the same bytes when it is asked again."""
    relaying.call("evm_setAutomine", False)
    request = request_for(relaying.web3)
    try:
        answers: list[tuple[int, dict[str, Any]]] = []
        asking = Thread(target=lambda: answers.append(relaying.post(request)))
        asking.start()
        waiting = relaying.wait_for_pending()
        (listed,) = waiting.values()
        (transaction,) = listed.values()
        relaying.call("anvil_dropTransaction", transaction["hash"])
        again: list[tuple[int, dict[str, Any]]] = []
        asking_again = Thread(target=lambda: again.append(relaying.post(request)))
        asking_again.start()
        relaying.wait_for_pending()
    finally:
        relaying.call("evm_setAutomine", True)
        relaying.call("anvil_mine", "0x1")
    asking.join()
    asking_again.join()
    assert again == answers
    assert answers[0][1]["transaction"] == transaction["hash"]


def test_two_that_spend_the_same_are_not_both_sent(relaying: Service) -> None:
    """L2 while the first waits, the second would only cost gas."""
    relaying.call("evm_setAutomine", False)
    request = request_for(relaying.web3)
    rival = replace(request, terms=replace(request.terms, deadline=request.terms.deadline + 1))
    try:
        asking = Thread(target=relaying.post, args=(request,))
        asking.start()
        relaying.wait_for_pending()
        assert "another request that spends the same" in relaying.refuses(rival, 409)
    finally:
        relaying.call("evm_setAutomine", True)
        relaying.call("anvil_mine", "0x1")
    asking.join()


def test_a_fee_that_is_too_low(relaying: Service) -> None:
    """P9 L3 nothing is sent for less than the terms say, nor in an asset that isn't taken."""
    web3 = relaying.web3
    assert "the fee is too low" in relaying.refuses(request_for(web3, fee=FEE - 1), 402)
    assert "asks for 0.002 ETH for swap" in relaying.refuses(request_for(web3, Operation.SWAP), 402)
    assert "takes no" in relaying.refuses(request_for(web3, asset=TOKEN, fee=ETHER), 402)
    assert "no note that pays" in relaying.refuses(request_for(web3, to=OTHER.address), 402)
    assert "no note that pays" in relaying.refuses(request_for(web3, fee=0), 402)


def test_a_fee_note_that_the_proof_does_not_make(relaying: Service) -> None:
    """P9 L3 the note's opening must give the relayer's commitment among the public signals."""
    request = request_for(relaying.web3)
    signals = list(request.signals)
    signals[signals.index(request.commitments[-1])] += 1
    assert "no note that pays" in relaying.refuses(replace(request, signals=tuple(signals)), 402)


def test_requests_for_somebody_else(relaying: Service) -> None:
    """P9 L3 another chain, contract, relayer or time."""
    request = request_for(relaying.web3)
    assert "wrong network" in relaying.refuses(replace(request, chain_id=1), 400)
    assert "wrong contract" in relaying.refuses(replace(request, contract=REGISTRY), 400)
    assert "wrong contract" in relaying.refuses(replace(request, contract=TOKEN), 400)
    other = replace(request.terms, relayer=POOL)
    assert "made out to" in relaying.refuses(replace(request, terms=other), 400)
    late = replace(request.terms, deadline=1)
    assert "has passed" in relaying.refuses(replace(request, terms=late), 410)


@pytest.mark.parametrize(
    ("body", "status", "why"),
    [
        (b"", 400, "no JSON"),
        (b"{", 400, "no JSON"),
        (b"\xff", 400, "no JSON"),
        (b"[" * 10_000, 400, "no JSON"),
        (b"[]", 400, "no JSON object"),
        (b"{}", 400, "lacks operation"),
        (b'{"operation": "flush"}', 400, "operation is not"),
        (b'{"operation": "shield"}', 400, "operation is not"),
        (b'{"operation": ["transfer"]}', 400, "operation is not"),
        (b" " * (LARGEST_BODY + 1), 413, "at most 16,384 bytes"),
    ],
)
def test_bodies_that_are_no_request(relaying: Service, body: bytes, status: int, why: str) -> None:
    """P9 one line with a fitting status, never a failure of the server."""
    assert why in relaying.refuses(body, status)


@pytest.mark.parametrize("name", ["chain_id", "contract", "proof", "signals", "relayer", "deadline", "ciphertexts"])
@pytest.mark.parametrize("value", [None, True, -1, "", "0x", "zz", [], {}, 1.5, ["0x1"], "0x" + "f" * 200], ids=repr)
def test_values_that_are_wrong(relaying: Service, name: str, value: Any) -> None:
    """P9 every field with every kind of wrong value."""
    content = json.loads(request_for(relaying.web3).to_json())
    found, _ = relaying.post(json.dumps(content | {name: value}))
    opaque = name == "ciphertexts" and str(value).startswith("0x")
    assert found == (402 if opaque else 400)
    del content[name]
    assert f"lacks {name}" in relaying.refuses(json.dumps(content), 400)


@pytest.mark.parametrize(("method", "path"), [("GET", "/"), ("GET", "/requests"), ("POST", "/terms"), ("GET", "/docs")])
def test_routes_that_are_not_there(relaying: Service, method: str, path: str) -> None:
    """P9 are answered in JSON as well."""
    answer = relaying.client.request(method, path)
    assert answer.status_code in (404, 405)
    assert list(answer.json()) == ["error"]


def test_too_many_requests_are_refused(chain: Chain, tmp_path: Path) -> None:
    """P9 L3 a sender that asks too often waits; another one doesn't."""
    with TestClient(service(relayer_of(chain, tmp_path / "journal.db"), Rate(1, 2))) as client:
        codes = [client.post("/requests", content=b"{").status_code for _ in range(4)]
    assert codes == [400, 400, 429, 429]


def test_rate_fills_up_again_and_forgets() -> None:
    """L3 at its pace, per address (of IPv6: per network), and holds a bounded number of them."""
    now = [0.0]
    rate = Rate(60, 2, lambda: now[0])
    assert [rate.allows("10.0.0.1") for _ in range(3)] == [True, True, False]
    assert rate.allows("10.0.0.2")
    now[0] = 1.0
    assert [rate.allows("10.0.0.1") for _ in range(2)] == [True, False]
    assert [rate.allows(f"2001:db8::{number}") for number in range(1, 4)] == [True, True, False]
    assert rate.allows("2001:db8:0:1::1")
    for number in range(REMEMBERED):
        rate.allows(f"client {number}")
    assert rate.allows("10.0.0.1")


def test_a_node_that_is_gone(tmp_path: Path) -> None:
    """P9 L3 the relayer says so; nothing is lost."""
    with started(ChainSpec("plasma", 950327, 0)) as chain:
        relayer = relayer_of(chain, tmp_path / "journal.db")
        request = request_for(chain.web3)
    with TestClient(service(relayer)) as client:
        answer = client.post("/requests", content=request.to_json())
    assert answer.status_code == 502
    assert "node doesn't answer" in answer.json()["error"]


def test_an_account_without_eth(relaying: Service) -> None:
    """P9 L3 the relayer is to blame, and says so."""
    account = development_account(SENDER).address
    relaying.call("anvil_setBalance", account, "0x0")
    try:
        assert "can't send now" in relaying.refuses(request_for(relaying.web3, first=7000), 503)
    finally:
        relaying.call("anvil_setBalance", account, hex(1000 * ETHER))


def test_logs_tell_nothing_of_who_asked(relaying: Service, caplog: pytest.LogCaptureFixture) -> None:
    """P3 L4 operation, public transaction and what became of it."""
    caplog.set_level(logging.INFO)
    request = request_for(relaying.web3)
    _, content = relaying.post(request)
    (line,) = [record.getMessage() for record in caplog.records if record.name == "openmg.relayer"]
    assert line == f"transfer {content['transaction']} mined"


def test_the_journal_holds_hashes_and_transactions(tmp_path: Path) -> None:
    """L4 and comes back after a restart; one that can't be used is named."""
    journal = Journal(tmp_path / "journal.db")
    sent = Sent(HexBytes(b"h" * 32), HexBytes(b"raw"))
    journal.add(b"d" * 32, sent)
    journal.close()
    again = Journal(tmp_path / "journal.db")
    assert again.find(b"d" * 32) == sent
    again.remove(b"d" * 32)
    assert again.find(b"d" * 32) is None
    (tmp_path / "other.db").write_bytes(b"x" * 5000)
    with pytest.raises(BookError, match=r"other\.db can't be used"):
        Journal(tmp_path / "other.db")


@pytest.mark.parametrize(
    ("fees", "why"),
    [
        ([], "takes a fee in some asset"),
        (["ETH"], "give ASSET=AMOUNT"),
        (["ETH=much"], "give ASSET=AMOUNT"),
        (["ETH=-1"], "give ASSET=AMOUNT"),
        (["ETH:fly=1"], "there is no operation fly"),
        (["FOO=1"], "unknown asset FOO"),
    ],
)
def test_wrong_fees(tmp_path: Path, fees: list[str], why: str) -> None:
    """P9 L3 refused before the service starts."""
    with pytest.raises(UserError, match=why):
        Fees.parse(fees, Assets(Manifest(950327, tmp_path)))


def test_free_relayers_need_no_note(chain: Chain, tmp_path: Path) -> None:
    """L1 a fee of 0 is no fee."""
    manifest = Manifest(chain.chain_id, tmp_path)
    fees = Fees.parse(["ETH=0"], Assets(manifest))
    sender, journal = development_sender(chain.web3, SENDER), Journal(tmp_path / "journal.db")
    relayer = Relayer(sender, KEYS.viewing, POOL, REGISTRY, fees, Assets(manifest), journal)
    assert relayer.take(request_for(chain.web3, first=900, fee=0)).status == "mined"
