"""The watcher against a corrupt quorum: all authorities sign whatever the test makes up, and the root chain accepts it.
What can be proven is challenged, and the contracts decide."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from eth_utils.crypto import keccak

from offchain.merkle import Tree
from offchain.node import Node, NodeError
from offchain.plasma.blocks import BlockLeaf, header_rlp
from offchain.plasma.checkpoint import Checkpoint, SignedCheckpoint
from offchain.plasma.events import Delivered
from offchain.plasma.keys import save_key
from offchain.plasma.messages import BRIDGE
from offchain.plasma.records import to_hex
from offchain.plasma.submitter import Submitter
from offchain.plasma.tries import ItemTrie, receipt_encoded
from offchain.plasma.watcher import Finding, Watcher, WatchingError
from offchain.sender import TransactionError
from offchain.signature import sign
from offchain.units import ETHER
from tests.node_process import NodeProcess, until
from tests.plasma_network import (
    AUTHORITIES,
    CHAIN_ID,
    OPERATOR,
    OTHER,
    QUICK,
    USER,
    Network,
    bridged_root,
    forged,
    network,
)

WORD = b"\x55" * 32


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Network]:
    """A leader that asks nobody; a deposit was delivered and something burned, in several blocks."""
    folder = tmp_path_factory.mktemp("watcher")
    with bridged_root(folder) as root, network(root, folder / "nodes") as ready:
        root.deposit(USER)
        root.mine()
        ready.lead(authorities=())
        until("the deposit", lambda: ready.balance(USER))
        ready.send(USER, BRIDGE, ETHER // 2, ready.bridge_call("exitEth", USER.address))
        ready.send(USER, OTHER.address, 1000)
        yield ready


@pytest.fixture
def nodes(shared: Network) -> Iterator[Network]:
    """The same with the root chain as it was."""
    snapshot = shared.root.node.call("evm_snapshot")
    yield shared
    assert shared.root.node.call("evm_revert", snapshot)


@dataclass(frozen=True)
class LyingNode(Node):
    """The leader's public node; of these blocks it tells other fields than it executed."""

    lies: dict[int, dict[str, str]]
    receipts: dict[int, list[dict[str, Any]]] = field(default_factory=dict)

    def call(self, method: str, *parameters: Any) -> Any:
        if method == "eth_getBlockReceipts" and int(parameters[0], 16) in self.receipts:
            return self.receipts[int(parameters[0], 16)]
        answer = Node.call(self, method, *parameters)
        if method == "eth_getBlockByNumber":
            answer |= self.lies.get(int(answer["number"], 16), {})
        return answer


class ForgetfulNode(Node):
    """A node whose engine has forgotten all states: whoever begins to watch days later."""

    def call(self, method: str, *parameters: Any) -> Any:
        if method == "eth_getProof":
            raise NodeError("distance to target block exceeds maximum proof window")
        return Node.call(self, method, *parameters)


def watcher(nodes: Network, key: Any = OTHER, public: Node | None = None, node: Node | None = None) -> Watcher:
    """One that executes what the leader's chain is, with a key that pays for challenges, or without."""
    submitter = Submitter(nodes.root.node, key) if key else None
    return Watcher(nodes.root.chain(), nodes.maker(), node or nodes.node, CHAIN_ID, submitter, public)


def found(one: Watcher) -> Finding:
    """The one thing that is new."""
    (finding,) = one.step()
    assert list(one.step()) == []
    return finding


def assert_proven(nodes: Network, finding: Finding, function: str) -> None:
    """The challenge was of this kind, and accepted: the checkpoint is void, its signers are slashed, the challenger is
    paid."""
    assert finding.challenge is not None
    assert finding.challenge.function == function
    assert finding.transaction is not None
    assert f"challenged in {finding.transaction}" in finding.words()
    root = nodes.root.chain()
    assert root.state() == "fault proven"
    assert root.head().epoch == finding.submission.checkpoint.epoch - 1
    assert root.standing() == []
    assert nodes.root.contract("plasma_root").functions.rewardOf(OTHER.address).call() == len(AUTHORITIES) * ETHER // 2


