"""Exits by the log of the burn: which receipts and logs count, and that all encodings of a burn are one exit."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
import rlp
from eth_utils.crypto import keccak
from trie import HexaryTrie

from offchain.merkle import Tree
from offchain.plasma.events import ExitStarted, decode_as
from offchain.plasma.messages import BRIDGE, Exit
from offchain.plasma.proofs import BlockProof, ReceiptProof
from offchain.units import ETHER
from tests.conftest import Refused, failure
from tests.plasma.made_up import CHILD_CHAIN_ID, EXIT_BURNED, Block, Log, burn_log, delivery_log, receipt, word
from tests.plasma.stage import ETH, Plasma

STARTED = "AlreadyStarted(bytes32,uint256)"
UNKNOWN_LOG = "UnknownLog(uint256,uint256)"
NOT_AN_EXIT = "NotAnExit()"
INVALID_ENCODING = "InvalidEncoding()"
INVALID_RLP = "RLPInvalidEncoding()"
TRAVERSAL = "TrieProofTraversalError(uint8)"
LARGE_NODE, PATH_REMAINDER = 3, 6
DIRTY = b"\1" + bytes(31)


@pytest.fixture
def exit_(prosumer: Any, recipient: Any) -> Exit:
    """A burn that no exit tree has."""
    return Exit(0, ETH, prosumer.address, recipient.address, ETHER)


def sealed(plasma: Plasma, *receipts: bytes) -> Block:
    """A block with these receipts and its checkpoint."""
    block = plasma.chain.seal(receipts=receipts, transactions=tuple(b"\2" + word(at) for at in range(len(receipts))))
    plasma.submit()
    return block


def fields(exit_: Exit) -> tuple[Any, ...]:
    """A burn's log as it is encoded."""
    log = burn_log(exit_)
    return bytes.fromhex(log.emitter[2:]), list(log.topics), log.data


def encoded(*logs: Any, status: bytes = b"\1", gas: bytes = b"\x52\x08", type_: bytes = b"\2") -> bytes:
    """A receipt of parts that needn't be canonical."""
    return type_ + bytes(rlp.encode([status, gas, bytes(256), list(logs)]))


def dirtied(value: bytes) -> bytes:
    return bytes(a | b for a, b in zip(value, DIRTY, strict=True))


def test_log(plasma: Plasma, exit_: Exit, recipient: Any) -> None:
    """P5 a burn's log starts the exit that it tells of, at its place in its receipt."""
    block = sealed(plasma, receipt(), receipt(Log(ETH, []), burn_log(exit_)))
    proof = plasma.receipt_proof(block, 1).abi()
    started = plasma.vault.startExitByReceipt(proof, 1, sender=plasma.owner)
    (log,) = started.logs
    assert decode_as(ExitStarted, log) == ExitStarted(exit_.key(CHILD_CHAIN_ID), 1, recipient.address, exit_)


def test_same_burn_in_many_places(plasma: Plasma, exit_: Exit, refused: Refused) -> None:
    """P5 a burn that stands in several logs, receipts, blocks and checkpoints is one exit."""
    start, log, key = plasma.vault.startExitByReceipt, burn_log(exit_), exit_.key(CHILD_CHAIN_ID)
    first = sealed(plasma, receipt(log, log), receipt(log))
    plasma.chain.seal(receipts=(receipt(log),))
    second = plasma.chain.seal(receipts=(receipt(log),))
    plasma.submit()
    before, after = plasma.submissions
    places = [(first, 0, 0, before), (first, 0, 1, before), (first, 1, 0, before), (second, 0, 0, after)]
    places.append((plasma.chain.blocks[second.number - 1], 0, 0, after))
    start(plasma.receipt_proof(first, 0, before).abi(), 1, sender=plasma.owner)
    for block, index, log_index, submission in places:
        proof = plasma.receipt_proof(block, index, submission).abi()
        refused(start, proof, log_index, error=(STARTED, key, 1), sender=plasma.owner)


