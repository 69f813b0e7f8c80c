"""A plasma chain of four nodes, each a process of its own, which are killed and come back."""

from __future__ import annotations

import itertools
import json
import random
import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import requests

from offchain.plasma.exits import Exits, Stage
from offchain.plasma.feed import FeedClient
from offchain.plasma.messages import BRIDGE
from offchain.sender import TransactionError
from offchain.units import ETHER
from tests.node_process import until
from tests.plasma_network import AUTHORITIES, CHAIN_ID, OTHER, QUICK, USER, Network, bridged_root, network
from tests.plasma_operator import hash_of

KILLS = 3
"""How often the leader is killed under load."""


@pytest.fixture(scope="module")
def nodes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Network]:
    """All four run; the root chain makes a block a second and one for each transaction."""
    folder = tmp_path_factory.mktemp("network")
    flags = ("--block-time", "1", "--mixed-mining", "--slots-in-an-epoch", "1")
    with bridged_root(folder, *flags) as root, network(root, folder / "nodes") as ready:
        ready.lead()
        for place in (1, 2, 3):
            ready.follow(place)
        root.deposit(USER, 10 * ETHER)
        until("the first deposit", lambda: ready.balance(USER))
        yield ready


def transferred(nodes: Network) -> int:
    """The block of a transfer that is made now."""
    return int(nodes.send(USER, OTHER.address, 1)["blockNumber"], 16)


def test_money_goes_there_and_back(nodes: Network) -> None:
    """P5 a deposit is minted once; what is burned is paid on the root chain, after a checkpoint with a quorum."""
    assert nodes.balance(USER) == 10 * ETHER
    burned = nodes.send(USER, BRIDGE, 3 * ETHER, nodes.bridge_call("exitEth", OTHER.address))
    submission = nodes.checkpointed(int(burned["blockNumber"], 16))
    assert submission.signers.bit_count() >= 3
    assert submission.checkpoint.inbox_consumed == 1
    root = nodes.root.chain()
    exits = Exits(root, nodes.node, CHAIN_ID)
    web3, payer = nodes.root.node.web3, nodes.root.sender(USER)
    before = web3.eth.get_balance(OTHER.address)
    done: list[str] = []

    def paid() -> bool:
        done.extend(what for _, what in exits.advance(payer, OTHER.address))
        return "paid" in done

    until("the payout", paid)
    assert [what.split()[0] for what in done] == ["started", "released", "paid"]
    assert web3.eth.get_balance(OTHER.address) == before + 3 * ETHER
    (state,) = exits.of(OTHER.address)
    assert state.stage is Stage.RELEASED
    assert list(exits.advance(payer, OTHER.address)) == []
    nodes.assert_signed_once()


def test_an_interrupted_payout_is_paid_later(nodes: Network) -> None:
    """P5 an exit that was released by somebody else, or before a crash, is still paid by the next run."""
    nodes.send(USER, BRIDGE, ETHER, nodes.bridge_call("exitEth", OTHER.address))
    exits, payer = Exits(nodes.root.chain(), nodes.node, CHAIN_ID), nodes.root.sender(USER)
    web3 = nodes.root.node.web3
    before = web3.eth.get_balance(OTHER.address)

    def released() -> bool:
        return any(what == "released" for _, what in exits.advance(payer, OTHER.address))  # and no further step

    until("the release", released)
    assert web3.eth.get_balance(OTHER.address) == before
    assert [what for _, what in exits.advance(payer, OTHER.address)] == ["paid"]
    assert web3.eth.get_balance(OTHER.address) == before + ETHER


def test_a_killed_authority_comes_back(nodes: Network) -> None:
    """P6 one of four down: a quorum is left; it comes back, catches up and signs again, nothing twice."""
    nodes.kill(1)
    down = nodes.checkpointed(transferred(nodes))
    assert down.signers.bit_count() == 3
    nodes.follow(1)

    def all_sign() -> bool:
        return nodes.checkpointed(transferred(nodes)).signers.bit_count() == 4

    until("all four sign", all_sign)
    nodes.assert_signed_once()


