"""Operators beside nodes that seal by themselves, over standard JSON-RPC alone.

Besu is not run here. Each operator has a node of its own, which answers the methods that Besu has, and shows blocks as
QBFT's validators seal them; one Anvil that seals a block a second is behind all four.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from eth_account import Account
from eth_utils.crypto import keccak

from offchain import chains
from offchain.chains import ChainSpec, connect, started
from offchain.node import Node
from offchain.plasma.blocks import BlockLeaf
from offchain.plasma.checkpoint import Submission
from offchain.plasma.checkpoint_maker import data_hash
from offchain.plasma.engine import RpcEngine
from offchain.plasma.exits import Exits
from offchain.plasma.genesis import Genesis
from offchain.plasma.keys import save_key
from offchain.plasma.log import SealedBlock
from offchain.plasma.messages import BRIDGE
from offchain.plasma.records import to_hex
from offchain.plasma.remote import RemoteChain
from offchain.units import ETHER
from tests.node_process import NodeProcess, until
from tests.plasma_network import AUTHORITIES, CHAIN_ID, OTHER, USER, Network, bridged_root, network
from tests.standard_node import Behind, StandardNode, standard_node
from tests.unit.command_line import CommandLine


@dataclass
class StandardNetwork(Network):
    """Operator 0 coordinates; each has the node of its place."""

    validators: list[StandardNode] = field(default_factory=list)

    def common(self) -> list[str]:
        """Options that all operators have."""
        return ["--root", self.root.url, "--manifests", str(self.root.manifest.path.parent)]

    def coordinate(self) -> NodeProcess:
        """Starts the coordinator, which asks all others."""
        more = ["--engine", self.validators[0].url, "--port", str(self.ports[4]), "--interval", str(self.interval)]
        more += [part for place in (1, 2, 3) for part in ("--authority", self.signing(place))]
        return self._start(0, more, "Coordinator 0x")

    def attest(self, place: int) -> NodeProcess:
        """Starts an authority."""
        more = ["--engine", self.validators[place].url, "--signing-port", str(self.ports[place])]
        return self._start(place, more, "Authority 0x")

    def transferred(self) -> Submission:
        """The checkpoint of a transfer that is made now."""
        return self.checkpointed(int(self.send(USER, OTHER.address, 1)["blockNumber"], 16))

    def until_all_sign(self) -> None:
        """Waits for a checkpoint that all four signed."""
        until("all four sign", lambda: self.transferred().signers.bit_count() == 4)

    def said(self, place: int, what: str) -> bool:
        """Whether an operator said that."""
        return what in self.running[place].text()


@pytest.fixture(scope="module")
def nodes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StandardNetwork]:
    """All four operators run; the root chain makes a block a second and one for each transaction."""
    folder = tmp_path_factory.mktemp("standard")
    flags = ("--block-time", "1", "--mixed-mining", "--slots-in-an-epoch", "1")
    with ExitStack() as stack:
        root = stack.enter_context(bridged_root(folder, *flags))
        plain = stack.enter_context(network(root, folder / "nodes"))
        ready = StandardNetwork(root, plain.folder)
        sealing = (*Genesis.read(plain.genesis).flags(plain.genesis), "--block-time", "1", "--no-cors")
        anvil = stack.enter_context(started(ChainSpec("plasma", CHAIN_ID, 0), *sealing))
        behind = Behind(anvil.url)
        ready.validators = [stack.enter_context(standard_node(behind, place)) for place in range(4)]
        stack.callback(ready.end)
        with ThreadPoolExecutor() as pool:
            list(pool.map(ready.attest, (1, 2, 3)))
        ready.coordinate()
        root.deposit(USER, 10 * ETHER)
        until("the first deposit", lambda: ready.balance(USER))
        yield ready


@pytest.fixture
def openmg(
    nodes: StandardNetwork, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> CommandLine:
    """Commands on both chains: the plasma chain at the coordinator's public endpoint."""
    line = CommandLine(tmp_path, monkeypatch, capsys)
    monkeypatch.setattr(chains, "ROOT", ChainSpec("root", 31337, int(nodes.root.url.rsplit(":", 1)[1])))
    line.use(ChainSpec("plasma", CHAIN_ID, nodes.ports[4]))
    return line


