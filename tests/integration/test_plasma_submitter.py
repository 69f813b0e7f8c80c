"""The operator's transactions on a root chain that mines when it is told to: fees rise, crashes happen, one counts."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from itertools import pairwise
from typing import Any

import pytest
from eth_account import Account
from eth_account.signers.local import LocalAccount

from offchain.chains import ChainSpec, connect, started
from offchain.node import Node, NodeError
from offchain.plasma.records import to_hex
from offchain.plasma.submitter import ATTEMPTS, SubmissionError, Submitter
from offchain.sender import development_account
from tests.node_process import until

KEY, RIVAL = development_account(3), development_account(4)
ONCE = "0x00000000000000000000000000000000000011CE"
ONCE_CODE = "0x600054600c576001600055005b60006000fd"
"""A contract that can be called once, and reverts ever after."""


@pytest.fixture
def node() -> Iterator[Node]:
    with started(ChainSpec("root", 31337, 0), "--no-mining") as chain:
        ready = Node(chain.web3)
        ready.call("anvil_setCode", ONCE, ONCE_CODE)
        yield ready


def mine(node: Node) -> None:
    node.call("evm_mine")


def waiting(node: Node, account: LocalAccount = KEY) -> dict[int, dict[str, Any]]:
    """An account's transactions in the pool, by nonce."""
    found = node.call("txpool_content")["pending"]
    by_address: dict[str, dict[str, Any]] = {address.lower(): entry for address, entry in found.items()}
    return {int(nonce): transaction for nonce, transaction in by_address.get(account.address.lower(), {}).items()}


def used(node: Node, account: LocalAccount = KEY) -> int:
    """How many of an account's transactions are mined."""
    return int(node.call("eth_getTransactionCount", account.address, "latest"), 16)


def called(node: Node) -> int:
    """How often the contract did what it was asked."""
    return int(node.call("eth_getStorageAt", ONCE, "0x0", "latest"), 16)


def raw_call(node: Node, account: LocalAccount, nonce: int, fee: int, to: str = ONCE) -> str:
    """Sends a call without a submitter."""
    fields: dict[str, Any] = {"type": 2, "chainId": 31337, "nonce": nonce, "to": to, "gas": 100_000, "value": 0}
    signed = account.sign_transaction(fields | {"maxFeePerGas": fee, "maxPriorityFeePerGas": fee})
    return str(node.call("eth_sendRawTransaction", to_hex(signed.raw_transaction)))


def in_background(work: Callable[[], Any]) -> Future[Any]:
    """Runs in a thread of its own."""
    result: Future[Any] = Future()

    def run() -> None:
        try:
            result.set_result(work())
        except Exception as error:  # noqa: BLE001  # the test looks at it
            result.set_exception(error)

    threading.Thread(target=run, daemon=True).start()
    return result


def fresh(node: Node) -> Node:
    """A connection of its own."""
    return Node(connect(str(node.web3.provider.endpoint_uri)))  # type: ignore[attr-defined]


def test_the_fee_rises_until_one_is_mined(node: Node) -> None:
    """P5 what isn't mined is sent again with the same nonce and at least a tenth more of each fee; one counts."""
    submitter = Submitter(fresh(node), KEY, resend_seconds=0.2)
    sending = in_background(lambda: submitter.send(ONCE, b""))
    seen: list[dict[str, Any]] = []

    def three() -> bool:
        for nonce, one in waiting(node).items():
            assert nonce == 0
            if one["hash"] not in [other["hash"] for other in seen]:
                seen.append(one)
        return len(seen) >= 3

    until("two higher fees", three)
    for name in ("maxFeePerGas", "maxPriorityFeePerGas"):
        fees = [int(one[name], 16) for one in seen]
        assert all(later * 10 >= earlier * 11 for earlier, later in pairwise(fees))
    until("the block", lambda: sending.done() or node.call("evm_mine") is None)
    receipt = sending.result(30)
    assert receipt["status"] == "0x1"
    mine(node)
    assert (used(node), called(node), waiting(node)) == (1, 1, {})


def _send_and_wait(url: str) -> None:
    Submitter(Node(connect(url)), KEY).send(ONCE, b"")


def crashed(node: Node) -> None:
    """A process that is killed after its transaction is in the pool."""
    url = str(node.web3.provider.endpoint_uri)  # type: ignore[attr-defined]
    process = multiprocessing.get_context("fork").Process(target=_send_and_wait, args=(url,))
    process.start()
    until("its transaction", lambda: waiting(node))
    assert process.pid is not None
    os.kill(process.pid, signal.SIGKILL)
    process.join()


