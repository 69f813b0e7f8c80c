"""Proofs of what happened on the plasma chain: in Python, and by the contracts on the root chain."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import pytest
from eth_utils.crypto import keccak
from web3.exceptions import Web3Exception

from offchain.node import Node
from offchain.plasma.blocks import BlockError
from offchain.plasma.checkpoint import Submission
from offchain.plasma.events import ExitBurned, ExitStarted, decode_as
from offchain.plasma.exit_tree import ExitTree
from offchain.plasma.messages import (
    BRIDGE,
    COUNTERS_SLOT,
    EXIT_ROOT_SLOT,
    INBOX_HASH_SLOT,
    Counters,
    Exit,
    inbox_hash,
)
from offchain.plasma.proofs import (
    AccountProof,
    BlockProof,
    ReceiptProof,
    SlotProof,
    verify_account,
    verify_block,
    verify_log,
    verify_receipt,
    verify_slot,
    verify_transaction,
)
from offchain.plasma.prover import Prover, read_leaves
from offchain.plasma.records import to_hex
from offchain.plasma.tries import ProofError, receipt_decoded
from tests.integration.plasma import (
    AUTHORITIES,
    CHAIN_ID,
    ETHER,
    OTHER,
    USER,
    PlasmaChain,
    RootChain,
    checkpoint_of,
    plasma_chain,
    root_chain,
)

CROWD = 140
"""Transactions of one block: places from 128 on have keys of two bytes, place 0 has the key 0x80."""
CROWDED_PLACES = [0, 1, 15, 16, 126, 127, 128, 129, CROWD - 1]
EMPTY_CODE = bytes.fromhex("600a600c600039600a6000f3") + bytes(10)
"""Creation code of a contract that does nothing."""


@dataclass(frozen=True)
class Day:
    """Both chains after a checkpoint was submitted, and what happened on the plasma chain."""

    root: RootChain
    plasma: PlasmaChain
    submission: Submission
    prover: Prover
    kinds: dict[str, bytes]
    crowd: list[bytes]
    exits: list[Exit]

    def called(self, function: str, *arguments: Any) -> Any:
        """What PlasmaInclusion answers."""
        return self.root.inclusion.functions[function](*arguments).call()

    def number(self, transaction: bytes) -> int:
        return int(self.plasma.receipt(transaction)["blockNumber"], 16)


@pytest.fixture(scope="module")
def day(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Day]:
    with plasma_chain(tmp_path_factory.mktemp("plasma")) as plasma, root_chain() as root:
        for recipient in (USER, OTHER):
            root.send(root.vault.functions.depositEth(recipient.address), value=100 * ETHER)
        kinds = {"deliver": plasma.deliver(0, root.messages())}
        plasma.mine()
        kinds["legacy"] = plasma.send(USER, OTHER.address, value=1, gasPrice=7)
        kinds["access list"] = plasma.send(USER, OTHER.address, value=1, gasPrice=0, accessList=[])
        kinds["1559"] = plasma.send(USER, OTHER.address, value=1, maxFeePerGas=9, maxPriorityFeePerGas=3)
        permission = AUTHORITIES[0].sign_authorization({"chainId": CHAIN_ID, "address": BRIDGE, "nonce": 0})
        kinds["delegation"] = plasma.send(USER, OTHER.address, authorizationList=[permission])
        kinds["creation"] = plasma.send(USER, None, EMPTY_CODE)
        kinds["failed"] = plasma.send(USER, BRIDGE, plasma.bridge.encode_abi("exitEth", [USER.address]))
        kinds["exit"] = plasma.send(USER, BRIDGE, plasma.bridge.encode_abi("exitEth", [OTHER.address]), ETHER)
        plasma.mine()
        plasma.mine()  # an empty one
        exit_data = plasma.bridge.encode_abi("exitEth", [USER.address])
        burned = {3, 127, 128, CROWD - 1}
        crowd = [
            plasma.send(OTHER, BRIDGE, exit_data, 1 + place)
            if place in burned
            else plasma.send(OTHER, USER.address, value=place, gas=21_000)
            for place in range(CROWD)
        ]
        end = plasma.mine()
        checkpoint = checkpoint_of(plasma, end)
        submission = root.submit(checkpoint)
        assert submission.checkpoint == checkpoint
        prover = Prover(plasma.node, submission, read_leaves(plasma.node, 1, end), CHAIN_ID)
        logs = plasma.node.logs([BRIDGE], 0, end)
        exits = [decode_as(ExitBurned, log).exit for log in logs if log["topics"][0] == to_hex(ExitBurned.topic())]
        yield Day(root, plasma, submission, prover, kinds, crowd, exits)


def test_what_the_contract_keeps_is_known(day: Day) -> None:
    """Digest, hashes and the submission, as PlasmaRoot has them."""
    functions, checkpoint = day.root.root.functions, day.submission.checkpoint
    assert functions.checkpointDigest(checkpoint.abi()).call() == day.root.domain.checkpoint_digest(checkpoint)
    assert functions.freezeDigest().call() == day.root.domain.freeze_digest(1, 0)
    assert functions.headHash().call() == checkpoint.hash
    assert functions.submissionHash(1).call() == day.submission.hash
    assert day.submission.signers == 0b1111
    inbox = day.root.messages()
    assert day.root.vault.functions.inboxHash(2).call() == inbox_hash(inbox)
    assert day.root.vault.functions.messageHash(inbox[0].abi()).call() == inbox[0].hash
    assert day.root.vault.functions.exitKey(day.exits[0].abi()).call() == day.exits[0].key(CHAIN_ID)


@pytest.mark.parametrize("number", range(1, 5))
def test_every_block_is_proven(day: Day, number: int) -> None:
    proof = day.prover.block(number)
    verify_block(CHAIN_ID, proof)
    assert day.called("verifyBlock", proof.abi()) is False  # it isn't final yet
    assert BlockProof.from_json(json.loads(json.dumps(proof.to_json()))) == proof


@pytest.mark.parametrize(
    "kind", ["deliver", "legacy", "access list", "1559", "delegation", "creation", "failed", "exit"]
)
def test_every_kind_of_transaction_is_proven(day: Day, kind: str) -> None:
    check_transaction(day, day.kinds[kind], success=kind != "failed")


@pytest.mark.parametrize("place", CROWDED_PLACES)
def test_every_place_in_a_crowded_block_is_proven(day: Day, place: int) -> None:
    check_transaction(day, day.crowd[place], success=True)


def check_transaction(day: Day, sent: bytes, success: bool) -> None:
    """A transaction and its receipt are proven, and the contract reads the same in the proofs."""
    proof = day.prover.transaction(sent)
    raw = verify_transaction(CHAIN_ID, proof)
    assert keccak(raw) == sent
    assert day.called("verifyTransaction", proof.abi()) == [raw, False]
    assert ReceiptProof.from_json(json.loads(json.dumps(proof.to_json()))) == proof

    proof = day.prover.receipt(sent)
    told = day.plasma.receipt(sent)
    succeeded, encoded = verify_receipt(CHAIN_ID, proof)
    assert succeeded == success
    assert day.called("verifyReceipt", proof.abi()) == [success, encoded, False]
    _, logs = receipt_decoded(encoded)
    assert len(logs) == len(told["logs"])
    for place, log in enumerate(logs):
        assert to_hex(log.data) == told["logs"][place]["data"]
        assert [to_hex(topic) for topic in log.topics] == told["logs"][place]["topics"]
        assert verify_log(CHAIN_ID, proof, place) == log
        assert day.called("verifyLog", proof.abi(), place) == [(log.emitter, list(log.topics), log.data), False]
    with pytest.raises(ProofError, match=f"no log {len(logs)}"):
        verify_log(CHAIN_ID, proof, len(logs))
    with pytest.raises(Web3Exception):
        day.called("verifyLog", proof.abi(), len(logs))


@pytest.mark.parametrize("number", [1, 2, 4])
def test_the_bridges_slots_are_proven(day: Day, number: int) -> None:
    """What a checkpoint claims of inbox and exits can be held against storage."""
    exits = [exit_ for exit_ in day.exits if exit_.id < {1: 0, 2: 1, 4: 5}[number]]
    expected = {
        COUNTERS_SLOT: Counters(2, len(exits)).word(),
        INBOX_HASH_SLOT: inbox_hash(day.root.messages()),
        EXIT_ROOT_SLOT: ExitTree(exit_.key(CHAIN_ID) for exit_ in exits).root(),
    }
    for slot, word in expected.items():
        proof = day.prover.slot(BRIDGE, slot, number)
        assert verify_slot(CHAIN_ID, proof) == int.from_bytes(word, "big")
        assert day.called("verifySlot", proof.abi()) == [int.from_bytes(word, "big"), False]
        assert SlotProof.from_json(json.loads(json.dumps(proof.to_json()))) == proof


@pytest.mark.parametrize("number", [2, 4])
def test_accounts_are_proven(day: Day, number: int) -> None:
    web3 = day.plasma.web3
    for address in (BRIDGE, USER.address, OTHER.address):
        proof = day.prover.account(address, number)
        account = verify_account(CHAIN_ID, proof)
        checksummed = web3.to_checksum_address(address)
        assert account.balance == web3.eth.get_balance(checksummed, number)
        assert account.nonce == web3.eth.get_transaction_count(checksummed, number)
        assert account.code_hash == keccak(web3.eth.get_code(checksummed, number))
        answer = day.called("verifyAccount", *proof.abi())
        assert answer == [account.nonce, account.balance, account.storage_root, account.code_hash, False]
        assert AccountProof.from_json(json.loads(json.dumps(proof.to_json()))) == proof


def test_exits_start_by_path_and_by_receipt(day: Day) -> None:
    """P5: each names the same exit, so that it starts once."""
    vault, submission = day.root.vault.functions, day.submission
    tree = ExitTree(exit_.key(CHAIN_ID) for exit_ in day.exits)
    assert [exit_.amount for exit_ in day.exits] == [ETHER, 4, 128, 129, CROWD]
    for exit_ in day.exits[:3]:
        receipt = day.root.send(vault.startExit(exit_.abi(), submission.abi(), tree.path(exit_.id)))
        started = decode_as(ExitStarted, receipt["logs"][0])
        assert started == ExitStarted(exit_.key(CHAIN_ID), 1, exit_.recipient, exit_)
    for exit_, sent in zip(day.exits[3:], (day.crowd[128], day.crowd[-1]), strict=True):
        receipt = day.root.send(vault.startExitByReceipt(day.prover.receipt(sent).abi(), 0))
        assert decode_as(ExitStarted, receipt["logs"][0]).exit == exit_
    with pytest.raises(Web3Exception):
        vault.startExitByReceipt(day.prover.receipt(day.kinds["exit"]).abi(), 0).call()


def changed(data: bytes, at: int = -1) -> bytes:
    """With one bit of one byte flipped."""
    flipped = bytearray(data)
    flipped[at] ^= 1
    return bytes(flipped)


def in_block(proof: Any, **fields: Any) -> Any:
    return replace(proof, block_proof=replace(proof.block_proof, **fields))


FORGERIES: dict[str, Callable[[ReceiptProof], ReceiptProof]] = {
    "another place": lambda proof: replace(proof, index=proof.index + 1),
    "no node": lambda proof: replace(proof, nodes=()),
    "a node fewer": lambda proof: replace(proof, nodes=proof.nodes[:-1]),
    "a node more": lambda proof: replace(proof, nodes=(*proof.nodes, proof.nodes[-1])),
    "a changed node": lambda proof: replace(proof, nodes=(*proof.nodes[:-1], changed(proof.nodes[-1], 40))),
    "a changed root": lambda proof: replace(proof, nodes=(changed(proof.nodes[0], 40), *proof.nodes[1:])),
    "another receiptsRoot": lambda proof: in_block(
        proof, leaf=replace(proof.block_proof.leaf, receipts_root=changed(proof.block_proof.leaf.receipts_root))
    ),
    "another number": lambda proof: in_block(
        proof, leaf=replace(proof.block_proof.leaf, number=proof.block_proof.leaf.number - 1)
    ),
    "number beyond": lambda proof: in_block(proof, leaf=replace(proof.block_proof.leaf, number=1000)),
    "number 0": lambda proof: in_block(proof, leaf=replace(proof.block_proof.leaf, number=0)),
    "a changed sibling": lambda proof: in_block(
        proof, siblings=(changed(proof.block_proof.siblings[0]), *proof.block_proof.siblings[1:])
    ),
    "a sibling fewer": lambda proof: in_block(proof, siblings=proof.block_proof.siblings[:-1]),
    "a sibling more": lambda proof: in_block(proof, siblings=(*proof.block_proof.siblings, bytes(32))),
}


@pytest.mark.parametrize("forgery", FORGERIES)
def test_forged_proofs_are_refused_by_both(day: Day, forgery: str) -> None:
    """P5: Python says of each what the contract says."""
    proof = day.prover.receipt(day.crowd[128])
    assert verify_receipt(CHAIN_ID, proof)[0]
    forged = FORGERIES[forgery](proof)
    with pytest.raises(ProofError) as refused:
        verify_receipt(CHAIN_ID, forged)
    assert "\n" not in str(refused.value)
    with pytest.raises(Web3Exception):
        day.called("verifyReceipt", forged.abi())


def test_another_chains_proofs_are_refused(day: Day) -> None:
    with pytest.raises(ProofError, match="block 2 is not proven to be in checkpoint 1"):
        verify_block(1, day.prover.block(2))


def test_a_zero_slot_and_a_missing_account_cant_be_proven(day: Day) -> None:
    """There are no proofs of absence."""
    with pytest.raises(ProofError):
        day.prover.slot(BRIDGE, (1000).to_bytes(32, "big"), 2)
    with pytest.raises(ProofError):
        day.prover.account("0x" + "99" * 20, 2)


def test_what_the_checkpoint_lacks_is_told(day: Day) -> None:
    """P9."""
    with pytest.raises(ProofError, match="checkpoint 1 has blocks 1 to 4, not block 9"):
        day.prover.block(9)
    with pytest.raises(ProofError, match=r"no transaction 0x.* in a block"):
        day.prover.transaction(keccak(b"none"))
    with pytest.raises(BlockError, match="the node has no block 5"):
        read_leaves(day.plasma.node, 4, 5)
    with pytest.raises(BlockError, match="these blocks are not those of checkpoint 1"):
        Prover(day.plasma.node, day.submission, read_leaves(day.plasma.node, 1, 3), CHAIN_ID)


@dataclass(frozen=True)
class LyingNode(Node):
    """A node that answers one question with another answer."""

    about: str
    answer: Callable[[Any], Any]

    def call(self, method: str, *parameters: Any) -> Any:
        honest = super().call(method, *parameters)
        return self.answer(honest) if method == self.about else honest


def in_full(change: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Changes blocks with full transactions alone."""
    return lambda block: change(block) if isinstance(block["transactions"][0], dict) else block