@dataclass(frozen=True)
class Sent:
    """Transactions of types 0, 1, 2 and 4, as they were signed; then a burn's receipt, and its checkpoint."""

    raws: list[bytes]
    burned: dict[str, Any]
    submission: Submission


@pytest.fixture(scope="module")
def sent(nodes: StandardNetwork) -> Sent:
    """In blocks, and in a checkpoint."""
    nonce = int(nodes.client.call("eth_getTransactionCount", USER.address, "latest"), 16)
    fields: dict[str, Any] = {"chainId": CHAIN_ID, "to": OTHER.address, "value": 7, "gas": 200_000}
    free = {"maxFeePerGas": 0, "maxPriorityFeePerGas": 0}
    access = [{"address": BRIDGE, "storageKeys": ["0x" + "01".zfill(64)]}]
    allowed = Account.sign_authorization({"chainId": CHAIN_ID, "address": OTHER.address, "nonce": 0}, b"\x09" * 32)
    kinds: list[dict[str, Any]] = [
        {"gasPrice": 0},
        {"type": 1, "gasPrice": 0, "accessList": access, "data": "0x00ff"},
        {"type": 2, "accessList": access, **free},
        {"type": 4, "authorizationList": [allowed], **free},
    ]
    signed = [USER.sign_transaction(fields | {"nonce": nonce + place} | kind) for place, kind in enumerate(kinds)]
    raws = [bytes(one.raw_transaction) for one in signed]
    for raw in raws:
        nodes.client.send(raw)
    burned = nodes.send(USER, BRIDGE, 3 * ETHER, nodes.bridge_call("exitEth", OTHER.address))
    return Sent(raws, burned, nodes.checkpointed(int(burned["blockNumber"], 16)))


def test_a_checkpoint_is_of_what_was_sent(nodes: StandardNetwork, sent: Sent) -> None:
    """P5 the deposit is minted once; a quorum signs; what is hashed is byte for byte what was sent, of each type."""
    assert nodes.balance(USER) == 7 * ETHER - 4 * 7
    assert sent.submission.signers.bit_count() >= 3
    checkpoint = sent.submission.checkpoint
    assert checkpoint.inbox_consumed == 1

    async def blocks() -> list[SealedBlock]:
        chain = RemoteChain(RpcEngine(nodes.validators[2].url))
        await chain.start()
        await chain.engine.close()
        return await asyncio.to_thread(chain.blocks, 1, checkpoint.end)

    sealed = asyncio.run(blocks())
    assert [block.number for block in sealed] == list(range(1, checkpoint.end + 1))
    assert [raw for block in sealed for raw in block.transactions][1:5] == sent.raws  # after the delivery
    assert data_hash(sealed[checkpoint.start - 1 :]) == checkpoint.data_hash


def test_proofs_for_the_root_chain(nodes: StandardNetwork, sent: Sent, openmg: CommandLine) -> None:
    """`openmg plasma prove`, which the root chain's contracts take."""
    on_root = ("--manifests", str(nodes.root.manifest.path.parent), "--check", "--json")
    digests = [to_hex(keccak(raw)) for raw in sent.raws] + [str(sent.burned["transactionHash"])]
    for words in (("block", "1"), *(("transaction", one) for one in digests), ("receipt", digests[-1])):
        ended = openmg.run("plasma", "prove", *words, *on_root)
        assert ended.status == 0, ended.out + ended.err


def test_a_watcher_beside_a_node(nodes: StandardNetwork, sent: Sent, tmp_path: Path) -> None:
    """It finds the checkpoints to be what its own node executed."""
    words = ["plasma", "watch", "--engine", nodes.validators[1].url, *nodes.common()]
    process = NodeProcess(words, tmp_path / "output", "Watching from block")
    try:
        newest = nodes.root.chain().head().epoch
        until("all checkpoints", lambda: f"checkpoint {newest}, blocks" in process.text())
        assert process.text().count("as executed here") >= newest
        assert "DIFFERS" not in process.text()
        assert "FAULT" not in process.text()
    finally:
        process.end()