def test_a_crash_before_it_is_mined(node: Node) -> None:
    """P5 P6 the next process sends the same call with the same nonce: one of the two is mined."""
    crashed(node)
    left = waiting(node)[0]["hash"]
    sending = in_background(lambda: Submitter(fresh(node), KEY, resend_seconds=1).send(ONCE, b""))
    until("a higher fee", lambda: waiting(node)[0]["hash"] != left)
    mine(node)
    assert sending.result(30)["status"] == "0x1"
    mine(node)
    assert (used(node), called(node), waiting(node)) == (1, 1, {})


def test_a_crash_after_it_is_mined(node: Node) -> None:
    """P5 P6 the next process is told that the contract refuses it, and sends nothing."""
    crashed(node)
    mine(node)
    with pytest.raises(SubmissionError, match="the contract refused"):
        Submitter(node, KEY).send(ONCE, b"")
    mine(node)
    assert (used(node), called(node), waiting(node)) == (1, 1, {})


def test_it_outbids_what_a_crash_left_behind(node: Node) -> None:
    """A transaction with a far higher fee is still in the pool: the fee rises at once, without waiting between."""
    left = raw_call(node, KEY, 0, fee=9 * 10**9)
    sending = in_background(lambda: Submitter(fresh(node), KEY, resend_seconds=60).send(ONCE, b""))
    until("a higher fee", lambda: sending.done() or waiting(node)[0]["hash"] != left)
    mine(node)
    assert sending.result(30)["status"] == "0x1"
    assert (used(node), called(node)) == (1, 1)


def test_somebody_else_used_the_nonce(node: Node) -> None:
    """One clear error, long before the time for a higher fee."""
    sending = in_background(lambda: Submitter(fresh(node), KEY, resend_seconds=600).send(ONCE, b""))
    until("the transaction", lambda: waiting(node))
    raw_call(node, KEY, 0, fee=90 * 10**9, to=RIVAL.address)
    mine(node)
    with pytest.raises(SubmissionError, match=f"another transaction of {KEY.address} used the nonce 0"):
        sending.result(30)
    assert called(node) == 0


class Slow(Node):
    """Tells of a block's nonces at once, of a receipt only when it was asked for it `late` times."""

    late = 2

    def call(self, method: str, *parameters: Any) -> Any:
        answer = super().call(method, *parameters)
        if method != "eth_getTransactionReceipt" or answer is None:
            return answer
        self.late -= 1
        return answer if self.late < 0 else None


def test_a_receipt_that_comes_after_the_nonce(node: Node) -> None:
    """P5 a node that tells of a block's nonces before its receipts doesn't make it blame another transaction."""
    slow = Slow(connect(str(node.web3.provider.endpoint_uri)))  # type: ignore[attr-defined]
    sending = in_background(lambda: Submitter(slow, KEY, resend_seconds=600).send(ONCE, b""))
    until("the transaction", lambda: waiting(node))
    mine(node)
    assert sending.result(30)["status"] == "0x1"
    assert slow.late < 0
    assert (used(node), called(node), waiting(node)) == (1, 1, {})


def test_a_revert_is_one_error(node: Node) -> None:
    """What would have worked is overtaken in its block: it fails there, is told so, and isn't sent again."""
    sending = in_background(lambda: Submitter(fresh(node), KEY, resend_seconds=600).send(ONCE, b""))
    until("the transaction", lambda: waiting(node))
    raw_call(node, RIVAL, 0, fee=90 * 10**9)
    mine(node)
    with pytest.raises(SubmissionError, match=r"transaction 0x[0-9a-f]{64} failed on the root chain"):
        sending.result(30)
    mine(node)
    assert (used(node), waiting(node)) == (1, {})


def test_it_gives_up(node: Node) -> None:
    """After so many fees it says so; the next run begins with the nonce that is free."""
    submitter = Submitter(node, KEY, resend_seconds=0)
    with pytest.raises(SubmissionError, match=r"isn't mined, even with [0-9.]+ gwei"):
        submitter.send(ONCE, b"")
    (left,) = waiting(node).values()
    first = 2 * 10**9
    assert int(left["maxFeePerGas"], 16) > first
    assert int(left["maxFeePerGas"], 16) < first * 1.26**ATTEMPTS * 2
    mine(node)
    assert (used(node), called(node)) == (1, 1)


def test_without_money_or_node(node: Node) -> None:
    """P9 one line each."""
    poor = Submitter(node, Account.from_key(b"\x77" * 32))
    with pytest.raises((SubmissionError, NodeError)) as refused:
        poor.send(ONCE, b"", value=1)
    assert "\n" not in str(refused.value)
    with pytest.raises(NodeError, match="is it running"):
        Submitter(Node(connect("http://127.0.0.1:1")), KEY)
    lost = Submitter(node, KEY)
    lost._node = Node(connect("http://127.0.0.1:1"))
    with pytest.raises(NodeError, match="is it running"):
        lost.send(ONCE, b"")