def test_two_down_are_too_many(nodes: Network) -> None:
    """No checkpoint without a quorum, however long; with the third back it is made, the same that was signed before."""
    for place in (1, 2):
        nodes.kill(place)
    leader = nodes.running[0]
    begin = len(leader.text())
    block = transferred(nodes)
    until("the leader lacks signatures", lambda: "2 of 3 signatures" in leader.text()[begin:])
    root = nodes.root.chain()
    epoch = root.head().epoch
    time.sleep(3)  # several intervals
    assert (root.head().epoch, root.submission_of(block)) == (epoch, None)
    pending = nodes.signed_by(0)[-1]
    assert pending.epoch == epoch + 1
    nodes.follow(1)
    assert nodes.checkpointed(pending.end).checkpoint == pending
    nodes.follow(2)
    nodes.assert_signed_once()


@dataclass
class Traffic:
    """Somebody who sends transfers all the time, and keeps the hashes that were acknowledged."""

    nodes: Network
    acknowledged: list[str] = field(default_factory=list)
    stopping: threading.Event = field(default_factory=threading.Event)

    def run(self) -> None:
        nonce = int(self.nodes.client.call("eth_getTransactionCount", OTHER.address, "latest"), 16)
        raws = (self.nodes.signed(OTHER, nonce + place, USER.address, 1) for place in itertools.count())
        while not self.stopping.is_set():
            self._send(next(raws))

    def _send(self, raw: bytes) -> None:
        """Until it is acknowledged; the answer to the first attempt may be lost while the transfer isn't."""
        while True:
            try:
                answer = self.nodes.client.ask("eth_sendRawTransaction", f"0x{raw.hex()}")
            except requests.RequestException:
                time.sleep(0.05)
                continue
            if "result" in answer or "nonce too low" in answer["error"]["message"]:
                self.acknowledged.append(f"0x{hash_of(raw).hex()}")
                return


def test_a_killed_leader_comes_back(nodes: Network) -> None:
    """P5 P6 killed at random moments under load: every acknowledged transfer is in a block, the deposit that is under
    way is minted once, every checkpoint is accepted once, nobody signs twice, and the chain goes on."""
    nodes.send(USER, OTHER.address, 10**6)
    balance = nodes.balance(USER)
    traffic = Traffic(nodes)
    sender = threading.Thread(target=traffic.run)
    sender.start()
    try:
        for _ in range(KILLS):
            nodes.root.deposit(USER, ETHER)
            time.sleep(random.uniform(0.2, 3))
            nodes.kill(0)
            nodes.lead()
    finally:
        time.sleep(1)
        traffic.stopping.set()
        sender.join()
    assert len(traffic.acknowledged) == len(set(traffic.acknowledged)) > KILLS
    for one in traffic.acknowledged:
        assert nodes.client.receipt(one)["status"] == "0x1"
    expected = balance + KILLS * ETHER + len(traffic.acknowledged)
    until("the deposits", lambda: nodes.balance(USER) == expected)
    nodes.checkpointed(transferred(nodes))
    nodes.checkpointed(transferred(nodes))
    nodes.assert_signed_once()
    epochs = [one.checkpoint.epoch for one in nodes.root.chain().submissions()]
    assert epochs == list(range(1, len(epochs) + 1))