def test_what_is_burned_is_paid(nodes: StandardNetwork, sent: Sent) -> None:
    """P5 on the root chain, once the checkpoint is final."""
    exits, payer = Exits(nodes.root.chain(), nodes.node), nodes.root.sender(USER)
    web3 = nodes.root.node.web3
    before = web3.eth.get_balance(OTHER.address)

    def paid() -> bool:
        return any(what == "paid" for _, what in exits.advance(payer, OTHER.address))

    until("the payout", paid)
    assert web3.eth.get_balance(OTHER.address) == before + 3 * ETHER


def test_killed_operators_come_back(nodes: StandardNetwork) -> None:
    """P5 P6 an authority and then the coordinator are killed: what was deposited meanwhile is minted once, nobody signs
    two checkpoints of an epoch, and the epochs go on without a gap."""
    nodes.kill(1)
    assert nodes.transferred().signers.bit_count() == 3
    before = nodes.balance(USER)
    nodes.root.deposit(USER, ETHER)
    time.sleep(random.uniform(0.2, 3))
    nodes.kill(0)
    with ThreadPoolExecutor() as pool:
        list(pool.map(lambda start: start(), [nodes.coordinate, lambda: nodes.attest(1)]))
    until("the deposit", lambda: nodes.balance(USER) > before)
    assert nodes.balance(USER) == before + ETHER
    nodes.until_all_sign()
    nodes.assert_signed_once()
    epochs = [one.checkpoint.epoch for one in nodes.root.chain().submissions()]
    assert epochs == list(range(1, len(epochs) + 1))


def test_an_authority_signs_only_what_its_own_node_says(nodes: StandardNetwork) -> None:
    """P6 its node tells a field differently, is on another chain, or is away: the others sign, it doesn't; with the
    honest node again it does."""
    validator = nodes.validators[3]
    validator.lies = {"receiptsRoot": "0x" + "11" * 32}
    until("it refuses a lie", lambda: nodes.said(3, "is not what its hash"))
    fork = nodes.node.height() + 2
    validator.diverge(fork)
    validator.lies = {}
    until("it refuses a fork", lambda: nodes.said(3, "has another blocksRoot, lastStateRoot"))
    assert BlockLeaf.numbered(fork, Node(connect(validator.url)).block(fork)).number == fork  # it hashes
    assert nodes.checkpointed(fork).signers.bit_count() == 3
    validator.down = True
    until("its node is away", lambda: nodes.said(3, f"the node at {validator.url}: the node doesn't answer"))
    validator.down = False
    validator.diverge(None)
    nodes.until_all_sign()
    nodes.assert_signed_once()


def test_wrong_engines_are_named(nodes: StandardNetwork, openmg: CommandLine, tmp_path: Path) -> None:
    """P9 one line: nobody there, no plasma chain, another one's."""
    save_key(tmp_path / "key", AUTHORITIES[1])
    words = ["plasma", "node", "--folder", str(tmp_path / "node"), "--key", str(tmp_path / "key"), *nodes.common()]
    assert "the node doesn't answer" in openmg.run(*words, "--engine", "http://127.0.0.1:1").error
    assert "--engine nowhere: give http" in openmg.run(*words, "--engine", "nowhere").error
    assert "is no plasma chain with a bridge: give --engine" in openmg.run(*words, "--engine", nodes.root.url).error
    flags = ("--init", str(nodes.genesis), "--no-mining")
    with started(ChainSpec("plasma", 5, 0), *flags) as other:
        error = openmg.run(*words, "--engine", other.url).error
    assert f"is of chain 5, the root chain's contracts are for chain {CHAIN_ID}" in error
    assert not (tmp_path / "node").exists()


def test_nothing_but_standard_methods_was_asked_for(nodes: StandardNetwork) -> None:
    """In all that; and no operator printed a traceback."""
    assert [one.refused for one in nodes.validators] == [[]] * 4
    for place in range(len(AUTHORITIES)):
        assert "Traceback" not in (nodes.folder / f"output{place}").read_text()
