"""Proofs that something happened on the plasma chain: what PlasmaInclusion checks on the root chain, and the same
checks in Python (IPlasmaInclusion.sol, Inclusion.sol).

A check says what a proof shows about the checkpoint that it names. Whether the root chain accepted that, and whether
it is final, is to be asked of PlasmaRoot (`requireSubmitted`, `finalEpoch`), which keeps the submission's hash.
"""

from __future__ import annotations

from dataclasses import dataclass

from offchain.merkle import depth_of, root_of
from offchain.plasma.blocks import BlockLeaf
from offchain.plasma.checkpoint import Submission
from offchain.plasma.records import Address, Bytes, Bytes32, Record, Uint
from offchain.plasma.tries import Account, Log, ProofError, account_at, item_at, receipt_decoded, slot_at


@dataclass(frozen=True)
class BlockProof(Record):
    """A block in a checkpoint; siblings lowest level first."""

    submission: Submission
    leaf: BlockLeaf
    siblings: tuple[Bytes32, ...]


@dataclass(frozen=True)
class ReceiptProof(Record):
    """A transaction or its receipt in a block; `index` is the transaction's place in the block."""

    block_proof: BlockProof
    index: Uint
    nodes: tuple[Bytes, ...]


@dataclass(frozen=True)
class SlotProof(Record):
    """A storage slot in a block's state."""

    block_proof: BlockProof
    account: Address
    slot: Bytes32
    account_nodes: tuple[Bytes, ...]
    slot_nodes: tuple[Bytes, ...]


@dataclass(frozen=True)
class AccountProof(Record):
    """An account in a block's state. Its fields are the arguments of `verifyAccount`."""

    block_proof: BlockProof
    account: Address
    nodes: tuple[Bytes, ...]


def verify_block(chain_id: int, proof: BlockProof) -> None:
    """Raises ProofError unless the block is in its checkpoint, at its number's place; `chain_id` is the plasma
    chain's."""
    checkpoint = proof.submission.checkpoint
    index = proof.leaf.number - checkpoint.start
    inside = checkpoint.start <= proof.leaf.number <= checkpoint.end
    if (
        not inside
        or len(proof.siblings) != depth_of(checkpoint.count)
        or root_of(proof.leaf.hash(chain_id), index, proof.siblings) != checkpoint.blocks_root
    ):
        raise ProofError(f"block {proof.leaf.number} is not proven to be in checkpoint {checkpoint.epoch}")


def verify_transaction(chain_id: int, proof: ReceiptProof) -> bytes:
    """The transaction, as it was signed (EIP-2718). Raises ProofError if the proof doesn't show it."""
    verify_block(chain_id, proof.block_proof)
    return item_at(proof.block_proof.leaf.transactions_root, proof.index, proof.nodes)


def verify_receipt(chain_id: int, proof: ReceiptProof) -> tuple[bool, bytes]:
    """Whether the transaction succeeded, and its receipt (EIP-2718). Raises ProofError if the proof doesn't show it."""
    verify_block(chain_id, proof.block_proof)
    encoded = item_at(proof.block_proof.leaf.receipts_root, proof.index, proof.nodes)
    return receipt_decoded(encoded)[0], encoded


def verify_log(chain_id: int, proof: ReceiptProof, log_index: int) -> Log:
    """A log of a transaction that succeeded; `log_index` is its place in the receipt. Raises ProofError if the proof
    doesn't show it."""
    success, encoded = verify_receipt(chain_id, proof)
    _, logs = receipt_decoded(encoded)
    if not success or not 0 <= log_index < len(logs):
        raise ProofError(f"there is no log {log_index} in a receipt with {len(logs)}")
    return logs[log_index]


def verify_slot(chain_id: int, proof: SlotProof) -> int:
    """The slot's value, which is not zero. Raises ProofError if the proof doesn't show it."""
    verify_block(chain_id, proof.block_proof)
    account = account_at(proof.block_proof.leaf.state_root, proof.account, proof.account_nodes)
    return slot_at(account.storage_root, proof.slot, proof.slot_nodes)


def verify_account(chain_id: int, proof: AccountProof) -> Account:
    """The account. Raises ProofError if the proof doesn't show it."""
    verify_block(chain_id, proof.block_proof)
    return account_at(proof.block_proof.leaf.state_root, proof.account, proof.nodes)