class FalseFeed(BaseHTTPRequestHandler):
    """Hands on a leader's feed; of block `forged` it says another hash."""

    leader = ""
    forged = 0

    def do_GET(self) -> None:
        answer = requests.get(self.leader + self.path, timeout=60)
        content: dict[str, Any] = answer.json()
        for block in content.get("blocks", []):
            if block["number"] == self.forged:
                block["timestamp"] += 1
        body = json.dumps(content).encode()
        self.send_response(answer.status_code)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Says nothing."""


def test_a_diverged_authority_signs_nothing(nodes: Network) -> None:
    """An authority whose execution comes out differently stops with one line and never signs again, also after a
    restart with the honest feed; the others go on. With a fresh folder it takes part again."""
    nodes.running.pop(3).end()
    FalseFeed.leader = nodes.feed
    FalseFeed.forged = FeedClient(nodes.feed).page(1, 1).height + 1
    server = ThreadingHTTPServer(("127.0.0.1", 0), FalseFeed)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        process = nodes.follow(3, f"http://127.0.0.1:{server.server_port}")
        before = nodes.signed_by(3)
        block = transferred(nodes)
        assert process.wait() == 1
    finally:
        server.shutdown()
        server.server_close()
    (error,) = [line for line in process.text().splitlines() if line.startswith("Error")]
    assert "executed here it is" in error
    assert "Traceback" not in process.text()
    assert nodes.signed_by(3) == before
    assert nodes.checkpointed(block).signers.bit_count() == 3
    nodes.follow(3)  # its log ends before the forged block
    until("it signs again", lambda: nodes.checkpointed(transferred(nodes)).signers.bit_count() == 4)
    nodes.assert_signed_once()


def test_one_process_a_folder(nodes: Network) -> None:
    """P6 a second process with an authority's folder doesn't start, and the first goes on."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        other = free.getsockname()[1]
    ports, nodes.ports = nodes.ports, [*nodes.ports[:2], other, *nodes.ports[3:]]
    first = nodes.running[2]
    try:
        with pytest.raises(AssertionError, match="in use by another process"):
            nodes.follow(2)
    finally:
        nodes.ports = ports
        nodes.running[2] = first
    assert nodes.checkpointed(transferred(nodes)).signers.bit_count() >= 3


def test_without_an_operator_deposits_go_back(nodes: Network) -> None:
    """The operator is gone: after the silence anybody halts the chain, and a deposit it didn't take is refunded."""
    nodes.kill(0)
    nodes.root.deposit(OTHER, 2 * ETHER)
    root, sender = nodes.root, nodes.root.sender(OTHER)
    plasma_root, vault = root.contract("plasma_root").functions, root.contract("plasma_vault").functions
    with pytest.raises(TransactionError, match="NotHalted"):
        refund(nodes)

    silent_from = root.chain().head().submitted_at + QUICK.silence_period
    with pytest.raises(TransactionError, match="TooEarly"):
        sender.transact(plasma_root.haltSilent())
    until("the silence", lambda: root.node.time() > silent_from)
    sender.transact(plasma_root.haltSilent())
    assert root.chain().state() == "halted"
    before = vault.claimable("0xEeeeeEeeeEeEeeEeEeEeeEEEeeeeEeeeeeeeEEeE", OTHER.address).call()
    refund(nodes)
    after = vault.claimable("0xEeeeeEeeeEeEeeEeEeEeeEEEeeeeEeeeeeeeEEeE", OTHER.address).call()
    assert after - before == 2 * ETHER
    with pytest.raises(TransactionError):
        refund(nodes)


def refund(nodes: Network) -> None:
    """Asks for the newest deposit."""
    root = nodes.root.chain()
    messages = until("the deposit", lambda: [one for one in root.messages() if one.recipient == OTHER.address])
    final = root.final_epoch()
    submission = root.submission(final) or root.submissions()[0]
    call = nodes.root.contract("plasma_vault").functions.refund(
        len(root.messages()) - 1, messages[-1].abi(), submission.abi()
    )
    nodes.root.sender(OTHER).transact(call)


def test_no_node_printed_a_traceback(nodes: Network) -> None:
    """P9 in all that."""
    for place in range(len(AUTHORITIES)):
        assert "Traceback" not in Path(nodes.folder / f"output{place}").read_text()
