"""A plasma chain of four nodes, each a process of its own, which are killed and come back."""

from __future__ import annotations

import gzip
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
from eth_account import Account

from offchain.plasma.ending import Reason
from offchain.plasma.exits import Exits, Stage
from offchain.plasma.exports import read_export
from offchain.plasma.feed import FeedClient
from offchain.plasma.keys import save_key
from offchain.plasma.messages import BRIDGE
from offchain.units import ETHER
from tests.node_process import until
from tests.plasma_network import AUTHORITIES, OTHER, QUICK, USER, Network, bridged_root, network
from tests.plasma_operator import hash_of
from tests.unit.command_line import CommandLine

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
    exits = Exits(root, nodes.node)
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
    exits, payer = Exits(nodes.root.chain(), nodes.node), nodes.root.sender(USER)
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


@pytest.fixture
def openmg(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> CommandLine:
    return CommandLine(tmp_path, monkeypatch, capsys)


def test_without_an_operator_everybody_leaves(nodes: Network, openmg: CommandLine, tmp_path: Path) -> None:
    """P5 the operator is gone: after the silence anybody halts the chain, a deposit it didn't take is refunded, and
    what was there escapes with the file of whatever node, all by commands."""
    nodes.kill(0)
    root, web3 = nodes.root.chain(), nodes.root.node.web3
    nodes.root.deposit(OTHER, 2 * ETHER)
    until("the deposit is final", lambda: root.messages()[-1].recipient == OTHER.address)
    for name, account in (("user", USER), ("other", OTHER)):
        save_key(tmp_path / name, account)
    chain = ["--root", nodes.root.url, "--manifests", str(nodes.root.manifest.path.parent)]
    other, user = (["--key", str(tmp_path / name), *chain] for name in ("other", "user"))
    silent_from = root.head().submitted_at + QUICK.silence_period
    told = openmg.done("plasma", "halt", "--list", *chain)
    assert (told["halted"], told["triggers"][0]) == (False, {"reason": Reason.SILENCE, "from": silent_from})
    until("the halt", lambda: openmg.done("plasma", "halt", *other)["halted"])
    final = root.last_final()
    assert final is not None
    assert root.accepted()[-1] == final  # what was ready was made final first

    before = web3.eth.get_balance(OTHER.address)
    for _ in range(2):
        (refund,) = openmg.done("plasma", "refund", *other)["refunds"]
        assert refund["refunded"] == refund["amount"] == str(2 * ETHER)
        assert 2 * ETHER - ETHER // 100 < web3.eth.get_balance(OTHER.address) - before < 2 * ETHER

    nodes.root.node.call("evm_increaseTime", QUICK.challenge_period + QUICK.rollback_period + 3)
    file = f"{final.checkpoint.epoch:08}.json.gz"
    written = next(path for path in nodes.folder.glob("node*/escape") if (path / file).exists())
    exported = read_export(written / file)
    held = exported.account(USER.address)[0].balance
    nodes.end()
    again = ["plasma", "export", "--genesis", str(nodes.genesis), *chain]
    folder = nodes.node_folder(0) / "escape"
    (folder / file).unlink(missing_ok=True)
    assert openmg.done(*again, "--folder", str(nodes.node_folder(0)))["file"] == str(folder / file)
    assert read_export(folder / file).to_json() == exported.to_json()
    assert "has 0 blocks, checkpoint" in openmg.run(*again, "--folder", str(tmp_path)).error
    assert "there is no checkpoint 9999" in openmg.run(*again, "--folder", str(folder), "--epoch", "9999").error
    safe = Account.create().address
    escape = ["plasma", "escape", "--proofs", str(folder), "--to", safe, *user]
    assert [one["step"].split()[0] for one in openmg.done(*escape)["done"]] == ["opened", "escaped", "paid"]
    assert web3.eth.get_balance(safe) == held > 5 * ETHER
    assert openmg.done(*escape)["done"] == []
    assert web3.eth.get_balance(safe) == held

    for proofs, why in (
        ([], "give --proofs"),
        (["--proofs", str(tmp_path)], f"ask a node of the plasma chain for its escape/{file}"),
        (["--proofs", str(tmp_path / "user")], "is no file of kept proofs"),
    ):
        assert why in openmg.run("plasma", "escape", *proofs, *user).error
    others = read_export(folder / file).to_json() | {"stateRoot": "0x" + "55" * 32}
    (tmp_path / file).write_bytes(gzip.compress(json.dumps(others).encode()))
    assert "has proofs of another state" in openmg.run("plasma", "escape", "--proofs", str(tmp_path), *user).error


def test_no_node_printed_a_traceback(nodes: Network) -> None:
    """P9 in all that."""
    for place in range(len(AUTHORITIES)):
        assert "Traceback" not in Path(nodes.folder / f"output{place}").read_text()