def one_less(block: dict[str, Any]) -> dict[str, Any]:
    return {**block, "transactions": block["transactions"][:-1]}


def other_value(block: dict[str, Any]) -> dict[str, Any]:
    first, *others = block["transactions"]
    return {**block, "transactions": [{**first, "value": "0x123456789"}, *others]}


@pytest.mark.parametrize(
    ("about", "answer", "told"),
    [
        ("eth_getBlockReceipts", lambda receipts: receipts[:-1], "is not what its header says"),
        ("eth_getBlockReceipts", lambda receipts: None, "forgotten the receipts of block 4"),
        ("eth_getBlockReceipts", lambda receipts: [{}], "the node's receipt is none"),
        ("eth_getBlockByNumber", lambda block: {**block, "stateRoot": "0x" + "11" * 32}, "is not what its hash"),
        ("eth_getBlockByNumber", in_full(lambda block: None), "forgotten block 4"),
        ("eth_getBlockByNumber", in_full(one_less), "are not those that its header has"),
        ("eth_getBlockByNumber", in_full(other_value), "is not what its hash says"),
        ("eth_getTransactionByHash", lambda found: {**found, "transactionIndex": "0x3"}, "is another"),
        ("eth_getTransactionByHash", lambda found: {**found, "transactionIndex": "0xff"}, "is not what its header"),
        ("eth_getTransactionByHash", lambda found: {**found, "blockNumber": None}, "no transaction .* in a block"),
        ("eth_getProof", lambda proof: {**proof, "accountProof": proof["accountProof"][1:]}, "doesn't fit together"),
        ("eth_getProof", lambda proof: {**proof, "accountProof": ["zz"]}, "the node's proof is none"),
    ],
)
def test_a_lying_node_is_found_out(day: Day, about: str, answer: Callable[[Any], Any], told: str) -> None:
    """P9: in one line."""
    node = LyingNode(day.plasma.web3, about, answer)
    prover = Prover(node, day.submission, read_leaves(day.plasma.node, 1, 4), CHAIN_ID)
    sent = day.crowd[2]

    def ask() -> None:
        if "Proof" in about:
            prover.account(BRIDGE, 4)
        elif "Receipts" in about:
            prover.receipt(sent)
        else:
            prover.transaction(sent)

    with pytest.raises((ProofError, BlockError), match=told) as refused:
        ask()
    assert "\n" not in str(refused.value)


def test_final_blocks_are_told_to_be(day: Day) -> None:
    """The last of this day: the challenge period is over."""
    day.root.node.call("evm_increaseTime", 3601)
    day.root.node.call("evm_mine")
    day.root.send(day.root.root.functions.finalise(day.submission.abi()))
    assert day.called("verifyBlock", day.prover.block(3).abi()) is True
