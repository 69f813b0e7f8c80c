"""Blocks, transactions, receipts, logs, slots and accounts, shown to contracts of the root chain: what is there is
shown with its value, and no changed proof shows anything. The contract and Python agree on each."""

from __future__ import annotations

from dataclasses import replace

import pytest
from eth_utils.crypto import keccak

from offchain.plasma.messages import BRIDGE
from offchain.plasma.proofs import AccountProof, BlockProof, ReceiptProof, SlotProof
from offchain.plasma.records import to_address
from offchain.plasma.tries import ItemTrie
from tests.plasma.made_up import Account, Block, Chain, Log, word
from tests.plasma.stage import Plasma, authority_keys
from tests.plasma.twin import (
    REFUSED,
    Twins,
    account_claim,
    altered,
    block_claim,
    log_claim,
    mutated,
    receipt_claim,
    slot_claim,
    transaction_claim,
)

RANGES = (1, 2, 3, 5, 8)
FINAL = 3
SIZES = {4: 1, 5: 2, 6: 130}
"""How many transactions the blocks of the third range have: one, few, and places of more than one byte."""
MARKET = to_address("0x" + "4a" * 20)
SLOTS = {word(slot): value for slot, value in enumerate((1, 0x7F, 0x80, 0xFF, 2**64, 2**255, 2**256 - 1), 5)}
EVERYBODY = [to_address("0x" + keccak(word(one))[:20].hex()) for one in range(30)]


@pytest.fixture(scope="module")
def shown(contracts: Plasma) -> Plasma:
    """Checkpoints of ranges of several lengths; the first three are final."""
    plasma = replace(contracts, chain=Chain(contracts.now), submissions=[], keys=authority_keys())
    chain = plasma.chain
    chain.put(MARKET, Account(7, SLOTS, 1, keccak(b"market")))
    for one, address in enumerate(EVERYBODY):
        chain.put(address, Account(one * 10**18, nonce=one))
    for count in RANGES:
        for _ in range(count):
            for at in range(SIZES.get(len(chain.blocks), 1)):
                logs = [Log(MARKET, [word(at)] * (at % 5), bytes([at]) * (3 * at % 100)) for _ in range(at % 3)]
                content = b"\2" + keccak(word(len(chain.blocks)) + word(at)) * 2
                chain.add(*logs, status=int(at % 7 != 3), transaction=content)
            chain.seal()
        plasma.submit()
        if len(plasma.submissions) == FINAL:
            plasma.finalise()
    return plasma


@pytest.fixture(scope="module")
def twins(shown: Plasma) -> Twins:
    return Twins(shown.inclusion, shown.submissions)


def proof_of(plasma: Plasma, number: int) -> BlockProof:
    """A block in whichever checkpoint it is."""
    (submission,) = [one for one in plasma.submissions if one.checkpoint.start <= number <= one.checkpoint.end]
    return plasma.block_proof(number, submission)


def sized(plasma: Plasma) -> list[Block]:
    return [plasma.chain.blocks[number] for number in SIZES]


def slot_proof(plasma: Plasma, number: int, slot: bytes) -> SlotProof:
    state = plasma.chain.blocks[number].state
    nodes = tuple(state.account_proof(MARKET)), tuple(state.slot_proof(MARKET, slot))
    return SlotProof(proof_of(plasma, number), MARKET, slot, *nodes)


def account_proof(plasma: Plasma, number: int, address: str) -> AccountProof:
    nodes = plasma.chain.blocks[number].state.account_proof(address)
    return AccountProof(proof_of(plasma, number), address, tuple(nodes))


def test_blocks(shown: Plasma, twins: Twins) -> None:
    """P5 every block of every range is shown, and whether it is final."""
    for number in range(1, sum(RANGES) + 1):
        proof = proof_of(shown, number)
        assert twins.shown(block_claim(proof)) == ()
        assert shown.inclusion.verifyBlock(proof.abi()) == (number <= sum(RANGES[:FINAL]))