def assert_only_told(nodes: Network, finding: Finding, differs: Sequence[str]) -> None:
    assert (finding.differs, finding.challenge, finding.transaction) == (tuple(differs), None, None)
    assert f"DIFFERS in {', '.join(differs)}, which can't be proven" in finding.words()
    assert nodes.root.chain().state() == "running"


def made_of(nodes: Network, honest: Checkpoint, lies: dict[int, dict[str, str]]) -> Checkpoint:
    """The checkpoint of blocks that the leader tells falsely."""
    return made_by(LyingNode(nodes.node.web3, lies), honest)


def made_by(node: Node, honest: Checkpoint) -> Checkpoint:
    """The checkpoint of blocks as a node tells them."""
    blocks = [node.block(number) for number in range(honest.start, honest.end + 1)]
    leaves = [BlockLeaf.told(block) for block in blocks if block]
    return replace(honest, blocks_root=Tree([leaf.hash(CHAIN_ID) for leaf in leaves]).root)


def test_an_honest_checkpoint(nodes: Network) -> None:
    """Compared, and nothing is wrong with it; each is told once."""
    one = watcher(nodes)
    assert list(one.step()) == []
    nodes.root.submit(nodes.next_checkpoint())
    finding = found(one)
    assert (finding.differs, finding.challenge) == ((), None)
    assert finding.words().endswith("as executed here, 4 signers")
    nodes.send(USER, OTHER.address, 1)
    nodes.root.submit(nodes.next_checkpoint())
    assert found(one).submission.checkpoint.epoch == 2


PLAIN: list[tuple[Callable[[Checkpoint], Checkpoint], str]] = [
    (lambda honest: replace(honest, last_state_root=WORD), "proveWrongState"),
    (lambda honest: replace(honest, exit_root=WORD), "proveWrongBridge"),
    (lambda honest: replace(honest, exit_count=0), "proveWrongBridge"),
    (lambda honest: replace(honest, inbox_consumed=0), "proveWrongBridge"),
]


@pytest.mark.parametrize(("corrupt", "function"), PLAIN, ids=["state", "exit root", "exit count", "inbox"])
def test_a_field_that_can_be_proven_wrong(
    nodes: Network, corrupt: Callable[[Checkpoint], Checkpoint], function: str
) -> None:
    """A checkpoint of the right blocks that says something else of them is challenged at once."""
    nodes.root.submit(corrupt(nodes.next_checkpoint()))
    assert_proven(nodes, found(watcher(nodes)), function)


LIES: list[tuple[dict[str, str], str]] = [
    ({"parentHash": "0x" + WORD.hex()}, "proveBrokenLink"),
    ({"timestamp": "0x1"}, "proveBrokenLink"),
    ({"number": "0x1"}, "proveWrongPlace"),
    ({"timestamp": hex(1 << 40)}, "proveWrongPlace"),
    ({"receiptsRoot": "0x" + WORD.hex()}, "proveWrongLeaf"),
    ({"transactionsRoot": "0x" + WORD.hex()}, "proveWrongLeaf"),
]


@pytest.mark.parametrize(("lie", "function"), LIES, ids=["parent", "past", "number", "future", "receipts", "sent"])
def test_a_false_block(nodes: Network, lie: dict[str, str], function: str) -> None:
    """A checkpoint made of a block that never was is challenged if the leader's public node tells that block; else it
    is told."""
    honest = nodes.next_checkpoint()
    lies = {honest.end: lie}
    nodes.root.submit(made_of(nodes, honest, lies))
    finding = found(watcher(nodes))
    assert_only_told(nodes, finding, ["blocksRoot"])
    assert_proven(nodes, found(watcher(nodes, public=LyingNode(nodes.node.web3, lies))), function)