def test_encodings_of_a_burn(plasma: Plasma, exit_: Exit, refused: Refused) -> None:
    """P5 types of receipts and integers with zeros before them change nothing: the exit is what it says."""
    key, log = exit_.key(CHILD_CHAIN_ID), fields(exit_)
    variants = [
        receipt(burn_log(exit_)),
        *[encoded(log, type_=type_) for type_ in (b"", b"\0", b"\1", b"\3", b"\4", b"\x7e", b"\x7f")],
        encoded(log, gas=b""),
        encoded(log, gas=b"\0\0\x52\x08"),
        encoded(log, log),
    ]
    block = sealed(plasma, *variants)
    plasma.vault.startExitByReceipt(plasma.receipt_proof(block, 0).abi(), 0, sender=plasma.owner)
    for index in range(len(variants)):
        proof = plasma.receipt_proof(block, index).abi()
        refused(plasma.vault.startExitByReceipt, proof, 0, error=(STARTED, key, 1), sender=plasma.owner)


def test_place_in_the_receipt(plasma: Plasma, exit_: Exit, refused: Refused) -> None:
    """P5 a log's place is one number, below the receipt's count."""
    block = sealed(plasma, receipt(Log(BRIDGE, []), burn_log(exit_)))
    proof = plasma.receipt_proof(block, 0).abi()
    for place in (2, 1 + 2**8, 1 + 2**32, 2**255, 2**256 - 1):
        refused(plasma.vault.startExitByReceipt, proof, place, error=(UNKNOWN_LOG, place, 2), sender=plasma.owner)
    refused(plasma.vault.startExitByReceipt, proof, 0, error=NOT_AN_EXIT, sender=plasma.owner)


def test_place_in_the_block(plasma: Plasma, exit_: Exit, chain: Any) -> None:
    """P5 a transaction's place is one number with one encoding: no other shows the same receipt."""
    trie: Any = HexaryTrie({})
    keys = [b"\0", b"\x81\0", b"\x82\0\0", b"\x81\x01", b"\xc0"]
    for key in keys:
        trie[key] = receipt(burn_log(exit_))
    errors = [keccak(text=signature)[:4] for signature in (TRAVERSAL, INVALID_RLP)]
    block = plasma.chain.seal()
    leaf = replace(block.leaf, receipts_root=bytes(trie.root_hash))
    submission = plasma.submit(plasma.checkpoint(blocks_root=Tree([leaf.hash(CHILD_CHAIN_ID)]).root))
    for key in keys:
        nodes = tuple(bytes(rlp.encode(node)) for node in trie.get_proof(key))
        for index in (0, 1, 256, 2**256 - 1):
            proof = ReceiptProof(BlockProof(submission, leaf, ()), index, nodes)
            data = bytes(plasma.vault.startExitByReceipt.encode_input(proof.abi(), 0))
            error = failure(chain, plasma.vault.address, data, plasma.owner, 0, None)
            assert error[:4] in errors


def test_another_receipts_place(plasma: Plasma, exit_: Exit, refused: Refused) -> None:
    """P5 a receipt is proven at its own place: at another's its proof shows nothing."""
    block = sealed(plasma, receipt(burn_log(exit_)), receipt(), receipt())
    proof = plasma.receipt_proof(block, 0)
    for index in (1, 2):
        wrong = replace(proof, index=index).abi()
        refused(plasma.vault.startExitByReceipt, wrong, 0, error=(TRAVERSAL, LARGE_NODE), sender=plasma.owner)
    single = sealed(plasma, receipt(burn_log(exit_)))
    wrong = replace(plasma.receipt_proof(single, 0), index=1).abi()
    refused(plasma.vault.startExitByReceipt, wrong, 0, error=(TRAVERSAL, PATH_REMAINDER), sender=plasma.owner)


def test_what_is_no_burn(plasma: Plasma, exit_: Exit, stranger: Any, refused: Refused) -> None:
    """P5 only a burn's log of the bridge counts, with four topics, two words of data and addresses that are some."""
    log = burn_log(exit_)
    topics = list(log.topics)
    others = [
        replace(log, emitter=stranger.address),
        replace(log, emitter=plasma.vault.address),
        replace(log, emitter="0x0000000000000000000000000000000000B51d6F"),
        delivery_log(0, word(1)),
        Log(BRIDGE, [], log.data),
        replace(log, topics=[keccak(text="ExitBurned(uint256,address,address,uint256)"), *topics[1:]]),
        replace(log, topics=[topics[1], EXIT_BURNED, *topics[2:]]),
        replace(log, topics=topics[:3]),
        replace(log, topics=[*topics, topics[3]]),
        replace(log, topics=[*topics[:2], dirtied(topics[2]), topics[3]]),
        replace(log, topics=[*topics[:3], dirtied(topics[3])]),
        replace(log, topics=[*topics[:3], bytes(11) + b"\1" + topics[3][12:]]),
        replace(log, data=dirtied(log.data[:32]) + log.data[32:]),
        *[replace(log, data=(log.data + bytes(64))[:length]) for length in (0, 32, 63, 65, 96, 128)],
    ]
    block = sealed(plasma, *map(receipt, others))
    for index, other in enumerate(others):
        proof = plasma.receipt_proof(block, index).abi()
        refused(plasma.vault.startExitByReceipt, proof, 0, error=NOT_AN_EXIT, sender=plasma.owner)
        assert other != log