def test_finality_of_all(shown: Plasma) -> None:
    """P5 each kind of proof tells whether its checkpoint is final."""
    inclusion = shown.inclusion
    for number, final in ((6, True), (7, False)):
        proof = shown.receipt_proof(shown.chain.blocks[number], 0, proof_of(shown, number).submission)
        transaction = replace(proof, nodes=tuple(shown.chain.blocks[number].transaction_proof(0)))
        account = account_proof(shown, number, MARKET)
        assert inclusion.verifyTransaction(transaction.abi())[-1] is final
        assert inclusion.verifyReceipt(proof.abi())[-1] is final
        assert inclusion.verifySlot(slot_proof(shown, number, word(5)).abi())[-1] is final
        arguments = account.block_proof.abi(), MARKET, list(account.nodes)
        assert inclusion.verifyAccount(*arguments)[-1] is final
    proof = shown.receipt_proof(shown.chain.blocks[6], 1, proof_of(shown, 6).submission)
    assert inclusion.verifyLog(proof.abi(), 0)[-1] is True


def test_transactions(shown: Plasma, twins: Twins) -> None:
    """P5 every transaction of a small and a large block is shown as it was signed."""
    for block in sized(shown):
        inside, trie = proof_of(shown, block.number), ItemTrie(block.transactions)
        claims = [transaction_claim(ReceiptProof(inside, at, trie.proof(at))) for at in range(len(block.transactions))]
        assert twins.answers(claims) == [(content,) for content in block.transactions]


def test_receipts_and_logs(shown: Plasma, twins: Twins) -> None:
    """P5 every receipt is shown with its outcome and its logs, in order; a failed one has none."""
    for block in sized(shown):
        inside, trie = proof_of(shown, block.number), ItemTrie(block.receipts)
        proofs = [ReceiptProof(inside, at, trie.proof(at)) for at in range(len(block.receipts))]
        expected = [(at % 7 != 3, content) for at, content in enumerate(block.receipts)]
        assert twins.answers([receipt_claim(proof) for proof in proofs]) == expected
        for log_index in range(3):
            claims = [log_claim(proof, log_index) for proof in proofs]
            logs = [
                ((MARKET.lower(), (word(at),) * (at % 5), bytes([at]) * (3 * at % 100)),)
                if log_index < at % 3 and at % 7 != 3
                else REFUSED
                for at in range(len(proofs))
            ]
            assert twins.answers(claims) == logs


def test_slots_and_accounts(shown: Plasma, twins: Twins) -> None:
    """P5 every slot and every account is shown with its value."""
    for slot, value in SLOTS.items():
        assert twins.shown(slot_claim(slot_proof(shown, 6, slot))) == (value,)
    accounts = shown.chain.blocks[6].state.accounts
    assert len(accounts) == len(EVERYBODY) + 2
    for address, account in accounts.items():
        values = account.nonce, account.balance, account.storage.root, account.code_hash
        assert twins.shown(account_claim(account_proof(shown, 6, address))) == values


def test_changed_blocks(shown: Plasma, twins: Twins) -> None:
    """P5 no field of a block, its checkpoint or its path can be changed, nor can the path be shorter or longer."""
    for number in (1, 3, 5, 11, 19):
        assert twins.refused([block_claim(other) for other in altered(proof_of(shown, number))]) > 300


def test_block_of_another_checkpoint(shown: Plasma, twins: Twins) -> None:
    """P5 a block is in its own checkpoint only, at its own place only."""
    proofs = [proof_of(shown, number) for number in range(1, sum(RANGES) + 1)]
    others = [
        BlockProof(checkpoint.submission, block.leaf, path.siblings)
        for checkpoint in proofs[::2]
        for block in proofs
        for path in proofs[::3]
        if (checkpoint.submission, path.siblings) != (block.submission, block.siblings)
    ]
    assert twins.refused([block_claim(other) for other in others]) > 1000