def receipts_with(nodes: Network, number: int, message: int, message_hash: bytes, ahead: int = 0) -> LyingNode:
    """A leader that tells, with a header that fits, that a block delivered a message, which it didn't; and that its
    number is so much higher."""
    block: Any = nodes.node.block(number)
    receipts: Any = nodes.node.call("eth_getBlockReceipts", hex(number))
    topics = [to_hex(Delivered.topic()), f"0x{message:064x}", to_hex(message_hash)]
    receipts[-1]["logs"].append({"address": BRIDGE, "topics": topics, "data": f"0x{1:064x}"})
    lies = {"receiptsRoot": to_hex(ItemTrie([receipt_encoded(one) for one in receipts]).root)}
    lies["number"] = hex(number + ahead)
    lies["hash"] = to_hex(keccak(header_rlp(block | lies)))
    return LyingNode(nodes.node.web3, {number: lies}, {number + ahead: receipts})


def test_a_delivery_that_never_was(nodes: Network) -> None:
    """P5 receipts that were made up, of a state that is right, show a message that the inbox doesn't have: who gets
    them from the public node proves it from the receipt."""
    honest = nodes.next_checkpoint()
    public = receipts_with(nodes, honest.end, 1, WORD)
    nodes.root.submit(made_by(public, honest))
    assert_only_told(nodes, found(watcher(nodes)), ["blocksRoot"])
    finding = found(watcher(nodes, public=public))
    assert finding.differs == ("blocksRoot",)
    assert_proven(nodes, finding, "proveFalseDelivery")
    assert f"block {honest.end} delivered a message 1 that the inbox doesn't have" in finding.words()


def test_a_delivery_out_of_its_place(nodes: Network) -> None:
    """A block that tells a number far beyond its checkpoint is proven to be out of its place, whatever its receipts."""
    honest = nodes.next_checkpoint()
    public = receipts_with(nodes, honest.end, 1, WORD, ahead=1000)
    nodes.root.submit(made_by(public, honest))
    assert_proven(nodes, found(watcher(nodes, public=public)), "proveWrongPlace")


@pytest.mark.parametrize("checkpoints", [1, 2])
def test_a_message_that_is_delivered_again(nodes: Network, checkpoints: int) -> None:
    """P5 receipts that were made up show a message of the inbox a second time, in the checkpoint of the first time or
    in a later one, which alone is void then."""
    if checkpoints == 2:
        nodes.root.submit(nodes.next_checkpoint())
        nodes.send(USER, OTHER.address, 1)
    honest = nodes.next_checkpoint()
    public = receipts_with(nodes, honest.end, 0, nodes.root.inbox()[0].hash)
    nodes.root.submit(made_by(public, honest))
    *before, finding = watcher(nodes, public=public).step()
    assert [one.challenge for one in before] == [None] * (checkpoints - 1)
    assert_proven(nodes, finding, "proveDoubleDelivery")
    assert f"block {honest.end} delivered message 0 again" in finding.words()


def test_a_broken_link_between_checkpoints(nodes: Network) -> None:
    """The first block of a checkpoint doesn't follow the last one of the checkpoint before; also for a watcher that
    begins with it."""
    nodes.root.submit(nodes.next_checkpoint())
    nodes.send(USER, OTHER.address, 1)
    honest = nodes.next_checkpoint()
    lies = {honest.start: {"parentHash": "0x" + WORD.hex()}}
    nodes.root.submit(made_of(nodes, honest, lies))
    first, second = watcher(nodes, public=LyingNode(nodes.node.web3, lies)).step()
    assert (first.differs, first.challenge) == ((), None)
    assert_proven(nodes, second, "proveBrokenLink")


@pytest.mark.parametrize("changed", [{"data_hash": WORD}, {"blocks_root": WORD}], ids=["data", "blocks"])
def test_a_false_execution_is_told(nodes: Network, changed: dict[str, Any]) -> None:
    """What the root chain can't decide isn't challenged; the authorities are told to freeze."""
    nodes.root.submit(replace(nodes.next_checkpoint(), **changed))
    name = "dataHash" if "data_hash" in changed else "blocksRoot"
    assert_only_told(nodes, found(watcher(nodes)), [name])


