"""Makes proofs of what is in a checkpoint, from a node of the plasma chain.

What the node answers must lead to the roots in its blocks' headers, and these to the checkpoint. Only which receipt is
whose is its word alone: the headers say that of transactions.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from eth_utils.crypto import keccak

from offchain.node import Node, NodeError
from offchain.plasma.blocks import BlockError, BlockLeaf, block_tree
from offchain.plasma.checkpoint import Submission
from offchain.plasma.proofs import (
    AccountProof,
    BlockProof,
    ReceiptProof,
    SlotProof,
    verify_account,
    verify_slot,
    verify_transaction,
)
from offchain.plasma.records import RecordError, to_address, to_bytes, to_hex
from offchain.plasma.transactions import block_transactions
from offchain.plasma.tries import ItemTrie, ProofError, receipt_encoded


def read_leaf(node: Node, number: int) -> BlockLeaf:
    """A block's leaf. Raises BlockError if the node has no such block, or another than its hash says."""
    return BlockLeaf.numbered(number, node.block(number))


def read_leaves(node: Node, start: int, end: int) -> list[BlockLeaf]:
    """The leaves of a range of blocks, its end included; see `read_leaf`."""
    return [read_leaf(node, number) for number in range(start, end + 1)]


def told_leaves(node: Node, start: int, end: int) -> list[BlockLeaf]:
    """The leaves of a range of blocks as the node tells them, true or not. Raises BlockError if it doesn't."""
    blocks = [node.block(number) for number in range(start, end + 1)]
    if None in blocks:
        raise BlockError(f"the node has no block {start + blocks.index(None)}")
    return [BlockLeaf.told(block) for block in blocks if block is not None]


class Prover:
    """Proves what is in the blocks of one checkpoint."""

    def __init__(self, node: Node, submission: Submission, leaves: Iterable[BlockLeaf], chain_id: int) -> None:
        """`leaves` are the checkpoint's blocks, `chain_id` is the plasma chain's. Raises BlockError unless the
        checkpoint has these."""
        self._node, self._submission, self._leaves, self._chain_id = node, submission, list(leaves), chain_id
        self._tree = block_tree(chain_id, self._leaves)
        checkpoint = submission.checkpoint
        if self._tree.root != checkpoint.blocks_root or self._leaves[0].number != checkpoint.start:
            raise BlockError(f"these blocks are not those of checkpoint {checkpoint.epoch}")

    def block(self, number: int) -> BlockProof:
        """A block. Raises ProofError if the checkpoint doesn't have it."""
        checkpoint = self._submission.checkpoint
        if not checkpoint.start <= number <= checkpoint.end:
            blocks = f"blocks {checkpoint.start} to {checkpoint.end}"
            raise ProofError(f"checkpoint {checkpoint.epoch} has {blocks}, not block {number}")
        place = number - checkpoint.start
        return BlockProof(self._submission, self._leaves[place], self._tree.path(place))

    def transaction(self, transaction_hash: bytes) -> ReceiptProof:
        """A transaction. Raises ProofError if the checkpoint doesn't have it, or the node's answers contradict its
        header."""
        proof = self._item(transaction_hash, self._transactions, lambda leaf: leaf.transactions_root)
        if keccak(verify_transaction(self._chain_id, proof)) != transaction_hash:
            raise ProofError(f"the node's transaction {to_hex(transaction_hash)} is another")
        return proof

    def receipt(self, transaction_hash: bytes) -> ReceiptProof:
        """A transaction's receipt, and so its logs; as `transaction`."""
        return self._item(transaction_hash, self._receipts, lambda leaf: leaf.receipts_root)

    def slot(self, account: str, slot: bytes, number: int) -> SlotProof:
        """A storage slot after a block. Raises ProofError if it is zero then, if the node has forgotten that state, or
        if its answer contradicts the header."""
        answer = self._state(account, [slot], number)
        account_nodes, slot_nodes = _nodes(answer["accountProof"]), _nodes(answer["storageProof"][0]["proof"])
        proof = SlotProof(self.block(number), to_address(account), to_bytes(slot, 32), account_nodes, slot_nodes)
        verify_slot(self._chain_id, proof)
        return proof

    def account(self, account: str, number: int) -> AccountProof:
        """An account after a block; as `slot`."""
        answer = self._state(account, [], number)
        proof = AccountProof(self.block(number), to_address(account), _nodes(answer["accountProof"]))
        verify_account(self._chain_id, proof)
        return proof

    def _item(
        self,
        transaction_hash: bytes,
        read: Callable[[dict[str, Any]], list[bytes]],
        root_in: Callable[[BlockLeaf], bytes],
    ) -> ReceiptProof:
        found = self._node.call("eth_getTransactionByHash", to_hex(transaction_hash))
        if not found or found.get("blockNumber") is None:
            raise ProofError(f"the node has no transaction {to_hex(transaction_hash)} in a block")
        number, place = int(found["blockNumber"], 16), int(found["transactionIndex"], 16)
        proof = self.block(number)
        block = self._node.block(number)
        if block is None or BlockLeaf.of(block) != proof.leaf:
            raise ProofError(f"the node's block {number} is another than the checkpoint's")
        trie = ItemTrie(read(block))
        if trie.root != root_in(proof.leaf) or place >= len(trie):
            raise ProofError(f"what the node says is in block {number} is not what its header says")
        return ReceiptProof(proof, place, trie.proof(place))

    def _transactions(self, block: dict[str, Any]) -> list[bytes]:
        full = self._node.call("eth_getBlockByNumber", block["number"], True)
        if full is None:
            raise ProofError(f"the node has forgotten block {int(block['number'], 16)}")
        return block_transactions(full)

    def _receipts(self, block: dict[str, Any]) -> list[bytes]:
        receipts = self._node.call("eth_getBlockReceipts", block["number"])
        if receipts is None:
            raise ProofError(f"the node has forgotten the receipts of block {int(block['number'], 16)}")
        return [receipt_encoded(receipt) for receipt in receipts]

    def _state(self, account: str, slots: list[bytes], number: int) -> dict[str, Any]:
        keys = [to_hex(to_bytes(slot, 32)) for slot in slots]
        try:
            answer: dict[str, Any] = self._node.call("eth_getProof", to_address(account), keys, hex(number))
        except NodeError as error:
            raise ProofError(f"the state after block {number} can't be proven: {error}") from error
        return answer


def _nodes(answer: list[str]) -> tuple[bytes, ...]:
    try:
        return tuple(to_bytes(node) for node in answer)
    except RecordError as error:
        raise ProofError(f"the node's proof is none: {error}") from error