@pytest.mark.parametrize("number", SIZES)
def test_changed_nodes(shown: Plasma, twins: Twins, number: int) -> None:
    """P5 no byte of a trie's proof can be changed, no node left out, added or moved."""
    block, submission = shown.chain.blocks[number], proof_of(shown, number).submission
    for at in {0, 1, 128, 129} & set(range(len(block.receipts))):
        proof = shown.receipt_proof(block, at, submission)
        assert twins.refused([receipt_claim(replace(proof, nodes=nodes)) for nodes in mutated(proof.nodes)]) > 100
        contents = replace(proof, nodes=tuple(block.transaction_proof(at)))
        claims = [transaction_claim(replace(contents, nodes=nodes)) for nodes in mutated(contents.nodes)]
        assert twins.refused(claims) > 10


def test_changed_log(shown: Plasma, twins: Twins) -> None:
    """P5 a log's proof is its receipt's."""
    proof = shown.receipt_proof(shown.chain.blocks[5], 1, proof_of(shown, 5).submission)
    assert twins.refused([log_claim(replace(proof, nodes=nodes)) for nodes in mutated(proof.nodes)]) > 100
    places = [1, 2, 2**8, 2**128, 2**256 - 1]
    assert twins.refused([log_claim(proof, place) for place in places]) == len(places)


def test_other_places(shown: Plasma, twins: Twins) -> None:
    """P5 a proof of one place shows nothing of another, however large, nor of the block's other trie."""
    block, submission = shown.chain.blocks[6], proof_of(shown, 6).submission
    proofs = [shown.receipt_proof(block, at, submission) for at in (0, 1, 2, 127, 128, 129)]
    places = [0, 1, 2, 0x7F, 0x80, 0x81, 0xFF, 0x100, 0x8000, 0x8100, 2**64, 2**128, 2**256 - 1]
    claims = [
        receipt_claim(replace(proof, index=place)) for proof in proofs for place in places if place != proof.index
    ]
    assert twins.refused(claims) > 60
    crossed = [replace(proof, nodes=tuple(block.transaction_proof(proof.index))) for proof in proofs]
    assert twins.refused([receipt_claim(proof) for proof in crossed]) == len(crossed)
    assert twins.refused([transaction_claim(proof) for proof in proofs]) == len(proofs)


def test_changed_slots_and_accounts(shown: Plasma, twins: Twins) -> None:
    """P5 no byte of a state's proof can be changed; a slot or account that isn't there isn't shown."""
    proof = slot_proof(shown, 6, word(10))
    claims = [slot_claim(replace(proof, slot_nodes=nodes)) for nodes in mutated(proof.slot_nodes)]
    claims += [slot_claim(replace(proof, account_nodes=nodes)) for nodes in mutated(proof.account_nodes)]
    claims += [slot_claim(replace(proof, slot=word(slot))) for slot in range(100) if slot != 10]
    claims += [slot_claim(replace(proof, account=address)) for address in (BRIDGE, *EVERYBODY)]
    assert twins.refused(claims) > 1000
    absent = "0x" + "ab" * 20
    accounts = [account_proof(shown, 6, address) for address in (EVERYBODY[0], EVERYBODY[7])]
    changed = [account_claim(replace(one, nodes=nodes)) for one in accounts for nodes in mutated(one.nodes)]
    changed += [account_claim(replace(one, account=BRIDGE)) for one in accounts]
    changed.append(account_claim(replace(account_proof(shown, 6, absent), account=absent)))
    assert twins.refused(changed) > 500


def test_state_of_another_block(shown: Plasma, twins: Twins) -> None:
    """P5 a proof is of its own block: the same transaction's place in another block shows another one."""
    submission = proof_of(shown, 5).submission
    proof = shown.receipt_proof(shown.chain.blocks[5], 0, submission)
    other = replace(proof, nodes=tuple(shown.chain.blocks[5].transaction_proof(0)))
    moved = replace(other, block_proof=proof_of(shown, 6))
    assert twins.shown(transaction_claim(other)) == (shown.chain.blocks[5].transactions[0],)
    assert twins.refused([transaction_claim(moved), transaction_claim(replace(moved, nodes=()))]) == 2