def test_without_a_key_it_only_tells(nodes: Network) -> None:
    nodes.root.submit(replace(nodes.next_checkpoint(), last_state_root=WORD))
    finding = found(watcher(nodes, key=None))
    assert finding.challenge is not None
    assert finding.words().endswith("the last state root is not the last block's; not challenged: no key was given")
    assert nodes.root.chain().state() == "running"


def test_two_watchers(nodes: Network) -> None:
    """Who comes second is told in one line that the contract refused, and goes on."""
    first, second = watcher(nodes), watcher(nodes, key=USER)
    nodes.root.submit(replace(nodes.next_checkpoint(), last_state_root=WORD))
    assert_proven(nodes, found(first), "proveWrongState")
    finding = found(second)
    assert finding.challenge is not None
    assert finding.transaction is None
    assert finding.words().endswith("the last state root is not the last block's; the contract refused: NothingThere()")


def test_after_the_halt(nodes: Network) -> None:
    """A chain that was ended before anybody looked: who signed a fault is slashed all the same."""
    nodes.root.submit(nodes.next_checkpoint())
    nodes.send(USER, OTHER.address, 1)
    nodes.root.submit(replace(nodes.next_checkpoint(), last_state_root=WORD))
    root = nodes.root.contract("plasma_root").functions
    nodes.root.node.call("evm_increaseTime", QUICK.silence_period + 60)
    nodes.root.mine(1)
    nodes.root.sender(USER).transact(root.haltSilent())
    first, second = watcher(nodes).step()
    assert first.challenge is None
    assert second.transaction is not None
    assert root.rewardOf(OTHER.address).call() == len(AUTHORITIES) * ETHER // 2


def test_a_reorganised_checkpoint_is_looked_at_again(nodes: Network) -> None:
    """The root chain loses a checkpoint that was fine, and gets another one of its epoch. Those who signed both are
    slashed for that, and when so many are, nothing is left to challenge."""
    honest = nodes.next_checkpoint()
    snapshot = nodes.root.node.call("evm_snapshot")
    one, keyless = watcher(nodes), watcher(nodes, key=None)
    nodes.root.submit(honest)
    assert [found(each).challenge for each in (one, keyless)] == [None, None]
    assert nodes.root.node.call("evm_revert", snapshot)
    nodes.root.submit(replace(honest, last_state_root=WORD))
    challenge = found(keyless).challenge
    assert challenge is not None
    assert challenge.function == "proveWrongState"
    assert found(one).refused == "the contract refused: NothingThere()"
    assert nodes.root.chain().state() == "fault proven"
    assert nodes.root.contract("plasma_root").functions.rewardOf(OTHER.address).call() == 2 * ETHER


def test_blocks_that_the_leader_keeps_back(nodes: Network) -> None:
    """A checkpoint of blocks that nobody was given is told as long as they are missing."""
    honest = nodes.next_checkpoint()
    nodes.root.submit(replace(honest, end=honest.end + 1000))
    one = watcher(nodes)
    for _ in range(2):
        with pytest.raises(WatchingError, match=f"block {honest.end + 1000} of checkpoint 1 isn't executed here yet"):
            next(one.step())


def test_equivocation(nodes: Network, caplog: pytest.LogCaptureFixture) -> None:
    """P6 who signed two checkpoints of an epoch is slashed, wherever they were seen: one off chain and one on chain, or
    both off chain; the same one seen again is nothing, and a second watcher that comes late goes on."""
    root = nodes.root.chain()
    honest = nodes.next_checkpoint()
    other = replace(honest, data_hash=WORD)

    def signed(checkpoint: Checkpoint, seats: Sequence[int]) -> SignedCheckpoint:
        made = SignedCheckpoint(root.domain, checkpoint, {})
        for seat in seats:
            made = made.with_signature(sign(root.domain.checkpoint_digest(checkpoint), AUTHORITIES[seat]))
        return made

    one, late = watcher(nodes), watcher(nodes, key=USER)
    for _ in range(2):
        assert one.seen(signed(other, [1])) == []
        assert late.seen(signed(other, [1])) == []
    assert one.seen(signed(replace(other, epoch=2), [1])) == []  # another epoch
    nodes.root.submit(honest)
    with caplog.at_level(logging.WARNING):
        assert found(one).challenge is None
    assert f"{AUTHORITIES[1].address} signed two checkpoints 1" in caplog.text
    assert AUTHORITIES[1].address not in root.standing()
    assert len(root.standing()) == 3
    assert nodes.root.contract("plasma_root").functions.rewardOf(OTHER.address).call() == ETHER // 2
    with caplog.at_level(logging.WARNING):
        assert found(late).challenge is None
    assert "can't be challenged" in caplog.text
    assert one.seen(signed(replace(honest, exit_root=WORD), [2])) == [AUTHORITIES[2].address]
    assert len(root.standing()) == 2


