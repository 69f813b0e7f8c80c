"""A relayer that is asked many things at once: what is expensive is done side by side, what must not be is not.

As in `test_relayer.py` the pool is an account without code. What hinders and delays stands in for node and contracts.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path
from threading import Barrier, Event
from typing import Any

import pytest
import requests
from hexbytes import HexBytes
from web3.types import RPCEndpoint

from offchain.chains import Chain, ChainSpec, started
from offchain.http_service import Refusal
from offchain.relayer import relayer
from offchain.relayer.relayer import Outcome
from offchain.sender import Sender, TransactionError, development_account
from offchain.wallet.request import Operation, Request
from offchain.wallet.transaction import CIRCUIT_OF
from offchain.zk.circuits import CIRCUITS
from tests.integration.test_relayer import SENDER, relayer_of, request_for
from tests.node_process import until

PATIENCE = 30


@pytest.fixture(scope="module")
def chain() -> Iterator[Chain]:
    with started(ChainSpec("plasma", 950327, 0)) as chain:
        yield chain


@dataclass
class Crowd:
    """A relayer and those who ask it at once. What is tried is written down, and can be held up."""

    chain: Chain
    journal: Path
    threads: ThreadPoolExecutor
    tried: list[str] = field(default_factory=list)
    go_on: Event = field(default_factory=Event)

    def __post_init__(self) -> None:
        self.relayer, self.web3 = relayer_of(self.chain, self.journal), self.chain.web3
        self.go_on.set()
        self.try_out, self.hand_over = self.sender.tried, self.sender.broadcast
        self.sender.tried = self._try  # type: ignore[method-assign]

    @property
    def sender(self) -> Sender:
        return self.relayer._sender

    def _try(self, transaction: dict[str, Any]) -> dict[str, Any]:
        self.tried.append(transaction["data"])
        assert self.go_on.wait(PATIENCE)
        return self.try_out(transaction)

    def ask(self, request: Request) -> Future[Outcome]:
        return self.threads.submit(self.relayer.take, request)

    def ask_and_hold(self, request: Request) -> Future[Outcome]:
        """Asks, and holds up the trial, and all after it, until `go_on` is set."""
        self.go_on.clear()
        asked = self.ask(request)
        until("a trial", lambda: self.tried)
        return asked

    def works_on(self, count: int) -> None:
        """Waits until the relayer has so many callers."""
        until("the callers", lambda: len(self.relayer._work._pieces) == count)

    def refuses(self, request: Request) -> Refusal:
        with pytest.raises(Refusal) as refused:
            self.relayer.take(request)
        return refused.value

    def call(self, method: str, *parameters: Any) -> Any:
        return self.web3.provider.make_request(RPCEndpoint(method), list(parameters))["result"]

    def sent(self) -> int:
        return self.web3.eth.get_transaction_count(development_account(SENDER).address)

    def nonces(self, outcomes: list[Outcome]) -> list[int]:
        return sorted(self.web3.eth.get_transaction(HexBytes(one.transaction))["nonce"] for one in outcomes)

    def requests(self, count: int, first: int = 1) -> list[Request]:
        return [request_for(self.web3, first=first + 100 * number) for number in range(count)]


@pytest.fixture
def crowd(chain: Chain, tmp_path: Path) -> Iterator[Crowd]:
    with ThreadPoolExecutor(16) as threads:
        made = Crowd(chain, tmp_path / "journal.db", threads)
        yield made
        made.go_on.set()


def rival_of(request: Request) -> Request:
    """Another request that spends the same."""
    return replace(request, terms=replace(request.terms, deadline=request.terms.deadline + 1))


def meters_twin(request: Request) -> Request:
    """A request of the same meter for the same epoch, with other notes."""
    place = CIRCUITS[CIRCUIT_OF[request.operation]].public_names.index("meterNullifier")
    kept = {place, request.signals.index(request.commitments[-1])}
    signals = tuple(signal if at in kept else signal + 10**6 for at, signal in enumerate(request.signals))
    return replace(request, signals=signals)


def test_all_are_tried_side_by_side_and_numbered_one_by_one(crowd: Crowd) -> None:
    """L2 no trial waits for another one; each transaction has a nonce of its own, without a gap, however slow the node
    takes them."""
    together = Barrier(8)

    def try_together(transaction: dict[str, Any]) -> dict[str, Any]:
        together.wait(PATIENCE)
        return crowd.try_out(transaction)

    def take_long(raw: HexBytes) -> HexBytes:
        time.sleep(0.05)
        return crowd.hand_over(raw)

    crowd.sender.tried = try_together  # type: ignore[method-assign]
    crowd.sender.broadcast = take_long  # type: ignore[method-assign]
    before = crowd.sent()
    outcomes = [asked.result(PATIENCE) for asked in [crowd.ask(one) for one in crowd.requests(8)]]
    assert crowd.nonces(outcomes) == list(range(before, before + 8))
    assert {outcome.status for outcome in outcomes} == {"mined"}


def test_the_same_request_waits_for_the_first_one(crowd: Crowd) -> None:
    """L2 it is tried and sent once, and all who ask get the same."""
    before = crowd.sent()
    (request,) = crowd.requests(1)
    first = crowd.ask_and_hold(request)
    others = [crowd.ask(request) for _ in range(7)]
    crowd.works_on(8)
    assert not any(asked.done() for asked in [first, *others])
    crowd.go_on.set()
    assert {asked.result(PATIENCE) for asked in others} == {first.result(PATIENCE)}
    assert len(crowd.tried) == 1
    assert crowd.sent() == before + 1


@pytest.mark.parametrize("operation", Operation)
def test_a_rival_is_refused_while_the_first_is_tried(crowd: Crowd, operation: Operation) -> None:
    """L2 before anything is spent on it; what asks for the first one again is no rival."""
    request = request_for(crowd.web3, operation, fee=10**18)
    if operation is Operation.SETTLE:
        request = request_for(crowd.web3, operation, fee=10**18, asset="0x" + "c" * 40)
    rivals = [rival_of(request)]
    if operation in (Operation.ISSUE, Operation.SETTLE):
        rivals.append(meters_twin(request))
    before = crowd.sent()
    first = crowd.ask_and_hold(request)
    again = crowd.ask(request)
    crowd.works_on(2)
    for rival in rivals:
        refused = crowd.refuses(rival)
        assert (refused.status, str(refused)) == (409, "another request that spends the same is being sent")
    assert len(crowd.tried) == 1
    crowd.go_on.set()
    assert first.result(PATIENCE) == again.result(PATIENCE)
    assert crowd.sent() == before + 1


def test_one_shared_note_makes_a_rival(crowd: Crowd) -> None:
    """L2 whichever of its notes it is; a request that shares none goes out meanwhile."""
    request, other = crowd.requests(2)
    crowd.ask_and_hold(request)
    for place in range(len(request.nullifiers)):
        signals = list(other.signals)
        signals[1 - place] = request.signals[place]
        assert crowd.refuses(replace(other, signals=tuple(signals))).status == 409
    free = crowd.ask(other)
    until("the trial of what is no rival", lambda: len(crowd.tried) == 2)
    crowd.go_on.set()
    assert free.result(PATIENCE).status == "mined"


def test_what_was_sent_is_no_rivals_business(crowd: Crowd) -> None:
    """L2 the same request gives the same transaction also while another one tries to spend the same."""
    (request,) = crowd.requests(1)
    before = crowd.relayer.take(request)
    crowd.tried.clear()
    rival = crowd.ask_and_hold(rival_of(request))
    assert crowd.relayer.take(request) == before
    crowd.go_on.set()
    rival.result(PATIENCE)


@pytest.mark.parametrize("error", [TransactionError("the contract refused: NullifierSpent()"), requests.Timeout()])
def test_a_trial_that_fails_frees_what_it_reserved(crowd: Crowd, error: Exception) -> None:
    """L2 it uses no nonce: a rival, or the same one again, goes out with that."""
    (request,) = crowd.requests(1)
    before = crowd.sent()

    def fail(transaction: dict[str, Any]) -> dict[str, Any]:
        raise error

    crowd.sender.tried = fail  # type: ignore[method-assign]
    assert crowd.refuses(request).status == (422 if isinstance(error, TransactionError) else 502)
    crowd.sender.tried = crowd.try_out  # type: ignore[method-assign]
    outcomes = [crowd.relayer.take(rival_of(request)), crowd.relayer.take(request)]
    assert crowd.nonces(outcomes) == [before, before + 1]
    assert crowd.relayer._work._pieces == []


def test_the_one_that_waited_tries_itself_if_the_first_was_refused(crowd: Crowd) -> None:
    """L2 and is sent if that works."""
    (request,) = crowd.requests(1)
    first_tried, failed = crowd._try, iter([True])

    def fail_once(transaction: dict[str, Any]) -> dict[str, Any]:
        tried = first_tried(transaction)
        if next(failed, False):
            raise TransactionError("the contract refused: it")
        return tried

    crowd.sender.tried = fail_once  # type: ignore[method-assign]
    first = crowd.ask_and_hold(request)
    second = crowd.ask(request)
    crowd.works_on(2)
    crowd.go_on.set()
    with pytest.raises(Refusal, match="refused: it"):
        first.result(PATIENCE)
    assert second.result(PATIENCE).status == "mined"


def test_refusals_among_many_leave_no_gap(crowd: Crowd) -> None:
    """L2 of twelve at once every third is refused by the contract and every third by the node."""
    asked = crowd.requests(12)
    calls = ["0x" + request.calldata.hex() for request in asked]
    before = crowd.sent()

    def refuse_some(transaction: dict[str, Any]) -> dict[str, Any]:
        if calls.index(HexBytes(transaction["data"]).to_0x_hex()) % 3 == 1:
            raise TransactionError("the contract refused: it")
        return crowd.try_out(transaction)

    def take_some(raw: HexBytes) -> HexBytes:
        if any(bytes(request.calldata) in bytes(raw) for request in asked[2::3]):
            raise TransactionError("the node takes no more")
        return crowd.hand_over(raw)

    crowd.sender.tried = refuse_some  # type: ignore[method-assign]
    crowd.sender.broadcast = take_some  # type: ignore[method-assign]
    errors = [one.exception(PATIENCE) for one in [crowd.ask(request) for request in asked]]
    statuses = [error.status if isinstance(error, Refusal) else error for error in errors]
    assert statuses == [None, 422, 503] * 4
    crowd.sender.tried, crowd.sender.broadcast = crowd.try_out, crowd.hand_over  # type: ignore[method-assign]
    outcomes = [crowd.relayer.take(request) for request in asked]
    assert crowd.nonces(outcomes) == list(range(before, before + 12))


def die(raw: HexBytes) -> HexBytes:
    """As a process that is killed before the node has it."""
    raise requests.ConnectionError


def test_killed_between_journal_and_node(crowd: Crowd) -> None:
    """L2 the same bytes go out after a restart, whoever and however many ask."""
    (request,) = crowd.requests(1)
    before = crowd.sent()
    crowd.sender.broadcast = die  # type: ignore[method-assign]
    assert crowd.refuses(request).status == 502
    assert crowd.sent() == before
    restarted = Crowd(crowd.chain, crowd.journal, crowd.threads)
    outcomes = [asked.result(PATIENCE) for asked in [restarted.ask(request) for _ in range(6)]]
    assert len(set(outcomes)) == 1
    assert not restarted.tried
    assert crowd.sent() == before + 1


def test_what_goes_out_again_has_its_nonce_to_itself(crowd: Crowd) -> None:
    """L2 a new one that comes while it is handed over gets the next nonce."""
    lost, new = crowd.requests(2)
    before = crowd.sent()
    crowd.sender.broadcast = die  # type: ignore[method-assign]
    assert crowd.refuses(lost).status == 502
    handed: list[HexBytes] = []
    handing = Event()

    def take_long(raw: HexBytes) -> HexBytes:
        handed.append(raw)
        handing.set()
        time.sleep(0.5)
        return crowd.hand_over(raw)

    crowd.sender.broadcast = take_long  # type: ignore[method-assign]
    again = crowd.ask(lost)
    assert handing.wait(PATIENCE)
    outcomes = [crowd.ask(new).result(PATIENCE), again.result(PATIENCE)]
    assert crowd.nonces(outcomes) == [before, before + 1]
    assert len(handed) == 2


def test_one_whose_nonce_another_one_got_is_sent_anew(crowd: Crowd) -> None:
    """L2 what was lost is said to be lost once, however many ask, and never beside a rival."""
    lost, other = crowd.requests(2)
    before = crowd.sent()
    crowd.sender.broadcast = die  # type: ignore[method-assign]
    assert crowd.refuses(lost).status == 502
    crowd.sender.broadcast = crowd.hand_over  # type: ignore[method-assign]
    outcome = crowd.relayer.take(other)
    crowd.tried.clear()
    rival = crowd.ask_and_hold(rival_of(lost))
    assert "was lost" in str(crowd.refuses(lost))
    assert crowd.refuses(lost).status == 409
    crowd.go_on.set()
    outcomes = [outcome, rival.result(PATIENCE), crowd.relayer.take(lost)]
    assert crowd.nonces(outcomes) == list(range(before, before + 3))


def test_a_rival_is_refused_while_anybody_waits(crowd: Crowd, monkeypatch: pytest.MonkeyPatch) -> None:
    """L2 also where the one that asked first was told that it isn't mined yet, and another one still waits for it."""
    (request,) = crowd.requests(1)
    crowd.call("evm_setAutomine", False)
    try:
        monkeypatch.setattr(relayer, "WAIT_SECONDS", 3)
        first = crowd.ask(request)
        until("the transaction", lambda: crowd.call("txpool_content")["pending"])
        monkeypatch.setattr(relayer, "WAIT_SECONDS", PATIENCE)
        second = crowd.ask(request)
        crowd.works_on(2)
        assert first.result(PATIENCE).status == "pending"
        assert crowd.refuses(rival_of(request)).status == 409
    finally:
        crowd.call("evm_setAutomine", True)
        crowd.call("anvil_mine", "0x1")
    assert second.result(PATIENCE) == Outcome(first.result().transaction, "mined")