def test_failed_transaction(plasma: Plasma, exit_: Exit, refused: Refused) -> None:
    """P5 a transaction that failed burned nothing, whatever logs it is said to have."""
    block = sealed(plasma, receipt(burn_log(exit_), status=0), receipt(burn_log(exit_), status=0, type_=0))
    for index in range(2):
        proof = plasma.receipt_proof(block, index).abi()
        refused(plasma.vault.startExitByReceipt, proof, 0, error=(UNKNOWN_LOG, 0, 1), sender=plasma.owner)


def test_what_is_no_receipt(plasma: Plasma, exit_: Exit, refused: Refused) -> None:
    """P5 bytes that aren't a receipt as the chain makes them show no burn."""
    emitter, topics, data = fields(exit_)
    log = [emitter, topics, data]
    invalid = [
        encoded(log, status=b"\0"),
        encoded(log, status=b"\2"),
        encoded(log, status=b"\0\1"),
        encoded(log, status=keccak(b"a state before EIP-658")),
        b"\2" + rlp.encode([b"\1", b"", [log]]),
        b"\2" + rlp.encode([b"\1", b"", bytes(256), [log], b""]),
        encoded([emitter, topics]),
        encoded([*log, b""]),
        encoded([emitter[1:], topics, data]),
        encoded([b"\0" + emitter, topics, data]),
        encoded([b"\1", topics, data]),
        encoded([emitter, [*topics[:3], topics[3].lstrip(b"\0")], data]),
        encoded([emitter, [*topics[:3], b"\0" + topics[3]], data]),
    ]
    malformed = [
        b"\x80" + encoded(log, type_=b""),
        b"\2\2" + encoded(log, type_=b""),
        encoded(log) + b"\0",
        encoded(log)[:-1],
        b"\2",
        b"\2" + rlp.encode(b"a string"),
        b"\2" + rlp.encode([b"\1", b"", bytes(256), b"no list"]),
        encoded(b"no log"),
        encoded([emitter, b"no topics", data]),
        encoded([emitter, topics, [data]]),
    ]
    block = sealed(plasma, *invalid, *malformed)
    for index in range(len(invalid) + len(malformed)):
        proof = plasma.receipt_proof(block, index).abi()
        error = INVALID_ENCODING if index < len(invalid) else INVALID_RLP
        refused(plasma.vault.startExitByReceipt, proof, 0, error=error, sender=plasma.owner)


def test_block_is_the_checkpoints(plasma: Plasma, exit_: Exit, stranger: Any, refused: Refused) -> None:
    """P5 a receipt counts only with a block of the checkpoint, and with a checkpoint that was accepted."""
    block = sealed(plasma, receipt(burn_log(exit_)))
    proof = plasma.receipt_proof(block, 0)
    other = sealed(plasma, receipt(burn_log(replace(exit_, id=1, recipient=stranger.address))))
    forged = plasma.receipt_proof(other, 0)
    inside = proof.block_proof
    for name, value in vars(inside.leaf).items():
        changed: Any = value + 1 if isinstance(value, int) else keccak(value)
        leaf = replace(inside.leaf, **{name: changed})
        wrong = replace(proof, block_proof=replace(inside, leaf=leaf)).abi()
        refused(plasma.vault.startExitByReceipt, wrong, 0, error="InvalidBlockProof()", sender=plasma.owner)
    swapped = replace(forged, block_proof=replace(forged.block_proof, submission=inside.submission)).abi()
    refused(plasma.vault.startExitByReceipt, swapped, 0, error="InvalidBlockProof()", sender=plasma.owner)
    unknown = replace(inside.submission, signers=0)
    wrong = replace(proof, block_proof=replace(inside, submission=unknown)).abi()
    error = ("UnknownSubmission(uint256)", 1)
    refused(plasma.vault.startExitByReceipt, wrong, 0, error=error, sender=plasma.owner)