def test_what_is_not_final_yet_is_no_fault(nodes: Network) -> None:
    """A deposit that was taken before it was final is in the inbox all the same: a challenge would fail, there is
    none."""
    nodes.root.deposit(OTHER, 5)
    nodes.send(OPERATOR, BRIDGE, 0, nodes.bridge_call("deliver", 1, [nodes.root.inbox()[1].abi()]))
    nodes.root.submit(nodes.next_checkpoint())
    finding = found(watcher(nodes))
    assert nodes.root.chain().inbox_hash(2) is None
    assert (finding.differs, finding.challenge) == ((), None)


def test_minted_without_a_deposit(shared: Network) -> None:
    """P1 the operator delivers a message that was never sent, every authority signs: it is proven from the bridge's
    storage, though the execution is the same here; once nobody has that state any more, from the delivery's receipt."""
    nodes, root = shared, shared.root
    taken = nodes.maker().history.at(nodes.maker().height).inbox_consumed
    nodes.send(OPERATOR, BRIDGE, 0, nodes.bridge_call("deliver", taken, [forged(OPERATOR.address, 1000 * ETHER, 1)]))
    minted = nodes.next_checkpoint()
    assert minted.inbox_consumed == taken + 1
    with pytest.raises(TransactionError, match="WrongInbox"):
        root.submit(minted)  # as long as the inbox has fewer
    while len(root.inbox()) <= taken:
        root.deposit(OTHER, 7)
    root.submit(minted)
    accepted = root.node.call("evm_snapshot")
    finding = found(watcher(nodes))
    assert finding.differs == ()
    assert_proven(nodes, finding, "proveWrongBridge")
    assert "took messages that the inbox doesn't have" in finding.words()

    assert root.node.call("evm_revert", accepted)
    late = found(watcher(nodes, node=ForgetfulNode(nodes.node.web3)))
    assert_proven(nodes, late, "proveFalseDelivery")
    assert "that the inbox doesn't have; challenged in" in late.words()


def test_the_command(tmp_path_factory: pytest.TempPathFactory) -> None:
    """`openmg plasma watch` executes the chain itself, says what it sees, and challenges by itself."""
    folder = tmp_path_factory.mktemp("command")
    with bridged_root(folder) as root, network(root, folder / "nodes") as nodes:
        root.deposit(USER)
        root.mine()
        nodes.lead(authorities=())
        until("the deposit", lambda: nodes.balance(USER))
        save_key(folder / "key", OTHER)
        words = ["plasma", "watch", "--folder", str(folder / "watch"), "--follow", nodes.feed, *nodes.common()]
        words += ["--public", nodes.url, "--key", str(folder / "key")]
        process = NodeProcess(words, folder / "output", "Watching from block 0 on")
        try:
            root.submit(nodes.next_checkpoint())
            until("the honest one", lambda: "checkpoint 1, blocks 1 to" in process.text())
            assert "as executed here, 4 signers" in process.text()
            nodes.send(USER, OTHER.address, 1)
            root.submit(replace(nodes.next_checkpoint(), exit_root=WORD))
            until("the challenge", lambda: root.chain().state() == "fault proven")
            until(
                "it is told", lambda: "FAULT, the checkpoint differs from the bridge; challenged in" in process.text()
            )
            assert process.is_alive()
        finally:
            process.end()
        assert process.wait() == 0
        assert "Traceback" not in process.text()
